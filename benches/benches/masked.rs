//! The masked model: its training, drawing from it with and without a condition, and likelihoods; then the arithmetic
//! that training is, beside the product's.
//!
//! Training runs in [`Masked::learn`], from which each sample takes whole epochs of five steps. What comes before
//! the second epoch is not on the clock: tokens, a look at held-out rows and a first epoch. The last line tells its time.

#![allow(clippy::print_stdout, reason = "criterion reports rows a second, not operations")]

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use synth_benches::masked::{Arithmetic, Epochs, params};
use synth_benches::mlp::{BATCH, Product, WIDTHS};
use synth_benches::table;
use synth_core::engine::{Masked, MaskedModel};
use synth_core::generator::{Conditional, Likelihood};
use synth_core::train::{FitContext, Training};
use synth_core::{Condition, Demand, Generator, Table};

/// Of these, 269 are kept back: an epoch is five steps of 1,024.
const N_ROWS: usize = 5_389;
const N_STEPS: usize = 5;
/// Rows that are drawn: four times as many as go through the network together.
const N_DRAWN: usize = 4096;

fn main() {
    let mut criterion = synth_benches::criterion().configure_from_args();
    let table = table(N_ROWS, 1);
    training(&mut criterion, &table);
    let model = fitted(&table);
    sampling(&mut criterion, &model);
    log_likelihood(&mut criterion, &model, &table);
    criterion.final_summary();
    arithmetic(&table, &model);
}

fn training(criterion: &mut Criterion, table: &Table) {
    let mut group = criterion.benchmark_group("masked/training");
    group.throughput(Throughput::Elements((N_STEPS * BATCH) as u64));
    group.bench_function(BenchmarkId::from_parameter(BATCH), |b| {
        b.iter_custom(|n_epochs| {
            let epochs = Epochs::of(table, &params(BATCH), n_epochs as usize, || ()).expect("it learns");
            assert_eq!(epochs.others.len() as u64, n_epochs, "training ended before it was measured");
            epochs.others.iter().sum()
        });
    });
}

/// Trained far enough for its rows to share levels as real ones do: rows that agree so far are drawn together.
fn fitted(table: &Table) -> MaskedModel {
    let params = params(BATCH);
    let training = Training { n_iter: 40, min_steps: 0, ..params.training };
    Masked { training, ..params }.learn(table, &mut FitContext::new(0)).expect("it learns")
}

fn sampling(criterion: &mut Criterion, model: &MaskedModel) {
    let old = Condition { column: "age".to_owned(), demand: Demand::AtLeast("65".to_owned()) };
    let given = model.given(&[old], None).expect("there are such rows");
    let rows = 0..N_DRAWN as u64;
    let mut group = criterion.benchmark_group("masked/sample");
    group.throughput(Throughput::Elements(N_DRAWN as u64));
    group.bench_function("unconditional", |b| b.iter(|| model.sample(rows.clone(), 3)));
    group.bench_function("one_condition", |b| b.iter(|| given.sample(rows.clone(), 3)));
}

fn log_likelihood(criterion: &mut Criterion, model: &MaskedModel, table: &Table) {
    let rows = table.take(&(0..N_DRAWN).collect::<Vec<usize>>());
    let mut group = criterion.benchmark_group("masked/log_likelihood");
    group.throughput(Throughput::Elements(N_DRAWN as u64));
    group.bench_function(BenchmarkId::from_parameter(N_DRAWN), |b| {
        b.iter(|| model.log_likelihood(&rows).expect("the levels were learnt"));
    });
}

/// Epochs and products in turns, and the fastest of each.
fn arithmetic(table: &Table, model: &MaskedModel) {
    let params = params(BATCH);
    let counted = Arithmetic::of(table, &params, &model.parents()).expect("there is something to learn");
    let n_parameters = model.report().n_parameters;
    assert_eq!(counted.n_parameters, n_parameters, "the network has changed: its arithmetic must be counted anew");

    let mut product = Product::new();
    let mut of_product = Duration::MAX;
    let epochs = Epochs::of(table, &params, 12, || {
        for _ in 0..20 {
            let started = Instant::now();
            product.run();
            of_product = of_product.min(started.elapsed());
        }
    });
    let epochs = epochs.expect("it learns");
    let fastest = epochs.fastest().as_secs_f64();
    let rate = epochs.n_rows as f64 / fastest;
    println!("training {rate:7.0} rows/s {:5.0} GFLOP/s", 1e-9 * counted.flop_per_row * rate);
    let rate = BATCH as f64 / of_product.as_secs_f64();
    println!("product  {rate:7.0} rows/s {:5.0} GFLOP/s", 2e-9 * (WIDTHS[1] * WIDTHS[1]) as f64 * rate);
    let rows_of_step = epochs.n_rows / epochs.n_steps;
    println!(
        "step     {:7.1} ms, {rows_of_step} rows of {:.2} MFLOP",
        1e3 * fastest / epochs.n_steps as f64,
        1e-6 * counted.flop_per_row
    );
    println!("setup    {:7.1} ms", 1e3 * (epochs.first.as_secs_f64() - fastest));
}

//! A plain network's step and forward pass, and the product of its middle layers; then the arithmetic that they are.

#![allow(clippy::print_stdout, reason = "criterion reports rows a second, not operations")]

use std::time::Duration;

use criterion::{Criterion, Throughput};
use synth_benches::mlp::{BATCH, Product, Rates, Training};

fn main() {
    let mut criterion = synth_benches::criterion().configure_from_args();
    mlp_step(&mut criterion);
    criterion.final_summary();
    println!("{}", Rates::measure(20, Duration::from_millis(50)));
}

fn mlp_step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mlp_step");
    group.throughput(Throughput::Elements(BATCH as u64));
    let (mut training, mut product) = (Training::new(), Product::new());
    group.bench_function("training", |b| b.iter(|| training.step()));
    group.bench_function("forward", |b| b.iter(|| training.forward()));
    group.bench_function("product", |b| b.iter(|| product.run()));
}

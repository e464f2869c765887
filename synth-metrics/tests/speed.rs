//! How long things take at the sizes they must bear: `cargo test --release --test speed -- --ignored --nocapture`.

mod support;

use std::time::Instant;

use support::{Values, census, normal, rng, table};
use synth_core::schema::Storage;
use synth_core::{Kind, Table};
use synth_metrics::neighbours::{embed, nearest};
use synth_metrics::{Comparison, Options, assoc_delta, corr_delta, measure};

fn numbers(n_rows: usize, n_columns: usize, seed: u64) -> Table {
    let mut rng = rng(seed);
    let names: Vec<String> = (0..n_columns).map(|c| format!("x{c}")).collect();
    let columns = names.iter().enumerate().map(|(c, name)| {
        let is_level = c % 3 == 2;
        let draw = |_| if is_level { normal(&mut rng).round() } else { normal(&mut rng) };
        let values = Values::Numbers((0..n_rows).map(draw).collect());
        let kind = if is_level { Kind::Ordinal } else { Kind::Continuous };
        (name.as_str(), kind, Storage::Float, values)
    });
    table(columns.collect())
}

#[test]
#[ignore = "a measurement, not a test"]
#[allow(clippy::print_stderr, reason = "run by hand, for its figures")]
fn figures() {
    let timed = |what: &str, work: &dyn Fn()| {
        let start = Instant::now();
        work();
        eprintln!("{what}: {:.2} s", start.elapsed().as_secs_f64());
    };
    let (a, b) = (numbers(5000, 15, 1), numbers(5000, 15, 2));
    timed("5 neighbours, 5,000 x 5,000 x 15", &|| {
        let points = embed(&[&a], &[&a, &b]);
        assert_eq!(nearest(&points[0], &points[1], 5).k(), 5);
    });
    for (n_rows, n_columns) in [(452, 280), (30_000, 15), (30_000, 280)] {
        let (a, b) = (numbers(n_rows, n_columns, 3), numbers(n_rows, n_columns, 4));
        let comparison = Comparison::new(&a, &b, None).unwrap();
        timed(&format!("corr_delta, {n_rows} x {n_columns}"), &|| assert!(corr_delta(&comparison).columns.len() > 1));
        timed(&format!("assoc_delta, {n_rows} x {n_columns}"), &|| assert!(assoc_delta(&comparison).columns.len() > 1));
    }
    for (n_rows, n_unseen) in [(600, 200), (30_000, 6_000)] {
        let (train, synthetic, holdout) = (census(n_rows, 5), census(n_rows, 6), census(n_unseen, 7));
        let comparison = Comparison::new(&train, &synthetic, Some(&holdout)).unwrap();
        timed(&format!("everything, census, {n_rows} rows, holdout {n_unseen}"), &|| {
            eprintln!("{}", measure(&comparison, &Options::default()));
        });
    }
}

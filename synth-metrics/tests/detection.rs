//! Detection: its intervals under the null, copies however made, and what cannot be measured.

mod support;

use rand::seq::SliceRandom;
use support::{Values, census, clinic, permuted, rng, table};
use synth_core::schema::Storage;
use synth_core::{Kind, Table};
use synth_metrics::{Measure, Outcome, Tables, c2st_logistic, c2st_trees};

fn both(train: &Table, synthetic: &Table) -> [Measure; 2] {
    let comparison = Tables { train, synthetic, holdout: None }.compare().unwrap();
    [c2st_logistic(&comparison, 5), c2st_trees(&comparison, 5)]
}

fn aucs(train: &Table, synthetic: &Table) -> [f64; 2] {
    both(train, synthetic).map(|measure| measure.outcome.value().unwrap_or_else(|| panic!("{measure:?}")))
}

fn reason(measure: &Measure) -> &str {
    match &measure.outcome {
        Outcome::NotMeasured(reason) => reason,
        Outcome::Measured(estimate) => panic!("measured: {estimate:?}"),
    }
}

/// Of `n` pairs of fresh tables, for each classifier: the share whose interval holds 0.5, the same for the interval
/// that a variance half as large would give, and the mean AUC.
fn coverage(n: u64, n_rows: usize) -> [[f64; 3]; 2] {
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let mut sums = [[0.0; 3]; 2];
    for repeat in 0..n {
        let law = if repeat % 2 == 0 { clinic } else { census };
        let measures = both(&law(n_rows, 2 * repeat + 1_000), &law(n_rows, 2 * repeat + 1_001));
        for (sum, measure) in sums.iter_mut().zip(measures) {
            let Outcome::Measured(estimate) = measure.outcome else { panic!("{measure:?}") };
            let interval = estimate.uncertainty.unwrap().interval;
            let far = logit(estimate.value).abs(); // from 0.5
            let half = (logit(interval.high) - logit(interval.low)) / 2.0;
            sum[0] += f64::from(u8::from(far <= half)) / n as f64;
            sum[1] += f64::from(u8::from(far <= half / 2f64.sqrt())) / n as f64;
            sum[2] += estimate.value / n as f64;
        }
    }
    sums
}

/// 40 tables: a coverage of 95 % gives 33 or fewer in one of 130 runs, but this run is always the same.
#[test]
fn fresh_rows_are_inside_the_interval() {
    for [coverage, _, mean] in coverage(40, 150) {
        assert!(coverage > 0.84, "{coverage}");
        assert!((mean - 0.5).abs() < 0.03, "{mean}");
    }
}

/// `cargo test --release -p synth-metrics --test detection -- --ignored --nocapture`
#[test]
#[ignore = "minutes; its result stands in the documentation of `detection`"]
#[allow(clippy::print_stderr, reason = "its figures are what it is run for")]
fn coverage_under_the_null() {
    for n_rows in [100, 300] {
        let [logistic, trees] = coverage(400, n_rows);
        eprintln!("{n_rows} rows a side: logistic {logistic:.3?}, trees {trees:.3?}");
        assert!(logistic[0] > 0.92 && trees[0] > 0.92);
    }
}

#[test]
fn a_copy_in_any_order_cannot_be_told() {
    for law in [clinic, census] {
        let train = law(200, 1);
        let mut rows: Vec<usize> = (0..200).collect();
        rows.shuffle(&mut rng(3));
        assert_eq!(aucs(&train, &train.take(&rows)), [0.5, 0.5]);
    }
}

/// Frequencies alone tell these apart, and every row has its equals on the other side.
#[test]
fn few_different_rows_are_no_copies() {
    let coin = |share: usize| {
        let x = (0..300).map(|i| f64::from(u8::from(i * 7 % 100 < share))).collect();
        table(vec![("coin", Kind::Boolean, Storage::Integer, Values::Numbers(x))])
    };
    // P(synthetic 1, real 0) + a half of ties: 0.8 · 0.7 + 0.5 · (0.8 · 0.3 + 0.2 · 0.7)
    for auc in aucs(&coin(30), &coin(80)) {
        assert!((auc - 0.75).abs() < 0.01, "{auc}"); // folds of a hundred
    }
    assert_eq!(aucs(&coin(30), &coin(30)), [0.5, 0.5]);
}

#[test]
fn trees_see_dependence_and_a_line_does_not() {
    let train = clinic(1_000, 1);
    let [logistic, trees] = aucs(&train, &permuted(&train, 2));
    assert!(logistic < 0.55 && trees > 0.65, "{logistic} {trees}");
}

#[test]
fn a_constant_filled_with_something_else_is_seen_at_once() {
    let site = |name: &'static str, seed: u64| {
        let x = census(60, seed).numbers(5);
        table(vec![
            ("height", Kind::Continuous, Storage::Float, Values::Numbers(x)),
            ("site", Kind::Constant, Storage::Text, Values::Labels(vec![Some(name); 60])),
        ])
    };
    assert_eq!(aucs(&site("north", 1), &site("south", 2)), [1.0, 1.0]);
}

#[test]
fn odd_tables_have_a_value_or_a_reason() {
    let numbers = |kind, x: Vec<f64>| table(vec![("x", kind, Storage::Float, Values::Numbers(x))]);
    let ids = numbers(Kind::Identifier, (0..50).map(f64::from).collect());
    let few = numbers(Kind::Continuous, vec![1.0, 2.0]);
    for measure in both(&ids, &ids) {
        assert_eq!(reason(&measure), "every column is an identifier or free text");
    }
    for measure in both(&few, &few) {
        assert!(reason(&measure).starts_with("2 training and 2 synthetic rows"), "{measure:?}");
    }
    let nothing = numbers(Kind::Continuous, vec![f64::NAN; 50]);
    assert_eq!(aucs(&nothing, &nothing), [0.5, 0.5]);
    let same = numbers(Kind::Continuous, vec![0.1; 50]);
    assert_eq!(aucs(&same, &same), [0.5, 0.5]);
    let huge = numbers(Kind::Continuous, (0..50).map(|i| if i % 2 == 0 { f64::MAX } else { f64::MIN }).collect());
    assert_eq!(aucs(&nothing, &huge), [1.0, 1.0]);
    for auc in aucs(&huge, &same) {
        assert!(auc.is_finite());
    }
}

//! What holds for every table: rows have no order, level names no meaning, and values stay in their ranges.

mod support;

use proptest::prelude::*;
use rand::seq::SliceRandom;
use support::{Values, rng, table};
use synth_core::schema::Storage;
use synth_core::{Kind, Table};
use synth_metrics::{
    MEASURES, Options, QualityReport, Tables, auc, cramers_v, ks_statistic, measure, pearson, total_variation,
};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const RENAMED: [&str; 4] = ["zebra", "yak", "a", "0"];

/// A row of a small mixed table: few values, so that ties, copies, gaps and constants are frequent.
type Row = (Option<i8>, Option<i8>, Option<u8>, Option<u8>);

fn rows(sizes: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Row>> {
    let number = || prop::option::weighted(0.8, -3i8..4);
    let level = || prop::option::weighted(0.8, 0u8..4);
    prop::collection::vec((number(), number(), level(), level()), sizes)
}

fn mixed(rows: &[Row], names: [&'static str; 4]) -> Table {
    let number = |x: Option<i8>| x.map_or(f64::NAN, f64::from);
    let word = |l: Option<u8>| l.map(|l| names[usize::from(l)]);
    table(vec![
        ("x", Kind::Continuous, Storage::Float, Values::Numbers(rows.iter().map(|r| number(r.0) * 0.5).collect())),
        ("y", Kind::Integer, Storage::Integer, Values::Numbers(rows.iter().map(|r| number(r.1)).collect())),
        ("u", Kind::Categorical, Storage::Text, Values::Labels(rows.iter().map(|r| word(r.2)).collect())),
        ("v", Kind::Categorical, Storage::Text, Values::Labels(rows.iter().map(|r| word(r.3)).collect())),
    ])
}

fn report(train: &Table, synthetic: &Table, holdout: Option<&Table>) -> QualityReport {
    measure(&Tables { train, synthetic, holdout }.compare().unwrap(), &Options::default())
}

/// All but the attack, whose folds are drawn by position in the table.
fn assert_same(a: &QualityReport, b: &QualityReport) {
    for definition in MEASURES.iter().filter(|d| d.id != "mia_auc") {
        match (a.value(definition.id), b.value(definition.id)) {
            (Some(a), Some(b)) => assert!((a - b).abs() < 1e-9, "{}: {a} and {b}", definition.id), // rounding of sums
            (a, b) => assert_eq!(a, b, "{}", definition.id),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_rows_does_not_matter(train in rows(2..40), synthetic in rows(2..40), seed: u64) {
        let shuffled = |rows: &[Row]| {
            let mut rows = rows.to_vec();
            rows.shuffle(&mut rng(seed));
            mixed(&rows, NAMES)
        };
        let plain = report(&mixed(&train, NAMES), &mixed(&synthetic, NAMES), None);
        assert_same(&plain, &report(&shuffled(&train), &shuffled(&synthetic), None));
    }

    #[test]
    fn the_names_of_levels_do_not_matter(train in rows(2..40), synthetic in rows(2..40), holdout in rows(2..40)) {
        let with = |names| {
            let holdout = mixed(&holdout, names);
            report(&mixed(&train, names), &mixed(&synthetic, names), Some(&holdout))
        };
        assert_same(&with(NAMES), &with(RENAMED));
    }

    #[test]
    fn values_are_finite_and_in_their_ranges(train in rows(2..60), synthetic in rows(2..60), holdout in rows(2..60)) {
        let holdout = mixed(&holdout, NAMES);
        let report = report(&mixed(&train, NAMES), &mixed(&synthetic, NAMES), Some(&holdout));
        for definition in MEASURES {
            let Some(value) = report.value(definition.id) else { continue };
            prop_assert!(definition.range.contains(value), "{}: {value}", definition.id);
        }
    }

    #[test]
    fn a_copy_has_no_distance(train in rows(2..40)) {
        let train = mixed(&train, NAMES);
        let report = report(&train, &train, None);
        for id in ["ks_mean", "tvd_mean", "missing_delta", "corr_delta", "assoc_delta"] {
            prop_assert!(report.value(id).is_none_or(|value| value == 0.0), "{id}");
        }
        prop_assert_eq!(report.value("dup_rate"), Some(1.0));
    }

    #[test]
    fn ks_is_symmetric_and_blind_to_units(
        a in prop::collection::vec(-50i32..50, 1..60),
        b in prop::collection::vec(-50i32..50, 1..60),
    ) {
        let numbers = |x: &[i32], f: fn(f64) -> f64| x.iter().map(|&x| f(f64::from(x))).collect::<Vec<_>>();
        let (x, y) = (numbers(&a, |x| x), numbers(&b, |x| x));
        let ks = ks_statistic(&x, &y).unwrap();
        prop_assert_eq!(ks, ks_statistic(&y, &x).unwrap());
        let (exp_x, exp_y) = (numbers(&a, |x| (x / 10.0).exp()), numbers(&b, |x| (x / 10.0).exp()));
        prop_assert_eq!(ks, ks_statistic(&exp_x, &exp_y).unwrap());
        prop_assert_eq!(ks_statistic(&x, &x).unwrap(), 0.0);
    }

    #[test]
    fn distances_of_pairs_are_symmetric(
        pairs in prop::collection::vec((0u32..5, 0u32..5), 2..60),
    ) {
        let (x, y): (Vec<u32>, Vec<u32>) = pairs.into_iter().unzip();
        prop_assert_eq!(total_variation(&x, &y).unwrap(), total_variation(&y, &x).unwrap());
        let numbers = |codes: &[u32]| codes.iter().copied().map(f64::from).collect::<Vec<_>>();
        let same = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-12,
            (a, b) => a == b,
        };
        prop_assert!(same(cramers_v(&x, &y).unwrap(), cramers_v(&y, &x).unwrap()));
        let (a, b) = (numbers(&x), numbers(&y));
        prop_assert!(same(pearson(&a, &b).unwrap(), pearson(&b, &a).unwrap()));
    }

    #[test]
    fn turning_the_scores_round_turns_the_auc_round(
        pos in prop::collection::vec(-5i32..5, 1..40),
        neg in prop::collection::vec(-5i32..5, 1..40),
    ) {
        let numbers = |x: &[i32], sign: f64| x.iter().map(|&x| sign * f64::from(x)).collect::<Vec<_>>();
        let there = auc(&numbers(&pos, 1.0), &numbers(&neg, 1.0)).unwrap();
        let back = auc(&numbers(&pos, -1.0), &numbers(&neg, -1.0)).unwrap();
        prop_assert!((there + back - 1.0).abs() < 1e-12);
    }
}

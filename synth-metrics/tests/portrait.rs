//! A portrait shows where two tables differ, and nothing that stands for fewer than `k` real rows.

mod support;

use proptest::prelude::*;
use synth_core::schema::Storage;
use synth_core::{Kind, Table};
use synth_metrics::portrait::{Associations, Both, Cell, Shape, portrait};
use synth_metrics::{Tables, assoc_delta};

use support::{Values, clinic, table};

const K: usize = 11;

fn of(train: &Table, synthetic: &Table) -> synth_metrics::Portrait {
    portrait(&Tables { train, synthetic, holdout: None }.compare().unwrap(), K)
}

/// A column of numbers and one of levels beside it, so that there are two to compare.
fn two(numbers: Vec<f64>, levels: Vec<Option<&'static str>>) -> Table {
    table(vec![
        ("x", Kind::Continuous, Storage::Float, Values::Numbers(numbers)),
        ("g", Kind::Categorical, Storage::Text, Values::Labels(levels)),
    ])
}

fn levels(counts: &[(&'static str, usize)]) -> Vec<Option<&'static str>> {
    counts.iter().flat_map(|&(level, n)| std::iter::repeat_n(Some(level), n)).collect()
}

#[test]
fn a_level_of_three_rows_is_neither_named_nor_counted() {
    let check = |counts: &[(&'static str, usize)], names: &[&str], others: Option<f64>| {
        let g = levels(counts);
        let train = two((0..g.len()).map(|i| i as f64).collect(), g);
        let shape = of(&train, &train).columns.remove(1).shape;
        let Shape::Levels { names: got, shares, others: pooled } = shape else { panic!("{shape:?}") };
        assert_eq!(got, names, "{counts:?}");
        assert_eq!(pooled.map(|pooled| pooled.train), others, "{counts:?}");
        assert_eq!(shares.train, shares.synthetic);
        let all: f64 = shares.train.iter().chain(pooled.iter().map(|pooled| &pooled.train)).sum();
        assert!((all - 1.0).abs() < 0.01, "{counts:?}: {all}");
    };
    check(&[("a", 60), ("b", 40)], &["a", "b"], None);
    // Three rows alone would be told by what is left: the next rarest goes with them.
    check(&[("a", 60), ("b", 37), ("rare", 3)], &["a"], Some(0.4));
    check(&[("a", 60), ("b", 28), ("c", 6), ("d", 6)], &["a", "b"], Some(0.12));
}

#[test]
fn bins_stand_for_k_rows_and_show_no_extreme() {
    // One value far out on each side, and a hole in the middle.
    let mut x: Vec<f64> =
        (0..100).map(|i| 20.0 + f64::from(i) / 10.0).chain((0..100).map(|i| 60.0 + f64::from(i) / 10.0)).collect();
    (x[0], x[199]) = (-77_777.5, 88_888.5);
    let g = levels(&[("a", 100), ("b", 100)]);
    let train = two(x.clone(), g.clone());
    let synthetic = two(x.iter().map(|x| x + 5.0).collect(), g);
    let shape = of(&train, &synthetic).columns.remove(0).shape;
    let Shape::Bins { edges, shares } = shape else { panic!("{shape:?}") };
    assert!(edges.iter().all(|edge| (20.0..=75.0).contains(edge) && edge.fract() == 0.0), "{edges:?}");
    for share in &shares.train {
        assert!(*share == 0.0 || share * 200.0 >= K as f64 - 0.1, "{shares:?}");
    }
    assert!(shares.train.contains(&0.0), "the hole is not there: {shares:?}");
    assert!(shares.as_array().into_iter().all(|shares| (shares.iter().sum::<f64>() - 1.0).abs() < 0.01));
    assert_ne!(shares.train, shares.synthetic);
}

#[test]
fn what_cannot_be_shown_says_why() {
    let n = 15;
    let few = two((0..n).map(|i| i as f64).collect(), levels(&[("a", 8), ("b", 7)]));
    let portrait = of(&few, &few);
    assert_eq!(portrait.columns[0].shape, Shape::Hidden("fewer than 22 values".to_owned()));
    assert!(
        matches!(&portrait.columns[1].shape, Shape::Levels { names, others: Some(Both { train: 1.0, synthetic: 1.0 }), .. } if names.is_empty())
    );
    assert!(portrait.projection.is_none());
    let train = clinic(300, 1);
    let columns = of(&train, &clinic(300, 2)).columns;
    let hidden: Vec<&str> =
        columns.iter().filter(|c| matches!(c.shape, Shape::Hidden(_))).map(|c| c.name.as_str()).collect();
    let kinds = &train.schema().fields;
    let expected: Vec<&str> = kinds.iter().filter(|f| !f.kind.is_learnt()).map(|f| f.name.as_str()).collect();
    assert_eq!(hidden, expected);
}

#[test]
fn few_missing_cells_are_not_counted() {
    let of_missing = |n_missing: usize| {
        let x = (0..100).map(|i| if i < n_missing { f64::NAN } else { i as f64 }).collect();
        let train = two(x, levels(&[("a", 50), ("b", 50)]));
        of(&train, &train).columns[0].missing
    };
    assert_eq!(of_missing(0), [Some(0.0); 2].into());
    assert_eq!(of_missing(10), [None; 2].into());
    assert_eq!(of_missing(11), [Some(0.11); 2].into());
}

#[test]
fn the_associations_are_those_of_the_measure() {
    let (train, synthetic) = (clinic(300, 1), clinic(300, 9));
    let comparison = Tables { train: &train, synthetic: &synthetic, holdout: None }.compare().unwrap();
    let associations = portrait(&comparison, K).associations.unwrap();
    let differences: Vec<f64> = associations
        .triangle
        .iter()
        .flatten()
        .filter_map(|pair| Associations::difference(*pair))
        .map(f64::abs)
        .collect();
    let mean = differences.iter().sum::<f64>() / differences.len() as f64;
    let measured = assoc_delta(&comparison).outcome.value().unwrap();
    assert!((mean - measured).abs() < 1e-12, "{mean} is not {measured}");
    assert_eq!(associations.pair(0, 2), associations.pair(2, 0));
    assert_eq!(associations.pair(1, 1), None);
}

#[test]
fn cells_of_the_plane_hold_k_real_rows_and_tell_apart() {
    let (train, alike) = (clinic(400, 1), clinic(400, 2));
    let cells = |synthetic: &Table| of(&train, synthetic).projection.unwrap().cells;
    let apart = |cells: &[Cell]| cells.iter().map(|c| (c.shares.train - c.shares.synthetic).abs()).sum::<f64>() / 2.0;
    let of_alike = cells(&alike);
    assert!(of_alike.len() > 8 && of_alike.iter().all(|cell| cell.shares.train * 400.0 >= K as f64 - 1e-9));
    assert!((of_alike.iter().map(Cell::area).sum::<f64>() - 1.0).abs() < 1e-12);
    assert_eq!(apart(&cells(&train)), 0.0);
    let half = train.take(&(0..400).map(|_| 7).collect::<Vec<_>>());
    assert!(apart(&of_alike) < 0.3 && apart(&cells(&half)) > 0.9);
}

#[test]
fn a_portrait_is_the_same_on_every_run() {
    let (train, synthetic) = (clinic(400, 1), clinic(300, 2));
    assert_eq!(of(&train, &synthetic), of(&train, &synthetic));
}

proptest! {
    /// The claim itself, for columns of any numbers and levels: what is shown stands for no row or for `K` of them.
    #[test]
    fn nothing_shown_stands_for_few_rows(
        rows in prop::collection::vec((-1e9..1e9f64, 0usize..12, 0u8..9), 2..150),
        power in 1u32..5,
    ) {
        const NAMES: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
        let x = rows.iter().map(|(x, _, odd)| match odd {
            0 => f64::NAN,
            1 | 2 => 7.0,
            _ => (x / 10f64.powi(2 * power as i32)).round(),
        });
        // Levels of uneven sizes.
        let g = rows.iter().map(|(_, g, odd)| (*odd > 0).then_some(NAMES[g / usize::from(*odd).max(1)]));
        let train = two(x.collect(), g.collect());
        let n = rows.len() as f64;
        let portrait = of(&train, &train);
        for column in &portrait.columns {
            let present = n * (1.0 - column.missing.train.unwrap_or(0.0));
            // Rounded to thousandths, of at most all rows.
            let few = |share: f64| share > 0.0 && share * present < K as f64 - 0.001 * n - 1e-9 && column.missing.train.is_some();
            match &column.shape {
                Shape::Bins { edges, shares } => {
                    prop_assert!(edges.is_sorted_by(|a, b| a < b));
                    prop_assert!(!shares.train.iter().any(|&s| few(s)), "{column:?}");
                    prop_assert!(shares.train[0] > 0.0 && *shares.train.last().unwrap() > 0.0);
                }
                Shape::Levels { shares, others, .. } => {
                    let pooled = others.map(|others| others.train);
                    prop_assert!(!shares.train.iter().chain(&pooled).any(|&s| few(s)), "{column:?}");
                }
                Shape::Hidden(_) => {}
            }
        }
        for cell in portrait.projection.iter().flat_map(|projection| &projection.cells) {
            prop_assert!(cell.shares.train * n >= K as f64 - 1e-9);
        }
    }
}

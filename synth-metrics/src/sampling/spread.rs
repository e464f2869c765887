//! How far a measure of likeness would have moved with other rows of the same two laws: its interval, by sub-sampling.
//!
//! The value describes the two tables as they are. As an estimate for the two *populations* (the real one, and all that
//! the generator would make) it has a spread, which no closed form gives for means and largest parts over dependent columns
//! and pairs. So the measure is taken anew on [`N_PARTS`] pairs of smaller tables, each a seeded choice of the share f of
//! either table's units (people, or rows where nobody has two; a unit is in a part whole), without replacement (Politis and Romano 1994). For a statistic that settles like 1/√n, as all of
//! them do, near agreement as well as far from it, with v the variance of the parts' values and n rows in all:
//!
//! - variance: v f / (1 − f), where 1 − f allows for parts that share rows;
//! - chance: two samples of one law are never equal, so distances are too large and overlaps too small, the more so the
//!   fewer the rows. With d the value's distance from its ideal and m the parts' mean one, chance and the true distance
//!   add up in squares, d² = δ² + b² and m² = δ² + b²/f, which gives b, the part of chance, and δ. Where some columns are
//!   off and others are not, they rather add up as they are, which gives δ = d − (m − d)/(√(1/f) − 1): the smaller is taken.
//!
//! The bounds are Student's t standard errors about the value, and δ takes the value's place on the ideal's side. If the
//! value is no farther from its ideal than chance alone would put it (d − b within the error), the interval reaches to
//! the ideal. It never moves to exclude the value. f is a half, or less where the smaller table has more than 2,000 rows
//! or there are many columns, so that parts have [`MOST_ROWS`] rows or fewer and all parts together cost about as much as
//! one large table.
//!
//! Measures made of cells of pairs (`contingency_similarity`, `nmi_error` and its weighted form, `sdm_trends` and
//! `sdm_trends_all`) settle more slowly while many cells are empty: their interval is for tables of this size, and two
//! tables of one law overlap by less than 1 in it too.
//!
//! **What that gives**, over 200 pairs of tables a row (`tests/intervals.rs`), for the 95 % intervals of 24 measures: the
//! mean over the measures of how often the truth is held, and the measure that holds it least often. "Alike" are two tables
//! of one law; "off" is a law with half of its rows drawn column by column and all numbers moved.
//!
//! | rows a table | alike: mean | alike: least | off: mean | off: least |
//! |---|---|---|---|---|
//! | 100 | 96.8 % | `assoc_delta` 90.5 % | 96.9 % | `assoc_delta` 89.0 % |
//! | 300 | 96.5 % | `jensen_shannon_worst` 91.0 % | 95.7 % | `assoc_delta` 90.0 % |
//! | 1,000 | 97.7 % | above 92 % | 97.1 % | above 92 % |
//!
//! A single bound may be wrong more often than in 5 %: a lower one in up to 14 % (`assoc_delta`, 100 rows). The tables are
//! taken for independent samples. One that copies the other has a narrower spread than is said; on the safe side.
//!
//! Left out on purpose: the bootstrap, whose ties make every resampled distance too large, and which costs as much as the
//! table is long.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, StudentsT};
use synth_core::table::Units;

use crate::comparison::{Comparison, Tables};
use crate::definition::Definition;
use crate::estimate::{Estimate, Interval, Measure, Outcome, Uncertainty};
use crate::sampling::choose_units;
use crate::sampling::interval::in_both_forms;

/// How many smaller pairs of tables are measured; half as many where there are more than [`MANY_COLUMNS`].
pub(crate) const N_PARTS: usize = 20;
/// From here on what a pair of columns costs by itself counts as much as its rows.
const MANY_COLUMNS: usize = 100;
/// The most rows of a part of the smaller table.
const MOST_ROWS: usize = 1_000;
/// The least: with fewer, no interval is worth reporting.
const LEAST_ROWS: usize = 15;
/// Parts have fewer rows where rows times pairs of columns would be more.
const MOST_WORK: usize = 2_000_000;
/// How many times longer than [`MOST_ROWS`] the other table's part may be.
const LONGEST: usize = 4;

/// Gives each measured value in `taken` the interval that the same measures of smaller tables tell.
///
/// `definitions` are those of the measures that get one; `again` takes them anew; it may be called from several threads. Tables of fewer than twice [`LEAST_ROWS`] units
/// get none, and neither does a measure that could not be taken on half of the parts. The same for any number of threads.
pub(crate) fn attach(
    comparison: &Comparison,
    seed: u64,
    taken: &mut [Measure],
    definitions: &[Definition],
    again: impl Fn(&Comparison) -> Vec<Measure> + Sync,
) {
    let n_rows = [comparison.train(), comparison.synthetic()].map(synth_core::Table::n_rows);
    let units = [comparison.train(), comparison.synthetic()].map(Units::of);
    let n = units[0].n_units().min(units[1].n_units());
    if n < 2 * LEAST_ROWS {
        return;
    }
    let Some(share) = share(n_rows, comparison.train().n_columns()) else { return };
    let share = share.max(LEAST_ROWS as f64 / n as f64);
    let n_parts = if comparison.train().n_columns() > MANY_COLUMNS { N_PARTS / 2 } else { N_PARTS };
    let parts: Vec<Vec<Measure>> = (0..n_parts as u64)
        .into_par_iter()
        .map(|part| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(u64::MAX - 10_000 - part); // far from the attacks' streams
            let [of_train, of_synthetic] = [0, 1].map(|side: usize| choose_units(&units[side], share, &mut rng));
            let (train, synthetic) = (comparison.train().take(&of_train), comparison.synthetic().take(&of_synthetic));
            let given = comparison.given().map(|given| given.take(&of_train));
            let part = Tables { train: &train, synthetic: &synthetic, holdout: None }.compare();
            let part = part.and_then(|part| given.as_ref().map_or(Ok(part), |given| part.with_given(given)));
            part.map_or_else(|_| Vec::new(), |part| again(&part))
        })
        .collect();
    for measure in taken {
        let Outcome::Measured(estimate) = &mut measure.outcome else { continue };
        let Some(definition) = definitions.iter().find(|definition| definition.id == measure.id) else { continue };
        let of_part = |part: &Vec<Measure>| part.iter().find(|other| other.id == measure.id)?.outcome.value();
        let values: Vec<f64> = parts.iter().filter_map(of_part).collect();
        if 2 * values.len() >= n_parts {
            let (ideal, range) = (definition.ideal, definition.range);
            let uncertainty = interval(estimate.value, &values, share, n, ideal, range);
            *estimate = Estimate { uncertainty: Some(uncertainty), ..*estimate };
        }
    }
}

/// The share of the rows that a part has; `None` for tables that are too short.
fn share(n_rows: [usize; 2], n_columns: usize) -> Option<f64> {
    let (short, long) = (n_rows[0].min(n_rows[1]) as f64, n_rows[0].max(n_rows[1]) as f64);
    if short < 2.0 * LEAST_ROWS as f64 {
        return None;
    }
    let most = (MOST_WORK / (n_columns * n_columns).max(1)).clamp(MOST_ROWS / 5, MOST_ROWS) as f64;
    let wanted = (most / short).min(LONGEST as f64 * most / long);
    Some(wanted.max(LEAST_ROWS as f64 / short).min(0.5))
}

/// The interval of `value`, taken on `n` rows, from the values of parts with the share `share` of them.
fn interval(value: f64, parts: &[f64], share: f64, n: usize, ideal: f64, range: Interval) -> Uncertainty {
    let n_parts = parts.len() as f64;
    let mean = parts.iter().sum::<f64>() / n_parts;
    let of_parts = parts.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n_parts - 1.0).max(1.0);
    let sd = (of_parts * share / (1.0 - share)).sqrt();
    // All measures here lie on one side of their ideal.
    let (far, far_of_parts) = ((value - ideal).abs(), (mean - ideal).abs());
    let chance = ((far_of_parts.powi(2) - far.powi(2)).max(0.0) / (1.0 / share - 1.0)).sqrt();
    let drift = (far_of_parts - far) / ((1.0 / share).sqrt() - 1.0);
    let true_distance = (far.powi(2) - chance.powi(2)).max(0.0).sqrt().min(far - drift);
    // Where smaller tables lie nearer, larger ones lie farther.
    let farther = far.max(far - drift);
    let student = StudentsT::new(0.0, 1.0, (n_parts - 1.0).max(1.0)).expect("positive");
    in_both_forms(1, n, |tail| {
        let half = student.inverse_cdf(1.0 - tail) * sd;
        let near = if far - chance <= half { 0.0 } else { (true_distance - half).clamp(0.0, far) };
        let ends = [near, farther + half].map(|far| if value < ideal { ideal - far } else { ideal + far });
        let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        Interval::new(low.max(range.low).min(value), high.min(range.high).max(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_its_closed_form() {
        // Parts of a fifth of the rows: v = 0.01, so the variance is 0.01 / 4 and chance is none; t of 19 is 2.093 and 1.729.
        let step = (0.01f64 * 19.0 / 20.0).sqrt();
        let parts: Vec<f64> = (0..20).map(|i| 0.5 + if i % 2 == 0 { step } else { -step }).collect();
        for ideal in [0.0, 1.0] {
            let u = interval(0.5, &parts, 0.2, 700, ideal, Interval::new(0.0, 1.0));
            let ends = [u.interval.low, u.interval.high, u.one_sided.low, u.one_sided.high];
            for (got, expected) in ends.into_iter().zip([-2.093, 2.093, -1.729, 1.729]) {
                assert!((got - (0.5 + expected * 0.05)).abs() < 1e-4, "{u:?}");
            }
            assert_eq!(u.n, 700);
        }
    }

    #[test]
    fn what_chance_alone_would_give_reaches_the_ideal() {
        let near = |value: f64, part: f64, ideal: f64| {
            interval(value, &[part; 20], 0.25, 700, ideal, Interval::new(0.0, 1.0)).interval
        };
        let check = |got: Interval, expected: [f64; 2]| {
            let got: [f64; 2] = got.into();
            assert!((0..2).all(|i| (got[i] - expected[i]).abs() < 1e-9), "{got:?} is not {expected:?}");
        };
        // A distance that doubles when rows are quartered is chance; and so is an overlap that falls as fast.
        check(near(0.1, 0.2, 0.0), [0.0, 0.1]);
        check(near(0.9, 0.8, 1.0), [0.9, 1.0]);
        // 0.5² = 0.4² + 0.3² and 0.52 = 0.4² + 4 · 0.3²; but by the plain sum the true distance is 2 · 0.5 - √0.52.
        check(near(0.5, 0.52f64.sqrt(), 0.0), [1.0 - 0.52f64.sqrt(), 0.5]);
    }

    #[test]
    fn parts_are_as_large_as_is_cheap() {
        assert_eq!(share([300, 900], 10), Some(0.5));
        assert_eq!(share([10_000, 10_000], 10), Some(0.1));
        assert_eq!(share([10_000, 10_000], 300), Some(0.02));
        assert_eq!(share([500, 100_000], 10), Some(0.04)); // 20 and 4,000 rows
        assert_eq!(share([29, 1_000], 10), None);
    }
}

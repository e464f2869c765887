//! What a second real sample of that size would score: what a distance can be held to where there are few rows.
//!
//! Two samples of one law are never equal, and the fewer their rows, the farther they are apart. A limit below that distance can be
//! kept by a table alone that lies nearer to its training rows than the truth does, which is the opposite of what it is for. So a
//! report holds, for the measures of likeness that are distances, the 99 % quantile of what a second real sample scores.
//!
//! The real rows stand for their law: [`N_PAIRS`] pairs of samples are drawn from the training table by whole units with
//! replacement, one of as many units as the training table has, one of as many rows as the synthetic one, and each pair is measured.
//! The quantile is that of a further pair, the logarithms of the scores being normal, because distances are skew (of the scores
//! themselves where one is 0). Tables of more than [`MOST_ROWS`] rows are represented by pairs of so many, and the quantile made smaller as a distance of samples
//! is, by the root of the numbers of rows; where cells are few, a distance falls more slowly, so that the reference is
//! then too small, not too large.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, StudentsT};
use synth_core::Table;
use synth_core::table::Units;

use crate::comparison::{Comparison, Tables};
use crate::estimate::Measure;

/// The pairs of samples.
pub(crate) const N_PAIRS: usize = 40;
/// The most rows of a sample, about.
const MOST_ROWS: usize = 1_000;
/// The probability that a second real sample scores no more.
const QUANTILE: f64 = 0.99;

/// The reference of each measure that `again` takes on pairs of samples, by its id. The same for any number of threads.
pub(crate) fn references(
    comparison: &Comparison,
    seed: u64,
    again: impl Fn(&Comparison) -> Vec<Measure> + Sync,
) -> BTreeMap<String, f64> {
    let (train, n_synthetic) = (comparison.train(), comparison.synthetic().n_rows());
    let units = Units::of(train);
    let rows_of_unit = units.n_rows() as f64 / units.n_units() as f64;
    // In units: so many make up the synthetic rows.
    let wanted = [units.n_units() as f64, (n_synthetic as f64 / rows_of_unit).max(1.0)];
    let drawn = wanted.map(|n| n.min((MOST_ROWS as f64 / rows_of_unit).max(2.0)).round().max(2.0));
    let pairs: Vec<Vec<Measure>> = (0..N_PAIRS as u64)
        .into_par_iter()
        .map(|pair| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(u64::MAX - 20_000 - pair); // far from the attacks' streams and those of the intervals
            let [one, other] = drawn.map(|n| sample(train, &units, n as usize, &mut rng));
            Tables { train: &one, synthetic: &other, holdout: None }
                .compare()
                .map_or_else(|_| Vec::new(), |pair| again(&pair))
        })
        .collect();
    let harmonic = |[a, b]: [f64; 2]| a * b / (a + b);
    let scale = (harmonic(drawn) / harmonic(wanted)).sqrt().min(1.0);
    let mut scores: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for measure in pairs.iter().flatten() {
        if let Some(value) = measure.outcome.value() {
            scores.entry(&measure.id).or_default().push(value);
        }
    }
    let known = scores.into_iter().filter(|(_, scores)| 2 * scores.len() >= N_PAIRS);
    known.map(|(id, scores)| (id.to_owned(), scale * quantile(&scores))).filter(|(_, q)| q.is_finite()).collect()
}

/// The rows of `n` units drawn with replacement.
fn sample(table: &Table, units: &Units, n: usize, rng: &mut ChaCha8Rng) -> Table {
    if units.are_rows() {
        return table.take(&(0..n).map(|_| rng.gen_range(0..units.n_units())).collect::<Vec<_>>());
    }
    let grouped = units.grouped();
    let rows: Vec<usize> = (0..n).flat_map(|_| grouped.rows_of(rng.gen_range(0..units.n_units()))).copied().collect();
    table.take(&rows)
}

/// The quantile of one more score, if their logarithms are normal, or they are where one of them is 0.
fn quantile(scores: &[f64]) -> f64 {
    if scores.iter().any(|score| *score <= 0.0) {
        return of_normal(scores);
    }
    of_normal(&scores.iter().map(|score| score.ln()).collect::<Vec<_>>()).exp()
}

fn of_normal(scores: &[f64]) -> f64 {
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let variance = scores.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let student = StudentsT::new(0.0, 1.0, n - 1.0).expect("there are at least two").inverse_cdf(QUANTILE);
    mean + student * (variance * (1.0 + 1.0 / n)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_that_of_a_further_score() {
        // 40 scores of deviation s about 0.1: t of 39 at .99 is 2.4258.
        let s = (0.01f64 * 39.0 / 40.0).sqrt();
        let scores: Vec<f64> = (0..40).map(|i| 0.1 + if i % 2 == 0 { s } else { -s }).collect();
        let expected = 0.1 + 2.425_841 * 0.1 * (1.0f64 + 1.0 / 40.0).sqrt();
        assert!((of_normal(&scores) - expected).abs() < 1e-5);
        assert!((quantile(&scores.iter().map(|x| x.exp()).collect::<Vec<_>>()) - expected.exp()).abs() < 1e-5);
        assert_eq!(quantile(&[0.0; 40]), 0.0);
    }
}

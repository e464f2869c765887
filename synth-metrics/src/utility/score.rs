//! Scores of predictions, with what each row adds to them.
//!
//! The influence of a row is the score's derivative by its weight: DeLong's components for AUCs, the delta method for F1
//! and R². Their squares give the variance, their differences that of a difference on the same rows, their means that of a
//! mean.

use synth_core::table::Units;

use crate::error::{Error, Result};
use crate::roc::components;

/// The share of the numbers' variance that predictions account for: 1 if they are right, 0 if they are no better than
/// the mean, below 0 if they are worse. `None` if the truth does not vary.
///
/// `truth` and `predicted` hold one number a row. Source: the coefficient of determination, as scikit-learn's `r2_score`.
///
/// # Errors
/// [`Error::Lengths`] if the slices differ in length, [`Error::NonFinite`] if a number is NaN or ±∞.
///
/// ```
/// # use synth_metrics::r_squared;
/// assert_eq!(r_squared(&[1.0, 2.0, 3.0], &[1.0, 2.0, 2.0])?, Some(0.5));
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn r_squared(truth: &[f64], predicted: &[f64]) -> Result<Option<f64>> {
    if truth.len() != predicted.len() {
        return Err(Error::Lengths(truth.len(), predicted.len()));
    }
    if truth.iter().chain(predicted).any(|x| !x.is_finite()) {
        return Err(Error::NonFinite);
    }
    let varies = truth.iter().any(|y| *y != truth[0]);
    Ok(varies.then(|| explained(truth, predicted).value))
}

/// The F1 of each level that occurs in `truth`, averaged: 1 if every row is right, 0 if none is.
///
/// One code a row. A level that is never predicted has an F1 of 0. `None` without rows. Source: the harmonic mean of
/// precision and recall, as scikit-learn's `f1_score(average="macro")` over the labels of the truth.
///
/// # Errors
/// [`Error::Lengths`] if the slices differ in length.
///
/// ```
/// # use synth_metrics::macro_f1;
/// assert_eq!(macro_f1(&[0, 0, 1, 1], &[0, 0, 0, 0])?, Some(1.0 / 3.0));
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn macro_f1(truth: &[u32], predicted: &[u32]) -> Result<Option<f64>> {
    if truth.len() != predicted.len() {
        return Err(Error::Lengths(truth.len(), predicted.len()));
    }
    let mut levels = truth.to_vec();
    levels.sort_unstable();
    levels.dedup();
    Ok((!levels.is_empty()).then(|| mean_f1(truth, predicted, &levels).value))
}

/// A score on the holdout, and what each of its rows adds to the difference from the true value.
pub(super) struct Score {
    pub(super) value: f64,
    pub(super) influence: Vec<f64>,
}

impl Score {
    /// What each unit adds, in place of each row.
    pub(super) fn of_units(self, units: &Units) -> Self {
        Self { influence: by_unit(self.influence, units), ..self }
    }

    /// The mean of several scores on the same units; what is below `least`, or no number, counts as `least`.
    pub(super) fn mean(scores: &[&Score], least: f64) -> Self {
        let n = scores.len() as f64;
        let influence = |unit: usize| scores.iter().map(|score| score.influence[unit]).sum::<f64>() / n;
        Self {
            value: scores.iter().map(|score| score.value.max(least)).sum::<f64>() / n,
            influence: (0..scores[0].influence.len()).map(influence).collect(),
        }
    }

    pub(super) fn variance(&self) -> f64 {
        variance(self.influence.iter().copied())
    }
}

/// The influence of each unit: the sum of its rows'.
pub(crate) fn by_unit(of_row: Vec<f64>, units: &Units) -> Vec<f64> {
    if units.are_rows() {
        return of_row;
    }
    let mut of_unit = vec![0.0; units.n_units()];
    of_row.into_iter().enumerate().for_each(|(row, x)| of_unit[units.of_row(row)] += x);
    of_unit
}

/// The variance of a statistic from the influence of its independent units.
pub(crate) fn variance(influence: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = influence.len() as f64;
    if n < 2.0 { 0.0 } else { influence.map(|x| x * x).sum::<f64>() * n / (n - 1.0) }
}

/// The AUC of each level against the rest, averaged; `scores` hold one score a row for each of `levels`.
pub(super) fn mean_auc(truth: &[u32], levels: &[u32], scores: &[Vec<f64>]) -> Score {
    let mut mean = Score { value: 0.0, influence: vec![0.0; truth.len()] };
    let share = 1.0 / levels.len() as f64;
    for (&level, scores) in levels.iter().zip(scores) {
        let side = |is_pos: bool| -> (Vec<usize>, Vec<f64>) {
            let rows = truth.iter().zip(scores).enumerate().filter(|(_, (code, _))| (**code == level) == is_pos);
            rows.map(|(row, (_, score))| (row, *score)).unzip()
        };
        let ((pos_rows, pos), (neg_rows, neg)) = (side(true), side(false));
        let parts = components(&pos, &neg);
        let auc = parts.of_pos.iter().sum::<f64>() / pos.len() as f64;
        mean.value += share * auc;
        for (rows, parts) in [(pos_rows, parts.of_pos), (neg_rows, parts.of_neg)] {
            let n = rows.len() as f64;
            rows.iter().zip(parts).for_each(|(&row, part)| mean.influence[row] += share * (part - auc) / n);
        }
    }
    mean.value = mean.value.clamp(0.0, 1.0);
    mean
}

/// F1 = 2·TP / D with D the rows of the level and those predicted to be, averaged over `levels`.
pub(super) fn mean_f1(truth: &[u32], predicted: &[u32], levels: &[u32]) -> Score {
    let mut mean = Score { value: 0.0, influence: vec![0.0; truth.len()] };
    let share = 1.0 / levels.len() as f64;
    for &level in levels {
        let is = |codes: &[u32], row: usize| f64::from(u8::from(codes[row] == level));
        let (mut hits, mut size) = (0.0, 0.0);
        for row in 0..truth.len() {
            hits += is(truth, row) * is(predicted, row);
            size += is(truth, row) + is(predicted, row);
        }
        if size == 0.0 {
            continue;
        }
        mean.value += share * 2.0 * hits / size;
        for (row, influence) in mean.influence.iter_mut().enumerate() {
            let (t, p) = (is(truth, row), is(predicted, row));
            *influence += share * (2.0 * t * p / size - 2.0 * hits / (size * size) * (t + p));
        }
    }
    mean
}

/// R², from the sums of squares A of the errors and B about the mean: dR² = −dA/B + A·dB/B².
pub(super) fn explained(truth: &[f64], predicted: &[f64]) -> Score {
    let n = truth.len() as f64;
    let mean = truth.iter().sum::<f64>() / n;
    let squares: Vec<(f64, f64)> =
        truth.iter().zip(predicted).map(|(y, p)| ((y - p).powi(2), (y - mean).powi(2))).collect();
    let (errors, total) = squares.iter().fold((0.0, 0.0), |(a, b), (e, t)| (a + e, b + t));
    let influence =
        squares.iter().map(|(e, t)| -(e - errors / n) / total + errors * (t - total / n) / (total * total)).collect();
    Score { value: 1.0 - errors / total, influence }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_agree_with_scikit_learn() {
        // import numpy as np; from sklearn.metrics import f1_score, r2_score, roc_auc_score
        // t = np.array([1,1,2,3,3,3,2,1,2,3]); p = np.array([1,2,2,3,1,3,2,1,1,3])
        // f1_score(t, p, average="macro")
        let (t, p) = ([1, 1, 2, 3, 3, 3, 2, 1, 2, 3], [1, 2, 2, 3, 1, 3, 2, 1, 1, 3]);
        assert!((macro_f1(&t, &p).unwrap().unwrap() - 0.698_412_698_412_698_4).abs() < 1e-12);
        // r2_score([1.5,2,4,8,9.5], [2,2,3.5,7,11])
        let r2 = r_squared(&[1.5, 2.0, 4.0, 8.0, 9.5], &[2.0, 2.0, 3.5, 7.0, 11.0]).unwrap().unwrap();
        assert!((r2 - 0.927_184_466_019_417_5).abs() < 1e-12, "{r2}");
        // s = np.array([[.7,.2,.1],[.2,.5,.3],[.3,.4,.3],[.1,.1,.8],[.5,.3,.2],[.2,.2,.6],[.1,.8,.1],[.6,.3,.1],
        //               [.4,.35,.25],[.3,.3,.4]])
        // roc_auc_score(t, s, multi_class="ovr", average="macro")
        let s = [
            vec![0.7, 0.2, 0.3, 0.1, 0.5, 0.2, 0.1, 0.6, 0.4, 0.3],
            vec![0.2, 0.5, 0.4, 0.1, 0.3, 0.2, 0.8, 0.3, 0.35, 0.3],
            vec![0.1, 0.3, 0.3, 0.8, 0.2, 0.6, 0.1, 0.1, 0.25, 0.4],
        ];
        let auc = mean_auc(&t, &[1, 2, 3], &s).value;
        assert!((auc - 0.855_158_730_158_730_2).abs() < 1e-12, "{auc}");
    }

    /// The influence of a row is the score's derivative by its weight: compared with doubling the row, to first order.
    #[test]
    fn influence_is_what_a_row_adds() {
        let n = 400;
        let truth: Vec<u32> = (0..n).map(|i| i * 7 % 11 % 3).collect();
        let predicted: Vec<u32> = (0..n).map(|i| if i % 4 == 0 { i % 3 } else { i * 7 % 11 % 3 }).collect();
        let numbers: Vec<f64> = (0..n).map(|i| f64::from(i * 37 % 101)).collect();
        let guesses: Vec<f64> = (0..n).map(|i| f64::from(i * 37 % 101 + i % 9)).collect();
        let scores = [0, 1, 2]
            .map(|c| numbers.iter().zip(&truth).map(|(x, t)| x + 30.0 * f64::from(u8::from(*t == c))).collect());
        let more = |row: usize| {
            let with = |x: &[f64]| [x, &x[row..=row]].concat();
            let with_codes = |x: &[u32]| [x, &x[row..=row]].concat();
            let scores: Vec<Vec<f64>> = scores.iter().map(|s: &Vec<f64>| with(s)).collect();
            [
                mean_auc(&with_codes(&truth), &[0, 1, 2], &scores).value,
                mean_f1(&with_codes(&truth), &with_codes(&predicted), &[0, 1, 2]).value,
                explained(&with(&numbers), &with(&guesses)).value,
            ]
        };
        let plain = [
            mean_auc(&truth, &[0, 1, 2], &scores),
            mean_f1(&truth, &predicted, &[0, 1, 2]),
            explained(&numbers, &guesses),
        ];
        for row in [0, 8, 77, 399] {
            for (score, more) in plain.iter().zip(more(row)) {
                assert!((more - score.value - score.influence[row]).abs() < 2e-5, "{row}: {more}");
            }
        }
        assert!(plain.iter().all(|score| score.influence.iter().sum::<f64>().abs() < 1e-9));
    }

    #[test]
    fn what_cannot_be_scored_is_refused() {
        assert_eq!(r_squared(&[2.0, 2.0], &[1.0, 2.0]).unwrap(), None);
        assert_eq!(r_squared(&[], &[]).unwrap(), None);
        assert!(matches!(r_squared(&[1.0], &[f64::NAN]), Err(Error::NonFinite)));
        assert!(matches!(r_squared(&[1.0], &[]), Err(Error::Lengths(1, 0))));
        assert_eq!(macro_f1(&[], &[]).unwrap(), None);
        assert!(matches!(macro_f1(&[1], &[]), Err(Error::Lengths(1, 0))));
    }
}

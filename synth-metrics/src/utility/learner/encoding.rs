//! Columns as learners take them that know nothing of gaps and levels.
//!
//! Everything is told by the rows fitted on, as one would who has no others: means and standard deviations of numbers, and
//! which levels there are. A missing number is the mean, beside a column that says that it was missing; a column that does
//! not vary in the fitted rows is left out. Numbers are held within ±6 standard deviations.

use std::cmp::Reverse;

use ndarray::{Array2, Axis};

use crate::features::{Column, mean_and_sd};

/// In standard deviations: what is farther out is no farther.
const CLIP: f64 = 6.0;
/// Columns that stand for levels, over all columns; at least two each, at most [`MAX_ONE_HOT`].
const MAX_LEVEL_COLUMNS: usize = 300;
const MAX_ONE_HOT: usize = 30;

/// A column of numbers with its gaps filled: the values of `rows`, and where they were missing, if they ever are in `fitted`.
pub(super) struct Filled {
    pub(super) values: Vec<f64>,
    pub(super) was_missing: Option<Vec<f64>>,
}

/// The numbers of `rows`, in standard deviations from the mean of `fitted`; `None` if nothing varies there, gaps among it.
pub(super) fn standardised(x: &[f64], fitted: &[usize], rows: &[usize]) -> Option<Filled> {
    let present: Vec<f64> = fitted.iter().map(|&row| x[row]).filter(|x| !x.is_nan()).collect();
    let (mean, sd) = mean_and_sd(&present);
    let has_scale = mean.is_finite() && sd.is_finite() && sd > 0.0;
    let place = |&row: &usize| match has_scale {
        true if !x[row].is_nan() => ((x[row] - mean) / sd).clamp(-CLIP, CLIP),
        _ => 0.0,
    };
    let missing = |&row: &usize| f64::from(u8::from(x[row].is_nan()));
    let has_gaps = present.len() < fitted.len() && !present.is_empty();
    (has_scale || has_gaps).then(|| Filled {
        values: rows.iter().map(place).collect(),
        was_missing: has_gaps.then(|| rows.iter().map(missing).collect()),
    })
}

/// All columns as numbers of mean 0 and standard deviation 1 over the rows fitted on: the matrices of those, and of the rows
/// tried. A level is a column for each level but the commonest, the rarest of many together; one that no fitted row has is
/// like the commonest.
pub(super) fn dense(columns: &[Column], fitted: &[usize], tried: &[usize]) -> [Array2<f64>; 2] {
    let n_level_columns = columns.iter().filter(|c| matches!(c, Column::Levels { .. })).count();
    let most = (MAX_LEVEL_COLUMNS / n_level_columns.max(1)).clamp(2, MAX_ONE_HOT);
    let rows: Vec<usize> = fitted.iter().chain(tried).copied().collect();
    let encode = |column: &Column| -> Vec<Vec<f64>> {
        match column {
            Column::Numbers(x) => standardised(x, fitted, &rows)
                .map(|filled| std::iter::once(filled.values).chain(filled.was_missing).collect())
                .unwrap_or_default(),
            Column::Levels { codes, n_codes } => one_hot(codes, *n_codes, fitted, &rows, most),
        }
    };
    let encoded: Vec<Vec<f64>> =
        columns.iter().flat_map(encode).filter_map(|column| unit(column, fitted.len())).collect();
    let matrix = |from: usize, n_rows: usize| {
        let mut x = Array2::zeros((n_rows, encoded.len())); // (N, p)
        for (mut column, values) in x.axis_iter_mut(Axis(1)).zip(&encoded) {
            column.iter_mut().zip(&values[from..]).for_each(|(cell, value)| *cell = *value);
        }
        x
    };
    [matrix(0, fitted.len()), matrix(fitted.len(), tried.len())]
}

fn one_hot(codes: &[u32], n_codes: usize, fitted: &[usize], rows: &[usize], most: usize) -> Vec<Vec<f64>> {
    let mut counts = vec![0u32; n_codes];
    fitted.iter().for_each(|&row| counts[codes[row] as usize] += 1);
    let mut kept: Vec<usize> = (0..n_codes).filter(|&code| counts[code] > 0).collect();
    kept.sort_by_key(|&code| Reverse(counts[code]));
    kept.drain(..kept.len().min(1)); // the commonest is told by the absence of all others
    let mut place = vec![usize::MAX; n_codes];
    kept.iter().enumerate().for_each(|(i, &code)| place[code] = i.min(most));
    let n_columns = kept.len().min(most + 1);
    let column = |i: usize| rows.iter().map(|&row| f64::from(u8::from(place[codes[row] as usize] == i))).collect();
    (0..n_columns).map(column).collect()
}

/// The column with mean 0 and standard deviation 1 over its first `n_fitted` rows; none if it does not vary there.
fn unit(mut column: Vec<f64>, n_fitted: usize) -> Option<Vec<f64>> {
    let (mean, sd) = mean_and_sd(&column[..n_fitted]);
    column.iter_mut().for_each(|x| *x = (*x - mean) / sd);
    (sd > 1e-9).then_some(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAN: f64 = f64::NAN;

    #[test]
    fn only_the_fitted_rows_tell_scale_and_levels() {
        // Fitted: 1 and 3, mean 2, standard deviation 1; the gap and the far value are others'.
        let filled = standardised(&[1.0, 3.0, NAN, 900.0], &[0, 1], &[0, 1, 2, 3]).unwrap();
        assert_eq!((filled.values, filled.was_missing), (vec![-1.0, 1.0, 0.0, 6.0], None));
        let filled = standardised(&[1.0, 3.0, NAN, 900.0], &[0, 1, 2], &[2, 3]).unwrap();
        assert_eq!(filled.was_missing, Some(vec![1.0, 0.0]));
        assert!(standardised(&[7.0, 7.0, 9.0], &[0, 1], &[2]).is_none());
        assert!(standardised(&[NAN, NAN, 9.0], &[0, 1], &[2]).is_none());
        assert!(standardised(&[1e308, -1e308, 9.0], &[0, 1], &[2]).is_none_or(|f| f.values[0].is_finite()));
        // Level 3 is in no fitted row, and 1 is the commonest of them.
        assert_eq!(one_hot(&[1, 1, 2, 3], 4, &[0, 1, 2], &[0, 2, 3], 30), [[0.0, 1.0, 0.0]]);
    }

    #[test]
    fn rare_levels_stand_together() {
        let hot = one_hot(&[1, 1, 1, 3, 3, 2, 0], 4, &[0, 1, 2, 3, 4, 5, 6], &[0, 3, 5, 6], 1);
        assert_eq!(hot, [[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]]);
        assert_eq!(one_hot(&[2, 2], 3, &[0, 1], &[0], 30), Vec::<Vec<f64>>::new());
    }

    #[test]
    fn dense_columns_have_mean_zero_and_unit_variance_where_they_are_fitted() {
        let columns =
            [Column::Numbers(vec![1.0, 2.0, 4.0, 9.0]), Column::Levels { codes: vec![1, 2, 1, 1], n_codes: 3 }];
        let [fitted, tried] = dense(&columns, &[0, 1, 2], &[3]);
        assert_eq!((fitted.dim(), tried.dim()), ((3, 2), (1, 2)));
        for column in fitted.columns() {
            assert!(column.sum().abs() < 1e-12 && (column.dot(&column) - 3.0).abs() < 1e-12);
        }
    }
}

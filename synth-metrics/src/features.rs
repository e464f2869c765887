//! Rows as classifiers take them, in two encodings.
//!
//! - **Ordinal**, for trees: a number is itself, NaN where it is missing; a level is its place among the levels of all
//!   tables, a missing one the first of them. Trees cut between values, so neither scale nor spacing matters.
//! - **Dense**, for linear models: a number is standardised by the real rows' mean and standard deviation, held within
//!   ±6, and 0 where it is missing, with a column that says so; a level is one column for each level but the commonest, the
//!   rarest of many together. Every column is then brought to mean 0 and standard deviation 1, and left out if it does not vary.
//!
//! No encoding looks at what is to be told apart or predicted. Left out on purpose: encodings of levels by the mean of a
//! target: on six tables, with trees of 31 leaves, they changed no AUC by more than .01.

use std::cmp::Reverse;

use ndarray::{Array2, Axis};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use synth_core::{Kind, Table};

use crate::columns::{JointLevels, joint_levels};
use crate::sampling::choose;

/// Columns of the dense encoding that stand for levels, over all columns; at least two each, at most [`MAX_ONE_HOT`].
const MAX_LEVEL_COLUMNS: usize = 1_000;
const MAX_ONE_HOT: usize = 50;
/// In standard deviations: what is farther out is no farther for a linear model.
const CLIP: f64 = 6.0;

/// A column of all tables together, one table's rows after the other's.
pub(crate) enum Column {
    Numbers(Vec<f64>),
    Levels { codes: Vec<u32>, n_codes: usize },
}

/// The columns `column_idxs` of `tables`. Kinds are told by the first table, whose rows come first.
pub(crate) fn columns(tables: &[&Table], column_idxs: &[usize]) -> Vec<Column> {
    let fields = &tables[0].schema().fields;
    let column = |&c: &usize| {
        if fields[c].kind.is_scale() {
            return Column::Numbers(tables.iter().flat_map(|t| t.numbers(c)).collect());
        }
        let JointLevels { codes, n_codes } = joint_levels(tables, c);
        Column::Levels { codes: codes.concat(), n_codes }
    };
    column_idxs.par_iter().map(column).collect()
}

/// Any column that says something of a row: all but identifiers and free text.
pub(crate) fn is_feature(kind: Kind) -> bool {
    !matches!(kind, Kind::Identifier | Kind::Text)
}

/// The ordinal encoding: column after column, all rows each.
pub(crate) fn ordinal(columns: &[Column]) -> Vec<Vec<f64>> {
    let encode = |column: &Column| match column {
        // One spelling for equal values: −0 + 0 = 0.
        Column::Numbers(x) => x.iter().map(|x| if x.is_nan() { f64::NAN } else { x + 0.0 }).collect(),
        Column::Levels { codes, .. } => codes.iter().copied().map(f64::from).collect(),
    };
    columns.iter().map(encode).collect()
}

/// The dense encoding, a row a row; the first `n_real` rows are the real ones.
pub(crate) fn dense(columns: &[Column], n_rows: usize, n_real: usize) -> Array2<f64> {
    let n_level_columns = columns.iter().filter(|c| matches!(c, Column::Levels { .. })).count();
    let most = (MAX_LEVEL_COLUMNS / n_level_columns.max(1)).clamp(2, MAX_ONE_HOT);
    let encoded: Vec<Vec<f64>> = columns
        .par_iter()
        .flat_map_iter(|column| match column {
            Column::Numbers(x) => standardised(x, n_real),
            Column::Levels { codes, n_codes } => one_hot(codes, *n_codes, most),
        })
        .filter_map(unit)
        .collect();
    let mut x = Array2::zeros((n_rows, encoded.len())); // (N, p)
    for (mut column, values) in x.axis_iter_mut(Axis(1)).zip(&encoded) {
        column.iter_mut().zip(values).for_each(|(cell, value)| *cell = *value);
    }
    x
}

fn standardised(x: &[f64], n_real: usize) -> Vec<Vec<f64>> {
    let real: Vec<f64> = x[..n_real].iter().copied().filter(|x| !x.is_nan()).collect();
    let (mean, sd) = mean_and_sd(&real);
    let place = |x: f64| {
        if x.is_nan() || mean.is_nan() {
            0.0
        } else if sd == 0.0 {
            f64::from(i8::from(x > mean) - i8::from(x < mean))
        } else {
            match (x - mean) / sd {
                z if z.is_nan() => 0.0, // a scale past what a float can hold
                z => z.clamp(-CLIP, CLIP),
            }
        }
    };
    let mut columns = vec![x.iter().map(|&x| place(x)).collect()];
    if x.iter().any(|x| x.is_nan()) {
        columns.push(x.iter().map(|x| f64::from(u8::from(x.is_nan()))).collect());
    }
    columns
}

fn one_hot(codes: &[u32], n_codes: usize, most: usize) -> Vec<Vec<f64>> {
    let mut counts = vec![0u32; n_codes];
    codes.iter().for_each(|&code| counts[code as usize] += 1);
    let mut kept: Vec<usize> = (0..n_codes).filter(|&code| counts[code] > 0).collect();
    kept.sort_by_key(|&code| Reverse(counts[code]));
    if kept.is_empty() {
        return Vec::new();
    }
    let commonest = kept.remove(0); // told by the absence of all others
    let is_cut = kept.len() > most;
    kept.truncate(most);
    let mut place = vec![most; n_codes]; // what is not kept stands together in the last column
    kept.iter().enumerate().for_each(|(i, &code)| place[code] = i);
    place[commonest] = most + 1;
    let n_columns = kept.len() + usize::from(is_cut);
    let column = |i: usize| codes.iter().map(|&code| f64::from(u8::from(place[code as usize] == i))).collect();
    (0..n_columns).map(column).collect()
}

/// The column with mean 0 and standard deviation 1; none if it does not vary.
fn unit(mut column: Vec<f64>) -> Option<Vec<f64>> {
    let (mean, sd) = mean_and_sd(&column);
    column.iter_mut().for_each(|x| *x = (*x - mean) / sd);
    (sd > 1e-9).then_some(column)
}

/// NaN without values.
pub(crate) fn mean_and_sd(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (mean, (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt())
}

/// The table, or a choice of `most` of its rows in their order.
pub(crate) fn thinned(table: &Table, most: usize, rng: &mut ChaCha8Rng) -> Table {
    if table.n_rows() <= most { table.clone() } else { table.take(&choose(table.n_rows(), most, rng)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAN: f64 = f64::NAN;

    #[test]
    fn numbers_are_standardised_by_the_real_rows() {
        // Real: mean 2, standard deviation 1.
        let columns = standardised(&[1.0, 3.0, NAN, 2.0, 900.0, NAN], 3);
        assert_eq!(columns[0], [-1.0, 1.0, 0.0, 0.0, 6.0, 0.0]);
        assert_eq!(columns[1], [0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn a_constant_tells_equal_from_different_and_nothing_says_nothing() {
        assert_eq!(standardised(&[7.0, 7.0, 7.0, 9.0, -1e300], 2), [vec![0.0, 0.0, 0.0, 1.0, -1.0]]);
        assert_eq!(standardised(&[NAN, NAN, 3.0], 2)[0], [0.0, 0.0, 0.0]); // the indicator tells
        assert!(standardised(&[1e300, -1e300, 0.0], 3)[0].iter().all(|z| z.is_finite()));
    }

    #[test]
    fn rare_levels_stand_together() {
        // The commonest level, 1, has no column; of the others, 3 has one of its own.
        let hot = one_hot(&[1, 1, 1, 3, 3, 2, 0], 4, 1);
        assert_eq!(hot, [[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]]);
        assert_eq!(one_hot(&[2, 2], 3, 50), Vec::<Vec<f64>>::new());
    }

    #[test]
    fn dense_columns_have_mean_zero_and_unit_variance() {
        let columns =
            [Column::Numbers(vec![1.0, 2.0, 4.0, 9.0]), Column::Levels { codes: vec![1, 1, 1, 1], n_codes: 2 }];
        let x = dense(&columns, 4, 2);
        assert_eq!(x.ncols(), 1); // the constant is left out
        assert!(x.sum().abs() < 1e-12 && ((&x * &x).sum() - 4.0).abs() < 1e-12);
    }
}

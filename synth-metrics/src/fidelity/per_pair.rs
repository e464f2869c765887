//! Measures that are a mean over pairs of columns: do the synthetic columns hang together as the real ones do?
//!
//! For every pair something is taken in the train and in the synthetic table, and the absolute difference of the two is averaged
//! over the pairs. All that do so follow two rules:
//!
//! - a pair without an association in the *train* table (one of the columns is constant) is left out;
//! - a pair without one in the *synthetic* table counts with 0 there: a generator cannot escape by going constant.
//!
//! Left out on purpose: dependence of three and more columns, p-values.

use rayon::prelude::*;

use crate::comparison::Comparison;
use crate::definition::Definition;
use crate::estimate::{ColumnValue, Estimate, Measure, Outcome};

/// The mean of `pair` over the pairs that have a value, and for each column over the pairs it is in.
pub(crate) fn mean_over_pairs(
    comparison: &Comparison,
    definition: &Definition,
    columns: &[usize],
    reason_if_none: &str,
    pair: impl Fn(usize, usize) -> Option<f64> + Sync,
) -> Measure {
    let p = columns.len();
    // Rows of the triangle run in parallel; they are added up in their order, whatever thread was first.
    let triangle: Vec<Vec<Option<f64>>> =
        (0..p).into_par_iter().map(|i| (i + 1..p).map(|j| pair(i, j)).collect()).collect();
    let mut per_column = vec![(0.0, 0u32); p];
    let (mut total, mut n_pairs) = (0.0, 0u32);
    for (i, row) in triangle.iter().enumerate() {
        for (delta, j) in row.iter().zip(i + 1..) {
            let Some(delta) = *delta else { continue };
            total += delta;
            n_pairs += 1;
            for column in [i, j] {
                per_column[column].0 += delta;
                per_column[column].1 += 1;
            }
        }
    }
    let outcome = match n_pairs {
        0 => Outcome::NotMeasured(reason_if_none.to_owned()),
        _ => Outcome::Measured(Estimate::exact(total / f64::from(n_pairs))),
    };
    let in_pairs = columns.iter().zip(per_column).filter(|(_, (_, n))| *n > 0);
    let columns = in_pairs.map(|(&column_idx, (sum, n))| ColumnValue {
        column: comparison.name(column_idx).to_owned(),
        value: sum / f64::from(n),
    });
    Measure { id: definition.id.to_owned(), outcome, columns: columns.collect() }
}

//! How strongly columns hang together, pair by pair, in both tables.
//!
//! The strengths are those of [`assoc_delta`](crate::assoc_delta): |r| for two columns on a scale, the correlation ratio for
//! one of them and one of levels, Cramér's V for two of levels. A table may have more columns than a person can look at: beyond
//! [`MAX_COLUMNS`], those are taken whose associations differ most in the mean, in the table's order.

use rayon::prelude::*;
use synth_core::Kind;

use super::both::Both;
use crate::comparison::Comparison;
use crate::fidelity::association::{Strengths, assoc_delta_of};
use crate::pearsons::Pearsons;

/// The most columns in a map.
pub const MAX_COLUMNS: usize = 40;

/// The associations of some columns, each with each.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Associations {
    /// The names of the columns.
    pub names: Vec<String>,
    /// How many columns could have been taken.
    pub n_columns: usize,
    /// For each column its pairs with all that come after it.
    pub triangle: Vec<Vec<Pair>>,
}

/// The association of two columns: in the training and in the synthetic table, in [0, 1]. `None` where a column is constant
/// there.
pub type Pair = Both<Option<f64>>;

impl Associations {
    /// The pair of the columns at `i` and `j`, in any order; `None` for a column with itself.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn pair(&self, i: usize, j: usize) -> Option<Pair> {
        (i != j).then(|| self.triangle[i.min(j)][i.max(j) - i.min(j) - 1])
    }

    /// Synthetic less real; an association that the synthetic table has not counts as 0 there, as in the measure. `None` if
    /// the training table has none.
    pub fn difference(pair: Pair) -> Option<f64> {
        Some(pair.synthetic.unwrap_or(0.0) - pair.train?)
    }
}

/// `None` if fewer than two learnt columns vary together in the training table.
pub(super) fn associations(comparison: &Comparison) -> Option<Associations> {
    let pearsons = Pearsons::new(comparison);
    let fields = &comparison.train().schema().fields;
    let of_columns = assoc_delta_of(comparison, &pearsons).columns;
    let value = |c: &usize| {
        let of_column = of_columns.iter().find(|column| column.column == fields[*c].name);
        of_column.map_or(-1.0, |column| column.value)
    };
    let mut columns: Vec<usize> = comparison.columns(Kind::is_learnt);
    columns.retain(|c| value(c) >= 0.0);
    let n_columns = columns.len();
    columns.sort_by(|a, b| value(b).total_cmp(&value(a)));
    columns.truncate(MAX_COLUMNS);
    columns.sort_unstable();
    if columns.len() < 2 {
        return None;
    }
    let strengths = Strengths::new(comparison, columns.clone(), &pearsons);
    let row = |i: usize| (i + 1..columns.len()).map(|j| strengths.of(i, j).into()).collect();
    Some(Associations {
        names: columns.iter().map(|&c| fields[c].name.clone()).collect(),
        n_columns,
        triangle: (0..columns.len()).into_par_iter().map(row).collect(),
    })
}

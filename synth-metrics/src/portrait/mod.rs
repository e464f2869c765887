//! A portrait of two tables: what a person looks at before signing, and nothing that one row could be known by.
//!
//! A measure says how far the synthetic table is from the real one; a portrait shows where. It has the
//! [distribution](mod@column) of each column in both tables, the [associations] between columns, and a [projection] of the
//! rows on a plane. It is made of shares and strengths, never of rows.
//!
//! **What is masked.** No part of it stands for fewer than `k` units (people, or rows where nobody has two), so that where units
//! have several rows, the `k` of the following is so many rows as no `k` - 1 units have. No part stands for fewer than `k` real rows: levels that fewer have are pooled, neighbouring
//! bins are merged, cells of the plane are cut no smaller, and a count of missing cells below `k` is not told. Ends of bins
//! are round numbers between the `k`-th smallest and the `k`-th largest value, so that no extreme shows. As the parts
//! are chosen by the real rows alone, a synthetic table that is a copy shows nothing more. The customary `k` is
//! [`DEFAULT_K`](synth_core::protect::DEFAULT_K).
//!
//! Left out on purpose: the rows of either table, also as points of a scatter plot; ranges, minima and maxima; names of
//! levels that only the synthetic table has.

pub mod associations;
mod both;
pub mod column;
pub mod projection;

use synth_core::table::Units;

use crate::comparison::Comparison;

pub use associations::{Associations, Pair};
pub use both::Both;
pub use column::{ColumnPortrait, Distance, Shape};
pub use projection::{Cell, Projection};

/// The portrait of two tables.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Portrait {
    /// The least number of real rows that any part stands for.
    pub k: usize,
    /// One entry a column, in the table's order.
    pub columns: Vec<ColumnPortrait>,
    /// The associations of pairs; `None` if fewer than two columns vary.
    pub associations: Option<Associations>,
    /// The rows on a plane; `None` if too few columns vary, or there are fewer than `2 k` rows.
    pub projection: Option<Projection>,
}

/// The portrait of the training table beside the synthetic one; a holdout is not looked at.
///
/// `k` is the least number of units that a part may stand for; 0 counts as 1. The same tables give the same portrait, bit
/// for bit, with any number of threads. Nothing fails: a column of which nothing may be shown says why.
pub fn portrait(comparison: &Comparison, k: usize) -> Portrait {
    // So many rows are those of k people, whoever they are.
    let k = Units::of(comparison.train()).rows_of_at_least(k.max(1));
    Portrait {
        k,
        columns: column::columns(comparison, k),
        associations: associations::associations(comparison),
        projection: projection::projection(comparison, k),
    }
}

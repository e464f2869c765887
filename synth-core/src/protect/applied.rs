//! What was done to a column, told without any of its values.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::table::Units;

/// The protection applied to one column, without any of its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applied {
    /// The column's name.
    pub column: String,
    /// [`Protection::id`](crate::schema::Protection::id), or `text` and `identifier` for what the column's kind does.
    pub rule: String,
    /// What was done, in words.
    pub what: String,
    /// The cells that are not what they were.
    pub cells: Count,
    /// Levels that were merged with others; where levels were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levels: Option<usize>,
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {} ({}", self.column, self.what, self.cells.in_cells())?;
        if let Some(levels) = self.levels.filter(|&levels| levels > 0) {
            write!(f, ", {levels} levels")?;
        }
        write!(f, ")")
    }
}

/// A number of cells, masked where they belong to few people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// So many; none, or at least as many as may be told.
    Exactly(usize),
    /// At least one and fewer than this.
    FewerThan(usize),
    /// At least one, of fewer units than this, some of which have several.
    OfFewUnits(usize),
}

impl Count {
    /// `n`, or that it is below `k`.
    pub fn masked(n: usize, k: usize) -> Self {
        if n == 0 || n >= k { Count::Exactly(n) } else { Count::FewerThan(k) }
    }

    /// The cells in the given rows, each once, or that they are those of fewer than `k` units; where these have several rows,
    /// that is said of the units and not of the cells.
    pub fn of_cells(rows: &[usize], units: &Units, k: usize) -> Self {
        match rows.len() {
            n if n < k || units.are_rows() => Self::masked(n, k),
            _ if units.n_units_among(rows.iter().copied()) < k => Count::OfFewUnits(k),
            n => Count::Exactly(n),
        }
    }

    /// In words: `23 cells`, `fewer than 11 cells`, `cells of fewer than 11 units`.
    pub fn in_cells(self) -> String {
        match self {
            Count::OfFewUnits(_) => format!("cells {self}"),
            _ => format!("{self} cells"),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Count::Exactly(n) => write!(f, "{n}"),
            Count::FewerThan(k) => write!(f, "fewer than {k}"),
            Count::OfFewUnits(k) => write!(f, "of fewer than {k} units"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_counts_are_masked() {
        assert_eq!(
            [0, 1, 10, 11].map(|n| Count::masked(n, 11).to_string()),
            ["0", "fewer than 11", "fewer than 11", "11"]
        );
    }

    #[test]
    fn many_cells_of_few_people_are_masked_too() {
        let owners = |n: usize| Units::rows(n).take(&(0..40).map(|row| row % n).collect::<Vec<_>>());
        let rows: Vec<usize> = (0..40).collect();
        let of = |rows: &[usize], n: usize| Count::of_cells(rows, &owners(n), 11).in_cells();
        assert_eq!(of(&rows, 5), "cells of fewer than 11 units");
        assert_eq!(of(&rows, 11), "40 cells");
        assert_eq!(of(&rows[..4], 11), "fewer than 11 cells");
    }
}

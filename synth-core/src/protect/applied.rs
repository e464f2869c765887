//! What was done to a column, told without any of its values.

use std::fmt;

use rand::Rng;
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
    pub levels: Option<Count>,
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {} ({}", self.column, self.what, self.cells.in_cells())?;
        if let Some(levels @ Count::About(_)) = self.levels {
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
    /// So many, give or take the smallest number that may be told: a count that one person more or less mostly leaves as it is.
    About(usize),
    /// Fewer than this, or none.
    FewerThan(usize),
    /// At least one, of fewer units than this, some of which have several.
    OfFewUnits(usize),
}

impl Count {
    /// `n`, or that it is below `k`.
    pub fn masked(n: usize, k: usize) -> Self {
        if n == 0 || n >= k { Count::Exactly(n) } else { Count::FewerThan(k) }
    }

    /// `n` as a multiple of `k`, upwards or downwards by chance: the nearer, the more likely. Exact counts of two tables that
    /// differ in one person tell which is which; even whether there is one at all.
    pub(super) fn blurred(n: usize, k: usize, rng: &mut impl Rng) -> Self {
        match (n + rng.gen_range(0..k)) / k {
            below if n < k || below == 0 => Count::FewerThan(k),
            times => Count::About(times * k),
        }
    }

    /// The cells in the given rows, each once, or that they are those of fewer than `k` units; where these have several rows,
    /// that is said of the units and not of the cells.
    pub(super) fn of_cells(rows: &[usize], units: &Units, k: usize) -> Self {
        match rows.len() {
            n if n < k || units.are_rows() => Self::masked(n, k),
            _ if units.n_units_among(rows.iter().copied()) < k => Count::OfFewUnits(k),
            n => Count::Exactly(n),
        }
    }

    /// The same, [blurred](Self::blurred).
    pub(super) fn blurred_cells(rows: &[usize], units: &Units, k: usize, rng: &mut impl Rng) -> Self {
        match Self::of_cells(rows, units, k) {
            few @ Count::OfFewUnits(_) => few,
            _ => Self::blurred(rows.len(), k, rng),
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
            Count::About(n) => write!(f, "about {n}"),
            Count::FewerThan(k) => write!(f, "fewer than {k}"),
            Count::OfFewUnits(k) => write!(f, "of fewer than {k} units"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Secret;
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
        let mut rng = Secret::from_seed(0).stream(&[]);
        let mut of = |rows: &[usize], n: usize| Count::blurred_cells(rows, &owners(n), 10, &mut rng).in_cells();
        assert_eq!(of(&rows, 5), "cells of fewer than 10 units");
        assert_eq!(of(&rows, 10), "about 40 cells");
        assert_eq!(of(&rows[..4], 10), "fewer than 10 cells");
        assert_eq!(of(&[], 10), "fewer than 10 cells");
    }

    #[test]
    fn one_cell_more_seldom_changes_a_count_and_never_whether_there_is_one() {
        let told = |n: usize, seed| Count::blurred(n, 11, &mut Secret::from_seed(seed).stream(&[]));
        assert!((0..100).all(|seed| told(0, seed) == told(1, seed)));
        let changed = (0..2000).filter(|&seed| told(60, seed) != told(61, seed)).count();
        assert!((100..280).contains(&changed), "one in eleven: {changed}");
        let mean = (0..2000).map(|seed| match told(60, seed) {
            Count::About(n) => n as f64 / 2000.0,
            other => panic!("{other:?}"),
        });
        assert!((mean.sum::<f64>() - 60.0).abs() < 0.5);
    }
}

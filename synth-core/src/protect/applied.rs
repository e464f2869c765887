//! What was done to a column, told without any of its values.

use std::fmt;

use serde::{Deserialize, Serialize};

#[cfg(feature = "diffusion")]
use crate::error::{BadInput, InputRule, Result};
#[cfg(feature = "diffusion")]
use crate::schema::{Field, Protection, Schema};

/// What was done to one column, without any of its values.
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
        write!(f, "`{}`: {} ({} cells", self.column, self.what, self.cells)?;
        if let Some(levels) = self.levels.filter(|&levels| levels > 0) {
            write!(f, ", {levels} levels")?;
        }
        write!(f, ")")
    }
}

/// A number of cells, not told exactly where it is small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// So many; none, or at least as many as may be told.
    Exactly(usize),
    /// At least one and fewer than this.
    FewerThan(usize),
}

impl Count {
    /// `n`, or that it is below `k`.
    pub fn masked(n: usize, k: usize) -> Self {
        if n == 0 || n >= k { Count::Exactly(n) } else { Count::FewerThan(k) }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Count::Exactly(n) => write!(f, "{n}"),
            Count::FewerThan(k) => write!(f, "fewer than {k}"),
        }
    }
}

/// That nothing is left to be done to a table that a generator is to learn.
///
/// # Errors
/// [`InputRule::Schema`] if its schema declares a protection that was not applied.
#[cfg(feature = "diffusion")]
pub(crate) fn check_applied(schema: &Schema) -> Result<()> {
    let pending = |field: &&Field| field.protect.iter().any(Protection::is_pending);
    let Some(field) = schema.fields.iter().find(pending) else { return Ok(()) };
    let problem = "the schema declares a protection that was not applied to the table";
    Err(BadInput::new(InputRule::Schema, problem).in_column(&field.name).hint("`protect::apply` does").into())
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
}

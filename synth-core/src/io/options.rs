//! How a table is read.

use super::limits::Limits;
use crate::schema::Schema;

/// How a table is read.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Whether the first line of a text file holds the names.
    pub header: Header,
    /// What the columns are. `None`: inferred. With a schema nothing is inferred: columns are matched by name and put
    /// in the schema's order, and a cell that does not fit is an error. The table then has this schema, its
    /// [`Source`](crate::schema::Source) included.
    pub schema: Option<Schema>,
    /// What messages call the input. `None`: the path, or nothing.
    pub name: Option<String>,
    /// How large the input may be.
    pub limits: Limits,
}

/// Whether the first line of a text file holds the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Header {
    /// Judged by whether the first line looks like the others.
    #[default]
    Detect,
    /// It does.
    Yes,
    /// It does not: the columns are called `c1`, `c2`, …
    No,
}

impl ReadOptions {
    /// The names that a file should have by its schema.
    pub(super) fn known_names(&self) -> Option<Vec<String>> {
        Some(self.schema.as_ref()?.fields.iter().map(|field| field.name.clone()).collect())
    }
}

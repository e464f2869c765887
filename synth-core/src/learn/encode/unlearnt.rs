//! Columns that no generator learns: how they are written all the same.

use arrow::array::ArrayRef;
use serde::{Deserialize, Serialize};

use super::fakes::Fakes;
use crate::error::{BadInput, InputRule, Result};
use crate::identifier::IdentifierShape;
use crate::protect::Protection;
use crate::schema::{Field, Kind};
use crate::table::{Table, column_from_labels};

/// What is known of a column that is not learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Unlearnt {
    /// One value in every row.
    Constant { label: String },
    /// Made anew in the same shape.
    Identifier { shape: IdentifierShape },
    /// Invented.
    Fake { fakes: Fakes },
    /// Free text, or no value at all: emptied.
    Absent,
}

impl Unlearnt {
    /// What is known of a column whose kind is not learnt.
    ///
    /// # Errors
    /// [`InputRule::Schema`] if a column that is said to be constant or empty is not.
    ///
    /// # Panics
    /// If the column's kind is one that is learnt.
    pub(super) fn fit(table: &Table, field_idx: usize) -> Result<Self> {
        let (field, _) = table.column(field_idx);
        let contradicted = |what: &str| {
            BadInput::new(InputRule::Schema, format!("the column is declared {what}, but its values differ"))
                .in_column(&field.name)
                .hint("give it another `kind` in the schema")
        };
        Ok(match field.kind {
            Kind::Constant => {
                let labels = table.labels(field_idx);
                match labels.first() {
                    _ if labels.iter().any(|label| *label != labels[0]) => return Err(contradicted("constant").into()),
                    Some(Some(label)) => Unlearnt::Constant { label: label.clone() },
                    _ => Unlearnt::Absent,
                }
            }
            Kind::Empty if table.missing(field_idx).contains(&false) => return Err(contradicted("empty").into()),
            Kind::Identifier => Self::made_anew(table, field_idx),
            Kind::Text | Kind::Empty => Unlearnt::Absent,
            kind => panic!("a column of kind {kind:?} is learnt"),
        })
    }

    /// Takes the identifiers of `table` for real ones too: none of them is made again.
    pub(super) fn take_identifiers_of(&mut self, table: &Table, field_idx: usize) {
        if matches!(self, Unlearnt::Identifier { .. } | Unlearnt::Fake { .. }) {
            *self = Self::made_anew(table, field_idx);
        }
    }

    /// Identifiers: invented where the field says so, else of the same shape.
    fn made_anew(table: &Table, field_idx: usize) -> Self {
        let (field, _) = table.column(field_idx);
        let what = field.protect.iter().find_map(|protection| match protection {
            Protection::Fake { what } => Some(*what),
            _ => None,
        });
        match what {
            Some(what) => Unlearnt::Fake { fakes: Fakes::fit(what, &table.labels(field_idx)) },
            None => Unlearnt::Identifier { shape: IdentifierShape::of(table, field_idx) },
        }
    }

    /// Whether cells of `field` can be written from it.
    pub(super) fn is_sound(&self, field: &Field) -> bool {
        match self {
            Unlearnt::Constant { .. } => field.kind == Kind::Constant,
            Unlearnt::Identifier { .. } => field.kind == Kind::Identifier,
            Unlearnt::Fake { fakes } => field.kind == Kind::Identifier && fakes.is_sound(),
            Unlearnt::Absent => true,
        }
    }

    /// The column for `n_rows` rows from `first_row` on. Identifiers depend on the row's number and `seed` alone.
    pub(super) fn decode(&self, field: &Field, first_row: u64, n_rows: usize, seed: u64) -> ArrayRef {
        match self {
            Unlearnt::Constant { label } => {
                column_from_labels(field, std::iter::repeat_n(Some(label.as_str()), n_rows))
            }
            Unlearnt::Identifier { shape } => {
                let made: Vec<String> = (first_row..).take(n_rows).map(|row| shape.generate(row, seed)).collect();
                column_from_labels(field, made.iter().map(|id| Some(id.as_str())))
            }
            Unlearnt::Fake { fakes } => {
                let made = (first_row..).take(n_rows).map(|row| fakes.generate(&field.name, row, seed));
                let made: Vec<Option<String>> = made.collect();
                column_from_labels(field, made.iter().map(Option::as_deref))
            }
            Unlearnt::Absent => column_from_labels(field, std::iter::repeat_n(None, n_rows)),
        }
    }
}

//! What is done to a table before anything is learnt from it, so that no generator can give back what it never saw.
//!
//! A [`Protection`] is declared for a column in its [`Field::protect`](crate::schema::Field::protect) and applied once,
//! by [`apply`], to the whole table: before it is split and before a schema or a distribution is taken from it. The
//! protected table has a schema of its own, in which nothing is left to be done.
//!
//! Two protections are older than this module and stay where they were, in the column's [`Kind`]: a column of kind
//! [`Identifier`](Kind::Identifier) is made anew in the same shape, one of kind [`Text`](Kind::Text) is written as
//! missing.
//!
//! Rarity is counted by rows. The customary smallest cell, 11, is that of the cell-size policy of the US Centers for
//! Medicare & Medicaid Services; 1/11 is the 9 % re-identification risk of EMA Policy 0070 and Health Canada's PRCI.
//!
//! Left out on purpose: noise added to values (it protects nobody without an accountant), and combinations of columns:
//! each is protected by itself, and what several tell together is measured on the synthetic table.

mod applied;
mod cap;
mod dates;
mod merge;
mod protection;
mod zip;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};

use crate::error::{BadInput, Result, Rule};
use crate::schema::{Field, Kind, Schema};
use crate::table::{Table, column_from_labels};

pub use applied::{Applied, Count};
pub(crate) use protection::check;
#[cfg(feature = "diffusion")]
pub(crate) use protection::check_applied;
pub use protection::{FakeKind, Period, Protection};
pub use zip::{RESTRICTED_ZIP_PREFIXES, ZIP_PREFIX_SOURCE};

/// The smallest number of rows that a level or a tail may stand for where nothing else is said; counts of fewer cells
/// are not written down.
pub const DEFAULT_K: usize = 11;

/// Does to `table` what its schema declares, and says what was done: an entry for each protection of each column, in
/// their order, and for each column that its kind protects.
///
/// The same table always comes out the same, and a protected table comes out as it went in. Columns on which nothing is
/// declared are shared with `table`.
///
/// # Errors
/// [`Rule::Schema`] if a protection does not fit its column, [`Rule::NothingToLearn`] if no column is left.
pub fn apply(table: &Table) -> Result<(Table, Vec<Applied>)> {
    let schema = table.schema();
    check(schema)?;
    let mut applied = Vec::new();
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for column_idx in 0..table.n_columns() {
        let (field, array) = table.column(column_idx);
        let Some(column) = Column { field: field.clone(), array: Arc::clone(array) }.protected(table, &mut applied)
        else {
            continue;
        };
        fields.push(column.field);
        columns.push(column.array);
    }
    if fields.is_empty() {
        return Err(BadInput::new(Rule::NothingToLearn, "every column is to be left out").into());
    }
    let schema = Schema { fields, ..(**schema).clone() };
    // What is left out or changed can no longer be kept.
    for constraint in &schema.constraints {
        constraint.check(&schema).map_err(|bad| {
            bad.hint("a protection leaves the column out or changes it: take the constraint or the protection away")
        })?;
    }
    Ok((Table::new(Arc::new(schema), columns)?, applied))
}

/// A column on its way.
struct Column {
    field: Field,
    array: ArrayRef,
}

/// What a protection did to a column.
struct Change {
    column: Column,
    n_cells: usize,
    levels: Option<usize>,
}

impl Column {
    /// The column after all of its protections; `None` if it is left out.
    fn protected(mut self, table: &Table, applied: &mut Vec<Applied>) -> Option<Self> {
        let name = self.field.name.clone();
        let n_present = self.array.len() - self.array.null_count();
        let mut note = |rule: &str, what: String, n_cells: usize, k: usize, levels: Option<usize>| {
            let cells = Count::masked(n_cells, k);
            applied.push(Applied { column: name.clone(), rule: rule.to_owned(), what, cells, levels });
        };
        for protection in std::mem::take(&mut self.field.protect) {
            let what = protection.to_string();
            let change = match &protection {
                Protection::Keep {} => {
                    note(protection.id(), what, 0, DEFAULT_K, None);
                    continue;
                }
                Protection::Remove {} => {
                    note(protection.id(), what, n_present, DEFAULT_K, None);
                    return None;
                }
                Protection::Fake { .. } => {
                    note(protection.id(), what, n_present, DEFAULT_K, None);
                    self.field.protect.push(protection);
                    continue;
                }
                Protection::MergeRare { k } => merge::apply(self, *k),
                Protection::CapExtremes { k } => cap::extremes(self, *k),
                Protection::TopCode { above, to } => cap::coded(self, |x| x > *above, *to),
                Protection::BottomCode { below, to } => cap::coded(self, |x| x < *below, *to),
                Protection::Coarsen { to } => dates::coarsen(self, *to),
                Protection::ShiftDates { subject, max_days } => {
                    dates::shift(self, table, subject.as_deref(), *max_days)
                }
                Protection::ZipPrefix {} => zip::apply(self),
            };
            let k = match protection {
                Protection::MergeRare { k } | Protection::CapExtremes { k } => k,
                _ => DEFAULT_K,
            };
            note(protection.id(), what, change.n_cells, k, change.levels);
            self = change.column;
        }
        match self.field.kind {
            Kind::Text => {
                note("text", "free text, written as missing".to_owned(), n_present, DEFAULT_K, None);
                self.array = column_from_labels(&self.field, std::iter::repeat_n(None, self.array.len()));
            }
            Kind::Identifier if self.field.protect.is_empty() => {
                note("identifier", "made anew in the same shape".to_owned(), n_present, DEFAULT_K, None);
            }
            _ => {}
        }
        Some(self)
    }

    /// The column as a table, to be seen as numbers or levels.
    fn as_table(&self) -> Table {
        let schema = Schema {
            version: crate::schema::SCHEMA_VERSION,
            source: crate::schema::Source::default(),
            fields: vec![self.field.clone()],
            constraints: Vec::new(),
        };
        Table::new(Arc::new(schema), vec![Arc::clone(&self.array)]).expect("the array was made for the field")
    }

    /// A column all of whose rows are one value has the kind that says so, where it can.
    fn settled(mut self) -> Self {
        if self.array.null_count() == 0 && !self.array.is_empty() && self.field.kind != Kind::Datetime {
            let labels = self.as_table().labels(0);
            if labels.iter().all(|label| *label == labels[0]) {
                self.field.kind = Kind::Constant;
            }
        }
        self
    }
}

#[cfg(test)]
mod testing {
    use super::*;
    use crate::schema::{Source, Storage};

    /// A table of the given columns.
    pub(super) fn table(columns: Vec<(Field, ArrayRef)>) -> Table {
        let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
        let schema = Schema {
            version: crate::schema::SCHEMA_VERSION,
            source: Source::default(),
            fields,
            constraints: Vec::new(),
        };
        Table::new(Arc::new(schema), columns).unwrap()
    }

    /// A column of text, one cell each.
    pub(super) fn words(name: &str, kind: Kind, cells: &[Option<&str>], protect: Vec<Protection>) -> (Field, ArrayRef) {
        let field = Field { protect, ..Field::new(name, kind, Storage::Text) };
        let array = column_from_labels(&field, cells.iter().copied());
        (field, array)
    }

    /// A column of numbers, NaN where missing.
    pub(super) fn numbers(name: &str, kind: Kind, cells: &[f64], protect: Vec<Protection>) -> (Field, ArrayRef) {
        let storage = match kind {
            Kind::Datetime => Storage::Timestamp,
            Kind::Continuous => Storage::Float,
            _ => Storage::Integer,
        };
        let field = Field { protect, ..Field::new(name, kind, storage) };
        let array = crate::table::column_from_numbers(&field, cells);
        (field, array)
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{numbers, table, words};
    use super::*;

    #[test]
    fn text_is_emptied_identifiers_are_told_and_a_second_time_changes_nothing() {
        let cells = [Some("a"), None, Some("b")];
        let input = table(vec![
            words("note", Kind::Text, &cells, vec![]),
            words("id", Kind::Identifier, &cells, vec![]),
            words("name", Kind::Identifier, &cells, vec![Protection::Fake { what: FakeKind::Name }]),
            words("gone", Kind::Categorical, &cells, vec![Protection::Remove {}]),
            numbers("x", Kind::Integer, &[1.0, 2.0, 3.0], vec![]),
        ]);
        let (output, applied) = apply(&input).unwrap();
        let names: Vec<&str> = output.schema().fields.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["note", "id", "name", "x"]);
        assert_eq!(output.labels(0), [None, None, None]);
        assert_eq!(output.labels(1), input.labels(1));
        let rules: Vec<&str> = applied.iter().map(|a| a.rule.as_str()).collect();
        assert_eq!(rules, ["text", "identifier", "fake", "remove"]);
        assert!(applied.iter().all(|a| a.cells == Count::FewerThan(11)), "{applied:?}");
        assert_eq!(applied[2].to_string(), "`name`: replaced by invented names (fewer than 11 cells)");
        let (again, _) = apply(&output).unwrap();
        assert_eq!((again.schema(), again.batch()), (output.schema(), output.batch()));
    }

    #[test]
    fn a_table_without_columns_is_refused() {
        let input = table(vec![words("a", Kind::Categorical, &[Some("x")], vec![Protection::Remove {}])]);
        assert!(apply(&input).unwrap_err().to_string().contains("nothing-to-learn"));
    }
}

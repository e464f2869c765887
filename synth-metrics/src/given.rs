//! The table as it was given beside the synthetic one: the same columns by name, in one storage each, so that every measure of
//! two tables can be taken of them.
//!
//! A column that is not there, or is stored as something else, has no value on the synthetic side, which all measures count at
//! their worst. Two changes of storage are none of what a column says: a number that was pooled into words keeps its other levels, and
//! a date that was cut to its year lies in the middle of that year. Identifiers, regenerated or faked, are left out: they
//! are meant to be new.

use std::sync::Arc;

use synth_core::protect::{Period, Protection};
use synth_core::schema::Storage;
use synth_core::table::{Units, column_from_labels, column_from_numbers};
use synth_core::{Field, Kind, Schema, Table};

use crate::comparison::{Comparison, Tables};

/// Why a measure against the table as given has no value.
pub(crate) const NO_GIVEN: &str = "the table as it was given is not known";

/// The two tables under one schema.
pub(crate) struct Aligned {
    /// The rows as given. Free text is a column of levels here: emptied, it is as lost as any other.
    pub(crate) given: Table,
    /// The synthetic rows.
    pub(crate) synthetic: Table,
}

impl Aligned {
    /// `None` where no table as given is known, or it has nothing but identifiers.
    pub(crate) fn of(comparison: &Comparison) -> Option<Self> {
        let (given, synthetic) = (comparison.given()?, comparison.synthetic());
        let (mut fields, mut own, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (column_idx, field) in given.schema().fields.iter().enumerate() {
            if field.kind == Kind::Identifier {
                continue;
            }
            let kind = if field.kind == Kind::Text { Kind::Categorical } else { field.kind };
            let mut plain = Field { kind, protect: Vec::new(), ..field.clone() };
            let there = synthetic.schema().index_of(&field.name);
            let is_pooled = |at: usize| {
                kind.is_levels() && field.storage.is_number() && synthetic.column(at).0.storage == Storage::Text
            };
            let array = match there {
                Some(at) if is_pooled(at) => {
                    (plain.storage, plain.number, plain.arrow) = (Storage::Text, None, None);
                    let labels = given.labels(column_idx);
                    own.push(column_from_labels(&plain, labels.iter().map(Option::as_deref)));
                    let labels: Vec<Option<String>> = synthetic.labels(at).into_iter().map(as_number).collect();
                    column_from_labels(&plain, labels.iter().map(Option::as_deref))
                }
                _ => {
                    own.push(finite(given, column_idx));
                    match there.map(|at| (at, synthetic.column(at).0.storage)) {
                        Some((at, storage)) if storage == field.storage => finite(synthetic, at),
                        Some((at, Storage::Integer)) if is_cut_to_years(field) => {
                            let years = synthetic.numbers(at).into_iter().map(middle_of);
                            column_from_numbers(&plain, &years.collect::<Vec<_>>())
                        }
                        _ => column_from_labels(&plain, std::iter::repeat_n(None, synthetic.n_rows())),
                    }
                }
            };
            fields.push(plain);
            others.push(array);
        }
        if fields.is_empty() {
            return None;
        }
        let schema = Arc::new(Schema::new(fields));
        let table = |columns| Table::new(Arc::clone(&schema), columns).expect("the columns were made for the fields");
        let units = Units::of(comparison.train());
        Some(Self { given: table(own).with_units(units), synthetic: table(others) })
    }

    /// The two as a comparison, the rows as given in the place of the training rows. `None` if there are too few rows.
    pub(crate) fn compare(&self) -> Option<Comparison<'_>> {
        Tables { train: &self.given, synthetic: &self.synthetic, holdout: None }.compare().ok()
    }
}

/// The column without infinite numbers.
fn finite(table: &Table, column_idx: usize) -> synth_core::arrow::array::ArrayRef {
    let (field, array) = table.column(column_idx);
    if field.storage != Storage::Float {
        return Arc::clone(array);
    }
    let numbers = table.numbers(column_idx).into_iter();
    column_from_numbers(field, &numbers.map(|x| if x.is_finite() { x } else { f64::NAN }).collect::<Vec<_>>())
}

fn is_cut_to_years(field: &Field) -> bool {
    field.storage == Storage::Timestamp && field.protect.contains(&Protection::Coarsen { to: Period::Year })
}

/// About the first of July of a year, in seconds since 1970.
fn middle_of(year: f64) -> f64 {
    ((year - 1970.0) * 365.2425 + 181.0) * 86_400.0
}

/// A level that is a number, in the form in which a table of numbers spells it.
pub(crate) fn as_number(label: Option<String>) -> Option<String> {
    label.map(|label| label.parse::<f64>().map_or(label, |x| x.to_string()))
}

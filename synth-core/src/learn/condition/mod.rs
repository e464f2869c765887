//! What may be demanded of sampled rows: levels, sets and ranges of columns.

mod parse;

pub use parse::ParseConditionError;

use crate::error::{BadInput, InputRule, Result};
use crate::schema::{Field, Kind, Schema};
use crate::spelling::datetime::parse as parse_datetime;
use crate::table::Table;

/// A condition on one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The column's name.
    pub column: String,
    /// What is demanded of its cells.
    pub demand: Demand,
}

/// The demand on a cell. Values are written as in the table: words, numbers, dates.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Demand {
    /// One of these values.
    Among(Vec<String>),
    /// None of these values; missing is none of them.
    NotAmong(Vec<String>),
    /// At least this.
    AtLeast(String),
    /// More than this.
    MoreThan(String),
    /// At most this.
    AtMost(String),
    /// Less than this.
    LessThan(String),
}

impl Condition {
    /// Whether it can be asked of a column of numbers or dates under `schema`.
    ///
    /// # Errors
    /// [`InputRule::UnknownColumn`] if there is no such column, [`InputRule::UnknownLevel`] if a value is none of its kind.
    pub(crate) fn check(&self, schema: &Schema) -> Result<()> {
        let bad = |rule: InputRule, problem: &str| BadInput::new(rule, problem).in_column(&self.column);
        let Some(field_idx) = schema.index_of(&self.column) else {
            return Err(bad(InputRule::UnknownColumn, "the model has no such column").into());
        };
        let field = &schema.fields[field_idx];
        match self.demand.values().iter().all(|value| number_of(field, value).is_some()) {
            true => Ok(()),
            false => Err(bad(InputRule::UnknownLevel, "a value of the condition was not learnt").into()),
        }
    }

    /// Which rows of `table` meet it; a missing cell meets nothing.
    ///
    /// # Panics
    /// If there is no such column.
    pub(crate) fn met(&self, table: &Table) -> Vec<bool> {
        let column_idx = table.schema().index_of(&self.column).expect("the condition was checked");
        let field = table.column(column_idx).0;
        let (labels, numbers) = (table.labels(column_idx), table.numbers(column_idx));
        let values = self.demand.values();
        let bounds: Vec<Option<f64>> = values.iter().map(|value| number_of(field, value)).collect();
        let is_one = |row: usize| {
            let is = |(value, bound): (&String, &Option<f64>)| {
                labels[row].as_ref() == Some(value) || bound.is_some_and(|bound| numbers[row] == bound)
            };
            values.iter().zip(&bounds).any(is)
        };
        let bound = bounds.first().copied().flatten().unwrap_or(f64::NAN);
        let is_met = |row: usize| {
            labels[row].is_some()
                && match &self.demand {
                    Demand::Among(_) => is_one(row),
                    Demand::NotAmong(_) => !is_one(row),
                    Demand::AtLeast(_) => numbers[row] >= bound,
                    Demand::MoreThan(_) => numbers[row] > bound,
                    Demand::AtMost(_) => numbers[row] <= bound,
                    Demand::LessThan(_) => numbers[row] < bound,
                }
        };
        (0..table.n_rows()).map(is_met).collect()
    }
}

impl Demand {
    fn values(&self) -> &[String] {
        match self {
            Demand::Among(values) | Demand::NotAmong(values) => values,
            Demand::AtLeast(value) | Demand::MoreThan(value) | Demand::AtMost(value) | Demand::LessThan(value) => {
                std::slice::from_ref(value)
            }
        }
    }
}

/// A value as a number of the column, or as seconds since 1970.
pub(crate) fn number_of(field: &Field, text: &str) -> Option<f64> {
    match field.kind {
        Kind::Datetime => {
            let format = field.datetime.as_deref().unwrap_or("%Y-%m-%d");
            parse_datetime(text, format).map(|micros| micros as f64 / 1e6)
        }
        _ => text.trim().parse::<f64>().ok().filter(|x| x.is_finite()),
    }
}

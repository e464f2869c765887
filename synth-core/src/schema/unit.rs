//! Whose row a row is: the unit of splits, folds, intervals, attacks and small counts.
//!
//! A person may have many rows: visits, measurements, prescriptions. Whatever counts people counts units then, and no unit is
//! ever split: not by a holdout, a fold, a resample, or a count of how many share a value. Without a declaration the unit is
//! auto-detected: see [`Units`](crate::table::Units), which are the units of one table.
//!
//! Left for later: an order of a unit's rows, and whatever is learnt *between* the rows of a unit. Generators take rows as
//! independent, and each row that they draw is a unit of its own.

use std::collections::HashSet;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Field;
use crate::error::{BadInput, InputRule};

/// The word that says that each row is a unit of its own.
const ROW: &str = "row";
/// The word that says that equal rows are one unit.
const EQUAL_ROWS: &str = "equal-rows";

/// The unit of a table: which rows belong together.
///
/// In TOML `unit = "row"`, `unit = "equal-rows"`, `unit = "patient_id"` or `unit = ["site", "patient"]`; a column that is called `row`
/// is written `unit = ["row"]`. The columns may be of any kind, and may be removed by a protection: units are told before it.
///
/// ```
/// use synth_core::schema::Unit;
/// assert_eq!(Unit::of(["site", "patient"]).to_string(), "site, patient");
/// assert_eq!(Unit::Row.to_string(), "row");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Each row stands for itself.
    Row,
    /// Rows with the same values in all of these columns belong together. A row with a missing one stands for itself.
    Columns(Vec<String>),
    /// Rows that are equal in every column but identifiers belong together: a person's row that stands in the table several times, without
    /// a column that says so.
    EqualRows,
}

impl Unit {
    /// The unit identified by the given columns together.
    pub fn of<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Self {
        Self::Columns(columns.into_iter().map(Into::into).collect())
    }

    /// The columns that identify it; none if it is the row.
    pub fn columns(&self) -> &[String] {
        match self {
            Unit::Row | Unit::EqualRows => &[],
            Unit::Columns(columns) => columns,
        }
    }

    /// That there is a column at least, that all are there, and none is named twice.
    pub(super) fn check(&self, fields: &[Field]) -> Result<(), BadInput> {
        let Unit::Columns(columns) = self else { return Ok(()) };
        let bad = |problem: String| {
            let hint = "`unit` is \"row\", \"equal-rows\", a column, or a list of columns that together identify the unit of a row";
            Err(BadInput::new(InputRule::Schema, problem).hint(hint))
        };
        if columns.is_empty() {
            return bad("`unit` names no column".to_owned());
        }
        let mut seen = HashSet::new();
        for name in columns {
            if !fields.iter().any(|field| field.name == *name) {
                return bad(format!("`unit` names the column `{name}`, which does not exist"));
            }
            if !seen.insert(name) {
                return bad(format!("`unit` names the column `{name}` twice"));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Unit {
    /// `row`, `equal rows`, or the names of the columns with commas between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unit::Row => f.pad(ROW),
            Unit::EqualRows => f.pad("equal rows"),
            Unit::Columns(columns) => f.pad(&columns.join(", ")),
        }
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Unit::Row => serializer.serialize_str(ROW),
            Unit::EqualRows => serializer.serialize_str(EQUAL_ROWS),
            Unit::Columns(columns) => match columns.as_slice() {
                [column] if column != ROW && column != EQUAL_ROWS => serializer.serialize_str(column),
                columns => columns.serialize(serializer),
            },
        }
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            One(String),
            Several(Vec<String>),
        }
        match Form::deserialize(deserializer) {
            Ok(Form::One(word)) if word == ROW => Ok(Unit::Row),
            Ok(Form::One(word)) if word == EQUAL_ROWS => Ok(Unit::EqualRows),
            Ok(Form::One(column)) => Ok(Unit::of([column])),
            Ok(Form::Several(columns)) => Ok(Unit::Columns(columns)),
            Err(_) => {
                Err(D::Error::custom("`unit` is \"row\", \"equal-rows\", the name of a column, or a list of names"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Schema, Storage};
    use super::*;

    fn schema(unit: Option<Unit>) -> Schema {
        let field = |name| Field::new(name, Kind::Categorical, Storage::Text);
        Schema { unit, ..Schema::new(["row", "site", "patient"].map(field).to_vec()) }
    }

    #[test]
    fn each_form_survives_the_round_trip_through_toml() {
        let check = |unit: Option<Unit>, line: &str| {
            let schema = schema(unit);
            let text = schema.to_toml();
            let (before, _) = text.split_once("\n\n[source]").unwrap();
            assert_eq!(before.trim_start_matches("version = 1").trim(), line, "{text}");
            assert_eq!(Schema::from_toml(&text).unwrap(), schema, "{text}");
        };
        check(None, "");
        check(Some(Unit::Row), "unit = \"row\"");
        check(Some(Unit::EqualRows), "unit = \"equal-rows\"");
        check(Some(Unit::of(["patient"])), "unit = \"patient\"");
        check(Some(Unit::of(["row"])), "unit = [\"row\"]");
        check(Some(Unit::of(["site", "patient"])), "unit = [\n    \"site\",\n    \"patient\",\n]");
    }

    #[test]
    fn columns_that_are_not_there_or_there_twice_are_refused() {
        let check = |line: &str, expected: &str| {
            let text = format!("{line}\n{}", schema(None).to_toml());
            let message = Schema::from_toml(&text).unwrap_err().to_string();
            assert!(message.contains(expected) && message.contains("[schema]"), "{message}");
        };
        check("unit = \"person\"", "names the column `person`, which does not exist");
        check("unit = [\"site\", \"site\"]", "`site` twice");
        check("unit = []", "names no column");
        check("unit = 3", "the name of a column, or a list of names");
    }
}

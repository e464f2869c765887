//! Tests of one cell, as `implies` needs them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Field, Kind, Storage};
use crate::error::{BadInput, InputRule};
use crate::spelling::datetime;

/// A value in a constraint: a number, `true` or `false`, or text; dates are text in the column's own format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// A word, or a date.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Whole(x) => write!(f, "{x}"),
            Value::Number(x) => write!(f, "{x}"),
            Value::Flag(x) => write!(f, "{x}"),
            Value::Text(text) => write!(f, "`{text}`"),
        }
    }
}

impl From<f64> for Value {
    fn from(x: f64) -> Self {
        if x.fract() == 0.0 && x.abs() < 9.0e15 { Value::Whole(x as i64) } else { Value::Number(x) }
    }
}

impl Value {
    /// As [`Table::numbers`](crate::Table::numbers) gives the cells of `field`; `None` if it cannot be one of them.
    pub(crate) fn number(&self, field: &Field) -> Option<f64> {
        let text = match self {
            _ if field.storage == Storage::Text => return None,
            Value::Whole(x) if field.kind != Kind::Datetime => return Some(*x as f64),
            Value::Number(x) if field.kind != Kind::Datetime => return x.is_finite().then_some(*x),
            Value::Flag(x) => return (field.storage == Storage::Boolean).then_some(f64::from(*x)),
            Value::Text(text) => text,
            Value::Whole(_) | Value::Number(_) => return None,
        };
        match &field.datetime {
            Some(format) => datetime::parse(text, format).map(|micros| micros as f64 / 1e6),
            None => text.trim().parse().ok().filter(|x: &f64| x.is_finite()),
        }
    }

    /// As [`Table::labels`](crate::Table::labels) gives the cells of a column of text.
    pub(crate) fn label(&self) -> String {
        match self {
            Value::Text(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

/// A test of one column's cells. All its given parts must hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The column.
    pub column: String,
    /// The cell has this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<Value>,
    /// The cell has another value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_not: Option<Value>,
    /// The cell is larger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<Value>,
    /// The cell is smaller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<Value>,
    /// The cell is not smaller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Value>,
    /// The cell is not larger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Value>,
    /// The cell is missing, or is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<bool>,
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tests = [
            self.is.as_ref().map(|v| format!("is {v}")),
            self.is_not.as_ref().map(|v| format!("is not {v}")),
            self.above.as_ref().map(|v| format!("is more than {v}")),
            self.below.as_ref().map(|v| format!("is less than {v}")),
            self.at_least.as_ref().map(|v| format!("is at least {v}")),
            self.at_most.as_ref().map(|v| format!("is at most {v}")),
            self.missing.map(|missing| if missing { "is missing" } else { "is not missing" }.to_owned()),
        ];
        write!(f, "`{}` {}", self.column, tests.into_iter().flatten().collect::<Vec<_>>().join(" and "))
    }
}

impl When {
    /// An empty test of `column`.
    pub fn of(column: impl Into<String>) -> Self {
        Self { column: column.into(), ..Self::default() }
    }

    /// What is wrong with the test of a column like `field`.
    pub(super) fn check(&self, field: &Field) -> Result<(), BadInput> {
        let bad = |problem: &str, hint: &str| {
            Err(BadInput::new(InputRule::Schema, problem).in_column(&self.column).hint(hint))
        };
        let bounds = [&self.above, &self.below, &self.at_least, &self.at_most];
        let values = [&self.is, &self.is_not];
        if bounds.iter().chain(&values).all(|test| test.is_none()) && self.missing.is_none() {
            return bad(
                "a condition has no test",
                "give it `is`, `is_not`, `above`, `below`, `at_least`, `at_most` or `missing`",
            );
        }
        if bounds.iter().any(|bound| bound.is_some()) && field.storage == Storage::Text {
            return bad("only numbers and dates are above or below a value", "`is` and `is_not` test text");
        }
        let numbers = bounds.into_iter().chain(values.into_iter().filter(|_| field.storage != Storage::Text));
        if numbers.flatten().any(|value| value.number(field).is_none()) {
            return bad("a value of a test cannot be read as one of the column's", "dates are written as in the table");
        }
        Ok(())
    }
}

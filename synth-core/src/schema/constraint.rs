//! What the rows of a table always keep, as a person declares it: a table of its own in the schema's TOML.
//!
//! ```toml
//! [[constraint]]
//! kind = "order"
//! lower = "admitted"
//! upper = "discharged"
//! strict = true
//!
//! [[constraint]]
//! kind = "implies"
//! if = { column = "claim", is = 1 }
//! then = { column = "cost", above = 0 }
//! ```

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Field, Storage, Value, When};
use crate::error::{BadInput, InputRule};

/// The fewest and the most columns of a constraint that takes a list of them.
const COLUMNS: std::ops::RangeInclusive<usize> = 2..=16;

/// A constraint that every row must satisfy, by the names of its columns.
#[expect(clippy::large_enum_variant, reason = "there are some dozens at a time")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Constraint {
    /// A number or date is not larger than another one.
    Order {
        /// The smaller column.
        lower: String,
        /// The larger column.
        upper: String,
        /// Whether they are never equal.
        #[serde(default, skip_serializing_if = "is_false")]
        strict: bool,
    },
    /// Numbers add up to another one, but for rounding.
    Sum {
        /// The sum.
        total: String,
        /// The summands, two or more.
        parts: Vec<String>,
    },
    /// Rows alike in one column are alike in another: a functional dependency, as a postcode fixes its region.
    Depends {
        /// The column that is known.
        on: String,
        /// The column that follows.
        column: String,
    },
    /// Columns take together only those values that [`DEFAULT_K`](super::DEFAULT_K) training rows or more take together.
    Combinations {
        /// Two columns or more.
        columns: Vec<String>,
    },
    /// A number or date has bounds, which belong to what is allowed.
    Range {
        /// The column.
        column: String,
        /// The least value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<Value>,
        /// The largest value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<Value>,
    },
    /// Where one test is passed, another is.
    Implies {
        /// The rows it speaks of.
        #[serde(rename = "if")]
        condition: When,
        /// What is true of them.
        then: When,
    },
    /// None of the columns is missing without the others.
    MissingTogether {
        /// Two columns or more.
        columns: Vec<String>,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Constraint {
    /// The columns it is about.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Constraint::Order { lower, upper, .. } => vec![lower, upper],
            Constraint::Sum { total, parts } => parts.iter().chain([total]).map(String::as_str).collect(),
            Constraint::Depends { on, column } => vec![on, column],
            Constraint::Combinations { columns } | Constraint::MissingTogether { columns } => {
                columns.iter().map(String::as_str).collect()
            }
            Constraint::Range { column, .. } => vec![column],
            Constraint::Implies { condition, then } => vec![&condition.column, &then.column],
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |columns: &[String], between: &str| {
            columns.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(between)
        };
        match self {
            Constraint::Order { lower, upper, strict: false } => write!(f, "`{lower}` is at most `{upper}`"),
            Constraint::Order { lower, upper, strict: true } => write!(f, "`{lower}` is less than `{upper}`"),
            Constraint::Sum { total, parts } => write!(f, "{} = `{total}`", names(parts, " + ")),
            Constraint::Depends { on, column } => write!(f, "`{on}` determines `{column}`"),
            Constraint::Combinations { columns } => {
                write!(f, "{} take only combinations that occur", names(columns, " and "))
            }
            Constraint::Range { column, min, max } => match (min, max) {
                (Some(min), Some(max)) => write!(f, "`{column}` is between {min} and {max}"),
                (Some(min), None) => write!(f, "`{column}` is at least {min}"),
                (None, Some(max)) => write!(f, "`{column}` is at most {max}"),
                (None, None) => write!(f, "`{column}` has any value"),
            },
            Constraint::Implies { condition, then } => write!(f, "where {condition}, {then}"),
            Constraint::MissingTogether { columns } => {
                write!(f, "{} are missing together", names(columns, " and "))
            }
        }
    }
}

impl Constraint {
    /// Checks that its columns are among `fields` and have a suitable kind.
    ///
    /// # Errors
    /// [`InputRule::UnknownColumn`] if there is no such column; [`InputRule::Schema`] if a column is not learnt or of another kind, if
    /// there are too few or too many, or one twice, or if a value cannot be read as one of its column's.
    pub fn check(&self, fields: &[Field]) -> Result<(), BadInput> {
        let mut seen = HashSet::new();
        for name in self.columns() {
            let field = field(fields, name)?;
            let tests_one = matches!(self, Constraint::Implies { .. });
            if !seen.insert(name) && !tests_one {
                return Err(bad(name, "a constraint names the column twice", "name each column once"));
            }
            if !field.kind.is_learnt() {
                let hint = "identifiers, free text, constants and empty columns cannot have constraints";
                return Err(bad(name, "a constraint needs a column that is learnt", hint));
            }
        }
        match self {
            Constraint::Order { lower, upper, .. } => {
                let (low, high) = (number(fields, lower)?, number(fields, upper)?);
                if (low.storage == Storage::Timestamp) != (high.storage == Storage::Timestamp) {
                    return Err(bad(upper, "a date and a number have no order", "order two numbers or two dates"));
                }
                Ok(())
            }
            Constraint::Sum { total, parts } => {
                many(total, parts)?;
                for name in self.columns() {
                    if !field(fields, name)?.storage.is_number() {
                        return Err(bad(name, "only numbers have a sum", "name columns of numbers"));
                    }
                }
                Ok(())
            }
            Constraint::Combinations { columns } | Constraint::MissingTogether { columns } => {
                many(columns.first().map_or("", String::as_str), columns)
            }
            Constraint::Depends { .. } => Ok(()),
            Constraint::Range { column, min, max } => {
                let field = number(fields, column)?;
                let read = |value: &Option<Value>| match value {
                    None => Ok(None),
                    Some(value) => match value.number(field) {
                        Some(x) => Ok(Some(x)),
                        None => {
                            let problem = "a bound cannot be read as one of the column's values";
                            Err(bad(column, problem, "dates are written as in the table"))
                        }
                    },
                };
                match (read(min)?, read(max)?) {
                    (None, None) => Err(bad(column, "a range has no bound", "give it `min`, `max` or both")),
                    (Some(min), Some(max)) if min > max => Err(bad(column, "`min` is larger than `max`", "swap them")),
                    _ => Ok(()),
                }
            }
            Constraint::Implies { condition, then } => {
                condition.check(field(fields, &condition.column)?)?;
                then.check(field(fields, &then.column)?)
            }
        }
    }
}

fn field<'a>(fields: &'a [Field], name: &str) -> Result<&'a Field, BadInput> {
    fields.iter().find(|field| field.name == name).ok_or_else(|| {
        BadInput::new(InputRule::UnknownColumn, "a constraint names a column that does not exist")
            .in_column(name)
            .hint("name one of the schema's fields")
    })
}

/// A field of numbers or dates.
fn number<'a>(fields: &'a [Field], name: &str) -> Result<&'a Field, BadInput> {
    let field = field(fields, name)?;
    if field.storage.is_number() || field.storage == Storage::Timestamp {
        Ok(field)
    } else {
        Err(bad(name, "only numbers and dates have an order", "name a column of numbers or dates"))
    }
}

fn many(column: &str, columns: &[String]) -> Result<(), BadInput> {
    if COLUMNS.contains(&columns.len()) {
        Ok(())
    } else {
        Err(bad(column, "a constraint has too few columns, or too many", "name 2 to 16 of them"))
    }
}

fn bad(column: &str, problem: &str, hint: &str) -> BadInput {
    BadInput::new(InputRule::Schema, problem).in_column(column).hint(hint)
}

/// Constraints as the tables of a schema's TOML.
///
/// ```
/// # use synth_core::schema::{Constraint, to_toml};
/// let rule = Constraint::Depends { on: "postcode".to_owned(), column: "region".to_owned() };
/// assert!(to_toml(&[rule]).starts_with("[[constraint]]\nkind = \"depends\"\n"));
/// ```
pub fn to_toml(constraints: &[Constraint]) -> String {
    #[derive(Serialize)]
    struct Tables<'a> {
        constraint: &'a [Constraint],
    }
    toml::to_string(&Tables { constraint: constraints }).expect("constraints have only string keys and plain values")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Kind, Schema};

    fn schema() -> Schema {
        let mut fields = vec![
            Field::new("a", Kind::Integer, Storage::Integer),
            Field::new("b", Kind::Continuous, Storage::Float),
            Field::new("word", Kind::Categorical, Storage::Text),
            Field::new("day", Kind::Datetime, Storage::Timestamp),
            Field::new("id", Kind::Identifier, Storage::Text),
        ];
        fields[3].datetime = Some("%Y-%m-%d".to_owned());
        Schema::new(fields)
    }

    fn order(lower: &str, upper: &str) -> Constraint {
        Constraint::Order { lower: lower.to_owned(), upper: upper.to_owned(), strict: false }
    }

    #[test]
    fn what_fits_the_schema_is_taken_and_survives_toml() {
        let implies = Constraint::Implies {
            condition: When { is: Some(Value::Text("x".to_owned())), ..When::of("word") },
            then: When {
                at_least: Some(Value::Text("2020-01-31".to_owned())),
                missing: Some(false),
                ..When::of("day")
            },
        };
        let all = vec![
            order("a", "b"),
            Constraint::Order { lower: "a".to_owned(), upper: "b".to_owned(), strict: true },
            Constraint::Depends { on: "word".to_owned(), column: "a".to_owned() },
            Constraint::Combinations { columns: vec!["word".to_owned(), "a".to_owned()] },
            Constraint::MissingTogether { columns: vec!["word".to_owned(), "a".to_owned()] },
            Constraint::Range { column: "b".to_owned(), min: Some(Value::Number(-0.5)), max: Some(Value::Whole(7)) },
            Constraint::Range { column: "day".to_owned(), min: Some(Value::Text("2020-01-31".to_owned())), max: None },
            implies,
        ];
        let schema = Schema { constraints: all, ..schema() };
        let text = schema.to_toml();
        assert_eq!(Schema::from_toml(&text).unwrap(), schema, "{text}");
    }

    #[test]
    fn what_does_not_fit_is_named_with_a_hint() {
        let range = |column: &str, min: Option<Value>, max: Option<Value>| Constraint::Range {
            column: column.to_owned(),
            min,
            max,
        };
        let implies =
            |then: When| Constraint::Implies { condition: When { is: Some(Value::Whole(1)), ..When::of("a") }, then };
        let check = |constraint: Constraint, rule: InputRule, column: &str| {
            let error = constraint.check(&schema().fields).unwrap_err();
            assert_eq!((error.rule, error.column.as_deref()), (rule, Some(column)), "{constraint}");
            assert!(!error.hint.is_empty(), "{constraint}");
        };
        check(order("a", "c"), InputRule::UnknownColumn, "c");
        check(order("a", "a"), InputRule::Schema, "a");
        check(order("a", "word"), InputRule::Schema, "word");
        check(order("a", "day"), InputRule::Schema, "day");
        check(Constraint::Depends { on: "id".to_owned(), column: "a".to_owned() }, InputRule::Schema, "id");
        check(Constraint::Sum { total: "a".to_owned(), parts: vec!["b".to_owned()] }, InputRule::Schema, "a");
        check(Constraint::Combinations { columns: vec!["word".to_owned()] }, InputRule::Schema, "word");
        check(range("b", None, None), InputRule::Schema, "b");
        check(range("b", Some(Value::Whole(2)), Some(Value::Whole(1))), InputRule::Schema, "b");
        check(range("day", Some(Value::Text("soon".to_owned())), None), InputRule::Schema, "day");
        check(implies(When::of("b")), InputRule::Schema, "b");
        check(implies(When { above: Some(Value::Whole(1)), ..When::of("word") }), InputRule::Schema, "word");
        check(implies(When { is: Some(Value::Text("x".to_owned())), ..When::of("b") }), InputRule::Schema, "b");
    }
}

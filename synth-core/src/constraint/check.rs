//! Whether a declared constraint fits its schema.

use std::collections::HashSet;

use super::Constraint;
use crate::error::{BadInput, Rule};
use crate::schema::{Field, Schema, Storage};

/// The fewest and the most columns of a constraint that takes a list of them.
const COLUMNS: std::ops::RangeInclusive<usize> = 2..=16;

impl Constraint {
    /// Whether it speaks of columns that `schema` has, and that have a kind it can speak of.
    ///
    /// # Errors
    /// [`Rule::UnknownColumn`] if there is no such column; [`Rule::Schema`] if a column is not learnt or of another kind, if
    /// there are too few or too many, or one twice, or if a value cannot be read as one of its column's.
    pub fn check(&self, schema: &Schema) -> Result<(), BadInput> {
        let mut seen = HashSet::new();
        for name in self.columns() {
            let field = field(schema, name)?;
            let tests_one = matches!(self, Constraint::Implies { .. });
            if !seen.insert(name) && !tests_one {
                return Err(bad(name, "a constraint names the column twice", "name each column once"));
            }
            if !field.kind.is_learnt() {
                let hint = "identifiers, free text, constants and empty columns keep no constraints";
                return Err(bad(name, "a constraint needs a column that is learnt", hint));
            }
        }
        match self {
            Constraint::Order { lower, upper, .. } => {
                let (low, high) = (number(schema, lower)?, number(schema, upper)?);
                if (low.storage == Storage::Timestamp) != (high.storage == Storage::Timestamp) {
                    return Err(bad(upper, "a date and a number have no order", "order two numbers or two dates"));
                }
                Ok(())
            }
            Constraint::Sum { total, parts } => {
                many(total, parts)?;
                for name in self.columns() {
                    if !field(schema, name)?.storage.is_number() {
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
                let field = number(schema, column)?;
                let read = |value: &Option<super::Value>| match value {
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
                    (Some(min), Some(max)) if min > max => {
                        Err(bad(column, "`min` is larger than `max`", "exchange the two"))
                    }
                    _ => Ok(()),
                }
            }
            Constraint::Implies { condition, then } => {
                condition.check(field(schema, &condition.column)?)?;
                then.check(field(schema, &then.column)?)
            }
        }
    }
}

fn field<'a>(schema: &'a Schema, name: &str) -> Result<&'a Field, BadInput> {
    schema.index_of(name).map(|i| &schema.fields[i]).ok_or_else(|| {
        BadInput::new(Rule::UnknownColumn, "a constraint names a column that is not there")
            .in_column(name)
            .hint("name one of the schema's fields")
    })
}

/// A field of numbers or dates.
fn number<'a>(schema: &'a Schema, name: &str) -> Result<&'a Field, BadInput> {
    let field = field(schema, name)?;
    match field.storage.is_number() || field.storage == Storage::Timestamp {
        true => Ok(field),
        false => Err(bad(name, "only numbers and dates have an order", "name a column of numbers or dates")),
    }
}

fn many(column: &str, columns: &[String]) -> Result<(), BadInput> {
    match COLUMNS.contains(&columns.len()) {
        true => Ok(()),
        false => Err(bad(column, "a constraint has too few columns, or too many", "name 2 to 16 of them")),
    }
}

fn bad(column: &str, problem: &str, hint: &str) -> BadInput {
    BadInput::new(Rule::Schema, problem).in_column(column).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::super::{Value, When};
    use super::*;
    use crate::schema::Kind;

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
        let check = |constraint: Constraint, rule: Rule, column: &str| {
            let error = constraint.check(&schema()).unwrap_err();
            assert_eq!((error.rule, error.column.as_deref()), (rule, Some(column)), "{constraint}");
            assert!(!error.hint.is_empty(), "{constraint}");
        };
        check(order("a", "c"), Rule::UnknownColumn, "c");
        check(order("a", "a"), Rule::Schema, "a");
        check(order("a", "word"), Rule::Schema, "word");
        check(order("a", "day"), Rule::Schema, "day");
        check(Constraint::Depends { on: "id".to_owned(), column: "a".to_owned() }, Rule::Schema, "id");
        check(Constraint::Sum { total: "a".to_owned(), parts: vec!["b".to_owned()] }, Rule::Schema, "a");
        check(Constraint::Combinations { columns: vec!["word".to_owned()] }, Rule::Schema, "word");
        check(range("b", None, None), Rule::Schema, "b");
        check(range("b", Some(Value::Whole(2)), Some(Value::Whole(1))), Rule::Schema, "b");
        check(range("day", Some(Value::Text("soon".to_owned())), None), Rule::Schema, "day");
        check(implies(When::of("b")), Rule::Schema, "b");
        check(implies(When { above: Some(Value::Whole(1)), ..When::of("word") }), Rule::Schema, "word");
        check(implies(When { is: Some(Value::Text("x".to_owned())), ..When::of("b") }), Rule::Schema, "b");
    }
}

//! A [`Condition`] as text: a column, an operator, and a value or several.
//!
//! `sex=F`, `stage=I|II` (one of them), `sex!=F`, `age>=60`, `age>60`, `age<=60`, `age<60`. The first operator ends the
//! name of the column; blanks around names and values do not count. A name with an operator in it, a value with a `|`
//! and one that begins with `=`, `<` or `>` stand in double quotes, a quote within them doubled: `"p<0.05"="a|b"`.

use std::str::FromStr;

use super::{Condition, Demand};
use crate::error::{BadInput, InputRule};
use crate::schema::Schema;

/// An invalid condition, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseConditionError(String);

impl FromStr for Condition {
    type Err = ParseConditionError;

    /// Reads a condition of any table: whether there is such a column is seen when it is asked for.
    fn from_str(text: &str) -> Result<Self, ParseConditionError> {
        parse(text).map_err(ParseConditionError)
    }
}

impl Condition {
    /// Reads a condition on the rows of a table under `schema`.
    ///
    /// ```
    /// use synth_core::io::{ReadOptions, read_bytes};
    /// use synth_core::{Condition, Demand};
    ///
    /// let table = read_bytes("age,sex\n63,m\n41,f\n".into(), &ReadOptions::default())?.table;
    /// let old = Condition::parse("age > 60", table.schema())?;
    /// assert_eq!(old.demand, Demand::MoreThan("60".to_owned()));
    /// assert!(Condition::parse("height > 60", table.schema()).is_err());
    /// # Ok::<(), synth_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InputRule::Unsupported`] if the text is no condition, [`InputRule::UnknownColumn`] if there is no such column. Whether its values
    /// are levels of the column is seen when it is asked for.
    pub fn parse(text: &str, schema: &Schema) -> crate::error::Result<Self> {
        let condition = Self::from_str(text)
            .map_err(|error| BadInput::new(InputRule::Unsupported, format!("condition: {error}")))?;
        if schema.index_of(&condition.column).is_none() {
            return Err(BadInput::new(InputRule::UnknownColumn, "no such column").in_column(&condition.column).into());
        }
        Ok(condition)
    }
}

/// A word of the language and how it is made a demand.
struct Operator {
    sign: &'static str,
    demand: Make,
}

#[derive(Clone, Copy)]
enum Make {
    OfSome(fn(Vec<String>) -> Demand),
    OfOne(fn(String) -> Demand),
}

/// A sign stands before those that it begins with.
const OPERATORS: [Operator; 6] = [
    Operator { sign: "!=", demand: Make::OfSome(Demand::NotAmong) },
    Operator { sign: ">=", demand: Make::OfOne(Demand::AtLeast) },
    Operator { sign: "<=", demand: Make::OfOne(Demand::AtMost) },
    Operator { sign: "=", demand: Make::OfSome(Demand::Among) },
    Operator { sign: ">", demand: Make::OfOne(Demand::MoreThan) },
    Operator { sign: "<", demand: Make::OfOne(Demand::LessThan) },
];

/// Reads a condition.
///
/// # Errors
/// What is wrong with it, in words.
fn parse(text: &str) -> Result<Condition, String> {
    let operator_of = |rest: &str| OPERATORS.iter().find(|operator| rest.starts_with(operator.sign));
    let (column, rest) = part(text, |rest| operator_of(rest).is_some())?;
    let Some(Operator { sign, demand }) = operator_of(rest) else {
        return Err("no operator: write COLUMN=VALUE, or use one of != >= > <= < instead of =".to_owned());
    };
    if column.is_empty() {
        return Err(format!("no column before `{sign}`"));
    }
    let mut values = Vec::new();
    let mut rest = rest.strip_prefix(sign);
    while let Some(text) = rest {
        if text.trim_start().starts_with(['=', '<', '>']) {
            return Err(format!(
                "two operators in a row: `{sign}` is followed by another; quote a value that begins with one"
            ));
        }
        let (value, after) = part(text, |rest| rest.starts_with('|'))?;
        if value.is_empty() {
            return Err("missing value".to_owned());
        }
        values.push(value);
        rest = after.strip_prefix('|');
    }
    let demand = match demand {
        Make::OfSome(demand) => demand(values),
        Make::OfOne(demand) => match <[String; 1]>::try_from(values) {
            Ok([value]) => demand(value),
            Err(_) => return Err(format!("`{sign}` takes one value; only = and != take several")),
        },
    };
    Ok(Condition { column, demand })
}

/// What stands before the place where it `ends`, without blanks around it or without its quotes; and the rest.
fn part(text: &str, ends: impl Fn(&str) -> bool) -> Result<(String, &str), String> {
    let text = text.trim_start();
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.char_indices().map(|(at, _)| at).find(|&at| ends(&text[at..])).unwrap_or(text.len());
        return Ok((text[..end].trim_end().to_owned(), &text[end..]));
    };
    let mut part = String::new();
    loop {
        let (before, after) = rest.split_once('"').ok_or("unclosed quote")?;
        part.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                part.push('"');
                rest = after;
            }
            None => {
                rest = after.trim_start();
                break;
            }
        }
    }
    if rest.is_empty() || ends(rest) { Ok((part, rest)) } else { Err("text after a closing quote".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, column: &str, demand: Demand) {
        assert_eq!(parse(text), Ok(Condition { column: column.to_owned(), demand }), "{text}");
    }

    fn some(values: &[&str]) -> Vec<String> {
        values.iter().map(|&value| value.to_owned()).collect()
    }

    #[test]
    fn every_operator_is_read() {
        check("sex=F", "sex", Demand::Among(some(&["F"])));
        check("stage=I|II", "stage", Demand::Among(some(&["I", "II"])));
        check("sex!=F", "sex", Demand::NotAmong(some(&["F"])));
        check("stage!=I|II|III", "stage", Demand::NotAmong(some(&["I", "II", "III"])));
        check("age>=60", "age", Demand::AtLeast("60".to_owned()));
        check("age>60", "age", Demand::MoreThan("60".to_owned()));
        check("age<=-6.5e1", "age", Demand::AtMost("-6.5e1".to_owned()));
        check("seen<2020-01-31", "seen", Demand::LessThan("2020-01-31".to_owned()));
    }

    #[test]
    fn names_and_values_may_hold_nearly_anything() {
        check(" blood group = A + | B ", "blood group", Demand::Among(some(&["A +", "B"])));
        check("größe>=1", "größe", Demand::AtLeast("1".to_owned()));
        check("formula=a=b", "formula", Demand::Among(some(&["a=b"])));
        check("pipe=5\" wide", "pipe", Demand::Among(some(&["5\" wide"])));
        check("wow!!=x", "wow!", Demand::NotAmong(some(&["x"])));
        check("\"p<0.05\"=yes", "p<0.05", Demand::Among(some(&["yes"])));
        check("\"a \"\"b\"\"\" = \"x|y\"|\" z \"", "a \"b\"", Demand::Among(some(&["x|y", " z "])));
        check("lab=\"<5\"|\"=\"", "lab", Demand::Among(some(&["<5", "="])));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let fails = |text: &str, problem: &str| {
            let error = parse(text).unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        };
        fails("", "no operator");
        fails("age", "no operator");
        fails("age!60", "no operator");
        fails("=60", "no column before `=`");
        fails("\"\">60", "no column before `>`");
        fails("age=", "missing value");
        fails("stage=I|", "missing value");
        fails("stage=|I", "missing value");
        fails("stage=\"\"", "missing value");
        fails("age=>60", "two operators");
        fails("age==60", "two operators");
        fails("age<>60", "two operators");
        fails("age>=60|70", "`>=` takes one value");
        fails("\"age=60", "unclosed quote");
        fails("a=\"x\"y", "after a closing quote");
    }
}

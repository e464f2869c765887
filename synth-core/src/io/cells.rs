//! Cells under a field that is known: nothing is inferred, what does not fit is a fault.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Float64Type, Int64Type};

use crate::error::InputRule;
use crate::schema::{Field, Storage};
use crate::spelling::datetime;
use crate::spelling::missing::{self, Token};
use crate::spelling::number::spelled;

/// A cell that does not fit its field.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) row: usize,
    pub(super) rule: InputRule,
    pub(super) problem: &'static str,
    pub(super) hint: &'static str,
}

const HINT: &str = "correct the cell, or add its spelling to `missing` in the schema";

/// A column of `field`'s storage from text, each cell with its decimal mark. The empty cell is missing in every column, others
/// as the field says.
pub(super) fn from_text<'a>(
    field: &Field,
    cells: impl Iterator<Item = (Option<&'a str>, char)>,
) -> Result<ArrayRef, Fault> {
    let present = |(cell, decimal): (Option<&'a str>, char)| {
        let cell = cell?;
        // A spelling that hardly any cell has is in no schema that others see: among numbers it cannot be anything else.
        let is_number = matches!(field.storage, Storage::Integer | Storage::Float | Storage::Timestamp);
        let is_missing = cell.trim().is_empty()
            || field.missing.iter().any(|m| m == cell || m == cell.trim())
            || (is_number && missing::token(cell.trim()) != Token::Value);
        (!is_missing).then_some((cell, decimal))
    };
    let cells = cells.enumerate().map(|(row, cell)| (row, present(cell)));
    let fault = |row, rule, problem, hint| Fault { row, rule, problem, hint };
    Ok(match field.storage {
        Storage::Text => Arc::new(cells.map(|(_, cell)| cell.map(|(cell, _)| cell)).collect::<StringArray>()),
        Storage::Integer => {
            let not_whole = |row| fault(row, InputRule::NotANumber, "expected a whole number", HINT);
            let whole = cells.map(|(row, cell)| {
                cell.map(|(c, decimal)| to_integer(c.trim(), decimal).ok_or(not_whole(row))).transpose()
            });
            Arc::new(whole.collect::<Result<Int64Array, _>>()?)
        }
        Storage::Float => {
            let no_number = |row| fault(row, InputRule::NotANumber, "expected a number", HINT);
            let numbers = cells.map(|(row, cell)| {
                cell.map(|(c, decimal)| to_number(c.trim(), decimal).ok_or(no_number(row))).transpose()
            });
            Arc::new(numbers.collect::<Result<Float64Array, _>>()?)
        }
        Storage::Timestamp => {
            let format = field.datetime.as_deref().unwrap_or("%Y-%m-%d");
            let problem = "expected a date in the column's `datetime` format";
            let no_date = |row| fault(row, InputRule::NotADate, problem, HINT);
            let dates = cells.map(|(row, cell)| {
                cell.map(|(c, _)| datetime::parse(c.trim(), format).ok_or(no_date(row))).transpose()
            });
            Arc::new(dates.collect::<Result<TimestampMicrosecondArray, _>>()?)
        }
        Storage::Boolean => {
            let problem = "expected `true` or `false`";
            let neither = |row| fault(row, InputRule::Schema, problem, "declare columns with other words as text");
            let booleans = cells.map(|(row, cell)| {
                cell.map(|(c, _)| c.trim().to_ascii_lowercase().parse().map_err(|_| neither(row))).transpose()
            });
            Arc::new(booleans.collect::<Result<BooleanArray, _>>()?)
        }
    })
}

/// A column of `field`'s storage from one of another storage's type, as far as no value changes.
pub(super) fn from_array(field: &Field, array: &ArrayRef) -> Result<ArrayRef, Fault> {
    if *array.data_type() == field.storage.arrow_type() {
        return Ok(Arc::clone(array));
    }
    let fault =
        |row, problem| Fault { row, rule: InputRule::Schema, problem, hint: "give the column another `storage`" };
    if let Some(text) = array.as_string_opt::<i32>() {
        return from_text(field, text.iter().map(|cell| (cell, '.')));
    }
    match (field.storage, array.as_primitive_opt::<Int64Type>(), array.as_primitive_opt::<Float64Type>()) {
        (Storage::Float, Some(whole), _) => {
            Ok(Arc::new(whole.iter().map(|v| v.map(|v| v as f64)).collect::<Float64Array>()))
        }
        (Storage::Integer, _, Some(floats)) => {
            let whole = floats
                .iter()
                .enumerate()
                .map(|(row, v)| v.map(|v| whole_of(v).ok_or(fault(row, "expected a whole number"))).transpose());
            Ok(Arc::new(whole.collect::<Result<Int64Array, _>>()?))
        }
        (Storage::Text, Some(whole), _) => {
            Ok(Arc::new(whole.iter().map(|v| v.map(|v| v.to_string())).collect::<StringArray>()))
        }
        (Storage::Text, _, Some(floats)) => {
            Ok(Arc::new(floats.iter().map(|v| v.map(|v| v.to_string())).collect::<StringArray>()))
        }
        _ => Err(fault(0, "the file's type cannot be converted to the schema's `storage`")),
    }
}

/// What a schema calls a number may have leading zeros or a plus sign.
fn to_number(cell: &str, decimal: char) -> Option<f64> {
    if let Some(spelled) = spelled(cell, decimal) {
        return Some(spelled.value);
    }
    let unsigned = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value = if decimal == '.' { cell.parse().ok()? } else { cell.replace(decimal, ".").parse().ok()? };
    f64::is_finite(value).then_some(value)
}

fn to_integer(cell: &str, decimal: char) -> Option<i64> {
    cell.parse().ok().or_else(|| to_number(cell, decimal).and_then(whole_of))
}

fn whole_of(x: f64) -> Option<i64> {
    (x.fract() == 0.0 && x.abs() <= 9_007_199_254_740_992.0).then_some(x as i64)
}

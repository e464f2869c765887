//! Which rows pass the test of one cell.

use crate::schema::{Storage, Value, When};
use crate::table::Table;

/// For each row whether the test is passed; `None` where a cell that it needs is missing.
pub(super) fn passed(when: &When, table: &Table, column_idx: usize) -> Vec<Option<bool>> {
    let (field, _) = table.column(column_idx);
    let is_missing = missing(table, column_idx);
    let mut passed: Vec<Option<bool>> = match when.missing {
        Some(asked) => is_missing.iter().map(|&missing| Some(missing == asked)).collect(),
        None => vec![Some(true); table.n_rows()],
    };
    let mut and = |of_row: &dyn Fn(usize) -> bool| {
        for (row, passed) in passed.iter_mut().enumerate() {
            *passed = match (*passed, is_missing[row]) {
                (Some(false), _) => Some(false),
                (_, true) => None,
                (own, false) => own.map(|own| own && of_row(row)),
            };
        }
    };
    if field.storage == Storage::Text {
        let labels = table.labels(column_idx);
        for (value, equal) in [(&when.is, true), (&when.is_not, false)] {
            if let Some(label) = value.as_ref().map(Value::label) {
                and(&|row| (labels[row].as_ref() == Some(&label)) == equal);
            }
        }
        return passed;
    }
    let numbers = table.numbers(column_idx);
    type Test = fn(f64, f64) -> bool;
    let tests: [(&Option<Value>, Test); 6] = [
        (&when.is, |x, y| x == y),
        (&when.is_not, |x, y| x != y),
        (&when.above, |x, y| x > y),
        (&when.below, |x, y| x < y),
        (&when.at_least, |x, y| x >= y),
        (&when.at_most, |x, y| x <= y),
    ];
    for (value, test) in tests {
        if let Some(y) = value.as_ref().and_then(|value| value.number(field)) {
            and(&|row| test(numbers[row], y));
        }
    }
    passed
}

/// Which rows have no value: null, or NaN in a column of floats.
pub(super) fn missing(table: &Table, column_idx: usize) -> Vec<bool> {
    match table.column(column_idx).0.storage {
        Storage::Float => table.numbers(column_idx).iter().map(|x| x.is_nan()).collect(),
        _ => table.missing(column_idx),
    }
}

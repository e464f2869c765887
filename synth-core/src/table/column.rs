//! Columns made from plain numbers and labels.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};

use crate::schema::{Field, Storage};

/// A column of `field`'s storage from numbers as [`Table::numbers`](super::Table::numbers) gives them: NaN becomes missing, integers are
/// rounded, text is all missing.
pub fn column_from_numbers(field: &Field, numbers: &[f64]) -> ArrayRef {
    let present = |x: f64| (!x.is_nan()).then_some(x);
    match field.storage {
        Storage::Integer => {
            Arc::new(numbers.iter().map(|&x| present(x).map(|x| x.round() as i64)).collect::<Int64Array>())
        }
        Storage::Float => Arc::new(numbers.iter().map(|&x| present(x)).collect::<Float64Array>()),
        Storage::Boolean => Arc::new(numbers.iter().map(|&x| present(x).map(|x| x != 0.0)).collect::<BooleanArray>()),
        Storage::Timestamp => {
            let micros = numbers.iter().map(|&x| present(x).map(|x| (x * 1e6).round() as i64));
            Arc::new(micros.collect::<TimestampMicrosecondArray>())
        }
        Storage::Text => Arc::new(StringArray::new_null(numbers.len())),
    }
}

/// A column of `field`'s storage from labels as [`Table::labels`](super::Table::labels) gives them; a label that is no value of the storage
/// becomes missing.
pub fn column_from_labels<'a>(field: &Field, labels: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    match field.storage {
        Storage::Text => Arc::new(labels.collect::<StringArray>()),
        Storage::Boolean => Arc::new(labels.map(|l| l.and_then(|l| l.parse().ok())).collect::<BooleanArray>()),
        Storage::Integer => Arc::new(labels.map(|l| l.and_then(|l| l.parse().ok())).collect::<Int64Array>()),
        Storage::Float => Arc::new(labels.map(|l| l.and_then(|l| l.parse().ok())).collect::<Float64Array>()),
        Storage::Timestamp => {
            Arc::new(labels.map(|l| l.and_then(|l| l.parse().ok())).collect::<TimestampMicrosecondArray>())
        }
    }
}

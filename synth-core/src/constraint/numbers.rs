//! A column as numbers, read where it lies: the columns of a large table are not copied to be compared.

use arrow::array::{Array, AsArray, BooleanArray, PrimitiveArray};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};

use crate::schema::Storage;
use crate::table::Table;

/// The numbers that [`Table::numbers`] gives, one at a time.
pub(super) enum Numbers<'a> {
    Whole(&'a PrimitiveArray<Int64Type>),
    Float(&'a PrimitiveArray<Float64Type>),
    Date(&'a PrimitiveArray<TimestampMicrosecondType>),
    Flag(&'a BooleanArray),
    /// Text has none.
    Text(usize),
}

impl<'a> Numbers<'a> {
    pub(super) fn of(table: &'a Table, column_idx: usize) -> Self {
        let (field, array) = table.column(column_idx);
        match field.storage {
            Storage::Integer => Numbers::Whole(array.as_primitive()),
            Storage::Float => Numbers::Float(array.as_primitive()),
            Storage::Timestamp => Numbers::Date(array.as_primitive()),
            Storage::Boolean => Numbers::Flag(array.as_boolean()),
            Storage::Text => Numbers::Text(array.len()),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Numbers::Whole(array) => array.len(),
            Numbers::Float(array) => array.len(),
            Numbers::Date(array) => array.len(),
            Numbers::Flag(array) => array.len(),
            Numbers::Text(n_rows) => *n_rows,
        }
    }

    /// The number in a row; NaN where it is missing.
    pub(super) fn get(&self, row: usize) -> f64 {
        match self {
            Numbers::Whole(array) if array.is_valid(row) => array.value(row) as f64,
            Numbers::Float(array) if array.is_valid(row) => array.value(row),
            Numbers::Date(array) if array.is_valid(row) => array.value(row) as f64 / 1e6,
            Numbers::Flag(array) if array.is_valid(row) => f64::from(array.value(row)),
            _ => f64::NAN,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = f64> {
        (0..self.len()).map(|row| self.get(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{ReadOptions, read_bytes};

    #[test]
    fn numbers_are_those_of_the_table() {
        let text = "n,x,day,word\n1,0.5,2020-01-01,a\n,1.5,2020-02-01,b\n3,,,b\n";
        let table = read_bytes(text.into(), &ReadOptions::default()).unwrap().table;
        for column_idx in 0..table.n_columns() {
            let own: Vec<u64> = Numbers::of(&table, column_idx).iter().map(f64::to_bits).collect();
            let expected: Vec<u64> = table.numbers(column_idx).into_iter().map(f64::to_bits).collect();
            assert_eq!(own, expected, "column {column_idx}");
        }
    }
}

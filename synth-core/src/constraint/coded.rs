//! A column as small numbers that tell its values apart.

use std::collections::HashMap;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use crate::schema::Storage;
use crate::table::Table;

/// The code of a missing value.
pub(super) const MISSING: u32 = 0;

/// The codes of a column: 0 is missing, the values follow as they first come. −0 is 0, NaN is missing.
pub(super) struct Codes {
    pub(super) codes: Vec<u32>,
    /// How many values there are, without the missing one.
    pub(super) n_values: usize,
}

impl Codes {
    pub(super) fn of(table: &Table, column_idx: usize) -> Self {
        let (field, array) = table.column(column_idx);
        match field.storage {
            Storage::Text => coded(array.as_string::<i32>().iter()),
            Storage::Integer => coded(array.as_primitive::<Int64Type>().iter()),
            Storage::Timestamp => coded(array.as_primitive::<TimestampMicrosecondType>().iter()),
            Storage::Boolean => coded(array.as_boolean().iter()),
            Storage::Float => {
                coded(table.numbers(column_idx).into_iter().map(|x| (!x.is_nan()).then(|| (x + 0.0).to_bits())))
            }
        }
    }

    /// The first row of each value.
    pub(super) fn first_rows(&self) -> Vec<usize> {
        let mut first = vec![usize::MAX; self.n_values + 1];
        for (row, &code) in self.codes.iter().enumerate() {
            first[code as usize] = first[code as usize].min(row);
        }
        first
    }
}

fn coded<K: Eq + std::hash::Hash>(cells: impl Iterator<Item = Option<K>>) -> Codes {
    let mut places: HashMap<K, u32> = HashMap::new(); // looked up, never iterated
    let codes = cells
        .map(|cell| {
            cell.map_or(MISSING, |key| {
                let next = places.len() as u32 + 1;
                *places.entry(key).or_insert(next)
            })
        })
        .collect();
    Codes { codes, n_values: places.len() }
}

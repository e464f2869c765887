//! A column as small numbers that tell its values apart.

use std::hash::{BuildHasher, Hash, RandomState};

use arrow::array::{ArrayAccessor, AsArray};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};
use hashbrown::HashTable;

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
            Storage::Text => cells(array.as_string::<i32>(), Some),
            Storage::Integer => cells(array.as_primitive::<Int64Type>(), Some),
            Storage::Timestamp => cells(array.as_primitive::<TimestampMicrosecondType>(), Some),
            Storage::Boolean => cells(array.as_boolean(), Some),
            Storage::Float => {
                cells(array.as_primitive::<Float64Type>(), |x| (!x.is_nan()).then(|| (x + 0.0).to_bits()))
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

/// The codes of an array's cells, each by what `key` makes of it.
fn cells<A: ArrayAccessor, K: Eq + Hash>(array: A, key: impl Fn(A::Item) -> Option<K>) -> Codes {
    coded(array.len(), |row| if array.is_null(row) { None } else { key(array.value(row)) })
}

/// The table holds codes and not keys, which the first row of each code has: for a column of values that are all others it would
/// be larger than the column.
fn coded<K: Eq + Hash>(n_rows: usize, cell: impl Fn(usize) -> Option<K>) -> Codes {
    let hasher = RandomState::new(); // codes follow the rows: what the hashes are does not matter
    let mut known: HashTable<u32> = HashTable::new();
    let mut first_rows: Vec<u32> = Vec::new();
    let key_of = |code: u32, first_rows: &[u32]| cell(first_rows[code as usize - 1] as usize);
    let code_of = |row: usize| {
        let Some(key) = cell(row) else { return MISSING };
        let is_same = |&code: &u32| key_of(code, &first_rows).is_some_and(|own| own == key);
        if let Some(&code) = known.find(hasher.hash_one(&key), is_same) {
            return code;
        }
        first_rows.push(row as u32);
        let code = first_rows.len() as u32;
        known.insert_unique(hasher.hash_one(&key), code, |&code| {
            hasher.hash_one(key_of(code, &first_rows).expect("the first row of a value has it"))
        });
        code
    };
    let codes = (0..n_rows).map(code_of).collect();
    Codes { codes, n_values: first_rows.len() }
}

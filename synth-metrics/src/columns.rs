//! Columns as the measures need them: numbers without the missing ones, and levels coded alike in several tables.

use std::collections::HashMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use synth_core::Table;
use synth_core::schema::Storage;

/// The code of a missing value in [`JointLevels`].
pub(crate) const MISSING: u32 = 0;

/// One column of several tables, coded by one dictionary.
///
/// Code 0 is a missing value; the levels follow in ascending order (numbers by value, text by bytes), so that codes do
/// not depend on the order of the rows. NaN is missing and −0 is 0.
pub(crate) struct JointLevels {
    /// The codes run from 0 to `n_codes - 1`.
    pub(crate) n_codes: usize,
    /// One vector a table, one code a row.
    pub(crate) codes: Vec<Vec<u32>>,
}

pub(crate) fn joint_levels(tables: &[&Table], column_idx: usize) -> JointLevels {
    let storage = tables[0].schema().fields[column_idx].storage;
    if storage == Storage::Text {
        let columns: Vec<Vec<Option<&str>>> =
            tables.iter().map(|t| t.column(column_idx).1.as_string::<i32>().iter().collect()).collect();
        code(&columns)
    } else {
        let columns: Vec<Vec<Option<i64>>> = tables.iter().map(|t| integer_keys(t, column_idx)).collect();
        code(&columns)
    }
}

/// Equal numbers get equal keys and smaller ones smaller keys, without the rounding of large integers to `f64`.
fn integer_keys(table: &Table, column_idx: usize) -> Vec<Option<i64>> {
    let (field, array) = table.column(column_idx);
    match field.storage {
        Storage::Integer => array.as_primitive::<Int64Type>().iter().collect(),
        Storage::Timestamp => array.as_primitive::<TimestampMicrosecondType>().iter().collect(),
        Storage::Boolean => array.as_boolean().iter().map(|v| v.map(i64::from)).collect(),
        Storage::Float => table.numbers(column_idx).into_iter().map(|x| (!x.is_nan()).then(|| ordered(x))).collect(),
        Storage::Text => vec![None; array.len()],
    }
}

/// The bits of a float, arranged so that integers compare as the floats do.
fn ordered(x: f64) -> i64 {
    let bits = (x + 0.0).to_bits().cast_signed(); // −0 + 0 = 0
    bits ^ (((bits >> 63).cast_unsigned()) >> 1).cast_signed()
}

fn code<K: Ord + Copy + std::hash::Hash>(columns: &[Vec<Option<K>>]) -> JointLevels {
    let mut levels: Vec<K> = columns.iter().flatten().flatten().copied().collect();
    levels.sort_unstable();
    levels.dedup();
    // Looked up, never iterated.
    let code: HashMap<K, u32> = levels.iter().copied().zip(MISSING + 1..).collect();
    let codes = columns.iter().map(|column| column.iter().map(|key| key.map_or(MISSING, |k| code[&k])).collect());
    JointLevels { n_codes: levels.len() + 1, codes: codes.collect() }
}

/// Which rows have no value: null, or NaN in a column of floats.
pub(crate) fn missing(table: &Table, column_idx: usize) -> Vec<bool> {
    match table.column(column_idx).0.storage {
        Storage::Float => table.numbers(column_idx).iter().map(|x| x.is_nan()).collect(),
        _ => table.missing(column_idx),
    }
}

/// The numbers of a column that are there.
pub(crate) fn present(table: &Table, column_idx: usize) -> Vec<f64> {
    table.numbers(column_idx).into_iter().filter(|x| !x.is_nan()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_floats_keep_their_order() {
        let values = [f64::MIN, -1.5, -1e-300, 0.0, 1e-300, 2.0, f64::MAX];
        assert!(values.windows(2).all(|w| ordered(w[0]) < ordered(w[1])));
        assert_eq!(ordered(-0.0), ordered(0.0));
    }

    #[test]
    fn codes_are_shared_and_missing_is_zero() {
        let joint = code(&[vec![Some("b"), None], vec![Some("a"), Some("b")]]);
        assert_eq!(joint.n_codes, 3);
        assert_eq!(joint.codes, [vec![2, 0], vec![1, 2]]);
    }
}

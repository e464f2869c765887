//! Columns as the measures need them: numbers without the missing ones, and levels coded alike in several tables.

use std::collections::HashMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use synth_core::Table;
use synth_core::schema::Storage;

use crate::error::{Error, Result};

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
        code_close(&columns).unwrap_or_else(|| code(&columns))
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
    // First by the order in which the levels come, one look-up a cell; then by their own order.
    let mut places: HashMap<K, u32> = HashMap::new(); // looked up, never iterated
    let mut levels: Vec<K> = Vec::new();
    let mut place = |key: K| {
        *places.entry(key).or_insert_with(|| {
            levels.push(key);
            levels.len() as u32 - 1
        })
    };
    let placed: Vec<Vec<Option<u32>>> =
        columns.iter().map(|column| column.iter().map(|key| key.map(&mut place)).collect()).collect();
    let mut order: Vec<u32> = (0..levels.len() as u32).collect();
    order.sort_unstable_by_key(|&place| levels[place as usize]);
    let mut code = vec![MISSING; levels.len()];
    for (&place, next) in order.iter().zip(MISSING + 1..) {
        code[place as usize] = next;
    }
    let coded = |column: Vec<Option<u32>>| column.into_iter().map(|place| place.map_or(MISSING, |p| code[p as usize]));
    let codes = placed.into_iter().map(|column| coded(column).collect()).collect();
    JointLevels { n_codes: levels.len() + 1, codes }
}

/// [`code`] for numbers that lie close together: by a table of what occurs instead of a hash. `None` if they do not.
fn code_close(columns: &[Vec<Option<i64>>]) -> Option<JointLevels> {
    let keys = || columns.iter().flatten().flatten().copied();
    let (low, high) = (keys().min()?, keys().max()?);
    let n_cells: usize = columns.iter().map(Vec::len).sum();
    let span = usize::try_from(high.checked_sub(low)?).ok().filter(|&span| span < 2 * n_cells + 1024)?;
    let place = |key: i64| (key - low) as usize;
    let mut code = vec![MISSING; span + 1];
    keys().for_each(|key| code[place(key)] = 1);
    let mut n_codes = 1;
    for code in code.iter_mut().filter(|code| **code != MISSING) {
        *code = n_codes;
        n_codes += 1;
    }
    let coded = |column: &Vec<Option<i64>>| column.iter().map(|key| key.map_or(MISSING, |k| code[place(k)])).collect();
    Some(JointLevels { n_codes: n_codes as usize, codes: columns.iter().map(coded).collect() })
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

/// A sample in ascending order, if it is one.
pub(crate) fn sorted(values: &[f64]) -> Result<Vec<f64>> {
    match values {
        [] => Err(Error::EmptyColumn),
        values if values.iter().any(|x| !x.is_finite()) => Err(Error::NonFinite),
        values => {
            let mut values = values.to_vec();
            values.sort_unstable_by(f64::total_cmp);
            Ok(values)
        }
    }
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

    #[test]
    fn close_numbers_are_coded_as_others_are() {
        let columns = [vec![Some(7), None, Some(-3), Some(7)], vec![Some(4), Some(-3)]];
        let (close, hashed) = (code_close(&columns).unwrap(), code(&columns));
        assert_eq!((close.n_codes, &close.codes), (hashed.n_codes, &hashed.codes));
        assert_eq!(close.codes, [vec![3, 0, 1, 3], vec![2, 1]]);
        for far in [[Some(i64::MIN), Some(i64::MAX)], [Some(0), Some(1 << 40)], [None, None]] {
            assert!(code_close(&[far.to_vec()]).is_none());
        }
    }
}

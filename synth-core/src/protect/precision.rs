//! The grid of a column is that of nearly all of its numbers.
//!
//! One cell with five decimals among cells with one makes a grid of five decimals, which everything that is sampled then lies
//! on: it tells of its owner, and no real column looks like that. So the grid is the coarsest that all but fewer units keep
//! than are drawn from the secret: k to 2k, in proportion fewer in tables in which that is more than one in twenty. Their
//! cells are moved to the nearest point of it.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::datatypes::{Float64Type, Int64Type};
use rand::Rng;

use super::column::{Change, Column};
use crate::schema::{NumberFormat, Storage};
use crate::table::Units;

/// The share of the units that may be off the grid, at most.
const SHARE: f64 = 0.05;
/// Multiples of the last digit that are tried as steps, from coarse to fine.
const STEPS: [u32; 13] = [1000, 500, 250, 200, 100, 50, 25, 20, 10, 8, 5, 4, 2];
/// So many distinct values other than 0 are needed to believe a step: see the inference of formats.
const MIN_DISTINCT: usize = 8;

/// Moves the cells off the grid to it. Columns that are no numbers stay as they are.
pub(super) fn settle(column: Column, units: &Units, k: usize, rng: &mut impl Rng) -> Change {
    let drawn = rng.gen_range(k..=2 * k) as f64;
    let Some(declared) = column.field.number else { return Change { column, rows: Vec::new(), levels: None } };
    let few = (drawn * (SHARE * units.n_units() as f64 / (2 * k) as f64).min(1.0)).floor() as usize;
    let values = column.as_table().numbers(0);
    let format = coarsest(declared, &values, units, few);
    let is_off = |x: f64| !x.is_nan() && format.snap(x) != x;
    let rows: Vec<usize> = (0..values.len()).filter(|&row| is_off(values[row])).collect();
    let Column { mut field, array } = column;
    // Where hardly any cell keeps what was declared, it stays.
    if !keeps(&format, &values, units, few) {
        return Change { column: Column { field, array }, rows: Vec::new(), levels: None };
    }
    field.number = Some(format);
    let array: ArrayRef = match field.storage {
        _ if rows.is_empty() => array,
        Storage::Integer => {
            let cells = array.as_primitive::<Int64Type>().iter();
            let snapped = |(x, value): (Option<i64>, &f64)| {
                x.map(|x| if is_off(*value) { format.snap(*value) as i64 } else { x })
            };
            Arc::new(cells.zip(&values).map(snapped).collect::<Int64Array>())
        }
        _ => {
            let cells = array.as_primitive::<Float64Type>().iter();
            Arc::new(cells.map(|x| x.map(|x| if x.is_nan() { x } else { format.snap(x) })).collect::<Float64Array>())
        }
    };
    Change { column: Column { field, array }, rows, levels: None }
}

/// Whether all values but those of `few` units at most lie on the grid.
fn keeps(format: &NumberFormat, values: &[f64], units: &Units, few: usize) -> bool {
    let mut off = HashSet::new();
    values.iter().enumerate().all(|(row, &x)| {
        let is_on = x.is_nan() || format.snap(x) == x;
        is_on || (off.insert(units.of_row(row)) && off.len() <= few) || off.len() <= few
    })
}

/// The coarsest grid that nearly all values keep: fewer decimals, unless all cells are padded to as many, then larger steps.
fn coarsest(declared: NumberFormat, values: &[f64], units: &Units, few: usize) -> NumberFormat {
    let unit = |decimals: u8| 10f64.powi(-i32::from(decimals));
    let with = |decimals: u8| NumberFormat { decimals, step: unit(decimals), ..declared };
    let fewest = if declared.padded { declared.decimals } else { declared.at_least };
    let decimals = (fewest..declared.decimals).find(|&decimals| keeps(&with(decimals), values, units, few));
    let decimals = decimals.unwrap_or(declared.decimals);
    let mut format = if decimals < declared.decimals { with(decimals) } else { declared };
    if format.decimals == format.at_least && format.decimals > 0 {
        (format.padded, format.at_least) = (true, 0);
    }
    let mut distinct: Vec<u64> = Vec::new();
    for x in values.iter().filter(|x| !x.is_nan() && **x != 0.0) {
        if distinct.len() < MIN_DISTINCT && !distinct.contains(&x.to_bits()) {
            distinct.push(x.to_bits());
        }
    }
    if distinct.len() < MIN_DISTINCT || format.decimals > 9 {
        return format;
    }
    let steps = STEPS.iter().map(|times| f64::from(*times) * unit(format.decimals));
    let coarser = steps.filter(|step| *step > format.step * 1.000_001).map(|step| NumberFormat { step, ..format });
    let mut coarser = coarser;
    coarser.find(|format| keeps(format, values, units, few)).unwrap_or(format)
}

#[cfg(test)]
mod tests {
    use super::super::{Protection, Secret, apply};
    use super::*;
    use crate::io::{ReadOptions, read_bytes};
    use crate::table::Table;

    /// The column `x` of cells after protection, and the rows that changed.
    fn settled(cells: &[String], seed: u64) -> (NumberFormat, Vec<f64>) {
        let text: String = cells.iter().map(|cell| format!("{cell},a\n")).collect();
        let table = read_bytes(format!("x,y\n{text}").into(), &ReadOptions::default()).unwrap().table;
        let mut schema = (**table.schema()).clone();
        schema.fields[0].protect = vec![Protection::CapExtremes { k: 11 }];
        let (output, _) = apply(&table.with_schema(schema.into()).unwrap(), &Secret::from_seed(seed)).unwrap();
        (output.column(0).0.number.unwrap(), Table::numbers(&output, 0))
    }

    #[test]
    fn one_odd_precision_does_not_set_the_grid() {
        let mut cells: Vec<String> = (0..300).map(|i| format!("{}.{}", 18 + i * 7 % 25, i * 3 % 10)).collect();
        let (without, _) = settled(&cells, 0);
        for seed in 0..10 {
            cells[41] = "27.43817".to_owned();
            let (with, values) = settled(&cells, seed);
            assert_eq!((with.decimals, with.padded, with.step), (1, true, 0.1));
            assert_eq!(without, with);
            assert_eq!(values[41], 27.4);
        }
        // Many are no exception.
        for (i, cell) in cells.iter_mut().enumerate().filter(|(i, _)| i % 5 == 0) {
            *cell = format!("{}.{}37", 20 + i % 9, i % 10);
        }
        assert_eq!(settled(&cells, 0).0.decimals, 3.max(settled(&cells, 0).0.decimals));
    }

    #[test]
    fn one_odd_number_does_not_set_the_step() {
        let mut cells: Vec<String> = (0..300).map(|i| (100 + i * 35 % 200).to_string()).collect();
        assert_eq!(settled(&cells, 0).0.step, 5.0);
        cells[7] = "171".to_owned();
        let (format, values) = settled(&cells, 0);
        assert_eq!((format.step, values[7]), (5.0, 170.0));
    }
}

//! Which orders are tight enough to be learnt as a difference, and which sums as their parts.

use super::transform::{Made, Side, Step};
use crate::constraint::LEAST_ROWS;
use crate::schema::{Field, Kind, NumberFormat, Storage};
use crate::table::Table;

/// A difference is learnt if the range of its middle nine tenths is below this share of the column's own. By quartiles alone a
/// column that mostly equals the other one would be tight, whatever it is in the other rows: on SUPPORT2 that cost a
/// detector's AUC of .613 instead of .594.
const TIGHT: f64 = 0.25;
/// More digits than these are the noise of floats, which no grid holds.
const MAX_DECIMALS: u8 = 9;
/// Whole numbers up to this are exact as floats.
const MAX_EXACT: f64 = 9.0e15;

/// How the sum is made, if `table` lacks a total exactly where it lacks a part. A declared sum is made anyway: its total
/// is then missing where a part is.
pub(super) fn sum_of(table: &Table, total: &str, parts: &[String], is_declared: bool) -> Option<Step> {
    let numbers = |name: &str| table.numbers(table.schema().index_of(name).expect("the constraint was checked"));
    let (sums, cells) = (numbers(total), parts.iter().map(|part| numbers(part)).collect::<Vec<_>>());
    let lacks = |row: usize| cells.iter().any(|part| part[row].is_nan());
    let is_alike = (0..table.n_rows()).all(|row| sums[row].is_nan() == lacks(row));
    let range = range_of(sums.iter().copied())?;
    (is_alike || is_declared).then(|| Step {
        column: total.to_owned(),
        made: Made::Sum { parts: parts.to_vec() },
        range,
    })
}

/// How one of two ordered columns is made from the other, with the share of its own spread that is left: `None` if the order
/// is loose, broken in a row, or the difference would not bring the column back on its grid.
pub(super) fn difference_of(table: &Table, lower: &str, upper: &str, strict: bool) -> Option<(Step, f64)> {
    let index = |name: &str| table.schema().index_of(name).expect("the constraint was checked");
    let (low, high) = (table.numbers(index(lower)), table.numbers(index(upper)));
    let (low_field, high_field) = (table.column(index(lower)).0, table.column(index(upper)).0);
    // A column is made where the other one is there.
    let covers = |base: &[f64], own: &[f64]| base.iter().zip(own).all(|(base, own)| !base.is_nan() || own.is_nan());
    let (side, own, base, own_field, base_field) = if covers(&low, &high) {
        (Side::Above, &high, &low, high_field, low_field)
    } else if covers(&high, &low) {
        (Side::Below, &low, &high, low_field, high_field)
    } else {
        return None;
    };
    let gaps: Vec<f64> = low.iter().zip(&high).map(|(a, b)| b - a).filter(|gap| !gap.is_nan()).collect();
    let is_kept = gaps.iter().all(|&gap| if strict { gap > 0.0 } else { gap >= 0.0 });
    if !own_field.kind.is_scale() || gaps.len() < LEAST_ROWS || !is_kept {
        return None;
    }
    let present: Vec<f64> = own.iter().copied().filter(|x| !x.is_nan()).collect();
    let [spread, left] = [middle_range(present.clone()), middle_range(gaps.clone())];
    if left >= TIGHT * spread || gaps.iter().all(|gap| *gap == gaps[0]) {
        return None;
    }
    let learnt = Box::new(field_of_gaps(own_field, base_field, own, base, &gaps)?);
    let base = base_field.name.clone();
    let range = range_of(present.into_iter())?;
    Some((Step { column: own_field.name.clone(), made: Made::Difference { base, side, learnt }, range }, left / spread))
}

/// The field of the differences: whole steps of one length, on which the column's own grid lies.
fn field_of_gaps(own_field: &Field, base_field: &Field, own: &[f64], base: &[f64], gaps: &[f64]) -> Option<Field> {
    let is_date = own_field.storage == Storage::Timestamp;
    let decimals = match (own_field.number, base_field.number) {
        (Some(own), Some(base)) => own.decimals.max(base.decimals),
        _ => 6, // dates, to the microsecond
    };
    if decimals > MAX_DECIMALS {
        return None;
    }
    let scale = 10f64.powi(i32::from(decimals));
    let present = |x: &&f64| !x.is_nan();
    if own.iter().chain(base).filter(present).any(|x| (x * scale).abs() > MAX_EXACT) {
        return None;
    }
    let units = |x: f64| (x * scale).round() as i64;
    // Dates have no zero of their own: their grid begins anywhere.
    let step_of = |values: &[f64], from_zero: bool| {
        let mut values = values.iter().filter(present).map(|&x| units(x));
        let origin = if from_zero { 0 } else { values.next().unwrap_or(0) };
        values.fold(0, |step, x| gcd(step, (x - origin).unsigned_abs()))
    };
    let (of_own, of_base, of_gaps) = (step_of(own, !is_date), step_of(base, !is_date), step_of(gaps, true));
    // Whatever is drawn for the two is then on the column's grid together.
    if of_own == 0 || of_gaps % of_own != 0 || of_base % of_own != 0 {
        return None;
    }
    let is_whole = of_gaps % scale as u64 == 0;
    let (kind, storage) = if is_whole { (Kind::Integer, Storage::Integer) } else { (Kind::Continuous, Storage::Float) };
    let step = if is_whole { (of_gaps / scale as u64) as f64 } else { of_gaps as f64 / scale };
    let decimals = if is_whole { 0 } else { decimals };
    let mut field = Field::new(own_field.name.clone(), kind, storage);
    field.number = Some(NumberFormat { decimals, step, ..NumberFormat::default() });
    Some(field)
}

fn middle_range(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    at(0.95) - at(0.05)
}

fn range_of(values: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    let range = values
        .filter(|x| !x.is_nan())
        .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [f64::min(low, x), f64::max(high, x)]);
    (range[0] <= range[1]).then_some(range)
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

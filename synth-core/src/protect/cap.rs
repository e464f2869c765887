//! Numbers and dates that stand out at an end of their column become the outermost that enough units reach.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, TimestampMicrosecondArray};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};

use super::column::{Change, Column};
use crate::schema::Storage;
use crate::table::Units;

/// Caps both ends at the first value that, with what lies beyond it, `k` units have.
pub(super) fn extremes(column: Column, units: &Units, k: usize) -> Change {
    let compare = |a: &i64, b: &i64| a.cmp(b);
    mapped(column, |values| capped(values, units, k, compare), |values| capped(values, units, k, f64::total_cmp))
}

/// Turns the values that are `beyond` a limit into `to`.
pub(super) fn coded(column: Column, beyond: impl Fn(f64) -> bool, to: f64) -> Change {
    let whole = |values: Vec<Option<i64>>| {
        let coded = |x: i64| if beyond(x as f64) { to as i64 } else { x };
        values.into_iter().map(|x| x.map(coded)).collect()
    };
    let float = |values: Vec<Option<f64>>| {
        let coded = |x: f64| if beyond(x) { to } else { x };
        values.into_iter().map(|x| x.map(coded)).collect()
    };
    mapped(column, whole, float)
}

/// The column with its values replaced, in the type they are stored in: a large whole number is no exact float.
fn mapped(
    column: Column,
    whole: impl Fn(Vec<Option<i64>>) -> Vec<Option<i64>>,
    float: impl Fn(Vec<Option<f64>>) -> Vec<Option<f64>>,
) -> Change {
    let Column { field, array } = column;
    let (array, rows): (ArrayRef, Vec<usize>) = match field.storage {
        Storage::Integer => {
            let before: Vec<Option<i64>> = array.as_primitive::<Int64Type>().iter().collect();
            let after = whole(before.clone());
            let rows = changed(&before, &after);
            (Arc::new(Int64Array::from(after)), rows)
        }
        Storage::Timestamp => {
            let before: Vec<Option<i64>> = array.as_primitive::<TimestampMicrosecondType>().iter().collect();
            let after = whole(before.clone());
            let rows = changed(&before, &after);
            (Arc::new(TimestampMicrosecondArray::from(after)), rows)
        }
        Storage::Float => {
            // NaN is missing.
            let values = array.as_primitive::<Float64Type>().iter();
            let before: Vec<Option<f64>> = values.map(|x| x.filter(|x| !x.is_nan())).collect();
            let after = float(before.clone());
            let rows = changed(&before, &after);
            (Arc::new(Float64Array::from(after)), rows)
        }
        Storage::Text | Storage::Boolean => unreachable!("protections are checked to fit their columns"),
    };
    Change { column: Column { field, array }.settled(), rows, levels: None }
}

fn changed<T: PartialEq>(before: &[T], after: &[T]) -> Vec<usize> {
    (0..before.len()).filter(|&row| before[row] != after[row]).collect()
}

fn capped<T: Copy>(
    values: Vec<Option<T>>,
    units: &Units,
    k: usize,
    compare: impl Fn(&T, &T) -> Ordering,
) -> Vec<Option<T>> {
    let mut sorted: Vec<(T, usize)> =
        values.iter().enumerate().filter_map(|(row, value)| value.map(|value| (value, row))).collect();
    sorted.sort_by(|a, b| compare(&a.0, &b.0));
    let n_units = units.n_units_among(sorted.iter().map(|&(_, row)| row));
    if let (Some(first), Some(last)) = (sorted.first(), sorted.last())
        && compare(&first.0, &last.0) == Ordering::Equal
        && n_units >= k
    {
        return values;
    }
    if n_units < k {
        return vec![None; values.len()];
    }
    let mut low = kth(sorted.iter(), units, k);
    let mut high = kth(sorted.iter().rev(), units, k);
    // With too few values the ends would cross: both stop at the middle.
    if compare(&low, &high) == Ordering::Greater {
        let middle = sorted[(sorted.len() - 1) / 2].0;
        (low, high) = (middle, middle);
    }
    let clamp = |x: T| match (compare(&x, &low), compare(&x, &high)) {
        (Ordering::Less, _) => low,
        (_, Ordering::Greater) => high,
        _ => x,
    };
    values.into_iter().map(|x| x.map(clamp)).collect()
}

/// The first value by which rows of `k` units have come.
fn kth<'a, T: Copy + 'a>(values: impl Iterator<Item = &'a (T, usize)>, units: &Units, k: usize) -> T {
    let mut seen = HashSet::new();
    let is_kth = |(_, row): &&(T, usize)| {
        seen.insert(units.of_row(*row));
        seen.len() == k
    };
    let mut values = values;
    values.find(is_kth).expect("there are as many units").0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Applied, Count, Protection, Secret, apply};
    use super::*;
    use crate::schema::Kind;
    use crate::table::Table;

    fn run(kind: Kind, values: &[f64], protection: Protection) -> (Table, Applied) {
        let column = match kind {
            Kind::Datetime => Table::builder().datetimes("x", values.iter().copied()),
            Kind::Continuous => Table::builder().numbers("x", values.iter().copied()),
            _ => Table::builder().integers("x", values.iter().map(|x| (!x.is_nan()).then_some(*x as i64))),
        };
        let input = column.kind("x", kind).protect("x", [protection]).build().unwrap();
        let (table, mut applied) = apply(&input, &Secret::from_seed(0)).unwrap();
        (table, applied.remove(0))
    }

    #[test]
    fn both_tails_end_at_the_kth_value() {
        let values: Vec<f64> = (0..10).map(f64::from).collect();
        let (table, applied) = run(Kind::Integer, &values, Protection::CapExtremes { k: 3 });
        assert_eq!(table.numbers(0), [2.0, 2.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 7.0, 7.0]);
        assert_eq!(applied.cells, Count::Exactly(4));
        assert_eq!(table.column(0).0.kind, Kind::Integer);
    }

    #[test]
    fn short_and_constant_columns_are_handled() {
        let cap = |values: &[f64], k| run(Kind::Continuous, values, Protection::CapExtremes { k }).0;
        assert_eq!(cap(&[4.0, 4.0, 4.0], 3).numbers(0), [4.0, 4.0, 4.0]);
        assert_eq!(cap(&[1.0, 2.0, 9.0, 4.0], 3).numbers(0), [2.0; 4]);
        assert_eq!(cap(&[1.0, 2.0, 9.0, 4.0], 3).column(0).0.kind, Kind::Constant);
        assert!(cap(&[1.0, 2.0], 3).numbers(0).iter().all(|x| x.is_nan()));
        assert!(cap(&[1.0, f64::NAN, 3.0, 5.0], 3).missing(0)[1]);
    }

    #[test]
    fn a_tail_of_one_persons_rows_is_not_that_of_many() {
        // The five largest values are one person's, as are the first five rows.
        let values: Vec<f64> = (0..15).map(f64::from).collect();
        let owners: Vec<usize> = [0; 5].into_iter().chain(1..6).chain([6; 5]).collect();
        let column = Table::builder().integers("x", 0..15).kind("x", Kind::Integer);
        let input = column.protect("x", [Protection::CapExtremes { k: 3 }]).build().unwrap();
        let input = input.with_units(Units::rows(7).take(&owners));
        let (output, applied) = apply(&input, &Secret::from_seed(0)).unwrap();
        let expected: Vec<f64> = values.iter().map(|x| x.clamp(6.0, 8.0)).collect();
        assert_eq!(output.numbers(0), expected);
        assert_eq!(applied[0].cells, Count::Exactly(12));
        // Two people are not three.
        let owners: Vec<usize> = (0..15).map(|row| row % 2).collect();
        let (output, _) = apply(&input.with_units(Units::rows(2).take(&owners)), &Secret::from_seed(0)).unwrap();
        assert!(output.missing(0).iter().all(|missing| *missing));
    }

    #[test]
    fn large_whole_numbers_stay_exact() {
        let big = (1_i64 << 53) + 1;
        let values: Vec<Option<i64>> = (0..9).map(|i| Some(big + 2 * i)).collect();
        let after = capped(values, &Units::rows(9), 2, |a: &i64, b: &i64| a.cmp(b));
        assert_eq!(after[3], Some(big + 6));
        assert_eq!(after[0], Some(big + 2));
    }

    #[test]
    fn ages_over_89_are_90() {
        let (table, applied) =
            run(Kind::Integer, &[89.0, 90.0, 91.0, 104.0], Protection::TopCode { above: 89.0, to: 90.0 });
        assert_eq!(table.numbers(0), [89.0, 90.0, 90.0, 90.0]);
        assert_eq!(applied.cells, Count::FewerThan(11));
        assert_eq!(applied.what, "values above 89 become 90");
        let (table, _) =
            run(Kind::Integer, &[1920.0, 1936.0, 1937.0], Protection::BottomCode { below: 1937.0, to: 1936.0 });
        assert_eq!(table.numbers(0), [1936.0, 1936.0, 1937.0]);
    }

    proptest! {
        /// The claim itself: k rows share the smallest value and k the largest, the rest is as it was.
        #[test]
        fn k_rows_share_each_end(
            values in prop::collection::vec(prop_oneof![8 => (-40i32..40).prop_map(f64::from), 1 => Just(f64::NAN)], 1..90),
            k in 2usize..13,
            kind in 0..3,
        ) {
            let kind = [Kind::Integer, Kind::Continuous, Kind::Datetime][kind as usize];
            let (table, _) = run(kind, &values, Protection::CapExtremes { k });
            let after = table.numbers(0);
            let left: Vec<f64> = after.iter().copied().filter(|x| !x.is_nan()).collect();
            let n_present = values.iter().filter(|x| !x.is_nan()).count();
            prop_assert_eq!(left.len(), if n_present < k { 0 } else { n_present });
            for end in [left.iter().copied().reduce(f64::min), left.iter().copied().reduce(f64::max)].into_iter().flatten() {
                prop_assert!(left.iter().filter(|x| **x == end).count() >= k);
                // On the grid: one of the column's own values.
                prop_assert!(values.contains(&end));
            }
            let inside = |x: f64| left.iter().any(|y| *y < x) && left.iter().any(|y| *y > x);
            for (before, after) in values.iter().zip(&after) {
                prop_assert!(!inside(*before) || before == after);
            }
        }
    }
}

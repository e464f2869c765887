//! Numbers and dates that stand out at an end of their column become a round number that stands for enough people.
//!
//! A cap that is the k-th outermost value is that person's value, and it moves when anybody beyond it comes or goes: who knows
//! all other rows reads off whether she was in. So two things differ here.
//!
//! - *How many* are capped is drawn for each end from the [secret](super::Secret), evenly in k..=2k. One person more shifts the
//!   ranks by one, and what only one of the two tables can give has a probability of 1/(k + 1).
//! - *What they become* is nobody's value: the next round one outwards (steps of 1, 2, 5, 10, … of the column's grid, on the
//!   calendar for dates), steps that are about as wide as the tail. Both tables then mostly give the same cap. How wide exactly
//!   is drawn as well, so that no width hangs on one person. A value that enough people share (as many as drawn in k..=2k) is
//!   nobody's already and stays, as does a limit that nobody passes: zeros, the top of a scale.
//!
//! The width of a tail is its distance from the median, or twice that from the 6k-th value where this is less: rounding then
//! goes half as far beyond the values as they reach on average, in light tails and heavy ones. Round steps never cross zero. A
//! bound that an earlier protection or a declared range sets is not passed.
//!
//! What one person changes in the caps of one table, measured as the area under the curve of the best attack that knows all
//! others, is in the tests below and in `benches/scripts/informed_attack.py`.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, TimestampMicrosecondArray};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};
use rand::Rng;

use super::column::{Change, Column};
use super::ruler::{Calendar, Decimals, End, Ruler, Whole};
use crate::schema::Storage;
use crate::table::Units;

/// The end of the ranks that the width of a tail is measured from, in multiples of `k`.
const INNER: usize = 6;
/// The width of a tail is not more than this multiple of its distance from the inner ranks.
const TAIL: f64 = 2.0;

/// The numbers that a cap must not pass, as [`Table::numbers`](crate::Table::numbers) gives them.
pub(super) type Bounds = [f64; 2];

/// No bounds.
pub(super) const UNBOUNDED: Bounds = [f64::NEG_INFINITY, f64::INFINITY];

/// What is drawn for one column.
struct Draws {
    /// For the lower end and the upper one.
    ends: [Draw; 2],
    /// A column that fewer units have is emptied.
    least: usize,
}

/// What is drawn for one end.
struct Draw {
    /// How many units are capped.
    rank: usize,
    /// A value that so many units have stays as it is.
    shared: usize,
    /// What the width of the tail is multiplied by, from 1 to the next of the steps 1, 2, 5, 10 (on average).
    factor: f64,
}

impl Draws {
    fn of(k: usize, rng: &mut impl Rng) -> Self {
        let mut end = || Draw {
            rank: rng.gen_range(k..=2 * k),
            shared: rng.gen_range(k..=2 * k),
            factor: 10f64.powf(rng.gen_range(0.0..1.0 / 3.0)),
        };
        let ends = [end(), end()];
        Self { ends, least: rng.gen_range(k..=2 * k) }
    }
}

/// Caps both ends; the values at each are then those of `k` to 2`k` units or more.
pub(super) fn extremes(column: Column, units: &Units, k: usize, bounds: Bounds, rng: &mut impl Rng) -> Change {
    let draws = Draws::of(k, rng);
    let (format, is_date) = (column.field.number, column.field.storage == Storage::Timestamp);
    let whole = |values: Vec<Option<i64>>| {
        if is_date {
            let ruler = Calendar::of(values.iter().flatten().copied(), k);
            capped(values, units, k, &draws, &ruler, bounds.map(|seconds| seconds * 1e6))
        } else {
            capped(values, units, k, &draws, &Whole::of(format), bounds)
        }
    };
    let float =
        |values: Vec<Option<f64>>| capped(values, units, k, &draws, &Decimals(format.unwrap_or_default()), bounds);
    mapped(column, whole, float)
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

/// The values with both ends capped.
fn capped<T: Copy + PartialOrd>(
    values: Vec<Option<T>>,
    units: &Units,
    k: usize,
    draws: &Draws,
    ruler: &impl Ruler<T>,
    bounds: Bounds,
) -> Vec<Option<T>> {
    let order = |a: &(T, usize), b: &(T, usize)| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal);
    let mut sorted: Vec<(T, usize)> =
        values.iter().enumerate().filter_map(|(row, value)| value.map(|value| (value, row))).collect();
    sorted.sort_by(order);
    let n_units = units.n_units_among(sorted.iter().map(|&(_, row)| row));
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return values };
    if first.0 == last.0 && n_units >= k {
        return values;
    }
    if n_units < draws.least {
        return vec![None; values.len()];
    }
    let middle = sorted[(sorted.len() - 1) / 2].0;
    let [low, high] = &draws.ends;
    let (low, high) = if low.rank + high.rank <= n_units {
        let cap = |end, draw| cap(&sorted, end, units, k, draw, ruler, bounds);
        (cap(End::Low, low), cap(End::High, high))
    } else {
        // The ends would cross: one value is left for all.
        let quarter = |i: usize| ruler.place(sorted[i * (sorted.len() - 1) / 4].0);
        let to = ruler.outwards(middle, (quarter(3) - quarter(1)) * low.factor, End::Low);
        return values.into_iter().map(|x| x.map(|_| to)).collect();
    };
    let clamp = |x: T| match () {
        () if x <= low.from => low.to,
        () if x >= high.from => high.to,
        () => x,
    };
    values.into_iter().map(|x| x.map(clamp)).collect()
}

/// From which value on outwards all become what.
struct Cap<T> {
    from: T,
    to: T,
}

/// The cap of the end at which `sorted` begins, or ends.
fn cap<T: Copy + PartialOrd>(
    sorted: &[(T, usize)],
    end: End,
    units: &Units,
    k: usize,
    draw: &Draw,
    ruler: &impl Ruler<T>,
    bounds: Bounds,
) -> Cap<T> {
    let n = sorted.len();
    let nth = |i: usize| if end == End::Low { sorted[i] } else { sorted[n - 1 - i] };
    // The value by which rows of 1, 2, 3, … units have come.
    let mut seen = HashSet::new();
    let outermost: Vec<T> =
        (0..n).map(nth).filter(|(_, row)| seen.insert(units.of_row(*row))).map(|(x, _)| x).take(INNER * k).collect();
    let from = outermost[draw.rank - 1];
    let range = sorted.partition_point(|(x, _)| *x < from)..sorted.partition_point(|(x, _)| *x <= from);
    if units.n_units_among(sorted[range].iter().map(|&(_, row)| row)) >= draw.shared {
        return Cap { from, to: from };
    }
    let ranks = &outermost[k - 1..(2 * k).min(outermost.len())];
    let mean = ranks.iter().map(|x| ruler.place(*x)).sum::<f64>() / ranks.len() as f64;
    let middle = ruler.place(sorted[(n - 1) / 2].0);
    let inner = ruler.place(outermost[outermost.len() - 1]);
    let width = (mean - middle).abs().min(TAIL * (mean - inner).abs());
    let to = ruler.outwards(from, width * draw.factor, end);
    let is_within = |x: T| (bounds[0]..=bounds[1]).contains(&ruler.place(x));
    // What is within the bounds stays there.
    if is_within(from) && !is_within(to) {
        return Cap { from, to: ruler.at(bounds[usize::from(end == End::High)]) };
    }
    Cap { from, to }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::Rng as _;
    use rand_chacha::ChaCha20Rng;

    use super::super::{Applied, Count, Protection, Secret, apply};
    use super::*;
    use crate::schema::{Constraint, Kind, Value};
    use crate::table::Table;

    fn table(kind: Kind, values: &[f64]) -> Table {
        let column = match kind {
            Kind::Datetime => Table::builder().datetimes("x", values.iter().copied()),
            Kind::Continuous => Table::builder().numbers("x", values.iter().copied()),
            _ => Table::builder().integers("x", values.iter().map(|x| (!x.is_nan()).then_some(*x as i64))),
        };
        column.kind("x", kind).build().unwrap()
    }

    fn run(kind: Kind, values: &[f64], protection: Protection) -> (Table, Applied) {
        let mut schema = (**table(kind, values).schema()).clone();
        schema.fields[0].protect = vec![protection];
        let input = table(kind, values).with_schema(schema.into()).unwrap();
        let (table, mut applied) = apply(&input, &Secret::from_seed(0)).unwrap();
        (table, applied.remove(0))
    }

    fn rng(seed: u64) -> ChaCha20Rng {
        Secret::from_seed(seed).stream(&[])
    }

    /// The values of a column after capping under a secret.
    fn under(table: &Table, k: usize, seed: u64) -> Vec<f64> {
        let (field, array) = table.column(0);
        let column = Column { field: field.clone(), array: Arc::clone(array) };
        let change = extremes(column, &Units::of(table), k, UNBOUNDED, &mut rng(seed));
        change.column.as_table().numbers(0)
    }

    fn ends(values: &[f64]) -> [f64; 2] {
        let present = || values.iter().copied().filter(|x| !x.is_nan());
        [present().fold(f64::INFINITY, f64::min), present().fold(f64::NEG_INFINITY, f64::max)]
    }

    /// Numbers in [0, 1) that look drawn.
    fn uniform(n: usize, salt: u64) -> Vec<f64> {
        let mut rng = rng(1000 + salt);
        (0..n).map(|_| rng.gen_range(0.0..1.0)).collect()
    }

    #[test]
    fn both_tails_become_round_numbers_of_enough_rows() {
        let values: Vec<f64> = (0..200).map(|i| f64::from(i * 37 % 200) + 1000.0).collect();
        let input = table(Kind::Integer, &values);
        for seed in 0..50 {
            let after = under(&input, 11, seed);
            for (end, is_outer) in ends(&after).into_iter().zip([f64::lt, f64::gt]) {
                assert!(end % 20.0 == 0.0 && (900.0..=1300.0).contains(&end), "{end}");
                let n = after.iter().filter(|x| **x == end).count();
                assert!((11..=22).contains(&n), "{n}");
                assert!(!after.iter().any(|x| is_outer(x, &end)));
            }
        }
    }

    #[test]
    fn short_and_constant_columns_are_handled() {
        let cap = |values: &[f64], seed| under(&table(Kind::Continuous, values), 3, seed);
        for seed in 0..20 {
            assert_eq!(cap(&[4.0, 4.0, 4.0], seed), [4.0, 4.0, 4.0]);
            assert!(cap(&[1.0, 2.0], seed).iter().all(|x| x.is_nan()));
            // Too few for two ends: one round number, or nothing.
            let four = cap(&[1.0, 2.0, 9.0, 4.0], seed);
            assert!(four.iter().all(|x| x.is_nan()) || (four.iter().all(|x| *x == four[0] && *x <= 2.0)), "{four:?}");
            let nine: Vec<f64> = (0..9).map(f64::from).collect();
            let [low, high] = ends(&cap(&nine, seed));
            assert!(low >= -5.0 && high <= 20.0);
        }
        assert!(under(&table(Kind::Continuous, &[]), 3, 0).is_empty());
    }

    #[test]
    fn what_many_share_stays_the_end() {
        // Half of the values are 0, the least; a scale ends at 100, which 30 reach.
        let values: Vec<f64> = (0..300).map(|i| if i < 150 { 0.0 } else { f64::from(i - 150).min(100.0) }).collect();
        let input = table(Kind::Integer, &values);
        assert!((0..50).all(|seed| under(&input, 11, seed) == values));
        // One who is below zero is not seen.
        let mut with = values.clone();
        with.push(-7.0);
        let input = table(Kind::Integer, &with);
        assert!((0..50).all(|seed| ends(&under(&input, 11, seed)) == [0.0, 100.0]));
    }

    #[test]
    fn a_tail_of_one_persons_rows_is_not_that_of_many() {
        // The 40 largest values are one person's.
        let values: Vec<f64> = (0..100).map(f64::from).chain((0..40).map(|i| f64::from(500 + i))).collect();
        let owners: Vec<usize> = (0..100).chain([100; 40]).collect();
        let input = table(Kind::Integer, &values).with_units(Units::rows(101).take(&owners));
        for seed in 0..50 {
            let after = under(&input, 11, seed);
            assert!(after[100..].iter().all(|x| *x == ends(&after)[1]));
            assert!(ends(&after)[1] <= 200.0);
        }
        // Two people are not three.
        let owners: Vec<usize> = (0..140).map(|row| row % 2).collect();
        let input = input.with_units(Units::rows(2).take(&owners));
        assert!(under(&input, 3, 0).iter().all(|x| x.is_nan()));
    }

    #[test]
    fn large_whole_numbers_stay_exact() {
        let big = (1_i64 << 53) + 1;
        let values: Vec<Option<i64>> = (0..900).map(|i| Some(big + 2 * i)).collect();
        let draws = Draws::of(11, &mut rng(0));
        let after = capped(values.clone(), &Units::rows(900), 11, &draws, &Whole::of(None), UNBOUNDED);
        assert_eq!(after[50..850], values[50..850]);
    }

    #[test]
    fn bounds_are_not_passed() {
        let values: Vec<f64> = (0..300).map(|i| f64::from(20 + i % 68)).chain([90.0; 4]).collect();
        let mut schema = (**table(Kind::Integer, &values).schema()).clone();
        schema.fields[0].protect =
            vec![Protection::TopCode { above: 89.0, to: 90.0 }, Protection::CapExtremes { k: 11 }];
        let range = Constraint::Range { column: "x".to_owned(), min: Some(Value::Whole(18)), max: None };
        schema.constraints = vec![range];
        let input = table(Kind::Integer, &values).with_schema(schema.into()).unwrap();
        for seed in 0..50 {
            let (output, _) = apply(&input, &Secret::from_seed(seed)).unwrap();
            let [low, high] = ends(&output.numbers(0));
            assert!(low >= 18.0 && high <= 90.0, "{low} {high}");
        }
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

    #[test]
    fn a_cap_is_nobodys_value() {
        // Six decimals, and no value twice.
        let values: Vec<f64> =
            uniform(300, 0).iter().map(|u| (1e6 * 50.0 * (1.0 - u).ln().abs()).round() / 1e6).collect();
        let is_nobodys = |cap: f64| !values.contains(&cap);
        let input = table(Kind::Continuous, &values);
        assert!((0..200).all(|seed| ends(&under(&input, 11, seed)).into_iter().all(is_nobodys)));
        // The rule that this one replaced.
        assert!(!kth(&values, 11).into_iter().all(is_nobodys));
    }

    /// The k-th value from either end: what a cap was before.
    fn kth(values: &[f64], k: usize) -> [f64; 2] {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        [sorted[k - 1], sorted[sorted.len() - k]]
    }

    /// The area under the curve of the best attack on the caps of some columns by somebody who knows all rows but one, and the
    /// rule, but not the secret: likelihood ratios of the caps with her and without, added up over the columns.
    fn auc_of_informed_attack(with: &[Vec<f64>], caps: impl Fn(&[f64], u64) -> [f64; 2]) -> f64 {
        let without: Vec<&[f64]> = with.iter().map(|column| &column[..column.len() - 1]).collect();
        const KNOWN: u64 = 2500;
        const TRIED: u64 = 500;
        let mut scores = [vec![0.0; TRIED as usize], vec![0.0; TRIED as usize]];
        for (out, own) in without.into_iter().zip(with) {
            for end in 0..2 {
                let drawn = |values: &[f64]| -> Vec<u64> {
                    (0..KNOWN + TRIED).map(|seed| (caps(values, seed)[end] + 0.0).to_bits()).collect()
                };
                // Of her the streams are others: the same secret is not used twice.
                let drawn = [drawn(out), drawn(own).into_iter().rev().collect()];
                let count = |own: &[u64], cap: u64| own[..KNOWN as usize].iter().filter(|x| **x == cap).count() as f64;
                for (scores, drawn_of_world) in scores.iter_mut().zip(&drawn) {
                    for (score, cap) in scores.iter_mut().zip(&drawn_of_world[KNOWN as usize..]) {
                        *score += ((count(&drawn[1], *cap) + 0.5) / (count(&drawn[0], *cap) + 0.5)).ln();
                    }
                }
            }
        }
        let [out, own] = scores;
        let won = own.iter().flat_map(|x| {
            out.iter().map(move |y| {
                if x > y {
                    1.0
                } else if x == y {
                    0.5
                } else {
                    0.0
                }
            })
        });
        won.sum::<f64>() / (TRIED * TRIED) as f64
    }

    #[test]
    fn who_knows_all_others_hardly_tells_the_outermost() {
        // Normal, skewed and rounded columns of 200 people, and somebody beyond them all at four ends.
        let normal = |salt: u64| -> Vec<f64> {
            let [a, b, c] = [0, 1, 2].map(|i| uniform(200, salt + i));
            (0..200).map(|i| (40.0 * (a[i] + b[i] + c[i])).round() + 100.0).collect()
        };
        let skewed: Vec<f64> = uniform(200, 9).iter().map(|u| (100.0 * -(1.0 - u).ln()).round() / 10.0).collect();
        let rounded: Vec<f64> = normal(20).iter().map(|x| (x / 10.0).round() * 10.0).collect();
        let mut columns = [normal(0), normal(10), skewed, rounded];
        for (column, own) in columns.iter_mut().zip([400.0, 20.0, 300.0, 600.0]) {
            column.push(own);
        }
        let now = |values: &[f64], seed| ends(&under(&table(Kind::Continuous, values), 11, seed));
        let auc = auc_of_informed_attack(&columns, now);
        assert!(auc <= 0.60, "{auc}");
        // Without randomness the cap says it, with random ranks alone it says too much.
        let auc = auc_of_informed_attack(&columns, |values, _| kth(values, 11));
        assert!(auc > 0.99, "{auc}");
        let ranked = |values: &[f64], seed| {
            let [low, high] = &Draws::of(11, &mut rng(seed)).ends;
            [kth(values, low.rank)[0], kth(values, high.rank)[1]]
        };
        let auc = auc_of_informed_attack(&columns, ranked);
        assert!(auc > 0.63, "{auc}");
    }

    proptest! {
        /// The claim itself: k rows share the smallest value and k the largest, the rest is as it was.
        #[test]
        fn k_rows_share_each_end(
            values in prop::collection::vec(prop_oneof![8 => (-40i32..40).prop_map(f64::from), 1 => Just(f64::NAN)], 1..90),
            k in 2usize..13,
            kind in 0..3,
            seed in 0u64..1000,
        ) {
            let kind = [Kind::Integer, Kind::Continuous, Kind::Datetime][kind as usize];
            let after = under(&table(kind, &values), k, seed);
            let left: Vec<f64> = after.iter().copied().filter(|x| !x.is_nan()).collect();
            let n_present = values.iter().filter(|x| !x.is_nan()).count();
            prop_assert!(left.len() == n_present || (left.is_empty() && n_present < 2 * k));
            prop_assert!(n_present >= k || left.is_empty());
            if left.is_empty() {
                return Ok(());
            }
            let [low, high] = ends(&after);
            for end in [low, high] {
                prop_assert!(left.iter().filter(|x| **x == end).count() >= k);
            }
            for (before, after) in values.iter().zip(&after) {
                prop_assert!(before.is_nan() == after.is_nan());
                prop_assert!(before.is_nan() || before == after || *after == low || *after == high);
            }
        }
    }
}

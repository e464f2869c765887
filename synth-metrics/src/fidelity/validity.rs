//! Cells one at a time: could the real column have held them?
//!
//! - A number is valid between the smallest and the largest train value,
//! - a level is valid if the train column has it,
//! - a number is on the grid if it is a whole multiple of the step that all train values are multiples of.
//!
//! The first two are what SDMetrics 0.32.0 calls `BoundaryAdherence` and `CategoryAdherence`, missing cells included: a
//! missing cell is invalid where the train column has none; where it has some, ranges leave it out and levels count it
//! as valid. 1 is what a copy gets. A fresh sample of n rows gets less: each of its numbers exceeds the range of n train
//! values with a chance of 2 / (n + 1). Left out on purpose: values that are possible though train lacks them, which
//! only a person can know; and rules between columns, which are in [`rules`](crate::fidelity::rules).

use rayon::prelude::*;
use synth_core::Kind;

use crate::columns::{MISSING, joint_levels};
use crate::comparison::Comparison;
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::estimate::{ColumnValue, Estimate, Measure, Outcome, between};
use crate::family::{Family, Intervals, Taking};
use crate::sampling::interval::wilson;

pub(crate) const FAMILY: Family =
    Family { definitions: &[RANGE_VALIDITY, LEVEL_VALIDITY, GRID_VALIDITY], intervals: Intervals::Own, take };

/// The definition of `range_validity`.
pub const RANGE_VALIDITY: Definition = Definition {
    id: "range_validity",
    name: "numbers within the train range",
    meaning: "share of numbers within the range of the train column",
    above: None,
    below: Some("numbers lie outside the real range"),
    domain: Domain::Fidelity,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "BoundaryAdherence of SDMetrics 0.32.0, mean over numbers and dates",
    anchors: Anchors {
        copy: between(1.0, 1.0),
        fresh: between(0.98, 1.0),
        permuted: between(1.0, 1.0),
        shifted: between(0.85, 0.98),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The definition of `level_validity`.
pub const LEVEL_VALIDITY: Definition = Definition {
    id: "level_validity",
    name: "levels known from train",
    meaning: "share of levels that the train column has",
    above: None,
    below: Some("some levels do not occur in the real column"),
    domain: Domain::Fidelity,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "CategoryAdherence of SDMetrics 0.32.0, mean over levels and constants",
    anchors: Anchors {
        copy: between(1.0, 1.0),
        fresh: between(0.98, 1.0),
        permuted: between(1.0, 1.0),
        shifted: between(1.0, 1.0),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The definition of `grid_validity`.
pub const GRID_VALIDITY: Definition = Definition {
    id: "grid_validity",
    name: "numbers on the column's grid",
    meaning: "share of numbers on the grid of the train column",
    above: None,
    below: Some("steps or decimals of numbers differ from the real ones"),
    domain: Domain::Fidelity,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "share of numbers that are whole multiples of the largest step all train values are multiples of, mean over numbers \
             that have one",
    anchors: Anchors {
        copy: between(1.0, 1.0),
        fresh: between(0.98, 1.0),
        permuted: between(1.0, 1.0),
        shifted: between(0.3, 0.7),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The finest grid looked for has this many decimals.
const MOST_DECIMALS: i32 = 6;
/// With fewer distinct train values a step that is no power of ten may be chance, and is not taken.
const LEAST_DISTINCT: usize = 20;

/// `range_validity`: the mean over the columns on a scale of the share of synthetic numbers within the train range.
///
/// A column without numbers in train, or without any in a synthetic column that may be missing, is left out. Not
/// measured if none is left. Source: `BoundaryAdherence`, SDMetrics 0.32.0.
pub fn range_validity(comparison: &Comparison) -> Measure {
    let columns = comparison.columns(Kind::is_scale);
    mean_over(comparison, &RANGE_VALIDITY, &columns, "no numeric or date column", share_in_range)
}

/// `level_validity`: the mean over the columns of levels, constants among them, of the share of synthetic cells whose
/// level occurs in train.
///
/// Not measured if there are no such columns. Source: `CategoryAdherence`, SDMetrics 0.32.0.
pub fn level_validity(comparison: &Comparison) -> Measure {
    let columns = comparison.columns(|kind| kind.is_levels() || kind == Kind::Constant);
    mean_over(comparison, &LEVEL_VALIDITY, &columns, "no categorical column", share_of_known_levels)
}

/// `grid_validity`: the mean over the columns on a scale that have a grid of the share of synthetic numbers on it.
///
/// The grid is found in train: the largest step, a whole number of units of the last decimal (at most six), that all
/// values are multiples of; whole days are 86,400 seconds. With fewer than 20 distinct values the step is that
/// last decimal's unit. A column of numbers with more decimals has no grid and is left out, as is one without synthetic
/// numbers. Not measured if none is left.
pub fn grid_validity(comparison: &Comparison) -> Measure {
    let columns = comparison.columns(Kind::is_scale);
    mean_over(comparison, &GRID_VALIDITY, &columns, "no column lies on a grid", |comparison, column_idx| {
        let grid = Grid::of(&comparison.train().numbers(column_idx))?;
        share(comparison.synthetic().numbers(column_idx).into_iter().filter(|x| !x.is_nan()), |x| grid.holds(x))
    })
}

fn take(taking: &Taking) -> Vec<Measure> {
    [range_validity, level_validity, grid_validity].map(|measure| measure(taking.comparison)).to_vec()
}

/// A share of cells, and of how many.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Share {
    value: f64,
    n: usize,
}

pub(crate) fn share_in_range(comparison: &Comparison, column_idx: usize) -> Option<Share> {
    let (real, synthetic) = (comparison.train().numbers(column_idx), comparison.synthetic().numbers(column_idx));
    let may_be_missing = real.iter().any(|x| x.is_nan());
    let (low, high) = real.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &x| (l.min(x), h.max(x)));
    if low > high {
        return None;
    }
    // NaN is in no range.
    share(synthetic.into_iter().filter(|x| !(may_be_missing && x.is_nan())), |x| low <= x && x <= high)
}

pub(crate) fn share_of_known_levels(comparison: &Comparison, column_idx: usize) -> Option<Share> {
    let joint = joint_levels(&[comparison.train(), comparison.synthetic()], column_idx);
    let mut is_known = vec![false; joint.n_codes];
    joint.codes[0].iter().for_each(|&code| is_known[code as usize] = true);
    debug_assert_eq!(MISSING, 0, "a missing value is a level, known or not");
    share(joint.codes[1].iter().copied(), |code| is_known[code as usize])
}

fn share<T: Copy>(cells: impl Iterator<Item = T>, is_valid: impl Fn(T) -> bool) -> Option<Share> {
    let (mut n, mut n_valid) = (0, 0);
    for cell in cells {
        n += 1;
        n_valid += usize::from(is_valid(cell));
    }
    (n > 0).then(|| Share { value: n_valid as f64 / n as f64, n })
}

/// The mean of the columns' shares, those without any left out, with its interval.
pub(crate) fn mean_over(
    comparison: &Comparison,
    definition: &Definition,
    columns: &[usize],
    reason_if_none: &str,
    share: impl Fn(&Comparison, usize) -> Option<Share> + Sync,
) -> Measure {
    let shares: Vec<Option<Share>> = columns.par_iter().map(|&column_idx| share(comparison, column_idx)).collect();
    let named = columns.iter().zip(&shares).filter_map(|(&column_idx, share)| {
        Some(ColumnValue { column: comparison.name(column_idx).to_owned(), value: (*share)?.value })
    });
    let columns: Vec<ColumnValue> = named.collect();
    let Some(n) = shares.iter().flatten().map(|share| share.n).min() else {
        return Measure::new(definition.id, Outcome::NotMeasured(reason_if_none.to_owned()));
    };
    let value = columns.iter().map(|c| c.value).sum::<f64>() / columns.len() as f64;
    let estimate = Estimate { value, uncertainty: Some(wilson(value.min(1.0), n as f64, n)) };
    Measure { id: definition.id.to_owned(), outcome: Outcome::Measured(estimate), columns }
}

/// Whole multiples of `step` / 10^`decimals`.
struct Grid {
    scale: f64,
    step: u64,
}

impl Grid {
    /// The coarsest grid that holds all values; `None` if there is no value, or none is coarse enough.
    fn of(values: &[f64]) -> Option<Self> {
        let mut distinct: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
        distinct.sort_unstable_by(f64::total_cmp);
        distinct.dedup();
        let decimals = (0..=MOST_DECIMALS).find(|&decimals| {
            let scale = 10f64.powi(decimals);
            distinct.iter().all(|&x| units(x, scale).is_some())
        })?;
        let scale = 10f64.powi(decimals);
        let divisor = distinct.iter().filter_map(|&x| units(x, scale)).fold(0, |a, b| gcd(a, b.unsigned_abs()));
        match (distinct.len(), divisor) {
            (0, _) => None,
            (n, divisor) if n < LEAST_DISTINCT || divisor == 0 => Some(Self { scale, step: 1 }),
            _ => Some(Self { scale, step: divisor }),
        }
    }

    fn holds(&self, x: f64) -> bool {
        units(x, self.scale).is_some_and(|units| units.unsigned_abs().is_multiple_of(self.step))
    }
}

/// How many units 1 / `scale` a number is, if it is a whole number of them but for rounding.
fn units(x: f64, scale: f64) -> Option<i64> {
    let units = (x * scale).round();
    let is_near = (units / scale - x).abs() <= 4.0 * f64::EPSILON * x.abs();
    // Beyond 2^53 every float is whole, which says nothing.
    (is_near && units.abs() < 9e15).then_some(units as i64)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(values: &[f64]) -> Option<f64> {
        Grid::of(values).map(|grid| grid.step as f64 / grid.scale)
    }

    #[test]
    fn a_grid_is_as_coarse_as_the_values_allow() {
        let times = |step: f64| (1..40).map(|i| f64::from(i) * step).collect::<Vec<f64>>();
        assert_eq!(step(&times(5.0)), Some(5.0));
        assert_eq!(step(&times(86_400.0)), Some(86_400.0));
        assert_eq!(step(&times(0.25)), Some(0.25));
        assert_eq!(step(&times(0.1)), Some(0.1)); // 0.1 · 3 is not 0.3, but for rounding it is
        assert_eq!(step(&[30.0, 60.0, f64::NAN]), Some(1.0)); // too few to tell
        assert_eq!(step(&[0.0]), Some(1.0));
        assert_eq!(step(&times(std::f64::consts::PI)), None);
        assert_eq!(step(&[f64::NAN]), None);
        assert_eq!(step(&[1e300, 2e300]), None);
    }

    #[test]
    fn the_grid_tells_its_points() {
        let grid = Grid::of(&(1..40).map(|i| f64::from(i) * 0.25).collect::<Vec<f64>>()).unwrap();
        assert!(grid.holds(0.0) && grid.holds(-7.75) && !grid.holds(0.1) && !grid.holds(0.3));
    }
}

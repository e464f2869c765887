//! A column's distribution as a monotone line between its values and the unit interval.
//!
//! The line is the empirical distribution function, made invertible: a value shared by eleven units or more is an
//! atom, a vertical piece of the line, and is given back exactly; the others are joined by straight pieces that bend
//! halfway between neighbours, so that what is drawn between two rare values is rarely either of them, and is snapped
//! to the column's grid. Between heaps the line is flat: no piece reaches into a gap further than the values of its own
//! side are apart, so that nothing is drawn where no row is. The inverse of an interval is a draw: the randomised probability integral transform
//! (Rüschendorf, "On the distributional transform", 2009) makes the coordinate exactly uniform even with ties.

use chrono::{DateTime, Datelike, NaiveTime};
use serde::{Deserialize, Serialize};

use super::habit::Habits;
use crate::schema::{DEFAULT_K, NumberFormat};

/// A number that this many training units share (people, or rows where nobody has two) may be given back exactly; rarer ones are
/// interpolated: the smallest count that may be told.
pub(super) const SHARED: usize = DEFAULT_K;
/// So many distances on its own side say how far a value's piece reaches into a gap.
const NEIGHBOURS: usize = 5;

/// The points that a column's values can lie on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grid {
    /// Decimal fractions, as the column is written.
    Decimal(NumberFormat),
    /// Whole steps from an origin: dates and times.
    Steps {
        /// A point of the grid.
        origin: f64,
        /// The distance between points, positive.
        step: f64,
    },
    /// The first moment of each month.
    Months,
}

impl Grid {
    /// The months, if all of `seconds` begin one, else the coarsest grid of whole microseconds that holds all of them.
    pub(super) fn of(seconds: &[f64]) -> Self {
        if !seconds.is_empty() && seconds.iter().all(|&x| month_start(x) == Some(x)) {
            return Grid::Months;
        }
        let micros = |x: f64| (x * 1e6).round() as i64;
        let origin = seconds.first().copied().unwrap_or(0.0);
        let step = seconds.iter().fold(0u64, |step, &x| gcd(step, (micros(x) - micros(origin)).unsigned_abs()));
        Grid::Steps { origin, step: step.max(1) as f64 / 1e6 }
    }

    fn is_sound(&self) -> bool {
        let origin = match self {
            Grid::Decimal(format) if format.decimals > 17 => return false,
            Grid::Decimal(_) | Grid::Months => 0.0,
            Grid::Steps { origin, .. } => *origin,
        };
        origin.is_finite() && self.step().is_finite() && self.step() > 0.0
    }

    fn step(&self) -> f64 {
        match self {
            Grid::Decimal(format) => format.step,
            Grid::Steps { step, .. } => *step,
            // The shortest month: no draw from around one is nearer to another.
            Grid::Months => 28.0 * 86_400.0,
        }
    }

    fn snap(&self, x: f64) -> f64 {
        match self {
            Grid::Decimal(format) => format.snap(x),
            Grid::Steps { origin, step } => origin + ((x - origin) / step).round() * step,
            Grid::Months => {
                let before = month_start(x).unwrap_or(x);
                let after = month_start(before + 45.0 * 86_400.0).unwrap_or(x);
                if x - before <= after - x { before } else { after }
            }
        }
    }
}

/// A monotone line from values to the unit interval, and its inverse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuantileMap {
    /// Values at the knots, never falling.
    x: Vec<f64>,
    /// Shares at the knots, never falling, from 0 to 1.
    u: Vec<f64>,
    grid: Grid,
    /// How round the rare values are; what is shared comes back as it is.
    #[serde(default, skip_serializing_if = "Habits::is_empty")]
    habits: Habits,
}

impl QuantileMap {
    /// The line through the distribution of `values`.
    ///
    /// # Panics
    /// If `values` is empty or holds NaN.
    pub fn fit(values: Vec<f64>, grid: Grid) -> Self {
        Self::fit_shared(values, grid, SHARED)
    }

    /// The same where only so many rows as `n_shared` are surely of [`SHARED`] units.
    pub(super) fn fit_shared(mut values: Vec<f64>, grid: Grid, n_shared: usize) -> Self {
        assert!(!values.is_empty(), "a distribution needs a value");
        values.sort_by(|a, b| a.partial_cmp(b).expect("values are not NaN"));
        let n = values.len() as f64;
        let rare: Vec<f64> =
            values.chunk_by(|a, b| a == b).filter(|run| run.len() < n_shared).flatten().copied().collect();
        let habits = match &grid {
            Grid::Decimal(format) => Habits::of(&rare, format.step),
            Grid::Steps { .. } | Grid::Months => Habits::default(),
        };
        let runs: Vec<(f64, usize)> = values.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
        let (mut x, mut u) = (Vec::with_capacity(2 * runs.len()), Vec::with_capacity(2 * runs.len()));
        let mut below = 0;
        for (i, &(value, count)) in runs.iter().enumerate() {
            let (from, to) = if count >= n_shared {
                (value, value)
            } else {
                let before = if i == 0 { value } else { f64::midpoint(runs[i - 1].0, value) };
                let after = if i + 1 == runs.len() { value } else { f64::midpoint(value, runs[i + 1].0) };
                let own = |distances: &mut dyn Iterator<Item = f64>| largest(distances, NEIGHBOURS);
                let above = own(&mut runs[i..].windows(2).map(|pair| pair[1].0 - pair[0].0));
                let below = own(&mut runs[..=i].windows(2).rev().map(|pair| pair[1].0 - pair[0].0));
                (before.max(value - above), after.min(value + below))
            };
            x.extend([from, to]);
            u.extend([below as f64 / n, (below + count) as f64 / n]);
            below += count;
        }
        Self { x, u, grid, habits }
    }

    /// Whether a line that was read from a file is one: finite, never falling, shares within 0 and 1.
    pub(super) fn is_sound(&self) -> bool {
        let Self { x, u, grid, habits } = self;
        let line = |knots: &[f64]| knots.iter().all(|knot| knot.is_finite()) && knots.is_sorted();
        let shares = u.iter().all(|share| (0.0..=1.0).contains(share));
        x.len() == u.len() && x.len() >= 2 && line(x) && line(u) && shares && grid.is_sound() && habits.is_sound()
    }

    /// The part of the unit interval that is given back as `value` (snapped to the grid).
    ///
    /// A value beyond the fitted range gets the nearest end.
    pub fn interval(&self, value: f64) -> [f64; 2] {
        // A little less than the whole cell of the grid, so that rounding cannot push a draw into the next one.
        let half = self.grid.step() * 0.4999;
        let low = self.share(value - half, Side::Below);
        let high = self.share(value + half, Side::Above);
        [low, high.max(low)]
    }

    /// The value at share `u`, on the grid and within the fitted range.
    pub fn value(&self, u: f64) -> f64 {
        self.on_grid(self.interpolated(u).0)
    }

    /// The value at share `u` as people would write it: what is interpolated between rare values is rounded as often as the
    /// rare values themselves are. `round` is asked for a number in [0, 1) if that takes one.
    pub fn written(&self, u: f64, round: impl FnOnce() -> f64) -> f64 {
        match (self.interpolated(u), &self.grid) {
            ((x, Piece::Between), Grid::Decimal(format)) if !self.habits.is_empty() => {
                let grid = self.habits.grid(x, round()) as f64 * format.step;
                self.on_grid((x / grid).round() * grid)
            }
            ((x, _), _) => self.on_grid(x),
        }
    }

    fn on_grid(&self, x: f64) -> f64 {
        self.grid.snap(x).clamp(self.x[0], *self.x.last().expect("a line has knots"))
    }

    /// The point of the line at share `u`, and on what piece it lies.
    fn interpolated(&self, u: f64) -> (f64, Piece) {
        let u = u.clamp(0.0, 1.0);
        // The first knot that is not below u ends the piece that holds u.
        let end = self.u.partition_point(|&knot| knot < u).clamp(1, self.u.len() - 1);
        let (u0, u1) = (self.u[end - 1], self.u[end]);
        let (x0, x1) = (self.x[end - 1], self.x[end]);
        let along = if u1 > u0 { ((u - u0) / (u1 - u0)).clamp(0.0, 1.0) } else { 1.0 };
        (x0 + along * (x1 - x0), if x0 == x1 { Piece::Shared } else { Piece::Between })
    }

    /// The share below `x`; at an atom, of its lower or upper end.
    fn share(&self, x: f64, side: Side) -> f64 {
        let end = match side {
            Side::Below => self.x.partition_point(|&knot| knot < x),
            Side::Above => self.x.partition_point(|&knot| knot <= x),
        };
        if end == 0 {
            return 0.0;
        }
        if end == self.x.len() {
            return 1.0;
        }
        let (x0, x1) = (self.x[end - 1], self.x[end]);
        let along = if x1 > x0 { (x - x0) / (x1 - x0) } else { 1.0 };
        self.u[end - 1] + along * (self.u[end] - self.u[end - 1])
    }
}

/// The largest of the first `n` numbers; infinite if there are fewer: so few values are no heap.
fn largest(numbers: &mut dyn Iterator<Item = f64>, n: usize) -> f64 {
    let first: Vec<f64> = numbers.take(n).collect();
    if first.len() < n { f64::INFINITY } else { first.into_iter().fold(0.0, f64::max) }
}

/// What a piece of the line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// One value that many rows have.
    Shared,
    /// Values between rare ones.
    Between,
}

#[derive(Clone, Copy)]
enum Side {
    Below,
    Above,
}

/// The first moment of the month that holds the moment `seconds` after 1970.
fn month_start(seconds: f64) -> Option<f64> {
    let date = DateTime::from_timestamp(seconds.floor() as i64, 0)?.date_naive().with_day(1)?;
    Some(date.and_time(NaiveTime::MIN).and_utc().timestamp() as f64)
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole() -> Grid {
        Grid::Decimal(NumberFormat::default())
    }

    #[test]
    fn a_shared_value_is_an_atom_and_comes_back_exactly() {
        let mut values = vec![0.0; 92];
        values.extend([114.0, 2000.0, 3000.0, 3001.0, 5000.0, 7000.0, 8000.0, 99999.0]);
        let map = QuantileMap::fit(values, whole());
        assert_eq!(map.interval(0.0), [0.0, 0.92]);
        assert!((0..92).all(|i| map.value(f64::from(i) / 100.0 + 0.005) == 0.0));
        assert!(map.value(0.95) > 0.0);
        assert_eq!(map.value(1.0), 99999.0);
    }

    #[test]
    fn between_rare_values_new_ones_appear_on_the_grid() {
        let map = QuantileMap::fit(vec![10.0, 20.0, 30.0], whole());
        let drawn: Vec<f64> = (0..=100).map(|i| map.value(f64::from(i) / 100.0)).collect();
        assert!(drawn.iter().all(|x| x.fract() == 0.0 && (10.0..=30.0).contains(x)));
        assert!(drawn.iter().any(|x| ![10.0, 20.0, 30.0].contains(x)));
        assert!(drawn.is_sorted());
    }

    #[test]
    fn rare_values_are_written_as_round_as_they_were() {
        // Hundreds, but for one value in ten; none is shared.
        let seen: Vec<f64> =
            (0..1000).map(|i| f64::from(10_000 + 700 * i + if i % 10 == 0 { 37 } else { 0 })).collect();
        let map = QuantileMap::fit(seen, whole());
        let halves = |i: u32| f64::from(i.wrapping_mul(2_654_435_761)) / 2f64.powi(32);
        let drawn: Vec<f64> = (0..4000).map(|i| map.written((f64::from(i) + 0.5) / 4000.0, || halves(i))).collect();
        let hundreds = drawn.iter().filter(|x| *x % 100.0 == 0.0).count();
        assert!((3400..3750).contains(&hundreds), "{hundreds}");
        assert!(drawn.iter().all(|x| x.fract() == 0.0 && (10_000.0..=709_300.0).contains(x)));
        // A shared value asks for nothing.
        let map = QuantileMap::fit(vec![7.0; 20], whole());
        assert_eq!(map.written(0.5, || unreachable!("it is given back as it is")), 7.0);
    }

    #[test]
    fn nothing_is_drawn_in_the_gap_between_two_heaps() {
        // Two assays: around 10 and around 900.
        let heap =
            |centre: f64, n: u32| (0..n).map(move |i| centre + f64::from(i.wrapping_mul(2_654_435_761) % 1000) / 250.0);
        let values: Vec<f64> = heap(8.0, 150).chain(heap(898.0, 150)).map(|x| (x * 100.0).round() / 100.0).collect();
        let format = NumberFormat { decimals: 2, step: 0.01, ..NumberFormat::default() };
        let map = QuantileMap::fit(values.clone(), Grid::Decimal(format));
        let drawn: Vec<f64> = (0..=30_000).map(|i| map.value(f64::from(i) / 30_000.0)).collect();
        assert!(drawn.iter().all(|x| (8.0..12.5).contains(x) || (897.5..902.1).contains(x)));
        // A lone value is no heap: it is not given back exactly, and neither is the way to it.
        let mut values: Vec<f64> = heap(8.0, 150).collect();
        values.push(900.0);
        let map = QuantileMap::fit(values, Grid::Decimal(format));
        assert!((map.value(0.9985) - 900.0).abs() > 1.0);
    }

    #[test]
    fn one_value_is_a_line_too() {
        let map = QuantileMap::fit(vec![7.0], whole());
        assert_eq!([map.value(0.0), map.value(0.5), map.value(1.0)], [7.0; 3]);
    }

    #[test]
    fn the_grid_of_days_is_a_day() {
        let days = [86_400.0 * 3.0, 86_400.0 * 10.0, 86_400.0 * 4.0];
        assert_eq!(Grid::of(&days).step(), 86_400.0);
    }

    #[test]
    fn months_are_a_grid_of_their_own() {
        let months: Vec<f64> = [0.0, 31.0, 59.0, 365.0].iter().map(|days| days * 86_400.0).collect();
        let grid = Grid::of(&months);
        assert_eq!(grid, Grid::Months);
        let map = QuantileMap::fit(months.clone(), grid);
        assert!((0..=100).all(|i| grid.snap(map.value(f64::from(i) / 100.0)) == map.value(f64::from(i) / 100.0)));
        for &month in &months {
            let [low, high] = map.interval(month);
            assert!([0.0, 0.5, 1.0].iter().all(|along| map.value(low + along * (high - low)) == month));
        }
        assert!(matches!(Grid::of(&[0.0, 86_400.0]), Grid::Steps { .. }));
        assert!(matches!(Grid::of(&[0.0, 31.5 * 86_400.0]), Grid::Steps { .. }));
    }

    proptest! {
        #[test]
        fn every_value_comes_back_from_anywhere_in_its_interval(
            values in prop::collection::vec(-3000i32..3000, 1..200),
            along in 0.0f64..1.0,
            decimals in 0u8..4,
        ) {
            let format = NumberFormat { decimals, step: 0.1f64.powi(i32::from(decimals)), ..NumberFormat::default() };
            let values: Vec<f64> = values.iter().map(|&v| format.snap(f64::from(v) * format.step)).collect();
            let map = QuantileMap::fit(values.clone(), Grid::Decimal(format));
            for &value in &values {
                let [low, high] = map.interval(value);
                prop_assert!(0.0 <= low && low < high && high <= 1.0);
                prop_assert_eq!(map.value(low + along * (high - low)), value);
            }
        }

        #[test]
        fn the_line_never_falls(values in prop::collection::vec(-50i32..50, 1..80)) {
            let map = QuantileMap::fit(values.iter().map(|&v| f64::from(v)).collect(), whole());
            let drawn: Vec<f64> = (0..=200).map(|i| map.value(f64::from(i) / 200.0)).collect();
            prop_assert!(drawn.is_sorted());
        }
    }
}

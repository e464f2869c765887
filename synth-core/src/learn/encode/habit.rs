//! How round people write numbers: the share of a column's rare values on coarser grids than its own.
//!
//! Charges are given in hundreds, prices in tens, durations half in whole seconds and half to the microsecond. The values
//! that many rows share come back as they are and need nothing of this; but what is interpolated between rare values
//! would lie on every point of the grid alike, and no real column does.
//!
//! Grids are nested: the column's step times 1, 5, 10, 50, 100 and so on. Let F_k be the share of rare values on grid k or
//! a coarser one, and q_k the probability that a value is rounded to grid k. What is rounded to a finer grid j lies on
//! grid k by chance with s_j / s_k, so that
//!
//!   F_k = sum over j >= k of q_j + sum over j < k of q_j s_j / s_k,
//!
//! which gives q_0 from F_1, then q_1 from F_2, and so on. Numbers are rounded by their size, so each power of ten has a
//! habit of its own, from [`LEAST_VALUES`] rare values on, and no grid is coarser than that power: a first digit remains.
//! Left out on purpose: habits of dates (first of the month), and those that differ by what other columns say.

use serde::{Deserialize, Serialize};

/// Rare values of one power of ten that show a habit.
const LEAST_VALUES: usize = 100;
/// Values that must be rounder than chance has it, for a grid to count.
const LEAST_ROUNDED: f64 = 10.0;

/// How round the numbers of one column are, by power of ten.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Habits(Vec<Habit>);

/// How round the numbers from 10^`power` to ten times as much are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Habit {
    power: i32,
    /// How many steps of the column's own grid lie between the points of each of these, ascending.
    grids: Vec<u64>,
    /// The probability that a number is rounded to that grid or a finer one, ascending to 1.
    up_to: Vec<f64>,
}

impl Habits {
    /// The habits of numbers that are whole multiples of `step`.
    pub(super) fn of(rare: &[f64], step: f64) -> Self {
        let mut by_power: Vec<(i32, u64)> = rare.iter().filter_map(|&x| Some((power(x)?, steps(x, step)?))).collect();
        by_power.sort_unstable();
        Self(by_power.chunk_by(|a, b| a.0 == b.0).filter_map(|own| Habit::of(own, step)).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether habits that were read from a file can be followed.
    pub(super) fn is_sound(&self) -> bool {
        self.0.iter().all(|habit| {
            let Habit { grids, up_to, .. } = habit;
            let rises = grids.is_sorted() && up_to.is_sorted() && grids.first().is_some_and(|&grid| grid > 0);
            rises && grids.len() == up_to.len() && up_to.iter().all(|share| (0.0..=1.0).contains(share))
        })
    }

    /// The distance between the points to which `x` is rounded, in steps of the column's grid. `u` is uniform on [0, 1).
    pub(super) fn grid(&self, x: f64, u: f64) -> u64 {
        let habit = power(x).and_then(|power| self.0.iter().find(|habit| habit.power == power));
        let grid = habit.and_then(|habit| habit.up_to.iter().position(|&share| u < share).map(|k| habit.grids[k]));
        grid.unwrap_or(1)
    }
}

impl Habit {
    /// `values`: all of one power of ten, as multiples of `step`.
    fn of(values: &[(i32, u64)], step: f64) -> Option<Self> {
        let n = values.len() as f64;
        if values.len() < LEAST_VALUES {
            return None;
        }
        let power = values[0].0;
        let largest = 10f64.powi(power) / step;
        let grids: Vec<u64> =
            (0..18).flat_map(|k| [10u64.pow(k), 5 * 10u64.pow(k)]).take_while(|&grid| grid as f64 <= largest).collect();
        let share_on = |grid: u64| values.iter().filter(|(_, steps)| steps.is_multiple_of(grid)).count() as f64 / n;
        let mut q: Vec<f64> = Vec::with_capacity(grids.len());
        for k in 0..grids.len() {
            let left = 1.0 - q.iter().sum::<f64>();
            let here = match grids.get(k + 1) {
                None => left,
                Some(&next) => {
                    let not_by_chance = |grid: u64| 1.0 - grid as f64 / next as f64;
                    let finer: f64 = q.iter().zip(&grids).map(|(q, &grid)| q * not_by_chance(grid)).sum();
                    (1.0 - share_on(next) - finer) / not_by_chance(grids[k])
                }
            };
            q.push(here.clamp(0.0, left.max(0.0)));
        }
        // What a few values more than chance say is no habit: theirs go to the finer grid.
        for k in (1..q.len()).rev() {
            if q[k] * n < LEAST_ROUNDED {
                q[k - 1] += q[k];
                q[k] = 0.0;
            }
        }
        let mut sum = 0.0;
        let mut habit = Habit { power, grids: Vec::new(), up_to: Vec::new() };
        for (&grid, &q) in grids.iter().zip(&q).filter(|(_, q)| **q > 0.0) {
            sum += q;
            habit.grids.push(grid);
            habit.up_to.push(f64::min(sum, 1.0));
        }
        (habit.grids.iter().any(|&grid| grid > 1)).then_some(habit)
    }
}

/// The largest power of ten that is not above the absolute value; none for 0 and what is not finite.
fn power(x: f64) -> Option<i32> {
    (x != 0.0 && x.is_finite()).then(|| x.abs().log10().floor() as i32)
}

/// The number as a multiple of the step, without its sign; none beyond what a float counts exactly.
fn steps(x: f64, step: f64) -> Option<u64> {
    let steps = (x / step).abs().round();
    (steps < 9.0e15).then_some(steps as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::random::{Purpose, stream};
    use rand::Rng;

    /// Numbers from 1,000 to 9,999, a share of each rounded to each grid.
    fn written(grids: &[(f64, u64)], n: usize) -> Vec<f64> {
        let mut rng = stream(1, Purpose::Noise, 0);
        let one = |_| {
            let (x, mut u): (f64, f64) = (rng.gen_range(1000.0..9999.0), rng.r#gen());
            let mut grid = 1;
            for &(share, of) in grids {
                if u < share {
                    grid = of;
                    break;
                }
                u -= share;
            }
            (x / grid as f64).round() * grid as f64
        };
        (0..n).map(one).collect()
    }

    #[test]
    fn shares_that_were_planted_are_found() {
        let habits = Habits::of(&written(&[(0.5, 100), (0.2, 5)], 20_000), 1.0);
        let habit = habits.0.iter().find(|habit| habit.power == 3).unwrap();
        let share = |grid: u64| {
            let k = habit.grids.iter().position(|&own| own == grid).unwrap();
            habit.up_to[k] - if k == 0 { 0.0 } else { habit.up_to[k - 1] }
        };
        for (grid, planted) in [(1, 0.3), (5, 0.2), (100, 0.5)] {
            assert!((share(grid) - planted).abs() < 0.02, "{grid}: {} for {planted}", share(grid));
        }
        assert!(habit.up_to.last().unwrap() > &0.999);
    }

    #[test]
    fn what_is_drawn_is_as_round_as_what_was_seen() {
        let seen = written(&[(0.6, 50), (0.1, 1000)], 5_000);
        let habits = Habits::of(&seen, 1.0);
        let mut rng = stream(2, Purpose::Noise, 0);
        let drawn: Vec<f64> = written(&[], 5_000)
            .into_iter()
            .map(|x| {
                let grid = habits.grid(x, rng.r#gen()) as f64;
                (x / grid).round() * grid
            })
            .collect();
        let share = |values: &[f64], grid: f64| values.iter().filter(|x| *x % grid == 0.0).count() as f64 / 5_000.0;
        for grid in [5.0, 10.0, 50.0, 100.0, 500.0, 1000.0] {
            let (seen, drawn) = (share(&seen, grid), share(&drawn, grid));
            assert!((seen - drawn).abs() < 0.04, "grid {grid}: {seen} seen, {drawn} drawn");
        }
    }

    #[test]
    fn numbers_without_a_habit_have_none() {
        assert!(Habits::of(&written(&[], 5_000), 1.0).is_empty());
        assert!(Habits::of(&written(&[(1.0, 100)], 50), 1.0).is_empty());
        assert!(Habits::of(&[], 1.0).is_empty());
        assert_eq!(Habits::default().grid(1234.0, 0.5), 1);
    }
}

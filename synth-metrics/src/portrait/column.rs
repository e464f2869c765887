//! One column in both tables, as shares of bins or of levels.
//!
//! **Numbers and dates** are cut at whole multiples of a round step (1, 2 or 5 times a power of ten; for dates in days or
//! seconds), about [`N_BINS`] of them between the `k`-th smallest and the `k`-th largest real value. The first and the last bin are
//! open. A bin of fewer than `k` real rows, but more than none, joins the smaller of its neighbours; the outermost have `k`
//! in any case. **Levels** that fewer than `k` real rows have are pooled with each other, and with the next rarest ones while
//! the pool itself is smaller than that; beyond [`MAX_LEVELS`] names the rarest are pooled too.
//!
//! Left out on purpose: smoothed densities, which put weight where nobody is.

use rayon::prelude::*;
use synth_core::schema::NumberFormat;
use synth_core::{Kind, Table};

use super::both::Both;
use crate::columns::{missing, present};
use crate::comparison::Comparison;
use crate::estimate::Measure;
use crate::fidelity::ks::{KS_MEAN, ks_mean};
use crate::fidelity::tvd::{TVD_MEAN, tvd_mean};

/// About how many bins a column of numbers has before small ones are merged.
pub const N_BINS: usize = 20;
/// The most levels that are named.
pub const MAX_LEVELS: usize = 8;
/// Seconds.
const DAY: f64 = 86_400.0;

/// One column of both tables.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnPortrait {
    /// The column's name.
    pub name: String,
    /// Its kind, by the training table.
    pub kind: Kind,
    /// How far apart the two columns are; `None` where neither measure is taken.
    pub distance: Option<Distance>,
    /// The share of missing cells; `None` if they are some, but fewer than `k`.
    pub missing: Both<Option<f64>>,
    /// The distribution of what is there.
    pub shape: Shape,
}

/// A measure of one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distance {
    /// `ks_mean` or `tvd_mean`: the id of the measure that averages it.
    pub measure: &'static str,
    /// The value, in [0, 1].
    pub value: f64,
}

/// A distribution. Shares are of the cells that are not missing, rounded to thousandths, and sum to 1 but for that.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Bins of numbers, or of dates in seconds since 1970: `edges.len() + 1` shares, the first of what is below the first
    /// edge, the last of what is not below the last.
    Bins {
        /// Where the bins meet, ascending; not empty.
        edges: Vec<f64>,
        /// The shares.
        shares: Both<Vec<f64>>,
    },
    /// Levels, in the column's order if it has one, else the most frequent first.
    Levels {
        /// The names of those that at least `k` real rows have.
        names: Vec<String>,
        /// Their shares.
        shares: Both<Vec<f64>>,
        /// All other levels together, those that only the synthetic table has among them; `None` if there are none.
        others: Option<Both<f64>>,
    },
    /// Nothing is shown: why.
    Hidden(String),
}

/// The portraits of all columns.
pub(super) fn columns(comparison: &Comparison, k: usize) -> Vec<ColumnPortrait> {
    let distances = [(KS_MEAN.id, ks_mean(comparison)), (TVD_MEAN.id, tvd_mean(comparison))];
    let fields = comparison.train().schema().fields.par_iter().enumerate();
    fields
        .map(|(c, field)| ColumnPortrait {
            name: field.name.clone(),
            kind: field.kind,
            distance: distances.iter().find_map(|(id, measure)| distance(id, measure, &field.name)),
            missing: [comparison.train(), comparison.synthetic()].map(|table| missing_share(table, c, k)).into(),
            shape: shape(comparison, c, k),
        })
        .collect()
}

fn distance(id: &'static str, measure: &Measure, name: &str) -> Option<Distance> {
    let of_column = measure.columns.iter().find(|column| column.column == name)?;
    Some(Distance { measure: id, value: of_column.value })
}

fn missing_share(table: &Table, c: usize, k: usize) -> Option<f64> {
    let n_missing = missing(table, c).iter().filter(|is_missing| **is_missing).count();
    (n_missing == 0 || n_missing >= k).then(|| rounded(n_missing, table.n_rows()))
}

fn shape(comparison: &Comparison, c: usize, k: usize) -> Shape {
    let field = &comparison.train().schema().fields[c];
    let why = match field.kind {
        Kind::Identifier => "regenerated for every row, not from real values",
        Kind::Text => "never learnt, emptied",
        Kind::Constant => "one value in every row",
        Kind::Empty => "no value in any row",
        kind if kind.is_scale() => {
            let numbers = [comparison.train(), comparison.synthetic()].map(|table| present(table, c));
            return bins(numbers, k, field.number, field.kind == Kind::Datetime);
        }
        _ => return levels(comparison, c, k),
    };
    Shape::Hidden(why.to_owned())
}

/// `of` as a share of `all`, in thousandths; 0 of nothing.
fn rounded(of: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { (of as f64 / all as f64 * 1000.0).round() / 1000.0 }
}

fn too_few(k: usize) -> Shape {
    Shape::Hidden(format!("fewer than {} values", 2 * k))
}

fn bins([mut real, synthetic]: [Vec<f64>; 2], k: usize, format: Option<NumberFormat>, is_date: bool) -> Shape {
    if real.len() < 2 * k {
        return too_few(k);
    }
    real.sort_unstable_by(f64::total_cmp);
    let (low, high) = (real[k - 1], real[real.len() - k]);
    let grid = format.map_or(0.0, |format| format.step);
    let mut edges = edges(low, high, if is_date { Unit::Seconds } else { Unit::Grid(grid) });
    let counts = |values: &[f64], edges: &[f64]| {
        let mut counts = vec![0; edges.len() + 1];
        values.iter().for_each(|x| counts[edges.partition_point(|edge| edge <= x)] += 1);
        counts
    };
    let mut of_real = counts(&real, &edges);
    merge(&mut edges, &mut of_real, k);
    if edges.is_empty() {
        return Shape::Hidden("nearly all values are equal, or too far apart to bin".to_owned());
    }
    let shares = [of_real, counts(&synthetic, &edges)].map(|counts| {
        let n = counts.iter().sum();
        counts.into_iter().map(|count| rounded(count, n)).collect()
    });
    Shape::Bins { edges, shares: shares.into() }
}

/// What a round step is a multiple of.
enum Unit {
    /// The distance between neighbouring values; 0 if there is none.
    Grid(f64),
    Seconds,
}

/// The multiples of a round step from the last that is not above `low` to the first that is above `high`. None where these
/// are too far apart, or too small, for numbers to hold a step.
fn edges(low: f64, high: f64, unit: Unit) -> Vec<f64> {
    // A spike has no span: its neighbourhood is as wide as a tenth of its size.
    let span = if high > low { high - low } else { (low.abs() / 10.0).max(1e-6) };
    let wanted = span / N_BINS as f64;
    if !(wanted > 1e-290 && wanted < 1e290) {
        return Vec::new();
    }
    let (unit, least) = match unit {
        Unit::Seconds if wanted * 4.0 > DAY => (DAY, 1.0),
        Unit::Seconds => (1.0, 1.0),
        Unit::Grid(grid) => (1.0, grid),
    };
    let (digit, power) = nice((wanted / unit).max(least));
    // Multiplied or divided by a whole power of ten, so that 0.3 is 0.3.
    let scale = 10f64.powi(power.abs());
    let step = if power < 0 { digit / scale } else { digit * scale };
    let at = |i: f64| unit * if power < 0 { i * digit / scale } else { i * digit * scale };
    let (first, last) = ((low / unit / step).floor(), (high / unit / step).floor() + 1.0);
    let n = ((last - first) as usize).min(10 * N_BINS);
    let mut edges: Vec<f64> = (0..=n).map(|i| at(first + i as f64)).collect();
    // Beyond 2^53 steps neighbouring multiples are one number; near the ends of what a number can be there are none.
    edges.dedup();
    edges.retain(|edge| edge.is_finite());
    edges
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `x`, but for rounding: digit and power.
fn nice(x: f64) -> (f64, i32) {
    let power = x.log10().floor() as i32;
    let digit = x / 10f64.powi(power);
    match [1.0, 2.0, 5.0].into_iter().find(|nice| digit <= nice * (1.0 + 1e-9)) {
        Some(nice) => (nice, power),
        None => (1.0, power + 1),
    }
}

/// Merges bins until each has no real row or `k`, and the outermost have `k`.
fn merge(edges: &mut Vec<f64>, counts: &mut Vec<usize>, k: usize) {
    while counts.len() > 1 {
        let last = counts.len() - 1;
        let is_small = |&i: &usize| counts[i] < k && (counts[i] > 0 || i == 0 || i == last);
        let Some(small) = (0..=last).filter(is_small).min_by_key(|&i| counts[i]) else { return };
        let beside = |i: Option<usize>| i.and_then(|i| counts.get(i)).copied().unwrap_or(usize::MAX);
        let left = if small > 0 && beside(small.checked_sub(1)) <= beside(Some(small + 1)) { small - 1 } else { small };
        counts[left] += counts.remove(left + 1);
        edges.remove(left);
    }
}

fn levels(comparison: &Comparison, c: usize, k: usize) -> Shape {
    let (real, synthetic) = (comparison.train().levels(c), comparison.synthetic().levels(c));
    let mut of_real = vec![0; real.names.len()];
    real.codes.iter().flatten().for_each(|&code| of_real[code as usize] += 1);
    let n_real: usize = of_real.iter().sum();
    if n_real < k {
        return too_few(k);
    }
    // The most frequent first; among equals in the column's order.
    let mut by_count: Vec<usize> = (0..real.names.len()).collect();
    by_count.sort_by_key(|&level| std::cmp::Reverse(of_real[level]));
    let mut n_named = by_count.iter().take_while(|&&level| of_real[level] >= k).count().min(MAX_LEVELS);
    let pooled = |n_named: usize| by_count[n_named..].iter().map(|&level| of_real[level]).sum::<usize>();
    while n_named > 0 && (1..k).contains(&pooled(n_named)) {
        n_named -= 1;
    }
    let mut named = by_count[..n_named].to_vec();
    let field = &comparison.train().schema().fields[c];
    if field.kind != Kind::Categorical {
        named.sort_unstable();
    }
    let of_synthetic = |level: usize| {
        let code = synthetic.names.iter().position(|name| *name == real.names[level]);
        code.map_or(0, |code| synthetic.codes.iter().flatten().filter(|c| **c as usize == code).count())
    };
    let n_synthetic = synthetic.codes.iter().flatten().count();
    let counts = [named.iter().map(|&l| of_real[l]).collect(), named.iter().map(|&l| of_synthetic(l)).collect()];
    let others = [n_real, n_synthetic];
    let others = [0, 1].map(|t: usize| {
        let of_named: &Vec<usize> = &counts[t];
        others[t] - of_named.iter().sum::<usize>()
    });
    let of = |t: usize, count: usize| rounded(count, [n_real, n_synthetic][t]);
    Shape::Levels {
        names: named.iter().map(|&level| real.names[level].clone()).collect(),
        shares: [0, 1].map(|t| counts[t].iter().map(|&count| of(t, count)).collect()).into(),
        others: (others != [0, 0]).then(|| [0, 1].map(|t| of(t, others[t])).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        let check = |x: f64, expected: (f64, i32)| assert_eq!(nice(x), expected, "{x}");
        check(1.0, (1.0, 0));
        check(1.1, (2.0, 0));
        check(0.023, (5.0, -2));
        check(0.051, (1.0, -1));
        check(7.0, (1.0, 1));
        check(3000.0, (5.0, 3));
    }

    #[test]
    fn edges_are_spelled_as_people_do_and_lie_inside_the_suppressed_ends() {
        let of = |low, high, grid| edges(low, high, Unit::Grid(grid));
        assert_eq!(of(0.13, 2.2, 0.0).first(), Some(&0.0));
        assert!(of(0.13, 2.2, 0.0).contains(&0.6) && of(0.13, 2.2, 0.0).last() == Some(&2.4));
        assert_eq!(of(3.0, 7.0, 1.0), [3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!(edges(10.0 * DAY, 50.0 * DAY, Unit::Seconds)[..2], [10.0 * DAY, 12.0 * DAY]);
        // A spike, a huge offset, a tiny and a huge span: always some, always ascending.
        for (low, high) in [(5.0, 5.0), (0.0, 0.0), (1e17, 1e17 + 64.0), (-1e-12, 1e-12), (-1e289, 1e289)] {
            let edges = of(low, high, 0.0);
            assert!(!edges.is_empty(), "{low} to {high}");
            assert!(edges.is_sorted_by(|a, b| a < b) && edges.iter().all(|e| e.is_finite()));
        }
        for (low, high) in [(-1e308, 1e308), (0.0, f64::MAX), (-5e-324, 5e-324)] {
            assert_eq!(of(low, high, 0.0), [] as [f64; 0]);
        }
    }

    #[test]
    fn no_bin_has_some_but_fewer_than_k() {
        let check = |before: &[usize], expected: &[usize]| {
            let mut edges: Vec<f64> = (1..before.len()).map(|i| i as f64).collect();
            let mut counts = before.to_vec();
            merge(&mut edges, &mut counts, 11);
            assert_eq!((counts.as_slice(), edges.len()), (expected, expected.len() - 1), "{before:?}");
        };
        check(&[11, 30, 0, 12], &[11, 30, 0, 12]);
        check(&[0, 11, 3, 9, 20], &[11, 12, 20]);
        check(&[20, 0, 5, 0, 20], &[25, 20]);
        check(&[4, 4, 4], &[12]);
        check(&[5], &[5]);
    }
}

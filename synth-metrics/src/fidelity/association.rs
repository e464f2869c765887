//! The strength of association, between 0 and 1, of learnt columns of any kinds, two at a time (see
//! [`per_pair`](crate::fidelity)).
//!
//! Left out on purpose: a correction of the correlation ratio for chance, so tables of very different lengths with many levels
//! differ a little by that alone.

use rayon::prelude::*;
use synth_core::Kind;

use crate::columns::joint_levels;
use crate::comparison::Comparison;
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::error::{Error, Result};
use crate::estimate::{Measure, between};
use crate::family::{Family, Intervals};
use crate::fidelity::per_pair::mean_over_pairs;
use crate::pearsons::Pearsons;

pub(crate) const FAMILY: Family = Family {
    definitions: &[ASSOC_DELTA],
    intervals: Intervals::BySubSampling,
    take: |taking| vec![assoc_delta_of(taking.comparison, taking.pearsons())],
};

/// The definition of `assoc_delta`.
pub const ASSOC_DELTA: Definition = Definition {
    id: "assoc_delta",
    name: "associations of all kinds, mean difference",
    meaning: "mean difference of the strength of association, over pairs of columns of any kinds",
    above: Some("associations between columns differ"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "association",
    source: "mean absolute difference over all pairs: |Pearson| (numbers), correlation ratio (number and level), \
             bias-corrected Cramer's V (levels; Bergsma 2013)",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.06),
        permuted: between(0.1, 1.0),
        shifted: between(0.0, 0.02),
    },
    needs: Needs::TWO_VARYING,
    judged_by: JudgedBy::Value,
    battery: Battery::Core,
};

/// How much of a number's variance the levels account for: the square root of the between-level share of the sum of
/// squares, between 0 (the levels have equal means) and 1 (the level fixes the number).
///
/// `codes` and `numbers` hold one entry a row; rows whose number is NaN are left out. `None` if fewer than two rows
/// remain, the number is constant or there is one level. Source: the correlation ratio η (Pearson 1905).
///
/// # Errors
/// [`Error::Lengths`] if the slices differ in length, [`Error::NonFinite`] if a number is ±∞.
pub fn correlation_ratio(codes: &[u32], numbers: &[f64]) -> Result<Option<f64>> {
    if codes.len() != numbers.len() {
        return Err(Error::Lengths(codes.len(), numbers.len()));
    }
    if numbers.iter().any(|v| v.is_infinite()) {
        return Err(Error::NonFinite);
    }
    Ok(eta(codes, n_codes(codes), numbers))
}

/// Strength of association of two columns of levels, between 0 and 1, with the part that chance gives taken off.
///
/// `x` and `y` hold one code a row. `None` if either has fewer than two levels, or so many that the correction leaves
/// nothing to divide by. Source: Cramér's V with the bias correction of Bergsma (2013), *J. Korean Stat. Soc.* 42:323.
///
/// # Errors
/// [`Error::Lengths`] if the slices differ in length.
///
/// ```
/// # use synth_metrics::cramers_v;
/// let v = cramers_v(&[0, 0, 1, 1, 0, 0, 1, 1], &[5, 5, 2, 2, 5, 5, 2, 2])?;
/// assert!((v.unwrap() - 1.0).abs() < 1e-12);
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn cramers_v(x: &[u32], y: &[u32]) -> Result<Option<f64>> {
    if x.len() != y.len() {
        return Err(Error::Lengths(x.len(), y.len()));
    }
    Ok(bergsma_v(x, n_codes(x), y, n_codes(y)))
}

/// `assoc_delta`: the mean difference of the strength of association over all pairs of learnt columns.
///
/// Numbers with numbers: |[`pearson`](crate::pearson)|; numbers with levels: [`correlation_ratio`]; levels with levels: [`cramers_v`].
/// A missing value is a level of its own among levels; otherwise rows without a number are left out. Per column it
/// reports the mean over the column's pairs. Not measured if no pair is associated in train at all.
pub fn assoc_delta(comparison: &Comparison) -> Measure {
    assoc_delta_of(comparison, &Pearsons::new(comparison))
}

pub(crate) fn assoc_delta_of(comparison: &Comparison, pearsons: &Pearsons) -> Measure {
    let columns = comparison.columns(Kind::is_learnt);
    let strengths = Strengths::new(comparison, columns.clone(), pearsons);
    let pair = |i: usize, j: usize| {
        let [real, synthetic] = strengths.of(i, j);
        Some((real? - synthetic.unwrap_or(0.0)).abs())
    };
    mean_over_pairs(comparison, &ASSOC_DELTA, &columns, "fewer than two learnt columns vary together", pair)
}

/// The strengths of association of some columns, each with each, in both tables.
pub(crate) struct Strengths<'a> {
    columns: Vec<usize>,
    views: Vec<[View; 2]>,
    pearsons: &'a Pearsons,
}

impl<'a> Strengths<'a> {
    /// `columns` are learnt columns in ascending order.
    pub(crate) fn new(comparison: &Comparison, columns: Vec<usize>, pearsons: &'a Pearsons) -> Self {
        let view = |&c: &usize| {
            let tables = [comparison.train(), comparison.synthetic()];
            if comparison.train().schema().fields[c].kind.is_scale() {
                tables.map(|t| View::Numbers(t.numbers(c)))
            } else {
                let joint = joint_levels(&tables, c);
                let mut codes = joint.codes.into_iter();
                tables.map(|_| View::Levels(codes.next().expect("one column of codes a table"), joint.n_codes))
            }
        };
        Self { views: columns.par_iter().map(view).collect(), columns, pearsons }
    }

    /// Of the columns at the places `i < j`, in train and in the synthetic table, where there is one.
    pub(crate) fn of(&self, i: usize, j: usize) -> [Option<f64>; 2] {
        match (&self.views[i][0], &self.views[j][0]) {
            (View::Numbers(_), View::Numbers(_)) => {
                self.pearsons.of(self.columns[i], self.columns[j]).map(|r| r.map(f64::abs))
            }
            _ => [0, 1].map(|table| strength(&self.views[i][table], &self.views[j][table])),
        }
    }
}

/// A column as [`assoc_delta`] looks at it.
enum View {
    Numbers(Vec<f64>),
    /// The codes, and how many there may be.
    Levels(Vec<u32>, usize),
}

/// The association of two columns that are not both numbers.
fn strength(a: &View, b: &View) -> Option<f64> {
    match (a, b) {
        (View::Numbers(_), View::Numbers(_)) => unreachable!("correlated already"),
        (View::Levels(codes, n_codes), View::Numbers(numbers))
        | (View::Numbers(numbers), View::Levels(codes, n_codes)) => eta(codes, *n_codes, numbers),
        (View::Levels(x, n_x), View::Levels(y, n_y)) => bergsma_v(x, *n_x, y, *n_y),
    }
}

fn eta(codes: &[u32], n_codes: usize, numbers: &[f64]) -> Option<f64> {
    let complete = || codes.iter().map(|&c| c as usize).zip(numbers.iter().copied()).filter(|(_, x)| !x.is_nan());
    let (_, first) = complete().next()?;
    let (mut n, mut total, mut varies) = (0u64, 0.0, false);
    let mut of_level = vec![(0u64, 0.0); n_codes];
    for (code, x) in complete() {
        n += 1;
        total += x - first;
        varies |= x != first;
        of_level[code].0 += 1;
        of_level[code].1 += x - first;
    }
    if !varies || of_level.iter().filter(|(count, _)| *count > 0).count() < 2 {
        return None;
    }
    let mean = total / n as f64;
    let all: f64 = complete().map(|(_, x)| (x - first - mean).powi(2)).sum();
    let between: f64 =
        of_level.iter().filter(|(k, _)| *k > 0).map(|&(k, sum)| k as f64 * (sum / k as f64 - mean).powi(2)).sum();
    let share = between / all;
    share.is_finite().then(|| root(share))
}

fn bergsma_v(x: &[u32], n_x: usize, y: &[u32], n_y: usize) -> Option<f64> {
    let n = x.len() as f64;
    let count = |codes: &[u32], n_codes: usize| {
        let mut counts = vec![0u32; n_codes];
        codes.iter().for_each(|&c| counts[c as usize] += 1);
        counts
    };
    let (of_x, of_y) = (count(x, n_x), count(y, n_y));
    let used = |counts: &[u32]| counts.iter().filter(|&&k| k > 0).count() as f64;
    let (r, c) = (used(&of_x), used(&of_y));
    if r < 2.0 || c < 2.0 {
        return None;
    }
    // χ²/n = Σ o²/(row·column) − 1: empty cells add nothing, so only occupied ones are visited, in ascending order.
    let term = |cell: usize, count: u32| {
        f64::from(count).powi(2) / (f64::from(of_x[cell / n_y]) * f64::from(of_y[cell % n_y]))
    };
    let cells = x.iter().zip(y).map(|(&x, &y)| x as usize * n_y + y as usize);
    let sum: f64 = if n_x * n_y <= 4 * x.len() + 1024 {
        let mut counts = vec![0u32; n_x * n_y];
        cells.for_each(|cell| counts[cell] += 1);
        counts.iter().enumerate().filter(|(_, k)| **k > 0).map(|(cell, &k)| term(cell, k)).sum()
    } else {
        let mut cells: Vec<usize> = cells.collect();
        cells.sort_unstable();
        cells.chunk_by(|a, b| a == b).map(|run| term(run[0], run.len() as u32)).sum()
    };
    let phi2 = (sum - 1.0 - (r - 1.0) * (c - 1.0) / (n - 1.0)).max(0.0);
    let corrected = |k: f64| k - (k - 1.0).powi(2) / (n - 1.0);
    let smaller = corrected(r).min(corrected(c)) - 1.0;
    (smaller > 0.0).then(|| root(phi2 / smaller))
}

/// The root of a share, at most 1. A share that is 0 but for rounding has root 0: else the order in which the rows or
/// the levels come would show in the eighth digit.
fn root(share: f64) -> f64 {
    if share < 1e-12 { 0.0 } else { share.sqrt().min(1.0) }
}

fn n_codes(codes: &[u32]) -> usize {
    codes.iter().max().map_or(0, |&max| max as usize + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(got: Option<f64>, expected: Option<f64>) {
        match (got, expected) {
            (Some(got), Some(expected)) => assert!((got - expected).abs() < 1e-12, "{got} is not {expected}"),
            (got, expected) => assert_eq!(got, expected),
        }
    }

    const NAN: f64 = f64::NAN;

    #[test]
    fn what_is_nothing_but_rounding_is_nothing() {
        // φ² is 1/3 + 1/2 + 1 + 1 + 1/2 + 1/6 + 1/6 - 1 - 16/6 = 0, in whatever order it is summed.
        let (x, y) = ([3, 1, 2, 4, 0, 0, 1], [4, 0, 1, 3, 2, 4, 4]);
        assert_eq!(cramers_v(&x, &y).unwrap(), Some(0.0));
        assert_eq!(cramers_v(&x.map(|code| 4 - code), &y).unwrap(), Some(0.0));
        // Both levels have the mean 0.2.
        assert_eq!(correlation_ratio(&[0, 0, 0, 1, 1], &[0.1, 0.2, 0.3, 0.05, 0.35]).unwrap(), Some(0.0));
    }

    #[test]
    fn correlation_ratio_has_its_closed_form_values() {
        check(correlation_ratio(&[0, 0, 1, 1], &[1.0, 1.0, 3.0, 3.0]).unwrap(), Some(1.0));
        check(correlation_ratio(&[0, 0, 1, 1], &[1.0, 3.0, 1.0, 3.0]).unwrap(), Some(0.0));
        // Means 2 and 5 about 3.5: between 9; total 9 + 2 + 2 = 13.
        check(correlation_ratio(&[4, 4, 2, 2, 2], &[1.0, 3.0, 4.0, 6.0, NAN]).unwrap(), Some((9.0f64 / 13.0).sqrt()));
        check(correlation_ratio(&[1, 1], &[1.0, 3.0]).unwrap(), None);
        check(correlation_ratio(&[0, 1], &[3.0, 3.0]).unwrap(), None);
    }

    #[test]
    fn cramers_v_agrees_with_a_reference() {
        // import numpy as np, scipy.stats as s
        // t = np.array([[12, 5, 3], [4, 9, 7]]); n = t.sum(); r, c = t.shape
        // phi2 = s.chi2_contingency(t, correction=False)[0] / n
        // p = max(0, phi2 - (r-1)*(c-1)/(n-1)); rr = r-(r-1)**2/(n-1); cc = c-(c-1)**2/(n-1)
        // np.sqrt(p / (min(rr, cc) - 1))
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for (i, row) in [[12, 5, 3], [4, 9, 7]].iter().enumerate() {
            for (j, &count) in row.iter().enumerate() {
                x.extend(std::iter::repeat_n(i as u32, count));
                y.extend(std::iter::repeat_n(j as u32, count));
            }
        }
        check(cramers_v(&x, &y).unwrap(), Some(0.346_952_359_625_387_2));
        check(cramers_v(&[0, 0], &[0, 1]).unwrap(), None);
        // Independent by construction: the correction takes off more than there is.
        check(cramers_v(&[0, 0, 1, 1], &[0, 1, 0, 1]).unwrap(), Some(0.0));
    }

    #[test]
    fn many_levels_are_counted_as_few_are() {
        let x: Vec<u32> = (0..900).map(|i| i * 7 % 31).collect();
        let y: Vec<u32> = (0..900).map(|i| (i * 7 % 31 + i % 3) % 29).collect();
        check(bergsma_v(&x, 31, &y, 29), bergsma_v(&x, 3100, &y, 2900));
    }
}

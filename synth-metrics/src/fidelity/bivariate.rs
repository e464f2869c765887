//! Columns two at a time: do the synthetic columns hang together as the real ones do?
//!
//! For every pair of columns an association is taken in the train and in the synthetic table, and the absolute
//! difference of the two is averaged over the pairs. `corr_delta` uses Pearson's r with its sign, on columns stored as
//! numbers only; `spearman_delta` the same of ranks, on columns with an order; `assoc_delta` uses a strength between 0
//! and 1 for pairs of any kind. All follow two rules:
//!
//! - a pair without an association in the *train* table (one of the columns is constant) is left out;
//! - a pair without one in the *synthetic* table counts with 0 there: a generator cannot escape by going constant.
//!
//! Left out on purpose: dependence of three and more columns, p-values. The correlation ratio is not
//! corrected for chance, so tables of very different lengths with many levels differ a little by that alone.

use std::borrow::Cow;

use rayon::prelude::*;
use synth_core::Kind;

use crate::columns::joint_levels;
use crate::comparison::Comparison;
use crate::error::{Error, Result};
use crate::estimate::{ColumnValue, Estimate, Measure, Outcome};
use crate::pearsons::Pearsons;

/// Pearson's correlation of two columns over the rows where both have a value (NaN is none), between −1 and 1.
///
/// `None` if fewer than two rows are complete or either column is constant on them. Source: Pearson's r,
/// pairwise complete, as pandas' `DataFrame.corr`.
///
/// # Errors
/// [`Error::Lengths`] if the slices differ in length, [`Error::NonFinite`] if a value is ±∞.
///
/// ```
/// # use synth_metrics::pearson;
/// let r = pearson(&[1.0, 2.0, 3.0, f64::NAN], &[2.0, 4.0, 6.0, 1.0])?;
/// assert!((r.unwrap() - 1.0).abs() < 1e-12);
/// assert_eq!(pearson(&[1.0, 1.0], &[2.0, 3.0])?, None);
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn pearson(x: &[f64], y: &[f64]) -> Result<Option<f64>> {
    if x.len() != y.len() {
        return Err(Error::Lengths(x.len(), y.len()));
    }
    if x.iter().chain(y).any(|v| v.is_infinite()) {
        return Err(Error::NonFinite);
    }
    Ok(pairwise_pearson(x, y))
}

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

/// `corr_delta`: the mean of |r(train) − r(synthetic)| over the pairs of columns stored as numbers.
///
/// Takes every column stored as integer or float, coded levels and constants among them, but no identifier or free
/// text. Per column it reports the mean over the column's pairs. Not measured if no pair has a correlation in train.
pub fn corr_delta(comparison: &Comparison) -> Measure {
    corr_delta_of(comparison, &Pearsons::new(comparison))
}

pub(crate) fn corr_delta_of(comparison: &Comparison, pearsons: &Pearsons) -> Measure {
    let fields = &comparison.train().schema().fields;
    let columns = comparison.columns(|kind| !matches!(kind, Kind::Identifier | Kind::Text));
    let columns: Vec<usize> = columns.into_iter().filter(|&c| fields[c].storage.is_number()).collect();
    let pair = |i: usize, j: usize| {
        let [real, synthetic] = pearsons.of(columns[i], columns[j]);
        Some((real? - synthetic.unwrap_or(0.0)).abs())
    };
    mean_over_pairs(comparison, "corr_delta", &columns, "fewer than two numeric columns vary together", pair)
}

/// Spearman's correlation of two columns over the rows where both have a value (NaN is none): [`pearson`] of the ranks,
/// tied values sharing the middle of theirs.
///
/// Ranks are taken among the complete rows. `None` as for [`pearson`]. Source: Spearman's ρ with mid-ranks, pairwise
/// complete, as pandas' `DataFrame.corr("spearman")`.
///
/// # Errors
/// [`Error::Lengths`] if the slices differ in length, [`Error::NonFinite`] if a value is ±∞.
///
/// ```
/// # use synth_metrics::spearman;
/// let rho = spearman(&[1.0, 2.0, 3.0, 40.0], &[1.0, 8.0, 27.0, 64.0])?;
/// assert!((rho.unwrap() - 1.0).abs() < 1e-12);
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn spearman(x: &[f64], y: &[f64]) -> Result<Option<f64>> {
    if x.len() != y.len() {
        return Err(Error::Lengths(x.len(), y.len()));
    }
    if x.iter().chain(y).any(|v| v.is_infinite()) {
        return Err(Error::NonFinite);
    }
    Ok(Ranked::new(x).correlation(&Ranked::new(y)))
}

/// `spearman_delta`: the mean of |ρ(train) − ρ(synthetic)| over the pairs of columns with an order.
///
/// Takes the columns on a scale, dates among them, and ordinals stored as numbers. Per column it reports the mean over
/// the column's pairs. Not measured if no pair has a correlation in train.
pub fn spearman_delta(comparison: &Comparison) -> Measure {
    let fields = &comparison.train().schema().fields;
    let columns = comparison.columns(|kind| kind.is_scale() || kind == Kind::Ordinal);
    let is_number = |c: &usize| fields[*c].kind.is_scale() || fields[*c].storage.is_number();
    let columns: Vec<usize> = columns.into_iter().filter(is_number).collect();
    let prepare = |table: &synth_core::Table| -> Vec<Ranked> {
        columns.par_iter().map(|&c| Ranked::new(&table.numbers(c))).collect()
    };
    let (train, synthetic) = (prepare(comparison.train()), prepare(comparison.synthetic()));
    let pair = |i: usize, j: usize| {
        let real = train[i].correlation(&train[j])?;
        Some((real - synthetic[i].correlation(&synthetic[j]).unwrap_or(0.0)).abs())
    };
    mean_over_pairs(comparison, "spearman_delta", &columns, "fewer than two ordered columns vary together", pair)
}

/// `assoc_delta`: the mean difference of the strength of association over all pairs of learnt columns.
///
/// Numbers with numbers: |[`pearson`]|; numbers with levels: [`correlation_ratio`]; levels with levels: [`cramers_v`].
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
    mean_over_pairs(comparison, "assoc_delta", &columns, "fewer than two learnt columns vary together", pair)
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

/// A column of numbers with what its rank correlations share.
struct Ranked {
    /// The position of each row's value among the distinct ones; [`Ranked::NONE`] where missing.
    places: Vec<u32>,
    n_places: usize,
    has_gaps: bool,
    /// The ranks among all rows that have a value.
    ranks: Numbers,
}

impl Ranked {
    const NONE: u32 = u32::MAX;

    fn new(raw: &[f64]) -> Self {
        let mut order: Vec<u32> = (0..raw.len() as u32).filter(|&row| !raw[row as usize].is_nan()).collect();
        order.sort_unstable_by(|&a, &b| raw[a as usize].total_cmp(&raw[b as usize]));
        let mut places = vec![Self::NONE; raw.len()];
        let mut n_places = 0;
        // −0 and 0 are one value: compared by ==.
        for run in order.chunk_by(|&a, &b| raw[a as usize] == raw[b as usize]) {
            run.iter().for_each(|&row| places[row as usize] = n_places as u32);
            n_places += 1;
        }
        let ranks = mid_ranks(&places, n_places, |_| true);
        Self { has_gaps: order.len() < raw.len(), places, n_places, ranks: Numbers::new(ranks) }
    }

    fn correlation(&self, other: &Self) -> Option<f64> {
        if self.ranks.unit.is_some() && other.ranks.unit.is_some() {
            return self.ranks.correlation(&other.ranks);
        }
        if self.ranks.is_constant || other.ranks.is_constant {
            return None;
        }
        pairwise_pearson(&self.ranks_beside(other), &other.ranks_beside(self))
    }

    /// The ranks among the rows that have a value in both: those among all, if the other column takes no row away.
    fn ranks_beside(&self, other: &Self) -> Cow<'_, [f64]> {
        let same_gaps = || self.places.iter().zip(&other.places).all(|(a, b)| (*a == Self::NONE) == (*b == Self::NONE));
        match !other.has_gaps || (self.has_gaps && same_gaps()) {
            true => Cow::Borrowed(&self.ranks.raw),
            false => Cow::Owned(mid_ranks(&self.places, self.n_places, |row| other.places[row] != Self::NONE)),
        }
    }
}

/// The ranks, from 0 and centred on ties, among the rows that are present and `wanted`; NaN in the others.
fn mid_ranks(places: &[u32], n_places: usize, wanted: impl Fn(usize) -> bool) -> Vec<f64> {
    let counted = |row: usize| places[row] != Ranked::NONE && wanted(row);
    let mut counts = vec![0u32; n_places];
    (0..places.len()).filter(|&row| counted(row)).for_each(|row| counts[places[row] as usize] += 1);
    let mut before = 0.0;
    let middles: Vec<f64> = counts
        .into_iter()
        .map(|count| {
            let middle = before + (f64::from(count) - 1.0) / 2.0;
            before += f64::from(count);
            middle
        })
        .collect();
    (0..places.len()).map(|row| if counted(row) { middles[places[row] as usize] } else { f64::NAN }).collect()
}

/// A column of numbers with what its correlations share.
pub(crate) struct Numbers {
    raw: Vec<f64>,
    /// Centred and of length 1, where no value is missing and the column varies: r is then a dot product.
    unit: Option<Vec<f64>>,
    /// One value throughout, or none: no pair of this column has a correlation.
    is_constant: bool,
}

impl Numbers {
    pub(crate) fn new(raw: Vec<f64>) -> Self {
        let mut present = raw.iter().filter(|x| !x.is_nan());
        let is_constant = present.next().is_none_or(|first| present.all(|x| x == first));
        let unit = (!is_constant && raw.iter().all(|x| !x.is_nan())).then(|| {
            let mean = sum(raw.iter().copied()) / raw.len() as f64;
            let norm = sum(raw.iter().map(|x| (x - mean) * (x - mean))).sqrt();
            raw.iter().map(|x| (x - mean) / norm).collect::<Vec<f64>>()
        });
        // A spread too small for the mean's rounding is none.
        let unit = unit.filter(|u| u.iter().all(|x| x.is_finite()));
        Self { raw, unit, is_constant }
    }

    pub(crate) fn correlation(&self, other: &Self) -> Option<f64> {
        if self.is_constant || other.is_constant {
            return None;
        }
        match (&self.unit, &other.unit) {
            (Some(x), Some(y)) => Some(dot(x, y).clamp(-1.0, 1.0)),
            _ => pairwise_pearson(&self.raw, &other.raw),
        }
    }
}

/// The plain form: two passes over the complete rows. Also the test's oracle for the dot product.
fn pairwise_pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let complete = || x.iter().zip(y).filter(|(x, y)| !x.is_nan() && !y.is_nan());
    // Constancy is told by comparing values: the rounded spread of a constant is not always zero.
    let (&first_x, &first_y) = complete().next()?;
    let (mut n, mut sum_x, mut sum_y, mut varies_x, mut varies_y) = (0u64, 0.0, 0.0, false, false);
    for (&x, &y) in complete() {
        n += 1;
        // Relative to the first row, so that a large offset costs no digits.
        sum_x += x - first_x;
        sum_y += y - first_y;
        varies_x |= x != first_x;
        varies_y |= y != first_y;
    }
    if !varies_x || !varies_y {
        return None;
    }
    let (mean_x, mean_y) = (first_x + sum_x / n as f64, first_y + sum_y / n as f64);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (&x, &y) in complete() {
        let (dx, dy) = (x - mean_x, y - mean_y);
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    let r = xy / (xx.sqrt() * yy.sqrt());
    r.is_finite().then(|| r.clamp(-1.0, 1.0))
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

/// The mean of `pair` over the pairs that have a value, and for each column over the pairs it is in.
pub(crate) fn mean_over_pairs(
    comparison: &Comparison,
    id: &str,
    columns: &[usize],
    reason_if_none: &str,
    pair: impl Fn(usize, usize) -> Option<f64> + Sync,
) -> Measure {
    let p = columns.len();
    // Rows of the triangle run in parallel; they are added up in their order, whatever thread was first.
    let triangle: Vec<Vec<Option<f64>>> =
        (0..p).into_par_iter().map(|i| (i + 1..p).map(|j| pair(i, j)).collect()).collect();
    let mut per_column = vec![(0.0, 0u32); p];
    let (mut total, mut n_pairs) = (0.0, 0u32);
    for (i, row) in triangle.iter().enumerate() {
        for (delta, j) in row.iter().zip(i + 1..) {
            let Some(delta) = *delta else { continue };
            total += delta;
            n_pairs += 1;
            for column in [i, j] {
                per_column[column].0 += delta;
                per_column[column].1 += 1;
            }
        }
    }
    let outcome = match n_pairs {
        0 => Outcome::NotMeasured(reason_if_none.to_owned()),
        _ => Outcome::Measured(Estimate::exact(total / f64::from(n_pairs))),
    };
    let in_pairs = columns.iter().zip(per_column).filter(|(_, (_, n))| *n > 0);
    let columns = in_pairs.map(|(&column_idx, (sum, n))| ColumnValue {
        column: comparison.name(column_idx).to_owned(),
        value: sum / f64::from(n),
    });
    Measure { id: id.to_owned(), outcome, columns: columns.collect() }
}

/// Eight partial sums: the order is fixed, and the compiler may use vector instructions.
fn dot(x: &[f64], y: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0; LANES];
    let (xs, ys) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let rest: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in xs.zip(ys) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    lanes.iter().sum::<f64>() + rest
}

fn sum(values: impl Iterator<Item = f64>) -> f64 {
    values.sum()
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
    fn spearman_agrees_with_pandas() {
        // pd.DataFrame({"x": x, "y": y}).corr("spearman").iloc[0, 1]
        let x = [1.0, 5.0, 5.0, 2.0, NAN, 9.0, -3.0, 5.0];
        let y = [0.5, 2.0, 8.0, NAN, 1.0, 2.0, 2.5, 7.0];
        check(spearman(&x, &y).unwrap(), Some(0.092_406_165_545_054_62));
        let exp: Vec<f64> = y.iter().map(|y| y.exp()).collect();
        assert_eq!(spearman(&x, &y).unwrap(), spearman(&x, &exp).unwrap());
        check(spearman(&[1.0, 1.0], &[1.0, 2.0]).unwrap(), None);
        check(spearman(&[1.0, NAN], &[NAN, 2.0]).unwrap(), None);
    }

    #[test]
    fn gaps_in_one_column_or_the_same_in_both_need_no_new_ranks() {
        let x = [1.0, NAN, 5.0, 2.0, NAN, 9.0, -3.0, 5.0];
        let y = [0.5, 2.0, 8.0, 1.5, 1.0, 2.0, 2.5, 7.0];
        let z = [3.0, NAN, 1.0, 1.0, NAN, 8.0, 2.0, 0.0];
        for (a, b) in [(&x, &y), (&y, &x), (&x, &z)] {
            let kept = || (0..8).filter(|&row| !a[row].is_nan() && !b[row].is_nan());
            let plain = [a, b].map(|column| mid_ranks_of(&kept().map(|row| column[row]).collect::<Vec<f64>>()));
            check(spearman(a, b).unwrap(), pairwise_pearson(&plain[0], &plain[1]));
        }
    }

    /// Ranks by counting, without gaps.
    fn mid_ranks_of(x: &[f64]) -> Vec<f64> {
        let rank = |v: &f64| x.iter().map(|w| f64::from(u8::from(w < v)) + 0.5 * f64::from(u8::from(w == v))).sum();
        x.iter().map(rank).collect()
    }

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
    fn pearson_agrees_with_pandas() {
        // pd.Series([1,2,4,None,7,9]).corr(pd.Series([2.5,1.0,None,3.0,6.0,5.5]))
        let (x, y) = ([1.0, 2.0, 4.0, NAN, 7.0, 9.0], [2.5, 1.0, NAN, 3.0, 6.0, 5.5]);
        check(pearson(&x, &y).unwrap(), Some(0.890_808_051_545_11));
        check(pearson(&[0.1, 0.1, 0.1], &[1.0, 2.0, 3.0]).unwrap(), None);
        check(pearson(&[1.0, NAN], &[NAN, 2.0]).unwrap(), None);
        check(pearson(&[1e9 + 1.0, 1e9 + 2.0, 1e9 + 4.0], &[1.0, 2.0, 4.0]).unwrap(), Some(1.0));
    }

    #[test]
    fn the_dot_product_agrees_with_the_plain_form() {
        let x: Vec<f64> = (0..101).map(|i| f64::from(i * 37 % 101)).collect();
        let y: Vec<f64> = (0..101).map(|i| f64::from(i * i % 101) + 1e6).collect();
        let (a, b) = (Numbers::new(x.clone()), Numbers::new(y.clone()));
        check(a.correlation(&b), pairwise_pearson(&x, &y));
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

//! Spearman's correlation of columns with an order, two at a time (see [`per_pair`](crate::fidelity)).

use std::borrow::Cow;

use rayon::prelude::*;
use synth_core::Kind;

use crate::comparison::Comparison;
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::error::{Error, Result};
use crate::estimate::{Measure, between};
use crate::family::{Family, Intervals};
use crate::fidelity::per_pair::mean_over_pairs;
use crate::pearsons::{Numbers, pairwise_pearson};

pub(crate) const FAMILY: Family = Family {
    definitions: &[SPEARMAN_DELTA],
    intervals: Intervals::BySubSampling,
    take: |taking| vec![spearman_delta(taking.comparison)],
};

/// The definition of `spearman_delta`.
pub const SPEARMAN_DELTA: Definition = Definition {
    id: "spearman_delta",
    name: "rank correlations, mean difference",
    meaning: "mean difference of Spearman's rho, over pairs of ordered columns",
    above: Some("rank correlations differ"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 2.0),
    unit: "correlation",
    source: "mean absolute difference of Spearman's rho (mid-ranks, pairwise complete) over pairs of numbers, dates and numeric ordinals",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.08),
        permuted: between(0.1, 0.5),
        shifted: between(0.0, 0.2),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// Spearman's correlation of two columns over the rows where both have a value (NaN is none): [`pearson`](crate::pearson) of the ranks,
/// tied values sharing the middle of theirs.
///
/// Ranks are taken among the complete rows. `None` as for [`pearson`](crate::pearson). Source: Spearman's ρ with mid-ranks, pairwise
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
    mean_over_pairs(comparison, &SPEARMAN_DELTA, &columns, "fewer than two ordered columns vary together", pair)
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
        if self.ranks.is_whole() && other.ranks.is_whole() {
            return self.ranks.correlation(&other.ranks);
        }
        if self.ranks.is_constant() || other.ranks.is_constant() {
            return None;
        }
        pairwise_pearson(&self.ranks_beside(other), &other.ranks_beside(self))
    }

    /// The ranks among the rows that have a value in both: those among all, if the other column takes no row away.
    fn ranks_beside(&self, other: &Self) -> Cow<'_, [f64]> {
        let same_gaps = || self.places.iter().zip(&other.places).all(|(a, b)| (*a == Self::NONE) == (*b == Self::NONE));
        match !other.has_gaps || (self.has_gaps && same_gaps()) {
            true => Cow::Borrowed(self.ranks.raw()),
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
}

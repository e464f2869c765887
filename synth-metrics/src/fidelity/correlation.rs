//! Pearson's correlation, with its sign, of columns stored as numbers, two at a time (see [`per_pair`](crate::fidelity)).

use synth_core::Kind;

use crate::comparison::Comparison;
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::error::{Error, Result};
use crate::estimate::{Measure, between};
use crate::family::{Family, Intervals};
use crate::fidelity::per_pair::mean_over_pairs;
use crate::pearsons::{Pearsons, pairwise_pearson};

pub(crate) const FAMILY: Family = Family {
    definitions: &[CORR_DELTA],
    intervals: Intervals::BySubSampling,
    take: |taking| vec![corr_delta_of(taking.comparison, taking.pearsons())],
};

/// The definition of `corr_delta`.
pub const CORR_DELTA: Definition = Definition {
    id: "corr_delta",
    name: "correlations, mean difference",
    meaning: "mean difference of Pearson's r, over pairs of columns stored as numbers",
    above: Some("correlations differ"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 2.0),
    unit: "correlation",
    source: "mean absolute difference of Pearson's r over pairs of numeric columns, pairwise complete",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.06),
        permuted: between(0.1, 2.0),
        shifted: between(0.0, 0.2),
    },
    needs: Needs::TWO_VARYING_NUMBERS,
    judged_by: JudgedBy::Value,
    battery: Battery::Core,
};

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

/// `corr_delta`: the mean of |r(train) − r(synthetic)| over the pairs of columns stored as numbers.
///
/// Takes every column stored as integer or float, coded levels and constants among them, but no identifier or free
/// text. Per column it reports the mean over the column's pairs. Not measured if no pair has a correlation in train.
pub fn corr_delta(comparison: &Comparison) -> Measure {
    corr_delta_of(comparison, &Pearsons::new(comparison))
}

fn corr_delta_of(comparison: &Comparison, pearsons: &Pearsons) -> Measure {
    let fields = &comparison.train().schema().fields;
    let columns = comparison.columns(|kind| !matches!(kind, Kind::Identifier | Kind::Text));
    let columns: Vec<usize> = columns.into_iter().filter(|&c| fields[c].storage.is_number()).collect();
    let pair = |i: usize, j: usize| {
        let [real, synthetic] = pearsons.of(columns[i], columns[j]);
        Some((real? - synthetic.unwrap_or(0.0)).abs())
    };
    mean_over_pairs(comparison, &CORR_DELTA, &columns, "fewer than two numeric columns vary together", pair)
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
    fn pearson_agrees_with_pandas() {
        // pd.Series([1,2,4,None,7,9]).corr(pd.Series([2.5,1.0,None,3.0,6.0,5.5]))
        let (x, y) = ([1.0, 2.0, 4.0, NAN, 7.0, 9.0], [2.5, 1.0, NAN, 3.0, 6.0, 5.5]);
        check(pearson(&x, &y).unwrap(), Some(0.890_808_051_545_11));
        check(pearson(&[0.1, 0.1, 0.1], &[1.0, 2.0, 3.0]).unwrap(), None);
        check(pearson(&[1.0, NAN], &[NAN, 2.0]).unwrap(), None);
        check(pearson(&[1e9 + 1.0, 1e9 + 2.0, 1e9 + 4.0], &[1.0, 2.0, 4.0]).unwrap(), Some(1.0));
    }
}

//! Numbers on a scale one column at a time: how *far* values lie, where [`ks`](crate::fidelity::ks) tells how *many*.
//!
//! The Wasserstein-1 distance ∫ |F − G|, in standard deviations of the real column.

use synth_core::Kind;

use crate::columns::{present, sorted};
use crate::comparison::Comparison;
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::error::Result;
use crate::estimate::{Measure, between};
use crate::family::{Family, Intervals, Taking};
use crate::fidelity::per_column::{mean_over, worst_of};

pub(crate) const FAMILY: Family =
    Family { definitions: &[WASSERSTEIN_MEAN, WASSERSTEIN_WORST], intervals: Intervals::BySubSampling, take };

/// The definition of `wasserstein_mean`.
pub const WASSERSTEIN_MEAN: Definition = Definition {
    id: "wasserstein_mean",
    name: "Wasserstein-1 distance, mean over numbers",
    meaning: "mean Wasserstein-1 distance of the columns on a scale, in standard deviations of the train column",
    above: Some("numbers are far from the real ones"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, f64::MAX),
    unit: "standard deviations",
    source: "Wasserstein-1 (earth mover's) distance in standard deviations of the train column, missing values left out",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.1),
        permuted: between(0.0, 0.0),
        shifted: between(1.4, 1.6),
    },
    needs: Needs::SCALES,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The definition of `wasserstein_worst`.
pub const WASSERSTEIN_WORST: Definition = Definition {
    id: "wasserstein_worst",
    name: "Wasserstein-1 distance, worst number",
    meaning: "Wasserstein-1 distance of the worst column on a scale",
    above: Some("one column's numbers are far from the real ones"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, f64::MAX),
    unit: "standard deviations",
    source: "the largest of wasserstein_mean's columns",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.15),
        permuted: between(0.0, 0.0),
        shifted: between(1.4, 1.7),
    },
    needs: Needs::SCALES,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The area between two empirical distribution functions, in the column's own unit: how far values must be moved on
/// average to turn one sample into the other. 0 when they agree, |a − b| for two constants; no upper bound.
///
/// `real` and `synthetic` hold one column each, any order, any lengths. Source: the Wasserstein-1 (earth mover's)
/// distance, as `scipy.stats.wasserstein_distance`.
///
/// # Errors
/// [`Error::EmptyColumn`](crate::Error::EmptyColumn) if either slice is empty; [`Error::NonFinite`](crate::Error::NonFinite) if either holds NaN or ±∞.
///
/// ```
/// # use synth_metrics::wasserstein;
/// assert_eq!(wasserstein(&[0.0, 1.0, 3.0], &[5.0, 6.0, 8.0])?, 5.0);
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn wasserstein(real: &[f64], synthetic: &[f64]) -> Result<f64> {
    let (a, b) = (sorted(real)?, sorted(synthetic)?);
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (mut i, mut j, mut area) = (0, 0, 0.0);
    let mut x = a[0].min(b[0]);
    while i < a.len() || j < b.len() {
        let next = a.get(i).copied().unwrap_or(f64::INFINITY).min(b.get(j).copied().unwrap_or(f64::INFINITY));
        let gap = (i as f64 / n - j as f64 / m).abs();
        area += if gap > 0.0 { gap * (next - x) } else { 0.0 };
        x = next;
        i += a[i..].iter().take_while(|&&v| v <= x).count();
        j += b[j..].iter().take_while(|&&v| v <= x).count();
    }
    Ok(area)
}

/// `wasserstein_mean`: the mean over the columns on a scale of [`wasserstein`], in standard deviations of the train
/// column; missing values left out.
///
/// A column without spread in train counts 0 if the synthetic one is the same constant and 1 if not; so does one without
/// values on both sides or on one. Not measured if no column is on a scale.
pub fn wasserstein_mean(comparison: &Comparison) -> Measure {
    let columns = comparison.columns(Kind::is_scale);
    mean_over(comparison, &WASSERSTEIN_MEAN, &columns, "no numeric or date column", |column_idx| {
        let real = present(comparison.train(), column_idx);
        let synthetic = present(comparison.synthetic(), column_idx);
        if real.is_empty() || synthetic.is_empty() {
            return f64::from(real.is_empty() != synthetic.is_empty());
        }
        // In units of the largest number, so that no square overflows.
        let largest = real.iter().chain(&synthetic).fold(0.0, |m: f64, x| m.max(x.abs()));
        let unit = if largest > 0.0 { largest } else { 1.0 };
        let [real, synthetic] = [real, synthetic].map(|x| x.into_iter().map(|x| x / unit).collect::<Vec<f64>>());
        let distance = wasserstein(&real, &synthetic).expect("a comparison holds finite numbers only");
        let is_constant = real.iter().all(|&x| x == real[0]);
        if is_constant { f64::from(distance > 0.0) } else { distance / standard_deviation(&real) }
    })
}

/// The mean and its worst column.
fn take(taking: &Taking) -> Vec<Measure> {
    let mean = wasserstein_mean(taking.comparison);
    vec![worst_of(&mean, &WASSERSTEIN_WORST), mean]
}

/// The standard deviation with divisor n, about the first value, so that a large offset costs no digits.
fn standard_deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().map(|x| x - values[0]).sum::<f64>() / n;
    (values.iter().map(|x| (x - values[0] - mean).powi(2)).sum::<f64>() / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn wasserstein_agrees_with_scipy() {
        // scipy.stats.wasserstein_distance
        let check = |real: &[f64], synthetic: &[f64], expected: f64| {
            let [there, back] = [wasserstein(real, synthetic).unwrap(), wasserstein(synthetic, real).unwrap()];
            assert!((there - expected).abs() < 1e-12 && (back - expected).abs() < 1e-12, "{there} is not {expected}");
        };
        check(&[3.4, 3.9, 7.5, 7.8], &[4.5, 1.4], 2.7);
        check(&[1.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0], &[1.0, 2.0, 2.0, 4.0, 4.0, 9.0], 1.476_190_476_190_476_3);
        check(&[7.0, 7.0], &[7.0], 0.0);
        assert!(matches!(wasserstein(&[], &[1.0]), Err(Error::EmptyColumn)));
    }
}

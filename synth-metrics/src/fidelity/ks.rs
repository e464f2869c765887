//! Numbers on a scale one column at a time: the Kolmogorov-Smirnov distance D = sup |F − G|.
//!
//! Left out on purpose: p-values (they measure the number of rows), and coded levels (it depends on the order of the labels).

use synth_core::Kind;

use crate::columns::{present, sorted};
use crate::comparison::Comparison;
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::error::Result;
use crate::estimate::{Measure, between};
use crate::family::{Family, Intervals, Taking};
use crate::fidelity::per_column::{mean_over, worst_of};

pub(crate) const FAMILY: Family =
    Family { definitions: &[KS_MEAN, KS_WORST], intervals: Intervals::BySubSampling, take };

/// The definition of `ks_mean`.
pub const KS_MEAN: Definition = Definition {
    id: "ks_mean",
    name: "KS distance, mean over numbers",
    meaning: "mean KS distance D of the columns on a scale",
    above: Some("the numbers' distributions differ"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "distance",
    source: "two-sample Kolmogorov-Smirnov D, missing values left out; a distance, not 1 - D",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.08),
        permuted: between(0.0, 0.0),
        shifted: between(0.4, 1.0),
    },
    needs: Needs::SCALES,
    judged_by: JudgedBy::Value,
    battery: Battery::Core,
};

/// The definition of `ks_worst`.
pub const KS_WORST: Definition = Definition {
    id: "ks_worst",
    name: "KS distance, worst number",
    meaning: "KS distance D of the worst column on a scale",
    above: Some("one column's distribution differs"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "distance",
    source: "the largest of ks_mean's columns",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.12),
        permuted: between(0.0, 0.0),
        shifted: between(0.8, 1.0),
    },
    needs: Needs::SCALES,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// Largest gap between two empirical distribution functions: 0 when they agree, 1 when disjoint.
///
/// `real` and `synthetic` hold one column each, in the column's own unit, any order, any lengths. A constant column is
/// a step: two equal constants give 0, two different ones 1. Source: the two-sample Kolmogorov-Smirnov statistic D.
/// Departs from it: no p-value is computed.
///
/// # Errors
/// [`Error::EmptyColumn`](crate::Error::EmptyColumn) if either slice is empty; [`Error::NonFinite`](crate::Error::NonFinite) if either holds NaN or ±∞.
///
/// ```
/// # use synth_metrics::ks_statistic;
/// assert_eq!(ks_statistic(&[1.0, 2.0, 3.0, 4.0], &[3.0, 4.0, 5.0, 6.0])?, 0.5);
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn ks_statistic(real: &[f64], synthetic: &[f64]) -> Result<f64> {
    let (a, b) = (sorted(real)?, sorted(synthetic)?);
    // The gap is kept as the whole number |i·m − j·n|: exact, so that swapping the samples changes nothing.
    let (n, m) = (a.len() as u128, b.len() as u128);
    let (mut i, mut j, mut gap) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        let x = a[i].min(b[j]);
        i += a[i..].iter().take_while(|&&v| v <= x).count();
        j += b[j..].iter().take_while(|&&v| v <= x).count();
        gap = gap.max((i as u128 * m).abs_diff(j as u128 * n));
    }
    Ok(gap as f64 / (n * m) as f64)
}

/// `ks_mean`: the mean of [`ks_statistic`] over the columns on a scale, missing values left out.
///
/// A column that has values on one side only counts 1, one without any counts 0. Not measured if no column is on a
/// scale.
pub fn ks_mean(comparison: &Comparison) -> Measure {
    let columns = comparison.columns(Kind::is_scale);
    mean_over(comparison, &KS_MEAN, &columns, "no numeric or date column", |column_idx| {
        let real = present(comparison.train(), column_idx);
        let synthetic = present(comparison.synthetic(), column_idx);
        match (real.is_empty(), synthetic.is_empty()) {
            (true, true) => 0.0,
            (true, false) | (false, true) => 1.0,
            (false, false) => ks_statistic(&real, &synthetic).expect("a comparison holds finite numbers only"),
        }
    })
}

/// The mean and its worst column.
fn take(taking: &Taking) -> Vec<Measure> {
    let mean = ks_mean(taking.comparison);
    vec![worst_of(&mean, &KS_WORST), mean]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn check_ks(real: &[f64], synthetic: &[f64], expected: f64) {
        assert!((ks_statistic(real, synthetic).unwrap() - expected).abs() < 1e-15, "{real:?} {synthetic:?}");
        assert_eq!(ks_statistic(real, synthetic).unwrap(), ks_statistic(synthetic, real).unwrap());
    }

    #[test]
    fn ks_has_its_closed_form_values() {
        check_ks(&[1.0, 2.0, 3.0], &[3.0, 1.0, 2.0], 0.0);
        check_ks(&[1.0, 2.0], &[3.0], 1.0);
        check_ks(&[0.0, -0.0], &[0.0], 0.0);
        check_ks(&[5.0, 5.0, 5.0], &[5.0], 0.0);
        check_ks(&[5.0, 5.0, 5.0], &[6.0, 6.0], 1.0);
        // scipy.stats.ks_2samp([1,1,2,3,5,8,13], [1,2,2,4,4,9]).statistic == 0.2619047619047619
        check_ks(&[1.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0], &[1.0, 2.0, 2.0, 4.0, 4.0, 9.0], 11.0 / 42.0);
    }

    #[test]
    fn ks_refuses_what_is_no_sample() {
        assert!(matches!(ks_statistic(&[], &[1.0]), Err(Error::EmptyColumn)));
        assert!(matches!(ks_statistic(&[f64::NAN], &[1.0]), Err(Error::NonFinite)));
        assert!(matches!(ks_statistic(&[1.0], &[f64::INFINITY]), Err(Error::NonFinite)));
    }
}

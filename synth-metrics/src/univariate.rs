//! Columns one at a time: do the synthetic values lie where the real ones lie?
//!
//! Numbers on a scale are compared by the Kolmogorov-Smirnov distance D = sup |F − G|, levels by the total variation
//! distance ½ Σ |p − q| over the union of the levels. Both are distances: 0 is agreement. Left out on purpose: p-values
//! (they measure the number of rows), and KS on coded levels (it depends on the order of the labels).

use rayon::prelude::*;
use synth_core::Kind;

use crate::columns::{joint_levels, missing, present};
use crate::comparison::Comparison;
use crate::error::{Error, Result};
use crate::report::{ColumnValue, Estimate, Measure, Outcome};

/// Largest gap between two empirical distribution functions: 0 when they agree, 1 when disjoint.
///
/// `real` and `synthetic` hold one column each, in the column's own unit, any order, any lengths. A constant column is
/// a step: two equal constants give 0, two different ones 1. Source: the two-sample Kolmogorov-Smirnov statistic D.
/// Departs from it: no p-value is computed.
///
/// # Errors
/// [`Error::EmptyColumn`] if either slice is empty; [`Error::NonFinite`] if either holds NaN or ±∞.
///
/// ```
/// # use synth_metrics::ks_statistic;
/// assert_eq!(ks_statistic(&[1.0, 2.0, 3.0, 4.0], &[3.0, 4.0, 5.0, 6.0])?, 0.5);
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn ks_statistic(real: &[f64], synthetic: &[f64]) -> Result<f64> {
    if real.is_empty() || synthetic.is_empty() {
        return Err(Error::EmptyColumn);
    }
    if real.iter().chain(synthetic).any(|x| !x.is_finite()) {
        return Err(Error::NonFinite);
    }
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let (a, b) = (sorted(real), sorted(synthetic));
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

/// Half the summed differences of the level shares: 0 when they agree, 1 when no level is shared.
///
/// `real` and `synthetic` hold one code a row from one dictionary; the codes have no order, and a missing value should
/// have a code of its own. The largest code decides how much memory is used. Source: total variation distance.
///
/// # Errors
/// [`Error::EmptyColumn`] if either slice is empty.
///
/// ```
/// # use synth_metrics::total_variation;
/// assert_eq!(total_variation(&[0, 0, 1, 1], &[0, 1, 1, 2])?, 0.25);
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn total_variation(real: &[u32], synthetic: &[u32]) -> Result<f64> {
    if real.is_empty() || synthetic.is_empty() {
        return Err(Error::EmptyColumn);
    }
    let n_codes = real.iter().chain(synthetic).max().map_or(0, |&max| max as usize + 1);
    let counts = |codes: &[u32]| {
        let mut counts = vec![0u64; n_codes];
        codes.iter().for_each(|&c| counts[c as usize] += 1);
        counts
    };
    // Whole numbers again: |a·m − b·n| summed without rounding.
    let (n, m) = (real.len() as u128, synthetic.len() as u128);
    let gaps = counts(real).into_iter().zip(counts(synthetic));
    let sum: u128 = gaps.map(|(a, b)| (u128::from(a) * m).abs_diff(u128::from(b) * n)).sum();
    Ok(sum as f64 / (2 * n * m) as f64)
}

/// `ks_mean`: the mean of [`ks_statistic`] over the columns on a scale, missing values left out.
///
/// A column that has values on one side only counts 1, one without any counts 0. Not measured if no column is on a
/// scale.
pub fn ks_mean(comparison: &Comparison) -> Measure {
    let columns = comparison.columns(Kind::is_scale);
    mean_over(comparison, "ks_mean", &columns, "no column holds numbers on a scale", |column_idx| {
        let real = present(comparison.train(), column_idx);
        let synthetic = present(comparison.synthetic(), column_idx);
        match (real.is_empty(), synthetic.is_empty()) {
            (true, true) => 0.0,
            (true, false) | (false, true) => 1.0,
            (false, false) => ks_statistic(&real, &synthetic).expect("a comparison holds finite numbers only"),
        }
    })
}

/// `tvd_mean`: the mean of [`total_variation`] over the columns of levels, a missing value being a level of its own.
///
/// Constant and empty columns take part, as columns of one level: nobody learns them, but a synthetic table that fills
/// them with something else should not go unnoticed. Not measured if there are no such columns.
pub fn tvd_mean(comparison: &Comparison) -> Measure {
    let columns = comparison.columns(|kind| kind.is_levels() || matches!(kind, Kind::Constant | Kind::Empty));
    mean_over(comparison, "tvd_mean", &columns, "no column holds levels", |column_idx| {
        let joint = joint_levels(&[comparison.train(), comparison.synthetic()], column_idx);
        total_variation(&joint.codes[0], &joint.codes[1]).expect("a comparison has rows")
    })
}

/// `missing_delta`: the mean absolute difference of the missing rates, over all columns but identifiers and text.
pub fn missing_delta(comparison: &Comparison) -> Measure {
    let columns = comparison.columns(|kind| !matches!(kind, Kind::Identifier | Kind::Text));
    mean_over(comparison, "missing_delta", &columns, "every column is an identifier or free text", |column_idx| {
        let rate = |missing: Vec<bool>| missing.iter().filter(|&&m| m).count() as f64 / missing.len() as f64;
        let real = rate(missing(comparison.train(), column_idx));
        (real - rate(missing(comparison.synthetic(), column_idx))).abs()
    })
}

/// A measure that is the mean of one value per column.
fn mean_over(
    comparison: &Comparison,
    id: &str,
    columns: &[usize],
    reason_if_none: &str,
    value: impl Fn(usize) -> f64 + Sync,
) -> Measure {
    let values: Vec<f64> = columns.par_iter().map(|&column_idx| value(column_idx)).collect();
    let outcome = if values.is_empty() {
        Outcome::NotMeasured(reason_if_none.to_owned())
    } else {
        Outcome::Measured(Estimate::exact(values.iter().sum::<f64>() / values.len() as f64))
    };
    let named = columns.iter().zip(values);
    let columns =
        named.map(|(&column_idx, value)| ColumnValue { column: comparison.name(column_idx).to_owned(), value });
    Measure { id: id.to_owned(), outcome, columns: columns.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn total_variation_has_its_closed_form_values() {
        let check = |real: &[u32], synthetic: &[u32], expected: f64| {
            assert_eq!(total_variation(real, synthetic).unwrap(), expected, "{real:?} {synthetic:?}");
        };
        check(&[0, 1], &[1, 0], 0.0);
        check(&[0, 0], &[1], 1.0);
        check(&[0, 1, 2, 3], &[0, 1, 2, 2], 0.25);
        check(&[7], &[7, 7, 7], 0.0);
        assert!(matches!(total_variation(&[], &[1]), Err(Error::EmptyColumn)));
    }
}

//! Columns one at a time: do the synthetic values lie where the real ones lie?
//!
//! Numbers on a scale are compared by the Kolmogorov-Smirnov distance D = sup |F − G|, levels by the total variation
//! distance ½ Σ |p − q| over the union of the levels. Both are distances: 0 is agreement. Beside them stand, for
//! numbers, the Wasserstein-1 distance ∫ |F − G| in standard deviations of the real column, which tells how *far* values
//! lie where KS tells how *many*; and, for both, the Jensen-Shannon distance of binned shares. Each comes as a mean over
//! the columns and as the worst of them. Left out on purpose: p-values (they measure the number of rows), and KS on
//! coded levels (it depends on the order of the labels).

use rayon::prelude::*;
use synth_core::Kind;

use crate::columns::{joint_levels, missing, present};
use crate::comparison::Comparison;
use crate::error::{Error, Result};
use crate::estimate::{ColumnValue, Estimate, Measure, Outcome};

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

/// The area between two empirical distribution functions, in the column's own unit: how far values must be moved on
/// average to turn one sample into the other. 0 when they agree, |a − b| for two constants; no upper bound.
///
/// `real` and `synthetic` hold one column each, any order, any lengths. Source: the Wasserstein-1 (earth mover's)
/// distance, as `scipy.stats.wasserstein_distance`.
///
/// # Errors
/// [`Error::EmptyColumn`] if either slice is empty; [`Error::NonFinite`] if either holds NaN or ±∞.
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

/// A sample in ascending order, if it is one.
fn sorted(values: &[f64]) -> Result<Vec<f64>> {
    match values {
        [] => Err(Error::EmptyColumn),
        values if values.iter().any(|x| !x.is_finite()) => Err(Error::NonFinite),
        values => {
            let mut values = values.to_vec();
            values.sort_unstable_by(f64::total_cmp);
            Ok(values)
        }
    }
}

/// The root of the Jensen-Shannon divergence of the level shares, in bits: 0 when they agree, 1 when no level is shared.
///
/// `real` and `synthetic` hold one code a row from one dictionary, as for [`total_variation`]. The divergence is the
/// mean of the Kullback-Leibler divergences of the two to their middle, by the logarithm to base 2. Source: Endres and
/// Schindelin (2003), as `scipy.spatial.distance.jensenshannon(p, q, base=2)`.
///
/// # Errors
/// [`Error::EmptyColumn`] if either slice is empty.
///
/// ```
/// # use synth_metrics::jensen_shannon;
/// assert_eq!(jensen_shannon(&[0, 1], &[1, 0, 1, 0])?, 0.0);
/// assert_eq!(jensen_shannon(&[0, 0], &[1])?, 1.0);
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn jensen_shannon(real: &[u32], synthetic: &[u32]) -> Result<f64> {
    if real.is_empty() || synthetic.is_empty() {
        return Err(Error::EmptyColumn);
    }
    let n_codes = real.iter().chain(synthetic).max().map_or(0, |&max| max as usize + 1);
    let shares = |codes: &[u32]| {
        let mut counts = vec![0u64; n_codes];
        codes.iter().for_each(|&c| counts[c as usize] += 1);
        counts.into_iter().map(|count| count as f64 / codes.len() as f64).collect::<Vec<f64>>()
    };
    let to_middle = |p: f64, middle: f64| if p > 0.0 { p * (p / middle).log2() } else { 0.0 };
    let divergence: f64 = shares(real)
        .into_iter()
        .zip(shares(synthetic))
        .map(|(p, q)| (to_middle(p, (p + q) / 2.0) + to_middle(q, (p + q) / 2.0)) / 2.0)
        .sum();
    // What is rounding only has no root of its own.
    Ok(if divergence < 1e-15 { 0.0 } else { divergence.sqrt().min(1.0) })
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

/// `wasserstein_mean`: the mean over the columns on a scale of [`wasserstein`], in standard deviations of the train
/// column; missing values left out.
///
/// A column without spread in train counts 0 if the synthetic one is the same constant and 1 if not; so does one without
/// values on both sides or on one. Not measured if no column is on a scale.
pub fn wasserstein_mean(comparison: &Comparison) -> Measure {
    let columns = comparison.columns(Kind::is_scale);
    mean_over(comparison, "wasserstein_mean", &columns, "no column holds numbers on a scale", |column_idx| {
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

/// How many bins [`jensen_shannon_mean`] puts numbers in.
pub const JENSEN_SHANNON_BINS: usize = 10;

/// `jensen_shannon_mean`: the mean of [`jensen_shannon`] over the learnt columns.
///
/// Levels count one by one. Numbers are put in [`JENSEN_SHANNON_BINS`] bins of equal shares of the train column, of
/// which ties make fewer; the first and the last reach as far as there are numbers. A missing value is a level, and a
/// bin, of its own. Not measured if no column is learnt. Two samples of n rows of one law are about √(9 / 2.77n) apart:
/// 0.07 at n = 600.
pub fn jensen_shannon_mean(comparison: &Comparison) -> Measure {
    let columns = comparison.columns(Kind::is_learnt);
    let tables = [comparison.train(), comparison.synthetic()];
    mean_over(comparison, "jensen_shannon_mean", &columns, "no column is learnt", |column_idx| {
        let codes = if comparison.train().schema().fields[column_idx].kind.is_scale() {
            equal_share_bins(tables.map(|table| table.numbers(column_idx)), JENSEN_SHANNON_BINS).to_vec()
        } else {
            joint_levels(&tables, column_idx).codes
        };
        jensen_shannon(&codes[0], &codes[1]).expect("a comparison has rows")
    })
}

/// The worst column of a measure that is a mean of distances over columns, as a measure called `id`: `ks_worst` of
/// [`ks_mean`], `tvd_worst` of [`tvd_mean`], and so on. Its one column is the worst, the first of equally bad ones.
pub fn worst_of(mean: &Measure, id: &str) -> Measure {
    let worst = mean.columns.iter().reduce(|worst, column| if column.value > worst.value { column } else { worst });
    match (&mean.outcome, worst) {
        (Outcome::Measured(_), Some(worst)) => Measure {
            id: id.to_owned(),
            outcome: Outcome::Measured(Estimate::exact(worst.value)),
            columns: vec![worst.clone()],
        },
        (Outcome::NotMeasured(reason), _) => Measure::new(id, Outcome::NotMeasured(reason.clone())),
        (Outcome::Measured(_), None) => Measure::new(id, Outcome::NotMeasured("no column takes part".to_owned())),
    }
}

/// The codes of two columns of numbers by bins of equal shares of the first; 0 is a missing value.
fn equal_share_bins(columns: [Vec<f64>; 2], n_bins: usize) -> [Vec<u32>; 2] {
    let mut sorted: Vec<f64> = columns[0].iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let inner = (1..n_bins).filter(|_| !sorted.is_empty()).map(|bin| sorted[bin * sorted.len() / n_bins]);
    let mut edges: Vec<f64> = inner.collect();
    edges.dedup();
    let code = |x: f64| if x.is_nan() { 0 } else { 1 + edges.partition_point(|&edge| edge <= x) as u32 };
    columns.map(|column| column.into_iter().map(code).collect())
}

/// The standard deviation with divisor n, about the first value, so that a large offset costs no digits.
fn standard_deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().map(|x| x - values[0]).sum::<f64>() / n;
    (values.iter().map(|x| (x - values[0] - mean).powi(2)).sum::<f64>() / n).sqrt()
}

/// A measure that is the mean of one value per column.
pub(crate) fn mean_over(
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

    #[test]
    fn jensen_shannon_agrees_with_scipy() {
        // scipy.spatial.distance.jensenshannon([.5, .25, .25, 0], [.25, .25, 0, .5], base=2)
        let value = jensen_shannon(&[0, 0, 1, 2], &[0, 1, 3, 3]).unwrap();
        assert!((value - 0.636_897_999_863_060_1).abs() < 1e-12, "{value}");
    }

    #[test]
    fn bins_of_equal_shares_merge_where_values_are_tied() {
        let nan = f64::NAN;
        let [real, synthetic] = equal_share_bins([vec![0.0, 0.0, 0.0, 1.0, 2.0, nan], vec![-9.0, 0.5, 99.0, nan]], 5);
        assert_eq!(real, [2, 2, 2, 3, 4, 0]);
        assert_eq!(synthetic, [1, 2, 4, 0]);
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

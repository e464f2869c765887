//! Intervals of shares and of AUCs: two-sided at 95 %, and one-sided bounds at 95 % each, which gates are judged on.

use statrs::distribution::{Beta, ContinuousCDF, Normal, StudentsT};
use synth_core::table::Units;

use crate::estimate::{Interval, Uncertainty};

/// The upper tail of a one-sided and of a two-sided bound.
const TAILS: [f64; 2] = [0.05, 0.025];

/// Wilson's score interval of a share.
///
/// `n_effective` may be smaller than the number of rows `n` where rows are not independent. Source: Wilson (1927).
pub(crate) fn wilson(share: f64, n_effective: f64, n: usize) -> Uncertainty {
    wilson_among(1, share, n_effective, n)
}

/// [`wilson`] for one of `n_tests` shares that are to be right together (Bonferroni).
pub(crate) fn wilson_among(n_tests: usize, share: f64, n_effective: f64, n: usize) -> Uncertainty {
    let bounds = |tail: f64| {
        let z2 = normal_quantile(1.0 - tail).powi(2);
        let centre = (share * n_effective + z2 / 2.0) / (n_effective + z2);
        let half = (z2 * (share * (1.0 - share) * n_effective + z2 / 4.0)).sqrt() / (n_effective + z2);
        // In exact arithmetic the interval holds the share; at 0 and 1 rounding may lose it by 1e-17.
        Interval::new((centre - half).clamp(0.0, share), (centre + half).clamp(share, 1.0))
    };
    in_both_forms(n_tests, n, bounds)
}

/// The interval of a value that moves with the mean of `of_row`, one number a row: by the mean's variance, in which a unit's rows
/// count together.
pub(crate) fn of_rows(value: f64, of_row: &[f64], units: &Units, range: Interval) -> Uncertainty {
    let n = of_row.len() as f64;
    let mean = of_row.iter().sum::<f64>() / n;
    if units.are_rows() {
        let variance = of_row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        return of_mean(value, variance / n, of_row.len(), range);
    }
    let mut of_unit = vec![0.0; units.n_units()];
    of_row.iter().enumerate().for_each(|(row, x)| of_unit[units.of_row(row)] += (x - mean) / n);
    let n_units = units.n_units() as f64;
    let variance = of_unit.iter().map(|x| x * x).sum::<f64>() * n_units / (n_units - 1.0).max(1.0);
    of_mean(value, variance, units.n_units(), range)
}

/// The interval of an AUC from its variance, on the logit scale, so that it stays inside 0 and 1.
///
/// Student's t with `n - 1` degrees of freedom stands for the uncertainty of the variance itself; `n` is the number of
/// independent rows in the smaller group. At 0 and 1, where the variance is estimated as 0, the far bound is the one
/// Clopper and Pearson give `n` successes of `n`. Source: Pepe (2003), section 5.2, for the logit form.
pub(crate) fn of_auc(auc: f64, variance: f64, n: usize) -> Uncertainty {
    of_auc_among(1, auc, variance, n)
}

/// [`of_auc`] for one of `n_tests` AUCs that are to be right together (Bonferroni).
pub(crate) fn of_auc_among(n_tests: usize, auc: f64, variance: f64, n: usize) -> Uncertainty {
    let n_rows = n as f64;
    let bounds = |tail: f64| {
        if auc <= 0.0 {
            return Interval::new(0.0, 1.0 - tail.powf(1.0 / n_rows));
        }
        if auc >= 1.0 {
            return Interval::new(tail.powf(1.0 / n_rows), 1.0);
        }
        let quantile = StudentsT::new(0.0, 1.0, (n_rows - 1.0).max(1.0)).expect("positive").inverse_cdf(1.0 - tail);
        let half = quantile * variance.max(0.0).sqrt() / (auc * (1.0 - auc));
        let logit = (auc / (1.0 - auc)).ln();
        let back = |x: f64| 1.0 / (1.0 + (-x).exp());
        Interval::new(back(logit - half).min(auc), back(logit + half).max(auc))
    };
    in_both_forms(n_tests, n, bounds)
}

/// The difference of two independent shares: hybrid of their intervals, after Newcombe (1998), method 10.
pub(crate) fn difference(share: f64, of_share: &Uncertainty, other: f64, of_other: &Uncertainty) -> Uncertainty {
    let bounds = |a: Interval, b: Interval| {
        let value = share - other;
        let half = |near: f64, far: f64| near.hypot(far);
        let (down, up) = (half(share - a.low, b.high - other), half(a.high - share, other - b.low));
        Interval::new(value - down, value + up)
    };
    Uncertainty {
        interval: bounds(of_share.interval, of_other.interval),
        one_sided: bounds(of_share.one_sided, of_other.one_sided),
        n: of_share.n.min(of_other.n),
    }
}

/// The bound that covers what each of several bounds covers: of the largest of several quantities, given intervals that
/// hold together. `None` if there are none.
pub(crate) fn of_largest(all: &[Uncertainty]) -> Option<Uncertainty> {
    let larger = |a: Interval, b: Interval| Interval::new(a.low.max(b.low), a.high.max(b.high));
    let mut largest = *all.first()?;
    for u in all {
        largest.interval = larger(largest.interval, u.interval);
        largest.one_sided = larger(largest.one_sided, u.one_sided);
        largest.n = largest.n.min(u.n);
    }
    Some(largest)
}

/// The lower and upper bound of a share of `n` rows, each wrong with probability `tail` at most (Clopper and Pearson
/// 1934). The number of successes, `share * n`, need not be whole.
pub(crate) fn clopper_pearson(share: f64, n: f64, tail: f64) -> Interval {
    let successes = share * n;
    let quantile = |a: f64, b: f64, p: f64| Beta::new(a, b).expect("both are positive").inverse_cdf(p);
    let low = if successes > 0.0 { quantile(successes, n - successes + 1.0, tail) } else { 0.0 };
    let high = if successes < n { quantile(successes + 1.0, n - successes, 1.0 - tail) } else { 1.0 };
    Interval::new(low.clamp(0.0, share), high.clamp(share, 1.0))
}

/// Two-sided and one-sided bounds from a function of the tail; each of `n_tests` gets its part of the tail.
pub(crate) fn in_both_forms(n_tests: usize, n: usize, bounds: impl Fn(f64) -> Interval) -> Uncertainty {
    let [one, two] = TAILS.map(|tail| bounds(tail / n_tests as f64));
    Uncertainty { interval: two, one_sided: one, n }
}

/// The interval of a mean-like statistic from its variance: Student's t with `n - 1` degrees of freedom, cut at the ends of
/// the statistic's range.
pub(crate) fn of_mean(value: f64, variance: f64, n: usize, range: Interval) -> Uncertainty {
    let bounds = |tail: f64| {
        let freedom = (n as f64 - 1.0).max(1.0);
        let quantile = StudentsT::new(0.0, 1.0, freedom).expect("positive").inverse_cdf(1.0 - tail);
        let half = quantile * variance.max(0.0).sqrt();
        Interval::new((value - half).max(range.low).min(value), (value + half).min(range.high).max(value))
    };
    Uncertainty { interval: bounds(TAILS[1]), one_sided: bounds(TAILS[0]), n }
}

pub(crate) fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(got: Interval, expected: [f64; 2]) {
        let got: [f64; 2] = got.into();
        assert!((0..2).all(|i| (got[i] - expected[i]).abs() < 1e-9), "{got:?} is not {expected:?}");
    }

    #[test]
    fn rows_of_one_unit_make_an_interval_wide() {
        // Each number four times: as much is known as of four numbers, once they are told to be one unit's.
        let once = [0.1, 0.5, 0.2, 0.8];
        let all = once.repeat(4);
        let of = |values: &[f64], units: &Units| of_rows(0.4, values, units, Interval::new(0.0, 1.0)).interval;
        let owners: Vec<usize> = (0..16).map(|row| row % 4).collect();
        let (wide, narrow) = (of(&all, &Units::rows(4).take(&owners)), of(&all, &Units::rows(16)));
        let expected = of(&once, &Units::rows(4));
        assert!((wide.low - expected.low).abs() < 1e-12 && (wide.high - expected.high).abs() < 1e-12);
        assert!(wide.low < narrow.low && narrow.high < wide.high);
    }

    #[test]
    fn wilson_agrees_with_scipy() {
        // scipy.stats.binomtest(k, n).proportion_ci(0.95, method="wilson"), and 0.90 for the one-sided bounds
        check(wilson(0.1, 100.0, 100).interval, [0.055_229_137_060_675_08, 0.174_365_661_504_913_45]);
        check(wilson(0.1, 100.0, 100).one_sided, [0.060_718_667_015_447, 0.160_355_509_611_092]);
        check(wilson(0.0, 60.0, 60).interval, [0.0, 0.060_171_852_142_089_84]);
    }

    #[test]
    fn clopper_pearson_agrees_with_scipy() {
        // scipy.stats.binomtest(k, n).proportion_ci(0.95): 7 of 40, 0 of 30, 12 of 12
        check(clopper_pearson(0.175, 40.0, 0.025), [0.073_382_729_352_084_98, 0.327_790_133_361_594_46]);
        check(clopper_pearson(0.0, 30.0, 0.025), [0.0, 0.115_703_308_222_027_43]);
        check(clopper_pearson(1.0, 12.0, 0.025), [0.735_351_530_602_948_8, 1.0]);
    }

    #[test]
    fn a_difference_agrees_with_newcombe() {
        // Newcombe (1998), table II, example (a): 56/70 - 48/80, method 10: 0.0524 to 0.3339
        let (a, b) = (56.0 / 70.0, 48.0 / 80.0);
        let Interval { low, high } = difference(a, &wilson(a, 70.0, 70), b, &wilson(b, 80.0, 80)).interval;
        assert!((low - 0.0524).abs() < 5e-5 && (high - 0.3339).abs() < 5e-5, "{low} to {high}");
    }

    #[test]
    fn an_auc_interval_is_inside_zero_and_one_and_holds_the_auc() {
        for auc in [0.0, 0.001, 0.3, 0.5, 0.999, 1.0] {
            let u = of_auc(auc, 0.01, 20);
            for bounds in [u.interval, u.one_sided] {
                assert!(bounds.contains(auc) && 0.0 <= bounds.low && bounds.high <= 1.0, "{auc}: {bounds:?}");
            }
            assert!(u.interval.contains(u.one_sided.low) && u.interval.contains(u.one_sided.high));
        }
        // n of n successes at one-sided 5 %: the rule of three, 0.05^(1/60) = 0.9513...
        assert!((of_auc(1.0, 0.0, 60).one_sided.low - 0.951_297_1).abs() < 1e-6);
    }
}

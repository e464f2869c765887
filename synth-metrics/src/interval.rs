//! Intervals of shares and of AUCs: two-sided at 95 %, and one-sided bounds at 95 % each, which gates are judged on.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use crate::report::Uncertainty;

/// The upper tail of a one-sided and of a two-sided bound.
const TAILS: [f64; 2] = [0.05, 0.025];

/// Wilson's score interval of a share.
///
/// `n_effective` may be smaller than the number of rows `n` where rows are not independent. Source: Wilson (1927).
pub(crate) fn wilson(share: f64, n_effective: f64, n: usize) -> Uncertainty {
    let bounds = |tail: f64| {
        let z2 = normal_quantile(1.0 - tail).powi(2);
        let centre = (share * n_effective + z2 / 2.0) / (n_effective + z2);
        let half = (z2 * (share * (1.0 - share) * n_effective + z2 / 4.0)).sqrt() / (n_effective + z2);
        // In exact arithmetic the interval holds the share; at 0 and 1 rounding may lose it by 1e-17.
        [(centre - half).clamp(0.0, share), (centre + half).clamp(share, 1.0)]
    };
    Uncertainty { interval: bounds(TAILS[1]), one_sided: bounds(TAILS[0]), n }
}

/// The interval of a value that moves with the mean of `of_row`, one number a row: by the mean's variance.
pub(crate) fn of_rows(value: f64, of_row: &[f64], range: (f64, f64)) -> Uncertainty {
    let n = of_row.len() as f64;
    let mean = of_row.iter().sum::<f64>() / n;
    let variance = of_row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    of_mean(value, variance / n, of_row.len(), range)
}

/// The interval of an AUC from its variance, on the logit scale, so that it stays inside 0 and 1.
///
/// Student's t with `n - 1` degrees of freedom stands for the uncertainty of the variance itself; `n` is the number of
/// independent rows in the smaller group. At 0 and 1, where the variance is estimated as 0, the far bound is the one
/// Clopper and Pearson give `n` successes of `n`. Source: Pepe (2003), section 5.2, for the logit form.
pub(crate) fn of_auc(auc: f64, variance: f64, n: usize) -> Uncertainty {
    let n_rows = n as f64;
    let bounds = |tail: f64| {
        if auc <= 0.0 {
            return [0.0, 1.0 - tail.powf(1.0 / n_rows)];
        }
        if auc >= 1.0 {
            return [tail.powf(1.0 / n_rows), 1.0];
        }
        let quantile = StudentsT::new(0.0, 1.0, (n_rows - 1.0).max(1.0)).expect("positive").inverse_cdf(1.0 - tail);
        let half = quantile * variance.max(0.0).sqrt() / (auc * (1.0 - auc));
        let logit = (auc / (1.0 - auc)).ln();
        let back = |x: f64| 1.0 / (1.0 + (-x).exp());
        [back(logit - half).min(auc), back(logit + half).max(auc)]
    };
    Uncertainty { interval: bounds(TAILS[1]), one_sided: bounds(TAILS[0]), n }
}

/// The interval of a mean-like statistic from its variance: Student's t with `n - 1` degrees of freedom, cut at the ends of
/// the statistic's range.
pub(crate) fn of_mean(value: f64, variance: f64, n: usize, range: (f64, f64)) -> Uncertainty {
    let bounds = |tail: f64| {
        let freedom = (n as f64 - 1.0).max(1.0);
        let quantile = StudentsT::new(0.0, 1.0, freedom).expect("positive").inverse_cdf(1.0 - tail);
        let half = quantile * variance.max(0.0).sqrt();
        [(value - half).max(range.0).min(value), (value + half).min(range.1).max(value)]
    };
    Uncertainty { interval: bounds(TAILS[1]), one_sided: bounds(TAILS[0]), n }
}

fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(got: [f64; 2], expected: [f64; 2]) {
        assert!((0..2).all(|i| (got[i] - expected[i]).abs() < 1e-9), "{got:?} is not {expected:?}");
    }

    #[test]
    fn wilson_agrees_with_scipy() {
        // scipy.stats.binomtest(k, n).proportion_ci(0.95, method="wilson"), and 0.90 for the one-sided bounds
        check(wilson(0.1, 100.0, 100).interval, [0.055_229_137_060_675_08, 0.174_365_661_504_913_45]);
        check(wilson(0.1, 100.0, 100).one_sided, [0.060_718_667_015_447, 0.160_355_509_611_092]);
        check(wilson(0.0, 60.0, 60).interval, [0.0, 0.060_171_852_142_089_84]);
    }

    #[test]
    fn an_auc_interval_is_inside_zero_and_one_and_holds_the_auc() {
        for auc in [0.0, 0.001, 0.3, 0.5, 0.999, 1.0] {
            let u = of_auc(auc, 0.01, 20);
            for [low, high] in [u.interval, u.one_sided] {
                assert!(0.0 <= low && low <= auc && auc <= high && high <= 1.0, "{auc}: {low} {high}");
            }
            assert!(u.interval[0] <= u.one_sided[0] && u.one_sided[1] <= u.interval[1]);
        }
        // n of n successes at one-sided 5 %: the rule of three, 0.05^(1/60) = 0.9513...
        assert!((of_auc(1.0, 0.0, 60).one_sided[0] - 0.951_297_1).abs() < 1e-6);
    }
}

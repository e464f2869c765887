//! Figures as they leave: with the digits that they support and no more.
//!
//! A measure with seventeen digits is a fingerprint of the rows that it was taken on: who has the synthetic table and all real
//! rows but one takes it on each guess of that one and compares. So what leaves is rounded, and it is rounded before it is
//! judged: a verdict follows from what its readers see.
//!
//! An estimate keeps the decimals by which its 95 % interval has at least 20 steps, so that rounding moves it by a fortieth of
//! the interval at most; a value without one keeps three digits and at most four decimals; the parts of a mean, which no gate looks
//! at, have [steps](share) that single rows do not move; what a second real sample would score has two digits. Source: our choice.
//!
//! Left out on purpose: noise. A rounded figure still tells a guess that moves it over an edge from one that does not, so
//! rounding makes a fingerprint short and does not take it away.

use crate::estimate::{Estimate, Interval, Measure, Outcome, Uncertainty};
use crate::registry::definition;
use crate::report::QualityReport;

/// The steps that an interval has at least.
const STEPS: f64 = 20.0;
/// The digits of a value without an interval, and the decimals that it has at most.
const DIGITS: i32 = 3;
const MAX_DECIMALS: i32 = 4;

/// `x` with so many decimals; of fewer than none, with as many zeros before the point. What is not finite stays as it is.
fn to_decimals(x: f64, decimals: i32) -> f64 {
    let rounded = match usize::try_from(decimals) {
        // By way of the text, which has no digit behind the last one.
        Ok(decimals) => format!("{x:.decimals$}").parse().unwrap_or(x),
        Err(_) => (x / 10_f64.powi(-decimals)).round() * 10_f64.powi(-decimals),
    };
    // No minus before nothing.
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// The power of ten of the first digit.
fn magnitude(x: f64) -> i32 {
    x.abs().log10().floor() as i32
}

/// `x` with so many significant digits.
///
/// ```
/// assert_eq!(synth_metrics::rounding::to_digits(0.058_309_038, 3), 0.0583);
/// assert_eq!(synth_metrics::rounding::to_digits(-1_234_567.0, 3), -1_230_000.0);
/// ```
pub fn to_digits(x: f64, digits: i32) -> f64 {
    if x == 0.0 || !x.is_finite() { x } else { to_decimals(x, digits - 1 - magnitude(x)) }
}

/// A value that describes the files at hand, as it leaves.
fn exact(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() { x } else { to_decimals(x, (DIGITS - 1 - magnitude(x)).min(MAX_DECIMALS)) }
}

/// A share of `n` rows as it leaves: in steps of 1, 2 or 5 of a decimal place that stand for three rows at least.
///
/// ```
/// use synth_metrics::rounding::share;
///
/// assert_eq!([share(0.4417, 300), share(0.4417, 686), share(0.441_71, 26_000)], [0.44, 0.44, 0.4418]);
/// assert_eq!(share(1.0, 7), 1.0);
/// ```
pub fn share(share: f64, n: usize) -> f64 {
    let least = 3.0 / n.max(1) as f64;
    let place = 10_f64.powi(magnitude(least));
    let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * place).into_iter().find(|step| *step >= least);
    let step = step.unwrap_or(1.0).min(1.0);
    // By way of the text, as above.
    to_decimals((share / step).round() * step, -magnitude(place))
}

impl Estimate {
    /// The estimate as it leaves.
    #[must_use]
    pub fn rounded(self) -> Self {
        let Self { value, uncertainty } = self;
        let width = uncertainty.map(|u| u.interval.width()).filter(|width| *width > 0.0 && width.is_finite());
        let (Some(u), Some(width)) = (uncertainty, width) else {
            let both = |i: Interval| Interval::new(exact(i.low), exact(i.high));
            let uncertainty =
                uncertainty.map(|u| Uncertainty { interval: both(u.interval), one_sided: both(u.one_sided), ..u });
            return Self { value: exact(value), uncertainty };
        };
        let decimals = (STEPS / width).log10().ceil() as i32;
        let both = |i: Interval| Interval::new(to_decimals(i.low, decimals), to_decimals(i.high, decimals));
        let uncertainty = Uncertainty { interval: both(u.interval), one_sided: both(u.one_sided), ..u };
        Self { value: to_decimals(value, decimals), uncertainty: Some(uncertainty) }
    }
}

impl Measure {
    /// The measure as it leaves, taken on `n_rows` training rows.
    #[must_use]
    pub fn rounded(mut self, n_rows: usize) -> Self {
        if let Outcome::Measured(estimate) = &mut self.outcome {
            *estimate = estimate.rounded();
        }
        let is_share = definition(&self.id).is_some_and(|own| own.range.low >= -1.0 && own.range.high <= 1.0);
        let of_column = |value: f64| if is_share { share(value, n_rows) } else { exact(value) };
        self.columns.iter_mut().for_each(|column| column.value = of_column(column.value));
        self
    }
}

impl QualityReport {
    /// The report as it leaves: every figure with the digits that it supports. Numbers of rows stay as they are.
    #[must_use]
    pub fn rounded(mut self) -> Self {
        let n_rows = self.rows.train;
        let rounded = |measures: &mut Vec<Measure>, n_rows: usize| {
            *measures = std::mem::take(measures).into_iter().map(|measure| measure.rounded(n_rows)).collect();
        };
        rounded(&mut self.measures, n_rows);
        self.references.values_mut().for_each(|reference| *reference = to_digits(*reference, 2));
        for level in self.subgroups.iter_mut().flat_map(|subgroups| &mut subgroups.levels) {
            rounded(&mut level.measures, level.train);
            level.train_share = share(level.train_share, n_rows);
            level.synthetic_share = exact(level.synthetic_share);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn estimate(value: f64, low: f64, high: f64) -> Estimate {
        let interval = Interval::new(low, high);
        Estimate { value, uncertainty: Some(Uncertainty { interval, one_sided: interval, n: 100 }) }
    }

    #[test]
    fn a_value_has_the_digits_that_its_interval_supports() {
        let check = |value: f64, half: f64, expected: f64| {
            assert_eq!(estimate(value, value - half, value + half).rounded().value, expected, "{value} +- {half}");
        };
        check(0.538_712_345, 0.03, 0.539);
        check(0.538_712_345, 0.25, 0.54);
        check(0.538_712_345, 0.004, 0.5387);
        check(1_234.567_89, 300.0, 1230.0);
        check(-0.000_01, 0.03, 0.0);
    }

    #[test]
    fn a_value_without_an_interval_has_three_digits() {
        let check = |value: f64, expected: f64| assert_eq!(Estimate::exact(value).rounded().value, expected);
        check(0.058_309_038, 0.0583);
        check(4.0 / 686.0, 0.0058);
        check(0.000_049, 0.0);
        check(26_049.0, 26_000.0);
        check(-0.107_142_857, -0.107);
        check(0.0, 0.0);
        check(1.0, 1.0);
        assert_eq!(estimate(0.123_456, 0.123_456, 0.123_456).rounded(), estimate(0.123, 0.123, 0.123));
    }

    proptest! {
        #[test]
        fn rounding_keeps_order_and_moves_by_a_fortieth_of_the_interval(
            value in -10.0..10.0_f64, below in 1e-6..5.0_f64, above in 1e-6..5.0_f64,
        ) {
            let before = estimate(value, value - below, value + above);
            let after = before.rounded();
            let (low, high) = (after.lower_bound(), after.upper_bound());
            prop_assert!(low <= after.value && after.value <= high);
            let most = (below + above) / 40.0 * (1.0 + 1e-9);
            for (x, y) in [(before.value, after.value), (before.lower_bound(), low), (before.upper_bound(), high)] {
                prop_assert!((x - y).abs() <= most, "{x} became {y}, interval of {}", below + above);
            }
        }
    }
}

//! What comes of a measure: a value with its uncertainty, or the reason why there is none. All measures give these, and
//! [reports](crate::report) collect them.

use serde::{Deserialize, Serialize};

/// One measure and its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// The id in the registry.
    pub id: String,
    /// The value or the reason why there is none.
    pub outcome: Outcome,
    /// The parts that a mean is made of, one per column; empty where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnValue>,
}

impl Measure {
    /// A measure that is no mean over columns.
    pub fn new(id: impl Into<String>, outcome: Outcome) -> Self {
        Self { id: id.into(), outcome, columns: Vec::new() }
    }
}

/// A value, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was measured.
    Measured(Estimate),
    /// It was not: the reason, in words. Never counts as passed.
    NotMeasured(String),
}

impl Outcome {
    /// The value, if it was measured.
    pub fn value(&self) -> Option<f64> {
        match self {
            Outcome::Measured(estimate) => Some(estimate.value),
            Outcome::NotMeasured(_) => None,
        }
    }
}

/// A finite value, with its uncertainty where it is an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// How far off it may be. Absent where the value estimates nothing, or too few rows tell. Not all gates look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<Uncertainty>,
}

impl Estimate {
    /// A value that describes the files at hand and estimates nothing.
    pub fn exact(value: f64) -> Self {
        Self { value, uncertainty: None }
    }

    /// The value at the one-sided 95 % bound from above; the value itself where nothing is estimated.
    pub fn upper_bound(&self) -> f64 {
        self.uncertainty.map_or(self.value, |u| u.one_sided.high)
    }

    /// The value at the one-sided 95 % bound from below; the value itself where nothing is estimated.
    pub fn lower_bound(&self) -> f64 {
        self.uncertainty.map_or(self.value, |u| u.one_sided.low)
    }
}

/// The uncertainty of an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Uncertainty {
    /// The two-sided 95 % interval.
    #[cfg_attr(test, schemars(with = "[f64; 2]"))]
    pub interval: Interval,
    /// The lower and the upper one-sided 95 % bound, each right on its own: what gates on bounds are judged on.
    #[cfg_attr(test, schemars(with = "[f64; 2]"))]
    pub one_sided: Interval,
    /// The observations behind it; for two groups, the smaller one.
    pub n: usize,
}

/// Two ends, both of them included. In files it is an array: `[low, high]`.
///
/// ```
/// # use synth_metrics::Interval;
/// let shares = Interval::new(0.0, 1.0);
/// assert!(shares.contains(1.0) && !shares.contains(f64::NAN));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 2]", into = "[f64; 2]")]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// The interval from `low` to `high`.
    pub const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// Whether `value` lies in it. NaN lies in none.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// The distance of the ends.
    pub fn width(&self) -> f64 {
        self.high - self.low
    }
}

impl From<[f64; 2]> for Interval {
    fn from([low, high]: [f64; 2]) -> Self {
        Self { low, high }
    }
}

impl From<Interval> for [f64; 2] {
    fn from(Interval { low, high }: Interval) -> Self {
        [low, high]
    }
}

/// [`Interval::new`] as definitions read it.
pub(crate) const fn between(low: f64, high: f64) -> Interval {
    Interval::new(low, high)
}

/// A column's part of a measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ColumnValue {
    /// The column's name.
    pub column: String,
    /// Its value.
    pub value: f64,
}

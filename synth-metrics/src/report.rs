//! What was measured, what was not and why: the typed result that policies judge and files keep.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::registry::definition;
use crate::subgroups::Subgroups;

/// The version of the report's JSON form.
pub const REPORT_VERSION: u32 = 1;

/// Every measure of one synthetic table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QualityReport {
    /// [`REPORT_VERSION`]. Another version is refused when a report is read.
    #[serde(deserialize_with = "known_version")]
    pub version: u32,
    /// How many rows each table had.
    pub rows: Rows,
    /// In the order of the registry; a measure that could not be taken is there, with the reason.
    pub measures: Vec<Measure>,
    /// The main measures for each level of one column, if one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subgroups: Option<Subgroups>,
}

impl QualityReport {
    /// The measure called `id`.
    pub fn measure(&self, id: &str) -> Option<&Measure> {
        self.measures.iter().find(|m| m.id == id)
    }

    /// The value of the measure called `id`, if it was measured.
    pub fn value(&self, id: &str) -> Option<f64> {
        self.measure(id)?.outcome.value()
    }
}

fn known_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        REPORT_VERSION => Ok(REPORT_VERSION),
        other => Err(serde::de::Error::custom(format!("report version {other} is not {REPORT_VERSION}"))),
    }
}

/// A plain table for people: a line a measure, with the ideal value and, for estimates, the 95 % interval.
impl fmt::Display for QualityReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rows { train, synthetic, holdout } = &self.rows;
        write!(f, "{train} training rows, {synthetic} synthetic rows")?;
        match holdout {
            Some(holdout) => writeln!(f, ", {holdout} unseen real rows")?,
            None => writeln!(f, ", no unseen real rows")?,
        }
        if let Some(margin) = self.rows.auc_margin() {
            writeln!(f, "So many rows show an AUC of 0.5 to \u{b1}{margin:.3} at best (one-sided 95 %)")?;
        }
        for measure in &self.measures {
            write!(f, "{:<23}", measure.id)?;
            match &measure.outcome {
                Outcome::Measured(estimate) => {
                    write!(f, "{:>7.3}", estimate.value + 0.0)?;
                    if let Some(definition) = definition(&measure.id) {
                        write!(f, "  ideal {:.1}", definition.ideal)?;
                    }
                    match &estimate.uncertainty {
                        Some(u) => writeln!(f, "  95 % {:.3} to {:.3}, n = {}", u.interval[0], u.interval[1], u.n)?,
                        None => writeln!(f)?,
                    }
                }
                Outcome::NotMeasured(reason) => writeln!(f, "{:>7}  not measured: {reason}", "-")?,
            }
        }
        match &self.subgroups {
            Some(subgroups) => write!(f, "{subgroups}"),
            None => Ok(()),
        }
    }
}

/// The sizes of the tables compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// Rows the generator learnt from.
    pub train: usize,
    /// Synthetic rows.
    pub synthetic: usize,
    /// Real rows the generator never saw; with cross-fitting, each row counts once.
    pub holdout: Option<usize>,
}

impl Rows {
    /// What the tables' sizes can show at best: the one-sided 95 % margin of a membership AUC of 0.5, with as many members as
    /// unseen rows. A limit nearer to 0.5 than that can be neither kept nor broken by evidence. `None` without unseen rows.
    ///
    /// Source: the variance of the Mann-Whitney statistic under the null, (m + n + 1)/12mn.
    ///
    /// ```
    /// # use synth_metrics::Rows;
    /// let rows = Rows { train: 300, synthetic: 300, holdout: Some(100) };
    /// assert!((rows.auc_margin().unwrap() - 0.067).abs() < 5e-4);
    /// ```
    pub fn auc_margin(&self) -> Option<f64> {
        let n_unseen = self.holdout? as f64;
        let n_members = (self.train as f64).min(n_unseen);
        let variance = (n_members + n_unseen + 1.0) / (12.0 * n_members * n_unseen);
        variance.is_finite().then(|| crate::interval::normal_quantile(0.95) * variance.sqrt())
    }
}

/// One measure and what came of it.
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
        self.uncertainty.map_or(self.value, |u| u.one_sided[1])
    }

    /// The value at the one-sided 95 % bound from below; the value itself where nothing is estimated.
    pub fn lower_bound(&self) -> f64 {
        self.uncertainty.map_or(self.value, |u| u.one_sided[0])
    }
}

/// How far off an estimate may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Uncertainty {
    /// The two-sided 95 % interval.
    pub interval: [f64; 2],
    /// The lower and the upper one-sided 95 % bound, each right on its own: what gates on bounds are judged on.
    pub one_sided: [f64; 2],
    /// The observations behind it; for two groups, the smaller one.
    pub n: usize,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A change that old readers cannot take needs another [`REPORT_VERSION`], and a file of that name.
    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let committed = include_str!("../schema/report.v1.json");
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(QualityReport)).unwrap() + "\n";
        assert_eq!(REPORT_VERSION, 1);
        assert!(committed == schema, "schema/report.v1.json is to be:\n{schema}");
    }
}

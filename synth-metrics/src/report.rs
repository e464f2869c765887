//! What was measured, what was not and why: the typed result that policies judge and files keep.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::definition::Unseen;
use crate::estimate::{Measure, Outcome};
use crate::inputs::Inputs;
use crate::loss::ColumnLoss;
use crate::privacy::exposed::{Exposed, outcomes};
use crate::registry::definition;
use crate::shadow::Shadow;
use crate::subgroups::Subgroups;

/// The version of the report's JSON form.
pub const REPORT_VERSION: u32 = 2;

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
    /// What became of each column of the table as given; empty where no such table is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<ColumnLoss>,
    /// What a second real sample of that size would score, its 99 % quantile, by the id of the measure: the value that a limit is
    /// not held below. A report without it is held to the limits alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub references: BTreeMap<String, f64>,
    /// What there was to measure with. A report without it excuses no measure that is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Inputs>,
}

impl QualityReport {
    /// The measure called `id`.
    pub fn measure(&self, id: &str) -> Option<&Measure> {
        self.measures.iter().find(|m| m.id == id)
    }

    /// What a second real sample would score in the measure called `id`, where that is known. Against the table as given
    /// (`given_ks_mean`) it is what it is against the protected one.
    pub fn reference(&self, id: &str) -> Option<f64> {
        let reference = self.references.get(id).or_else(|| self.references.get(id.strip_prefix("given_")?));
        reference.copied().filter(|reference| reference.is_finite())
    }

    /// The value of the measure called `id`, if it was measured.
    pub fn value(&self, id: &str) -> Option<f64> {
        self.measure(id)?.outcome.value()
    }

    /// The report with the measures of an audit of the most exposed units, or the fact why there is none.
    #[must_use]
    pub fn with_exposed(mut self, exposed: Result<&Exposed, Shadow>) -> Self {
        let fact = exposed.err().unwrap_or(Shadow::Made);
        for measure in outcomes(exposed) {
            if let Some(own) = self.measures.iter_mut().find(|own| own.id == measure.id) {
                *own = measure;
            }
        }
        if let Some(inputs) = &mut self.inputs {
            inputs.shadow = fact;
        }
        self
    }
}

/// Whether the report had too few held-out real rows for the measure called `id`: of any kind, or, where it needs them as a
/// table of their own, in a holdout. Cross-fitted generators leave every row unseen by one of them, and no holdout.
///
/// `false` for a measure that needs none. A report without [`Inputs`] is taken to have had a holdout of all of them, so
/// that facts which are gone excuse nothing.
pub fn lacks_unseen_rows(report: &QualityReport, id: &str) -> bool {
    let n_unseen = report.rows.holdout.unwrap_or(0);
    definition(id).is_some_and(|definition| match definition.needs.unseen {
        Unseen::None => false,
        Unseen::Rows(least) => n_unseen < least,
        Unseen::Preferred => n_unseen == 0,
        Unseen::Holdout => report.inputs.map_or(n_unseen, |inputs| inputs.holdout_rows) == 0,
        Unseen::Shadow => report.inputs.is_some_and(|inputs| inputs.shadow != Shadow::Made),
    })
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
        let Rows { train, units, synthetic, holdout } = &self.rows;
        write!(f, "{train} training rows")?;
        if let Some(units) = units {
            write!(f, " of {units} units")?;
        }
        write!(f, ", {synthetic} synthetic rows")?;
        match holdout {
            Some(holdout) => writeln!(f, ", {holdout} held-out real rows")?,
            None => writeln!(f, ", no held-out real rows")?,
        }
        if let Some(margin) = self.rows.auc_margin() {
            writeln!(f, "With so many rows, an AUC of 0.5 is known to \u{b1}{margin:.3} at best (one-sided 95 %)")?;
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
                        Some(u) => writeln!(f, "  95 % {:.3} to {:.3}, n = {}", u.interval.low, u.interval.high, u.n)?,
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
    /// Training rows of the generator.
    pub train: usize,
    /// The units that they are of, where some unit has several: people, say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<usize>,
    /// Synthetic rows.
    pub synthetic: usize,
    /// Real rows the generator never saw; with cross-fitting, each row counts once.
    pub holdout: Option<usize>,
}

impl Rows {
    /// What the tables' sizes can show at best: the one-sided 95 % margin of a membership AUC of 0.5, with as many members as
    /// held-out rows. A limit nearer to 0.5 than that can be neither kept nor broken by evidence. `None` without held-out rows.
    ///
    /// Source: the variance of the Mann-Whitney statistic under the null, (m + n + 1)/12mn.
    ///
    /// ```
    /// # use synth_metrics::Rows;
    /// let rows = Rows { train: 300, units: None, synthetic: 300, holdout: Some(100) };
    /// assert!((rows.auc_margin().unwrap() - 0.067).abs() < 5e-4);
    /// ```
    pub fn auc_margin(&self) -> Option<f64> {
        let n_unseen = self.holdout? as f64;
        let n_members = (self.train as f64).min(n_unseen);
        let variance = (n_members + n_unseen + 1.0) / (12.0 * n_members * n_unseen);
        variance.is_finite().then(|| crate::sampling::interval::normal_quantile(0.95) * variance.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change that old readers cannot take needs another [`REPORT_VERSION`], and a file of that name.
    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let committed = include_str!("../schema/report.v2.json");
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(QualityReport)).unwrap() + "\n";
        assert_eq!(REPORT_VERSION, 2);
        assert!(committed == schema, "schema/report.v2.json is to be:\n{schema}");
    }
}

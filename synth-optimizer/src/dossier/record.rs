//! What a run gives: the record of what it did and decided, and the table with its generator if there is one.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Number, Value};
use synth_compliance::{Decision, Finding, PolicyId};
use synth_core::train::TrainReport;
use synth_core::{Model, Schema, Seed, SeedOrigin, Table};
use synth_metrics::ColumnLoss;
use synth_metrics::rounding::to_digits;

use super::portraits::TablePortrait;
use crate::assessment::Assessment;
use crate::attempt::Attempt;
use crate::constraints::ConstraintRecord;
use crate::plan::Plan;
use crate::protection::ProtectionRecord;
use crate::runner::StopReason;
use crate::shadow::ShadowRecord;
use crate::split::Design;
use crate::unit::UnitRecord;

/// The version of the run record's JSON form. A record of another version is not read.
pub const RUN_VERSION: u32 = 3;

/// The record of a run, without the table itself. Deterministic: same input, settings and version, same bytes as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RunRecord {
    /// [`RUN_VERSION`].
    #[serde(deserialize_with = "known_version")]
    pub version: u32,
    /// The decision on the table.
    pub decision: Decision,
    /// The policy, fixed before anything was learnt.
    pub policy: PolicyId,
    /// How the seed came about that everything followed from. The seed itself is in no record.
    pub seed: SeedOrigin,
    /// What was found in the columns of the table.
    pub findings: Vec<Finding>,
    /// What was done to them before anything was learnt.
    pub protection: ProtectionRecord,
    /// The name of the generator that took the place of the plans' engines, if it was the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator: Option<String>,
    /// Whose rows they are, where units have several; what is learnt is as if each row stood for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitRecord>,
    /// How the real rows were used.
    pub design: Design,
    /// Why there were no more attempts, if none was accepted.
    pub stopped: Option<StopReason>,
    /// Each plan tried, why, and what came of it.
    pub attempts: Vec<Attempt<Plan, Assessment>>,
    /// What the audit part said of the accepted table; only with a split.
    pub audit: Option<Assessment>,
    /// What the most exposed units showed of the accepted table; `None` if none was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposed: Option<ShadowRecord>,
    /// How the generator of the released table was trained, or of the one that came nearest.
    pub training: Option<TrainReport>,
    /// The constraints of its rows.
    #[serde(default, skip_serializing_if = "ConstraintRecord::is_empty")]
    pub constraints: ConstraintRecord,
    /// What a person must know about the table beside the measures. Columns are named, values never shown.
    pub notes: Vec<String>,
    /// What all this is not.
    pub disclaimer: String,
}

fn known_version<'de, D: Deserializer<'de>>(form: D) -> Result<u32, D::Error> {
    match u32::deserialize(form)? {
        RUN_VERSION => Ok(RUN_VERSION),
        other => {
            Err(D::Error::custom(format!("the record has version {other}; this program knows version {RUN_VERSION}")))
        }
    }
}

/// The significant digits of a figure in the record that is no measure: a loss, a share, a setting.
const DIGITS: i32 = 6;

/// Shortens every fraction in `value`. Assessments stay as they are: their reports are rounded, and their verdicts follow from
/// these.
fn shorten(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let short = number.as_f64().map(|x| to_digits(x, DIGITS)).and_then(Number::from_f64);
            *number = short.unwrap_or_else(|| number.clone());
        }
        Value::Array(values) => values.iter_mut().for_each(shorten),
        Value::Object(members) if members.contains_key("verdict") => {}
        Value::Object(members) => members.values_mut().for_each(shorten),
        _ => {}
    }
}

impl RunRecord {
    /// The record as it leaves: no figure has more digits than anybody needs, since all of them together are a fingerprint of the
    /// real rows.
    pub(crate) fn shortened(self) -> Self {
        let mut value = serde_json::to_value(&self).expect("a record has only string keys");
        shorten(&mut value);
        // What is not finite has no form: such a record stays as it is.
        let Ok(short) = serde_json::from_value::<Self>(value) else { return self };
        // How long an attempt took is never written.
        let of_self = self.attempts.iter().map(|attempt| attempt.duration);
        let attempts =
            short.attempts.into_iter().zip(of_self).map(|(attempt, duration)| Attempt { duration, ..attempt });
        Self { attempts: attempts.collect(), ..short }
    }

    /// The assessment that decided: the audit's, or else that of the accepted or best attempt.
    pub fn assessment(&self) -> Option<&Assessment> {
        // Among equals the first, as the runner keeps it.
        self.audit.as_ref().or_else(|| self.best_attempt()?.verdict())
    }

    /// What became of the columns of the table as given, in the released table or the one that came closest; empty if no attempt
    /// produced a table.
    pub fn losses(&self) -> &[ColumnLoss] {
        self.assessment().map_or(&[], |assessment| &assessment.report.losses)
    }

    /// The attempt whose table was accepted or came closest; `None` if none produced a table.
    pub fn best_attempt(&self) -> Option<&Attempt<Plan, Assessment>> {
        let attempts = self.attempts.iter().rev().filter_map(|attempt| Some((attempt, attempt.verdict()?)));
        attempts.max_by_key(|(_, a)| (a.decision().is_accepted(), a.rank())).map(|(attempt, _)| attempt)
    }

    /// The decision that follows from the verdicts: the audit's, or else that of the accepted or best attempt.
    pub fn concluded(&self) -> Decision {
        self.assessment().map_or(Decision::NotEnoughEvidence, Assessment::decision)
    }
}

/// The result of a run.
#[derive(Debug)]
#[non_exhaustive]
pub struct RunOutcome {
    /// What was done and decided.
    pub record: RunRecord,
    /// The seed that everything followed from: a secret of the table's owner.
    pub seed: Seed,
    /// The schema of the table that was given, with all that was done to it declared: put under that table again, it asks
    /// for the same.
    pub schema: Schema,
    /// The table, if it was accepted.
    pub release: Option<Release>,
    /// The table that came nearest, if none was accepted and it was asked for.
    pub refused: Option<Release>,
    /// What the [report page](crate::dossier::page) shows of the table, released or not, beside the rows that its generator was
    /// given; `None` if no attempt had a table.
    pub portrait: Option<TablePortrait>,
}

/// A synthetic table and what made it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Release {
    /// The rows.
    pub table: Table,
    /// The generator, with the constraints that its rows keep.
    pub model: Model,
    /// The constraints of its rows.
    pub constraints: ConstraintRecord,
}

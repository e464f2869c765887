//! One check: what a report says about one gate, and how far from the limit that is.

use serde::{Deserialize, Serialize};
use synth_metrics::{
    Columns, Definition, Domain, Estimate, Goal, JudgedBy, Measure, Outcome, QualityReport, REPORT_VERSION, Shadow,
    Unseen, definition, lacks_unseen_rows,
};

use super::limit::{Judged, Shown, Side};
use super::sentence::{column_with_most, sentence};
use super::status::{Effect, Status};
use crate::policy::{Class, Gate, Policy, Requirement};

/// One line of a verdict. Its numbers are finite; where there is none, it is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Check {
    /// The measure's id, a requirement's id, `rows`, `columns`, or a domain of which nothing could be judged.
    pub id: String,
    /// What it is about; nothing for `rows`, which is about the evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<Domain>,
    /// The class in which it counts.
    pub class: Class,
    /// The outcome.
    pub status: Status,
    /// What that does to the decision.
    pub effect: Effect,
    /// The value in the report; of `rows`, their number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The one-sided 95 % bound of the value that was held against the limit: the less favourable one where the limit has to be shown
    /// to be kept, the more favourable one where it has to be shown to be broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<f64>,
    /// The smallest value that passes, as the policy has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest value that passes, as the policy has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The largest value that is no evidence of harm, as the policy has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_above: Option<f64>,
    /// The smallest value that is no evidence of harm, as the policy has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_below: Option<f64>,
    /// What a second real sample of that size would score, where that is more than `max`: then it takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<f64>,
    /// The limit that decided; of several, the one that is broken, or the one with the least room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// `(limit - bound) / (limit - ideal)`, not held to 0 and 1: below 0, it tells how far beyond the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// The outcome in words. Names columns where that helps; never a cell.
    pub sentence: String,
}

impl Check {
    /// The id of the check that there are enough training rows.
    pub const ROWS: &'static str = "rows";

    /// The id of the finding that columns of the table as given were lost.
    pub const COLUMNS: &'static str = "columns";

    pub(super) fn new(id: &str, domain: Option<Domain>, status: Status, sentence: String) -> Check {
        Check {
            id: id.to_owned(),
            domain,
            class: Class::Hard,
            status,
            effect: Effect::None,
            value: None,
            bound: None,
            min: None,
            max: None,
            fail_above: None,
            fail_below: None,
            reference: None,
            limit: None,
            margin: None,
            sentence,
        }
    }

    /// Whether there are enough training rows.
    pub(super) fn rows(report: &QualityReport, policy: &Policy) -> Check {
        let (n_rows, least) = (report.rows.train, policy.min_rows());
        let (status, problem) = match n_rows >= least {
            true => (Status::Pass, ","),
            false => (Status::Fail, " are too few;"),
        };
        let sentence = format!("{n_rows} training rows{problem} at least {least} are required");
        let least = Some(least as f64);
        Check {
            value: Some(n_rows as f64),
            min: least,
            limit: least,
            ..Check::new(Check::ROWS, None, status, sentence)
        }
    }

    /// Whether the table was made as the policy asks.
    pub(super) fn requirement(requirement: Requirement) -> Check {
        match requirement {
            Requirement::DifferentialPrivacyProof => {
                let sentence =
                    "a proof of differential privacy is required; no generator of this version can provide one";
                Check::new(requirement.id(), Some(Domain::Privacy), Status::Fail, sentence.to_owned())
            }
        }
    }

    /// A domain in which no gate that counts applies.
    pub(super) fn unjudged(domain: Domain) -> Check {
        let id = domain.name();
        let sentence = format!("none of the policy's {id} checks applies to this table");
        Check { class: Class::Mandatory, ..Check::new(id, Some(domain), Status::NotMeasured, sentence) }
    }

    /// What the report says about a gate. Class and effect are still open.
    pub(super) fn gate(report: &QualityReport, gate: &Gate) -> Check {
        let id = &gate.measure;
        let definition = definition(id).expect("a policy's measures are checked when it is read");
        let without = |status, sentence| Check {
            class: gate.class,
            min: gate.min,
            max: gate.max,
            fail_above: gate.fail_above,
            fail_below: gate.fail_below,
            limit: gate.max.or(gate.min).or(gate.fail_above).or(gate.fail_below),
            ..Check::new(id, Some(definition.domain), status, sentence)
        };
        let (measure, estimate) = match usable(report, id) {
            Ok(found) => found,
            Err((Status::NotApplicable, reason)) => {
                return without(Status::NotApplicable, format!("{id} does not apply: {reason}"));
            }
            Err((Status::Error, reason)) => return without(Status::Error, format!("{id} cannot be judged: {reason}")),
            Err((status, reason)) => return without(status, format!("{id} was not measured: {reason}")),
        };
        let reference = gate.max.and_then(|max| reference(report, definition).filter(|reference| *reference > max));
        let limits = [
            (Side::Max, Shown::Kept, reference.or(gate.max)),
            (Side::Min, Shown::Kept, gate.min),
            (Side::Max, Shown::Broken, gate.fail_above),
            (Side::Min, Shown::Broken, gate.fail_below),
        ];
        let judged = limits.into_iter().filter_map(|(side, shown, limit)| {
            limit.map(|limit| Judged::new(side, shown, limit, estimate, definition.ideal))
        });
        // A margin is below 0 exactly where the limit is not passed.
        let worst = Judged::worst(judged).expect("a gate has at least one limit");
        let column = (definition.goal == Goal::Lower).then(|| column_with_most(measure)).flatten();
        let size = reference.zip(gate.max).map(|(_, max)| (max, report.rows.synthetic));
        let sentence = sentence(id, estimate, &worst, size, column);
        Check {
            value: Some(estimate.value),
            bound: Some(worst.bound),
            reference,
            limit: Some(worst.limit),
            margin: Some(worst.margin),
            ..without(worst.status, sentence)
        }
    }

    /// Whether the report's facts say that what the measure takes was not there to be asked for: a generator to fit again, of two
    /// tables that are compared, or an attempt that keeps all other limits.
    pub(super) fn is_beside_the_point(&self, report: &QualityReport) -> bool {
        let fact = report.inputs.map(|inputs| inputs.shadow);
        let is_of_shadow = definition(&self.id).is_some_and(|definition| definition.needs.unseen == Unseen::Shadow);
        self.status == Status::NotMeasured && is_of_shadow && matches!(fact, Some(Shadow::NoGenerator | Shadow::Later))
    }

    /// Whether the report's facts say that the measure could not have been taken. A domain as a whole cannot be owed.
    pub(super) fn is_excused(&self, report: &QualityReport) -> bool {
        definition(&self.id).is_none() || lacks_unseen_rows(report, &self.id)
    }
}

/// What a second real sample would score, for a distance that is judged by its value; what cannot be one is none.
fn reference(report: &QualityReport, definition: &Definition) -> Option<f64> {
    let is_distance = definition.goal == Goal::Lower && definition.judged_by == JudgedBy::Value;
    let reference = report.reference(definition.id).filter(|_| is_distance)?;
    definition.range.contains(reference).then_some(reference)
}

/// The measure and its estimate, if there is one that can be judged; else why not.
fn usable<'r>(report: &'r QualityReport, id: &str) -> Result<(&'r Measure, Estimate), (Status, String)> {
    let error = |problem: &str| Err((Status::Error, problem.to_owned()));
    let missing = |reason: &str| Err((Status::NotMeasured, reason.to_owned()));
    let Some(definition) = definition(id) else { return missing("this version does not have the measure") };
    if report.version != REPORT_VERSION {
        return error(&format!(
            "the report has version {}; this program knows version {REPORT_VERSION}",
            report.version
        ));
    }
    // Facts come first: a measure cannot say of itself that it does not apply, nor apply against them.
    let applies = report.inputs.is_none_or(|inputs| inputs.suffice_for(id));
    let mut found = report.measures.iter().filter(|m| m.id == id);
    let measure = match (found.next(), found.next()) {
        (Some(measure), None) => measure,
        (None, _) if !applies => return Err((Status::NotApplicable, not_there(report, definition).to_owned())),
        (None, _) => return missing("it is missing from the report"),
        (Some(_), Some(_)) => return error("it occurs more than once in the report"),
    };
    let estimate = match &measure.outcome {
        Outcome::Measured(_) if !applies => return error("it has a value, but the table has no column for it"),
        // Copies can be held against the training rows too, where no others are.
        Outcome::Measured(_) if definition.needs.unseen != Unseen::Preferred && lacks_unseen_rows(report, id) => {
            return error(match definition.needs.unseen {
                Unseen::Shadow => "it has a value, but the report says that there was no audit",
                _ => "it has a value, but the report has too few held-out rows for it",
            });
        }
        Outcome::Measured(estimate) => *estimate,
        Outcome::NotMeasured(_) if !applies => {
            return Err((Status::NotApplicable, not_there(report, definition).to_owned()));
        }
        Outcome::NotMeasured(reason) => return missing(reason),
    };
    let (low, high) = (estimate.lower_bound(), estimate.upper_bound());
    if ![estimate.value, low, high].iter().all(|x| x.is_finite()) {
        return error("its value or one of its bounds is not a finite number");
    }
    const ROUNDING: f64 = 1e-9; // of means over columns
    if !(definition.range.low - ROUNDING..=definition.range.high + ROUNDING).contains(&estimate.value) {
        return error("its value is outside the measure's range");
    }
    if low > high {
        return error("its bounds are in the wrong order");
    }
    Ok((measure, definition.as_judged(estimate)))
}

/// What a table lacks for a measure that does not apply to it.
fn not_there(report: &QualityReport, definition: &Definition) -> &'static str {
    let is_of_given = matches!(
        definition.needs.columns,
        Columns::Given
            | Columns::GivenScales
            | Columns::GivenLevels
            | Columns::GivenTwoVaryingNumbers
            | Columns::GivenRules
    );
    match (is_of_given, report.inputs.and_then(|inputs| inputs.given), definition.needs.columns) {
        (true, None, _) => "the table as it was given, before any protection, is not known",
        (true, Some(_), Columns::GivenRules) => "no rule holds in every row of the table as given",
        _ => "the table has no columns to measure it on",
    }
}

//! The verdict on a report: one check per gate, the decision of the worst of them, a score that cannot be gamed.
//!
//! A gate on an estimate is judged on its one-sided 95 % bounds: it passes when the less favourable bound keeps the
//! limit, fails when even the more favourable one breaks it, and is inconclusive between. A value without uncertainty, or of
//! a measure that is judged by its value whatever its interval ([`JudgedBy`](synth_metrics::JudgedBy)),
//! describes the files exactly and passes or fails by itself. What was not measured does not pass.
//!
//! The margin of a gate is `(limit - bound) / (limit - ideal)`: 1 at the ideal, 0 at the limit, below 0 beyond it.
//! The score is the smallest margin, held to 0 and 1, of the worst domain: nothing is averaged, so that fidelity
//! cannot pay for privacy. Left out on purpose: overrides. A person who releases a refused table does so outside.

use std::fmt;

use serde::{Deserialize, Serialize};
use synth_metrics::{Domain, Estimate, Goal, Measure, Outcome, QualityReport, REPORT_VERSION, definition};

use crate::policy::{Gate, Inconclusive, Policy, Requirement};

/// The version of the verdict's JSON form.
pub const VERDICT_VERSION: u32 = 1;

/// What every page that shows a verdict says beside it.
pub const DISCLAIMER: &str = "\
What is listed here are automated checks of the named files against the limits of one written policy. They are no \
legal advice, no expert determination under 45 CFR 164.514(b)(1), and no finding that nobody can be identified from \
the table, under the GDPR or any other law; no regulator has approved them. An attack that was run and failed is \
evidence against that attack alone, at the stated numbers of rows and at 95 % confidence: a stronger attacker, one \
who knows more, a second release, or access to the model may succeed. Nothing here bounds the risk mathematically. \
Limits are customary values or our own, as each says. Whether to release the table is for a qualified person to \
decide. Synthetic values are not observations: no patient is to be treated by them, and no result rests on them \
until it has been confirmed on real data.";

/// The highest score of a table for which there is not enough evidence, in percent.
const MOST_WITHOUT_EVIDENCE: u8 = 49;

/// What a policy makes of a report.
///
/// `Display` prints it for people, a line per check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// [`VERDICT_VERSION`].
    pub version: u32,
    /// The policy's name.
    pub policy: String,
    /// The policy's version.
    pub policy_version: String,
    /// The outcome: that of the worst check.
    pub decision: Decision,
    /// How far from the limits the table is. Means nothing without the decision.
    pub score: Score,
    /// The rows, then the policy's requirements, then its gates, each in the policy's order.
    pub checks: Vec<Check>,
}

/// The outcome of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Every check passed. A statement about these checks, not about the law.
    Accepted,
    /// No check failed, but at least one could not be made or decides nothing.
    NotEnoughEvidence,
    /// At least one check failed.
    Refused,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Decision::Accepted => "accepted",
            Decision::NotEnoughEvidence => "not enough evidence",
            Decision::Refused => "refused",
        })
    }
}

/// The room left below the limits, in whole percent, rounded down.
///
/// 100 is an ideal table, 0 one that touches a limit. Two numbers, because what was not measured counts as 0 in the
/// one and as ideal in the other. A refused table has 0 in both; without enough evidence both are at most 49.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// The score that the evidence supports: the one to quote.
    pub at_least: u8,
    /// What it could become if all that was not measured turned out ideal.
    pub at_most: u8,
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at_least == self.at_most {
            true => write!(f, "{} %", self.at_least),
            false => write!(f, "{} to {} %", self.at_least, self.at_most),
        }
    }
}

/// The outcome of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The limit is kept, at the less favourable bound.
    Pass,
    /// The limit is broken, even at the more favourable bound.
    Fail,
    /// The limit lies between the bounds.
    Inconclusive,
    /// There is no value to judge. Never a pass.
    NotMeasured,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Status::Pass => "pass",
            Status::Fail => "fail",
            Status::Inconclusive => "inconclusive",
            Status::NotMeasured => "not measured",
        })
    }
}

/// One line of a verdict. Its numbers are finite; where there is none, it is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The measure's id, a requirement's id, or `rows`.
    pub id: String,
    /// What it is about; nothing for `rows`, which is about the evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<Domain>,
    /// The outcome.
    pub status: Status,
    /// The value in the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The less favourable one-sided 95 % bound of the value: what has to keep the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<f64>,
    /// The limit; of a gate with two, the one with less room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// `(limit - bound) / (limit - ideal)`, not held to 0 and 1: below 0, it tells how far beyond the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// The outcome in words. Names columns where that helps; never a cell.
    pub sentence: String,
}

impl Verdict {
    /// The check called `id`.
    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks.iter().find(|c| c.id == id)
    }

    /// What failed, in words, in the order of the checks.
    pub fn violations(&self) -> impl Iterator<Item = &str> {
        self.checks.iter().filter(|c| c.status == Status::Fail).map(|c| c.sentence.as_str())
    }

    /// What could not be decided, in words, in the order of the checks.
    pub fn gaps(&self) -> impl Iterator<Item = &str> {
        let open = |c: &&Check| matches!(c.status, Status::Inconclusive | Status::NotMeasured);
        self.checks.iter().filter(open).map(|c| c.sentence.as_str())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verdict { policy, policy_version, decision, score, checks, .. } = self;
        writeln!(f, "policy {policy}, version {policy_version}: {decision}, score {score}")?;
        for check in checks {
            writeln!(f, "  {:<13} {}", check.status, check.sentence)?;
        }
        Ok(())
    }
}

/// Judges a report by a policy. A pure function: the same report and policy give the same verdict, to the byte.
///
/// Nothing in a report makes this fail; what cannot be judged (absent, listed twice, not finite, out of the
/// measure's range, a report of another version) is [`Status::NotMeasured`]. Taking measures out of a report or
/// spoiling them therefore never gets a table accepted and never raises [`Score::at_least`]. It can turn a refusal
/// into [`Decision::NotEnoughEvidence`], unless the policy refuses that as well.
///
/// Source: the rules in the module's documentation. Departs from common practice, which judges point values and
/// skips what is missing.
pub fn judge(report: &QualityReport, policy: &Policy) -> Verdict {
    let mut checks = vec![rows(report, policy)];
    checks.extend(policy.requires().iter().map(|r| requirement(*r)));
    checks.extend(policy.gates().iter().map(|g| gate(report, g)));
    let decision = decide(&checks, policy.inconclusive());
    Verdict {
        version: VERDICT_VERSION,
        policy: policy.name().to_owned(),
        policy_version: policy.version().to_owned(),
        decision,
        score: score(&checks, decision),
        checks,
    }
}

fn decide(checks: &[Check], inconclusive: Inconclusive) -> Decision {
    if checks.iter().any(|c| c.status == Status::Fail) {
        Decision::Refused
    } else if checks.iter().all(|c| c.status == Status::Pass) {
        Decision::Accepted
    } else {
        match inconclusive {
            Inconclusive::Report => Decision::NotEnoughEvidence,
            Inconclusive::Refuse => Decision::Refused,
        }
    }
}

fn score(checks: &[Check], decision: Decision) -> Score {
    // The worst gate of the worst domain is the worst gate. Rows and requirements have no margin: failed, they
    // refuse, and passed, they add nothing.
    let worst = |unmeasured: f64| {
        let gates = checks.iter().filter(|c| c.margin.is_some() || c.status == Status::NotMeasured);
        gates.map(|c| c.margin.unwrap_or(unmeasured)).fold(1.0, f64::min).max(0.0)
    };
    // Rounded down, but 0.43 computed as 0.42999... is 43.
    let percent = |margin: f64| (margin * 100.0 + 1e-9).floor() as u8;
    let most = match decision {
        Decision::Accepted => 100,
        Decision::NotEnoughEvidence => MOST_WITHOUT_EVIDENCE,
        Decision::Refused => 0,
    };
    Score { at_least: percent(worst(0.0)).min(most), at_most: percent(worst(1.0)).min(most) }
}

fn rows(report: &QualityReport, policy: &Policy) -> Check {
    let (n_rows, least) = (report.rows.train, policy.min_rows());
    let (status, sentence) = match n_rows >= least {
        true => (Status::Pass, format!("{n_rows} rows to learn from, at least {least} are asked for")),
        false => (Status::Fail, format!("{n_rows} rows to learn from are too few; at least {least} are asked for")),
    };
    Check { status, sentence, ..Check::without_value("rows", None) }
}

fn requirement(requirement: Requirement) -> Check {
    match requirement {
        Requirement::DifferentialPrivacyProof => Check {
            status: Status::Fail,
            sentence: "a proof of differential privacy is asked for; no generator of this version can give one"
                .to_owned(),
            ..Check::without_value(requirement.id(), Some(Domain::Privacy))
        },
    }
}

impl Check {
    fn without_value(id: &str, domain: Option<Domain>) -> Check {
        let (status, sentence) = (Status::NotMeasured, String::new());
        Check { id: id.to_owned(), domain, status, value: None, bound: None, limit: None, margin: None, sentence }
    }
}

fn gate(report: &QualityReport, gate: &Gate) -> Check {
    let definition = definition(&gate.measure).expect("a policy's measures are checked when it is read");
    let (measure, estimate) = match usable(report, &gate.measure) {
        Ok(found) => found,
        Err(reason) => {
            return Check {
                limit: gate.max.or(gate.min),
                sentence: format!("{} was not measured: {reason}", gate.measure),
                ..Check::without_value(&gate.measure, Some(definition.domain))
            };
        }
    };
    let sides = [gate.max.map(|max| (Side::Max, max)), gate.min.map(|min| (Side::Min, min))];
    let judged = sides.into_iter().flatten().map(|(side, limit)| Judged::new(side, limit, estimate, definition.ideal));
    // A margin is below 0 exactly where the limit is not passed, and of two limits at most one can fail.
    let worst = judged.min_by(|a, b| a.margin.total_cmp(&b.margin)).expect("a gate has at least one limit");
    let worst_column = (definition.goal == Goal::Lower).then(|| worst_column(measure)).flatten();
    Check {
        status: worst.status,
        value: Some(estimate.value),
        bound: Some(worst.bound),
        limit: Some(worst.limit),
        margin: Some(worst.margin),
        sentence: sentence(&gate.measure, estimate, &worst, worst_column),
        ..Check::without_value(&gate.measure, Some(definition.domain))
    }
}

/// The measure and its estimate, if there is one that can be judged; else why not.
fn usable<'r>(report: &'r QualityReport, id: &str) -> Result<(&'r Measure, Estimate), String> {
    let Some(definition) = definition(id) else {
        return Err("this version has no such measure yet".to_owned());
    };
    if report.version != REPORT_VERSION {
        return Err(format!("the report has version {}, known is version {REPORT_VERSION}", report.version));
    }
    let mut found = report.measures.iter().filter(|m| m.id == id);
    let measure = match (found.next(), found.next()) {
        (Some(measure), None) => measure,
        (None, _) => return Err("the report does not have it".to_owned()),
        (Some(_), Some(_)) => return Err("the report has it more than once".to_owned()),
    };
    let estimate = match &measure.outcome {
        Outcome::Measured(estimate) => *estimate,
        Outcome::NotMeasured(reason) => return Err(reason.clone()),
    };
    let (low, high) = (estimate.lower_bound(), estimate.upper_bound());
    if ![estimate.value, low, high].iter().all(|x| x.is_finite()) {
        return Err("its value or a bound of it is not a finite number".to_owned());
    }
    const ROUNDING: f64 = 1e-9; // of means over columns
    if !(definition.range.0 - ROUNDING..=definition.range.1 + ROUNDING).contains(&estimate.value) {
        return Err("its value is outside the measure's range".to_owned());
    }
    if low > high {
        return Err("its bounds are in the wrong order".to_owned());
    }
    Ok((measure, definition.as_judged(estimate)))
}

/// On which side of the good values a limit lies.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Max,
    Min,
}

/// One limit of a gate, judged.
#[derive(Debug)]
struct Judged {
    side: Side,
    limit: f64,
    /// The less favourable bound, and the more favourable one.
    bound: f64,
    favourable: f64,
    status: Status,
    margin: f64,
}

impl Judged {
    fn new(side: Side, limit: f64, estimate: Estimate, ideal: f64) -> Judged {
        // Bounds by resampling need not contain the value; take whichever is further out.
        let low = estimate.lower_bound().min(estimate.value);
        let high = estimate.upper_bound().max(estimate.value);
        let (bound, favourable) = match side {
            Side::Max => (high, low),
            Side::Min => (low, high),
        };
        let keeps = |x: f64| match side {
            Side::Max => x <= limit,
            Side::Min => x >= limit,
        };
        let status = match (keeps(bound), keeps(favourable)) {
            (true, _) => Status::Pass,
            (false, true) => Status::Inconclusive,
            (false, false) => Status::Fail,
        };
        let margin = match (limit == ideal, status) {
            (false, _) => ((limit - bound) / (limit - ideal)).min(1.0),
            (true, Status::Pass) => 1.0,
            (true, _) => -(bound - limit).abs(),
        };
        Judged { side, limit, bound, favourable, status, margin }
    }
}

/// The column with the largest part in a measure that is to be small.
fn worst_column(measure: &Measure) -> Option<&str> {
    let finite = measure.columns.iter().filter(|c| c.value.is_finite());
    finite.max_by(|a, b| a.value.total_cmp(&b.value)).map(|c| c.column.as_str())
}

fn sentence(id: &str, estimate: Estimate, judged: &Judged, worst_column: Option<&str>) -> String {
    let Judged { side, limit, bound, favourable, status, .. } = *judged;
    let value = decimals(estimate.value, limit, 3);
    let shown = |x: f64| decimals(x, limit, 3);
    let limit_text = decimals(limit, f64::NAN, 2);
    let (beyond, superlative) = match side {
        Side::Max => ("above", "lower"),
        Side::Min => ("below", "upper"),
    };
    let statistic = estimate.uncertainty.is_some();
    match status {
        Status::Pass if statistic => format!("{id} {value} keeps the limit {limit_text}; 95 % bound {}", shown(bound)),
        Status::Pass => format!("{id} {value} keeps the limit {limit_text}"),
        Status::Inconclusive => format!(
            "{id} {value} cannot be told from the limit {limit_text}: its 95 % bounds are {} and {}, on {} rows",
            shown(bound.min(favourable)),
            shown(bound.max(favourable)),
            estimate.uncertainty.map_or(0, |u| u.n),
        ),
        Status::Fail | Status::NotMeasured => {
            let bounds = match statistic {
                true => format!(", even at its {superlative} 95 % bound {}", shown(favourable)),
                false => String::new(),
            };
            let column = match worst_column {
                // Escaped, because a name may hold what a terminal obeys.
                Some(column) => format!(", worst in column `{}`", column.escape_debug()),
                None => String::new(),
            };
            format!("{id} {value} is {beyond} the limit {limit_text}{bounds}; {}{column}", meaning(id, side))
        }
    }
}

/// What it means when a measure breaks its limit on that side.
fn meaning(id: &str, side: Side) -> &'static str {
    match (id, side) {
        ("ks_mean", _) => "the numbers' distributions differ",
        ("tvd_mean", _) => "the levels' shares differ",
        ("missing_delta", _) => "values are missing at other rates",
        ("corr_delta", _) => "numbers move together in other ways",
        ("assoc_delta", _) => "columns depend on each other in other ways",
        ("dup_rate", _) => "rows of the training table come out again",
        ("dup_rate_holdout", _) => "the real rows themselves repeat a lot",
        ("dup_excess", Side::Max) => "more training rows come out again than chance would have it",
        ("mia_auc", Side::Max) => "an attacker can tell who was in the training table",
        ("mia_auc", Side::Min) => "the attack is worse than guessing, so the measurement or the split is in doubt",
        _ => "that is beyond what the policy allows",
    }
}

/// `x` with `least` decimals, or with as many more as tell it from `other`.
fn decimals(x: f64, other: f64, least: usize) -> String {
    let text = |n: usize| format!("{x:.n$}");
    let tells = |n: &usize| {
        let rounded: f64 = text(*n).parse().expect("a formatted number");
        if other.is_nan() { rounded == x } else { x == other || rounded != other }
    };
    text((least..9).find(tells).unwrap_or(9))
}

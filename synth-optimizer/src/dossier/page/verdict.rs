//! What was decided and why: the banner, and every check against its limit.

use synth_compliance::{Check, Decision, Effect, Policy, Status, Verdict};
use synth_metrics::{QualityReport, definition};

use super::text::{grouped, limits, number, plural, shown};
use crate::attempt::AttemptResult;
use crate::dossier::record::RunRecord;
use crate::runner::StopReason;

/// How something came out: the class of its colour, a mark that says the same, and the words.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) tone: &'static str,
    pub(super) sign: &'static str,
    pub(super) words: String,
}

/// The first thing on the page.
#[derive(Debug)]
pub(super) struct Banner {
    pub(super) mark: Mark,
    /// What comes before the policy's name.
    pub(super) headline: &'static str,
    pub(super) policy: String,
    /// How many checks came out how.
    pub(super) summary: String,
    /// What refuses, is open, or was found.
    pub(super) reasons: Vec<Reason>,
    /// What follows for the table.
    pub(super) table: &'static str,
}

/// A check that did not pass.
#[derive(Debug)]
pub(super) struct Reason {
    pub(super) mark: Mark,
    pub(super) id: String,
    pub(super) sentence: String,
}

/// A check.
#[derive(Debug)]
pub(super) struct CheckRow {
    pub(super) id: String,
    /// What it is about, in words.
    pub(super) name: String,
    pub(super) class: &'static str,
    pub(super) limit: String,
    pub(super) value: String,
    /// The bound that has to keep the limit, where that is another number.
    pub(super) bound: String,
    pub(super) mark: Mark,
    pub(super) sentence: String,
}

pub(super) fn banner(record: &RunRecord, policy: &Policy) -> Banner {
    let decision = record.decision;
    let (tone, sign, headline, table) = match decision {
        Decision::Accepted => ("pass", "✓", "Accepted under", "The synthetic table was written."),
        Decision::AcceptedWithFindings => {
            ("pass", "✓", "Accepted with findings under", "The synthetic table was written.")
        }
        Decision::Refused => {
            ("fail", "✗", "Refused under", "No table was released. What follows describes the one that came nearest.")
        }
        Decision::NotEnoughEvidence => (
            "open",
            "?",
            "Not enough evidence under",
            "No table was released. What follows describes the one that came nearest.",
        ),
    };
    let verdict = record.assessment().map(|assessment| &assessment.verdict);
    let (summary, reasons) = match verdict {
        Some(verdict) => (summary(verdict), reasons(verdict)),
        None => (no_table(record), Vec::new()),
    };
    let table = if verdict.is_some() { table } else { "There is no table to describe." };
    Banner {
        mark: Mark { tone, sign, words: decision.to_string() },
        headline,
        policy: shown(policy.name()),
        summary,
        reasons,
        table,
    }
}

/// Why there is nothing to judge.
fn no_table(record: &RunRecord) -> String {
    let failures = record.attempts.iter().filter_map(|attempt| match &attempt.result {
        AttemptResult::Failed(failure) => Some(format!("attempt {}: {failure}", attempt.number)),
        AttemptResult::Judged(_) => None,
    });
    let failures: Vec<String> = failures.chain(record.stopped.as_ref().map(StopReason::to_string)).collect();
    format!("No attempt had a table: {}.", failures.join("; "))
}

fn summary(verdict: &Verdict) -> String {
    let n = |wanted: &dyn Fn(&Check) -> bool| verdict.checks.iter().filter(|check| wanted(check)).count();
    let passed = n(&|c| c.status == Status::Pass);
    let (beside, all) = (n(&|c| c.status == Status::NotApplicable), verdict.checks.len());
    let mut parts = vec![match passed == all {
        true => format!("all {} passed", plural(all, "check", "checks")),
        false => format!("{} of {} passed", passed, plural(all, "check", "checks")),
    }];
    for (effect, words) in [(Effect::Refuses, "refuse"), (Effect::Open, "left open"), (Effect::Finding, "only noted")] {
        let n = n(&|c| c.effect == effect);
        if n > 0 {
            parts.push(format!("{n} {}", if n == 1 && effect == Effect::Refuses { "refuses" } else { words }));
        }
    }
    if beside > 0 {
        parts.push(format!("{beside} without an object in this table"));
    }
    let text = parts.join(", ");
    let room = if verdict.decision.is_accepted() { ": the room that the nearest limit leaves" } else { "" };
    let first: String = text.chars().take(1).flat_map(char::to_uppercase).collect();
    format!("{first}{}. Score {}{room}.", &text[text.chars().next().map_or(0, char::len_utf8)..], verdict.score)
}

/// The checks with an effect, the strongest first.
fn reasons(verdict: &Verdict) -> Vec<Reason> {
    let effects = [Effect::Refuses, Effect::Open, Effect::Finding];
    let checks = effects.into_iter().flat_map(|effect| verdict.checks.iter().filter(move |c| c.effect == effect));
    checks.map(|c| Reason { mark: mark(c), id: c.id.clone(), sentence: shown(&c.sentence) }).collect()
}

/// How a check came out.
pub(super) fn mark(check: &Check) -> Mark {
    let (tone, sign) = match (check.status, check.effect) {
        (Status::Pass, _) => ("pass", "✓"),
        (Status::NotApplicable, _) => ("none", "–"),
        (_, Effect::Refuses) => ("fail", "✗"),
        (_, Effect::Finding) => ("open", "!"),
        _ => ("open", "?"),
    };
    Mark { tone, sign, words: check.status.to_string() }
}

/// What a policy asks of a check.
pub(super) fn limit_of(id: &str, policy: &Policy) -> String {
    if id == "rows" {
        return format!("≥ {}", grouped(policy.min_rows()));
    }
    let gate = policy.gates().iter().find(|gate| gate.measure == id);
    gate.map_or(String::new(), |gate| limits(gate.min, gate.max))
}

/// The value of a check: the number of rows is in the report alone.
pub(super) fn value_of(check: &Check, report: &QualityReport) -> String {
    match check.value {
        Some(value) => number(value),
        None if check.id == "rows" => grouped(report.rows.train),
        None => "–".to_owned(),
    }
}

pub(super) fn checks(verdict: &Verdict, report: &QualityReport, policy: &Policy) -> Vec<CheckRow> {
    let row = |check: &Check| CheckRow {
        id: check.id.clone(),
        name: name_of(&check.id),
        class: check.class.id(),
        limit: limit_of(&check.id, policy),
        value: value_of(check, report),
        bound: check.bound.filter(|bound| Some(*bound) != check.value).map_or(String::new(), number),
        mark: mark(check),
        sentence: shown(&check.sentence),
    };
    verdict.checks.iter().map(row).collect()
}

/// What a check is about.
pub(super) fn name_of(id: &str) -> String {
    match (id, definition(id)) {
        (_, Some(definition)) => definition.name.to_owned(),
        ("rows", None) => "rows to learn from".to_owned(),
        _ => String::new(),
    }
}

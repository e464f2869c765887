//! What was decided and why: the banner, and every check against its limit.

use synth_compliance::{Check, CheckView, Decision, Effect, Mark, Policy, Status, Verdict};

use super::text::{plural, shown, typeset};
use crate::attempt::AttemptResult;
use crate::dossier::record::RunRecord;
use crate::runner::StopReason;

/// How something came out: the class of its colour, a sign that says the same, and the words.
#[derive(Debug, Clone)]
pub(super) struct Badge {
    pub(super) tone: &'static str,
    pub(super) sign: &'static str,
    pub(super) words: String,
}

impl Badge {
    pub(super) fn new(mark: Mark, words: &str) -> Badge {
        let tone = match mark {
            Mark::Passed => "pass",
            Mark::Failed => "fail",
            Mark::Open | Mark::Noted => "open",
            Mark::Beside => "none",
        };
        Badge { tone, sign: mark.sign(), words: words.to_owned() }
    }

    pub(super) fn of(view: &CheckView<'_>) -> Badge {
        Badge::new(view.mark, &view.outcome)
    }
}

/// The first thing on the page.
#[derive(Debug)]
pub(super) struct Banner {
    pub(super) mark: Badge,
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
    pub(super) mark: Badge,
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
    pub(super) mark: Badge,
    pub(super) sentence: String,
}

pub(super) fn banner(record: &RunRecord, policy: &Policy) -> Banner {
    let decision = record.decision;
    let headline = match decision {
        Decision::Accepted => "Accepted under",
        Decision::AcceptedWithFindings => "Accepted with findings under",
        Decision::Refused => "Refused under",
        Decision::NotEnoughEvidence => "Not enough evidence under",
    };
    let table = match decision.is_accepted() {
        true => "The synthetic table was written.",
        false => "No table was released. The rest describes the one that came closest.",
    };
    let verdict = record.assessment().map(|assessment| &assessment.verdict);
    let (summary, reasons) = match verdict {
        Some(verdict) => (summary(verdict), reasons(verdict)),
        None => (no_table(record), Vec::new()),
    };
    let table = if verdict.is_some() { table } else { "There is no table to describe." };
    Banner {
        mark: Badge::new(decision.mark(), &decision.to_string()),
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
    format!("No attempt produced a table: {}.", failures.join("; "))
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
        parts.push(format!("{beside} not applicable to this table"));
    }
    let text = parts.join(", ");
    let room = if verdict.decision.is_accepted() { ": the smallest margin to a limit" } else { "" };
    let first: String = text.chars().take(1).flat_map(char::to_uppercase).collect();
    format!("{first}{}. Score {}{room}.", &text[text.chars().next().map_or(0, char::len_utf8)..], verdict.score)
}

/// The checks with an effect, the strongest first.
fn reasons(verdict: &Verdict) -> Vec<Reason> {
    let effects = [Effect::Refuses, Effect::Open, Effect::Finding];
    let checks = effects.into_iter().flat_map(|effect| verdict.checks.iter().filter(move |c| c.effect == effect));
    checks.map(reason).collect()
}

fn reason(check: &Check) -> Reason {
    let view = check.view();
    Reason { mark: Badge::of(&view), id: check.id.clone(), sentence: shown(view.why) }
}

pub(super) fn checks(verdict: &Verdict) -> Vec<CheckRow> {
    let row = |view: CheckView<'_>| CheckRow {
        mark: Badge::of(&view),
        id: view.check.id.clone(),
        class: view.check.class.id(),
        limit: typeset(&view.limit),
        value: value(&view),
        bound: typeset(&view.bound),
        sentence: shown(view.why),
        name: view.label,
    };
    verdict.view().into_iter().map(row).collect()
}

/// The value of a check, or that there is none.
pub(super) fn value(view: &CheckView<'_>) -> String {
    if view.value.is_empty() { "–".to_owned() } else { typeset(&view.value) }
}

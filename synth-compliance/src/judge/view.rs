//! Checks as people read them. Terminal, report page and model card show these texts and word none of their own.

use std::fmt;

use synth_metrics::definition;

use super::check::Check;
use super::status::{Effect, Status};
use super::verdict::{Decision, Verdict};
use crate::figure;

/// A check as text, for display. Its numbers are in [`check`](CheckView::check).
///
/// `Display` is a line: the outcome and the sentence.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CheckView<'a> {
    /// The check, with its class, its domain and its raw numbers.
    pub check: &'a Check,
    /// The measure's name in words; else what the check is about.
    pub label: String,
    /// The limits as the policy writes them: `≤ 0.005`, `0.40 to 0.60`, `fails > 0.02`. Empty where there is none.
    pub limit: String,
    /// The value, with the digits that show on which side of the limit it lies. Empty where there is none.
    pub value: String,
    /// The bound that is held against the limit, with the side on which it is sought: `< 0.515`. Empty where it is the value.
    pub bound: String,
    /// The outcome as a mark.
    pub mark: Mark,
    /// The same in a word or two: `pass`, `not measured`.
    pub outcome: String,
    /// The outcome in a sentence. Names columns where that helps; never a cell.
    pub why: &'a str,
}

impl CheckView<'_> {
    /// Value, bound and outcome in the fewest signs, for a table of checks: `0.496 (< 0.539) ✓`, `not measured ✗`.
    pub fn cell(&self) -> String {
        let bound = if self.bound.is_empty() { String::new() } else { format!("({})", self.bound) };
        let outcome = match self.check.status {
            Status::Pass | Status::Fail | Status::Inconclusive => "",
            Status::NotMeasured | Status::NotApplicable | Status::Error => &self.outcome,
        };
        let sign = if self.mark == Mark::Beside { "" } else { self.mark.sign() };
        let note = if self.mark == Mark::Noted { "(finding)" } else { "" };
        let parts = [&self.value, &bound, outcome, sign, note];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for CheckView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<14} {}", self.outcome, self.why)
    }
}

/// The outcome of a check or a verdict, displayed as a sign and a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// It passed, or the table was accepted.
    Passed,
    /// It refuses.
    Failed,
    /// It leaves the decision open.
    Open,
    /// It did not pass, but is only reported.
    Noted,
    /// It does not apply to this table.
    Beside,
}

impl Mark {
    /// `✓`, `✗`, `?`, `!` or `–`.
    pub fn sign(self) -> &'static str {
        match self {
            Mark::Passed => "✓",
            Mark::Failed => "✗",
            Mark::Open => "?",
            Mark::Noted => "!",
            Mark::Beside => "–",
        }
    }
}

impl Check {
    /// The outcome as a mark.
    pub fn mark(&self) -> Mark {
        match (self.status, self.effect) {
            (Status::Pass, _) => Mark::Passed,
            (Status::NotApplicable, _) => Mark::Beside,
            (_, Effect::Refuses) => Mark::Failed,
            (_, Effect::Finding) => Mark::Noted,
            _ => Mark::Open,
        }
    }

    /// The check as text, for display.
    pub fn view(&self) -> CheckView<'_> {
        let shown = |x: f64| figure::value(x, self.limit);
        let bound = match (self.value, self.bound) {
            (Some(value), Some(bound)) if bound > value => format!("< {}", shown(bound)),
            (Some(value), Some(bound)) if bound < value => format!("> {}", shown(bound)),
            _ => String::new(),
        };
        CheckView {
            check: self,
            label: label(&self.id),
            limit: figure::all_limits([self.min, self.max], [self.fail_below, self.fail_above]),
            value: self.value.map_or(String::new(), shown),
            bound,
            mark: self.mark(),
            outcome: self.status.to_string(),
            why: &self.sentence,
        }
    }
}

/// What a check is about, in words.
fn label(id: &str) -> String {
    match (definition(id), id) {
        (Some(definition), _) => definition.name.to_owned(),
        (None, Check::COLUMNS) => "columns that come back".to_owned(),
        (None, Check::ROWS) => "training rows".to_owned(),
        (None, "differential-privacy-proof") => "proof of differential privacy".to_owned(),
        (None, domain) => format!("{domain} checks"),
    }
}

impl Verdict {
    /// The checks as text, for display, in order.
    pub fn view(&self) -> Vec<CheckView<'_>> {
        self.checks.iter().map(Check::view).collect()
    }
}

impl Decision {
    /// The outcome as a mark.
    pub fn mark(self) -> Mark {
        match self {
            Decision::Refused => Mark::Failed,
            Decision::NotEnoughEvidence => Mark::Open,
            Decision::AcceptedWithFindings | Decision::Accepted => Mark::Passed,
        }
    }
}

//! The verdict on a report: one check per gate, the decision of the worst of them, a score that cannot be gamed.
//!
//! A gate on an estimate is judged on its one-sided 95 % bounds: it passes when the less favourable bound keeps the
//! limit, fails when even the more favourable one breaks it, and is inconclusive between. A value without uncertainty, or of
//! a measure that is judged by its value whatever its interval ([`JudgedBy`](synth_metrics::JudgedBy)),
//! describes the files exactly and passes or fails by itself. What was not measured does not pass.
//!
//! **Harm that few rows can show.** A dozen copies among 256 rows are proof of a leak; that there are none is not proved by
//! any number of rows that small. So a gate may have limits of a second kind, `fail_above` and `fail_below`: it fails
//! where even the *more* favourable bound is beyond them, and otherwise they ask for nothing. A wide interval passes such a limit, so
//! it never stands alone: what is to be shown about a domain is for gates with a `max` or `min`, and where none of those
//! counts, the decision stays open.
//!
//! **A second real sample.** Two real samples of 100 rows are farther apart than a limit for large tables allows. Where a report says
//! what a second real sample of that size [would score](QualityReport::reference), a `max` on a distance that is judged by its
//! value is that or the policy's limit, whichever is larger: a large table is held to the limit, a small one to what is
//! possible, and a table that lies nearer to its training rows than that gains nothing. A report without it is held to the limit.
//!
//! **Decisions** are ordered: refused < not enough evidence < accepted with findings < accepted. The decision is the
//! worst [`Effect`] of any check, and an effect follows from the check's [`Status`] and its gate's [`Class`]:
//!
//! | status | hard | mandatory | soft |
//! |---|---|---|---|
//! | pass, not applicable | none | none | none |
//! | fail, error | refuses | refuses | finding |
//! | not measured, though owed | refuses | refuses | finding |
//! | not measured, its input missing | open, or as the policy says | open | finding |
//! | inconclusive | open, or as the policy says | open | finding |
//!
//! Measures of the most exposed people take a generator that can be fitted again. Where the report's facts say that two tables were
//! compared, or that the audit is made later, of the table that would be accepted, their gates count as soft: a finding says so.
//! Where the audit was switched off or cut short, they keep their class.
//!
//! **Nothing is gained by taking measures away or spoiling them.** A failed check refuses already. So hiding one must
//! refuse as well, and a measure without a usable value does: absent, listed twice, not finite, out of its range, or "not
//! measured" with any reason in words, for words prove nothing. Two things excuse it, and both are facts that the report
//! holds beside its measures: the table has no column that the measure is about ([`Inputs::suffice_for`]: *not
//! applicable*), or there were too few held-out real rows for it ([`lacks_unseen_rows`]: *not measured*, which leaves the
//! decision open). A measure that has a value where the facts say that it cannot have one is an error. For every
//! report whose facts agree with its measures, as those of [`measure`](fn@synth_metrics::measure) do, a report with any
//! measures taken out or spoilt gets no better decision and no higher score; a property test holds [`judge`] to it. What
//! cannot be seen here is a *false* value in good form, or false facts: `judge` is a function of the report alone. That a
//! report is the one that was written is for the [chain](crate::chain) to show.
//!
//! Where none of a domain's hard and mandatory gates applies to the table, nothing of that domain was shown, and the
//! decision stays open; a gate that [stands in](Gate::stands_in_for) for another is then one of them.
//!
//! A column that is lost (gone, emptied, pooled into one level) is a finding of its own, `columns`, wherever a policy has a gate on
//! [`columns_kept`](synth_metrics::loss::COLUMNS_KEPT) and that gate is kept: the table is accepted, and the columns are named.
//!
//! The margin of a gate is `(limit - bound) / (limit - ideal)`: 1 at the ideal, 0 at the limit, below 0 beyond it.
//! The score is the smallest margin, held to 0 and 1, of the worst domain: nothing is averaged, so that fidelity
//! cannot pay for privacy. Soft gates do not count in it. Left out on purpose: overrides. A person who releases a
//! refused table does so outside.
//!
//! [`Inputs::suffice_for`]: synth_metrics::Inputs::suffice_for
//! [`lacks_unseen_rows`]: synth_metrics::lacks_unseen_rows

mod check;
mod evidence;
mod limit;
mod lost;
mod sentence;
mod status;
mod verdict;
mod view;

use synth_metrics::{Domain, QualityReport};

use crate::policy::{Class, Gate, Inconclusive, Policy};

pub use check::Check;
pub use evidence::Evidence;
pub use status::{Effect, Status};
pub use verdict::{DISCLAIMER, Decision, Score, VERDICT_VERSION, Verdict};
pub use view::{CheckView, Mark};

/// The highest score of a table for which there is not enough evidence, in percent.
const MOST_WITHOUT_EVIDENCE: u8 = 49;

impl Policy {
    /// Judges a table by the given evidence; see [`judge`].
    pub fn judge<'a>(&self, evidence: impl Into<Evidence<'a>>) -> Verdict {
        judge(evidence, self)
    }
}

/// Judges a table by a policy and the evidence that there is: a report, or an [`Evidence`]. A pure function: the same report and policy give the same verdict, to the byte.
///
/// Nothing in a report makes this fail; what cannot be judged is [`Status::NotMeasured`] or [`Status::Error`]. Taking
/// measures out of a report or spoiling them never makes the decision or the score better.
///
/// Source: the rules in the module's documentation. Departs from common practice, which judges point values and
/// skips what is missing.
pub fn judge<'a>(evidence: impl Into<Evidence<'a>>, policy: &Policy) -> Verdict {
    let Evidence { report } = evidence.into();
    let mut checks = vec![Check::rows(report, policy)];
    checks.extend(policy.requires().iter().map(|r| Check::requirement(*r)));
    let mut gates: Vec<Check> = policy.gates().iter().map(|gate| Check::gate(report, gate)).collect();
    for i in 0..gates.len() {
        gates[i].class = match gates[i].is_beside_the_point(report) {
            true => Class::Soft,
            false => class(&policy.gates()[i], &gates),
        };
    }
    let lost = lost::named(&mut gates, report);
    let unjudged = unjudged(&gates);
    checks.extend(gates);
    checks.extend(lost);
    checks.extend(unjudged);
    for check in &mut checks {
        check.effect = effect(check, report, policy.inconclusive());
    }
    let decision = decide(&checks);
    Verdict {
        version: VERDICT_VERSION,
        policy: policy.name().to_owned(),
        policy_version: policy.version().to_owned(),
        policy_sha256: policy.sha256(),
        decision,
        score: score(&checks, decision),
        checks,
    }
}

/// The class in which a gate counts for this table.
fn class(gate: &Gate, checks: &[Check]) -> Class {
    let other = gate.stands_in_for.as_ref().and_then(|other| checks.iter().find(|c| c.id == *other));
    match other {
        Some(other) if other.status == Status::NotApplicable => gate.class.min(other.class),
        _ => gate.class,
    }
}

/// The domains in which no gate that counts applies to the table. One that fails on evidence of harm alone shows nothing.
fn unjudged(gates: &[Check]) -> Vec<Check> {
    let counts = |check: &&Check| check.class < Class::Soft;
    let shows = |check: &Check| check.min.is_some() || check.max.is_some();
    let has = |domain, wanted: &dyn Fn(&Check) -> bool| {
        gates.iter().filter(counts).filter(|c| c.domain == Some(domain)).any(wanted)
    };
    [Domain::Fidelity, Domain::Utility, Domain::Privacy]
        .into_iter()
        .filter(|&domain| has(domain, &|_| true) && !has(domain, &|c| shows(c) && c.status != Status::NotApplicable))
        .map(Check::unjudged)
        .collect()
}

/// What a check does to the decision: the table in the module's documentation.
fn effect(check: &Check, report: &QualityReport, inconclusive: Inconclusive) -> Effect {
    let open = match (check.class, inconclusive) {
        (Class::Hard, Inconclusive::Refuse) => Effect::Refuses,
        _ => Effect::Open,
    };
    match check.status {
        Status::Pass | Status::NotApplicable => Effect::None,
        _ if check.class == Class::Soft => Effect::Finding,
        Status::Fail | Status::Error => Effect::Refuses,
        Status::Inconclusive => open,
        Status::NotMeasured if check.is_excused(report) => open,
        Status::NotMeasured => Effect::Refuses,
    }
}

fn decide(checks: &[Check]) -> Decision {
    match checks.iter().map(|c| c.effect).max().unwrap_or_default() {
        Effect::None => Decision::Accepted,
        Effect::Finding => Decision::AcceptedWithFindings,
        Effect::Open => Decision::NotEnoughEvidence,
        Effect::Refuses => Decision::Refused,
    }
}

fn score(checks: &[Check], decision: Decision) -> Score {
    // The worst gate of the worst domain is the worst gate. Rows and requirements have no margin: failed, they
    // refuse, and passed, they add nothing.
    let counts = |c: &&Check| c.class < Class::Soft && (c.margin.is_some() || c.effect != Effect::None);
    let worst = |unmeasured: f64| {
        let gates = checks.iter().filter(counts);
        gates.map(|c| c.margin.unwrap_or(unmeasured)).fold(1.0, f64::min).max(0.0)
    };
    // Rounded down, but 0.43 computed as 0.42999... is 43.
    let percent = |margin: f64| (margin * 100.0 + 1e-9).floor() as u8;
    let most = match decision {
        Decision::Accepted | Decision::AcceptedWithFindings => 100,
        Decision::NotEnoughEvidence => MOST_WITHOUT_EVIDENCE,
        Decision::Refused => 0,
    };
    Score { at_least: percent(worst(0.0)).min(most), at_most: percent(worst(1.0)).min(most) }
}

//! The rules: what to change after an attempt that was not accepted, as one table.
//!
//! The first rule of [`RULES`] that applies, has uses left and leads to a plan worth trying makes the next plan. A
//! plan is not worth trying if it was tried before, or if it trains at least as hard as one that failed on privacy.
//! Every rule has a number of uses per run, so that any run comes to an end without an attempt limit.
//! [`DEAD_ENDS`] come before all rules: what no plan can change is not retried.
//!
//! The order is the argument. Privacy first, and never answered with more training; then training that failed; then
//! the columns' distributions; then how columns hang together; at last another engine.
//!
//! The steps and caps in epochs are those of the reference, which it set on a KS score that was upside down. They are
//! kept as a start, on the right scale, and are otherwise unmeasured.

use synth_compliance::{Check, Status, Verdict};
use synth_core::engine::Copula;
use synth_core::train::{Training, TrainingFailure};
use synth_core::{AnyEngine, EngineKind};
use synth_metrics::fidelity::association::ASSOC_DELTA;
use synth_metrics::fidelity::correlation::CORR_DELTA;
use synth_metrics::fidelity::ks::KS_MEAN;
use synth_metrics::fidelity::missing::MISSING_DELTA;
use synth_metrics::fidelity::tvd::TVD_MEAN;
use synth_metrics::loss::COLUMNS_KEPT;
use synth_metrics::privacy::membership::MIA_AUC;
use synth_metrics::{ColumnLoss, Domain};

use crate::assessment::Assessment;
use crate::attempt::{Attempt, Explanation};
use crate::plan::Plan;
use crate::runner::Planner;

/// A rule: when it applies, what it changes, and why.
#[derive(Debug)]
pub struct Rule {
    /// The name, as in explanations.
    pub name: &'static str,
    /// How often a run may use it.
    pub uses: usize,
    /// Whether it has something to say about the last attempt.
    pub applies: fn(&Situation) -> bool,
    /// What it changes. May turn out to change nothing, where a bound is reached: then the next rule is asked.
    pub change: fn(&Situation, &mut Plan),
    /// What was wrong, in general; the explanation adds the numbers.
    pub because: &'static str,
    /// What is expected to help.
    pub suggestion: &'static str,
}

/// All rules, in the order they are asked.
pub const RULES: &[Rule] = &[
    Rule {
        name: "privacy-narrower",
        uses: 1,
        applies: |s| s.trains() && (s.leaks() || s.nearly_leaks()),
        change: |_, plan| plan.change_training(|t| each_width(t, |width| lowered(width, width / 2, 16))),
        because: "the table leaks training rows, or may",
        suggestion: "a narrower network, with less capacity to memorise rows",
    },
    Rule {
        name: "privacy-more-dropout",
        uses: 1,
        applies: |s| s.trains() && (s.leaks() || s.nearly_leaks()),
        change: |_, plan| plan.change_training(|t| t.dropout = more_dropout(t.dropout)),
        because: "the table still leaks training rows, or may",
        suggestion: "more dropout, against memorised rows",
    },
    Rule {
        name: "privacy-fewer-epochs",
        uses: 1,
        applies: |s| s.trains() && (s.leaks() || s.nearly_leaks()),
        change: |_, plan| plan.change_training(|t| t.set_n_iter(lowered(t.n_iter, t.n_iter / 2, 100))),
        because: "the table still leaks training rows, or may",
        suggestion: "fewer epochs, to stop before rows are memorised",
    },
    Rule {
        name: "privacy-larger-leaves",
        uses: 2,
        applies: |s| s.plan().kind() == EngineKind::Trees && (s.leaks() || s.nearly_leaks()),
        change: |_, plan| {
            if let AnyEngine::Trees(trees) = &mut plan.engine {
                trees.min_leaf *= 2;
            }
        },
        because: "the table leaks training rows, or may",
        suggestion: "trees with larger leaves, in which no single row counts for much",
    },
    Rule {
        name: "switch-after-two-failures",
        uses: 1,
        applies: |s| s.trains() && s.method_failed() && s.method_failures() >= 2,
        change: |_, plan| *plan = Copula::default().into(),
        because: "the engine failed twice",
        suggestion: "another engine; check the training log and how the columns were read",
    },
    Rule {
        name: "training-lower-rate",
        uses: 1,
        applies: |s| s.trains() && matches!(s.failure(), Some(TrainingFailure::NonFinite { .. })),
        change: |_, plan| plan.change_training(|t| t.lr = halved(t.lr)),
        because: "training diverged",
        suggestion: "half the learning rate",
    },
    Rule {
        name: "training-fewer-epochs",
        uses: 1,
        applies: |s| s.trains() && matches!(s.failure(), Some(TrainingFailure::Deadline { .. })),
        change: |_, plan| plan.change_training(|t| t.set_n_iter(lowered(t.n_iter, t.n_iter / 2, 100))),
        because: "training ran out of time",
        suggestion: "half the epochs",
    },
    Rule {
        name: "ks-extreme",
        uses: 2,
        applies: |s| {
            s.trains() && (s.ks_above(0.7) || matches!(s.failure(), Some(TrainingFailure::NothingLearnt { .. })))
        },
        change: |_, plan| plan.change_training(|t| t.set_n_iter(raised(t.n_iter, 300, 800))),
        because: "training did not learn the distributions at all",
        suggestion: "300 more epochs, at most 800; if that fails too, check how the columns were read",
    },
    Rule {
        name: "ks-far",
        uses: 2,
        applies: |s| s.trains() && s.ks_above(0.5),
        change: |_, plan| plan.change_training(|t| t.set_n_iter(raised(t.n_iter, 200, 600))),
        because: "training learnt little of the distributions",
        suggestion: "200 more epochs, at most 600",
    },
    Rule {
        name: "columns-off",
        uses: 3,
        applies: |s| s.trains() && s.any_too_high(&COLUMNS),
        change: |_, plan| plan.change_training(|t| t.set_n_iter(raised(t.n_iter, 100, 600))),
        because: "the columns' distributions differ",
        suggestion: "100 more epochs, at most 600",
    },
    Rule {
        name: "wider-network",
        uses: 2,
        applies: |s| s.trains() && (s.any_too_high(&ASSOCIATIONS) || s.any_too_high(&COLUMNS)),
        change: |_, plan| plan.change_training(|t| each_width(t, |width| raised(width, width, 1024))),
        because: "the associations between columns differ, or more epochs no longer help",
        suggestion: "a network twice as wide, at most 1024",
    },
    Rule {
        name: "lower-rate",
        uses: 2,
        applies: |s| s.trains() && (s.any_too_high(&ASSOCIATIONS) || s.any_too_high(&COLUMNS)),
        change: |_, plan| plan.change_training(|t| t.lr = halved(t.lr)),
        because: "a wider network was not enough, or would leak rows",
        suggestion: "half the learning rate, for finer last epochs",
    },
    Rule {
        name: "switch-at-the-end",
        uses: 1,
        applies: |s| s.plan().kind() != EngineKind::Copula && (s.failure().is_some() || s.anything_too_high()),
        change: |_, plan| *plan = Copula::default().into(),
        because: "nothing is left to change for this engine",
        suggestion: "another engine",
    },
];

/// The measures of single columns, which more training brings nearer.
const COLUMNS: [&str; 3] = [KS_MEAN.id, TVD_MEAN.id, MISSING_DELTA.id];

/// The measures of pairs of columns.
const ASSOCIATIONS: [&str; 2] = [CORR_DELTA.id, ASSOC_DELTA.id];

/// Changes the width of every hidden layer.
fn each_width(training: &mut Training, change: impl Fn(usize) -> usize) {
    training.hidden.iter_mut().for_each(|width| *width = change(*width));
}

/// `x + by` but at most `cap`; never less than `x`, which may be beyond the cap already.
fn raised(x: usize, by: usize, cap: usize) -> usize {
    x.max((x + by).min(cap))
}

/// `to` but at least `floor`; never more than `x`, which may be under the floor already.
fn lowered(x: usize, to: usize, floor: usize) -> usize {
    x.min(to.max(floor))
}

/// 0.2 more, up to 0.5; in whole percent, so that it reads well.
fn more_dropout(dropout: f64) -> f64 {
    dropout.max((((dropout + 0.2) * 100.0).round() / 100.0).min(0.5))
}

/// Half the rate, down to 1e-5.
fn halved(lr: f64) -> f64 {
    lr.min((lr / 2.0).max(1e-5))
}

/// A situation that no plan can improve.
#[derive(Debug)]
pub struct DeadEnd {
    /// The name.
    pub name: &'static str,
    /// Whether the last attempt is in it.
    pub applies: fn(&Situation) -> bool,
    /// What a person can do.
    pub suggestion: &'static str,
}

/// All dead ends, in the order they are asked.
pub const DEAD_ENDS: &[DeadEnd] = &[
    DeadEnd {
        name: "too-few-rows",
        applies: |s| s.check(Check::ROWS).is_some_and(|c| c.status == Status::Fail),
        suggestion: "no plan adds rows: use a larger table or a policy for smaller ones",
    },
    DeadEnd {
        name: "requirement-not-met",
        // Beside the rows, only requirements fail without a limit.
        applies: |s| s.checks().any(|c| c.status == Status::Fail && c.limit.is_none() && c.id != Check::ROWS),
        suggestion: "no plan of this version can meet the policy's requirement: choose another policy",
    },
    DeadEnd {
        name: "columns-lost",
        applies: |s| {
            let by_protection = |loss: &ColumnLoss| !loss.came_back.is_lost() || !loss.rules.is_empty();
            let is_failed = s.check(COLUMNS_KEPT.id).is_some_and(|c| c.status == Status::Fail);
            is_failed && s.last.verdict().is_some_and(|a| a.report.losses.iter().all(by_protection))
        },
        suggestion: "no plan brings back what protection removed: declare kinds and protections in the schema",
    },
    DeadEnd {
        name: "attack-below-chance",
        applies: |s| {
            let below = |c: &Check| c.status == Status::Fail && c.value < c.limit;
            s.check(MIA_AUC.id).is_some_and(below)
        },
        suggestion: "look for a fault in the measurement or the split; training differently would only hide it",
    },
];

/// The situation the rules see: the attempts so far, from the perspective of the last one.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    attempts: &'a [Attempt<Plan, Assessment>],
    last: &'a Attempt<Plan, Assessment>,
}

impl<'a> Situation<'a> {
    /// `None` before the first attempt.
    pub fn new(attempts: &'a [Attempt<Plan, Assessment>]) -> Option<Situation<'a>> {
        attempts.last().map(|last| Situation { attempts, last })
    }

    /// The last attempt's plan.
    pub fn plan(&self) -> &'a Plan {
        &self.last.plan
    }

    /// The last attempt's verdict, if there was a table.
    pub fn verdict(&self) -> Option<&'a Verdict> {
        Some(&self.last.verdict()?.verdict)
    }

    /// The last attempt's failure, if there was no table.
    pub fn failure(&self) -> Option<&'a TrainingFailure> {
        self.last.failure()
    }

    /// The last verdict's checks; none if there was no table.
    pub fn checks(&self) -> impl Iterator<Item = &'a Check> {
        self.verdict().into_iter().flat_map(|v| &v.checks)
    }

    /// The last verdict's check called `id`.
    pub fn check(&self, id: &str) -> Option<&'a Check> {
        self.verdict()?.check(id)
    }

    /// Whether the last plan's engine is a network that is trained.
    pub fn trains(&self) -> bool {
        self.plan().training().is_some()
    }

    /// Whether a privacy measure is beyond its limit.
    pub fn leaks(&self) -> bool {
        leaks(self.last)
    }

    /// Whether a privacy measure is not surely within its limit, and nearer to it than to its ideal.
    pub fn nearly_leaks(&self) -> bool {
        self.checks().filter(|c| c.domain == Some(Domain::Privacy) && c.status == Status::Inconclusive).any(|c| {
            let ideal = synth_metrics::definition(&c.id).map(|d| d.ideal);
            let parts = c.value.zip(c.limit).zip(ideal);
            parts.is_some_and(|((value, limit), ideal)| value - ideal > 0.5 * (limit - ideal) && limit > ideal)
        })
    }

    /// Whether the numbers' mean KS distance is above `bound`, whatever the policy's limit.
    pub fn ks_above(&self, bound: f64) -> bool {
        ks_above(self.last, bound)
    }

    /// Whether one of these measures is beyond its limit.
    pub fn any_too_high(&self, ids: &[&str]) -> bool {
        ids.iter().any(|id| self.check(id).is_some_and(too_high))
    }

    /// Whether any measure is beyond its limit.
    pub fn anything_too_high(&self) -> bool {
        self.checks().any(too_high)
    }

    /// Whether the last attempt had no table, or one that has little to do with the real one (KS above 0.5).
    pub fn method_failed(&self) -> bool {
        method_failed(self.last)
    }

    /// How many attempts with the last one's engine failed in that way.
    pub fn method_failures(&self) -> usize {
        self.attempts.iter().filter(|a| a.plan.kind() == self.plan().kind() && method_failed(a)).count()
    }

    /// How often a rule has been used in this run.
    fn uses(&self, rule: &Rule) -> usize {
        self.attempts.iter().filter(|a| a.explanation.rule == rule.name).count()
    }

    /// Neither tried before, nor training at least as hard as a plan that failed on privacy.
    pub(crate) fn is_worth_trying(&self, plan: &Plan) -> bool {
        let pointless =
            |a: &Attempt<Plan, Assessment>| a.plan == *plan || (leaks(a) && plan.learns_at_least_as_hard_as(&a.plan));
        !self.attempts.iter().any(pointless)
    }

    fn dead_end(&self) -> Option<&'static DeadEnd> {
        DEAD_ENDS.iter().find(|dead_end| (dead_end.applies)(self))
    }

    /// The rule to follow and the plan it leads to; with `only`, among plans for that engine.
    fn next(&self, only: Option<EngineKind>) -> Option<(&'static Rule, Plan)> {
        if self.verdict().is_some_and(|v| v.decision.is_accepted()) || self.dead_end().is_some() {
            return None;
        }
        let due = RULES.iter().filter(|rule| self.uses(rule) < rule.uses && (rule.applies)(self));
        due.map(|rule| {
            let mut plan = self.plan().clone();
            (rule.change)(self, &mut plan);
            (rule, plan)
        })
        .find(|(_, plan)| only.is_none_or(|kind| plan.kind() == kind) && self.is_worth_trying(plan))
    }

    /// What was wrong with the last attempt, in numbers.
    fn evidence(&self) -> String {
        let sentences: Vec<String> = match (self.failure(), self.verdict()) {
            (Some(failure), _) => vec![failure.to_string()],
            (None, Some(verdict)) => verdict.violations().chain(verdict.gaps()).map(str::to_owned).collect(),
            (None, None) => Vec::new(),
        };
        sentences.join("; ")
    }
}

/// Not passed, and by its value beyond the limit: more than a matter of too few rows.
fn too_high(check: &Check) -> bool {
    check.status != Status::Pass
        && check.value.zip(check.limit).is_some_and(|(value, limit)| value > limit)
        && !is_lower_limit(check)
}

/// Whether the check's limit is one from below.
fn is_lower_limit(check: &Check) -> bool {
    synth_metrics::definition(&check.id).zip(check.limit).is_some_and(|(d, limit)| limit < d.ideal)
}

fn leaks(attempt: &Attempt<Plan, Assessment>) -> bool {
    let checks = attempt.verdict().into_iter().flat_map(|a| &a.verdict.checks);
    checks.filter(|c| c.domain == Some(Domain::Privacy)).any(too_high)
}

fn ks_above(attempt: &Attempt<Plan, Assessment>, bound: f64) -> bool {
    attempt.verdict().and_then(|a| a.report.value(KS_MEAN.id)).is_some_and(|ks| ks > bound)
}

fn method_failed(attempt: &Attempt<Plan, Assessment>) -> bool {
    attempt.failure().is_some() || ks_above(attempt, 0.5)
}

/// The problem of an attempt and its remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    /// The rule that says what to try next, or the dead end; `None` if nothing applies.
    pub rule: Option<&'static str>,
    /// What was wrong, in words and numbers.
    pub cause: String,
    /// What is expected to help.
    pub suggestion: String,
}

/// Analyses the last of `attempts` in the light of those before it; pass a shorter slice for an earlier one.
///
/// `None` if there is no attempt.
pub fn analyse(attempts: &[Attempt<Plan, Assessment>]) -> Option<Analysis> {
    let situation = Situation::new(attempts)?;
    let evidence = situation.evidence();
    let analysis = |rule, cause: String, suggestion: &str| Analysis { rule, cause, suggestion: suggestion.to_owned() };
    Some(if let Some(verdict) = situation.verdict().filter(|v| v.decision.is_accepted()) {
        let findings: Vec<&str> = verdict.findings().collect();
        let cause = match findings.as_slice() {
            [] => "nothing: every check passed".to_owned(),
            findings => format!("nothing that counts: {}", findings.join("; ")),
        };
        analysis(None, cause, "nothing to change")
    } else if let Some(dead_end) = situation.dead_end() {
        analysis(Some(dead_end.name), evidence, dead_end.suggestion)
    } else if let Some((rule, _)) = situation.next(None) {
        analysis(Some(rule.name), cause(rule, &evidence), rule.suggestion)
    } else if situation.failure().is_some() || situation.anything_too_high() {
        analysis(None, evidence, "every rule for this was used: check how the columns were read, or try another engine")
    } else {
        analysis(None, evidence, "no plan can supply the evidence: it takes more rows, or other measures")
    })
}

fn cause(rule: &Rule, evidence: &str) -> String {
    format!("{}: {evidence}", rule.because)
}

/// Follows [`RULES`], from a first plan on.
#[derive(Debug, Clone, PartialEq)]
pub struct RulePlanner {
    first: Plan,
    only: Option<EngineKind>,
}

impl RulePlanner {
    /// Starts with `first`; [`Plan::base`] is a good one.
    pub fn new(first: Plan) -> RulePlanner {
        RulePlanner { first, only: None }
    }

    /// Keeps to one engine: rules that would switch to another are passed over.
    #[must_use]
    pub fn with_engine(self, kind: EngineKind) -> RulePlanner {
        RulePlanner { only: Some(kind), ..self }
    }

    /// The plan to start with.
    #[cfg(feature = "llm")]
    pub(crate) fn first(&self) -> &Plan {
        &self.first
    }

    /// The engine that is kept to, if one is.
    #[cfg(feature = "llm")]
    pub(crate) fn only(&self) -> Option<EngineKind> {
        self.only
    }
}

impl Planner<Plan, Assessment> for RulePlanner {
    fn next_plan(&mut self, attempts: &[Attempt<Plan, Assessment>]) -> Option<(Plan, Explanation)> {
        let Some(situation) = Situation::new(attempts) else {
            return Some((self.first.clone(), Explanation::base("the initial plan")));
        };
        let (rule, plan) = situation.next(self.only)?;
        let explanation = Explanation {
            rule: rule.name.to_owned(),
            cause: cause(rule, &situation.evidence()),
            suggestion: rule.suggestion.to_owned(),
            change: situation.plan().changes(&plan),
        };
        Some((plan, explanation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_have_names_of_their_own() {
        let names: Vec<_> = RULES.iter().map(|r| r.name).chain(DEAD_ENDS.iter().map(|d| d.name)).collect();
        assert!((0..names.len()).all(|i| !names[..i].contains(&names[i])));
    }

    #[test]
    fn raising_never_lowers_and_lowering_never_raises() {
        assert_eq!((raised(400, 300, 800), raised(600, 300, 800), raised(900, 300, 800)), (700, 800, 900));
        assert_eq!((lowered(400, 200, 100), lowered(150, 75, 100), lowered(50, 25, 100)), (200, 100, 50));
        assert_eq!((more_dropout(0.1), more_dropout(0.4), more_dropout(0.6)), (0.3, 0.5, 0.6));
        assert_eq!((halved(1e-3), halved(1.5e-5), halved(1e-6)), (5e-4, 1e-5, 1e-6));
    }
}

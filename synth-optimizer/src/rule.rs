//! The rules: what to change after an attempt that was not accepted, as one table.
//!
//! The first rule of [`RULES`] that applies, has uses left and leads to a plan worth trying makes the next plan. A
//! plan is not worth trying if it was tried before, or if it trains at least as hard as one that failed on privacy.
//! Every rule has a number of uses with each engine, and an engine is turned to once, so that any run comes to an end without
//! an attempt limit. [`DEAD_ENDS`] come before all rules: what no plan can change is not retried.
//!
//! The order is the argument. Privacy first, and never answered with more training; then training that failed; then
//! the columns' distributions; then how columns hang together; at last another engine.
//!
//! **Engines.** All that suit the table get a try before a run gives up: where the attempts left are as many as the engines
//! untried, rules that keep to an engine are passed over. What failed chooses the next one: after a leak the one that holds
//! least of single rows ([`PRIVATE`]), after a lack of fidelity the one that learns most ([`CAPABLE`]).
//!
//! The steps and caps in epochs are those of the reference, which it set on a KS score that was upside down. They are
//! kept as a start, on the right scale, and are otherwise unmeasured.

use synth_compliance::{Check, Status, Verdict};
use synth_core::engine::NARROW;
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
    /// How often a run may use it with one engine.
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
        name: "narrow-table",
        uses: 1,
        applies: |s| s.is_narrow() && (s.falls_short() || s.is_open()),
        change: |s, plan| s.turn_to(&[EngineKind::Copula], plan),
        because: "a table of so few columns is described by its columns and their correlations",
        suggestion: "the copula, which learns those and nothing else of a row",
    },
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
        uses: 1,
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
        name: "switch-for-privacy",
        uses: 1,
        applies: |s| s.leaks() || s.nearly_leaks(),
        change: |s, plan| s.turn_to(PRIVATE, plan),
        because: "the table leaks training rows, or may, whatever is changed for this engine",
        suggestion: "of the engines not tried, the one that holds least of single rows",
    },
    Rule {
        name: "switch-after-two-failures",
        uses: 1,
        applies: |s| s.trains() && s.method_failed() && s.method_failures() >= 2,
        change: |s, plan| s.turn_to(CAPABLE, plan),
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
        name: "smaller-leaves",
        uses: 1,
        applies: |s| {
            let too_coarse = s.any_too_high(&ASSOCIATIONS) || s.any_too_high(&COLUMNS);
            s.plan().kind() == EngineKind::Trees && too_coarse
        },
        change: |_, plan| {
            if let AnyEngine::Trees(trees) = &mut plan.engine {
                trees.min_leaf = lowered(trees.min_leaf, trees.min_leaf / 2, 5);
            }
        },
        because: "the distributions of columns or their associations differ",
        suggestion: "trees with smaller leaves, at least 5 rows, which tell more cases apart",
    },
    Rule {
        name: "switch-at-the-end",
        uses: 1,
        applies: |s| s.failure().is_some() || s.anything_too_high(),
        change: |s, plan| s.turn_to(CAPABLE, plan),
        because: "nothing is left to change for this engine",
        suggestion: "of the engines not tried, the one that learns most",
    },
];

/// The engines by how little they hold of single rows, the least first but for what costs fidelity: the copula has columns and
/// correlations alone, and comes after the network that is verified on held-out rows; trees end in a few rows.
pub const PRIVATE: &[EngineKind] = &[EngineKind::Masked, EngineKind::Copula, EngineKind::TabDdpm, EngineKind::Trees];

/// The engines by how much of a small table they learn, as measured on the tables of the README: see
/// [`synth_core::engine::ranked`], which says which of them suit a table at all.
pub const CAPABLE: &[EngineKind] = &[EngineKind::Trees, EngineKind::Masked, EngineKind::TabDdpm, EngineKind::Copula];

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
    /// The plans of the engines that may be turned to.
    others: &'a [Plan],
    max_attempts: usize,
}

impl<'a> Situation<'a> {
    /// One in which no other engine may be turned to; [`RulePlanner`] makes those in which some may. `None` before the first
    /// attempt.
    pub fn new(attempts: &'a [Attempt<Plan, Assessment>]) -> Option<Situation<'a>> {
        attempts.last().map(|last| Situation { attempts, last, others: &[], max_attempts: usize::MAX })
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

    /// Whether the last table, or an earlier one, had so few columns that vary that the copula holds their dependence.
    pub fn is_narrow(&self) -> bool {
        let inputs = self.attempts.iter().rev().find_map(|attempt| attempt.verdict()?.report.inputs);
        inputs.is_some_and(|inputs| inputs.varying <= NARROW)
    }

    /// Whether another plan may help: a failure, a measure beyond its limit, or a privacy measure that may be.
    pub fn falls_short(&self) -> bool {
        self.failure().is_some() || self.anything_too_high() || self.nearly_leaks()
    }

    /// Whether an attempt was made with that engine.
    fn tried(&self, kind: EngineKind) -> bool {
        self.attempts.iter().any(|attempt| attempt.plan.kind() == kind)
    }

    /// Whether privacy is an open question: there, rows that repeat by chance are as many as one sample happens to have.
    fn is_open(&self) -> bool {
        self.checks().any(|c| c.domain == Some(Domain::Privacy) && c.status == Status::Inconclusive)
    }

    /// The plans of engines that were not tried.
    fn untried(&self) -> impl Iterator<Item = &'a Plan> {
        let attempts = self.attempts;
        self.others.iter().filter(move |plan| attempts.iter().all(|attempt| attempt.plan.kind() != plan.kind()))
    }

    /// Makes `plan` that of the first engine in `order` that was not tried; leaves it as it is if there is none.
    fn turn_to(&self, order: &[EngineKind], plan: &mut Plan) {
        let of = |kind: &EngineKind| self.untried().find(|plan| plan.kind() == *kind);
        if let Some(next) = order.iter().find_map(of) {
            *plan = next.clone();
        }
    }

    /// Whether the attempts left are needed for the engines that were not tried.
    fn must_turn(&self) -> bool {
        let n_untried = self.untried().count();
        n_untried > 0 && self.attempts.len() + n_untried >= self.max_attempts
    }

    /// How often a rule has been used with the last attempt's engine.
    fn uses(&self, rule: &Rule) -> usize {
        let used = |pair: &&[Attempt<Plan, Assessment>]| {
            pair[1].explanation.rule == rule.name && pair[0].plan.kind() == self.plan().kind()
        };
        self.attempts.windows(2).filter(used).count()
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

    /// The rule to follow and the plan it leads to.
    fn next(&self) -> Option<(&'static Rule, Plan)> {
        if self.verdict().is_some_and(|v| v.decision.is_accepted()) || self.dead_end().is_some() {
            return None;
        }
        let due = RULES.iter().filter(|rule| self.uses(rule) < rule.uses && (rule.applies)(self));
        due.map(|rule| {
            let mut plan = self.plan().clone();
            (rule.change)(self, &mut plan);
            (rule, plan)
        })
        .find(|(_, plan)| (!self.must_turn() || plan.kind() != self.plan().kind()) && self.is_worth_trying(plan))
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

/// Analyses the last of `attempts` in the light of those before it; pass a shorter slice for an earlier one. As
/// [`RulePlanner::analyse`] of a planner that began with the first of them.
///
/// `None` if there is no attempt.
pub fn analyse(attempts: &[Attempt<Plan, Assessment>]) -> Option<Analysis> {
    RulePlanner::new(attempts.first()?.plan.clone()).analyse(attempts)
}

fn cause(rule: &Rule, evidence: &str) -> String {
    format!("{}: {evidence}", rule.because)
}

/// Follows [`RULES`], from a first plan on.
#[derive(Debug, Clone, PartialEq)]
pub struct RulePlanner {
    first: Plan,
    others: Vec<Plan>,
    only: Option<EngineKind>,
    max_attempts: usize,
}

impl RulePlanner {
    /// Starts with `first`; [`Plan::base`] is a good one. The other engines are turned to with what suits a table of 1,000 rows
    /// and 10 columns.
    pub fn new(first: Plan) -> RulePlanner {
        let others = EngineKind::ALL.iter().filter(|&&kind| kind != first.kind());
        let others = others.map(|&kind| Plan::of(kind, 1_000, 10)).collect();
        RulePlanner { first, others, only: None, max_attempts: 8 }
    }

    /// Turns to these plans where an engine fails, each of an engine of its own: those of the engines that suit the table.
    #[must_use]
    pub fn with_others(self, others: Vec<Plan>) -> RulePlanner {
        RulePlanner { others, ..self }
    }

    /// How many attempts there will be at most, so that some are left for engines that were not tried. Default: 8.
    #[must_use]
    pub fn with_max_attempts(self, max_attempts: usize) -> RulePlanner {
        RulePlanner { max_attempts, ..self }
    }

    /// Keeps to one engine: no other is turned to.
    #[must_use]
    pub fn with_engine(self, kind: EngineKind) -> RulePlanner {
        RulePlanner { only: Some(kind), others: Vec::new(), ..self }
    }

    /// What was wrong with the last of `attempts`, and what would be tried next. `None` if there is no attempt.
    pub fn analyse(&self, attempts: &[Attempt<Plan, Assessment>]) -> Option<Analysis> {
        let situation = self.situation(attempts)?;
        let evidence = situation.evidence();
        let analysis = |rule, cause: String, suggestion: String| Analysis { rule, cause, suggestion };
        Some(if let Some(verdict) = situation.verdict().filter(|v| v.decision.is_accepted()) {
            let findings: Vec<&str> = verdict.findings().collect();
            let cause = match findings.as_slice() {
                [] => "nothing: every check passed".to_owned(),
                findings => format!("nothing that counts: {}", findings.join("; ")),
            };
            analysis(None, cause, "nothing to change".to_owned())
        } else if let Some(dead_end) = situation.dead_end() {
            analysis(Some(dead_end.name), evidence, dead_end.suggestion.to_owned())
        } else if let Some((rule, _)) = situation.next() {
            analysis(Some(rule.name), cause(rule, &evidence), rule.suggestion.to_owned())
        } else if situation.falls_short() {
            let tried: Vec<&str> =
                EngineKind::ALL.iter().filter(|&&kind| situation.tried(kind)).map(|kind| kind.name()).collect();
            let tried = tried.join(", ");
            let engines = match (situation.untried().count(), self.only) {
                (0, None) => format!("every engine that suits the table was tried ({tried})"),
                (0, Some(kind)) => format!("every rule for `{kind}`, the engine asked for, was used"),
                _ => format!("no rule leads to another engine than those tried ({tried})"),
            };
            analysis(None, evidence, format!("{engines}: check how the columns were read, or use more rows"))
        } else {
            let more = "no plan can supply the evidence: it takes more rows, or other measures";
            analysis(None, evidence, more.to_owned())
        })
    }

    fn situation<'a>(&'a self, attempts: &'a [Attempt<Plan, Assessment>]) -> Option<Situation<'a>> {
        let situation = Situation::new(attempts)?;
        Some(Situation { others: &self.others, max_attempts: self.max_attempts, ..situation })
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
        let Some(situation) = self.situation(attempts) else {
            return Some((self.first.clone(), Explanation::base("the initial plan")));
        };
        let (rule, plan) = situation.next()?;
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
    fn the_readme_lists_the_rules() {
        let mut table = "| rule | if | then | at most, with one engine |\n|---|---|---|---|\n".to_owned();
        for Rule { name, because, suggestion, uses, .. } in RULES {
            table += &format!("| `{name}` | {because} | {suggestion} | {uses} |\n");
        }
        for DeadEnd { name, suggestion, .. } in DEAD_ENDS {
            table += &format!("| `{name}` | no plan can help | {suggestion} | |\n");
        }
        assert!(include_str!("../README.md").contains(&table), "README.md is to have:\n{table}");
    }

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

//! The attempts: what was tried, why, and what came of it; and each check over all of them.

use synth_compliance::{Effect, Policy};
use synth_core::Engine;

use super::text::{number, shown};
use super::verdict::{Mark, limit_of, mark, value_of};
use crate::assessment::Assessment;
use crate::attempt::{Attempt, AttemptResult};
use crate::dossier::record::RunRecord;
use crate::plan::Plan;

/// One attempt in words.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) number: usize,
    /// The rule that asked for it; empty for the first.
    pub(super) rule: String,
    pub(super) because: String,
    pub(super) hope: String,
    pub(super) change: String,
    pub(super) settings: String,
    pub(super) mark: Mark,
    /// What stood against it.
    pub(super) against: Vec<String>,
}

/// Each check over the attempts.
#[derive(Debug)]
pub(super) struct Matrix {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<MatrixRow>,
}

/// A check over the attempts.
#[derive(Debug)]
pub(super) struct MatrixRow {
    pub(super) id: String,
    pub(super) limit: String,
    /// Value and outcome; none where the attempt had no table.
    pub(super) cells: Vec<Option<(String, Mark)>>,
}

pub(super) fn steps(record: &RunRecord) -> Vec<Step> {
    record.attempts.iter().map(step).collect()
}

fn step(attempt: &Attempt<Plan, Assessment>) -> Step {
    let why = &attempt.explanation;
    let (mark, against) = match &attempt.result {
        AttemptResult::Judged(assessment) => {
            let checks = assessment.verdict.checks.iter().filter(|check| check.effect != Effect::None);
            let decision = assessment.decision();
            let (tone, sign) = match decision {
                synth_compliance::Decision::Refused => ("fail", "✗"),
                synth_compliance::Decision::NotEnoughEvidence => ("open", "?"),
                _ => ("pass", "✓"),
            };
            (Mark { tone, sign, words: decision.to_string() }, checks.map(|c| shown(&c.sentence)).collect())
        }
        AttemptResult::Failed(failure) => {
            (Mark { tone: "fail", sign: "✗", words: "no table".to_owned() }, vec![failure.to_string()])
        }
    };
    Step {
        number: attempt.number,
        rule: if why.rule == "base" { String::new() } else { why.rule.clone() },
        because: shown(&why.cause),
        hope: shown(&why.suggestion),
        change: shown(&why.change),
        settings: settings(&attempt.plan),
        mark,
        against,
    }
}

/// A plan in a line.
pub(super) fn settings(plan: &Plan) -> String {
    match plan.engine {
        Engine::Copula => return format!("engine {}, which has nothing to train", plan.engine),
        Engine::Trees => return format!("engine {}, at least {} rows a leaf", plan.engine, plan.min_leaf),
        _ => {}
    }
    let label = plan.label.as_ref().map_or(String::new(), |label| format!(", conditioned on {}", shown(label)));
    format!(
        "engine {}, {} epochs, batch {}, learning rate {}, hidden layers {:?}, dropout {}{label}",
        plan.engine, plan.n_iter, plan.batch_size, plan.lr, plan.hidden, plan.dropout
    )
}

/// `None` if nothing was judged.
pub(super) fn matrix(record: &RunRecord, policy: &Policy) -> Option<Matrix> {
    let judged = record.attempts.iter().map(|a| (format!("attempt {}", a.number), a.verdict()));
    let judged: Vec<(String, Option<&Assessment>)> =
        judged.chain(record.audit.iter().map(|audit| ("final audit".to_owned(), Some(audit)))).collect();
    let model = judged.iter().find_map(|(_, assessment)| *assessment)?;
    let row = |id: &str| MatrixRow {
        id: id.to_owned(),
        limit: limit_of(id, policy),
        cells: judged
            .iter()
            .map(|(_, assessment)| {
                let assessment = (*assessment)?;
                let check = assessment.verdict.check(id)?;
                let value = check.value.map_or_else(|| value_of(check, &assessment.report), number);
                Some((value, mark(check)))
            })
            .collect(),
    };
    Some(Matrix {
        columns: judged.iter().map(|(name, _)| name.clone()).collect(),
        rows: model.verdict.checks.iter().map(|check| row(&check.id)).collect(),
    })
}

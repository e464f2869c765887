//! The attempts: what was tried, why, and what came of it; and each check over all of them.

use synth_compliance::{Check, Effect, Mark};

use super::text::{shown, typeset};
use super::verdict::{Badge, value};
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
    pub(super) mark: Badge,
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
    pub(super) cells: Vec<Option<(String, Badge)>>,
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
            let mark = Badge::new(decision.mark(), &decision.to_string());
            (mark, checks.map(|c| shown(&c.sentence)).collect())
        }
        AttemptResult::Failed(failure) => (Badge::new(Mark::Failed, "no table"), vec![failure.to_string()]),
    };
    Step {
        number: attempt.number,
        rule: if why.rule == "base" { String::new() } else { why.rule.clone() },
        because: shown(&why.cause),
        hope: shown(&why.suggestion),
        change: shown(&why.change),
        settings: shown(&attempt.plan.summary()),
        mark,
        against,
    }
}

/// `None` if nothing was judged.
pub(super) fn matrix(record: &RunRecord) -> Option<Matrix> {
    let judged = record.attempts.iter().map(|a| (format!("attempt {}", a.number), a.verdict()));
    let judged: Vec<(String, Option<&Assessment>)> =
        judged.chain(record.audit.iter().map(|audit| ("final audit".to_owned(), Some(audit)))).collect();
    let model = judged.iter().find_map(|(_, assessment)| *assessment)?;
    let row = |model: &Check| MatrixRow {
        id: model.id.clone(),
        limit: typeset(&model.view().limit),
        cells: judged
            .iter()
            .map(|(_, assessment)| {
                let view = (*assessment)?.verdict.check(&model.id)?.view();
                Some((value(&view), Badge::of(&view)))
            })
            .collect(),
    };
    Some(Matrix {
        columns: judged.iter().map(|(name, _)| name.clone()).collect(),
        rows: model.verdict.checks.iter().map(row).collect(),
    })
}

//! A planner that asks a language model, behind the feature `llm`.
//!
//! Any service that offers the OpenAI chat API will do: [`Endpoint`]. It is told [shapes and counts](Shape), what was
//! tried and what the measures said; never a cell, a level or, unless that is asked for, the name of a column. Its answer
//! must follow a strict JSON schema, and every number in it is held to the range that the plan allows.
//!
//! The rules stay in charge: they say when a run is over, no plan that trains at least as hard as one that failed on
//! privacy is followed, and whatever goes wrong with the service is answered by the plan of the rules, with the reason in
//! the explanation. A run that asked a service is not a function of its seed: the plans are in its record.

mod endpoint;
mod proposal;
mod question;

pub use endpoint::{Endpoint, Fault, Key};
pub use proposal::Proposal;
pub use question::{ColumnShape, Names, Shape};

use synth_core::EngineKind;

use crate::assessment::Assessment;
use crate::attempt::{Attempt, Explanation};
use crate::plan::Plan;
use crate::rule::{RulePlanner, Situation};
use crate::runner::Planner;

/// The name of the rule in explanations of plans that the service proposed.
pub const RULE: &str = "language-model";

/// After so many questions in a row without a plan the service is left alone.
const PATIENCE: usize = 2;

/// Asks a language model for each plan, and falls back on the rules.
#[derive(Debug)]
pub struct LlmPlanner {
    endpoint: Endpoint,
    shape: Shape,
    rules: RulePlanner,
    /// Engines to turn to, of the last answer that was followed.
    backups: Vec<EngineKind>,
    /// Questions in a row that led to no plan.
    in_vain: usize,
}

impl LlmPlanner {
    /// Asks `endpoint` about a table of this `shape`. The first plan of `rules` is what is proposed to it, and what is
    /// done without an answer; if `rules` keep to an engine, so does it.
    ///
    /// # Errors
    /// As [`Endpoint::check`].
    pub fn new(endpoint: Endpoint, shape: Shape, rules: RulePlanner) -> Result<Self, synth_core::Error> {
        endpoint.check()?;
        Ok(Self { endpoint, shape, rules, backups: Vec::new(), in_vain: 0 })
    }

    /// The plan that the service proposes in place of `ruled`, and why.
    fn ask(
        &mut self,
        attempts: &[Attempt<Plan, Assessment>],
        ruled: &(Plan, Explanation),
    ) -> Result<(Plan, Explanation), Fault> {
        let question = question::messages(&self.shape, attempts, &ruled.0, self.rules.only());
        let proposal = Proposal::parse(&self.endpoint.ask(&question, &Proposal::schema())?)?;
        let current = attempts.last().map_or(&ruled.0, |attempt| &attempt.plan);
        let (plan, remarks) = proposal.applied_to(current, self.rules.first(), self.shape.size(), self.rules.only());
        if Situation::new(attempts).is_some_and(|situation| !situation.is_worth_trying(&plan)) {
            return Err(Fault::NotWorthTrying);
        }
        self.backups.clone_from(&proposal.backups);
        let explanation = Explanation {
            rule: RULE.to_owned(),
            cause: match attempts.is_empty() {
                true => "the initial plan".to_owned(),
                false => ruled.1.cause.clone(),
            },
            suggestion: [vec![proposal.reason()], remarks].concat().join("; "),
            change: current.changes(&plan),
        };
        Ok((plan, explanation))
    }

    /// The plan of the rules, turned to a backup where they turn to another engine.
    fn fall_back(
        &self,
        attempts: &[Attempt<Plan, Assessment>],
        (mut plan, mut explanation): (Plan, Explanation),
        why: &str,
    ) -> (Plan, Explanation) {
        if let Some(last) = attempts.last()
            && plan.kind() != last.plan.kind()
        {
            let is_new = |kind: &&EngineKind| attempts.iter().all(|attempt| attempt.plan.kind() != **kind);
            if let Some(&kind) = self.backups.iter().find(is_new) {
                let [n_rows, n_columns] = self.shape.size();
                plan = Plan::of(kind, n_rows, n_columns);
                explanation.change = last.plan.changes(&plan);
            }
        }
        explanation.cause = format!("{} ({why})", explanation.cause);
        (plan, explanation)
    }
}

impl Planner<Plan, Assessment> for LlmPlanner {
    fn next_plan(&mut self, attempts: &[Attempt<Plan, Assessment>]) -> Option<(Plan, Explanation)> {
        // When the rules see nothing left to try, nobody is asked.
        let ruled = self.rules.next_plan(attempts)?;
        if self.in_vain >= PATIENCE {
            return Some(self.fall_back(attempts, ruled, "the language model was not queried again"));
        }
        match self.ask(attempts, &ruled) {
            Ok(planned) => {
                self.in_vain = 0;
                Some(planned)
            }
            Err(fault) => {
                self.in_vain += 1;
                Some(self.fall_back(attempts, ruled, &format!("the language model gave no plan: {fault}")))
            }
        }
    }
}

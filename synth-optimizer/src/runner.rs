//! The loop: try a plan, look at the verdict, ask for the next plan, stop with a reason.
//!
//! It knows no model, no table and no rule. What can be tried is a [`Trial`], what to try next is a [`Planner`]; the
//! [`Runner`] counts, seeds, times and records. Left out on purpose: attempts in parallel, since each plan comes from
//! the attempts before it.
//!
//! The verdict of the accepted attempt is the best of several and for that reason flattering. A trial that has rows
//! to spare keeps an audit part out of the loop, and opens it once, on the accepted artifact.

use std::fmt;
use std::ops::ControlFlow;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use synth_compliance::Decision;
use synth_core::train::TrainingFailure;

use crate::assessment::Rank;
use crate::attempt::{Attempt, AttemptResult, Explanation, attempt_seed};

/// One try of a plan: fit, sample, measure and judge.
pub trait Trial {
    /// What is chosen before an attempt.
    type Plan;
    /// What an accepted attempt leaves behind: a table, a model.
    type Artifact;
    /// What is known about the artifact.
    type Verdict;
    /// What makes further attempts pointless, such as a table that cannot be read.
    type Error;

    /// Tries `plan`. All randomness comes from `start.seed`.
    ///
    /// # Errors
    /// [`Failure::Training`] if there is no artifact but another plan may give one; the other variants end the run.
    fn run(&mut self, plan: &Self::Plan, start: &Start) -> Tried<Self>;

    /// The decision in a verdict. The run goes on until it [is accepted](Decision::is_accepted), with findings
    /// or without.
    fn decision(&self, verdict: &Self::Verdict) -> Decision;

    /// Where a verdict stands among others that were not accepted.
    fn rank(&self, verdict: &Self::Verdict) -> Rank;
}

/// The result of trying a plan: the artifact and its verdict, or why there is none.
pub type Tried<T> = Result<(<T as Trial>::Artifact, <T as Trial>::Verdict), Failure<<T as Trial>::Error>>;

/// The context of a trial.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// The attempt's number, counted from 1.
    pub number: usize,
    /// The attempt's seed.
    pub seed: u64,
    /// When the whole run's time is up. A trial that would go on longer should stop by itself and say
    /// [`TrainingFailure::Deadline`] or [`Failure::Deadline`].
    pub deadline: Option<Instant>,
}

/// Why a trial has no artifact.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Failure<E> {
    /// This plan did not work out: recorded as an attempt.
    Training(TrainingFailure),
    /// Somebody asked to stop: the run ends, and the attempt is not recorded.
    Interrupted,
    /// The time was up when there was something to draw from but no artifact yet: the run ends, and the attempt is not recorded.
    Deadline,
    /// No plan can work out: the run ends with the error.
    Fatal(E),
}

/// Chooses the next plan.
pub trait Planner<P, V> {
    /// The next plan, given all attempts so far in their order; the first plan if there are none. `None` if nothing
    /// is left to try.
    fn next_plan(&mut self, attempts: &[Attempt<P, V>]) -> Option<(P, Explanation)>;
}

/// An event for observers.
#[derive(Debug)]
pub enum Event<'e, P, V> {
    /// An attempt is about to be made.
    Started {
        /// Its number, counted from 1.
        number: usize,
        /// Its plan.
        plan: &'e P,
        /// Why this plan.
        explanation: &'e Explanation,
    },
    /// An attempt has been made.
    Finished(&'e Attempt<P, V>),
}

/// Whether the best artifact of a rejected run is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rejects {
    Drop,
    KeepBest,
}

/// Called for every attempt; may stop the run.
type Observer<'a, P, V> = Box<dyn FnMut(Event<'_, P, V>) -> ControlFlow<()> + 'a>;

/// Tries plans until one is accepted or a limit is reached. The crate's page has an example.
pub struct Runner<'a, P, V> {
    max_attempts: usize,
    deadline: Option<Instant>,
    rejects: Rejects,
    observer: Observer<'a, P, V>,
}

impl<P, V> fmt::Debug for Runner<'_, P, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Runner { max_attempts, deadline, rejects, observer: _ } = self;
        f.debug_struct("Runner")
            .field("max_attempts", max_attempts)
            .field("deadline", deadline)
            .field("rejects", rejects)
            .finish_non_exhaustive()
    }
}

impl<P, V> Default for Runner<'_, P, V> {
    fn default() -> Self {
        Runner {
            max_attempts: 8,
            deadline: None,
            rejects: Rejects::Drop,
            observer: Box::new(|_| ControlFlow::Continue(())),
        }
    }
}

impl<'a, P, V> Runner<'a, P, V> {
    /// A runner with the defaults given below.
    pub fn new() -> Self {
        Runner::default()
    }

    /// The maximum number of attempts. Default: 8, the reference's.
    #[must_use]
    pub fn with_max_attempts(self, max_attempts: usize) -> Self {
        Runner { max_attempts, ..self }
    }

    /// When the time for all attempts is up. Looked at before each attempt; the trial is told and keeps it within
    /// one. Default: never. A run that a clock has ended may end elsewhere the next time.
    #[must_use]
    pub fn with_deadline(self, deadline: Instant) -> Self {
        Runner { deadline: Some(deadline), ..self }
    }

    /// Returns the best artifact of a rejected run, as [`Outcome::Rejected::refused_artifact`]. Default: dropped as
    /// soon as it is judged.
    #[must_use]
    pub fn with_refused_artifact(self) -> Self {
        Runner { rejects: Rejects::KeepBest, ..self }
    }

    /// Called before and after each attempt, for progress and logs. `Break` ends the run as interrupted; on the attempt
    /// that was accepted it comes too late and changes nothing. Default: none.
    #[must_use]
    pub fn with_observer(self, observer: impl FnMut(Event<'_, P, V>) -> ControlFlow<()> + 'a) -> Self {
        Runner { observer: Box::new(observer), ..self }
    }

    /// Makes attempts until one is accepted, none is left, or a limit is reached.
    ///
    /// With the same trial, planner, seed and limits, and no time budget, the outcome is the same but for durations.
    ///
    /// # Errors
    /// The trial's own [`Failure::Fatal`]. That nothing was accepted is an [`Outcome`].
    pub fn run<T, N>(
        mut self,
        trial: &mut T,
        planner: &mut N,
        seed: u64,
    ) -> Result<Outcome<T::Artifact, P, V>, T::Error>
    where
        T: Trial<Plan = P, Verdict = V>,
        N: Planner<P, V> + ?Sized,
    {
        let deadline = self.deadline;
        let mut attempts: Vec<Attempt<P, V>> = Vec::new();
        let mut best: Option<Best<T::Artifact>> = None;
        let reason = loop {
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                break StopReason::Deadline;
            }
            if attempts.len() >= self.max_attempts {
                break StopReason::AttemptLimit(self.max_attempts);
            }
            let Some((plan, explanation)) = planner.next_plan(&attempts) else {
                break StopReason::NoRuleApplies;
            };
            let number = attempts.len() + 1;
            let start = Start { number, seed: attempt_seed(seed, number), deadline };
            let event = Event::Started { number, plan: &plan, explanation: &explanation };
            if (self.observer)(event).is_break() {
                break StopReason::Interrupted;
            }
            let clock = Instant::now();
            let (result, artifact) = match trial.run(&plan, &start) {
                Ok((artifact, verdict)) => (AttemptResult::Judged(verdict), Some(artifact)),
                Err(Failure::Training(failure)) => (AttemptResult::Failed(failure), None),
                Err(Failure::Interrupted) => break StopReason::Interrupted,
                Err(Failure::Deadline) => break StopReason::Deadline,
                Err(Failure::Fatal(error)) => return Err(error),
            };
            attempts.push(Attempt { number, plan, explanation, result, duration: clock.elapsed() });
            let attempt = &attempts[number - 1];
            let flow = (self.observer)(Event::Finished(attempt));
            if let (Some(verdict), Some(artifact)) = (attempt.verdict(), artifact) {
                if trial.decision(verdict).is_accepted() {
                    return Ok(Outcome::Accepted { artifact, attempts });
                }
                let rank = trial.rank(verdict);
                if best.as_ref().is_none_or(|best| rank > best.rank) {
                    let artifact = (self.rejects == Rejects::KeepBest).then_some(artifact);
                    best = Some(Best { index: number - 1, rank, artifact });
                }
            }
            if flow.is_break() {
                break StopReason::Interrupted;
            }
        };
        let (best, refused_artifact) = best.map_or((None, None), |best| (Some(best.index), best.artifact));
        Ok(Outcome::Rejected { attempts, best, refused_artifact, reason })
    }
}

/// The best attempt so far; among equals the first.
struct Best<A> {
    index: usize,
    rank: Rank,
    artifact: Option<A>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Outcome<A, P, V> {
    /// The last attempt was accepted.
    Accepted {
        /// What it left behind.
        artifact: A,
        /// All attempts, in order.
        attempts: Vec<Attempt<P, V>>,
    },
    /// No attempt was accepted.
    Rejected {
        /// All attempts, in order.
        attempts: Vec<Attempt<P, V>>,
        /// The index of the best one by [`Rank`]; `None` if none had a verdict.
        best: Option<usize>,
        /// What the best one left behind, though it was not accepted. Only after
        /// [`Runner::with_refused_artifact`].
        refused_artifact: Option<A>,
        /// Why there were no more attempts.
        reason: StopReason,
    },
}

impl<A, P, V> Outcome<A, P, V> {
    /// All attempts, in order.
    pub fn attempts(&self) -> &[Attempt<P, V>] {
        match self {
            Outcome::Accepted { attempts, .. } | Outcome::Rejected { attempts, .. } => attempts,
        }
    }

    /// The relevant attempt: the accepted one, or the best of the others.
    pub fn best_attempt(&self) -> Option<&Attempt<P, V>> {
        match self {
            Outcome::Accepted { attempts, .. } => attempts.last(),
            Outcome::Rejected { attempts, best, .. } => best.map(|index| &attempts[index]),
        }
    }
}

/// The whole run explained: a line per attempt, and how it ended.
impl<A, P, V> fmt::Display for Outcome<A, P, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for attempt in self.attempts() {
            writeln!(f, "{attempt}")?;
        }
        match (self, self.best_attempt()) {
            (Outcome::Accepted { attempts, .. }, _) => writeln!(f, "accepted at attempt {}", attempts.len()),
            (Outcome::Rejected { reason, .. }, Some(best)) => {
                writeln!(f, "not accepted: {reason}; attempt {} came closest", best.number)
            }
            (Outcome::Rejected { reason, .. }, None) => writeln!(f, "not accepted: {reason}"),
        }
    }
}

/// Why a run ended without an accepted attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopReason {
    /// As many attempts as allowed were made.
    AttemptLimit(usize),
    /// The planner had nothing left to try.
    NoRuleApplies,
    /// The time was up.
    Deadline,
    /// The observer or the trial was asked to stop.
    Interrupted,
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StopReason::AttemptLimit(n) => write!(f, "the limit of {n} attempts was reached"),
            StopReason::NoRuleApplies => f.write_str("no rule applies"),
            StopReason::Deadline => f.write_str("the time budget ran out"),
            StopReason::Interrupted => f.write_str("interrupted"),
        }
    }
}

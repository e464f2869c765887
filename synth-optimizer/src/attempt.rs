//! Attempts: the record of one plan tried. With the seed of the run, which is not in it, it can be tried again alone.

use std::fmt;
use std::time::Duration;

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use synth_core::train::TrainingFailure;

/// A plan that was tried, and its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt<P, V> {
    /// Counted from 1.
    pub number: usize,
    /// What was tried.
    pub plan: P,
    /// Why it was tried.
    pub explanation: Explanation,
    /// What came of it.
    pub result: AttemptResult<V>,
    /// How long it took. Never written: what is written is the same for the same input, seed and version.
    #[serde(skip)]
    pub duration: Duration,
}

impl<P, V> Attempt<P, V> {
    /// The verdict, if the attempt got as far as one.
    pub fn verdict(&self) -> Option<&V> {
        match &self.result {
            AttemptResult::Judged(verdict) => Some(verdict),
            AttemptResult::Failed(_) => None,
        }
    }

    /// The failure, if there was no table to judge.
    pub fn failure(&self) -> Option<&TrainingFailure> {
        match &self.result {
            AttemptResult::Judged(_) => None,
            AttemptResult::Failed(failure) => Some(failure),
        }
    }
}

/// Says which attempt it is and why it was made, not what came of it.
impl<P, V> fmt::Display for Attempt<P, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {}: {}", self.number, self.explanation)
    }
}

/// The result of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptResult<V> {
    /// There was a table, and this is what was made of it.
    Judged(V),
    /// There was no table.
    Failed(TrainingFailure),
}

/// Why a plan was chosen, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// The rule's name; `base` for the first plan.
    pub rule: String,
    /// What was wrong with the attempt before.
    pub cause: String,
    /// What is expected to help.
    pub suggestion: String,
    /// What is different from the attempt before.
    pub change: String,
}

impl Explanation {
    /// The explanation of a first plan.
    pub fn base(cause: &str) -> Explanation {
        Explanation {
            rule: "base".to_owned(),
            cause: cause.to_owned(),
            suggestion: String::new(),
            change: String::new(),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explanation { rule, cause, change, .. } = self;
        match change.is_empty() {
            true => write!(f, "`{rule}`, {cause}"),
            false => write!(f, "`{rule}` ({change}), because {cause}"),
        }
    }
}

/// The seed of attempt `number` in a run with seed `run_seed`: the first word of the ChaCha8 stream `number`.
///
/// It depends on these two alone, so that any attempt can be repeated by itself.
pub fn attempt_seed(run_seed: u64, number: usize) -> u64 {
    let mut rng = ChaCha8Rng::seed_from_u64(run_seed);
    rng.set_stream(number as u64);
    rng.next_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(duration: Duration) -> Attempt<(), u8> {
        Attempt {
            number: 2,
            plan: (),
            explanation: Explanation::base("a test"),
            result: AttemptResult::Judged(1),
            duration,
        }
    }

    #[test]
    fn the_duration_is_never_written() {
        let text = serde_json::to_string(&attempt(Duration::from_secs(9))).unwrap();
        assert_eq!(text, serde_json::to_string(&attempt(Duration::ZERO)).unwrap());
        assert_eq!(serde_json::from_str::<Attempt<(), u8>>(&text).unwrap(), attempt(Duration::ZERO));
    }

    #[test]
    fn every_attempt_has_a_seed_of_its_own() {
        let seeds: Vec<u64> = (1..=8).map(|number| attempt_seed(7, number)).collect();
        assert!((1..8).all(|i| !seeds[..i].contains(&seeds[i])));
        assert_eq!(seeds[2], attempt_seed(7, 3));
        assert_ne!(seeds[0], attempt_seed(8, 1));
    }
}

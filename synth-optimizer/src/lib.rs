#![doc = include_str!("../README.md")]

pub mod assessment;
pub mod attempt;
pub mod plan;
pub mod rule;
pub mod runner;

pub use assessment::{Assessment, Rank};
pub use attempt::{Attempt, AttemptResult, Explanation, TrainingFailure, attempt_seed};
pub use plan::{Engine, Plan};
pub use rule::{Analysis, DEAD_ENDS, DeadEnd, RULES, Rule, RulePlanner, Situation, analyse};
pub use runner::{Event, Failure, Outcome, Planner, Runner, Start, StopReason, Trial, Tried};

#![doc = include_str!("../README.md")]

pub mod assessment;
pub mod attempt;
mod error;
pub mod pipeline;
pub mod plan;
pub mod protection;
pub mod rule;
pub mod runner;
pub mod split;

pub use assessment::{Assessment, Rank};
pub use attempt::{Attempt, AttemptResult, Explanation, attempt_seed};
pub use error::{Error, Result};
pub use pipeline::{Fitting, Pipeline, Release, Run, RunRecord};
pub use plan::Plan;
pub use protection::{Cost, Protection, Protects};
pub use rule::{Analysis, DEAD_ENDS, DeadEnd, RULES, Rule, RulePlanner, Situation, analyse};
pub use runner::{Event, Failure, Outcome, Planner, Runner, Start, StopReason, Trial, Tried};
pub use split::Design;

#![doc = include_str!("../README.md")]

pub mod attempt;
pub mod plan;

pub use attempt::{Attempt, AttemptResult, Explanation, TrainingFailure, attempt_seed};
pub use plan::{Engine, Plan};

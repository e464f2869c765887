#![doc = include_str!("../README.md")]

// The loop.
pub mod assessment;
pub mod attempt;
pub mod constraints;
mod error;
mod learnt;
#[cfg(feature = "llm")]
pub mod llm;
pub mod memory;
pub mod pipeline;
pub mod plan;
pub mod protection;
pub mod rule;
pub mod runner;
pub mod split;
pub mod store;

// Whether it works.
pub mod quality;

// What it leaves for those who were not there.
pub mod audit;
pub mod card;
pub mod portraits;
pub mod provenance;

pub use assessment::{Assessment, Rank};
pub use attempt::{Attempt, AttemptResult, Explanation, attempt_seed};
pub use audit::{Entry, Fault, Folder, Program, Source, Verified, Written, log, verify};
pub use card::model_card;
pub use constraints::{ConstraintRecord, RuleRecord};
pub use error::{Error, Result};
pub use learnt::{Fit, Learnt};
pub use pipeline::{Event, Fitting, Observer, Pipeline, Preview, RUN_VERSION, Release, Run, RunRecord};
pub use plan::Plan;
pub use portraits::TablePortrait;
pub use protection::{Cost, ProtectionRecord, Protects};
pub use provenance::provenance;
pub use quality::{Part, quality_test};
pub use rule::{Analysis, DEAD_ENDS, DeadEnd, RULES, Rule, RulePlanner, Situation, analyse};
pub use runner::{Failure, Outcome, Planner, Runner, Start, StopReason, Trial, Tried};
pub use split::Design;
pub use store::Store;

// The crates whose types stand in the signatures.
pub use {synth_compliance, synth_core, synth_metrics};

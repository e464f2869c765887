#![doc = include_str!("../README.md")]

// The loop.
pub mod assessment;
pub mod attempt;
pub mod constraints;
mod ending;
mod error;
#[cfg(feature = "llm")]
pub mod llm;
pub mod memory;
mod own;
pub mod pipeline;
pub mod plan;
pub mod protection;
pub mod rule;
mod run;
pub mod runner;
pub mod shadow;
pub mod split;
pub mod store;
pub mod unit;

// Fitting and evaluating without a run.
pub mod evaluate;
pub mod fit;

// Whether it works.
pub mod quality;

// The output of a run.
pub mod dossier;

pub use assessment::{Assessment, Rank};
pub use attempt::{Attempt, AttemptResult, Explanation, attempt_seed};
pub use constraints::{ConstraintRecord, RuleRecord};
pub use dossier::audit::{self, Entry, Fault, Folder, Program, Source, Verified, Written, log, verify};
pub use dossier::card::{self, model_card};
pub use dossier::portraits::{self, TablePortrait};
pub use dossier::provenance;
pub use dossier::record::{RUN_VERSION, Release, RunOutcome, RunRecord};
pub use error::{Error, Obstacle, Result};
pub use own::OwnFit;
pub use pipeline::{Event, Fitting, Observer, Pipeline, Preview};
pub use plan::Plan;
pub use protection::{Cost, ProtectionRecord, Protects};
pub use quality::{Part, quality_test};
pub use rule::{Analysis, DEAD_ENDS, DeadEnd, RULES, Rule, RulePlanner, Situation, analyse};
pub use run::{Finished, Run};
pub use runner::{Failure, Outcome, Planner, Runner, Start, StopReason, Trial, Tried};
pub use shadow::{ShadowAudit, ShadowRecord};
pub use split::Design;
pub use store::Store;
pub use unit::UnitRecord;

// The crates whose types stand in the signatures.
pub use {synth_compliance, synth_core, synth_metrics};

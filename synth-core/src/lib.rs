#![doc = include_str!("../README.md")]

mod error;
pub mod schema;
pub mod seed;
mod spelling;
pub mod table;

pub mod constraint;
pub mod identifier;
pub mod infer;
pub mod io;
pub mod protect;

// Benchmarks ask for `unstable`, so that a build of the workspace sees what is used by nobody.
#[cfg(feature = "generators")]
#[cfg_attr(not(feature = "unstable"), allow(dead_code, unreachable_pub, unused_imports))]
mod learn;
#[cfg(feature = "unstable")]
pub mod unstable;

pub use error::{Action, BadInput, Error, ErrorKind, InputRule, Mismatch, Result, TrainingFailure};
pub use io::TableBuilder;
#[cfg(feature = "generators")]
pub use learn::{
    condition::{Condition, Demand, ParseConditionError},
    engine::{self, AnyEngine, EngineKind},
    fit::{Fit, learnt},
    generator::{self, Engine, Generator},
    keep::{self, Keeping},
    model::{self, Model},
    part, train,
};
pub use schema::{Constraint, Field, Kind, Schema};
pub use seed::{Seed, SeedOrigin};
pub use table::Table;

// The crate whose types stand in the signatures.
pub use arrow;

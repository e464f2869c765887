//! The engines of this crate. Each is a folder: its parameters, which implement [`Engine`], and beside them what it learns.
//!
//! **How to add an engine.**
//!
//! 1. Make a folder or file here with a type for its parameters, public fields, documented defaults, `Serialize` and
//!    `Deserialize`; give it `for_size`, what suits a table of so many rows and columns.
//! 2. Implement [`Engine`] for it: its name, the ranges of its parameters, and `fit`. A network is trained by
//!    [`train`](crate::train), which knows checkpoints, budgets and held-out rows.
//! 3. Implement [`Generator`] for what `fit` leaves. What it can do beside sampling is a trait more, and a method that says so:
//!    [`Conditional`](crate::generator::Conditional), [`Imputer`](crate::generator::Imputer),
//!    [`Likelihood`](crate::generator::Likelihood).
//! 4. Give it a [`FilePart`] and a function `read` that checks every number of one.
//! 5. Add its line to `engines!` in `any.rs`. Options, plans, model files and the quality test follow from that line.
//!
//! An engine of another crate does 1 to 3 and is used with [`Fit::engine`](crate::Fit::engine): see `examples/own_engine.rs`.

mod any;
mod auto;
mod copula;
mod masked;
pub(crate) mod tabddpm;
mod trees;

pub(super) use any::read;
pub use any::{AnyEngine, EngineKind};
pub use auto::{CLEARLY, Suited, suited};
pub use copula::{Copula, CopulaModel};
pub use masked::{Masked, MaskedModel};
pub use tabddpm::{Method, SamplerConfig, ScheduleKind, TabDdpm, TabDdpmModel, Variance};
pub use trees::{Trees, TreesModel};

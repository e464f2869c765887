//! The engines of this crate. Each is a folder: its parameters, which implement [`Engine`](crate::Engine), and beside them what it learns.
//!
//! "How to add an engine" in the crate's documentation says what a new one needs; `any.rs` lists them.

mod any;
mod auto;
mod copula;
mod masked;
pub(crate) mod tabddpm;
mod trees;

pub(super) use any::read;
pub use any::{AnyEngine, EngineKind};
pub use auto::{CLEARLY, NARROW, Suited, ranked, suited};
pub use copula::{Copula, CopulaModel};
pub use masked::{Masked, MaskedModel};
pub use tabddpm::{Method, SamplerConfig, ScheduleKind, TabDdpm, TabDdpmModel, Variance};
pub use trees::{Trees, TreesModel};

#![doc = include_str!("../README.md")]

mod error;
pub mod schema;
mod spelling;
pub mod table;

pub mod constraint;
pub mod identifier;
pub mod infer;
pub mod io;
pub mod protect;

#[cfg(feature = "diffusion")]
mod copula;
#[cfg(feature = "diffusion")]
pub mod diffusion;
#[cfg(feature = "diffusion")]
pub mod encode;
#[cfg(feature = "diffusion")]
mod fitted;
#[cfg(feature = "diffusion")]
pub mod generator;
#[cfg(feature = "diffusion")]
pub mod masked;
#[cfg(feature = "diffusion")]
pub mod model;
#[cfg(feature = "diffusion")]
pub mod nn;
#[cfg(feature = "diffusion")]
mod random;
#[cfg(feature = "diffusion")]
pub mod train;
#[cfg(feature = "diffusion")]
pub mod trees;

#[cfg(feature = "diffusion")]
pub use constraint::{Keeping, Kept};
#[cfg(feature = "diffusion")]
pub use copula::Copula;
#[cfg(feature = "diffusion")]
pub use diffusion::TabDdpm;
pub use error::{Action, BadInput, Error, ErrorKind, InputRule, Mismatch, Result};
#[cfg(feature = "diffusion")]
pub use fitted::{Engine, Fitted};
#[cfg(feature = "diffusion")]
pub use generator::Generator;
pub use io::TableBuilder;
#[cfg(feature = "diffusion")]
pub use masked::MaskedDiffusion;
#[cfg(feature = "diffusion")]
pub use model::Model;
pub use schema::{Constraint, Field, Kind, Schema};
pub use table::Table;
#[cfg(feature = "diffusion")]
pub use trees::Trees;

// The crates whose types stand in the signatures.
pub use arrow;
#[cfg(feature = "diffusion")]
pub use {ndarray, rand};

#![doc = include_str!("../README.md")]

mod error;
pub mod schema;
pub mod table;

pub mod identifier;
pub mod infer;
pub mod io;

#[cfg(feature = "diffusion")]
pub mod diffusion;

pub use error::{BadInput, Error, Result, Rule};
pub use schema::{Field, Kind, Schema};
pub use table::Table;

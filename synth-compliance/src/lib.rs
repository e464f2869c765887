#![doc = include_str!("../README.md")]

mod error;
pub mod policy;

pub use error::{Error, Result};
pub use policy::{ANNOUNCED, Gate, Inconclusive, Policy, Requirement};

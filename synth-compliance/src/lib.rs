#![doc = include_str!("../README.md")]

mod error;
pub mod policy;
pub mod verdict;

pub use error::{Error, Result};
pub use policy::{Gate, Inconclusive, Policy, Requirement};
pub use verdict::{Check, DISCLAIMER, Decision, Score, Status, VERDICT_VERSION, Verdict, judge};

#![doc = include_str!("../README.md")]

mod error;

pub mod detect;
pub mod policy;
pub mod protection;
pub mod verdict;

pub use detect::{Finding, Sensitive, Treatment, detect};
pub use error::{Error, Result};
pub use policy::{Gate, Inconclusive, Policy, Requirement};
pub use protection::protect;
pub use verdict::{Check, DISCLAIMER, Decision, Score, Status, VERDICT_VERSION, Verdict, judge};

#![doc = include_str!("../README.md")]

// What is asked.
mod error;
// What is found in a table, and what is done about it.
pub mod detect;
pub mod protection;

// What is asked.
pub mod extends;
pub mod policy;

// What comes of it.
pub mod check;
mod sentence;
pub mod verdict;

// What is kept.
pub mod chain;
mod digest;

pub use chain::{Broken, Chain};
pub use check::{Check, Effect, Status};
pub use detect::{Finding, Sensitive, Treatment, detect};
pub use digest::{KEY_BYTES, Key, canonical, sha256, sha256_of};
pub use error::{Error, Result};
pub use extends::{Base, Change, Direction};
pub use policy::{Class, Gate, Inconclusive, Policy, Requirement};
pub use protection::protect;
pub use verdict::{DISCLAIMER, Decision, Score, VERDICT_VERSION, Verdict, judge};

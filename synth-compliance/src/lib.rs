#![doc = include_str!("../README.md")]

// What is found in a table, and what a policy asks for.
pub mod detect;
mod error;
pub mod policy;

// What is done about it before anything is learnt.
pub mod propose;

// What comes of it.
pub mod judge;

// What is kept.
pub mod chain;
mod digest;

pub use chain::{Broken, Chain};
pub use detect::{Finding, Sensitive, Treatment, detect};
pub use digest::{KEY_BYTES, Key, canonical, sha256, sha256_of};
pub use error::{Error, Result};
pub use judge::{Check, DISCLAIMER, Decision, Effect, Score, Status, VERDICT_VERSION, Verdict, judge};
pub use policy::{Base, Change, Class, Direction, Gate, Inconclusive, Policy, Requirement};
pub use propose::propose;

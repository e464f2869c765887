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

// How numbers are shown.
mod figure;

pub use chain::{Broken, Chain};
pub use detect::{Finding, Sensitive, Treatment, detect};
pub use digest::{KEY_BYTES, Key, canonical, sha256, sha256_of};
pub use error::{Error, ErrorKind, Result};
pub use judge::{
    Check, CheckView, DISCLAIMER, Decision, Effect, Evidence, Mark, Score, Status, VERDICT_VERSION, Verdict, judge,
};
pub use policy::{Base, Change, Class, Direction, Gate, Inconclusive, Policy, PolicyId, Requirement};
pub use propose::propose;

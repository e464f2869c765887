//! Everything that learns a table: the one room behind the feature `generators`.

// Leaves.
pub(crate) mod condition;
pub mod encode;
pub mod nn;
pub(crate) mod random;

// Training, and what every engine and generator does.
pub mod generator;
pub mod part;
pub mod train;

// The engines, the constraints that their rows keep, and a fit of both.
pub mod engine;
pub(crate) mod fit;
pub mod keep;
pub mod model;

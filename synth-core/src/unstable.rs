//! What is inside: **no promise is made of anything in here**, and any version may change it.
//!
//! Benchmarks need it, and so does whoever trains a network of their own on these layers.

// The crates whose types stand in the signatures.
pub use {ndarray, rand};

pub use crate::learn::encode;
pub use crate::learn::nn;

/// The parts of TabDDPM.
pub mod tabddpm {
    pub use crate::learn::engine::tabddpm::{
        Batch, Denoiser, EMBEDDING, Label, Loss, Network, NetworkDenoiser, Process, Sampler, Schedule, Workspace,
        gaussian, multinomial, time_table,
    };
}

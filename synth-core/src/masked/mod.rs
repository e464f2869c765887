//! Masked diffusion.

mod condition;
mod features;
mod head;
mod model;
mod network;
mod objective;
mod sampler;

pub use condition::{Condition, Conditions, Demand};
pub(crate) use features::FEATURES;
pub use model::MaskedDiffusion;
pub(crate) use network::{Block, ColumnLayout, Layout, Network};

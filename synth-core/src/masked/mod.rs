//! Masked diffusion.

mod condition;
mod features;
mod head;
mod model;
mod network;
mod objective;
mod sampler;
mod tune;

pub use condition::{Condition, Conditions, Demand};
pub(crate) use features::FEATURES;
pub use model::MaskedDiffusion;
pub(crate) use network::{Block, ColumnLayout, Layout, Network};
pub use tune::{TUNED_BELOW, tune};

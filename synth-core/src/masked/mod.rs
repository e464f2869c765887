//! Masked diffusion: absorbing-state diffusion over the tokens of a row, unmasked one column at a time.
//!
//! A row's cells are tokens ([`Tokenizer`](crate::encode::Tokenizer)); noise hides them. A network (`network`) sees which
//! cells are known and says for every hidden one how likely each token is; for numbers on a scale it gives a density
//! inside the bins too (`head`). Trained on rows with any set of cells hidden it has every conditional distribution
//! (arXiv:2110.02037, arXiv:2107.03006), and what is learnt is weighted towards the order in which the sampler draws
//! (`objective`). So conditional sampling, completing partial rows and the likelihood of a row come for nothing
//! ([`MaskedDiffusion::sample_given`], [`MaskedDiffusion::impute`], [`MaskedDiffusion::log_likelihood`]).
//!
//! Left out on purpose: attention between cells, which is unmeasured here, and time as an input: which cells are hidden says
//! it.

mod condition;
mod features;
mod head;
mod model;
mod network;
mod objective;
mod pairs;
mod parse;
mod sampler;
mod tune;

pub use condition::{Condition, Conditions, Demand};
pub(crate) use features::FEATURES;
pub use model::MaskedDiffusion;
pub(crate) use network::{Block, ColumnLayout, Layout, Network};
pub(crate) use pairs::Pair;
pub use parse::ParseConditionError;
pub use tune::{TUNED_BELOW, tune};

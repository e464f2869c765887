//! Masked diffusion: absorbing-state diffusion over the tokens of a row, unmasked one column at a time.
//!
//! A row's cells are tokens (`Tokenizer`); noise hides them. A network (`network`) sees which
//! cells are known and says for every hidden one how likely each token is; for numbers on a scale it gives a density
//! inside the bins too (`head`). Trained on rows with any set of cells hidden it has every conditional distribution
//! (arXiv:2110.02037, arXiv:2107.03006), and what is learnt is weighted towards the order in which the sampler draws
//! (`objective`). So rows under conditions, completing partial rows and the likelihood of a row come for nothing:
//! [`MaskedModel`] has every capability.
//!
//! Left out on purpose: attention between cells, which is unmeasured here, and time as an input: which cells are hidden says
//! it.

mod allowed;
mod capable;
mod engine;
mod features;
mod file;
mod head;
mod layout;
mod model;
mod network;
mod objective;
mod pairs;
mod params;
mod sampler;
mod tune;

pub(super) use file::read;
pub use model::MaskedModel;
pub use params::Masked;

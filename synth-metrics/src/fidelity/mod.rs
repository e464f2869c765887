//! Does the synthetic table look like the real one?

pub mod association;
pub mod contingency;
pub mod correlation;
pub mod given;
pub mod jensen_shannon;
pub mod ks;
pub mod missing;
pub mod per_column;
mod per_pair;
pub mod precision;
pub mod rules;
pub mod sdmetrics;
pub mod spearman;
pub mod tvd;
pub mod validity;
pub mod wasserstein;

//! Can synthetic rows be told from real ones?

pub mod classifier;
pub mod rare_levels;

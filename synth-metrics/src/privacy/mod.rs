//! What does the synthetic table disclose of the rows it was made from?

pub mod copies;
pub mod duplicates;
pub mod exposed;
pub mod membership;
pub mod quasi;
pub mod risks;

//! Does what is learnt from the synthetic table hold for real rows?

pub mod learning;
pub mod survival;

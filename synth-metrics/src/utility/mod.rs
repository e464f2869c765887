//! Does what is learnt from the synthetic table hold for real rows?

mod learner;
pub mod learning;
pub mod score;
pub mod survival;

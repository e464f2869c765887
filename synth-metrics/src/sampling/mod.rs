//! What so many rows can show: intervals by formula, and by sub-sampling.

pub(crate) mod interval;
pub(crate) mod spread;

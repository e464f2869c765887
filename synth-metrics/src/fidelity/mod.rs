//! Does the synthetic table look like the real one?

pub mod bivariate;
pub mod contingency;
pub mod precision;
pub mod rules;
pub mod sdmetrics;
pub mod univariate;
pub mod validity;

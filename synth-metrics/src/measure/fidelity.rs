//! Likeness.

use super::Options;
use crate::bivariate::{assoc_delta, corr_delta};
use crate::comparison::Comparison;
use crate::report::Measure;
use crate::univariate::{ks_mean, missing_delta, tvd_mean};

pub(super) fn take(comparison: &Comparison, _: &Options) -> Vec<Measure> {
    [ks_mean, tvd_mean, missing_delta, corr_delta, assoc_delta].into_iter().map(|measure| measure(comparison)).collect()
}

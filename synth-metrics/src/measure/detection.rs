//! What a classifier sees.

use super::Options;
use crate::comparison::Comparison;
use crate::detection::c2st;
use crate::registry::Battery;
use crate::report::Measure;

pub(super) fn take(comparison: &Comparison, options: &Options) -> Vec<Measure> {
    if options.battery < Battery::Full {
        return Vec::new();
    }
    c2st(comparison, options.seed)
}

//! What a classifier sees, and the rare levels it hardly sees.

use super::Options;
use crate::comparison::Comparison;
use crate::detection::classifier::c2st;
use crate::estimate::Measure;
use crate::registry::Battery;
use crate::subgroups::rare_level_coverage;

pub(super) fn take(comparison: &Comparison, options: &Options) -> Vec<Measure> {
    if options.battery < Battery::Full || !options.has_time() {
        return Vec::new();
    }
    let mut measures = c2st(comparison, options.seed);
    measures.push(rare_level_coverage(comparison));
    measures
}

//! Use.

use super::Options;
use crate::comparison::Comparison;
use crate::estimate::Measure;
use crate::registry::Battery;
use crate::utility::learning::utility;
use crate::utility::survival::survival;

pub(super) fn take(comparison: &Comparison, options: &Options) -> Vec<Measure> {
    if options.battery < Battery::Full || !options.has_time() {
        return Vec::new();
    }
    // A time to an event is no outcome like others: it is not found as a target, only named.
    let never: Vec<&str> = options.survival.iter().flatten().map(String::as_str).collect();
    let mut measures = utility(comparison, options.target.as_deref(), &never, options.seed);
    if options.has_time() {
        measures.extend(survival(comparison, options.survival.as_ref(), options.seed));
    }
    measures
}

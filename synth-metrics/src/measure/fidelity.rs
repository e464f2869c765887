//! Likeness.

use super::Options;
use crate::comparison::Comparison;
use crate::estimate::Measure;
use crate::fidelity::bivariate::{assoc_delta_of, corr_delta_of, spearman_delta};
use crate::fidelity::contingency::contingencies;
use crate::fidelity::precision::{alpha_precision, beta_recall};
use crate::fidelity::rules::rules_kept;
use crate::fidelity::sdmetrics::{sdm_shapes, sdm_validity, trends_of};
use crate::fidelity::univariate::{jensen_shannon_mean, ks_mean, missing_delta, tvd_mean, wasserstein_mean, worst_of};
use crate::fidelity::validity::{grid_validity, level_validity, range_validity};
use crate::pearsons::Pearsons;
use crate::registry::Battery;
use crate::sampling::spread::attach;

/// The measures of likeness with their intervals, in no particular order.
///
/// Those of [`Battery::Core`] alone, or all. `seed` draws the rows of sub-samples. See [`measure()`](crate::measure()),
/// which takes them with all others.
pub fn likeness(comparison: &Comparison, battery: Battery, seed: u64) -> Vec<Measure> {
    let mut taken = by_formula(comparison, battery);
    attach(comparison, seed, &mut taken, |part| by_formula(part, battery));
    if battery < Battery::Full {
        return taken;
    }
    taken.push(sdm_validity(comparison));
    taken.extend([range_validity, level_validity, grid_validity, rules_kept].map(|measure| measure(comparison)));
    taken.push(beta_recall(comparison, seed));
    taken
}

pub(super) fn take(comparison: &Comparison, options: &Options) -> Vec<Measure> {
    if options.has_time() { likeness(comparison, options.battery, options.seed) } else { Vec::new() }
}

/// What two tables alone decide, by formulas without a draw: also taken on their parts, for the intervals.
fn by_formula(comparison: &Comparison, battery: Battery) -> Vec<Measure> {
    let pearsons = Pearsons::new(comparison);
    let mut taken = [ks_mean, tvd_mean, missing_delta].map(|measure| measure(comparison)).to_vec();
    taken.extend([corr_delta_of, assoc_delta_of].map(|measure| measure(comparison, &pearsons)));
    if battery < Battery::Full {
        return taken;
    }
    taken.extend([wasserstein_mean, jensen_shannon_mean].map(|measure| measure(comparison)));
    for (mean, worst) in [
        ("ks_mean", "ks_worst"),
        ("tvd_mean", "tvd_worst"),
        ("missing_delta", "missing_worst"),
        ("wasserstein_mean", "wasserstein_worst"),
        ("jensen_shannon_mean", "jensen_shannon_worst"),
    ] {
        let mean = taken.iter().find(|measure| measure.id == mean).expect("taken above");
        taken.push(worst_of(mean, worst));
    }
    taken.push(spearman_delta(comparison));
    taken.extend(contingencies(comparison));
    taken.push(sdm_shapes(comparison));
    taken.extend(trends_of(comparison, &pearsons));
    taken.push(alpha_precision(comparison));
    taken
}

//! Likeness.

use super::Options;
use crate::bivariate::{assoc_delta, corr_delta, spearman_delta};
use crate::comparison::Comparison;
use crate::contingency::contingencies;
use crate::precision::{alpha_precision, beta_recall};
use crate::registry::Battery;
use crate::report::Measure;
use crate::rules::rules_kept;
use crate::sdmetrics::{sdm_shapes, sdm_validity, trends};
use crate::univariate::{jensen_shannon_mean, ks_mean, missing_delta, tvd_mean, wasserstein_mean, worst_of};
use crate::validity::{grid_validity, level_validity, range_validity};

pub(super) fn take(comparison: &Comparison, options: &Options) -> Vec<Measure> {
    let core = [ks_mean, tvd_mean, missing_delta, corr_delta, assoc_delta];
    let mut taken: Vec<Measure> = core.into_iter().map(|measure| measure(comparison)).collect();
    if options.battery < Battery::Full {
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
    taken.extend(trends(comparison));
    taken.push(sdm_validity(comparison));
    taken.extend([range_validity, level_validity, grid_validity, rules_kept].map(|measure| measure(comparison)));
    taken.extend([alpha_precision(comparison), beta_recall(comparison, options.seed)]);
    taken
}

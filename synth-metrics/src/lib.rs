#![doc = include_str!("../README.md")]

// The tables, and what all measures share.
mod boosting;
mod columns;
pub mod comparison;
mod error;
pub mod estimate;
mod features;
pub mod inputs;
pub mod neighbours;
mod pearsons;
pub mod roc;
mod sampling;

// The measures.
pub mod detection;
pub mod fidelity;
pub mod privacy;
pub mod utility;

// All together.
pub mod anchor;
pub mod measure;
pub mod portrait;
pub mod registry;
pub mod report;
pub mod subgroups;

pub use comparison::{Comparison, Tables};
pub use detection::classifier::{c2st_logistic, c2st_trees};
pub use error::{Error, Result};
pub use estimate::{ColumnValue, Estimate, Interval, Measure, Outcome, Uncertainty};
pub use fidelity::bivariate::{
    assoc_delta, corr_delta, correlation_ratio, cramers_v, pearson, spearman, spearman_delta,
};
pub use fidelity::contingency::{
    contingency_similarity, contingency_similarity_of, nmi_error, nmi_error_weighted, normalised_mutual_information,
};
pub use fidelity::precision::{alpha_precision, beta_recall};
pub use fidelity::rules::rules_kept;
pub use fidelity::sdmetrics::{sdm_shapes, sdm_trends, sdm_trends_all, sdm_validity};
pub use fidelity::univariate::{
    jensen_shannon, jensen_shannon_mean, ks_mean, ks_statistic, missing_delta, total_variation, tvd_mean, wasserstein,
    wasserstein_mean,
};
pub use fidelity::validity::{grid_validity, level_validity, range_validity};
pub use inputs::{Inputs, lacks_unseen_rows};
pub use measure::{OUT_OF_TIME, Options, likeness, measure};
pub use portrait::{Portrait, portrait};
pub use privacy::copies::copies;
pub use privacy::duplicates::{Baseline, copied_share, dup_excess, dup_rate, dup_rate_holdout, leave_one_out_share};
pub use privacy::membership::{Audit, Losses, Membership, mia_auc};
pub use privacy::quasi::{emd_ordered, quasi};
pub use privacy::risks::risks;
pub use registry::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, MEASURES, definition};
pub use report::{QualityReport, REPORT_VERSION, Rows};
pub use roc::auc;
pub use subgroups::{Subgroup, Subgroups, rare_level_coverage, subgroups};
pub use utility::learning::{macro_f1, r_squared, utility};
pub use utility::survival::{harrell_c, survival, survival_distance};

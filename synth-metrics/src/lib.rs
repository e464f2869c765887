#![doc = include_str!("../README.md")]

// The tables, and what all measures share.
mod columns;
pub mod comparison;
mod error;
pub mod estimate;
pub mod inputs;
mod interval;
pub mod neighbours;
pub mod roc;
mod spread;

// Likeness.
pub mod bivariate;
pub mod contingency;
mod pearsons;
pub mod precision;
pub mod rules;
pub mod sdmetrics;
pub mod univariate;
pub mod validity;

// Detection and use.
mod boosting;
pub mod detection;
mod features;
pub mod subgroups;
pub mod survival;
pub mod utility;

// Privacy.
pub mod copies;
pub mod duplicates;
pub mod membership;
pub mod quasi;
pub mod risks;

// All together.
pub mod anchor;
pub mod measure;
pub mod portrait;
pub mod registry;
pub mod report;

pub use bivariate::{assoc_delta, corr_delta, correlation_ratio, cramers_v, pearson, spearman, spearman_delta};
pub use comparison::{Comparison, Tables};
pub use contingency::{
    contingency_similarity, contingency_similarity_of, nmi_error, nmi_error_weighted, normalised_mutual_information,
};
pub use copies::copies;
pub use detection::{c2st_logistic, c2st_trees};
pub use duplicates::{Baseline, copied_share, dup_excess, dup_rate, dup_rate_holdout, leave_one_out_share};
pub use error::{Error, Result};
pub use estimate::{ColumnValue, Estimate, Interval, Measure, Outcome, Uncertainty};
pub use inputs::{Inputs, lacks_unseen_rows};
pub use measure::{OUT_OF_TIME, Options, likeness, measure};
pub use membership::{Audit, Losses, Membership, mia_auc};
pub use portrait::{Portrait, portrait};
pub use precision::{alpha_precision, beta_recall};
pub use quasi::{emd_ordered, quasi};
pub use registry::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, MEASURES, definition};
pub use report::{QualityReport, REPORT_VERSION, Rows};
pub use risks::risks;
pub use roc::auc;
pub use rules::rules_kept;
pub use sdmetrics::{sdm_shapes, sdm_trends, sdm_trends_all, sdm_validity};
pub use subgroups::{Subgroup, Subgroups, rare_level_coverage, subgroups};
pub use survival::{harrell_c, survival, survival_distance};
pub use univariate::{
    jensen_shannon, jensen_shannon_mean, ks_mean, ks_statistic, missing_delta, total_variation, tvd_mean, wasserstein,
    wasserstein_mean,
};
pub use utility::{macro_f1, r_squared, utility};
pub use validity::{grid_validity, level_validity, range_validity};

#![doc = include_str!("../README.md")]

// What all measures are made of and give.
mod audit;
pub mod comparison;
pub mod definition;
mod error;
pub mod estimate;
mod family;
pub mod options;

// Tables as measures look at them, and what several of them share.
mod boosting;
mod columns;
mod features;
mod given;
mod logistic;
pub mod neighbours;
mod pearsons;
pub mod roc;
mod sampling;
mod search;
mod shadow;

// The measures: a file each, or a file for those that are taken together.
pub mod detection;
pub mod fidelity;
pub mod loss;
pub mod privacy;
pub mod utility;

// All together.
pub mod anchor;
pub mod inputs;
pub mod leak;
pub mod measure;
pub mod portrait;
pub mod registry;
pub mod report;
pub mod rounding;
pub mod subgroups;

pub use audit::{Audit, Losses};
pub use comparison::{Comparison, Tables};
pub use definition::{Anchors, Battery, Columns, Definition, Domain, Goal, JudgedBy, Needs, Unseen};
pub use detection::classifier::{c2st_logistic, c2st_trees};
pub use detection::rare_levels::rare_level_coverage;
pub use error::{Error, Result};
pub use estimate::{ColumnValue, Estimate, Interval, Measure, Outcome, Uncertainty};
pub use fidelity::association::{assoc_delta, correlation_ratio, cramers_v};
pub use fidelity::contingency::{
    contingency_similarity, contingency_similarity_of, nmi_error, nmi_error_weighted, normalised_mutual_information,
};
pub use fidelity::correlation::{corr_delta, pearson};
pub use fidelity::jensen_shannon::{jensen_shannon, jensen_shannon_mean};
pub use fidelity::ks::{ks_mean, ks_statistic};
pub use fidelity::missing::missing_delta;
pub use fidelity::precision::{alpha_precision, beta_recall};
pub use fidelity::rules::rules_kept;
pub use fidelity::sdmetrics::{sdm_shapes, sdm_trends, sdm_trends_all, sdm_validity};
pub use fidelity::spearman::{spearman, spearman_delta};
pub use fidelity::tvd::{total_variation, tvd_mean};
pub use fidelity::validity::{grid_validity, level_validity, range_validity};
pub use fidelity::wasserstein::{wasserstein, wasserstein_mean};
pub use inputs::{GivenInputs, Inputs};
pub use loss::{CameBack, ColumnLoss, losses};
pub use measure::{likeness, measure};
pub use options::{Baseline, OUT_OF_TIME, Options, SurvivalColumns};
pub use portrait::{Portrait, portrait};
pub use privacy::copies::copies;
pub use privacy::duplicates::{copied_share, dup_excess, dup_rate, dup_rate_holdout, leave_one_out_share};
pub use privacy::exposed::{Exposed, Exposure, Observation, Target, Witness};
pub use privacy::membership::{Membership, mia_auc};
pub use privacy::quasi::{emd_ordered, quasi};
pub use privacy::risks::risks;
pub use registry::{MEASURES, definition};
pub use report::{QualityReport, REPORT_VERSION, Rows, lacks_unseen_rows};
pub use roc::auc;
pub use shadow::Shadow;
pub use subgroups::{Subgroup, Subgroups, subgroups};
pub use utility::learning::utility;
pub use utility::score::{macro_f1, r_squared};
pub use utility::survival::{FollowUp, harrell_c, survival, survival_distance};

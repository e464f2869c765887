#![doc = include_str!("../README.md")]

mod columns;
pub mod comparison;
mod error;
mod interval;

pub mod bivariate;
pub mod duplicates;
pub mod membership;
pub mod neighbours;
pub mod roc;
pub mod univariate;

mod boosting;
pub mod detection;
mod features;
pub mod subgroups;
pub mod survival;
pub mod utility;

pub mod measure;
pub mod registry;
pub mod report;

pub use bivariate::{assoc_delta, corr_delta, correlation_ratio, cramers_v, pearson};
pub use comparison::Comparison;
pub use detection::{c2st_logistic, c2st_trees};
pub use duplicates::{Baseline, copied_share, dup_excess, dup_rate, dup_rate_holdout, leave_one_out_share};
pub use error::{Error, Result};
pub use measure::{Options, measure};
pub use membership::{Audit, mia_auc};
pub use registry::{Anchors, Battery, Definition, Domain, Goal, MEASURES, definition};
pub use report::{ColumnValue, Estimate, Measure, Outcome, QualityReport, REPORT_VERSION, Rows, Uncertainty};
pub use roc::auc;
pub use subgroups::{Subgroup, Subgroups, rare_level_coverage, subgroups};
pub use survival::{harrell_c, survival, survival_distance};
pub use univariate::{ks_mean, ks_statistic, missing_delta, total_variation, tvd_mean};
pub use utility::{macro_f1, r_squared, utility};

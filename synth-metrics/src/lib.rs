#![doc = include_str!("../README.md")]

mod columns;
pub mod comparison;
mod error;
mod interval;

pub mod bivariate;
pub mod copies;
pub mod duplicates;
pub mod membership;
pub mod neighbours;
pub mod quasi;
pub mod risks;
pub mod roc;
pub mod univariate;

pub mod measure;
pub mod registry;
pub mod report;

pub use bivariate::{assoc_delta, corr_delta, correlation_ratio, cramers_v, pearson};
pub use comparison::Comparison;
pub use copies::copies;
pub use duplicates::{Baseline, copied_share, dup_excess, dup_rate, dup_rate_holdout, leave_one_out_share};
pub use error::{Error, Result};
pub use measure::{Options, measure};
pub use membership::{Audit, Losses, Membership, mia_auc};
pub use quasi::{emd_ordered, quasi};
pub use registry::{Anchors, Battery, Definition, Domain, Goal, MEASURES, definition};
pub use report::{ColumnValue, Estimate, Measure, Outcome, QualityReport, REPORT_VERSION, Rows, Uncertainty};
pub use risks::risks;
pub use roc::auc;
pub use univariate::{ks_mean, ks_statistic, missing_delta, total_variation, tvd_mean};

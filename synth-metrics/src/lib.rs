#![doc = include_str!("../README.md")]

pub mod registry;
pub mod report;

pub use registry::{Definition, Domain, Goal, MEASURES, definition};
pub use report::{ColumnValue, Estimate, Measure, Outcome, QualityReport, REPORT_VERSION, Rows, Uncertainty};

//! What a verdict rests on.

use synth_metrics::QualityReport;

/// All that is known of a table when it is judged. Made from a report alone; what else can speak for or against a table
/// comes in beside it.
///
/// ```
/// use synth_compliance::{Evidence, Policy};
/// # use synth_metrics::{QualityReport, REPORT_VERSION, Rows};
/// # let rows = Rows { train: 303, synthetic: 303, holdout: None };
/// # let report = QualityReport { version: REPORT_VERSION, rows, measures: vec![], subgroups: None, inputs: None };
///
/// let policy = Policy::named("hipaa")?;
/// assert_eq!(policy.judge(&report), policy.judge(Evidence::of(&report)));
/// # Ok::<(), synth_compliance::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Evidence<'a> {
    /// What was measured.
    pub report: &'a QualityReport,
}

impl<'a> Evidence<'a> {
    /// A report and nothing else.
    pub fn of(report: &'a QualityReport) -> Evidence<'a> {
        Evidence { report }
    }
}

impl<'a> From<&'a QualityReport> for Evidence<'a> {
    fn from(report: &'a QualityReport) -> Evidence<'a> {
        Evidence::of(report)
    }
}

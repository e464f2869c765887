//! What a verdict rests on.

use synth_metrics::QualityReport;

/// The evidence by which a table is judged: today a quality report.
///
/// ```
/// use synth_compliance::{Evidence, Policy};
/// # use synth_metrics::{QualityReport, REPORT_VERSION, Rows};
/// # let rows = Rows { train: 303, units: None, synthetic: 303, holdout: None };
/// # let report = QualityReport { version: REPORT_VERSION, rows, measures: vec![], subgroups: None, losses: vec![], references: Default::default(), inputs: None };
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
    /// Evidence that consists of a report only.
    pub fn of(report: &'a QualityReport) -> Evidence<'a> {
        Evidence { report }
    }
}

impl<'a> From<&'a QualityReport> for Evidence<'a> {
    fn from(report: &'a QualityReport) -> Evidence<'a> {
        Evidence::of(report)
    }
}

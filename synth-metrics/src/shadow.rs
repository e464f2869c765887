//! Whether there is an audit of the most exposed units: a fact that reports, options and measures share.

use serde::{Deserialize, Serialize};

/// Whether the most exposed units were audited, and if not, why not: a fact that a report has beside its measures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Shadow {
    /// They were.
    Made,
    /// Two tables were compared, and there is no generator that could be fitted again.
    #[default]
    NoGenerator,
    /// An attempt of a run: the audit is made of the table that would be accepted.
    Later,
    /// It was switched off.
    Off,
    /// The time was up after fewer than [`MIN_RUNS`](crate::privacy::exposed::MIN_RUNS) runs.
    OutOfTime,
    /// The table has too few units for some to be left out.
    TooFewUnits,
    /// Too many of the generators could not be fitted.
    Failed,
}

impl std::fmt::Display for Shadow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Shadow::Made => "measured",
            Shadow::NoGenerator => "there is no generator that could be fitted again",
            Shadow::Later => "measured at the end, on the table that would be accepted",
            Shadow::Off => "the audit of the most exposed units was switched off",
            Shadow::OutOfTime => "the time was up before enough generators were fitted again",
            Shadow::TooFewUnits => "the table has too few units for some to be left out",
            Shadow::Failed => "too many of the generators that were fitted again failed",
        })
    }
}

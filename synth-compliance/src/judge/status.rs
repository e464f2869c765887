//! How a check can come out, and what that does to the decision.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The outcome of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The limit is kept, at the less favourable bound.
    Pass,
    /// The limit is broken, even at the more favourable bound.
    Fail,
    /// The limit lies between the bounds.
    Inconclusive,
    /// There is no value to judge. Never a pass.
    NotMeasured,
    /// The table has no column that the measure is about, as the report's facts show.
    NotApplicable,
    /// There is a value, but it cannot be one: not finite, out of the measure's range, listed twice, at odds with the
    /// report's facts, or in a report of another version.
    Error,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Status::Pass => "pass",
            Status::Fail => "fail",
            Status::Inconclusive => "inconclusive",
            Status::NotMeasured => "not measured",
            Status::NotApplicable => "not applicable",
            Status::Error => "error",
        })
    }
}

/// The effect of a check on the decision, from none to the strongest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing.
    #[default]
    None,
    /// It is reported, but does not prevent acceptance.
    Finding,
    /// It leaves the decision open.
    Open,
    /// It refuses.
    Refuses,
}

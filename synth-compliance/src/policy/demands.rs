//! What a policy asks to be done to a table before a generator learns from it: its section `[protection]`.

use serde::{Deserialize, Serialize};
use synth_core::protect::DEFAULT_K;

use crate::error::{Error, Result};

/// The protection that a policy requires before training: its section `[protection]`, or the defaults.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demands {
    /// Levels of fewer rows than this are merged.
    #[serde(default)]
    pub rare_levels: Smallest,
    /// The outermost values that are left stand for at least so many rows.
    #[serde(default)]
    pub extremes: Smallest,
    /// What may stay of dates.
    #[serde(default)]
    pub dates: Dates,
}

/// The smallest number of rows that something may stand for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smallest {
    /// The number; 1 asks for nothing.
    pub k: usize,
    /// Where it comes from, in words.
    pub source: String,
}

impl Default for Smallest {
    fn default() -> Self {
        let source =
            "the smallest cell of the CMS cell-size policy; 1/11 is the 0.09 of EMA Policy 0070; carried over by us";
        Self { k: DEFAULT_K, source: source.to_owned() }
    }
}

/// The precision to which detected dates are truncated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dates {
    /// How much.
    pub to: DatesTo,
    /// Where it comes from, in words.
    pub source: String,
}

impl Default for Dates {
    fn default() -> Self {
        Self { to: DatesTo::Year, source: "45 CFR 164.514(b)(2)(i)(C): the year may stay".to_owned() }
    }
}

/// See [`Dates`]. In the order of how much stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatesTo {
    /// The year.
    Year,
    /// The month.
    Month,
    /// The week.
    Week,
    /// The time between the dates of a subject, moved by up to a year.
    Shift,
    /// All of it.
    Keep,
}

impl DatesTo {
    /// The word in policies.
    pub fn id(self) -> &'static str {
        match self {
            DatesTo::Year => "year",
            DatesTo::Month => "month",
            DatesTo::Week => "week",
            DatesTo::Shift => "shift",
            DatesTo::Keep => "keep",
        }
    }
}

impl Demands {
    /// That every number has a source and means something.
    pub(super) fn check(&self) -> Result<()> {
        let Demands { rare_levels, extremes, dates } = self;
        let sources = [&rare_levels.source, &extremes.source, &dates.source];
        if sources.iter().any(|source| source.trim().is_empty() || source.contains(char::is_control)) {
            return Err(Error::Protection { problem: "each number needs its source in one line (`source`)" });
        }
        match rare_levels.k.min(extremes.k) {
            0 => Err(Error::Protection { problem: "`k` must be at least 1 (no protection)" }),
            _ => Ok(()),
        }
    }
}

//! What may be said of how to measure.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::audit::{Audit, Losses};
use crate::definition::{Battery, Definition};
use crate::shadow::Shadow;

/// The reason of a measure that was skipped because [`Options::until`] had passed.
pub const OUT_OF_TIME: &str = "the time budget ran out first";

/// How to measure.
#[derive(Debug, Clone, Default)]
pub struct Options<'a> {
    /// Decides what is chosen at random: folds of the attack, and candidates where there are too many. Default 0.
    pub seed: u64,
    /// Which measures are taken. Default [`Battery::Core`].
    pub battery: Battery,
    /// The ids of measures that are taken although the battery lacks them. Default none.
    pub also: Vec<String>,
    /// The column that utility is about. Default none: then one is found.
    pub target: Option<String>,
    /// The columns that survival is about. Default none.
    pub survival: Option<SurvivalColumns>,
    /// The columns that an outsider may know. Default none: then they are found.
    pub quasi_identifiers: Option<Vec<String>>,
    /// The column whose levels are looked at one by one. Default none.
    pub group: Option<String>,
    /// What copies are held against. Default [`Baseline::Holdout`].
    pub baseline: Baseline,
    /// What membership inference is tried on. Default none: then a holdout, if there is one, makes an audit of its own,
    /// with as many train rows as members and the other train rows as reference.
    pub audits: Vec<Audit<'a>>,
    /// What the generators say of the rows they are audited on, for an attack by somebody who holds the model: one pair
    /// an audit, in their order; without audits one pair, for all rows of train and of the holdout. Default none.
    pub losses: Vec<Losses<'a>>,
    /// What is to be said of the most exposed units, whom no tables tell of ([`QualityReport::with_exposed`](crate::QualityReport::with_exposed)). Default
    /// [`Shadow::NoGenerator`].
    pub shadow: Shadow,
    /// When the time budget is exhausted: what has not begun by then is not measured, and the report says so. What has begun is ended. Default
    /// none.
    pub until: Option<Instant>,
}

impl Options<'_> {
    pub(crate) fn wants(&self, definition: &Definition) -> bool {
        definition.battery <= self.battery || self.also.iter().any(|id| id == definition.id)
    }

    pub(crate) fn has_time(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }
}

/// A time, and whether the event was seen by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurvivalColumns {
    /// The name of the column of times.
    pub time: String,
    /// The name of the column of events; of its two levels the larger says "seen".
    pub event: String,
}

/// The baseline of the rate of copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Baseline {
    /// The share of holdout rows that equal a training row.
    #[default]
    Holdout,
    /// The share of training rows that equal *another* training row: for small tables that can spare no holdout.
    ///
    /// A row of the same law meets a training row about as often as one training row meets the others. A person who
    /// is in the table twice raises this baseline, though, and so hides copies.
    LeaveOneOut,
}

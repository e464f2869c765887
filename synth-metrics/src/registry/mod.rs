//! Every measure this crate knows: its id, direction, range, ideal and source. An id is never reused.

mod detection;
mod fidelity;
mod privacy;
mod utility;

use serde::{Deserialize, Serialize};

use crate::estimate::{Estimate, Interval};

/// What a measure is about. A verdict is the worst of its domains, so that utility cannot buy privacy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Domain {
    /// The synthetic table looks like the real one.
    Fidelity,
    /// What is learnt from the synthetic table holds for real rows.
    Utility,
    /// The synthetic table does not give away the rows it was made from.
    Privacy,
}

/// Which values of a measure are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// The smaller the better.
    Lower,
    /// The larger the better.
    Higher,
    /// The nearer to the ideal the better, from both sides.
    Target,
}

/// What a measure is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Definition {
    /// The stable id.
    pub id: &'static str,
    /// In words, for tables that people read.
    pub name: &'static str,
    /// What it is about.
    pub domain: Domain,
    /// Which values are good.
    pub goal: Goal,
    /// The value of an ideal table.
    pub ideal: f64,
    /// The smallest and the largest possible value.
    pub range: Interval,
    /// What a value of 1 is one of.
    pub unit: &'static str,
    /// The formula's source, and this crate's departures from it.
    pub source: &'static str,
    /// What it must say of tables whose truth is known.
    pub anchors: Anchors,
    /// What a gate looks at.
    pub judged_by: JudgedBy,
    /// When it is taken.
    pub battery: Battery,
}

impl Definition {
    /// The estimate as a gate is to see it: without its uncertainty where the value itself is judged.
    pub fn as_judged(&self, estimate: Estimate) -> Estimate {
        match self.judged_by {
            JudgedBy::Value => Estimate::exact(estimate.value),
            JudgedBy::Bounds => estimate,
        }
    }
}

/// What a gate looks at.
///
/// A table is released as it is: how far its columns lie from the real ones is a fact about two files, known exactly, and
/// its interval only tells how far it would be with other rows of the same generator. Whom the table gives away, and what
/// a classifier makes of rows it has not seen, is known from a sample alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JudgedBy {
    /// The value: it describes the tables at hand. The interval, if there is one, is shown and judges nothing.
    Value,
    /// The one-sided 95 % bounds, where there are any: the value estimates something else.
    Bounds,
}

/// The least and the largest value that a measure may take on tables whose truth is known, of 600 rows beside 600
/// training rows and 600 of a holdout. `tests/anchors.rs` holds every measure to them, on two laws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anchors {
    /// The training table itself.
    pub copy: Interval,
    /// Fresh rows of the same law: what an ideal generator makes.
    pub fresh: Interval,
    /// The training table with each column in an order of its own.
    pub permuted: Interval,
    /// The training table with numbers moved by 1.5 standard deviations and levels renamed in a circle.
    pub shifted: Interval,
}

/// Which measures are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Battery {
    /// Those that an attempt is judged by: tenths of a second.
    #[default]
    Core,
    /// All.
    Full,
}

const FAMILIES: [&[Definition]; 4] =
    [fidelity::DEFINITIONS, detection::DEFINITIONS, utility::DEFINITIONS, privacy::DEFINITIONS];

const N_MEASURES: usize = {
    let (mut n, mut family) = (0, 0);
    while family < FAMILIES.len() {
        n += FAMILIES[family].len();
        family += 1;
    }
    n
};

/// All measures, in the order of reports.
pub static MEASURES: &[Definition] = &{
    let mut all = [fidelity::DEFINITIONS[0]; N_MEASURES];
    let (mut n, mut family) = (0, 0);
    while family < FAMILIES.len() {
        let mut i = 0;
        while i < FAMILIES[family].len() {
            all[n] = FAMILIES[family][i];
            n += 1;
            i += 1;
        }
        family += 1;
    }
    all
};

/// The definition of the measure called `id`, if there is one.
pub fn definition(id: &str) -> Option<&'static Definition> {
    MEASURES.iter().find(|m| m.id == id)
}

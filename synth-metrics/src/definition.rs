//! What a measure is: its id, direction, range, source and anchors, and its meaning in words. An id is never reused.
//!
//! Each measure's definition stands in the measure's own file; the [registry](crate::registry) lists them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::estimate::{Estimate, Interval};

/// What a measure is about. A verdict is the worst of its domains, so that utility cannot buy privacy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Domain {
    /// The synthetic table looks like the real one.
    Fidelity,
    /// Whether models trained on the synthetic table work on real rows.
    Utility,
    /// Whether the synthetic table leaks its training rows.
    Privacy,
}

impl Domain {
    /// Its name, in one word.
    pub fn name(self) -> &'static str {
        match self {
            Domain::Fidelity => "fidelity",
            Domain::Utility => "utility",
            Domain::Privacy => "privacy",
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which values of a measure are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
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
#[non_exhaustive]
pub struct Definition {
    /// The stable id.
    pub id: &'static str,
    /// Its name, for tables that people read.
    pub name: &'static str,
    /// What the value is, in a line.
    pub meaning: &'static str,
    /// What it says of a table if the value is above a limit, as the end of a sentence; `None` where that is no fault.
    pub above: Option<&'static str>,
    /// What it says of a table if the value is below a limit; `None` where that is no fault.
    pub below: Option<&'static str>,
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
    /// Without which it has no value.
    pub needs: Needs,
    /// What a gate looks at.
    pub judged_by: JudgedBy,
    /// When it is taken.
    pub battery: Battery,
}

impl Definition {
    /// The estimate as a gate judges it: without its uncertainty if the value itself is judged.
    pub fn as_judged(&self, estimate: Estimate) -> Estimate {
        match self.judged_by {
            JudgedBy::Value => Estimate::exact(estimate.value),
            JudgedBy::Bounds => estimate,
        }
    }
}

/// What a measure needs to have a value at all.
///
/// Told by the tables and their schema, never by the measure: see [`inputs`](crate::inputs).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Needs {
    /// The columns it is about.
    pub columns: Columns,
    /// The real rows it asks for that the generator never saw.
    pub unseen: Unseen,
}

impl Needs {
    /// It is about any table.
    pub const NOTHING: Needs = Needs { columns: Columns::Any, unseen: Unseen::None };
    /// It is about columns on a scale.
    pub const SCALES: Needs = Needs { columns: Columns::Scales, unseen: Unseen::None };
    /// It is about columns of levels.
    pub const LEVELS: Needs = Needs { columns: Columns::Levels, unseen: Unseen::None };
    /// It is about pairs of columns that are stored as numbers.
    pub const TWO_VARYING_NUMBERS: Needs = Needs { columns: Columns::TwoVaryingNumbers, unseen: Unseen::None };
    /// It is about pairs of columns.
    pub const TWO_VARYING: Needs = Needs { columns: Columns::TwoVarying, unseen: Unseen::None };
    /// It is about the table as it was given, before any protection.
    pub const GIVEN: Needs = Needs { columns: Columns::Given, unseen: Unseen::None };
    /// It is tried on a holdout.
    pub const HOLDOUT: Needs = Needs::unseen(Unseen::Holdout);

    /// It needs held-out rows, and applies to any table.
    pub const fn unseen(unseen: Unseen) -> Needs {
        Needs { columns: Columns::Any, unseen }
    }
}

/// The columns that a measure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Columns {
    /// Any.
    Any,
    /// Columns on a scale.
    Scales,
    /// Columns of levels, and constant and empty ones.
    Levels,
    /// Two columns stored as numbers that vary.
    TwoVaryingNumbers,
    /// Two learnt columns that vary.
    TwoVarying,
    /// Columns of the table as given, but for identifiers; none where no such table is known.
    Given,
    /// Columns of the table as given that are on a scale.
    GivenScales,
    /// Columns of the table as given that have levels, are constant or empty, or hold free text.
    GivenLevels,
    /// Two columns of the table as given that are stored as numbers and vary.
    GivenTwoVaryingNumbers,
    /// Columns of the table as given between which a rule holds in every row.
    GivenRules,
}

/// The real rows, never seen by the generator, that a measure asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unseen {
    /// None.
    None,
    /// So many of any kind: of a holdout, or held out of one of several cross-fitted generators.
    Rows(usize),
    /// A table of their own.
    Holdout,
    /// Any at all, or else the training rows themselves, one left out: then it has a value all the same.
    Preferred,
    /// Units that generators fitted again for the purpose did not see: a [shadow audit](crate::privacy::exposed).
    Shadow,
}

/// What a gate looks at.
///
/// A table is released as it is: how far its columns lie from the real ones is a fact about two files, known exactly, and
/// its interval only tells how far it would be with other rows of the same generator. Whom the table discloses, and what
/// a classifier makes of rows it has not seen, is known from a sample alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
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
#[non_exhaustive]
pub enum Battery {
    /// Those that an attempt is judged by: tenths of a second.
    #[default]
    Core,
    /// All.
    Full,
}

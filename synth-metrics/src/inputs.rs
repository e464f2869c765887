//! What there was to measure with: told by the tables and their schema, never by the measures.
//!
//! A measure without a value is one of three things: it has no object in this table (a distance of numbers where there
//! are none), what it needs was not given (held-out rows), or it is owed. Only the first two excuse it, and whoever judges
//! a report must not take a measure's own word for it: a reason in words can be written by anybody. So the report says
//! beside the measures how many columns of each sort the training table has and how large the holdout was, and
//! [`Rows`](crate::Rows) how many held-out rows there were in all.
//!
//! Left out on purpose: reasons that lie in the values, such as attacks that find nobody to attack. They are seldom, and
//! a measure that is missing for them counts as owed.

use serde::{Deserialize, Serialize};
use synth_core::Kind;

use crate::columns::joint_levels;
use crate::comparison::Comparison;
use crate::definition::Columns;
use crate::given::Aligned;
use crate::registry::definition;
use crate::shadow::Shadow;

/// How many columns of each sort the training table has, and the rows of the holdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// Columns of numbers on a scale, dates among them.
    pub scales: usize,
    /// Columns of levels, and constant and empty ones.
    pub levels: usize,
    /// Columns stored as numbers, but for identifiers and free text, with two different values or more.
    pub varying_numbers: usize,
    /// Columns that are learnt, with two different values or more; among levels a missing one is a value.
    pub varying: usize,
    /// Rows of the holdout; 0 if none was given.
    pub holdout_rows: usize,
    /// The columns of the table as it was given, before protection; `None` where no such table is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<GivenInputs>,
    /// Whether the most exposed units were audited.
    pub shadow: Shadow,
}

/// How many columns of each sort the table as given has, identifiers left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GivenInputs {
    /// All columns.
    pub columns: usize,
    /// Columns of numbers on a scale, dates among them.
    pub scales: usize,
    /// Columns of levels, of free text, and constant and empty ones.
    pub levels: usize,
    /// Columns stored as numbers, with two different values or more.
    pub varying_numbers: usize,
    /// Rules between columns that every row satisfies.
    pub rules: usize,
}

impl Inputs {
    /// Counts the columns; between those of the table as given `given_rules` rules were found.
    pub(crate) fn of(comparison: &Comparison, given_rules: usize) -> Self {
        let given = Aligned::of(comparison).map(|both| {
            let Some(comparison) = both.compare() else {
                return GivenInputs { columns: 0, scales: 0, levels: 0, varying_numbers: 0, rules: 0 };
            };
            let Self { scales, levels, varying_numbers, .. } = Self::of(&comparison, 0);
            GivenInputs { columns: both.given.n_columns(), scales, levels, varying_numbers, rules: given_rules }
        });
        let fields = &comparison.train().schema().fields;
        let numbers = comparison.columns(|kind| !matches!(kind, Kind::Identifier | Kind::Text));
        let numbers = numbers.into_iter().filter(|&c| fields[c].storage.is_number());
        let varies = |&c: &usize| match fields[c].kind.is_scale() || fields[c].storage.is_number() {
            true => {
                let mut values = comparison.train().numbers(c).into_iter().filter(|x| !x.is_nan());
                let first = values.next();
                values.any(|x| Some(x) != first)
            }
            false => {
                let codes = joint_levels(&[comparison.train()], c).codes.swap_remove(0);
                codes.iter().any(|code| Some(code) != codes.first())
            }
        };
        Self {
            scales: comparison.columns(Kind::is_scale).len(),
            levels: comparison.columns(|kind| kind.is_levels() || matches!(kind, Kind::Constant | Kind::Empty)).len(),
            varying_numbers: numbers.filter(varies).count(),
            varying: comparison.columns(Kind::is_learnt).iter().filter(|c| varies(c)).count(),
            holdout_rows: comparison.holdout().map_or(0, synth_core::Table::n_rows),
            given,
            shadow: Shadow::default(),
        }
    }

    /// Whether the table has what the measure called `id` is about. `true` for any measure that is about all tables.
    ///
    /// ```
    /// # use synth_metrics::{Inputs, Shadow};
    /// let levels_alone = Inputs {
    ///     scales: 0,
    ///     levels: 4,
    ///     varying_numbers: 0,
    ///     varying: 4,
    ///     holdout_rows: 0,
    ///     given: None,
    ///     shadow: Shadow::NoGenerator,
    /// };
    /// assert!(!levels_alone.suffice_for("ks_mean") && levels_alone.suffice_for("tvd_mean"));
    /// assert!(!levels_alone.suffice_for("columns_kept"));
    /// ```
    pub fn suffice_for(&self, id: &str) -> bool {
        definition(id).is_none_or(|definition| match definition.needs.columns {
            Columns::Any => true,
            Columns::Scales => self.scales > 0,
            Columns::Levels => self.levels > 0,
            Columns::TwoVaryingNumbers => self.varying_numbers >= 2,
            Columns::TwoVarying => self.varying >= 2,
            Columns::Given => self.given.is_some_and(|given| given.columns > 0),
            Columns::GivenScales => self.given.is_some_and(|given| given.scales > 0),
            Columns::GivenLevels => self.given.is_some_and(|given| given.levels > 0),
            Columns::GivenTwoVaryingNumbers => self.given.is_some_and(|given| given.varying_numbers >= 2),
            Columns::GivenRules => self.given.is_some_and(|given| given.rules > 0),
        })
    }
}

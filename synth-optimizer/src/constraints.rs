//! What the rows of a released table keep, as the record tells it.

use serde::{Deserialize, Serialize};
use synth_core::keep::{By, Kept, Origin};
use synth_core::model::Sampled;

/// The constraints of the table's generator and how they were enforced. Columns are named; values are those that a
/// person declared or many rows share.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstraintRecord {
    /// The share of the table's rows that were resampled, since their first draw broke a constraint.
    pub redrawn: f64,
    /// Each constraint.
    pub rules: Vec<RuleRecord>,
}

/// A constraint, how it is enforced and how often it is satisfied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleRecord {
    /// The constraint.
    pub rule: String,
    /// Where it comes from.
    pub origin: Origin,
    /// How it is enforced.
    pub by: By,
    /// The share of rows that break it as the generator draws them, in a sample of 1,000 rows before the table.
    pub first_broken: f64,
    /// The share of the table's rows that satisfy it: 1 if it is enforced.
    pub kept: f64,
}

impl ConstraintRecord {
    /// Of the constraints of a generator and the rows sampled of it.
    pub(crate) fn of(constraints: Vec<Kept>, sampled: &Sampled) -> Self {
        let n_rows = sampled.table.n_rows().max(1) as f64;
        let rule = |(kept, &n_broken): (Kept, &usize)| {
            let Kept { rule, origin, by, first_broken } = kept;
            RuleRecord { rule, origin, by, first_broken, kept: 1.0 - n_broken as f64 / n_rows }
        };
        Self {
            redrawn: sampled.n_resampled as f64 / n_rows,
            rules: constraints.into_iter().zip(&sampled.n_violations).map(rule).collect(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

impl RuleRecord {
    /// The constraint and its enforcement, in one line.
    pub fn line(&self) -> String {
        let Self { rule, origin, by, first_broken, kept } = self;
        let share = |x: f64| format!("{:.1} %", 100.0 * x);
        match by {
            By::Derived | By::Difference | By::Lookup => format!("{rule} ({origin}): enforced; {by}"),
            By::Redraw if *first_broken == 0.0 => {
                format!("{rule} ({origin}): enforced; almost no sampled row violated it")
            }
            By::Redraw => {
                format!(
                    "{rule} ({origin}): enforced; {} of sampled rows violated it and were resampled",
                    share(*first_broken)
                )
            }
            By::NotKept => format!("{rule} ({origin}): not enforced; {} of the rows satisfy it", share(*kept)),
        }
    }
}

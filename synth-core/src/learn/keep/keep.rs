//! How each constraint is kept in sampled rows.
//!
//! Sums are added up and tight orders learnt as a difference ([`transform`](super::transform)), dependencies are looked up
//! ([`lookup`](super::lookup)); so they hold in every row by construction. A row that breaks any other constraint is drawn
//! anew as a whole. That leaves the distribution as it is but for the rows that were wrong anyway, as long as these are few: where
//! sampled rows often break what was found, the generator has not learnt it, and choosing among its rows would bend all
//! other columns. So a pilot sample is drawn after the fit, and a constraint that was *found* is kept only if under
//! [`SELDOM`] of it break it, and under [`TOGETHER`] any of those that are kept. One that was *declared* is always kept.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::difference::{difference_of, sum_of};
use super::lookup::Lookup;
use super::transform::{Restored, Step, Transform, may_add};
use crate::constraint::{Held, find};
use crate::error::{BadInput, InputRule, Result};
use crate::schema::{Constraint, Schema};
use crate::table::Table;

/// The share of sampled rows that may break a constraint that was found, for it to be kept.
const SELDOM: f64 = 0.05;
/// The share of sampled rows that may break any of them.
const TOGETHER: f64 = 0.10;
/// The share of sampled rows that must keep all that was declared: it takes a hundred draws for a row, then.
const LEAST_KEPT: f64 = 0.01;

/// Which constraints a generator enforces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keeping {
    /// Those declared in the schema, and those found in every row.
    #[default]
    Found,
    /// Those declared in the schema.
    Declared,
    /// None.
    Off,
}

/// A constraint of a generator, in words, and how it is enforced. Never discloses a value that fewer than
/// [`DEFAULT_K`](crate::schema::DEFAULT_K) rows share, but those that a person declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The constraint.
    pub rule: String,
    /// Where it comes from.
    pub origin: Origin,
    /// How it is enforced.
    pub by: By,
    /// The share of rows of which the first draw broke it, as they come from the generator and before anything is resampled.
    pub first_broken: f64,
}

/// Where a constraint comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// All training rows keep it.
    Found,
    /// The schema says so.
    Declared,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Origin::Found => "found",
            Origin::Declared => "declared",
        })
    }
}

/// How a constraint is enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A column is made from others.
    Derived,
    /// The difference of two columns is learnt in place of one of them.
    Difference,
    /// A column is looked up; rows for which this fails are resampled.
    Lookup,
    /// Violating rows are resampled.
    Redraw,
    /// Not enforced: too many sampled rows violate it.
    NotKept,
}

/// What is done for it, in words.
impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            By::Derived => "total computed",
            By::Difference => "difference learnt",
            By::Lookup => "dependent value looked up",
            By::Redraw => "violating rows resampled",
            By::NotKept => "not enforced",
        })
    }
}

/// All constraints of one generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keep {
    pub(crate) transform: Transform,
    lookups: Vec<Lookup>,
    rules: Vec<OwnRule>,
    /// Rows with a made column beyond its range are resampled.
    keeps_ranges: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnRule {
    held: Held,
    origin: Origin,
    by: By,
    first_broken: f64,
}

impl Keep {
    /// How the constraints of `table` are kept; `None` if there are none.
    ///
    /// # Errors
    /// As [`Constraint::check`].
    pub(crate) fn of(table: &Table, keeping: Keeping) -> Result<Option<Self>> {
        let declared = match keeping {
            Keeping::Off => &[][..],
            Keeping::Found | Keeping::Declared => &table.schema().constraints,
        };
        let found = if keeping == Keeping::Found { find(table) } else { Vec::new() };
        let all =
            declared.iter().map(|own| (own, Origin::Declared)).chain(found.iter().map(|own| (own, Origin::Found)));
        let rule = |(constraint, origin)| {
            Ok(OwnRule { held: Held::of(constraint, table)?, origin, by: By::Redraw, first_broken: 0.0 })
        };
        let mut rules = all.map(rule).collect::<Result<Vec<OwnRule>>>()?;
        if rules.is_empty() {
            return Ok(None);
        }
        let steps = steps_of(table, &mut rules);
        let lookups = lookups_of(&steps, &mut rules);
        let transform = Transform::new(Arc::clone(table.schema()), steps);
        Ok(Some(Self { transform, lookups, rules, keeps_ranges: true }))
    }

    /// Whether one that was read from a file fits a generator that has learnt columns like those of `learnt`.
    pub(crate) fn is_sound(&self, learnt: &Schema) -> bool {
        let schema = self.transform.schema();
        self.transform.is_sound(learnt)
            && self.lookups.iter().all(|lookup| lookup.is_sound(learnt))
            && self.rules.iter().all(|rule| rule.held.constraint().check(&schema.fields).is_ok())
    }

    /// Whole rows from those that a generator draws.
    pub(crate) fn restored(&self, drawn: &Table) -> Restored {
        let repaired = self.lookups.iter().fold(drawn.clone(), |table, lookup| lookup.repaired(&table));
        let mut restored = self.transform.restored(&repaired);
        if !self.keeps_ranges {
            restored.is_beyond.fill(false);
        }
        restored
    }

    /// Cells that follow from others, in those that `given` lacks.
    pub(crate) fn followed(&self, given: &Table, completed: Table) -> Table {
        self.lookups.iter().fold(completed, |table, lookup| lookup.followed(given, &table))
    }

    /// Whether a column may come out other than the generator drew it.
    pub(crate) fn alters(&self, column: &str) -> bool {
        let looks_up = |lookup: &Lookup| lookup.on == column || lookup.columns.iter().any(|own| own == column);
        self.transform.makes(column) || self.lookups.iter().any(looks_up)
    }

    /// Which rows break a rule that is kept, and for each rule how many rows do.
    pub(crate) fn broken(&self, table: &Table) -> (Vec<bool>, Vec<usize>) {
        let mut is_broken = vec![false; table.n_rows()];
        let counts = self.rules.iter().map(|rule| {
            let own = rule.held.broken(table);
            if rule.by != By::NotKept {
                is_broken.iter_mut().zip(&own).for_each(|(all, own)| *all |= own);
            }
            own.iter().filter(|broken| **broken).count()
        });
        let counts = counts.collect();
        (is_broken, counts)
    }

    /// The first rule that is kept and that a row of `table` breaks.
    pub(crate) fn first_broken(&self, table: &Table) -> Option<&Constraint> {
        let kept = self.rules.iter().filter(|rule| rule.by != By::NotKept);
        kept.map(|rule| &rule.held).find(|held| held.broken(table).contains(&true)).map(Held::constraint)
    }

    /// For each rule, how it is kept.
    pub(crate) fn kept(&self) -> Vec<Kept> {
        let kept = |rule: &OwnRule| Kept {
            rule: rule.held.constraint().to_string(),
            origin: rule.origin,
            by: rule.by,
            first_broken: rule.first_broken,
        };
        self.rules.iter().map(kept).collect()
    }

    /// Settles, by rows as they come from the generator, what is kept by drawing anew.
    ///
    /// # Errors
    /// [`InputRule::Constraint`] if hardly any row keeps what was declared; it names what most rows break.
    pub(crate) fn settle(&mut self, drawn: &Table) -> Result<()> {
        let n_rows = drawn.n_rows();
        let share = |is_broken: &[bool]| is_broken.iter().filter(|b| **b).count() as f64 / n_rows.max(1) as f64;
        let Restored { table, is_beyond } = self.restored(drawn);
        self.keeps_ranges = share(&is_beyond) < SELDOM;
        let broken: Vec<Vec<bool>> = self.rules.iter().map(|rule| rule.held.broken(&table)).collect();
        for (rule, broken) in self.rules.iter_mut().zip(&broken) {
            rule.first_broken = share(broken);
        }
        let mut together = if self.keeps_ranges { is_beyond } else { vec![false; n_rows] };
        let with = |together: &[bool], own: &[bool]| -> Vec<bool> {
            together.iter().zip(own).map(|(all, own)| all | own).collect()
        };
        for (rule, broken) in self.rules.iter().zip(&broken).filter(|(rule, _)| rule.origin == Origin::Declared) {
            together = with(&together, broken);
            if n_rows > 0 && 1.0 - share(&together) < LEAST_KEPT {
                let problem = format!("almost no sampled row satisfies the constraint: {}", rule.held.constraint());
                let hint = "the table itself may seldom satisfy it, or it contradicts another constraint";
                return Err(BadInput::new(InputRule::Constraint, problem).hint(hint).into());
            }
        }
        let mut found: Vec<usize> = (0..self.rules.len()).filter(|&i| self.rules[i].origin == Origin::Found).collect();
        found.sort_by(|&a, &b| self.rules[a].first_broken.total_cmp(&self.rules[b].first_broken).then(a.cmp(&b)));
        let declared = share(&together);
        for i in found {
            let all = with(&together, &broken[i]);
            if self.rules[i].first_broken < SELDOM && share(&all) < declared + TOGETHER {
                together = all;
            } else {
                self.rules[i].by = By::NotKept;
            }
        }
        Ok(())
    }
}

/// The columns that are made from others: sums first, then the tightest orders.
fn steps_of(table: &Table, rules: &mut [OwnRule]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for rule in rules.iter_mut() {
        if let Constraint::Sum { total, parts } = rule.held.constraint()
            && let Some(step) = sum_of(table, total, parts, rule.origin == Origin::Declared)
            && may_add(&steps, &step)
        {
            steps.push(step);
            rule.by = By::Derived;
        }
    }
    let tight = |(i, rule): (usize, &OwnRule)| match rule.held.constraint() {
        Constraint::Order { lower, upper, strict } => {
            difference_of(table, lower, upper, *strict).map(|(step, left)| (left, i, step))
        }
        _ => None,
    };
    let mut differences: Vec<(f64, usize, Step)> = rules.iter().enumerate().filter_map(tight).collect();
    differences.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    for (_, i, step) in differences {
        if may_add(&steps, &step) {
            steps.push(step);
            rules[i].by = By::Difference;
        }
    }
    // A sum that could not be added up cannot be met by chance either.
    for rule in rules.iter_mut().filter(|rule| rule.origin == Origin::Found && rule.by == By::Redraw) {
        if matches!(rule.held.constraint(), Constraint::Sum { .. }) {
            rule.by = By::NotKept;
        }
    }
    steps
}

/// The dependencies that can be looked up: between columns that nothing else makes or is made from, each column once.
fn lookups_of(steps: &[Step], rules: &mut [OwnRule]) -> Vec<Lookup> {
    let is_used = |name: &str| steps.iter().any(|step| step.column == name || step.inputs().contains(&name));
    let mut by_column: Vec<(String, Vec<usize>)> = Vec::new();
    let mut taken: Vec<String> = Vec::new();
    for (i, rule) in rules.iter_mut().enumerate() {
        let Constraint::Depends { on, column } = rule.held.constraint() else { continue };
        let determines = by_column.iter().any(|(other, _)| other == column);
        if is_used(on) || is_used(column) || taken.contains(column) || taken.contains(on) || determines {
            continue;
        }
        taken.push(column.clone());
        match by_column.iter_mut().find(|(other, _)| other == on) {
            Some((_, own)) => own.push(i),
            None => by_column.push((on.clone(), vec![i])),
        }
        rule.by = By::Lookup;
    }
    let of_column =
        |(_, own): &(String, Vec<usize>)| Lookup::of(&own.iter().map(|&i| &rules[i].held).collect::<Vec<_>>());
    by_column.iter().map(of_column).collect()
}

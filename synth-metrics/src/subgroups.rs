//! Subgroups: is the synthetic table as good for the few as it is for the many?
//!
//! A mean over all rows hides a small group that is badly drawn. So the main measures of likeness are taken once more
//! within each level of one chosen column: `ks_mean`, `tvd_mean` and `assoc_delta` of the training rows of that level
//! against the synthetic rows of it, the column itself left out. Beside them stands how many rows the level has in either
//! table. Small groups differ by chance alone: two samples of n rows are 1.2/√n apart in KS distance, in the mean
//! (.87 √(2/n)), and more over many levels.
//!
//! **Who is not named.** A level of fewer than [`LEAST_PEOPLE`] training rows is neither named nor measured: such levels are
//! counted together. What a report says of a level is then said of eleven people at least, the usual smallest cell in
//! published health statistics (CMS cell size suppression policy). //!
//! Left out on purpose: groups by several columns at once, and by numbers (cut them into levels first).

use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use synth_core::table::Units;
use synth_core::{Kind, Schema, Table};

use crate::columns::{JointLevels, joint_levels};
use crate::comparison::{Comparison, Tables};
use crate::estimate::{Measure, Outcome};
use crate::fidelity::association::{ASSOC_DELTA, assoc_delta};
use crate::fidelity::ks::{KS_MEAN, ks_mean};
use crate::fidelity::tvd::{TVD_MEAN, tvd_mean};

/// The least number of training rows a level must have to be named, measured or asked for; and of synthetic rows, to be
/// measured.
pub const LEAST_PEOPLE: usize = 11;
/// The most levels that are measured one by one, the largest first.
pub const MAX_LEVELS: usize = 50;

/// The main measures for each level of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Subgroups {
    /// The column.
    pub column: String,
    /// Its levels of at least [`LEAST_PEOPLE`] training rows, the largest first, at most [`MAX_LEVELS`].
    pub levels: Vec<Subgroup>,
    /// All other levels together, those that only the synthetic table has among them.
    pub others: Others,
    /// Why there are no levels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_measured: Option<String>,
}

/// One level and what was measured on its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Subgroup {
    /// The level's label; none for the rows whose value is missing.
    pub level: Option<String>,
    /// Training rows of this level.
    pub train: usize,
    /// Synthetic rows of this level.
    pub synthetic: usize,
    /// The level's share of the training rows.
    pub train_share: f64,
    /// The level's share of the synthetic rows.
    pub synthetic_share: f64,
    /// `ks_mean`, `tvd_mean` and `assoc_delta`.
    pub measures: Vec<Measure>,
}

/// Levels that are only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Others {
    /// How many levels.
    pub levels: usize,
    /// Their training rows.
    pub train: usize,
    /// Their synthetic rows.
    pub synthetic: usize,
}

impl fmt::Display for Subgroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(reason) = &self.not_measured {
            return writeln!(f, "by `{}`: not measured: {reason}", self.column);
        }
        for subgroup in &self.levels {
            let level = subgroup.level.as_deref().unwrap_or("(missing)");
            write!(f, "`{}` {level}: {} training rows", self.column, subgroup.train)?;
            write!(f, " ({:.1} %), {} synthetic", 100.0 * subgroup.train_share, subgroup.synthetic)?;
            write!(f, " ({:.1} %)", 100.0 * subgroup.synthetic_share)?;
            for measure in &subgroup.measures {
                match measure.outcome.value() {
                    Some(value) => write!(f, "  {} {value:.3}", measure.id)?,
                    None => write!(f, "  {} -", measure.id)?,
                }
            }
            writeln!(f)?;
        }
        let Others { levels, train, synthetic } = self.others;
        match levels {
            0 => Ok(()),
            _ => writeln!(f, "`{}` other levels: {levels}, {train} training rows, {synthetic} synthetic", self.column),
        }
    }
}

/// The main measures for each level of `column`, as the [module](self) describes them.
///
/// A level of too few synthetic rows is there, its measures not taken. Not measured at all, with the reason, if there is
/// no such column of levels.
pub fn subgroups(comparison: &Comparison, column: &str) -> Subgroups {
    let none = |reason: String| Subgroups {
        column: column.to_owned(),
        levels: Vec::new(),
        others: Others::default(),
        not_measured: Some(reason),
    };
    let Some(column_idx) = comparison.train().schema().index_of(column) else {
        return none(format!("no column `{column}`"));
    };
    if !comparison.train().schema().fields[column_idx].kind.is_levels() {
        return none(format!("column `{column}` is not categorical"));
    }
    let tables = [comparison.train(), comparison.synthetic()];
    let JointLevels { codes, n_codes } = joint_levels(&tables, column_idx);
    let mut rows: Vec<[Vec<usize>; 2]> = vec![[Vec::new(), Vec::new()]; n_codes];
    for (side, codes) in codes.iter().enumerate() {
        codes.iter().enumerate().for_each(|(row, &code)| rows[code as usize][side].push(row));
    }
    rows.retain(|[train, synthetic]| !train.is_empty() || !synthetic.is_empty());
    rows.sort_by_key(|[train, _]| std::cmp::Reverse(train.len()));
    // Rows of fewer people than rows may come in between: the named ones first, as frequent as they are.
    let units = Units::of(comparison.train());
    let is_named = |[train, _]: &[Vec<usize>; 2]| units.n_units_among(train.iter().copied()) >= LEAST_PEOPLE;
    let (mut rows, mut others): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_named);
    others.splice(0..0, rows.split_off(rows.len().min(MAX_LEVELS)));
    let sum = |side: usize| others.iter().map(|rows| rows[side].len()).sum();
    let without = tables.map(|table| without_column(table, column_idx));
    Subgroups {
        column: column.to_owned(),
        levels: rows.par_iter().map(|rows| subgroup(comparison, column_idx, &without, rows)).collect(),
        others: Others { levels: others.len(), train: sum(0), synthetic: sum(1) },
        not_measured: None,
    }
}

fn subgroup(comparison: &Comparison, column_idx: usize, without: &[Table; 2], rows: &[Vec<usize>; 2]) -> Subgroup {
    let label = comparison.train().take(&rows[0][..1]).labels(column_idx).pop().flatten();
    let [train, synthetic] = [0, 1].map(|side| rows[side].len());
    let share = |side: usize| rows[side].len() as f64 / without[side].n_rows() as f64;
    let few = || Outcome::NotMeasured(format!("{synthetic} synthetic rows: at least {LEAST_PEOPLE} are needed"));
    let measures = if synthetic < LEAST_PEOPLE {
        [KS_MEAN, TVD_MEAN, ASSOC_DELTA].into_iter().map(|definition| Measure::new(definition.id, few())).collect()
    } else {
        let tables = [0, 1].map(|side| without[side].take(&rows[side]));
        let within = Tables { train: &tables[0], synthetic: &tables[1], holdout: None }
            .compare()
            .expect("rows of tables that fit each other");
        // Column by column it would be a table of its own, of ever fewer people.
        let mean = |mut measure: Measure| {
            measure.columns.clear();
            measure
        };
        [ks_mean, tvd_mean, assoc_delta].into_iter().map(|measure| mean(measure(&within))).collect()
    };
    Subgroup { level: label, train, synthetic, train_share: share(0), synthetic_share: share(1), measures }
}

/// The table with a column that no measure looks at.
fn without_column(table: &Table, column_idx: usize) -> Table {
    let mut schema = Schema::clone(table.schema());
    schema.fields[column_idx].kind = Kind::Identifier;
    table.with_schema(Arc::new(schema)).expect("only a kind has changed")
}

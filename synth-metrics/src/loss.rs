//! What is lost between the table as it was given and the synthetic one, column by column.
//!
//! Protection comes first: it merges, caps, empties and removes, and every other measure compares with what it left. So a column that
//! nobody could learn would be a column of which nothing is wrong. Here the cells are counted that protection left as they were,
//! and the columns that come back with information: not removed, not empty, not constant unless they were, and
//! not pooled into a single level. Identifiers, regenerated or faked, are left out: they are meant to be new.
//!
//! Left out on purpose: how much a changed cell tells still (a capped number tells more than a merged level); the distances of
//! [`given`](crate::fidelity::given) say that.

use std::fmt;

use arrow::array::Array;
use arrow::compute::kernels::cmp::not_distinct;
use serde::{Deserialize, Serialize};
use synth_core::protect::{DEFAULT_K, Protection};
use synth_core::schema::Storage;
use synth_core::table::Units;
use synth_core::{Field, Kind, Table};

use crate::columns::missing;
use crate::comparison::Comparison;
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::estimate::{ColumnValue, Estimate, Measure, Outcome, between};
use crate::family::{Family, Intervals, Taking};
use crate::given::{NO_GIVEN, as_number};

pub(crate) const FAMILY: Family = Family { definitions: &[COLUMNS_KEPT, CELLS_KEPT], intervals: Intervals::Own, take };

/// The definition of `columns_kept`.
pub const COLUMNS_KEPT: Definition = Definition {
    id: "columns_kept",
    name: "columns that come back with information",
    meaning: "share of the columns as given that are neither gone, empty, newly constant, nor pooled into one level",
    above: None,
    below: Some("columns of the table as given come back without information"),
    domain: Domain::Fidelity,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "a count; pooled: one level has 90 % of the values and had less than half of them; identifiers left out",
    anchors: Anchors {
        copy: between(1.0, 1.0),
        fresh: between(1.0, 1.0),
        permuted: between(1.0, 1.0),
        shifted: between(1.0, 1.0),
    },
    needs: Needs::GIVEN,
    judged_by: JudgedBy::Value,
    battery: Battery::Core,
};

/// The definition of `cells_kept`.
pub const CELLS_KEPT: Definition = Definition {
    id: "cells_kept",
    name: "cells that protection left as given",
    meaning: "share of a column's cells that are in the protected table as given, mean over columns",
    above: None,
    below: Some("protection changed or emptied many cells before anything was learnt"),
    domain: Domain::Fidelity,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "a count in hundredths, by column; identifiers left out",
    anchors: Anchors {
        copy: between(1.0, 1.0),
        fresh: between(1.0, 1.0),
        permuted: between(1.0, 1.0),
        shifted: between(1.0, 1.0),
    },
    needs: Needs::GIVEN,
    judged_by: JudgedBy::Value,
    battery: Battery::Core,
};

/// The share of a column's values that one level has, where nothing else is left to learn.
const POOLED: f64 = 0.9;
/// And that the same level may have had before, at most.
const WAS: f64 = 0.5;

/// What became of a column of the table as given, without any of its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ColumnLoss {
    /// The column's name.
    pub column: String,
    /// How it comes back in the synthetic table.
    pub came_back: CameBack,
    /// The share of its cells that protection left as they were, 1 for an identifier. All shares here are in hundredths, and those that
    /// stand for fewer than 11 units are 0: finer, they would count single cells.
    pub kept: f64,
    /// The share of cells that are another value: capped, coarsened, moved.
    pub changed: f64,
    /// The share of cells that are missing.
    pub emptied: f64,
    /// The share of cells that were merged with others into one level.
    pub replaced: f64,
    /// What was done, in words; empty if nothing was.
    pub because: String,
    /// The ids of what was done: [`Protection::id`], `text` for free text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
}

/// How a column comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CameBack {
    /// With information, or with as much as it had.
    Informative,
    /// With new values by design: an identifier.
    Anew,
    /// Not at all.
    Removed,
    /// Without a value.
    Empty,
    /// With a single value, where there were more.
    Constant,
    /// With one level in nine tenths of its values, which had less than half of them.
    Pooled,
}

impl CameBack {
    /// Whether the column is lost.
    pub fn is_lost(self) -> bool {
        !matches!(self, CameBack::Informative | CameBack::Anew)
    }
}

impl fmt::Display for CameBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            CameBack::Informative => "with information",
            CameBack::Anew => "with new values",
            CameBack::Removed => "not at all",
            CameBack::Empty => "empty",
            CameBack::Constant => "constant",
            CameBack::Pooled => "pooled into one level",
        })
    }
}

/// What became of each column of the table as given, in its order; empty where no such table is known.
///
/// Cells are those that protection changed, row by row; how a column comes back is told by the synthetic table.
pub fn losses(comparison: &Comparison) -> Vec<ColumnLoss> {
    let Some(given) = comparison.given() else { return Vec::new() };
    let (protected, units) = (comparison.train(), Units::of(comparison.train()));
    (0..given.n_columns())
        .map(|column_idx| {
            let field = given.column(column_idx).0;
            let came_back = came_back(given, column_idx, comparison.synthetic());
            let mut rules: Vec<String> =
                field.protect.iter().filter(|own| own.is_pending()).map(|own| own.id().to_owned()).collect();
            let mut words: Vec<String> =
                field.protect.iter().filter(|own| own.is_pending()).map(ToString::to_string).collect();
            if field.kind == Kind::Text {
                rules.push("text".to_owned());
                words.push("free text is emptied".to_owned());
            }
            let cells = match came_back {
                CameBack::Anew => Cells::default(),
                _ => Cells::of(given, column_idx, protected),
            };
            let k = smallest(field);
            let [changed, emptied, replaced] =
                [&cells.changed, &cells.emptied, &cells.replaced].map(|rows| cells.share(rows, &units, k));
            let kept = ((1.0 - changed - emptied - replaced) * 100.0).round() / 100.0;
            if came_back == CameBack::Informative && kept == 1.0 {
                (rules, words) = (Vec::new(), Vec::new());
            }
            if came_back.is_lost() && rules.is_empty() {
                words.push("the generator sampled nothing else".to_owned());
            }
            let because = words.join(", ");
            ColumnLoss { column: field.name.clone(), came_back, kept, changed, emptied, replaced, because, rules }
        })
        .collect()
}

/// As many units as a count must stand for.
fn smallest(field: &Field) -> usize {
    let of_rule = |own: &Protection| match own {
        Protection::MergeRare { k } | Protection::CapExtremes { k } => *k,
        _ => 0,
    };
    field.protect.iter().map(of_rule).fold(DEFAULT_K, usize::max)
}

/// The rows of a column's cells by what became of them.
#[derive(Debug, Default)]
struct Cells {
    /// Cells that there were, or that there are now.
    n: usize,
    changed: Vec<usize>,
    emptied: Vec<usize>,
    replaced: Vec<usize>,
}

impl Cells {
    fn of(given: &Table, column_idx: usize, protected: &Table) -> Self {
        let (field, array) = given.column(column_idx);
        let was_missing = missing(given, column_idx);
        let present = || (0..was_missing.len()).filter(|&row| !was_missing[row]);
        let all_emptied = || Self { n: present().count(), emptied: present().collect(), ..Self::default() };
        let Some(at) = protected.schema().index_of(&field.name) else { return all_emptied() };
        if field.kind == Kind::Text {
            return all_emptied();
        }
        let (after, other) = protected.column(at);
        let is_missing = missing(protected, at);
        let is_same: Vec<bool> = if after.storage == field.storage {
            let same = not_distinct(array, other).expect("the columns have one type and length");
            same.values().iter().collect()
        } else if after.storage == Storage::Text && field.storage.is_number() {
            let pairs = given.labels(column_idx).into_iter().zip(protected.labels(at));
            pairs.map(|(before, after)| before == as_number(after)).collect()
        } else {
            // A year is no date.
            vec![false; array.len()]
        };
        let merges = field.protect.iter().any(|own| matches!(own, Protection::MergeRare { .. }));
        let pools = merges && field.kind == Kind::Categorical && after.storage == Storage::Text;
        let labels = pools.then(|| (given.labels(column_idx), protected.labels(at)));
        // What is cut to its beginning says less, and is in no pool.
        let is_cut = |row: usize| {
            labels.as_ref().is_some_and(|(before, after)| match (&before[row], &after[row]) {
                (Some(before), Some(after)) => before.starts_with(after.as_str()),
                _ => false,
            })
        };
        let mut cells = Self::default();
        for row in 0..array.len() {
            match (was_missing[row], is_missing[row]) {
                (true, true) => continue,
                (false, true) => cells.emptied.push(row),
                _ if is_same[row] => {}
                (false, false) if pools && !is_cut(row) => cells.replaced.push(row),
                _ => cells.changed.push(row),
            }
            cells.n += 1;
        }
        cells
    }

    /// The share of cells that the given rows are, in hundredths; 0 if they are those of fewer than `k` units.
    fn share(&self, rows: &[usize], units: &Units, k: usize) -> f64 {
        match units.n_units_among(rows.iter().copied()) {
            n_units if n_units < k => 0.0,
            _ => (rows.len() as f64 / self.n as f64 * 100.0).round() / 100.0,
        }
    }
}

fn came_back(given: &Table, column_idx: usize, synthetic: &Table) -> CameBack {
    let field = given.column(column_idx).0;
    if field.kind == Kind::Identifier {
        return CameBack::Anew;
    }
    let Some(at) = synthetic.schema().index_of(&field.name) else { return CameBack::Removed };
    let before = Values::of(given, column_idx);
    if before.n == 0 {
        return CameBack::Informative;
    }
    let after = Values::of(synthetic, at);
    if after.n == 0 {
        return CameBack::Empty;
    }
    if after.n_distinct == 1 && before.n_distinct > 1 {
        return CameBack::Constant;
    }
    match after.top {
        Some((level, share)) if share >= POOLED && before.share_of(given, column_idx, &level) < WAS => CameBack::Pooled,
        _ => CameBack::Informative,
    }
}

/// The values of a column, counted.
struct Values {
    n: usize,
    /// For numbers on a scale 2 stands for more.
    n_distinct: usize,
    /// The most frequent level and its share; of levels only.
    top: Option<(String, f64)>,
}

impl Values {
    fn of(table: &Table, column_idx: usize) -> Self {
        let field = table.column(column_idx).0;
        if field.kind.is_scale() && field.storage != Storage::Text {
            let values: Vec<f64> = table.numbers(column_idx).into_iter().filter(|x| !x.is_nan()).collect();
            let varies = values.iter().any(|x| *x != values[0]);
            return Self { n: values.len(), n_distinct: values.len().min(1 + usize::from(varies)), top: None };
        }
        let levels = table.levels(column_idx);
        let mut counts = vec![0_usize; levels.names.len()];
        levels.codes.iter().flatten().for_each(|&code| counts[code as usize] += 1);
        let n: usize = counts.iter().sum();
        let top = (0..counts.len()).max_by_key(|&i| counts[i]);
        let top = top.map(|i| (levels.names[i].clone(), counts[i] as f64 / n.max(1) as f64));
        Self { n, n_distinct: counts.iter().filter(|&&count| count > 0).count(), top }
    }

    fn share_of(&self, table: &Table, column_idx: usize, level: &str) -> f64 {
        let levels = table.levels(column_idx);
        let number = as_number(Some(level.to_owned()));
        let at = levels.names.iter().position(|name| name == level || number.as_ref() == Some(name));
        let count = at.map_or(0, |at| levels.codes.iter().filter(|code| **code == Some(at as u32)).count());
        count as f64 / self.n.max(1) as f64
    }
}

fn take(taking: &Taking) -> Vec<Measure> {
    let losses = losses(taking.comparison);
    let own = || losses.iter().filter(|loss| loss.came_back != CameBack::Anew);
    let mean = |definition: &Definition, value: fn(&ColumnLoss) -> f64| {
        let columns: Vec<ColumnValue> =
            own().map(|loss| ColumnValue { column: loss.column.clone(), value: value(loss) }).collect();
        let outcome = match columns.len() {
            0 => Outcome::NotMeasured(NO_GIVEN.to_owned()),
            n => Outcome::Measured(Estimate::exact(columns.iter().map(|c| c.value).sum::<f64>() / n as f64)),
        };
        Measure { id: definition.id.to_owned(), outcome, columns }
    };
    vec![mean(&COLUMNS_KEPT, |loss| f64::from(!loss.came_back.is_lost())), mean(&CELLS_KEPT, |loss| loss.kept)]
}

//! A constraint with what it has to know of the training rows, and which rows break it.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::coded::{Codes, MISSING};
use super::passed::{missing, passed};
use crate::error::Result;
use crate::schema::{Constraint, DEFAULT_K, Schema, Value};
use crate::table::{Table, Units};

/// A constraint with what is needed to check rows against it.
///
/// Of the training rows it holds what [`Constraint::Depends`] and [`Constraint::Combinations`] are about: values that
/// [`DEFAULT_K`] units (people, or rows where nobody has two) or more have, and nothing of rarer ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "HeldFile")]
pub struct Held {
    constraint: Constraint,
    facts: Facts,
}

/// What a model file holds of one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeldFile {
    constraint: Constraint,
    facts: Facts,
}

impl TryFrom<HeldFile> for Held {
    type Error = &'static str;

    /// One that [`Held::of`] could have made of some table.
    fn try_from(file: HeldFile) -> std::result::Result<Self, &'static str> {
        let HeldFile { constraint, facts } = file;
        let fits = match (&constraint, &facts) {
            (Constraint::Depends { .. }, Facts::Follows(_)) => true,
            (Constraint::Combinations { columns }, Facts::Together(seen)) => {
                seen.iter().all(|tuple| tuple.len() == columns.len())
            }
            (Constraint::Depends { .. } | Constraint::Combinations { .. }, _) => false,
            (_, facts) => *facts == Facts::Nothing,
        };
        if fits { Ok(Self { constraint, facts }) } else { Err("the facts are not those of the constraint") }
    }
}

/// What was seen in the training rows, as [labels](Table::labels).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Facts {
    Nothing,
    /// What follows from each value that is known.
    Follows(Vec<[String; 2]>),
    /// The values that are seen together.
    Together(Vec<Vec<String>>),
}

/// How many rows and how many units have something, counted unit by unit.
#[derive(Clone, Copy, Default)]
struct Shared {
    rows: usize,
    units: usize,
    /// The next unit after the one that was counted last.
    next: usize,
}

impl Shared {
    fn add(&mut self, unit: usize) {
        self.rows += 1;
        self.units += usize::from(self.next != unit + 1);
        self.next = unit + 1;
    }
}

impl Held {
    /// The constraint as it is seen in `train`.
    ///
    /// Where a declared dependency is broken in `train`, the value that most rows have follows.
    ///
    /// # Errors
    /// As [`Constraint::check`].
    pub fn of(constraint: &Constraint, train: &Table) -> Result<Self> {
        constraint.check(&train.schema().fields)?;
        let facts = match constraint {
            Constraint::Depends { on, column } => Facts::Follows(follows(train, on, column)),
            Constraint::Combinations { columns } => {
                let mut counts: HashMap<Vec<&str>, Shared> = HashMap::new();
                let labels = labels_of(train, columns);
                for (unit, rows) in Units::of(train).grouped().iter().enumerate() {
                    for tuple in rows.iter().filter_map(|&row| tuple(&labels, row)) {
                        counts.entry(tuple).or_default().add(unit);
                    }
                }
                let shared = counts.into_iter().filter(|(_, shared)| shared.units >= DEFAULT_K);
                let mut seen: Vec<Vec<String>> =
                    shared.map(|(tuple, _)| tuple.into_iter().map(str::to_owned).collect()).collect();
                seen.sort_unstable();
                Facts::Together(seen)
            }
            _ => Facts::Nothing,
        };
        Ok(Self { constraint: constraint.clone(), facts })
    }

    /// The constraint.
    pub fn constraint(&self) -> &Constraint {
        &self.constraint
    }

    /// Which rows of `table` violate the constraint. A row with a missing cell can violate only constraints on missing
    /// cells; a value, or values together, that too few training rows have break a dependency and combinations.
    ///
    /// # Panics
    /// If `table` lacks a column of the constraint.
    pub fn broken(&self, table: &Table) -> Vec<bool> {
        let at = |name: &String| column(table.schema(), name);
        let numbers = |name: &String| table.numbers(at(name));
        match &self.constraint {
            Constraint::Order { lower, upper, strict } => {
                let pairs = numbers(lower).into_iter().zip(numbers(upper));
                pairs.map(|(a, b)| if *strict { a >= b } else { a > b }).collect() // never of NaN
            }
            Constraint::Sum { total, parts } => {
                let slack = rounding(table.schema(), total, parts);
                let parts: Vec<Vec<f64>> = parts.iter().map(numbers).collect();
                let sums = numbers(total);
                (0..table.n_rows())
                    .map(|row| {
                        let own: Vec<f64> = parts.iter().map(|part| part[row]).collect();
                        !adds_up(&own, sums[row]) && (own.iter().sum::<f64>() - sums[row]).abs() > slack
                    })
                    .collect()
            }
            Constraint::Depends { on, column } => {
                let (from, to) = (table.labels(at(on)), table.labels(at(column)));
                let known: HashMap<&str, &str> =
                    self.pairs().iter().map(|[from, to]| (from.as_str(), to.as_str())).collect();
                let is_broken = |(from, to): (&Option<String>, &Option<String>)| match (from, to) {
                    (Some(from), Some(to)) => known.get(from.as_str()) != Some(&to.as_str()),
                    _ => false,
                };
                from.iter().zip(&to).map(is_broken).collect()
            }
            Constraint::Combinations { columns } => {
                let labels = labels_of(table, columns);
                let seen: HashSet<Vec<&str>> = match &self.facts {
                    Facts::Together(seen) => {
                        seen.iter().map(|tuple| tuple.iter().map(String::as_str).collect()).collect()
                    }
                    _ => HashSet::new(),
                };
                (0..table.n_rows()).map(|row| tuple(&labels, row).is_some_and(|tuple| !seen.contains(&tuple))).collect()
            }
            Constraint::Range { column: name, min, max } => {
                let field = &table.schema().fields[at(name)];
                let bound = |value: &Option<Value>| value.as_ref().and_then(|value| value.number(field));
                let (min, max) = (bound(min), bound(max));
                let is_out = |x: f64| min.is_some_and(|min| x < min) || max.is_some_and(|max| x > max);
                numbers(name).into_iter().map(is_out).collect()
            }
            Constraint::Implies { condition, then } => {
                let asked = passed(condition, table, at(&condition.column));
                let given = passed(then, table, at(&then.column));
                asked.into_iter().zip(given).map(|pair| pair == (Some(true), Some(false))).collect()
            }
            Constraint::MissingTogether { columns } => {
                let gaps: Vec<Vec<bool>> = columns.iter().map(|name| missing(table, at(name))).collect();
                (0..table.n_rows()).map(|row| gaps.iter().any(|own| own[row] != gaps[0][row])).collect()
            }
        }
    }

    /// What follows from each known value of a dependency.
    pub(crate) fn pairs(&self) -> &[[String; 2]] {
        match &self.facts {
            Facts::Follows(pairs) => pairs,
            _ => &[],
        }
    }
}

/// Whether `parts` add up to `total` but for the rounding of floats, or one of them is missing (NaN).
pub fn adds_up(parts: &[f64], total: f64) -> bool {
    let gap = (parts.iter().sum::<f64>() - total).abs();
    gap.is_nan() || gap <= 1e-9 * (parts.iter().map(|x| x.abs()).sum::<f64>() + total.abs())
}

/// How far a sum may be from its total because the total is written with fewer digits than its parts.
fn rounding(schema: &Schema, total: &str, parts: &[String]) -> f64 {
    let format = |name: &str| schema.fields[column(schema, name)].number;
    let Some(own) = format(total) else { return 0.0 };
    let is_coarser = parts.iter().filter_map(|part| format(part)).any(|part| part.decimals > own.decimals);
    if is_coarser { own.step * 0.500_001 } else { 0.0 }
}

fn column(schema: &Schema, name: &str) -> usize {
    schema.index_of(name).expect("the constraint was checked against these columns")
}

fn labels_of(table: &Table, columns: &[String]) -> Vec<Vec<Option<String>>> {
    columns.iter().map(|name| table.labels(column(table.schema(), name))).collect()
}

/// The labels of a row, if all are there.
fn tuple(labels: &[Vec<Option<String>>], row: usize) -> Option<Vec<&str>> {
    labels.iter().map(|own| own[row].as_deref()).collect()
}

/// The value of `column` that most rows have with each value of `on`, where enough rows have both.
fn follows(train: &Table, on: &str, name: &str) -> Vec<[String; 2]> {
    let schema = train.schema();
    let [from, to] = [column(schema, on), column(schema, name)].map(|c| (Codes::of(train, c), train.labels(c)));
    let mut counts: HashMap<(u32, u32), Shared> = HashMap::new();
    for (unit, rows) in Units::of(train).grouped().iter().enumerate() {
        for (a, b) in rows.iter().map(|&row| (from.0.codes[row], to.0.codes[row])) {
            if a != MISSING && b != MISSING {
                counts.entry((a, b)).or_default().add(unit);
            }
        }
    }
    // Sorted, so that the first of equally frequent values follows.
    let mut counts: Vec<((u32, u32), Shared)> = counts.into_iter().collect();
    counts.sort_unstable_by_key(|&((a, b), shared)| (a, std::cmp::Reverse(shared.rows), b));
    let (first_a, first_b) = (from.0.first_rows(), to.0.first_rows());
    let label = |labels: &[Option<String>], row: usize| labels[row].clone().unwrap_or_default();
    let mut pairs: Vec<[String; 2]> = counts
        .chunk_by(|one, other| one.0.0 == other.0.0)
        .filter(|own| own[0].1.units >= DEFAULT_K)
        .map(|own| {
            let (a, b) = own[0].0;
            [label(&from.1, first_a[a as usize]), label(&to.1, first_b[b as usize])]
        })
        .collect();
    pairs.sort_unstable();
    pairs
}

//! Columns that follow from another one, put right after they are drawn.
//!
//! All columns are learnt: a column that others follow from may hold what they say only hidden, as a date holds its weekday,
//! and a generator that saw the date alone would lose it. A drawn row that breaks the rule is repaired:
//!
//! - where the determining column is a scale, it moves to the nearest value that the columns drawn beside it follow from;
//! - where it has levels, or no value says what was drawn, what follows from it is looked up.
//!
//! Only values that [`DEFAULT_K`](crate::schema::DEFAULT_K) training rows have are looked up or moved to.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::constraint::Held;
use crate::schema::{Constraint, Schema};
use crate::table::{Table, column_from_labels};

/// What follows from the values of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lookup {
    pub(super) on: String,
    pub(super) columns: Vec<String>,
    /// The values that are known, each with what follows in the order of the columns, as labels.
    entries: Vec<(String, Vec<Option<String>>)>,
}

impl Lookup {
    /// Of dependencies on one column.
    pub(super) fn of(held: &[&Held]) -> Self {
        let (mut on, mut columns) = (String::new(), Vec::new());
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut entries: Vec<(String, Vec<Option<String>>)> = Vec::new();
        for (k, own) in held.iter().enumerate() {
            let Constraint::Depends { on: from, column } = own.constraint() else { continue };
            on.clone_from(from);
            columns.push(column.clone());
            for [from, to] in own.pairs() {
                let place = *places.entry(from).or_insert_with(|| {
                    entries.push((from.clone(), vec![None; held.len()]));
                    entries.len() - 1
                });
                entries[place].1[k] = Some(to.clone());
            }
        }
        entries.sort_unstable();
        Self { on, columns, entries }
    }

    pub(super) fn is_sound(&self, schema: &Schema) -> bool {
        let has = |name: &String| schema.index_of(name).is_some();
        has(&self.on)
            && self.columns.iter().all(has)
            && self.entries.iter().all(|(_, follows)| follows.len() == self.columns.len())
    }

    /// `table` with every row put right that can be.
    pub(super) fn repaired(&self, table: &Table) -> Table {
        let schema = table.schema();
        let on_idx = schema.index_of(&self.on).expect("the columns of the table that was learnt");
        let indices: Vec<usize> = self.indices(schema);
        let mut keys = table.labels(on_idx);
        let mut cells: Vec<Vec<Option<String>>> = indices.iter().map(|&c| table.labels(c)).collect();
        let known: HashMap<&str, usize> =
            self.entries.iter().enumerate().map(|(place, (key, _))| (key.as_str(), place)).collect();
        let by_number = schema.fields[on_idx].kind.is_scale().then(|| self.by_number());
        for row in 0..table.n_rows() {
            let Some(key) = keys[row].clone() else { continue };
            let drawn: Vec<Option<&String>> = cells.iter().map(|column| column[row].as_ref()).collect();
            let place = known.get(key.as_str()).copied();
            if place.is_some_and(|place| self.is_kept(place, &drawn)) {
                continue;
            }
            let moved = by_number.as_ref().and_then(|values| {
                let x: f64 = key.parse().ok()?;
                let nearest = |fits: &dyn Fn(usize) -> bool| {
                    let fitting = values.iter().filter(|(_, place)| fits(*place));
                    fitting.min_by(|a, b| (a.0 - x).abs().total_cmp(&(b.0 - x).abs())).map(|(_, place)| *place)
                };
                nearest(&|place| self.is_kept(place, &drawn)).or_else(|| nearest(&|_| true))
            });
            let Some(place) = moved.or(place) else { continue };
            keys[row] = Some(self.entries[place].0.clone());
            for (column, follows) in cells.iter_mut().zip(&self.entries[place].1) {
                if column[row].is_some() && follows.is_some() {
                    column[row].clone_from(follows);
                }
            }
        }
        let mut columns = table.batch().columns().to_vec();
        columns[on_idx] = column_from_labels(&schema.fields[on_idx], keys.iter().map(Option::as_deref));
        for (&c, column) in indices.iter().zip(&cells) {
            columns[c] = column_from_labels(&schema.fields[c], column.iter().map(Option::as_deref));
        }
        Table::new(Arc::clone(schema), columns).expect("columns keep their types")
    }

    /// `completed` with what follows from the determining column in the cells that `given` lacks.
    pub(super) fn followed(&self, given: &Table, completed: &Table) -> Table {
        let schema = completed.schema();
        let on_idx = schema.index_of(&self.on).expect("the columns of the table that was learnt");
        let keys = completed.labels(on_idx);
        let known: HashMap<&str, &Vec<Option<String>>> =
            self.entries.iter().map(|(key, follows)| (key.as_str(), follows)).collect();
        let mut columns = completed.batch().columns().to_vec();
        for (k, c) in self.indices(schema).into_iter().enumerate() {
            let (is_missing, mut cells) = (given.missing(c), completed.labels(c));
            for row in (0..cells.len()).filter(|&row| is_missing[row]) {
                let follows = keys[row].as_deref().and_then(|key| known.get(key)?[k].clone());
                if follows.is_some() {
                    cells[row] = follows;
                }
            }
            columns[c] = column_from_labels(&schema.fields[c], cells.iter().map(Option::as_deref));
        }
        Table::new(Arc::clone(schema), columns).expect("columns keep their types")
    }

    fn indices(&self, schema: &Schema) -> Vec<usize> {
        self.columns
            .iter()
            .map(|name| schema.index_of(name).expect("the columns of the table that was learnt"))
            .collect()
    }

    fn by_number(&self) -> Vec<(f64, usize)> {
        let number = |(place, (key, _)): (usize, &(String, _))| Some((key.parse().ok()?, place));
        self.entries.iter().enumerate().filter_map(number).collect()
    }

    /// Whether what was drawn follows from the value at `place`.
    fn is_kept(&self, place: usize, drawn: &[Option<&String>]) -> bool {
        let follows = &self.entries[place].1;
        follows.iter().zip(drawn).all(|(follows, drawn)| drawn.is_none() || follows.as_ref() == *drawn)
    }
}

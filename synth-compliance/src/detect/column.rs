//! One column as the detectors see it: its distinct cells in one spelling, and how often each stands there.

use synth_core::schema::Storage;
use synth_core::table::Levels;
use synth_core::{Field, Table};

use super::fold::clean;

/// The cells of a column that are not missing.
#[derive(Debug)]
pub(super) struct Column<'a> {
    /// What the schema says of it.
    pub(super) field: &'a Field,
    /// The distinct cells, [cleaned](clean), in order, each with how many rows have it. Empty for dates.
    pub(super) cells: Vec<(String, usize)>,
    /// Cells that are not missing.
    pub(super) n: usize,
    /// The cells as numbers, sorted; seconds since 1970 of dates; none of text.
    pub(super) numbers: Vec<f64>,
}

impl<'a> Column<'a> {
    /// The column at `column_idx` of `table`, whose field is `field`.
    pub(super) fn of(table: &Table, column_idx: usize, field: &'a Field) -> Self {
        let mut numbers = table.numbers(column_idx);
        numbers.retain(|x| !x.is_nan());
        numbers.sort_unstable_by(f64::total_cmp);
        let cells = match field.storage {
            Storage::Timestamp => Vec::new(),
            Storage::Text => counted(table, column_idx, |cell| clean(&cell).into_owned()),
            Storage::Float => {
                let format = field.number.unwrap_or_default();
                let spelled = |x: &f64| format.format(*x);
                let mut cells: Vec<(String, usize)> = Vec::new();
                for run in numbers.chunk_by(|a, b| a == b) {
                    cells.push((spelled(&run[0]), run.len()));
                }
                cells
            }
            _ => counted(table, column_idx, |cell| cell),
        };
        let n = match field.storage {
            Storage::Text => cells.iter().map(|(_, n)| n).sum(),
            _ => numbers.len(),
        };
        Self { field, cells, n, numbers }
    }

    /// Cells that are text.
    pub(super) fn is_text(&self) -> bool {
        self.field.storage == Storage::Text
    }

    /// Distinct cells.
    pub(super) fn n_distinct(&self) -> usize {
        self.cells.len()
    }

    /// Distinct cells among those that are not missing; 0 if all are.
    pub(super) fn distinct_share(&self) -> f64 {
        if self.n == 0 { 0.0 } else { self.cells.len() as f64 / self.n as f64 }
    }

    /// How many cells, and how many distinct ones, `accepts` takes.
    pub(super) fn count(&self, accepts: impl Fn(&str) -> bool) -> Hits {
        let mut hits = Hits { n: self.n, ..Hits::default() };
        for (_, rows) in self.cells.iter().filter(|(cell, _)| accepts(cell)) {
            hits.rows += rows;
            hits.distinct += 1;
        }
        hits
    }

    /// The share of numbers that `accepts` takes; 0 if there are none.
    pub(super) fn share_of_numbers(&self, accepts: impl Fn(f64) -> bool) -> f64 {
        let hits = self.numbers.iter().filter(|x| accepts(**x)).count();
        if hits == 0 { 0.0 } else { hits as f64 / self.numbers.len() as f64 }
    }
}

/// How much of a column a test takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hits {
    /// Rows.
    pub(super) rows: usize,
    /// Distinct cells.
    pub(super) distinct: usize,
    /// Rows that are not missing.
    n: usize,
}

impl Hits {
    /// The share of the rows; 0 if there are none.
    pub(super) fn share(self) -> f64 {
        if self.n == 0 { 0.0 } else { self.rows as f64 / self.n as f64 }
    }
}

fn counted(table: &Table, column_idx: usize, spell: impl Fn(String) -> String) -> Vec<(String, usize)> {
    let Levels { names, codes } = table.levels(column_idx);
    let mut counts = vec![0; names.len()];
    codes.iter().flatten().for_each(|&code| counts[code as usize] += 1);
    drop(codes);
    let mut cells: Vec<(String, usize)> = names.into_iter().map(spell).zip(counts).collect();
    cells.retain(|(cell, _)| !cell.is_empty());
    cells.sort_unstable();
    cells.dedup_by(|later, first| {
        let same = later.0 == first.0;
        first.1 += if same { later.1 } else { 0 };
        same
    });
    cells
}

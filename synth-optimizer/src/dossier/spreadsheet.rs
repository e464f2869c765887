//! Text that a spreadsheet runs as a formula when it opens a text file: it begins with `=`, `+`, `-`, `@`, a tab or a carriage
//! return, and is no number.
//!
//! Such cells are told of. If they are to be safe, an apostrophe is put before them, and before those that would look as if one
//! had been: so whoever takes one apostrophe away from each cell that has such text behind its apostrophes has the table back.
//! Source: the OWASP page on CSV injection. Departs from it: numbers with a sign stay as they are.
//!
//! Left out on purpose: Parquet and Arrow files, whose cells are typed.

use std::collections::BTreeMap;
use std::sync::Arc;

use synth_core::schema::{Format, Source, Storage};
use synth_core::table::column_from_labels;
use synth_core::{Field, Schema, Table};

/// What becomes of text that a spreadsheet would run as a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Formulas {
    /// It is written as it is.
    #[default]
    AsTheyAre,
    /// An apostrophe is put before it.
    Defused,
}

/// Whether a spreadsheet would run a cell.
fn is_formula(cell: &str) -> bool {
    let plain: String = cell.chars().filter(|c| !matches!(c, ' ' | '\'' | '%')).collect();
    cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && plain.replace(',', ".").parse::<f64>().is_err()
}

/// Whether a cell is one that an apostrophe is put before, or looks as if one had been.
fn is_marked(cell: &str) -> bool {
    is_formula(cell.trim_start_matches('\''))
}

fn header(field: &Field) -> &str {
    field.header.as_deref().unwrap_or(&field.name)
}

/// The treatment of a table's text on its way to a file, block by block, and what was met.
#[derive(Debug)]
pub struct Spreadsheet {
    formulas: Formulas,
    /// The schema of the file.
    schema: Arc<Schema>,
    /// Cells by their column.
    cells: BTreeMap<usize, u64>,
    /// Columns with such a name.
    names: Vec<String>,
    is_text: bool,
}

impl Spreadsheet {
    /// For a file of the form of `source` that holds tables under `schema`.
    pub fn new(formulas: Formulas, schema: &Arc<Schema>, source: &Source) -> Self {
        let is_text = source.format == Format::Csv;
        let risky = |field: &&Field| is_text && is_formula(header(field));
        let names = schema.fields.iter().filter(risky).map(|field| field.name.clone()).collect();
        let mut of_file = Arc::clone(schema);
        if is_text && formulas == Formulas::Defused && schema.fields.iter().any(|field| is_marked(header(field))) {
            let mut fields = schema.fields.clone();
            for field in fields.iter_mut().filter(|field| is_marked(header(field))) {
                field.header = Some(format!("'{}", header(field)));
            }
            of_file = Arc::new(schema.with_fields(fields));
        }
        Self { formulas, schema: of_file, cells: BTreeMap::new(), names, is_text }
    }

    /// The schema of the tables that [`treated`](Self::treated) gives.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The next rows as they are to be written.
    ///
    /// # Errors
    /// [`Error::SchemaMismatch`](synth_core::Error::SchemaMismatch) if they have other columns.
    pub fn treated(&mut self, table: &Table) -> synth_core::Result<Table> {
        if !self.is_text {
            return Ok(table.clone());
        }
        let mut columns = Vec::with_capacity(table.n_columns());
        for column_idx in 0..table.n_columns() {
            let (field, array) = table.column(column_idx);
            columns.push(Arc::clone(array));
            if field.storage != Storage::Text {
                continue;
            }
            let labels = table.labels(column_idx);
            let n = labels.iter().flatten().filter(|label| is_formula(label)).count();
            if n > 0 {
                *self.cells.entry(column_idx).or_default() += n as u64;
            }
            if self.formulas == Formulas::Defused && labels.iter().flatten().any(|label| is_marked(label)) {
                let mark = |label: &String| if is_marked(label) { format!("'{label}") } else { label.clone() };
                let marked: Vec<Option<String>> = labels.iter().map(|label| label.as_ref().map(mark)).collect();
                columns[column_idx] = column_from_labels(field, marked.iter().map(Option::as_deref));
            }
        }
        Table::new(Arc::clone(&self.schema), columns)
    }

    /// What is to be known of it, in words: columns and numbers of cells, and what was done. `None` if nothing was met.
    pub fn note(&self) -> Option<String> {
        let cells = self.cells.iter().map(|(&i, n)| {
            format!("{n} {} of `{}`", if *n == 1 { "cell" } else { "cells" }, self.schema.fields[i].name)
        });
        let names = self.names.iter().map(|name| format!("the name of `{name}`"));
        let met: Vec<String> = cells.chain(names).collect();
        let met = if met.is_empty() { return None } else { met.join(", ") };
        Some(match self.formulas {
            Formulas::AsTheyAre => {
                format!(
                    "a spreadsheet would run text as formulas: {met}; open the file as text, or write it spreadsheet-safe"
                )
            }
            Formulas::Defused => format!(
                "an apostrophe was put before text that a spreadsheet would run as formulas: {met}; take it away to have the \
                 text as it was"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use synth_core::Kind;

    use super::*;

    #[test]
    fn formulas_are_text_with_a_sign_and_no_numbers() {
        for cell in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-", "- none"] {
            assert!(is_formula(cell), "{cell:?}");
        }
        for cell in ["", "-1", "+5", "-0,5", "-5 %", "+41 79 123 45 67", "1=1", "a", "'=1", "<5"] {
            assert!(!is_formula(cell), "{cell:?}");
        }
    }

    #[test]
    fn what_was_put_before_can_be_taken_away() {
        let cells = [Some("=1+1"), Some("'=1+1"), Some("''-x"), None, Some("a"), Some("-5"), Some("'a")];
        let table = Table::builder().labels("=x", cells).kind("=x", Kind::Categorical);
        let table = table.integers("n", [-1, -2, -3, -4, -5, -6, -7]).build().unwrap();
        let treat = |formulas| {
            let mut sheet = Spreadsheet::new(formulas, table.schema(), &Source::default());
            (sheet.treated(&table).unwrap(), sheet.note().unwrap())
        };
        let (same, note) = treat(Formulas::AsTheyAre);
        assert_eq!(same.batch(), table.batch());
        assert!(note.contains("1 cell of `=x`, the name of `=x`"), "{note}");
        let (safe, note) = treat(Formulas::Defused);
        assert!(note.starts_with("an apostrophe was put before"), "{note}");
        assert_eq!(safe.schema().fields[0].header.as_deref(), Some("'=x"));
        assert_eq!(safe.column(1).1, table.column(1).1);
        let cells: Vec<Option<String>> = safe.labels(0);
        assert_eq!(cells[..3], ["'=1+1", "''=1+1", "'''-x"].map(|cell| Some(cell.to_owned())));
        let undone = |cell: &String| if is_marked(cell) { cell[1..].to_owned() } else { cell.clone() };
        let undone: Vec<Option<String>> = cells.iter().map(|cell| cell.as_ref().map(undone)).collect();
        assert_eq!(undone, table.labels(0));
    }
}

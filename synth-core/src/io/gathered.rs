//! The rows of all files of one table, before anything is inferred of them, and the table that they become.
//!
//! Columns of several files are matched by name. What they are is judged of all their cells together.

use std::sync::Arc;

use arrow::array::ArrayRef;

use super::dataset::Key;
use super::limits::no_rows;
#[cfg(any(feature = "database", feature = "spreadsheet", test))]
use super::options::ReadOptions;
use super::raw::RawColumn;
#[cfg(any(feature = "database", feature = "spreadsheet", test))]
use super::text::read_known;
use super::text::{Belongs, TextFile};
use super::typed::Typed;
use super::{cells, matched};
use crate::error::{BadInput, Error, InputRule, Result};
use crate::infer::{self, Inferred, Remark};
use crate::schema::{Compression, Dialect, Field, Format, SCHEMA_VERSION, Schema, Source};
use crate::table::Table;

/// A table that was read, with notes for a person.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The table.
    pub table: Table,
    /// Decisions that a person may want to overrule (no header found, dates of unclear order, …), a sentence each.
    /// Columns and lines are named, cells never shown.
    pub notes: Vec<String>,
}

/// Files that a note names, at most.
const MAX_NAMED: usize = 3;

/// What was read so far.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// How the first file was written.
    source: Option<Source>,
    body: Body,
    /// Columns of the files' folders, which stand behind the others.
    keys: Vec<(String, RawColumn)>,
    files: Vec<FileRows>,
    notes: Vec<Note>,
    /// Bytes of the files, decompressed.
    pub(super) n_bytes: u64,
}

#[derive(Debug, Default)]
enum Body {
    #[default]
    Nothing,
    Text(TextBody),
    Typed(Box<Typed>),
}

#[derive(Debug)]
struct TextBody {
    names: Vec<String>,
    headers: Vec<Option<String>>,
    columns: Vec<RawColumn>,
    /// The line of its file on which each row begins.
    lines: Vec<u32>,
}

/// Where a file's rows begin.
#[derive(Debug)]
struct FileRows {
    name: Option<String>,
    first_row: usize,
}

/// What a person must be told, and of which files.
#[derive(Debug)]
struct Note {
    text: String,
    files: Vec<usize>,
}

impl Gathered {
    /// What the next file is told of the table.
    pub(super) fn belongs<'a>(&'a self, schema: Option<&'a [String]>) -> Belongs<'a> {
        let known = match &self.body {
            Body::Text(body) if self.has_header() => Some(body.names.as_slice()),
            Body::Text(_) => None,
            _ => schema,
        };
        Belongs { known, n_rows: self.n_rows() }
    }

    fn has_header(&self) -> bool {
        self.source.as_ref().is_none_or(|source| source.format != Format::Csv || source.dialect.header)
    }

    fn n_rows(&self) -> usize {
        match &self.body {
            Body::Nothing => 0,
            Body::Text(body) => body.lines.len(),
            Body::Typed(typed) => typed.n_rows,
        }
    }

    /// Adds the rows of a text file.
    pub(super) fn add_text(&mut self, name: Option<&str>, file: TextFile, keys: &[Key]) -> Result<()> {
        let first_row = self.n_rows();
        self.files.push(FileRows { name: name.map(str::to_owned), first_row });
        self.n_bytes += file.n_bytes;
        file.notes.into_iter().for_each(|text| self.note(text));
        let n_rows = file.lines.len();
        let has_header = self.has_header();
        match &mut self.body {
            Body::Nothing => {
                self.body = Body::Text(TextBody {
                    names: file.names.names,
                    headers: file.names.spelled,
                    columns: file.columns,
                    lines: file.lines,
                });
                self.source = Some(file.source);
            }
            Body::Typed(_) => return Err(of_two_kinds("text")),
            Body::Text(body) => {
                let has_names = file.source.dialect.header;
                let positions = if has_names || !has_header {
                    matched::with_first(&body.names, &file.names.names)?
                } else if body.names.len() == file.columns.len() {
                    (0..body.names.len()).collect()
                } else {
                    let (n, n_first) = (file.columns.len(), body.names.len());
                    let problem = format!("the file has {n} columns and no header, the first file {n_first}");
                    return Err(BadInput::new(InputRule::UnknownColumn, problem).into());
                };
                let mut columns = file.columns;
                for (column, position) in body.columns.iter_mut().zip(positions) {
                    column.append(std::mem::take(&mut columns[position]));
                }
                body.lines.extend(file.lines);
            }
        }
        self.add_keys(keys, n_rows)
    }

    /// Adds the rows of UTF-8 text from anywhere, whose dialect is known; see [`read_known`].
    #[cfg(any(feature = "database", feature = "spreadsheet", test))]
    pub(super) fn add_csv(
        &mut self,
        from: impl std::io::Read,
        dialect: Dialect,
        name: Option<&str>,
        keys: &[Key],
        options: &ReadOptions,
    ) -> Result<()> {
        let known = options.known_names();
        let file = read_known(from, dialect, options, name, self.belongs(known.as_deref()))?;
        self.add_text(name, file, keys)
    }

    /// Adds the rows that `read` puts into typed columns; it gives their bytes.
    pub(super) fn add_typed(
        &mut self,
        name: Option<&str>,
        format: Format,
        compression: Compression,
        keys: &[Key],
        read: impl FnOnce(&mut Typed, u64) -> Result<u64>,
    ) -> Result<()> {
        let first_row = self.n_rows();
        self.files.push(FileRows { name: name.map(str::to_owned), first_row });
        if let Body::Nothing = self.body {
            self.body = Body::Typed(Box::default());
            self.source = Some(Source { format, compression, dialect: Dialect::default() });
        }
        let Body::Typed(typed) = &mut self.body else { return Err(of_two_kinds("typed")) };
        self.n_bytes += read(typed, self.n_bytes)?;
        let n_rows = typed.n_rows - first_row;
        std::mem::take(&mut typed.notes).into_iter().for_each(|text| self.note(text));
        self.add_keys(keys, n_rows)
    }

    /// Adds what the file's folders say of each of its rows.
    fn add_keys(&mut self, keys: &[Key], n_rows: usize) -> Result<()> {
        if self.files.len() == 1 {
            let names = match &self.body {
                Body::Text(body) => &body.names,
                Body::Typed(typed) => &typed.names,
                Body::Nothing => return Ok(()),
            };
            for key in keys {
                if names.contains(&key.name) || self.keys.iter().any(|(name, _)| *name == key.name) {
                    return Err(BadInput::new(InputRule::DuplicateColumn, "a column and a folder have the same name")
                        .in_column(&key.name)
                        .hint("rename one of them")
                        .into());
                }
                self.keys.push((key.name.clone(), RawColumn::default()));
            }
        }
        for (name, column) in &mut self.keys {
            let Some(key) = keys.iter().find(|key| key.name == *name) else {
                return Err(BadInput::new(
                    InputRule::UnknownColumn,
                    "this file has no folder for a column of the first file",
                )
                .in_column(name)
                .into());
            };
            column.append(RawColumn::repeated(key.value.clone(), n_rows));
        }
        match keys.iter().find(|key| !self.keys.iter().any(|(name, _)| *name == key.name)) {
            Some(key) => {
                let problem = "a folder of this file adds a column that the first file does not have";
                Err(BadInput::new(InputRule::UnknownColumn, problem).in_column(&key.name).into())
            }
            None => Ok(()),
        }
    }

    /// Tells something about the latest file.
    pub(super) fn note(&mut self, text: String) {
        let file = self.files.len() - 1;
        match self.notes.iter_mut().find(|note| note.text == text) {
            Some(note) => note.files.push(file),
            None => self.notes.push(Note { text, files: vec![file] }),
        }
    }

    /// The table of all files: under `schema`, or else inferred.
    pub(super) fn finish(mut self, schema: Option<&Schema>) -> Result<Reading> {
        if self.n_rows() == 0 {
            return Err(no_rows().into());
        }
        let mut notes = self.shown_notes();
        let keys = std::mem::take(&mut self.keys);
        let has_header = self.has_header();
        let source = self.source.take().expect("there are rows, so there is a file");
        let (mut names, mut headers, columns, lines) = match self.body {
            Body::Text(body) => {
                (body.names, body.headers, body.columns.into_iter().map(Column::Text).collect(), Some(body.lines))
            }
            Body::Typed(mut typed) => {
                let (names, headers) = (std::mem::take(&mut typed.names), std::mem::take(&mut typed.headers));
                let columns: Vec<Column> = typed.into_columns().map(|(array, own)| Column::Typed(array, own)).collect();
                (names, headers, columns, None)
            }
            Body::Nothing => unreachable!("there are rows"),
        };
        let mut columns = columns;
        for (name, column) in keys {
            names.push(name);
            headers.push(None);
            columns.push(Column::Text(column));
        }
        let places = Places { files: &self.files, lines: lines.as_deref() };
        let table = match schema {
            Some(schema) => under_schema(schema, &names, has_header, columns, &places)?,
            None => inferred(source, &names, headers, columns, &places, &mut notes)?,
        };
        Ok(Reading { table, notes })
    }

    /// The notes; where there are several files each names those it is about.
    fn shown_notes(&self) -> Vec<String> {
        let shown = |note: &Note| {
            let named = note.files.iter().take(MAX_NAMED).filter_map(|&file| self.files[file].name.as_deref());
            let named: Vec<&str> = named.collect();
            match note.files.len().saturating_sub(MAX_NAMED) {
                _ if self.files.len() == 1 || named.is_empty() => note.text.clone(),
                0 => format!("{}: {}", named.join(", "), note.text),
                n => format!("{} and {n} more: {}", named.join(", "), note.text),
            }
        };
        self.notes.iter().map(shown).collect()
    }
}

/// A column of all files.
enum Column {
    Text(RawColumn),
    /// With its own type, if that is another.
    Typed(ArrayRef, Option<String>),
}

/// Where rows are from.
struct Places<'a> {
    files: &'a [FileRows],
    lines: Option<&'a [u32]>,
}

impl Places<'_> {
    /// The row's file, if there are several, and its line, or else its row in the file, from 1.
    fn of(&self, row: usize) -> (Option<&str>, u64) {
        let after = self.files.partition_point(|file| file.first_row <= row);
        let file = &self.files[after - 1];
        let name = file.name.as_deref().filter(|_| self.files.len() > 1);
        (name, self.lines.map_or_else(|| (row - file.first_row) as u64 + 1, |lines| lines[row].into()))
    }

    fn note_of(&self, remark: &Remark, name: &str) -> String {
        let places: Vec<_> = remark.rows.iter().map(|&row| self.of(row)).collect();
        let at: Vec<String> = match self.files.len() {
            1 => places.iter().map(|(_, line)| line.to_string()).collect(),
            _ => places.iter().map(|(file, line)| format!("{} line {line}", file.unwrap_or_default())).collect(),
        };
        match at.as_slice() {
            [] => format!("column `{name}`: {}", remark.text),
            _ if self.files.len() > 1 => format!("column `{name}`: {} ({})", remark.text, at.join(", ")),
            [line] => format!("column `{name}`: {} (line {line})", remark.text),
            _ => format!("column `{name}`: {} (lines {})", remark.text, at.join(", ")),
        }
    }

    fn error_of(&self, field: &Field, fault: cells::Fault) -> Error {
        let (file, at) = self.of(fault.row);
        let bad = match self.lines {
            Some(_) => BadInput::new(fault.rule, fault.problem).at_line(at),
            None => BadInput::new(fault.rule, format!("{} (row {at})", fault.problem)),
        };
        let bad = bad.in_column(&field.name).hint(fault.hint);
        match file {
            Some(name) => bad.in_input(name).into(),
            None => bad.into(),
        }
    }
}

fn inferred(
    source: Source,
    names: &[String],
    headers: Vec<Option<String>>,
    columns: Vec<Column>,
    places: &Places<'_>,
    notes: &mut Vec<String>,
) -> Result<Table> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for ((name, header), column) in names.iter().zip(headers).zip(columns) {
        // Each column of raw text is let go when it has been judged: the table need not fit in memory twice.
        let (Inferred { field, array, remarks }, arrow) = match column {
            Column::Text(cells) => (infer::from_cells(name, cells.len(), || cells.iter()), None),
            Column::Typed(array, own_type) => (infer::from_array(name, &array), own_type),
        };
        notes.extend(remarks.iter().map(|remark| places.note_of(remark, name)));
        fields.push(Field { header, arrow, ..field });
        arrays.push(array);
    }
    Table::new(
        Arc::new(Schema { version: SCHEMA_VERSION, unit: None, source, fields, constraints: Vec::new() }),
        arrays,
    )
}

fn under_schema(
    schema: &Schema,
    names: &[String],
    has_header: bool,
    columns: Vec<Column>,
    places: &Places<'_>,
) -> Result<Table> {
    let positions = if has_header {
        matched::with_schema(schema, names)?
    } else if columns.len() == schema.fields.len() {
        (0..columns.len()).collect()
    } else {
        let problem =
            format!("the file has {} columns and no header, the schema {}", columns.len(), schema.fields.len());
        return Err(BadInput::new(InputRule::UnknownColumn, problem).into());
    };
    let mut columns: Vec<Option<Column>> = columns.into_iter().map(Some).collect();
    let arrays: Result<Vec<ArrayRef>> = schema
        .fields
        .iter()
        .zip(positions)
        .map(|(field, position)| {
            let column = columns[position].take();
            let twice = || BadInput::new(InputRule::Schema, "two fields have the same name").in_column(&field.name);
            let array = match column.ok_or_else(twice)? {
                Column::Text(column) => {
                    cells::from_text(field, column.iter().map(|(cell, decimal)| (Some(cell), decimal)))
                }
                Column::Typed(array, _) => cells::from_array(field, &array),
            };
            array.map_err(|fault| places.error_of(field, fault))
        })
        .collect();
    Table::new(Arc::new(schema.clone()), arrays?)
}

fn of_two_kinds(this: &str) -> Error {
    let (this, first) = match this {
        "text" => ("text", "Parquet or Arrow"),
        _ => ("Parquet or Arrow", "text"),
    };
    BadInput::new(InputRule::Unsupported, format!("the file is {this}, the first file {first}"))
        .hint("the files of a table must be all text, or all Parquet or Arrow")
        .into()
}

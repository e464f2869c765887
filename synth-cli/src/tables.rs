//! Tables that are given, and what is said of them before anything is done.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use synth_core::io::{Header, ReadOptions, read_bytes, read_paths};
use synth_core::schema::{Field, Schema};
use synth_core::{BadInput, Error, InputRule, Table};

use crate::args::{Reading, YesNo};
use crate::{databases, files, show};

/// The built-in table: see `data/README.md` for its source.
pub(crate) const DEMO: &[u8] = include_bytes!("../data/gbsg2.csv");

/// What the built-in table is called.
pub(crate) const DEMO_NAME: &str = "gbsg2 (built in)";

/// How to read a table, from the arguments.
pub(crate) fn read_options(args: &Reading) -> Result<ReadOptions> {
    let schema = args.schema.as_deref().map(read_schema).transpose()?;
    Ok(ReadOptions { header: header_of(args.header), schema, ..ReadOptions::default() })
}

fn header_of(said: Option<YesNo>) -> Header {
    match said {
        None => Header::Detect,
        Some(YesNo::Yes) => Header::Yes,
        Some(YesNo::No) => Header::No,
    }
}

fn read_schema(path: &Path) -> Result<Schema> {
    let failed = |source| Error::cannot_read(path.display().to_string(), source);
    let text = std::fs::read_to_string(path).map_err(failed)?;
    Schema::from_toml(&text).with_context(|| format!("schema {}", path.display()))
}

/// Reads a table from one or several files, from standard input or from a database, and tells its notes to the user.
pub(crate) fn read_table(paths: &[PathBuf], options: &ReadOptions, quiet: bool) -> Result<Table> {
    files::check_streams_alone(paths)?;
    let reading = match paths {
        [path] if files::is_standard(path) => {
            let options = ReadOptions { name: Some(files::name_of(path)), ..options.clone() };
            read_bytes(files::read_standard_input(options.limits.bytes)?, &options)?
        }
        [path] if databases::is_address(path) => databases::read(path, options)?,
        paths => read_paths(paths, options)?,
    };
    if !quiet {
        reading.notes.iter().for_each(|note| show::note(note));
    }
    Ok(reading.table)
}

/// The table in the files, or else, if there are none, the built-in one.
pub(crate) fn read_table_or_demo(paths: &[PathBuf], options: &ReadOptions, quiet: bool) -> Result<Table> {
    match paths {
        [_, ..] => read_table(paths, options, quiet),
        [] => {
            let options = ReadOptions { name: Some(DEMO_NAME.to_owned()), ..options.clone() };
            Ok(read_bytes(DEMO.to_vec(), &options)?.table)
        }
    }
}

/// The same of bytes that were read already, from `path`.
pub(crate) fn read_table_of(bytes: Vec<u8>, path: &Path, options: &ReadOptions, quiet: bool) -> Result<Table> {
    let reading = read_kept(bytes, path, options.clone())?;
    if !quiet {
        reading.notes.iter().for_each(|note| show::note(note));
    }
    Ok(reading.table)
}

/// A table in what was [read once](files::read_once).
fn read_kept(bytes: Vec<u8>, path: &Path, options: ReadOptions) -> Result<synth_core::io::Reading> {
    let options = ReadOptions { name: Some(files::name_of(path)), ..options };
    match databases::is_address(path) {
        true => databases::read_fetched(&bytes, &options),
        false => Ok(read_bytes(bytes, &options)?),
    }
}

/// Reads a table for a model: its columns are those of `schema` in name, storage and order. What is missing, and how cells
/// are spelled, is told by the file. Also gives the schema that the file alone would have.
pub(crate) fn read_table_under(
    schema: &Schema,
    paths: &[PathBuf],
    header: Option<YesNo>,
    quiet: bool,
) -> Result<(Table, Arc<Schema>)> {
    let options = ReadOptions { header: header_of(header), ..ReadOptions::default() };
    files::check_streams_alone(paths)?;
    // What can be read once only is kept.
    let bytes = match paths {
        [path] if !files::is_regular(path) && !files::is_several(path) => Some((path, files::read_once(path)?)),
        _ => None,
    };
    let read = |options: ReadOptions| match &bytes {
        Some((path, bytes)) => read_kept(bytes.clone(), path, options),
        None => Ok(read_paths(paths, &options)?),
    };
    let found = Arc::clone(read(options.clone())?.table.schema());
    let mut schema = Schema { source: found.source.clone(), ..schema.clone() };
    for field in &mut schema.fields {
        if let Some(i) = found.index_of(&field.name) {
            spell_as(field, &found.fields[i]);
        }
    }
    let reading = read(ReadOptions { schema: Some(schema), ..options })?;
    if !quiet {
        reading.notes.iter().for_each(|note| show::note(note));
    }
    Ok((reading.table, found))
}

/// Changes how the cells of `field` are spelled to that of `found`, so that each of its cells is written as it was read,
/// and values of `field` as exactly as before.
fn spell_as(field: &mut Field, found: &Field) {
    field.header.clone_from(&found.header);
    field.arrow = found.arrow.clone().filter(|_| field.storage == found.storage);
    let known = std::mem::take(&mut field.missing);
    field.missing.clone_from(&found.missing);
    field.missing.extend(known.into_iter().filter(|spelling| !found.missing.contains(spelling)));
    if let (Some(number), Some(found)) = (&mut field.number, &found.number) {
        number.at_least = if found.padded { found.decimals } else { found.at_least };
        number.padded = found.padded && number.decimals <= found.decimals;
        number.decimals = number.decimals.max(found.decimals);
    }
}

/// Where the cells of a table are to be, all at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In memory.
    Memory,
    /// In a file, or wherever standard output leads.
    File,
}

/// Refuses a table that no machine of today would hold, or that it would write for days.
pub(crate) fn check_size(rows: u64, columns: usize, place: Place) -> Result<()> {
    let max_cells: u64 = match place {
        Place::Memory => 1_000_000_000,
        Place::File => 100_000_000_000,
    };
    if rows.saturating_mul(columns as u64) > max_cells {
        let problem = format!("{rows} rows of {columns} columns are more than {max_cells} cells");
        return Err(Error::from(BadInput::new(InputRule::TooLarge, problem).hint("ask for fewer --rows")).into());
    }
    Ok(())
}

/// Refuses a table with more columns than can be compared each with each in sensible time and memory.
pub(crate) fn check_columns(table: &Table, name: &str) -> Result<()> {
    const MAX_COLUMNS: usize = 2000;
    let n = table.n_columns();
    if n > MAX_COLUMNS {
        let bad = BadInput::new(InputRule::TooLarge, format!("{n} columns, at most {MAX_COLUMNS} can be compared"));
        let bad = bad.in_input(name).hint("leave out those that need not be shared");
        return Err(Error::from(bad).into());
    }
    Ok(())
}

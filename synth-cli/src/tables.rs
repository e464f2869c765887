//! What is said of tables before anything is done with them.

use std::path::Path;

use anyhow::{Context, Result};
use synth_core::io::{Header, Limits, ReadOptions};
use synth_core::schema::{Field, Schema};
use synth_core::{BadInput, Error, InputRule, Table};

use crate::args::{Reading, YesNo};

/// How to read a table, from the arguments.
pub(crate) fn read_options(args: &Reading) -> Result<ReadOptions> {
    let schema = args.schema.as_deref().map(read_schema).transpose()?;
    let limits = Limits { columns: MAX_COLUMNS, ..Limits::default() };
    Ok(ReadOptions { header: header_of(args.header), schema, limits, ..ReadOptions::default() })
}

/// Whether the first line holds the names.
pub(crate) fn header_of(said: Option<YesNo>) -> Header {
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

/// The columns of `schema`, each spelled as the column of its name in `found`: its cells are written as they were read.
pub(crate) fn spelled_as(schema: &Schema, found: &Schema) -> Schema {
    let mut schema = Schema { source: found.source.clone(), ..schema.clone() };
    for field in &mut schema.fields {
        if let Some(i) = found.index_of(&field.name) {
            spell_as(field, &found.fields[i]);
        }
    }
    schema
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
        let problem = format!("{rows} rows of {columns} columns are more than the limit of {max_cells} cells");
        return Err(Error::from(BadInput::new(InputRule::TooLarge, problem).hint("request fewer --rows")).into());
    }
    Ok(())
}

/// More columns than these cannot be compared each with each in sensible time and memory.
const MAX_COLUMNS: usize = 2000;

/// Refuses a table with too many columns, where the limit of the reader has not refused it.
pub(crate) fn check_columns(table: &Table, name: &str) -> Result<()> {
    let n = table.n_columns();
    if n > MAX_COLUMNS {
        let bad = BadInput::new(InputRule::TooLarge, format!("{n} columns; at most {MAX_COLUMNS} can be compared"));
        let bad = bad.in_input(name).hint("remove columns that need not be shared");
        return Err(Error::from(bad).into());
    }
    Ok(())
}

//! Columns found again by their names, in any order.

use std::collections::{HashMap, HashSet};

use crate::error::{BadInput, InputRule, Result};
use crate::schema::Schema;

/// The positions in the file of the schema's fields, given the file's names.
pub(super) fn with_schema(schema: &Schema, names: &[String]) -> Result<Vec<usize>> {
    const HINT: &str = "the schema and the file must name the same columns, in any order";
    let mut positions = Vec::with_capacity(schema.fields.len());
    for field in &schema.fields {
        let position = names.iter().position(|name| *name == field.name).ok_or_else(|| {
            BadInput::new(InputRule::UnknownColumn, "a column of the schema is not in the file")
                .in_column(&field.name)
                .hint(HINT)
        })?;
        positions.push(position);
    }
    // Its number and not its name: where a header is missing, what stands there is a cell.
    match names.iter().position(|name| schema.index_of(name).is_none()) {
        Some(extra) => {
            let problem = format!("column {} of the file is not in the schema", extra + 1);
            Err(BadInput::new(InputRule::UnknownColumn, problem).hint(HINT).into())
        }
        None => Ok(positions),
    }
}

/// For each column of the first file its position among `names`.
pub(super) fn with_first(first: &[String], names: &[String]) -> Result<Vec<usize>> {
    const HINT: &str = "the files of one table must have the same columns, in any order";
    let at: HashMap<&str, usize> = names.iter().zip(0..).map(|(name, at)| (name.as_str(), at)).collect();
    let mut positions = Vec::with_capacity(first.len());
    for name in first {
        let position = *at.get(name.as_str()).ok_or_else(|| {
            BadInput::new(InputRule::UnknownColumn, "a column of the first file is not in this one")
                .in_column(name)
                .hint(HINT)
        })?;
        positions.push(position);
    }
    // Its number and not its name: where a header is missing, what stands there is a cell.
    let known: HashSet<&String> = first.iter().collect();
    match names.iter().position(|name| !known.contains(name)) {
        Some(extra) => {
            let problem = format!("column {} of the file is not in the first file", extra + 1);
            Err(BadInput::new(InputRule::UnknownColumn, problem).hint(HINT).into())
        }
        None => Ok(positions),
    }
}

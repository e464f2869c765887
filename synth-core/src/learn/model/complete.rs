//! Partial rows completed so that they keep constraints.

use rand::RngCore;

use crate::error::Result;
use crate::learn::generator::Imputer;
use crate::learn::keep::Keep;
use crate::learn::random::{Purpose, stream};
use crate::schema::Schema;
use crate::table::Table;

/// Rounds in which cells are filled again that violate a constraint.
const MAX_ROUNDS: u64 = 16;

/// The rows of `table` with their missing cells filled; a row is filled again where what was filled violates a constraint.
pub(super) fn impute(keep: &Keep, imputer: &dyn Imputer, schema: &Schema, table: &Table, seed: u64) -> Result<Table> {
    let learnt: Vec<usize> = (0..table.n_columns()).filter(|&c| schema.fields[c].kind.is_learnt()).collect();
    let fill = |table: &Table, seed: u64| -> Result<Table> {
        let solved = keep.transform.solved(table);
        let made = imputer.impute(&keep.transform.learnt(&solved), seed)?;
        // Not as sampled rows are: cells that are given must not move others to them.
        let whole = keep.transform.restored(&made).table;
        let completed = solved.filled_from(&whole, &learnt);
        Ok(keep.followed(table, completed))
    };
    let mut completed = fill(table, seed)?;
    for round in 1..=MAX_ROUNDS {
        let (is_broken, _) = keep.broken(&completed);
        let rows: Vec<usize> = (0..table.n_rows()).filter(|&row| is_broken[row]).collect();
        if rows.is_empty() {
            break;
        }
        let again = fill(&table.take(&rows), stream(seed, Purpose::Redraw, round).next_u64())?;
        let (still_broken, _) = keep.broken(&again);
        let place = |row: usize| match rows.binary_search(&row) {
            Ok(k) if !still_broken[k] => table.n_rows() + k,
            _ => row,
        };
        let order: Vec<usize> = (0..table.n_rows()).map(place).collect();
        completed = Table::concat(&[completed, again])?.take(&order);
    }
    Ok(completed)
}

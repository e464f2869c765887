//! Rows made whole, and sampled again until they keep the constraints.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use rand::RngCore;
use rayon::prelude::*;

use crate::error::{BadInput, Error, InputRule, Result};
use crate::learn::condition::Condition;
use crate::learn::generator::Generator;
use crate::learn::keep::{Keep, Restored};
use crate::learn::random::{Purpose, stream};
use crate::schema::Schema;
use crate::table::Table;

/// Tries for a row, at most: one that one draw in a hundred would do for is not found in so many once in 10¹⁷ rows.
const MAX_TRIES: u64 = 4096;
/// Tries that are made together; the first few are nearly always enough.
const TRIES_AT_ONCE: [u64; 2] = [4, 60];

/// Sampled rows, with counts of resampled and violating rows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Sampled {
    /// The rows.
    pub table: Table,
    /// How many of them were sampled again.
    pub n_resampled: usize,
    /// For each of [`Model::constraints`](super::Model::constraints) how many of the rows violate it: 0 for all that are enforced.
    pub n_violations: Vec<usize>,
}

impl Sampled {
    /// Rows of a generator of which nothing is known that they keep.
    pub fn new(table: Table) -> Self {
        Self { table, n_resampled: 0, n_violations: Vec::new() }
    }

    /// Blocks of rows of one model, one below the other.
    ///
    /// # Errors
    /// As [`Table::concat`]: there must be a block, and all of one schema.
    pub fn concat(blocks: Vec<Self>) -> Result<Self> {
        let mut counts = blocks.iter().map(|block| block.n_violations.clone());
        let mut n_violations = counts.next().unwrap_or_default();
        for own in counts {
            n_violations.iter_mut().zip(own).for_each(|(sum, n)| *sum += n);
        }
        let n_resampled = blocks.iter().map(|block| block.n_resampled).sum();
        let tables: Vec<Table> = blocks.into_iter().map(|block| block.table).collect();
        Ok(Self { table: Table::concat(&tables)?, n_resampled, n_violations })
    }
}

/// A model under conditions. Made by [`Model::given`](super::Model::given).
pub struct Given<'m> {
    schema: &'m Arc<Schema>,
    keep: Option<&'m Keep>,
    /// What the engine itself can meet.
    generator: Box<dyn Generator + 'm>,
    /// What has to be looked at once the rows are whole.
    afterwards: Vec<Condition>,
}

impl fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").field("afterwards", &self.afterwards).finish_non_exhaustive()
    }
}

impl<'m> Given<'m> {
    pub(super) fn new(
        schema: &'m Arc<Schema>,
        keep: Option<&'m Keep>,
        generator: Box<dyn Generator + 'm>,
        afterwards: Vec<Condition>,
    ) -> Self {
        Self { schema, keep, generator, afterwards }
    }

    /// The rows numbered `rows`, and what it took. Row i follows from the model, the conditions, `seed` and i alone.
    ///
    /// # Errors
    /// [`InputRule::Constraint`] if no row that meets the conditions and keeps the constraints is found in 4,096 tries.
    pub fn sample_counted(&self, rows: Range<u64>, seed: u64) -> Result<Sampled> {
        sample(self.keep, self.generator.as_ref(), &self.afterwards, rows, seed)
    }
}

impl Generator for Given<'_> {
    fn schema(&self) -> &Arc<Schema> {
        self.schema
    }

    fn sample(&self, rows: Range<u64>, seed: u64) -> Result<Table> {
        Ok(self.sample_counted(rows, seed)?.table)
    }
}

/// Samples rows of `generator`, makes them whole, and samples those again that violate what is enforced or do not meet
/// `afterwards`.
pub(super) fn sample(
    keep: Option<&Keep>,
    generator: &dyn Generator,
    afterwards: &[Condition],
    rows: Range<u64>,
    seed: u64,
) -> Result<Sampled> {
    let first = generator.sample(rows.clone(), seed)?;
    let Some(keep) = keep else { return Ok(Sampled::new(first)) };
    let (first, is_wrong) = whole(keep, afterwards, &first);
    let wrong: Vec<usize> = (0..first.n_rows()).filter(|&row| is_wrong[row]).collect();
    if wrong.is_empty() {
        let n_violations = keep.broken(&first).1;
        return Ok(Sampled { table: first, n_resampled: 0, n_violations });
    }
    let seed = stream(seed, Purpose::Redraw, 0).next_u64();
    let again: Vec<Result<Table>> = wrong
        .par_iter()
        .map(|&row| sampled_again(keep, generator, afterwards, rows.start + row as u64, seed))
        .collect();
    let again = again.into_iter().collect::<Result<Vec<Table>>>()?;
    let mut order: Vec<usize> = (0..first.n_rows()).collect();
    for (k, &row) in wrong.iter().enumerate() {
        order[row] = first.n_rows() + k;
    }
    let joined = Table::concat(&[std::slice::from_ref(&first), &again[..]].concat())?.take(&order);
    // Identifiers go by the row's number, and are never made twice.
    let columns = (0..first.n_columns()).map(|c| {
        let own = if first.column(c).0.kind.is_learnt() { &joined } else { &first };
        Arc::clone(own.column(c).1)
    });
    let table = Table::new(Arc::clone(first.schema()), columns.collect())?;
    let n_violations = keep.broken(&table).1;
    Ok(Sampled { table, n_resampled: wrong.len(), n_violations })
}

/// The whole rows that sampled ones stand for, and which of them are to be sampled again.
fn whole(keep: &Keep, afterwards: &[Condition], sampled: &Table) -> (Table, Vec<bool>) {
    let Restored { table, is_beyond: mut is_wrong } = keep.restored(sampled);
    let (is_broken, _) = keep.broken(&table);
    is_wrong.iter_mut().zip(is_broken).for_each(|(wrong, broken)| *wrong |= broken);
    for condition in afterwards {
        is_wrong.iter_mut().zip(condition.met(&table)).for_each(|(wrong, met)| *wrong |= !met);
    }
    (table, is_wrong)
}

/// The first of the further tries for the row numbered `row` that is right.
fn sampled_again(
    keep: &Keep,
    generator: &dyn Generator,
    afterwards: &[Condition],
    row: u64,
    seed: u64,
) -> Result<Table> {
    let tries = row.wrapping_mul(MAX_TRIES);
    let mut from = 0;
    let mut last = None;
    while from < MAX_TRIES {
        let size = if from == 0 { TRIES_AT_ONCE[0] } else { TRIES_AT_ONCE[1] };
        let until = (from + size).min(MAX_TRIES);
        let (table, is_wrong) = whole(keep, afterwards, &generator.sample(tries + from..tries + until, seed)?);
        if let Some(right) = is_wrong.iter().position(|wrong| !wrong) {
            return Ok(table.take(&[right]));
        }
        last = Some(table);
        from = until;
    }
    let rule =
        last.as_ref().and_then(|table| keep.first_broken(table)).map_or(String::new(), |rule| format!(": {rule}"));
    let problem = format!("no row that meets all conditions and constraints was sampled in {MAX_TRIES} tries{rule}");
    Err(Error::from(BadInput::new(InputRule::Constraint, problem).hint("remove the rarest of the conditions")))
}

//! A generator with the [constraints](crate::constraint) that its rows keep, and the file it is kept in.
//!
//! The generator learns the table as the constraints leave it; its rows are made whole, and those that break what is kept are
//! drawn anew. Try t of row i follows from the model, the seed, i and t alone, so row i does from the first three.

mod about;
mod file;

#[doc = include_str!("../MODEL_FORMAT.md")]
pub mod format {}

use std::ops::Range;
use std::sync::Arc;

use rand::RngCore;
use rayon::prelude::*;

pub use about::About;
pub use file::MODEL_VERSION;

use crate::constraint::transform::Restored;
use crate::constraint::{Keep, Keeping, Kept};
use crate::error::{BadInput, Error, InputRule, Result};
use crate::fitted::{Engine, Fitted};
use crate::generator::Generator;
use crate::masked::{Condition, Conditions, MaskedDiffusion};
use crate::random::{Purpose, stream};
use crate::schema::Schema;
use crate::table::Table;
use crate::train::{Checkpoints, Observer, TrainConfig, TrainReport};

/// Rows of the pilot sample.
const PILOT_ROWS: u64 = 1000;
/// Tries for a row, at most: one that one draw in a hundred would do for is not found in so many once in 10¹⁷ rows.
const MAX_TRIES: u64 = 4096;
/// Tries that are made together; the first few are nearly always enough.
const TRIES_AT_ONCE: [u64; 2] = [4, 60];
/// Rounds in which cells are filled anew that break a constraint.
const MAX_ROUNDS: u64 = 16;

/// A fitted generator that keeps constraints.
#[derive(Debug, Clone)]
pub struct Model {
    fitted: Fitted,
    plan: Option<Box<Keep>>,
    about: About,
}

/// Rows that were drawn, and what it took.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The rows.
    pub table: Table,
    /// How many of them were drawn anew.
    pub n_redrawn: usize,
    /// For each of [`Model::constraints`] how many of the rows break it: 0 for all that are kept.
    pub n_broken: Vec<usize>,
}

impl Drawn {
    /// Blocks of rows of one model, one below the other.
    ///
    /// # Errors
    /// As [`Table::concat`]: there must be a block, and all of one schema.
    pub fn concat(blocks: Vec<Self>) -> Result<Self> {
        let mut counts = blocks.iter().map(|block| block.n_broken.clone());
        let mut n_broken = counts.next().unwrap_or_default();
        for own in counts {
            n_broken.iter_mut().zip(own).for_each(|(sum, n)| *sum += n);
        }
        let n_redrawn = blocks.iter().map(|block| block.n_redrawn).sum();
        let tables: Vec<Table> = blocks.into_iter().map(|block| block.table).collect();
        Ok(Self { table: Table::concat(&tables)?, n_redrawn, n_broken })
    }
}

/// What is demanded of rows that a model draws. Made by [`Model::conditions`].
#[derive(Debug, Clone)]
pub struct Given {
    /// What the generator itself can meet.
    conditions: Conditions,
    /// What has to be looked at once the rows are whole.
    afterwards: Vec<Condition>,
}

impl Model {
    /// Fits a generator of the given kind that keeps what the table's schema declares. `config` matters to engines that train;
    /// of trees the size of their leaves, and of all engines the seed.
    ///
    /// # Errors
    /// As [`Model::fit_keeping`].
    pub fn fit(engine: Engine, table: &Table, config: &TrainConfig, observer: &mut Observer<'_>) -> Result<Self> {
        Self::fit_keeping(engine, table, Keeping::Declared, config, None, observer)
    }

    /// The same with the constraints of `keeping`, and with the training's state kept and gone on from: see
    /// [`Checkpoints`]. Trees and a copula have none.
    ///
    /// # Errors
    /// As [`MaskedDiffusion::fit_from`], [`TabDdpm::fit_from`](crate::TabDdpm::fit_from), [`Trees::fit`](crate::Trees::fit) and
    /// [`Copula::fit`](crate::Copula::fit); as [`Constraint::check`](crate::Constraint::check) if a constraint does not fit,
    /// [`InputRule::Constraint`] if hardly any row keeps what was declared.
    pub fn fit_keeping(
        engine: Engine,
        table: &Table,
        keeping: Keeping,
        config: &TrainConfig,
        checkpoints: Option<&mut Checkpoints<'_>>,
        observer: &mut Observer<'_>,
    ) -> Result<Self> {
        let Some(mut plan) = Keep::of(table, keeping)? else {
            let fitted = Fitted::fit_from(engine, table, config, checkpoints, observer)?;
            return Ok(Self { fitted, plan: None, about: About::default() });
        };
        let fitted = Fitted::fit_from(engine, &plan.transform.learnt(table), config, checkpoints, observer)?;
        let seed = stream(config.seed, Purpose::Pilot, 0).next_u64();
        plan.settle(&fitted.sample(0..PILOT_ROWS, seed))?;
        Ok(Self { fitted, plan: Some(Box::new(plan)), about: About::default() })
    }

    /// What a generator that keeps the constraints of `keeping` learns of `table`: differences in place of columns, and no
    /// sums.
    ///
    /// # Errors
    /// As [`Constraint::check`](crate::Constraint::check).
    pub fn learnt(table: &Table, keeping: Keeping) -> Result<Table> {
        Ok(Keep::of(table, keeping)?.map_or_else(|| table.clone(), |plan| plan.transform.learnt(table)))
    }

    /// The generator itself, which knows nothing of constraints: its columns are those that were learnt.
    pub fn fitted(&self) -> &Fitted {
        &self.fitted
    }

    /// The constraints, and how each is kept.
    pub fn constraints(&self) -> Vec<Kept> {
        self.plan.as_ref().map_or(Vec::new(), |plan| plan.kept())
    }

    /// Takes the identifiers of `table` for real ones too: see
    /// [`Encoder::with_identifiers_of`](crate::encode::Encoder::with_identifiers_of).
    ///
    /// # Panics
    /// If `table` has other columns than the one that was learnt.
    #[must_use]
    pub fn with_identifiers_of(self, table: &Table) -> Self {
        let fitted = self.fitted.with_identifiers_of(&learnt_of(self.plan.as_deref(), table));
        Self { fitted, ..self }
    }

    /// Where it comes from, and what was measured of its rows.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Says where it comes from, and what was measured of its rows.
    #[must_use]
    pub fn with_about(self, about: About) -> Self {
        Self { about, ..self }
    }

    /// Which of the `n_rows` rows it was given it learnt from: an engine may keep some back to verify the result.
    pub fn fitted_rows(&self, n_rows: usize) -> Vec<usize> {
        self.fitted.fitted_rows(n_rows)
    }

    /// What kind of generator it is.
    pub fn engine(&self) -> Engine {
        self.fitted.engine()
    }

    /// What training did, for an engine that trains.
    pub fn train_report(&self) -> Option<&TrainReport> {
        self.fitted.train_report()
    }

    /// The model as the bytes of a model file.
    pub fn to_bytes(&self) -> Vec<u8> {
        file::to_bytes(&self.fitted, self.plan.as_deref(), &self.about)
    }

    /// Reads the bytes of a model file.
    ///
    /// # Errors
    /// [`Error::ModelFile`] if they are no model file, of another version, damaged, or hold weights that are not
    /// finite or do not fit the model's layout, or constraints that do not fit its columns.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (fitted, plan, about) = file::from_bytes(bytes)?;
        Ok(Self { fitted, plan: plan.map(Box::new), about })
    }

    /// The rows numbered `rows`, as [`Generator::sample`] gives them, and what it took.
    ///
    /// # Errors
    /// [`InputRule::Constraint`] if no row that keeps a constraint is found in 4,096 tries; it names the constraint.
    pub fn draw(&self, rows: Range<u64>, seed: u64) -> Result<Drawn> {
        self.draw_where(&|rows, seed| self.fitted.sample(rows, seed), &[], rows, seed)
    }

    /// Makes sure that rows can be drawn that meet all of `conditions`, with the levels of column `balance` equally
    /// frequent.
    ///
    /// A condition on a column that is made from others is met by drawing anew, and so may fail later.
    ///
    /// # Errors
    /// As [`MaskedDiffusion::conditions`]; [`InputRule::Unsupported`] if the model is of another engine.
    pub fn conditions(&self, conditions: &[Condition], balance: Option<&str>) -> Result<Given> {
        let model = self.masked()?;
        let Some(plan) = &self.plan else {
            return Ok(Given { conditions: model.conditions(conditions, balance)?, afterwards: Vec::new() });
        };
        let schema = plan.transform.schema();
        let is_made = |condition: &&Condition| plan.transform.makes(&condition.column);
        for condition in conditions.iter().filter(is_made) {
            condition.check(schema)?;
        }
        let learnt: Vec<Condition> = conditions.iter().filter(|condition| !is_made(condition)).cloned().collect();
        let altered = |condition: &&Condition| plan.alters(&condition.column);
        let afterwards = conditions.iter().filter(altered).cloned().collect();
        Ok(Given { conditions: model.conditions(&learnt, balance)?, afterwards })
    }

    /// Draws the rows numbered `rows` under conditions. Row i follows from the model, the conditions, `seed` and i alone.
    ///
    /// # Errors
    /// [`InputRule::Constraint`] if no row that meets the conditions and keeps the constraints is found in 4,096 tries.
    pub fn sample_given(&self, given: &Given, rows: Range<u64>, seed: u64) -> Result<Drawn> {
        let model = self.masked()?;
        let make = |rows: Range<u64>, seed: u64| model.sample_given(&given.conditions, rows, seed);
        self.draw_where(&make, &given.afterwards, rows, seed)
    }

    /// Completes `table`: see [`MaskedDiffusion::impute`]. What is there stays as it is, even where it breaks a constraint;
    /// filled cells follow from others where a constraint says so, and a row in which they break one is filled anew, up to 16
    /// times.
    ///
    /// # Errors
    /// As [`MaskedDiffusion::impute`]; [`InputRule::Unsupported`] if the model is of another engine;
    /// [`Error::SchemaMismatch`] if `table` has other columns than the one that was learnt.
    pub fn impute(&self, table: &Table, seed: u64) -> Result<Table> {
        let model = self.masked()?;
        table.check_columns(self.schema())?;
        let Some(plan) = &self.plan else { return model.impute(table, seed) };
        let learnt: Vec<usize> = (0..table.n_columns()).filter(|&c| self.schema().fields[c].kind.is_learnt()).collect();
        let fill = |table: &Table, seed: u64| -> Result<Table> {
            let solved = plan.transform.solved(table);
            let made = model.impute(&plan.transform.learnt(&solved), seed)?;
            // Not as drawn rows are: cells that are given must not move others to them.
            let whole = plan.transform.restored(&made).table;
            let completed = solved.filled_from(&whole, &learnt);
            Ok(plan.followed(table, completed))
        };
        let mut completed = fill(table, seed)?;
        for round in 1..=MAX_ROUNDS {
            let (is_broken, _) = plan.broken(&completed);
            let rows: Vec<usize> = (0..table.n_rows()).filter(|&row| is_broken[row]).collect();
            if rows.is_empty() {
                break;
            }
            let again = fill(&table.take(&rows), stream(seed, Purpose::Redraw, round).next_u64())?;
            let (still_broken, _) = plan.broken(&again);
            let place = |row: usize| match rows.binary_search(&row) {
                Ok(k) if !still_broken[k] => table.n_rows() + k,
                _ => row,
            };
            let order: Vec<usize> = (0..table.n_rows()).map(place).collect();
            completed = Table::concat(&[completed, again])?.take(&order);
        }
        Ok(completed)
    }

    /// The natural logarithm of each row's likelihood: see [`MaskedDiffusion::log_likelihood`]. It is that of the columns that
    /// were learnt; those that follow from them add nothing.
    ///
    /// # Errors
    /// As [`MaskedDiffusion::log_likelihood`]; [`InputRule::Unsupported`] if the model is of another engine;
    /// [`Error::SchemaMismatch`] if `table` has other columns than the one that was learnt.
    pub fn log_likelihood(&self, table: &Table) -> Result<Vec<f64>> {
        table.check_columns(self.schema())?;
        self.masked()?.log_likelihood(&learnt_of(self.plan.as_deref(), table))
    }

    fn masked(&self) -> Result<&MaskedDiffusion> {
        match &self.fitted {
            Fitted::Masked(model) => Ok(model),
            other => {
                let problem = format!("the model is of the engine {}, only masked can do this", other.engine());
                Err(BadInput::new(InputRule::Unsupported, problem).hint("fit one with the engine masked").into())
            }
        }
    }

    /// Draws rows by `make`, makes them whole, and draws those anew that break what is kept or do not meet `afterwards`.
    fn draw_where(&self, make: &Make<'_>, afterwards: &[Condition], rows: Range<u64>, seed: u64) -> Result<Drawn> {
        let first = make(rows.clone(), seed);
        let Some(plan) = &self.plan else { return Ok(Drawn { table: first, n_redrawn: 0, n_broken: Vec::new() }) };
        let (first, is_wrong) = whole(plan, afterwards, &first);
        let wrong: Vec<usize> = (0..first.n_rows()).filter(|&row| is_wrong[row]).collect();
        if wrong.is_empty() {
            let n_broken = plan.broken(&first).1;
            return Ok(Drawn { table: first, n_redrawn: 0, n_broken });
        }
        let seed = stream(seed, Purpose::Redraw, 0).next_u64();
        let again: Vec<Result<Table>> =
            wrong.par_iter().map(|&row| redrawn(plan, make, afterwards, rows.start + row as u64, seed)).collect();
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
        let n_broken = plan.broken(&table).1;
        Ok(Drawn { table, n_redrawn: wrong.len(), n_broken })
    }
}

/// Draws the rows of a range by a seed, as the generator has learnt them.
type Make<'a> = dyn Fn(Range<u64>, u64) -> Table + Sync + 'a;

/// The whole rows that drawn ones stand for, and which of them are to be drawn anew.
fn whole(plan: &Keep, afterwards: &[Condition], drawn: &Table) -> (Table, Vec<bool>) {
    let Restored { table, is_beyond: mut is_wrong } = plan.restored(drawn);
    let (is_broken, _) = plan.broken(&table);
    is_wrong.iter_mut().zip(is_broken).for_each(|(wrong, broken)| *wrong |= broken);
    for condition in afterwards {
        is_wrong.iter_mut().zip(condition.met(&table)).for_each(|(wrong, met)| *wrong |= !met);
    }
    (table, is_wrong)
}

/// The first of the further tries for the row numbered `row` that is right.
fn redrawn(plan: &Keep, make: &Make<'_>, afterwards: &[Condition], row: u64, seed: u64) -> Result<Table> {
    let tries = row.wrapping_mul(MAX_TRIES);
    let mut from = 0;
    let mut last = None;
    while from < MAX_TRIES {
        let size = if from == 0 { TRIES_AT_ONCE[0] } else { TRIES_AT_ONCE[1] };
        let until = (from + size).min(MAX_TRIES);
        let (table, is_wrong) = whole(plan, afterwards, &make(tries + from..tries + until, seed));
        if let Some(right) = is_wrong.iter().position(|wrong| !wrong) {
            return Ok(table.take(&[right]));
        }
        last = Some(table);
        from = until;
    }
    let rule =
        last.as_ref().and_then(|table| plan.first_broken(table)).map_or(String::new(), |rule| format!(": {rule}"));
    let problem = format!("no row was drawn in {MAX_TRIES} tries that meets all conditions and constraints{rule}");
    Err(Error::from(BadInput::new(InputRule::Constraint, problem).hint("take the rarest of the conditions away")))
}

fn learnt_of(plan: Option<&Keep>, table: &Table) -> Table {
    plan.map_or_else(|| table.clone(), |plan| plan.transform.learnt(table))
}

impl Generator for Model {
    fn schema(&self) -> &Arc<Schema> {
        self.plan.as_ref().map_or_else(|| self.fitted.schema(), |plan| plan.transform.schema())
    }

    /// # Panics
    /// If [`Model::draw`] fails, which the fit has made sure of for a model that was not tampered with.
    fn sample(&self, rows: Range<u64>, seed: u64) -> Table {
        self.draw(rows, seed).expect("one row in a hundred keeps the constraints").table
    }

    /// # Errors
    /// As [`Model::draw`].
    fn try_sample(&self, rows: Range<u64>, seed: u64) -> Result<Table> {
        Ok(self.draw(rows, seed)?.table)
    }
}

//! What every engine does, and what the generator that it leaves can do.
//!
//! An [`Engine`] is a set of parameters that can learn a table; what it leaves is a [`Generator`], which samples rows like those
//! of the table. What only some generators can do stands in traits of its own, which are asked of the generator:
//! [`Conditional`], [`Imputer`], [`Likelihood`].

use std::fmt::{Debug, Display};
use std::ops::Range;
use std::sync::Arc;

use super::condition::Condition;
use super::part::FilePart;
use super::train::{FitContext, TrainReport, Training};
use crate::error::Result;
use crate::schema::Schema;
use crate::table::Table;

/// An engine with its parameters, which can learn a table. Displays as one line: the name and the most important
/// parameters.
pub trait Engine: Debug + Display + Send + Sync {
    /// The name, as options and records have it: one word in lower case, never reused for another engine.
    fn name(&self) -> &str;

    /// Whether every parameter is in its range; a fit asks the same.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for the first that is not. By default every parameter may have any value.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// How its network is trained, if it is one that is trained: what rules may turn to make it learn more, or less.
    fn training(&self) -> Option<&Training> {
        None
    }

    /// The same, to be changed.
    fn training_mut(&mut self) -> Option<&mut Training> {
        None
    }

    /// Learns `table`. Equal parameters, table and [seed](FitContext::seed) give equal generators.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) if a parameter is out of range,
    /// [`Error::BadInput`](crate::Error::BadInput) if there is nothing to learn,
    /// [`Error::Training`](crate::Error::Training) if training gave no usable generator,
    /// [`Error::ModelFile`](crate::Error::ModelFile) if the earlier state among the checkpoints is that of another training,
    /// [`Error::Io`](crate::Error::Io) if a state cannot be saved.
    fn fit(&self, table: &Table, context: &mut FitContext<'_>) -> Result<Box<dyn Generator>>;
}

/// A fitted generator: samples rows like those of its training table.
pub trait Generator: Send + Sync {
    /// The schema of the table it learnt, and of those it samples.
    fn schema(&self) -> &Arc<Schema>;

    /// The rows numbered `rows`. Row i follows from the generator, `seed` and i alone: however many threads there are
    /// and however the range is cut, the row is the same. An empty range gives a table without rows.
    ///
    /// # Errors
    /// Whatever keeps a row from being sampled: a model that keeps constraints may find no row that does, and a generator of
    /// one's own may ask another machine.
    fn sample(&self, rows: Range<u64>, seed: u64) -> Result<Table>;

    /// Which rows of `table`, the one it was given, it learnt from, in ascending order: an engine may hold some out to verify
    /// the result. By default all.
    fn fitted_rows(&self, table: &Table) -> Vec<usize> {
        (0..table.n_rows()).collect()
    }

    /// What training did, if it was trained.
    fn train_report(&self) -> Option<&TrainReport> {
        None
    }

    /// The capability to sample rows under conditions, if it has it.
    fn conditional(&self) -> Option<&dyn Conditional> {
        None
    }

    /// The capability to complete partial rows, if it has it.
    fn imputer(&self) -> Option<&dyn Imputer> {
        None
    }

    /// The capability to say how likely a row is, if it has it.
    fn likelihood(&self) -> Option<&dyn Likelihood> {
        None
    }

    /// Its part of a model file. By default there is none, and a model of it cannot be written.
    fn file(&self) -> Option<FilePart> {
        None
    }
}

/// Conditional sampling.
pub trait Conditional {
    /// A generator of rows that meet all of `conditions`, with the levels of column `balance` equally frequent. Several
    /// conditions on one column hold together.
    ///
    /// # Errors
    /// [`InputRule::UnknownColumn`](crate::InputRule::UnknownColumn) if there is no such column, or it is not learnt;
    /// [`InputRule::UnknownLevel`](crate::InputRule::UnknownLevel) if a value cannot be read as one of the column's, or nothing that
    /// was learnt is left.
    fn given<'m>(&'m self, conditions: &[Condition], balance: Option<&str>) -> Result<Box<dyn Generator + 'm>>;
}

/// Imputation of missing cells.
pub trait Imputer {
    /// Completes `table`: cells that are missing in learnt columns are sampled given all others of their row; what is there
    /// stays as it is, and so do columns that are not learnt: a made identifier would pass for a real one.
    ///
    /// # Errors
    /// [`InputRule::UnknownLevel`](crate::InputRule::UnknownLevel) if a cell holds a level that was not learnt;
    /// [`Error::SchemaMismatch`](crate::Error::SchemaMismatch) if `table` has other columns than the one that was learnt.
    fn impute(&self, table: &Table, seed: u64) -> Result<Table>;
}

/// The likelihood of rows.
pub trait Likelihood {
    /// The natural logarithm of each row's likelihood.
    ///
    /// # Errors
    /// As [`Imputer::impute`].
    fn log_likelihood(&self, table: &Table) -> Result<Vec<f64>>;
}

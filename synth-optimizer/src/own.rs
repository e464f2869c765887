//! A custom generator, in the place of a plan's engine.

use std::fmt;

use synth_core::train::{FitContext, Training};
use synth_core::{Engine, Generator, Result, Table};

/// Fits a generator of one's own on a table, with the training that a plan proposes; all that is random in it follows from the
/// seed of the context. What the settings mean to it is its own affair: after a failure of privacy they ask for less capacity.
pub type OwnFit<'a> = dyn Fn(&Table, &Training, &mut FitContext<'_>) -> Result<Box<dyn Generator>> + Send + Sync + 'a;

/// A custom generator as an engine.
#[derive(Clone)]
pub(crate) struct Own<'a> {
    pub(crate) name: &'a str,
    pub(crate) training: Training,
    pub(crate) fit: &'a OwnFit<'a>,
}

impl fmt::Debug for Own<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Own").field("name", &self.name).field("training", &self.training).finish_non_exhaustive()
    }
}

impl fmt::Display for Own<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.name, self.training)
    }
}

impl Engine for Own<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn fit(&self, table: &Table, context: &mut FitContext<'_>) -> Result<Box<dyn Generator>> {
        (self.fit)(table, &self.training, context)
    }
}

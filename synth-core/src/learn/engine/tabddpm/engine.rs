//! TabDDPM as an engine.

use std::fmt;

use super::model::TabDdpmModel;
use super::params::TabDdpm;
use crate::error::Result;
use crate::learn::generator::{Engine, Generator};
use crate::learn::train::{FitContext, Training, require};
use crate::table::Table;

impl TabDdpm {
    /// Learns `table`.
    ///
    /// # Errors
    /// As [`Engine::fit`].
    pub fn learn(&self, table: &Table, context: &mut FitContext<'_>) -> Result<TabDdpmModel> {
        TabDdpmModel::fit(self, table, context)
    }
}

impl fmt::Display for TabDdpm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tabddpm, {}, {} time steps", self.training, self.n_timesteps)?;
        self.label.iter().try_for_each(|label| write!(f, ", conditioned on `{}`", label.escape_debug()))
    }
}

impl Engine for TabDdpm {
    fn name(&self) -> &str {
        "tabddpm"
    }

    fn check(&self) -> Result<()> {
        self.training.check()?;
        require((2..=10_000).contains(&self.n_timesteps), "n_timesteps", "in [2, 10000]", self.n_timesteps)
    }

    fn training(&self) -> Option<&Training> {
        Some(&self.training)
    }

    fn training_mut(&mut self) -> Option<&mut Training> {
        Some(&mut self.training)
    }

    fn fit(&self, table: &Table, context: &mut FitContext<'_>) -> Result<Box<dyn Generator>> {
        Ok(Box::new(self.learn(table, context)?))
    }
}

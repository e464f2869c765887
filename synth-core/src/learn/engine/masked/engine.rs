//! The masked model as an engine.

use std::fmt;

use super::model::MaskedModel;
use super::params::Masked;
use super::tune;
use crate::error::{Error, Result};
use crate::learn::generator::{Engine, Generator};
use crate::learn::train::{FitContext, Training, Tuned, require};
use crate::table::Table;

impl Masked {
    /// These parameters with the network's width and the number of steps chosen for `table` by cross-fitted likelihood, for
    /// training that holds no rows out. For tables of [few rows](crate::train::TUNED_BELOW): it takes 24 fits.
    ///
    /// # Errors
    /// As [`Engine::fit`].
    pub fn tuned(&self, table: &Table, seed: u64) -> Result<Tuned<Self>> {
        tune::tune(self, table, seed)
    }

    /// Learns `table`.
    ///
    /// # Errors
    /// As [`Engine::fit`].
    pub fn learn(&self, table: &Table, context: &mut FitContext<'_>) -> Result<MaskedModel> {
        MaskedModel::fit(self, table, context)
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "masked, {}", self.training)
    }
}

impl Engine for Masked {
    fn name(&self) -> &str {
        "masked"
    }

    fn check(&self) -> Result<()> {
        self.training.check()?;
        require((0.0..=1.0).contains(&self.order_share), "order_share", "in [0, 1]", self.order_share)?;
        require((1..=1024).contains(&self.n_bins), "n_bins", "in [1, 1024]", self.n_bins)?;
        require(self.n_parents <= 64, "n_parents", "at most 64", self.n_parents)?;
        let hidden = &self.training.hidden;
        if hidden.iter().any(|width| *width != hidden[0]) {
            let got = format!("{hidden:?}");
            return Err(Error::Setting { name: "hidden", allowed: "one width for all blocks of a masked model", got });
        }
        Ok(())
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

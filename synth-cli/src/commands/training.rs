//! How generators are trained, from the arguments.

use anyhow::Result;
use synth_core::{EngineKind, Error, Keeping, Table};
use synth_optimizer::fit;

use super::common::Common;
use crate::args::{ConstraintChoice, Training};
use crate::exit::Usage;
use crate::{memory, show};

impl Training {
    /// The settings that the library takes.
    pub(super) fn settings(&self) -> fit::Training {
        fit::Training {
            engine: self.engine(),
            label: self.target.clone(),
            n_iter: self.n_iter,
            batch_size: self.batch_size,
            lr: self.lr,
            n_timesteps: self.n_timesteps,
            hidden: self.hidden.clone(),
            dropout: self.dropout,
            keeping: self.keeping(),
            time_budget: self.time_budget,
            memory_limit: memory::limit(self.max_memory),
            seed: self.seed.clone(),
        }
    }

    /// The engine, if one is asked for.
    pub(super) fn engine(&self) -> Option<EngineKind> {
        self.engine.0
    }

    /// Which constraints the rows keep.
    fn keeping(&self) -> Keeping {
        self.constraints.into()
    }

    /// Refuses settings out of their range before anything is read.
    pub(super) fn check(&self) -> Result<()> {
        self.settings().check().map_err(|error| match error {
            Error::Setting { name, allowed, got } => {
                Usage(format!("--{} must be {allowed}, got {got}", name.replace('_', "-"))).into()
            }
            error => error.into(),
        })
    }

    /// Refuses a target that is no column of levels. Engines that cannot be conditioned would not notice.
    pub(super) fn check_target(&self, table: &Table) -> Result<()> {
        let Some(target) = &self.target else { return Ok(()) };
        let schema = table.schema();
        let problem = match schema.index_of(target).map(|i| schema.fields[i].kind) {
            Some(kind) if kind.is_levels() => return Ok(()),
            Some(kind) => {
                format!("--target needs a categorical column, `{target}` is {kind}; a --schema may declare otherwise")
            }
            None => format!("--target: no column `{target}`; `synth profile` lists the columns"),
        };
        Err(Usage(problem).into())
    }

    /// Says what will hardly do.
    pub(super) fn warn(&self, common: &Common) {
        let is_tabddpm = self.engine() == Some(EngineKind::TabDdpm);
        if is_tabddpm && self.n_iter.is_some_and(|n| n < 400) && !common.quiet {
            show::note("tabddpm usually needs at least 400 epochs");
        }
    }
}

impl From<ConstraintChoice> for Keeping {
    fn from(choice: ConstraintChoice) -> Self {
        match choice {
            ConstraintChoice::Found => Keeping::Found,
            ConstraintChoice::Declared => Keeping::Declared,
            ConstraintChoice::Off => Keeping::Off,
        }
    }
}

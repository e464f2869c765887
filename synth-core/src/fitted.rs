//! A fitted generator of any engine.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::copula::Copula;
use crate::diffusion::TabDdpm;
use crate::error::Result;
use crate::generator::Generator;
use crate::masked::MaskedDiffusion;
use crate::schema::Schema;
use crate::table::Table;
use crate::train::{Checkpoints, Observer, TrainConfig, TrainReport};
use crate::trees::Trees;

/// The kinds of generators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Engine {
    /// Absorbing-state diffusion over tokens, unmasked column by column: the default.
    Masked,
    /// Gaussian and multinomial diffusion (arXiv:2209.15421).
    TabDdpm,
    /// Forests of trees, one a column, drawn one after the other: for small tables.
    Trees,
    /// A Gaussian copula: fast, nothing to train, the fallback.
    Copula,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Engine::Masked => "masked",
            Engine::TabDdpm => "tabddpm",
            Engine::Trees => "trees",
            Engine::Copula => "copula",
        })
    }
}

/// A fitted generator, which draws what it has learnt and keeps no constraints.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Fitted {
    /// A masked diffusion model.
    Masked(Box<MaskedDiffusion>),
    /// A TabDDPM.
    TabDdpm(Box<TabDdpm>),
    /// Sequential trees.
    Trees(Box<Trees>),
    /// A copula.
    Copula(Box<Copula>),
}

impl Fitted {
    /// Fits a generator of the given kind. `config` matters to engines that train; trees look at the size of
    /// their leaves and the seed, a copula at nothing in it.
    ///
    /// # Errors
    /// As [`MaskedDiffusion::fit`], [`TabDdpm::fit`], [`Trees::fit`] and [`Copula::fit`].
    pub fn fit(engine: Engine, table: &Table, config: &TrainConfig, observer: &mut Observer<'_>) -> Result<Self> {
        Self::fit_from(engine, table, config, None, observer)
    }

    /// The same with the training's state kept, and gone on from: see [`Checkpoints`]. Trees and a copula have none.
    ///
    /// # Errors
    /// As [`MaskedDiffusion::fit_from`], [`TabDdpm::fit_from`], [`Trees::fit`] and [`Copula::fit`].
    pub fn fit_from(
        engine: Engine,
        table: &Table,
        config: &TrainConfig,
        checkpoints: Option<&mut Checkpoints<'_>>,
        observer: &mut Observer<'_>,
    ) -> Result<Self> {
        Ok(match engine {
            Engine::Masked => {
                Fitted::Masked(Box::new(MaskedDiffusion::fit_from(table, config, checkpoints, observer)?))
            }
            Engine::TabDdpm => Fitted::TabDdpm(Box::new(TabDdpm::fit_from(table, config, checkpoints, observer)?)),
            Engine::Trees => Fitted::Trees(Box::new(Trees::fit(table, config)?)),
            Engine::Copula => Fitted::Copula(Box::new(Copula::fit(table)?)),
        })
    }

    /// Takes the identifiers of `table` for real ones too: see [`Encoder::with_identifiers_of`](crate::encode::Encoder::with_identifiers_of).
    ///
    /// # Panics
    /// If `table` has other columns than the one that was learnt.
    #[must_use]
    pub fn with_identifiers_of(self, table: &Table) -> Self {
        match self {
            Fitted::Masked(mut model) => {
                model.tokenizer = model.tokenizer.with_identifiers_of(table);
                Fitted::Masked(model)
            }
            Fitted::TabDdpm(mut model) => {
                model.encoder = model.encoder.with_identifiers_of(table);
                Fitted::TabDdpm(model)
            }
            Fitted::Trees(model) => Fitted::Trees(Box::new(model.with_identifiers_of(table))),
            Fitted::Copula(model) => Fitted::Copula(Box::new(model.with_identifiers_of(table))),
        }
    }

    /// Which of the `n_rows` rows it was given it learnt from: an engine may keep some back to verify the result.
    pub fn fitted_rows(&self, n_rows: usize) -> Vec<usize> {
        match self {
            Fitted::Masked(model) => model.fitted_rows(),
            Fitted::TabDdpm(model) => model.fitted_rows(),
            Fitted::Trees(_) | Fitted::Copula(_) => (0..n_rows).collect(),
        }
    }

    /// What kind of generator it is.
    pub fn engine(&self) -> Engine {
        match self {
            Fitted::Masked(_) => Engine::Masked,
            Fitted::TabDdpm(_) => Engine::TabDdpm,
            Fitted::Trees(_) => Engine::Trees,
            Fitted::Copula(_) => Engine::Copula,
        }
    }

    /// What training did, for an engine that trains.
    pub fn train_report(&self) -> Option<&TrainReport> {
        match self {
            Fitted::Masked(model) => Some(model.report()),
            Fitted::TabDdpm(model) => Some(model.report()),
            Fitted::Trees(_) | Fitted::Copula(_) => None,
        }
    }
}

impl Generator for Fitted {
    fn schema(&self) -> &Arc<Schema> {
        match self {
            Fitted::Masked(model) => model.schema(),
            Fitted::TabDdpm(model) => model.schema(),
            Fitted::Trees(model) => model.schema(),
            Fitted::Copula(model) => model.schema(),
        }
    }

    fn sample(&self, rows: Range<u64>, seed: u64) -> Table {
        match self {
            Fitted::Masked(model) => model.sample(rows, seed),
            Fitted::TabDdpm(model) => model.sample(rows, seed),
            Fitted::Trees(model) => model.sample(rows, seed),
            Fitted::Copula(model) => model.sample(rows, seed),
        }
    }
}

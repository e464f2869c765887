//! What a run's rows are drawn from: a model of the workspace, or a generator of the caller's own.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use synth_core::constraint::Kept;
use synth_core::model::Drawn;
use synth_core::train::{TrainConfig, TrainReport};
use synth_core::{Generator, Model, Result, Table};

/// Fits a generator of one's own on a table, with the settings of a plan; all that is random in it follows from the seed
/// among them. What the settings mean to it is its own affair: after a failure of privacy they ask for less capacity.
pub type Fit<'a> = dyn Fn(&Table, &TrainConfig) -> Result<Box<dyn Generator>> + Send + Sync + 'a;

/// A fitted generator.
#[derive(Clone)]
#[non_exhaustive]
pub enum Learnt {
    /// One of the workspace, which knows how it was trained, keeps constraints and has a file.
    Model(Box<Model>),
    /// One of the caller's own, of which no more is known than that it draws rows.
    Own(Arc<dyn Generator>),
}

impl fmt::Debug for Learnt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Learnt::Model(model) => f.debug_tuple("Model").field(&model.engine()).finish(),
            Learnt::Own(_) => f.write_str("Own"),
        }
    }
}

impl Learnt {
    /// The model, if it is one of the workspace.
    pub fn model(&self) -> Option<&Model> {
        match self {
            Learnt::Model(model) => Some(model),
            Learnt::Own(_) => None,
        }
    }

    /// Which of the `n_rows` rows it was given it learnt from: all, unless a model kept some back.
    pub fn fitted_rows(&self, n_rows: usize) -> Vec<usize> {
        self.model().map_or_else(|| (0..n_rows).collect(), |model| model.fitted_rows(n_rows))
    }

    /// What training did, for a model that is trained.
    pub fn train_report(&self) -> Option<&TrainReport> {
        self.model()?.train_report()
    }

    /// The constraints that its rows keep: none that are known of, if it is one's own.
    pub fn constraints(&self) -> Vec<Kept> {
        self.model().map_or_else(Vec::new, Model::constraints)
    }

    /// The rows numbered `rows`.
    ///
    /// # Errors
    /// As [`Model::draw`] and [`Generator::try_sample`].
    pub fn draw(&self, rows: Range<u64>, seed: u64) -> Result<Drawn> {
        match self {
            Learnt::Model(model) => model.draw(rows, seed),
            Learnt::Own(own) => Ok(Drawn { table: own.try_sample(rows, seed)?, n_redrawn: 0, n_broken: Vec::new() }),
        }
    }
}

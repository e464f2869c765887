//! What training tells while it runs, and what it tells afterwards.

use std::ops::ControlFlow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::TrainingFailure;

/// The progress of training, for observers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Epochs done, of `n_epochs`.
    pub epoch: usize,
    /// The epochs there will be.
    pub n_epochs: usize,
    /// Optimiser steps done.
    pub n_steps: u64,
    /// Rows seen in these steps, repeats counted.
    pub n_rows_seen: u64,
    /// The mean loss of the last epoch.
    pub loss: f64,
    /// Rows a second since the start.
    pub rows_per_second: f64,
    /// An estimate of the time left.
    pub remaining: Duration,
}

/// Observes training, and may stop it. Called after each epoch.
pub type Observer<'a> = dyn FnMut(&Progress) -> ControlFlow<()> + 'a;

/// The training report, and how it was verified. Holds no time, so that equal runs have equal reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainReport {
    /// Epochs done.
    pub n_epochs: usize,
    /// Optimiser steps done.
    pub n_steps: u64,
    /// The step after which the weights that are used were taken: the best on the held-out rows, or the last.
    pub kept_step: u64,
    /// Numbers that were fitted.
    pub n_parameters: usize,
    /// Training rows.
    pub n_fitted: usize,
    /// Held-out rows.
    pub n_held_out: usize,
    /// The mean loss of each epoch.
    pub history: Vec<f64>,
    /// What the averaged weights cost on the held-out rows.
    pub held_out: HeldOut,
}

/// The mean loss per held-out row, and the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldOut {
    /// The loss of what was learnt.
    pub loss: f64,
    /// The loss of the baseline, which predicts nothing: no noise, and each level by its share.
    pub baseline: f64,
}

impl HeldOut {
    /// How far the loss is below the baseline.
    pub fn gain(&self) -> f64 {
        self.baseline - self.loss
    }

    /// The sums over `n_rows` rows of which these are the means.
    pub(crate) fn times(self, n_rows: usize) -> Self {
        Self { loss: self.loss * n_rows as f64, baseline: self.baseline * n_rows as f64 }
    }

    /// That something was learnt.
    ///
    /// # Errors
    /// [`TrainingFailure::NothingLearnt`] if the loss is no better than the baseline's, or no number.
    pub(crate) fn check(&self) -> Result<(), TrainingFailure> {
        // Written so that a loss that is not a number fails.
        let better = self.loss < self.baseline;
        if better { Ok(()) } else { Err(TrainingFailure::NothingLearnt { loss: self.loss, baseline: self.baseline }) }
    }
}

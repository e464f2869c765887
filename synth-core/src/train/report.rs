//! What training tells while it runs, and what it tells afterwards.

use std::ops::ControlFlow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Where training stands, for whoever watches.
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

/// Watches training, and may end it. Called after each epoch.
pub type Observer<'a> = dyn FnMut(&Progress) -> ControlFlow<()> + 'a;

/// What training did and how it was verified. Holds no time, so that equal runs have equal reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainReport {
    /// Epochs done.
    pub n_epochs: usize,
    /// Optimiser steps done.
    pub n_steps: u64,
    /// The step after which the weights that are used were taken: the best on the rows kept back, or the last.
    pub kept_step: u64,
    /// Numbers that were fitted.
    pub n_parameters: usize,
    /// Rows that were learnt from, and rows kept back.
    pub rows: [usize; 2],
    /// The mean loss of each epoch.
    pub history: Vec<f64>,
    /// The loss of the averaged weights on the rows kept back.
    pub held_out: f64,
    /// The loss there of predicting nothing: no noise, and each level by its share.
    pub nothing: f64,
}

/// Why training gave no usable model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TrainingFailure {
    /// The loss or its gradient left the numbers.
    #[error("the loss became non-finite at step {step}")]
    NonFinite {
        /// The optimiser step, from 1.
        step: u64,
    },
    /// The time budget ran out.
    #[error("the time budget ran out after {done} of {planned} epochs")]
    Deadline {
        /// Epochs done.
        done: usize,
        /// Epochs planned.
        planned: usize,
    },
    /// The observer ended it.
    #[error("interrupted after {done} of {planned} epochs")]
    Interrupted {
        /// Epochs done.
        done: usize,
        /// Epochs planned.
        planned: usize,
    },
    /// The held-out loss is no better than that of predicting nothing.
    #[error("nothing was learnt: held-out loss {held_out:.4}, {nothing:.4} without a model")]
    NothingLearnt {
        /// The averaged weights' loss on the rows kept back.
        held_out: f64,
        /// The loss there of predicting nothing.
        nothing: f64,
    },
}

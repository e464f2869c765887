//! The settings of training that every network shares.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::learn::nn::AdamWConfig;

/// How a network is trained, whatever it is a network of. Part of the parameters of an engine that trains one; checked with
/// them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Training {
    /// Epochs: passes over the rows. 400, the least that the reference's rules use.
    pub n_iter: usize,
    /// Optimiser steps below which the epochs are raised: a small table in large batches is not learnt in 400 epochs
    /// of two steps. 1500, measured on 300 rows.
    pub min_steps: u64,
    /// Optimiser steps above which the epochs are cut: `n_iter` is a ceiling where the table is large. 4,000: on Adult a
    /// boosted-tree detector's AUC was .68 after 1,500 steps of 1,024 rows and .57 after 6,000.
    pub max_steps: u64,
    /// Rows in a step; a little fewer, so that an epoch is whole steps. 64, from the same rules for small tables.
    pub batch_size: usize,
    /// The highest learning rate. 0.002, the value of the paper's search on Adult and near it elsewhere.
    pub lr: f64,
    /// Decoupled weight decay. 1e-4, customary.
    pub weight_decay: f64,
    /// Widths of the hidden layers, from input to output.
    pub hidden: Vec<usize>,
    /// The share of hidden units dropped in a step, in [0, 1).
    pub dropout: f64,
    /// The decay of the averaged weights that are sampled from. 0.999, from the paper's code, with a warm-up.
    pub ema_decay: f64,
    /// Decay of the mean of squared gradients. 0.999, from Adam's paper.
    pub beta2: f64,
    /// The largest norm of a step's gradient. 1, customary.
    pub clip_norm: f64,
    /// The share of rows held out to verify the result, at least 8 and at most 2,000 rows; or 0, and the training rows
    /// show no more than that training worked. 0.05.
    pub validation_share: f64,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            n_iter: 400,
            min_steps: 1500,
            max_steps: 4000,
            batch_size: 64,
            lr: 2e-3,
            weight_decay: 1e-4,
            hidden: vec![256, 256],
            dropout: 0.0,
            ema_decay: 0.999,
            beta2: 0.999,
            clip_norm: 1.0,
            validation_share: 0.05,
        }
    }
}

/// In a line: what is looked at first.
impl fmt::Display for Training {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { n_iter, batch_size, lr, dropout, .. } = self;
        let widths: Vec<String> = self.hidden.iter().map(ToString::to_string).collect();
        let widths = widths.join(", ");
        write!(
            f,
            "at most {n_iter} epochs in steps of {batch_size} rows, hidden layers of {widths}, rate {lr}, dropout {dropout}"
        )
    }
}

impl Training {
    /// Sets the epochs, and the limits on steps in proportion: within unmoved limits, other epochs could be the same
    /// training.
    ///
    /// ```
    /// use synth_core::train::Training;
    ///
    /// let mut training = Training::default();
    /// training.set_n_iter(200);
    /// assert_eq!((training.n_iter, training.min_steps, training.max_steps), (200, 750, 2000));
    /// ```
    pub fn set_n_iter(&mut self, n_iter: usize) {
        let ratio = n_iter as f64 / self.n_iter.max(1) as f64;
        let scaled = |steps: u64| ((steps as f64 * ratio).round() as u64).max(1);
        (self.min_steps, self.max_steps) = (scaled(self.min_steps), scaled(self.max_steps));
        self.n_iter = n_iter;
    }

    /// Whether every setting is in its range; a fit asks the same.
    ///
    /// # Errors
    /// [`Error::Setting`] for the first that is not.
    pub fn check(&self) -> Result<()> {
        require(self.n_iter > 0, "n_iter", "at least 1", self.n_iter)?;
        require(self.batch_size > 0, "batch_size", "at least 1", self.batch_size)?;
        require(self.lr > 0.0 && self.lr.is_finite(), "lr", "positive and finite", self.lr)?;
        require((0.0..=1.0).contains(&self.weight_decay), "weight_decay", "in [0, 1]", self.weight_decay)?;
        let widths = self.hidden.iter().all(|width| (1..=8192).contains(width)) && !self.hidden.is_empty();
        require(widths, "hidden", "one or more widths in [1, 8192]", format!("{:?}", self.hidden))?;
        require((0.0..1.0).contains(&self.dropout), "dropout", "in [0, 1)", self.dropout)?;
        require((0.0..1.0).contains(&self.beta2), "beta2", "in [0, 1)", self.beta2)?;
        require((0.0..1.0).contains(&self.ema_decay), "ema_decay", "in [0, 1)", self.ema_decay)?;
        let steps = self.min_steps <= self.max_steps && self.max_steps > 0;
        let got = format!("{} and {}", self.min_steps, self.max_steps);
        require(steps, "min_steps", "at most max_steps, which is positive", got)?;
        require(self.clip_norm > 0.0, "clip_norm", "positive", self.clip_norm)?;
        let share = self.validation_share;
        require((0.0..=0.5).contains(&share), "validation_share", "in [0, 0.5]", share)
    }

    /// The settings of the optimiser.
    pub(crate) fn adamw(&self) -> AdamWConfig {
        AdamWConfig { beta2: self.beta2, weight_decay: self.weight_decay, ..AdamWConfig::default() }
    }
}

/// [`Error::Setting`] if a setting is out of its range.
pub(crate) fn require(ok: bool, name: &'static str, allowed: &'static str, got: impl ToString) -> Result<()> {
    if ok { Ok(()) } else { Err(Error::Setting { name, allowed, got: got.to_string() }) }
}

//! The settings of training.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diffusion::ScheduleKind;
use crate::error::{Error, Result};
use crate::nn::AdamWConfig;

/// How to train. Checked when training starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Epochs: passes over the rows. 400, the least that the reference's rules use.
    pub n_iter: usize,
    /// Rows in a step; a little fewer, so that an epoch is whole steps. 64, from the same rules for small tables.
    pub batch_size: usize,
    /// The highest learning rate. 0.002, the value of the paper's search on Adult and near it elsewhere.
    pub lr: f64,
    /// Decoupled weight decay. 1e-4, customary.
    pub weight_decay: f64,
    /// T. 100, the lower of the paper's two values.
    pub n_timesteps: usize,
    /// The noise schedule. Cosine, from the paper.
    pub schedule: ScheduleKind,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// The share of hidden units dropped in a step, in [0, 1).
    pub dropout: f64,
    /// The decay of the averaged weights that are sampled from. 0.999, from the paper's code, with a warm-up.
    pub ema_decay: f64,
    /// The largest norm of a step's gradient. 1, customary.
    pub clip_norm: f64,
    /// The column that conditions the others, if any: it must have levels.
    pub label: Option<String>,
    /// Optimiser steps below which the epochs are raised: a small table in large batches is not learnt in 400 epochs
    /// of two steps. 1500, measured on 300 rows.
    pub min_steps: u64,
    /// Optimiser steps above which the epochs are cut: `n_iter` is a ceiling where the table is large. 4,000: on Adult a
    /// boosted-tree detector's AUC was .68 after 1,500 steps of 1,024 rows and .57 after 6,000.
    pub max_steps: u64,
    /// The share of rows kept back to verify the result, at least 8 and at most 2,000 rows; or 0, and the rows learnt from
    /// show no more than that training worked. 0.05.
    pub validation_share: f64,
    /// The time that training may take. TabDDPM fails beyond it; the masked model hurries, and ends in time. No part of what was learnt: not kept in the model file.
    #[serde(skip)]
    pub time_budget: Option<Duration>,
    /// Decay of the mean of squared gradients. 0.999, from Adam's paper.
    pub beta2: f64,
    /// Of the masked model: the share of rows in a step that are seen in the order of sampling; the others are masked at
    /// random, which keeps every conditional distribution at hand. 0.7.
    pub order_share: f64,
    /// Of sequential trees: the fewest rows of a leaf. 10.
    pub min_leaf: usize,
    /// Of the masked model and of sequential trees: the most bins of a column. 32.
    pub n_bins: usize,
    /// Of the masked model: the columns that may speak to another one's head directly, those that tell most of it. 4.
    pub n_parents: usize,
    /// What cross-fits with these settings cost on rows they had not seen, and what predicting nothing costs there. Stands
    /// in the report in place of what rows kept back would have said.
    pub cross_fitted: Option<[f64; 2]>,
    /// Every draw follows from it.
    pub seed: u64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            n_iter: 400,
            batch_size: 64,
            lr: 2e-3,
            weight_decay: 1e-4,
            n_timesteps: 100,
            schedule: ScheduleKind::Cosine,
            hidden: vec![256, 256],
            dropout: 0.0,
            ema_decay: 0.999,
            clip_norm: 1.0,
            label: None,
            min_steps: 1500,
            max_steps: 4000,
            validation_share: 0.05,
            time_budget: None,
            beta2: 0.999,
            order_share: 0.7,
            min_leaf: 10,
            n_bins: 32,
            n_parents: 4,
            cross_fitted: None,
            seed: 0,
        }
    }
}

impl TrainConfig {
    /// Whether every setting is in its range; [`TabDdpm::fit`](crate::TabDdpm::fit) asks the same.
    ///
    /// # Errors
    /// [`Error::Setting`] for the first that is not.
    pub fn check(&self) -> Result<()> {
        fn require(ok: bool, name: &'static str, allowed: &'static str, got: impl ToString) -> Result<()> {
            if ok { Ok(()) } else { Err(Error::Setting { name, allowed, got: got.to_string() }) }
        }
        require(self.n_iter > 0, "n_iter", "at least 1", self.n_iter)?;
        require(self.batch_size > 0, "batch_size", "at least 1", self.batch_size)?;
        require(self.lr > 0.0 && self.lr.is_finite(), "lr", "positive and finite", self.lr)?;
        require((0.0..=1.0).contains(&self.weight_decay), "weight_decay", "in [0, 1]", self.weight_decay)?;
        require((2..=10_000).contains(&self.n_timesteps), "n_timesteps", "in [2, 10000]", self.n_timesteps)?;
        let widths = self.hidden.iter().all(|width| (1..=8192).contains(width)) && !self.hidden.is_empty();
        require(widths, "hidden", "one or more widths in [1, 8192]", format!("{:?}", self.hidden))?;
        require((0.0..1.0).contains(&self.dropout), "dropout", "in [0, 1)", self.dropout)?;
        require((0.0..1.0).contains(&self.beta2), "beta2", "in [0, 1)", self.beta2)?;
        require((0.0..=1.0).contains(&self.order_share), "order_share", "in [0, 1]", self.order_share)?;
        require(self.min_leaf > 0, "min_leaf", "at least 1", self.min_leaf)?;
        require((1..=1024).contains(&self.n_bins), "n_bins", "in [1, 1024]", self.n_bins)?;
        require(self.n_parents <= 64, "n_parents", "at most 64", self.n_parents)?;
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

//! Plans: everything that is chosen before a generator is fitted.
//!
//! Left out on purpose: the seed, which belongs to the attempt and not to the plan (two attempts with one plan are
//! two draws of the same thing), and whatever the table decides by itself, such as its encoding.

use std::fmt;

use serde::{Deserialize, Serialize};
use synth_core::Engine;
use synth_core::train::TrainConfig;

/// What an attempt tries. Unchecked: the engine that is built from it checks it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The generator.
    pub engine: Engine,
    /// Epochs: passes over the training rows, within `min_steps` and `max_steps`. Changed by [`Plan::set_n_iter`].
    pub n_iter: usize,
    /// Optimiser steps below which epochs are added, and above which they are cut: epochs of a small table are few steps,
    /// of a large one too many.
    pub min_steps: u64,
    /// See `min_steps`.
    pub max_steps: u64,
    /// Rows per step.
    pub batch_size: usize,
    /// The learning rate at the start.
    pub lr: f64,
    /// The optimizer's weight decay.
    pub weight_decay: f64,
    /// The widths of the hidden layers, from input to output.
    pub hidden: Vec<usize>,
    /// The share of hidden units left out per step, in [0, 1).
    pub dropout: f64,
    /// The steps of the diffusion.
    pub n_timesteps: usize,
    /// The column of levels that the others are conditioned on, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// What [`Plan::base`] takes from the number of rows.
struct Size {
    /// For tables with fewer rows than this.
    below: usize,
    n_iter: usize,
    batch_size: usize,
    lr: f64,
    /// Of each of the two hidden layers.
    width: usize,
    dropout: f64,
}

/// The epochs are the reference's, raised by it after its first test. The rest was measured, on two to five seeds a
/// table. The 303 rows of the heart table: at a rate of 1e-3 the membership AUC was .56, at 5e-4 .55 with correlations .01
/// further off; a dropout of .1 gave .02 more, one of .5 doubled the columns' distances. (A copula, which knows columns and
/// pairs and no row, has .55 there.) The 600 to 800 rows of Pima and GBSG2 need less protection: with a dropout of .1
/// their columns' distances are half of those with .3, at a membership AUC of .54. 128 is enough for stroke; 512 and the
/// higher rate are those of the figures on Adult. Batches are unmeasured.
#[rustfmt::skip]
const SIZES: [Size; 5] = [
    Size { below: 500,        n_iter: 400, batch_size: 64,   lr: 7e-4, width: 64,  dropout: 0.3 },
    Size { below: 1_000,      n_iter: 400, batch_size: 64,   lr: 1e-3, width: 64,  dropout: 0.1 },
    Size { below: 5_000,      n_iter: 500, batch_size: 128,  lr: 1e-3, width: 128, dropout: 0.1 },
    Size { below: 20_000,     n_iter: 600, batch_size: 256,  lr: 1e-3, width: 256, dropout: 0.0 },
    Size { below: usize::MAX, n_iter: 700, batch_size: 1024, lr: 2e-3, width: 512, dropout: 0.0 },
];

/// Tables with at least so many columns get networks twice as wide. Unmeasured.
const WIDE: usize = 50;

impl Plan {
    /// The plan to start with, for a table of that size.
    ///
    /// `n_rows` are the rows to learn from; an empty table gets the plan of a small one. Never fewer than 400 epochs.
    /// The learning rate and weight decay lie in the range that arXiv:2209.15421 (table 1) searches; 100 time steps
    /// are the smaller of its two choices.
    ///
    /// ```
    /// use synth_optimizer::Plan;
    ///
    /// let plan = Plan::base(303, 14);
    /// assert_eq!((plan.n_iter, plan.batch_size), (400, 64));
    /// ```
    pub fn base(n_rows: usize, n_columns: usize) -> Plan {
        Plan::of(Engine::Masked, n_rows, n_columns)
    }

    /// The plan to start with for a certain engine.
    pub fn of(engine: Engine, n_rows: usize, n_columns: usize) -> Plan {
        let size = SIZES.iter().find(|s| n_rows < s.below).unwrap_or(&SIZES[SIZES.len() - 1]);
        let width = if n_columns < WIDE { size.width } else { 2 * size.width };
        let defaults = TrainConfig::default();
        Plan {
            engine,
            n_iter: size.n_iter,
            min_steps: defaults.min_steps,
            max_steps: defaults.max_steps,
            batch_size: size.batch_size,
            lr: size.lr,
            weight_decay: 1e-5,
            hidden: vec![width; 2],
            dropout: size.dropout,
            n_timesteps: 100,
            label: None,
        }
    }

    /// Sets the epochs, and the limits on steps in proportion: within unmoved limits, other epochs could be the same
    /// training.
    pub fn set_n_iter(&mut self, n_iter: usize) {
        let ratio = n_iter as f64 / self.n_iter.max(1) as f64;
        let scaled = |steps: u64| ((steps as f64 * ratio).round() as u64).max(1);
        (self.min_steps, self.max_steps) = (scaled(self.min_steps), scaled(self.max_steps));
        self.n_iter = n_iter;
    }

    /// The settings of an engine that trains; what the plan does not say is at its default.
    pub fn train_config(&self, seed: u64) -> TrainConfig {
        let Plan {
            engine: _,
            n_iter,
            min_steps,
            max_steps,
            batch_size,
            lr,
            weight_decay,
            hidden,
            dropout,
            n_timesteps,
            label,
        } = self.clone();
        TrainConfig {
            n_iter,
            min_steps,
            max_steps,
            batch_size,
            lr,
            weight_decay,
            hidden,
            dropout,
            n_timesteps,
            label,
            seed,
            ..TrainConfig::default()
        }
    }

    /// What becomes different in `next`, in words; empty if nothing does.
    ///
    /// ```
    /// use synth_optimizer::Plan;
    ///
    /// let plan = Plan::base(303, 14);
    /// let next = Plan { n_iter: 700, lr: 0.0005, ..plan.clone() };
    /// assert_eq!(plan.changes(&next), "n_iter 400 -> 700, lr 0.0007 -> 0.0005");
    /// ```
    pub fn changes(&self, next: &Plan) -> String {
        // Destructured, so that a new field cannot be forgotten.
        let Plan {
            engine,
            n_iter,
            // They move with the epochs.
            min_steps: _,
            max_steps: _,
            batch_size,
            lr,
            weight_decay,
            hidden,
            dropout,
            n_timesteps,
            label,
        } = self;
        let mut changes = Vec::new();
        let mut note = |name: &str, before: &dyn fmt::Debug, after: &dyn fmt::Debug| {
            let (before, after) = (format!("{before:?}"), format!("{after:?}"));
            if before != after {
                changes.push(format!("{name} {before} -> {after}"));
            }
        };
        note("engine", &format_args!("{engine}"), &format_args!("{}", next.engine));
        note("n_iter", n_iter, &next.n_iter);
        note("batch_size", batch_size, &next.batch_size);
        note("lr", lr, &next.lr);
        note("weight_decay", weight_decay, &next.weight_decay);
        note("hidden", hidden, &next.hidden);
        note("dropout", dropout, &next.dropout);
        note("n_timesteps", n_timesteps, &next.n_timesteps);
        note("label", label, &next.label);
        changes.join(", ")
    }

    /// Whether this plan gives the generator at least as much room to learn single rows by heart as `other` does:
    /// the same engine, no narrower, no fewer epochs, no more dropout.
    pub fn learns_at_least_as_hard_as(&self, other: &Plan) -> bool {
        let no_narrower = self.hidden.iter().sum::<usize>() >= other.hidden.iter().sum();
        self.engine == other.engine && no_narrower && self.n_iter >= other.n_iter && self.dropout <= other.dropout
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_plan_goes_by_rows() {
        let check = |n_rows: usize, n_iter: usize, batch_size: usize| {
            let plan = Plan::base(n_rows, 14);
            assert_eq!((plan.n_iter, plan.batch_size), (n_iter, batch_size), "{n_rows} rows");
            assert_eq!(plan.engine, Engine::TabDdpm);
        };
        check(0, 400, 64);
        check(999, 400, 64);
        check(1_000, 500, 128);
        check(4_999, 500, 128);
        check(5_000, 600, 256);
        check(19_999, 600, 256);
        check(20_000, 700, 1024);
        check(usize::MAX, 700, 1024);
    }

    #[test]
    fn the_limits_on_steps_move_with_the_epochs() {
        let mut plan = Plan::base(303, 14);
        let (min, max) = (plan.min_steps, plan.max_steps);
        plan.set_n_iter(200);
        assert_eq!((plan.n_iter, plan.min_steps, plan.max_steps), (200, min / 2, max / 2));
    }

    #[test]
    fn wide_tables_get_wider_networks() {
        assert_eq!(Plan::base(303, 49).hidden, [64, 64]);
        assert_eq!(Plan::base(303, 50).hidden, [128, 128]);
    }

    #[test]
    fn a_plan_survives_json_and_refuses_unknown_fields() {
        let plan = Plan::base(303, 14);
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
        assert!(serde_json::from_str::<Plan>(&text.replace("n_iter", "epochs")).is_err());
    }

    #[test]
    fn a_plan_changes_nothing_against_itself() {
        let plan = Plan::base(303, 14);
        assert_eq!(plan.changes(&plan), "");
        assert_eq!(plan.changes(&Plan { engine: Engine::Copula, ..plan.clone() }), "engine tabddpm -> copula");
    }
}

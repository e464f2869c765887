//! Plans: everything that is chosen before a generator is fitted.
//!
//! Left out on purpose: the seed, which belongs to the attempt and not to the plan (two attempts with one plan are
//! two draws of the same thing), and whatever the table decides by itself, such as its encoding.

use std::fmt;

use serde::{Deserialize, Serialize};
use synth_core::masked::{self, TUNED_BELOW};
use synth_core::train::TrainConfig;
use synth_core::{Engine, Table, trees};

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
    /// The decay of the averaged weights, per step.
    pub ema_decay: f64,
    /// The share of rows that a fit keeps back to verify itself; 0 if cross-fits have done that.
    pub validation_share: f64,
    /// What cross-fits said of these settings: see [`TrainConfig::cross_fitted`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_fitted: Option<[f64; 2]>,
    /// The fewest rows of a leaf, where there are trees.
    pub min_leaf: usize,
    /// The steps of the diffusion, where it has any.
    pub n_timesteps: usize,
    /// The column of levels that the others are conditioned on, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// What [`Plan::of`] takes from the number of rows.
struct Size {
    /// For tables with fewer rows than this.
    below: usize,
    n_iter: usize,
    batch_size: usize,
    lr: f64,
    /// Of each of the hidden layers.
    width: usize,
    n_layers: usize,
    dropout: f64,
    ema_decay: f64,
}

/// For TabDDPM. The epochs are the reference's, raised by it after its first test. The rest was measured, on two to five
/// seeds a table. The 303 rows of the heart table: at a rate of 1e-3 the membership AUC was .56, at 5e-4 .55 with
/// correlations .01 further off; a dropout of .1 gave .02 more, one of .5 doubled the columns' distances. (A copula, which
/// knows columns and pairs and no row, has .55 there.) The 600 to 800 rows of Pima and GBSG2 need less protection: with a
/// dropout of .1 their columns' distances are half of those with .3, at a membership AUC of .54. 128 is enough for stroke;
/// 512 and the higher rate are those of the figures on Adult. Batches are unmeasured.
#[rustfmt::skip]
const TABDDPM: [Size; 5] = [
    Size { below: 500,        n_iter: 400, batch_size: 64,   lr: 7e-4, width: 64,  n_layers: 2, dropout: 0.3, ema_decay: 0.999 },
    Size { below: 1_000,      n_iter: 400, batch_size: 64,   lr: 1e-3, width: 64,  n_layers: 2, dropout: 0.1, ema_decay: 0.999 },
    Size { below: 5_000,      n_iter: 500, batch_size: 128,  lr: 1e-3, width: 128, n_layers: 2, dropout: 0.1, ema_decay: 0.999 },
    Size { below: 20_000,     n_iter: 600, batch_size: 256,  lr: 1e-3, width: 256, n_layers: 2, dropout: 0.0, ema_decay: 0.999 },
    Size { below: usize::MAX, n_iter: 700, batch_size: 1024, lr: 2e-3, width: 512, n_layers: 2, dropout: 0.0, ema_decay: 0.999 },
];

/// For the masked model, measured on the public tables of the README. Fewer rows than the first size are tuned by
/// cross-fitted likelihood. Stroke (4,088 rows) at twice the width and the rate: a detector's AUC of .57 instead of .51.
#[rustfmt::skip]
const MASKED: [Size; 4] = [
    Size { below: 1_000,      n_iter: 100, batch_size: 64,   lr: 1e-3, width: 64,  n_layers: 1, dropout: 0.2, ema_decay: 0.97  },
    Size { below: 5_000,      n_iter: 60,  batch_size: 256,  lr: 5e-4, width: 128, n_layers: 2, dropout: 0.1, ema_decay: 0.99  },
    Size { below: 20_000,     n_iter: 60,  batch_size: 512,  lr: 1e-3, width: 256, n_layers: 2, dropout: 0.1, ema_decay: 0.995 },
    Size { below: usize::MAX, n_iter: 45,  batch_size: 1024, lr: 2e-3, width: 256, n_layers: 2, dropout: 0.1, ema_decay: 0.995 },
];

/// Rows that a masked model sees at most, repeats counted: a million is 40 epochs of Adult. Cardio has the time for 25.
const MASKED_ROWS: usize = 1_400_000;

/// Tables with at least so many columns get networks twice as wide for TabDDPM. Unmeasured.
const WIDE: usize = 50;

/// Tables with at least so many columns get twice the epochs for the masked model: of each row one column is asked for in
/// earnest. They also get a higher rate and more dropout, as they were measured on the 47 columns of SUPPORT2.
const WIDE_MASKED: usize = 40;
/// Rate and dropout of a masked model of a wide table.
const OF_WIDE: (f64, f64) = (1.5e-3, 0.2);

/// From so many rows on, the epochs and the rate of a masked model depend on what most columns are.
const LARGE: usize = 20_000;
/// Epochs and rate for a large table most of whose columns are levels. Adult with the 45 epochs at 2e-3 that Credit needs: a
/// detector's AUC of .53 instead of .51.
const OF_LEVELS: (usize, f64) = (30, 1.5e-3);

/// Nats a row by which trees must beat a network on rows not seen, both measured by what they gain over independent columns.
/// A network can be asked for more than whole rows; and on the heart table, where trees are ahead by .06 to .07, they came
/// near the limit on membership at three of five seeds, which the network does not.
pub const CLEARLY: f64 = 0.08;

impl Plan {
    /// The plan to start with, for a table of that size: that of the default engine, masked diffusion.
    ///
    /// `n_rows` are the rows to learn from; an empty table gets the plan of a small one.
    ///
    /// ```
    /// use synth_optimizer::Plan;
    ///
    /// let plan = Plan::base(10_000, 14);
    /// assert_eq!((plan.n_iter, plan.batch_size), (60, 512));
    /// ```
    pub fn base(n_rows: usize, n_columns: usize) -> Plan {
        Plan::of(Engine::Masked, n_rows, n_columns)
    }

    /// The plan to start with for a certain engine. For TabDDPM never fewer than 400 epochs; its learning rate and weight
    /// decay lie in the range that arXiv:2209.15421 (table 1) searches, and 100 time steps are the smaller of its two
    /// choices.
    pub fn of(engine: Engine, n_rows: usize, n_columns: usize) -> Plan {
        // What the other engines do not look at is the masked model's.
        let is_masked = engine != Engine::TabDdpm;
        let sizes: &[Size] = if is_masked { &MASKED } else { &TABDDPM };
        let size = sizes.iter().find(|s| n_rows < s.below).unwrap_or(&sizes[sizes.len() - 1]);
        let defaults = TrainConfig::default();
        let width = if !is_masked && n_columns >= WIDE { 2 * size.width } else { size.width };
        let (n_iter, lr, dropout) = match is_masked && n_columns >= WIDE_MASKED {
            true => (2 * size.n_iter, OF_WIDE.0, OF_WIDE.1),
            false => (size.n_iter, size.lr, size.dropout),
        };
        Plan {
            engine,
            n_iter,
            min_steps: if is_masked { 1 } else { defaults.min_steps },
            max_steps: if is_masked { (MASKED_ROWS / size.batch_size) as u64 } else { defaults.max_steps },
            batch_size: size.batch_size,
            lr,
            weight_decay: if is_masked { 1e-4 } else { 1e-5 },
            hidden: vec![width; size.n_layers],
            dropout,
            ema_decay: size.ema_decay,
            validation_share: defaults.validation_share,
            cross_fitted: None,
            min_leaf: defaults.min_leaf,
            n_timesteps: 100,
            label: None,
        }
    }

    /// The plan to start with for `table`, for the engine that is asked for or else the one that suits it.
    ///
    /// Under [`TUNED_BELOW`] rows, cross-fits on the table say how large a masked model is, how long it learns and how many
    /// rows a leaf of trees has, which takes some seconds; and if no engine is asked for, sequential trees take the masked
    /// model's place where their likelihood of rows not seen is higher by [`CLEARLY`]. A masked model of a large table of
    /// levels gets fewer epochs than one of numbers; everything else is [`Plan::of`].
    ///
    /// # Errors
    /// As [`masked::tune`] and [`trees::tune`].
    pub fn for_table(engine: Option<Engine>, table: &Table, seed: u64) -> Result<Plan, synth_core::Error> {
        let plan = Plan::of(engine.unwrap_or(Engine::Masked), table.n_rows(), table.n_columns());
        let is_small = table.n_rows() < TUNED_BELOW;
        match engine {
            Some(Engine::Trees) if is_small => plan.tuned_trees(table, seed),
            Some(Engine::Masked) => plan.tuned_network(table, seed),
            None if is_small => {
                let network = plan.tuned_network(table, seed)?;
                let trees = plan.tuned_trees(table, seed)?;
                let gain = |plan: &Plan| plan.cross_fitted.map_or(0.0, |[held_out, nothing]| nothing - held_out);
                Ok(if gain(&trees) > gain(&network) + CLEARLY { trees } else { network })
            }
            None => plan.tuned_network(table, seed),
            Some(_) => Ok(plan),
        }
    }

    fn tuned_trees(&self, table: &Table, seed: u64) -> Result<Plan, synth_core::Error> {
        let plan = Plan { engine: Engine::Trees, ..self.clone() };
        let TrainConfig { min_leaf, cross_fitted, .. } = trees::tune(table, &plan.train_config(seed))?;
        Ok(Plan { min_leaf, cross_fitted, ..plan })
    }

    fn tuned_network(&self, table: &Table, seed: u64) -> Result<Plan, synth_core::Error> {
        let mut plan = self.clone();
        if table.n_rows() >= TUNED_BELOW {
            let n_scale = table.schema().fields.iter().filter(|field| field.kind.is_scale()).count();
            if table.n_rows() >= LARGE && 2 * n_scale < table.n_columns() {
                (plan.n_iter, plan.lr) = OF_LEVELS;
            }
            return Ok(plan);
        }
        let TrainConfig { hidden, lr, min_steps, max_steps, validation_share, cross_fitted, .. } =
            masked::tune(table, &plan.train_config(seed))?;
        Ok(Plan { hidden, lr, min_steps, max_steps, validation_share, cross_fitted, ..plan })
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
            engine,
            n_iter,
            min_steps,
            max_steps,
            batch_size,
            lr,
            weight_decay,
            hidden,
            dropout,
            ema_decay,
            validation_share,
            cross_fitted,
            min_leaf,
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
            ema_decay,
            validation_share,
            cross_fitted,
            min_leaf,
            // Gradients of masked rows are noisier from step to step: a shorter memory, as arXiv:2312.10431 has it.
            beta2: if engine == Engine::Masked { 0.99 } else { TrainConfig::default().beta2 },
            n_timesteps,
            label,
            seed,
            ..TrainConfig::default()
        }
    }

    /// The plan in a line: the engine with the settings that it looks at, and what cross-fits said of them.
    ///
    /// ```
    /// use synth_core::Engine;
    /// use synth_optimizer::Plan;
    ///
    /// let plan = Plan { engine: Engine::Trees, ..Plan::base(303, 14) };
    /// assert_eq!(plan.summary(), "trees, leaves of 10 rows or more");
    /// ```
    pub fn summary(&self) -> String {
        let Plan { engine, n_iter, batch_size, lr, hidden, dropout, min_leaf, .. } = self;
        let network = || {
            let widths: Vec<String> = hidden.iter().map(ToString::to_string).collect();
            let widths = widths.join(", ");
            format!(
                "at most {n_iter} epochs in steps of {batch_size} rows, hidden layers of {widths}, rate {lr}, dropout {dropout}"
            )
        };
        let mut text = match engine {
            Engine::Masked => format!("masked, {}", network()),
            Engine::TabDdpm => format!("tabddpm, {}, {} time steps", network(), self.n_timesteps),
            Engine::Trees => format!("trees, leaves of {min_leaf} rows or more"),
            other => other.to_string(),
        };
        if let Some(label) = self.label.as_ref().filter(|_| *engine == Engine::TabDdpm) {
            text += &format!(", conditioned on `{}`", label.escape_debug());
        }
        if let Some([held_out, nothing]) = self.cross_fitted {
            let gain = nothing - held_out;
            text += &format!(
                "; cross-fits on the table say that it tells {gain:.2} nats a row more than its columns alone"
            );
        }
        text
    }

    /// What becomes different in `next`, in words; empty if nothing does.
    ///
    /// ```
    /// use synth_optimizer::Plan;
    ///
    /// let plan = Plan::base(303, 14);
    /// let next = Plan { n_iter: 200, lr: 0.0005, ..plan.clone() };
    /// assert_eq!(plan.changes(&next), "n_iter 100 -> 200, lr 0.001 -> 0.0005");
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
            ema_decay,
            validation_share,
            cross_fitted: _,
            min_leaf,
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
        note("ema_decay", ema_decay, &next.ema_decay);
        note("validation_share", validation_share, &next.validation_share);
        note("min_leaf", min_leaf, &next.min_leaf);
        note("n_timesteps", n_timesteps, &next.n_timesteps);
        note("label", label, &next.label);
        changes.join(", ")
    }

    /// Whether this plan gives the generator at least as much room to learn single rows by heart as `other` does:
    /// the same engine, no narrower, no fewer epochs, no more dropout, no larger leaves.
    pub fn learns_at_least_as_hard_as(&self, other: &Plan) -> bool {
        let no_narrower = self.hidden.iter().sum::<usize>() >= other.hidden.iter().sum();
        let no_less = self.n_iter >= other.n_iter && self.dropout <= other.dropout && self.min_leaf <= other.min_leaf;
        self.engine == other.engine && no_narrower && no_less
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_plan_goes_by_rows() {
        let check = |n_rows: usize, n_iter: usize, batch_size: usize| {
            let plan = Plan::of(Engine::TabDdpm, n_rows, 14);
            assert_eq!((plan.n_iter, plan.batch_size), (n_iter, batch_size), "{n_rows} rows");
            assert_eq!(Plan::base(n_rows, 14).engine, Engine::Masked);
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
    fn a_small_table_gets_what_tells_its_unseen_rows_better() {
        // What the third column says depends on both others at once.
        let line =
            |i: usize| format!("{},{},{}\n", i % 7, i / 7 % 5, usize::from(i % 7 > 3) ^ usize::from(i / 7 % 5 > 1));
        let text: String = std::iter::once("a,b,c\n".to_owned()).chain((0..210).map(line)).collect();
        let table = synth_core::io::read_bytes(text.into_bytes(), &Default::default()).unwrap().table;
        let gain = |plan: &Plan| plan.cross_fitted.map(|[held_out, nothing]| nothing - held_out).unwrap();
        let [network, trees] =
            [Engine::Masked, Engine::Trees].map(|engine| Plan::for_table(Some(engine), &table, 1).unwrap());
        let expected = if gain(&trees) > gain(&network) + CLEARLY { trees.clone() } else { network.clone() };
        assert_eq!(Plan::for_table(None, &table, 1).unwrap(), expected);
        assert!(gain(&trees) > 0.3, "{}", gain(&trees));
        assert_eq!((network.engine, trees.engine), (Engine::Masked, Engine::Trees));
    }

    #[test]
    fn the_limits_on_steps_move_with_the_epochs() {
        let mut plan = Plan::of(Engine::TabDdpm, 303, 14);
        let (min, max) = (plan.min_steps, plan.max_steps);
        plan.set_n_iter(200);
        assert_eq!((plan.n_iter, plan.min_steps, plan.max_steps), (200, min / 2, max / 2));
    }

    #[test]
    fn wide_tables_get_wider_networks() {
        assert_eq!(Plan::of(Engine::TabDdpm, 303, 49).hidden, [64, 64]);
        assert_eq!(Plan::of(Engine::TabDdpm, 303, 50).hidden, [128, 128]);
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
        assert_eq!(plan.changes(&Plan { engine: Engine::Copula, ..plan.clone() }), "engine masked -> copula");
    }
}

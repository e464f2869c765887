//! Training: epochs over shuffled rows, in steps that do not depend on the number of threads, verified at the end.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use ndarray::{Array2, Axis};
use rand::Rng;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::denoiser::{Label, Network, Workspace, time_table};
use super::loss::{Batch, Loss, Process};
use super::multinomial;
use super::schedule::{Schedule, ScheduleKind};
use crate::encode::{Encoder, Intervals, Layout};
use crate::error::{Error, Result};
use crate::nn::{AdamW, AdamWConfig, Dropout, Ema, Parameters, clip_norm};
use crate::random::{Purpose, stream};
use crate::table::Table;

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
    /// The share of rows kept back to verify the result, at least 8 and at most 2,000 rows. 0.05.
    pub validation_share: f64,
    /// Training fails if it takes longer. No part of what was learnt: not kept in the model file.
    #[serde(skip)]
    pub time_budget: Option<Duration>,
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
            seed: 0,
        }
    }
}

impl TrainConfig {
    /// Whether every setting is in its range; [`TabDdpm::fit`](super::TabDdpm::fit) asks the same.
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
        require((0.0..1.0).contains(&self.ema_decay), "ema_decay", "in [0, 1)", self.ema_decay)?;
        let steps = self.min_steps <= self.max_steps && self.max_steps > 0;
        let got = format!("{} and {}", self.min_steps, self.max_steps);
        require(steps, "min_steps", "at most max_steps, which is positive", got)?;
        require(self.clip_norm > 0.0, "clip_norm", "positive", self.clip_norm)?;
        let share = self.validation_share;
        require(share > 0.0 && share <= 0.5, "validation_share", "in (0, 0.5]", share)
    }
}

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
    pub loss: Loss,
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
    /// Numbers that were fitted.
    pub n_parameters: usize,
    /// Rows that were learnt from, and rows kept back.
    pub rows: [usize; 2],
    /// The mean loss of each epoch.
    pub history: Vec<Loss>,
    /// The loss of the averaged weights on the rows kept back.
    pub held_out: Loss,
    /// The loss there of predicting nothing: no noise, and each level by its share.
    pub nothing: Loss,
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

/// What training gives.
#[derive(Debug, Clone)]
pub(crate) struct Trained {
    pub(crate) network: Network<f32>,
    pub(crate) label: Option<Label>,
    pub(crate) schedule: Schedule,
    pub(crate) report: TrainReport,
}

/// Rows in one shard of a step. Shards are summed in order, so their number, which depends on the batch alone, fixes
/// the result; 256 rows keep both the products and the sums efficient.
const SHARD_ROWS: usize = 256;

/// Fits a network on the encoded rows of `table`.
pub(crate) fn train(
    encoder: &Encoder,
    table: &Table,
    config: &TrainConfig,
    observer: &mut Observer<'_>,
) -> Result<Trained> {
    config.check()?;
    let started = Instant::now();
    let layout = encoder.layout();
    let label = config.label.as_deref().map(|name| find_label(encoder, name)).transpose()?;
    let (fit_rows, kept_rows) = split_validation(table.n_rows(), config);
    let data = Rows { codes: encoder.codes(table), intervals: encoder.intervals(table) };
    let schedule = Schedule::new(config.schedule, config.n_timesteps);
    let process = Process::<f32>::new(schedule.clone(), layout, label);

    let log_shares = log_shares(layout, &data.codes, &fit_rows);
    let rng = &mut stream(config.seed, Purpose::Weights, 0);
    let mut network = Network::<f32>::init(layout, label, &config.hidden, &log_shares, rng);
    let untrained = network.clone();
    let mut ema = Ema::new(network.clone(), config.ema_decay);
    let adam = AdamWConfig { weight_decay: config.weight_decay, ..AdamWConfig::default() };
    let mut optimizer = AdamW::new::<f32>(&network, adam);

    // Equal steps that leave out fewer rows of an epoch than there are steps.
    let steps_per_epoch = fit_rows.len().div_ceil(config.batch_size);
    let batch_size = fit_rows.len() / steps_per_epoch;
    let steps_per_epoch = steps_per_epoch as u64;
    let epochs_of = |n_steps: u64| n_steps.div_ceil(steps_per_epoch) as usize;
    let n_epochs = config.n_iter.min(epochs_of(config.max_steps)).max(epochs_of(config.min_steps));
    let n_steps = n_epochs as u64 * steps_per_epoch;
    let mut shards = Shard::cut(batch_size, &network, layout);
    let times = time_table::<f32>(config.n_timesteps);
    let context = Context { layout, label, process: &process, times: &times, config, batch_size };

    let mut z = Array2::zeros((table.n_rows(), layout.n_scale()));
    let mut order = fit_rows.clone();
    let mut history = Vec::with_capacity(n_epochs);
    let mut step = 0;
    for epoch in 0..n_epochs {
        data.intervals.draw(&mut z, &mut stream(config.seed, Purpose::Encoding, epoch as u64));
        order.shuffle(&mut stream(config.seed, Purpose::Order, epoch as u64));
        let mut epoch_loss = Loss::default();
        for rows in order.chunks_exact(batch_size).take(steps_per_epoch as usize) {
            if config.time_budget.is_some_and(|budget| started.elapsed() > budget) {
                return Err(TrainingFailure::Deadline { done: epoch, planned: n_epochs }.into());
            }
            step += 1;
            let offset = stream(config.seed, Purpose::Noise, step << 16).r#gen::<f64>();
            shards.par_iter_mut().enumerate().for_each(|(shard_idx, shard)| {
                shard.run(&context, &network, rows, &z, &data.codes, offset, (step << 16) + 1 + shard_idx as u64);
            });
            let (first, others) = shards.split_first_mut().expect("a batch has a shard");
            others.iter().for_each(|other| first.grad.add(&other.grad));
            let mut loss = first.loss;
            others.iter().for_each(|other| loss += other.loss);
            let norm = clip_norm(&mut first.grad, config.clip_norm);
            if !(loss.total().is_finite() && norm.is_finite()) {
                return Err(TrainingFailure::NonFinite { step }.into());
            }
            optimizer.step(&mut network, &first.grad, learning_rate(config.lr, step, n_steps));
            ema.update(&network);
            epoch_loss += loss;
        }
        let per_step = 1.0 / steps_per_epoch as f64;
        epoch_loss = Loss { gaussian: epoch_loss.gaussian * per_step, multinomial: epoch_loss.multinomial * per_step };
        history.push(epoch_loss);

        let (done, elapsed) = (epoch + 1, started.elapsed());
        let remaining = elapsed.mul_f64((n_epochs - done) as f64 / done as f64);
        let n_rows_seen = step * batch_size as u64;
        let rows_per_second = n_rows_seen as f64 / elapsed.as_secs_f64().max(1e-9);
        let progress = Progress {
            epoch: done,
            n_epochs,
            n_steps: step,
            n_rows_seen,
            loss: epoch_loss,
            rows_per_second,
            remaining,
        };
        if observer(&progress).is_break() {
            return Err(TrainingFailure::Interrupted { done, planned: n_epochs }.into());
        }
    }

    let network = ema.into_average();
    let held_out = context.validate(&network, &data, &kept_rows);
    let nothing = context.validate(&untrained, &data, &kept_rows);
    // Written so that a loss that is not a number fails.
    let better = held_out.total() < nothing.total();
    if !better {
        let (held_out, nothing) = (held_out.total(), nothing.total());
        return Err(TrainingFailure::NothingLearnt { held_out, nothing }.into());
    }
    let report = TrainReport {
        n_epochs,
        n_steps,
        n_parameters: network.n_parameters(),
        rows: [fit_rows.len(), kept_rows.len()],
        history,
        held_out,
        nothing,
    };
    Ok(Trained { network, label, schedule, report })
}

/// Linear warm-up over 3 % of the steps, at most 100, then a linear fall to 0 (the paper's code falls linearly too).
fn learning_rate(lr: f64, step: u64, n_steps: u64) -> f64 {
    let warm_up = (n_steps * 3).div_ceil(100).clamp(1, 100) as f64;
    let (step, n_steps) = (step as f64, n_steps as f64);
    lr * (step / warm_up).min(1.0) * (1.0 - (step - 1.0) / n_steps)
}

fn find_label(encoder: &Encoder, name: &str) -> Result<Label> {
    let schema = encoder.schema();
    let field_idx = schema.index_of(name);
    let blocks = encoder.layout().blocks().iter().enumerate();
    let mut of_field =
        blocks.filter(|(_, block)| Some(block.field_idx) == field_idx && block.role == crate::encode::Role::Levels);
    let (block_idx, block) = of_field.next().ok_or_else(|| Error::Setting {
        name: "label",
        allowed: "the name of a column of levels",
        got: format!("`{name}`"),
    })?;
    Ok(Label { block_idx, n_levels: block.n_levels })
}

/// Rows to fit on and rows to verify with, each in ascending order.
pub(crate) fn split_validation(n_rows: usize, config: &TrainConfig) -> (Vec<usize>, Vec<usize>) {
    let n_kept = ((n_rows as f64 * config.validation_share) as usize).clamp(8, 2000).min(n_rows / 2);
    let mut rows: Vec<usize> = (0..n_rows).collect();
    rows.shuffle(&mut stream(config.seed, Purpose::Validation, 0));
    let mut fit = rows.split_off(n_kept);
    fit.sort_unstable();
    rows.sort_unstable();
    (fit, rows)
}

/// The logarithm of each level's share among the rows, half a row added to each, block by block.
fn log_shares(layout: &Layout, codes: &Array2<u32>, rows: &[usize]) -> Vec<f64> {
    let mut shares = Vec::with_capacity(layout.width() - layout.n_scale());
    for (block_idx, block) in layout.blocks().iter().enumerate() {
        let mut counts = vec![0.5; block.n_levels];
        rows.iter().for_each(|&row| counts[codes[[row, block_idx]] as usize] += 1.0);
        let total: f64 = counts.iter().sum();
        shares.extend(counts.iter().map(|count| (count / total).ln()));
    }
    shares
}

struct Rows {
    codes: Array2<u32>,
    intervals: Intervals,
}

struct Context<'a> {
    layout: &'a Layout,
    label: Option<Label>,
    process: &'a Process<f32>,
    times: &'a Array2<f32>,
    config: &'a TrainConfig,
    batch_size: usize,
}

impl Context<'_> {
    /// The mean loss over `rows`, each several times with other noise. The same draws for every network.
    fn validate(&self, network: &Network<f32>, data: &Rows, rows: &[usize]) -> Loss {
        const DRAWS: usize = 4096;
        let rows: Vec<usize> = rows.iter().copied().cycle().take(DRAWS.max(rows.len())).collect();
        let rng = &mut stream(self.config.seed, Purpose::Validation, 1);
        let mut z = Array2::zeros((data.codes.nrows(), self.layout.n_scale()));
        data.intervals.draw(&mut z, rng);
        let losses: Vec<Loss> = rows
            .par_chunks(SHARD_ROWS)
            .enumerate()
            .map(|(chunk_idx, chunk)| {
                let mut shard = Shard::new(0, chunk.len(), network, self.layout);
                let rng = &mut stream(self.config.seed, Purpose::Validation, 2 + chunk_idx as u64);
                let offset = rng.r#gen::<f64>();
                let n_timesteps = self.config.n_timesteps;
                let time = |i: usize| low_discrepancy(offset, i, chunk.len(), n_timesteps);
                shard.diffuse(self, chunk, &z, &data.codes, time, rng);
                network.forward(&mut shard.work, Dropout::<rand_chacha::ChaCha8Rng>::Off);
                shard.loss(self, rows.len())
            })
            .collect();
        losses.into_iter().fold(Loss::default(), |mut sum, loss| {
            sum += loss;
            sum
        })
    }
}

/// The time of row `i` of `n`: evenly spread over 1 to T from a random start, so that every batch sees all times.
fn low_discrepancy(offset: f64, i: usize, n: usize, n_timesteps: usize) -> usize {
    let u = (offset + i as f64 / n as f64).fract();
    1 + ((u * n_timesteps as f64) as usize).min(n_timesteps - 1)
}

/// A fixed part of every batch, with its buffers and its gradient.
struct Shard {
    start: usize,
    work: Workspace<f32>,
    grad: Network<f32>,
    loss: Loss,
    z_t: Array2<f32>,
    eps: Array2<f32>,
    codes: Array2<u32>,
    codes_t: Array2<u32>,
    times: Vec<usize>,
}

impl Shard {
    fn cut(batch_size: usize, network: &Network<f32>, layout: &Layout) -> Vec<Self> {
        let n_shards = batch_size.div_ceil(SHARD_ROWS);
        let edge = |k: usize| k * batch_size / n_shards;
        (0..n_shards).map(|k| Shard::new(edge(k), edge(k + 1) - edge(k), network, layout)).collect()
    }

    fn new(start: usize, n_rows: usize, network: &Network<f32>, layout: &Layout) -> Self {
        let (scale, blocks) = ((n_rows, layout.n_scale()), (n_rows, layout.blocks().len()));
        Self {
            start,
            work: network.workspace(n_rows),
            grad: network.clone(),
            loss: Loss::default(),
            z_t: Array2::zeros(scale),
            eps: Array2::zeros(scale),
            codes: Array2::zeros(blocks),
            codes_t: Array2::zeros(blocks),
            times: vec![1; n_rows],
        }
    }

    /// Noise, forward, loss, backward for this shard's part of the batch `rows`.
    #[expect(clippy::too_many_arguments, reason = "the step's state, each part borrowed on its own")]
    fn run(
        &mut self,
        context: &Context<'_>,
        network: &Network<f32>,
        rows: &[usize],
        z: &Array2<f32>,
        codes: &Array2<u32>,
        offset: f64,
        stream_idx: u64,
    ) {
        let rng = &mut stream(context.config.seed, Purpose::Noise, stream_idx);
        let (start, n_timesteps) = (self.start, context.config.n_timesteps);
        let time = |i: usize| low_discrepancy(offset, start + i, context.batch_size, n_timesteps);
        let own = &rows[start..start + self.times.len()];
        self.diffuse(context, own, z, codes, time, rng);
        network.forward(&mut self.work, Dropout::On { rate: context.config.dropout, rng });
        self.loss = self.loss(context, context.batch_size);
        self.grad.set_zero();
        network.backward(&mut self.work, &mut self.grad);
    }

    /// Draws each row's time and noise and puts the noisy rows into the workspace.
    fn diffuse<R: Rng>(
        &mut self,
        context: &Context<'_>,
        rows: &[usize],
        z: &Array2<f32>,
        codes: &Array2<u32>,
        time: impl Fn(usize) -> usize,
        rng: &mut R,
    ) {
        let schedule = context.process.schedule();
        for (i, &row) in rows.iter().enumerate() {
            let t = time(i);
            let alpha_bar = schedule.alpha_bar(t);
            let (signal, noise) = (alpha_bar.sqrt() as f32, (1.0 - alpha_bar).sqrt() as f32);
            self.times[i] = t;
            for (j, &z) in z.index_axis(Axis(0), row).iter().enumerate() {
                let eps: f32 = rng.sample(ndarray_rand::rand_distr::StandardNormal);
                self.eps[[i, j]] = eps;
                self.z_t[[i, j]] = signal * z + noise * eps;
            }
            for (j, block) in context.layout.blocks().iter().enumerate() {
                let level = codes[[row, j]];
                let is_label = context.label.is_some_and(|label| label.block_idx == j);
                self.codes[[i, j]] = level;
                self.codes_t[[i, j]] =
                    if is_label { level } else { multinomial::q_sample(level, block.n_levels, alpha_bar, rng) };
            }
        }
        self.work.set_rows(context.layout, context.label, self.z_t.view(), self.codes_t.view());
        self.work.set_times(context.times, self.times.iter().copied());
    }

    fn loss(&mut self, context: &Context<'_>, n_rows: usize) -> Loss {
        let batch =
            Batch { eps: self.eps.view(), codes: self.codes.view(), codes_t: self.codes_t.view(), times: &self.times };
        let (prediction, grad) = self.work.prediction_and_grad();
        context.process.loss(context.layout, prediction, batch, n_rows, grad)
    }
}

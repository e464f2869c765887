//! What training TabDDPM means: noise at a random time in every row, and the loss of guessing it.

use std::ops::Range;

use ndarray::{Array2, Axis};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::denoiser::{Label, Network, Workspace, time_table};
use super::loss::{Batch, Loss, Process};
use super::multinomial;
use super::params::TabDdpm;
use super::schedule::Schedule;
use crate::error::{Error, Result};
use crate::learn::encode::{Encoder, Intervals, Layout};
use crate::learn::nn::{Dropout, Parameters};
use crate::learn::random::{Purpose, stream};
use crate::learn::train::{
    FitContext, LearningRate, Objective, Procedure, Stop, TrainReport, check_sum, low_discrepancy, train,
    validation_split,
};
use crate::table::{Table, Units};

/// What training gives.
#[derive(Debug)]
pub(crate) struct Trained {
    pub(crate) network: Network<f32>,
    pub(crate) label: Option<Label>,
    pub(crate) schedule: Schedule,
    pub(crate) report: TrainReport,
}

/// Rows in a shard: 256 keep both the products and the sums efficient.
const SHARD_ROWS: usize = 256;

/// Fits a network on the encoded rows of `table`.
pub(crate) fn fit(encoder: &Encoder, table: &Table, params: &TabDdpm, context: &mut FitContext<'_>) -> Result<Trained> {
    let TabDdpm { training, n_timesteps, schedule, label } = params;
    let seed = context.seed;
    let layout = encoder.layout();
    let label = label.as_deref().map(|name| find_label(encoder, name)).transpose()?;
    let rows = validation_split(&Units::of(table), training, seed);
    let codes = encoder.codes(table);
    let log_shares = log_shares(layout, &codes, &rows.fit);
    let rng = &mut stream(seed, Purpose::Weights, 0);
    let network = Network::<f32>::init(layout, label, &training.hidden, &log_shares, rng);
    let schedule = Schedule::new(*schedule, *n_timesteps);
    let mut objective = Noising {
        layout,
        label,
        process: Process::new(schedule.clone(), layout, label),
        times: time_table(*n_timesteps),
        n_timesteps: *n_timesteps,
        dropout: training.dropout,
        seed,
        z: Array2::zeros((table.n_rows(), layout.n_scale())),
        codes,
        intervals: encoder.intervals(table),
        kept_rows: rows.held_out.clone(),
    };
    let procedure = Procedure {
        training,
        parameters: serde_json::to_string(params).expect("parameters have only string keys and finite numbers"),
        schedule: LearningRate::Falls,
        stop: Stop::Never,
        shard_rows: SHARD_ROWS,
    };
    let trained = train(&mut objective, network, &rows, &procedure, context)?;
    Ok(Trained { network: trained.network, label, schedule, report: trained.report })
}

fn find_label(encoder: &Encoder, name: &str) -> Result<Label> {
    let schema = encoder.schema();
    let field_idx = schema.index_of(name);
    let blocks = encoder.layout().blocks().iter().enumerate();
    let mut of_field = blocks
        .filter(|(_, block)| Some(block.field_idx) == field_idx && block.role == crate::learn::encode::Role::Levels);
    let (block_idx, block) = of_field.next().ok_or_else(|| Error::Setting {
        name: "label",
        allowed: "the name of a column of levels",
        got: format!("`{name}`"),
    })?;
    Ok(Label { block_idx, n_levels: block.n_levels })
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

/// The rows, and how they are made noisy.
struct Noising<'a> {
    layout: &'a Layout,
    label: Option<Label>,
    process: Process<f32>,
    times: Array2<f32>,
    n_timesteps: usize,
    dropout: f64,
    seed: u64,
    /// The coordinates of all rows, resampled in every epoch.
    z: Array2<f32>,
    codes: Array2<u32>,
    intervals: Intervals,
    kept_rows: Vec<usize>,
}

impl Objective for Noising<'_> {
    type Network = Network<f32>;
    type Shard = Shard;

    fn shard(&self, network: &Network<f32>, part: Range<usize>, batch_size: usize) -> Shard {
        Shard::new(part.start, part.len(), batch_size, network, self.layout)
    }

    fn data_sum(&self) -> u32 {
        let bounds = self.intervals.bounds().iter().flatten().map(|&bound| (bound as f32).to_le_bytes());
        check_sum(self.codes.iter().map(|code| code.to_le_bytes()).chain(bounds))
    }

    fn begin_epoch(&mut self, epoch: usize) {
        self.intervals.draw(&mut self.z, &mut stream(self.seed, Purpose::Encoding, epoch as u64));
    }

    fn run(&self, network: &Network<f32>, shard: &mut Shard, rows: &[usize], offset: f64, rng: &mut ChaCha8Rng) -> f64 {
        let (start, batch_size) = (shard.start, shard.batch_size);
        let time = |i: usize| 1 + low_discrepancy(offset, start + i, batch_size, self.n_timesteps);
        let own = &rows[start..start + shard.times.len()];
        shard.diffuse(self, own, time, rng);
        network.forward(&mut shard.work, Dropout::On { rate: self.dropout, rng });
        let loss = shard.loss(self, batch_size);
        shard.grad.set_zero();
        network.backward(&mut shard.work, &mut shard.grad);
        loss.total()
    }

    fn grad<'s>(&self, shard: &'s mut Shard) -> &'s mut Network<f32> {
        &mut shard.grad
    }

    /// Each row several times with other noise.
    fn held_out(&mut self, network: &Network<f32>) -> f64 {
        const DRAWS: usize = 4096;
        let rows = &self.kept_rows;
        let rows: Vec<usize> = rows.iter().copied().cycle().take(DRAWS.max(rows.len())).collect();
        self.intervals.draw(&mut self.z, &mut stream(self.seed, Purpose::Validation, 1));
        let this = &*self;
        let losses: Vec<Loss> = rows
            .par_chunks(SHARD_ROWS)
            .enumerate()
            .map(|(chunk_idx, chunk)| {
                let mut shard = Shard::new(0, chunk.len(), chunk.len(), network, this.layout);
                let rng = &mut stream(this.seed, Purpose::Validation, 2 + chunk_idx as u64);
                let offset = rng.r#gen::<f64>();
                let n_timesteps = this.n_timesteps;
                let time = |i: usize| 1 + low_discrepancy(offset, i, chunk.len(), n_timesteps);
                shard.diffuse(this, chunk, time, rng);
                network.forward(&mut shard.work, Dropout::<ChaCha8Rng>::Off);
                shard.loss(this, rows.len())
            })
            .collect();
        losses.into_iter().map(Loss::total).sum()
    }
}

/// A fixed part of every batch, with its buffers and its gradient.
pub(crate) struct Shard {
    start: usize,
    batch_size: usize,
    work: Workspace<f32>,
    grad: Network<f32>,
    z_t: Array2<f32>,
    eps: Array2<f32>,
    codes: Array2<u32>,
    codes_t: Array2<u32>,
    times: Vec<usize>,
}

impl Shard {
    fn new(start: usize, n_rows: usize, batch_size: usize, network: &Network<f32>, layout: &Layout) -> Self {
        let (scale, blocks) = ((n_rows, layout.n_scale()), (n_rows, layout.blocks().len()));
        Self {
            start,
            batch_size,
            work: network.workspace(n_rows),
            grad: network.clone(),
            z_t: Array2::zeros(scale),
            eps: Array2::zeros(scale),
            codes: Array2::zeros(blocks),
            codes_t: Array2::zeros(blocks),
            times: vec![1; n_rows],
        }
    }

    /// Draws each row's time and noise and puts the noisy rows into the workspace.
    fn diffuse<R: Rng>(&mut self, context: &Noising<'_>, rows: &[usize], time: impl Fn(usize) -> usize, rng: &mut R) {
        let schedule = context.process.schedule();
        for (i, &row) in rows.iter().enumerate() {
            let t = time(i);
            let alpha_bar = schedule.alpha_bar(t);
            let (signal, noise) = (alpha_bar.sqrt() as f32, (1.0 - alpha_bar).sqrt() as f32);
            self.times[i] = t;
            for (j, &z) in context.z.index_axis(Axis(0), row).iter().enumerate() {
                let eps: f32 = rng.sample(ndarray_rand::rand_distr::StandardNormal);
                self.eps[[i, j]] = eps;
                self.z_t[[i, j]] = signal * z + noise * eps;
            }
            for (j, block) in context.layout.blocks().iter().enumerate() {
                let level = context.codes[[row, j]];
                let is_label = context.label.is_some_and(|label| label.block_idx == j);
                self.codes[[i, j]] = level;
                self.codes_t[[i, j]] =
                    if is_label { level } else { multinomial::q_sample(level, block.n_levels, alpha_bar, rng) };
            }
        }
        self.work.set_rows(context.layout, context.label, self.z_t.view(), self.codes_t.view());
        self.work.set_times(&context.times, self.times.iter().copied());
    }

    fn loss(&mut self, context: &Noising<'_>, n_rows: usize) -> Loss {
        let batch =
            Batch { eps: self.eps.view(), codes: self.codes.view(), codes_t: self.codes_t.view(), times: &self.times };
        let (prediction, grad) = self.work.prediction_and_grad();
        context.process.loss(context.layout, prediction, batch, n_rows, grad)
    }
}

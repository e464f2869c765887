//! One step of training, composed of its public parts: noise, forward, loss, backward, limit, optimiser, average.
//!
//! The trainer's own step is private to it. This one does the same work in the same order, over shards of the same
//! size; what it leaves out is the trainer's own: the order of the rows and the intervals' draws, once an epoch.

use criterion::{BenchmarkId, Criterion, Throughput};
use ndarray::Array2;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use synth_benches::{MEDIUM, rng, table};
use synth_core::engine::ScheduleKind;
use synth_core::unstable::encode::{Encoded, Encoder, Layout};
use synth_core::unstable::nn::{AdamW, AdamWConfig, Dropout, Ema, Parameters, clip_norm};
use synth_core::unstable::tabddpm::{Batch, Network, Process, Schedule, Workspace, multinomial, time_table};

const HIDDEN: [usize; 2] = [256, 256];
const N_TIMESTEPS: usize = 100;
/// As the trainer's.
const SHARD_ROWS: usize = 256;

fn main() {
    let mut criterion = synth_benches::criterion().configure_from_args();
    train_step(&mut criterion);
    criterion.final_summary();
}

fn train_step(criterion: &mut Criterion) {
    let table = table(MEDIUM, 1);
    let encoder = Encoder::fit(&table).expect("there is something to learn");
    let encoded = encoder.encode(&table, &mut rng(2));
    let mut group = criterion.benchmark_group("train_step");
    for batch_size in [64, 256, 1024] {
        let mut training = Training::new(encoder.layout(), batch_size);
        group.throughput(Throughput::Elements(batch_size as u64));
        group.bench_function(BenchmarkId::from_parameter(batch_size), |b| b.iter(|| training.step(&encoded)));
    }
}

struct Training<'a> {
    layout: &'a Layout,
    process: Process<f32>,
    times: Array2<f32>,
    network: Network<f32>,
    optimizer: AdamW<Network<f32>>,
    ema: Ema<Network<f32>>,
    shards: Vec<Shard>,
    batch_size: usize,
}

impl<'a> Training<'a> {
    fn new(layout: &'a Layout, batch_size: usize) -> Self {
        let log_shares = vec![0.0; layout.width() - layout.n_scale()];
        let network = Network::init(layout, None, &HIDDEN, &log_shares, &mut rng(3));
        let n_shards = batch_size.div_ceil(SHARD_ROWS);
        let shards = (0..n_shards).map(|k| Shard::new(k, batch_size / n_shards, &network, layout)).collect();
        Self {
            layout,
            process: Process::new(Schedule::new(ScheduleKind::Cosine, N_TIMESTEPS), layout, None),
            times: time_table(N_TIMESTEPS),
            optimizer: AdamW::new(&network, AdamWConfig::default()),
            ema: Ema::new(network.clone(), 0.999),
            network,
            shards,
            batch_size,
        }
    }

    fn step(&mut self, data: &Encoded) -> f64 {
        let Self { layout, process, times, network, optimizer, ema, shards, batch_size } = self;
        let losses: Vec<f64> =
            shards.par_iter_mut().map(|shard| shard.run(layout, process, times, network, data, *batch_size)).collect();
        let (first, others) = shards.split_first_mut().expect("a batch has a shard");
        others.iter().for_each(|other| first.grad.add(&other.grad));
        clip_norm(&mut first.grad, 1.0);
        optimizer.step(network, &first.grad, 1e-3);
        ema.update(network);
        losses.iter().sum()
    }
}

/// A part of the batch, with its buffers and its gradient.
struct Shard {
    rng: ChaCha8Rng,
    work: Workspace<f32>,
    grad: Network<f32>,
    z_t: Array2<f32>,
    eps: Array2<f32>,
    codes: Array2<u32>,
    codes_t: Array2<u32>,
    times: Vec<usize>,
}

impl Shard {
    fn new(shard_idx: usize, n_rows: usize, network: &Network<f32>, layout: &Layout) -> Self {
        let mut rng = rng(4);
        rng.set_stream(shard_idx as u64);
        let (scale, blocks) = ((n_rows, layout.n_scale()), (n_rows, layout.blocks().len()));
        Self {
            rng,
            work: network.workspace(n_rows),
            grad: network.clone(),
            z_t: Array2::zeros(scale),
            eps: Array2::zeros(scale),
            codes: Array2::zeros(blocks),
            codes_t: Array2::zeros(blocks),
            times: vec![1; n_rows],
        }
    }

    fn run(
        &mut self,
        layout: &Layout,
        process: &Process<f32>,
        times: &Array2<f32>,
        network: &Network<f32>,
        data: &Encoded,
        batch_size: usize,
    ) -> f64 {
        self.diffuse(layout, process.schedule(), data);
        self.work.set_rows(layout, None, self.z_t.view(), self.codes_t.view());
        self.work.set_times(times, self.times.iter().copied());
        network.forward(&mut self.work, Dropout::On { rate: 0.1, rng: &mut self.rng });
        let batch =
            Batch { eps: self.eps.view(), codes: self.codes.view(), codes_t: self.codes_t.view(), times: &self.times };
        let (prediction, grad) = self.work.prediction_and_grad();
        let loss = process.loss(layout, prediction, batch, batch_size, grad);
        self.grad.set_zero();
        network.backward(&mut self.work, &mut self.grad);
        loss.total()
    }

    /// Draws rows, times and noise.
    fn diffuse(&mut self, layout: &Layout, schedule: &Schedule, data: &Encoded) {
        let rng = &mut self.rng;
        for (i, t) in self.times.iter_mut().enumerate() {
            *t = rng.gen_range(1..=N_TIMESTEPS);
            let row = rng.gen_range(0..data.z.nrows());
            let alpha_bar = schedule.alpha_bar(*t);
            let (signal, noise) = (alpha_bar.sqrt() as f32, (1.0 - alpha_bar).sqrt() as f32);
            for (j, &z) in data.z.row(row).iter().enumerate() {
                let eps: f32 = rng.sample(ndarray_rand::rand_distr::StandardNormal);
                self.eps[[i, j]] = eps;
                self.z_t[[i, j]] = signal * z + noise * eps;
            }
            for (j, block) in layout.blocks().iter().enumerate() {
                let level = data.codes[[row, j]];
                self.codes[[i, j]] = level;
                self.codes_t[[i, j]] = multinomial::q_sample(level, block.n_levels, alpha_bar, rng);
            }
        }
    }
}

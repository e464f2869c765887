//! The plain network by which the numeric core is compared: 30-256-256-256-30, SiLU, squared error, AdamW, batches of
//! 1,024 rows in `f32`; and what of the processor's arithmetic it uses.

use std::fmt;
use std::time::{Duration, Instant};

use ndarray::Array2;
use ndarray::linalg::general_mat_mul;
use rand::Rng;
use rayon::prelude::*;
use synth_core::unstable::nn::{Activation, AdamW, AdamWConfig, Dropout, Linear, Mlp, Parameters, Tape};

/// From the input to the output.
pub const WIDTHS: [usize; 5] = [30, 256, 256, 256, 30];
/// Rows in a step.
pub const BATCH: usize = 1024;
/// Rows in a shard, as the trainer's: the number of shards, which is summed in order, does not depend on the threads.
const SHARD_ROWS: usize = 256;
const LR: f64 = 1e-3;

/// The network with all that a step needs; a step allocates no buffer.
#[derive(Debug)]
pub struct Training {
    mlp: Mlp<f32>,
    optimizer: AdamW<Mlp<f32>>,
    shards: Vec<Shard>,
}

/// A part of the batch. The input stands in the tape.
#[derive(Debug)]
struct Shard {
    tape: Tape<f32>,
    target: Array2<f32>,
    grad: Mlp<f32>,
    loss: f64,
}

impl Training {
    /// A network and a batch, drawn.
    pub fn new() -> Self {
        let mut rng = crate::rng(5);
        let mlp = Mlp { layers: WIDTHS.windows(2).map(|w| Linear::init(w[0], w[1], &mut rng)).collect() };
        let mut draw = |width| Array2::from_shape_simple_fn((SHARD_ROWS, width), || rng.gen_range(-1.0..1.0));
        let shards = (0..BATCH / SHARD_ROWS).map(|_| {
            let mut tape = mlp.tape(SHARD_ROWS);
            tape.input_mut().assign(&draw(WIDTHS[0]));
            Shard { tape, target: draw(WIDTHS[WIDTHS.len() - 1]), grad: mlp.clone(), loss: 0.0 }
        });
        Self { shards: shards.collect(), optimizer: AdamW::new(&mlp, AdamWConfig::default()), mlp }
    }

    /// Forward, loss, backward, the shards' sum, and the optimiser; returns the loss.
    pub fn step(&mut self) -> f64 {
        let Self { mlp, optimizer, shards } = self;
        shards.par_iter_mut().for_each(|shard| shard.run(mlp));
        let (first, others) = shards.split_first_mut().expect("a batch has a shard");
        others.iter().for_each(|other| first.grad.add(&other.grad));
        optimizer.step(mlp, &first.grad, LR);
        shards.iter().map(|shard| shard.loss).sum()
    }

    /// The forward pass alone.
    pub fn forward(&mut self) {
        let Self { mlp, shards, .. } = self;
        shards.par_iter_mut().for_each(|shard| mlp.predict(&mut shard.tape, Activation::Silu));
    }
}

impl Default for Training {
    fn default() -> Self {
        Self::new()
    }
}

impl Shard {
    fn run(&mut self, mlp: &Mlp<f32>) {
        let Self { tape, target, grad, loss } = self;
        mlp.forward(tape, Activation::Silu, Dropout::<rand_chacha::ChaCha8Rng>::Off);
        let (output, d_output) = tape.output_and_grad();
        let scale = 1.0 / (BATCH * target.ncols()) as f32;
        *loss = 0.0;
        ndarray::Zip::from(d_output).and(output).and(&*target).for_each(|dy, &y, &target| {
            *loss += f64::from((y - target) * (y - target) * scale);
            *dy = 2.0 * (y - target) * scale;
        });
        grad.set_zero();
        mlp.backward_parameters(tape, grad);
    }
}

/// The product of the network's middle layers, by itself: what is left of the processor's peak in `ndarray`'s hands.
#[derive(Debug)]
pub struct Product {
    weight: Array2<f32>,
    /// The factor and the place of the product, in the same shards as the network's.
    shards: Vec<[Array2<f32>; 2]>,
}

impl Product {
    /// (1024, 256) by (256, 256), drawn.
    pub fn new() -> Self {
        let mut rng = crate::rng(6);
        let width = WIDTHS[1];
        let mut draw = |n_rows| Array2::from_shape_simple_fn((n_rows, width), || rng.gen_range(-1.0..1.0));
        let shards = (0..BATCH / SHARD_ROWS).map(|_| [draw(SHARD_ROWS), draw(SHARD_ROWS)]).collect();
        Self { weight: draw(width), shards }
    }

    /// Multiplies.
    pub fn run(&mut self) {
        let Self { weight, shards } = self;
        shards.par_iter_mut().for_each(|[x, y]| general_mat_mul(1.0, x, weight, 0.0, y));
    }
}

impl Default for Product {
    fn default() -> Self {
        Self::new()
    }
}

/// Rows a second, and the arithmetic a second that they are: the fastest of interleaved rounds, which is the one
/// that other work on the machine disturbed least.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Rows a second through [`Training::step`].
    pub training: f64,
    /// Rows a second through [`Training::forward`].
    pub forward: f64,
    /// Rows a second through [`Product::run`].
    pub product: f64,
}

impl Rates {
    /// Measures for about `rounds` times `of_each` three times over.
    pub fn measure(rounds: usize, of_each: Duration) -> Self {
        let (mut training, mut product) = (Training::new(), Product::new());
        (0..20).for_each(|_| _ = training.step());
        let mut rates = [const { Vec::new() }; 3];
        for _ in 0..rounds {
            rates[0].push(rate(of_each, || _ = training.step()));
            rates[1].push(rate(of_each, || training.forward()));
            rates[2].push(rate(of_each, || product.run()));
        }
        let [training, forward, product] = rates.map(fastest);
        Self { training, forward, product }
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Two operations per weight and row forward, and twice two backward.
        let weights: usize = WIDTHS.windows(2).map(|w| w[0] * w[1]).sum();
        let giga = 1e-9 * weights as f64;
        let (training, forward) = (6.0 * giga * self.training, 2.0 * giga * self.forward);
        let product = 2e-9 * (WIDTHS[1] * WIDTHS[1]) as f64 * self.product;
        writeln!(f, "training {:7.0} rows/s {training:5.0} GFLOP/s", self.training)?;
        writeln!(f, "forward  {:7.0} rows/s {forward:5.0} GFLOP/s", self.forward)?;
        write!(f, "product  {:7.0} rows/s {product:5.0} GFLOP/s", self.product)
    }
}

fn rate(time: Duration, mut work: impl FnMut()) -> f64 {
    let started = Instant::now();
    let mut n_rows = 0;
    while started.elapsed() < time {
        work();
        n_rows += BATCH;
    }
    n_rows as f64 / started.elapsed().as_secs_f64()
}

fn fastest(rates: Vec<f64>) -> f64 {
    rates.into_iter().fold(0.0, f64::max)
}

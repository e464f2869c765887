//! What training the masked model means: cells are hidden, and the heads of hidden cells say what they cost.
//!
//! A row is masked in one of two ways. Most rows are cut in the order of sampling: the first k columns are known and the
//! next one is asked for, which is one term of the chain rule; k is spread evenly over each batch, so that D times the
//! mean over next cells is the negative log-likelihood of the sampler, without bias. The columns after it are asked for
//! too, with less weight: what is learnt of them early helps later. The other rows have a random set of columns hidden
//! and are asked for all of them, each weighted by one over their number: the any-order likelihood of absorbing-state
//! diffusion (arXiv:2110.02037, eq. 6; arXiv:2406.07524), which keeps every conditional distribution at hand.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::features::{FEATURES, write_features};
use super::head::Scratch;
use super::layout::{ColumnLayout, Layout};
use super::network::{Network, Tape, gather, rows_of, rows_of_mut, scatter};
use super::pairs::row_of_table;
use crate::learn::encode::{Tokens, normal_quantile};
use crate::learn::nn::{Parameters, Real, vectorised};
use crate::learn::random::{Purpose, stream};
use crate::learn::train::{Objective, check_sum, low_discrepancy};

/// Rows and how they are masked.
pub(super) struct Masking<'a> {
    pub(super) layout: &'a Layout<f32>,
    /// The variables in the order in which the sampler draws them.
    pub(super) order: &'a [usize],
    pub(super) tokens: &'a Tokens,
    pub(super) kept_rows: &'a [usize],
    pub(super) order_share: f64,
    pub(super) dropout: f64,
    pub(super) seed: u64,
    /// The share of each token among the rows, for each variable.
    pub(super) shares: &'a [Vec<f64>],
    /// Every token's embedding with its position in it, for the step that runs.
    pub(super) table: Array2<f32>,
}

/// Rows in a shard.
pub(super) const SHARD_ROWS: usize = 256;
/// What the hidden cells behind the next one weigh together, the next one being 1, in a row cut in the order of sampling.
/// Without them a network of Adult ended at 16.88 nats instead of 16.79; with 3 Adult's columns were nearer (a Shape error
/// of .70 instead of .75 %), but the likelihood of Shoppers' rows was .13 nats less.
const OTHERS: f32 = 2.0;
/// Hidden cells of a row that are asked for, about, where there are more: wide tables would do little else. Unmeasured.
const MOST_ASKED: f32 = 12.0;
/// How many nats more than without a model a cell of held-out rows counts for at most. A network that is nearly sure, as it
/// is of near-functions, pays dozens of nats for the one cell in hundreds that breaks the rule, while all others get
/// better: on SUPPORT2 the plain mean turned up after 600 of 1,680 steps, the bounded one not at all, and a boosted-tree
/// detector's AUC was .74 at the one and .59 at the other, with a membership AUC of .49 and .50. Less than ln 2 would
/// reward guesses: who is sure of a coin loses the bound in half of the cells and gains ln 2 in the other.
const EXCESS: f64 = 1.0;
/// Cells that a look at held-out rows asks for, at least.
const HELD_OUT_CELLS: usize = 8192;

/// A fixed part of every batch, with its buffers and its gradient.
pub(super) struct Shard {
    start: usize,
    n_rows: usize,
    batch_size: usize,
    grad: Network<f32>,
    tape: Tape<f32>,
    /// The cells' tokens, and their coordinates where they are bins.
    codes: Array2<u32>,
    z: Array2<f32>,
    /// What is done with each cell: known, or hidden with the weight of its loss, which may be 0.
    cells: Array2<Cell>,
    /// For the head at work: its rows, their hidden vectors, outputs and gradients of both.
    asked: Vec<usize>,
    hidden: Array2<f32>,
    d_hidden: Array2<f32>,
    out: Vec<f32>,
    d_out: Vec<f32>,
    /// The tokens of a parent in these rows, and its features.
    parent_tokens: Vec<Option<u32>>,
    parent_features: Array2<f32>,
    scratch: Scratch<f32>,
    shuffled: Vec<usize>,
}

/// How some of many hidden cells are asked for: each with a probability, and the more weight the smaller that is.
#[derive(Debug, Clone, Copy)]
struct Asked {
    probability: f32,
    weight: f32,
}

impl Asked {
    /// About [`MOST_ASKED`] of `n` cells, whose losses weigh `together` in all.
    fn of(n: usize, together: f32) -> Self {
        let n = n.max(1) as f32;
        let probability = (MOST_ASKED / n).min(1.0);
        Self { probability, weight: together / (n * probability) }
    }

    fn weight(self, rng: &mut ChaCha8Rng) -> f32 {
        match self.probability < 1.0 && rng.r#gen::<f32>() >= self.probability {
            true => 0.0,
            false => self.weight,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Cell {
    Known,
    Hidden(f32),
}

impl Shard {
    fn new(layout: &Layout<f32>, network: &Network<f32>, part: Range<usize>, batch_size: usize) -> Self {
        let n_rows = part.len();
        let n_columns = layout.columns.len();
        let of_width = || Array2::zeros((n_rows, network.width()));
        let most_outputs = layout.columns.iter().map(|c| c.shape.n_outputs()).max().unwrap_or(0);
        let mut grad = network.clone();
        grad.set_zero();
        Self {
            start: part.start,
            n_rows,
            batch_size,
            grad,
            tape: network.tape(layout, n_rows),
            codes: Array2::zeros((n_rows, n_columns)),
            z: Array2::zeros((n_rows, layout.n_rest)),
            cells: Array2::from_elem((n_rows, n_columns), Cell::Hidden(0.0)),
            asked: Vec::with_capacity(n_rows),
            hidden: of_width(),
            d_hidden: of_width(),
            out: vec![0.0; n_rows * most_outputs],
            d_out: vec![0.0; n_rows * most_outputs],
            parent_tokens: Vec::with_capacity(n_rows),
            parent_features: Array2::zeros((n_rows, FEATURES)),
            scratch: Scratch::default(),
            shuffled: (0..n_columns).collect(),
        }
    }
}

impl Masking<'_> {
    /// Hides cells of the shard's rows for training.
    fn mask(&self, shard: &mut Shard, offset: f64, rng: &mut ChaCha8Rng) {
        let n_columns = self.order.len();
        // The same rows of every batch, whatever the shards: the share is kept in each of them.
        let n_ordered = |i: usize| (i as f64 * self.order_share).round() as usize;
        let (n_batch, n_batch_ordered) = (shard.batch_size, n_ordered(shard.batch_size));
        // A step is a function of the weights and its number: nothing is left of the step before.
        shard.shuffled.iter_mut().enumerate().for_each(|(k, column)| *column = k);
        for i in 0..shard.n_rows {
            let row = shard.start + i;
            let mut cells = shard.cells.row_mut(i);
            if n_ordered(row + 1) > n_ordered(row) {
                let known = low_discrepancy(offset, n_ordered(row), n_batch_ordered, n_columns);
                let others = Asked::of(n_columns - known - 1, OTHERS);
                for (place, &column) in self.order.iter().enumerate() {
                    cells[column] = match place.cmp(&known) {
                        std::cmp::Ordering::Less => Cell::Known,
                        std::cmp::Ordering::Equal => Cell::Hidden(1.0),
                        std::cmp::Ordering::Greater => Cell::Hidden(others.weight(rng)),
                    };
                }
            } else {
                let place = row - n_ordered(row);
                let n_hidden = 1 + low_discrepancy(offset, place, n_batch - n_batch_ordered, n_columns);
                let asked = Asked::of(n_hidden, 1.0);
                cells.fill(Cell::Known);
                for k in 0..n_hidden {
                    let other = rng.gen_range(k..n_columns);
                    shard.shuffled.swap(k, other);
                    cells[shard.shuffled[k]] = Cell::Hidden(asked.weight(rng));
                }
            }
        }
    }

    /// Draws the tokens and coordinates of the rows' cells that matter, and starts the tape with what is known.
    fn start(&self, network: &Network<f32>, shard: &mut Shard, rows: &[usize], rng: &mut ChaCha8Rng) {
        let Shard { tape, codes, z, cells, .. } = shard;
        let (all_features, starts) = tape.input_mut();
        all_features.fill(0.0);
        let base = network.base.as_slice().expect("row-major");
        for (i, &row) in rows.iter().enumerate() {
            let mut h = starts.row_mut(i);
            let h = h.as_slice_mut().expect("row-major");
            h.copy_from_slice(base);
            for (j, column) in self.layout.columns.iter().enumerate() {
                let cell = cells[[i, j]];
                if cell == Cell::Hidden(0.0) {
                    continue;
                }
                let mut code = self.tokens.codes[[row, j]] as usize;
                let mut in_bin = None;
                if let Some(rest) = column.rest
                    && column.shape.is_bin(code)
                {
                    let [low, high] = self.tokens.ranks[[row, rest]];
                    let rank = (low + (high - low) * rng.r#gen::<f32>()).clamp(1e-7, 1.0 - 1e-7);
                    let n_bins = column.shape.n_bins();
                    code += ((rank * n_bins as f32) as usize).min(n_bins - 1);
                    z[[i, rest]] = normal_quantile(f64::from(rank)) as f32;
                    in_bin = Some((rest, rank, z[[i, rest]], self.tokens.values[[row, rest]]));
                }
                codes[[i, j]] = code as u32;
                if cell == Cell::Known {
                    let embedding = self.table.row(column.offset + code);
                    let embedding = embedding.to_slice().expect("row-major");
                    h.iter_mut().zip(embedding).for_each(|(h, &e)| *h += e);
                    if let Some((rest, rank, z, value)) = in_bin {
                        let features = all_features.row_mut(i).into_slice().expect("row-major");
                        write_features(rank, z, value, &mut features[rest * FEATURES..(rest + 1) * FEATURES]);
                    }
                }
            }
        }
    }

    /// The most that a cell of held-out rows counts for: what it costs if nothing is known, and [`EXCESS`].
    fn most_nats(&self, j: usize, token: u32, z: f32) -> f64 {
        let (shape, shares) = (&self.layout.columns[j].shape, &self.shares[j]);
        let nothing = match shape.is_bin(token as usize) {
            true => {
                let in_bins: f64 = shares[shape.first_bin..shape.first_bin + shape.n_bins()].iter().sum();
                // The density of a standard normal coordinate.
                0.5 * (std::f64::consts::TAU.ln() + f64::from(z).powi(2)) - in_bins.ln()
            }
            false => -shares[token as usize].ln(),
        };
        nothing + EXCESS
    }

    /// The weighted loss of all hidden cells. With `learns`, gradients of heads are added up and those of the last hidden
    /// vectors written.
    fn heads(&self, network: &Network<f32>, shard: &mut Shard, scale: f32, learns: bool) -> f64 {
        let Shard { n_rows, tape, codes, z, cells, asked, hidden, d_hidden, out, d_out, scratch, grad, .. } = shard;
        let Shard { parent_tokens, parent_features, .. } = shard;
        let (all_features, last, d_last) = tape.features_output_and_grad();
        d_last.fill(0.0);
        let mut total = 0.0;
        for (j, column) in self.layout.columns.iter().enumerate() {
            asked.clear();
            asked.extend((0..*n_rows).filter(|&i| matches!(cells[[i, j]], Cell::Hidden(w) if w > 0.0)));
            if asked.is_empty() {
                continue;
            }
            let (head, shape, n) = (&network.heads[j], &column.shape, asked.len());
            let n_out = shape.n_outputs();
            gather(last, asked, &mut rows_of_mut(hidden, 0..n));
            let mut outputs = ArrayViewMut2::from_shape((n, n_out), &mut out[..n * n_out]).expect("it fits");
            head.forward(rows_of(hidden, 0..n), &mut outputs);
            for (pair, &parent) in network.pairs[j].iter().zip(&column.parents) {
                let of_parent = &self.layout.columns[parent];
                take_parent(of_parent, parent, asked, codes, cells, all_features, parent_tokens, parent_features);
                pair.forward_add(parent_tokens, rows_of(parent_features, 0..n), &mut outputs);
            }
            let rows = asked.iter().zip(out.chunks_exact(n_out)).zip(d_out.chunks_exact_mut(n_out));
            total += vectorised(|| {
                let mut sum = 0.0;
                for ((&i, out), d_out) in rows {
                    let Cell::Hidden(weight) = cells[[i, j]] else { continue };
                    let z = column.rest.map_or(0.0, |rest| z[[i, rest]]);
                    let nats = shape.loss(out, codes[[i, j]] as usize, z, weight * scale, d_out, scratch);
                    let nats = if learns { nats.wide() } else { nats.wide().min(self.most_nats(j, codes[[i, j]], z)) };
                    sum += nats * f64::from(weight);
                }
                sum
            });
            if learns {
                let d_out = ArrayView2::from_shape((n, n_out), &d_out[..n * n_out]).expect("it fits");
                let mut d_hidden = rows_of_mut(d_hidden, 0..n);
                head.backward(rows_of(hidden, 0..n), d_out, &mut grad.heads[j], Some(&mut d_hidden));
                scatter(d_hidden.view(), asked, d_last);
                for (k, (pair, &parent)) in network.pairs[j].iter().zip(&column.parents).enumerate() {
                    let of_parent = &self.layout.columns[parent];
                    take_parent(of_parent, parent, asked, codes, cells, all_features, parent_tokens, parent_features);
                    pair.backward(parent_tokens, rows_of(parent_features, 0..n), d_out, &mut grad.pairs[j][k]);
                }
            }
        }
        total
    }
}

/// What a parent's cells are in the rows `asked`: tokens where they are known, and their features.
#[allow(clippy::too_many_arguments, reason = "parts of a shard, borrowed one by one")]
fn take_parent(
    layout: &ColumnLayout<f32>,
    parent: usize,
    asked: &[usize],
    codes: &Array2<u32>,
    cells: &Array2<Cell>,
    all_features: &Array2<f32>,
    tokens: &mut Vec<Option<u32>>,
    features: &mut Array2<f32>,
) {
    tokens.clear();
    let row = |i: usize| row_of_table(layout, codes[[i, parent]]).filter(|_| cells[[i, parent]] == Cell::Known);
    tokens.extend(asked.iter().map(|&i| row(i)));
    if let Some(rest) = layout.rest {
        for (place, &i) in asked.iter().enumerate() {
            let from = all_features.row(i).to_slice().expect("row-major");
            let to = features.row_mut(place).into_slice().expect("row-major");
            to.copy_from_slice(&from[rest * FEATURES..(rest + 1) * FEATURES]);
        }
    }
}

impl Objective for Masking<'_> {
    type Network = Network<f32>;
    type Shard = Shard;

    fn shard(&self, network: &Network<f32>, part: Range<usize>, batch_size: usize) -> Shard {
        Shard::new(self.layout, network, part, batch_size)
    }

    fn data_sum(&self) -> u32 {
        let codes = self.tokens.codes.iter().map(|code| code.to_le_bytes());
        check_sum(codes.chain(self.tokens.ranks.iter().flatten().map(|rank| rank.to_le_bytes())))
    }

    fn begin_step(&mut self, network: &Network<f32>) {
        network.tabulate(self.layout, &mut self.table);
    }

    /// The mean over cells, so that the gradient's size does not depend on the number of columns.
    fn run(&self, network: &Network<f32>, shard: &mut Shard, rows: &[usize], offset: f64, rng: &mut ChaCha8Rng) -> f64 {
        let own = &rows[shard.start..shard.start + shard.n_rows];
        self.mask(shard, offset, rng);
        self.start(network, shard, own, rng);
        network.forward(&mut shard.tape, Some((self.dropout, &mut *rng)));
        shard.grad.set_zero();
        let scale = 1.0 / shard.batch_size as f32;
        let loss = self.heads(network, shard, scale, true);
        network.backward(&mut shard.tape, &mut shard.grad);
        let d_start = shard.tape.d_output();
        for (i, d_h) in d_start.rows().into_iter().enumerate() {
            let d_h = d_h.to_slice().expect("row-major");
            for (j, column) in self.layout.columns.iter().enumerate() {
                if shard.cells[[i, j]] == Cell::Known {
                    let mut d_e = shard.grad.embedding.row_mut(column.offset + shard.codes[[i, j]] as usize);
                    let d_e = d_e.as_slice_mut().expect("row-major");
                    d_e.iter_mut().zip(d_h).for_each(|(d_e, &d_h)| *d_e += d_h);
                }
            }
        }
        network.backward_tabulate(self.layout, &mut shard.grad);
        // In nats a row: what cells cost on average, times their number.
        let weight_of_row = 1.0 + self.order_share * f64::from(OTHERS);
        loss * self.order.len() as f64 / (weight_of_row * shard.batch_size as f64)
    }

    fn grad<'s>(&self, shard: &'s mut Shard) -> &'s mut Network<f32> {
        &mut shard.grad
    }

    /// Nats a row, in the order of sampling, from a sample of cells: the same at every call. No cell counts for more than
    /// [`Masking::most_nats`].
    fn held_out(&mut self, network: &Network<f32>) -> f64 {
        network.tabulate(self.layout, &mut self.table);
        let n_columns = self.order.len();
        let n_cells = HELD_OUT_CELLS.div_ceil(self.kept_rows.len().max(1)).min(n_columns) * self.kept_rows.len();
        let rows: Vec<usize> = self.kept_rows.iter().copied().cycle().take(n_cells).collect();
        let this = &*self;
        let sums: Vec<f64> = rows
            .par_chunks(SHARD_ROWS)
            .enumerate()
            .map(|(chunk_idx, chunk)| {
                let mut shard = Shard::new(this.layout, network, 0..chunk.len(), chunk.len());
                let rng = &mut stream(this.seed, Purpose::Validation, 2 + chunk_idx as u64);
                let offset = rng.r#gen::<f64>();
                for i in 0..chunk.len() {
                    let known = low_discrepancy(offset, i, chunk.len(), n_columns);
                    for (place, &column) in this.order.iter().enumerate() {
                        shard.cells[[i, column]] = match place.cmp(&known) {
                            std::cmp::Ordering::Less => Cell::Known,
                            std::cmp::Ordering::Equal => Cell::Hidden(1.0),
                            std::cmp::Ordering::Greater => Cell::Hidden(0.0),
                        };
                    }
                }
                this.start(network, &mut shard, chunk, rng);
                network.forward::<ChaCha8Rng>(&mut shard.tape, None);
                this.heads(network, &mut shard, 1.0, false)
            })
            .collect();
        sums.into_iter().sum::<f64>() * n_columns as f64 / n_cells as f64
    }
}

//! The denoiser: which cells of a row are known goes in, a hidden vector from which every column's head speaks comes out.
//!
//! ```text
//! h_0 = base + Σ over known cells (embedding of the token + position features · their weights)
//! h_{i+1} = h_i + B_i dropout(silu(A_i norm(h_i)))         head_j: H_j h_n + b_j (+ pairs)
//! ```
//!
//! A masked cell adds nothing. Nothing is ever written one-hot: embeddings are gathered, and the position features of
//! levels and atoms, which are the same in every row, are folded into them once a step. The second matrix of every block
//! and all heads start at zero; the heads' biases are the columns' shares, so that a fresh network is the product of the
//! marginal distributions, exactly. There is no normalisation before the heads: what is linear in a coordinate stays so.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, Slice};
use rand::Rng;

use super::features::FEATURES;
use super::layout::{ColumnLayout, Layout};
use super::pairs::Pair;
use crate::learn::nn::{LayerNorm, Linear, Parameters, Real, Store, silu_all, silu_backward_all};

/// The parameters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Network<F> {
    /// One row a token. (tokens of all variables, width)
    pub(crate) embedding: Array2<F>,
    /// The weights of position features. (variables with positions x [`FEATURES`], width)
    pub(crate) position: Array2<F>,
    /// The hidden vector of a row of which nothing is known. (width)
    pub(crate) base: Array1<F>,
    /// The residual blocks.
    pub(crate) blocks: Vec<Block<F>>,
    /// One head a variable.
    pub(crate) heads: Vec<Linear<F>>,
    /// For each variable the terms of its parents.
    pub(crate) pairs: Vec<Vec<Pair<F>>>,
}

/// The standard deviation that embeddings start with. Small ones tell nothing of single rows at first: at a unit of variance
/// in all, a network of California ended at 7.81 nats instead of 7.39, one of Shoppers at 18.20 instead of 18.01.
const SPREAD: f64 = 0.08;

/// A residual block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block<F> {
    /// Before everything.
    pub(crate) norm: LayerNorm<F>,
    /// A, then SiLU and dropout.
    pub(crate) inner: Linear<F>,
    /// B, added to the input.
    pub(crate) outer: Linear<F>,
}

/// Rows on their way through the network: its buffers are used again.
#[derive(Debug, Clone)]
pub(crate) struct Tape<F> {
    /// Position features of known cells in bins; zero where a cell is unknown or no bin. (rows, variables with bins x
    /// [`FEATURES`])
    pub(crate) features: Array2<F>,
    /// The input of each block, and last the output. (rows, width)
    hidden: Vec<Array2<F>>,
    normed: Vec<Array2<F>>,
    stats: Vec<Array2<F>>,
    before: Vec<Array2<F>>,
    active: Vec<Array2<F>>,
    /// 0 or 1/(1 - rate) for each unit of `active`.
    masks: Vec<Array2<F>>,
    /// The gradient of `hidden`, and of what is inside a block.
    d_hidden: Array2<F>,
    d_inner: Array2<F>,
    d_normed: Array2<F>,
    dropped: bool,
}

impl<F: Real> Network<F> {
    /// A network that says the `shares` of each variable's tokens.
    pub(crate) fn init<R: Rng + ?Sized>(
        layout: &Layout<F>,
        width: usize,
        n_blocks: usize,
        shares: &[Vec<f64>],
        rng: &mut R,
    ) -> Self {
        let mut draw = |scale: f64| F::of(scale * rng.sample::<f64, _>(ndarray_rand::rand_distr::StandardNormal));
        let embedding = Array2::from_shape_simple_fn((layout.n_tokens, width), || draw(SPREAD));
        let position = (layout.n_scales * FEATURES, width);
        let position = Array2::from_shape_simple_fn(position, || draw(SPREAD / (FEATURES as f64).sqrt()));
        let block = |_| Block {
            norm: LayerNorm::new(width),
            inner: Linear::init(width, width, rng),
            outer: Linear::zeros(width, width),
        };
        let blocks = (0..n_blocks).map(block).collect();
        let head = |(column, shares): (&ColumnLayout<F>, &Vec<f64>)| Linear {
            weight: Array2::zeros((width, column.shape.n_outputs())),
            bias: Array1::from_vec(column.shape.initial_bias(shares)),
        };
        let heads = layout.columns.iter().zip(shares).map(head).collect();
        let pairs_of = |column: &ColumnLayout<F>| {
            column.parents.iter().map(|&parent| Pair::zeros(column, &layout.columns[parent])).collect()
        };
        let pairs = layout.columns.iter().map(pairs_of).collect();
        Self { embedding, position, base: Array1::zeros(width), blocks, heads, pairs }
    }

    /// The width of hidden vectors.
    pub(crate) fn width(&self) -> usize {
        self.base.len()
    }

    /// A tape for at most `n_rows` rows.
    pub(crate) fn tape(&self, layout: &Layout<F>, n_rows: usize) -> Tape<F> {
        let of_width = || Array2::zeros((n_rows, self.width()));
        let of_blocks = || vec![of_width(); self.blocks.len()];
        Tape {
            features: Array2::zeros((n_rows, layout.n_rest * FEATURES)),
            hidden: vec![of_width(); self.blocks.len() + 1],
            normed: of_blocks(),
            stats: vec![Array2::zeros((n_rows, 2)); self.blocks.len()],
            before: of_blocks(),
            active: of_blocks(),
            masks: of_blocks(),
            d_hidden: of_width(),
            d_inner: of_width(),
            d_normed: of_width(),
            dropped: false,
        }
    }

    /// Writes every token's embedding with its position's share in it. (tokens of all variables, width)
    pub(crate) fn tabulate(&self, layout: &Layout<F>, table: &mut Array2<F>) {
        table.assign(&self.embedding);
        for column in &layout.columns {
            if let Some(scale) = column.scale {
                let rows = column.offset..column.offset + column.shape.n_tokens;
                let weights = rows_of(&self.position, scale * FEATURES..(scale + 1) * FEATURES);
                F::product(column.fixed.view(), weights, Store::Add, &mut rows_of_mut(table, rows));
            }
        }
    }

    /// Runs the rows that stand in the tape: [`Tape::start`] and its features. `drop` has a rate and a generator.
    pub(crate) fn forward<R: Rng + ?Sized>(&self, tape: &mut Tape<F>, drop: Option<(f64, &mut R)>) {
        self.add_features(tape);
        self.forward_blocks(tape, drop);
    }

    fn add_features(&self, tape: &mut Tape<F>) {
        let n_rest = tape.features.ncols();
        if n_rest > 0 {
            let weights = rows_of(&self.position, 0..n_rest);
            F::product(tape.features.view(), weights, Store::Add, &mut tape.hidden[0].view_mut()); // (B, Q) (Q, W) -> (B, W)
        }
    }

    /// Runs the rows whose first hidden vectors are complete.
    pub(crate) fn forward_blocks<R: Rng + ?Sized>(&self, tape: &mut Tape<F>, drop: Option<(f64, &mut R)>) {
        let mut drop = drop.filter(|(rate, _)| *rate > 0.0);
        tape.dropped = drop.is_some();
        for (i, block) in self.blocks.iter().enumerate() {
            let (before, after) = tape.hidden.split_at_mut(i + 1);
            let (h, next) = (&before[i], &mut after[0]);
            block.norm.forward(h.view(), &mut tape.normed[i].view_mut(), &mut tape.stats[i]);
            block.inner.forward(tape.normed[i].view(), &mut tape.before[i].view_mut());
            silu_all(flat(&tape.before[i]), flat_mut(&mut tape.active[i]));
            if let Some((rate, rng)) = &mut drop {
                drop_units(*rate, &mut **rng, flat_mut(&mut tape.masks[i]));
                multiply(flat_mut(&mut tape.active[i]), flat(&tape.masks[i]));
            }
            next.assign(h);
            block.outer.forward_add(tape.active[i].view(), &mut next.view_mut());
        }
    }

    /// Adds the parameters' gradients into `grad` but for embeddings, from [`Tape::d_output`]; afterwards the gradient
    /// of the first hidden vectors stands there.
    pub(crate) fn backward(&self, tape: &mut Tape<F>, grad: &mut Self) {
        for (i, block) in self.blocks.iter().enumerate().rev() {
            let grad = &mut grad.blocks[i];
            let d_inner = Some(&mut tape.d_inner.view_mut());
            block.outer.backward(tape.active[i].view(), tape.d_hidden.view(), &mut grad.outer, d_inner);
            if tape.dropped {
                multiply(flat_mut(&mut tape.d_inner), flat(&tape.masks[i]));
            }
            silu_backward_all(flat(&tape.before[i]), flat_mut(&mut tape.d_inner));
            let d_normed = Some(&mut tape.d_normed.view_mut());
            block.inner.backward(tape.normed[i].view(), tape.d_inner.view(), &mut grad.inner, d_normed);
            let (h, stats) = (tape.hidden[i].view(), &tape.stats[i]);
            block.norm.backward(h, stats, tape.d_normed.view(), &mut grad.norm, &mut tape.d_hidden.view_mut());
        }
        for row in tape.d_hidden.axis_iter(Axis(0)) {
            grad.base += &row;
        }
        let n_rest = tape.features.ncols();
        if n_rest > 0 {
            let mut weights = rows_of_mut(&mut grad.position, 0..n_rest);
            F::product(tape.features.t(), tape.d_hidden.view(), Store::Add, &mut weights);
        }
    }

    /// Completes the gradients of position weights after those of all embeddings are there.
    pub(crate) fn backward_tabulate(&self, layout: &Layout<F>, grad: &mut Self) {
        for column in &layout.columns {
            if let Some(scale) = column.scale {
                let rows = column.offset..column.offset + column.shape.n_tokens;
                let d_table = rows_of(&grad.embedding, rows);
                let mut weights = rows_of_mut(&mut grad.position, scale * FEATURES..(scale + 1) * FEATURES);
                F::product(column.fixed.t(), d_table, Store::Add, &mut weights);
            }
        }
    }
}

impl<F: Real> Tape<F> {
    /// The features and the first hidden vectors.
    pub(crate) fn input_mut(&mut self) -> (&mut Array2<F>, &mut Array2<F>) {
        (&mut self.features, &mut self.hidden[0])
    }

    /// The first hidden vectors, to be filled before [`Network::forward`]. (rows, width)
    pub(crate) fn start(&mut self) -> &mut Array2<F> {
        &mut self.hidden[0]
    }

    /// Makes it a tape for `n_rows` rows, for the forward pass without dropout.
    pub(crate) fn set_rows(&mut self, n_rows: usize) {
        let width = self.d_hidden.ncols();
        if self.hidden[0].nrows() == n_rows {
            return;
        }
        let buffers = self.hidden.iter_mut().chain(&mut self.normed).chain(&mut self.before).chain(&mut self.active);
        buffers.for_each(|buffer| *buffer = Array2::zeros((n_rows, width)));
        self.stats.iter_mut().for_each(|stats| *stats = Array2::zeros((n_rows, 2)));
    }

    /// Where the gradient of the output is written, and where that of the start is found. (rows, width)
    pub(crate) fn d_output(&mut self) -> &mut Array2<F> {
        &mut self.d_hidden
    }

    /// The features, the output and the place of its gradient.
    pub(crate) fn features_output_and_grad(&mut self) -> (&Array2<F>, &Array2<F>, &mut Array2<F>) {
        (&self.features, self.hidden.last().expect("a tape has an input"), &mut self.d_hidden)
    }

    /// The last hidden vectors. (rows, width)
    pub(crate) fn output(&self) -> &Array2<F> {
        self.hidden.last().expect("a tape has an input")
    }
}

/// 0 with probability `rate`, which is rounded to a 256th, else 1/(1 - rate).
fn drop_units<F: Real, R: Rng + ?Sized>(rate: f64, rng: &mut R, mask: &mut [F]) {
    let limit = (rate * 256.0).round().clamp(1.0, 255.0);
    let keep = F::of(256.0 / (256.0 - limit));
    let limit = limit as u8;
    let mut bytes = [0u8; 256];
    for chunk in mask.chunks_mut(bytes.len()) {
        rng.fill_bytes(&mut bytes);
        for (mask, &byte) in chunk.iter_mut().zip(&bytes) {
            *mask = if byte < limit { F::zero() } else { keep };
        }
    }
}

fn multiply<F: Real>(x: &mut [F], by: &[F]) {
    x.iter_mut().zip(by).for_each(|(x, &by)| *x *= by);
}

fn flat<F>(x: &Array2<F>) -> &[F] {
    x.as_slice().expect("row-major")
}

fn flat_mut<F>(x: &mut Array2<F>) -> &mut [F] {
    x.as_slice_mut().expect("row-major")
}

impl<F: Real> Parameters<F> for Network<F> {
    fn slices(&self) -> Vec<&[F]> {
        let mut slices = vec![flat(&self.embedding), flat(&self.position), self.base.as_slice().expect("row-major")];
        for block in &self.blocks {
            slices.extend([block.norm.slices(), block.inner.slices(), block.outer.slices()].concat());
        }
        slices.extend(self.heads.iter().flat_map(Parameters::slices));
        slices.extend(self.pairs.iter().flatten().flat_map(Parameters::slices));
        slices
    }

    fn slices_mut(&mut self) -> Vec<&mut [F]> {
        let base = self.base.as_slice_mut().expect("row-major");
        let mut slices = vec![flat_mut(&mut self.embedding), flat_mut(&mut self.position), base];
        for block in &mut self.blocks {
            slices.extend(block.norm.slices_mut());
            slices.extend(block.inner.slices_mut());
            slices.extend(block.outer.slices_mut());
        }
        slices.extend(self.heads.iter_mut().flat_map(Parameters::slices_mut));
        slices.extend(self.pairs.iter_mut().flatten().flat_map(Parameters::slices_mut));
        slices
    }
}

/// The rows `rows` of `x`.
pub(super) fn rows_of<F>(x: &Array2<F>, rows: Range<usize>) -> ArrayView2<'_, F> {
    x.slice_axis(Axis(0), Slice::from(rows))
}

/// The rows `rows` of `x`, to be changed.
pub(super) fn rows_of_mut<F>(x: &mut Array2<F>, rows: Range<usize>) -> ArrayViewMut2<'_, F> {
    x.slice_axis_mut(Axis(0), Slice::from(rows))
}

/// Rows of `x` at `rows`, one below the other, into the first rows of `out`.
pub(super) fn gather<F: Real>(x: &Array2<F>, rows: &[usize], out: &mut ArrayViewMut2<F>) {
    for (mut to, &row) in out.rows_mut().into_iter().zip(rows) {
        to.assign(&x.row(row));
    }
}

/// Adds the first rows of `from` to the rows of `x` at `rows`.
pub(super) fn scatter<F: Real>(from: ArrayView2<F>, rows: &[usize], x: &mut Array2<F>) {
    for (from, &row) in from.rows().into_iter().zip(rows) {
        let mut to = x.row_mut(row);
        to += &from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{ReadOptions, read_bytes};
    use crate::learn::encode::Tokenizer;
    use crate::learn::nn::testing::{check_gradient, draw_array, seeded};
    use rand_chacha::ChaCha8Rng;

    /// Two numbers on scales, one of them with an atom, an ordered column and one of words.
    fn layout() -> Layout<f64> {
        let row = |i: usize| {
            let (x, y) =
                ((i * 37 % 101) as f64 / 7.0, if i.is_multiple_of(3) { 0.0 } else { (i * 53 % 97) as f64 / 9.0 });
            format!("{x:.3},{y:.3},{},{}\n", i % 4, ["a", "b", "c"][i % 3])
        };
        let text: String = std::iter::once("x,y,grade,word\n".to_owned()).chain((0..120).map(row)).collect();
        let table = read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table;
        Layout::new(&Tokenizer::fit(&table, 2).unwrap())
    }

    #[test]
    fn derivatives_agree_with_central_differences() {
        let layout = layout();
        assert_eq!((layout.n_rest, layout.n_scales, layout.columns.len()), (2, 3, 4));
        let rng = &mut seeded(7);
        let shares: Vec<Vec<f64>> = layout.columns.iter().map(|c| vec![1.0; c.shape.n_tokens]).collect();
        let mut network = Network::init(&layout, 5, 2, &shares, rng);
        for slice in network.slices_mut() {
            slice.iter_mut().for_each(|p| *p += rng.gen_range(-0.3..0.3));
        }
        // Known cells of three rows, as (row, token); and features of cells in bins.
        let known =
            [(0, 1), (0, layout.columns[2].offset), (1, layout.columns[1].offset), (1, layout.columns[3].offset + 2)];
        let features = draw_array((3, layout.n_rest * FEATURES), rng);
        let weights = draw_array((3, 5), rng);
        let run = |network: &Network<f64>| {
            let mut table = network.embedding.clone();
            network.tabulate(&layout, &mut table);
            let mut tape = network.tape(&layout, 3);
            tape.features.assign(&features);
            for (row, mut start) in tape.start().rows_mut().into_iter().enumerate() {
                start.assign(&network.base);
                known.iter().filter(|(r, _)| *r == row).for_each(|&(_, token)| start += &table.row(token));
            }
            network.forward(&mut tape, Some((0.3, &mut seeded(9))));
            tape
        };
        let loss = |network: &Network<f64>| (run(network).output() * &weights).sum();
        let mut grad = network.clone();
        grad.set_zero();
        let mut tape = run(&network);
        tape.d_output().assign(&weights);
        network.backward(&mut tape, &mut grad);
        for (row, token) in known {
            let mut d_embedding = grad.embedding.row_mut(token);
            d_embedding += &tape.d_output().row(row);
        }
        network.backward_tabulate(&layout, &mut grad);
        check_gradient(&network, &grad, loss);
    }

    #[test]
    fn a_fresh_network_says_the_shares_whatever_is_known() {
        let layout = layout();
        let shares: Vec<Vec<f64>> =
            layout.columns.iter().map(|c| (0..c.shape.n_tokens).map(|t| 1.0 + t as f64).collect()).collect();
        let network = Network::init(&layout, 8, 1, &shares, &mut seeded(8));
        let mut tape = network.tape(&layout, 2);
        tape.start().assign(&draw_array((2, 8), &mut seeded(9)));
        network.forward::<ChaCha8Rng>(&mut tape, None);
        for ((column, head), shares) in layout.columns.iter().zip(&network.heads).zip(&shares) {
            let mut out = Array2::zeros((2, column.shape.n_outputs()));
            head.forward(tape.output().view(), &mut out.view_mut());
            let mut scratch = super::super::head::Scratch::default();
            for out in out.rows() {
                let total = column.shape.prepare(out.to_slice().unwrap(), &mut scratch);
                for (token, share) in shares.iter().enumerate() {
                    let said = scratch.weight(&column.shape, token) / total;
                    assert!((said - share / shares.iter().sum::<f64>()).abs() < 1e-12);
                }
            }
        }
    }
}

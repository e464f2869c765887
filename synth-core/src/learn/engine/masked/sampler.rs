//! Drawing: rows are completed column by column, a whole batch at a time.
//!
//! What is known of a row stays as it is; every other column, in the order of sampling, is drawn from its distribution
//! given all that is known by then. Rows that agree in everything known so far share one run of the network: at the
//! start, where columns of few levels come first, that is a handful of runs for thousands of rows.

use std::collections::HashMap;
use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut1, Axis};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::allowed::{Allowed, Conditions};
use super::features::{FEATURES, write_features};
use super::head::{Mixture, Scratch};
use super::layout::Layout;
use super::network::{Network, Tape, rows_of};
use super::pairs::row_of_table;
use crate::learn::encode::{Tokenizer, Variable};
use crate::learn::nn::vectorised;
use crate::learn::random::{Purpose, stream};

/// Rows that go through the network together.
pub(super) const CHUNK_ROWS: usize = 1024;
/// See [`Sampler::draw_given`].
const CANDIDATES: usize = 16;

/// A trained network with what drawing needs.
pub(super) struct Sampler<'a> {
    layout: &'a Layout<f32>,
    network: &'a Network<f32>,
    variables: Vec<&'a Variable>,
    order: &'a [usize],
    /// Every token's embedding with its position in it.
    table: Array2<f32>,
    /// The coordinates where each variable's bins begin and end.
    bounds: Vec<Vec<f64>>,
}

/// Rows that are being completed.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    /// The cells' tokens. (rows, variables)
    pub(super) codes: Array2<u32>,
    /// The coordinates of cells in bins. (rows, variables with bins)
    pub(super) z: Array2<f32>,
    /// Which cells are known. (rows, variables)
    pub(super) known: Array2<bool>,
    /// Each row's own random numbers.
    pub(super) rngs: Vec<ChaCha8Rng>,
}

/// How far the rows of a chunk are: what each of them starts the network with.
enum Starts {
    /// Rows that agree so far share one hidden vector: each row's group, and for each group one of its rows and a vector.
    Shared(Vec<usize>, Vec<usize>, Array2<f32>),
    /// One vector a row.
    Own(Array2<f32>),
}

impl Rows {
    fn take(&self, rows: &[usize]) -> Self {
        Self {
            codes: self.codes.select(Axis(0), rows),
            z: self.z.select(Axis(0), rows),
            known: self.known.select(Axis(0), rows),
            rngs: rows.iter().map(|&row| self.rngs[row].clone()).collect(),
        }
    }
}

impl<'a> Sampler<'a> {
    pub(super) fn new(
        tokenizer: &'a Tokenizer,
        layout: &'a Layout<f32>,
        network: &'a Network<f32>,
        order: &'a [usize],
    ) -> Self {
        let mut table = Array2::zeros(network.embedding.dim());
        network.tabulate(layout, &mut table);
        let variables: Vec<&Variable> = tokenizer.variables().map(|(_, variable)| variable).collect();
        let bounds = |variable: &&Variable| {
            let mut bounds = vec![f64::NEG_INFINITY];
            bounds.extend(variable.edges());
            bounds.push(f64::INFINITY);
            bounds
        };
        let bounds = variables.iter().map(bounds).collect();
        Self { layout, network, variables, order, table, bounds }
    }

    /// Rows of which nothing is known, the first of which has the number `first_row`.
    pub(super) fn blank(&self, first_row: u64, n_rows: usize, seed: u64) -> Rows {
        let n_columns = self.layout.columns.len();
        Rows {
            codes: Array2::zeros((n_rows, n_columns)),
            z: Array2::zeros((n_rows, self.layout.n_rest)),
            known: Array2::from_elem((n_rows, n_columns), false),
            rngs: (first_row..).take(n_rows).map(|row| stream(seed, Purpose::Sample, row)).collect(),
        }
    }

    /// Completes rows so that they meet conditions.
    ///
    /// Columns of which a single value is allowed come first, then those of which several are, each drawn from what is
    /// allowed of it given those before. With one column of the second kind that is the exact conditional distribution of
    /// the model. With more, the first would not know of the conditions on the next: [`CANDIDATES`] are drawn for each
    /// row, and one is chosen by the probability of meeting them (sampling-importance-resampling, Rubin 1987).
    pub(super) fn draw_given(&self, mut rows: Rows, conditions: &Conditions) -> Rows {
        if let Some((column, levels)) = &conditions.balance {
            for (row, rng) in rows.rngs.iter_mut().enumerate() {
                rows.codes[[row, *column]] = levels[rng.gen_range(0..levels.len())];
                rows.known[[row, *column]] = true;
            }
        }
        let allowed = |j: usize| conditions.allowed[j].as_ref();
        let is_balanced = |j: usize| conditions.balance.as_ref().is_some_and(|(column, _)| *column == j);
        let asked = self.order.iter().copied().filter(|&j| !is_balanced(j) && allowed(j).is_some());
        let (single, several): (Vec<usize>, Vec<usize>) =
            asked.partition(|&j| allowed(j).is_some_and(|a| a.is_single(self.variables[j])));
        let first = [single, several.clone()].concat();
        if several.len() > 1 {
            let n_rows = rows.rngs.len();
            let repeated: Vec<usize> = (0..n_rows).flat_map(|row| [row; CANDIDATES]).collect();
            let mut candidates = rows.take(&repeated);
            for (k, rng) in candidates.rngs.iter_mut().enumerate() {
                // Far from the numbers that the row itself will use.
                rng.set_word_pos(((1 + k % CANDIDATES) as u128) << 32);
            }
            let mut log_weights = vec![0.0; candidates.rngs.len()];
            self.complete(&mut candidates, &first, &conditions.allowed, Some(&mut log_weights));
            let chosen: Vec<usize> = (0..n_rows)
                .map(|row| {
                    let own = &log_weights[row * CANDIDATES..(row + 1) * CANDIDATES];
                    let largest = own.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let mut sum = 0.0;
                    let sums: Vec<f64> = own
                        .iter()
                        .map(|weight| {
                            sum += (weight - largest).exp();
                            sum
                        })
                        .collect();
                    row * CANDIDATES + pick(&sums, rows.rngs[row].r#gen())
                })
                .collect();
            let rngs = std::mem::take(&mut rows.rngs);
            rows = Rows { rngs, ..candidates.take(&chosen) };
        } else {
            self.complete(&mut rows, &first, &conditions.allowed, None);
        }
        self.complete(&mut rows, self.order, &conditions.allowed, None);
        rows
    }

    /// Draws the unknown cells of the columns `order`, one column after the other, from what is `allowed` of each. Adds
    /// to `log_weights` the logarithm of the probability of what was allowed.
    pub(super) fn complete(
        &self,
        rows: &mut Rows,
        order: &[usize],
        allowed: &[Option<Allowed>],
        mut log_weights: Option<&mut [f64]>,
    ) {
        let n_rows = rows.rngs.len();
        if n_rows == 0 {
            return;
        }
        let mut work = Work::new(self.network.tape(self.layout, n_rows));
        let width = self.network.width();
        let base = self.network.base.clone().into_shape_with_order((1, width)).expect("one row");
        let mut starts = match rows.known.iter().any(|&known| known) {
            false => Starts::Shared(vec![0; n_rows], vec![0], base),
            true => Starts::Own(self.starts_of(rows, &mut work.features)),
        };
        for &j in order {
            let active: Vec<usize> = (0..n_rows).filter(|&row| !rows.known[[row, j]]).collect();
            if active.is_empty() {
                continue;
            }
            if active.len() < n_rows {
                starts = starts.apart();
            }
            match &starts {
                Starts::Shared(_, firsts, starts) => self.run(starts.view(), firsts, rows, j, &mut work),
                Starts::Own(starts) if active.len() == n_rows => self.run(starts.view(), &active, rows, j, &mut work),
                Starts::Own(starts) => self.run(starts.select(Axis(0), &active).view(), &active, rows, j, &mut work),
            }
            let column = &self.layout.columns[j];
            self.weigh(j, allowed[j].as_ref(), &mut work);
            for (place, &row) in active.iter().enumerate() {
                let group = if let Starts::Shared(group_of, ..) = &starts { group_of[row] } else { place };
                let sums = work.sums.row(group);
                let sums = sums.to_slice().expect("row-major");
                if let Some(log_weights) = &mut log_weights {
                    log_weights[row] += (sums[sums.len() - 1] / work.totals[group]).max(1e-300).ln();
                }
                let rng = &mut rows.rngs[row];
                let token = pick(sums, rng.r#gen());
                rows.codes[[row, j]] = token as u32;
                rows.known[[row, j]] = true;
                if let Some(rest) = column.rest
                    && column.shape.is_bin(token)
                {
                    let (u, v) = (rng.r#gen(), rng.r#gen());
                    let bin = token - column.shape.first_bin;
                    let within = self.bounds[j][bin]..self.bounds[j][bin + 1];
                    rows.z[[row, rest]] = self.draw_within(j, group, within, allowed[j].as_ref(), [u, v], &mut work);
                }
            }
            starts = self.advance(starts, j, rows, &active, &mut work.features);
        }
    }

    /// A coordinate between two edges, and within what is allowed.
    fn draw_within(
        &self,
        j: usize,
        group: usize,
        within: Range<f64>,
        allowed: Option<&Allowed>,
        [u, v]: [f64; 2],
        work: &mut Work,
    ) -> f32 {
        let out = work.out.row(group);
        let out = out.to_slice().expect("row-major");
        let shape = &self.layout.columns[j].shape;
        shape.prepare(out, &mut work.scratch);
        let mixture = Mixture::new(shape, out, &work.scratch);
        let Some(allowed) = allowed else {
            return mixture.draw(within.start, within.end, u, v) as f32;
        };
        let parts: Vec<Range<f64>> = parts(&within, &allowed.intervals).collect();
        let mut sum = 0.0;
        let sums: Vec<f64> = parts
            .iter()
            .map(|part| {
                sum += mixture.mass(part.start, part.end).max(1e-300);
                sum
            })
            .collect();
        let chosen = pick(&sums, u);
        let (from, to) = (if chosen == 0 { 0.0 } else { sums[chosen - 1] }, sums[chosen]);
        let left = ((u * sum - from) / (to - from)).clamp(0.0, 1.0 - 1e-12);
        mixture.draw(parts[chosen].start, parts[chosen].end, left, v) as f32
    }

    /// The hidden vectors that rows start with, from what is known of them.
    fn starts_of(&self, rows: &Rows, features: &mut Array2<f32>) -> Array2<f32> {
        let mut starts = Array2::zeros((rows.rngs.len(), self.network.width()));
        for (row, mut start) in starts.rows_mut().into_iter().enumerate() {
            start.assign(&self.network.base);
            for &j in self.order.iter().filter(|&&j| rows.known[[row, j]]) {
                let z = self.layout.columns[j].rest.map(|rest| rows.z[[row, rest]]);
                self.reveal(j, rows.codes[[row, j]] as usize, z, &mut start, features.row_mut(row));
            }
        }
        starts
    }

    /// Adds column `j`, which was just drawn for the rows `active`, to what rows start with.
    fn advance(&self, starts: Starts, j: usize, rows: &Rows, active: &[usize], features: &mut Array2<f32>) -> Starts {
        let column = &self.layout.columns[j];
        let z = |row: usize| column.rest.map(|rest| rows.z[[row, rest]]);
        match starts {
            // A coordinate is shared by nobody.
            Starts::Shared(group_of, _, starts) if column.rest.is_none() && starts.nrows() < group_of.len() => {
                let mut next: HashMap<(usize, u32), usize> = HashMap::new();
                let mut firsts: Vec<usize> = Vec::new();
                let place = |(row, &group): (usize, &usize)| {
                    *next.entry((group, rows.codes[[row, j]])).or_insert_with(|| {
                        firsts.push(row);
                        firsts.len() - 1
                    })
                };
                let new_groups: Vec<usize> = group_of.iter().enumerate().map(place).collect();
                let mut new_starts = Array2::zeros((firsts.len(), starts.ncols()));
                for (mut start, &row) in new_starts.rows_mut().into_iter().zip(&firsts) {
                    start.assign(&starts.row(group_of[row]));
                    // Without bins it has no features of its own.
                    self.reveal(j, rows.codes[[row, j]] as usize, None, &mut start, features.row_mut(row));
                }
                Starts::Shared(new_groups, firsts, new_starts)
            }
            starts => {
                let Starts::Own(mut starts) = starts.apart() else { unreachable!("they were just set apart") };
                for &row in active {
                    let place = features.row_mut(row);
                    self.reveal(j, rows.codes[[row, j]] as usize, z(row), &mut starts.row_mut(row), place);
                }
                Starts::Own(starts)
            }
        }
    }

    /// The log-likelihood of rows of which everything is known, in the order of sampling: probabilities of tokens, and for
    /// cells in bins the density of their coordinate.
    pub(super) fn log_likelihood(&self, rows: &Rows) -> Vec<f64> {
        let n_rows = rows.rngs.len();
        let mut starts = Array2::zeros((n_rows, self.network.width()));
        starts.rows_mut().into_iter().for_each(|mut start| start.assign(&self.network.base));
        let mut work = Work::new(self.network.tape(self.layout, n_rows));
        let mut nats = vec![0.0; n_rows];
        let all: Vec<usize> = (0..n_rows).collect();
        let mut known = rows.clone();
        known.known.fill(false);
        for &j in self.order {
            self.run(starts.view(), &all, &known, j, &mut work);
            known.known.column_mut(j).fill(true);
            let column = &self.layout.columns[j];
            let mut ignored = vec![0.0; column.shape.n_outputs()];
            for (row, nats) in nats.iter_mut().enumerate() {
                let out = work.out.row(row);
                let out = out.to_slice().expect("row-major");
                let (token, z) = (rows.codes[[row, j]] as usize, column.rest.map(|rest| rows.z[[row, rest]]));
                let cost = column.shape.loss(out, token, z.unwrap_or(0.0), 0.0, &mut ignored, &mut work.scratch);
                *nats -= f64::from(cost);
                self.reveal(j, token, z, &mut starts.row_mut(row), work.features.row_mut(row));
            }
        }
        nats
    }

    /// Adds to a hidden vector what is known once a cell is.
    fn reveal(
        &self,
        j: usize,
        token: usize,
        z: Option<f32>,
        start: &mut ArrayViewMut1<f32>,
        row_features: ArrayViewMut1<f32>,
    ) {
        let column = &self.layout.columns[j];
        *start += &self.table.row(column.offset + token);
        if let (Some(rest), Some(z)) = (column.rest, z)
            && column.shape.is_bin(token)
        {
            let variable = self.variables[j];
            let features = row_features.into_slice().expect("row-major");
            let features = &mut features[rest * FEATURES..(rest + 1) * FEATURES];
            let rank = crate::learn::encode::normal_share(f64::from(z)) as f32;
            let value = variable.standardised(variable.number(token, f64::from(z))) as f32;
            write_features(rank, z, value, features);
            let weights = rows_of(&self.network.position, rest * FEATURES..(rest + 1) * FEATURES);
            for (weights, feature) in weights.rows().into_iter().zip(features) {
                start.scaled_add(*feature, &weights);
            }
        }
    }

    /// The outputs of head `j` for the rows `which`, which start as `starts`.
    fn run(&self, starts: ArrayView2<f32>, which: &[usize], rows: &Rows, j: usize, work: &mut Work) {
        let head = &self.network.heads[j];
        let (n, n_out) = (starts.nrows(), self.layout.columns[j].shape.n_outputs());
        work.tape.set_rows(n);
        work.tape.start().assign(&starts);
        self.network.forward_blocks::<ChaCha8Rng>(&mut work.tape, None);
        work.out = Array2::zeros((n, n_out));
        head.forward(work.tape.output().view(), &mut work.out.view_mut());
        for (pair, &parent) in self.network.pairs[j].iter().zip(&self.layout.columns[j].parents) {
            let of_parent = &self.layout.columns[parent];
            let token = |row: usize| row_of_table(of_parent, rows.codes[[row, parent]]);
            let tokens: Vec<Option<u32>> =
                which.iter().map(|&row| token(row).filter(|_| rows.known[[row, parent]])).collect();
            if which.iter().all(|&row| !rows.known[[row, parent]]) {
                continue;
            }
            if let Some(rest) = of_parent.rest {
                for (place, &row) in which.iter().enumerate() {
                    let from = work.features.row(row).to_slice().expect("row-major");
                    let to = work.parent_features.row_mut(place).into_slice().expect("row-major");
                    to.copy_from_slice(&from[rest * FEATURES..(rest + 1) * FEATURES]);
                }
            }
            pair.forward_add(&tokens, rows_of(&work.parent_features, 0..n), &mut work.out.view_mut());
        }
    }

    /// For each of the rows that were run the running sums of its allowed tokens' weights, and the sum of all weights.
    fn weigh(&self, j: usize, allowed: Option<&Allowed>, work: &mut Work) {
        let shape = &self.layout.columns[j].shape;
        let Work { out, scratch, sums, totals, .. } = work;
        *sums = Array2::zeros((out.nrows(), shape.n_tokens));
        totals.clear();
        vectorised(|| {
            for (mut sums, out) in sums.rows_mut().into_iter().zip(out.rows()) {
                let out = out.to_slice().expect("row-major");
                totals.push(f64::from(shape.prepare(out, scratch)));
                let mut sum = 0.0;
                for (token, place) in sums.iter_mut().enumerate() {
                    sum += match allowed {
                        None => f64::from(scratch.weight(shape, token)),
                        Some(allowed) if !allowed.tokens[token] => 0.0,
                        Some(allowed) if shape.is_bin(token) => {
                            let bin = token - shape.first_bin;
                            let within = self.bounds[j][bin]..self.bounds[j][bin + 1];
                            let mixture = Mixture::new(shape, out, scratch);
                            let masses = parts(&within, &allowed.intervals).map(|p| mixture.mass(p.start, p.end));
                            f64::from(scratch.bare_weight(token)) * masses.sum::<f64>()
                        }
                        // However unlikely, it is what is asked for.
                        Some(_) => f64::from(scratch.weight(shape, token)).max(1e-300),
                    };
                    *place = sum;
                }
            }
        });
    }
}

impl Starts {
    fn apart(self) -> Self {
        match self {
            Starts::Shared(group_of, _, starts) => Starts::Own(starts.select(Axis(0), &group_of)),
            own => own,
        }
    }
}

/// Buffers of a chunk.
struct Work {
    tape: Tape<f32>,
    /// Position features of known cells in bins, zero elsewhere. (rows, variables with bins x [`FEATURES`])
    features: Array2<f32>,
    parent_features: Array2<f32>,
    out: Array2<f32>,
    sums: Array2<f64>,
    totals: Vec<f64>,
    scratch: Scratch<f32>,
}

impl Work {
    fn new(tape: Tape<f32>) -> Self {
        let (out, sums) = (Array2::zeros((0, 0)), Array2::zeros((0, 0)));
        let (n_rows, n_features) = tape.features.dim();
        let features = Array2::zeros((n_rows, n_features));
        let parent_features = Array2::zeros((n_rows, FEATURES));
        Self { tape, features, parent_features, out, sums, totals: Vec::new(), scratch: Scratch::default() }
    }
}

/// What of `within` lies in `intervals`.
fn parts(within: &Range<f64>, intervals: &[Range<f64>]) -> impl Iterator<Item = Range<f64>> {
    let cut = |i: &Range<f64>| i.start.max(within.start)..i.end.min(within.end);
    intervals.iter().map(cut).filter(|part| part.start < part.end)
}

/// The entry at share `u` of running sums.
fn pick(sums: &[f64], u: f64) -> usize {
    let total = *sums.last().expect("there is something to choose from");
    sums.partition_point(|&sum| sum <= u * total).min(sums.len() - 1)
}

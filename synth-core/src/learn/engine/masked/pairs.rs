//! What one known cell says of another column directly: terms of pairs beside the network (as in a Markov
//! random field, or the wide part of arXiv:1606.07792).
//!
//! ```text
//! outputs of head j = H_j h_n + b_j + Σ over known parents i of j (T_ij[token of i], or in a bin features of i · S_ij)
//! ```
//!
//! The trunk must carry every column through one hidden vector, and is slow to learn what is nearly a function of one
//! other cell: a survival at six months given that at two, values that are missing together. A log-linear term of a pair
//! learns it at once. Each column has a few *parents*: those that tell most of it, by mutual information. All terms start
//! at zero, so that a fresh network still says the marginal distributions.

use ndarray::{Array2, ArrayView2, ArrayViewMut2};

use super::features::FEATURES;
use super::layout::{ColumnLayout, Layout};
use crate::learn::encode::{Tokenizer, Tokens, Variable};
use crate::learn::nn::{Parameters, Real, Store, vectorised};

/// Rows that mutual information is taken from, at most.
const ROWS: usize = 5_000;
/// Groups of neighbouring values, and most frequent levels, that a column is coarsened to.
const GROUPS: usize = 12;
/// Entries of a pair's table, at most: a pair of columns of hundreds of levels has too few rows for each.
const MOST_ENTRIES: usize = 32_768;
/// The least mutual information of a parent, in nats, after what chance gives is taken off.
const LEAST_INFORMATION: f64 = 0.002;

/// The terms of one column and one parent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair<F> {
    /// What each token of the parent but its bins adds. (tokens of the parent less bins, outputs)
    pub(crate) table: Array2<F>,
    /// What the parent's position features add where it is in a bin; no rows if it has no bins. ([`FEATURES`], outputs)
    pub(crate) slope: Array2<F>,
}

impl<F: Real> Pair<F> {
    /// No effect of `parent` on `column`.
    pub(crate) fn zeros(column: &ColumnLayout<F>, parent: &ColumnLayout<F>) -> Self {
        let n_outputs = column.shape.n_outputs();
        let n_features = if parent.rest.is_some() { FEATURES } else { 0 };
        Self {
            table: Array2::zeros((parent.shape.n_tokens - parent.shape.n_bins(), n_outputs)),
            slope: Array2::zeros((n_features, n_outputs)),
        }
    }

    /// Adds the pair's terms to outputs. `tokens` has the table's row ([`row_of_table`]) for each row, `None` where the parent is
    /// not known or in a bin; `features` its position features, zero where it is in no bin. (rows, [`FEATURES`]) (rows,
    /// outputs)
    pub(crate) fn forward_add(&self, tokens: &[Option<u32>], features: ArrayView2<F>, out: &mut ArrayViewMut2<F>) {
        if self.slope.nrows() > 0 {
            F::product(features, self.slope.view(), Store::Add, out);
        }
        vectorised(|| {
            for (token, mut out) in tokens.iter().zip(out.rows_mut()) {
                if let Some(token) = token {
                    let term = self.table.row(*token as usize);
                    let term = term.to_slice().expect("row-major");
                    let out = out.as_slice_mut().expect("row-major");
                    out.iter_mut().zip(term).for_each(|(out, &term)| *out += term);
                }
            }
        });
    }

    /// Adds the terms' gradients into `grad`.
    pub(crate) fn backward(
        &self,
        tokens: &[Option<u32>],
        features: ArrayView2<F>,
        d_out: ArrayView2<F>,
        grad: &mut Self,
    ) {
        if self.slope.nrows() > 0 {
            F::product(features.t(), d_out, Store::Add, &mut grad.slope.view_mut());
        }
        vectorised(|| {
            for (token, d_out) in tokens.iter().zip(d_out.rows()) {
                if let Some(token) = token {
                    let mut d_term = grad.table.row_mut(*token as usize);
                    let d_term = d_term.as_slice_mut().expect("row-major");
                    let d_out = d_out.to_slice().expect("row-major");
                    d_term.iter_mut().zip(d_out).for_each(|(d_term, &d_out)| *d_term += d_out);
                }
            }
        });
    }
}

/// The row of a parent's tables for one of its tokens: bins have none, their features speak.
pub(super) fn row_of_table<F: Real>(parent: &ColumnLayout<F>, token: u32) -> Option<u32> {
    let shape = &parent.shape;
    match token as usize {
        token if shape.is_bin(token) => None,
        token if token < shape.first_bin => Some(token as u32),
        token => Some((token - shape.n_bins()) as u32),
    }
}

impl<F: Real> Parameters<F> for Pair<F> {
    fn slices(&self) -> Vec<&[F]> {
        [&self.table, &self.slope].map(|x| x.as_slice().expect("row-major")).to_vec()
    }

    fn slices_mut(&mut self) -> Vec<&mut [F]> {
        [&mut self.table, &mut self.slope].map(|x| x.as_slice_mut().expect("row-major")).into()
    }
}

/// The parents of each column, those that tell most first: at most `most`.
pub(super) fn parents<F: Real>(
    tokenizer: &Tokenizer,
    layout: &Layout<F>,
    tokens: &Tokens,
    rows: &[usize],
    most: usize,
) -> Vec<Vec<usize>> {
    let stride = rows.len().div_ceil(ROWS).max(1);
    let rows: Vec<usize> = rows.iter().copied().step_by(stride).collect();
    let groups: Vec<Groups> = tokenizer
        .variables()
        .zip(&layout.columns)
        .enumerate()
        .map(|(j, ((_, variable), column))| Groups::of(variable, column, tokens, j, &rows))
        .collect();
    let n = groups.len();
    let mut information = vec![vec![0.0; n]; n];
    for a in 0..n {
        for b in 0..a {
            let nats = mutual_information(&groups[a], &groups[b]);
            (information[a][b], information[b][a]) = (nats, nats);
        }
    }
    let parents_of = |(j, told): (usize, &Vec<f64>)| {
        let n_outputs = layout.columns[j].shape.n_outputs();
        let fits = |i: &usize| layout.columns[*i].shape.n_tokens * n_outputs <= MOST_ENTRIES;
        let mut others: Vec<usize> = (0..n).filter(|&i| i != j && told[i] >= LEAST_INFORMATION).filter(fits).collect();
        others.sort_by(|&a, &b| told[b].total_cmp(&told[a]));
        others.truncate(most);
        others
    };
    information.iter().enumerate().map(parents_of).collect()
}

/// A column in few groups.
struct Groups {
    n: usize,
    of_row: Vec<u8>,
}

impl Groups {
    fn of<F: Real>(variable: &Variable, column: &ColumnLayout<F>, tokens: &Tokens, j: usize, rows: &[usize]) -> Self {
        // Neighbours on a scale share a group; of all other tokens the most frequent have their own.
        let positions = variable.positions();
        let in_group = |rank: f64| ((rank * GROUPS as f64) as usize).min(GROUPS - 1);
        let mut counts = vec![0; column.shape.n_tokens];
        rows.iter().for_each(|&row| counts[tokens.codes[[row, j]] as usize] += 1);
        let mut free: Vec<usize> = (0..counts.len()).filter(|&t| positions[t].is_none()).collect();
        free.sort_by_key(|&t| std::cmp::Reverse(counts[t]));
        let mut group_of: Vec<usize> = positions.iter().map(|p| p.map_or(2 * GROUPS, |p| in_group(p.rank))).collect();
        for (place, &token) in free.iter().enumerate() {
            group_of[token] = GROUPS + place.min(GROUPS - 1);
        }
        let of_row = |&row: &usize| {
            let token = tokens.codes[[row, j]] as usize;
            match column.rest {
                Some(rest) if column.shape.is_bin(token) => {
                    let [low, high] = tokens.ranks[[row, rest]];
                    in_group(f64::from(f32::midpoint(low, high))) as u8
                }
                _ => group_of[token] as u8,
            }
        };
        Self { n: 2 * GROUPS, of_row: rows.iter().map(of_row).collect() }
    }
}

/// The mutual information of two columns in nats, less what it is by chance if they are independent: (a - 1)(b - 1)/2n
/// with a and b groups (Miller 1955). 0 if that leaves nothing.
fn mutual_information(a: &Groups, b: &Groups) -> f64 {
    let mut joint = vec![0u32; a.n * b.n];
    a.of_row.iter().zip(&b.of_row).for_each(|(&a, &of_b)| joint[a as usize * b.n + of_b as usize] += 1);
    let n_rows = a.of_row.len() as f64;
    let mut sums = (vec![0u32; a.n], vec![0u32; b.n]);
    for (cell, &count) in joint.iter().enumerate() {
        sums.0[cell / b.n] += count;
        sums.1[cell % b.n] += count;
    }
    let mut nats = 0.0;
    for (cell, &count) in joint.iter().enumerate().filter(|(_, count)| **count > 0) {
        let (count, of_a, of_b) = (f64::from(count), f64::from(sums.0[cell / b.n]), f64::from(sums.1[cell % b.n]));
        nats += count / n_rows * (count * n_rows / (of_a * of_b)).ln();
    }
    let used = |sums: &[u32]| sums.iter().filter(|count| **count > 0).count() as f64 - 1.0;
    (nats - used(&sums.0) * used(&sums.1) / (2.0 * n_rows)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{ReadOptions, read_bytes};
    use crate::learn::nn::testing::{check_gradient, draw_array, seeded};

    fn groups(of_row: impl Iterator<Item = u8>) -> Groups {
        Groups { n: 2 * GROUPS, of_row: of_row.collect() }
    }

    #[test]
    fn derivatives_agree_with_central_differences() {
        let rng = &mut seeded(3);
        let mut pair = Pair { table: draw_array((4, 6), rng), slope: draw_array((FEATURES, 6), rng) };
        let tokens = [Some(1), None, Some(3), Some(1), None];
        let features = draw_array((5, FEATURES), rng);
        let weights = draw_array((5, 6), rng);
        let loss = |pair: &Pair<f64>| {
            let mut out = Array2::zeros((5, 6));
            pair.forward_add(&tokens, features.view(), &mut out.view_mut());
            (&out * &out * &weights).sum() / 2.0
        };
        let mut out = Array2::zeros((5, 6));
        pair.forward_add(&tokens, features.view(), &mut out.view_mut());
        let mut grad = pair.clone();
        grad.set_zero();
        pair.backward(&tokens, features.view(), (&out * &weights).view(), &mut grad);
        check_gradient(&pair, &grad, loss);
        // Nothing known, nothing said.
        pair.set_zero();
        assert_eq!(loss(&pair), 0.0);
    }

    #[test]
    fn a_column_is_the_parent_of_its_function_and_of_no_noise() {
        let row = |i: usize| format!("{},{},{}\n", i * 37 % 101, i * 37 % 101 / 10, i * 7919 % 13 % 3);
        let text: String = std::iter::once("x,tens,noise\n".to_owned()).chain((0..1300).map(row)).collect();
        let table = read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table;
        let tokenizer = Tokenizer::fit(&table, 16).unwrap();
        let tokens = tokenizer.encode(&table).unwrap();
        let layout = Layout::<f32>::new(&tokenizer);
        let rows: Vec<usize> = (0..table.n_rows()).collect();
        assert_eq!(parents(&tokenizer, &layout, &tokens, &rows, 4), [vec![1], vec![0], vec![]]);
        assert_eq!(parents(&tokenizer, &layout, &tokens, &rows, 0), [vec![], vec![], Vec::<usize>::new()]);
    }

    #[test]
    fn information_is_the_entropy_of_what_is_shared() {
        let n = 4_000;
        let a = groups((0..n).map(|i| (i % 4) as u8));
        let b = groups((0..n).map(|i| (i / 2 % 2) as u8));
        let c = groups((0..n).map(|i| (i / 4 % 5) as u8));
        let by_chance = |groups: f64| groups / (2.0 * f64::from(n));
        assert!((mutual_information(&a, &a) - (4f64.ln() - by_chance(9.0))).abs() < 1e-12);
        assert!((mutual_information(&a, &b) - (2f64.ln() - by_chance(3.0))).abs() < 1e-12);
        assert_eq!(mutual_information(&a, &c), 0.0);
    }
}

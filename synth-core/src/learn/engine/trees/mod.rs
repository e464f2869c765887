//! Sequential trees: each column drawn from small forests that ask the columns before it.
//!
//! The method of synthpop (Nowok, Raab and Dibben 2016, *J. Stat. Softw.* 74(11)) on the tokens of the masked model: a
//! column's distribution given those drawn before it is that of the training rows in a tree's leaf. Two things are
//! different. Trees are grown on bootstrap samples and a draw takes one of them by chance, so that it comes from the
//! mean of their distributions (bagging, Breiman 1996). And a leaf borrows from the nodes above it, so that what few rows
//! say is not taken at its word (as in hierarchical shrinkage, arXiv:2202.00858).
//!
//! For tables of some hundred rows, where a network has too little to learn from: [`Trees::tuned`] gives what they are worth on
//! held-out rows.

mod grow;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use ndarray::Array2;
use rand::Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::learn::encode::{Tokenizer, TokenizerFile, Variable, normal_quantile};
use crate::learn::generator::{Engine, Generator};
use crate::learn::part::FilePart;
use crate::learn::random::{Purpose, stream};
use crate::learn::train::{FitContext, HeldOut, Tuned, best_of, cross_fits, require};
use crate::schema::Schema;
use crate::table::{Table, Units};
use grow::{Cells, Scale, Target, Tree};

/// Trees of a column.
const N_TREES: usize = 32;
/// Rows that are decoded together.
const CHUNK_ROWS: u64 = 4096;
/// What [`Trees::tuned`] tries for [`Trees::min_leaf`].
const MIN_LEAVES: [usize; 5] = [5, 10, 20, 40, 80];

/// Sequential trees: for tables of some hundred rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trees {
    /// The fewest rows of a leaf, at least 1. 10.
    pub min_leaf: usize,
    /// The most bins of a column of numbers, in [1, 1024]. 32.
    pub n_bins: usize,
}

impl Default for Trees {
    fn default() -> Self {
        Self { min_leaf: 10, n_bins: 32 }
    }
}

impl Trees {
    /// Defaults for a table of any size. A small table is better [tuned](Trees::tuned).
    pub fn for_size(_n_rows: usize, _n_columns: usize) -> Self {
        Self::default()
    }

    /// These parameters with the leaves' size chosen for `table` by cross-fitted likelihood: nats a row on held-out rows, as
    /// those of [`Masked::tuned`](super::Masked::tuned). Bins are told apart, places within them are not.
    ///
    /// # Errors
    /// As [`Engine::fit`].
    pub fn tuned(&self, table: &Table, seed: u64) -> Result<Tuned<Self>> {
        self.check()?;
        let tokenizer = Tokenizer::fit(table, self.n_bins)?;
        let cells = cells(&tokenizer, table, seed)?;
        let candidates = MIN_LEAVES.map(|min_leaf| Trees { min_leaf, ..self.clone() });
        let units = Units::of(table);
        best_of(candidates.to_vec(), &cross_fits(&units, seed)?, |candidate, fold| {
            let forests = grow(&tokenizer, &cells, &fold.fit, &units, candidate.min_leaf, seed);
            Ok(cost(&forests, &cells, &fold.held_out))
        })
    }

    /// Learns `table`.
    ///
    /// # Errors
    /// As [`Engine::fit`].
    pub fn learn(&self, table: &Table, context: &mut FitContext<'_>) -> Result<TreesModel> {
        self.check()?;
        if let Some(cross_fitted) = context.cross_fitted {
            cross_fitted.check()?;
        }
        let mut tokenizer = Tokenizer::fit(table, self.n_bins)?;
        let cells = cells(&tokenizer, table, context.seed)?;
        let rows: Vec<usize> = (0..table.n_rows()).collect();
        let forests = grow(&tokenizer, &cells, &rows, &Units::of(table), self.min_leaf, context.seed);
        if let Some(known) = &context.known {
            tokenizer = tokenizer.with_identifiers_of(known);
        }
        Ok(TreesModel { tokenizer, forests })
    }
}

impl fmt::Display for Trees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trees, leaves of {} rows or more", self.min_leaf)
    }
}

impl Engine for Trees {
    fn name(&self) -> &str {
        "trees"
    }

    fn check(&self) -> Result<()> {
        require(self.min_leaf > 0, "min_leaf", "at least 1", self.min_leaf)?;
        require((1..=1024).contains(&self.n_bins), "n_bins", "in [1, 1024]", self.n_bins)
    }

    fn fit(&self, table: &Table, context: &mut FitContext<'_>) -> Result<Box<dyn Generator>> {
        Ok(Box::new(self.learn(table, context)?))
    }
}

/// Sequential trees that have learnt a table.
#[derive(Debug, Clone, PartialEq)]
pub struct TreesModel {
    tokenizer: Tokenizer,
    forests: Vec<Forest>,
}

/// What a model file holds of them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<T> {
    tokenizer: T,
    forests: Vec<Forest>,
}

/// Reads the trees of a model file.
pub(super) fn read(part: &FilePart) -> Result<Box<dyn Generator>> {
    let bad = |problem: &str| Error::ModelFile(problem.to_owned());
    let Header { tokenizer, forests } = part.parse::<Header<TokenizerFile>>()?;
    let model = TreesModel { tokenizer: Tokenizer::try_from(tokenizer).map_err(bad)?, forests };
    model.check().map_err(bad)?;
    Ok(Box::new(model))
}

/// A column's trees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Forest {
    /// The column's place among the variables.
    column: usize,
    /// The running sum of the tokens' counts, half a row added to each.
    marginal: Vec<f64>,
    trees: Vec<Tree>,
}

impl TreesModel {
    /// Whether trees that were read from a file are some that [`Trees::learn`] could have grown.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub(crate) fn check(&self) -> std::result::Result<(), &'static str> {
        let scales = scales(&self.tokenizer);
        let mut before = Vec::new();
        if !self.forests.iter().map(|forest| forest.column).eq(self.tokenizer.order()) {
            return Err("its trees are not those of its columns");
        }
        for Forest { column, marginal, trees } in &self.forests {
            let n_tokens = scales[*column].0.len();
            let sums = marginal.len() == n_tokens && marginal.iter().all(|sum| sum.is_finite());
            if !sums || !marginal.is_sorted() || marginal.first().is_none_or(|&first| first <= 0.0) {
                return Err("the shares of its levels are not those of its columns");
            }
            if trees.is_empty() || !trees.iter().all(|tree| tree.is_sound(n_tokens, &before, &scales)) {
                return Err("a tree is damaged");
            }
            before.push(*column);
        }
        Ok(())
    }
}

impl Generator for TreesModel {
    fn schema(&self) -> &Arc<Schema> {
        self.tokenizer.schema()
    }

    fn sample(&self, rows: Range<u64>, seed: u64) -> Result<Table> {
        let scales = scales(&self.tokenizer);
        let variables: Vec<&Variable> = self.tokenizer.variables().map(|(_, variable)| variable).collect();
        let n_rest = variables.iter().filter(|variable| variable.n_bins() > 0).count();
        let chunk = |range: Range<u64>| {
            let n_rows = (range.end - range.start) as usize;
            let mut codes = Array2::zeros((n_rows, variables.len()));
            let mut z = Array2::zeros((n_rows, n_rest));
            for (i, row) in range.clone().enumerate() {
                let mut rng = stream(seed, Purpose::Sample, row);
                for forest in &self.forests {
                    let tree = &forest.trees[rng.gen_range(0..forest.trees.len())];
                    let token = tree.draw(|column| codes[[i, column]], &scales, &forest.marginal, &mut rng);
                    codes[[i, forest.column]] = token;
                }
                for (rest, (column, variable)) in
                    variables.iter().enumerate().filter(|(_, variable)| variable.n_bins() > 0).enumerate()
                {
                    // Anywhere in its bin.
                    if let Some(bin) = bin_of(variable, codes[[i, column]]) {
                        let rank = (bin as f64 + rng.r#gen::<f64>()) / variable.n_bins() as f64;
                        z[[i, rest]] = normal_quantile(rank.clamp(1e-7, 1.0 - 1e-7)) as f32;
                    }
                }
            }
            self.tokenizer.decode(codes.view(), z.view(), range.start, seed)
        };
        let n_chunks = rows.end.saturating_sub(rows.start).div_ceil(CHUNK_ROWS).max(1);
        let range = |k: u64| {
            let start = rows.start + k * CHUNK_ROWS;
            start..(start + CHUNK_ROWS).min(rows.end.max(start))
        };
        let chunks: Vec<Table> = (0..n_chunks).into_par_iter().map(|k| chunk(range(k))).collect();
        Table::concat(&chunks)
    }

    fn file(&self) -> Option<FilePart> {
        Some(FilePart::new(&Header { tokenizer: self.tokenizer.clone(), forests: self.forests.clone() }))
    }
}

/// The nats that tokens of `rows` cost, and what they cost if columns are taken to be independent.
fn cost(forests: &[Forest], cells: &Cells, rows: &[usize]) -> HeldOut {
    let mut nats = HeldOut { loss: 0.0, baseline: 0.0 };
    for Forest { column, marginal, trees } in forests {
        for &row in rows {
            let token = cells.codes[[row, *column]];
            let cell = |column: usize| cells.codes[[row, column]];
            let p = trees.iter().map(|tree| tree.probability(token, cell, &cells.scales, marginal)).sum::<f64>();
            let before = if token == 0 { 0.0 } else { marginal[token as usize - 1] };
            let share = (marginal[token as usize] - before) / marginal[marginal.len() - 1];
            nats.loss -= (p / trees.len() as f64).ln();
            nats.baseline -= share.ln();
        }
    }
    nats
}

fn scales(tokenizer: &Tokenizer) -> Vec<Scale> {
    tokenizer.variables().map(|(_, variable)| Scale::of(variable)).collect()
}

fn bin_of(variable: &Variable, token: u32) -> Option<usize> {
    let bins = variable.bins();
    bins.contains(&(token as usize)).then(|| token as usize - bins.start)
}

/// The tokens of a table; of a number that many rows share, which covers several bins, one of them by chance.
fn cells(tokenizer: &Tokenizer, table: &Table, seed: u64) -> Result<Cells> {
    let tokens = tokenizer.encode(table)?;
    let mut codes = tokens.codes;
    let with_bins = tokenizer.variables().map(|(_, variable)| variable).enumerate().filter(|(_, v)| v.n_bins() > 0);
    for (rest, (column, variable)) in with_bins.enumerate() {
        let mut rng = stream(seed, Purpose::Encoding, column as u64);
        for (code, &[low, high]) in codes.column_mut(column).iter_mut().zip(tokens.ranks.column(rest)) {
            if bin_of(variable, *code).is_some() {
                let rank = f64::from(low) + rng.r#gen::<f64>() * f64::from(high - low);
                *code += ((rank * variable.n_bins() as f64) as u32).min(variable.n_bins() as u32 - 1);
            }
        }
    }
    Ok(Cells { codes, scales: scales(tokenizer) })
}

/// Forests on `rows`, in the order of drawing. Bags are drawn of `units`, and a leaf has so many rows that they are of `min_leaf`
/// of them: twins in one leaf, or in a bag and out of it, are no two witnesses.
fn grow(
    tokenizer: &Tokenizer,
    cells: &Cells,
    rows: &[usize],
    units: &Units,
    min_leaf: usize,
    seed: u64,
) -> Vec<Forest> {
    let order = tokenizer.order();
    let units = units.take(rows);
    let (min_leaf, grouped) = (units.rows_of_at_least(min_leaf), units.grouped());
    let forest = |place: usize| {
        let column = order[place];
        let mut counts = vec![0.5; cells.scales[column].0.len()];
        rows.iter().for_each(|&row| counts[cells.codes[[row, column]] as usize] += 1.0);
        let target = Target { cells, column, asked: &order[..place], min_leaf };
        // Where nothing can be asked all trees are the same.
        let n_trees = if place == 0 { 1 } else { N_TREES };
        let tree = |k: usize| {
            let mut rng = stream(seed, Purpose::Weights, (column << 16 | k) as u64);
            let bag = match place {
                0 => rows.iter().map(|&row| row as u32).collect(),
                _ => {
                    let unit = |_| grouped.rows_of(rng.gen_range(0..units.n_units()));
                    (0..units.n_units()).flat_map(unit).map(|&place| rows[place] as u32).collect()
                }
            };
            Tree::grow(&target, bag, &mut rng)
        };
        let marginal = counts.iter().scan(0.0, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        Forest { column, marginal: marginal.collect(), trees: (0..n_trees).map(tree).collect() }
    };
    (0..order.len()).into_par_iter().map(forest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{ReadOptions, read_bytes};

    /// `b` follows `a`, `x` follows both, `noise` nothing; some cells are missing.
    fn table(n_rows: usize) -> Table {
        let mut text = "a,b,x,noise\n".to_owned();
        for i in 0..n_rows {
            let a = ["low", "high"][i * 7 % 11 % 2];
            let b = if i % 9 == 0 { "" } else { ["u", "v"][usize::from((a == "low") ^ (i % 10 == 0))] };
            let x = 10 * usize::from(b == "u") + i * 31 % 17;
            text += &format!("{a},{b},{x}.{},{}\n", i % 10, i * 7919 % 101);
        }
        read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
    }

    fn fitted(table: &Table) -> TreesModel {
        Trees::default().learn(table, &mut FitContext::new(3)).unwrap()
    }

    #[test]
    fn what_hangs_together_does_in_the_sample() {
        let table = table(800);
        let trees = fitted(&table);
        let drawn = trees.sample(0..4000, 1).unwrap();
        let agreement = |table: &Table| {
            let (a, b) = (table.labels(0), table.labels(1));
            let pairs = a.iter().zip(&b).filter_map(|(a, b)| Some((a.as_deref()?, b.as_deref()?)));
            let same: Vec<bool> = pairs.map(|(a, b)| (a == "low") == (b == "v")).collect();
            same.iter().filter(|&&same| same).count() as f64 / same.len() as f64
        };
        assert!((agreement(&drawn) - agreement(&table)).abs() < 0.05, "{} {}", agreement(&drawn), agreement(&table));
        let missing = |table: &Table| table.missing(1).iter().filter(|&&m| m).count() as f64 / table.n_rows() as f64;
        assert!((missing(&drawn) - missing(&table)).abs() < 0.03);
    }

    #[test]
    fn a_row_is_a_function_of_its_number() {
        let trees = fitted(&table(300));
        let whole = trees.sample(0..5000, 5).unwrap();
        let parts = [0..17, 17..4500, 4500..5000].map(|rows| trees.sample(rows, 5).unwrap());
        assert_eq!(whole.batch(), Table::concat(&parts).unwrap().batch());
    }

    #[test]
    fn cross_fits_tell_structure_from_noise() {
        let tuned = Trees::default().tuned(&table(600), 3).unwrap();
        assert!(tuned.held_out.gain() > 0.4, "{tuned:?}");
        let mut noise = "a,b\n".to_owned();
        for i in 0..600_u64 {
            let hash = i.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40;
            noise += &format!("{},{}\n", ["p", "q"][hash as usize % 2], ["r", "s"][hash as usize / 2 % 2]);
        }
        let noise = read_bytes(noise.into_bytes(), &ReadOptions::default()).unwrap().table;
        let tuned = Trees::default().tuned(&noise, 3).unwrap();
        assert!(tuned.held_out.gain().abs() < 0.02, "{tuned:?}");
    }

    #[test]
    fn trees_of_a_file_are_checked() {
        let trees = fitted(&table(200));
        assert_eq!(trees.check(), Ok(()));
        let mut other = trees.clone();
        other.forests.swap(0, 1);
        assert!(other.check().is_err());
        let mut other = trees.clone();
        other.forests[1].marginal[0] = -1.0;
        assert!(other.check().is_err());
    }
}

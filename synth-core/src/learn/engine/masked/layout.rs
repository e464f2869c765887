//! What the network must know of a table's columns.

use ndarray::Array2;

use super::features::{FEATURES, write_features};
use super::head::Shape;
use crate::learn::encode::{Tokenizer, Variable, normal_quantile};
use crate::learn::nn::Real;

/// What the network must know of the table's columns.
#[derive(Debug, Clone)]
pub(crate) struct Layout<F> {
    /// One entry a variable, in the tokenizer's order.
    pub(crate) columns: Vec<ColumnLayout<F>>,
    /// Tokens of all variables.
    pub(crate) n_tokens: usize,
    /// Variables with bins.
    pub(crate) n_rest: usize,
    /// Variables with positions; those with bins come first.
    pub(crate) n_scales: usize,
}

/// One variable's part.
#[derive(Debug, Clone)]
pub(crate) struct ColumnLayout<F> {
    /// Its first token among all.
    pub(crate) offset: usize,
    /// What its head says.
    pub(crate) shape: Shape<F>,
    /// Its number among the variables with bins.
    pub(crate) rest: Option<usize>,
    /// Its number among the variables with positions.
    pub(crate) scale: Option<usize>,
    /// The position features of its tokens; zero for bins and for what has no position. (tokens, [`FEATURES`])
    pub(crate) fixed: Array2<F>,
    /// The columns whose cells, where known, speak to its head directly.
    pub(crate) parents: Vec<usize>,
}

impl<F: Real> Layout<F> {
    /// The layout of a tokenizer's variables.
    pub(crate) fn new(tokenizer: &Tokenizer) -> Self {
        let variables: Vec<&Variable> = tokenizer.variables().map(|(_, variable)| variable).collect();
        let n_rest = variables.iter().filter(|v| v.n_bins() > 0).count();
        let (mut offset, mut rest, mut scale) = (0, 0, n_rest);
        let columns = variables.into_iter().map(|variable| {
            let n_tokens = variable.n_tokens();
            let positions = variable.positions();
            let mut fixed = Array2::zeros((n_tokens, FEATURES));
            for (mut row, position) in fixed.rows_mut().into_iter().zip(&positions) {
                if let Some(position) = position {
                    let z = normal_quantile(position.rank.clamp(1e-4, 1.0 - 1e-4));
                    let row = row.as_slice_mut().expect("row-major");
                    write_features(F::of(position.rank), F::of(z), F::of(position.value), row);
                }
            }
            let has_bins = variable.n_bins() > 0;
            let shape = Shape {
                n_tokens,
                first_bin: variable.bins().start,
                edges: variable.edges().into_iter().map(F::of).collect(),
                has_bins,
            };
            let next = |counter: &mut usize| {
                *counter += 1;
                *counter - 1
            };
            let rest = has_bins.then(|| next(&mut rest));
            let scale = match rest {
                Some(rest) => Some(rest),
                None => positions.iter().any(Option::is_some).then(|| next(&mut scale)),
            };
            offset += n_tokens;
            ColumnLayout { offset: offset - n_tokens, shape, rest, scale, fixed, parents: Vec::new() }
        });
        let columns = columns.collect();
        Self { columns, n_tokens: offset, n_rest, n_scales: scale }
    }
}

impl<F> Layout<F> {
    /// Gives each column its parents.
    pub(crate) fn adopt(&mut self, parents: Vec<Vec<usize>>) {
        self.columns.iter_mut().zip(parents).for_each(|(column, parents)| column.parents = parents);
    }

    /// Each column's parents.
    pub(crate) fn parents(&self) -> Vec<Vec<usize>> {
        self.columns.iter().map(|column| column.parents.clone()).collect()
    }
}

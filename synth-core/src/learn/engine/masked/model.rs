//! A trained masked model: tokens, network and order.

use std::ops::Range;

use ndarray::Array2;
use rayon::prelude::*;

use super::layout::Layout;
use super::network::Network;
use super::objective::{Masking, SHARD_ROWS};
use super::pairs::parents;
use super::params::Masked;
use super::sampler::{CHUNK_ROWS, Rows, Sampler};
use crate::error::Result;
use crate::learn::encode::{Tokenizer, Tokens, normal_quantile};
use crate::learn::generator::Engine;
use crate::learn::random::{Purpose, stream};
use crate::learn::train::{
    FitContext, LearningRate, Procedure, Split, Stop, TrainReport, Trained, train, validation_split,
};
use crate::table::{Table, Units};

/// A masked diffusion model that has learnt a table.
#[derive(Debug, Clone)]
pub struct MaskedModel {
    pub(super) tokenizer: Tokenizer,
    pub(super) layout: Layout<f32>,
    pub(super) network: Network<f32>,
    pub(super) order: Vec<usize>,
    pub(super) params: Masked,
    pub(super) seed: u64,
    pub(super) report: TrainReport,
}

impl MaskedModel {
    pub(super) fn fit(params: &Masked, table: &Table, context: &mut FitContext<'_>) -> Result<Self> {
        params.check()?;
        if let Some(cross_fitted) = context.cross_fitted {
            cross_fitted.check()?;
        }
        let prepared = Prepared::new(table, params)?;
        let rows = validation_split(&Units::of(table), &params.training, context.seed);
        let trained = train_on(&prepared, &rows, params, Stop::WhenWorse, context)?;
        let Prepared { mut tokenizer, layout, order, .. } = prepared;
        if let Some(known) = &context.known {
            tokenizer = tokenizer.with_identifiers_of(known);
        }
        let (network, mut report) = (trained.network, trained.report);
        if let Some(cross_fitted) = context.cross_fitted {
            report.held_out = cross_fitted;
        }
        Ok(Self { tokenizer, layout, network, order, params: params.clone(), seed: context.seed, report })
    }

    /// For each learnt column those whose cells, where known, speak to its head directly: positions among the learnt columns,
    /// the one that tells most first.
    pub fn parents(&self) -> Vec<Vec<usize>> {
        self.layout.parents()
    }

    /// Its parameters.
    pub fn params(&self) -> &Masked {
        &self.params
    }

    /// The training report. Losses are in nats per row, in the order of sampling.
    pub fn report(&self) -> &TrainReport {
        &self.report
    }
}

impl MaskedModel {
    pub(super) fn sampler(&self) -> Sampler<'_> {
        Sampler::new(&self.tokenizer, &self.layout, &self.network, &self.order)
    }

    /// Puts the cells of `tokens` that are there into rows, from row `first` on; a cell in a bin at the middle of its ranks.
    pub(super) fn fill(&self, rows: &mut Rows, tokens: &Tokens, first: usize) {
        for (j, column) in self.layout.columns.iter().enumerate() {
            for row in 0..rows.rngs.len() {
                let mut code = tokens.codes[[first + row, j]] as usize;
                if code >= column.shape.n_tokens {
                    continue;
                }
                if let Some(rest) = column.rest
                    && column.shape.is_bin(code)
                {
                    let [low, high] = tokens.ranks[[first + row, rest]];
                    let rank = f64::from(f32::midpoint(low, high)).clamp(1e-7, 1.0 - 1e-7);
                    let n_bins = column.shape.n_bins();
                    code += ((rank * n_bins as f64) as usize).min(n_bins - 1);
                    rows.z[[row, rest]] = normal_quantile(rank) as f32;
                }
                rows.codes[[row, j]] = code as u32;
                rows.known[[row, j]] = true;
            }
        }
    }

    /// Makes the rows numbered `rows` chunk by chunk, on as many threads as there are.
    pub(super) fn in_chunks(&self, rows: Range<u64>, make: impl Fn(Range<u64>) -> Table + Sync) -> Table {
        let n_chunks = rows.end.saturating_sub(rows.start).div_ceil(CHUNK_ROWS as u64).max(1);
        let chunk = |k: u64| {
            let start = rows.start + k * CHUNK_ROWS as u64;
            start..(start + CHUNK_ROWS as u64).min(rows.end.max(start))
        };
        let chunks: Vec<Table> = (0..n_chunks).into_par_iter().map(|k| make(chunk(k))).collect();
        Table::concat(&chunks).expect("all chunks have one schema")
    }
}

/// A table made ready for training.
pub(super) struct Prepared {
    tokenizer: Tokenizer,
    tokens: Tokens,
    layout: Layout<f32>,
    order: Vec<usize>,
}

impl Prepared {
    pub(super) fn new(table: &Table, params: &Masked) -> Result<Self> {
        let tokenizer = Tokenizer::fit(table, params.n_bins)?;
        let tokens = tokenizer.encode(table)?;
        let mut layout = Layout::new(&tokenizer);
        let rows: Vec<usize> = (0..table.n_rows()).collect();
        layout.adopt(parents(&tokenizer, &layout, &tokens, &rows, params.n_parents));
        let order = tokenizer.order();
        Ok(Self { tokenizer, tokens, layout, order })
    }
}

/// Trains a network on a part of the rows, watched on the others; if there are none, on those that it learns from.
pub(super) fn train_on(
    prepared: &Prepared,
    rows: &Split,
    params: &Masked,
    stop: Stop,
    context: &mut FitContext<'_>,
) -> Result<Trained<Network<f32>>> {
    let Prepared { tokens, layout, order, .. } = prepared;
    let Masked { training, order_share, .. } = params;
    let (fit_rows, held_out) = (&rows.fit, &rows.held_out);
    let shares = shares(layout, tokens, fit_rows);
    let rng = &mut stream(context.seed, Purpose::Weights, 0);
    let network = Network::init(layout, training.hidden[0], training.hidden.len(), &shares, rng);
    let mut objective = Masking {
        layout,
        order,
        tokens,
        kept_rows: if held_out.is_empty() { &fit_rows[..fit_rows.len().min(2000)] } else { held_out },
        order_share: *order_share,
        dropout: training.dropout,
        seed: context.seed,
        shares: &shares,
        table: Array2::zeros(network.embedding.dim()),
    };
    let procedure = Procedure {
        training,
        parameters: serde_json::to_string(params).expect("parameters have only string keys and finite numbers"),
        schedule: LearningRate::FallsInTime,
        stop,
        shard_rows: SHARD_ROWS,
    };
    train(&mut objective, network, rows, &procedure, context)
}

/// The share of each token among the rows, half a row added to each.
fn shares(layout: &Layout<f32>, tokens: &Tokens, rows: &[usize]) -> Vec<Vec<f64>> {
    let of_column = |(j, column): (usize, &super::layout::ColumnLayout<f32>)| {
        let shape = &column.shape;
        let mut counts = vec![0.5; shape.n_tokens];
        let mut in_bins = 0.0;
        for &row in rows {
            match tokens.codes[[row, j]] as usize {
                code if shape.is_bin(code) => in_bins += 1.0,
                code => counts[code] += 1.0,
            }
        }
        let n_bins = shape.n_bins();
        counts[shape.first_bin..shape.first_bin + n_bins].fill(0.5 + in_bins / n_bins.max(1) as f64);
        let total: f64 = counts.iter().sum();
        counts.iter().map(|count| count / total).collect()
    };
    layout.columns.iter().enumerate().map(of_column).collect()
}

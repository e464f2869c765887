//! A trained masked model: tokens, network and order.

use std::ops::Range;
use std::sync::Arc;

use ndarray::Array2;
use rayon::prelude::*;

use super::condition::{Allowed, Conditions};
use super::network::{Layout, Network};
use super::objective::{Masking, SHARD_ROWS};
use super::pairs::parents;
use super::sampler::{CHUNK_ROWS, Rows, Sampler};
use crate::encode::{Tokenizer, Tokens, Variable, normal_quantile};
use crate::error::{Error, Result};
use crate::generator::Generator;
use crate::random::{Purpose, stream};
use crate::schema::Schema;
use crate::table::Table;
use crate::train::{
    Checkpoints, LearningRate, Manner, Observer, Stop, TrainConfig, TrainReport, Trained, TrainingFailure,
    split_validation, train,
};

/// A masked diffusion model that has learnt a table.
#[derive(Debug, Clone)]
pub struct MaskedDiffusion {
    pub(crate) tokenizer: Tokenizer,
    pub(crate) layout: Layout<f32>,
    pub(crate) network: Network<f32>,
    pub(crate) order: Vec<usize>,
    pub(crate) config: TrainConfig,
    pub(crate) report: TrainReport,
}

impl MaskedDiffusion {
    /// Learns `table`; `observer` is told after every epoch.
    ///
    /// # Errors
    /// As [`TabDdpm::fit`](crate::TabDdpm::fit).
    pub fn fit(table: &Table, config: &TrainConfig, observer: &mut Observer<'_>) -> Result<Self> {
        Self::fit_from(table, config, None, observer)
    }

    /// The same with the training's state kept, and gone on from: see [`Checkpoints`].
    ///
    /// # Errors
    /// As [`MaskedDiffusion::fit`]; [`Error::ModelFile`] if the earlier state is that of another training, [`Error::Io`] if
    /// a state cannot be kept.
    pub fn fit_from(
        table: &Table,
        config: &TrainConfig,
        checkpoints: Option<&mut Checkpoints<'_>>,
        observer: &mut Observer<'_>,
    ) -> Result<Self> {
        config.check()?;
        if config.hidden.iter().any(|width| *width != config.hidden[0]) {
            let got = format!("{:?}", config.hidden);
            return Err(Error::Setting { name: "hidden", allowed: "one width for all blocks of a masked model", got });
        }
        let prepared = Prepared::new(table, config)?;
        let (fit_rows, kept_rows) = split_validation(table.n_rows(), config);
        let trained = train_on(&prepared, [&fit_rows, &kept_rows], config, Stop::WhenWorse, checkpoints, observer)?;
        let Prepared { tokenizer, layout, order, .. } = prepared;
        let (network, mut report) = (trained.network, trained.report);
        if let Some([held_out, nothing]) = config.cross_fitted {
            let better = held_out < nothing;
            if !better {
                return Err(TrainingFailure::NothingLearnt { held_out, nothing }.into());
            }
            (report.held_out, report.nothing) = (held_out, nothing);
        }
        Ok(Self { tokenizer, layout, network, order, config: config.clone(), report })
    }

    /// The rows of the table that were learnt from, in ascending order; the others were kept back to verify the result.
    pub fn fitted_rows(&self) -> Vec<usize> {
        let [n_fitted, n_kept] = self.report.rows;
        split_validation(n_fitted + n_kept, &self.config).0
    }

    /// For each learnt column those whose cells, where known, speak to its head directly: positions among the learnt columns,
    /// the one that tells most first.
    pub fn parents(&self) -> Vec<Vec<usize>> {
        self.layout.parents()
    }

    /// How it was trained.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// What training did. Its losses are nats a row, in the order of sampling.
    pub fn report(&self) -> &TrainReport {
        &self.report
    }
}

impl MaskedDiffusion {
    /// Draws the rows numbered `rows` under conditions. Row i follows from the model, the conditions, `seed` and i alone.
    ///
    /// Exact under the model, and never by rejection, if at most one condition leaves a choice; with more of them
    /// candidates are resampled by how likely they were to meet the conditions, which is exact in the limit of many; 16 are
    /// drawn for each row.
    pub fn sample_given(&self, conditions: &Conditions, rows: Range<u64>, seed: u64) -> Table {
        let sampler = self.sampler();
        let variables: Vec<&Variable> = self.tokenizer.variables().map(|(_, variable)| variable).collect();
        let allows = |j: usize, x: f64| conditions.allows(j, variables[j], x);
        self.in_chunks(rows, |range| {
            let n_rows = (range.end - range.start) as usize;
            let drawn = sampler.draw_given(sampler.blank(range.start, n_rows, seed), conditions);
            self.tokenizer.decode_where(drawn.codes.view(), drawn.z.view(), range.start, seed, allows)
        })
    }

    /// Completes `table`: cells that are missing in learnt columns are drawn given all others of their row; what is there
    /// stays as it is, and so do columns that are not learnt: a made identifier would pass for a real one.
    ///
    /// # Errors
    /// [`InputRule::UnknownLevel`](crate::InputRule::UnknownLevel) if a cell holds a level that was not learnt;
    /// [`Error::SchemaMismatch`] if `table` has other columns than the one that was learnt.
    pub fn impute(&self, table: &Table, seed: u64) -> Result<Table> {
        let tokens = self.tokenizer.encode_present(table)?;
        let sampler = self.sampler();
        let present: Vec<Option<Allowed>> =
            self.tokenizer.variables().map(|(_, variable)| Some(Allowed::present(variable))).collect();
        let made = self.in_chunks(0..table.n_rows() as u64, |range| {
            let mut rows = sampler.blank(range.start, (range.end - range.start) as usize, seed);
            self.fill(&mut rows, &tokens, range.start as usize);
            sampler.complete(&mut rows, &self.order, &present, None);
            self.tokenizer.decode(rows.codes.view(), rows.z.view(), range.start, seed)
        });
        let learnt: Vec<usize> = self.tokenizer.variables().map(|(field_idx, _)| field_idx).collect();
        Ok(table.filled_from(&made, &learnt))
    }

    /// The natural logarithm of each row's likelihood, in the order of sampling: probabilities of levels, of shared values
    /// and of missing cells, and densities of the coordinates of other numbers.
    ///
    /// # Errors
    /// [`InputRule::UnknownLevel`](crate::InputRule::UnknownLevel) if a cell holds a level that was not learnt;
    /// [`Error::SchemaMismatch`] if `table` has other columns than the one that was learnt.
    pub fn log_likelihood(&self, table: &Table) -> Result<Vec<f64>> {
        let tokens = self.tokenizer.encode(table)?;
        let sampler = self.sampler();
        let starts: Vec<usize> = (0..table.n_rows()).step_by(CHUNK_ROWS).collect();
        let chunks: Vec<Vec<f64>> = starts
            .into_par_iter()
            .map(|start| {
                let mut rows = sampler.blank(start as u64, CHUNK_ROWS.min(table.n_rows() - start), 0);
                self.fill(&mut rows, &tokens, start);
                sampler.log_likelihood(&rows)
            })
            .collect();
        Ok(chunks.concat())
    }

    fn sampler(&self) -> Sampler<'_> {
        Sampler::new(&self.tokenizer, &self.layout, &self.network, &self.order)
    }

    /// Puts the cells of `tokens` that are there into rows, from row `first` on; a cell in a bin at the middle of its ranks.
    fn fill(&self, rows: &mut Rows, tokens: &Tokens, first: usize) {
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
    fn in_chunks(&self, rows: Range<u64>, make: impl Fn(Range<u64>) -> Table + Sync) -> Table {
        let n_chunks = rows.end.saturating_sub(rows.start).div_ceil(CHUNK_ROWS as u64).max(1);
        let chunk = |k: u64| {
            let start = rows.start + k * CHUNK_ROWS as u64;
            start..(start + CHUNK_ROWS as u64).min(rows.end.max(start))
        };
        let chunks: Vec<Table> = (0..n_chunks).into_par_iter().map(|k| make(chunk(k))).collect();
        Table::concat(&chunks).expect("all chunks have one schema")
    }
}

impl Generator for MaskedDiffusion {
    fn schema(&self) -> &Arc<Schema> {
        self.tokenizer.schema()
    }

    fn sample(&self, rows: Range<u64>, seed: u64) -> Table {
        let sampler = self.sampler();
        let anything = vec![None; self.order.len()];
        self.in_chunks(rows, |range| {
            let mut drawn = sampler.blank(range.start, (range.end - range.start) as usize, seed);
            sampler.complete(&mut drawn, &self.order, &anything, None);
            self.tokenizer.decode(drawn.codes.view(), drawn.z.view(), range.start, seed)
        })
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
    pub(super) fn new(table: &Table, config: &TrainConfig) -> Result<Self> {
        let tokenizer = Tokenizer::fit(table, config.n_bins)?;
        let tokens = tokenizer.encode(table)?;
        let mut layout = Layout::new(&tokenizer);
        let rows: Vec<usize> = (0..table.n_rows()).collect();
        layout.adopt(parents(&tokenizer, &layout, &tokens, &rows, config.n_parents));
        let order = tokenizer.order();
        Ok(Self { tokenizer, tokens, layout, order })
    }
}

/// Trains a network on the first of `rows`, watched on the second; without any, on the rows that it learns from.
pub(super) fn train_on(
    prepared: &Prepared,
    [fit_rows, kept_rows]: [&[usize]; 2],
    config: &TrainConfig,
    stop: Stop,
    checkpoints: Option<&mut Checkpoints<'_>>,
    observer: &mut Observer<'_>,
) -> Result<Trained<Network<f32>>> {
    let Prepared { tokens, layout, order, .. } = prepared;
    let shares = shares(layout, tokens, fit_rows);
    let rng = &mut stream(config.seed, Purpose::Weights, 0);
    let network = Network::init(layout, config.hidden[0], config.hidden.len(), &shares, rng);
    let mut objective = Masking {
        layout,
        order,
        tokens,
        kept_rows: if kept_rows.is_empty() { &fit_rows[..fit_rows.len().min(2000)] } else { kept_rows },
        order_share: config.order_share,
        dropout: config.dropout,
        seed: config.seed,
        shares: &shares,
        table: Array2::zeros(network.embedding.dim()),
    };
    let manner = Manner { schedule: LearningRate::FallsInTime, stop, shard_rows: SHARD_ROWS };
    train(&mut objective, network, [fit_rows, kept_rows], config, manner, checkpoints, observer)
}

/// The share of each token among the rows, half a row added to each.
fn shares(layout: &Layout<f32>, tokens: &Tokens, rows: &[usize]) -> Vec<Vec<f64>> {
    let of_column = |(j, column): (usize, &super::network::ColumnLayout<f32>)| {
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

//! The training of the masked model, watched from outside and broken off after a few epochs; and the arithmetic of its
//! steps.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use synth_core::engine::Masked;
use synth_core::train::{FitContext, Training, TrainingFailure};
use synth_core::unstable::encode::{Tokenizer, Variable};
use synth_core::{Error, Result, Table};

/// Features of a position, as the network has them.
const FEATURES: usize = 19;
/// Outputs of a head with bins that are no logits: weights, locations and scales of five distributions.
const MIXTURE: usize = 15;

/// Two blocks of width 256, `batch_size` rows a step; the plan is that of a real run.
pub fn params(batch_size: usize) -> Masked {
    let training = Training { batch_size, hidden: vec![256, 256], dropout: 0.1, ..Training::default() };
    Masked { training, ..Masked::default() }
}

/// The first epochs of a training.
#[derive(Debug, Clone)]
pub struct Epochs {
    /// From the call until the first epoch's end: tokens and a look at held-out rows are in it.
    pub first: Duration,
    /// Each epoch after it.
    pub others: Vec<Duration>,
    /// Rows seen in an epoch.
    pub n_rows: u64,
    /// Steps of an epoch.
    pub n_steps: u64,
}

impl Epochs {
    /// Trains for an epoch and `n_others` more, or as many as there are. `between` runs between epochs, off the clock.
    ///
    /// # Errors
    /// As [`Masked::learn`], but for the interruption.
    pub fn of(table: &Table, params: &Masked, n_others: usize, mut between: impl FnMut()) -> Result<Self> {
        let (mut times, mut n_rows, mut n_steps) = (Vec::new(), 0, 0);
        let mut started = Instant::now();
        let mut context = FitContext::new(0).with_observer(|progress| {
            times.push(started.elapsed());
            n_rows = progress.n_rows_seen / progress.epoch as u64;
            n_steps = progress.n_steps / progress.epoch as u64;
            if times.len() > n_others {
                return ControlFlow::Break(());
            }
            between();
            started = Instant::now();
            ControlFlow::Continue(())
        });
        let outcome = params.learn(table, &mut context);
        drop(context);
        match outcome {
            Ok(_) | Err(Error::Training(TrainingFailure::Interrupted { .. })) => {
                let (&first, others) = times.split_first().expect("an epoch ends before training does");
                Ok(Self { first, others: others.to_vec(), n_rows, n_steps })
            }
            Err(error) => Err(error),
        }
    }

    /// The fastest epoch but the first: the one that other work on the machine disturbed least.
    pub fn fastest(&self) -> Duration {
        self.others.iter().copied().min().unwrap_or(self.first)
    }
}

/// What a network for a table consists of and costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arithmetic {
    /// The parameters. If a fitted model reports others, the network has changed and must be counted anew.
    pub n_parameters: usize,
    /// Operations of a training step for each row.
    pub flop_per_row: f64,
}

impl Arithmetic {
    /// Counts the matrix products, two operations per weight and row forward and four backward. Position features are
    /// given and have no gradient, so two backward, in the terms of pairs too; `parents` are those of the model. A head works
    /// for the rows in which its column is asked for; their expected share follows from the column's place in the order of
    /// sampling. Embeddings and tables of pairs, which are added up, all that is done for each cell or unit, and what a step
    /// does once (the optimiser, positions of levels) are left out.
    ///
    /// # Errors
    /// As [`Tokenizer::fit`].
    pub fn of(table: &Table, params: &Masked, parents: &[Vec<usize>]) -> Result<Self> {
        let Masked { training, order_share, n_bins, .. } = params;
        let tokenizer = Tokenizer::fit(table, *n_bins)?;
        let in_table: Vec<&Variable> = tokenizer.variables().map(|(_, variable)| variable).collect();
        let mut variables: Vec<(&Variable, &[usize])> =
            in_table.iter().zip(parents).map(|(variable, parents)| (*variable, parents.as_slice())).collect();
        // The order of sampling: those without bins first, the shorter the earlier.
        let has_bins = |v: &Variable| v.n_bins() > 0;
        variables.sort_by_key(|(v, _)| (has_bins(v), if has_bins(v) { 0 } else { v.n_tokens() }));

        let (width, n_columns) = (training.hidden[0], variables.len());
        let n_outputs = |v: &Variable| v.n_tokens() + if has_bins(v) { MIXTURE } else { 0 };
        let n_tokens: usize = in_table.iter().map(|v| v.n_tokens()).sum();
        let n_rest = in_table.iter().filter(|v| has_bins(v)).count();
        let n_scales = in_table.iter().filter(|v| has_bins(v) || v.positions().iter().any(Option::is_some)).count();
        let n_features = |i: usize| if has_bins(in_table[i]) { FEATURES } else { 0 };

        let blocks = training.hidden.len() * (2 * width + 2 * (width * width + width));
        let heads: usize = in_table.iter().map(|v| (width + 1) * n_outputs(v)).sum();
        let of_pair = |i: &usize| in_table[*i].n_tokens() - in_table[*i].n_bins() + n_features(*i);
        let pairs: usize =
            variables.iter().map(|(v, parents)| parents.iter().map(of_pair).sum::<usize>() * n_outputs(v)).sum();
        let n_parameters = (n_tokens + FEATURES * n_scales + 1) * width + blocks + heads + pairs;

        // A row has 0 to n - 1 known columns, all equally often: the first ones of the order, or any.
        let asked = |place: usize| {
            let (in_order, at_random) = (place as f64 + 1.0, 0.5 * (n_columns as f64 + 1.0));
            (order_share * in_order + (1.0 - order_share) * at_random) / n_columns as f64
        };
        let of_cell = |(v, parents): &(&Variable, &[usize])| {
            let n_features: usize = parents.iter().map(|&i| n_features(i)).sum();
            (n_outputs(v) * (6 * width + 4 * n_features)) as f64
        };
        let heads: f64 = variables.iter().enumerate().map(|(place, v)| asked(place) * of_cell(v)).sum();
        let of_blocks = 6.0 * (2 * training.hidden.len() * width * width) as f64;
        let flop_per_row = of_blocks + 4.0 * (FEATURES * n_rest * width) as f64 + heads;
        Ok(Self { n_parameters, flop_per_row })
    }
}

//! The parameters of the masked model, and what suits a table of a certain size.

use serde::{Deserialize, Serialize};

use crate::learn::train::{TUNED_BELOW, Training};
use crate::table::Table;

/// Masked diffusion: the default engine, and the one with every capability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Masked {
    /// How its network is trained. All hidden layers have one width.
    pub training: Training,
    /// The share of rows in a step that are seen in the order of sampling; the others are masked at random, which keeps
    /// every conditional distribution at hand. 0.7.
    pub order_share: f64,
    /// The most bins of a column of numbers, in [1, 1024]. 32.
    pub n_bins: usize,
    /// The columns that may speak to another one's head directly, those that tell most of it; at most 64. 4.
    pub n_parents: usize,
}

impl Default for Masked {
    fn default() -> Self {
        Self { training: Training::default(), order_share: 0.7, n_bins: 32, n_parents: 4 }
    }
}

/// What a number of rows suggests.
struct Size {
    /// For tables with fewer rows than this.
    below: usize,
    n_iter: usize,
    batch_size: usize,
    lr: f64,
    /// Of each of the hidden layers.
    width: usize,
    n_layers: usize,
    dropout: f64,
    ema_decay: f64,
}

/// Measured on the public tables of the README. Fewer rows than the first size are tuned by cross-fitted likelihood. Stroke
/// (4,088 rows) at twice the width and the rate: a detector's AUC of .57 instead of .51.
#[rustfmt::skip]
const SIZES: [Size; 4] = [
    Size { below: 1_000,      n_iter: 100, batch_size: 64,   lr: 1e-3, width: 64,  n_layers: 1, dropout: 0.2, ema_decay: 0.97  },
    Size { below: 5_000,      n_iter: 60,  batch_size: 256,  lr: 5e-4, width: 128, n_layers: 2, dropout: 0.1, ema_decay: 0.99  },
    Size { below: 20_000,     n_iter: 60,  batch_size: 512,  lr: 1e-3, width: 256, n_layers: 2, dropout: 0.1, ema_decay: 0.995 },
    Size { below: usize::MAX, n_iter: 45,  batch_size: 1024, lr: 2e-3, width: 256, n_layers: 2, dropout: 0.1, ema_decay: 0.995 },
];

/// Rows that are seen at most, repeats counted: a million is 40 epochs of Adult. Cardio has the time for 25.
const ROWS_SEEN: usize = 1_400_000;

/// Tables with at least so many columns get twice the epochs: of each row one column is asked for in earnest. They also get
/// a higher rate and more dropout, as they were measured on the 47 columns of SUPPORT2.
const WIDE: usize = 40;
/// Rate and dropout for a wide table.
const OF_WIDE: (f64, f64) = (1.5e-3, 0.2);

/// From so many rows on, the epochs and the rate depend on what most columns are.
const LARGE: usize = 20_000;
/// Epochs and rate for a large table most of whose columns are levels. Adult with the 45 epochs at 2e-3 that Credit needs: a
/// detector's AUC of .53 instead of .51.
const OF_LEVELS: (usize, f64) = (30, 1.5e-3);

impl Masked {
    /// Defaults for a table of that size.
    ///
    /// `n_rows` are the training rows; an empty table gets what suits a small one.
    ///
    /// ```
    /// use synth_core::engine::Masked;
    ///
    /// let training = Masked::for_size(10_000, 14).training;
    /// assert_eq!((training.n_iter, training.batch_size), (60, 512));
    /// ```
    pub fn for_size(n_rows: usize, n_columns: usize) -> Self {
        let size = SIZES.iter().find(|size| n_rows < size.below).unwrap_or(&SIZES[SIZES.len() - 1]);
        let (n_iter, lr, dropout) = if n_columns >= WIDE {
            (2 * size.n_iter, OF_WIDE.0, OF_WIDE.1)
        } else {
            (size.n_iter, size.lr, size.dropout)
        };
        let training = Training {
            n_iter,
            min_steps: 1,
            max_steps: (ROWS_SEEN / size.batch_size) as u64,
            batch_size: size.batch_size,
            lr,
            weight_decay: 1e-4,
            hidden: vec![size.width; size.n_layers],
            dropout,
            ema_decay: size.ema_decay,
            // Gradients of masked rows are noisier from step to step: a shorter memory, as arXiv:2312.10431 has it.
            beta2: 0.99,
            ..Training::default()
        };
        Self { training, ..Self::default() }
    }

    /// Defaults for `table`: those of [`Masked::for_size`], with fewer epochs for a large table of levels. A small
    /// table is better [tuned](Masked::tuned).
    pub fn for_table(table: &Table) -> Self {
        let mut params = Self::for_size(table.n_rows(), table.n_columns());
        let n_scale = table.schema().fields.iter().filter(|field| field.kind.is_scale()).count();
        let is_large = table.n_rows() >= LARGE.max(TUNED_BELOW);
        if is_large && 2 * n_scale < table.n_columns() {
            (params.training.n_iter, params.training.lr) = OF_LEVELS;
        }
        params
    }
}

//! The state of a training as bytes, so that a training that was stopped goes on as if it had not been.
//!
//! All draws come from streams named by seed, step and epoch, so that the state is the weights, the optimiser's moments,
//! the averaged weights, the best of them so far and a few counters. The bytes are a safetensors file like a model's: the
//! counters are JSON in its metadata, the tensors are flat. A state names the training it belongs to by a finger print of
//! the settings and of the encoded rows, and is refused by every other.
//!
//! A state tells as much of its table as a model does, and is to be kept like one.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use super::config::Training;
use super::folds::Split;
use crate::error::{Error, Result};
use crate::learn::nn::{AdamW, Ema, Parameters};

/// The version of the state's form.
const VERSION: u32 = 1;

/// Where a training leaves its state, and what an earlier one left.
pub struct Checkpoints<'a> {
    /// The state to go on from.
    pub earlier: Option<Vec<u8>>,
    /// The time between one state and the next; looked at after each epoch.
    pub every: Duration,
    /// Keeps a state. Called after an epoch, and when the observer ends the training.
    pub save: Box<Save<'a>>,
}

/// Keeps the bytes of a state, whole or not at all.
pub type Save<'a> = dyn FnMut(&[u8]) -> std::io::Result<()> + 'a;

impl std::fmt::Debug for Checkpoints<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let n_bytes = self.earlier.as_ref().map(Vec::len);
        f.debug_struct("Checkpoints").field("earlier", &n_bytes).field("every", &self.every).finish_non_exhaustive()
    }
}

/// Where a training stands after an epoch.
#[derive(Debug, Clone)]
pub(super) struct State<N> {
    pub(super) network: N,
    pub(super) optimizer: AdamW<N>,
    pub(super) ema: Ema<N>,
    /// The averaged weights that were the best on held-out rows.
    pub(super) best: Option<Best<N>>,
    /// Steps and epochs done.
    pub(super) step: u64,
    pub(super) epoch: usize,
    /// Looks at held-out rows, and how many of the last ones were worse than the best.
    pub(super) n_looks: u64,
    pub(super) stale: u32,
    /// The mean loss of each epoch.
    pub(super) history: Vec<f64>,
    /// The time that was spent, in all runs together.
    pub(super) spent: Duration,
}

/// Weights, what they cost on held-out rows, and the step they were taken at.
#[derive(Debug, Clone)]
pub(super) struct Best<N> {
    pub(super) held_out: f64,
    pub(super) network: N,
    pub(super) step: u64,
}

/// What a state holds beside tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u32,
    finger_print: String,
    best: Option<(f64, u64)>,
    step: u64,
    epoch: usize,
    n_looks: u64,
    stale: u32,
    history: Vec<f64>,
    spent: Duration,
}

/// What tells one training from another: the parameters of its engine, its seed, its rows, and the sum of its data.
pub(super) fn finger_print(parameters: &str, seed: u64, rows: &Split, data: u32) -> String {
    let mut crc = flate2::Crc::new();
    crc.update(parameters.as_bytes());
    crc.update(&seed.to_le_bytes());
    for part in [&rows.fit, &rows.held_out] {
        crc.update(&(part.len() as u64).to_le_bytes());
        part.iter().for_each(|&row| crc.update(&(row as u64).to_le_bytes()));
    }
    format!("{:08x}{data:08x}", crc.sum())
}

impl<N: Parameters<f32> + Clone> State<N> {
    /// Before the first step.
    pub(super) fn new(network: N, training: &Training) -> Self {
        Self {
            optimizer: AdamW::new::<f32>(&network, training.adamw()),
            ema: Ema::new(network.clone(), training.ema_decay),
            network,
            best: None,
            step: 0,
            epoch: 0,
            n_looks: 0,
            stale: 0,
            history: Vec::new(),
            spent: Duration::ZERO,
        }
    }

    /// The state as bytes.
    pub(super) fn to_bytes(&self, finger_print: &str) -> Vec<u8> {
        let header = Header {
            version: VERSION,
            finger_print: finger_print.to_owned(),
            best: self.best.as_ref().map(|best| (best.held_out, best.step)),
            step: self.step,
            epoch: self.epoch,
            n_looks: self.n_looks,
            stale: self.stale,
            history: self.history.clone(),
            spent: self.spent,
        };
        let header = serde_json::to_string(&header).expect("a header has only string keys");
        let [mean, square] = self.optimizer.moments();
        let own = [("weights", &self.network), ("mean", mean), ("square", square), ("average", self.ema.average())];
        let best = self.best.iter().map(|best| ("best", &best.network));
        let tensors = own.into_iter().chain(best).flat_map(|(name, network)| {
            let slices = network.slices().into_iter().enumerate();
            slices
                .map(|(i, values)| (format!("{name}.{i}"), Flat { shape: [values.len()], values }))
                .collect::<Vec<_>>()
        });
        let metadata = HashMap::from([("training".to_owned(), header)]);
        safetensors::serialize(tensors, Some(metadata)).expect("names are unique and shapes fit their data")
    }

    /// Takes over a state of the same training.
    ///
    /// # Errors
    /// [`Error::ModelFile`] if the bytes are none, are damaged, or belong to another training.
    pub(super) fn resume(mut self, bytes: &[u8], finger_print: &str) -> Result<Self> {
        let bad = |problem: &str| Error::ModelFile(format!("the state of a training: {problem}"));
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|_| bad("these bytes are none"))?;
        let header = metadata.metadata().as_ref().and_then(|metadata| metadata.get("training"));
        let header = header.ok_or_else(|| bad("these bytes are none"))?;
        let header: Header = serde_json::from_str(header).map_err(|_| bad("its header is damaged"))?;
        if header.version != VERSION {
            return Err(bad(&format!("it has version {}, this program reads {VERSION}", header.version)));
        }
        if header.finger_print != finger_print {
            return Err(bad("it belongs to another table or other settings"));
        }
        let tensors = SafeTensors::deserialize(bytes).map_err(|_| bad("its tensors are damaged"))?;
        let fill = |name: &str, network: &mut N| {
            network.slices_mut().into_iter().enumerate().try_for_each(|(i, values)| {
                let tensor = tensors.tensor(&format!("{name}.{i}")).map_err(|_| bad("a tensor is missing"))?;
                if tensor.dtype() != Dtype::F32 || tensor.shape() != [values.len()] {
                    return Err(bad("a tensor has another type or length"));
                }
                let (numbers, _) = tensor.data().as_chunks::<4>();
                values.iter_mut().zip(numbers).for_each(|(value, bytes)| *value = f32::from_le_bytes(*bytes));
                if values.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(bad("a value is not finite")) }
            })
        };
        let Header { best, step, epoch, n_looks, stale, history, spent, .. } = header;
        if epoch != history.len() {
            return Err(bad("its counters contradict each other"));
        }
        let best = best.map(|(held_out, step)| {
            let mut network = self.network.clone();
            fill("best", &mut network).map(|()| Best { held_out, network, step })
        });
        fill("weights", &mut self.network)?;
        let (mut mean, mut square, mut average) = (self.network.clone(), self.network.clone(), self.network.clone());
        fill("mean", &mut mean)?;
        fill("square", &mut square)?;
        fill("average", &mut average)?;
        self.optimizer.resume([mean, square], step);
        self.ema.resume(average, step);
        Ok(Self { best: best.transpose()?, step, epoch, n_looks, stale, history, spent, ..self })
    }
}

/// A run of numbers, written as little-endian bytes.
struct Flat<'a> {
    shape: [usize; 1],
    values: &'a [f32],
}

impl View for Flat<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn data_len(&self) -> usize {
        4 * self.values.len()
    }
}

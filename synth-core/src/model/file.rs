//! The file that a model is kept in.
//!
//! What is in it stands in [`format`](super::format). The check sum is a line after the JSON, for an entry of its own would stand
//! before or after the other by chance.

use std::borrow::Cow;
use std::collections::HashMap;

use ndarray::{Array1, Array2};
use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use super::About;
use crate::constraint::Keep;
use crate::copula::Copula;
use crate::diffusion::{Label, Network, SamplerConfig, Schedule, TabDdpm};
use crate::encode::{Encoder, Tokenizer};
use crate::error::{Error, Result};
use crate::fitted::Fitted;
use crate::generator::Generator;
use crate::masked::{self, MaskedDiffusion};
use crate::nn::{LayerNorm, Linear, Mlp, Parameters};
use crate::train::{TrainConfig, TrainReport};
use crate::trees::Trees;

/// The version of the model [file](super::format) that this crate writes and reads.
pub const MODEL_VERSION: u32 = 4;

/// The generator and what it keeps as the bytes of a model file.
pub(super) fn to_bytes(fitted: &Fitted, plan: Option<&Keep>, about: &About) -> Vec<u8> {
    let (header, tensors) = match fitted {
        Fitted::Masked(model) => {
            let header = Header::Masked {
                tokenizer: model.tokenizer.clone(),
                order: model.order.clone(),
                parents: model.layout.parents(),
                config: model.config.clone(),
                report: model.report.clone(),
            };
            (header, tensors_of(masked_tensors(&model.network)))
        }
        Fitted::TabDdpm(model) => {
            let header = Header::TabDdpm {
                encoder: model.encoder.clone(),
                config: model.config.clone(),
                sampler: model.sampler,
                label: model.label.as_ref().map(|(label, shares)| (label.block_idx, shares.clone())),
                report: model.report.clone(),
            };
            (header, tensors_of(network_tensors(&model.network)))
        }
        Fitted::Trees(model) => (Header::Trees { model: model.as_ref().clone() }, Vec::new()),
        Fitted::Copula(model) => (Header::Copula { model: model.as_ref().clone() }, Vec::new()),
    };
    let header = FileHeader { version: MODEL_VERSION, about: about.clone(), constraints: plan.cloned(), model: header };
    let header = serde_json::to_string(&header).expect("a header has only string keys and finite numbers");
    let views = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.shape(), tensor.bytes.as_slice()));
    let check_sum = check_sum(&header, views.collect());
    let metadata = HashMap::from([("synth".to_owned(), format!("{header}\n{check_sum}"))]);
    safetensors::serialize(tensors, Some(metadata)).expect("names are unique and shapes fit their data")
}

/// Reads the bytes of a model file.
pub(super) fn from_bytes(bytes: &[u8]) -> Result<(Fitted, Option<Keep>, About)> {
    let bad = |problem: &str| Error::ModelFile(problem.to_owned());
    let (_, metadata) =
        SafeTensors::read_metadata(bytes).map_err(|_| bad("these bytes are no model, or they are damaged"))?;
    let header = metadata.metadata().as_ref().and_then(|m| m.get("synth"));
    let header = header.ok_or_else(|| bad("it holds tensors, but none of a model of this program"))?;
    let (header, written) = header.rsplit_once('\n').unwrap_or((header, ""));
    let version: Version = serde_json::from_str(header).map_err(|_| bad("its header names no version"))?;
    if version.version != MODEL_VERSION {
        return Err(bad(&format!("it has version {}, this program reads {MODEL_VERSION}", version.version)));
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(|_| bad("its tensors are damaged"))?;
    let views = tensors.iter().map(|(name, tensor)| (name, tensor.shape().to_vec(), tensor.data()));
    let views: Vec<(&str, Vec<usize>, &[u8])> = views.collect();
    let views = views.iter().map(|(name, shape, bytes)| (*name, shape.as_slice(), *bytes));
    if written != check_sum(header, views.collect()) {
        return Err(bad("it is damaged: its check sum is not that of its content"));
    }
    let header: FileHeader = serde_json::from_str(header).map_err(|_| bad("its header is damaged"))?;
    if !header.about.is_sound() {
        return Err(bad("what it tells of its origin is damaged"));
    }
    let fitted = from_header(header.model, &tensors)?;
    match header.constraints {
        Some(plan) if !plan.is_sound(fitted.schema()) => Err(bad("its constraints are not those of its columns")),
        plan => Ok((fitted, plan, header.about)),
    }
}

fn from_header(header: Header, tensors: &SafeTensors<'_>) -> Result<Fitted> {
    let bad = |problem: &str| Error::ModelFile(problem.to_owned());
    match header {
        Header::Trees { model } => {
            model.check().map_err(bad)?;
            Ok(Fitted::Trees(Box::new(model)))
        }
        Header::Copula { model } => {
            model.check().map_err(bad)?;
            Ok(Fitted::Copula(Box::new(model)))
        }
        Header::Masked { tokenizer, order, parents, config, report } => {
            tokenizer.check().map_err(bad)?;
            config.check().map_err(|_| bad("a setting of its training is out of range"))?;
            // A layout has room for each bin, and nothing else in the file is as long as their number says.
            if tokenizer.variables().any(|(_, variable)| variable.n_bins() > config.n_bins) {
                return Err(bad("a column has more bins than its training made"));
            }
            let mut layout = masked::Layout::new(&tokenizer);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            if !sorted.into_iter().eq(0..layout.columns.len()) {
                return Err(bad("its order is not one of its columns"));
            }
            let n_columns = layout.columns.len();
            let is_parent = |(j, parents): (usize, &Vec<usize>)| parents.iter().all(|&i| i < n_columns && i != j);
            if parents.len() != n_columns || !parents.iter().enumerate().all(is_parent) {
                return Err(bad("the parents of a column are none of its columns"));
            }
            layout.adopt(parents);
            let network = read_masked(tensors, &layout, config.hidden[0], config.hidden.len())?;
            Ok(Fitted::Masked(Box::new(MaskedDiffusion { tokenizer, layout, network, order, config, report })))
        }
        Header::TabDdpm { encoder, config, sampler, label, report } => {
            encoder.check().map_err(bad)?;
            let blocks = encoder.layout().blocks();
            let label = match label {
                None => None,
                Some((block_idx, shares)) => match blocks.get(block_idx) {
                    Some(block) if block.n_levels == shares.len() && shares.iter().all(|s| *s >= 0.0) => {
                        Some((Label { block_idx, n_levels: block.n_levels }, shares))
                    }
                    _ => return Err(bad("its label is none of its columns")),
                },
            };
            config.check().map_err(|_| bad("a setting of its training is out of range"))?;
            let network = read_network(tensors, &encoder, label.as_ref().map(|l| l.0), &config.hidden)?;
            let schedule = Schedule::new(config.schedule, config.n_timesteps);
            let model =
                TabDdpm { encoder, network, schedule, config, label, sampler: SamplerConfig::default(), report };
            let model = model.with_sampler(sampler).map_err(|_| bad("a setting of its sampler is out of range"))?;
            Ok(Fitted::TabDdpm(Box::new(model)))
        }
    }
}

/// Read before the rest, so that another version is named as such.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileHeader {
    version: u32,
    about: About,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    constraints: Option<Keep>,
    model: Header,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "engine", rename_all = "lowercase", deny_unknown_fields)]
enum Header {
    Masked {
        tokenizer: Tokenizer,
        order: Vec<usize>,
        parents: Vec<Vec<usize>>,
        config: TrainConfig,
        report: TrainReport,
    },
    TabDdpm {
        encoder: Encoder,
        config: TrainConfig,
        sampler: SamplerConfig,
        label: Option<(usize, Vec<f64>)>,
        report: TrainReport,
    },
    Trees {
        model: Trees,
    },
    Copula {
        model: Copula,
    },
}

/// A tensor of the file, as little-endian bytes.
struct Tensor {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Tensor {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// A tensor by its name, its shape and its values in row-major order.
type Named<'a> = (String, Vec<usize>, &'a [f32]);

fn tensors_of(named: Vec<Named<'_>>) -> Vec<(String, Tensor)> {
    let tensor = |(name, shape, values): Named<'_>| {
        (name, Tensor { shape, bytes: values.iter().flat_map(|value| value.to_le_bytes()).collect() })
    };
    named.into_iter().map(tensor).collect()
}

fn linear_tensors<'a>(name: &str, linear: &'a Linear<f32>) -> [Named<'a>; 2] {
    let [weight, bias] = linear.slices()[..] else { unreachable!("a layer has two tensors") };
    let weight = (format!("{name}.weight"), linear.weight.shape().to_vec(), weight);
    [weight, (format!("{name}.bias"), linear.bias.shape().to_vec(), bias)]
}

fn network_tensors(network: &Network<f32>) -> Vec<Named<'_>> {
    named_layers(network).into_iter().flat_map(|(name, linear)| linear_tensors(&name, linear)).collect()
}

fn masked_tensors(network: &masked::Network<f32>) -> Vec<Named<'_>> {
    let mut tensors = vec![
        ("embedding".to_owned(), network.embedding.shape().to_vec(), network.embedding.as_slice().expect("row-major")),
        ("position".to_owned(), network.position.shape().to_vec(), network.position.as_slice().expect("row-major")),
        ("base".to_owned(), network.base.shape().to_vec(), network.base.as_slice().expect("row-major")),
    ];
    for (i, block) in network.blocks.iter().enumerate() {
        let [gain, bias] = block.norm.slices()[..] else { unreachable!("a layer has two tensors") };
        let width = vec![gain.len()];
        tensors.push((format!("block.{i}.norm.gain"), width.clone(), gain));
        tensors.push((format!("block.{i}.norm.bias"), width, bias));
        tensors.extend(linear_tensors(&format!("block.{i}.inner"), &block.inner));
        tensors.extend(linear_tensors(&format!("block.{i}.outer"), &block.outer));
    }
    tensors.extend(network.heads.iter().enumerate().flat_map(|(j, head)| linear_tensors(&format!("head.{j}"), head)));
    for (j, pairs) in network.pairs.iter().enumerate() {
        for (k, pair) in pairs.iter().enumerate() {
            let [table, slope] = pair.slices()[..] else { unreachable!("a pair has two tensors") };
            tensors.push((format!("pair.{j}.{k}.table"), pair.table.shape().to_vec(), table));
            tensors.push((format!("pair.{j}.{k}.slope"), pair.slope.shape().to_vec(), slope));
        }
    }
    tensors
}

/// The check sum of a header and of tensors, whatever order they come in: eight hexadecimal digits.
fn check_sum(header: &str, mut tensors: Vec<(&str, &[usize], &[u8])>) -> String {
    tensors.sort_unstable_by_key(|(name, ..)| *name);
    let mut crc = flate2::Crc::new();
    crc.update(header.as_bytes());
    for (name, shape, bytes) in tensors {
        crc.update(name.as_bytes());
        shape.iter().for_each(|&n| crc.update(&(n as u64).to_le_bytes()));
        crc.update(bytes);
    }
    format!("{:08x}", crc.sum())
}

fn named_layers(network: &Network<f32>) -> Vec<(String, &Linear<f32>)> {
    let mut layers = vec![
        ("input".to_owned(), &network.input),
        ("time.0".to_owned(), &network.time[0]),
        ("time.1".to_owned(), &network.time[1]),
    ];
    layers.extend(network.label.iter().map(|label| ("label".to_owned(), label)));
    layers.extend(network.mlp.layers.iter().enumerate().map(|(i, layer)| (format!("mlp.{i}"), layer)));
    layers
}

/// The values of a tensor that must have the given shape.
fn read_tensor(tensors: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
    let bad = |problem: &str| Error::ModelFile(format!("tensor `{name}` {problem}"));
    let tensor = tensors.tensor(name).map_err(|_| bad("is missing"))?;
    if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
        return Err(bad("has another type or shape than the model's layout"));
    }
    let (numbers, _) = tensor.data().as_chunks::<4>();
    let numbers: Vec<f32> = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    if numbers.iter().all(|x| x.is_finite()) { Ok(numbers) } else { Err(bad("holds a value that is not finite")) }
}

fn read_matrix(tensors: &SafeTensors<'_>, name: &str, shape: (usize, usize)) -> Result<Array2<f32>> {
    let values = read_tensor(tensors, name, &[shape.0, shape.1])?;
    Ok(Array2::from_shape_vec(shape, values).expect("the shape was just checked"))
}

fn read_linear(tensors: &SafeTensors<'_>, name: &str, n_inputs: usize, n_outputs: usize) -> Result<Linear<f32>> {
    Ok(Linear {
        weight: read_matrix(tensors, &format!("{name}.weight"), (n_inputs, n_outputs))?,
        bias: Array1::from_vec(read_tensor(tensors, &format!("{name}.bias"), &[n_outputs])?),
    })
}

fn read_network(
    tensors: &SafeTensors<'_>,
    encoder: &Encoder,
    label: Option<Label>,
    hidden: &[usize],
) -> Result<Network<f32>> {
    let linear = |name: &str, n_inputs: usize, n_outputs: usize| read_linear(tensors, name, n_inputs, n_outputs);
    const E: usize = crate::diffusion::EMBEDDING;
    let width = encoder.layout().width();
    let widths = [&[E], hidden, &[width]].concat();
    let layers = widths.windows(2).enumerate().map(|(i, w)| linear(&format!("mlp.{i}"), w[0], w[1]));
    Ok(Network {
        input: linear("input", width, E)?,
        time: [linear("time.0", E, E)?, linear("time.1", E, E)?],
        label: label.map(|label| linear("label", label.n_levels, E)).transpose()?,
        mlp: Mlp { layers: layers.collect::<Result<_>>()? },
    })
}

fn read_masked(
    tensors: &SafeTensors<'_>,
    layout: &masked::Layout<f32>,
    width: usize,
    n_blocks: usize,
) -> Result<masked::Network<f32>> {
    let vector = |name: &str| Ok::<_, Error>(Array1::from_vec(read_tensor(tensors, name, &[width])?));
    let block = |i: usize| {
        Ok(masked::Block {
            norm: LayerNorm {
                gain: vector(&format!("block.{i}.norm.gain"))?,
                bias: vector(&format!("block.{i}.norm.bias"))?,
            },
            inner: read_linear(tensors, &format!("block.{i}.inner"), width, width)?,
            outer: read_linear(tensors, &format!("block.{i}.outer"), width, width)?,
        })
    };
    let head = |(j, column): (usize, &masked::ColumnLayout<f32>)| {
        read_linear(tensors, &format!("head.{j}"), width, column.shape.n_outputs())
    };
    let pairs = |(j, column): (usize, &masked::ColumnLayout<f32>)| {
        let pair = |(k, &parent): (usize, &usize)| {
            let zeros = masked::Pair::<f32>::zeros(column, &layout.columns[parent]);
            Ok(masked::Pair {
                table: read_matrix(tensors, &format!("pair.{j}.{k}.table"), zeros.table.dim())?,
                slope: read_matrix(tensors, &format!("pair.{j}.{k}.slope"), zeros.slope.dim())?,
            })
        };
        column.parents.iter().enumerate().map(pair).collect::<Result<Vec<_>>>()
    };
    Ok(masked::Network {
        embedding: read_matrix(tensors, "embedding", (layout.n_tokens, width))?,
        position: read_matrix(tensors, "position", (layout.n_scales * masked::FEATURES, width))?,
        base: vector("base")?,
        blocks: (0..n_blocks).map(block).collect::<Result<_>>()?,
        heads: layout.columns.iter().enumerate().map(head).collect::<Result<_>>()?,
        pairs: layout.columns.iter().enumerate().map(pairs).collect::<Result<_>>()?,
    })
}

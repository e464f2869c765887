//! The masked model in a model file.

use serde::{Deserialize, Serialize};

use super::features::FEATURES;
use super::layout::{ColumnLayout, Layout};
use super::model::MaskedModel;
use super::network::{Block, Network};
use super::pairs::Pair;
use super::params::Masked;
use crate::error::{Error, Result};
use crate::learn::encode::{Tokenizer, TokenizerFile};
use crate::learn::generator::{Engine, Generator};
use crate::learn::nn::{LayerNorm, Parameters};
use crate::learn::part::FilePart;
use crate::learn::train::TrainReport;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<T> {
    tokenizer: T,
    order: Vec<usize>,
    parents: Vec<Vec<usize>>,
    params: Masked,
    seed: u64,
    report: TrainReport,
}

pub(super) fn write(model: &MaskedModel) -> FilePart {
    let mut part = FilePart::new(&Header {
        tokenizer: model.tokenizer.clone(),
        order: model.order.clone(),
        parents: model.layout.parents(),
        params: model.params.clone(),
        seed: model.seed,
        report: model.report.clone(),
    });
    let network = &model.network;
    part.push_matrix("embedding", &network.embedding);
    part.push_matrix("position", &network.position);
    part.push("base", network.base.shape(), network.base.as_slice().expect("row-major"));
    for (i, block) in network.blocks.iter().enumerate() {
        let [gain, bias] = block.norm.slices()[..] else { unreachable!("a layer has two tensors") };
        part.push(format!("block.{i}.norm.gain"), &[gain.len()], gain);
        part.push(format!("block.{i}.norm.bias"), &[bias.len()], bias);
        part.push_linear(&format!("block.{i}.inner"), &block.inner);
        part.push_linear(&format!("block.{i}.outer"), &block.outer);
    }
    network.heads.iter().enumerate().for_each(|(j, head)| part.push_linear(&format!("head.{j}"), head));
    for (j, pairs) in network.pairs.iter().enumerate() {
        for (k, pair) in pairs.iter().enumerate() {
            let [table, slope] = pair.slices()[..] else { unreachable!("a pair has two tensors") };
            part.push(format!("pair.{j}.{k}.table"), pair.table.shape(), table);
            part.push(format!("pair.{j}.{k}.slope"), pair.slope.shape(), slope);
        }
    }
    part
}

pub(in crate::learn) fn read(part: &FilePart) -> Result<Box<dyn Generator>> {
    let bad = |problem: &str| Error::ModelFile(problem.to_owned());
    let Header { tokenizer, order, parents, params, seed, report } = part.parse::<Header<TokenizerFile>>()?;
    let tokenizer = Tokenizer::try_from(tokenizer).map_err(bad)?;
    params.check().map_err(|_| bad("a setting of its training is out of range"))?;
    // A layout has room for each bin, and nothing else in the file is as long as their number says.
    if tokenizer.variables().any(|(_, variable)| variable.n_bins() > params.n_bins) {
        return Err(bad("a column has more bins than its training made"));
    }
    let mut layout = Layout::new(&tokenizer);
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
    let network = read_network(part, &layout, params.training.hidden[0], params.training.hidden.len())?;
    Ok(Box::new(MaskedModel { tokenizer, layout, network, order, params, seed, report }))
}

fn read_network(part: &FilePart, layout: &Layout<f32>, width: usize, n_blocks: usize) -> Result<Network<f32>> {
    let block = |i: usize| {
        Ok(Block {
            norm: LayerNorm {
                gain: part.vector(&format!("block.{i}.norm.gain"), width)?,
                bias: part.vector(&format!("block.{i}.norm.bias"), width)?,
            },
            inner: part.linear(&format!("block.{i}.inner"), width, width)?,
            outer: part.linear(&format!("block.{i}.outer"), width, width)?,
        })
    };
    let head =
        |(j, column): (usize, &ColumnLayout<f32>)| part.linear(&format!("head.{j}"), width, column.shape.n_outputs());
    let pairs = |(j, column): (usize, &ColumnLayout<f32>)| {
        let pair = |(k, &parent): (usize, &usize)| {
            let zeros = Pair::<f32>::zeros(column, &layout.columns[parent]);
            Ok(Pair {
                table: part.matrix(&format!("pair.{j}.{k}.table"), zeros.table.dim())?,
                slope: part.matrix(&format!("pair.{j}.{k}.slope"), zeros.slope.dim())?,
            })
        };
        column.parents.iter().enumerate().map(pair).collect::<Result<Vec<_>>>()
    };
    Ok(Network {
        embedding: part.matrix("embedding", (layout.n_tokens, width))?,
        position: part.matrix("position", (layout.n_scales * FEATURES, width))?,
        base: part.vector("base", width)?,
        blocks: (0..n_blocks).map(block).collect::<Result<_>>()?,
        heads: layout.columns.iter().enumerate().map(head).collect::<Result<_>>()?,
        pairs: layout.columns.iter().enumerate().map(pairs).collect::<Result<_>>()?,
    })
}

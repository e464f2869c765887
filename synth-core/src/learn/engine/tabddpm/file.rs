//! TabDDPM in a model file.

use serde::{Deserialize, Serialize};

use super::denoiser::{EMBEDDING, Label, Network};
use super::model::TabDdpmModel;
use super::params::TabDdpm;
use super::sampler::SamplerConfig;
use super::schedule::Schedule;
use crate::error::{Error, Result};
use crate::learn::encode::{Encoder, EncoderFile};
use crate::learn::generator::{Engine, Generator};
use crate::learn::nn::Mlp;
use crate::learn::part::FilePart;
use crate::learn::train::TrainReport;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<T> {
    encoder: T,
    params: TabDdpm,
    seed: u64,
    sampler: SamplerConfig,
    label: Option<(usize, Vec<f64>)>,
    report: TrainReport,
}

pub(super) fn write(model: &TabDdpmModel) -> FilePart {
    let mut part = FilePart::new(&Header {
        encoder: model.encoder.clone(),
        params: model.params.clone(),
        seed: model.seed,
        sampler: model.sampler,
        label: model.label.as_ref().map(|(label, shares)| (label.block_idx, shares.clone())),
        report: model.report.clone(),
    });
    let network = &model.network;
    part.push_linear("input", &network.input);
    network.time.iter().enumerate().for_each(|(i, layer)| part.push_linear(&format!("time.{i}"), layer));
    network.label.iter().for_each(|label| part.push_linear("label", label));
    network.mlp.layers.iter().enumerate().for_each(|(i, layer)| part.push_linear(&format!("mlp.{i}"), layer));
    part
}

pub(in crate::learn) fn read(part: &FilePart) -> Result<Box<dyn Generator>> {
    let bad = |problem: &str| Error::ModelFile(problem.to_owned());
    let Header { encoder, params, seed, sampler, label, report } = part.parse::<Header<EncoderFile>>()?;
    let encoder = Encoder::try_from(encoder).map_err(bad)?;
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
    params.check().map_err(|_| bad("a setting of its training is out of range"))?;
    let network = read_network(part, &encoder, label.as_ref().map(|l| l.0), &params.training.hidden)?;
    let schedule = Schedule::new(params.schedule, params.n_timesteps);
    let model =
        TabDdpmModel { encoder, network, schedule, params, seed, label, sampler: SamplerConfig::default(), report };
    let model = model.with_sampler(sampler).map_err(|_| bad("a setting of its sampler is out of range"))?;
    Ok(Box::new(model))
}

fn read_network(part: &FilePart, encoder: &Encoder, label: Option<Label>, hidden: &[usize]) -> Result<Network<f32>> {
    const E: usize = EMBEDDING;
    let width = encoder.layout().width();
    let widths = [&[E], hidden, &[width]].concat();
    let layers = widths.windows(2).enumerate().map(|(i, w)| part.linear(&format!("mlp.{i}"), w[0], w[1]));
    Ok(Network {
        input: part.linear("input", width, E)?,
        time: [part.linear("time.0", E, E)?, part.linear("time.1", E, E)?],
        label: label.map(|label| part.linear("label", label.n_levels, E)).transpose()?,
        mlp: Mlp { layers: layers.collect::<Result<_>>()? },
    })
}

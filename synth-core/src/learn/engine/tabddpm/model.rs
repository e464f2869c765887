//! A trained TabDDPM: encoder, network and schedule.

use super::denoiser::{Label, Network};
use super::objective;
use super::params::TabDdpm;
use super::sampler::{Sampler, SamplerConfig};
use super::schedule::Schedule;
use crate::error::Result;
use crate::learn::encode::Encoder;
use crate::learn::generator::Engine;
use crate::learn::train::{FitContext, TrainReport};
use crate::table::Table;

/// A TabDDPM that has learnt a table.
#[derive(Debug, Clone)]
pub struct TabDdpmModel {
    pub(super) encoder: Encoder,
    pub(super) network: Network<f32>,
    pub(super) schedule: Schedule,
    pub(super) params: TabDdpm,
    pub(super) seed: u64,
    pub(super) label: Option<(Label, Vec<f64>)>,
    pub(super) sampler: SamplerConfig,
    pub(super) report: TrainReport,
}

impl TabDdpmModel {
    pub(super) fn fit(params: &TabDdpm, table: &Table, context: &mut FitContext<'_>) -> Result<Self> {
        params.check()?;
        let mut encoder = Encoder::fit(table)?;
        let trained = objective::fit(&encoder, table, params, context)?;
        let label = trained.label.map(|label| (label, shares(&encoder, table, label)));
        if let Some(known) = &context.known {
            encoder = encoder.with_identifiers_of(known);
        }
        Ok(Self {
            encoder,
            network: trained.network,
            schedule: trained.schedule,
            params: params.clone(),
            seed: context.seed,
            label,
            sampler: SamplerConfig::default(),
            report: trained.report,
        })
    }

    /// Samples with a configuration other than [`SamplerConfig::default`].
    ///
    /// # Errors
    /// As `Sampler::new`.
    pub fn with_sampler(mut self, config: SamplerConfig) -> Result<Self> {
        Sampler::new(self.encoder.layout(), &self.schedule, config, self.encoder.z_bound())?;
        self.sampler = config;
        Ok(self)
    }

    /// Its parameters.
    pub fn params(&self) -> &TabDdpm {
        &self.params
    }

    /// The training report.
    pub fn report(&self) -> &TrainReport {
        &self.report
    }
}

/// The share of each of the label's levels in the table.
fn shares(encoder: &Encoder, table: &Table, label: Label) -> Vec<f64> {
    let codes = encoder.codes(table);
    let mut shares = vec![0.0; label.n_levels];
    for &code in codes.column(label.block_idx) {
        shares[code as usize] += 1.0 / table.n_rows() as f64;
    }
    shares
}

//! A trained TabDDPM: encoder, network and schedule.

use std::ops::Range;
use std::sync::Arc;

use super::denoiser::{Label, Network, NetworkDenoiser};
use super::objective;
use super::sampler::{Sampler, SamplerConfig};
use super::schedule::Schedule;
use crate::encode::Encoder;
use crate::error::Result;
use crate::generator::Generator;
use crate::schema::Schema;
use crate::table::Table;
use crate::train::{Checkpoints, Observer, TrainConfig, TrainReport, split_validation};

/// A TabDDPM that has learnt a table.
#[derive(Debug, Clone)]
pub struct TabDdpm {
    pub(crate) encoder: Encoder,
    pub(crate) network: Network<f32>,
    pub(crate) schedule: Schedule,
    pub(crate) config: TrainConfig,
    pub(crate) label: Option<(Label, Vec<f64>)>,
    pub(crate) sampler: SamplerConfig,
    pub(crate) report: TrainReport,
}

impl TabDdpm {
    /// Learns `table`; `observer` is told after every epoch.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) if the configuration is out of range,
    /// [`Error::BadInput`](crate::Error::BadInput) if there is nothing to learn,
    /// [`Error::Training`](crate::Error::Training) if training did not end well: see [`crate::train::TrainingFailure`].
    pub fn fit(table: &Table, config: &TrainConfig, observer: &mut Observer<'_>) -> Result<Self> {
        Self::fit_from(table, config, None, observer)
    }

    /// The same with the training's state kept, and gone on from: see [`Checkpoints`].
    ///
    /// # Errors
    /// As [`TabDdpm::fit`]; [`Error::ModelFile`](crate::Error::ModelFile) if the earlier state is that of another training,
    /// [`Error::Io`](crate::Error::Io) if a state cannot be kept.
    pub fn fit_from(
        table: &Table,
        config: &TrainConfig,
        checkpoints: Option<&mut Checkpoints<'_>>,
        observer: &mut Observer<'_>,
    ) -> Result<Self> {
        let encoder = Encoder::fit(table)?;
        let trained = objective::fit(&encoder, table, config, checkpoints, observer)?;
        let label = trained.label.map(|label| (label, shares(&encoder, table, label)));
        Ok(Self {
            encoder,
            network: trained.network,
            schedule: trained.schedule,
            config: config.clone(),
            label,
            sampler: SamplerConfig::default(),
            report: trained.report,
        })
    }

    /// Draws rows in another way than [`SamplerConfig::default`].
    ///
    /// # Errors
    /// As [`Sampler::new`].
    pub fn with_sampler(mut self, config: SamplerConfig) -> Result<Self> {
        Sampler::new(self.encoder.layout(), &self.schedule, config, self.encoder.z_bound())?;
        self.sampler = config;
        Ok(self)
    }

    /// The rows of the table that were learnt from, in ascending order; the others were kept back to verify the result.
    pub fn fitted_rows(&self) -> Vec<usize> {
        let [n_fitted, n_kept] = self.report.rows;
        split_validation(n_fitted + n_kept, &self.config).0
    }

    /// How it was trained.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// What training did.
    pub fn report(&self) -> &TrainReport {
        &self.report
    }
}

impl Generator for TabDdpm {
    fn schema(&self) -> &Arc<Schema> {
        self.encoder.schema()
    }

    fn sample(&self, rows: Range<u64>, seed: u64) -> Table {
        let layout = self.encoder.layout();
        let label = self.label.as_ref().map(|(label, _)| *label);
        let denoiser = NetworkDenoiser::new(&self.network, layout, label, self.schedule.n_timesteps());
        let mut sampler = Sampler::new(layout, &self.schedule, self.sampler, self.encoder.z_bound())
            .expect("the configuration was checked when it was set");
        if let Some((label, shares)) = &self.label {
            sampler = sampler.with_label(*label, shares);
        }
        let encoded = sampler.sample(&denoiser, rows.clone(), seed);
        self.encoder.decode(encoded.z.view(), encoded.codes.view(), rows.start, seed)
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

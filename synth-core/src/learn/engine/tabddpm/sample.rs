//! Rows of a trained TabDDPM.

use std::ops::Range;
use std::sync::Arc;

use super::denoiser::NetworkDenoiser;
use super::model::TabDdpmModel;
use super::sampler::Sampler;
use crate::error::Result;
use crate::learn::generator::Generator;
use crate::learn::part::FilePart;
use crate::learn::train::{TrainReport, validation_split};
use crate::schema::Schema;
use crate::table::{Table, Units};

impl Generator for TabDdpmModel {
    fn schema(&self) -> &Arc<Schema> {
        self.encoder.schema()
    }

    fn sample(&self, rows: Range<u64>, seed: u64) -> Result<Table> {
        let layout = self.encoder.layout();
        let label = self.label.as_ref().map(|(label, _)| *label);
        let denoiser = NetworkDenoiser::new(&self.network, layout, label, self.schedule.n_timesteps());
        let mut sampler = Sampler::new(layout, &self.schedule, self.sampler, self.encoder.z_bound())?;
        if let Some((label, shares)) = &self.label {
            sampler = sampler.with_label(*label, shares);
        }
        let encoded = sampler.sample(&denoiser, rows.clone(), seed);
        Ok(self.encoder.decode(encoded.z.view(), encoded.codes.view(), rows.start, seed))
    }

    fn fitted_rows(&self, table: &Table) -> Vec<usize> {
        validation_split(&Units::of(table), &self.params.training, self.seed).fit
    }

    fn train_report(&self) -> Option<&TrainReport> {
        Some(&self.report)
    }

    fn file(&self) -> Option<FilePart> {
        Some(super::file::write(self))
    }
}

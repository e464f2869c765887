//! What the model can do: sample, sample under conditions, complete rows, and say how likely they are.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::allowed::{Allowed, Conditions};
use super::model::MaskedModel;
use super::sampler::CHUNK_ROWS;
use crate::error::Result;
use crate::learn::condition::Condition;
use crate::learn::encode::Variable;
use crate::learn::generator::{Conditional, Generator, Imputer, Likelihood};
use crate::learn::part::FilePart;
use crate::learn::train::{TrainReport, validation_split};
use crate::schema::Schema;
use crate::table::{Table, Units};

impl Generator for MaskedModel {
    fn schema(&self) -> &Arc<Schema> {
        self.tokenizer.schema()
    }

    fn sample(&self, rows: Range<u64>, seed: u64) -> Result<Table> {
        let sampler = self.sampler();
        let anything = vec![None; self.order.len()];
        Ok(self.in_chunks(rows, |range| {
            let mut drawn = sampler.blank(range.start, (range.end - range.start) as usize, seed);
            sampler.complete(&mut drawn, &self.order, &anything, None);
            self.tokenizer.decode(drawn.codes.view(), drawn.z.view(), range.start, seed)
        }))
    }

    fn fitted_rows(&self, table: &Table) -> Vec<usize> {
        validation_split(&Units::of(table), &self.params.training, self.seed).fit
    }

    fn train_report(&self) -> Option<&TrainReport> {
        Some(&self.report)
    }

    fn conditional(&self) -> Option<&dyn Conditional> {
        Some(self)
    }

    fn imputer(&self) -> Option<&dyn Imputer> {
        Some(self)
    }

    fn likelihood(&self) -> Option<&dyn Likelihood> {
        Some(self)
    }

    fn file(&self) -> Option<FilePart> {
        Some(super::file::write(self))
    }
}

/// Exact under the model, and never by rejection, if at most one condition leaves a choice; with more of them candidates are
/// resampled by how likely they were to meet the conditions, which is exact in the limit of many; 16 are drawn for each row.
impl Conditional for MaskedModel {
    fn given<'m>(&'m self, conditions: &[Condition], balance: Option<&str>) -> Result<Box<dyn Generator + 'm>> {
        Ok(Box::new(Given { model: self, conditions: Conditions::of(&self.tokenizer, conditions, balance)? }))
    }
}

/// The model under conditions.
#[derive(Debug)]
struct Given<'m> {
    model: &'m MaskedModel,
    conditions: Conditions,
}

impl Generator for Given<'_> {
    fn schema(&self) -> &Arc<Schema> {
        self.model.schema()
    }

    fn sample(&self, rows: Range<u64>, seed: u64) -> Result<Table> {
        let Self { model, conditions } = self;
        let sampler = model.sampler();
        let variables: Vec<&Variable> = model.tokenizer.variables().map(|(_, variable)| variable).collect();
        let allows = |j: usize, x: f64| conditions.allows(j, variables[j], x);
        Ok(model.in_chunks(rows, |range| {
            let n_rows = (range.end - range.start) as usize;
            let drawn = sampler.draw_given(sampler.blank(range.start, n_rows, seed), conditions);
            model.tokenizer.decode_where(drawn.codes.view(), drawn.z.view(), range.start, seed, allows)
        }))
    }
}

impl Imputer for MaskedModel {
    fn impute(&self, table: &Table, seed: u64) -> Result<Table> {
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
}

/// In the order of sampling: probabilities of levels, of shared values and of missing cells, and densities of the coordinates
/// of other numbers.
impl Likelihood for MaskedModel {
    fn log_likelihood(&self, table: &Table) -> Result<Vec<f64>> {
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
}

//! Fitting a generator as a run would, without the run: what is said by nobody goes by the table, and a training that learns
//! nothing ends in a copula.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use synth_compliance::{Finding, Policy, Treatment, detect};
use synth_core::engine::Copula;
use synth_core::model::About;
use synth_core::train::{Checkpoints, Progress, TrainingFailure};
use synth_core::{AnyEngine, Engine, EngineKind, Error, Fit, Keeping, Kind, Model, Result, Seed, Table};

use crate::dossier::outputs::{self, Readers, Replace};
use crate::memory;
use crate::pipeline::Pipeline;
use crate::plan::Plan;
use crate::store::BETWEEN_STATES;

/// How a generator is trained, as far as somebody says: what is `None` goes by the table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Training {
    /// The engine. `None`: the one that suits the table, or another one if it fails.
    pub engine: Option<EngineKind>,
    /// The column of levels that the generator is conditioned on, by engines that can be.
    pub label: Option<String>,
    /// Epochs.
    pub n_iter: Option<usize>,
    /// Rows in a training step.
    pub batch_size: Option<usize>,
    /// Learning rate.
    pub lr: Option<f64>,
    /// Steps of a diffusion.
    pub n_timesteps: Option<usize>,
    /// Widths of the hidden layers.
    pub hidden: Option<Vec<usize>>,
    /// Share of hidden units dropped in a step.
    pub dropout: Option<f64>,
    /// Which constraints the rows keep.
    pub keeping: Keeping,
    /// The time that training, or a whole run, may take. `None`: no limit.
    pub time_budget: Option<Duration>,
    /// The bytes of memory that may be used. `None`: no limit.
    pub memory_limit: Option<u64>,
    /// The seed for all random choices. `None`: one is drawn from the operating system, and kept with the model.
    pub seed: Option<Seed>,
}

/// A model, and why another engine was used than the chosen one.
#[derive(Debug)]
#[non_exhaustive]
pub struct Fitted {
    /// The model.
    pub model: Model,
    /// What became of the training, if the model is a copula for want of a better one.
    pub instead_of: Option<TrainingFailure>,
}

impl Training {
    /// Whether anything is said that would overrule what cross-fits find for a small table.
    fn sets_a_plan(&self) -> bool {
        let numbers = [self.n_iter, self.batch_size, self.n_timesteps].iter().any(Option::is_some);
        numbers || self.lr.is_some() || self.dropout.is_some() || self.hidden.is_some()
    }

    /// Refuses settings out of their range before anything is read.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<()> {
        let own = self.applied_to(Plan::of(self.engine.unwrap_or(EngineKind::Masked), 2, 2));
        own.engine.check()?;
        // What this engine does not have may still be out of range.
        if own.training().is_none() || self.n_timesteps.is_some() {
            self.applied_to(Plan::of(EngineKind::TabDdpm, 2, 2)).engine.check()?;
        }
        Ok(())
    }

    /// A pipeline under `policy` with these settings.
    pub fn pipeline(&self, policy: Policy) -> Pipeline<'_> {
        let mut pipeline = Pipeline::new(policy).with_constraints(self.keeping).with_plan(|plan| self.applied_to(plan));
        if let Some(seed) = &self.seed {
            pipeline = pipeline.with_seed(seed.clone());
        }
        if self.sets_a_plan() {
            pipeline = pipeline.without_tuning();
        }
        if let Some(engine) = self.engine {
            pipeline = pipeline.with_engine(engine);
        }
        if let Some(bytes) = self.memory_limit {
            pipeline = pipeline.with_memory_limit(bytes);
        }
        if let Some(budget) = self.time_budget {
            pipeline = pipeline.with_time_budget(budget);
        }
        pipeline
    }

    /// The plan with what is said, as far as its engine has it.
    fn applied_to(&self, plan: Plan) -> Plan {
        fn set<T: Clone>(place: &mut T, given: &Option<T>) {
            if let Some(given) = given {
                *place = given.clone();
            }
        }
        let mut plan = plan.with_training(|training| {
            if let Some(n_iter) = self.n_iter {
                training.set_n_iter(n_iter);
            }
            set(&mut training.batch_size, &self.batch_size);
            set(&mut training.lr, &self.lr);
            set(&mut training.hidden, &self.hidden);
            set(&mut training.dropout, &self.dropout);
        });
        if let AnyEngine::TabDdpm(params) = &mut plan.engine {
            set(&mut params.n_timesteps, &self.n_timesteps);
            params.label.clone_from(&self.label);
        }
        plan
    }

    /// The seed: the one that is given, or else that of the training whose state is in the file `checkpoint`, or else one that is
    /// drawn.
    ///
    /// # Errors
    /// [`Error::Io`] if there are no random numbers, or if the state cannot be read; [`Error::ModelFile`] if it is none.
    pub fn settled_seed(&self, checkpoint: Option<&Path>) -> Result<Seed> {
        if let Some(seed) = &self.seed {
            return Ok(seed.clone());
        }
        match checkpoint.map(earlier_in).transpose()?.flatten() {
            Some((seed, _)) => Ok(seed),
            None => Seed::drawn(),
        }
    }

    /// Fits a generator on `table`. If no engine is asked for and the training of the one that suits the table learns nothing, it is a
    /// copula. The state of the training is kept in the file `checkpoint`, and resumed from; whoever keeps the model removes it. The
    /// model knows its [seed](Self::settled_seed).
    ///
    /// # Errors
    /// [`Error::BadInput`] if it would take more memory than it may; those of [`Fit::run`]; [`Error::Io`] if the state cannot be
    /// read or written.
    pub fn fit(
        &self,
        table: &Table,
        checkpoint: Option<&Path>,
        observer: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Fitted> {
        if let Some(limit) = self.memory_limit {
            memory::check(memory::of_fit(table), limit)?;
        }
        let seed = self.settled_seed(checkpoint)?;
        let plan = match self.sets_a_plan() {
            true => Plan::of(self.engine.unwrap_or(EngineKind::Masked), table.n_rows(), table.n_columns()),
            false => Plan::for_table(self.engine, &synth_core::learnt(table, self.keeping)?, seed.number())?,
        };
        let plan = self.applied_to(plan);
        let about = About { seed: Some(seed.clone()), engine: Some(plan.engine.clone()), ..About::default() };
        let checkpoints = checkpoint.map(|path| checkpoints_in(path, &seed)).transpose()?;
        let fit = || Fit::of(table).keep(self.keeping).seed(seed.number()).time_budget(self.time_budget);
        let chosen = fit().engine(plan.engine).cross_fitted(plan.cross_fitted).checkpoints(checkpoints);
        let (model, instead_of, about) = match chosen.observe(observer).run() {
            Err(Error::Training(failure @ TrainingFailure::NothingLearnt { .. })) if self.engine.is_none() => {
                let copula = Copula::default();
                let about = About { engine: Some(copula.into()), ..about };
                (fit().engine(copula).run()?, Some(failure), about)
            }
            model => (model?, None, about),
        };
        Ok(Fitted { model: model.with_about(about), instead_of })
    }
}

/// What stands in the first line of a file with the state of a training: all of its randomness follows from it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstLine {
    #[serde(with = "synth_core::seed::kept")]
    seed: Option<Seed>,
}

/// The seed and the state in a file; `None` if there is no such file.
fn earlier_in(path: &Path) -> Result<Option<(Seed, Vec<u8>)>> {
    let mut bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|source| outputs::unread(path, source))?,
    };
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let first = serde_json::from_slice::<FirstLine>(&bytes[..end]).ok().and_then(|first| first.seed);
    let Some(seed) = first else {
        return Err(Error::ModelFile(format!("{} is not the state of a training", path.display())));
    };
    bytes.drain(..(end + 1).min(bytes.len()));
    Ok(Some((seed, bytes)))
}

/// The states of a training in a file.
fn checkpoints_in<'a>(path: &'a Path, seed: &Seed) -> Result<Checkpoints<'a>> {
    let earlier = earlier_in(path)?.map(|(_, state)| state);
    let first = FirstLine { seed: Some(seed.clone()) };
    let mut first = serde_json::to_vec(&first).expect("it has only string keys");
    first.push(b'\n');
    let save = move |state: &[u8]| {
        // It tells as much as a model.
        outputs::write_file(path, Readers::Owner, Replace::Yes, |out| {
            out.write_all(&first)?;
            out.write_all(state)
        })
        .map_err(std::io::Error::other)
    };
    Ok(Checkpoints { earlier, every: BETWEEN_STATES, save: Box::new(save) })
}

/// What is sensitive in a table and covered by nothing that its schema declares: a model that is fitted without a policy learns it
/// as it is.
pub fn uncovered(table: &Table) -> Vec<Finding> {
    let is_covered = |finding: &Finding| {
        let field = table.schema().index_of(&finding.column).map(|i| table.column(i).0);
        field.is_some_and(|field| !field.protect.is_empty() || matches!(field.kind, Kind::Text | Kind::Identifier))
    };
    detect(table).into_iter().filter(|finding| finding.treatment != Treatment::Keep && !is_covered(finding)).collect()
}

#[cfg(test)]
mod tests {
    use synth_core::Generator;
    use synth_core::io::{ReadOptions, read_bytes};

    use super::*;

    #[test]
    fn settings_out_of_their_range_are_refused_before_there_is_a_table() {
        Training::default().check().unwrap();
        let fails =
            |training: Training| assert!(matches!(training.check(), Err(Error::Setting { .. })), "{training:?}");
        fails(Training { batch_size: Some(0), ..Training::default() });
        fails(Training { dropout: Some(2.0), ..Training::default() });
        // Steps of a diffusion are looked at whichever engine will be chosen.
        fails(Training { n_timesteps: Some(1), ..Training::default() });
    }

    #[test]
    fn what_takes_more_memory_than_it_may_is_refused_and_the_rest_is_fitted() {
        let rows = (0..60).map(|i| format!("{}.5,{}\n", i * 17 % 60, i % 3));
        let text: String = std::iter::once("dose,ward\n".to_owned()).chain(rows).collect();
        let table = read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table;
        let copula = Training { engine: Some(EngineKind::Copula), seed: Some(1.into()), ..Training::default() };
        let fit = |training: &Training| training.fit(&table, None, |_| ControlFlow::Continue(()));
        let error = fit(&Training { memory_limit: Some(1), ..copula.clone() }).unwrap_err().to_string();
        assert!(error.contains("of memory; 1 MB may be used"), "{error}");
        let fitted = fit(&copula).unwrap();
        assert!(fitted.instead_of.is_none());
        assert_eq!(fitted.model.sample(0..5, 1).unwrap().n_rows(), 5);
    }
}

//! What a run keeps while it goes, so that it can go on after it was stopped.
//!
//! Everything in a run follows from its input, its settings and its seed; what takes long is kept as soon as it is there:
//! each plan, each fitted generator, and of a generator that is still being fitted the state of its training. A run with
//! the same input and settings that finds these goes on from them, to the same bytes. The rest, drawing and measuring, is
//! done again.
//!
//! A store belongs to one run. Whoever keeps it must see to it that the input, the settings and the seed are the same, and that
//! what it gives is what was kept; it holds as much of the table as a model does.

use std::sync::Mutex;
use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};
use synth_core::train::Checkpoints;
use synth_core::{Action, Error, Model, Result};

use crate::assessment::Assessment;
use crate::attempt::{Attempt, Explanation};
use crate::plan::Plan;
use crate::runner::Planner;

/// The time between one state of a training and the next.
pub(crate) const BETWEEN_STATES: Duration = Duration::from_secs(10);

/// Keeps bytes under names.
pub trait Store: Sync {
    /// What was kept under a name, if anything was.
    ///
    /// # Errors
    /// Whatever keeps it from being read.
    fn load(&self, name: &str) -> std::io::Result<Option<Vec<u8>>>;

    /// Keeps `bytes`, whole or not at all, in the place of what was there.
    ///
    /// # Errors
    /// Whatever keeps it from being written.
    fn save(&self, name: &str, bytes: &[u8]) -> std::io::Result<()>;

    /// Forgets what was kept.
    ///
    /// # Errors
    /// Whatever keeps it from being removed; that there was nothing is none.
    fn remove(&self, name: &str) -> std::io::Result<()>;
}

fn failed(action: Action, name: &str) -> impl FnOnce(std::io::Error) -> Error {
    let name = name.to_owned();
    move |source| Error::Io { action, name, source }
}

/// The generator that was kept as `name`, or else the one that `fit` makes, from the state of its training if there is
/// one. What cannot be read as a model is fitted again.
pub(crate) fn fitted(
    store: &dyn Store,
    name: &str,
    fit: impl FnOnce(Checkpoints<'_>) -> Result<Model>,
) -> Result<Model> {
    let (model_name, state_name) = (format!("{name}.synth"), format!("{name}.state"));
    let kept = store.load(&model_name).map_err(failed(Action::Read, &model_name))?;
    if let Some(model) = kept.and_then(|bytes| Model::from_bytes(&bytes).ok()) {
        return Ok(model);
    }
    let save = Box::new(|state: &[u8]| store.save(&state_name, state));
    let earlier = store.load(&state_name).map_err(failed(Action::Read, &state_name))?;
    let model = fit(Checkpoints { earlier, every: BETWEEN_STATES, save })?;
    store.save(&model_name, &model.to_bytes()?).map_err(failed(Action::Write, &model_name))?;
    store.remove(&state_name).map_err(failed(Action::Remove, &state_name))?;
    Ok(model)
}

/// A planner whose plans are kept: another one may not plan the same twice.
pub(crate) struct KeptPlans<'a> {
    pub(crate) planner: Box<dyn Planner<Plan, Assessment>>,
    pub(crate) store: &'a dyn Store,
    /// The first error of the store. A plan that could not be kept is followed all the same.
    pub(crate) error: Mutex<Option<Error>>,
}

impl KeptPlans<'_> {
    fn kept<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let bytes = self.store.load(name).map_err(failed(Action::Read, name));
        match bytes {
            Ok(bytes) => serde_json::from_slice(&bytes?).ok(),
            Err(error) => {
                self.fail(error);
                None
            }
        }
    }

    fn keep<T: Serialize>(&self, name: &str, value: &T) {
        let bytes = serde_json::to_vec(value).expect("a plan has only string keys and finite numbers");
        if let Err(error) = self.store.save(name, &bytes).map_err(failed(Action::Write, name)) {
            self.fail(error);
        }
    }

    fn fail(&self, error: Error) {
        self.error.lock().expect("nothing panics while it is held").get_or_insert(error);
    }
}

impl Planner<Plan, Assessment> for KeptPlans<'_> {
    fn next_plan(&mut self, attempts: &[Attempt<Plan, Assessment>]) -> Option<(Plan, Explanation)> {
        let name = format!("plan-{}", attempts.len() + 1);
        if let Some(planned) = self.kept(&name) {
            return planned;
        }
        let planned = self.planner.next_plan(attempts);
        self.keep(&name, &planned);
        planned
    }
}

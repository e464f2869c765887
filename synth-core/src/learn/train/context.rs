//! What a fit is told beside its table and the parameters of its engine.

use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

use super::checkpoint::Checkpoints;
use super::report::{HeldOut, Observer};
use crate::table::Table;

/// What a fit is told beside its table and the parameters of its engine: randomness, time, and who watches.
#[non_exhaustive]
pub struct FitContext<'a> {
    /// Every draw of the fit follows from it.
    pub seed: u64,
    /// The time that training may take. An engine whose training cannot be cut short fails beyond it, the others end in time;
    /// one that does not train takes no notice.
    pub time_budget: Option<Duration>,
    /// What cross-fits with the same parameters cost. Stands in the report in place of what held-out rows would say, and a fit
    /// whose cross-fits learnt nothing fails.
    pub cross_fitted: Option<HeldOut>,
    /// A table with the same columns whose identifiers are real too, and so are never generated.
    pub known: Option<Table>,
    /// Where the state of training is saved, and an earlier one is found.
    pub checkpoints: Option<Checkpoints<'a>>,
    /// Watches training.
    pub observer: Box<Observer<'a>>,
}

impl<'a> FitContext<'a> {
    /// A fit that nobody watches or interrupts.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            time_budget: None,
            cross_fitted: None,
            known: None,
            checkpoints: None,
            observer: Box::new(|_| ControlFlow::Continue(())),
        }
    }

    /// Tells `observer` of every epoch; it may end training.
    #[must_use]
    pub fn with_observer(self, observer: impl FnMut(&super::Progress) -> ControlFlow<()> + 'a) -> Self {
        Self { observer: Box::new(observer), ..self }
    }
}

impl fmt::Debug for FitContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FitContext")
            .field("seed", &self.seed)
            .field("time_budget", &self.time_budget)
            .field("cross_fitted", &self.cross_fitted)
            .field("checkpoints", &self.checkpoints)
            .finish_non_exhaustive()
    }
}

//! What a run does to a table, all of it, as one function of the rows and a seed.

use std::ops::ControlFlow;
use std::time::Instant;

use synth_compliance::Policy;
use synth_core::protect::Secret;
use synth_core::train::Training;
use synth_core::{Fit, Generator, Keeping, Table};

use crate::error::Result;
use crate::own::{Own, OwnFit};
use crate::plan::Plan;
use crate::protection::{Protects, protect};

/// Protection with randomness of its own, search for constraints, fit and sampling, as a run does them with one plan.
///
/// Departs from a run: settings are not tuned again, so that what tuning tells of a person is not audited; and where a run keeps
/// rows aside, all are learnt here.
#[derive(Clone, Copy)]
pub(crate) struct Mechanism<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) protects: Protects,
    pub(crate) keeping: Keeping,
    pub(crate) plan: &'a Plan,
    pub(crate) own: Option<(&'a str, &'a OwnFit<'a>)>,
    /// Synthetic rows for each row that is learnt.
    pub(crate) rows_each: f64,
    /// When a training is broken off.
    pub(crate) until: Option<Instant>,
}

/// More synthetic rows than that, for each that is learnt, cost time and show little more.
const MOST_EACH: f64 = 4.0;

impl Mechanism<'_> {
    /// The rows as generators learn them.
    pub(crate) fn protected(&self, table: &Table, seed: u64) -> Result<Table> {
        Ok(protect(table, self.policy, self.protects, &Secret::from_seed(seed))?.table)
    }

    /// A synthetic table of `table`.
    pub(crate) fn run(&self, table: &Table, seed: u64) -> Result<Table> {
        let protected = self.protected(table, seed)?;
        let fit = Fit::of(&protected).keep(self.keeping).seed(seed).known(&protected);
        let fit = match self.own {
            None => fit.engine(self.plan.engine.clone()).cross_fitted(self.plan.cross_fitted),
            Some((name, fit_own)) => {
                let training = self.plan.training().cloned().unwrap_or_else(Training::default);
                fit.engine(Own { name, training, fit: fit_own })
            }
        };
        let is_over = || self.until.is_some_and(|until| Instant::now() >= until);
        let flow = |_: &_| if is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let model = fit.observe(flow).run()?;
        let n_rows = (table.n_rows() as f64 * self.rows_each.min(MOST_EACH)).round().max(2.0);
        Ok(model.sample(0..n_rows as u64, seed)?)
    }
}

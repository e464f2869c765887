//! The one way to fit an engine.

use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

use rand::RngCore;

use super::engine::suited;
use super::generator::Engine;
use super::keep::{Keep, Keeping};
use super::model::Model;
use super::random::{Purpose, stream};
use super::train::{Checkpoints, FitContext, HeldOut, Progress};
use crate::error::Result;
use crate::table::Table;

/// Rows of the pilot sample.
const PILOT_ROWS: u64 = 1000;

/// Fits an engine to a table.
///
/// ```
/// use synth_core::engine::Trees;
/// use synth_core::io::{ReadOptions, read_bytes};
/// use synth_core::{Fit, Generator, Table};
///
/// # let text: String = (0..60).map(|i| format!("{},{}\n", i * 7 % 40, ["f", "m"][i % 2])).collect();
/// let table: Table = read_bytes(format!("age,sex\n{text}").into(), &ReadOptions::default())?.table;
/// let model = Fit::of(&table).engine(Trees { min_leaf: 20, ..Trees::default() }).seed(7).run()?;
/// let rows = model.sample(0..100, 7)?;
/// assert_eq!(rows.n_rows(), 100);
/// # Ok::<(), synth_core::Error>(())
/// ```
#[must_use]
pub struct Fit<'a> {
    table: &'a Table,
    engine: Option<Box<dyn Engine + 'a>>,
    keeping: Keeping,
    context: FitContext<'a>,
}

impl fmt::Debug for Fit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fit")
            .field("engine", &self.engine)
            .field("keeping", &self.keeping)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

impl<'a> Fit<'a> {
    /// A fit to `table`, with the defaults given below.
    pub fn of(table: &'a Table) -> Self {
        Self { table, engine: None, keeping: Keeping::Declared, context: FitContext::new(0) }
    }

    /// The engine with its parameters: one of [`engine`](crate::engine), or one of another crate. Default: the one that
    /// [suits](suited) the table; under 1,000 rows it is found by cross-fits, which take some seconds.
    pub fn engine(self, engine: impl Engine + 'a) -> Self {
        Self { engine: Some(Box::new(engine)), ..self }
    }

    /// The constraints to enforce. Default: those that the table's schema declares.
    pub fn keep(self, keeping: Keeping) -> Self {
        Self { keeping, ..self }
    }

    /// The seed for all random choices. Default: 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.context.seed = seed;
        self
    }

    /// The time that training may take. An engine whose training cannot be cut short fails beyond it, the others end in time.
    /// Default: no limit.
    pub fn time_budget(mut self, budget: impl Into<Option<Duration>>) -> Self {
        self.context.time_budget = budget.into();
        self
    }

    /// What cross-fits of the engine with these parameters cost: it stands in the report in place of what held-out rows would
    /// say. Default: nothing is known of any.
    pub fn cross_fitted(mut self, held_out: impl Into<Option<HeldOut>>) -> Self {
        self.context.cross_fitted = held_out.into();
        self
    }

    /// Also treats the identifiers in `table` as real, so that they are never generated: for a table of which only a part is
    /// learnt. Default: those of the table that is learnt alone.
    pub fn known(mut self, table: &Table) -> Self {
        self.context.known = Some(table.clone());
        self
    }

    /// Saves the state of training, and resumes from an earlier one: see [`Checkpoints`]. Engines that do not train have none.
    /// Default: nothing is saved.
    pub fn checkpoints(mut self, checkpoints: impl Into<Option<Checkpoints<'a>>>) -> Self {
        self.context.checkpoints = checkpoints.into();
        self
    }

    /// Observes training, and may stop it. Default: no observer.
    pub fn observe(mut self, observer: impl FnMut(&Progress) -> ControlFlow<()> + 'a) -> Self {
        self.context.observer = Box::new(observer);
        self
    }

    /// Fits the engine.
    ///
    /// # Errors
    /// As [`Engine::fit`]; as [`Constraint::check`](crate::Constraint::check) if a constraint does not fit;
    /// [`InputRule::Constraint`](crate::InputRule::Constraint) if hardly any row keeps what was declared;
    /// [`Error::SchemaMismatch`](crate::Error::SchemaMismatch) if [known](Fit::known) rows have other columns.
    pub fn run(self) -> Result<Model> {
        let Self { table, engine, keeping, mut context } = self;
        if let Some(known) = &context.known {
            known.check_columns(table.schema())?;
        }
        let mut keep = Keep::of(table, keeping)?;
        let learnt = keep.as_ref().map_or_else(|| table.clone(), |keep| keep.transform.learnt(table));
        if let Some(keep) = &keep {
            context.known = context.known.map(|known| keep.transform.learnt(&known));
        }
        let engine = match engine {
            Some(engine) => engine,
            None => {
                let suited = suited(None, &learnt, context.seed)?;
                context.cross_fitted = suited.cross_fitted;
                Box::new(suited.engine)
            }
        };
        let generator = engine.fit(&learnt, &mut context)?;
        if let Some(keep) = &mut keep {
            let seed = stream(context.seed, Purpose::Pilot, 0).next_u64();
            keep.settle(&generator.sample(0..PILOT_ROWS, seed)?)?;
        }
        Ok(Model::of(engine.name().to_owned(), generator, keep))
    }
}

/// What an engine learns of `table` if its rows keep the constraints of `keeping`: differences in place of columns, and no sums.
/// It is what parameters are to [suit](suited).
///
/// # Errors
/// As [`Constraint::check`](crate::Constraint::check).
pub fn learnt(table: &Table, keeping: Keeping) -> Result<Table> {
    Ok(Keep::of(table, keeping)?.map_or_else(|| table.clone(), |keep| keep.transform.learnt(table)))
}

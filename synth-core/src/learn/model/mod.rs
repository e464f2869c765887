//! A fitted engine with the [constraints](crate::constraint) that its rows keep, and the file it is kept in.
//!
//! The engine learns the table as the constraints leave it; its rows are made whole, and those that violate what is enforced are
//! sampled again. Try t of row i follows from the model, the seed, i and t alone, so row i does from the first three.

mod about;
mod complete;
mod file;
mod resample;

#[doc = include_str!("../../../MODEL_FORMAT.md")]
pub mod format {}

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

pub use about::About;
pub use file::MODEL_VERSION;
pub use resample::{Given, Sampled};

use super::condition::Condition;
use super::generator::Generator;
use super::keep::{Keep, Kept};
use super::part::FilePart;
use super::train::TrainReport;
use crate::error::{BadInput, InputRule, Result};
use crate::schema::Schema;
use crate::table::Table;

/// A fitted generator and the constraints it enforces.
#[derive(Clone)]
pub struct Model {
    engine: String,
    generator: Arc<dyn Generator>,
    keep: Option<Arc<Keep>>,
    about: About,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("engine", &self.engine).field("about", &self.about).finish_non_exhaustive()
    }
}

impl Model {
    /// What an engine has learnt, and what its rows keep.
    pub(super) fn of(engine: String, generator: Box<dyn Generator>, keep: Option<Keep>) -> Self {
        Self { engine, generator: generator.into(), keep: keep.map(Arc::new), about: About::default() }
    }

    /// The name of its engine.
    pub fn engine(&self) -> &str {
        &self.engine
    }

    /// What the engine has learnt, which knows nothing of constraints: its columns are those that were learnt.
    pub fn generator(&self) -> &dyn Generator {
        self.generator.as_ref()
    }

    /// The constraints, and how each is enforced.
    pub fn constraints(&self) -> Vec<Kept> {
        self.keep.as_ref().map_or(Vec::new(), |keep| keep.kept())
    }

    /// Its origin, and the measures of its rows.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Sets its origin, and the measures of its rows.
    #[must_use]
    pub fn with_about(self, about: About) -> Self {
        Self { about, ..self }
    }

    /// The model as the bytes of a model file.
    ///
    /// # Errors
    /// [`InputRule::Unsupported`] if its engine has no part of a model file;
    /// [`Error::ModelFile`](crate::Error::ModelFile) if the part of an engine of another crate is not sound.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let part = self.generator.file().ok_or_else(|| self.cannot("be kept in a file"))?;
        file::to_bytes(&self.engine, &part, self.keep.as_deref(), &self.about)
    }

    /// Reads the bytes of a model file.
    ///
    /// # Errors
    /// [`Error::ModelFile`](crate::Error::ModelFile) if they are no model file, of another version, of an engine of another crate,
    /// damaged, or hold weights that are not finite or do not fit the model's layout, or constraints that do not fit its columns.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::from_bytes_with(bytes, super::engine::read)
    }

    /// Same as [`from_bytes`](Self::from_bytes), for engines of other crates: `read` is given the engine's name and
    /// creates the generator from its part of the file.
    ///
    /// # Errors
    /// As [`Model::from_bytes`], and those of `read`.
    pub fn from_bytes_with(
        bytes: &[u8],
        read: impl FnOnce(&str, &FilePart) -> Result<Box<dyn Generator>>,
    ) -> Result<Self> {
        file::from_bytes(bytes, read)
    }

    /// The rows numbered `rows`, as [`Generator::sample`] gives them, and what it took.
    ///
    /// # Errors
    /// [`InputRule::Constraint`] if no row that keeps a constraint is found in 4,096 tries; it names the constraint.
    pub fn sample_counted(&self, rows: Range<u64>, seed: u64) -> Result<Sampled> {
        resample::sample(self.keep.as_deref(), self.generator(), &[], rows, seed)
    }

    /// Rows that meet all of `conditions`, with the levels of column `balance` equally frequent.
    ///
    /// A condition on a column that is made from others is met by sampling again, and so may fail later.
    ///
    /// # Errors
    /// As [`Conditional::given`](crate::generator::Conditional::given); [`InputRule::Unsupported`] if the engine cannot.
    pub fn given(&self, conditions: &[Condition], balance: Option<&str>) -> Result<Given<'_>> {
        let conditional = self.generator.conditional().ok_or_else(|| self.cannot("sample rows under conditions"))?;
        let Some(keep) = self.keep.as_deref() else {
            return Ok(Given::new(self.schema(), None, conditional.given(conditions, balance)?, Vec::new()));
        };
        let schema = keep.transform.schema();
        let is_made = |condition: &&Condition| keep.transform.makes(&condition.column);
        for condition in conditions.iter().filter(is_made) {
            condition.check(schema)?;
        }
        let learnt: Vec<Condition> = conditions.iter().filter(|condition| !is_made(condition)).cloned().collect();
        let altered = |condition: &&Condition| keep.alters(&condition.column);
        let afterwards = conditions.iter().filter(altered).cloned().collect();
        Ok(Given::new(self.schema(), Some(keep), conditional.given(&learnt, balance)?, afterwards))
    }

    /// Completes `table`: see [`Imputer`](crate::generator::Imputer). What is there stays as it is, even where it violates a
    /// constraint; filled cells follow from others where a constraint says so, and a row in which they violate one is filled
    /// again, up to 16 times.
    ///
    /// # Errors
    /// As [`Imputer::impute`](crate::generator::Imputer::impute); [`InputRule::Unsupported`] if the engine cannot;
    /// [`Error::SchemaMismatch`](crate::Error::SchemaMismatch) if `table` has other columns than the one that was learnt.
    pub fn impute(&self, table: &Table, seed: u64) -> Result<Table> {
        let imputer = self.generator.imputer().ok_or_else(|| self.cannot("impute"))?;
        table.check_columns(self.schema())?;
        match self.keep.as_deref() {
            None => imputer.impute(table, seed),
            Some(keep) => complete::impute(keep, imputer, self.schema(), table, seed),
        }
    }

    /// The natural logarithm of each row's likelihood. It is that of the columns that were learnt; those that follow from
    /// them add nothing.
    ///
    /// # Errors
    /// As [`Likelihood::log_likelihood`](crate::generator::Likelihood::log_likelihood); [`InputRule::Unsupported`] if the engine cannot;
    /// [`Error::SchemaMismatch`](crate::Error::SchemaMismatch) if `table` has other columns than the one that was learnt.
    pub fn log_likelihood(&self, table: &Table) -> Result<Vec<f64>> {
        let likelihood = self.generator.likelihood().ok_or_else(|| self.cannot("score rows"))?;
        table.check_columns(self.schema())?;
        likelihood.log_likelihood(&self.learnt_of(table))
    }

    fn learnt_of(&self, table: &Table) -> Table {
        self.keep.as_ref().map_or_else(|| table.clone(), |keep| keep.transform.learnt(table))
    }

    fn cannot(&self, what: &str) -> BadInput {
        let problem = format!("a model of the engine {} cannot {what}", self.engine);
        BadInput::new(InputRule::Unsupported, problem).hint("fit one with the engine masked")
    }
}

/// The rows that it samples keep the constraints.
impl Generator for Model {
    fn schema(&self) -> &Arc<Schema> {
        self.keep.as_ref().map_or_else(|| self.generator.schema(), |keep| keep.transform.schema())
    }

    /// # Errors
    /// As [`Model::sample_counted`].
    fn sample(&self, rows: Range<u64>, seed: u64) -> Result<Table> {
        Ok(self.sample_counted(rows, seed)?.table)
    }

    fn fitted_rows(&self, table: &Table) -> Vec<usize> {
        self.generator.fitted_rows(&self.learnt_of(table))
    }

    fn train_report(&self) -> Option<&TrainReport> {
        self.generator.train_report()
    }
}

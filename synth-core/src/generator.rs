//! What every generator can do, whatever it is made of.

use std::ops::Range;
use std::sync::Arc;

use crate::error::Result;
use crate::schema::Schema;
use crate::table::Table;

/// Something that has learnt a table and draws rows like its own.
pub trait Generator: Send + Sync {
    /// The schema of the table it learnt, and of those it makes.
    fn schema(&self) -> &Arc<Schema>;

    /// The rows numbered `rows`. Row i follows from the generator, `seed` and i alone: however many threads there are
    /// and however the range is cut, the row is the same.
    fn sample(&self, rows: Range<u64>, seed: u64) -> Table;

    /// The same where it may fail: a model that keeps constraints may find no row that does, and a generator of one's own may
    /// ask another machine. By default [`sample`](Self::sample), which does not.
    ///
    /// # Errors
    /// Whatever keeps a row from being drawn.
    fn try_sample(&self, rows: Range<u64>, seed: u64) -> Result<Table> {
        Ok(self.sample(rows, seed))
    }
}

//! What every generator can do, whatever it is made of.

use std::ops::Range;
use std::sync::Arc;

use crate::schema::Schema;
use crate::table::Table;

/// Something that has learnt a table and draws rows like its own.
pub trait Generator: Send + Sync {
    /// The schema of the table it learnt, and of those it makes.
    fn schema(&self) -> &Arc<Schema>;

    /// The rows numbered `rows`. Row i follows from the generator, `seed` and i alone: however many threads there are
    /// and however the range is cut, the row is the same.
    fn sample(&self, rows: Range<u64>, seed: u64) -> Table;
}

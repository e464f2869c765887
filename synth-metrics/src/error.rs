//! What can go wrong before anything is measured.

use synth_core::ErrorKind;

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong in this crate.
///
/// What goes wrong *while* measuring is no error but an outcome:
/// [`Outcome::NotMeasured`](crate::Outcome::NotMeasured).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two tables that must have the same columns do not.
    #[error("the {table} table does not fit the train table: {problem}")]
    Mismatch {
        /// Which of the two: `synthetic`, `holdout`.
        table: &'static str,
        /// What differs.
        problem: String,
    },
    /// A table is too short to be compared.
    #[error("the {table} table has {n_rows} rows; at least {least} are required")]
    TooFewRows {
        /// Which table.
        table: &'static str,
        /// The rows it has.
        n_rows: usize,
        /// The rows it needs.
        least: usize,
    },
    /// A table holds an infinite number.
    #[error("the {table} table, column `{column}`: numbers must be finite")]
    Infinite {
        /// Which table.
        table: &'static str,
        /// The column's name.
        column: String,
    },
    /// A function of two samples was given none.
    #[error("both samples need at least one value")]
    EmptyColumn,
    /// A function of numbers was given NaN, or ±∞ where that has no meaning.
    #[error("the values must be finite; leave missing ones out beforehand")]
    NonFinite,
    /// Two slices that belong together have different lengths.
    #[error("expected slices of one length, got {0} and {1}")]
    Lengths(usize, usize),
}

impl Error {
    /// What sort of error it is, for programs that act on it: tables that do not fit each other, or an input that breaks a rule.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Mismatch { .. } | Error::Lengths(..) => ErrorKind::Mismatch,
            Error::TooFewRows { .. } | Error::Infinite { .. } | Error::EmptyColumn | Error::NonFinite => {
                ErrorKind::Input
            }
        }
    }
}

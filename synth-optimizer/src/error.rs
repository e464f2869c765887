//! What can go wrong beside a table that is not accepted.

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The table cannot be learnt, or a setting is out of range.
    #[error(transparent)]
    Core(#[from] synth_core::Error),
    /// Tables cannot be compared.
    #[error(transparent)]
    Metrics(#[from] synth_metrics::Error),
}

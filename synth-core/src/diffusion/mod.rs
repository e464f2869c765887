//! Tabular denoising diffusion (arXiv:2209.15421).

/// Why training gave no usable model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingFailure {
    /// The loss left the numbers.
    #[error("the loss became non-finite at step {step}")]
    NonFinite {
        /// The optimiser step, from 1.
        step: u64,
    },
}

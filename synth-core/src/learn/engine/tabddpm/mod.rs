//! TabDDPM: denoising diffusion for tables (arXiv:2209.15421), in plain `ndarray`.
//!
//! Coordinates are diffused by Gaussian noise ([`gaussian`]), levels by uniform noise ([`multinomial`]), both along one
//! [`Schedule`]. A [`Denoiser`] sees a noisy row and its time and says what noise is in it and which levels it had;
//! a [`Sampler`] asks it again and again from pure noise to a row. [`TabDdpmModel`] ties a trained one to its encoder.

mod denoiser;
mod engine;
mod file;
pub mod gaussian;
mod loss;
mod model;
pub mod multinomial;
mod objective;
mod params;
mod sample;
mod sampler;
mod schedule;

pub use denoiser::{Denoiser, EMBEDDING, Label, Network, NetworkDenoiser, Workspace, time_table};
pub(super) use file::read;
pub use gaussian::{Method, Variance};
pub use loss::{Batch, Loss, Process};
pub use model::TabDdpmModel;
pub use params::TabDdpm;
pub use sampler::{Sampler, SamplerConfig};
pub use schedule::{Schedule, ScheduleKind};

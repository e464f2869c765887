//! Layers with their derivatives by hand. Nothing here knows of diffusion or of tables.
//!
//! A layer's `forward` reads its input, its `backward` reads the same input again with the gradient of the output,
//! **adds** its parameters' gradients to a value of the layer's own type, and writes the gradient of the input. So
//! the moments of the optimiser, the averaged weights, clipping and saving are loops over equal shapes
//! ([`Parameters`]). Everything is generic over the float so that derivatives are checked in `f64`; models run in
//! `f32`.

mod activation;
mod adam;
mod embedding;
mod linear;
mod mlp;
mod norm;
mod parameters;
mod product;
mod real;
#[cfg(test)]
pub(crate) mod testing;

pub use activation::{Activation, silu, silu_all, silu_backward, silu_backward_all};
pub use adam::{AdamW, AdamWConfig, Ema, clip_norm};
pub use embedding::sinusoidal;
pub use linear::Linear;
pub use mlp::{Dropout, Mlp, Tape};
pub use norm::LayerNorm;
pub use parameters::Parameters;
pub use product::Store;
pub use real::{Real, vectorised};

//! Layers with their derivatives by hand. Nothing here knows of diffusion or of tables.
//!
//! A layer's `forward` reads its input, its `backward` reads the same input again with the gradient of the output,
//! **adds** its parameters' gradients to a value of the layer's own type, and writes the gradient of the input. So
//! the moments of the optimiser, the averaged weights, clipping and saving are loops over equal shapes
//! ([`Parameters`]). Everything is generic over the float so that derivatives are checked in `f64`; models run in
//! `f32`.

mod activation;
mod adam;
mod chunks;
mod embedding;
mod linear;
mod mlp;
mod norm;
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
pub use product::Store;
pub use real::{Real, vectorised};

/// Something made of flat runs of parameters, in a fixed order.
pub trait Parameters<F> {
    /// Each tensor's values, in a fixed order.
    fn slices(&self) -> Vec<&[F]>;
    /// The same tensors, to be changed.
    fn slices_mut(&mut self) -> Vec<&mut [F]>;

    /// Sets every parameter to zero.
    fn set_zero(&mut self)
    where
        F: ndarray::NdFloat,
    {
        self.slices_mut().into_iter().for_each(|slice| slice.fill(F::zero()));
    }

    /// Adds `other`'s parameters, tensor by tensor.
    fn add(&mut self, other: &Self)
    where
        F: ndarray::NdFloat,
        Self: Sized,
    {
        chunks::for_each(chunks::chunks_mut(self).zip(chunks::chunks(other)), |(own, others)| {
            vectorised(|| own.iter_mut().zip(others).for_each(|(own, &other)| *own += other));
        });
    }

    /// The number of parameters.
    fn n_parameters(&self) -> usize {
        self.slices().iter().map(|slice| slice.len()).sum()
    }
}

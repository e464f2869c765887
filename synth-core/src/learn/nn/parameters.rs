//! What layers and networks have in common: flat runs of parameters, and loops over their chunks on all threads.

use rayon::prelude::*;

use super::real::vectorised;

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
        for_each(chunks_mut(self).zip(chunks(other)), |(own, others)| {
            vectorised(|| own.iter_mut().zip(others).for_each(|(own, &other)| *own += other));
        });
    }

    /// The number of parameters.
    fn n_parameters(&self) -> usize {
        self.slices().iter().map(|slice| slice.len()).sum()
    }
}

/// Large enough that handing out a chunk costs less than the work on it; 64 KiB of `f32`.
const CHUNK: usize = 1 << 14;

/// The tensors of `parameters` in chunks.
pub(super) fn chunks<'a, F: 'a, P: Parameters<F>>(parameters: &'a P) -> impl Iterator<Item = &'a [F]> {
    parameters.slices().into_iter().flat_map(|slice| slice.chunks(CHUNK))
}

/// The same chunks, to be changed.
pub(super) fn chunks_mut<'a, F: 'a, P: Parameters<F>>(parameters: &'a mut P) -> impl Iterator<Item = &'a mut [F]> {
    parameters.slices_mut().into_iter().flat_map(|slice| slice.chunks_mut(CHUNK))
}

/// `work` on each of `chunks`; the results in their order.
pub(super) fn map<C: Send, T: Send>(chunks: impl Iterator<Item = C>, work: impl Fn(C) -> T + Sync + Send) -> Vec<T> {
    let chunks: Vec<C> = chunks.collect();
    chunks.into_par_iter().map(work).collect()
}

/// `work` on each of `chunks`.
pub(super) fn for_each<C: Send>(chunks: impl Iterator<Item = C>, work: impl Fn(C) + Sync + Send) {
    let chunks: Vec<C> = chunks.collect();
    chunks.into_par_iter().for_each(work);
}

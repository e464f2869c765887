//! Loops over the chunks of several values' tensors, on all threads.

use rayon::prelude::*;

use super::Parameters;

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

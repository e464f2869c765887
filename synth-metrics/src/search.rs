//! Nearest neighbours by brute force, whatever the distance: in blocks that fit a cache, with vector instructions, on all
//! threads.

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

/// Query rows a task, and reference rows whose distances are held at a time: both fit the first cache.
const QUERY_BLOCK: usize = 32;
const REFERENCE_BLOCK: usize = 512;
/// Distances looked at together for one that is small enough.
const LANES: usize = 16;

/// A distance, from 0 up.
pub(crate) trait Distance: Copy + Default + PartialOrd + Send {
    type Bits: Copy + Ord;
    /// More than the bits of any distance.
    const MOST: Self::Bits;

    /// The bits of numbers from 0 up are ordered as the numbers are, and whole numbers have no order of evaluation.
    fn bits(self) -> Self::Bits;
}

impl Distance for f32 {
    type Bits = u32;
    const MOST: u32 = u32::MAX;

    #[inline(always)]
    fn bits(self) -> u32 {
        self.to_bits()
    }
}

impl Distance for f64 {
    type Bits = u64;
    const MOST: u64 = u64::MAX;

    #[inline(always)]
    fn bits(self) -> u64 {
        self.to_bits()
    }
}

/// The rows whose neighbours are sought, and the reference rows that may be these.
pub(crate) trait Search: Sync {
    type Distance: Distance;

    /// How many rows are sought for.
    fn n_queries(&self) -> usize;

    /// How many reference rows there are.
    fn n_references(&self) -> usize;

    /// How many coordinates a row has.
    fn n_coordinates(&self) -> usize;

    /// One coordinate of a query row.
    fn coordinate(&self, query_row: usize, idx: usize) -> Self::Distance;

    /// Sets `sums` to the distances of a point to the reference rows from `start` on, as many as there are `sums`.
    ///
    /// To be `#[inline(always)]`: only then is it compiled for the instructions at hand.
    fn distances(&self, point: &[Self::Distance], start: usize, sums: &mut [Self::Distance]);
}

/// The `k` nearest reference rows of each query row, or all if there are fewer: query row after query row, nearest first, of
/// equally near ones the first. The same for any number of threads.
pub(crate) fn nearest<S: Search>(search: &S, k: usize) -> Vec<(S::Distance, usize)> {
    let n_queries = search.n_queries();
    let blocks: Vec<Nearest<S>> = (0..n_queries.div_ceil(QUERY_BLOCK))
        .into_par_iter()
        .map(|block| {
            let rows = block * QUERY_BLOCK..((block + 1) * QUERY_BLOCK).min(n_queries);
            // Compiled once for each instruction set and chosen when it runs; the result is the same for all.
            Arch::new().dispatch(NearestOfBlock { search, rows, k })
        })
        .collect();
    blocks.into_iter().flatten().flatten().collect()
}

/// For each query row of a block its nearest reference rows.
type Nearest<S> = Vec<Vec<(<S as Search>::Distance, usize)>>;

/// A block of [`nearest`], as a type: a closure is not inlined into the function that may use wide vectors.
struct NearestOfBlock<'a, S> {
    search: &'a S,
    rows: std::ops::Range<usize>,
    k: usize,
}

impl<S: Search> NullaryFnOnce for NearestOfBlock<'_, S> {
    type Output = Nearest<S>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        let Self { search, rows, k } = self;
        let mut found: Self::Output = rows.clone().map(|_| Vec::with_capacity(k + 1)).collect();
        let mut sums = [S::Distance::default(); REFERENCE_BLOCK];
        let mut point = vec![S::Distance::default(); search.n_coordinates()];
        for start in (0..search.n_references()).step_by(REFERENCE_BLOCK) {
            let sums = &mut sums[..REFERENCE_BLOCK.min(search.n_references() - start)];
            for (row, found) in rows.clone().zip(&mut found) {
                for (idx, x) in point.iter_mut().enumerate() {
                    *x = search.coordinate(row, idx);
                }
                search.distances(&point, start, sums);
                if k > 0 {
                    keep_nearest(sums, start, k, found);
                }
            }
        }
        found
    }
}

/// Takes the distances of rows from `start` on into an ascending list of the `k` nearest so far, first come first.
#[inline(always)]
fn keep_nearest<D: Distance>(distances: &[D], start: usize, k: usize, found: &mut Vec<(D, usize)>) {
    for (chunk_idx, chunk) in distances.chunks(LANES).enumerate() {
        let least = chunk.iter().fold(D::MOST, |least, d| least.min(d.bits()));
        if found.len() == k && least >= found[k - 1].0.bits() {
            continue;
        }
        for (&distance, row) in chunk.iter().zip(start + chunk_idx * LANES..) {
            if found.len() < k || distance < found[k - 1].0 {
                let at = found.partition_point(|&(d, _)| d <= distance);
                found.insert(at, (distance, row));
                found.truncate(k);
            }
        }
    }
}

//! The product of two matrices in `f32`, for those that training multiplies: whole, row-major or its transpose.
//!
//! `ndarray`'s own product copies both factors into the order in which its kernel reads them, which is an eighth of a
//! training step. Here a row-major left factor is read where it lies, and of the right one only a panel that stays in
//! the nearest cache is copied. Every value of the result is one chain of fused multiplications and additions per run of
//! 256 terms, so it does not depend on the vectors' width. Whatever else comes (strides, no vectors) goes to `ndarray`.
//!
//! **Beside `gemm`.** A shard of 256 rows forward and backward through a network of widths 30, 256, 256, 256, 30, on one thread
//! with AVX2, the fastest of 60 rounds: its eleven products take 1.74 ms here, 1.71 ms by gemm 0.19.0 and 2.01 ms by ndarray
//! 0.16.1, with the same bits. Where all sides are 256, gemm and this differ by 3 % at most; it takes a fifth less for the
//! gradient of a layer 30 wide. Its functions are `unsafe` to call, which this workspace forbids. With AVX-512, which its
//! feature `x86-v4` asks for and nothing here does, it takes 0.43 of the time; so does this with the feature of the same name of
//! pulp and panels of 32 columns, which was timed alone and not in training.

use std::cell::RefCell;

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};
use pulp::{Arch, Simd, WithSimd};

/// Whether a product replaces what stands in its place or is added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// Replaces it.
    Replace,
    /// Is added to it.
    Add,
}

/// `a b` into `c`.
pub(super) fn product(a: ArrayView2<f32>, b: ArrayView2<f32>, store: Store, c: &mut ArrayViewMut2<f32>) {
    let n_terms = a.ncols();
    assert_eq!((n_terms, c.dim()), (b.nrows(), (a.nrows(), b.ncols())), "shapes of a product");
    if n_terms > 0
        && let (Some(a), Some(b), Some(c)) = (Factor::of(&a), Factor::of(&b), c.as_slice_mut())
    {
        // The buffer is taken out here: inside, its accessor would be a call, compiled without vectors.
        let done = BLOCKS.with_borrow_mut(|blocks| Arch::new().dispatch(Product { a, b, n_terms, store, c, blocks }));
        if done {
            return;
        }
    }
    general_mat_mul(1.0, &a, &b, if store == Store::Add { 1.0 } else { 0.0 }, c);
}

/// Rows of the result that are held in registers at once; two vectors wide: 12 of 16 registers.
const BLOCK_ROWS: usize = 6;
/// Terms of a sum in one go.
const RUN: usize = 256;
/// The most columns that a panel of the right factor has: two vectors of eight.
const PANEL: usize = 16;

/// A matrix in one piece.
#[derive(Debug, Clone, Copy)]
struct Factor<'a> {
    values: &'a [f32],
    /// The length of what lies in one piece.
    stride: usize,
    lies: Lies,
}

/// What lies in one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lies {
    InRows,
    InColumns,
}

impl<'a> Factor<'a> {
    fn of(matrix: &ArrayView2<'a, f32>) -> Option<Self> {
        if let Some(values) = matrix.to_slice() {
            return Some(Self { values, stride: matrix.ncols(), lies: Lies::InRows });
        }
        let values = matrix.reversed_axes().to_slice()?;
        Some(Self { values, stride: matrix.nrows(), lies: Lies::InColumns })
    }

    /// `len` values of row (or column) `i`, from `start`.
    #[inline(always)]
    fn piece(&self, i: usize, start: usize, len: usize) -> &'a [f32] {
        &self.values[i * self.stride + start..][..len]
    }
}

struct Product<'a> {
    a: Factor<'a>,
    b: Factor<'a>,
    n_terms: usize,
    store: Store,
    c: &'a mut [f32],
    blocks: &'a mut Vec<[f32; BLOCK_ROWS]>,
}

/// A run's part of some columns of the right factor, term by term.
#[repr(align(64))]
struct Panel([f32; RUN * PANEL]);

thread_local! {
    /// The left factor's runs, block of rows by block of rows, where they must be copied.
    static BLOCKS: RefCell<Vec<[f32; BLOCK_ROWS]>> = const { RefCell::new(Vec::new()) };
}

impl WithSimd for Product<'_> {
    /// Whether there are vectors to do it with.
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        if S::IS_SCALAR || 2 * S::F32_LANES > PANEL {
            return false;
        }
        let Self { a, b, n_terms, store, c, blocks } = self;
        let n_columns = if b.lies == Lies::InRows { b.stride } else { b.values.len() / n_terms };
        let n_rows = a.values.len() / n_terms;
        let width = 2 * S::F32_LANES;
        let mut panel = Panel([0.0; RUN * PANEL]);
        for start in (0..n_terms).step_by(RUN) {
            let len = RUN.min(n_terms - start);
            let add = store == Store::Add || start > 0;
            if a.lies == Lies::InColumns {
                copy_blocks(a, start, len, n_rows, blocks);
            }
            for column in (0..n_columns).step_by(width) {
                let n_wanted = width.min(n_columns - column);
                let panel = &mut panel.0[..len * width];
                copy_panel(b, start, column, n_wanted, width, panel);
                let (panel, _) = S::as_simd_f32s(panel).0.as_chunks::<2>();
                for (block, row) in (0..n_rows).step_by(BLOCK_ROWS).enumerate() {
                    let sums = match a.lies {
                        Lies::InColumns => sum_products(
                            simd,
                            blocks[block * len..][..len].iter().map(<[f32; BLOCK_ROWS]>::each_ref),
                            panel,
                        ),
                        Lies::InRows => {
                            // Past the last row it stands in for those that are not there.
                            let [r0, r1, r2, r3, r4, r5] =
                                std::array::from_fn(|i| a.piece((row + i).min(n_rows - 1), start, len).iter());
                            let rows = r0.zip(r1).zip(r2).zip(r3).zip(r4).zip(r5);
                            let rows = rows.map(|(((((a, b), c), d), e), f)| [a, b, c, d, e, f]);
                            sum_products(simd, rows, panel)
                        }
                    };
                    for (sums, row) in sums.iter().zip(row..n_rows) {
                        let place = &mut c[row * n_columns + column..][..n_wanted];
                        write(simd, *sums, add, place);
                    }
                }
            }
        }
        true
    }
}

/// The sums over a run of the products of a block's rows with a panel's columns.
#[inline(always)]
fn sum_products<'a, S: Simd>(
    simd: S,
    block: impl Iterator<Item = [&'a f32; BLOCK_ROWS]>,
    panel: &[[S::f32s; 2]],
) -> [[S::f32s; 2]; BLOCK_ROWS] {
    let mut sums = [[simd.splat_f32s(0.0); 2]; BLOCK_ROWS];
    for (rows, columns) in block.zip(panel) {
        for (sums, row) in sums.iter_mut().zip(rows) {
            let row = simd.splat_f32s(*row);
            sums[0] = simd.mul_add_f32s(row, columns[0], sums[0]);
            sums[1] = simd.mul_add_f32s(row, columns[1], sums[1]);
        }
    }
    sums
}

#[inline(always)]
fn write<S: Simd>(simd: S, sums: [S::f32s; 2], add: bool, place: &mut [f32]) {
    if place.len() == 2 * S::F32_LANES {
        let (place, _) = S::as_mut_simd_f32s(place);
        for (place, sum) in place.iter_mut().zip(sums) {
            *place = if add { simd.add_f32s(*place, sum) } else { sum };
        }
    } else {
        let mut all = [0.0; PANEL];
        let (vectors, _) = S::as_mut_simd_f32s(&mut all);
        vectors[..2].copy_from_slice(&sums);
        for (place, sum) in place.iter_mut().zip(all) {
            *place = if add { *place + sum } else { sum };
        }
    }
}

/// Blocks of rows whose columns lie in one piece: term by term, zeros past the last row.
#[inline(always)]
fn copy_blocks(a: Factor<'_>, start: usize, len: usize, n_rows: usize, blocks: &mut Vec<[f32; BLOCK_ROWS]>) {
    let n_blocks = n_rows.div_ceil(BLOCK_ROWS);
    blocks.resize((n_blocks * len).max(blocks.len()), [0.0; BLOCK_ROWS]);
    // Eight terms at a time are whole lines of the cache on both sides.
    for first in (0..len).step_by(8) {
        let last = len.min(first + 8);
        for (block_idx, block) in blocks.chunks_exact_mut(len).take(n_blocks).enumerate() {
            let row = block_idx * BLOCK_ROWS;
            let n_wanted = BLOCK_ROWS.min(n_rows - row);
            for (term, place) in (first..last).zip(&mut block[first..last]) {
                let piece = a.piece(start + term, row, n_wanted);
                if let Some(whole) = piece.first_chunk() {
                    *place = *whole;
                } else {
                    *place = [0.0; BLOCK_ROWS];
                    place[..n_wanted].copy_from_slice(piece);
                }
            }
        }
    }
}

/// Zeros past the last column.
#[inline(always)]
fn copy_panel(b: Factor<'_>, start: usize, column: usize, n_wanted: usize, width: usize, panel: &mut [f32]) {
    if n_wanted < width {
        panel.fill(0.0);
    }
    let terms = panel.chunks_exact_mut(width).enumerate();
    match b.lies {
        Lies::InRows => {
            for (term, place) in terms {
                let piece = b.piece(start + term, column, n_wanted);
                if let (Some(place), Some(piece)) = (place.first_chunk_mut::<PANEL>(), piece.first_chunk::<PANEL>()) {
                    *place = *piece;
                } else {
                    place[..n_wanted].copy_from_slice(piece);
                }
            }
        }
        Lies::InColumns => {
            let len = panel.len() / width;
            for i in 0..n_wanted {
                let column = b.piece(column + i, start, len);
                panel.iter_mut().skip(i).step_by(width).zip(column).for_each(|(place, &value)| *place = value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::nn::testing::{draw_array, seeded};
    use ndarray::{Array2, Axis};

    // Whole and broken blocks, panels and runs, and one term; each factor as it is, transposed, and in pieces.
    #[test]
    fn agrees_with_the_library() {
        for (n_rows, n_terms, n_columns) in
            [(1, 1, 1), (6, 256, 16), (7, 257, 17), (13, 30, 30), (5, 600, 40), (4, 0, 3)]
        {
            let rng = &mut seeded(11);
            let mut draw = |shape| draw_array(shape, rng).mapv(|x| x as f32);
            let (a, a_t) = (draw((n_rows, n_terms)), draw((n_terms, n_rows)));
            let (b, b_t) = (draw((n_terms, n_columns)), draw((n_columns, n_terms)));
            let (wide, start) = (draw((n_rows, n_terms + 1)), draw((n_rows, n_columns)));
            for a in [a.view(), a_t.t(), wide.view().split_at(Axis(1), 1).1] {
                for b in [b.view(), b_t.t()] {
                    let exact = a.mapv(f64::from).dot(&b.mapv(f64::from));
                    check(a, b, Store::Replace, &start, &exact);
                    check(a, b, Store::Add, &start, &(&exact + &start.mapv(f64::from)));
                }
            }
        }
    }

    fn check(a: ArrayView2<f32>, b: ArrayView2<f32>, store: Store, start: &Array2<f32>, exact: &Array2<f64>) {
        let mut c = start.clone();
        product(a, b, store, &mut c.view_mut());
        // At most 600 roundings of 6e-8 of sums below 20.
        let worst = (&c.mapv(f64::from) - exact).iter().fold(0.0f64, |worst, d| worst.max(d.abs()));
        assert!(worst < 1e-4, "{:?} by {:?}, {store:?}: {worst}", a.dim(), b.dim());
    }
}

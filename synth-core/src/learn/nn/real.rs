//! Floats with the few functions that loops over many of them need, and the way such loops are compiled.
//!
//! [`vectorised`] runs a closure that was compiled for several instruction sets in the one that the processor has; a
//! loop inside it that calls only inlined functions becomes vector code. [`Real::fast_exp`] is such a function for
//! `f32`, where the library's is not. Multiplications and additions are never fused here, so that a loop gives the
//! same bits in every instruction set.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, NdFloat};

use super::product::{Store, product};

/// `f32` for models, `f64` for the tests of their derivatives.
pub trait Real: NdFloat {
    /// `exp(x)`; for `f32` within 2e-7 of it, relative, and without a call. Arguments are clamped to [-87, 88].
    fn fast_exp(self) -> Self;

    /// `a b`, in the place of `c` or added to it.
    fn product(a: ArrayView2<Self>, b: ArrayView2<Self>, store: Store, c: &mut ArrayViewMut2<Self>) {
        let keep = if store == Store::Add { Self::one() } else { Self::zero() };
        general_mat_mul(Self::one(), &a, &b, keep, c);
    }

    /// The nearest value to a number of 64 bits.
    fn of(x: f64) -> Self;

    /// The value in 64 bits.
    fn wide(self) -> f64;
}

impl Real for f32 {
    #[inline(always)]
    fn fast_exp(self) -> Self {
        // exp(x) = 2^n exp(r), with n whole and |r| ≤ ln 2 / 2. Adding and taking away 1.5 · 2^23 rounds.
        const MAGIC: f32 = 12_582_912.0;
        let x = if self > 88.0 { 88.0 } else { self };
        let x = if x < -87.0 { -87.0 } else { x };
        let shifted = x * std::f32::consts::LOG2_E + MAGIC;
        let n = shifted - MAGIC;
        // ln 2 in two parts, so that n ln 2 is exact to twice the precision.
        let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
        let p = 1.987_569_1e-4;
        let p = p * r + 1.398_2e-3;
        let p = p * r + 8.333_452e-3;
        let p = p * r + 4.166_579_6e-2;
        let p = p * r + 1.666_666_5e-1;
        let p = p * r + 0.5;
        let p = p * r * r + r + 1.0;
        let two_to_n = f32::from_bits(shifted.to_bits().wrapping_sub(MAGIC.to_bits()).wrapping_add(127) << 23);
        p * two_to_n
    }

    fn product(a: ArrayView2<f32>, b: ArrayView2<f32>, store: Store, c: &mut ArrayViewMut2<f32>) {
        product(a, b, store, c);
    }

    #[inline(always)]
    fn of(x: f64) -> Self {
        x as f32
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    fn fast_exp(self) -> Self {
        self.exp()
    }

    fn of(x: f64) -> Self {
        x
    }

    fn wide(self) -> f64 {
        self
    }
}

/// Runs `work` with the widest vectors the processor has.
#[inline]
pub fn vectorised<T>(work: impl FnOnce() -> T) -> T {
    pulp::Arch::new().dispatch(work)
}

/// `1 / (1 + exp(-x))`.
#[inline(always)]
pub(super) fn sigmoid<F: Real>(x: F) -> F {
    F::one() / (F::one() + (-x).fast_exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_exponential_is_within_two_parts_in_ten_million() {
        let mut worst = 0.0f64;
        for i in -870_000..=880_000 {
            let x = f64::from(i as f32 / 10_000.0);
            worst = worst.max(((x as f32).fast_exp().wide() / x.exp() - 1.0).abs());
        }
        assert!(worst < 2e-7, "{worst}");
    }

    #[test]
    fn beyond_its_range_it_stays_finite() {
        assert!((1e9f32).fast_exp().is_finite() && (-1e9f32).fast_exp() < 2e-38);
        assert_eq!(0.0f32.fast_exp(), 1.0);
    }
}

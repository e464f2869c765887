//! Elementwise non-linearities and their derivatives.

use super::{Real, real::sigmoid, vectorised};

/// What stands between two affine layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// [`silu`].
    Silu,
}

impl Activation {
    /// Turns the rows `x` of a product into `activation(x + bias)`, in one pass over them.
    pub(super) fn apply<F: Real>(self, bias: &[F], x: &mut [F]) {
        match self {
            Self::Relu => apply(bias, x, |x| relu_and_slope(x).0),
            Self::Silu => apply(bias, x, silu),
        }
    }

    /// The same, and the derivative at each value into `slopes`: the backward pass is then a product.
    pub(super) fn apply_with_slopes<F: Real>(self, bias: &[F], x: &mut [F], slopes: &mut [F]) {
        match self {
            Self::Relu => apply_with_slopes(bias, x, slopes, relu_and_slope),
            Self::Silu => apply_with_slopes(bias, x, slopes, silu_and_slope),
        }
    }
}

fn apply<F: Real>(bias: &[F], x: &mut [F], activation: impl Fn(F) -> F) {
    vectorised(|| {
        for row in x.chunks_exact_mut(bias.len()) {
            row.iter_mut().zip(bias).for_each(|(x, &bias)| *x = activation(*x + bias));
        }
    });
}

fn apply_with_slopes<F: Real>(bias: &[F], x: &mut [F], slopes: &mut [F], activation: impl Fn(F) -> (F, F)) {
    vectorised(|| {
        for (row, slopes) in x.chunks_exact_mut(bias.len()).zip(slopes.chunks_exact_mut(bias.len())) {
            for ((x, slope), &bias) in row.iter_mut().zip(slopes).zip(bias) {
                (*x, *slope) = activation(*x + bias);
            }
        }
    });
}

#[inline(always)]
fn relu_and_slope<F: Real>(x: F) -> (F, F) {
    if x > F::zero() { (x, F::one()) } else { (F::zero(), F::zero()) }
}

#[inline(always)]
fn silu_and_slope<F: Real>(x: F) -> (F, F) {
    let s = sigmoid(x);
    let y = x * s;
    (y, s + y * (F::one() - s))
}

/// `x σ(x)` (arXiv:1702.03118).
#[inline(always)]
pub fn silu<F: Real>(x: F) -> F {
    x * sigmoid(x)
}

/// The derivative of [`silu`] at its input `x`, times `dy`.
#[inline(always)]
pub fn silu_backward<F: Real>(x: F, dy: F) -> F {
    let s = sigmoid(x);
    dy * s * (F::one() + x * (F::one() - s))
}

/// [`silu`] of every value of `x`, into `y`.
pub fn silu_all<F: Real>(x: &[F], y: &mut [F]) {
    vectorised(|| y.iter_mut().zip(x).for_each(|(y, &x)| *y = silu(x)));
}

/// [`silu_backward`] of every value, in place: `dy` becomes the gradient of `x`.
pub fn silu_backward_all<F: Real>(x: &[F], dy: &mut [F]) {
    vectorised(|| dy.iter_mut().zip(x).for_each(|(dy, &x)| *dy = silu_backward(x, *dy)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::nn::testing::{check_gradient, draw_array, seeded};

    #[test]
    fn derivatives_agree_with_central_differences() {
        let x = draw_array((4, 6), &mut seeded(2)) * 4.0;
        check_gradient(&x, &x.mapv(|x| silu_backward(x, 1.0)), |x| x.mapv(silu).sum());
    }

    #[test]
    fn one_pass_gives_what_two_give() {
        let rng = &mut seeded(8);
        let (x, bias) = (draw_array((5, 19), rng) * 8.0, draw_array((1, 19), rng));
        let biased = &x + &bias;
        let relu = |x: f64| (x.max(0.0), f64::from(u8::from(x > 0.0)));
        let silu = |x: f64| (silu(x), silu_backward(x, 1.0));
        check_passes(Activation::Relu, &x, &bias, &biased.mapv(|x| relu(x).0), &biased.mapv(|x| relu(x).1));
        check_passes(Activation::Silu, &x, &bias, &biased.mapv(|x| silu(x).0), &biased.mapv(|x| silu(x).1));
    }

    type Array = ndarray::Array2<f64>;

    fn check_passes(activation: Activation, x: &Array, bias: &Array, y: &Array, slopes: &Array) {
        let bias = bias.as_slice().expect("row-major");
        let (mut alone, mut with, mut derivative) = (x.clone(), x.clone(), x.clone());
        activation.apply(bias, alone.as_slice_mut().expect("row-major"));
        let derivative_slice = derivative.as_slice_mut().expect("row-major");
        activation.apply_with_slopes(bias, with.as_slice_mut().expect("row-major"), derivative_slice);
        assert_eq!((&alone, &with), (y, y));
        // The slope is put together in another order.
        assert!((&derivative - slopes).iter().all(|d| d.abs() < 1e-14));
    }
}

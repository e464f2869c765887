//! Elementwise non-linearities and their derivatives.

use ndarray::{ArrayBase, Data, DataMut, Dimension, NdFloat, Zip};

use super::{Real, real::sigmoid, vectorised};

/// `max(x, 0)`, in place.
pub fn relu<F: NdFloat, S: DataMut<Elem = F>, D: Dimension>(x: &mut ArrayBase<S, D>) {
    x.mapv_inplace(|x| if x > F::zero() { x } else { F::zero() });
}

/// Turns the gradient of [`relu`]'s output into that of its input, in place. `y` is the output.
pub fn relu_backward<F, S, T, D>(y: &ArrayBase<S, D>, dy: &mut ArrayBase<T, D>)
where
    F: NdFloat,
    S: Data<Elem = F>,
    T: DataMut<Elem = F>,
    D: Dimension,
{
    Zip::from(dy).and(y).for_each(|dy, &y| *dy = if y > F::zero() { *dy } else { F::zero() });
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
    use crate::nn::testing::{check_gradient, draw_array, seeded};

    #[test]
    fn derivatives_agree_with_central_differences() {
        let x = draw_array((4, 6), &mut seeded(2)) * 4.0;
        check_gradient(&x, &x.mapv(|x| silu_backward(x, 1.0)), |x| x.mapv(silu).sum());
        let rectified = |x: &ndarray::Array2<f64>| {
            let mut y = x.clone();
            relu(&mut y);
            y
        };
        let mut dx = ndarray::Array2::ones(x.dim());
        relu_backward(&rectified(&x), &mut dx);
        check_gradient(&x, &dx, |x| rectified(x).sum());
    }
}

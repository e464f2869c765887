//! The affine layer.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, NdFloat};
use rand::Rng;

use super::{Parameters, Real, Store, vectorised};

/// Affine map `y = x W + b`. The gradient of a `Linear` is a `Linear`.
///
/// The rows of `x`, `y` and their gradients must each lie in one piece, as those of row-major arrays and of their
/// column ranges do; its methods panic otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear<F> {
    /// (inputs, outputs)
    pub weight: Array2<F>,
    /// (outputs)
    pub bias: Array1<F>,
}

impl<F: Real> Linear<F> {
    /// All parameters zero.
    pub fn zeros(n_inputs: usize, n_outputs: usize) -> Self {
        Self { weight: Array2::zeros((n_inputs, n_outputs)), bias: Array1::zeros(n_outputs) }
    }

    /// Weights and bias uniform in ±1/√inputs, the customary start of an affine layer (LeCun et al. 1998).
    pub fn init<R: Rng + ?Sized>(n_inputs: usize, n_outputs: usize, rng: &mut R) -> Self {
        let bound = 1.0 / (n_inputs.max(1) as f64).sqrt();
        let mut draw = || F::from(rng.gen_range(-bound..bound)).expect("a float holds a small number");
        let weight = Array2::from_shape_simple_fn((n_inputs, n_outputs), &mut draw);
        let bias = Array1::from_shape_simple_fn(n_outputs, &mut draw);
        Self { weight, bias }
    }

    /// Writes `x W + b` into `y`.
    pub fn forward(&self, x: ArrayView2<F>, y: &mut ArrayViewMut2<F>) {
        self.multiply(x, y);
        self.add_bias(y);
    }

    /// Adds `x W + b` to `y`.
    pub fn forward_add(&self, x: ArrayView2<F>, y: &mut ArrayViewMut2<F>) {
        F::product(x, self.weight.view(), Store::Add, y); // (B, I) (I, O) -> (B, O)
        self.add_bias(y);
    }

    fn add_bias(&self, y: &mut ArrayViewMut2<F>) {
        let bias = self.bias.as_slice().expect("row-major");
        vectorised(|| {
            for mut y in y.axis_iter_mut(Axis(0)) {
                let y = y.as_slice_mut().expect("row-major");
                y.iter_mut().zip(bias).for_each(|(y, &bias)| *y += bias);
            }
        });
    }

    /// Writes `x W` into `y`, for those who add the bias with something else.
    pub(super) fn multiply(&self, x: ArrayView2<F>, y: &mut ArrayViewMut2<F>) {
        F::product(x, self.weight.view(), Store::Replace, y); // (B, I) (I, O) -> (B, O)
    }

    /// Adds dL/dW and dL/db into `grad`, and writes dL/dx into `dx` if it is wanted.
    pub fn backward(&self, x: ArrayView2<F>, dy: ArrayView2<F>, grad: &mut Self, dx: Option<&mut ArrayViewMut2<F>>) {
        F::product(x.t(), dy, Store::Add, &mut grad.weight.view_mut()); // (I, B) (B, O) -> (I, O)
        let d_bias = grad.bias.as_slice_mut().expect("row-major");
        vectorised(|| {
            for dy in dy.axis_iter(Axis(0)) {
                let dy = dy.to_slice().expect("row-major");
                d_bias.iter_mut().zip(dy).for_each(|(d_bias, &dy)| *d_bias += dy);
            }
        });
        if let Some(dx) = dx {
            self.backward_input(dy, dx);
        }
    }

    /// Writes dL/dx into `dx`.
    pub(super) fn backward_input(&self, dy: ArrayView2<F>, dx: &mut ArrayViewMut2<F>) {
        F::product(dy, self.weight.t(), Store::Replace, dx); // (B, O) (O, I) -> (B, I)
    }
}

impl<F: NdFloat> Parameters<F> for Linear<F> {
    fn slices(&self) -> Vec<&[F]> {
        vec![self.weight.as_slice().expect("row-major"), self.bias.as_slice().expect("row-major")]
    }

    fn slices_mut(&mut self) -> Vec<&mut [F]> {
        vec![self.weight.as_slice_mut().expect("row-major"), self.bias.as_slice_mut().expect("row-major")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::nn::testing::{check_gradient, draw_array, seeded};

    #[test]
    fn derivatives_agree_with_central_differences() {
        let rng = &mut seeded(1);
        let (layer, x, weights) = (Linear::<f64>::init(3, 4, rng), draw_array((5, 3), rng), draw_array((5, 4), rng));
        let loss = |layer: &Linear<f64>, x: &Array2<f64>| {
            let mut y = Array2::zeros((5, 4));
            layer.forward(x.view(), &mut y.view_mut());
            (y * &weights).sum()
        };
        let (mut grad, mut dx) = (Linear::zeros(3, 4), Array2::zeros((5, 3)));
        layer.backward(x.view(), weights.view(), &mut grad, Some(&mut dx.view_mut()));
        check_gradient(&layer, &grad, |layer| loss(layer, &x));
        check_gradient(&x, &dx, |x| loss(&layer, x));
    }
}

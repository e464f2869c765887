//! Layer normalisation.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis};

use super::{Parameters, Real, vectorised};

/// Each row minus its mean, divided by its standard deviation, times a gain plus a bias (arXiv:1607.06450).
#[derive(Debug, Clone, PartialEq)]
pub struct LayerNorm<F> {
    /// (width)
    pub gain: Array1<F>,
    /// (width)
    pub bias: Array1<F>,
}

/// Keeps the division finite in a constant row. 1e-5, customary.
const EPSILON: f64 = 1e-5;

impl<F: Real> LayerNorm<F> {
    /// Gain one, bias zero.
    pub fn new(width: usize) -> Self {
        Self { gain: Array1::ones(width), bias: Array1::zeros(width) }
    }

    /// Writes the normalised rows of `x` into `y`, and each row's mean and 1/deviation into `stats`, (rows, 2).
    pub fn forward(&self, x: ArrayView2<F>, y: &mut ArrayViewMut2<F>, stats: &mut Array2<F>) {
        let (gain, bias) = (self.gain.as_slice().expect("row-major"), self.bias.as_slice().expect("row-major"));
        let scale = F::of(1.0 / x.ncols() as f64);
        let rows = x.axis_iter(Axis(0)).zip(y.axis_iter_mut(Axis(0))).zip(stats.axis_iter_mut(Axis(0)));
        vectorised(|| {
            for ((x, mut y), mut stats) in rows {
                let (x, y) = (x.to_slice().expect("row-major"), y.as_slice_mut().expect("row-major"));
                let mean = sum(x.iter().copied()) * scale;
                let variance = sum(x.iter().map(|&x| (x - mean) * (x - mean))) * scale;
                let inverse = F::one() / (variance + F::of(EPSILON)).sqrt();
                for (((y, &x), &gain), &bias) in y.iter_mut().zip(x).zip(gain).zip(bias) {
                    *y = (x - mean) * inverse * gain + bias;
                }
                (stats[0], stats[1]) = (mean, inverse);
            }
        });
    }

    /// Adds dL/dgain and dL/dbias into `grad`, and **adds** dL/dx to `dx`: a residual block has it in two places.
    pub fn backward(
        &self,
        x: ArrayView2<F>,
        stats: &Array2<F>,
        dy: ArrayView2<F>,
        grad: &mut Self,
        dx: &mut ArrayViewMut2<F>,
    ) {
        let gain = self.gain.as_slice().expect("row-major");
        let d_gain = grad.gain.as_slice_mut().expect("row-major");
        let d_bias = grad.bias.as_slice_mut().expect("row-major");
        let scale = F::of(1.0 / x.ncols() as f64);
        let rows = x.axis_iter(Axis(0)).zip(dy.axis_iter(Axis(0))).zip(stats.axis_iter(Axis(0)));
        let rows = rows.zip(dx.axis_iter_mut(Axis(0)));
        vectorised(|| {
            for (((x, dy), stats), mut dx) in rows {
                let (x, dy) = (x.to_slice().expect("row-major"), dy.to_slice().expect("row-major"));
                let dx = dx.as_slice_mut().expect("row-major");
                let (mean, inverse) = (stats[0], stats[1]);
                for ((((&x, &dy), d_gain), d_bias), _) in x.iter().zip(dy).zip(&mut *d_gain).zip(&mut *d_bias).zip(gain)
                {
                    *d_gain += dy * (x - mean) * inverse;
                    *d_bias += dy;
                }
                // With x̂ the normalised row and g = dy · gain: dx = (g - mean(g) - x̂ mean(g x̂)) / deviation.
                let mean_g = sum(dy.iter().zip(gain).map(|(&dy, &gain)| dy * gain)) * scale;
                let products = dy.iter().zip(gain).zip(x).map(|((&dy, &gain), &x)| dy * gain * (x - mean) * inverse);
                let mean_gx = sum(products) * scale;
                for (((dx, &x), &dy), &gain) in dx.iter_mut().zip(x).zip(dy).zip(gain) {
                    *dx += (dy * gain - mean_g - (x - mean) * inverse * mean_gx) * inverse;
                }
            }
        });
    }
}

/// A sum in eight interleaved parts: vector code may not change the order of a sum, so it is one that vectors have.
#[inline(always)]
fn sum<F: Real>(values: impl Iterator<Item = F>) -> F {
    let mut parts = [F::zero(); 8];
    values.enumerate().for_each(|(i, x)| parts[i % 8] += x);
    parts.iter().fold(F::zero(), |sum, &part| sum + part)
}

impl<F: Real> Parameters<F> for LayerNorm<F> {
    fn slices(&self) -> Vec<&[F]> {
        vec![self.gain.as_slice().expect("row-major"), self.bias.as_slice().expect("row-major")]
    }

    fn slices_mut(&mut self) -> Vec<&mut [F]> {
        vec![self.gain.as_slice_mut().expect("row-major"), self.bias.as_slice_mut().expect("row-major")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::nn::testing::{check_gradient, draw_array, seeded};

    #[test]
    fn derivatives_agree_with_central_differences() {
        let rng = &mut seeded(5);
        let mut layer = LayerNorm::<f64>::new(11);
        layer.gain.assign(&draw_array((1, 11), rng).row(0));
        layer.bias.assign(&draw_array((1, 11), rng).row(0));
        let (x, weights) = (draw_array((4, 11), rng), draw_array((4, 11), rng));
        let run = |layer: &LayerNorm<f64>, x: &Array2<f64>| {
            let (mut y, mut stats) = (Array2::zeros(x.dim()), Array2::zeros((4, 2)));
            layer.forward(x.view(), &mut y.view_mut(), &mut stats);
            (y, stats)
        };
        let loss = |layer: &LayerNorm<f64>, x: &Array2<f64>| (run(layer, x).0 * &weights).sum();
        let stats = run(&layer, &x).1;
        let (mut grad, mut dx) = (layer.clone(), Array2::zeros(x.dim()));
        grad.set_zero();
        layer.backward(x.view(), &stats, weights.view(), &mut grad, &mut dx.view_mut());
        check_gradient(&layer, &grad, |layer| loss(layer, &x));
        check_gradient(&x, &dx, |x| loss(&layer, x));
    }

    #[test]
    fn a_row_comes_out_with_mean_zero_and_deviation_one() {
        let x = draw_array((3, 50), &mut seeded(6)) * 7.0 + 3.0;
        let (mut y, mut stats) = (Array2::zeros(x.dim()), Array2::zeros((3, 2)));
        LayerNorm::new(50).forward(x.view(), &mut y.view_mut(), &mut stats);
        for row in y.rows() {
            assert!(row.sum().abs() < 1e-9 && (row.mapv(|y| y * y).sum() / 50.0 - 1.0).abs() < 1e-3);
        }
    }
}

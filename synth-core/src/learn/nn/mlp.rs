//! A stack of affine layers with an activation and dropout between them.

use ndarray::{Array2, ArrayViewMut2};
use rand::Rng;

use super::{Activation, Linear, Parameters, Real, vectorised};

/// Affine layers, each but the last followed by an activation and dropout.
#[derive(Debug, Clone, PartialEq)]
pub struct Mlp<F> {
    /// From the input to the output.
    pub layers: Vec<Linear<F>>,
}

/// Whether hidden units are dropped.
#[derive(Debug)]
pub enum Dropout<'a, R: ?Sized> {
    /// All are kept: sampling, validation.
    Off,
    /// Each is dropped with probability `rate`, and the rest scaled by 1/(1 - rate) (Srivastava et al. 2014).
    On {
        /// In [0, 1).
        rate: f64,
        /// Decides which.
        rng: &'a mut R,
    },
}

/// What [`Mlp::backward`] needs of the forward pass; its buffers are used again.
#[derive(Debug, Clone)]
pub struct Tape<F> {
    /// The input of each layer, and last the output.
    values: Vec<Array2<F>>,
    /// The derivative of each hidden unit by its layer's affine output: the activation's, times 0 or 1/(1 - rate)
    /// under dropout.
    slopes: Vec<Array2<F>>,
    /// The gradients that belong to `values`.
    grads: Vec<Array2<F>>,
}

impl<F: Real> Mlp<F> {
    /// Layers of the given widths, from input to output, drawn as [`Linear::init`]; the last one is all zero.
    pub fn init<R: Rng + ?Sized>(widths: &[usize], rng: &mut R) -> Self {
        let mut layers: Vec<Linear<F>> = widths.windows(2).map(|w| Linear::init(w[0], w[1], rng)).collect();
        if let Some(last) = layers.last_mut() {
            last.set_zero();
        }
        Self { layers }
    }

    /// A tape for batches of `n_rows`.
    pub fn tape(&self, n_rows: usize) -> Tape<F> {
        let widths = self.layers.iter().map(|l| l.weight.nrows()).chain(self.layers.last().map(|l| l.weight.ncols()));
        let values: Vec<Array2<F>> = widths.map(|width| Array2::zeros((n_rows, width))).collect();
        let hidden = values.get(1..self.layers.len()).unwrap_or_default();
        Tape { slopes: hidden.to_vec(), grads: values.clone(), values }
    }

    /// Runs the input that stands in the tape; the output stands there afterwards.
    pub fn forward<R: Rng + ?Sized>(&self, tape: &mut Tape<F>, activation: Activation, mut dropout: Dropout<'_, R>) {
        let Tape { values, slopes, .. } = tape;
        self.run(values, |i, bias, y| {
            let slopes = slopes[i].as_slice_mut().expect("row-major");
            activation.apply_with_slopes(bias, y, slopes);
            if let Dropout::On { rate, rng } = &mut dropout
                && *rate > 0.0
            {
                let (rate, keep) = (*rate as f32, F::of(1.0 / (1.0 - *rate)));
                for (y, slope) in y.iter_mut().zip(slopes) {
                    let mask = if rng.r#gen::<f32>() < rate { F::zero() } else { keep };
                    (*y, *slope) = (*y * mask, *slope * mask);
                }
            }
        });
    }

    /// [`Self::forward`] with no unit dropped, when no [`Self::backward`] will follow.
    pub fn predict(&self, tape: &mut Tape<F>, activation: Activation) {
        self.run(&mut tape.values, |_, bias, y| activation.apply(bias, y));
    }

    /// Layer by layer; `activate` is given the position of a hidden layer, its bias, and its product with the input.
    fn run(&self, values: &mut [Array2<F>], mut activate: impl FnMut(usize, &[F], &mut [F])) {
        for (i, layer) in self.layers.iter().enumerate() {
            let (before, after) = values.split_at_mut(i + 1);
            let (x, y) = (before[i].view(), &mut after[0]); // (B, width)
            if i + 1 == self.layers.len() {
                layer.forward(x, &mut y.view_mut());
            } else {
                layer.multiply(x, &mut y.view_mut());
                let bias = layer.bias.as_slice().expect("row-major");
                activate(i, bias, y.as_slice_mut().expect("row-major"));
            }
        }
    }

    /// Adds the parameters' gradients into `grad`, from the output's gradient that stands in the tape; afterwards the
    /// input's gradient stands there.
    pub fn backward(&self, tape: &mut Tape<F>, grad: &mut Self) {
        self.backward_parameters(tape, grad);
        let [dx, dy, ..] = tape.grads.as_mut_slice() else { return };
        self.layers[0].backward_input(dy.view(), &mut dx.view_mut());
    }

    /// [`Self::backward`] when nothing needs the input's gradient.
    pub fn backward_parameters(&self, tape: &mut Tape<F>, grad: &mut Self) {
        let Tape { values, slopes, grads } = tape;
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let (before, after) = grads.split_at_mut(i + 1);
            let mut dx: Option<ArrayViewMut2<F>> = (i > 0).then(|| before[i].view_mut());
            layer.backward(values[i].view(), after[0].view(), &mut grad.layers[i], dx.as_mut());
            if i > 0 {
                multiply_all(&mut before[i], &slopes[i - 1]);
            }
        }
    }
}

/// `dy` becomes `dy` times `slopes`, value by value.
fn multiply_all<F: Real>(dy: &mut Array2<F>, slopes: &Array2<F>) {
    let (dy, slopes) = (dy.as_slice_mut().expect("row-major"), slopes.as_slice().expect("row-major"));
    vectorised(|| dy.iter_mut().zip(slopes).for_each(|(dy, &slope)| *dy *= slope));
}

impl<F> Tape<F> {
    /// Where the input is written before [`Mlp::forward`]. (rows, input width)
    pub fn input_mut(&mut self) -> &mut Array2<F> {
        &mut self.values[0]
    }

    /// The output of [`Mlp::forward`]. (rows, output width)
    pub fn output(&self) -> &Array2<F> {
        self.values.last().expect("a tape has an input")
    }

    /// The output, and where its gradient is written before [`Mlp::backward`].
    pub fn output_and_grad(&mut self) -> (&Array2<F>, &mut Array2<F>) {
        (self.values.last().expect("a tape has an input"), self.grads.last_mut().expect("a tape has an input"))
    }

    /// The input's gradient after [`Mlp::backward`].
    pub fn input_grad(&self) -> &Array2<F> {
        &self.grads[0]
    }
}

impl<F: Real> Parameters<F> for Mlp<F> {
    fn slices(&self) -> Vec<&[F]> {
        self.layers.iter().flat_map(Parameters::slices).collect()
    }

    fn slices_mut(&mut self) -> Vec<&mut [F]> {
        self.layers.iter_mut().flat_map(Parameters::slices_mut).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::nn::testing::{check_gradient, draw_array, seeded};

    fn check_derivatives(activation: Activation, rate: f64) {
        let rng = &mut seeded(3);
        let mut mlp = Mlp::<f64>::init(&[3, 6, 5, 2], rng);
        mlp.layers[2] = Linear::init(5, 2, rng);
        let (x, weights) = (draw_array((4, 3), rng), draw_array((4, 2), rng));
        // The same seed drops the same units in every evaluation.
        let run = |mlp: &Mlp<f64>, x: &Array2<f64>| {
            let mut tape = mlp.tape(4);
            tape.input_mut().assign(x);
            mlp.forward(&mut tape, activation, Dropout::On { rate, rng: &mut seeded(9) });
            tape
        };
        let loss = |mlp: &Mlp<f64>, x: &Array2<f64>| (run(mlp, x).output() * &weights).sum();
        let (mut tape, mut grad) = (run(&mlp, &x), mlp.clone());
        grad.set_zero();
        tape.output_and_grad().1.assign(&weights);
        mlp.backward(&mut tape, &mut grad);
        check_gradient(&mlp, &grad, |mlp| loss(mlp, &x));
        check_gradient(&x, tape.input_grad(), |x| loss(&mlp, x));
    }

    #[test]
    fn derivatives_agree_with_central_differences() {
        check_derivatives(Activation::Relu, 0.0);
        check_derivatives(Activation::Silu, 0.0);
    }

    #[test]
    fn derivatives_agree_with_central_differences_under_dropout() {
        check_derivatives(Activation::Relu, 0.4);
        check_derivatives(Activation::Silu, 0.4);
    }

    #[test]
    fn a_prediction_is_a_forward_pass_that_drops_nothing() {
        let rng = &mut seeded(10);
        let mut mlp = Mlp::<f64>::init(&[3, 7, 2], rng);
        mlp.layers[1] = Linear::init(7, 2, rng);
        let mut tapes = [mlp.tape(5), mlp.tape(5)];
        let x = draw_array((5, 3), rng);
        tapes.iter_mut().for_each(|tape| tape.input_mut().assign(&x));
        mlp.forward(&mut tapes[0], Activation::Silu, Dropout::<rand_chacha::ChaCha8Rng>::Off);
        mlp.predict(&mut tapes[1], Activation::Silu);
        assert_eq!(tapes[0].output(), tapes[1].output());
    }

    #[test]
    fn a_fresh_network_says_nothing() {
        let mlp = Mlp::<f64>::init(&[3, 6, 2], &mut seeded(4));
        let mut tape = mlp.tape(5);
        tape.input_mut().fill(1.0);
        mlp.forward(&mut tape, Activation::Relu, Dropout::<rand_chacha::ChaCha8Rng>::Off);
        assert!(tape.output().iter().all(|&y| y == 0.0));
    }
}

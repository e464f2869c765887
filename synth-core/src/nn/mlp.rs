//! A stack of affine layers with ReLU and dropout between them.

use ndarray::{Array2, NdFloat, Zip};
use rand::Rng;

use super::{Linear, Parameters, relu, relu_backward};

/// Affine layers, each but the last followed by ReLU and dropout.
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
    /// 0 or 1/(1 - rate) for each hidden unit; empty without dropout.
    masks: Vec<Array2<F>>,
    /// The gradients that belong to `values`.
    grads: Vec<Array2<F>>,
}

impl<F: NdFloat> Mlp<F> {
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
        Tape { grads: values.clone(), values, masks: Vec::new() }
    }

    /// Runs the input that stands in the tape; the output stands there afterwards.
    pub fn forward<R: Rng + ?Sized>(&self, tape: &mut Tape<F>, mut dropout: Dropout<'_, R>) {
        tape.masks.clear();
        for (i, layer) in self.layers.iter().enumerate() {
            let (before, after) = tape.values.split_at_mut(i + 1);
            let y = &mut after[0]; // (B, width)
            layer.forward(before[i].view(), &mut y.view_mut());
            if i + 1 == self.layers.len() {
                continue;
            }
            relu(y);
            if let Dropout::On { rate, rng } = &mut dropout
                && *rate > 0.0
            {
                let (rate, keep) = (*rate as f32, F::from(1.0 / (1.0 - *rate)).expect("a float holds a small number"));
                let draw = || if rng.r#gen::<f32>() < rate { F::zero() } else { keep };
                let mask = Array2::from_shape_simple_fn(y.dim(), draw);
                *y *= &mask;
                tape.masks.push(mask);
            }
        }
    }

    /// Adds the parameters' gradients into `grad`, from the output's gradient that stands in the tape; afterwards the
    /// input's gradient stands there.
    pub fn backward(&self, tape: &mut Tape<F>, grad: &mut Self) {
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let (before, after) = tape.grads.split_at_mut(i + 1);
            let (dx, dy) = (&mut before[i], &mut after[0]);
            if i + 1 < self.layers.len() {
                if let Some(mask) = tape.masks.get(i) {
                    Zip::from(&mut *dy).and(mask).for_each(|dy, &keep| *dy *= keep);
                }
                // Where dropout made the value zero the mask made the gradient zero too.
                relu_backward(&tape.values[i + 1], dy);
            }
            layer.backward(tape.values[i].view(), dy.view(), &mut grad.layers[i], Some(&mut dx.view_mut()));
        }
    }
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

impl<F: NdFloat> Parameters<F> for Mlp<F> {
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
    use crate::nn::testing::{check_gradient, draw_array, seeded};

    fn check_derivatives(rate: f64) {
        let rng = &mut seeded(3);
        let mut mlp = Mlp::<f64>::init(&[3, 6, 5, 2], rng);
        mlp.layers[2] = Linear::init(5, 2, rng);
        let (x, weights) = (draw_array((4, 3), rng), draw_array((4, 2), rng));
        // The same seed drops the same units in every evaluation.
        let run = |mlp: &Mlp<f64>, x: &Array2<f64>| {
            let mut tape = mlp.tape(4);
            tape.input_mut().assign(x);
            mlp.forward(&mut tape, Dropout::On { rate, rng: &mut seeded(9) });
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
        check_derivatives(0.0);
    }

    #[test]
    fn derivatives_agree_with_central_differences_under_dropout() {
        check_derivatives(0.4);
    }

    #[test]
    fn a_fresh_network_says_nothing() {
        let mlp = Mlp::<f64>::init(&[3, 6, 2], &mut seeded(4));
        let mut tape = mlp.tape(5);
        tape.input_mut().fill(1.0);
        mlp.forward(&mut tape, Dropout::<rand_chacha::ChaCha8Rng>::Off);
        assert!(tape.output().iter().all(|&y| y == 0.0));
    }
}

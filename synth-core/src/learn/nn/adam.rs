//! The optimiser, the average of the weights, and the limit on the gradient.
//!
//! Each works on the parameters chunk by chunk, on all threads; what belongs to a chunk depends on the tensors' lengths
//! alone, and so does the result.

use ndarray::NdFloat;

use super::parameters::{chunks, chunks_mut, for_each, map};
use super::{Parameters, vectorised};

/// The settings of [`AdamW`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWConfig {
    /// Decay of the mean of gradients. 0.9, from the paper.
    pub beta1: f64,
    /// Decay of the mean of squared gradients. 0.999, from the paper.
    pub beta2: f64,
    /// Keeps the step finite where gradients vanish. 1e-8, from the paper.
    pub epsilon: f64,
    /// Decoupled decay of the weights per step, times the learning rate.
    pub weight_decay: f64,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 1e-4 }
    }
}

/// Adam with decoupled weight decay (arXiv:1711.05101, algorithm 2).
#[derive(Debug, Clone)]
pub struct AdamW<P> {
    config: AdamWConfig,
    mean: P,
    square: P,
    n_steps: i32,
}

impl<P: Clone> AdamW<P> {
    /// An optimiser of parameters shaped like `like`, with no history.
    pub fn new<F: NdFloat>(like: &P, config: AdamWConfig) -> Self
    where
        P: Parameters<F>,
    {
        let mut zero = like.clone();
        zero.set_zero();
        Self { config, mean: zero.clone(), square: zero, n_steps: 0 }
    }

    /// The means of the gradients and of their squares so far.
    pub fn moments(&self) -> [&P; 2] {
        [&self.mean, &self.square]
    }

    /// Takes over the history of an optimiser that made `n_steps` steps.
    pub fn resume(&mut self, [mean, square]: [P; 2], n_steps: u64) {
        (self.mean, self.square) = (mean, square);
        self.n_steps = i32::try_from(n_steps).unwrap_or(i32::MAX);
    }

    /// Moves `parameters` by one step against `grad`.
    pub fn step<F: NdFloat>(&mut self, parameters: &mut P, grad: &P, lr: f64)
    where
        P: Parameters<F>,
    {
        self.n_steps = self.n_steps.saturating_add(1);
        let AdamWConfig { beta1, beta2, epsilon, weight_decay } = self.config;
        let cast = |x: f64| F::from(x).expect("a float holds a small number");
        let unbias1 = 1.0 / (1.0 - beta1.powi(self.n_steps));
        let unbias2 = 1.0 / (1.0 - beta2.powi(self.n_steps));
        let (step, keep) = (cast(lr * unbias1), cast(1.0 - lr * weight_decay));
        let (b1, c1, b2, c2) = (cast(beta1), cast(1.0 - beta1), cast(beta2), cast(1.0 - beta2));
        let (unbias2, epsilon) = (cast(unbias2), cast(epsilon));
        let moments = chunks_mut(&mut self.mean).zip(chunks_mut(&mut self.square));
        for_each(chunks_mut(parameters).zip(chunks(grad)).zip(moments), |((p, g), (m, v))| {
            vectorised(|| {
                for (((p, &g), m), v) in p.iter_mut().zip(g).zip(m).zip(v) {
                    *m = b1 * *m + c1 * g;
                    *v = b2 * *v + c2 * g * g;
                    *p = *p * keep - step * *m / ((*v * unbias2).sqrt() + epsilon);
                }
            });
        });
    }
}

/// Scales `grad` down so that its Euclidean norm is at most `limit`; returns the norm it had.
pub fn clip_norm<F: NdFloat, P: Parameters<F>>(grad: &mut P, limit: f64) -> f64 {
    let norm = map(chunks(grad), sum_of_squares).iter().sum::<f64>().sqrt();
    if norm > limit {
        let scale = F::from(limit / norm).expect("a float holds a small number");
        for_each(chunks_mut(grad), |chunk| vectorised(|| chunk.iter_mut().for_each(|g| *g *= scale)));
    }
    norm
}

/// Runs of 1024 are summed in the float's own type, in 32 interleaved parts that vectors have, and then in f64: one
/// long sum in f32 would lose the small ones.
fn sum_of_squares<F: NdFloat>(values: &[F]) -> f64 {
    vectorised(|| {
        let mut sum = 0.0;
        for run in values.chunks(1024) {
            let mut parts = [F::zero(); 32];
            let (blocks, rest) = run.as_chunks::<32>();
            for block in blocks {
                parts.iter_mut().zip(block).for_each(|(part, &g)| *part += g * g);
            }
            parts.iter_mut().zip(rest).for_each(|(part, &g)| *part += g * g);
            sum += parts.iter().fold(F::zero(), |sum, &part| sum + part).to_f64().unwrap_or(f64::NAN);
        }
        sum
    })
}

/// An exponential moving average of parameters.
///
/// The decay at step k is min(`decay`, (1 + k)/(10 + k)), so that the random start is forgotten within a few steps
/// even in a short run.
#[derive(Debug, Clone)]
pub struct Ema<P> {
    decay: f64,
    average: P,
    n_steps: u64,
}

impl<P> Ema<P> {
    /// Starts at `parameters`.
    pub fn new(parameters: P, decay: f64) -> Self {
        Self { decay, average: parameters, n_steps: 0 }
    }

    /// Moves the average towards `parameters`.
    pub fn update<F: NdFloat>(&mut self, parameters: &P)
    where
        P: Parameters<F>,
    {
        self.n_steps += 1;
        let k = self.n_steps as f64;
        let decay = self.decay.min((1.0 + k) / (10.0 + k));
        let step = F::from(1.0 - decay).expect("a float holds a small number");
        for_each(chunks_mut(&mut self.average).zip(chunks(parameters)), |(own, others)| {
            vectorised(|| own.iter_mut().zip(others).for_each(|(own, &other)| *own += step * (other - *own)));
        });
    }

    /// Takes over an average of `n_steps` updates.
    pub fn resume(&mut self, average: P, n_steps: u64) {
        (self.average, self.n_steps) = (average, n_steps);
    }

    /// The averaged parameters.
    pub fn average(&self) -> &P {
        &self.average
    }

    /// Gives up the averaged parameters.
    pub fn into_average(self) -> P {
        self.average
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::nn::Linear;
    use crate::learn::nn::testing::seeded;
    use ndarray::{Array2, array};

    // Several chunks, the last of them cut short, in f32: the bits must not differ from those of one plain loop.
    #[test]
    fn chunks_do_not_change_a_bit() {
        let rng = &mut seeded(7);
        let start = Linear::<f32>::init(150, 333, rng);
        let mut grad = Linear::<f32>::init(150, 333, rng);
        let (mut chunked, mut adam) = (start.clone(), AdamW::new(&start, AdamWConfig::default()));
        let mut ema = Ema::new(start.clone(), 0.9);
        adam.step(&mut chunked, &grad, 0.1);
        ema.update(&chunked);
        let (c1, c2, keep, small) =
            ((1.0 - 0.9f64) as f32, (1.0 - 0.999f64) as f32, (1.0 - 0.1f64 * 1e-4) as f32, 1e-8);
        let (step, unbias2, pull) =
            ((0.1 / (1.0 - 0.9)) as f32, (1.0 / (1.0 - 0.999)) as f32, (1.0 - 2.0 / 11.0) as f32);
        let (mut plain, mut average) = (start.clone(), start.clone());
        for ((p, g), average) in plain.slices_mut().into_iter().zip(grad.slices()).zip(average.slices_mut()) {
            for ((p, &g), average) in p.iter_mut().zip(g).zip(average) {
                *p = *p * keep - step * (c1 * g) / ((c2 * g * g * unbias2).sqrt() + small);
                *average += pull * (*p - *average);
            }
        }
        assert_eq!((&chunked, ema.average()), (&plain, &average));

        let (whole, mut scaled) = (grad.clone(), grad.clone());
        let plain: f64 = whole.slices().into_iter().flatten().map(|&g| f64::from(g) * f64::from(g)).sum();
        let norm = clip_norm(&mut grad, 1.0);
        // Sums of 1024 positive numbers in f32: at most 1024/32 + 32 roundings of 6e-8 each, and they even out.
        assert!((norm / plain.sqrt() - 1.0).abs() < 1e-6, "{norm}");
        scaled.slices_mut().into_iter().flatten().for_each(|g| *g *= (1.0 / norm) as f32);
        assert_eq!(grad, scaled);
    }

    // The recurrence of algorithm 2, written out once more without vectors.
    #[test]
    fn two_steps_follow_the_recurrence() {
        let config = AdamWConfig { weight_decay: 0.01, ..AdamWConfig::default() };
        let mut p: Array2<f64> = array![[1.0, -2.0]];
        let mut adam = AdamW::new(&p, config);
        let grads = [array![[0.5, -1.0]], array![[0.25, 3.0]]];
        let (mut by_hand, mut m, mut v) = ([1.0, -2.0], [0.0; 2], [0.0; 2]);
        for (k, grad) in grads.iter().enumerate() {
            adam.step(&mut p, grad, 0.1);
            for i in 0..2 {
                let g: f64 = grad[[0, i]];
                m[i] = 0.9 * m[i] + 0.1 * g;
                v[i] = 0.999 * v[i] + 0.001 * g * g;
                let (m_hat, v_hat) =
                    (m[i] / (1.0 - 0.9f64.powi(k as i32 + 1)), v[i] / (1.0 - 0.999f64.powi(k as i32 + 1)));
                by_hand[i] -= 0.1 * (m_hat / (v_hat.sqrt() + 1e-8) + 0.01 * by_hand[i]);
            }
        }
        assert!((p[[0, 0]] - by_hand[0]).abs() < 1e-12 && (p[[0, 1]] - by_hand[1]).abs() < 1e-12, "{p} {by_hand:?}");
    }

    #[test]
    fn a_constant_gradient_moves_by_the_learning_rate() {
        let config = AdamWConfig { weight_decay: 0.0, ..AdamWConfig::default() };
        let mut p: Array2<f64> = array![[0.0]];
        let mut adam = AdamW::new(&p, config);
        (0..100).for_each(|_| adam.step(&mut p, &array![[7.0]], 0.01));
        assert!((p[[0, 0]] + 1.0).abs() < 1e-6);
    }

    #[test]
    fn clipping_keeps_the_direction_and_reports_the_norm() {
        let mut grad: Array2<f64> = array![[3.0, 4.0]];
        assert_eq!(clip_norm(&mut grad, 1.0), 5.0);
        assert!((&grad - &array![[0.6, 0.8]]).iter().all(|d| d.abs() < 1e-15));
        assert!((clip_norm(&mut grad, 1.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_average_forgets_its_start_within_a_short_run() {
        let mut ema = Ema::new(array![[100.0]], 0.999);
        (0..1000).for_each(|_| ema.update(&array![[1.0]]));
        assert!((ema.average()[[0, 0]] - 1.0).abs() < 1e-3, "{}", ema.average());
    }
}

//! The multinomial half: levels are diffused towards the uniform law (arXiv:2102.05379).
//!
//! Forward, a level is kept with probability ᾱ_t and else drawn uniformly from all K (eq. 13). The posterior over a
//! step from t to s is q(x_s | x_t, x0) ∝ [α δ(x_t) + (1-α)/K] · [ᾱ_s δ(x0) + (1-ᾱ_s)/K] with α = ᾱ_t/ᾱ_s (eq. 14);
//! the model puts its predicted shares π in the place of δ(x0). Everything is computed with logarithms of shares; no
//! logarithm of a zero ever enters the network, whose input is plain 0/1.

use ndarray::NdFloat;
use rand::Rng;

/// A level at signal share `alpha_bar`: kept, or resampled from all `n_levels`.
pub fn q_sample<R: Rng + ?Sized>(level: u32, n_levels: usize, alpha_bar: f64, rng: &mut R) -> u32 {
    if rng.r#gen::<f64>() < alpha_bar { level } else { rng.gen_range(0..n_levels as u32) }
}

/// A step from t down to s for a variable of K levels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step<F> {
    /// ᾱ_s, and what it leaves to each level: (1-ᾱ_s)/K.
    signal: F,
    floor: F,
    /// log[α + (1-α)/K], for the level that x_t shows, and log[(1-α)/K], for the others.
    log_same: F,
    log_other: F,
}

impl<F: NdFloat> Step<F> {
    /// The step from signal share `ab_t` to the larger `ab_s` for `n_levels` levels.
    pub fn new(ab_t: f64, ab_s: f64, n_levels: usize) -> Self {
        let cast = |x: f64| F::from(x).expect("a float holds a share");
        let k = n_levels as f64;
        let alpha = ab_t / ab_s;
        let other = (1.0 - alpha) / k;
        Self {
            signal: cast(ab_s),
            floor: cast((1.0 - ab_s) / k),
            log_same: cast((alpha + other).ln()),
            log_other: cast(other.ln()),
        }
    }

    /// Writes the normalised log posterior given shares as logarithms into `out`.
    fn log_posterior(&self, log_shares: &[F], x_t: usize, out: &mut [F]) {
        for (k, (out, &log_share)) in out.iter_mut().zip(log_shares).enumerate() {
            // With nothing left to the floor the logarithm is at hand; taking it of an underflowed share would lose it.
            let mixed =
                if self.floor > F::zero() { (self.signal * log_share.exp() + self.floor).ln() } else { log_share };
            *out = mixed + if k == x_t { self.log_same } else { self.log_other };
        }
        let log_sum = log_sum_exp(out);
        out.iter_mut().for_each(|out| *out -= log_sum);
    }

    /// The posterior of x_s given `logits` for x0, drawn with the uniform number `u`. `scratch` holds as many numbers
    /// as there are levels.
    pub fn draw(&self, logits: &[F], x_t: u32, u: F, scratch: &mut [F]) -> u32 {
        let log_sum = log_sum_exp(logits);
        let mut total = F::zero();
        for (k, (weight, &logit)) in scratch.iter_mut().zip(logits).enumerate() {
            let log_factor = if k == x_t as usize { self.log_same } else { self.log_other };
            *weight = (self.signal * (logit - log_sum).exp() + self.floor) * log_factor.exp();
            total += *weight;
        }
        let mut left = u * total;
        for (k, &weight) in scratch.iter().enumerate() {
            left -= weight;
            if left < F::zero() {
                return k as u32;
            }
        }
        // Rounding left a sliver: the likeliest level, which cannot be an impossible one.
        let likeliest = (0..scratch.len()).max_by(|&a, &b| scratch[a].partial_cmp(&scratch[b]).expect("not NaN"));
        likeliest.expect("a variable has a level") as u32
    }

    /// KL divergence in nats of the model's posterior from the true one; at s = 0 it is the negative log-likelihood of
    /// x0. Adds `scale` times its gradient to `dlogits`. `scratch` holds two numbers per level.
    pub fn kl(&self, logits: &[F], x0: u32, x_t: u32, scale: F, dlogits: &mut [F], scratch: &mut [F]) -> F {
        let (x0, x_t) = (x0 as usize, x_t as usize);
        let (log_shares, log_p) = scratch.split_at_mut(logits.len());
        let log_sum = log_sum_exp(logits);
        log_shares.iter_mut().zip(logits).for_each(|(out, &logit)| *out = logit - log_sum);
        self.log_posterior(log_shares, x_t, log_p);

        // The true posterior takes one value at x0, one at x_t, and one everywhere else.
        let weight = |k: usize| {
            let share = if k == x0 { self.signal + self.floor } else { self.floor };
            share * if k == x_t { self.log_same } else { self.log_other }.exp()
        };
        let n_other = F::from(logits.len() - if x0 == x_t { 1 } else { 2 }).expect("a float holds a count");
        let other = self.floor * self.log_other.exp();
        let total = weight(x0) + if x0 == x_t { F::zero() } else { weight(x_t) } + n_other * other;
        let q = |k: usize| if k == x0 || k == x_t { weight(k) / total } else { other / total };

        let (mut kl, mut mean) = (F::zero(), F::zero());
        for k in 0..logits.len() {
            let q_k = q(k);
            if q_k > F::zero() {
                kl += q_k * (q_k.ln() - log_p[k]);
            }
            // dKL/dlog π_k = (p_k - q_k) · [share of the signal in the mixture at k].
            let share = log_shares[k].exp();
            let signal = if self.floor > F::zero() {
                self.signal * share / (self.signal * share + self.floor)
            } else {
                F::one()
            };
            let slope = signal * (log_p[k].exp() - q_k);
            mean += slope;
            log_p[k] = slope;
        }
        // Back through the log-softmax.
        for (k, dlogit) in dlogits.iter_mut().enumerate() {
            *dlogit += scale * (log_p[k] - log_shares[k].exp() * mean);
        }
        kl
    }
}

fn log_sum_exp<F: NdFloat>(x: &[F]) -> F {
    let max = x.iter().fold(F::neg_infinity(), |max, &x| max.max(x));
    max + x.iter().fold(F::zero(), |sum, &x| sum + (x - max).exp()).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::engine::tabddpm::schedule::{Schedule, ScheduleKind};
    use crate::learn::nn::testing::{check_gradient, draw_array, seeded};
    use ndarray::Array2;

    /// q(x_s | x_t, x0) from the two transition matrices by Bayes' rule, nothing simplified.
    fn bayes(ab_t: f64, ab_s: f64, k: usize, x0: usize, x_t: usize) -> Vec<f64> {
        let kernel =
            |keep: f64, from: usize, to: usize| keep * f64::from(u8::from(from == to)) + (1.0 - keep) / k as f64;
        let joint: Vec<f64> = (0..k).map(|x_s| kernel(ab_s, x0, x_s) * kernel(ab_t / ab_s, x_s, x_t)).collect();
        let total: f64 = joint.iter().sum();
        joint.iter().map(|j| j / total).collect()
    }

    #[test]
    fn a_perfect_prediction_has_no_divergence_and_draws_the_true_posterior() {
        let (k, x0, x_t) = (4, 1u32, 3u32);
        let mut logits = vec![-60.0; k];
        logits[x0 as usize] = 60.0;
        let step = Step::<f64>::new(0.3, 0.7, k);
        let kl = step.kl(&logits, x0, x_t, 1.0, &mut vec![0.0; k], &mut vec![0.0; 2 * k]);
        assert!(kl.abs() < 1e-12);
        let truth = bayes(0.3, 0.7, k, x0 as usize, x_t as usize);
        let n = 100_000;
        let mut counts = vec![0.0; k];
        for i in 0..n {
            let u = (f64::from(i) + 0.5) / f64::from(n);
            counts[step.draw(&logits, x_t, u, &mut vec![0.0; k]) as usize] += 1.0 / f64::from(n);
        }
        assert!(counts.iter().zip(&truth).all(|(a, b)| (a - b).abs() < 2e-5), "{counts:?} {truth:?}");
    }

    #[test]
    fn the_divergence_is_that_of_bayes_rule() {
        let k = 5;
        let logits = draw_array((1, k), &mut seeded(5)).into_raw_vec_and_offset().0;
        let z: f64 = logits.iter().map(|l| l.exp()).sum();
        for (ab_t, ab_s) in [(0.3, 0.7), (0.05, 0.06), (0.99, 1.0)] {
            for (x0, x_t) in [(0, 0), (1, 4)] {
                let truth = bayes(ab_t, ab_s, k, x0, x_t);
                // The model's posterior mixes the true ones with its shares, then normalises the joint.
                let kernel = |keep: f64, same: bool| keep * f64::from(u8::from(same)) + (1.0 - keep) / k as f64;
                let joint: Vec<f64> = (0..k)
                    .map(|s| {
                        let reach: f64 = (0..k).map(|c| logits[c].exp() / z * kernel(ab_s, c == s)).sum();
                        reach * kernel(ab_t / ab_s, s == x_t)
                    })
                    .collect();
                let total: f64 = joint.iter().sum();
                let expected: f64 =
                    (0..k).filter(|&s| truth[s] > 0.0).map(|s| truth[s] * (truth[s] * total / joint[s]).ln()).sum();
                let step = Step::<f64>::new(ab_t, ab_s, k);
                let kl = step.kl(&logits, x0 as u32, x_t as u32, 1.0, &mut vec![0.0; k], &mut vec![0.0; 2 * k]);
                assert!((kl - expected).abs() < 1e-12, "{kl} {expected}");
            }
        }
    }

    #[test]
    fn the_gradient_agrees_with_central_differences() {
        let k = 4;
        let logits: Array2<f64> = draw_array((1, k), &mut seeded(6)) * 3.0;
        for (ab_t, ab_s) in [(0.3, 0.7), (0.9, 1.0), (0.001, 0.002)] {
            for (x0, x_t) in [(2, 2), (2, 0)] {
                let step = Step::<f64>::new(ab_t, ab_s, k);
                let kl = |logits: &Array2<f64>, grad: &mut [f64]| {
                    step.kl(logits.as_slice().unwrap(), x0, x_t, 1.0, grad, &mut vec![0.0; 2 * k])
                };
                let mut grad = Array2::zeros((1, k));
                kl(&logits, grad.as_slice_mut().unwrap());
                check_gradient(&logits, &grad, |logits| kl(logits, &mut vec![0.0; k]));
            }
        }
    }

    #[test]
    fn noise_at_the_end_is_uniform() {
        let schedule = Schedule::new(ScheduleKind::Cosine, 100);
        let rng = &mut seeded(7);
        let n = 30_000;
        let hits = (0..n).filter(|_| q_sample(2, 3, schedule.alpha_bar(100), rng) == 2).count();
        // Three standard errors of a share of one third.
        assert!((hits as f64 / f64::from(n) - 1.0 / 3.0).abs() < 3.0 * (2.0 / 9.0 / f64::from(n)).sqrt());
    }

    #[test]
    fn a_level_the_model_excludes_is_not_drawn_in_the_last_step() {
        let step = Step::<f32>::new(0.99, 1.0, 3);
        let logits = [0.0, -200.0, 0.0];
        assert!((0..1000).all(|i| step.draw(&logits, 0, i as f32 / 1000.0, &mut [0.0; 3]) != 1));
    }
}

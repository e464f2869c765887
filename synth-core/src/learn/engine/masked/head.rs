//! What a column's head says, and what it costs: a softmax over tokens, tilted by a mixture where there are bins.
//!
//! A column with bins has a density over its coordinate z too. The head gives a logit a_t for every token, and the
//! weights π, locations μ and log scales of M logistic distributions with mixture density f and distribution F:
//!
//! ```text
//! p(atom or missing t) = exp(a_t) / Z        p(z in bin b) = exp(a_b) f(z) / Z
//! Z = Σ_t exp(a_t) + Σ_b exp(a_b) (F(e_b) - F(e_{b-1}))
//! ```
//!
//! The mixture carries a sharp dependence on other columns as a location, without ever naming a bin; the logits bend it
//! to any shape that bins can have. With logits of log(share/ΔF) it is the marginal distribution exactly, which is where
//! training starts. Differences of F are products (σ(a) - σ(b) = σ(a) σ(-b) (1 - exp(b - a))), so that none cancels.

use crate::learn::nn::Real;

/// Logistic distributions in a column's mixture. Unmeasured.
pub(crate) const N_COMPONENTS: usize = 5;
/// The least log scale: exp(-6) is a 400th of a standard deviation, about the distance of neighbours in 1,000 rows.
const LEAST_LOG_SCALE: f64 = -6.0;
/// The largest log scale.
const MOST_LOG_SCALE: f64 = 2.0;

/// What a head's outputs mean. Logits of all tokens come first, then weights, locations and log scales.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape<F> {
    /// The tokens.
    pub(crate) n_tokens: usize,
    /// The first bin among them.
    pub(crate) first_bin: usize,
    /// The coordinates between neighbouring bins; empty for a single bin.
    pub(crate) edges: Vec<F>,
    /// Whether there are bins at all.
    pub(crate) has_bins: bool,
}

/// Working memory of a head with bins.
#[derive(Debug, Clone)]
pub(crate) struct Scratch<F> {
    /// exp(logit - largest), per token; for a bin without its mass.
    weights: Vec<F>,
    /// The mass of each bin under each component. (components, bins)
    masses: Vec<F>,
    /// σ(t) and σ(-t) at each edge, and t. (components, edges)
    edges: Vec<[F; 3]>,
    /// The mixture's weights and inverse scales.
    pi: [F; N_COMPONENTS],
    inverse: [F; N_COMPONENTS],
    /// The mass of each bin under the mixture.
    mass: Vec<F>,
}

impl<F: Real> Shape<F> {
    /// The number of outputs.
    pub(crate) fn n_outputs(&self) -> usize {
        self.n_tokens + if self.has_bins { 3 * N_COMPONENTS } else { 0 }
    }

    /// The number of bins.
    pub(crate) fn n_bins(&self) -> usize {
        if self.has_bins { self.edges.len() + 1 } else { 0 }
    }

    /// Whether a token is a bin.
    pub(crate) fn is_bin(&self, token: usize) -> bool {
        (self.first_bin..self.first_bin + self.n_bins()).contains(&token)
    }

    /// The biases with which a head gives tokens the `shares`, and a standard normal density in the bins.
    pub(crate) fn initial_bias(&self, shares: &[f64]) -> Vec<F> {
        let mut bias = vec![F::zero(); self.n_outputs()];
        if self.has_bins {
            let (n, m) = (self.n_tokens, N_COMPONENTS);
            for k in 0..m {
                bias[n + m + k] = F::of(crate::learn::encode::normal_quantile((k as f64 + 0.5) / m as f64));
                bias[n + 2 * m + k] = F::of(0.4f64.ln());
            }
        }
        let mut scratch = Scratch::default();
        self.prepare(&bias, &mut scratch);
        for (token, &share) in shares.iter().enumerate() {
            let mass = match self.is_bin(token) {
                true => scratch.mass[token - self.first_bin].wide(),
                false => 1.0,
            };
            bias[token] = F::of((share / mass).ln());
        }
        bias
    }

    /// Fills the scratch for one row's outputs; returns the sum of all tokens' weights.
    #[inline(always)]
    pub(crate) fn prepare(&self, out: &[F], scratch: &mut Scratch<F>) -> F {
        let largest = out[..self.n_tokens].iter().fold(F::neg_infinity(), |a, &b| if b > a { b } else { a });
        scratch.weights.resize(self.n_tokens, F::zero());
        let mut total = F::zero();
        for (weight, &logit) in scratch.weights.iter_mut().zip(out) {
            *weight = (logit - largest).fast_exp();
        }
        if !self.has_bins {
            scratch.weights.iter().for_each(|&weight| total += weight);
            return total;
        }
        let (n_bins, n_edges) = (self.n_bins(), self.edges.len());
        let (omega, rest) = out[self.n_tokens..].split_at(N_COMPONENTS);
        let (mu, log_scale) = rest.split_at(N_COMPONENTS);
        let peak = omega.iter().fold(F::neg_infinity(), |a, &b| if b > a { b } else { a });
        let mut sum = F::zero();
        for (pi, &omega) in scratch.pi.iter_mut().zip(omega) {
            *pi = (omega - peak).fast_exp();
            sum += *pi;
        }
        scratch.pi.iter_mut().for_each(|pi| *pi /= sum);
        scratch.masses.resize(N_COMPONENTS * n_bins, F::zero());
        scratch.edges.resize(N_COMPONENTS * n_edges, [F::zero(); 3]);
        scratch.mass.clear();
        scratch.mass.resize(n_bins, F::zero());
        for k in 0..N_COMPONENTS {
            let inverse = (-clamped(log_scale[k])).fast_exp();
            scratch.inverse[k] = inverse;
            let edges = &mut scratch.edges[k * n_edges..(k + 1) * n_edges];
            for (place, &edge) in edges.iter_mut().zip(&self.edges) {
                let t = (edge - mu[k]) * inverse;
                let e = (-t.abs()).fast_exp();
                let large = F::one() / (F::one() + e);
                let small = e * large;
                *place = if t > F::zero() { [large, small, t] } else { [small, large, t] };
            }
            let masses = &mut scratch.masses[k * n_bins..(k + 1) * n_bins];
            if n_edges == 0 {
                masses[0] = F::one();
            } else {
                masses[0] = edges[0][0];
                for b in 1..n_edges {
                    let gap = F::one() - ((self.edges[b - 1] - self.edges[b]) * inverse).fast_exp();
                    masses[b] = edges[b][0] * edges[b - 1][1] * gap;
                }
                masses[n_edges] = edges[n_edges - 1][1];
            }
            let pi = scratch.pi[k];
            scratch.mass.iter_mut().zip(&*masses).for_each(|(mass, &of_k)| *mass += pi * of_k);
        }
        for (token, &weight) in scratch.weights.iter().enumerate() {
            total += match self.is_bin(token) {
                true => weight * scratch.mass[token - self.first_bin],
                false => weight,
            };
        }
        total
    }

    /// The negative log-likelihood, in nats, of `token`, and of coordinate `z` in it if it is a bin. Writes `weight` times
    /// its gradient into `d_out`.
    #[inline(always)]
    pub(crate) fn loss(
        &self,
        out: &[F],
        token: usize,
        z: F,
        weight: F,
        d_out: &mut [F],
        scratch: &mut Scratch<F>,
    ) -> F {
        let total = self.prepare(out, scratch);
        let mut nats = total.ln() - scratch.weights[token].ln();
        let share = weight / total;
        if !self.has_bins {
            d_out.iter_mut().zip(&scratch.weights).for_each(|(d, &w)| *d = w * share);
            d_out[token] -= weight;
            return nats;
        }
        let (n, m, n_bins, n_edges) = (self.n_tokens, N_COMPONENTS, self.n_bins(), self.edges.len());
        let first_bin = self.first_bin;
        for (t, (d, &w)) in d_out[..n].iter_mut().zip(&scratch.weights).enumerate() {
            let in_bin = t >= first_bin && t < first_bin + n_bins;
            *d = w * share * if in_bin { scratch.mass[t - first_bin] } else { F::one() };
        }
        d_out[token] -= weight;
        // dL/dΔF_b, the same for every component but for its weight.
        let pull = &scratch.weights[first_bin..first_bin + n_bins];
        let (mu, log_scale) = (&out[n + m..n + 2 * m], &out[n + 2 * m..n + 3 * m]);
        let mut by_pi = [F::zero(); N_COMPONENTS];
        for k in 0..m {
            let (pi, inverse) = (scratch.pi[k], scratch.inverse[k]);
            let masses = &scratch.masses[k * n_bins..(k + 1) * n_bins];
            by_pi[k] = dot(pull, masses) * share;
            let (mut d_mu, mut d_scale) = (F::zero(), F::zero());
            let edges = &scratch.edges[k * n_edges..(k + 1) * n_edges];
            for (b, &[p, q, t]) in edges.iter().enumerate() {
                // The density at the edge moves mass from the bin above to the one below, or back.
                let moved = p * q * (pull[b] - pull[b + 1]);
                d_mu -= moved;
                d_scale -= moved * t;
            }
            d_out[n + m + k] = d_mu * share * pi * inverse;
            d_out[n + 2 * m + k] = d_scale * share * pi;
        }
        let mut rho = [F::zero(); N_COMPONENTS];
        if self.is_bin(token) {
            let mut slope = [F::zero(); N_COMPONENTS];
            let mut log_f = [F::zero(); N_COMPONENTS];
            let mut peak = F::neg_infinity();
            for k in 0..m {
                let t = (z - mu[k]) * scratch.inverse[k];
                let e = (-t.abs()).fast_exp();
                // log of exp(-t)/(1 + exp(-t))²/s, symmetric in t.
                log_f[k] = scratch.pi[k].max(F::of(1e-30)).ln() - t.abs() - F::of(2.0) * (F::one() + e).ln()
                    + scratch.inverse[k].ln();
                slope[k] = t.signum() * (F::one() - e) / (F::one() + e);
                peak = peak.max(log_f[k]);
            }
            let mut sum = F::zero();
            for k in 0..m {
                rho[k] = (log_f[k] - peak).fast_exp();
                sum += rho[k];
            }
            nats -= peak + sum.ln();
            for k in 0..m {
                rho[k] /= sum;
                let t = (z - mu[k]) * scratch.inverse[k];
                d_out[n + m + k] -= weight * rho[k] * slope[k] * scratch.inverse[k];
                d_out[n + 2 * m + k] -= weight * rho[k] * (t * slope[k] - F::one());
            }
        }
        let mean = dot(&scratch.pi, &by_pi);
        let in_bin = if self.is_bin(token) { F::one() } else { F::zero() };
        for k in 0..m {
            d_out[n + k] = scratch.pi[k] * (by_pi[k] - mean) - weight * (rho[k] - scratch.pi[k] * in_bin);
            if log_scale[k] != clamped(log_scale[k]) {
                d_out[n + 2 * m + k] = F::zero();
            }
        }
        nats
    }
}

impl<F: Real> Default for Scratch<F> {
    fn default() -> Self {
        Self {
            weights: Vec::new(),
            masses: Vec::new(),
            edges: Vec::new(),
            pi: [F::zero(); N_COMPONENTS],
            inverse: [F::zero(); N_COMPONENTS],
            mass: Vec::new(),
        }
    }
}

impl<F: Real> Scratch<F> {
    /// The weight of a token after [`Shape::prepare`].
    pub(crate) fn weight(&self, shape: &Shape<F>, token: usize) -> F {
        match shape.is_bin(token) {
            true => self.weights[token] * self.mass[token - shape.first_bin],
            false => self.weights[token],
        }
    }
}

impl<F: Real> Scratch<F> {
    /// The weight of a token after [`Shape::prepare`]; of a bin without its mass.
    pub(crate) fn bare_weight(&self, token: usize) -> F {
        self.weights[token]
    }
}

/// A logistic mixture as a head's outputs say it, in 64 bits for drawing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mixture {
    pi: [f64; N_COMPONENTS],
    mu: [f64; N_COMPONENTS],
    inverse: [f64; N_COMPONENTS],
}

impl Mixture {
    /// The mixture in the outputs `out` of a head of `shape`, after [`Shape::prepare`].
    pub(crate) fn new<F: Real>(shape: &Shape<F>, out: &[F], scratch: &Scratch<F>) -> Self {
        let mu = &out[shape.n_tokens + N_COMPONENTS..shape.n_tokens + 2 * N_COMPONENTS];
        let mut mixture = Self { pi: [0.0; N_COMPONENTS], mu: [0.0; N_COMPONENTS], inverse: [0.0; N_COMPONENTS] };
        for (k, mu) in mu.iter().enumerate() {
            mixture.pi[k] = scratch.pi[k].wide();
            mixture.mu[k] = mu.wide();
            mixture.inverse[k] = scratch.inverse[k].wide();
        }
        mixture
    }

    /// The mass of each component between two coordinates, and their sum.
    fn masses(&self, low: f64, high: f64) -> ([f64; N_COMPONENTS], f64) {
        let mut masses = [0.0; N_COMPONENTS];
        for (k, mass) in masses.iter_mut().enumerate() {
            let (a, b) = ((high - self.mu[k]) * self.inverse[k], (low - self.mu[k]) * self.inverse[k]);
            let gap = if low == f64::NEG_INFINITY || high == f64::INFINITY { 1.0 } else { -f64::exp_m1(b - a) };
            *mass = self.pi[k] * logistic(a) * logistic(-b) * gap;
        }
        (masses, masses.iter().sum())
    }

    /// The mass between two coordinates.
    pub(crate) fn mass(&self, low: f64, high: f64) -> f64 {
        self.masses(low, high).1
    }

    /// A draw between `low` and `high` from two numbers in [0, 1).
    pub(crate) fn draw(&self, low: f64, high: f64, u: f64, v: f64) -> f64 {
        let (masses, total) = self.masses(low, high);
        let mut left = u * total;
        let mut chosen = N_COMPONENTS - 1;
        for (k, mass) in masses.iter().enumerate() {
            if left < *mass {
                chosen = k;
                break;
            }
            left -= mass;
        }
        let (mu, inverse) = (self.mu[chosen], self.inverse[chosen]);
        let (a, b) = ((low - mu) * inverse, (high - mu) * inverse);
        // Through the nearer tail, where shares have all their digits.
        let t = if a > 0.0 {
            let (from, to) = (logistic(-b), logistic(-a));
            -logit(from + v * (to - from))
        } else {
            let (from, to) = (logistic(a), logistic(b));
            logit(from + v * (to - from))
        };
        let z = mu + t / inverse;
        if z.is_finite() { z.clamp(low, high) } else { f64::midpoint(low.max(-5.0), high.min(5.0)) }
    }
}

fn logistic(t: f64) -> f64 {
    1.0 / (1.0 + (-t).exp())
}

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

#[inline(always)]
fn clamped<F: Real>(log_scale: F) -> F {
    let (least, most) = (F::of(LEAST_LOG_SCALE), F::of(MOST_LOG_SCALE));
    let at_least = if log_scale < least { least } else { log_scale };
    if at_least > most { most } else { at_least }
}

#[inline(always)]
fn dot<F: Real>(a: &[F], b: &[F]) -> F {
    a.iter().zip(b).fold(F::zero(), |sum, (&a, &b)| sum + a * b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::nn::testing::{check_gradient, draw_array, seeded};
    use ndarray::Array2;
    use rand::Rng;

    fn shape() -> Shape<f64> {
        Shape { n_tokens: 7, first_bin: 2, edges: vec![-0.7, 0.1, 0.9], has_bins: true }
    }

    fn loss(shape: &Shape<f64>, out: &Array2<f64>, token: usize, z: f64) -> (f64, Array2<f64>) {
        let mut grad = Array2::zeros(out.dim());
        let (out, d_out) = (out.as_slice().unwrap(), grad.as_slice_mut().unwrap());
        let nats = shape.loss(out, token, z, 1.0, d_out, &mut Scratch::default());
        (nats, grad)
    }

    #[test]
    fn derivatives_agree_with_central_differences() {
        let words = Shape { n_tokens: 4, first_bin: 0, edges: vec![], has_bins: false };
        let one_bin = Shape { n_tokens: 2, first_bin: 1, edges: vec![], has_bins: true };
        let cells = [(0, 0.0), (2, -1.3), (3, -0.2), (4, 0.5), (5, 2.5), (6, 0.0)];
        for (shape, cells) in [(shape(), &cells[..]), (words, &[(1, 0.0), (3, 0.0)]), (one_bin, &[(0, 0.0), (1, 0.3)])]
        {
            let out = draw_array((1, shape.n_outputs()), &mut seeded(1)) * 1.5;
            for &(token, z) in cells {
                let grad = loss(&shape, &out, token, z).1;
                check_gradient(&out, &grad, |out| loss(&shape, out, token, z).0);
            }
        }
    }

    #[test]
    fn all_likelihoods_sum_to_one() {
        let shape = shape();
        let out = draw_array((1, shape.n_outputs()), &mut seeded(2)) * 2.0;
        let at = |token, z| (-loss(&shape, &out, token, z).0).exp();
        let discrete: f64 = [0, 1, 6].iter().map(|&token| at(token, 0.0)).sum();
        // The tails of a logistic with a scale of 2 beyond 40 hold some millionths.
        let (mut continuous, step) = (0.0, 1e-3);
        for i in -40_000..40_000 {
            let z = (f64::from(i) + 0.5) * step;
            let bin = 2 + shape.edges.partition_point(|&edge| edge <= z);
            continuous += at(bin, z) * step;
        }
        assert!((discrete + continuous - 1.0).abs() < 1e-5, "{discrete} + {continuous}");
    }

    #[test]
    fn a_fresh_head_says_the_shares() {
        let shape = shape();
        let shares = [0.1, 0.05, 0.2, 0.2, 0.2, 0.2, 0.05];
        let bias = shape.initial_bias(&shares);
        let mut scratch = Scratch::default();
        let total = shape.prepare(&bias, &mut scratch);
        for (token, share) in shares.iter().enumerate() {
            assert!((scratch.weight(&shape, token) / total - share).abs() < 1e-12);
        }
    }

    #[test]
    fn draws_follow_the_mixture() {
        let shape = shape();
        let out = draw_array((1, shape.n_outputs()), &mut seeded(3)) * 1.5;
        let mut scratch = Scratch::default();
        shape.prepare(out.as_slice().unwrap(), &mut scratch);
        let mixture = Mixture::new(&shape, out.as_slice().unwrap(), &scratch);
        for (bin, (low, high)) in
            [(f64::NEG_INFINITY, -0.7), (-0.7, 0.1), (0.1, 0.9), (0.9, f64::INFINITY)].iter().enumerate()
        {
            // In f64, up to the last digits of an exponential.
            assert!((mixture.mass(*low, *high) / scratch.mass[bin] - 1.0).abs() < 1e-12);
            let (n, rng) = (20_000, &mut seeded(4));
            let middle = f64::midpoint(low.max(-2.0), high.min(2.0));
            let below = (0..n).filter(|_| mixture.draw(*low, *high, rng.r#gen(), rng.r#gen()) < middle).count();
            let expected = mixture.mass(*low, middle) / mixture.mass(*low, *high);
            // Four standard errors of a share.
            let error = 4.0 * (expected * (1.0 - expected) / f64::from(n)).sqrt();
            assert!((below as f64 / f64::from(n) - expected).abs() < error);
        }
    }
}

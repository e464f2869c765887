//! The Gaussian half: coordinates are diffused towards a standard normal (arXiv:2006.11239).
//!
//! Forward, x_t = √ᾱ_t x0 + √(1-ᾱ_t) ε (eq. 4). Back, from a prediction of ε, over a step from t to any s < t.

use serde::{Deserialize, Serialize};

/// How a coordinate is taken from x_t to x_s.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Draws from q(x_s | x_t, x0) with x0 as predicted (arXiv:2006.11239, eq. 6 and 11).
    Ancestral(Variance),
    /// DDIM (arXiv:2010.02502, eq. 12): deterministic at `eta` 0, the posterior's variance at 1.
    Ddim {
        /// The share of the posterior's standard deviation that is resampled, in [0, 1].
        eta: f64,
    },
}

/// The variance of an ancestral step. Short chains are too narrow with the first and a little too wide with the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Variance {
    /// β̃ = (1-ᾱ_s)/(1-ᾱ_t) β: right if the data were one point.
    Posterior,
    /// β = 1 - ᾱ_t/ᾱ_s: right if the data were standard normal, which encoded columns are, taken one by one.
    Forward,
}

/// A step from t down to s, as the numbers it takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    sqrt_ab_t: f64,
    sqrt_1m_ab_t: f64,
    x0: f64,
    x_t: f64,
    eps: f64,
    noise: f64,
}

impl Step {
    /// The step from signal share `ab_t` to the larger `ab_s`. The last step, `ab_s` = 1, draws nothing.
    pub fn new(method: Method, ab_t: f64, ab_s: f64) -> Self {
        let beta = 1.0 - ab_t / ab_s;
        let posterior = (1.0 - ab_s) / (1.0 - ab_t) * beta;
        let at_data = ab_s >= 1.0;
        let (x0, x_t, eps, variance) = match method {
            Method::Ancestral(variance) => {
                let x0 = ab_s.sqrt() * beta / (1.0 - ab_t);
                let x_t = (ab_t / ab_s).sqrt() * (1.0 - ab_s) / (1.0 - ab_t);
                let variance = match variance {
                    Variance::Posterior => posterior,
                    Variance::Forward => beta,
                };
                (x0, x_t, 0.0, variance)
            }
            Method::Ddim { eta } => {
                let variance = eta * eta * posterior;
                (ab_s.sqrt(), 0.0, (1.0 - ab_s - variance).max(0.0).sqrt(), variance)
            }
        };
        let noise = if at_data { 0.0 } else { variance.sqrt() };
        Self { sqrt_ab_t: ab_t.sqrt(), sqrt_1m_ab_t: (1.0 - ab_t).sqrt(), x0, x_t, eps, noise }
    }

    /// x_s from x_t, the predicted ε and a standard-normal draw. The x0 that the prediction implies is kept within
    /// ±`bound`: at small ᾱ_t a small error in ε is a huge one in x0, and it would be carried to the end.
    pub fn apply(&self, x_t: f32, eps: f32, draw: f32, bound: f32) -> f32 {
        let (x_t, eps) = (f64::from(x_t), f64::from(eps));
        let bound = f64::from(bound);
        let x0 = ((x_t - self.sqrt_1m_ab_t * eps) / self.sqrt_ab_t).clamp(-bound, bound);
        let eps = (x_t - self.sqrt_ab_t * x0) / self.sqrt_1m_ab_t;
        (self.x0 * x0 + self.x_t * x_t + self.eps * eps + self.noise * f64::from(draw)) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ddim_at_eta_one_is_the_ancestral_step() {
        let steps = [Method::Ddim { eta: 1.0 }, Method::Ancestral(Variance::Posterior)].map(|m| Step::new(m, 0.3, 0.6));
        for (x_t, eps, draw) in [(0.5, 0.2, 1.0), (-1.0, 0.7, -0.3), (2.0, -1.0, 0.0)] {
            let [a, b] = steps.map(|step| step.apply(x_t, eps, draw, 10.0));
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
    }

    #[test]
    fn the_last_step_gives_the_predicted_row() {
        for method in [Method::Ancestral(Variance::Forward), Method::Ddim { eta: 0.5 }] {
            let step = Step::new(method, 0.9, 1.0);
            let (x0, eps) = (0.8f32, -0.4f32);
            let x_t = 0.9f32.sqrt() * x0 + 0.1f32.sqrt() * eps;
            assert!((step.apply(x_t, eps, 3.0, 10.0) - x0).abs() < 1e-6);
        }
    }
}

//! How much of a row is left at each time step.

use serde::{Deserialize, Serialize};

/// The shape of a noise schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleKind {
    /// `alpha_bar(t)` falls like a squared cosine (arXiv:2102.09672, eq. 17).
    #[default]
    Cosine,
    /// `beta` rises linearly from 1e-4 to 0.02, scaled by 1000/T (arXiv:2006.11239, section 4).
    Linear,
}

/// The share of signal left after t of T steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    alpha_bar: Vec<f64>,
}

impl Schedule {
    /// A schedule of `n_timesteps` steps.
    ///
    /// # Panics
    /// If `n_timesteps` is 0.
    pub fn new(kind: ScheduleKind, n_timesteps: usize) -> Self {
        assert!(n_timesteps > 0, "a schedule has a step");
        // No step takes everything: 0.999 is the published cap, it keeps the posteriors finite.
        const MAX_BETA: f64 = 0.999;
        let n = n_timesteps as f64;
        let beta = |t: usize| match kind {
            ScheduleKind::Cosine => {
                let f = |t: f64| ((t / n + 0.008) / 1.008 * std::f64::consts::FRAC_PI_2).cos().powi(2);
                1.0 - f(t as f64) / f(t as f64 - 1.0)
            }
            ScheduleKind::Linear => {
                let along = if n_timesteps == 1 { 0.0 } else { (t as f64 - 1.0) / (n - 1.0) };
                1000.0 / n * (1e-4 + along * (0.02 - 1e-4))
            }
        };
        let mut alpha_bar = vec![1.0];
        for t in 1..=n_timesteps {
            alpha_bar.push(alpha_bar[t - 1] * (1.0 - beta(t).min(MAX_BETA)));
        }
        Self { alpha_bar }
    }

    /// T.
    pub fn n_timesteps(&self) -> usize {
        self.alpha_bar.len() - 1
    }

    /// The share of the signal's variance left at `t`: 1 at 0, nearly 0 at T.
    ///
    /// # Panics
    /// If `t` is beyond T.
    pub fn alpha_bar(&self, t: usize) -> f64 {
        self.alpha_bar[t]
    }

    /// `n_steps` + 1 times from T down to 0, as evenly spaced as whole numbers allow.
    ///
    /// # Panics
    /// If `n_steps` is 0 or above T.
    pub fn times(&self, n_steps: usize) -> Vec<usize> {
        let n_timesteps = self.n_timesteps();
        assert!((1..=n_timesteps).contains(&n_steps), "between 1 and {n_timesteps} steps, not {n_steps}");
        (0..=n_steps).map(|k| (n_timesteps * (n_steps - k) + n_steps / 2) / n_steps).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schedule_falls_from_one_to_almost_nothing() {
        for kind in [ScheduleKind::Cosine, ScheduleKind::Linear] {
            for n_timesteps in [20, 100, 1000] {
                let schedule = Schedule::new(kind, n_timesteps);
                assert_eq!(schedule.alpha_bar(0), 1.0);
                assert!((1..=n_timesteps).all(|t| schedule.alpha_bar(t) < schedule.alpha_bar(t - 1)));
                assert!(schedule.alpha_bar(n_timesteps) < 1e-4, "{kind:?} {n_timesteps}");
            }
        }
    }

    #[test]
    fn the_cosine_passes_one_half_midway() {
        let schedule = Schedule::new(ScheduleKind::Cosine, 50);
        assert!((0.45..0.55).contains(&schedule.alpha_bar(25)));
    }

    #[test]
    fn times_run_from_the_end_to_zero_without_repeats() {
        let schedule = Schedule::new(ScheduleKind::Cosine, 100);
        for n_steps in [1, 3, 7, 20, 99, 100] {
            let times = schedule.times(n_steps);
            assert_eq!((times.len(), times[0], times[n_steps]), (n_steps + 1, 100, 0));
            assert!(times.windows(2).all(|w| w[0] > w[1]));
        }
    }
}

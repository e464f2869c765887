//! From noise to rows, step by step, with any denoiser.

use std::ops::Range;

use ndarray::{Array2, Axis, Slice};
use rand::Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::denoiser::{Denoiser, Label};
use super::gaussian::{self, Method, Variance};
use super::multinomial;
use super::schedule::Schedule;
use crate::error::{Error, Result};
use crate::learn::encode::{Encoded, Layout};
use crate::learn::random::{Purpose, stream};

/// How rows are sampled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SamplerConfig {
    /// Steps from noise to row, at most T; `None` takes all T.
    pub n_steps: Option<usize>,
    /// How a coordinate takes a step.
    pub method: Method,
}

impl Default for SamplerConfig {
    /// All steps, ancestral, with the forward variance: encoded columns are standard normal, for which it is exact.
    fn default() -> Self {
        Self { n_steps: None, method: Method::Ancestral(Variance::Forward) }
    }
}

/// Rows taken through the denoiser together. It has no influence on the result.
const CHUNK_ROWS: usize = 512;

/// What a sampler needs to know of the data besides the denoiser.
#[derive(Debug, Clone)]
pub struct Sampler<'a> {
    layout: &'a Layout,
    schedule: &'a Schedule,
    config: SamplerConfig,
    bound: f32,
    label: Option<(Label, &'a [f64])>,
}

impl<'a> Sampler<'a> {
    /// A sampler of rows of `layout`; predicted coordinates are kept within ±`bound`.
    ///
    /// # Errors
    /// [`Error::Setting`] if the steps are none or more than the schedule's, or eta is outside [0, 1].
    pub fn new(layout: &'a Layout, schedule: &'a Schedule, config: SamplerConfig, bound: f32) -> Result<Self> {
        if let Some(n) = config.n_steps
            && !(1..=schedule.n_timesteps()).contains(&n)
        {
            return Err(Error::Setting { name: "n_steps", allowed: "between 1 and T", got: n.to_string() });
        }
        if let Method::Ddim { eta } = config.method
            && !(0.0..=1.0).contains(&eta)
        {
            return Err(Error::Setting { name: "eta", allowed: "in [0, 1]", got: eta.to_string() });
        }
        Ok(Self { layout, schedule, config, bound, label: None })
    }

    /// Draws the label of each row from `shares`, which sum to one, before anything else.
    #[must_use]
    pub fn with_label(mut self, label: Label, shares: &'a [f64]) -> Self {
        self.label = Some((label, shares));
        self
    }

    /// The rows numbered `rows`. Row i follows from the denoiser, `seed` and i alone, however the range is cut.
    pub fn sample(&self, denoiser: &impl Denoiser, rows: Range<u64>, seed: u64) -> Encoded {
        let n_rows = usize::try_from(rows.end.saturating_sub(rows.start)).expect("rows fit in memory");
        let mut z = Array2::zeros((n_rows, self.layout.n_scale()));
        let mut codes = Array2::zeros((n_rows, self.layout.blocks().len()));
        let chunks: Vec<Encoded> = (0..n_rows)
            .into_par_iter()
            .step_by(CHUNK_ROWS)
            .map(|start| {
                let end = (start + CHUNK_ROWS).min(n_rows);
                self.sample_chunk(denoiser, rows.start + start as u64, end - start, seed)
            })
            .collect();
        for (k, chunk) in chunks.into_iter().enumerate() {
            let own = Slice::from(k * CHUNK_ROWS..k * CHUNK_ROWS + chunk.z.nrows());
            z.slice_axis_mut(Axis(0), own).assign(&chunk.z);
            codes.slice_axis_mut(Axis(0), own).assign(&chunk.codes);
        }
        Encoded { z, codes }
    }

    fn sample_chunk(&self, denoiser: &impl Denoiser, first_row: u64, n_rows: usize, seed: u64) -> Encoded {
        let mut rngs: Vec<_> = (first_row..).take(n_rows).map(|row| stream(seed, Purpose::Sample, row)).collect();
        let n_scale = self.layout.n_scale();
        let mut z = Array2::<f32>::zeros((n_rows, n_scale));
        let mut codes = Array2::<u32>::zeros((n_rows, self.layout.blocks().len()));
        for (row, rng) in rngs.iter_mut().enumerate() {
            z.row_mut(row).iter_mut().for_each(|z| *z = normal(rng));
            for (code, block) in codes.row_mut(row).iter_mut().zip(self.layout.blocks()) {
                *code = rng.gen_range(0..block.n_levels as u32);
            }
            if let Some((label, shares)) = self.label {
                codes[[row, label.block_idx]] = draw_share(shares, rng.r#gen());
            }
        }
        let times = self.schedule.times(self.config.n_steps.unwrap_or(self.schedule.n_timesteps()));
        let mut work = denoiser.workspace(n_rows);
        let largest = self.layout.blocks().iter().map(|b| b.n_levels).max().unwrap_or(0);
        let mut scratch = vec![0.0f32; largest];
        for pair in times.windows(2) {
            let (ab_t, ab_s) = (self.schedule.alpha_bar(pair[0]), self.schedule.alpha_bar(pair[1]));
            let on_scale = gaussian::Step::new(self.config.method, ab_t, ab_s);
            let on_levels: Vec<multinomial::Step<f32>> =
                self.layout.blocks().iter().map(|b| multinomial::Step::new(ab_t, ab_s, b.n_levels)).collect();
            let prediction = denoiser.predict(&mut work, z.view(), codes.view(), pair[0]);
            for (row, rng) in rngs.iter_mut().enumerate() {
                let said = prediction.row(row).to_slice().expect("row-major");
                for (z, &eps) in z.row_mut(row).iter_mut().zip(said) {
                    *z = on_scale.apply(*z, eps, normal(rng), self.bound);
                }
                for (block_idx, (start, block)) in self.layout.one_hot().enumerate() {
                    if self.label.is_some_and(|(label, _)| label.block_idx == block_idx) {
                        continue;
                    }
                    let logits = &said[start..start + block.n_levels];
                    let code = &mut codes[[row, block_idx]];
                    *code = on_levels[block_idx].draw(logits, *code, rng.r#gen(), &mut scratch[..block.n_levels]);
                }
            }
        }
        Encoded { z, codes }
    }
}

fn normal<R: Rng>(rng: &mut R) -> f32 {
    rng.sample(ndarray_rand::rand_distr::StandardNormal)
}

fn draw_share(shares: &[f64], u: f64) -> u32 {
    let mut left = u;
    for (k, share) in shares.iter().enumerate() {
        left -= share;
        if left < 0.0 {
            return k as u32;
        }
    }
    shares.iter().rposition(|&share| share > 0.0).unwrap_or(0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::engine::tabddpm::schedule::ScheduleKind;
    use ndarray::ArrayView2;

    /// The best possible prediction when the coordinate is N(mean, sd²) and the level is 0 with share `share`.
    struct Exact {
        schedule: Schedule,
        mean: f64,
        sd: f64,
        share: f64,
    }

    impl Denoiser for Exact {
        type Workspace = Array2<f32>;

        fn workspace(&self, n_rows: usize) -> Array2<f32> {
            Array2::zeros((n_rows, 3))
        }

        fn predict<'w>(
            &self,
            out: &'w mut Array2<f32>,
            z_t: ArrayView2<f32>,
            _: ArrayView2<u32>,
            t: usize,
        ) -> &'w Array2<f32> {
            let ab = self.schedule.alpha_bar(t);
            for (row, z) in z_t.column(0).iter().enumerate() {
                // ε = √(1-ᾱ) (x_t - √ᾱ μ) / (ᾱ σ² + 1 - ᾱ), from the joint normal law of ε and x_t.
                let spread = ab * self.sd * self.sd + 1.0 - ab;
                let eps = (1.0 - ab).sqrt() * (f64::from(*z) - ab.sqrt() * self.mean) / spread;
                out[[row, 0]] = eps as f32;
                out[[row, 1]] = self.share.ln() as f32;
                out[[row, 2]] = (1.0 - self.share).ln() as f32;
            }
            out
        }
    }

    fn draw(exact: &Exact, config: SamplerConfig, n: u64) -> (f64, f64, f64) {
        let layout = Layout::of(1, &[2]);
        let sampler = Sampler::new(&layout, &exact.schedule, config, 100.0).unwrap();
        let rows = sampler.sample(exact, 0..n, 1);
        let z: Vec<f64> = rows.z.iter().map(|&z| f64::from(z)).collect();
        let mean = z.iter().sum::<f64>() / n as f64;
        let sd = (z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
        let share = rows.codes.iter().filter(|&&c| c == 0).count() as f64 / n as f64;
        (mean, sd, share)
    }

    fn exact(n_timesteps: usize, mean: f64, sd: f64) -> Exact {
        Exact { schedule: Schedule::new(ScheduleKind::Cosine, n_timesteps), mean, sd, share: 0.2 }
    }

    #[test]
    fn an_exact_denoiser_gives_back_its_distribution() {
        let n = 20_000;
        for method in
            [Method::Ancestral(Variance::Posterior), Method::Ancestral(Variance::Forward), Method::Ddim { eta: 0.0 }]
        {
            let (mean, sd, share) = draw(&exact(400, 2.0, 0.5), SamplerConfig { n_steps: None, method }, n);
            // Four standard errors of the mean and the share; the spread may be off by the chain's own 1 % as well.
            assert!((mean - 2.0).abs() < 4.0 * 0.5 / (n as f64).sqrt() + 0.003, "{method:?} mean {mean}");
            assert!((sd / 0.5 - 1.0).abs() < 0.03, "{method:?} sd {sd}");
            assert!((share - 0.2).abs() < 4.0 * (0.16 / n as f64).sqrt(), "{method:?} share {share}");
        }
    }

    #[test]
    fn the_forward_variance_keeps_a_standard_normal_standard() {
        // The last step gives the mean of x0, which is narrower the longer that step is: 5 steps would show it.
        for n_steps in [20, 100] {
            let config = SamplerConfig { n_steps: Some(n_steps), ..SamplerConfig::default() };
            let (mean, sd, _) = draw(&exact(100, 0.0, 1.0), config, 20_000);
            assert!(mean.abs() < 0.03 && (sd - 1.0).abs() < 0.02, "{n_steps} steps: {mean} ± {sd}");
        }
    }

    #[test]
    fn the_error_of_few_steps_falls_with_their_number() {
        let spread = |n_steps| {
            let config = SamplerConfig { n_steps: Some(n_steps), method: Method::Ancestral(Variance::Posterior) };
            (draw(&exact(400, 2.0, 0.5), config, 20_000).1 / 0.5 - 1.0).abs()
        };
        let (coarse, fine) = (spread(25), spread(100));
        // First order: a quarter of the error; sampling noise leaves room for less than that.
        assert!(coarse > 0.06 && fine < 0.55 * coarse, "{coarse} {fine}");
    }

    #[test]
    fn a_row_does_not_depend_on_how_the_range_is_cut() {
        let exact = exact(20, 1.0, 0.3);
        let layout = Layout::of(1, &[2]);
        let sampler = Sampler::new(&layout, &exact.schedule, SamplerConfig::default(), 10.0).unwrap();
        let whole = sampler.sample(&exact, 0..1300, 5);
        for range in [0..1, 7..9, 511..514, 600..1300] {
            let part = sampler.sample(&exact, range.clone(), 5);
            let rows = Slice::from(range.start as usize..range.end as usize);
            assert_eq!(part.z, whole.z.slice_axis(Axis(0), rows));
            assert_eq!(part.codes, whole.codes.slice_axis(Axis(0), rows));
        }
    }
}

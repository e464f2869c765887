//! The training loss: mean squared error of ε plus the multinomial bound (arXiv:2209.15421, eq. 8).

use ndarray::{Array2, ArrayView2, NdFloat};
use serde::{Deserialize, Serialize};

use super::denoiser::Label;
use super::multinomial;
use super::schedule::Schedule;
use crate::learn::encode::Layout;

/// The two parts of the loss, each a mean over rows and over its own columns.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Loss {
    /// Mean squared error of ε: 1 when nothing is predicted.
    pub gaussian: f64,
    /// T times the KL divergence of a step, in nats: an unbiased estimate of the bound.
    pub multinomial: f64,
}

impl Loss {
    /// What is minimised.
    pub fn total(self) -> f64 {
        self.gaussian + self.multinomial
    }
}

impl std::ops::AddAssign for Loss {
    fn add_assign(&mut self, other: Self) {
        self.gaussian += other.gaussian;
        self.multinomial += other.multinomial;
    }
}

/// The diffusion of one layout: a schedule with the multinomial steps it implies.
#[derive(Debug, Clone)]
pub struct Process<F> {
    schedule: Schedule,
    label: Option<Label>,
    /// For each t from 1, for each block, the step from t to t - 1.
    steps: Vec<Vec<multinomial::Step<F>>>,
}

/// Rows as they entered the network, with what it should have said.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a, F> {
    /// The noise in each coordinate. (rows, coordinates)
    pub eps: ArrayView2<'a, F>,
    /// The clean levels. (rows, blocks)
    pub codes: ArrayView2<'a, u32>,
    /// The noisy levels. (rows, blocks)
    pub codes_t: ArrayView2<'a, u32>,
    /// The time of each row, from 1.
    pub times: &'a [usize],
}

impl<F: NdFloat> Process<F> {
    /// The diffusion of rows of `layout` over `schedule`; `label` is left as it is.
    pub fn new(schedule: Schedule, layout: &Layout, label: Option<Label>) -> Self {
        let step =
            |t: usize, n_levels| multinomial::Step::new(schedule.alpha_bar(t), schedule.alpha_bar(t - 1), n_levels);
        let of_time = |t| layout.blocks().iter().map(|block| step(t, block.n_levels)).collect();
        let steps = (1..=schedule.n_timesteps()).map(of_time).collect();
        Self { schedule, label, steps }
    }

    /// The schedule.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The loss of `prediction`, **summed** over rows and divided by `n_rows`, which may be more than the batch holds
    /// if it is a part of one. Writes the gradient into `grad`.
    pub fn loss(
        &self,
        layout: &Layout,
        prediction: &Array2<F>,
        batch: Batch<'_, F>,
        n_rows: usize,
        grad: &mut Array2<F>,
    ) -> Loss {
        let cast = |x: f64| F::from(x).expect("a float holds a small number");
        let n_scale = layout.n_scale();
        let n_blocks = layout.blocks().len() - usize::from(self.label.is_some());
        let per_scale = 1.0 / (n_rows * n_scale.max(1)) as f64;
        let per_block = self.schedule.n_timesteps() as f64 / (n_rows * n_blocks.max(1)) as f64;
        let (scale_weight, block_weight) = (cast(2.0 * per_scale), cast(per_block));
        let largest = layout.blocks().iter().map(|b| b.n_levels).max().unwrap_or(0);
        let mut scratch = vec![F::zero(); 2 * largest];
        let (mut squares, mut divergence) = (0.0, 0.0);
        grad.fill(F::zero());
        for (row, &t) in batch.times.iter().enumerate() {
            let said = prediction.row(row).to_slice().expect("row-major");
            let slope = grad.row_mut(row).into_slice().expect("row-major");
            let mut row_squares = F::zero();
            for ((said, slope), &eps) in said.iter().zip(&mut *slope).zip(batch.eps.row(row)) {
                let error = *said - eps;
                row_squares += error * error;
                *slope = scale_weight * error;
            }
            let mut row_divergence = F::zero();
            for (block_idx, (start, block)) in layout.one_hot().enumerate() {
                if self.label.is_some_and(|label| label.block_idx == block_idx) {
                    continue;
                }
                let columns = start..start + block.n_levels;
                row_divergence += self.steps[t - 1][block_idx].kl(
                    &said[columns.clone()],
                    batch.codes[[row, block_idx]],
                    batch.codes_t[[row, block_idx]],
                    block_weight,
                    &mut slope[columns],
                    &mut scratch[..2 * block.n_levels],
                );
            }
            squares += row_squares.to_f64().unwrap_or(f64::NAN);
            divergence += row_divergence.to_f64().unwrap_or(f64::NAN);
        }
        Loss { gaussian: squares * per_scale, multinomial: divergence * per_block }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::engine::tabddpm::schedule::ScheduleKind;
    use crate::learn::nn::testing::{check_gradient, draw_array, seeded};
    use ndarray::array;

    #[test]
    fn the_gradient_agrees_with_central_differences_and_leaves_the_label_alone() {
        let layout = Layout::of(2, &[3, 2]);
        for label in [None, Some(Label { block_idx: 1, n_levels: 2 })] {
            let process = Process::<f64>::new(Schedule::new(ScheduleKind::Cosine, 10), &layout, label);
            let rng = &mut seeded(10);
            let (prediction, eps) = (draw_array((3, layout.width()), rng), draw_array((3, 2), rng));
            let (codes, codes_t) = (array![[0, 1], [2, 0], [1, 1]], array![[0, 1], [1, 0], [2, 1]]);
            let loss = |prediction: &Array2<f64>, grad: &mut Array2<f64>| {
                let batch = Batch { eps: eps.view(), codes: codes.view(), codes_t: codes_t.view(), times: &[1, 5, 10] };
                process.loss(&layout, prediction, batch, 4, grad).total()
            };
            let mut grad = Array2::zeros(prediction.dim());
            loss(&prediction, &mut grad);
            check_gradient(&prediction, &grad, |p| loss(p, &mut Array2::zeros(p.dim())));
            if label.is_some() {
                assert!(grad.columns().into_iter().skip(5).flatten().all(|&g| g == 0.0));
            }
        }
    }

    #[test]
    fn saying_nothing_of_the_noise_costs_one() {
        let layout = Layout::of(1, &[]);
        let process = Process::<f64>::new(Schedule::new(ScheduleKind::Linear, 10), &layout, None);
        let eps = array![[1.0], [-1.0]];
        let none = Array2::zeros((2, 0));
        let batch = Batch { eps: eps.view(), codes: none.view(), codes_t: none.view(), times: &[3, 4] };
        let mut grad = Array2::zeros((2, 1));
        assert_eq!(process.loss(&layout, &Array2::zeros((2, 1)), batch, 2, &mut grad).gaussian, 1.0);
    }
}

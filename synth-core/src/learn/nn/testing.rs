//! What the tests of layers share: seeded draws and central differences.

use ndarray::Array2;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::Parameters;

pub(crate) fn seeded(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub(crate) fn draw_array(shape: (usize, usize), rng: &mut ChaCha8Rng) -> Array2<f64> {
    Array2::from_shape_simple_fn(shape, || rng.gen_range(-1.0..1.0))
}

impl Parameters<f64> for Array2<f64> {
    fn slices(&self) -> Vec<&[f64]> {
        vec![self.as_slice().expect("row-major")]
    }

    fn slices_mut(&mut self) -> Vec<&mut [f64]> {
        vec![self.as_slice_mut().expect("row-major")]
    }
}

/// Compares `grad` with central differences of `loss` at `at`, parameter by parameter.
///
/// With a step of 1e-5 in `f64` truncation is about 1e-10 and rounding about 1e-11 of the loss: 1e-6 leaves room.
pub(crate) fn check_gradient<P: Parameters<f64> + Clone>(at: &P, grad: &P, loss: impl Fn(&P) -> f64) {
    const STEP: f64 = 1e-5;
    for tensor in 0..at.slices().len() {
        for i in 0..at.slices()[tensor].len() {
            let moved = |by: f64| {
                let mut moved = at.clone();
                moved.slices_mut()[tensor][i] += by;
                loss(&moved)
            };
            let numeric = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
            let analytic = grad.slices()[tensor][i];
            let error = (numeric - analytic).abs() / (1.0 + numeric.abs());
            assert!(error < 1e-6, "tensor {tensor}, entry {i}: {analytic} for {numeric}");
        }
    }
}

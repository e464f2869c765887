//! The sinusoidal embedding of a time step.

use ndarray::Array2;

/// Row `t` holds cos(t ω) for the first half and sin(t ω) for the second, ω falling from 1 to 1/10000 geometrically
/// (arXiv:1706.03762, section 3.5). (`n_timesteps` + 1, `width`); an odd width ends in a zero column.
pub fn sinusoidal(n_timesteps: usize, width: usize) -> Array2<f64> {
    let half = width / 2;
    let omega = |k: usize| (-(10_000f64.ln()) * k as f64 / half as f64).exp();
    Array2::from_shape_fn((n_timesteps + 1, width), |(t, column)| match column {
        k if k < half => (t as f64 * omega(k)).cos(),
        k if k < 2 * half => (t as f64 * omega(k - half)).sin(),
        _ => 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zero_is_all_cosine_and_rows_differ() {
        let table = sinusoidal(100, 8);
        assert_eq!(table.row(0).to_vec(), [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        assert!((0..100).all(|t| table.row(t) != table.row(t + 1)));
    }
}

//! Position features: how a place on a column's scale enters the network.

use crate::learn::nn::Real;

/// Frequencies of the rank's sines and cosines: half a turn over the scale, doubled each time.
const FREQUENCIES: usize = 7;
/// Features of a position: rank and coordinate, [`FREQUENCIES`] sines and cosines of the rank, and the value three ways.
pub(crate) const FEATURES: usize = 2 + 2 * FREQUENCIES + 3;

/// Writes the features of a position: `rank` in [0, 1], its normal quantile `z`, and the standardised `value`.
///
/// The rank tells neighbours apart where there are many (Fourier features, arXiv:2006.10739), the coordinate is what the
/// heads speak of, and the value keeps columns of one unit comparable; its squashed and logarithmic forms resolve the
/// middle and the tails.
pub(crate) fn write_features<F: Real>(rank: F, z: F, value: F, out: &mut [F]) {
    out[0] = rank + rank - F::one();
    out[1] = z;
    let (mut sin, mut cos) = (rank * F::of(std::f64::consts::FRAC_PI_2)).sin_cos();
    for pair in out[2..2 + 2 * FREQUENCIES].chunks_exact_mut(2) {
        (pair[0], pair[1]) = (sin, cos);
        // Twice the angle.
        (sin, cos) = ((sin + sin) * cos, F::one() - (sin + sin) * sin);
    }
    let rest = &mut out[2 + 2 * FREQUENCIES..];
    let e = (-(value.abs() + value.abs())).fast_exp();
    rest[0] = value;
    rest[1] = value.signum() * (F::one() - e) / (F::one() + e);
    rest[2] = value.signum() * (F::one() + F::of(3.0) * value.abs()).ln();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_the_functions_they_are_named_for() {
        let mut out = [0.0; FEATURES];
        for (rank, z, value) in [(0.3, -0.52, -1.7), (0.9, 1.28, 4.0), (0.5, 0.0, 0.0)] {
            write_features::<f64>(rank, z, value, &mut out);
            let mut expected = vec![2.0 * rank - 1.0, z];
            for k in 0..FREQUENCIES {
                let angle = rank * std::f64::consts::FRAC_PI_2 * f64::from(1 << k);
                expected.extend([angle.sin(), angle.cos()]);
            }
            let log = value.signum() * (3.0 * value.abs()).ln_1p();
            expected.extend([value, value.tanh(), log]);
            for (got, expected) in out.iter().zip(expected) {
                assert!((got - expected).abs() < 1e-12, "{got} {expected}");
            }
        }
    }
}

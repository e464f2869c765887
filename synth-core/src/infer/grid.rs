//! The grid on which a column's numbers lie, from all of them.

use std::collections::HashSet;

use crate::schema::NumberFormat;
use crate::spelling::number::{MAX_WHOLE, Spelled};

/// Gathers how a column spells its numbers.
#[derive(Debug)]
pub(super) struct FormatOf {
    fewest: usize,
    most: usize,
    scientific: bool,
    trailing_zero: bool,
}

impl FormatOf {
    /// Of no number yet.
    pub(super) fn new() -> Self {
        Self { fewest: usize::MAX, most: 0, scientific: false, trailing_zero: false }
    }

    /// Takes in one number.
    pub(super) fn add(&mut self, spelled: Spelled) {
        self.fewest = self.fewest.min(spelled.decimals);
        self.most = self.most.max(spelled.decimals);
        self.scientific |= spelled.scientific;
        self.trailing_zero |= spelled.trailing_zero;
    }

    /// The format of the column whose numbers are `values`; NaN is missing.
    pub(super) fn finish(self, values: &[f64]) -> NumberFormat {
        let decimals = self.most.min(17) as u8;
        let padded = decimals > 0 && self.fewest == self.most && !self.scientific && self.most <= 17;
        let at_least = u8::from(!padded && self.most > 0 && self.fewest > 0 && !self.trailing_zero);
        NumberFormat { decimals, padded, at_least, step: step(values, decimals) }
    }
}

/// The largest grid on which all values lie, as a multiple of the last digit's unit.
///
/// A coarser grid than that unit is believed only on eight distinct values other than zero: fewer may share a divisor
/// by chance (for 2, once in 2^8).
pub(super) fn step(values: &[f64], decimals: u8) -> f64 {
    const MIN_DISTINCT: usize = 8;
    let scale = 10f64.powi(i32::from(decimals));
    let unit = 1.0 / scale;
    if decimals > 9 {
        return unit;
    }
    let mut divisor = 0_u64;
    let mut distinct = HashSet::new();
    for x in values.iter().filter(|x| !x.is_nan() && **x != 0.0) {
        let scaled = (x * scale).round().abs();
        if scaled > MAX_WHOLE as f64 {
            return unit;
        }
        if distinct.len() < MIN_DISTINCT {
            distinct.insert(scaled as u64);
        }
        divisor = greatest_common_divisor(divisor, scaled as u64);
        if divisor == 1 {
            return unit;
        }
    }
    if distinct.len() < MIN_DISTINCT { unit } else { divisor as f64 / scale }
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_is_the_common_divisor_on_the_grid() {
        let fives: Vec<f64> = (1..20).map(|i| f64::from(i) * 5.0).collect();
        assert_eq!(step(&fives, 0), 5.0);
        let quarters: Vec<f64> = (1..20).map(|i| f64::from(i) * 0.25).collect();
        assert_eq!(step(&quarters, 2), 0.25);
        assert_eq!(step(&[10.0, 20.0, f64::NAN], 0), 1.0, "two values prove nothing");
        assert_eq!(step(&[0.0; 9], 1), 0.1);
    }
}

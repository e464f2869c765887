//! How numbers are spelled, and the grid they lie on.
//!
//! A cell is a number if no reader would take it for a code: `00123`, `+5`, `0x1f`, `inf`, `1,234` and whole numbers
//! from 2^53 on, which a double cannot tell apart, stay text. Scientific notation is read, and written in plain decimals.

use std::collections::HashSet;

use crate::schema::NumberFormat;

/// From here on a double skips whole numbers.
const MAX_WHOLE: u64 = 1 << 53;

/// One number as a cell spells it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spelled {
    /// The value. Zero has no sign.
    pub(crate) value: f64,
    /// Digits after the decimal mark; for scientific notation as many as the plain form needs.
    pub(crate) decimals: usize,
    /// Digits alone: neither a decimal mark nor an exponent.
    pub(crate) plain_whole: bool,
    /// With an exponent.
    pub(crate) scientific: bool,
    /// The last of two or more decimals is a zero that could be left out.
    pub(crate) trailing_zero: bool,
}

/// Reads a cell without blanks around it as a number with the decimal mark `decimal`, if it is one and no code.
pub(crate) fn spelled(cell: &str, decimal: char) -> Option<Spelled> {
    let bytes = cell.as_bytes();
    let negative = bytes.first() == Some(&b'-');
    let digits_from = |start: usize| bytes[start..].iter().take_while(|b| b.is_ascii_digit()).count();

    let start = usize::from(negative);
    let n_whole = digits_from(start);
    let mut at = start + n_whole;
    let has_mark = at < bytes.len() && char::from(bytes[at]) == decimal;
    let mut decimals = 0;
    if has_mark {
        decimals = digits_from(at + 1);
        at += 1 + decimals;
    }
    let leading_zero = n_whole > 1 && bytes[start] == b'0';
    if n_whole + decimals == 0 || leading_zero || n_whole > 17 {
        return None;
    }

    let scientific = at < bytes.len() && matches!(bytes[at], b'e' | b'E');
    if scientific {
        at += 1;
        at += usize::from(at < bytes.len() && matches!(bytes[at], b'+' | b'-'));
        let n_exponent = digits_from(at);
        if n_exponent == 0 {
            return None;
        }
        at += n_exponent;
    }
    if at != bytes.len() {
        return None;
    }

    let plain_whole = !has_mark && !scientific;
    let value = if !scientific && n_whole + decimals <= 15 {
        // Both the digits and the power of ten are exact doubles, so that the quotient is rounded once, correctly.
        let digits = bytes[start..].iter().filter(|b| b.is_ascii_digit());
        let mantissa = digits.fold(0_u64, |m, b| m * 10 + u64::from(b - b'0'));
        let magnitude = mantissa as f64 / 10f64.powi(decimals as i32);
        if negative { -magnitude } else { magnitude }
    } else if decimal == '.' {
        cell.parse().ok()?
    } else {
        cell.replace(decimal, ".").parse().ok()?
    };
    if !f64::is_finite(value) || (plain_whole && value.abs() >= MAX_WHOLE as f64) {
        return None;
    }
    let value = if value == 0.0 { 0.0 } else { value };
    let decimals = if scientific { decimals_of(value) } else { decimals };
    let trailing_zero = !scientific && decimals > 1 && bytes.last() == Some(&b'0');
    Some(Spelled { value, decimals, plain_whole, scientific, trailing_zero })
}

/// Digits after the point in the shortest plain form of `x`.
pub(crate) fn decimals_of(x: f64) -> usize {
    if x.fract() == 0.0 {
        return 0;
    }
    x.to_string().split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

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
    fn codes_are_no_numbers() {
        for cell in
            ["00123", "+5", "0x1f", "inf", "-inf", "NaN", "1,234", "1 000", "1.2.3", "12:30", "1e", "-", ".", "e5"]
        {
            assert_eq!(spelled(cell, '.'), None, "{cell}");
        }
        assert_eq!(spelled("9007199254740993", '.'), None);
        assert_eq!(spelled("12345678901234567890", '.'), None);
        assert_eq!(spelled("1e999", '.'), None);
    }

    #[test]
    fn numbers_are_read_with_their_decimals() {
        let check = |cell, decimal, value, decimals| {
            let s = spelled(cell, decimal).expect(cell);
            assert_eq!((s.value, s.decimals), (value, decimals), "{cell}");
        };
        check("63.0", '.', 63.0, 1);
        check("-2,6", ',', -2.6, 1);
        check(".5", '.', 0.5, 1);
        check("5.", '.', 5.0, 0);
        check("0.10", '.', 0.1, 2);
        check("1.5e-3", '.', 0.0015, 4);
        check("1E+5", '.', 1e5, 0);
        check("58.76522929500342", '.', 58.765_229_295_003_42, 14);
        check("9007199254740991", '.', 9_007_199_254_740_991.0, 0);
        assert!(spelled("-0", '.').unwrap().value.is_sign_positive());
    }

    #[test]
    fn the_fast_reading_is_the_standard_one() {
        for cell in ["0.1", "123456.789012345", "2.675", "0.000001", "99999999999.9999"] {
            assert_eq!(spelled(cell, '.').unwrap().value, cell.parse::<f64>().unwrap());
        }
    }

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

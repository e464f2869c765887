//! The grid on which a column's numbers lie, and how they are written.

use serde::{Deserialize, Serialize};

/// The grid on which a column's numbers lie, and how they are spelled in text files.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberFormat {
    /// Digits after the decimal mark: all values have at most this many. 17, the largest: as many as a value needs.
    pub decimals: u8,
    /// Every number is written with exactly `decimals` digits (`63.0`), not with as few as it needs (`63`).
    #[serde(default)]
    pub padded: bool,
    /// Numbers have at least this many digits after the mark: 1 where `62.0` stands beside `60.667`, as some programs
    /// write every float. Not more than `decimals`.
    #[serde(default)]
    pub at_least: u8,
    /// The distance between neighbouring grid points: every value is a whole multiple of it. Positive.
    pub step: f64,
}

impl Default for NumberFormat {
    /// Whole numbers.
    fn default() -> Self {
        Self { decimals: 0, padded: false, at_least: 0, step: 1.0 }
    }
}

impl NumberFormat {
    /// The grid point nearest to `x`, exactly as text with `decimals` digits would be read. NaN stays NaN.
    pub fn snap(&self, x: f64) -> f64 {
        let on_step = (x / self.step).round() * self.step;
        let scale = 10f64.powi(i32::from(self.decimals));
        let scaled = (on_step * scale).round();
        // Beyond 2^53 the scaled value has no fraction to lose, and dividing would only add one.
        if scaled.abs() < 9.0e15 { scaled / scale } else { on_step }
    }

    /// The number as text, with a point as the decimal mark: the shortest text that is read as `x` if it has no more
    /// than `decimals` digits after the mark, else rounded to them.
    pub fn format(&self, x: f64) -> String {
        // Rounding to 17 decimals would spell out the binary fraction: 0.1 + 17 digits is not 0.1.
        let decimals = usize::from(self.decimals);
        let shortest = x.to_string();
        let n_shortest = shortest.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let fixed = match n_shortest {
            n if n > decimals && decimals >= 17 => return shortest,
            n if n > decimals || !x.is_finite() => format!("{x:.decimals$}"),
            0 if decimals > 0 => format!("{shortest}.{}", "0".repeat(decimals)),
            n => shortest + &"0".repeat(decimals - n),
        };
        // Minus zero is zero.
        let fixed = match fixed.strip_prefix('-') {
            Some(digits) if digits.bytes().all(|b| matches!(b, b'0' | b'.')) => digits.to_owned(),
            _ => fixed,
        };
        let at_least = usize::from(if self.padded { self.decimals } else { self.at_least.min(self.decimals) });
        if at_least == decimals {
            return fixed;
        }
        let whole = fixed.len() - decimals;
        let significant = fixed.trim_end_matches('0').len().max(whole + at_least);
        fixed[..significant].trim_end_matches('.').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_as_the_format_says() {
        let check = |decimals, padded, x, expected| {
            assert_eq!(NumberFormat { decimals, padded, ..NumberFormat::default() }.format(x), expected);
        };
        let like_floats = NumberFormat { decimals: 3, at_least: 1, ..NumberFormat::default() };
        assert_eq!([62.0, 60.667, 0.5].map(|x| like_floats.format(x)), ["62.0", "60.667", "0.5"]);
        check(1, true, 63.0, "63.0");
        check(3, false, 75.0, "75");
        check(3, false, 60.667, "60.667");
        check(2, false, 1.005, "1");
        check(2, true, -0.001, "0.00");
        check(14, false, 58.765_229_295_003_42, "58.76522929500342");
        check(17, false, 123.4, "123.4");
        check(17, false, -0.008_078_955_842_860_109, "-0.008078955842860109");
        check(0, false, 1e20, "100000000000000000000");
    }
}

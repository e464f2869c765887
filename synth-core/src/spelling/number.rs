//! Numbers as cells spell them.
//!
//! A cell is a number if no reader would take it for a code: `00123`, `+5`, `0x1f`, `inf`, `1,234` and whole numbers
//! from 2^53 on, which a double cannot tell apart, stay text. Scientific notation is read, and written in plain decimals.

/// From here on a double skips whole numbers.
pub(crate) const MAX_WHOLE: u64 = 1 << 53;

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
}

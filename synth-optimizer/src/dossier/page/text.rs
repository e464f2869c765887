//! Numbers and names as the page shows them.

use chrono::DateTime;
use synth_core::Kind;
use synth_core::protect::{Count, DEFAULT_K};

pub(super) use crate::dossier::shown::shown;

/// The text, or its beginning where it has more than `most` characters.
pub(super) fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Three decimals.
pub(super) fn number(x: f64) -> String {
    let text = format!("{x:.3}");
    if text == "-0.000" { "0.000".to_owned() } else { text.replace('-', "−") }
}

/// A share in percent, one decimal.
pub(super) fn percent(share: f64) -> String {
    let text = format!("{:.1} %", share * 100.0 + 0.0);
    text.replace(".0 %", " %")
}

/// A share of cells, or that they are too few to be told.
pub(super) fn percent_of_some(share: Option<f64>) -> String {
    share.map_or_else(|| format!("fewer than {DEFAULT_K} cells"), percent)
}

/// A number of rows; what is below `k` is not told.
pub(super) fn count(n: usize) -> String {
    match Count::masked(n, DEFAULT_K) {
        Count::Exactly(n) => grouped(n),
        few => few.to_string(),
    }
}

/// A number with its thousands set apart.
pub(super) fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// An edge of a bin: a number, or a date where the column holds dates.
pub(super) fn edge(x: f64, kind: Kind) -> String {
    if kind != Kind::Datetime {
        return x.to_string().replace('-', "−");
    }
    let format = if x % 86_400.0 == 0.0 { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M" };
    DateTime::from_timestamp(x as i64, 0).map_or_else(|| x.to_string(), |time| time.format(format).to_string())
}

/// A text of a [view](synth_compliance::CheckView) with minus signs and thousands as the page has them.
pub(super) fn typeset(text: &str) -> String {
    let word = |word: &str| word.parse().map_or_else(|_| word.replace('-', "−"), grouped);
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// So many of something.
pub(super) fn plural(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_have_no_minus_zero() {
        assert_eq!([number(-0.0001), number(-0.25), number(0.5)], ["0.000", "−0.250", "0.500"]);
        assert_eq!([percent(0.5), percent(0.123)], ["50 %", "12.3 %"]);
        assert_eq!([grouped(999), grouped(26_049)], ["999", "26\u{202f}049"]);
        assert_eq!([count(0), count(3), count(11)], ["0", "fewer than 11", "11"]);
        assert_eq!([edge(-2.5, Kind::Continuous), edge(86_400.0, Kind::Datetime)], ["−2.5", "1970-01-02"]);
        assert_eq!(typeset("≥ 26049"), "≥ 26\u{202f}049");
        assert_eq!(typeset("-0.50 to 0.50"), "−0.50 to 0.50");
        assert_eq!(short("abcdef", 4), "abc…");
        assert_eq!(short("abcd", 4), "abcd");
    }
}

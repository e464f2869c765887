//! One spelling for many: full-width digits, odd blanks and dashes, accents, capitals.
//!
//! Normal forms are those of Unicode Standard Annex 15.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The cell in compatibility form (NFKC), with plain blanks and dashes, nothing invisible, trimmed.
pub(super) fn clean(cell: &str) -> Cow<'_, str> {
    if cell.is_ascii() {
        return Cow::Borrowed(cell.trim());
    }
    let text: String = cell
        .nfkc()
        .filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}'))
        .map(|c| match c {
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            '\u{2018}' | '\u{2019}' => '\'',
            c if c.is_whitespace() => ' ',
            c => c,
        })
        .collect();
    Cow::Owned(text.trim().to_owned())
}

/// In lower case without accents: `Größe` and `grosse` are one.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            'ß' => folded.push_str("ss"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'æ' => folded.push_str("ae"),
            c => folded.push(c),
        }
    }
    folded
}

/// The decimal digits of a text, and nothing else.
pub(super) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_spellings_become_plain() {
        let check = |cell, expected| assert_eq!(clean(cell), expected);
        check("  079 1 ", "079 1");
        check("０７９\u{a0}１２３", "079 123");
        check("123\u{2011}45\u{2013}6789", "123-45-6789");
        check("j\u{200b}o\u{ad}hn\u{feff}", "john");
        check("＠", "@");
    }

    #[test]
    fn accents_and_capitals_fold() {
        let check = |text, expected: &str| assert_eq!(fold(text), expected);
        check("Prénom", "prenom");
        check("STRASSE", "strasse");
        check("Straße", "strasse");
        check("Geburtsdátum", "geburtsdatum");
        check("n\u{303}", "n");
    }
}

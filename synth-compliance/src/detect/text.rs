//! Free text, unique codes among it, and binary content spelled as text.

use super::column::Column;
use super::finding::{Identifier, Treatment};
use super::test::{Detector, Test};

pub(super) const DETECTOR: Detector = Detector { tests: TESTS, mentions: &[] };

const TESTS: &[Test] = &[
    Test::new(Identifier::Photograph, Treatment::Remove, is_image).alone(0.01, 1, 0.95),
    // A template, a print, a recording: what it is cannot be seen, what it may be is enough.
    Test::new(Identifier::Biometric, Treatment::Remove, is_blob).alone(0.1, 1, 0.6),
    Test::new(Identifier::Biometric, Treatment::Remove, is_vector).alone(0.5, 2, 0.7),
];

/// An image by the first signs of its bytes in base64 or hexadecimal, as a data URL, or by the name of its file.
fn is_image(cell: &str) -> bool {
    const STARTS: [&str; 12] = [
        "data:image/",
        "/9j/",
        "iVBORw0KGgo",
        "R0lGOD",
        "UklGR",
        "SUkqA",
        "TU0AK",
        "ffd8ff",
        "FFD8FF",
        "89504e47",
        "89504E47",
        "0xFFD8FF",
    ];
    const ENDS: [&str; 11] =
        [".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".webp", ".dcm", ".raw"];
    if cell.len() < 5 || cell.contains(' ') && cell.len() > 200 {
        return false;
    }
    let starts = STARTS.iter().any(|start| cell.starts_with(start)) && cell.len() >= 16;
    starts
        || cell.len() <= 200 && {
            let cell = cell.to_ascii_lowercase();
            ENDS.iter().any(|end| cell.ends_with(end) && cell.len() > end.len()) && !cell.starts_with("http")
        }
}

/// A long word of base64 or hexadecimal digits in which many different signs stand.
fn is_blob(cell: &str) -> bool {
    if cell.len() < 48 || matches!(cell.len(), 64 | 128) && cell.bytes().all(|b| b.is_ascii_hexdigit()) {
        return false;
    }
    let symbol = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_' | b'\n' | b'\r');
    let mut seen = [false; 256];
    for b in cell.bytes() {
        if !symbol(b) {
            return false;
        }
        seen[usize::from(b)] = true;
    }
    let different = seen.iter().filter(|seen| **seen).count();
    different >= 12 && cell.bytes().any(|b| b.is_ascii_digit())
}

/// Sixteen numbers or more in brackets: an embedding.
fn is_vector(cell: &str) -> bool {
    let Some(inner) = cell.strip_prefix('[').and_then(|cell| cell.strip_suffix(']')) else { return false };
    let numbers = inner.split([',', ' ', ';']).filter(|part| !part.is_empty());
    numbers.clone().count() >= 16 && numbers.clone().all(|number| number.trim().parse::<f64>().is_ok())
}

/// Amounts of money and numbers with signs: no prose, although each cell is another.
fn is_amount(cell: &str) -> bool {
    let rest = cell.trim_matches(|c: char| c.is_whitespace() || "$€£%-()<>=~".contains(c));
    !rest.is_empty()
        && rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b',' | b'.' | b'\'' | b':' | b'/' | b' '))
}

/// What a column of text that nothing else has explained is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prose {
    /// Sentences or phrases.
    Free,
    /// One or two words with digits, most of them different.
    Codes,
    /// Levels, amounts or times.
    No,
}

/// Judges a column of text: the core's own judgement where it has one, else by its cells, in a small table too.
pub(super) fn prose(column: &Column<'_>, is_text_kind: bool) -> Prose {
    if !column.is_text() || column.n == 0 || column.count(is_amount).share() > 0.8 {
        return Prose::No;
    }
    let n_words: usize = column.cells.iter().map(|(cell, _)| cell.split_whitespace().count()).sum();
    let n_chars: usize = column.cells.iter().map(|(cell, _)| cell.chars().count()).sum();
    let n = column.n_distinct() as f64;
    let (words, chars) = (n_words as f64 / n, n_chars as f64 / n);
    let code = |cell: &str| cell.split_whitespace().count() <= 2 && cell.bytes().any(|b| b.is_ascii_digit());
    if column.distinct_share() > 0.5 && column.n_distinct() >= 20 && column.count(code).share() > 0.8 {
        return Prose::Codes;
    }
    let long = words >= 4.0 || chars >= 40.0;
    if is_text_kind || (long && column.distinct_share() > 0.5 && column.n_distinct() >= 3) {
        return Prose::Free;
    }
    Prose::No
}

#[cfg(test)]
mod tests {
    use super::super::test::check;
    use super::*;

    #[test]
    fn images_and_blobs() {
        check(
            is_image,
            &[
                "data:image/png;base64,iVBORw0KGgo",
                "/9j/4AAQSkZJRgABAQ",
                "IMG_0017.JPG",
                "scans/p1.dcm",
                "ffd8ffe000104a464946",
            ],
            &["jpg", "png", ".png", "a long text that ends in a name.", "/9j/"],
        );
        check(
            is_blob,
            &[
                "Rk1SACAyMAAAAADkAAABPAFiAMUAxQEAAAAoIUCHAEzuZEB0AF6aZA==",
                "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8",
            ],
            &[
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "a sentence that is quite long and has blanks in it, 12",
                "short1",
            ],
        );
        check(
            is_vector,
            &["[0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1.0,1.1,1.2,1.3,1.4,1.5,1.6]"],
            &["[1,2,3]", "[10-20)", "[a]"],
        );
    }
}

//! Places smaller than a state: streets, postal codes, coordinates.
//!
//! Cities and counties are told by the column's name alone: a list of places would take surnames and levels for them.

use std::sync::LazyLock;

use regex::Regex;
use synth_core::protect::RESTRICTED_ZIP_PREFIXES;

use super::column::Column;
use super::finding::{Identifier, Treatment};
use super::test::{Detector, Mention, Test, regex};
use synth_core::protect::FakeKind;

pub(super) const DETECTOR: Detector = Detector { tests: TESTS, mentions: MENTIONS };

const TESTS: &[Test] = &[
    Test::new(Identifier::Geography, Treatment::Fake(FakeKind::Street), is_street).alone(0.1, 1, 0.9),
    Test::new(Identifier::Geography, Treatment::ZipPrefix, is_zip_plus_four).alone(0.2, 2, 0.9),
    Test::new(Identifier::Geography, Treatment::Fake(FakeKind::Postcode), is_foreign_postcode).alone(0.7, 5, 0.8),
    Test::new(Identifier::Geography, Treatment::Remove, is_coordinate_pair).alone(0.5, 2, 0.95),
];

const MENTIONS: &[Mention] = &[
    Mention::new(Identifier::Geography, mentions_street, 0.85),
    Mention::new(Identifier::Geography, mentions_zip, 0.85),
];

const STATES: &str = "(?:AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|PR|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY)";

fn street() -> &'static Regex {
    // The number first (English, French), or last (German, Italian, Spanish, Dutch).
    static STREET: LazyLock<Regex> = regex!(
        r"(?xi)
          \b\d{1,5}[a-z]?\s(?:(?:[nsew]|north|south|east|west)\.?\s)?(?:[\p{L}\d'.]+\s){1,4}(?:street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|square|sq|highway|hwy|parkway|pkwy|terrace|ter|circle|cir|trail|close|crescent)\b\.?
        | \b\d{1,4}\s?(?:bis|ter)?,?\s(?:rue|avenue|boulevard|chemin|allée|impasse|quai|route)\s(?:de\s|du\s|des\s|de\sla\s|d'|l')?[\p{L}'-]+
        | \b[\p{L}.-]{2,}(?:strasse|straße|str\.|gasse|weg|platz|allee|ring|straat|laan)\s?\d{1,4}\s?[a-z]?\b
        | \b[\p{L}.-]+\s(?:strasse|straße|str\.)\s?\d{1,4}\s?[a-z]?\b
        | \b(?:via|viale|piazza|corso|calle|avenida|paseo|plaza|rua)\s(?:[\p{L}'.-]+\s?){1,4},?\s(?:n[.º°]?\s?)?\d{1,4}\b
        | \bp\.?\s?o\.?\s?box\s\d+ | \bpostfach\s\d+"
    );
    &STREET
}

/// A street with its house number, or a post office box.
pub(super) fn is_street(cell: &str) -> bool {
    mentions_street(cell) && cell.split_whitespace().count() <= 14
}

fn mentions_street(cell: &str) -> bool {
    cell.len() >= 6 && cell.bytes().any(|b| b.is_ascii_digit()) && cell.contains(' ') && street().is_match(cell)
}

fn mentions_zip(cell: &str) -> bool {
    static ZIP: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!(r"\b{STATES}\.?,? \d{{5}}(?:-\d{{4}})?\b")).expect("the pattern is tested")
    });
    static LABELLED: LazyLock<Regex> = regex!(r"(?i)\b(?:zip|zip code|plz|postcode)[ :]{1,2}\d{4,5}\b");
    cell.bytes().filter(u8::is_ascii_digit).count() >= 4 && (ZIP.is_match(cell) || LABELLED.is_match(cell))
}

/// `02139`, `02139-1234`, `2139` of a number that lost its nought.
fn is_zip(cell: &str) -> bool {
    let cell = cell.strip_suffix(".0").unwrap_or(cell);
    let (zip, four) = cell.split_once(['-', ' ']).unwrap_or((cell, "0000"));
    let numeric = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    numeric(zip) && numeric(four) && (zip.len() == 5 || zip.len() == 4 || zip.len() == 9) && four.len() == 4
}

fn is_zip_plus_four(cell: &str) -> bool {
    cell.len() == 10 && cell.as_bytes()[5] == b'-' && is_zip(cell)
}

/// A postal code of the United Kingdom or Canada, with its space.
fn is_foreign_postcode(cell: &str) -> bool {
    static POSTCODE: LazyLock<Regex> = regex!(
        r"(?i)^(?:[A-PR-UWYZ][A-HK-Y]?\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2}|[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z][ -]\d[ABCEGHJ-NPRSTV-Z]\d)$"
    );
    (6..=8).contains(&cell.len()) && POSTCODE.is_match(cell)
}

/// A latitude and a longitude in one cell, with three decimals or more: a hundred metres.
fn is_coordinate_pair(cell: &str) -> bool {
    static PAIR: LazyLock<Regex> = regex!(
        r"(?i)^(?:point ?)?[(\[]?\s*([+-]?\d{1,3}\.\d{3,})°?\s?[NSEW]?\s?[,; /]\s?([+-]?\d{1,3}\.\d{3,})°?\s?[NSEW]?\s*[)\]]?$"
    );
    let within = |text: &str| text.parse::<f64>().is_ok_and(|x| x.abs() <= 180.0);
    PAIR.captures(cell).is_some_and(|found| within(&found[1]) && within(&found[2]))
}

/// What a column called a postal code holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ZipColumn {
    /// Five digits, perhaps four more: the share of the cells.
    Whole(f64),
    /// Three digits: the share of those in a restricted area.
    Prefix(f64),
    /// Codes of another country.
    Foreign,
    /// No postal codes.
    No,
}

/// Judges a column called a postal code.
pub(super) fn zip_column(column: &Column<'_>) -> ZipColumn {
    let spelled = |cell: &str| cell.strip_suffix(".0").unwrap_or(cell).trim_end_matches(['x', 'X', '*']).to_owned();
    let of_length = |n: usize| {
        move |cell: &str| {
            let cell = spelled(cell);
            cell.len() == n && cell.bytes().all(|b| b.is_ascii_digit())
        }
    };
    let (whole, short, prefix) = (column.count(is_zip), column.count(of_length(4)), column.count(of_length(3)));
    if prefix.share() >= 0.5 && prefix.rows >= whole.rows {
        let restricted = |cell: &str| RESTRICTED_ZIP_PREFIXES.contains(&spelled(cell).as_str());
        return ZipColumn::Prefix(column.count(restricted).share());
    }
    // Codes of four digits only are those of a small country.
    let american = whole.rows > short.rows;
    let coded = |cell: &str| cell.len() <= 12 && cell.bytes().any(|b| b.is_ascii_digit());
    match whole.share() {
        share if share > 0.0 && american => ZipColumn::Whole(share),
        _ if column.count(coded).share() >= 0.5 && column.n_distinct() > 2 => ZipColumn::Foreign,
        _ => ZipColumn::No,
    }
}

/// Whether a column called a latitude or longitude is one, finer than one decimal of a degree (11 km).
pub(super) fn is_fine_coordinate(column: &Column<'_>) -> bool {
    let degrees = |cell: &str| {
        let cell = cell.trim_end_matches(['N', 'S', 'E', 'W', '°', ' ']);
        let fine = cell.split_once('.').is_some_and(|(_, decimals)| decimals.len() > 1);
        (cell.parse::<f64>().is_ok_and(|x| x.abs() <= 180.0), fine)
    };
    let inside = column.count(|cell| degrees(cell).0).share();
    inside >= 0.95 && column.count(|cell| degrees(cell).1).rows > 0
}

#[cfg(test)]
mod tests {
    use super::super::test::check;
    use super::*;

    #[test]
    fn streets_in_five_languages() {
        check(
            is_street,
            &[
                "12 Main St",
                "221B Baker Street",
                "1600 N Pennsylvania Ave.",
                "Bahnhofstrasse 12",
                "Lange Straße 7a",
                "Hauptstr. 3",
                "Lindenweg 4",
                "12, rue de la Paix",
                "3 bis, avenue Foch",
                "Via Roma, 15",
                "Calle Mayor 3",
                "PO Box 123",
                "P.O. Box 77",
                "Postfach 12",
            ],
            &[
                "Main",
                "120 mg",
                "grade 3",
                "via mouth",
                "2 st",
                "I am 12",
                "Emergency room",
                "St Mary",
                "Ave Maria",
                "12",
                "Type 2 Diabetes",
            ],
        );
        check(
            mentions_street,
            &["lives at 12 Main St with her son", "wohnt Bahnhofstrasse 12 in Z"],
            &["walked 3 miles", "took 20 mg via tube"],
        );
        check(mentions_zip, &["Cambridge, MA 02139", "PLZ 8001 Z"], &["ME 5", "in 02139"]);
    }

    #[test]
    fn postal_codes_and_coordinates() {
        check(is_zip, &["02139", "02139-1234", "2139", "02139.0", "021391234"], &["213", "02139-12", "abcde"]);
        check(is_foreign_postcode, &["SW1A 1AA", "M1 1AE", "K1A 0B1", "k1a-0b1"], &["SW1A1AA", "A1 234", "E11.9"]);
        check(
            is_coordinate_pair,
            &["47.3769, 8.5417", "(47.3769,8.5417)", "POINT (8.5417 47.3769)", "47.3769° N, 8.5417° E"],
            &["47.3, 8.5", "1.234", "200.123, 1.234", "1.234-5.678"],
        );
    }
}

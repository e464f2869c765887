//! US ZIP codes cut to the area of their first three digits (45 CFR 164.514(b)(2)(i)(B)).

use super::column::{Change, Column};
use crate::schema::{Kind, Storage};
use crate::table::column_from_labels;

/// Areas of three digits in which 20,000 people or fewer live, which become `000`. The rule is the number of people; the
/// list is that of one census: [`ZIP_PREFIX_SOURCE`].
pub const RESTRICTED_ZIP_PREFIXES: [&str; 17] = [
    "036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878", "879", "884", "890",
    "893",
];

/// Where [`RESTRICTED_ZIP_PREFIXES`] comes from. A later census has another list.
pub const ZIP_PREFIX_SOURCE: &str =
    "areas of at most 20,000 people in the Census of 2000, as listed in the HHS guidance on de-identification of 2012";

pub(super) fn apply(column: Column) -> Change {
    let before = column.as_table().labels(0);
    let Column { mut field, array: _ } = column;
    let reading = if !field.storage.is_number() {
        Reading::Text
    } else if before.iter().flatten().all(|label| whole(label).is_some_and(|n| n < 1_000)) {
        // A number has lost its leading zeros; if none needs more than three digits, they are prefixes already.
        Reading::Padded(3)
    } else {
        Reading::Padded(5)
    };
    (field.kind, field.storage) = (Kind::Categorical, Storage::Text);
    (field.number, field.arrow) = (None, None);
    field.order.clear();
    let after: Vec<Option<String>> =
        before.iter().map(|label| label.as_deref().and_then(|label| prefix(label, reading))).collect();
    let rows = (0..before.len()).filter(|&row| before[row] != after[row]).collect();
    let array = column_from_labels(&field, after.iter().map(Option::as_deref));
    Change { column: Column { field, array }.settled(), rows, levels: None }
}

#[derive(Clone, Copy)]
enum Reading {
    Text,
    /// A number that had this many digits, or nine.
    Padded(usize),
}

fn whole(label: &str) -> Option<u64> {
    let x: f64 = label.parse().ok()?;
    (x >= 0.0 && x.fract() == 0.0 && x < 1e9).then_some(x as u64)
}

/// The three digits of a cell; `None` if it is no ZIP code.
fn prefix(label: &str, reading: Reading) -> Option<String> {
    let digits = match reading {
        Reading::Padded(width) => {
            let number = whole(label)?;
            let width = if number > 99_999 { 9 } else { width };
            format!("{number:0width$}")
        }
        Reading::Text => {
            let text: String = label.trim().chars().map(plain_digit).collect();
            let text = text.strip_suffix(".0").unwrap_or(&text);
            let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            let (first, rest) = text.split_at(split);
            // ZIP+4, with a hyphen of any kind or a blank.
            let rest = rest.trim_start_matches([' ', '-', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2212}']);
            match (first.len(), rest.len()) {
                (3 | 5 | 9, 0) | (5, 4) if rest.bytes().all(|b| b.is_ascii_digit()) => first.to_owned(),
                _ => return None,
            }
        }
    };
    let prefix = &digits[..3];
    Some(if RESTRICTED_ZIP_PREFIXES.contains(&prefix) { "000".to_owned() } else { prefix.to_owned() })
}

/// A digit of full width as one of ASCII.
fn plain_digit(c: char) -> char {
    match c {
        '\u{ff10}'..='\u{ff19}' => char::from(b'0' + (c as u32 - 0xff10) as u8),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Protection, Secret, apply};
    use super::*;
    use crate::table::Table;

    #[test]
    fn three_digits_stay_and_small_areas_are_000() {
        let cells = [
            ("02139", Some("021")),
            ("02139-4307", Some("021")),
            ("02139 4307", Some("021")),
            ("021394307", Some("021")),
            (" 90210 ", Some("902")),
            ("０２１３９", Some("021")),
            ("03601", Some("000")),
            ("893", Some("000")),
            ("902", Some("902")),
            ("2139", None),
            ("SW1A 1AA", None),
            ("02139-", None),
            ("0213x", None),
        ];
        // A missing second part is still a ZIP code of five digits.
        let expected: Vec<Option<String>> = cells
            .iter()
            .map(|(cell, to)| if *cell == "02139-" { Some("021".into()) } else { to.map(str::to_owned) })
            .collect();
        let input: Vec<Option<&str>> = cells.iter().map(|(cell, _)| Some(*cell)).collect();
        let input = Table::builder().labels("zip", input).kind("zip", Kind::Categorical);
        let (output, _) =
            apply(&input.protect("zip", [Protection::ZipPrefix {}]).build().unwrap(), &Secret::from_seed(0)).unwrap();
        assert_eq!(output.labels(0), expected);
    }

    #[test]
    fn numbers_get_their_zeros_back() {
        let zip = |values: &[Option<i64>]| {
            let input = Table::builder().integers("zip", values.iter().copied()).kind("zip", Kind::Integer);
            let (output, _) =
                apply(&input.protect("zip", [Protection::ZipPrefix {}]).build().unwrap(), &Secret::from_seed(0))
                    .unwrap();
            let (field, _) = output.column(0);
            assert_eq!((field.storage, field.number), (Storage::Text, None));
            output.labels(0)
        };
        let some = |texts: &[&str]| texts.iter().map(|text| Some((*text).to_owned())).collect::<Vec<_>>();
        assert_eq!(zip(&[2_139, 90_210, 501, 21_394_307].map(Some)), some(&["021", "902", "005", "021"]));
        assert_eq!(zip(&[21, 902, 36].map(Some)), some(&["021", "902", "000"]));
        assert_eq!(zip(&[Some(-5), None, Some(1_234)]), [None, None, Some("012".to_owned())]);
    }
}

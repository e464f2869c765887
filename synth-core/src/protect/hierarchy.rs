//! Codes that name a place in a known hierarchy are cut to a shorter beginning before they are pooled: `H53.1` says less as `H53`, and
//! still more than "other".
//!
//! Known are the codes of ICD-10 (`H53.12`, `H53.1`, `H53`, the letter `H`), those of ATC (`A10BA02`, `A10BA`, `A10B`, `A10`, `A`),
//! and the weeks, months and quarters of a year (`2021-W43`, `2021-10`, `2021Q4`, all of `2021`). Nearly all levels of a
//! column must have one such form. Only what too few units have is cut, and only as far as it must be; the rest keeps all of its code. What is rare
//! even in its first step is left to the merging of rare levels.
//!
//! Left out on purpose: hierarchies that a code does not spell out (a region of a place), and those of numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::column::{Change, Column};
use crate::schema::{Kind, Storage};
use crate::table::{Levels, Units, column_from_labels};

/// The share of the levels that must have the form of the codes.
const LEAST_SHARE: f64 = 0.95;
/// With fewer levels there is nothing to gain.
const LEAST_LEVELS: usize = 10;

/// The next shorter form of a code, `None` for the shortest; the outer `None` for what is no code of the hierarchy.
type Shorter = fn(&str) -> Option<Option<&str>>;

const HIERARCHIES: [Shorter; 3] = [icd10, atc, part_of_a_year];

/// Cuts the rare codes of a column of codes, then does `then`. A change of either is told as one.
pub(super) fn first(column: Column, units: &Units, k: usize, then: impl FnOnce(Column) -> Change) -> Change {
    let cut = shortened(&column, units, k);
    let Some((labels, cut_rows)) = cut else { return then(column) };
    let Column { field, .. } = column;
    let array = column_from_labels(&field, labels.iter().map(Option::as_deref));
    let mut change = then(Column { field, array });
    change.rows.extend(cut_rows);
    change.rows.sort_unstable();
    change.rows.dedup();
    change
}

/// The labels after cutting, and the rows that were cut; `None` if the column has no such codes, or none is rare.
fn shortened(column: &Column, units: &Units, k: usize) -> Option<(Vec<Option<String>>, Vec<usize>)> {
    if column.field.kind != Kind::Categorical || column.field.storage != Storage::Text {
        return None;
    }
    let Levels { names, codes } = column.as_table().levels(0);
    if names.len() < LEAST_LEVELS {
        return None;
    }
    let is_of = |shorter: &&Shorter| {
        let n = names.iter().filter(|name| shorter(name.as_str()).is_some()).count();
        n as f64 >= LEAST_SHARE * names.len() as f64
    };
    let shorter = HIERARCHIES.iter().find(is_of)?;
    let mut having = vec![BTreeSet::new(); names.len()];
    for (row, code) in codes.iter().enumerate() {
        if let Some(code) = code {
            having[*code as usize].insert(units.of_row(row));
        }
    }
    let mut now: Vec<&str> = names.iter().map(String::as_str).collect();
    loop {
        let mut of_label: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for (label, having) in now.iter().zip(&having) {
            of_label.entry(label).or_default().extend(having);
        }
        // The longest first, so that a code joins its own group before that group is given up.
        let rare = |label: &&str| of_label[*label].len() < k && matches!(shorter(label), Some(Some(_)));
        let Some(longest) = now.iter().filter(|label| rare(label)).map(|label| label.len()).max() else { break };
        let is_cut: Vec<bool> = now.iter().map(|label| label.len() == longest && rare(label)).collect();
        for (label, _) in now.iter_mut().zip(is_cut).filter(|(_, is_cut)| *is_cut) {
            *label = shorter(label).flatten().expect("it was just asked");
        }
    }
    let is_moved: Vec<bool> = names.iter().zip(&now).map(|(name, now)| name != now).collect();
    if !is_moved.contains(&true) {
        return None;
    }
    let rows = (0..codes.len()).filter(|&row| codes[row].is_some_and(|code| is_moved[code as usize])).collect();
    let labels = codes.iter().map(|code| code.map(|code| now[code as usize].to_owned())).collect();
    Some((labels, rows))
}

/// Chapter letter, two characters, and up to four behind a dot; the dot may be missing.
fn icd10(code: &str) -> Option<Option<&str>> {
    let bytes = code.as_bytes();
    let is_letter = bytes.first().is_some_and(u8::is_ascii_uppercase);
    let rest = bytes.get(1..)?;
    let category = rest.first().is_none_or(u8::is_ascii_digit) && rest.get(1).is_none_or(u8::is_ascii_alphanumeric);
    let behind = match bytes.get(3) {
        Some(b'.') => &bytes[4..],
        Some(_) => &bytes[3..],
        None => &[],
    };
    let is_code = is_letter
        && category
        && !matches!(bytes.len(), 2)
        && (bytes.get(3) != Some(&b'.') || !behind.is_empty())
        && behind.len() <= 4
        && behind.iter().all(u8::is_ascii_alphanumeric);
    is_code.then_some(match bytes.len() {
        1 => None,
        3 => Some(&code[..1]),
        4 | 5 if bytes.get(3) == Some(&b'.') || bytes.len() == 4 => Some(&code[..3]),
        n => Some(&code[..n - 1]),
    })
}

/// Seven characters of the form `A10BA02`, and their beginnings.
fn atc(code: &str) -> Option<Option<&str>> {
    let is_kind = |(i, byte): (usize, u8)| match i {
        0 | 3 | 4 => byte.is_ascii_uppercase(),
        _ => byte.is_ascii_digit(),
    };
    let is_code = code.bytes().enumerate().all(is_kind);
    match code.len() {
        1 if is_code => Some(None),
        3 if is_code => Some(Some(&code[..1])),
        4 if is_code => Some(Some(&code[..3])),
        5 if is_code => Some(Some(&code[..4])),
        7 if is_code => Some(Some(&code[..5])),
        _ => None,
    }
}

/// A year, and a week, month, quarter or half of one: `2021-W43`, `2021W43`, `2021-10`, `2021Q4`, `2021-H1`.
fn part_of_a_year(code: &str) -> Option<Option<&str>> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (year, part) = code.is_char_boundary(4).then(|| code.split_at_checked(4)).flatten()?;
    if !is_number(year) || !(1800..=2200).contains(&year.parse::<u32>().ok()?) {
        return None;
    }
    let dashed = part.strip_prefix(['-', '/', ' ']);
    let named = dashed.unwrap_or(part).strip_prefix(['W', 'w', 'Q', 'q', 'H', 'h', 'M', 'm']);
    match (part, named, dashed) {
        ("", ..) => Some(None),
        (_, Some(number), _) | (_, None, Some(number)) if is_number(number) && number.len() <= 2 => Some(Some(year)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Field;
    use std::sync::Arc;

    fn steps(shorter: Shorter, code: &'static str) -> Option<Vec<&'static str>> {
        let mut steps = vec![code];
        while let Some(next) = shorter(steps[steps.len() - 1])? {
            steps.push(next);
        }
        Some(steps)
    }

    #[test]
    fn codes_are_cut_step_by_step() {
        assert_eq!(steps(icd10, "H53.12").unwrap(), ["H53.12", "H53.1", "H53", "H"]);
        assert_eq!(steps(icd10, "E119").unwrap(), ["E119", "E11", "E"]);
        assert_eq!(steps(icd10, "C7A").unwrap(), ["C7A", "C"]);
        assert_eq!(steps(atc, "A10BA02").unwrap(), ["A10BA02", "A10BA", "A10B", "A10", "A"]);
        for code in ["2021-W43", "2021W43", "2021-10", "2021Q4", "2021-H1"] {
            assert_eq!(steps(part_of_a_year, code).unwrap(), [code, "2021"]);
        }
        for other in ["", "other", "H5", "h53", "H53.", "H53.12345", "53.1", "Hé3"] {
            assert_eq!(icd10(other), None, "{other}");
        }
        for other in ["2021-W431", "21-W43", "2021-", "9999-W10", "20é1"] {
            assert_eq!(part_of_a_year(other), None, "{other}");
        }
    }

    fn cut(cells: &[(&str, usize)], k: usize) -> Option<BTreeMap<String, usize>> {
        let field = Field::new("dx", Kind::Categorical, Storage::Text);
        let labels = cells.iter().flat_map(|&(label, n)| std::iter::repeat_n(Some(label), n));
        let array = column_from_labels(&field, labels);
        let units = Units::rows(array.len());
        let (labels, rows) = shortened(&Column { field, array: Arc::clone(&array) }, &units, k)?;
        let mut counts = BTreeMap::new();
        labels.into_iter().flatten().for_each(|label| *counts.entry(label).or_insert(0) += 1);
        assert!(!rows.is_empty());
        Some(counts)
    }

    #[test]
    fn rare_codes_join_their_group_and_common_ones_stay_whole() {
        let cells = [
            ("H53.1", 20),
            ("H53.2", 3),
            ("H53.3", 4),
            ("H52.0", 1),
            ("H40.1", 2),
            ("A01.0", 2),
            ("E11.9", 30),
            ("I10.0", 9),
            ("I10.1", 9),
            ("J45.9", 9),
        ];
        let counts = cut(&cells, 5).unwrap();
        let expected =
            [("H53.1", 20), ("H53", 7), ("H", 3), ("A", 2), ("E11.9", 30), ("I10.0", 9), ("I10.1", 9), ("J45.9", 9)];
        assert_eq!(counts, expected.map(|(label, n)| (label.to_owned(), n)).into());
        assert_eq!(cut(&cells, 1), None);
        // Words are no codes.
        let words: Vec<String> = (0..20).map(|i| format!("word{i}")).collect();
        assert_eq!(cut(&words.iter().map(|word| (word.as_str(), 2)).collect::<Vec<_>>(), 5), None);
    }
}

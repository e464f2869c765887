//! Whether a table's first row holds names or data.
//!
//! Each column may speak. *For names*: a word above numbers. *For data*: a number above numbers, or a word that
//! recurs below. If both are said, names win when no word recurs and the numbers above numbers are distinct whole
//! ones (`id,2019,2020`: years as names); else the majority. If nothing is said, the first row is taken for names
//! unless it cannot be: a cell in it is a number, or two are equal.

use std::collections::HashSet;

use arrow::array::StringArray;

use crate::infer::spelled;

/// Rows below the first that are looked at.
const MAX_ROWS: usize = 2000;

/// What the first row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FirstRow {
    /// Names, and the columns show it.
    Names,
    /// Names, for want of evidence.
    NamesPerhaps,
    /// Data.
    Data,
}

/// Judges the first row of `columns`, which have all rows, the first included.
pub(super) fn first_row(columns: &[StringArray], decimal: char) -> FirstRow {
    let number = |cell: &str| spelled(cell.trim(), decimal);
    let no_value =
        |cell: &str| matches!(cell.trim(), "" | "?" | "." | "NA" | "N/A" | "NaN" | "nan" | "null" | "NULL" | "-");
    let first: Vec<&str> = columns.iter().map(|column| column.value(0).trim()).collect();

    let (mut words_above_numbers, mut recurring) = (0, 0);
    let mut numbers_above_numbers = Vec::new();
    for (column, &name) in columns.iter().zip(&first) {
        if no_value(name) {
            continue;
        }
        let below = (1..arrow::array::Array::len(column).min(MAX_ROWS + 1)).map(|row| column.value(row));
        let (mut n_numbers, mut n_words, mut recurs) = (0, 0, false);
        for cell in below.filter(|cell| !no_value(cell)) {
            if number(cell).is_some() {
                n_numbers += 1;
            } else {
                n_words += 1;
            }
            recurs |= cell.trim() == name;
        }
        let is_numeric = n_numbers > 0 && n_words * 20 <= n_numbers;
        match number(name) {
            Some(spelled) if is_numeric => numbers_above_numbers.push(spelled),
            None if is_numeric && n_words == 0 => words_above_numbers += 1,
            None if recurs => recurring += 1,
            _ => {}
        }
    }
    let for_data = numbers_above_numbers.len() + recurring;
    if words_above_numbers == 0 && for_data == 0 {
        let distinct: HashSet<&str> = first.iter().copied().collect();
        let could_be_names = first.iter().all(|cell| number(cell).is_none())
            && distinct.len() == first.len()
            && first.iter().any(|cell| !no_value(cell));
        return if could_be_names { FirstRow::NamesPerhaps } else { FirstRow::Data };
    }
    let like_years = || {
        let distinct: HashSet<u64> = numbers_above_numbers.iter().map(|s| s.value.to_bits()).collect();
        distinct.len() == numbers_above_numbers.len() && numbers_above_numbers.iter().all(|s| s.plain_whole)
    };
    let names =
        for_data == 0 || (words_above_numbers > 0 && recurring == 0 && like_years()) || words_above_numbers > for_data;
    if names { FirstRow::Names } else { FirstRow::Data }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &[&[&str]], expected: FirstRow) {
        let columns: Vec<StringArray> =
            (0..rows[0].len()).map(|i| StringArray::from_iter_values(rows.iter().map(|row| row[i]))).collect();
        assert_eq!(first_row(&columns, '.'), expected, "{rows:?}");
    }

    #[test]
    fn the_first_row_is_what_it_looks_like() {
        check(&[&["age", "sex"], &["63", "m"], &["41", "f"]], FirstRow::Names);
        check(&[&["63.0", "1.0"], &["41.0", "1.0"]], FirstRow::Data);
        check(&[&["39", "State-gov", "Male"], &["50", "Private", "Male"]], FirstRow::Data);
        check(&[&["name", "town"], &["Ann", "Bern"], &["Bo", "Rome"]], FirstRow::NamesPerhaps);
        check(&[&["no", "yes"], &["yes", "yes"], &["no", "no"]], FirstRow::Data);
        check(&[&["id", "2019", "2020"], &["1", "5", "6"], &["2", "7", "8"]], FirstRow::Names);
        check(&[&["?", "1.0", "1.0"], &["2", "1.0", "3.0"]], FirstRow::Data);
        check(&[&["unknown", "1.0", "1.0"], &["2", "1.0", "3.0"]], FirstRow::Data);
        check(&[&["x", "y"], &["1", "?"], &["?", "NA"]], FirstRow::Names);
        check(&[&["a", "a"], &["1", "2"]], FirstRow::Names);
        check(&[&["age", "sex"]], FirstRow::NamesPerhaps);
        check(&[&["63", "m"]], FirstRow::Data);
    }
}

//! Whether a table's first row holds names or data.
//!
//! Each column may speak. *For names*: a word above figures (numbers, dates, codes of digits). *For data*: a figure
//! above figures, or a word that recurs below. If both are said, names win when no word recurs and the figures above figures are distinct whole
//! ones (`id,2019,2020`: years as names); else the majority. If nothing is said, the first row is taken for names
//! unless it cannot be: a cell in it is a figure, or two are equal.

use std::collections::HashSet;

use arrow::array::StringArray;

use crate::spelling::number::spelled;

/// Rows below the first that are looked at.
pub(super) const MAX_ROWS: usize = 2000;

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

/// Judges the first row of `columns`, which have the first rows, that in question included.
pub(super) fn first_row(columns: &[StringArray], decimal: char) -> FirstRow {
    let figure = |cell: &str| {
        let no_letter = |c: char| !c.is_alphabetic() || c == 'T' || c == 'Z';
        let like_a_figure = cell.contains(|c: char| c.is_ascii_digit()) && cell.chars().all(no_letter);
        like_a_figure || spelled(cell.trim(), decimal).is_some()
    };
    let no_value =
        |cell: &str| matches!(cell.trim(), "" | "?" | "." | "NA" | "N/A" | "NaN" | "nan" | "null" | "NULL" | "-");
    let first: Vec<&str> = columns.iter().map(|column| column.value(0).trim()).collect();

    let (mut words_above, mut recurring) = (0, 0);
    let mut figures_above = Vec::new();
    for (column, &name) in columns.iter().zip(&first) {
        if no_value(name) {
            continue;
        }
        let below = (1..arrow::array::Array::len(column).min(MAX_ROWS + 1)).map(|row| column.value(row));
        let (mut n_figures, mut n_words, mut recurs) = (0, 0, false);
        for cell in below.filter(|cell| !no_value(cell)) {
            if figure(cell) {
                n_figures += 1;
            } else {
                n_words += 1;
            }
            recurs |= cell.trim() == name;
        }
        let of_figures = n_figures > 0 && n_words * 20 <= n_figures;
        match figure(name) {
            true if of_figures => figures_above.push(name),
            false if of_figures && n_words == 0 => words_above += 1,
            false if recurs => recurring += 1,
            _ => {}
        }
    }
    let for_data = figures_above.len() + recurring;
    if words_above == 0 && for_data == 0 {
        let distinct: HashSet<&str> = first.iter().copied().collect();
        let could_be_names = first.iter().all(|cell| !figure(cell))
            && distinct.len() == first.len()
            && first.iter().any(|cell| !no_value(cell));
        return if could_be_names { FirstRow::NamesPerhaps } else { FirstRow::Data };
    }
    let like_years = || {
        let distinct: HashSet<&str> = figures_above.iter().copied().collect();
        let is_whole = |cell: &&str| spelled(cell, decimal).is_some_and(|s| s.plain_whole);
        distinct.len() == figures_above.len() && figures_above.iter().all(is_whole)
    };
    let names = for_data == 0 || (words_above > 0 && recurring == 0 && like_years()) || words_above > for_data;
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
        check(&[&["when", "cost"], &["2020-01-01", "$1,000"], &["2020-01-02", "$5"]], FirstRow::Names);
        check(&[&["2020-01-03", "x"], &["2020-01-01", "y"], &["2020-01-02", "z"]], FirstRow::Data);
        check(&[&["age", "sex"]], FirstRow::NamesPerhaps);
        check(&[&["63", "m"]], FirstRow::Data);
    }
}

//! Which spellings mean that a value is missing.
//!
//! Two sorts, for a word may also be a level. *Always*: nothing, `NA`, `N/A`, `?`, `NaN`, `null`, `#N/A` and `.` are
//! missing in every column. *Among numbers*: `None`, `nil` and `-` are missing only in a column whose other cells are
//! all numbers or dates, for in text they are findings (`None`: not measured, `nil`: nothing found, `-`: negative).
//! Only the customary cases count: `Na` may be sodium and `Nan` a name.

/// Whether a cell says that its value is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// Missing in every column.
    Always,
    /// Missing among numbers and dates, a level among words.
    AmongNumbers,
    /// A value.
    Value,
}

/// Judges a cell without blanks around it.
pub(super) fn token(cell: &str) -> Token {
    match cell {
        "" | "?" | "." | "NA" | "na" | "N/A" | "n/a" | "#N/A" | "#n/a" | "NaN" | "nan" | "NAN" => Token::Always,
        "null" | "NULL" | "Null" => Token::Always,
        "-" | "none" | "NONE" | "None" | "nil" | "NIL" | "Nil" => Token::AmongNumbers,
        _ => Token::Value,
    }
}

/// Spellings of missing values with their counts.
#[derive(Debug, Default)]
pub(super) struct Spellings(Vec<(String, usize)>);

impl Spellings {
    /// Counts one cell.
    pub(super) fn add(&mut self, cell: &str) {
        match self.0.iter_mut().find(|(spelling, _)| spelling == cell) {
            Some((_, count)) => *count += 1,
            None => self.0.push((cell.to_owned(), 1)),
        }
    }

    /// Most frequent first; at equal counts the one that was seen first.
    pub(super) fn by_frequency(mut self) -> Vec<String> {
        self.0.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        self.0.into_iter().map(|(spelling, _)| spelling).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_may_be_levels_are_missing_among_numbers_only() {
        for cell in ["", "NA", "n/a", "?", "NaN", "NULL", ".", "#N/A"] {
            assert_eq!(token(cell), Token::Always, "{cell}");
        }
        for cell in ["None", "NIL", "-"] {
            assert_eq!(token(cell), Token::AmongNumbers, "{cell}");
        }
        for cell in ["Na", "Nan", "0", "missing", "unknown"] {
            assert_eq!(token(cell), Token::Value, "{cell}");
        }
    }

    #[test]
    fn spellings_come_most_frequent_first() {
        let mut spellings = Spellings::default();
        ["", "NA", "NA", "?"].into_iter().for_each(|s| spellings.add(s));
        assert_eq!(spellings.by_frequency(), ["NA", "", "?"]);
    }
}

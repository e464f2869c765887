//! Which spellings mean that a value is missing.
//!
//! Two sorts, for a word may also be a level. *Always*: nothing, `NA`, `N/A`, `?`, `NaN`, `null`, `#N/A` and `.` are
//! missing in every column. *Among numbers*: `None`, `nil` and `-` are missing only in a column whose other cells are
//! all numbers or dates, for in text they are findings (`None`: not measured, `nil`: nothing found, `-`: negative).
//! Only the customary cases count: `Na` may be sodium and `Nan` a name.

/// Whether a cell says that its value is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// Missing in every column.
    Always,
    /// Missing among numbers and dates, a level among words.
    AmongNumbers,
    /// A value.
    Value,
}

/// Judges a cell without blanks around it.
pub(crate) fn token(cell: &str) -> Token {
    match cell {
        "" | "?" | "." | "NA" | "na" | "N/A" | "n/a" | "#N/A" | "#n/a" | "NaN" | "nan" | "NAN" => Token::Always,
        "null" | "NULL" | "Null" => Token::Always,
        "-" | "none" | "NONE" | "None" | "nil" | "NIL" | "Nil" => Token::AmongNumbers,
        _ => Token::Value,
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
}

//! The cells of a column of text as they were read, packed one behind the other.
//!
//! A cell takes its own bytes and one more, about what it took in the file. They are gone through from first to last; no
//! cell can be asked for alone.

use arrow::array::StringArray;

use crate::error::{BadInput, InputRule};

/// Bytes of a column's first piece. Unmeasured.
const FIRST_PIECE: usize = 1 << 20;
/// Bytes of the pieces after it. Allocators keep what is freed in the midst of their heap, and then the raw columns and the
/// table would add up; from 32 MiB on the customary ones ask the system for memory, and give it back at once.
const PIECE: usize = 33 << 20;
/// Stands for a length that is found among the long ones.
const LONG: u8 = 0x7f;

/// A column of text in pieces.
#[derive(Debug, Default)]
pub(super) struct RawColumn {
    pieces: Vec<Piece>,
    open: Open,
    n_cells: usize,
}

/// Cells that are being added: before each a byte with its length, below 128 so that all together is UTF-8 if they are.
#[derive(Debug, Default)]
struct Open {
    bytes: Vec<u8>,
    long: Vec<usize>,
    n_cells: usize,
}

/// Cells, and the decimal mark of the file they are from.
#[derive(Debug)]
struct Piece {
    decimal: char,
    n_cells: usize,
    cells: Cells,
}

#[derive(Debug)]
enum Cells {
    Packed {
        text: String,
        long: Vec<usize>,
    },
    /// One cell again and again.
    Repeated(String),
}

impl RawColumn {
    /// A column of `n` equal cells.
    pub(super) fn repeated(cell: String, n: usize) -> Self {
        let piece = Piece { decimal: '.', n_cells: n, cells: Cells::Repeated(cell) };
        Self { pieces: vec![piece], open: Open::default(), n_cells: n }
    }

    /// Adds a cell.
    ///
    /// # Errors
    /// [`InputRule::Encoding`] if what was added is no UTF-8; it may be found later than at the cell.
    pub(super) fn push(&mut self, cell: &[u8]) -> Result<(), BadInput> {
        let needed = cell.len() + 1;
        if self.open.bytes.len() + needed > self.bound() && self.open.n_cells > 0 {
            self.close()?;
        }
        if self.open.n_cells == 0 && self.bound() == PIECE {
            // Pages that nothing is written to take no memory. Where it is refused the piece grows as it can.
            _ = self.open.bytes.try_reserve_exact(PIECE);
        }
        match u8::try_from(cell.len()) {
            Ok(length) if length < LONG => self.open.bytes.push(length),
            _ => {
                self.open.bytes.push(LONG);
                self.open.long.push(cell.len());
            }
        }
        self.open.bytes.extend_from_slice(cell);
        self.open.n_cells += 1;
        self.n_cells += 1;
        Ok(())
    }

    /// Bytes of the piece that is being filled.
    fn bound(&self) -> usize {
        // The first record of a file is a piece, too.
        if self.n_cells - self.open.n_cells < FIRST_PIECE / 64 { FIRST_PIECE } else { PIECE }
    }

    /// Closes the piece that is being filled: what comes next is in another.
    pub(super) fn close(&mut self) -> Result<(), BadInput> {
        let Open { bytes, mut long, n_cells } = std::mem::take(&mut self.open);
        if n_cells == 0 {
            return Ok(());
        }
        let mut text = String::from_utf8(bytes).map_err(|_| {
            BadInput::new(InputRule::Encoding, "the text is not valid UTF-8")
                .hint("the file is damaged, or was modified while being read")
        })?;
        text.shrink_to_fit();
        long.shrink_to_fit();
        self.pieces.push(Piece { decimal: '.', n_cells, cells: Cells::Packed { text, long } });
        Ok(())
    }

    /// Takes away the first piece, which must be closed.
    pub(super) fn remove_first_piece(&mut self) {
        self.n_cells -= self.pieces.remove(0).n_cells;
    }

    /// Takes away the last `n` cells, of a column without an open piece.
    pub(super) fn remove_last(&mut self, n: usize) {
        self.n_cells -= n;
        let mut left = n;
        while left > 0 {
            let last = self.pieces.last_mut().expect("no more cells are taken away than there are");
            if last.n_cells > left {
                last.n_cells -= left;
                return;
            }
            left -= last.n_cells;
            self.pieces.pop();
        }
    }

    /// Says with which decimal mark the cells were written.
    pub(super) fn set_decimal(&mut self, decimal: char) {
        self.pieces.iter_mut().for_each(|piece| piece.decimal = decimal);
    }

    /// Puts the cells of another column behind these; neither has an open piece.
    pub(super) fn append(&mut self, other: Self) {
        self.n_cells += other.n_cells;
        self.pieces.extend(other.pieces);
    }

    pub(super) fn len(&self) -> usize {
        self.n_cells
    }

    /// All cells of closed pieces, each with its decimal mark.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, char)> {
        self.pieces.iter().flat_map(|piece| piece.iter().map(|cell| (cell, piece.decimal)))
    }

    /// The first cells, at most `n`.
    pub(super) fn head(&self, n: usize) -> StringArray {
        StringArray::from_iter_values(self.iter().take(n).map(|(cell, _)| cell))
    }
}

impl Piece {
    fn iter(&self) -> PieceIter<'_> {
        let left = self.n_cells;
        match &self.cells {
            Cells::Packed { text, long } => PieceIter { text, long: long.iter(), repeated: None, left },
            Cells::Repeated(cell) => PieceIter { text: "", long: [].iter(), repeated: Some(cell), left },
        }
    }
}

struct PieceIter<'a> {
    text: &'a str,
    long: std::slice::Iter<'a, usize>,
    repeated: Option<&'a str>,
    left: usize,
}

impl<'a> Iterator for PieceIter<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.left = self.left.checked_sub(1)?;
        if self.repeated.is_some() {
            return self.repeated;
        }
        let length = match self.text.as_bytes()[0] {
            LONG => *self.long.next().expect("every long cell has its length"),
            length => usize::from(length),
        };
        let (cell, rest) = self.text[1..].split_at(length);
        self.text = rest;
        Some(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(column: &RawColumn) -> Vec<&str> {
        column.iter().map(|(cell, _)| cell).collect()
    }

    #[test]
    fn cells_come_back_in_order() {
        let long = "x".repeat(700);
        let edge = "y".repeat(255);
        let mut column = RawColumn::default();
        for cell in ["name", "", &long, "é中", &edge, "last"] {
            column.push(cell.as_bytes()).unwrap();
            column.close().unwrap();
        }
        assert_eq!(cells(&column), ["name", "", &long, "é中", &edge, "last"]);
        column.append(RawColumn::repeated("2020".to_owned(), 3));
        assert_eq!((column.len(), cells(&column)[6..].to_vec()), (9, vec!["2020"; 3]));
        column.remove_last(4);
        column.remove_first_piece();
        assert_eq!(cells(&column), ["", &long, "é中", &edge]);
        assert_eq!(column.head(1).value(0), "");
    }

    #[test]
    fn cells_are_taken_away_within_a_piece() {
        let mut column = RawColumn::default();
        let long = "x".repeat(300);
        ["a", &long, "bc", ""].iter().for_each(|cell| column.push(cell.as_bytes()).unwrap());
        column.close().unwrap();
        column.remove_last(2);
        assert_eq!(cells(&column), ["a", &long]);
        column.remove_last(1);
        assert_eq!(cells(&column), ["a"]);
    }

    #[test]
    fn what_is_no_utf_8_is_refused() {
        let mut column = RawColumn::default();
        column.push(b"\xff").unwrap();
        assert_eq!(column.close().unwrap_err().rule, InputRule::Encoding);
    }
}

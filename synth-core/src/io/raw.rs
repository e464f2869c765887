//! The cells of a column of text as they were read, packed one behind the other.
//!
//! A cell takes its own bytes and one more, about what it took in the file. They are gone through from first to last; no
//! cell can be asked for alone.

use arrow::array::StringArray;

use crate::error::{BadInput, Rule};

/// Bytes of text, or cells, after which a piece is closed. Unmeasured; large enough to be given back to the system.
const PIECE: usize = 1 << 20;
/// Stands for a length that is found among the long ones.
const LONG: u8 = u8::MAX;

/// A column of text in pieces.
#[derive(Debug, Default)]
pub(super) struct RawColumn {
    pieces: Vec<Piece>,
    open: Packed<Vec<u8>>,
    n_cells: usize,
}

/// Cells, and the decimal mark of the file they are from.
#[derive(Debug)]
struct Piece {
    decimal: char,
    cells: Cells,
}

#[derive(Debug)]
enum Cells {
    Packed(Packed<String>),
    /// One cell again and again.
    Repeated {
        cell: String,
        n: usize,
    },
}

#[derive(Debug, Default)]
struct Packed<T> {
    text: T,
    lengths: Vec<u8>,
    long: Vec<usize>,
}

impl RawColumn {
    /// A column of `n` equal cells.
    pub(super) fn repeated(cell: String, n: usize) -> Self {
        let piece = Piece { decimal: '.', cells: Cells::Repeated { cell, n } };
        Self { pieces: vec![piece], open: Packed::default(), n_cells: n }
    }

    /// Adds a cell.
    ///
    /// # Errors
    /// [`Rule::Encoding`] if what was added is no UTF-8; it may be found later than at the cell.
    pub(super) fn push(&mut self, cell: &[u8]) -> Result<(), BadInput> {
        self.open.text.extend_from_slice(cell);
        match u8::try_from(cell.len()) {
            Ok(length) if length < LONG => self.open.lengths.push(length),
            _ => {
                self.open.lengths.push(LONG);
                self.open.long.push(cell.len());
            }
        }
        self.n_cells += 1;
        if self.open.text.len() >= PIECE || self.open.lengths.len() >= PIECE { self.close() } else { Ok(()) }
    }

    /// Closes the piece that is being filled: what comes next is in another.
    pub(super) fn close(&mut self) -> Result<(), BadInput> {
        let Packed { text, mut lengths, mut long } = std::mem::take(&mut self.open);
        if lengths.is_empty() {
            return Ok(());
        }
        let mut text = String::from_utf8(text).map_err(|_| {
            BadInput::new(Rule::Encoding, "the text is no valid UTF-8")
                .hint("the file is damaged, or was changed while it was read")
        })?;
        text.shrink_to_fit();
        lengths.shrink_to_fit();
        long.shrink_to_fit();
        self.pieces.push(Piece { decimal: '.', cells: Cells::Packed(Packed { text, lengths, long }) });
        Ok(())
    }

    /// Takes away the first piece, which must be closed.
    pub(super) fn remove_first_piece(&mut self) {
        self.n_cells -= self.pieces.remove(0).n_cells();
    }

    /// Takes away the last `n` cells, of a column without an open piece.
    pub(super) fn remove_last(&mut self, n: usize) {
        self.n_cells -= n;
        let mut left = n;
        while left > 0 {
            let last = self.pieces.last_mut().expect("no more cells are taken away than there are");
            if last.n_cells() <= left {
                left -= last.n_cells();
                self.pieces.pop();
                continue;
            }
            match &mut last.cells {
                Cells::Repeated { n, .. } => *n -= left,
                Cells::Packed(packed) => (0..left).for_each(|_| packed.pop()),
            }
            left = 0;
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
    fn n_cells(&self) -> usize {
        match &self.cells {
            Cells::Packed(packed) => packed.lengths.len(),
            Cells::Repeated { n, .. } => *n,
        }
    }

    fn iter(&self) -> PieceIter<'_> {
        match &self.cells {
            Cells::Packed(packed) => PieceIter {
                text: &packed.text,
                lengths: packed.lengths.iter(),
                long: packed.long.iter(),
                repeated: ("", 0),
            },
            Cells::Repeated { cell, n } => {
                PieceIter { text: "", lengths: [].iter(), long: [].iter(), repeated: (cell, *n) }
            }
        }
    }
}

impl Packed<String> {
    fn pop(&mut self) {
        let length = match self.lengths.pop() {
            Some(LONG) => self.long.pop(),
            length => length.map(usize::from),
        };
        self.text.truncate(self.text.len() - length.unwrap_or(0));
    }
}

struct PieceIter<'a> {
    text: &'a str,
    lengths: std::slice::Iter<'a, u8>,
    long: std::slice::Iter<'a, usize>,
    repeated: (&'a str, usize),
}

impl<'a> Iterator for PieceIter<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let Some(&length) = self.lengths.next() else {
            let (cell, left) = &mut self.repeated;
            *left = left.checked_sub(1)?;
            return Some(cell);
        };
        let length = match length {
            LONG => *self.long.next().expect("every long cell has its length"),
            length => usize::from(length),
        };
        let (cell, rest) = self.text.split_at(length);
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
        assert_eq!(column.close().unwrap_err().rule, Rule::Encoding);
    }
}

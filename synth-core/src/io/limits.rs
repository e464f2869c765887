//! How large an input may be, and the refusals of what is larger or has nothing.

use crate::error::{BadInput, InputRule};

/// How large an input may be. Larger ones are refused by [`InputRule::TooLarge`]. The defaults are unmeasured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file, and of what it decompresses to.
    pub bytes: u64,
    /// Bytes after decompression for one byte before; looked at above 16 MiB.
    pub ratio: u64,
    /// Bytes of one cell of text.
    pub cell_bytes: usize,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
}

impl Default for Limits {
    /// 2 GiB less one byte, which is what an Arrow column of text can hold; 250 times; 1 MiB; 100 million; 20 000.
    fn default() -> Self {
        Self { bytes: i32::MAX as u64, ratio: 250, cell_bytes: 1 << 20, rows: 100_000_000, columns: 20_000 }
    }
}

pub(super) fn too_many_bytes(limit: u64) -> BadInput {
    BadInput::new(InputRule::TooLarge, format!("the file has more than {limit} bytes"))
        .hint("split it, or take a sample of its rows")
}

pub(super) fn too_many_columns(n: usize, limit: usize) -> BadInput {
    BadInput::new(InputRule::TooLarge, format!("the table has {n} columns; the limit is {limit}"))
        .hint("remove columns that need not be shared")
}

pub(super) fn too_many_rows(limit: usize) -> BadInput {
    BadInput::new(InputRule::TooLarge, format!("the table has more than {limit} rows"))
        .hint("take a sample of its rows")
}

pub(super) fn no_rows() -> BadInput {
    BadInput::new(InputRule::TooFewRows, "no rows of data").hint("the file has only a header")
}

//! Tables in and out, of files and of memory.
//!
//! What a file is, is told by its first bytes and never by its name: gzip or Zstandard around Parquet, Arrow IPC or
//! delimited text. A text file's dialect, header and column types are auto-detected, and kept in the
//! [`Schema`](crate::Schema)'s [`Source`](crate::schema::Source) so that [`write`](fn@write) makes another file of the same form.
//!
//! A table may lie in [several files](read_paths), in those that a pattern matches, or in a folder with a data set. Nothing
//! is read into memory as a whole: text goes through decompression and decoding into columns that take about what the cells
//! take in the file, and each column is let go when it has been judged; Parquet and Arrow come batch by batch. What is in
//! memory already, or can be read once only, is kept there as it is until the table is made.
//!
//! A table that a program has already comes in by [`Table::builder`](crate::Table::builder) or, as Arrow batches, by
//! [`Table::from_batches`](crate::Table::from_batches).
//!
//! Everything from outside is bounded by [`Limits`] while it is read. No message and no note shows a cell: they name
//! the line, the column and the rule.
//!
//! With the feature `spreadsheet`, the first sheet of an `.xlsx` workbook is a table too; it is written again as CSV.
//!
//! With the feature `database`, a table of SQLite or PostgreSQL is one as well: see `database`.
//!
//! Left out on purpose: archives, fixed widths, comment lines, and mending what is broken.

mod arrow_files;
mod builder;
mod cells;
mod compression;
#[cfg(feature = "database")]
pub mod database;
mod dataset;
mod dialect;
mod encoding;
mod gathered;
mod header;
mod input;
mod limits;
mod matched;
mod names;
mod options;
mod raw;
mod read;
mod records;
#[cfg(feature = "spreadsheet")]
mod sheet;
#[cfg(test)]
mod tests;
mod text;
mod typed;
mod write;

pub use builder::TableBuilder;
pub use gathered::Reading;
pub use limits::Limits;
pub use options::{Header, ReadOptions};
pub use read::{TableFile, files_of, read_batches, read_bytes, read_path, read_paths};
pub use write::{Writer, write};

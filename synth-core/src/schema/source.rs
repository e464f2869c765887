//! The form of a file: format, compression, and the dialect of text.

use serde::{Deserialize, Serialize};

/// The form of a file: what is needed to write another one like it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Text, Parquet or Arrow.
    pub format: Format,
    /// Compression of the file as a whole.
    #[serde(default)]
    pub compression: Compression,
    /// How text is written. Meaningful for [`Format::Csv`] only.
    #[serde(default)]
    pub dialect: Dialect,
}

impl Source {
    /// The customary file extension, without a leading dot: `csv`, `tsv`, `parquet`, `arrow`, with `.gz` or `.zst`.
    pub fn extension(&self) -> String {
        let base = match self.format {
            Format::Csv if self.dialect.delimiter == '\t' => "tsv",
            Format::Csv => "csv",
            Format::Parquet => "parquet",
            Format::Arrow => "arrow",
        };
        match self.compression {
            Compression::None => base.to_owned(),
            Compression::Gzip => format!("{base}.gz"),
            Compression::Zstd => format!("{base}.zst"),
        }
    }
}

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Format {
    /// Delimited text, whatever the delimiter.
    #[default]
    Csv,
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC, file form.
    Arrow,
}

/// Compression around a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Compression {
    /// Plain.
    #[default]
    None,
    /// gzip (`.gz`).
    Gzip,
    /// Zstandard (`.zst`).
    Zstd,
}

/// How a text file is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dialect {
    /// Between fields.
    pub delimiter: char,
    /// Around fields that need it.
    pub quote: char,
    /// Which fields are quoted when writing.
    pub quoting: Quoting,
    /// The first line holds the names.
    pub header: bool,
    /// A blank follows every delimiter (`39, State-gov`); it is not part of the field.
    pub space_after_delimiter: bool,
    /// The decimal mark, `.` or `,`.
    pub decimal: char,
    /// Lines end in CR LF.
    pub crlf: bool,
    /// The encoding, by its WHATWG label (`UTF-8`, `windows-1252`).
    pub encoding: String,
    /// A byte order mark opens the file.
    pub bom: bool,
}

impl Default for Dialect {
    /// UTF-8 with commas, double quotes where needed, a header and LF.
    fn default() -> Self {
        Self {
            delimiter: ',',
            quote: '"',
            quoting: Quoting::Necessary,
            header: true,
            space_after_delimiter: false,
            decimal: '.',
            crlf: false,
            encoding: "UTF-8".to_owned(),
            bom: false,
        }
    }
}

/// Which fields are written in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Quoting {
    /// Those that hold a delimiter, a quote or a line end.
    #[default]
    Necessary,
    /// All of them.
    Always,
    /// All that are not numbers.
    Text,
}

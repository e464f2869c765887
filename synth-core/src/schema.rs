//! What a table's columns are: their kinds, how they are spelled, and the file they came from.
//!
//! A [`Schema`] holds no cell of the table but the spellings that a column's format needs: missing tokens, the two
//! words of a boolean, the order of an ordinal. It prints as TOML and is read back from it, so that a person can
//! correct what [`infer`](crate::infer) found.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::constraint::Constraint;
use crate::error::{BadInput, Result, Rule};
use crate::protect::Protection;

/// The version of the schema's TOML form that this crate writes and reads.
pub const SCHEMA_VERSION: u32 = 1;

/// The columns of a table, in order, and the form of the file they came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// [`SCHEMA_VERSION`].
    pub version: u32,
    /// The form in which the table was read, and is written again.
    pub source: Source,
    /// One entry a column, in the table's order.
    #[serde(rename = "field")]
    pub fields: Vec<Field>,
    /// What every row keeps, as somebody declared it.
    #[serde(default, rename = "constraint", skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
}

impl Schema {
    /// The position of the column called `name`.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|f| f.name == name)
    }

    /// The schema as TOML, to be edited and read back by [`Schema::from_toml`].
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("a schema has only string keys and plain values")
    }

    /// Reads the TOML form.
    ///
    /// # Errors
    /// [`Rule::Schema`] if the text is not TOML, has unknown keys, another version, or two columns of one name; as
    /// [`Constraint::check`] if a constraint does not fit.
    pub fn from_toml(text: &str) -> Result<Self> {
        let bad =
            |problem: String| BadInput::new(Rule::Schema, problem).hint("`synth profile INPUT` prints a valid one");
        // The parser's own message quotes the line, which is the user's schema and not a cell.
        let schema: Schema = toml::from_str(text).map_err(|e| {
            let line = e.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count() as u64);
            let bad = bad(e.message().to_owned());
            line.map_or(bad.clone(), |line| bad.at_line(line))
        })?;
        schema.check().map_err(|problem| match problem.hint.is_empty() {
            true => problem.hint("`synth profile INPUT` prints a valid one"),
            false => problem,
        })?;
        Ok(schema)
    }

    /// A schema of these fields, of a table without a file and without constraints.
    pub fn new(fields: Vec<Field>) -> Self {
        Self { version: SCHEMA_VERSION, source: Source::default(), fields, constraints: Vec::new() }
    }

    /// Whether the schema is one that can be used: names are there once, each field's settings fit its kind, and constraints and
    /// protections their columns. A schema that was read from TOML was checked.
    ///
    /// # Errors
    /// The first rule that is broken, with its column.
    pub fn check(&self) -> std::result::Result<(), BadInput> {
        if self.version != SCHEMA_VERSION {
            return Err(BadInput::new(Rule::Schema, format!("version {} is not {SCHEMA_VERSION}", self.version)));
        }
        let mut seen = HashSet::new();
        for field in &self.fields {
            if !seen.insert(field.name.as_str()) {
                return Err(BadInput::new(Rule::Schema, "two fields have one name").in_column(&field.name));
            }
            field.check()?;
        }
        self.constraints.iter().try_for_each(|constraint| constraint.check(self))?;
        crate::protect::check(self)
    }
}

/// One column: what it is and how its cells are written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The column's name; `c1`, `c2`, … where the file has none.
    pub name: String,
    /// The name as the file's header spells it, where that is not [`Field::name`] (blanks around it, or nothing).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// What the values mean.
    pub kind: Kind,
    /// The type in memory and in Parquet and Arrow files.
    pub storage: Storage,
    /// The spellings of a missing value in text files, most frequent first. The first is the one written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The grid and spelling of numbers. Present exactly for [`Storage::Integer`] and [`Storage::Float`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<NumberFormat>,
    /// The `chrono` format of dates and times in text files. Present exactly for [`Kind::Datetime`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datetime: Option<String>,
    /// The levels of an ordinal in ascending order. Empty: numeric, or unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// The Arrow type in the source file where it is not the storage's own (`Int32`, `LargeUtf8`, …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrow: Option<String>,
    /// What is done to the column before anything is learnt from it: see [`protect`](crate::protect).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protect: Vec<Protection>,
}

impl Field {
    /// A column of the storage's simplest form, with nothing missing.
    pub fn new(name: impl Into<String>, kind: Kind, storage: Storage) -> Self {
        let number = storage.is_number().then(NumberFormat::default);
        let datetime = (kind == Kind::Datetime).then(|| "%Y-%m-%d".to_owned());
        Self {
            name: name.into(),
            header: None,
            kind,
            storage,
            missing: Vec::new(),
            number,
            datetime,
            order: Vec::new(),
            arrow: None,
            protect: Vec::new(),
        }
    }

    fn check(&self) -> std::result::Result<(), BadInput> {
        let bad = |problem: &str| Err(BadInput::new(Rule::Schema, problem).in_column(&self.name));
        if self.storage.is_number() != self.number.is_some() {
            return bad("`number` belongs to columns stored as integer or float, and to no others");
        }
        if (self.kind == Kind::Datetime) != self.datetime.is_some() {
            return bad("`datetime` belongs to columns of kind datetime, and to no others");
        }
        if let Some(format) = &self.datetime
            && crate::infer::DatetimeWriter::new(format).is_none()
        {
            return bad("`datetime` is no `chrono` format of a date without a time zone");
        }
        if (self.kind == Kind::Datetime) != (self.storage == Storage::Timestamp) {
            return bad("a datetime is stored as timestamp, and nothing else is");
        }
        if matches!(self.kind, Kind::Continuous | Kind::Integer) && !self.storage.is_number() {
            return bad("a continuous or integer column is stored as integer or float");
        }
        if let Some(number) = &self.number
            && !(number.step > 0.0 && number.step.is_finite() && number.decimals <= 17)
        {
            return bad("`step` must be positive and finite, `decimals` at most 17");
        }
        Ok(())
    }
}

/// What a column's values mean, and so how they are learnt and measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Numbers with decimals, or whole numbers on a scale.
    Continuous,
    /// Whole numbers with more than a few distinct values.
    Integer,
    /// Levels without an order.
    Categorical,
    /// Levels with an order: few distinct numbers, or words of a known scale.
    Ordinal,
    /// Two levels, in the column's own spelling.
    Boolean,
    /// Dates or times.
    Datetime,
    /// Names a row or a person. Never learnt; regenerated in the same shape.
    Identifier,
    /// Free text. Never learnt and never released: written as missing.
    Text,
    /// One value in every row.
    Constant,
    /// No value in any row.
    Empty,
}

impl Kind {
    /// Numbers on a scale: compared by KS, learnt by Gaussian diffusion.
    pub fn is_scale(self) -> bool {
        matches!(self, Kind::Continuous | Kind::Integer | Kind::Datetime)
    }

    /// A finite set of levels: compared by total variation, learnt by multinomial diffusion.
    pub fn is_levels(self) -> bool {
        matches!(self, Kind::Categorical | Kind::Ordinal | Kind::Boolean)
    }

    /// A generator learns the column.
    pub fn is_learnt(self) -> bool {
        self.is_scale() || self.is_levels()
    }
}

/// The type of a column in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// Arrow `Int64`.
    Integer,
    /// Arrow `Float64`.
    Float,
    /// Arrow `Utf8`.
    Text,
    /// Arrow `Boolean`; only from Parquet and Arrow files, text keeps its own words.
    Boolean,
    /// Arrow `Timestamp(Microsecond)` without a time zone.
    Timestamp,
}

impl Storage {
    /// `Int64` or `Float64`.
    pub fn is_number(self) -> bool {
        matches!(self, Storage::Integer | Storage::Float)
    }
}

/// The grid on which a column's numbers lie, and how they are spelled in text files.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberFormat {
    /// Digits after the decimal mark: all values have at most this many. 17, the largest: as many as a value needs.
    pub decimals: u8,
    /// Every number is written with exactly `decimals` digits (`63.0`), not with as few as it needs (`63`).
    #[serde(default)]
    pub padded: bool,
    /// Numbers have at least this many digits after the mark: 1 where `62.0` stands beside `60.667`, as some programs
    /// write every float. Not more than `decimals`.
    #[serde(default)]
    pub at_least: u8,
    /// The distance between neighbouring grid points: every value is a whole multiple of it. Positive.
    pub step: f64,
}

impl Default for NumberFormat {
    /// Whole numbers.
    fn default() -> Self {
        Self { decimals: 0, padded: false, at_least: 0, step: 1.0 }
    }
}

impl NumberFormat {
    /// The grid point nearest to `x`, exactly as text with `decimals` digits would be read. NaN stays NaN.
    pub fn snap(&self, x: f64) -> f64 {
        let on_step = (x / self.step).round() * self.step;
        let scale = 10f64.powi(i32::from(self.decimals));
        let scaled = (on_step * scale).round();
        // Beyond 2^53 the scaled value has no fraction to lose, and dividing would only add one.
        if scaled.abs() < 9.0e15 { scaled / scale } else { on_step }
    }

    /// The number as text, with a point as the decimal mark: the shortest text that is read as `x` if it has no more
    /// than `decimals` digits after the mark, else rounded to them.
    pub fn format(&self, x: f64) -> String {
        // Rounding to 17 decimals would spell out the binary fraction: 0.1 + 17 digits is not 0.1.
        let decimals = usize::from(self.decimals);
        let shortest = x.to_string();
        let n_shortest = shortest.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let fixed = match n_shortest {
            n if n > decimals && decimals >= 17 => return shortest,
            n if n > decimals || !x.is_finite() => format!("{x:.decimals$}"),
            0 if decimals > 0 => format!("{shortest}.{}", "0".repeat(decimals)),
            n => shortest + &"0".repeat(decimals - n),
        };
        // Minus zero is zero.
        let fixed = match fixed.strip_prefix('-') {
            Some(digits) if digits.bytes().all(|b| matches!(b, b'0' | b'.')) => digits.to_owned(),
            _ => fixed,
        };
        let at_least = usize::from(if self.padded { self.decimals } else { self.at_least.min(self.decimals) });
        if at_least == decimals {
            return fixed;
        }
        let whole = fixed.len() - decimals;
        let significant = fixed.trim_end_matches('0').len().max(whole + at_least);
        fixed[..significant].trim_end_matches('.').to_owned()
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_as_the_format_says() {
        let check = |decimals, padded, x, expected| {
            assert_eq!(NumberFormat { decimals, padded, ..NumberFormat::default() }.format(x), expected);
        };
        let like_floats = NumberFormat { decimals: 3, at_least: 1, ..NumberFormat::default() };
        assert_eq!([62.0, 60.667, 0.5].map(|x| like_floats.format(x)), ["62.0", "60.667", "0.5"]);
        check(1, true, 63.0, "63.0");
        check(3, false, 75.0, "75");
        check(3, false, 60.667, "60.667");
        check(2, false, 1.005, "1");
        check(2, true, -0.001, "0.00");
        check(14, false, 58.765_229_295_003_42, "58.76522929500342");
        check(17, false, 123.4, "123.4");
        check(17, false, -0.008_078_955_842_860_109, "-0.008078955842860109");
        check(0, false, 1e20, "100000000000000000000");
    }
}

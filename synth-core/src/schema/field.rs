//! One column: what it is and how its cells are written.

use serde::{Deserialize, Serialize};

use super::{Kind, NumberFormat, Protection, Storage};
use crate::error::{BadInput, InputRule};
use crate::spelling::datetime;

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
    /// The protection applied before training: see [`protect`](crate::protect).
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

    pub(super) fn check(&self) -> std::result::Result<(), BadInput> {
        let bad = |problem: &str| Err(BadInput::new(InputRule::Schema, problem).in_column(&self.name));
        if self.storage.is_number() != self.number.is_some() {
            return bad("`number` belongs to columns stored as integer or float, and to no others");
        }
        if (self.kind == Kind::Datetime) != self.datetime.is_some() {
            return bad("`datetime` belongs to columns of kind datetime, and to no others");
        }
        if let Some(format) = &self.datetime
            && datetime::Writer::new(format).is_none()
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

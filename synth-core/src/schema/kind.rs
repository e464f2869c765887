//! What the values of a column mean, and the type they have in memory.

use std::fmt;

use arrow::datatypes::{DataType, TimeUnit};
use serde::{Deserialize, Serialize};

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
    /// Free text. Never learnt and never released: emptied.
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

/// The word that the schema's TOML has for it.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Continuous => "continuous",
            Kind::Integer => "integer",
            Kind::Categorical => "categorical",
            Kind::Ordinal => "ordinal",
            Kind::Boolean => "boolean",
            Kind::Datetime => "datetime",
            Kind::Identifier => "identifier",
            Kind::Text => "text",
            Kind::Constant => "constant",
            Kind::Empty => "empty",
        })
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

    /// The Arrow type of the columns stored so.
    pub fn arrow_type(self) -> DataType {
        match self {
            Storage::Integer => DataType::Int64,
            Storage::Float => DataType::Float64,
            Storage::Text => DataType::Utf8,
            Storage::Boolean => DataType::Boolean,
            Storage::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        }
    }
}

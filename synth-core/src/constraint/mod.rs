//! What the rows of a table always keep: declared by a person in the schema, or found in the rows.
//!
//! A [`Constraint`] speaks of columns by name. In the schema's TOML it is a table of its own:
//!
//! ```toml
//! [[constraint]]
//! kind = "order"
//! lower = "admitted"
//! upper = "discharged"
//! strict = true
//!
//! [[constraint]]
//! kind = "implies"
//! if = { column = "claim", is = 1 }
//! then = { column = "cost", above = 0 }
//! ```
//!
//! The kinds are `order`, `sum`, `depends`, `combinations`, `range`, `implies` and `missing_together`. A constraint speaks of rows
//! in which all its cells are there; only tests for missing cells see the others. [`find`](fn@find) looks for those that every row of
//! a table keeps, [`Held`] tells which rows break one.
//!
//! Left out on purpose: dependencies on several columns at once, products and ratios, rules with exceptions.

mod check;
mod coded;
mod find;
mod held;
mod implied;
mod numbers;
mod reduce;
mod when;

#[cfg(feature = "diffusion")]
mod difference;
#[cfg(feature = "diffusion")]
mod lookup;
#[cfg(feature = "diffusion")]
mod plan;
#[cfg(feature = "diffusion")]
pub(crate) mod transform;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use find::{LEAST_EVIDENCE, LEAST_GROUP, find_pairwise};
pub use held::{Held, adds_up};
#[cfg(feature = "diffusion")]
pub(crate) use plan::Plan;
#[cfg(feature = "diffusion")]
pub use plan::{By, Keeping, Kept, Origin};
pub use reduce::{LEAST_ROWS, find};
pub use when::{Value, When};

/// A cell value, or a tuple of them, that fewer rows than this share is told by no rule and looked up by none. As for the
/// smallest cells of public statistics (CMS: 11).
pub const SHARED_BY: usize = crate::protect::DEFAULT_K;

/// What every row keeps, by the names of its columns.
#[expect(clippy::large_enum_variant, reason = "there are some dozens at a time")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Constraint {
    /// A number or date is not larger than another one.
    Order {
        /// The smaller column.
        lower: String,
        /// The larger column.
        upper: String,
        /// Whether they are never equal.
        #[serde(default, skip_serializing_if = "is_false")]
        strict: bool,
    },
    /// Numbers add up to another one, but for rounding.
    Sum {
        /// The sum.
        total: String,
        /// The summands, two or more.
        parts: Vec<String>,
    },
    /// Rows alike in one column are alike in another: a functional dependency, as a postcode fixes its region.
    Depends {
        /// The column that is known.
        on: String,
        /// The column that follows.
        column: String,
    },
    /// Columns take together only those values that [`SHARED_BY`] training rows or more take together.
    Combinations {
        /// Two columns or more.
        columns: Vec<String>,
    },
    /// A number or date has bounds, which belong to what is allowed.
    Range {
        /// The column.
        column: String,
        /// The least value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<Value>,
        /// The largest value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<Value>,
    },
    /// Where one test is passed, another is.
    Implies {
        /// The rows it speaks of.
        #[serde(rename = "if")]
        condition: When,
        /// What is true of them.
        then: When,
    },
    /// None of the columns is missing without the others.
    MissingTogether {
        /// Two columns or more.
        columns: Vec<String>,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Constraint {
    /// The columns it is about.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Constraint::Order { lower, upper, .. } => vec![lower, upper],
            Constraint::Sum { total, parts } => parts.iter().chain([total]).map(String::as_str).collect(),
            Constraint::Depends { on, column } => vec![on, column],
            Constraint::Combinations { columns } | Constraint::MissingTogether { columns } => {
                columns.iter().map(String::as_str).collect()
            }
            Constraint::Range { column, .. } => vec![column],
            Constraint::Implies { condition, then } => vec![&condition.column, &then.column],
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |columns: &[String], between: &str| {
            columns.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(between)
        };
        match self {
            Constraint::Order { lower, upper, strict: false } => write!(f, "`{lower}` is at most `{upper}`"),
            Constraint::Order { lower, upper, strict: true } => write!(f, "`{lower}` is less than `{upper}`"),
            Constraint::Sum { total, parts } => write!(f, "{} = `{total}`", names(parts, " + ")),
            Constraint::Depends { on, column } => write!(f, "`{on}` determines `{column}`"),
            Constraint::Combinations { columns } => {
                write!(f, "{} take only values that are seen together", names(columns, " and "))
            }
            Constraint::Range { column, min, max } => match (min, max) {
                (Some(min), Some(max)) => write!(f, "`{column}` is between {min} and {max}"),
                (Some(min), None) => write!(f, "`{column}` is at least {min}"),
                (None, Some(max)) => write!(f, "`{column}` is at most {max}"),
                (None, None) => write!(f, "`{column}` has any value"),
            },
            Constraint::Implies { condition, then } => write!(f, "where {condition}, {then}"),
            Constraint::MissingTogether { columns } => {
                write!(f, "{} are missing together", names(columns, " and "))
            }
        }
    }
}

/// Constraints as the tables of a schema's TOML.
///
/// ```
/// # use synth_core::constraint::{Constraint, to_toml};
/// let rule = Constraint::Depends { on: "postcode".to_owned(), column: "region".to_owned() };
/// assert!(to_toml(&[rule]).starts_with("[[constraint]]\nkind = \"depends\"\n"));
/// ```
pub fn to_toml(constraints: &[Constraint]) -> String {
    #[derive(Serialize)]
    struct Tables<'a> {
        constraint: &'a [Constraint],
    }
    toml::to_string(&Tables { constraint: constraints }).expect("constraints have only string keys and plain values")
}

//! What the rows of a table always keep: declared by a person in the schema, or found in the rows.
//!
//! A [`Constraint`] speaks of columns by name; the schema declares it.
//!
//! The kinds are `order`, `sum`, `depends`, `combinations`, `range`, `implies` and `missing_together`. A constraint speaks of rows
//! in which all its cells are there; only tests for missing cells see the others. [`find`](fn@find) looks for those that every row of
//! a table keeps, [`Held`] tells which rows break one.
//!
//! Left out on purpose: dependencies on several columns at once, products and ratios, rules with exceptions.

mod coded;
mod find;
mod held;
mod implied;
mod numbers;
mod passed;
mod reduce;

pub use crate::schema::{Constraint, Value, When, to_toml};
pub use find::{LEAST_EVIDENCE, LEAST_GROUP, LEAST_ROWS, find_pairwise};
pub use held::{Held, adds_up};
pub use reduce::find;
pub(crate) use reduce::find_nearly;

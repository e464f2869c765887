//! How values are written as text and read from it: numbers, dates, and what stands for a missing value.
//!
//! A leaf. Here it is known what a spelling says; what a column's spelling *is* is declared in [`schema`](crate::schema) or
//! guessed by [`infer`](crate::infer).

pub(crate) mod datetime;
pub(crate) mod missing;
pub(crate) mod number;

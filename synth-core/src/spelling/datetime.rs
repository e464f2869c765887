//! Dates and times as cells spell them, by a `chrono` format.

use std::fmt::Write as _;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

/// A month of a year: the only format without a day that is read.
pub(crate) const MONTH_FORMAT: &str = "%Y-%m";

/// Reads `cell` by a `chrono` format; microseconds since 1970. A month is its first day.
pub(crate) fn parse(cell: &str, format: &str) -> Option<i64> {
    if format == MONTH_FORMAT {
        return parse(&format!("{cell}-01"), "%Y-%m-%d");
    }
    let at = NaiveDateTime::parse_from_str(cell, format)
        .or_else(|_| NaiveDate::parse_from_str(cell, format).map(|date| date.and_time(NaiveTime::MIN)))
        .ok()?;
    Some(at.and_utc().timestamp_micros())
}

/// A `chrono` format, taken apart once for a whole column.
#[derive(Debug)]
pub(crate) struct Writer<'a>(Vec<Item<'a>>);

impl<'a> Writer<'a> {
    /// `None` if `format` is malformed or asks for what a date without a time zone does not have.
    pub(crate) fn new(format: &'a str) -> Option<Self> {
        let writer = Self(StrftimeItems::new(format).parse().ok()?);
        writer.write(0, &mut String::new()).then_some(writer)
    }

    /// Appends the moment to `out`; `false` if it is too far away to have a date.
    pub(crate) fn write(&self, micros: i64, out: &mut String) -> bool {
        let Some(at) = DateTime::from_timestamp_micros(micros) else { return false };
        write!(out, "{}", at.naive_utc().format_with_items(self.0.iter())).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_that_needs_a_zone_cannot_write() {
        assert!(Writer::new("%Y-%m-%d %z").is_none());
        assert!(Writer::new("%Q").is_none());
    }
}

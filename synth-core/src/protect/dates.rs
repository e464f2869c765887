//! Dates that tell less: coarser, or moved together by subject.
//!
//! A shift protects nobody if its numbers can be drawn again. They are drawn from the [`Secret`] of the protection, by the name
//! of the subject (or the place of a row that has none): the rest of the table has no part in them.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime};
use rand::Rng;

use super::Secret;
use super::column::{Change, Column};
use crate::schema::{Kind, NumberFormat, Period, Storage};
use crate::spelling::datetime::{self, MONTH_FORMAT};
use crate::table::{Table, Units};

const DAY: i64 = 86_400_000_000;

pub(super) fn coarsen(column: Column, to: Period) -> Change {
    let Column { mut field, array } = column;
    let micros = array.as_primitive::<TimestampMicrosecondType>();
    let dates = micros.iter().map(|at| at.and_then(DateTime::from_timestamp_micros).map(|at| at.date_naive()));
    if to == Period::Year {
        let years: Int64Array = dates.map(|date| date.map(|date| i64::from(date.year()))).collect();
        (field.kind, field.storage) = (Kind::Integer, Storage::Integer);
        (field.number, field.datetime, field.arrow) = (Some(NumberFormat::default()), None, None);
        let rows = (0..years.len()).filter(|&row| years.is_valid(row)).collect();
        return Change { column: Column { field, array: Arc::new(years) }, rows, levels: None };
    }
    let start = |date: NaiveDate| match to {
        Period::Month => date.with_day(1),
        _ => date.checked_sub_days(Days::new(date.weekday().num_days_from_monday().into())),
    };
    let at = |date: NaiveDate| start(date).map(|date| date.and_time(NaiveTime::MIN).and_utc().timestamp_micros());
    let coarse: TimestampMicrosecondArray = dates.map(|date| date.and_then(at)).collect();
    let rows = changed(micros, &coarse);
    field.datetime = Some(match to {
        Period::Month => MONTH_FORMAT.to_owned(),
        _ => date_part(field.datetime.as_deref().unwrap_or_default()),
    });
    Change { column: Column { field, array: Arc::new(coarse) }, rows, levels: None }
}

fn changed(before: &TimestampMicrosecondArray, after: &TimestampMicrosecondArray) -> Vec<usize> {
    before.iter().zip(after).enumerate().filter(|(_, (before, after))| before != after).map(|(row, _)| row).collect()
}

/// A format without its time of day; the standard one where the date is not what comes first.
fn date_part(format: &str) -> String {
    let time = ["%H", "%k", "%I", "%l", "%T", "%R", "%X", "%r", "%s"].iter().filter_map(|item| format.find(item)).min();
    let date = format[..time.unwrap_or(format.len())].trim_end_matches(['T', ' ', ',', '_', '-']);
    match datetime::Writer::new(date) {
        Some(_) if date.contains('%') => date.to_owned(),
        _ => "%Y-%m-%d".to_owned(),
    }
}

/// Moves the dates of each subject together, in all columns that are moved with one; without a column of subjects, those of
/// each unit.
pub(super) fn shift(
    column: Column,
    table: &Table,
    units: &Units,
    subject: Option<&str>,
    max_days: u32,
    secret: &Secret,
) -> Change {
    let subjects = subject.and_then(|name| table.schema().index_of(name)).map(|i| table.labels(i));
    let max_days = i64::from(max_days);
    let drawn = |whose: &str, name: &[u8]| {
        let purpose = [&b"shift-dates"[..], subject.unwrap_or_default().as_bytes(), whose.as_bytes(), name];
        secret.stream(&purpose).gen_range(-max_days..=max_days)
    };
    let days = |row: usize| match subjects.as_ref().and_then(|of_row| of_row[row].as_deref()) {
        Some(subject) => drawn("subject", subject.as_bytes()),
        None if subject.is_some() => drawn("row", &(row as u64).to_le_bytes()),
        None => drawn("unit", &(units.of_row(row) as u64).to_le_bytes()),
    };
    let Column { field, array } = column;
    let before = array.as_primitive::<TimestampMicrosecondType>();
    let moved = |(row, at): (usize, Option<i64>)| at.and_then(|at| at.checked_add(days(row) * DAY));
    let after: TimestampMicrosecondArray = before.iter().enumerate().map(moved).collect();
    let rows = changed(before, &after);
    Change { column: Column { field, array: Arc::new(after) }, rows, levels: None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Secret, apply};
    use super::*;
    use crate::io::{ReadOptions, read_bytes, write};
    use crate::schema::Protection;

    /// The text of a CSV file after its protection by `protect`, and that it is read back as it was.
    fn protected(format: &str, cells: &[&str], protect: Vec<Protection>) -> String {
        let text = format!("seen,x\n{}", cells.iter().map(|cell| format!("{cell},1\n")).collect::<String>());
        let mut schema = (**read_bytes(b"seen,x\n2020-01-01,1\n2020-01-02,2\n".to_vec(), &ReadOptions::default())
            .unwrap()
            .table
            .schema())
        .clone();
        schema.fields[0].datetime = Some(format.to_owned());
        schema.fields[0].protect = protect;
        schema.fields[1].kind = Kind::Integer;
        let options = |schema| ReadOptions { schema: Some(schema), ..ReadOptions::default() };
        let table = read_bytes(text.into_bytes(), &options(schema)).unwrap().table;
        let (after, _) = apply(&table, &Secret::from_seed(0)).unwrap();
        let mut bytes = Vec::new();
        write(&after, &after.schema().source, &mut bytes).unwrap();
        let again = read_bytes(bytes.clone(), &options((**after.schema()).clone())).unwrap().table;
        assert_eq!(again.batch(), after.batch(), "{format}");
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_coarse_date_is_written_and_read_in_its_own_form() {
        let to = |to| vec![Protection::Coarsen { to }];
        let check = |format: &str, cells: &[&str], period, expected: &str| {
            let text = protected(format, cells, to(period));
            let first: Vec<&str> = text.lines().skip(1).map(|line| line.split_once(',').unwrap().0).collect();
            assert_eq!(first.join(" "), expected, "{format}");
        };
        let days = ["2020-02-29", "2021-12-31", "2019-01-01"];
        check("%Y-%m-%d", &days, Period::Year, "2020 2021 2019");
        check("%Y-%m-%d", &days, Period::Month, "2020-02 2021-12 2019-01");
        check("%Y-%m-%d", &days, Period::Week, "2020-02-24 2021-12-27 2018-12-31");
        check("%d/%m/%Y %H:%M", &["31/12/2020 08:30", ""], Period::Week, "28/12/2020 ");
        check("%d.%m.%Y", &["31.12.2020", ""], Period::Month, "2020-12 ");
        check("%H:%M %d/%m/%Y", &["08:30 31/12/2020"], Period::Week, "2020-12-28");
        check("%Y-%m-%dT%H:%M:%SZ", &["2020-12-31T08:30:00Z"], Period::Year, "2020");
    }

    #[test]
    fn years_can_be_capped_afterwards() {
        let cells: Vec<String> = (0..30).map(|i| format!("{}-05-0{}", 1990 + i, 1 + i % 9)).collect();
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let rules = vec![Protection::Coarsen { to: Period::Year }, Protection::CapExtremes { k: 11 }];
        let text = protected("%Y-%m-%d", &cells, rules);
        assert!(text.contains("2000,1\n") && !text.contains("1999") && !text.contains("2010"), "{text}");
    }

    #[test]
    fn another_secret_moves_by_other_days_and_rows_without_a_subject_by_their_own() {
        let at = |days: &[f64], seed| {
            let seconds: Vec<f64> = days.iter().map(|day| day * 86_400.0).collect();
            let rule = Protection::ShiftDates { subject: None, max_days: 3_000 };
            let input = Table::builder().datetimes("at", seconds.clone()).protect("at", [rule]).build().unwrap();
            let (table, _) = apply(&input, &Secret::from_seed(seed)).unwrap();
            let moved: Vec<f64> = table.numbers(0).iter().zip(&seconds).map(|(a, b)| (a - b) / 86_400.0).collect();
            moved
        };
        let one = at(&[100.0; 40], 0);
        assert!(one.iter().any(|days| *days != one[0]));
        assert_ne!(one, at(&[100.0; 40], 1));
        let mut other = [100.0; 40];
        other[39] = 101.0;
        assert_eq!(one, at(&other, 0), "the rest of the table has no part in it");
    }

    proptest! {
        /// The claim itself: the time between any two dates of a subject stays, in one column and between two.
        #[test]
        fn intervals_within_a_subject_are_kept(
            rows in prop::collection::vec((0u8..9, 0i64..20_000, 0i64..400), 2..60),
            max_days in 1u32..400,
        ) {
            let names: Vec<String> = rows.iter().map(|row| format!("P{}", row.0)).collect();
            let seconds = |days: &dyn Fn(&(u8, i64, i64)) -> i64| -> Vec<f64> {
                rows.iter().map(|row| days(row) as f64 * 86_400.0 + 37.0).collect()
            };
            let (admitted, left) = (seconds(&|row| row.1), seconds(&|row| row.1 + row.2));
            let rule = Protection::ShiftDates { subject: Some("id".to_owned()), max_days };
            let input = Table::builder()
                .datetimes("admitted", admitted.clone())
                .protect("admitted", [rule.clone()])
                .labels("id", names.iter().map(String::as_str))
                .kind("id", Kind::Identifier)
                .datetimes("left", left.clone())
                .protect("left", [rule])
                .build()
                .unwrap();
            let (output, _) = apply(&input, &Secret::from_seed(0)).unwrap();
            let (new_admitted, new_left) = (output.numbers(0), output.numbers(2));
            for i in 0..rows.len() {
                prop_assert_eq!(new_left[i] - new_admitted[i], left[i] - admitted[i]);
                prop_assert!((new_admitted[i] - admitted[i]).abs() <= f64::from(max_days) * 86_400.0);
                for j in 0..i {
                    if rows[i].0 == rows[j].0 {
                        prop_assert_eq!(new_admitted[i] - new_admitted[j], admitted[i] - admitted[j]);
                    }
                }
            }
        }
    }
}

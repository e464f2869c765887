//! Dates finer than a year, ages over 89, and the years of birth that tell them.
//!
//! Ages: Safe Harbor allows the one class "90 or older", so that a column whose largest age is 90 is taken to be cut off
//! already. Left out on purpose: times of day and days of the week, which are no dates, and moments counted from an
//! event, which tell no date.

use std::sync::LazyLock;

use regex::Regex;

use super::column::Column;
use super::finding::{Identifier, Treatment};
use super::test::{Detector, Mention, Test, regex};

pub(super) const DETECTOR: Detector = Detector { tests: TESTS, mentions: MENTIONS };

const TESTS: &[Test] = &[
    Test::new(Identifier::Date, Treatment::YearOnly, is_date).alone(0.5, 1, 0.95),
    // One in thirty numbers of eight digits from 19000101 to 21001231 is a date.
    Test::new(Identifier::Date, Treatment::YearOnly, is_compact_date).alone(0.97, 3, 0.9).on_numbers(),
];

const MENTIONS: &[Mention] =
    &[Mention::new(Identifier::Date, mentions_date, 0.85), Mention::new(Identifier::Date, mentions_old_age, 0.85)];

/// A date or moment in any customary spelling, years of two digits included.
pub(super) fn is_date(cell: &str) -> bool {
    static NUMERIC: LazyLock<Regex> = regex!(
        r"(?x)^(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s)?(?:
            (?P<y>\d{4})\s?[-/._]\s?(?P<m>\d{1,2})\s?[-/._]\s?(?P<d>\d{1,2})
          | (?P<a>\d{1,2})\s?[-/.]\s?(?P<b>\d{1,2})\s?[-/.]\s?(?:\d{4}|'?\d{2})
        )(?:[T\ ,]+\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?\s?(?:[AaPp]\.?[Mm]\.?)?\s?(?:Z|[+-]\d{2}:?\d{2}|[A-Z]{2,4})?)?$"
    );
    if cell.len() < 6 || !cell.bytes().any(|b| b.is_ascii_digit()) {
        return false;
    }
    let number = |text: &str| text.parse::<u32>().unwrap_or(0);
    if let Some(found) = NUMERIC.captures(cell) {
        if let (Some(m), Some(d)) = (found.name("m"), found.name("d")) {
            let (m, d) = (number(m.as_str()), number(d.as_str()));
            let year = number(&found["y"]);
            return (1000..=2999).contains(&year) && is_month_and_day(m, d);
        }
        let (a, b) = (number(&found["a"]), number(&found["b"]));
        return is_month_and_day(a, b) || is_month_and_day(b, a);
    }
    find_worded(cell).is_some_and(|found| found == cell.len())
}

fn is_month_and_day(month: u32, day: u32) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

const MONTHS: &str = r"(?:jan(?:uary|uar|vier|\.)?|jän(?:ner)?|feb(?:ruary|ruar|\.)?|févr?(?:ier|\.)?|mar(?:ch|s|zo|\.)?|mär(?:z|\.)?|apr(?:il|ile|\.)?|avr(?:il|\.)?|may|mai|mayo|maggio|june?|juni|juin|junio|giugno|july?|juli|juillet|julio|luglio|aug(?:ust|\.)?|août|agosto|sept?(?:ember|embre|iembre|\.)?|settembre|o[ck]t(?:ober|obre|ubre|\.)?|ottobre|nov(?:ember|embre|iembre|\.)?|de[cz](?:ember|embre|iembre|\.)?|déc(?:embre|\.)?|enero|ene|febrero|abril|gennaio|febbraio|marzo|aprile|dicembre)";

/// How long the date in words is that opens a cell.
fn find_worded(cell: &str) -> Option<usize> {
    worded().find(cell).filter(|found| found.start() == 0).map(|found| found.end())
}

fn worded() -> &'static Regex {
    static WORDED: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = format!(
            r"(?i)\b(?:\d{{1,2}}(?:st|nd|rd|th|\.)?[ -]?(?:of |de )?{MONTHS}[ ,-]{{0,2}}(?:de |del )?'?\d{{2,4}}|{MONTHS} ?\d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|{MONTHS}[ -]\d{{4}})(?: \d{{1,2}}:\d{{2}}(?::\d{{2}})?)?\b"
        );
        Regex::new(&pattern).expect("the pattern is tested")
    });
    &WORDED
}

/// `yyyymmdd`, perhaps with the time of day behind it.
pub(super) fn is_compact_date(cell: &str) -> bool {
    let cell = cell.strip_suffix(".0").unwrap_or(cell);
    if !matches!(cell.len(), 8 | 12 | 14) || !cell.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let part = |from: usize, to: usize| cell[from..to].parse::<u32>().expect("digits");
    (1850..=2150).contains(&part(0, 4)) && is_month_and_day(part(4, 6), part(6, 8))
}

fn mentions_date(cell: &str) -> bool {
    static DATE: LazyLock<Regex> = regex!(
        r"(?:^|[^\d./-])(?:(?:1[89]|2[01])\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])|(?:0?[1-9]|[12]\d|3[01])(?:\.\s?(?:0?[1-9]|1[0-2])\.\s?|/(?:0?[1-9]|[12]\d|3[01])/|-(?:0?[1-9]|1[0-2])-)(?:1[89]|2[01])\d{2})\.?(?:[^\d/.-]|$)"
    );
    cell.bytes().filter(u8::is_ascii_digit).count() >= 3 && (DATE.is_match(cell) || worded().is_match(cell))
}

fn mentions_old_age(cell: &str) -> bool {
    static AGE: LazyLock<Regex> = regex!(
        r"(?i)\b(?:9[0-9]|1[01]\d)[ -]?(?:years?[ -]old|year-old|y/?o\b|yrs?\.? old|jähr|jahre alt|ans\b|años|anni\b)|\baged? (?:9[0-9]|1[01]\d)\b"
    );
    AGE.is_match(cell)
}

/// The share of ages over 89 in a column called an age: 0 if no age is above 90, for 90 is then the class of the old.
/// Months and days are told by the median, so that a code such as 999 for unknown does not change the unit.
pub(super) fn share_over_89(column: &Column<'_>) -> f64 {
    if column.is_text() {
        // Classes: `90+` and the last class from 90 are allowed, one above is not.
        let old = |cell: &str| first_number(cell).is_some_and(|age| age > 90.0 && age <= 130.0);
        return column.count(old).share();
    }
    let Some(median) = column.numbers.get(column.numbers.len() / 2) else { return 0.0 };
    let per_year = match median {
        m if *m <= 120.0 => 1.0,
        m if *m <= 1500.0 => 12.0,
        _ => 365.25,
    };
    let age = |x: f64| x / per_year;
    let plausible = |x: f64| age(x) <= 130.0;
    if column.share_of_numbers(|x| plausible(x) && age(x) > 90.0) == 0.0 {
        return 0.0;
    }
    column.share_of_numbers(|x| plausible(x) && age(x) >= 90.0)
}

fn first_number(cell: &str) -> Option<f64> {
    let start = cell.find(|c: char| c.is_ascii_digit())?;
    let digits: String = cell[start..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The share of years of birth before `year` less 90, among numbers from 1850 on.
pub(super) fn share_born_before(column: &Column<'_>, year: i32) -> f64 {
    let early = |x: f64| (1850.0..f64::from(year - 90)).contains(&x);
    if column.is_text() {
        return column.count(|cell| cell.len() == 4 && cell.parse::<f64>().is_ok_and(early)).share();
    }
    column.share_of_numbers(early)
}

/// The share of dates (seconds since 1970) before the first of January of `year` less 90, from 1850 on.
pub(super) fn share_of_dates_before(column: &Column<'_>, year: i32) -> f64 {
    const YEAR: f64 = 365.2425 * 86_400.0;
    let years = |x: f64| 1970.0 + x / YEAR;
    column.share_of_numbers(|x| (1850.0..f64::from(year - 90)).contains(&years(x)))
}

/// Whether the dates (seconds since 1970) are years only: each the first of January at midnight.
pub(super) fn are_years(column: &Column<'_>) -> bool {
    let starts: Vec<f64> = (1..=3000)
        .scan(-719_162_i64, |day, year| {
            let start = *day;
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            *day += if leap { 366 } else { 365 };
            Some(start as f64 * 86_400.0)
        })
        .collect();
    !column.numbers.is_empty() && column.numbers.iter().all(|x| starts.binary_search_by(|s| s.total_cmp(x)).is_ok())
}

/// Whether whole numbers in a column called a date are one: `yyyymmdd`, `yyyymm`, seconds or milliseconds since 1970,
/// days of a spreadsheet since 1900. None of these but the first is told without a name.
pub(super) fn are_coded_dates(column: &Column<'_>) -> bool {
    let share = |accepts: &dyn Fn(f64) -> bool| column.share_of_numbers(accepts) >= 0.9;
    let compact = column.count(is_compact_date).share() >= 0.9;
    let months = |x: f64| (185_001.0..=215_012.0).contains(&x) && (1.0..=12.0).contains(&(x % 100.0));
    // From 1985 to 2096; seconds of the years before are also small numbers.
    let seconds = |x: f64| (4.7e8..4.0e9).contains(&x) || (4.7e11..4.0e12).contains(&x);
    // From 1927 to 2119.
    let days = |x: f64| (10_000.0..80_000.0).contains(&x);
    compact || share(&months) || share(&seconds) || share(&days)
}

/// Whether a column called a month holds months: whole numbers from 1 to 12, or names.
pub(super) fn are_months(column: &Column<'_>) -> bool {
    static MONTH: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(&format!("(?i)^{MONTHS}$")).expect("the pattern is tested"));
    let is_month = |cell: &str| whole_up_to(cell, 12) || MONTH.is_match(cell);
    column.n_distinct() > 1 && column.cells.iter().all(|(cell, _)| is_month(cell))
}

/// Whether a column called a day holds days of the month: whole numbers from 1 to 31. The last days have to be there:
/// days of the week end at 7, those of a course of treatment often at 14, 21 or 28.
pub(super) fn are_days_of_the_month(column: &Column<'_>) -> bool {
    let last = column.count(|cell| whole_up_to(cell, 31) && !whole_up_to(cell, 28));
    last.rows > 0 && column.count(|cell| whole_up_to(cell, 31)).share() == 1.0
}

fn whole_up_to(cell: &str, most: u32) -> bool {
    let cell = cell.strip_suffix(".0").unwrap_or(cell);
    cell.parse::<u32>().is_ok_and(|x| (1..=most).contains(&x))
}

#[cfg(test)]
mod tests {
    use super::super::test::check;
    use super::*;

    #[test]
    fn dates_in_odd_spellings() {
        check(
            is_date,
            &[
                "2020-01-31",
                "2020/1/31",
                "31.01.2020",
                "1/31/20",
                "31-01-2020",
                "2164-10-23 21:09:00",
                "2013-01-01T10:00:00Z",
                "12 March 2020",
                "Mar 3, 2020",
                "3. März 2020",
                "1 janvier 2020",
                "3 de mayo de 2020",
                "12-Mar-65",
                "２０２０-０１-３１",
                "2020 - 01 - 31",
                "31.12.65",
                "Jan 2020",
                "03/04/05",
            ],
            &[
                "2020",
                "18.00.00",
                "2020-13-01",
                "45.13.2020",
                "1.2.3.4",
                "12:30",
                "3.14",
                "120/80",
                "3-1",
                "May",
                "marital",
                "1-2",
                "555-123-4567",
                "[10-20)",
                "B 2020",
            ],
        );
        check(
            is_compact_date,
            &["20200131", "202001311230", "20200131123000", "19651231.0"],
            &["20201331", "20200132", "2020013", "99999999"],
        );
        check(
            mentions_date,
            &["seen on 12.03.2019 at night", "since 2020-01-31", "admitted March 3, 2020.", "am 3. Mai 2020 entlassen"],
            &["dose 3/4", "in 2020", "grade 2-3, 120/80", "v 1.2.2019.4", "may 20 mg"],
        );
        check(
            mentions_old_age,
            &["a 92-year-old woman", "aged 101", "94 yo male", "95 jährige", "93 ans"],
            &["89-year-old", "92 mg", "a 9-year-old", "aged 89", "190 years old"],
        );
    }
}

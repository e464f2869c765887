//! Dates and times in text: which `chrono` format spells a whole column.
//!
//! A format is taken only if every cell is read by it *and written by it as the same text*, so that nothing is lost.
//! Day and month are never guessed: if both orders read every cell, a person has to say which one it is. With dots the
//! day comes first, as everywhere where dots are used. Times of day alone and two-digit years are not taken.

use chrono::{NaiveDate, NaiveTime};

use crate::spelling::datetime::{Writer, parse};

/// What a column of text is as dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Every cell is spelled by this format.
    Format(String),
    /// Day and month may each come first, or the year has two digits: not to be guessed.
    Ambiguous,
    /// At least nine in ten are dates of one format; the positions of up to five that are not.
    Nearly(Vec<usize>),
    /// No dates.
    No,
}

/// Judges the distinct cells of a column.
pub(super) fn judge(cells: &[&str]) -> Verdict {
    let digits = |cell: &&str| cell.bytes().filter(u8::is_ascii_digit).count();
    let Some(first) = cells.first() else { return Verdict::No };
    // Most columns of text are no dates, and their first cells show it at once.
    if digits(first) < 3 && cells.get(1).is_none_or(|second| digits(second) < 3) {
        return Verdict::No;
    }
    let sample = &cells[..cells.len().min(20)];
    let mut found: Option<Candidate> = None;
    let mut nearly = None;
    for candidate in candidates() {
        let Some(writer) = Writer::new(&candidate.format) else { continue };
        let mut buffer = String::new();
        let mut fits = |cell: &str| {
            buffer.clear();
            parse(cell, &candidate.format).is_some_and(|micros| writer.write(micros, &mut buffer)) && buffer == cell
        };
        if sample.iter().filter(|cell| fits(cell)).count() * 10 < sample.len() * 8 {
            continue;
        }
        let odd: Vec<usize> = (0..cells.len()).filter(|&i| !fits(cells[i])).collect();
        if !odd.is_empty() {
            if odd.len() * 10 <= cells.len() && nearly.is_none() {
                nearly = Some(odd.into_iter().take(5).collect());
            }
            continue;
        }
        if candidate.first == First::ShortYear {
            return Verdict::Ambiguous;
        }
        match &found {
            Some(other) if other.first != candidate.first => return Verdict::Ambiguous,
            Some(_) => {}
            None => found = Some(candidate),
        }
    }
    match (found, nearly) {
        (Some(candidate), _) => Verdict::Format(candidate.format),
        (None, Some(odd)) => Verdict::Nearly(odd),
        (None, None) => Verdict::No,
    }
}

/// Whether all cells are times of day (`18:30`, `18.00.00`): no dates, but no codes either.
pub(super) fn are_times_of_day(cells: &[&str]) -> bool {
    let formats = ["%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%H.%M.%S", "%I:%M %p", "%I:%M:%S %p"];
    formats.iter().any(|format| cells.iter().all(|cell| NaiveTime::parse_from_str(cell, format).is_ok()))
}

/// Whether whole numbers are dates written `yyyymmdd` between the years 1800 and 2199.
pub(super) fn is_compact_date(value: f64) -> bool {
    let (year, month, day) = ((value / 10_000.0).floor(), (value / 100.0).floor() % 100.0, value % 100.0);
    (1800.0..2200.0).contains(&year)
        && value.fract() == 0.0
        && NaiveDate::from_ymd_opt(year as i32, month as u32, day as u32).is_some()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    Year,
    Day,
    Month,
    ShortYear,
}

struct Candidate {
    format: String,
    first: First,
}

fn candidates() -> Vec<Candidate> {
    const DATES: [(&str, First); 18] = [
        ("%Y-%m-%d", First::Year),
        ("%Y/%m/%d", First::Year),
        ("%Y.%m.%d", First::Year),
        ("%d/%m/%Y", First::Day),
        ("%m/%d/%Y", First::Month),
        ("%-d/%-m/%Y", First::Day),
        ("%-m/%-d/%Y", First::Month),
        ("%d-%m-%Y", First::Day),
        ("%m-%d-%Y", First::Month),
        ("%d.%m.%Y", First::Day),
        ("%-d.%-m.%Y", First::Day),
        ("%d-%b-%Y", First::Day),
        ("%-d-%b-%Y", First::Day),
        ("%d %b %Y", First::Day),
        ("%-d %b %Y", First::Day),
        ("%d/%m/%y", First::ShortYear),
        ("%m/%d/%y", First::ShortYear),
        ("%d.%m.%y", First::ShortYear),
    ];
    const TIMES: [&str; 4] = ["%H:%M:%S", "%H:%M", "%H:%M:%S%.3f", "%H:%M:%S%.6f"];
    let mut all = Vec::new();
    for (date, first) in DATES {
        all.push(Candidate { format: date.to_owned(), first });
        let zones: &[&str] = if date == "%Y-%m-%d" { &["", "Z", "+00:00"] } else { &[""] };
        let betweens: &[&str] = if first == First::Year { &[" ", "T"] } else { &[" "] };
        for between in betweens {
            for time in TIMES {
                all.extend(
                    zones.iter().map(|zone| Candidate { format: format!("{date}{between}{time}{zone}"), first }),
                );
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_recognised() {
        let check = |cells: &[&str], expected: &str| {
            assert_eq!(judge(cells), Verdict::Format(expected.to_owned()), "{cells:?}");
        };
        check(&["2011-01-01", "2012-02-29"], "%Y-%m-%d");
        check(&["2013-01-01T10:00:00Z"], "%Y-%m-%dT%H:%M:%SZ");
        check(&["2164-10-23 21:09:00", "0001-01-01 00:00:00"], "%Y-%m-%d %H:%M:%S");
        check(&["2020-01-01T10:00:00.250"], "%Y-%m-%dT%H:%M:%S%.3f");
        check(&["2020-01-01T10:00:00+00:00"], "%Y-%m-%dT%H:%M:%S+00:00");
        check(&["10/03/2004", "31/03/2004"], "%d/%m/%Y");
        check(&["03/10/2004", "03/31/2004"], "%m/%d/%Y");
        check(&["3/10/2004", "3/31/2004"], "%-m/%-d/%Y");
        check(&["01.02.2004"], "%d.%m.%Y");
        check(&["05-Jan-2020", "17-Mar-2021"], "%d-%b-%Y");
        check(&["31/12/2020 08:30"], "%d/%m/%Y %H:%M");
    }

    #[test]
    fn day_and_month_are_not_guessed() {
        assert_eq!(judge(&["03/04/2005", "01/02/2003"]), Verdict::Ambiguous);
        assert_eq!(judge(&["03/04/05", "21/02/03"]), Verdict::Ambiguous);
    }

    #[test]
    fn a_sentinel_among_dates_is_pointed_at() {
        let cells: Vec<String> = (1..=28).map(|day| format!("2020-02-{day:02}")).collect();
        let mut cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        cells.push("0000-00-00");
        assert_eq!(judge(&cells), Verdict::Nearly(vec![28]));
    }

    #[test]
    fn words_codes_and_times_are_no_dates() {
        for cells in [vec!["yes", "no"], vec!["2004"], vec!["18:30:00"], vec!["250.83", "V58"], vec!["2020-13-01"]] {
            assert_eq!(judge(&cells), Verdict::No, "{cells:?}");
        }
        assert!(are_times_of_day(&["18.00.00", "19.00.00"]));
        assert!(is_compact_date(20_200_229.0) && !is_compact_date(20_190_229.0) && !is_compact_date(12_345_678.0));
    }
}

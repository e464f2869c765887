//! Round numbers and round dates on a column's own grid: values that are nobody's.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime};

use crate::schema::NumberFormat;

/// Which way is outwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Low,
    High,
}

/// How far values of one type are apart, and which of them are round.
pub(super) trait Ruler<T> {
    /// The place of a value on a line.
    fn place(&self, x: T) -> f64;

    /// The value at a place.
    fn at(&self, place: f64) -> T;

    /// The first round value from `x` on outwards, `x` itself if it is one, where round ones are at most `distance` apart: the
    /// largest of the steps 1, 2, 5, 10, … of the column's grid that is. Without a distance, those of the grid.
    fn outwards(&self, x: T, distance: f64, end: End) -> T;
}

/// The largest of 1, 2, 5, 10, … times a power of ten that is at most `x`, which is positive.
fn round_below(x: f64) -> f64 {
    let power = 10f64.powf(x.log10().floor());
    let round = [5.0, 2.0, 1.0].map(|step| step * power);
    round.into_iter().find(|step| *step <= x * (1.0 + 1e-12)).unwrap_or(power)
}

/// Whole numbers.
pub(super) struct Whole {
    /// The distance between points of the grid, which has 0.
    step: i64,
}

impl Whole {
    pub(super) fn of(format: Option<NumberFormat>) -> Self {
        // A step that is no whole number was declared for floats.
        let step = format.map_or(1.0, |format| format.step);
        Self { step: if (1.0..1e15).contains(&step) { step as i64 } else { 1 } }
    }
}

/// The multiple of `step` at `x` or next to it, outwards; `x` where there is none of its type.
fn multiple(x: i64, step: i64, origin: i64, end: End) -> i64 {
    let (x, step, origin) = (i128::from(x), i128::from(step), i128::from(origin));
    let below = (x - origin).div_euclid(step) * step + origin;
    let to = if end == End::High && below < x { below + step } else { below };
    i64::try_from(to).unwrap_or(x as i64)
}

impl Ruler<i64> for Whole {
    fn place(&self, x: i64) -> f64 {
        x as f64
    }

    fn at(&self, place: f64) -> i64 {
        place as i64
    }

    fn outwards(&self, x: i64, distance: f64, end: End) -> i64 {
        let steps = distance / self.step as f64;
        let round = if steps >= 1.0 { round_below(steps.min(1e15)) as i64 } else { 1 };
        multiple(x, round.saturating_mul(self.step), 0, end)
    }
}

/// Decimal fractions.
pub(super) struct Decimals(pub(super) NumberFormat);

impl Ruler<f64> for Decimals {
    fn place(&self, x: f64) -> f64 {
        x
    }

    fn at(&self, place: f64) -> f64 {
        place
    }

    fn outwards(&self, x: f64, distance: f64, end: End) -> f64 {
        let steps = distance / self.0.step;
        let round = if steps >= 1.0 { round_below(steps) * self.0.step } else { self.0.step };
        // A multiple may be a little off by the rounding of floats, and is one all the same.
        let to = match end {
            End::Low => (x / round + 1e-9).floor() * round,
            End::High => (x / round - 1e-9).ceil() * round,
        };
        let to = self.0.snap(to) + 0.0;
        if to.is_finite() { to } else { x }
    }
}

/// Moments, in microseconds after 1970.
pub(super) struct Calendar(Finest);

/// The grid of moments, from fine to coarse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finest {
    /// Multiples of so many microseconds, up to a day.
    Micros(i64),
    /// Mondays.
    Week,
    /// The first days of months.
    Month,
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// The first Monday of 1970.
const MONDAY: i64 = 4 * DAY;
/// What people round moments to, below a month; finer than a second, by 1, 2, 5, 10, ….
const ROUND: [i64; 17] = {
    let (minute, hour) = (60 * SECOND, 3600 * SECOND);
    let s = SECOND;
    [
        s,
        2 * s,
        5 * s,
        10 * s,
        15 * s,
        30 * s,
        minute,
        2 * minute,
        5 * minute,
        10 * minute,
        15 * minute,
        30 * minute,
        hour,
        6 * hour,
        12 * hour,
        DAY,
        7 * DAY,
    ]
};
/// Of months.
const ROUND_MONTHS: [i64; 10] = [1, 3, 6, 12, 24, 60, 120, 240, 600, 1200];
/// The mean month.
const MONTH: f64 = 30.436_875 * DAY as f64;

impl Calendar {
    /// The coarsest grid that all of the moments but fewer than `k` lie on.
    pub(super) fn of(moments: impl Iterator<Item = i64> + Clone, k: usize) -> Self {
        let fits = |is_on: &dyn Fn(i64) -> bool| moments.clone().filter(|&at| !is_on(at)).take(k).count() < k;
        if fits(&|at| month_start(at) == Some(at)) {
            return Self(Finest::Month);
        }
        if fits(&|at| (at - MONDAY).rem_euclid(7 * DAY) == 0) {
            return Self(Finest::Week);
        }
        let units = [DAY, 3600 * SECOND, 60 * SECOND, SECOND, 1000];
        Self(Finest::Micros(units.into_iter().find(|unit| fits(&|at| at.rem_euclid(*unit) == 0)).unwrap_or(1)))
    }
}

impl Ruler<i64> for Calendar {
    fn place(&self, x: i64) -> f64 {
        x as f64
    }

    fn at(&self, place: f64) -> i64 {
        place as i64
    }

    fn outwards(&self, x: i64, distance: f64, end: End) -> i64 {
        let months = distance / MONTH;
        match self.0 {
            Finest::Week => {
                let weeks = (distance / (7 * DAY) as f64).clamp(1.0, 1e5);
                multiple(x, round_below(weeks) as i64 * 7 * DAY, MONDAY, end)
            }
            Finest::Month => month_outwards(x, months, end).unwrap_or(x),
            Finest::Micros(_) if months >= 1.0 => month_outwards(x, months, end).unwrap_or(x),
            Finest::Micros(unit) => {
                let rounds = ROUND.into_iter().rev().find(|round| *round as f64 <= distance && *round >= unit);
                let fine = || round_below((distance / unit as f64).max(1.0)) as i64 * unit;
                match rounds {
                    Some(round) if round == 7 * DAY => multiple(x, round, MONDAY, end),
                    round => multiple(x, round.unwrap_or_else(fine), 0, end),
                }
            }
        }
    }
}

/// The first moment of the month that holds `at`.
fn month_start(at: i64) -> Option<i64> {
    let date = DateTime::from_timestamp_micros(at)?.date_naive().with_day(1)?;
    Some(date.and_time(NaiveTime::MIN).and_utc().timestamp_micros())
}

/// The start of a round number of months.
fn month_outwards(at: i64, months: f64, end: End) -> Option<i64> {
    let round = ROUND_MONTHS.into_iter().rev().find(|round| *round as f64 <= months).unwrap_or(1);
    let date = DateTime::from_timestamp_micros(at)?.date_naive();
    let month = i64::from(date.year()) * 12 + i64::from(date.month0());
    let start = |month: i64| {
        let date = NaiveDate::from_ymd_opt(month.div_euclid(12) as i32, month.rem_euclid(12) as u32 + 1, 1)?;
        Some(date.and_time(NaiveTime::MIN).and_utc().timestamp_micros())
    };
    let below = start(multiple(month, round, 0, End::Low))?;
    if end == End::Low || below == at { Some(below) } else { start(multiple(month + 1, round, 0, End::High)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_outwards_to_the_steps_of_one_two_and_five() {
        let whole = |x, distance, end| Whole { step: 1 }.outwards(x, distance, end);
        assert_eq!([whole(67, 9.0, End::High), whole(67, 9.0, End::Low)], [70, 65]);
        assert_eq!([whole(67, 0.3, End::High), whole(70, 10.0, End::High)], [67, 70]);
        assert_eq!([whole(-3, 20.0, End::High), whole(12, 50.0, End::Low)], [0, 0], "none crosses zero");
        assert_eq!(Whole { step: 5 }.outwards(65, 26.0, End::High), 75);
        let big = (1 << 60) + 1;
        assert_eq!(whole(big, 0.0, End::High), big);
        let format = NumberFormat { decimals: 2, step: 0.25, ..NumberFormat::default() };
        assert_eq!(Decimals(format).outwards(1.5, 0.6, End::High), 1.5);
        assert_eq!(Decimals(format).outwards(1.25, 0.6, End::High), 1.5);
        let format = NumberFormat { decimals: 6, step: 1e-6, ..NumberFormat::default() };
        let ends = [End::Low, End::High].map(|end| Decimals(format).outwards(4.272_363, 0.7, end));
        assert_eq!(ends, [4.0, 4.5]);
        assert_eq!(Decimals(format).outwards(0.3, 0.1, End::High), 0.3);
    }

    #[test]
    fn moments_go_outwards_to_the_calendar() {
        let at = |text: &str| crate::spelling::datetime::parse(text, "%Y-%m-%d %H:%M").unwrap();
        let days = Calendar(Finest::Micros(DAY));
        let check = |ruler: &Calendar, from: &str, days: f64, end, to: &str| {
            assert_eq!(ruler.outwards(at(from), days * DAY as f64, end), at(to), "{from} by {days}");
        };
        check(&days, "2020-05-13 00:00", 0.0, End::High, "2020-05-13 00:00");
        check(&days, "2020-05-13 00:00", 8.0, End::High, "2020-05-18 00:00");
        check(&days, "2020-05-13 00:00", 40.0, End::Low, "2020-05-01 00:00");
        check(&days, "2020-05-13 00:00", 400.0, End::High, "2021-01-01 00:00");
        check(&days, "2020-05-01 00:00", 100.0, End::High, "2020-07-01 00:00");
        let month = Calendar(Finest::Month);
        check(&month, "2020-05-01 00:00", 1.0, End::High, "2020-05-01 00:00");
        let week = Calendar(Finest::Week);
        check(&week, "2020-05-11 00:00", 16.0, End::Low, "2020-05-04 00:00");
        let minute = Calendar(Finest::Micros(60 * SECOND));
        check(&minute, "2020-05-13 10:07", 0.01, End::High, "2020-05-13 10:10");
    }

    #[test]
    fn one_odd_moment_does_not_set_the_grid() {
        let finest = |odd: i64| Calendar::of((0..40).map(|i| i * 7 * DAY + MONDAY).chain([odd]), 5).0;
        assert_eq!([finest(MONDAY), finest(1)], [Finest::Week; 2]);
        assert_eq!(Calendar::of((0..40).map(|i| i * DAY), 5).0, Finest::Micros(DAY));
    }
}

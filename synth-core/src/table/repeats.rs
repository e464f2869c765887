//! Whether a table has more equal rows than chance makes.
//!
//! A join that fanned out, or visits without a name, put a person's row into a table several times. Nothing says so but the rows
//! themselves: two people seldom have the same value in a column of many values, and almost never in several of them at once.
//! So equal pairs of rows are counted, and held against what chance makes of the columns: of all n (n - 1) / 2 pairs the product of the
//! shares that are equal in each. Columns hang together, which makes equal rows more frequent than that. So a column that another
//! determines is left out, and the finest column of all as well; and there must be [`FACTOR`] times as many pairs as chance makes, and
//! [`LEAST`] rows at least that equal an earlier one. The share of a column on a scale is that of the different rows alone, in which the
//! repeated ones do not count.
//!
//! In a table of few columns with few levels equal rows are what is to be expected, and nothing is beyond chance. Left out on
//! purpose: rows of one person that differ (an age, a dose), equal rows that make up more than [`MOST`] of the table (all zeros),
//! and tables of one or two columns, in which little can be told.

use std::collections::{HashMap, HashSet};

use super::Table;
use super::units::{codes, row_codes};
use crate::schema::Kind;

/// So many times more pairs than chance makes.
const FACTOR: f64 = 5.0;
/// Rows that equal an earlier one, at least: with fewer, next to nothing depends on them.
const LEAST: usize = 11;
/// The largest share of the table that equal rows have.
const MOST: f64 = 0.1;
/// Rows on which it is looked which columns determine others.
const SAMPLE: usize = 2_000;
/// Columns of which that is asked.
const MAX_COLUMNS: usize = 100;

pub(super) fn are_beyond_chance(table: &Table) -> bool {
    let rows = row_codes(table);
    let n_rows = rows.len();
    let mut sizes: HashMap<u32, usize> = HashMap::new();
    let mut firsts = Vec::new();
    for (row, code) in rows.iter().enumerate() {
        let Some(code) = code else { return false };
        let size = sizes.entry(*code).or_insert(0);
        if *size == 0 {
            firsts.push(row);
        }
        *size += 1;
    }
    let most = sizes.values().max().copied().unwrap_or(0);
    if n_rows - firsts.len() < LEAST || firsts.len() < 2 || most as f64 > MOST * n_rows as f64 {
        return false;
    }
    // Whole numbers: the order of the map does not matter.
    let n_equal: usize = sizes.values().map(|m| m * (m - 1) / 2).sum();
    let all_pairs = n_rows as f64 * (n_rows as f64 - 1.0) / 2.0;
    n_equal as f64 > FACTOR * all_pairs * by_chance(table, &firsts)
}

/// The probability that two rows are equal, if those at `firsts` are all different rows there are.
fn by_chance(table: &Table, firsts: &[usize]) -> f64 {
    let fields = &table.schema().fields;
    let is_told = |c: &usize| !matches!(fields[*c].kind, Kind::Identifier | Kind::Constant | Kind::Empty);
    let columns: Vec<Column> = (0..fields.len())
        .filter(is_told)
        .map(|c| {
            let all = codes(table, c);
            let different = firsts.iter().map(|&row| all[row]).collect();
            Column { different, all, is_scale: fields[c].kind.is_scale() }
        })
        .collect();
    let is_left_out = determined(&columns);
    let told = columns.iter().zip(is_left_out).filter(|(_, is_left_out)| !is_left_out);
    let mut shares: Vec<f64> = told.map(|(column, _)| column.equal_pairs()).collect();
    shares.sort_unstable_by(f64::total_cmp);
    shares.iter().skip(1).product()
}

/// The codes of a column.
struct Column {
    all: Vec<Option<u32>>,
    /// Of the different rows.
    different: Vec<Option<u32>>,
    is_scale: bool,
}

impl Column {
    /// The share of pairs of rows that are equal in it, of one pair at least.
    fn equal_pairs(&self) -> f64 {
        let codes = if self.is_scale { &self.different } else { &self.all };
        let mut sizes: HashMap<Option<u32>, usize> = HashMap::new();
        codes.iter().for_each(|code| *sizes.entry(*code).or_insert(0) += 1);
        let n_equal: usize = sizes.values().map(|m| m * (m - 1) / 2).sum();
        let n = codes.len() as f64;
        (n_equal.max(1) as f64 / (n * (n - 1.0) / 2.0)).min(1.0)
    }

    /// Whether `other` follows from it, as far as a sample of rows shows: its values occur twice in the mean, so that it could be seen if
    /// it did not. Of levels all rows are asked, since a code and its text may well have one row each among the different ones.
    fn determines(&self, other: &Column) -> bool {
        let [own, others] = match self.is_scale || other.is_scale {
            true => [&self.different, &other.different],
            false => [&self.all, &other.all],
        };
        let n_rows = own.len().min(SAMPLE);
        let (own, others) = (&own[..n_rows], &others[..n_rows]);
        let n_own = own.iter().collect::<HashSet<_>>().len();
        2 * n_own <= n_rows && own.iter().zip(others).collect::<HashSet<_>>().len() == n_own
    }
}

/// Which columns another one determines. Of two that determine each other the first stays.
fn determined(columns: &[Column]) -> Vec<bool> {
    let n = columns.len().min(MAX_COLUMNS);
    let mut is_determined = vec![false; columns.len()];
    for b in 0..n {
        let mut others = (0..n).filter(|&a| a != b && !is_determined[a]);
        is_determined[b] =
            others.any(|a| columns[a].determines(&columns[b]) && (a < b || !columns[b].determines(&columns[a])));
    }
    is_determined
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::schema::Unit;
    use crate::table::Units;

    /// People with an age, two laboratory values, a stage and a flag, each of them `times` times, in no order.
    fn people(n: usize, times: usize, seed: u64) -> Table {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let ([mut age, mut died], [mut crp, mut bmi]) = ([const { Vec::new() }; 2], [const { Vec::new() }; 2]);
        let mut stage = Vec::new();
        for _ in 0..n {
            age.push(rng.gen_range(30..80));
            crp.push((rng.r#gen::<f64>() * 2_000.0).round() / 100.0);
            bmi.push((rng.r#gen::<f64>() * 200.0).round() / 10.0 + 18.0);
            stage.push(["low", "medium", "high"][rng.gen_range(0..3)]);
            died.push(rng.gen_range(0..2));
        }
        let table = Table::builder().integers("age", age).numbers("crp", crp).numbers("bmi", bmi);
        let table = table.labels("stage", stage).integers("died", died).build().unwrap();
        let rows: Vec<usize> = (0..n * times).map(|i| i * 7 % n).collect();
        table.take(&rows)
    }

    #[test]
    fn people_who_stand_there_five_times_are_seen_and_counted_once() {
        for (n, times) in [(250, 5), (250, 2), (100, 12), (500, 2)] {
            let units = Units::repeated(&people(n, times, 1)).unwrap();
            assert_eq!(
                (units.unit(), units.n_units(), units.max_rows()),
                (&Unit::EqualRows, n, times),
                "{n} x {times}"
            );
        }
        for seed in 0..10 {
            assert_eq!(Units::repeated(&people(1_250, 1, seed)), None);
        }
    }

    #[test]
    fn equal_rows_of_few_levels_are_what_is_to_be_expected() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut level = |n: usize, k: usize| -> Vec<i64> { (0..n).map(|_| rng.gen_range(0..k as i64)).collect() };
        for n in [200, 2_000] {
            let flags = ["a", "b", "c", "d"].into_iter();
            let few = flags.fold(Table::builder(), |table, name| table.integers(name, level(n, 2)));
            let few = few.integers("grade", level(n, 4)).build().unwrap();
            assert_eq!(Units::repeated(&few), None, "{n}");
            // An age, the year of birth that follows from it, and a sex.
            let age = level(n, 60);
            let born: Vec<i64> = age.iter().map(|age| 2020 - age).collect();
            let tied = Table::builder().integers("age", age).integers("born", born).integers("sex", level(n, 2));
            assert_eq!(Units::repeated(&tied.build().unwrap()), None, "{n}");
            // A code, its text and its group.
            let number = level(n, n / 5);
            let code: Vec<String> = number.iter().map(|number| format!("D{number}")).collect();
            let text: Vec<String> = number.iter().map(|number| format!("the long text of code {number}")).collect();
            let group: Vec<String> = number.iter().map(|number| format!("G{}", number % 20)).collect();
            let coded = Table::builder().labels("code", code.iter().map(String::as_str));
            let coded = coded.labels("text", text.iter().map(String::as_str));
            assert_eq!(
                Units::repeated(&coded.labels("group", group.iter().map(String::as_str)).build().unwrap()),
                None,
                "{n}"
            );
        }
    }

    #[test]
    fn a_few_rows_twice_change_nothing() {
        let once = people(400, 1, 5);
        let rows: Vec<usize> = (0..400).chain(0..10).collect();
        assert_eq!(Units::repeated(&once.take(&rows)), None);
        let rows: Vec<usize> = (0..400).chain(0..11).collect();
        assert_eq!(Units::repeated(&once.take(&rows)).unwrap().n_units(), 400);
    }
}

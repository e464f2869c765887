//! Constraints between what cells say rather than how large they are: a level, zero or more, missing or not.
//!
//! The rows in which a cell says one of these are a *fact*. A fact implies another if no row has the first and lacks the
//! second, and if [`LEAST_EXCEPTIONS`] rows or more would, were the two independent: by chance that has a
//! probability under e⁻²⁰. Implications between levels are dependencies or combinations and are left to those. All that
//! is found is shared by [`LEAST_ROWS`] rows.

use rayon::prelude::*;

use super::coded::Codes;
use super::find::{LEAST_ROWS, rows_of};
use super::passed::missing;
use crate::schema::{Constraint, DEFAULT_K, Kind, Storage, Value, When};
use crate::table::{Table, Units};

/// Rows that would break a rule if its columns were independent.
const LEAST_EXCEPTIONS: f64 = 20.0;
/// Columns with more levels than this say too little with each.
const MAX_LEVELS: usize = 20;
/// Columns of levels that are looked at in pairs, and facts that are: bounds the time for very wide tables.
const MAX_COLUMNS: usize = 128;
const MAX_FACTS: usize = 2048;
/// A limit that this share of a column's rows have is one, and not just its last value.
const LIMIT_SHARE: f64 = 0.01;

/// The rows in which a cell says something.
struct Fact {
    when: When,
    column_idx: usize,
    kind: FactKind,
    rows: Vec<u64>,
    count: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FactKind {
    Level,
    Number,
    Gap,
}

impl Fact {
    fn new(when: When, column_idx: usize, kind: FactKind, is_row: impl Iterator<Item = bool>) -> Self {
        let mut rows = Vec::new();
        let mut count = 0;
        for (row, is_in) in is_row.enumerate() {
            if row % 64 == 0 {
                rows.push(0);
            }
            rows[row / 64] |= u64::from(is_in) << (row % 64);
            count += usize::from(is_in);
        }
        Self { when, column_idx, kind, rows, count }
    }

    fn is_within(&self, other: &Fact) -> bool {
        self.rows.iter().zip(&other.rows).all(|(own, other)| own & !other == 0)
    }
}

/// The implications that every row keeps, those with the widest condition for each consequence.
pub(super) fn find_implications(table: &Table) -> Vec<Constraint> {
    let n_rows = table.n_rows();
    let facts = facts(table);
    let is_consequence = |fact: &Fact| fact.kind != FactKind::Level;
    let found: Vec<Vec<Constraint>> = (0..facts.len())
        .into_par_iter()
        .filter(|&q| is_consequence(&facts[q]))
        .map(|q| {
            let then = &facts[q];
            let share_without = 1.0 - then.count as f64 / n_rows as f64;
            let mut conditions: Vec<usize> = (0..facts.len())
                .filter(|&p| {
                    let condition = &facts[p];
                    condition.column_idx != then.column_idx
                        && condition.count as f64 * share_without >= LEAST_EXCEPTIONS
                        && condition.is_within(then)
                })
                .collect();
            let all = conditions.clone();
            conditions.retain(|&p| {
                let is_wider = |&other: &usize| {
                    let (wide, narrow) = (&facts[other], &facts[p]);
                    (wide.count > narrow.count || (wide.count == narrow.count && other < p)) && narrow.is_within(wide)
                };
                !all.iter().any(is_wider)
            });
            // Of two facts that deny each other's opposite one direction says it all.
            let is_first = |p: &usize| {
                let condition = &facts[*p];
                condition.kind == FactKind::Level || condition.column_idx < then.column_idx
            };
            conditions
                .into_iter()
                .filter(is_first)
                .map(|p| Constraint::Implies { condition: facts[p].when.clone(), then: then.when.clone() })
                .collect()
        })
        .collect();
    found.concat()
}

/// What cells of the learnt columns say often enough, and not always.
fn facts(table: &Table) -> Vec<Fact> {
    let (n_rows, least) = (table.n_rows(), rows_of(LEAST_ROWS, &Units::of(table)));
    let of_column = |column_idx: usize| {
        let field = table.column(column_idx).0;
        let mut facts = Vec::new();
        let test = |change: &dyn Fn(&mut When)| {
            let mut when = When::of(field.name.clone());
            change(&mut when);
            when
        };
        let gaps = missing(table, column_idx);
        for asked in [true, false] {
            let when = test(&|when| when.missing = Some(asked));
            facts.push(Fact::new(when, column_idx, FactKind::Gap, gaps.iter().map(|&gap| gap == asked)));
        }
        if field.kind.is_levels() {
            let codes = Codes::of(table, column_idx);
            if codes.n_values <= MAX_LEVELS {
                // A row of each value alone: the labels of all rows are larger than the column.
                let examples = table.take(&codes.first_rows()[1..]);
                let (labels, numbers) = (examples.labels(column_idx), examples.numbers(column_idx));
                for code in 1..=codes.n_values {
                    let value = match field.storage {
                        Storage::Text => Value::Text(labels[code - 1].clone().unwrap_or_default()),
                        Storage::Boolean => Value::Flag(numbers[code - 1] != 0.0),
                        _ => Value::from(numbers[code - 1]),
                    };
                    let when = test(&|when| when.is = Some(value.clone()));
                    let rows = codes.codes.iter().map(|&own| own as usize == code);
                    facts.push(Fact::new(when, column_idx, FactKind::Level, rows));
                }
            }
        } else if field.storage.is_number() {
            let numbers = table.numbers(column_idx);
            if !numbers.iter().any(|&x| x < 0.0) {
                let zero = test(&|when| when.is = Some(Value::Whole(0)));
                let more = test(&|when| when.above = Some(Value::Whole(0)));
                facts.push(Fact::new(zero, column_idx, FactKind::Number, numbers.iter().map(|&x| x == 0.0)));
                facts.push(Fact::new(more, column_idx, FactKind::Number, numbers.iter().map(|&x| x > 0.0)));
            }
        }
        facts.retain(|fact| fact.count >= least && n_rows - fact.count >= least);
        facts
    };
    let learnt: Vec<usize> = (0..table.n_columns()).filter(|&c| table.column(c).0.kind.is_learnt()).collect();
    let found: Vec<Vec<Fact>> = learnt.into_par_iter().map(of_column).collect();
    found.into_iter().flatten().take(MAX_FACTS).collect()
}

/// Pairs of columns of levels that leave out values which chance would bring together, in [`LEAST_ROWS`] rows or more. All
/// pairs of values that are seen must be shared by [`DEFAULT_K`] units.
pub(super) fn find_combinations(table: &Table) -> Vec<Constraint> {
    let fields = &table.schema().fields;
    let levels = (0..fields.len()).filter(|&c| fields[c].kind.is_levels());
    let coded: Vec<(usize, Codes)> = levels
        .map(|c| (c, Codes::of(table, c)))
        .filter(|(_, codes)| (2..=MAX_LEVELS).contains(&codes.n_values))
        .take(MAX_COLUMNS)
        .collect();
    let units = Units::of(table);
    let found: Vec<Vec<Constraint>> = (0..coded.len())
        .into_par_iter()
        .map(|i| {
            let others = i + 1..coded.len();
            let is_fixed = |&j: &usize| leaves_out(&coded[i].1, &coded[j].1, &units);
            let pair = |j: usize| [i, j].map(|k| fields[coded[k].0].name.clone()).to_vec();
            others.filter(is_fixed).map(|j| Constraint::Combinations { columns: pair(j) }).collect()
        })
        .collect();
    found.concat()
}

fn leaves_out(a: &Codes, b: &Codes, units: &Units) -> bool {
    let width = b.n_values + 1;
    let mut counts = vec![0usize; (a.n_values + 1) * width];
    for (&x, &y) in a.codes.iter().zip(&b.codes) {
        counts[x as usize * width + y as usize] += 1;
    }
    let cell = |x: usize, y: usize| counts[x * width + y];
    let rows = || (1..=a.n_values).flat_map(|x| (1..=b.n_values).map(move |y| (x, y)));
    let cells = a.codes.iter().zip(&b.codes).map(|(&x, &y)| Some(x as usize * width + y as usize));
    let people = units.counts(cells, counts.len());
    if rows().any(|(x, y)| (1..DEFAULT_K).contains(&people[x * width + y])) {
        return false;
    }
    let n_complete: usize = rows().map(|(x, y)| cell(x, y)).sum();
    let of_a: Vec<usize> = (0..=a.n_values).map(|x| (1..=b.n_values).map(|y| cell(x, y)).sum()).collect();
    let of_b: Vec<usize> = (0..=b.n_values).map(|y| (1..=a.n_values).map(|x| cell(x, y)).sum()).collect();
    let expected = rows().filter(|&(x, y)| cell(x, y) == 0).map(|(x, y)| of_a[x] as f64 * of_b[y] as f64);
    n_complete > 0 && expected.sum::<f64>() / n_complete as f64 >= rows_of(LEAST_ROWS, units) as f64
}

/// The limits of columns of numbers that one row in a hundred reaches, and [`LEAST_ROWS`] do.
pub(super) fn find_ranges(table: &Table) -> Vec<Constraint> {
    let least_rows = rows_of(LEAST_ROWS, &Units::of(table));
    let of_column = |column_idx: usize| {
        let field = table.column(column_idx).0;
        if !(field.storage.is_number() && matches!(field.kind, Kind::Continuous | Kind::Integer)) {
            return None;
        }
        let numbers: Vec<f64> = table.numbers(column_idx).into_iter().filter(|x| !x.is_nan()).collect();
        let least = (LIMIT_SHARE * numbers.len() as f64).max(least_rows as f64);
        let limit = |fold: fn(f64, f64) -> f64, from: f64| {
            let end = numbers.iter().copied().fold(from, fold);
            let count = numbers.iter().filter(|&&x| x == end).count();
            (count as f64 >= least).then(|| Value::from(end))
        };
        let (min, max) = (limit(f64::min, f64::INFINITY), limit(f64::max, f64::NEG_INFINITY));
        let is_any = min.is_some() || max.is_some();
        is_any.then(|| Constraint::Range { column: field.name.clone(), min, max })
    };
    let found: Vec<Option<Constraint>> = (0..table.n_columns()).into_par_iter().map(of_column).collect();
    found.into_iter().flatten().collect()
}

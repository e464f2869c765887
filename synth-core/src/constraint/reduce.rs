//! All constraints that a table's rows keep, each fact told once.
//!
//! Of what follows from something else nothing is told: the order of a part and its sum where the other parts are never
//! negative, an order between two columns with a third always between them, the second direction of two columns that
//! determine each other, what follows from a column that itself follows, an order or a combination of columns of which one
//! determines the other or both follow from a third, and an implication between zeros that an order brings with it.

use std::collections::{HashMap, HashSet};

use super::coded::{Codes, MISSING};
use super::find::{LEAST_ROWS, pairwise, rows_of};
use super::implied::{find_combinations, find_implications, find_ranges};
use crate::schema::{Constraint, DEFAULT_K, Value};
use crate::table::{Table, Units};

/// The most constraints of one kind that are told: wide tables have hundreds that say little.
const MAX_OF_KIND: usize = 64;
/// A dependency is told if this share of the rows has values that [`DEFAULT_K`] units have, and on a scale this share of its
/// values too: the others could not be looked up.
const COVERED: f64 = 0.95;

/// The constraints that every row of `table` keeps and at least [`LEAST_ROWS`] rows speak for, those declared in its schema
/// left out. Orders are strict where no row has equal values.
///
/// Empty for a table of fewer rows. No value is told that fewer than [`DEFAULT_K`] units share. The result does not depend on the number of threads.
pub fn find(table: &Table) -> Vec<Constraint> {
    find_nearly(table, 0)
}

/// The same, but sums, orders and dependencies may be broken by the rows of so many units.
pub(crate) fn find_nearly(table: &Table, n_odd: usize) -> Vec<Constraint> {
    let units = Units::of(table);
    if units.n_units() < LEAST_ROWS {
        return Vec::new();
    }
    let (mut depends, mut orders, mut sums, mut gaps) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for constraint in pairwise(table, n_odd) {
        match constraint {
            Constraint::Depends { on, column } => depends.push((on, column)),
            Constraint::Order { lower, upper, .. } => orders.push((lower, upper)),
            Constraint::Sum { total, parts } => sums.push((total, parts)),
            other => gaps.push(other),
        }
    }
    let numbers = Numbers::of(table, orders.iter().flat_map(|(a, b)| [a, b]).chain(sums.iter().flat_map(|s| &s.1)));
    let depends = reduced_dependencies(table, depends);
    let sums = reduced_sums(sums);
    let mut orders = reduced_orders(&numbers, orders, &sums, rows_of(LEAST_ROWS, &units));
    orders.retain(|order| !shares_a_determinant(&depends, order));
    let determined: HashSet<[String; 2]> =
        depends.iter().flat_map(|(on, column)| [[on.clone(), column.clone()], [column.clone(), on.clone()]]).collect();
    let mut combinations = find_combinations(table);
    combinations.retain(|constraint| match constraint {
        Constraint::Combinations { columns } => !determined.contains(&[columns[0].clone(), columns[1].clone()]),
        _ => true,
    });
    combinations.retain(|pair| !shares_a_determinant(&depends, pair));
    let mut implications = find_implications(table);
    implications.retain(|own| !is_said_by_gaps(&gaps, own) && !orders.iter().any(|order| is_said_by(order, own)));
    let depends = depends.into_iter().map(|(on, column)| Constraint::Depends { on, column }).collect();
    let sums = sums.into_iter().map(|(total, parts)| Constraint::Sum { total, parts }).collect();
    let kinds: [Vec<Constraint>; 7] = [sums, orders, depends, implications, combinations, gaps, find_ranges(table)];
    let declared = &table.schema().constraints;
    let is_new = |found: &Constraint| !declared.iter().any(|own| is_same(own, found));
    kinds.into_iter().flat_map(|kind| kind.into_iter().take(MAX_OF_KIND)).filter(is_new).collect()
}

/// Whether two constraints say the same of the same columns.
fn is_same(a: &Constraint, b: &Constraint) -> bool {
    match (a, b) {
        (Constraint::Order { lower, upper, .. }, Constraint::Order { lower: l, upper: u, .. }) => {
            lower == l && upper == u
        }
        (Constraint::Sum { total, .. }, Constraint::Sum { total: other, .. }) => total == other,
        (Constraint::Range { column, .. }, Constraint::Range { column: other, .. }) => column == other,
        _ => a == b,
    }
}

/// Columns of numbers, by name.
struct Numbers(HashMap<String, Vec<f64>>);

impl Numbers {
    fn of<'a>(table: &Table, names: impl Iterator<Item = &'a String>) -> Self {
        let mut numbers = HashMap::new();
        for name in names {
            let column_idx = table.schema().index_of(name).expect("found in this table");
            numbers.entry(name.clone()).or_insert_with(|| table.numbers(column_idx));
        }
        Self(numbers)
    }

    fn pairs(&self, a: &str, b: &str) -> impl Iterator<Item = (f64, f64)> {
        let both = self.0[a].iter().copied().zip(self.0[b].iter().copied());
        both.filter(|(a, b)| !a.is_nan() && !b.is_nan())
    }

    fn is_present_with(&self, middle: &str, a: &str, b: &str) -> bool {
        let [middle, a, b] = [middle, a, b].map(|name| &self.0[name]);
        (0..middle.len()).all(|row| !middle[row].is_nan() || a[row].is_nan() || b[row].is_nan())
    }
}

/// Each total once, and no sum around in a circle.
fn reduced_sums(sums: Vec<(String, Vec<String>)>) -> Vec<(String, Vec<String>)> {
    let mut kept: Vec<(String, Vec<String>)> = Vec::new();
    for (total, parts) in sums {
        let is_told = kept.iter().any(|(other, of)| *other == total || (of.contains(&total) && parts.contains(other)));
        if !is_told {
            kept.push((total, parts));
        }
    }
    kept
}

fn reduced_orders(
    numbers: &Numbers,
    found: Vec<(String, String)>,
    sums: &[(String, Vec<String>)],
    least: usize,
) -> Vec<Constraint> {
    let never_negative = |name: &String| !numbers.0.get(name).is_some_and(|own| own.iter().any(|&x| x < 0.0));
    let follows_from_sum = |lower: &String, upper: &String| {
        sums.iter().any(|(total, parts)| {
            let others = || parts.iter().filter(|part| *part != lower);
            total == upper && parts.contains(lower) && others().all(never_negative)
        })
    };
    let mut orders: Vec<(String, String)> = Vec::new();
    for (lower, upper) in found {
        let enough = numbers.pairs(&lower, &upper).count() >= least;
        // Equal columns are in order both ways.
        let is_reverse = orders.iter().any(|(l, u)| *l == upper && *u == lower);
        if enough && !is_reverse && !follows_from_sum(&lower, &upper) {
            orders.push((lower, upper));
        }
    }
    let set: HashSet<(String, String)> = orders.iter().cloned().collect();
    let is_between = |lower: &String, upper: &String| {
        orders.iter().any(|(l, middle)| {
            l == lower
                && set.contains(&(middle.clone(), upper.clone()))
                && numbers.is_present_with(middle, lower, upper)
        })
    };
    let kept = orders.iter().filter(|(lower, upper)| !is_between(lower, upper));
    kept.map(|(lower, upper)| {
        let strict = numbers.pairs(lower, upper).all(|(a, b)| a < b);
        Constraint::Order { lower: lower.clone(), upper: upper.clone(), strict }
    })
    .collect()
}

/// Each column on the determining column with the most values; what follows from a column that follows is left out.
fn reduced_dependencies(table: &Table, found: Vec<(String, String)>) -> Vec<(String, String)> {
    let index = |name: &String| table.schema().index_of(name).expect("found in this table");
    let units = Units::of(table);
    let mut codes: HashMap<String, Codes> = HashMap::new();
    for name in found.iter().flat_map(|(on, column)| [on, column]) {
        codes.entry(name.clone()).or_insert_with(|| Codes::of(table, index(name)));
    }
    let is_covered = |(on, column): &&(String, String)| {
        let (from, to) = (&codes[on], &codes[column]);
        let complete = || from.codes.iter().zip(&to.codes).filter(|(a, b)| **a != MISSING && **b != MISSING);
        let mut counts = vec![0usize; from.n_values + 1];
        complete().for_each(|(&a, _)| counts[a as usize] += 1);
        let both = |(&a, &b): (&u32, &u32)| (a != MISSING && b != MISSING).then_some(a as usize);
        let people = units.counts(from.codes.iter().zip(&to.codes).map(both), counts.len());
        let shared = || counts.iter().zip(&people).filter(|(_, people)| **people >= DEFAULT_K).map(|(count, _)| *count);
        let n_covered: usize = shared().sum();
        // A scale would be thinned out to the values that are known.
        let known = shared().count() as f64;
        let n_values = counts.iter().filter(|&&count| count > 0).count() as f64;
        let is_dense = !table.column(index(on)).0.kind.is_scale() || known >= COVERED * n_values;
        is_dense && n_covered as f64 >= COVERED * complete().count() as f64
    };
    // By falling number of values: nothing follows from what comes after it.
    let rank = |name: &String| (std::cmp::Reverse(codes[name].n_values), index(name));
    let covered: Vec<&(String, String)> =
        found.iter().filter(is_covered).filter(|(on, column)| rank(on) < rank(column)).collect();
    let first_of =
        |column: &String| covered.iter().filter(|(_, c)| c == column).map(|(on, _)| on).min_by_key(|on| rank(on));
    let is_root = |name: &String| first_of(name).is_none();
    let mut kept: Vec<(String, String)> = covered
        .iter()
        .filter(|(on, column)| first_of(column) == Some(on) && is_root(on))
        .map(|pair| (*pair).clone())
        .collect();
    kept.sort_by_key(|(on, column)| (index(on), index(column)));
    kept
}

/// Whether the two columns of a constraint both follow from a third: what they do together follows too.
fn shares_a_determinant(depends: &[(String, String)], constraint: &Constraint) -> bool {
    let columns = constraint.columns();
    depends.iter().any(|(on, a)| a == columns[0] && depends.contains(&(on.clone(), columns[1].to_owned())))
}

/// Whether an implication between zeros follows from an order of numbers that are never negative.
fn is_said_by(order: &Constraint, implication: &Constraint) -> bool {
    let (Constraint::Order { lower, upper, .. }, Constraint::Implies { condition, then }) = (order, implication) else {
        return false;
    };
    let zero = Some(Value::Whole(0));
    let is_more = condition.above == zero || matches!(condition.is, Some(Value::Whole(x)) if x > 0);
    let upwards = condition.column == *lower && then.column == *upper && is_more && then.above == zero;
    let downwards = condition.column == *upper && then.column == *lower && condition.is == zero && then.is == zero;
    upwards || downwards
}

/// Whether an implication between gaps is one of columns that are missing together anyway.
fn is_said_by_gaps(gaps: &[Constraint], constraint: &Constraint) -> bool {
    let Constraint::Implies { condition, then } = constraint else { return false };
    let together = |a: &String, b: &String| {
        gaps.iter().any(|gap| match gap {
            Constraint::MissingTogether { columns } => columns.contains(a) && columns.contains(b),
            _ => false,
        })
    };
    condition.missing.is_some() && then.missing.is_some() && together(&condition.column, &then.column)
}

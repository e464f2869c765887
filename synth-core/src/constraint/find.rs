//! Constraints between pairs of columns (sums: triples) that every row of a table keeps.
//!
//! - *A determines B*: rows alike in A are alike in B;
//! - *A ≤ B*: an order of two numbers or two dates;
//! - *A + B = C*: a sum of two numbers, but for rounding;
//! - *A and B are missing together*: neither is ever missing alone.
//!
//! A rule that holds by chance or says nothing is not reported. The evidence asked for:
//!
//! - determines: A's values occur [`LEAST_GROUP`] times on average, and [`LEAST_EVIDENCE`] rows or more confirm a B other
//!   than the most frequent one (a row confirms if it is not the first with its A);
//! - order: the ranges overlap, and if B's values were dealt anew to the rows, one in 20 would break the rule;
//! - sum: [`LEAST_EVIDENCE`] rows or more have an A and a B other than 0, with three or more distinct values each;
//! - missing together: [`LEAST_EVIDENCE`] rows or more are missing and as many are not.
//!
//! Several rows of one person are no independent evidence: where units have several, so many times more rows are asked for. Looked for in
//! all pairs of learnt columns, which is quick because a pair without a rule shows it within a few rows.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use rayon::prelude::*;

use super::coded::{Codes, MISSING};
use super::held::adds_up;
use super::numbers::Numbers;
use super::passed::missing;
use crate::schema::{Constraint, Kind, Storage};
use crate::table::{Table, Units};

/// The minimum number of units (people, or rows where nobody has two) that must support a found constraint, in the rows that so many have
/// in the mean.
pub const LEAST_ROWS: usize = 50;
/// How often the values of a determining column occur on average, at least.
pub const LEAST_GROUP: usize = 5;
/// The minimum number of units that must support a rule, in the same way.
pub const LEAST_EVIDENCE: usize = 20;

/// The share of rows that must break an order by chance, for it to be worth saying that none does.
const LEAST_SURPRISE: f64 = 0.05;
/// How many distinct values each summand must take.
const LEAST_DISTINCT: usize = 3;
/// Rows that a sum is tried on before all are.
const PROBES: usize = 8;

/// The dependencies, orders (none strict), sums and gaps in common that every row of `table` keeps, in the order of its
/// columns: each of its own, whether or not it follows from others. The result does not depend on the number of threads.
pub fn find_pairwise(table: &Table) -> Vec<Constraint> {
    pairwise(table, 0)
}

/// The same, but dependencies, orders and sums may be broken by the rows of so many units.
pub(super) fn pairwise(table: &Table, n_odd: usize) -> Vec<Constraint> {
    let units = Units::of(table);
    let odd = Odd { units: &units, n_odd };
    let mut found = find_determined(table, odd);
    found.extend(find_orders(table, odd));
    found.extend(find_sums(table, odd));
    found.extend(find_missing_together(table, rows_of(LEAST_EVIDENCE, &units)));
    found
}

/// The rows that `k` units have in the mean: several rows of one person are no independent evidence.
pub(super) fn rows_of(k: usize, units: &Units) -> usize {
    (k * units.n_rows()).div_ceil(units.n_units().max(1)).max(k)
}

/// How many units may break a rule.
#[derive(Clone, Copy)]
struct Odd<'a> {
    units: &'a Units,
    n_odd: usize,
}

impl Odd<'_> {
    /// Whether no more break it than may. The rows are looked at only as long as that is open.
    fn are_few(self, broken: impl Iterator<Item = usize>) -> bool {
        let mut seen: Vec<usize> = Vec::new();
        for row in broken {
            let unit = self.units.of_row(row);
            if !seen.contains(&unit) {
                seen.push(unit);
            }
            if seen.len() > self.n_odd {
                return false;
            }
        }
        true
    }
}

fn columns_of(table: &Table, is_wanted: impl Fn(Kind) -> bool) -> Vec<usize> {
    (0..table.n_columns()).filter(|&c| is_wanted(table.column(c).0.kind)).collect()
}

fn name(table: &Table, column_idx: usize) -> String {
    table.schema().fields[column_idx].name.clone()
}

/// A column that may determine others: its codes, and its rows by code, those without a value left out.
struct Determining<'a> {
    codes: &'a [u32],
    order: Vec<u32>,
}

impl<'a> Determining<'a> {
    /// `None` if its values do not occur often enough.
    fn of(Codes { codes, n_values }: &'a Codes) -> Option<Self> {
        let n_values = *n_values;
        let n_present = codes.iter().filter(|&&code| code != MISSING).count();
        // Gaps in the other column can only make groups smaller.
        if n_values < 2 || n_present < LEAST_GROUP * n_values {
            return None;
        }
        // Counting sort; code 0 is a missing value.
        let mut starts = vec![0u32; n_values + 2];
        codes.iter().filter(|&&c| c != MISSING).for_each(|&c| starts[c as usize + 1] += 1);
        for code in 1..starts.len() {
            starts[code] += starts[code - 1];
        }
        let mut order = vec![0; n_present];
        for (row, &code) in codes.iter().enumerate().filter(|(_, c)| **c != MISSING) {
            order[starts[code as usize] as usize] = row as u32;
            starts[code as usize] += 1;
        }
        Some(Self { codes, order })
    }

    /// The rows that break "self determines other": those with another value than most rows of their group.
    fn broken(&self, other: &Codes) -> impl Iterator<Item = usize> {
        let of_group = move |group: &[u32]| {
            let own =
                || group.iter().map(|&row| (row as usize, other.codes[row as usize])).filter(|&(_, b)| b != MISSING);
            // The value of more than half of them, if there is one, and else the first: then many break it.
            let mut most = (MISSING, 0usize);
            for (_, b) in own() {
                match most {
                    (_, 0) => most = (b, 1),
                    (value, n) if value == b => most = (value, n + 1),
                    (value, n) => most = (value, n - 1),
                }
            }
            own().filter(|&(_, b)| b != most.0).map(|(row, _)| row).collect::<Vec<usize>>()
        };
        self.order.chunk_by(move |&a, &b| self.codes[a as usize] == self.codes[b as usize]).flat_map(of_group)
    }

    /// Whether nearly every row keeps "self determines other", with evidence enough.
    fn determines(&self, other: &Codes, odd: Odd<'_>) -> bool {
        let complete = || {
            let rows = self.order.iter().map(|&row| (self.codes[row as usize], other.codes[row as usize]));
            rows.filter(|&(_, b)| b != MISSING)
        };
        // A pair without a rule shows it within a few rows: more of a group are unlike its most frequent value than may be.
        let most_rows = odd.n_odd * odd.units.max_rows();
        let (mut n_before, mut n_own, mut n_most, mut last) = (0, 0, 0, MISSING);
        let mut counts: HashMap<u32, usize> = HashMap::new();
        for (a, b) in complete() {
            if a != last {
                (n_before, n_own, n_most, last) = (n_before + n_own - n_most, 0, 0, a);
                counts.clear();
            }
            let count = counts.entry(b).or_default();
            *count += 1;
            (n_own, n_most) = (n_own + 1, n_most.max(*count));
            if n_before + n_own - n_most > most_rows {
                return false;
            }
        }
        if odd.n_odd > 0 && !odd.are_few(self.broken(other)) {
            return false;
        }
        // The sizes of the groups, and of the values that follow.
        let mut groups: Vec<(u32, usize)> = Vec::new();
        let mut of_value = vec![0usize; other.n_values + 1];
        let mut last = MISSING;
        for (a, b) in complete() {
            if a != last {
                groups.push((b, 0));
                last = a;
            }
            groups.last_mut().expect("just pushed").1 += 1;
            of_value[b as usize] += 1;
        }
        let n_rows: usize = groups.iter().map(|g| g.1).sum();
        let most = (0..of_value.len()).max_by_key(|&value| of_value[value]).unwrap_or(0) as u32;
        let evidence: usize = groups.iter().filter(|g| g.0 != most).map(|g| g.1 - 1).sum();
        n_rows >= LEAST_GROUP * groups.len() && evidence >= rows_of(LEAST_EVIDENCE, odd.units)
    }
}

fn find_determined(table: &Table, odd: Odd<'_>) -> Vec<Constraint> {
    let columns = columns_of(table, Kind::is_learnt);
    let coded: Vec<Codes> = columns.par_iter().map(|&c| Codes::of(table, c)).collect();
    let found: Vec<Vec<Constraint>> = (0..columns.len())
        .into_par_iter()
        .map(|i| {
            let Some(from) = Determining::of(&coded[i]) else { return Vec::new() };
            let others = (0..columns.len()).filter(|&j| j != i && coded[j].n_values > 1);
            let found = others.filter(|&j| from.determines(&coded[j], odd));
            found
                .map(|j| Constraint::Depends { on: name(table, columns[i]), column: name(table, columns[j]) })
                .collect()
        })
        .collect();
    found.concat()
}

/// A column of numbers or dates, in the rows' order.
struct Ordered<'a> {
    values: Numbers<'a>,
    /// The smallest value and the largest, if there is any.
    range: Option<(f64, f64)>,
    /// Sorted where it was asked for: for all columns at once that would be the table again.
    sorted: OnceLock<Vec<f64>>,
    is_date: bool,
}

impl Ordered<'_> {
    fn sorted(&self) -> &[f64] {
        self.sorted.get_or_init(|| {
            let mut sorted: Vec<f64> = self.values.iter().filter(|x| !x.is_nan()).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            sorted
        })
    }
}

fn find_orders(table: &Table, odd: Odd<'_>) -> Vec<Constraint> {
    let fields = &table.schema().fields;
    let columns = columns_of(table, |kind| kind.is_scale() || kind == Kind::Ordinal);
    let is_number = |c: &usize| fields[*c].kind.is_scale() || fields[*c].storage.is_number();
    let columns: Vec<usize> = columns.into_iter().filter(is_number).collect();
    let prepare = |&c: &usize| {
        let values = Numbers::of(table, c);
        let present = || values.iter().filter(|x| !x.is_nan());
        let range = present().min_by(f64::total_cmp).zip(present().max_by(f64::total_cmp));
        Ordered { values, range, sorted: OnceLock::new(), is_date: fields[c].storage == Storage::Timestamp }
    };
    let prepared: Vec<Ordered<'_>> = columns.par_iter().map(prepare).collect();
    let found: Vec<Vec<Constraint>> = (0..columns.len())
        .into_par_iter()
        .map(|i| {
            let mut found = Vec::new();
            for j in i + 1..columns.len() {
                let (a, b) = (&prepared[i], &prepared[j]);
                let [a_at_most_b, b_at_most_a] = orders(a, b, odd);
                let mut push = |smaller: usize, larger: usize| {
                    found.push(Constraint::Order {
                        lower: name(table, columns[smaller]),
                        upper: name(table, columns[larger]),
                        strict: false,
                    });
                };
                if a_at_most_b && is_surprising(a, b) {
                    push(i, j);
                }
                if b_at_most_a && is_surprising(b, a) {
                    push(j, i);
                }
            }
            found
        })
        .collect();
    found.concat()
}

/// Whether a ≤ b in nearly all complete rows, and b ≤ a.
fn orders(a: &Ordered<'_>, b: &Ordered<'_>, odd: Odd<'_>) -> [bool; 2] {
    let (Some((first_a, last_a)), Some((first_b, last_b))) = (a.range, b.range) else { return [false; 2] };
    // Ranges that do not overlap say as much by themselves.
    if a.is_date != b.is_date || last_a <= first_b || last_b <= first_a {
        return [false; 2];
    }
    let broken = |is_broken: fn(f64, f64) -> bool| {
        let pairs = a.values.iter().zip(b.values.iter()).enumerate();
        odd.are_few(pairs.filter(move |(_, (x, y))| is_broken(*x, *y)).map(|(row, _)| row))
    };
    // Never of NaN.
    let holds = [broken(|x, y| x > y), broken(|x, y| x < y)];
    if holds == [false; 2] {
        return holds;
    }
    let n_complete = a.values.iter().zip(b.values.iter()).filter(|(x, y)| !x.is_nan() && !y.is_nan()).count();
    holds.map(|holds| holds && n_complete >= rows_of(LEAST_EVIDENCE, odd.units))
}

/// Whether `smaller` would often exceed `larger` if the two had nothing to do with each other.
fn is_surprising(smaller: &Ordered<'_>, larger: &Ordered<'_>) -> bool {
    let (mut below, mut n_broken) = (0, 0u128);
    for x in smaller.sorted() {
        below += larger.sorted()[below..].iter().take_while(|&y| y < x).count();
        n_broken += below as u128;
    }
    n_broken as f64 >= LEAST_SURPRISE * smaller.sorted().len() as f64 * larger.sorted().len() as f64
}

fn find_sums(table: &Table, odd: Odd<'_>) -> Vec<Constraint> {
    let fields = &table.schema().fields;
    let columns: Vec<usize> =
        columns_of(table, Kind::is_scale).into_iter().filter(|&c| fields[c].storage.is_number()).collect();
    let values: Vec<Numbers<'_>> = columns.iter().map(|&c| Numbers::of(table, c)).collect();
    let p = columns.len();
    let found: Vec<Vec<Constraint>> = (0..p)
        .into_par_iter()
        .map(|i| {
            let mut found = Vec::new();
            for j in i + 1..p {
                for total in totals(&values, i, j, odd) {
                    let parts = vec![name(table, columns[i]), name(table, columns[j])];
                    found.push(Constraint::Sum { parts, total: name(table, columns[total]) });
                }
            }
            found
        })
        .collect();
    found.concat()
}

/// The columns that are the sum of two others in nearly all complete rows, with evidence enough.
fn totals(values: &[Numbers<'_>], i: usize, j: usize, odd: Odd<'_>) -> Vec<usize> {
    let (a, b) = (&values[i], &values[j]);
    let speaks = |row: &usize| [a, b].iter().all(|x| x.get(*row) != 0.0 && !x.get(*row).is_nan());
    let speaking = || (0..a.len()).filter(speaks);
    let mut candidates: Vec<usize> = (0..values.len()).filter(|&k| k != i && k != j).collect();
    let breaks = |row: usize, k: usize| !adds_up(&[a.get(row), b.get(row)], values[k].get(row));
    let probes: Vec<usize> = speaking().take(PROBES + odd.n_odd).collect();
    candidates.retain(|&k| odd.are_few(probes.iter().copied().filter(|&row| breaks(row, k))));
    candidates.retain(|&k| {
        let total = &values[k];
        if !odd.are_few((0..a.len()).filter(|&row| breaks(row, k))) {
            return false;
        }
        let complete: Vec<usize> = speaking().filter(|&row| !total.get(row).is_nan()).collect();
        let n_distinct = |x: &Numbers<'_>| {
            let mut seen: Vec<u64> = complete.iter().map(|&row| x.get(row).to_bits()).collect();
            seen.sort_unstable();
            seen.dedup();
            seen.len()
        };
        let is_enough = complete.len() >= rows_of(LEAST_EVIDENCE, odd.units);
        is_enough && n_distinct(a) >= LEAST_DISTINCT && n_distinct(b) >= LEAST_DISTINCT
    });
    candidates
}

fn find_missing_together(table: &Table, least: usize) -> Vec<Constraint> {
    let columns = columns_of(table, Kind::is_learnt);
    let gaps: Vec<Vec<bool>> = columns.par_iter().map(|&c| missing(table, c)).collect();
    // Each column with the first of the same gaps: the other pairs follow.
    let mut first_of: BTreeMap<&[bool], usize> = BTreeMap::new();
    let mut rules = Vec::new();
    for (&column_idx, gaps) in columns.iter().zip(&gaps) {
        let n_missing = gaps.iter().filter(|m| **m).count();
        if n_missing < least || gaps.len() - n_missing < least {
            continue;
        }
        match first_of.get(gaps.as_slice()) {
            Some(&first) => {
                rules.push(Constraint::MissingTogether { columns: vec![name(table, first), name(table, column_idx)] });
            }
            None => drop(first_of.insert(gaps, column_idx)),
        }
    }
    rules
}

//! Rules between columns that the real rows never break: found in one table, held against another.
//!
//! [`find`] looks for four kinds, each on the rows where all its columns have a value:
//!
//! - *A determines B*: rows alike in A are alike in B (a functional dependency, as a postcode fixes its region);
//! - *A ≤ B*: an order of two numbers or two dates (admission before discharge);
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
//! Still a rule that no train row breaks may be broken by one real row in n / 3 (the rule of three at 95 %), so a holdout
//! is a good judge of rules too: [`rules_kept`] drops those it breaks. Several rows of one person are no independent
//! evidence, so what is true of each person looks like a rule there. Left out on purpose: dependencies on two and
//! more columns, sums of three and more, differences to a constant, rules with exceptions. Each kind is looked for in all
//! pairs (sums: triples) of learnt columns, which is quick because a pair without a rule shows it within a few rows.

use std::collections::BTreeMap;
use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use synth_core::schema::Storage;
use synth_core::{Kind, Table};

use crate::columns::{MISSING, joint_levels, missing};
use crate::comparison::{Comparison, check_columns, columns_of};
use crate::error::{Error, Result};
use crate::interval::wilson;
use crate::report::{ColumnValue, Estimate, Measure, Outcome};

/// How often the values of a determining column occur on average, at least.
pub const LEAST_GROUP: usize = 5;
/// How many rows must speak for a rule.
pub const LEAST_EVIDENCE: usize = 20;

/// The share of rows that must break an order by chance, for it to be worth saying that none does.
const LEAST_SURPRISE: f64 = 0.05;
/// How many distinct values each summand must take.
const LEAST_DISTINCT: usize = 3;
/// Rows that a sum is tried on before all are.
const PROBES: usize = 8;
/// Rules whose broken rows are held in memory at a time.
const RULES_AT_ONCE: usize = 16;

/// A statement about columns, by name. It holds no cell of the table it was found in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// Rows alike in `from` are alike in `to`.
    Determines {
        /// The column that is known.
        from: String,
        /// The column that follows.
        to: String,
    },
    /// No number or date in `smaller` exceeds the one in `larger`.
    AtMost {
        /// The smaller.
        smaller: String,
        /// The larger.
        larger: String,
    },
    /// The two `parts` add up to `total`.
    Sum {
        /// The summands.
        parts: [String; 2],
        /// Their sum.
        total: String,
    },
    /// Neither column is missing without the other.
    MissingTogether {
        /// The two.
        columns: [String; 2],
    },
}

impl Rule {
    /// The columns it is about.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Rule::Determines { from, to } => vec![from, to],
            Rule::AtMost { smaller, larger } => vec![smaller, larger],
            Rule::Sum { parts: [a, b], total } => vec![a, b, total],
            Rule::MissingTogether { columns: [a, b] } => vec![a, b],
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Determines { from, to } => write!(f, "`{from}` determines `{to}`"),
            Rule::AtMost { smaller, larger } => write!(f, "`{smaller}` is at most `{larger}`"),
            Rule::Sum { parts: [a, b], total } => write!(f, "`{a}` + `{b}` = `{total}`"),
            Rule::MissingTogether { columns: [a, b] } => write!(f, "`{a}` and `{b}` are missing together"),
        }
    }
}

/// The rules that every row of `table` keeps, in the order of its columns: dependencies, orders, sums, missing together.
///
/// The result does not depend on the number of threads.
pub fn find(table: &Table) -> Vec<Rule> {
    let mut rules = find_determined(table);
    rules.extend(find_orders(table));
    rules.extend(find_sums(table));
    rules.extend(find_missing_together(table));
    rules
}

/// Which rows of `table` break `rule`, as it holds in `train`.
///
/// A row that lacks a value in one of the columns breaks nothing but [`Rule::MissingTogether`], and one whose
/// determining value `train` lacks breaks nothing either. `train` is asked only what determines what.
///
/// # Errors
/// [`Error::Mismatch`] if the tables differ in their columns or have none of a name in the rule.
pub fn broken(rule: &Rule, train: &Table, table: &Table) -> Result<Vec<bool>> {
    check_columns(train, "other", table)?;
    let find = |name: &str| {
        let problem = || format!("there is no column `{name}`");
        train.schema().index_of(name).ok_or_else(|| Error::Mismatch { table: "other", problem: problem() })
    };
    Ok(match rule {
        Rule::Determines { from, to } => {
            let [from, to] = [find(from)?, find(to)?].map(|c| joint_levels(&[train, table], c));
            // The first row of each value speaks for it.
            let mut follows = vec![MISSING; from.n_codes];
            for (&a, &b) in from.codes[0].iter().zip(&to.codes[0]) {
                if follows[a as usize] == MISSING {
                    follows[a as usize] = b;
                }
            }
            let is_broken = |(&a, &b): (&u32, &u32)| {
                let expected = follows[a as usize];
                a != MISSING && b != MISSING && expected != MISSING && b != expected
            };
            from.codes[1].iter().zip(&to.codes[1]).map(is_broken).collect()
        }
        Rule::AtMost { smaller, larger } => {
            let [smaller, larger] = [find(smaller)?, find(larger)?].map(|c| table.numbers(c));
            smaller.into_iter().zip(larger).map(|(a, b)| a > b).collect() // never of NaN
        }
        Rule::Sum { parts: [a, b], total } => {
            let [a, b, total] = [find(a)?, find(b)?, find(total)?].map(|c| table.numbers(c));
            (0..table.n_rows()).map(|row| !adds_up(a[row], b[row], total[row])).collect()
        }
        Rule::MissingTogether { columns: [a, b] } => {
            let [a, b] = [find(a)?, find(b)?].map(|c| missing(table, c));
            a.into_iter().zip(b).map(|(a, b)| a != b).collect()
        }
    })
}

/// `rules_kept`: the share of synthetic rows that break none of the rules [`find`] sees in train.
///
/// Rules that a row of the holdout breaks are no rules and are dropped. Per column it is the share of rows that break no
/// rule about the column. The interval is Wilson's (1927), the rules taken as they were found. Not measured if there is no
/// rule.
pub fn rules_kept(comparison: &Comparison) -> Measure {
    let (train, synthetic) = (comparison.train(), comparison.synthetic());
    let breaks = |rule: &Rule, table: &Table| broken(rule, train, table).expect("the tables of a comparison agree");
    let mut rules = find(train);
    if let Some(holdout) = comparison.holdout() {
        let is_kept: Vec<bool> = rules.par_iter().map(|rule| !breaks(rule, holdout).contains(&true)).collect();
        let mut is_kept = is_kept.into_iter();
        rules.retain(|_| is_kept.next().unwrap_or(true));
    }
    if rules.is_empty() {
        return Measure::new("rules_kept", Outcome::NotMeasured("no rule holds in every training row".to_owned()));
    }
    let mut is_broken = vec![false; synthetic.n_rows()];
    let mut of_column: BTreeMap<usize, Vec<bool>> = BTreeMap::new();
    for some in rules.chunks(RULES_AT_ONCE) {
        let found: Vec<Vec<bool>> = some.par_iter().map(|rule| breaks(rule, synthetic)).collect();
        for (rule, broken) in some.iter().zip(found) {
            let add = |sum: &mut Vec<bool>| sum.iter_mut().zip(&broken).for_each(|(sum, &broken)| *sum |= broken);
            add(&mut is_broken);
            for name in rule.columns() {
                let column_idx = train.schema().index_of(name).expect("found in this table");
                add(of_column.entry(column_idx).or_insert_with(|| vec![false; synthetic.n_rows()]));
            }
        }
    }
    let kept = |is_broken: &[bool]| is_broken.iter().filter(|b| !**b).count() as f64 / is_broken.len() as f64;
    let columns = of_column.iter().map(|(&column_idx, is_broken)| ColumnValue {
        column: comparison.name(column_idx).to_owned(),
        value: kept(is_broken),
    });
    let columns = columns.collect();
    let (value, n) = (kept(&is_broken), is_broken.len());
    let estimate = Estimate { value, uncertainty: Some(wilson(value, n as f64, n)) };
    Measure { id: "rules_kept".to_owned(), outcome: Outcome::Measured(estimate), columns }
}

fn name(table: &Table, column_idx: usize) -> String {
    table.schema().fields[column_idx].name.clone()
}

/// A column of codes, and its rows by code, those without a value left out.
struct Coded {
    codes: Vec<u32>,
    n_distinct: usize,
    order: Vec<u32>,
}

impl Coded {
    fn new(table: &Table, column_idx: usize) -> Self {
        let mut joint = joint_levels(&[table], column_idx);
        let codes = joint.codes.swap_remove(0);
        // Counting sort; code 0 is a missing value.
        let mut starts = vec![0u32; joint.n_codes + 1];
        codes.iter().filter(|&&c| c != MISSING).for_each(|&c| starts[c as usize + 1] += 1);
        for code in 1..starts.len() {
            starts[code] += starts[code - 1];
        }
        let mut order = vec![0; starts[joint.n_codes] as usize];
        for (row, &code) in codes.iter().enumerate().filter(|(_, c)| **c != MISSING) {
            order[starts[code as usize] as usize] = row as u32;
            starts[code as usize] += 1;
        }
        Self { codes, n_distinct: joint.n_codes - 1, order }
    }

    /// Whether every row keeps "self determines other", with evidence enough.
    fn determines(&self, other: &Self) -> bool {
        let complete = || {
            let rows = self.order.iter().map(|&row| (self.codes[row as usize], other.codes[row as usize]));
            rows.filter(|&(_, b)| b != MISSING)
        };
        let mut last = (MISSING, MISSING);
        for (a, b) in complete() {
            if a == last.0 && b != last.1 {
                return false;
            }
            last = (a, b);
        }
        // The sizes of the groups, and of the values that follow.
        let mut groups: Vec<(u32, usize)> = Vec::new();
        let mut of_value = vec![0usize; other.n_distinct + 1];
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
        n_rows >= LEAST_GROUP * groups.len() && evidence >= LEAST_EVIDENCE
    }
}

fn find_determined(table: &Table) -> Vec<Rule> {
    let columns = columns_of(table, Kind::is_learnt);
    let coded: Vec<Coded> = columns.par_iter().map(|&c| Coded::new(table, c)).collect();
    let found: Vec<Vec<Rule>> = (0..columns.len())
        .into_par_iter()
        .map(|i| {
            let from = &coded[i];
            // Gaps in the other column can only make groups smaller.
            if from.n_distinct < 2 || from.order.len() < LEAST_GROUP * from.n_distinct {
                return Vec::new();
            }
            let others = (0..columns.len()).filter(|&j| j != i && coded[j].n_distinct > 1);
            let found = others.filter(|&j| from.determines(&coded[j]));
            found.map(|j| Rule::Determines { from: name(table, columns[i]), to: name(table, columns[j]) }).collect()
        })
        .collect();
    found.concat()
}

/// A column of numbers or dates, in the rows' order and sorted.
struct Ordered {
    values: Vec<f64>,
    sorted: Vec<f64>,
    is_date: bool,
}

fn find_orders(table: &Table) -> Vec<Rule> {
    let fields = &table.schema().fields;
    let columns = columns_of(table, |kind| kind.is_scale() || kind == Kind::Ordinal);
    let is_number = |c: &usize| fields[*c].kind.is_scale() || fields[*c].storage.is_number();
    let columns: Vec<usize> = columns.into_iter().filter(is_number).collect();
    let prepare = |&c: &usize| {
        let values = table.numbers(c);
        let mut sorted: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        Ordered { values, sorted, is_date: fields[c].storage == Storage::Timestamp }
    };
    let prepared: Vec<Ordered> = columns.par_iter().map(prepare).collect();
    let found: Vec<Vec<Rule>> = (0..columns.len())
        .into_par_iter()
        .map(|i| {
            let mut found = Vec::new();
            for j in i + 1..columns.len() {
                let (a, b) = (&prepared[i], &prepared[j]);
                let [a_at_most_b, b_at_most_a] = orders(a, b);
                let mut push = |smaller: usize, larger: usize| {
                    found.push(Rule::AtMost {
                        smaller: name(table, columns[smaller]),
                        larger: name(table, columns[larger]),
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

/// Whether a ≤ b in all complete rows, and b ≤ a.
fn orders(a: &Ordered, b: &Ordered) -> [bool; 2] {
    let (Some(first_a), Some(last_a), Some(first_b), Some(last_b)) =
        (a.sorted.first(), a.sorted.last(), b.sorted.first(), b.sorted.last())
    else {
        return [false; 2];
    };
    // Ranges that do not overlap say as much by themselves.
    if a.is_date != b.is_date || last_a <= first_b || last_b <= first_a {
        return [false; 2];
    }
    let (mut at_most, mut at_least, mut n_complete) = (true, true, 0);
    for (&x, &y) in a.values.iter().zip(&b.values) {
        at_most &= x <= y || x.is_nan() || y.is_nan();
        at_least &= y <= x || x.is_nan() || y.is_nan();
        if !at_most && !at_least {
            return [false; 2];
        }
        n_complete += usize::from(!x.is_nan() && !y.is_nan());
    }
    [at_most, at_least].map(|holds| holds && n_complete >= LEAST_EVIDENCE)
}

/// Whether `smaller` would often exceed `larger` if the two had nothing to do with each other.
fn is_surprising(smaller: &Ordered, larger: &Ordered) -> bool {
    let (mut below, mut n_broken) = (0, 0u128);
    for x in &smaller.sorted {
        below += larger.sorted[below..].iter().take_while(|&y| y < x).count();
        n_broken += below as u128;
    }
    n_broken as f64 >= LEAST_SURPRISE * smaller.sorted.len() as f64 * larger.sorted.len() as f64
}

fn find_sums(table: &Table) -> Vec<Rule> {
    let fields = &table.schema().fields;
    let columns: Vec<usize> =
        columns_of(table, Kind::is_scale).into_iter().filter(|&c| fields[c].storage.is_number()).collect();
    let values: Vec<Vec<f64>> = columns.par_iter().map(|&c| table.numbers(c)).collect();
    let p = columns.len();
    let found: Vec<Vec<Rule>> = (0..p)
        .into_par_iter()
        .map(|i| {
            let mut found = Vec::new();
            for j in i + 1..p {
                for total in totals(&values, i, j) {
                    let parts = [name(table, columns[i]), name(table, columns[j])];
                    found.push(Rule::Sum { parts, total: name(table, columns[total]) });
                }
            }
            found
        })
        .collect();
    found.concat()
}

/// The columns that are the sum of two others in all complete rows, with evidence enough.
fn totals(values: &[Vec<f64>], i: usize, j: usize) -> Vec<usize> {
    let (a, b) = (&values[i], &values[j]);
    let speaks = |row: &usize| a[*row] != 0.0 && b[*row] != 0.0 && !a[*row].is_nan() && !b[*row].is_nan();
    let speaking = || (0..a.len()).filter(speaks);
    let mut candidates: Vec<usize> = (0..values.len()).filter(|&k| k != i && k != j).collect();
    for row in speaking().take(PROBES) {
        candidates.retain(|&k| adds_up(a[row], b[row], values[k][row]));
        if candidates.is_empty() {
            return candidates;
        }
    }
    candidates.retain(|&k| {
        let total = &values[k];
        if !(0..a.len()).all(|row| adds_up(a[row], b[row], total[row])) {
            return false;
        }
        let complete: Vec<usize> = speaking().filter(|&row| !total[row].is_nan()).collect();
        let n_distinct = |x: &[f64]| {
            let mut seen: Vec<u64> = complete.iter().map(|&row| x[row].to_bits()).collect();
            seen.sort_unstable();
            seen.dedup();
            seen.len()
        };
        complete.len() >= LEAST_EVIDENCE && n_distinct(a) >= LEAST_DISTINCT && n_distinct(b) >= LEAST_DISTINCT
    });
    candidates
}

/// Whether a + b is c but for rounding, or one of them is missing.
fn adds_up(a: f64, b: f64, c: f64) -> bool {
    let gap = (a + b - c).abs();
    gap.is_nan() || gap <= 1e-9 * (a.abs() + b.abs() + c.abs())
}

fn find_missing_together(table: &Table) -> Vec<Rule> {
    let columns = columns_of(table, Kind::is_learnt);
    let gaps: Vec<Vec<bool>> = columns.par_iter().map(|&c| missing(table, c)).collect();
    // Each column with the first of the same gaps: the other pairs follow.
    let mut first_of: BTreeMap<&[bool], usize> = BTreeMap::new();
    let mut rules = Vec::new();
    for (&column_idx, gaps) in columns.iter().zip(&gaps) {
        let n_missing = gaps.iter().filter(|m| **m).count();
        if n_missing < LEAST_EVIDENCE || gaps.len() - n_missing < LEAST_EVIDENCE {
            continue;
        }
        match first_of.get(gaps.as_slice()) {
            Some(&first) => {
                rules.push(Rule::MissingTogether { columns: [name(table, first), name(table, column_idx)] });
            }
            None => drop(first_of.insert(gaps, column_idx)),
        }
    }
    rules
}

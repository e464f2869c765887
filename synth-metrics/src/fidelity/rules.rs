//! Rules between columns that the real rows never break, found in one table and held against another.
//!
//! The rules are [constraints](synth_core::constraint) of four kinds: a column determines another, a number or date is at
//! most another, two numbers add up to a third, two columns are missing together.
//! [`find_pairwise`] finds them and says what evidence it asks for.
//!
//! A rule that no train row breaks may still be broken by one real row in n / 3 (the rule of three at 95 %), so a holdout
//! is a good judge of rules too: [`rules_kept`] drops those it breaks. Left out on purpose: what a generator may be told to
//! keep beside these, ranges, combinations and implications; other measures speak of them.

use std::collections::BTreeMap;

use rayon::prelude::*;
use synth_core::constraint::{adds_up, find_pairwise};
use synth_core::{Constraint, Table};

use crate::columns::{MISSING, joint_levels, missing};
use crate::comparison::{Comparison, check_columns};
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::error::{Error, Result};
use crate::estimate::{ColumnValue, Estimate, Measure, Outcome, between};
use crate::family::{Family, Intervals};
use crate::sampling::interval::wilson;

pub(crate) const FAMILY: Family = Family {
    definitions: &[RULES_KEPT],
    intervals: Intervals::Own,
    take: |taking| vec![rules_kept(taking.comparison)],
};

/// The definition of `rules_kept`.
pub const RULES_KEPT: Definition = Definition {
    id: "rules_kept",
    name: "rows that satisfy the train table's rules",
    meaning: "share of rows that violate no rule of the train table",
    above: None,
    below: Some("rows violate rules that every real row satisfies"),
    domain: Domain::Fidelity,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "share of rows that violate no rule found in train and satisfied by the holdout: A determines B, A <= B, A + B = C, missing together",
    anchors: Anchors {
        copy: between(1.0, 1.0),
        fresh: between(0.98, 1.0),
        permuted: between(0.5, 0.9),
        shifted: between(0.9, 1.0),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// Rules whose broken rows are held in memory at a time.
const RULES_AT_ONCE: usize = 16;

/// Which rows of `table` break `rule`, as it holds in `train`.
///
/// A row that lacks a value in one of the columns breaks nothing but [`Constraint::MissingTogether`], and one whose
/// determining value `train` lacks breaks nothing either. `train` is asked only what determines what.
///
/// # Errors
/// [`Error::Mismatch`] if the tables differ in their columns or have none of a name in the rule.
pub fn broken(rule: &Constraint, train: &Table, table: &Table) -> Result<Vec<bool>> {
    check_columns(train, "other", table)?;
    let find = |name: &str| {
        let problem = || format!("no column `{name}`");
        train.schema().index_of(name).ok_or_else(|| Error::Mismatch { table: "other", problem: problem() })
    };
    Ok(match rule {
        Constraint::Depends { on: from, column: to } => {
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
        Constraint::Order { lower: smaller, upper: larger, .. } => {
            let [smaller, larger] = [find(smaller)?, find(larger)?].map(|c| table.numbers(c));
            smaller.into_iter().zip(larger).map(|(a, b)| a > b).collect() // never of NaN
        }
        Constraint::Sum { parts, total } => {
            let parts = parts.iter().map(|part| Ok(table.numbers(find(part)?))).collect::<Result<Vec<Vec<f64>>>>()?;
            let total = table.numbers(find(total)?);
            let cells = |row: usize| parts.iter().map(|part| part[row]).collect::<Vec<f64>>();
            (0..table.n_rows()).map(|row| !adds_up(&cells(row), total[row])).collect()
        }
        Constraint::MissingTogether { columns } => {
            let gaps =
                columns.iter().map(|name| Ok(missing(table, find(name)?))).collect::<Result<Vec<Vec<bool>>>>()?;
            (0..table.n_rows()).map(|row| gaps.iter().any(|own| own[row] != gaps[0][row])).collect()
        }
        other => {
            return Err(Error::Mismatch {
                table: "other",
                problem: format!("`{}` knows no rule like: {other}", RULES_KEPT.id),
            });
        }
    })
}

/// `rules_kept`: the share of synthetic rows that break none of the rules [`find_pairwise`] sees in train.
///
/// Rules that a row of the holdout breaks are no rules and are dropped. Per column it is the share of rows that break no
/// rule about the column. The interval is Wilson's (1927), the rules taken as they were found. Not measured if there is no
/// rule.
pub fn rules_kept(comparison: &Comparison) -> Measure {
    let (train, synthetic) = (comparison.train(), comparison.synthetic());
    let breaks =
        |rule: &Constraint, table: &Table| broken(rule, train, table).expect("the tables of a comparison agree");
    let mut rules = find_pairwise(train);
    if let Some(holdout) = comparison.holdout() {
        let is_kept: Vec<bool> = rules.par_iter().map(|rule| !breaks(rule, holdout).contains(&true)).collect();
        let mut is_kept = is_kept.into_iter();
        rules.retain(|_| is_kept.next().unwrap_or(true));
    }
    if rules.is_empty() {
        return Measure::new(RULES_KEPT.id, Outcome::NotMeasured("no rule holds in every training row".to_owned()));
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
    Measure { id: RULES_KEPT.id.to_owned(), outcome: Outcome::Measured(estimate), columns }
}

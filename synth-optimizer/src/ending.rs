//! Why a run came to no accepted table: what is told a person after the last attempt, as notes of the record.
//!
//! The rules say what is left to try; beside that there are reasons that no plan can mend and a person can: several rows of one
//! unit, and rows that are equal by chance.

use synth_compliance::{Check, Status};
use synth_core::table::Units;
use synth_metrics::Domain;
use synth_metrics::privacy::duplicates::{DUP_EXCESS, DUP_RATE};

use crate::assessment::Assessment;
use crate::attempt::Attempt;
use crate::plan::Plan;
use crate::rule::RulePlanner;

/// The reasons, the plainest first. `attempts` came to no accepted table, planned by `rules` or in their stead; `units` are
/// those of the table.
pub(crate) fn of(rules: &RulePlanner, attempts: &[Attempt<Plan, Assessment>], units: &Units) -> Vec<String> {
    let suggestion = rules.analyse(attempts).map(|analysis| format!("no further attempt: {}", analysis.suggestion));
    let own = [of_units(attempts, units), of_chance(attempts)];
    own.into_iter().flatten().chain(suggestion).collect()
}

fn is_open(check: &Check) -> bool {
    matches!(check.status, Status::Fail | Status::Inconclusive)
}

/// Units of several rows, if privacy failed or stayed open in every table that was judged.
fn of_units(attempts: &[Attempt<Plan, Assessment>], units: &Units) -> Option<String> {
    let mut judged = attempts.iter().filter_map(Attempt::verdict).peekable();
    judged.peek()?;
    let leaks = |a: &Assessment| a.verdict.checks.iter().any(|c| c.domain == Some(Domain::Privacy) && is_open(c));
    if units.are_rows() || !judged.all(leaks) {
        return None;
    }
    Some(format!(
        "{} rows of {} units: the repeated rows of one unit are learnt as often as it has rows, and recognised together, \
         whichever engine is used; use one row per unit, or declare `unit = \"row\"` if each row is a person of its own",
        units.n_rows(),
        units.n_units()
    ))
}

/// Equal rows that are no more frequent than real ones, of which there are too few to show it.
fn of_chance(attempts: &[Attempt<Plan, Assessment>]) -> Option<String> {
    let last = attempts.iter().rev().find_map(Attempt::verdict)?;
    let check = last.verdict.check(DUP_EXCESS.id).filter(|check| is_open(check))?;
    let (excess, limit) = check.value.zip(check.limit)?;
    let chance = last.report.value(DUP_RATE.id)? - excess;
    (excess <= limit && chance >= 0.05).then(|| {
        format!(
            "the values are so few that rows repeat by chance, {:.0} % of the real ones: {} rows cannot show that synthetic \
             rows do so no more often; use more rows, or more columns",
            100.0 * chance,
            last.report.rows.train
        )
    })
}

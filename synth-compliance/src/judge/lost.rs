//! Columns that were lost on the way: named in the verdict, and a finding even where enough of them came back.

use synth_metrics::loss::COLUMNS_KEPT;
use synth_metrics::{Domain, QualityReport};

use super::check::Check;
use super::status::Status;
use crate::policy::Class;

/// The most columns that are named.
const MAX_NAMED: usize = 6;

/// Names the lost columns where a gate on their number is broken. Where it is kept, and a column is lost all the same, gives a soft
/// check of its own: half of the columns may be enough, and nobody should have to find out which half.
pub(super) fn named(gates: &mut [Check], report: &QualityReport) -> Option<Check> {
    let gate = gates.iter_mut().find(|check| check.id == COLUMNS_KEPT.id)?;
    let value = gate.value.filter(|value| *value < COLUMNS_KEPT.ideal)?;
    let lost: Vec<String> = report
        .losses
        .iter()
        .filter(|loss| loss.came_back.is_lost())
        .map(|loss| format!("`{}`", loss.column.escape_debug()))
        .collect();
    let more = lost.len().saturating_sub(MAX_NAMED);
    let names = lost[..lost.len() - more].join(", ");
    let names = if more > 0 { format!("{names} and {more} more") } else { names };
    let colon = if names.is_empty() { "" } else { ": " };
    match gate.status {
        Status::Fail => {
            gate.sentence.push_str(colon);
            gate.sentence.push_str(&names);
            None
        }
        Status::Pass => {
            let all = report.losses.len();
            let n = if lost.is_empty() { "some".to_owned() } else { lost.len().to_string() };
            let of = if all > 0 { format!(" of {all}") } else { String::new() };
            let sentence = format!("{n}{of} columns of the table as given came back without information{colon}{names}");
            let ideal = Some(COLUMNS_KEPT.ideal);
            Some(Check {
                class: Class::Soft,
                value: Some(value),
                min: ideal,
                limit: ideal,
                ..Check::new(Check::COLUMNS, Some(Domain::Fidelity), Status::Fail, sentence)
            })
        }
        _ => None,
    }
}

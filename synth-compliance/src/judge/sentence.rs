//! What a judged limit comes to, in words for people.

use synth_metrics::{Estimate, Measure, definition};

use super::limit::{Judged, Shown, Side};
use super::status::Status;
use crate::figure;

/// The column with the largest part in a measure that is to be small.
pub(super) fn column_with_most(measure: &Measure) -> Option<&str> {
    let finite = measure.columns.iter().filter(|c| c.value.is_finite());
    finite.max_by(|a, b| a.value.total_cmp(&b.value)).map(|c| c.column.as_str())
}

/// A judged limit in words. `size` is the policy's limit and the number of synthetic rows where a second real sample of that size
/// may score more than the limit.
pub(super) fn sentence(
    id: &str,
    estimate: Estimate,
    judged: &Judged,
    size: Option<(f64, usize)>,
    worst_column: Option<&str>,
) -> String {
    let Judged { side, shown: has_to_be, limit, bound, favourable, status, .. } = *judged;
    let shown = |x: f64| figure::value(x, Some(limit));
    let (value, limit_text) = (shown(estimate.value), figure::limit(limit));
    let (beyond, superlative) = match side {
        Side::Max => ("above", "lower"),
        Side::Min => ("below", "upper"),
    };
    let statistic = estimate.uncertainty.is_some() && (bound, favourable) != (estimate.value, estimate.value);
    let size = size.filter(|_| side == Side::Max && has_to_be == Shown::Kept);
    match (status, size) {
        (Status::Pass, Some((policy, _))) if estimate.value <= policy => {
            format!(
                "{id} {} is within the limit {}",
                figure::value(estimate.value, Some(policy)),
                figure::limit(policy)
            )
        }
        (Status::Pass, Some((policy, n))) => format!(
            "{id} {} is above the limit {}, but a second real sample of {n} rows scores up to {}",
            figure::value(estimate.value, Some(policy)),
            figure::limit(policy),
            figure::value(limit, Some(policy)),
        ),
        (Status::Pass, None) if statistic && has_to_be == Shown::Broken => {
            format!(
                "{id} {value} is not shown to be {beyond} {limit_text}; its {superlative} 95 % bound is {}",
                shown(bound)
            )
        }
        (Status::Pass, None) if statistic => {
            format!("{id} {value} is within the limit {limit_text}; 95 % bound {}", shown(bound))
        }
        (Status::Pass, None) => format!("{id} {value} is within the limit {limit_text}"),
        (Status::Inconclusive, _) => format!(
            "{id} {value} is inconclusive against the limit {limit_text}: its 95 % bounds are {} and {}, on {} rows",
            shown(bound.min(favourable)),
            shown(bound.max(favourable)),
            estimate.uncertainty.map_or(0, |u| u.n),
        ),
        (Status::Fail | Status::NotMeasured | Status::NotApplicable | Status::Error, _) => {
            let beyond = match size {
                Some((policy, n)) => format!(
                    "{} is above the limit {} and above {}, which a second real sample of {n} rows scores at most",
                    figure::value(estimate.value, Some(limit)),
                    figure::limit(policy),
                    figure::value(limit, Some(policy)),
                ),
                None => format!("{value} is {beyond} the limit {limit_text}"),
            };
            let bounds = match statistic {
                true => format!(", even at its {superlative} 95 % bound {}", shown(favourable)),
                false => String::new(),
            };
            let column = match worst_column {
                // Escaped, because a name may hold what a terminal obeys.
                Some(column) => format!(", worst in column `{}`", column.escape_debug()),
                None => String::new(),
            };
            format!("{id} {beyond}{bounds}; {}{column}", meaning(id, side))
        }
    }
}

/// What it means when a measure breaks its limit on that side: the measure's own words.
fn meaning(id: &str, side: Side) -> &'static str {
    let words = definition(id).and_then(|definition| match side {
        Side::Max => definition.above,
        Side::Min => definition.below,
    });
    words.unwrap_or("the policy does not allow this")
}

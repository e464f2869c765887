//! Are values missing as often as in the real columns?

use synth_core::Kind;

use crate::columns::missing;
use crate::comparison::Comparison;
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::estimate::{Measure, between};
use crate::family::{Family, Intervals, Taking};
use crate::fidelity::per_column::{mean_over, worst_of};

pub(crate) const FAMILY: Family =
    Family { definitions: &[MISSING_DELTA, MISSING_WORST], intervals: Intervals::BySubSampling, take };

/// The definition of `missing_delta`.
pub const MISSING_DELTA: Definition = Definition {
    id: "missing_delta",
    name: "missing rates, mean difference",
    meaning: "mean difference of the missing rates",
    above: Some("missing rates differ"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "mean over columns of the absolute difference of the missing rates",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.08),
        permuted: between(0.0, 0.0),
        shifted: between(0.0, 0.0),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Core,
};

/// The definition of `missing_worst`.
pub const MISSING_WORST: Definition = Definition {
    id: "missing_worst",
    name: "missing rates, worst difference",
    meaning: "largest difference of a column's missing rates",
    above: Some("one column's missing rate differs"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "the largest of missing_delta's columns",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.08),
        permuted: between(0.0, 0.0),
        shifted: between(0.0, 0.0),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// `missing_delta`: the mean absolute difference of the missing rates, over all columns but identifiers and text.
pub fn missing_delta(comparison: &Comparison) -> Measure {
    let columns = comparison.columns(|kind| !matches!(kind, Kind::Identifier | Kind::Text));
    mean_over(comparison, &MISSING_DELTA, &columns, "every column is an identifier or free text", |column_idx| {
        let rate = |missing: Vec<bool>| missing.iter().filter(|&&m| m).count() as f64 / missing.len() as f64;
        let real = rate(missing(comparison.train(), column_idx));
        (real - rate(missing(comparison.synthetic(), column_idx))).abs()
    })
}

/// The mean and its worst column.
fn take(taking: &Taking) -> Vec<Measure> {
    let mean = missing_delta(taking.comparison);
    vec![worst_of(&mean, &MISSING_WORST), mean]
}

//! Rare levels: has the synthetic table what only few rows have?
//!
//! Asked for are the levels that are rare, but had by [`LEAST_PEOPLE`] training rows at least: a generator should *lose* what
//! belongs to one person only.

use std::collections::BTreeMap;

use rayon::prelude::*;
use synth_core::Kind;
use synth_core::table::Units;

use crate::columns::{JointLevels, joint_levels};
use crate::comparison::Comparison;
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::estimate::{ColumnValue, Estimate, Measure, Outcome, between};
use crate::family::{Family, Intervals};
use crate::subgroups::LEAST_PEOPLE;

pub(crate) const FAMILY: Family = Family {
    definitions: &[RARE_LEVEL_COVERAGE],
    intervals: Intervals::Own,
    take: |taking| vec![rare_level_coverage(taking.comparison)],
};

/// The definition of `rare_level_coverage`.
pub const RARE_LEVEL_COVERAGE: Definition = Definition {
    id: "rare_level_coverage",
    name: "rare levels covered",
    meaning: "share of the train table's rare levels (11 rows at least) that the synthetic table has",
    above: None,
    below: Some("rare levels are lost"),
    domain: Domain::Fidelity,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "share of the levels of at least 11 training rows, but less than a tenth of them, that the synthetic \
             table has; over all columns of levels, a missing value being one",
    anchors: Anchors {
        copy: between(1.0, 1.0),
        fresh: between(0.8, 1.0),
        permuted: between(1.0, 1.0),
        shifted: between(1.0, 1.0),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// A level is rare if it has less than this share of the training rows.
pub const RARE_SHARE: f64 = 0.1;

/// `rare_level_coverage`: the share of the rare levels that the synthetic table has, between 0 and 1.
///
/// Counted are the levels that less than [`RARE_SHARE`] of the training rows have, but at least [`LEAST_PEOPLE`] units; a
/// missing value is a level. Per column it reports the column's own share. Not measured if there is no such level.
/// Departs from coverage measures of other suites in not asking for levels that single persons would be known by.
pub fn rare_level_coverage(comparison: &Comparison) -> Measure {
    let columns = comparison.columns(Kind::is_levels);
    let units = Units::of(comparison.train());
    let count = |&c: &usize| {
        let JointLevels { codes, .. } = joint_levels(&[comparison.train(), comparison.synthetic()], c);
        let mut counts: BTreeMap<u32, [usize; 2]> = BTreeMap::new();
        for (side, codes) in codes.iter().enumerate() {
            codes.iter().for_each(|code| counts.entry(*code).or_default()[side] += 1);
        }
        let most = RARE_SHARE * comparison.train().n_rows() as f64;
        let n_codes = counts.keys().next_back().map_or(0, |&code| code as usize + 1);
        let people = units.counts(codes[0].iter().map(|&code| Some(code as usize)), n_codes);
        let is_rare = |code: u32, n: usize| people[code as usize] >= LEAST_PEOPLE && (n as f64) < most;
        let rare = counts.into_iter().filter(|(code, [train, _])| is_rare(*code, *train)).map(|(_, counts)| counts);
        rare.fold([0, 0], |[there, all], [_, synthetic]| [there + usize::from(synthetic > 0), all + 1])
    };
    let counts: Vec<[usize; 2]> = columns.par_iter().map(count).collect();
    let share = |[there, all]: [usize; 2]| there as f64 / all as f64;
    let total = counts.iter().fold([0, 0], |[a, b], [there, all]| [a + there, b + all]);
    let outcome = match total[1] {
        0 => Outcome::NotMeasured(format!("no rare level has at least {LEAST_PEOPLE} training rows")),
        _ => Outcome::Measured(Estimate::exact(share(total))),
    };
    let counted = columns.iter().zip(counts).filter(|(_, count)| count[1] > 0);
    let columns =
        counted.map(|(&c, count)| ColumnValue { column: comparison.name(c).to_owned(), value: share(count) }).collect();
    Measure { id: RARE_LEVEL_COVERAGE.id.to_owned(), outcome, columns }
}

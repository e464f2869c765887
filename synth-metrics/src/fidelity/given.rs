//! Likeness to the table as it was given, before any protection.
//!
//! All other measures compare with the protected table, which is what a generator was given: they say how well it learnt, and
//! nothing of what was lost before. Here the same distances are taken from the columns as they came. A column that is gone,
//! emptied or of another kind counts at the worst value; identifiers are left out, since they are meant to be new. Rules that hold
//! in every row as given (a sum, an order) are held against the synthetic rows: capping a part breaks a sum that nobody
//! would look for in the protected table.
//!
//! A date that was cut to its year is compared as the middle of the year.

use crate::definition::{Anchors, Battery, Columns, Definition, Domain, Goal, JudgedBy, Needs, Unseen};
use crate::estimate::{ColumnValue, Estimate, Measure, Outcome, between};
use crate::family::{Family, Intervals, Taking};
use crate::fidelity::correlation::corr_delta;
use crate::fidelity::ks::ks_mean;
use crate::fidelity::rules::broken;
use crate::fidelity::tvd::tvd_mean;
use crate::given::{Aligned, NO_GIVEN};
use crate::sampling::interval::of_rows;
use synth_core::table::Units;

pub(crate) const FAMILY: Family = Family {
    definitions: &[GIVEN_KS_MEAN, GIVEN_TVD_MEAN, GIVEN_CORR_DELTA],
    intervals: Intervals::BySubSampling,
    take: distances,
};

pub(crate) const RULES: Family = Family {
    definitions: &[GIVEN_RULES_KEPT],
    intervals: Intervals::Own,
    take: |taking| vec![given_rules_kept(taking)],
};

/// The definition of `given_ks_mean`.
pub const GIVEN_KS_MEAN: Definition = Definition {
    id: "given_ks_mean",
    name: "KS distance from the table as given, mean over numbers",
    meaning: "mean KS distance D from the columns on a scale as given, 1 where a column is lost",
    above: Some("the numbers' distributions differ from those of the table as given"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "distance",
    source: "ks_mean, against the training rows before protection; a year stands for its middle",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.08),
        permuted: between(0.0, 0.0),
        shifted: between(0.4, 1.0),
    },
    needs: Needs { columns: Columns::GivenScales, unseen: Unseen::None },
    judged_by: JudgedBy::Value,
    battery: Battery::Core,
};

/// The definition of `given_tvd_mean`.
pub const GIVEN_TVD_MEAN: Definition = Definition {
    id: "given_tvd_mean",
    name: "total variation from the table as given, mean over levels",
    meaning: "mean total variation distance from the columns of levels and of text as given, 1 where a column is lost",
    above: Some("level shares differ from those of the table as given"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "distance",
    source: "tvd_mean, against the training rows before protection; free text counts as levels",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.08),
        permuted: between(0.0, 0.0),
        shifted: between(0.15, 1.0),
    },
    needs: Needs { columns: Columns::GivenLevels, unseen: Unseen::None },
    judged_by: JudgedBy::Value,
    battery: Battery::Core,
};

/// The definition of `given_corr_delta`.
pub const GIVEN_CORR_DELTA: Definition = Definition {
    id: "given_corr_delta",
    name: "correlations, mean difference from the table as given",
    meaning: "mean difference of Pearson's r from the table as given, over pairs of columns stored as numbers",
    above: Some("correlations differ from those of the table as given"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 2.0),
    unit: "correlation",
    source: "corr_delta, against the training rows before protection; 0 is the correlation of a lost column",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.06),
        permuted: between(0.1, 2.0),
        shifted: between(0.0, 0.2),
    },
    needs: Needs { columns: Columns::GivenTwoVaryingNumbers, unseen: Unseen::None },
    judged_by: JudgedBy::Value,
    battery: Battery::Core,
};

/// The definition of `given_rules_kept`.
pub const GIVEN_RULES_KEPT: Definition = Definition {
    id: "given_rules_kept",
    name: "rules of the table as given that rows satisfy",
    meaning: "share of rows that satisfy a rule of the table as given, mean over the rules, 0 for one about a lost column",
    above: None,
    below: Some("rows violate rules that every row of the table as given satisfies"),
    domain: Domain::Fidelity,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "rules found before protection (A determines B, A <= B, A + B = C, missing together), held against the synthetic rows",
    anchors: Anchors {
        copy: between(1.0, 1.0),
        fresh: between(0.98, 1.0),
        permuted: between(0.3, 0.98),
        shifted: between(0.8, 1.0),
    },
    needs: Needs { columns: Columns::GivenRules, unseen: Unseen::None },
    judged_by: JudgedBy::Value,
    battery: Battery::Core,
};

/// The distances of the siblings, from the table as given.
fn distances(taking: &Taking) -> Vec<Measure> {
    let both = Aligned::of(taking.comparison);
    let Some(comparison) = both.as_ref().and_then(Aligned::compare) else {
        return FAMILY.definitions.iter().map(|definition| unknown(definition.id)).collect();
    };
    let named = |definition: Definition, measure: Measure| Measure { id: definition.id.to_owned(), ..measure };
    vec![
        named(GIVEN_KS_MEAN, ks_mean(&comparison)),
        named(GIVEN_TVD_MEAN, tvd_mean(&comparison)),
        named(GIVEN_CORR_DELTA, corr_delta(&comparison)),
    ]
}

pub(crate) fn unknown(id: &str) -> Measure {
    Measure::new(id, Outcome::NotMeasured(NO_GIVEN.to_owned()))
}

/// `given_rules_kept`: the mean, over the rules of the table as given, of the share of synthetic rows that satisfy each.
///
/// A rule about a column without a value in any synthetic row counts 0. Per column it is the mean over the rules about it. The interval
/// is that of a mean over rows, the rules taken as they were found.
fn given_rules_kept(taking: &Taking) -> Measure {
    let Some(both) = Aligned::of(taking.comparison) else { return unknown(GIVEN_RULES_KEPT.id) };
    let rules = taking.given_rules();
    if rules.is_empty() {
        return Measure::new(
            GIVEN_RULES_KEPT.id,
            Outcome::NotMeasured("no rule holds in every row as given".to_owned()),
        );
    }
    let (given, synthetic) = (&both.given, &both.synthetic);
    let n_rows = synthetic.n_rows();
    let is_lost = |name: &str| {
        let at = synthetic.schema().index_of(name).expect("a rule is about columns of the table");
        let array = synthetic.column(at).1;
        n_rows > 0 && array.null_count() == n_rows
    };
    let mut of_row = vec![0.0; n_rows];
    let mut of_column = vec![(0.0, 0_usize); given.n_columns()];
    for rule in rules {
        let names: Vec<&str> = rule.columns().into_iter().collect();
        let is_kept: Vec<bool> = match names.iter().any(|name| is_lost(name)) {
            true => vec![false; n_rows],
            false => broken(rule, given, synthetic).expect("the tables have one schema").iter().map(|b| !b).collect(),
        };
        of_row.iter_mut().zip(&is_kept).for_each(|(sum, &kept)| *sum += f64::from(kept) / rules.len() as f64);
        let share = is_kept.iter().filter(|kept| **kept).count() as f64 / n_rows.max(1) as f64;
        for name in names {
            let own = &mut of_column[given.schema().index_of(name).expect("found in this table")];
            *own = (own.0 + share, own.1 + 1);
        }
    }
    let value = (of_row.iter().sum::<f64>() / n_rows.max(1) as f64).clamp(0.0, 1.0);
    let uncertainty = of_rows(value, &of_row, &Units::rows(n_rows), GIVEN_RULES_KEPT.range);
    let columns = of_column.iter().zip(&given.schema().fields).filter(|((_, n), _)| *n > 0);
    let columns = columns.map(|((sum, n), field)| ColumnValue { column: field.name.clone(), value: sum / *n as f64 });
    Measure {
        id: GIVEN_RULES_KEPT.id.to_owned(),
        columns: columns.collect(),
        outcome: Outcome::Measured(Estimate { value, uncertainty: Some(uncertainty) }),
    }
}

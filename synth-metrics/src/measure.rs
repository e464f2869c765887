//! All measures at once: what the rest of the workspace calls.

use std::collections::{BTreeMap, BTreeSet};

use synth_core::table::Units;

use crate::comparison::Comparison;
use crate::definition::{Battery, Definition, Goal, JudgedBy};
use crate::estimate::{Interval, Measure, Outcome};
use crate::family::{Family, Intervals, Taking};
use crate::inputs::Inputs;
use crate::loss::losses;
use crate::options::{OUT_OF_TIME, Options};
use crate::registry::{ALL, FIDELITY, MEASURES, definition};
use crate::report::{QualityReport, REPORT_VERSION, Rows};
use crate::sampling::second;
use crate::sampling::spread::attach;
use crate::subgroups::subgroups;

/// Takes every measure of the battery, in the registry's order.
///
/// A measure that cannot be taken is in the report with the reason; none is ever left out, and no value is NaN.
/// The report is the same, bit for bit, for any number of threads, if [`Options::until`] is none or far enough away.
pub fn measure(comparison: &Comparison, options: &Options) -> QualityReport {
    let taking = Taking::new(comparison, options);
    let mut taken = take(ALL.into_iter().flatten(), &taking);
    let mut take = |id: &str| match taken.iter().position(|measure| measure.id == id) {
        Some(place) => taken.swap_remove(place),
        None if !options.has_time() => Measure::new(id, Outcome::NotMeasured(OUT_OF_TIME.to_owned())),
        None => Measure::new(id, Outcome::NotMeasured("not implemented in this version".to_owned())),
    };
    QualityReport {
        version: REPORT_VERSION,
        rows: Rows {
            train: comparison.train().n_rows(),
            units: n_units(comparison.train()),
            synthetic: comparison.synthetic().n_rows(),
            holdout: n_unseen(comparison, options),
        },
        measures: MEASURES
            .iter()
            .filter(|definition| options.wants(definition))
            .map(|definition| finite(take(definition.id)))
            .collect(),
        subgroups: options.group.as_deref().map(|column| subgroups(comparison, column)),
        losses: losses(comparison),
        references: references(comparison, options),
        inputs: Some(Inputs { shadow: options.shadow, ..Inputs::of(comparison, taking.given_rules().len()) }),
    }
}

/// What a second real sample scores in the measures of the core that are distances between two tables.
fn references(comparison: &Comparison, options: &Options) -> BTreeMap<String, f64> {
    if !options.has_time() {
        return BTreeMap::new();
    }
    let core = Options { battery: Battery::Core, ..Options::default() };
    let is_distance = |definition: &Definition| {
        definition.battery == Battery::Core && definition.goal == Goal::Lower && definition.judged_by == JudgedBy::Value
    };
    let families: Vec<&Family> = FIDELITY
        .iter()
        .filter(|family| family.intervals == Intervals::BySubSampling && family.definitions.iter().any(is_distance))
        .collect();
    second::references(comparison, options.seed, |pair| {
        let taking = Taking::new(pair, &core);
        let mut taken: Vec<Measure> = families.iter().flat_map(|family| (family.take)(&taking)).collect();
        taken.retain(|measure| definition(&measure.id).is_some_and(is_distance));
        taken
    })
}

/// The fidelity measures with their intervals, in no particular order.
///
/// Those of [`Battery::Core`] alone, or all. `seed` draws the rows of sub-samples. See [`measure()`], which takes them with
/// all others.
pub fn likeness(comparison: &Comparison, battery: Battery, seed: u64) -> Vec<Measure> {
    take(FIDELITY, &Taking::new(comparison, &Options { seed, battery, ..Options::default() }))
}

/// The measures of `families` that the battery has, as long as there is time.
fn take<'f>(families: impl IntoIterator<Item = &'f Family>, taking: &Taking<'_>) -> Vec<Measure> {
    let Taking { comparison, options, .. } = *taking;
    let is_wanted = |family: &&Family| family.definitions.iter().any(|definition| taking.wants(definition));
    let (by_parts, others): (Vec<&Family>, Vec<&Family>) =
        families.into_iter().filter(is_wanted).partition(|family| family.intervals == Intervals::BySubSampling);
    let definitions = |families: &[&Family]| -> Vec<Definition> {
        let all = families.iter().flat_map(|family| family.definitions.iter().copied());
        all.filter(|definition| taking.wants(definition)).collect()
    };
    let mut taken = Vec::new();
    if options.has_time() {
        let of = |taking: &Taking<'_>| by_parts.iter().flat_map(|family| (family.take)(taking)).collect();
        taken = of(taking);
        let again = |part: &Comparison| of(&Taking::new(part, options));
        attach(comparison, options.seed, &mut taken, &definitions(&by_parts), again);
    }
    for family in others {
        if options.has_time() {
            taken.extend((family.take)(taking));
        }
    }
    let wanted = MEASURES.iter().filter(|definition| taking.wants(definition));
    let wanted: Vec<&str> = wanted.map(|definition| definition.id).collect();
    taken.retain(|measure| wanted.contains(&measure.id.as_str()));
    taken
}

/// The units of a table, where some unit has several rows.
fn n_units(table: &synth_core::Table) -> Option<usize> {
    let units = Units::of(table);
    (!units.are_rows()).then(|| units.n_units())
}

/// The real rows no generator saw: the holdout's, or with cross-fitting each row that was held out of some generator.
fn n_unseen(comparison: &Comparison, options: &Options) -> Option<usize> {
    // A unit's rows are in an audit all together: those of the first one are counted.
    let mut n_rows = 0;
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    for audit in &options.audits {
        n_rows += audit.non_member_ids.iter().filter(|id| !seen.contains(*id)).count();
        seen.extend(audit.non_member_ids);
    }
    comparison.holdout().map(synth_core::Table::n_rows).or((n_rows > 0).then_some(n_rows))
}

/// The last line of defence: what is not a number was not measured.
fn finite(mut measure: Measure) -> Measure {
    if let Outcome::Measured(estimate) = &measure.outcome {
        let ends = |interval: Interval| [interval.low, interval.high];
        let bounds = estimate.uncertainty.iter().flat_map(|u| ends(u.interval).into_iter().chain(ends(u.one_sided)));
        if !bounds.chain([estimate.value]).all(f64::is_finite) {
            measure.outcome = Outcome::NotMeasured("the result is not a finite number".to_owned());
        }
    }
    measure.columns.retain(|column| column.value.is_finite());
    measure
}

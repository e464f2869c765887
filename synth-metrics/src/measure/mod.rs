//! All measures at once: what the rest of the workspace calls. Each family of the registry has its file, which takes its
//! measures together where they share work.

mod detection;
mod fidelity;
mod privacy;
mod utility;

pub use fidelity::likeness;

use std::time::Instant;

use crate::comparison::Comparison;
use crate::estimate::{Interval, Measure, Outcome};
use crate::inputs::Inputs;
use crate::privacy::duplicates::Baseline;
use crate::privacy::membership::{Audit, Losses};
use crate::registry::{Battery, MEASURES};
use crate::report::{QualityReport, REPORT_VERSION, Rows};
use crate::subgroups::subgroups;

/// Why a measure was not taken for which [`Options::until`] left no time.
pub const OUT_OF_TIME: &str = "the time was up before it began";

/// How to measure.
#[derive(Debug, Clone, Default)]
pub struct Options<'a> {
    /// Decides what is chosen at random: folds of the attack, and candidates where there are too many. Default 0.
    pub seed: u64,
    /// Which measures are taken. Default [`Battery::Core`].
    pub battery: Battery,
    /// The column that utility is about. Default none: then one is found.
    pub target: Option<String>,
    /// The columns that hold a time and whether the event was seen by then, for survival. Default none.
    pub survival: Option<[String; 2]>,
    /// The columns that an outsider may know. Default none: then they are found.
    pub quasi_identifiers: Option<Vec<String>>,
    /// The column whose levels are looked at one by one. Default none.
    pub group: Option<String>,
    /// What copies are held against. Default [`Baseline::Holdout`].
    pub baseline: Baseline,
    /// What membership inference is tried on. Default none: then a holdout, if there is one, makes an audit of its own,
    /// with as many train rows as members and the other train rows as reference.
    pub audits: Vec<Audit<'a>>,
    /// What the generators say of the rows they are audited on, for an attack by somebody who holds the model: one pair
    /// an audit, in their order; without audits one pair, for all rows of train and of the holdout. Default none.
    pub losses: Vec<Losses<'a>>,
    /// When the time is up: what has not begun by then is not measured, and the report says so. What has begun is ended. Default
    /// none.
    pub until: Option<Instant>,
}

impl Options<'_> {
    fn has_time(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }
}

/// Takes every measure of the battery, in the registry's order.
///
/// A measure that cannot be taken is in the report with the reason; none is ever left out, and no value is NaN.
/// The report is the same, bit for bit, for any number of threads, if [`Options::until`] is none or far enough away.
pub fn measure(comparison: &Comparison, options: &Options) -> QualityReport {
    let families = [fidelity::take, detection::take, utility::take, privacy::take];
    let mut taken: Vec<Measure> = families.into_iter().flat_map(|take| take(comparison, options)).collect();
    let mut take = |id: &str| match taken.iter().position(|measure| measure.id == id) {
        Some(place) => taken.swap_remove(place),
        None if !options.has_time() => Measure::new(id, Outcome::NotMeasured(OUT_OF_TIME.to_owned())),
        None => Measure::new(id, Outcome::NotMeasured("this version does not know how".to_owned())),
    };
    QualityReport {
        version: REPORT_VERSION,
        rows: Rows {
            train: comparison.train().n_rows(),
            synthetic: comparison.synthetic().n_rows(),
            holdout: n_unseen(comparison, options),
        },
        measures: MEASURES
            .iter()
            .filter(|definition| definition.battery <= options.battery)
            .map(|definition| finite(take(definition.id)))
            .collect(),
        subgroups: options.group.as_deref().map(|column| subgroups(comparison, column)),
        inputs: Some(Inputs::of(comparison)),
    }
}

/// The real rows no generator saw: the holdout's, or with cross-fitting each row that was held out of some generator.
fn n_unseen(comparison: &Comparison, options: &Options) -> Option<usize> {
    let ids: std::collections::BTreeSet<usize> =
        options.audits.iter().flat_map(|audit| audit.non_member_ids.iter().copied()).collect();
    comparison.holdout().map(synth_core::Table::n_rows).or((!ids.is_empty()).then_some(ids.len()))
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

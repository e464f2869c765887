//! All measures at once: what the rest of the workspace calls.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::bivariate::{assoc_delta, corr_delta};
use crate::comparison::Comparison;
use crate::duplicates::{Baseline, dup_excess, dup_rate, dup_rate_holdout};
use crate::membership::{Audit, choose, mia_auc};
use crate::registry::MEASURES;
use crate::report::{Measure, Outcome, QualityReport, REPORT_VERSION, Rows};
use crate::univariate::{ks_mean, missing_delta, tvd_mean};

/// How to measure.
#[derive(Debug, Clone, Default)]
pub struct Options<'a> {
    /// Decides what is chosen at random: folds of the attack, and candidates where there are too many. Default 0.
    pub seed: u64,
    /// What copies are held against. Default [`Baseline::Holdout`].
    pub baseline: Baseline,
    /// What membership inference is tried on. Default none: then a holdout, if there is one, makes an audit of its own,
    /// with as many train rows as members and the other train rows as reference.
    pub audits: Vec<Audit<'a>>,
}

/// Takes every measure of the registry, in its order.
///
/// A measure that cannot be taken is in the report with the reason; none is ever left out, and no value is NaN.
/// The report is the same, bit for bit, for any number of threads.
pub fn measure(comparison: &Comparison, options: &Options) -> QualityReport {
    let take = |id: &str| match id {
        "ks_mean" => ks_mean(comparison),
        "tvd_mean" => tvd_mean(comparison),
        "missing_delta" => missing_delta(comparison),
        "corr_delta" => corr_delta(comparison),
        "assoc_delta" => assoc_delta(comparison),
        "dup_rate" => dup_rate(comparison),
        "dup_rate_holdout" => dup_rate_holdout(comparison),
        "dup_excess" => dup_excess(comparison, options.baseline),
        "mia_auc" => Measure::new(id, membership(comparison, options)),
        _ => Measure::new(id, Outcome::NotMeasured("this version does not know how".to_owned())),
    };
    QualityReport {
        version: REPORT_VERSION,
        rows: Rows {
            train: comparison.train().n_rows(),
            synthetic: comparison.synthetic().n_rows(),
            holdout: n_unseen(comparison, options),
        },
        measures: MEASURES.iter().map(|definition| finite(take(definition.id))).collect(),
    }
}

fn membership(comparison: &Comparison, options: &Options) -> Outcome {
    match comparison.holdout() {
        Some(holdout) if options.audits.is_empty() => {
            let train = comparison.train();
            let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
            rng.set_stream(u64::MAX); // the attack itself counts its streams from 0
            let member_rows = choose(train.n_rows(), holdout.n_rows().min(train.n_rows()), &mut rng);
            let mut is_member = vec![false; train.n_rows()];
            member_rows.iter().for_each(|&row| is_member[row] = true);
            let others: Vec<usize> = (0..train.n_rows()).filter(|&row| !is_member[row]).collect();
            let (members, reference) = (train.take(&member_rows), train.take(&others));
            let non_member_ids: Vec<usize> = (train.n_rows()..train.n_rows() + holdout.n_rows()).collect();
            let audit = Audit {
                synthetic: comparison.synthetic(),
                members: &members,
                member_ids: &member_rows,
                non_members: holdout,
                non_member_ids: &non_member_ids,
                reference: (!others.is_empty()).then_some(&reference),
            };
            mia_auc(&[audit], options.seed)
        }
        _ => mia_auc(&options.audits, options.seed),
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
        let bounds = estimate.uncertainty.iter().flat_map(|u| u.interval.into_iter().chain(u.one_sided));
        if !bounds.chain([estimate.value]).all(f64::is_finite) {
            measure.outcome = Outcome::NotMeasured("the result is not a finite number".to_owned());
        }
    }
    measure.columns.retain(|column| column.value.is_finite());
    measure
}

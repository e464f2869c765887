//! What is given away.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::Options;
use crate::comparison::Comparison;
use crate::estimate::{Measure, Outcome};
use crate::privacy::copies::copies;
use crate::privacy::duplicates::{dup_excess, dup_rate, dup_rate_holdout};
use crate::privacy::membership::{Audit, Losses, Membership, choose};
use crate::privacy::quasi::quasi;
use crate::privacy::risks::risks;
use crate::registry::Battery;

pub(super) fn take(comparison: &Comparison, options: &Options) -> Vec<Measure> {
    if !options.has_time() {
        return Vec::new();
    }
    let mut measures =
        vec![dup_rate(comparison), dup_rate_holdout(comparison), dup_excess(comparison, options.baseline)];
    if !options.has_time() {
        return measures;
    }
    let membership = membership(comparison, options);
    let read = |id: &str, value: &dyn Fn(&Membership) -> Outcome| {
        Measure::new(id, membership.as_ref().map_or_else(|reason| Outcome::NotMeasured(reason.clone()), value))
    };
    measures.push(read("mia_auc", &|m| Outcome::Measured(m.auc())));
    if options.battery == Battery::Full {
        measures.push(read("mia_max_auc", &|m| Outcome::Measured(m.max_auc())));
        measures.push(read("mia_tpr_at_1", &|m| m.tpr_at(0.01)));
        measures.push(read("mia_tpr_at_10", &|m| m.tpr_at(0.1)));
        measures.push(read("mia_outlier_auc", &Membership::outlier_auc));
        if options.has_time() {
            measures.extend(copies(comparison, options.seed));
        }
        if options.has_time() {
            measures.extend(risks(comparison, &options.audits, options.seed));
        }
        if options.has_time() {
            measures.extend(quasi(comparison, options.quasi_identifiers.as_deref()));
        }
    }
    measures
}

fn membership(comparison: &Comparison, options: &Options) -> Result<Membership, String> {
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
            let of_members: Option<Vec<f64>> = match options.losses.as_slice() {
                [] => None,
                [losses] if losses.members.len() == train.n_rows() => {
                    Some(member_rows.iter().map(|&row| losses.members[row]).collect())
                }
                _ => return Err("the losses do not fit train and holdout".to_owned()),
            };
            let losses = of_members.as_deref().map(|members| Losses { members, ..options.losses[0] });
            Membership::new(&[audit], losses.as_slice(), options.seed)
        }
        _ => Membership::new(&options.audits, &options.losses, options.seed),
    }
}

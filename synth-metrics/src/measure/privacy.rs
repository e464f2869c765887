//! What is given away.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::Options;
use crate::comparison::Comparison;
use crate::duplicates::{dup_excess, dup_rate, dup_rate_holdout};
use crate::membership::{Audit, choose, mia_auc};
use crate::report::{Measure, Outcome};

pub(super) fn take(comparison: &Comparison, options: &Options) -> Vec<Measure> {
    vec![
        dup_rate(comparison),
        dup_rate_holdout(comparison),
        dup_excess(comparison, options.baseline),
        Measure::new("mia_auc", membership(comparison, options)),
    ]
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

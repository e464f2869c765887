//! Each measure on 5,000 rows a table, and the attack on 1,000 rows a side.

use criterion::Criterion;
use synth_benches::{MEDIUM, table};
use synth_metrics::{
    Audit, Baseline, Comparison, Measure, Tables, assoc_delta, corr_delta, dup_excess, dup_rate, dup_rate_holdout,
    ks_mean, mia_auc, missing_delta, tvd_mean,
};

/// Members, and as many non-members.
const SIDE: usize = 1_000;

fn main() {
    let mut criterion = synth_benches::criterion().configure_from_args();
    measures(&mut criterion);
    attack(&mut criterion);
    criterion.final_summary();
}

fn measures(criterion: &mut Criterion) {
    let [train, synthetic, holdout] = [1, 2, 3].map(|seed| table(MEDIUM, seed));
    let comparison = Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }
        .compare()
        .expect("the tables have one schema");
    let mut group = criterion.benchmark_group(format!("measures/{MEDIUM}"));
    let mut bench = |id: &str, measure: fn(&Comparison) -> Measure| {
        group.bench_function(id, |b| b.iter(|| measure(&comparison)));
    };
    bench("ks_mean", ks_mean);
    bench("tvd_mean", tvd_mean);
    bench("missing_delta", missing_delta);
    bench("corr_delta", corr_delta);
    bench("assoc_delta", assoc_delta);
    bench("dup_rate", dup_rate);
    bench("dup_rate_holdout", dup_rate_holdout);
    bench("dup_excess", |comparison| dup_excess(comparison, Baseline::Holdout));
}

fn attack(criterion: &mut Criterion) {
    let [members, non_members, synthetic] = [1, 2, 3].map(|seed| table(SIDE, seed));
    let ids: Vec<usize> = (0..2 * SIDE).collect();
    let audit = Audit {
        synthetic: &synthetic,
        members: &members,
        member_ids: &ids[..SIDE],
        non_members: &non_members,
        non_member_ids: &ids[SIDE..],
        reference: None,
    };
    criterion.bench_function(&format!("measures/{SIDE} a side/mia_auc"), |b| b.iter(|| mia_auc(&[audit], 4)));
}

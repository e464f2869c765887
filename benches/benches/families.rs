//! The measures beyond the core, family by family, on 2,000 rows a table; and all of them at once, intervals included.

use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use synth_benches::table;
use synth_metrics::{
    Battery, Comparison, Measure, Options, SurvivalColumns, Tables, alpha_precision, beta_recall, c2st_logistic,
    c2st_trees, contingency_similarity, copies, jensen_shannon_mean, level_validity, measure, quasi, range_validity,
    rare_level_coverage, risks, rules_kept, sdm_shapes, sdm_trends, spearman_delta, subgroups, survival, utility,
    wasserstein_mean,
};

const ROWS: usize = 2_000;
const SEED: u64 = 4;

fn main() {
    let mut criterion = synth_benches::criterion().configure_from_args();
    let [train, synthetic, holdout] = [1, 2, 3].map(|seed| table(ROWS, seed));
    let comparison = Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }
        .compare()
        .expect("the tables have one schema");
    likeness(&mut criterion, &comparison);
    detection(&mut criterion, &comparison);
    use_of(&mut criterion, &comparison);
    privacy(&mut criterion, &comparison);
    together(&mut criterion, &comparison);
    criterion.final_summary();
}

fn likeness(criterion: &mut Criterion, comparison: &Comparison) {
    let mut group = criterion.benchmark_group(format!("families/{ROWS}/fidelity"));
    let mut bench = |id: &str, measure: fn(&Comparison) -> Measure| time(&mut group, id, || measure(comparison));
    bench("wasserstein_mean", wasserstein_mean);
    bench("jensen_shannon_mean", jensen_shannon_mean);
    bench("spearman_delta", spearman_delta);
    bench("contingency_similarity", contingency_similarity);
    bench("sdm_shapes", sdm_shapes);
    bench("sdm_trends", sdm_trends);
    bench("range_validity", range_validity);
    bench("level_validity", level_validity);
    bench("rules_kept", rules_kept);
    bench("alpha_precision", alpha_precision);
    bench("beta_recall", |comparison| beta_recall(comparison, SEED));
}

fn detection(criterion: &mut Criterion, comparison: &Comparison) {
    let mut group = criterion.benchmark_group(format!("families/{ROWS}/detection"));
    time(&mut group, "c2st_logistic", || c2st_logistic(comparison, SEED));
    time(&mut group, "c2st_trees", || c2st_trees(comparison, SEED));
    time(&mut group, "rare_level_coverage", || rare_level_coverage(comparison));
    time(&mut group, "subgroups", || subgroups(comparison, "ward"));
}

fn use_of(criterion: &mut Criterion, comparison: &Comparison) {
    let mut group = criterion.benchmark_group(format!("families/{ROWS}/utility"));
    time(&mut group, "utility", || utility(comparison, Some("sex"), &[], SEED));
    let columns = SurvivalColumns { time: "days".to_owned(), event: "sex".to_owned() };
    time(&mut group, "survival", || survival(comparison, Some(&columns), SEED));
}

fn privacy(criterion: &mut Criterion, comparison: &Comparison) {
    let mut group = criterion.benchmark_group(format!("families/{ROWS}/privacy"));
    time(&mut group, "copies", || copies(comparison, SEED));
    time(&mut group, "risks", || risks(comparison, &[], SEED));
    time(&mut group, "quasi", || quasi(comparison, None));
}

fn together(criterion: &mut Criterion, comparison: &Comparison) {
    let mut group = criterion.benchmark_group(format!("families/{ROWS}/all"));
    for (id, battery) in [("core", Battery::Core), ("full", Battery::Full)] {
        let options = Options { seed: SEED, battery, ..Options::default() };
        time(&mut group, id, || measure(comparison, &options));
    }
}

fn time<T>(group: &mut BenchmarkGroup<WallTime>, id: &str, mut take: impl FnMut() -> T) {
    group.bench_function(id, |b| b.iter(&mut take));
}

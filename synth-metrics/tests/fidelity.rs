//! Fidelity measured here and by SDMetrics 0.32.0, SciPy 1.x, scikit-learn and pandas; what cannot change a measure; and
//! the rules that tables keep.
//!
//! ```python
//! import numpy as np, pandas as pd, itertools, warnings
//! warnings.filterwarnings("ignore")
//! from scipy.stats import wasserstein_distance
//! from scipy.spatial.distance import jensenshannon
//! from sklearn.metrics import normalized_mutual_info_score
//! from sdmetrics.reports.single_table import QualityReport, DiagnosticReport
//! from sdmetrics.column_pairs import ContingencySimilarity
//! def row(i, s):
//!     k = i + 500 if s else i
//!     t = k * 37 % 61
//!     return dict(
//!         age=20 + t + (i % 5 if s else 0),
//!         dose=None if i % (9 if s else 7) == 3 else (2 * (20 + t) + k * k % 17) / 4,
//!         lab=(k * k * 7 + 40 * t) % 3001 / 10,
//!         seen=pd.Timestamp("2020-01-01") + pd.Timedelta(days=3 * t + k % (11 if s else 7)),
//!         smoker=None if i % 19 == 5 else bool(t > (33 if s else 30)),
//!         stage=t // 13,
//!         ward=None if i % 13 == 6 else ("abcx" if s else "abcd")[(t // 16 + (k % 5 == 0)) % 4],
//!         site="north",
//!         fixed=8 if s and i % 50 == 0 else 7)
//! real, synth = (pd.DataFrame([row(i, s) for i in range(n)]) for s, n in ((False, 300), (True, 250)))
//! kinds = dict(age="numerical", dose="numerical", lab="numerical", seen="datetime", smoker="boolean", stage="ordinal",
//!              ward="categorical", site="categorical", fixed="numerical")
//! metadata = {"columns": {c: {"sdtype": k} for c, k in kinds.items()}}
//! report = QualityReport(); report.generate(real, synth, metadata, verbose=False)
//! print("sdm_shapes", report.get_properties()["Score"][0])
//! print("sdm_trends", report.get_properties()["Score"][1])
//! report.real_correlation_threshold = report.real_association_threshold = 0
//! report.generate(real, synth, metadata, verbose=False); print("sdm_trends_all", report.get_properties()["Score"][1])
//! report = DiagnosticReport(); report.generate(real, synth, metadata, verbose=False)
//! v = report.get_details("Data Validity"); print("sdm_validity", v["Score"].mean())
//! scale, level = ["age", "dose", "lab", "seen"], ["smoker", "stage", "ward"]
//! number = lambda x: x.astype("int64") / 1e9 if x.name == "seen" else x
//! R, S = ({c: number(d[c]) for c in scale} for d in (real, synth))
//! v = v.set_index("Column")["Score"]; print("range", v[scale].mean(), "level", v[level + ["site", "fixed"]].mean())
//! w = [wasserstein_distance(R[c].dropna(), S[c].dropna()) / R[c].dropna().std(ddof=0) for c in scale]
//! print("wasserstein", np.mean(w), max(w))
//! def share_bins(c):
//!     x = np.sort(R[c].dropna().to_numpy()); e = np.unique([x[i * len(x) // 10] for i in range(1, 10)])
//!     return [np.where(d[c].isna(), 0, 1 + np.searchsorted(e, d[c], side="right")) for d in (R, S)]
//! def codes(c): u = {x: i for i, x in enumerate(sorted(set(pd.concat([real[c], synth[c]]).dropna())), 1)}; return [d[c].map(lambda x: u.get(x, 0)).to_numpy() for d in (real, synth)]
//! def js(a, b): n = max(a.max(), b.max()) + 1; return jensenshannon(np.bincount(a, minlength=n), np.bincount(b, minlength=n), base=2)
//! j = [js(*(share_bins(c) if c in scale else codes(c))) for c in scale + level]; print("jensen_shannon", np.mean(j), max(j))
//! ranks = pd.DataFrame(R | {"stage": real.stage}).corr("spearman"), pd.DataFrame(S | {"stage": synth.stage}).corr("spearman")
//! print("spearman", np.abs(ranks[0] - ranks[1]).to_numpy()[np.triu_indices(5, 1)].mean())
//! def width_bins(c):
//!     e = np.histogram_bin_edges(R[c].dropna(), 10)[1:-1]
//!     return [np.where(d[c].isna(), 0, 1 + np.searchsorted(e, d[c], side="right")) for d in (R, S)]
//! C = {c: width_bins(c) if c in scale else codes(c) for c in scale + level}
//! pairs = list(itertools.combinations(scale + level, 2))
//! cols = lambda a, b: [pd.DataFrame({a: (number(d[a]) if a in scale else d[a]), b: (number(d[b]) if b in scale else d[b])}) for d in (real, synth)]
//! print("contingency", np.mean([ContingencySimilarity.compute(*cols(a, b), continuous_column_names=[c for c in (a, b) if c in scale] or None) for a, b in pairs]))
//! n = np.array([[normalized_mutual_info_score(C[a][t], C[b][t]) for t in (0, 1)] for a, b in pairs]); e = np.abs(n[:, 0] - n[:, 1])
//! print("nmi", e.mean(), (e * n.sum(1)).sum() / n.sum())
//! # alpha-precision and beta-recall: as synthcity's eval_statistical, on the embedding of the module
//! def embed(d):
//!     out = []
//!     for c in scale:
//!         D = number(d[c]); m, s = R[c].mean(), R[c].std(ddof=0); out.append(((D - m) / s).fillna(0).to_numpy()[:, None])
//!         if real[c].isna().any() or synth[c].isna().any(): out.append(np.stack([D.isna(), ~D.isna()], 1) / np.sqrt(2))
//!     for c in level:
//!         out.append(np.eye(9)[C[c][0 if d is real else 1]] / np.sqrt(2))
//!     return np.hstack(out).astype(float)
//! q = np.quantile
//! from sklearn.neighbors import NearestNeighbors
//! alphas = np.linspace(0, 1, 30)
//! X, Y = embed(real), embed(synth); c = X.mean(0)
//! radii = q(np.linalg.norm(X - c, axis=1), alphas); d = np.linalg.norm(Y - c, axis=1)
//! print("alpha_precision", 1 - 2 * np.abs(alphas - [(d <= r).mean() for r in radii]).sum() / 29)
//! # neighbours: as many rows a side
//! real, R, C = real[:250], {c: x[:250] for c, x in R.items()}, {c: (x[:250], y) for c, (x, y) in C.items()}
//! X, Y = embed(real), embed(synth)
//! rr = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(X).kneighbors(X)[0][:, 1]
//! rs, near = (z[:, 0] for z in NearestNeighbors(n_neighbors=1, algorithm="brute").fit(Y).kneighbors(X))
//! dn = np.linalg.norm(Y[near] - Y.mean(0), axis=1)
//! print("beta_recall", 1 - 2 * np.abs(alphas - [((rs <= rr) & (dn <= t)).mean() for t in q(dn, alphas)]).sum() / 29)
//! ```

mod support;

use proptest::prelude::*;
use rand::seq::SliceRandom;
use support::{Values, census, clinic, normal, permuted, rng, shifted, table};
use synth_core::constraint::find_pairwise as find;
use synth_core::schema::Storage;
use synth_core::{Constraint, Kind, Table};
use synth_metrics::fidelity::jensen_shannon::JENSEN_SHANNON_WORST;
use synth_metrics::fidelity::ks::KS_WORST;
use synth_metrics::fidelity::per_column::worst_of;
use synth_metrics::fidelity::rules::broken;
use synth_metrics::fidelity::wasserstein::WASSERSTEIN_WORST;
use synth_metrics::{
    Comparison, Measure, Outcome, Tables, alpha_precision, assoc_delta, beta_recall, contingency_similarity,
    corr_delta, definition, grid_validity, jensen_shannon_mean, ks_mean, level_validity, missing_delta, nmi_error,
    nmi_error_weighted, range_validity, rules_kept, sdm_shapes, sdm_trends, sdm_trends_all, sdm_validity,
    spearman_delta, tvd_mean, wasserstein_mean,
};

/// What the script prints.
const REFERENCE: [(&str, f64); 15] = [
    ("sdm_shapes", 0.946_181_641_789_16),
    ("sdm_trends", 0.854_303_896_297_480_3),
    ("sdm_trends_all", 0.758_515_710_605_012_2),
    ("sdm_validity", 0.968_888_888_888_888_9),
    ("range_validity", 0.989),
    ("level_validity", 0.952_8),
    ("wasserstein_mean", 0.068_826_199_412_240_5),
    ("wasserstein_worst", 0.116_229_633_331_635_95),
    ("jensen_shannon_mean", 0.115_018_447_549_864_54),
    ("jensen_shannon_worst", 0.458_449_121_135_692_1),
    ("spearman_delta", 0.037_081_253_788_362_91),
    ("contingency_similarity", 0.777_650_793_650_793_6),
    ("nmi_error", 0.016_674_641_942_158_033),
    ("nmi_error_weighted", 0.022_756_934_711_884_58),
    ("alpha_precision", 0.945_436_385_255_648),
];

const BETA: f64 = 0.360_551_724_137_931;

/// Within the 1e-6 that agreement with other tools is promised at.
const TOLERANCE: f64 = 1e-9;

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Train,
    Synthetic,
}

fn draw(n_rows: u32, part: Part) -> Table {
    let is_synthetic = part == Part::Synthetic;
    let pick = |synthetic: u32, train: u32| if is_synthetic { synthetic } else { train };
    let rows = || (0..n_rows).map(|i| (i, if is_synthetic { i + 500 } else { i }));
    let turn = |k: u32| k * 37 % 61;
    let numbers = |f: &dyn Fn(u32, u32) -> f64| Values::Numbers(rows().map(|(i, k)| f(i, k)).collect());
    let or_missing = |is_missing: bool, x: f64| if is_missing { f64::NAN } else { x };
    let wards = if is_synthetic { ["a", "b", "c", "x"] } else { ["a", "b", "c", "d"] };
    let ward =
        |i: u32, k: u32| (i % 13 != 6).then(|| wards[((turn(k) / 16 + u32::from(k.is_multiple_of(5))) % 4) as usize]);
    table(vec![
        (
            "age",
            Kind::Integer,
            Storage::Integer,
            numbers(&|i, k| f64::from(20 + turn(k) + if is_synthetic { i % 5 } else { 0 })),
        ),
        (
            "dose",
            Kind::Continuous,
            Storage::Float,
            numbers(&|i, k| or_missing(i % pick(9, 7) == 3, f64::from(2 * (20 + turn(k)) + k * k % 17) / 4.0)),
        ),
        ("lab", Kind::Continuous, Storage::Float, numbers(&|_, k| f64::from((k * k * 7 + 40 * turn(k)) % 3001) / 10.0)),
        (
            "seen",
            Kind::Datetime,
            Storage::Timestamp,
            numbers(&|_, k| 1_577_836_800.0 + 86_400.0 * f64::from(3 * turn(k) + k % pick(11, 7))),
        ),
        (
            "smoker",
            Kind::Boolean,
            Storage::Boolean,
            numbers(&|i, k| or_missing(i % 19 == 5, f64::from(turn(k) > pick(33, 30)))),
        ),
        ("stage", Kind::Ordinal, Storage::Integer, numbers(&|_, k| f64::from(turn(k) / 13))),
        ("ward", Kind::Categorical, Storage::Text, Values::Labels(rows().map(|(i, k)| ward(i, k)).collect())),
        ("site", Kind::Constant, Storage::Text, Values::Labels(vec![Some("north"); n_rows as usize])),
        (
            "fixed",
            Kind::Constant,
            Storage::Integer,
            numbers(&|i, _| if is_synthetic && i.is_multiple_of(50) { 8.0 } else { 7.0 }),
        ),
    ])
}

/// The measures of this family, without those of others.
fn full(train: &Table, synthetic: &Table) -> Taken {
    let comparison = Tables { train, synthetic, holdout: None }.compare().unwrap();
    let plain: [fn(&Comparison) -> Measure; 20] = [
        ks_mean,
        tvd_mean,
        missing_delta,
        corr_delta,
        assoc_delta,
        wasserstein_mean,
        jensen_shannon_mean,
        spearman_delta,
        contingency_similarity,
        nmi_error,
        nmi_error_weighted,
        sdm_shapes,
        sdm_trends,
        sdm_trends_all,
        sdm_validity,
        range_validity,
        level_validity,
        grid_validity,
        rules_kept,
        alpha_precision,
    ];
    let mut measures: Vec<Measure> = plain.iter().map(|measure| measure(&comparison)).collect();
    let worst: Vec<Measure> = [(0, KS_WORST), (5, WASSERSTEIN_WORST), (6, JENSEN_SHANNON_WORST)]
        .map(|(mean, worst)| worst_of(&measures[mean], &worst))
        .into();
    measures.extend(worst);
    measures.push(beta_recall(&comparison, 0));
    Taken { measures }
}

struct Taken {
    measures: Vec<Measure>,
}

impl Taken {
    fn measure(&self, id: &str) -> &Measure {
        self.measures.iter().find(|m| m.id == id).unwrap()
    }

    fn value(&self, id: &str) -> Option<f64> {
        self.measure(id).outcome.value()
    }
}

#[test]
fn others_say_the_same() {
    let (train, synthetic) = (draw(300, Part::Train), draw(250, Part::Synthetic));
    let report = full(&train, &synthetic);
    let check = |report: &Taken, id: &str, expected: f64| {
        let value = report.value(id).unwrap();
        assert!((value - expected).abs() < TOLERANCE, "{id} is {value}, the reference says {expected}");
    };
    REFERENCE.iter().for_each(|&(id, expected)| check(&report, id, expected));
    // Neighbours need as many rows a side.
    check(&full(&train.take(&(0..250).collect::<Vec<_>>()), &synthetic), "beta_recall", BETA);
    let column = |id: &str, name: &str| report.measure(id).columns.iter().find(|c| c.column == name).unwrap().value;
    // report.get_details("Column Shapes") and ("Data Validity")
    assert!((column("sdm_shapes", "smoker") - 0.949_382).abs() < 1e-6);
    assert!((column("sdm_shapes", "ward") - 0.750_543).abs() < 1e-6);
    assert!((column("range_validity", "age") - 0.964).abs() < TOLERANCE);
    assert!((column("level_validity", "ward") - 0.784).abs() < TOLERANCE);
    assert_eq!(report.measure("jensen_shannon_worst").columns[0].column, "ward");
}

/// Gaps on one side only, a synthetic constant, a synthetic column without values, dates with hours.
///
/// ```python
/// import pandas as pd, numpy as np, warnings
/// warnings.filterwarnings("ignore")
/// from sdmetrics.reports.single_table import QualityReport, DiagnosticReport
/// def odd(n, s):
///     d = pd.Timestamp("2021-03-01")
///     return pd.DataFrame([dict(
///         gaps=None if s and i % 6 == 1 else float(i * 11 % 40), still=5.0 if s else i * 11 % 40 / 2, gone=None if s else i / 2,
///         word=None if s and i % 7 == 2 else "pqr"[i * 11 % 40 // 15], yes=None if i % 9 == 4 else i * 11 % 40 > 20,
///         date=None if i % (5 if s else 8) == 3 else d + pd.Timedelta(days=i * 11 % 40, hours=i % 3)) for i in range(n)])
/// real, synth = odd(80, False), odd(60, True)
/// synth["gone"] = synth["gone"].astype(float)
/// kinds = dict(gaps="numerical", still="numerical", gone="numerical", word="categorical", yes="boolean", date="datetime")
/// metadata = {"columns": {c: {"sdtype": k} for c, k in kinds.items()}}
/// report = QualityReport(); report.generate(real, synth, metadata, verbose=False)
/// print([repr(float(x)) for x in report.get_properties()["Score"]])
/// report.real_correlation_threshold = report.real_association_threshold = 0
/// report.generate(real, synth, metadata, verbose=False); print(repr(float(report.get_properties()["Score"][1])))
/// report = DiagnosticReport(); report.generate(real, synth, metadata, verbose=False)
/// print(repr(float(report.get_details("Data Validity")["Score"].mean())))
/// ```
#[test]
fn sdmetrics_says_the_same_of_odd_columns() {
    let odd = |n_rows: u32, part: Part| {
        let is_synthetic = part == Part::Synthetic;
        let turn = |i: u32| i * 11 % 40;
        let numbers = |f: &dyn Fn(u32) -> f64| Values::Numbers((0..n_rows).map(f).collect());
        let or_missing = |is_missing: bool, x: f64| if is_missing { f64::NAN } else { x };
        let word = |i: u32| (!is_synthetic || i % 7 != 2).then(|| ["p", "q", "r"][(turn(i) / 15) as usize]);
        let date = |i: u32| 1_614_556_800.0 + f64::from(86_400 * turn(i) + 3_600 * (i % 3));
        table(vec![
            (
                "gaps",
                Kind::Continuous,
                Storage::Float,
                numbers(&|i| or_missing(is_synthetic && i % 6 == 1, f64::from(turn(i)))),
            ),
            (
                "still",
                Kind::Continuous,
                Storage::Float,
                numbers(&|i| if is_synthetic { 5.0 } else { f64::from(turn(i)) / 2.0 }),
            ),
            ("gone", Kind::Continuous, Storage::Float, numbers(&|i| or_missing(is_synthetic, f64::from(i) / 2.0))),
            ("word", Kind::Categorical, Storage::Text, Values::Labels((0..n_rows).map(word).collect())),
            ("yes", Kind::Boolean, Storage::Boolean, numbers(&|i| or_missing(i % 9 == 4, f64::from(turn(i) > 20)))),
            (
                "date",
                Kind::Datetime,
                Storage::Timestamp,
                numbers(&|i| or_missing(i % (if is_synthetic { 5 } else { 8 }) == 3, date(i))),
            ),
        ])
    };
    let report = full(&odd(80, Part::Train), &odd(60, Part::Synthetic));
    for (id, expected) in [
        ("sdm_shapes", 0.8273772996841574),
        ("sdm_trends", 0.6484374420213517),
        ("sdm_trends_all", 0.5212499536170814),
        ("sdm_validity", 0.7805555555555556),
    ] {
        let value = report.value(id).unwrap();
        assert!((value - expected).abs() < TOLERANCE, "{id} is {value}, the reference says {expected}");
    }
}

fn assert_same(a: &Taken, b: &Taken) {
    for (a, b) in a.measures.iter().zip(&b.measures) {
        match (a.outcome.value(), b.outcome.value()) {
            (Some(x), Some(y)) => assert!((x - y).abs() < 1e-9, "{}: {x} and {y}", a.id), // rounding of sums
            (x, y) => assert_eq!(x, y, "{}", a.id),
        }
    }
}

#[test]
fn the_order_of_rows_does_not_matter() {
    for law in [clinic, census] {
        let (train, synthetic) = (law(400, 1), law(400, 2));
        let shuffled = |table: &Table, seed: u64| {
            let mut rows: Vec<usize> = (0..table.n_rows()).collect();
            rows.shuffle(&mut rng(seed));
            table.take(&rows)
        };
        assert_same(&full(&train, &synthetic), &full(&shuffled(&train, 3), &shuffled(&synthetic, 4)));
    }
}

#[test]
fn the_unit_of_numbers_does_not_matter() {
    // By a power of two, so that rounding is no excuse.
    let rescaled = |table: &Table| {
        let columns = (0..table.n_columns()).map(|c| {
            let (field, array) = table.column(c);
            let in_eighths = || table.numbers(c).iter().map(|x| x * 8.0).collect::<Vec<f64>>();
            match field.kind.is_scale() {
                true => synth_core::table::column_from_numbers(field, &in_eighths()),
                false => std::sync::Arc::clone(array),
            }
        });
        Table::new(std::sync::Arc::clone(table.schema()), columns.collect()).unwrap()
    };
    for law in [clinic, census] {
        let (train, synthetic) = (law(400, 1), law(400, 2));
        assert_same(&full(&train, &synthetic), &full(&rescaled(&train), &rescaled(&synthetic)));
    }
}

#[test]
fn one_thread_or_four_give_the_same_bits() {
    let (train, synthetic) = (census(500, 1), census(500, 2));
    let with = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| full(&train, &synthetic)).measures
    };
    assert_eq!(with(1), with(4));
}

#[test]
fn odd_tables_give_reasons_and_no_nan() {
    let numbers = |x: &[f64]| Values::Numbers(x.to_vec());
    let nan = f64::NAN;
    let float = |kind: Kind, x: &[f64]| table(vec![("x", kind, Storage::Float, numbers(x))]);
    let words =
        |kind: Kind, x: &[Option<&'static str>]| table(vec![("w", kind, Storage::Text, Values::Labels(x.to_vec()))]);
    let two = |x: &[f64], y: &[f64]| {
        table(vec![
            ("x", Kind::Continuous, Storage::Float, numbers(x)),
            ("y", Kind::Integer, Storage::Integer, numbers(y)),
        ])
    };
    let cases = [
        (float(Kind::Continuous, &[nan, nan]), float(Kind::Continuous, &[1.0, 2.0])),
        (float(Kind::Continuous, &[1.0, 2.0]), float(Kind::Continuous, &[nan, nan])),
        (float(Kind::Continuous, &[nan, nan]), float(Kind::Continuous, &[nan, nan])),
        (float(Kind::Continuous, &[3.0, 3.0]), float(Kind::Continuous, &[3.0, 4.0])),
        (float(Kind::Continuous, &[-1e300, 1e300]), float(Kind::Continuous, &[1e-300, 1e308])),
        (float(Kind::Identifier, &[1.0, 2.0]), float(Kind::Identifier, &[1.0, 2.0])),
        (float(Kind::Empty, &[nan, nan]), float(Kind::Empty, &[nan, 2.0])),
        (words(Kind::Categorical, &[None, None]), words(Kind::Categorical, &[Some("a"), None])),
        (words(Kind::Constant, &[Some("a"), Some("a")]), words(Kind::Constant, &[None, Some("b"), None])),
        (words(Kind::Text, &[None, None]), words(Kind::Text, &[None, None])),
        (two(&[1.0, nan], &[nan, 2.0]), two(&[nan, nan, 1.0], &[1.0, 1.0, nan])),
        (two(&[1.0, 1.0], &[2.0, 2.0]), two(&[1.0, 2.0], &[2.0, 1.0])),
    ];
    for (train, synthetic) in cases {
        check_ranges(&full(&train, &synthetic));
    }
}

#[test]
fn huge_numbers_are_as_far_apart_as_small_ones() {
    let column = |x: &[f64]| table(vec![("x", Kind::Continuous, Storage::Float, Values::Numbers(x.to_vec()))]);
    for unit in [1e-300, 1.0, 1e300] {
        let (train, synthetic) = (column(&[-unit, unit]), column(&[2.0 * unit, 4.0 * unit]));
        let value = full(&train, &synthetic).value("wasserstein_mean").unwrap();
        assert!((value - 3.0).abs() < 1e-12, "{value} in units of {unit}");
    }
}

/// Values are finite and in their ranges, intervals hold their values, reasons are given.
fn check_ranges(taken: &Taken) {
    for measured in &taken.measures {
        let Some(definition) = definition(&measured.id) else { panic!("{} is not registered", measured.id) };
        let is_in_range = |x: f64| x.is_finite() && definition.range.contains(x);
        match &measured.outcome {
            Outcome::Measured(estimate) => {
                assert!(is_in_range(estimate.value), "{}: {}", measured.id, estimate.value);
                for ends in estimate.uncertainty.iter().flat_map(|u| [u.interval, u.one_sided]) {
                    assert!(is_in_range(ends.low) && is_in_range(ends.high) && ends.contains(estimate.value));
                }
                assert!(
                    measured.columns.iter().all(|c| is_in_range(c.value)),
                    "{}: {:?}",
                    measured.id,
                    measured.columns
                );
            }
            Outcome::NotMeasured(reason) => assert!(!reason.is_empty()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn small_tables_stay_in_their_ranges(
        train in prop::collection::vec((-3i8..4, -3i8..4, 0u8..5, 0u8..5), 2..40),
        synthetic in prop::collection::vec((-3i8..4, -3i8..4, 0u8..5, 0u8..5), 2..40),
    ) {
        // −3 and the last level stand for a missing value.
        let number = |x: i8| if x == -3 { f64::NAN } else { f64::from(x) / 2.0 };
        let word = |x: u8| ["a", "b", "c", "d"].get(usize::from(x)).copied();
        let mixed = |rows: &[(i8, i8, u8, u8)]| {
            let (float, text) = (Storage::Float, Storage::Text);
            table(vec![
                ("x", Kind::Continuous, float, Values::Numbers(rows.iter().map(|r| number(r.0)).collect())),
                ("y", Kind::Continuous, float, Values::Numbers(rows.iter().map(|r| number(r.1)).collect())),
                ("u", Kind::Categorical, text, Values::Labels(rows.iter().map(|r| word(r.2)).collect())),
                ("v", Kind::Categorical, text, Values::Labels(rows.iter().map(|r| word(r.3)).collect())),
            ])
        };
        let (train, synthetic) = (mixed(&train), mixed(&synthetic));
        check_ranges(&full(&train, &synthetic));
        // A copy has no distance and full marks.
        let copy = full(&train, &train);
        for measured in &copy.measures {
            let ideal = definition(&measured.id).unwrap().ideal;
            let is_exact = !["alpha_precision", "beta_recall"].contains(&measured.id.as_str());
            prop_assert!(!is_exact || measured.outcome.value().is_none_or(|x| x == ideal), "{:?}", measured);
        }
    }
}

/// A hospital with a rule of each kind, and what only looks like one.
fn hospital(n_rows: usize, seed: u64) -> Table {
    let mut rng = rng(seed);
    let mut ward = Vec::new();
    let [mut floor, mut came, mut left, mut drugs, mut care, mut bill, mut rare] = [const { Vec::new() }; 7];
    let [mut systolic, mut diastolic, mut age] = [const { Vec::new() }; 3];
    for row in 0..n_rows {
        let which = (normal(&mut rng).abs() * 4.0) as usize % 8;
        ward.push(Some(["a", "b", "c", "d", "e", "f", "g", "h"][which]));
        floor.push((which / 3) as f64);
        let day = (18_000.0 + 200.0 * normal(&mut rng)).round();
        came.push(86_400.0 * day);
        left.push(86_400.0 * (day + (3.0 * normal(&mut rng)).abs().round()));
        let (a, b) =
            ((900.0 * normal(&mut rng).abs()).round() / 100.0, (500.0 * normal(&mut rng).abs()).round() / 100.0);
        drugs.push(a);
        care.push(if row % 7 == 2 { 0.0 } else { b });
        bill.push(((a + care[row]) * 100.0).round() / 100.0);
        rare.push(f64::from(row % 97 == 0)); // too few to follow from anything
        let measured = normal(&mut rng) < 1.0;
        systolic.push(if measured { (130.0 + 15.0 * normal(&mut rng)).round() } else { f64::NAN });
        diastolic.push(if measured { (50.0 + 9.0 * normal(&mut rng)).round() } else { f64::NAN });
        age.push(normal(&mut rng)); // one value a row: determines everything, says nothing
    }
    let (integer, float) = (Storage::Integer, Storage::Float);
    table(vec![
        ("ward", Kind::Categorical, Storage::Text, Values::Labels(ward)),
        ("floor", Kind::Ordinal, integer, Values::Numbers(floor)),
        ("came", Kind::Datetime, Storage::Timestamp, Values::Numbers(came)),
        ("left", Kind::Datetime, Storage::Timestamp, Values::Numbers(left)),
        ("drugs", Kind::Continuous, float, Values::Numbers(drugs)),
        ("care", Kind::Continuous, float, Values::Numbers(care)),
        ("bill", Kind::Continuous, float, Values::Numbers(bill)),
        ("rare", Kind::Boolean, integer, Values::Numbers(rare)),
        ("systolic", Kind::Integer, integer, Values::Numbers(systolic)),
        ("diastolic", Kind::Integer, integer, Values::Numbers(diastolic)),
        ("age", Kind::Continuous, float, Values::Numbers(age)),
    ])
}

fn rules_of_the_hospital() -> Vec<Constraint> {
    let own = str::to_owned;
    vec![
        Constraint::Depends { on: own("ward"), column: own("floor") },
        Constraint::Order { lower: own("came"), upper: own("left"), strict: false },
        Constraint::Order { lower: own("drugs"), upper: own("bill"), strict: false },
        Constraint::Order { lower: own("care"), upper: own("bill"), strict: false },
        Constraint::Sum { parts: vec![own("drugs"), own("care")], total: own("bill") },
        Constraint::MissingTogether { columns: vec![own("systolic"), own("diastolic")] },
    ]
}

#[test]
fn rules_are_found_and_nothing_that_only_looks_like_one() {
    for seed in 0..10 {
        assert_eq!(find(&hospital(600, seed)), rules_of_the_hospital(), "seed {seed}");
        assert_eq!(find(&clinic(600, seed)), [], "seed {seed}");
    }
    assert_eq!(find(&hospital(10, 0)), []);
}

#[test]
fn rules_are_kept_by_fresh_rows_and_broken_by_permuted_ones() {
    let (train, fresh, holdout) = (hospital(600, 1), hospital(600, 2), hospital(600, 3));
    let kept = |synthetic: &Table| {
        rules_kept(&Tables { train: &train, synthetic, holdout: Some(&holdout) }.compare().unwrap())
    };
    assert_eq!(kept(&train).outcome.value(), Some(1.0));
    assert_eq!(kept(&fresh).outcome.value(), Some(1.0));
    assert!(kept(&permuted(&train, 4)).outcome.value().unwrap() < 0.05);
    assert!(kept(&shifted(&train)).outcome.value().unwrap() < 0.05);
    let columns: Vec<String> = kept(&fresh).columns.into_iter().map(|c| c.column).collect();
    assert_eq!(columns, ["ward", "floor", "came", "left", "drugs", "care", "bill", "systolic", "diastolic"]);
}

#[test]
fn a_rule_tells_the_rows_that_break_it() {
    let train = table(vec![
        ("a", Kind::Integer, Storage::Integer, Values::Numbers(vec![1.0, 2.0, 3.0])),
        ("b", Kind::Integer, Storage::Integer, Values::Numbers(vec![1.0, 1.0, 7.0])),
        ("c", Kind::Integer, Storage::Integer, Values::Numbers(vec![2.0, 3.0, 10.0])),
    ]);
    let nan = f64::NAN;
    let other = table(vec![
        ("a", Kind::Integer, Storage::Integer, Values::Numbers(vec![1.0, 2.0, nan, 9.0])),
        ("b", Kind::Integer, Storage::Integer, Values::Numbers(vec![7.0, 1.0, 1.0, nan])),
        ("c", Kind::Integer, Storage::Integer, Values::Numbers(vec![8.0, 4.0, 0.0, 0.0])),
    ]);
    let [a, b, c] = ["a", "b", "c"].map(str::to_owned);
    let check = |rule: Constraint, expected: [bool; 4]| {
        assert_eq!(broken(&rule, &train, &other).unwrap(), expected, "{rule}");
        let json = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<Constraint>(&json).unwrap(), rule, "{json}");
    };
    check(Constraint::Depends { on: a.clone(), column: b.clone() }, [true, false, false, false]);
    check(Constraint::Order { lower: b.clone(), upper: a.clone(), strict: false }, [true, false, false, false]);
    check(Constraint::Sum { parts: vec![a.clone(), b.clone()], total: c }, [false, true, false, false]);
    check(Constraint::MissingTogether { columns: vec![a.clone(), b] }, [false, false, true, true]);
    let unknown = Constraint::Order { lower: a, upper: "z".to_owned(), strict: false };
    assert!(broken(&unknown, &train, &other).is_err());
}

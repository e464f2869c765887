//! Utility, survival and subgroups: which target, what a good and a bad table score, and what cannot be measured.

mod support;

use proptest::prelude::*;
use support::{Values, census, clinic, permuted, table, trial};
use synth_core::schema::Storage;
use synth_core::{Kind, Table};
use synth_metrics::{
    Battery, MEASURES, Measure, Options, Outcome, QualityReport, SurvivalColumns, Tables, measure, rare_level_coverage,
    subgroups, survival, utility,
};

fn taken(train: &Table, synthetic: &Table, holdout: Option<&Table>, target: Option<&str>) -> Vec<Measure> {
    utility(&Tables { train, synthetic, holdout }.compare().unwrap(), target, &[], 0)
}

fn values(measures: &[Measure]) -> Vec<f64> {
    measures.iter().map(|m| m.outcome.value().unwrap_or_else(|| panic!("{m:?}"))).collect()
}

fn reason(measure: &Measure) -> &str {
    match &measure.outcome {
        Outcome::NotMeasured(reason) => reason,
        Outcome::Measured(estimate) => panic!("measured: {estimate:?}"),
    }
}

#[test]
fn the_target_is_found_and_named() {
    let [train, synthetic, holdout] = [1, 2, 3].map(|seed| clinic(300, seed));
    let measures = taken(&train, &synthetic, Some(&holdout), None);
    assert!(measures.iter().all(|m| m.columns.len() == 1 && m.columns[0].column == "pain"), "{measures:?}");
    let comparison = Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }.compare().unwrap();
    let measures = utility(&comparison, None, &["pain", "stage", "sex"], 0);
    assert_eq!(measures[0].columns[0].column, "slope"); // no levels are left: the last of the numbers
}

#[test]
fn numbers_are_scored_by_r2() {
    let [train, synthetic, holdout] = [1, 2, 3].map(|seed| census(1_500, seed));
    let measures = taken(&train, &synthetic, Some(&holdout), Some("rooms"));
    let [tstr, trtr, gap] = [0, 1, 2].map(|i| measures[i].outcome.value().unwrap());
    assert!(trtr > 0.6 && (gap - (trtr - tstr)).abs() < 1e-12, "{trtr}"); // AUC: rooms are levels
    let measures = taken(&train, &synthetic, Some(&holdout), Some("income"));
    let [tstr, trtr, gap] = [0, 1, 2].map(|i| measures[i].outcome.value().unwrap());
    assert!(trtr > 0.2 && tstr > 0.1 && gap.abs() < 0.15, "{trtr} {tstr}");
    assert_eq!(reason(&measures[3]), "the target is a number");
    // The mean of shuffled rows predicts nothing: R² is about 0, and below it for what was fitted to noise.
    let measures = taken(&train, &permuted(&train, 4), Some(&holdout), Some("income"));
    assert!(measures[0].outcome.value().unwrap() < 0.05);
}

/// Both learners are tried on the same rows: their difference is known better than either.
#[test]
fn the_gap_is_known_better_than_its_parts() {
    let [train, synthetic, holdout] = [1, 2, 3].map(|seed| trial(600, seed));
    let measures = taken(&train, &synthetic, Some(&holdout), Some("response"));
    let width = |i: usize| {
        let Outcome::Measured(estimate) = &measures[i].outcome else { panic!("{measures:?}") };
        let interval = estimate.uncertainty.unwrap().interval;
        assert!(interval.contains(estimate.value));
        interval.width()
    };
    assert!(width(2) < 0.8 * width(0).hypot(width(1)), "{} {} {}", width(0), width(1), width(2));
}

#[test]
fn a_level_that_the_synthetic_table_lacks_is_guessed_at() {
    let [train, holdout] = [1, 3].map(|seed| clinic(400, seed));
    // Synthetic rows of one sex only.
    let rows: Vec<usize> = (0..400).filter(|&row| train.numbers(5)[row] == 1.0).collect();
    let measures = taken(&train, &train.take(&rows), Some(&holdout), Some("sex"));
    assert_eq!(measures[0].outcome.value(), Some(0.5));
    let share = holdout.numbers(5).iter().sum::<f64>() / 400.0;
    // One level has F1 2p / (1 + p), the other 0.
    assert!((measures[3].outcome.value().unwrap() - share / (1.0 + share)).abs() < 1e-12);
}

#[test]
fn utility_says_why_it_was_not_measured() {
    let [train, synthetic, holdout] = [1, 2, 3].map(|seed| clinic(100, seed));
    let check = |holdout: Option<&Table>, target: Option<&str>, expected: &str| {
        for measure in taken(&train, &synthetic, holdout, target) {
            assert_eq!(reason(&measure), expected);
        }
    };
    check(None, None, "no holdout given");
    check(Some(&holdout), Some("rooms"), "no column `rooms`");
    check(Some(&holdout), Some("record"), "column `record` has neither levels nor numbers to predict");
    let few = "19 holdout rows have a value to predict: at least 20 are needed";
    check(Some(&holdout.take(&(0..19).collect::<Vec<_>>())), Some("sex"), few);
    let men: Vec<usize> = (0..100).filter(|&row| holdout.numbers(5)[row] == 1.0).collect();
    check(Some(&holdout.take(&men)), Some("sex"), "the holdout has fewer than two levels of the target");
    let alone = table(vec![("x", Kind::Boolean, Storage::Integer, Values::Numbers(vec![0.0, 1.0]))]);
    let measures = taken(&alone, &alone, Some(&alone), None);
    assert_eq!(reason(&measures[0]), "no other column to predict from");
    let nothing = table(vec![("x", Kind::Constant, Storage::Integer, Values::Numbers(vec![0.0, 0.0]))]);
    assert_eq!(reason(&taken(&nothing, &nothing, Some(&nothing), None)[0]), "no column can be predicted");
}

/// The measure called `id`.
fn of<'m>(measures: &'m [Measure], id: &str) -> &'m Measure {
    measures.iter().find(|measure| measure.id == id).unwrap()
}

const LEARNERS: [&str; 4] = ["", "_linear", "_forest", "_neighbours"];

#[test]
fn the_mean_is_that_of_the_learners_and_so_is_its_interval() {
    let [train, synthetic, holdout] = [1, 2, 3].map(|seed| trial(600, seed));
    for target in ["response", "marker"] {
        let measures = taken(&train, &synthetic, Some(&holdout), Some(target));
        let value = |id: &str| of(&measures, id).outcome.value().unwrap_or_else(|| panic!("{:?}", of(&measures, id)));
        for side in ["tstr", "trtr"] {
            let mean = LEARNERS.iter().map(|learner| value(&format!("{side}{learner}"))).sum::<f64>() / 4.0;
            assert!((value(&format!("{side}_mean")) - mean).abs() < 1e-12, "{target} {side}");
        }
        assert!((value("tstr_mean_gap") - (value("trtr_mean") - value("tstr_mean"))).abs() < 1e-12);
        let width = |id: &str| {
            let Outcome::Measured(estimate) = &of(&measures, id).outcome else { panic!("{id}") };
            let interval = estimate.uncertainty.unwrap().interval;
            assert!(interval.contains(estimate.value), "{id}");
            interval.width()
        };
        // A mean is known no worse than the mean of its parts (Cauchy and Schwarz), and the gap better than unpaired.
        let mean_width = LEARNERS.iter().map(|learner| width(&format!("tstr{learner}"))).sum::<f64>() / 4.0;
        assert!(width("tstr_mean") < 1.05 * mean_width, "{target}: {} {mean_width}", width("tstr_mean"));
        assert!(width("tstr_mean_gap") < 0.8 * width("tstr_mean").hypot(width("trtr_mean")), "{target}");
    }
}

/// One level in fifty: what counts is whether its rows come first, not that all others are right without it.
#[test]
fn a_rare_level_counts_like_the_others() {
    let rows = |n: usize, seed: usize, knows: bool| {
        let is_rare = move |i: usize| (i * 7 + seed).is_multiple_of(50);
        let x = (0..n).map(|i| {
            let noise = ((i + 31 * seed) * 7_919 % 1_009) as f64 / 1_009.0;
            noise + if is_rare(i) && knows { 1.0 } else { 0.0 }
        });
        let level = (0..n).map(|i| Some(if is_rare(i) { "yes" } else { "no" }));
        table(vec![
            ("x", Kind::Continuous, Storage::Float, Values::Numbers(x.collect())),
            ("event", Kind::Categorical, Storage::Text, Values::Labels(level.collect())),
        ])
    };
    let [train, synthetic, holdout] = [1, 2, 3].map(|seed| rows(1_000, seed, true));
    let good = taken(&train, &synthetic, Some(&holdout), Some("event"));
    let blind = taken(&train, &rows(1_000, 2, false), Some(&holdout), Some("event"));
    for learner in LEARNERS {
        let id = format!("tstr{learner}");
        assert!(of(&good, &id).outcome.value().unwrap() > 0.95, "{id}: {good:?}");
        assert!(of(&blind, &id).outcome.value().unwrap() < 0.9, "{id}: {blind:?}");
    }
    assert!(of(&good, "tstr_mean_gap").outcome.value().unwrap().abs() < 0.05);
    assert!(of(&blind, "tstr_mean_gap").outcome.value().unwrap() > 0.2);
    // A synthetic table that lost the level teaches nothing of it; a training table without it leaves nothing to ask.
    let of_level = |table: &Table, wanted: &str| {
        let labels = table.column(1).1.clone();
        let labels = arrow::array::AsArray::as_string::<i32>(&labels).iter().collect::<Vec<_>>();
        table.take(&(0..table.n_rows()).filter(|&i| labels[i] == Some(wanted)).collect::<Vec<_>>())
    };
    let lost = taken(&train, &of_level(&synthetic, "no"), Some(&holdout), Some("event"));
    assert!(LEARNERS.iter().all(|learner| of(&lost, &format!("tstr{learner}")).outcome.value() == Some(0.5)));
    for measure in taken(&of_level(&train, "no"), &synthetic, Some(&holdout), Some("event")) {
        assert_eq!(reason(&measure), "the target has 1 levels in the training rows: from 2 to 20 are tried");
    }
}

/// A regression with gaps among what it is predicted from: every learner finds the law, none in shuffled rows.
#[test]
fn all_learners_predict_numbers() {
    let [train, synthetic, holdout] = [1, 2, 3].map(|seed| census(1_500, seed));
    let measures = taken(&train, &synthetic, Some(&holdout), Some("income"));
    let shuffled = taken(&train, &permuted(&train, 4), Some(&holdout), Some("income"));
    for learner in LEARNERS {
        let id = format!("tstr{learner}");
        assert!(of(&measures, &id).outcome.value().unwrap() > 0.1, "{id}: {measures:?}");
        assert!(of(&shuffled, &id).outcome.value().unwrap() < 0.05, "{id}: {shuffled:?}");
    }
    assert!(of(&measures, "tstr_mean_gap").outcome.value().unwrap().abs() < 0.1, "{measures:?}");
}

/// A copy of the training table costs nothing, whichever rows a learner chooses of it.
#[test]
fn a_copy_has_no_gap() {
    let [train, holdout] = [1, 3].map(|seed| census(6_500, seed));
    let measures = taken(&train, &train, Some(&holdout.take(&(0..300).collect::<Vec<_>>())), Some("rooms"));
    for learner in LEARNERS {
        let [tstr, trtr] = ["tstr", "trtr"].map(|side| of(&measures, &format!("{side}{learner}")).outcome.value());
        assert!(tstr.is_some() && tstr == trtr, "{learner}: {tstr:?} {trtr:?}");
    }
    assert_eq!(of(&measures, "tstr_mean_gap").outcome.value(), Some(0.0));
}

#[test]
fn many_levels_and_odd_numbers_are_no_trouble() {
    let of = |x: Vec<f64>, kind| {
        let y = (0..x.len()).map(|i| f64::from(u32::try_from(i % 7).unwrap())).collect();
        table(vec![
            ("y", Kind::Continuous, Storage::Float, Values::Numbers(y)),
            ("x", kind, Storage::Float, Values::Numbers(x)),
        ])
    };
    let many = of((0..60).map(|i| f64::from(i % 30)).collect(), Kind::Ordinal);
    let expected = "the target has 30 levels in the training rows: from 2 to 20 are tried";
    assert_eq!(reason(&taken(&many, &many, Some(&many), Some("x"))[0]), expected);
    let huge = of((0..60).map(|i| if i % 2 == 0 { f64::MAX } else { f64::MIN }).collect(), Kind::Continuous);
    let plain = of((0..60).map(f64::from).collect(), Kind::Continuous);
    for (synthetic, holdout) in [(&huge, &plain), (&plain, &huge), (&huge, &huge)] {
        for measure in taken(&plain, synthetic, Some(holdout), Some("x")) {
            assert!(measure.outcome.value().is_none_or(f64::is_finite), "{measure:?}");
        }
    }
    let gone = of(vec![f64::NAN; 60], Kind::Continuous);
    assert!(reason(&taken(&plain, &gone, Some(&plain), Some("x"))[0]).starts_with("0 synthetic rows have a value"));
}

fn following(time: &str, event: &str) -> SurvivalColumns {
    SurvivalColumns { time: time.to_owned(), event: event.to_owned() }
}

#[test]
fn survival_is_measured_only_where_it_is_named() {
    let [train, synthetic, holdout] = [1, 2, 3].map(|seed| trial(400, seed));
    let comparison = Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }.compare().unwrap();
    let taken = |columns: Option<SurvivalColumns>| survival(&comparison, columns.as_ref(), 0);
    let check = |columns: Option<SurvivalColumns>, expected: &str| {
        taken(columns).iter().for_each(|measure| assert_eq!(reason(measure), expected));
    };
    check(None, "no time and event columns were named");
    check(Some(following("weeks", "died")), "no column `weeks`");
    check(Some(following("months", "response")), "column `response` has no events: it must have two levels");
    check(Some(following("months", "months")), "column `months` has no events: it must have two levels");
    let [distance, c, gap] = values(&taken(Some(following("months", "died")))).try_into().unwrap();
    assert!(distance < 0.05 && c > 0.65 && gap.abs() < 0.05, "{distance} {c} {gap}");
    let alone = Tables { train: &train, synthetic: &synthetic, holdout: None }.compare().unwrap();
    let measures = survival(&alone, Some(&following("months", "died")), 0);
    assert!(measures[0].outcome.value().is_some());
    assert_eq!(reason(&measures[1]), "no holdout given");
}

/// Words for events, the later of the two in order being the event, as 1 is of 0 and 1.
#[test]
fn events_may_be_words() {
    let of = |seed: u64, is_worded: bool| {
        let trial = trial(200, seed);
        let died = trial.numbers(4);
        let words = died.iter().map(|&d| Some(if d == 1.0 { "yes" } else { "no" })).collect();
        let event = match is_worded {
            true => ("died", Kind::Boolean, Storage::Text, Values::Labels(words)),
            false => ("died", Kind::Boolean, Storage::Integer, Values::Numbers(died)),
        };
        table(vec![
            ("age", Kind::Integer, Storage::Integer, Values::Numbers(trial.numbers(0))),
            ("marker", Kind::Continuous, Storage::Float, Values::Numbers(trial.numbers(1))),
            ("months", Kind::Continuous, Storage::Float, Values::Numbers(trial.numbers(3))),
            event,
        ])
    };
    let run = |is_worded: bool| {
        let [train, synthetic, holdout] = [1, 2, 3].map(|seed| of(seed, is_worded));
        let comparison = Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }.compare().unwrap();
        survival(&comparison, Some(&following("months", "died")), 0)
    };
    assert_eq!(values(&run(true)), values(&run(false)));
}

/// 100 rows: 60 of a, 29 of b, 8 of c, 3 missing; the synthetic table has no b, and a level d of its own.
fn groups(is_synthetic: bool, shift: f64) -> Table {
    let level = |i: usize| match i {
        0..60 => Some("a"),
        60..89 if is_synthetic => Some("a"),
        60..89 => Some("b"),
        89..97 => Some(if is_synthetic { "d" } else { "c" }),
        _ => None,
    };
    table(vec![
        ("ward", Kind::Categorical, Storage::Text, Values::Labels((0..100).map(level).collect())),
        ("x", Kind::Continuous, Storage::Float, Values::Numbers((0..100).map(|i| f64::from(i % 10) + shift).collect())),
        ("flag", Kind::Boolean, Storage::Integer, Values::Numbers((0..100).map(|i| f64::from(i % 2)).collect())),
    ])
}

#[test]
fn small_levels_are_counted_and_not_named() {
    let (train, synthetic) = (groups(false, 0.0), groups(true, 100.0));
    let found = subgroups(&Tables { train: &train, synthetic: &synthetic, holdout: None }.compare().unwrap(), "ward");
    let names: Vec<_> = found.levels.iter().map(|level| level.level.as_deref()).collect();
    assert_eq!(names, [Some("a"), Some("b")]);
    assert_eq!((found.others.levels, found.others.train, found.others.synthetic), (3, 11, 11));
    let [a, b] = [&found.levels[0], &found.levels[1]];
    assert_eq!((a.train, a.synthetic, a.train_share, a.synthetic_share), (60, 89, 0.6, 0.89));
    assert_eq!(a.measures[0].outcome.value(), Some(1.0)); // moved by 100
    assert!(a.measures[1].outcome.value().unwrap() < 0.01); // the flag, and not the ward itself
    assert_eq!(reason(&b.measures[0]), "0 synthetic rows: at least 11 are needed");
    let text = found.to_string();
    assert!(text.contains("other levels: 3, 11 training rows") && !text.contains(" c:"), "{text}");
}

#[test]
fn subgroups_are_part_of_the_report_if_asked_for() {
    let (train, synthetic) = (groups(false, 0.0), groups(true, 0.0));
    let report = |group: Option<&str>| {
        let options = Options { group: group.map(str::to_owned), ..Options::default() };
        measure(&Tables { train: &train, synthetic: &synthetic, holdout: None }.compare().unwrap(), &options)
    };
    let reason = |group: &str| report(Some(group)).subgroups.unwrap().not_measured.unwrap();
    assert_eq!(reason("x"), "column `x` is not categorical");
    assert_eq!(reason("room"), "no column `room`");
    assert!(!serde_json::to_string(&report(None)).unwrap().contains("subgroups"));
    let with = report(Some("ward"));
    let json = serde_json::to_string(&with).unwrap();
    assert_eq!(serde_json::from_str::<QualityReport>(&json).unwrap(), with);
    assert!(with.to_string().contains("`ward` a: 60 training rows (60.0 %), 89 synthetic (89.0 %)"), "{with}");
}

#[test]
fn coverage_asks_only_for_levels_of_eleven_people() {
    let of = |counts: [usize; 4]| {
        let levels = counts.into_iter().zip(["a", "b", "c", "d"]);
        let labels: Vec<_> = levels.flat_map(|(n, name)| std::iter::repeat_n(Some(name), n)).collect();
        table(vec![("ward", Kind::Categorical, Storage::Text, Values::Labels(labels))])
    };
    let coverage = |train: [usize; 4], synthetic: [usize; 4]| {
        let (train, synthetic) = (of(train), of(synthetic));
        rare_level_coverage(&Tables { train: &train, synthetic: &synthetic, holdout: None }.compare().unwrap())
    };
    // Rare are b and c; a is common, d belongs to ten people.
    assert_eq!(coverage([500, 11, 20, 10], [500, 0, 1, 0]).outcome.value(), Some(0.5));
    assert_eq!(coverage([500, 11, 20, 10], [0, 1, 1, 0]).outcome.value(), Some(1.0));
    assert_eq!(reason(&coverage([500, 0, 0, 10], [500, 0, 0, 10])), "no rare level has at least 11 training rows");
}

#[test]
fn the_full_report_does_not_depend_on_threads() {
    let [train, synthetic, holdout] = [1, 2, 3].map(|seed| trial(300, seed));
    let run = |n_threads: usize| {
        let options = Options {
            battery: Battery::Full,
            survival: Some(following("months", "died")),
            group: Some("arm".to_owned()),
            ..Options::default()
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            measure(
                &Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }.compare().unwrap(),
                &options,
            )
        })
    };
    assert_eq!(run(1), run(3));
}

/// A row of a small mixed table: few values, so that ties, copies, gaps and constants are frequent.
type Row = (Option<i8>, Option<u8>, Option<u8>);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let number = prop::option::weighted(0.8, -3i8..4);
    let level = || prop::option::weighted(0.8, 0u8..3);
    prop::collection::vec((number, level(), level()), 2..80)
}

fn mixed(rows: &[Row]) -> Table {
    let of = |x: Option<f64>| x.unwrap_or(f64::NAN);
    let word = |l: Option<u8>| l.map(|l| ["a", "b", "c"][usize::from(l)]);
    table(vec![
        ("x", Kind::Continuous, Storage::Float, Values::Numbers(rows.iter().map(|r| of(r.0.map(f64::from))).collect())),
        ("v", Kind::Ordinal, Storage::Integer, Values::Numbers(rows.iter().map(|r| of(r.1.map(f64::from))).collect())),
        ("u", Kind::Categorical, Storage::Text, Values::Labels(rows.iter().map(|r| word(r.2)).collect())),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn values_are_finite_and_in_their_ranges(train in rows(), synthetic in rows(), holdout in rows(), by_number: bool) {
        let [train, synthetic, holdout] = [&train, &synthetic, &holdout].map(|rows| mixed(rows));
        let options = Options {
            battery: Battery::Full,
            target: by_number.then(|| "x".to_owned()),
            survival: Some(following("x", "v")),
            group: Some("u".to_owned()),
            ..Options::default()
        };
        let report = measure(&Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }.compare().unwrap(), &options);
        for definition in MEASURES.iter() {
            let taken = report.measure(definition.id).unwrap();
            let Outcome::Measured(estimate) = &taken.outcome else {
                prop_assert!(!reason(taken).contains("not a finite number"), "{taken:?}");
                continue;
            };
            prop_assert!(definition.range.contains(estimate.value), "{taken:?}");
            if let Some(u) = estimate.uncertainty {
                prop_assert!(u.interval.contains(estimate.value), "{taken:?}");
            }
        }
    }
}

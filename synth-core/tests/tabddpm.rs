//! TabDDPM as its users meet it: on small tables, with missing values, on any number of threads, from a file.

use std::ops::ControlFlow;
use std::time::Duration;

use synth_core::engine::{AnyEngine, Copula, Method, SamplerConfig, TabDdpm, Trees, Variance};
use synth_core::io::write;
use synth_core::train::{FitContext, Progress, Training, TrainingFailure};
use synth_core::{Engine, Error, Fit, Generator, Model, Table};

mod support;
use support::{ks, pearson, present, small_table};

fn fit(table: &Table, params: &TabDdpm) -> Result<Model, Error> {
    Fit::of(table).engine(params.clone()).run()
}

fn tabddpm(training: Training) -> TabDdpm {
    TabDdpm { training, ..TabDdpm::default() }
}

/// A network and a chain that fit in a test.
fn quick() -> TabDdpm {
    TabDdpm { n_timesteps: 20, ..tabddpm(quick_training()) }
}

fn quick_training() -> Training {
    Training { n_iter: 20, min_steps: 1, hidden: vec![32], ..Training::default() }
}

/// The known collapse of TabDDPM on small tables: all numbers end on the training minimum and maximum, because a poor ε
/// is never clipped, zeros enter as huge logarithms, or a thousand steps are too few. Seen elsewhere with exactly these
/// two settings on 302 rows: a KS of .5 and more, and all numbers at the ends.
#[test]
fn three_hundred_rows_do_not_collapse() {
    let table = small_table(300);
    for (n_iter, batch_size) in [(200, 64), (800, 256)] {
        let training = Training { n_iter, batch_size, hidden: vec![128, 128], ..Training::default() };
        let model = fit(&table, &tabddpm(training)).unwrap();
        let report = model.train_report().unwrap();
        assert!(report.n_steps >= 1500, "{} steps", report.n_steps);
        assert!(report.held_out.loss < 0.75 * report.held_out.baseline, "{report:?}");
        let made = model.sample(0..300, 1).unwrap();
        for column in (0..table.n_columns()).filter(|&i| table.column(i).0.kind.is_scale()) {
            let (real, synthetic) = (present(&table, column), present(&made, column));
            let name = &table.column(column).0.name;
            // The expected distance of two fresh samples of 300 is .07; a column beyond twice that is not one.
            assert!(ks(&real, &synthetic) < 0.14, "{name}: {}", ks(&real, &synthetic));
            let (min, max) = real.iter().fold((f64::MAX, f64::MIN), |(lo, hi), &x| (lo.min(x), hi.max(x)));
            let real_at_ends = real.iter().filter(|&&x| x == min || x == max).count() as f64 / real.len() as f64;
            let at_ends = synthetic.iter().filter(|&&x| x == min || x == max).count() as f64 / synthetic.len() as f64;
            assert!(at_ends < real_at_ends + 0.05, "{name}: {at_ends} of the numbers are at the ends");
        }
        let of = |table: &Table| pearson(&table.numbers(0), &table.numbers(4));
        // Three standard errors of a correlation of .5 in 300 rows.
        assert!((of(&table) - of(&made)).abs() < 0.15, "{} {}", of(&table), of(&made));
    }
}

#[test]
fn missing_values_are_modelled_with_what_they_hang_on() {
    let table = small_table(600);
    let training = Training { n_iter: 150, hidden: vec![128], ..Training::default() };
    let made = fit(&table, &tabddpm(training)).unwrap().sample(0..2000, 1).unwrap();
    let column = |table: &Table, name: &str| table.schema().index_of(name).unwrap();
    for name in ["chol", "vessels"] {
        let rate = |table: &Table| {
            let missing = table.missing(column(table, name));
            missing.iter().filter(|&&m| m).count() as f64 / missing.len() as f64
        };
        assert!((rate(&table) - rate(&made)).abs() < 0.05, "{name}: {} {}", rate(&table), rate(&made));
    }
    // Among the ill, `vessels` is missing far more often.
    let among_ill = |table: &Table| {
        let ill = table.labels(column(table, "disease"));
        let missing = table.missing(column(table, "vessels"));
        let of = |state: &str| {
            let rows: Vec<usize> = (0..ill.len()).filter(|&i| ill[i].as_deref() == Some(state)).collect();
            rows.iter().filter(|&&i| missing[i]).count() as f64 / rows.len() as f64
        };
        of("present") - of("absent")
    };
    assert!(among_ill(&table) > 0.15);
    assert!((among_ill(&table) - among_ill(&made)).abs() < 0.1, "{} {}", among_ill(&table), among_ill(&made));
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let table = small_table(1200);
    let training = Training { n_iter: 3, batch_size: 300, dropout: 0.1, ..quick_training() };
    let params = TabDdpm { training, ..quick() };
    let run = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            let model = fit(&table, &params).unwrap();
            let mut out = Vec::new();
            write(&model.sample(0..1100, 4).unwrap(), &table.schema().source, &mut out).unwrap();
            (model.to_bytes().unwrap(), out)
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn rows_do_not_depend_on_how_the_range_is_cut() {
    let table = small_table(200);
    let model = fit(&table, &quick()).unwrap();
    let whole = model.sample(0..700, 9).unwrap();
    let parts = [0..3, 3..600, 600..700].map(|rows| model.sample(rows, 9).unwrap());
    assert_eq!(Table::concat(&parts).unwrap().batch(), whole.batch());
    assert_ne!(model.sample(0..700, 10).unwrap().batch(), whole.batch());
}

#[test]
fn a_model_file_gives_back_the_model() {
    let table = small_table(200);
    let labelled = TabDdpm { label: Some("disease".to_owned()), ..quick() };
    let engines: [AnyEngine; 4] = [quick().into(), labelled.into(), Trees::default().into(), Copula::default().into()];
    for engine in engines {
        let model = Fit::of(&table).engine(engine.clone()).run().unwrap();
        let again = Model::from_bytes(&model.to_bytes().unwrap()).unwrap();
        assert_eq!(again.sample(0..50, 3).unwrap().batch(), model.sample(0..50, 3).unwrap().batch());
        assert_eq!(again.to_bytes().unwrap(), model.to_bytes().unwrap());
        assert_eq!(again.engine(), engine.name());
    }
}

#[test]
fn a_label_keeps_its_shares_and_conditions_the_rest() {
    let table = small_table(600);
    let training = Training { n_iter: 60, hidden: vec![64], ..Training::default() };
    let params = TabDdpm { label: Some("disease".to_owned()), ..tabddpm(training) };
    let made = fit(&table, &params).unwrap().sample(0..2000, 2).unwrap();
    let (disease, peak) = (table.schema().index_of("disease").unwrap(), table.schema().index_of("oldpeak").unwrap());
    let of = |table: &Table| {
        let ill: Vec<bool> = table.labels(disease).iter().map(|l| l.as_deref() == Some("present")).collect();
        let mean = |state: bool| {
            let peaks = table.numbers(peak).into_iter().zip(&ill).filter(|(_, ill)| **ill == state).map(|(x, _)| x);
            let peaks: Vec<f64> = peaks.collect();
            peaks.iter().sum::<f64>() / peaks.len() as f64
        };
        (ill.iter().filter(|&&i| i).count() as f64 / ill.len() as f64, mean(true) - mean(false))
    };
    let (real, synthetic) = (of(&table), of(&made));
    assert!((real.0 - synthetic.0).abs() < 0.04 && (real.1 - synthetic.1).abs() < 0.25, "{real:?} {synthetic:?}");
    let unknown = TabDdpm { label: Some("age".to_owned()), ..quick() };
    assert!(matches!(fit(&table, &unknown), Err(Error::Setting { name: "label", .. })));
}

#[test]
fn few_steps_and_ddim_draw_rows_too() {
    let table = small_table(300);
    let training = Training { n_iter: 100, hidden: vec![64], ..Training::default() };
    let model = tabddpm(training).learn(&table, &mut FitContext::new(0)).unwrap();
    for (n_steps, method) in [(25, Method::Ancestral(Variance::Forward)), (25, Method::Ddim { eta: 0.5 })] {
        let sampler = SamplerConfig { n_steps: Some(n_steps), method };
        let made = model.clone().with_sampler(sampler).unwrap().sample(0..300, 1).unwrap();
        assert!(ks(&table.numbers(0), &made.numbers(0)) < 0.2, "{method:?}");
    }
    let none = SamplerConfig { n_steps: Some(0), ..SamplerConfig::default() };
    assert!(model.with_sampler(none).is_err());
}

#[test]
fn training_that_did_not_end_well_is_a_named_failure() {
    let table = small_table(100);
    let failure = |params: TabDdpm, budget: Option<Duration>, stop_at: usize| {
        let stop = |progress: &Progress| {
            if progress.epoch == stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        match Fit::of(&table).engine(params).time_budget(budget).observe(stop).run() {
            Err(Error::Training(failure)) => failure,
            other => panic!("{other:?}"),
        }
    };
    let with_rate = |lr: f64| TabDdpm { training: Training { lr, ..quick_training() }, ..quick() };
    assert!(matches!(failure(with_rate(1e30), None, usize::MAX), TrainingFailure::NonFinite { .. }));
    assert!(matches!(failure(with_rate(1e-30), None, usize::MAX), TrainingFailure::NothingLearnt { .. }));
    let late = failure(quick(), Some(Duration::ZERO), usize::MAX);
    assert_eq!(late, TrainingFailure::Deadline { done: 0, planned: 20 });
    assert_eq!(failure(quick(), None, 2), TrainingFailure::Interrupted { done: 2, planned: 20 });
}

#[cfg(feature = "unstable")]
#[test]
fn encoding_is_undone_exactly() {
    use rand::SeedableRng;
    use synth_core::Kind;

    let table = small_table(300);
    let encoder = synth_core::unstable::encode::Encoder::fit(&table).unwrap();
    for seed in 0..5 {
        let encoded = encoder.encode(&table, &mut rand_chacha::ChaCha8Rng::seed_from_u64(seed));
        let again = encoder.decode(encoded.z.view(), encoded.codes.view(), 0, seed);
        assert_eq!(again.batch(), table.batch());
    }
    assert!((0..table.n_columns()).any(|i| table.column(i).0.kind == Kind::Categorical));
}

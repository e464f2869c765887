//! Intervals of the measures of likeness: how often they hold the value that two laws have.
//!
//! One synthetic law is the real one, where every distance is 0 but never measured as 0; the other is off in every way:
//! half of its rows have their columns drawn alone, whole numbers are moved by 2 and decimal ones a fifth larger.

mod support;

use support::{Values, clinic, normal, permuted, rng, table, trial};
use synth_core::schema::Storage;
use synth_core::table::column_from_numbers;
use synth_core::{Kind, Table};
use synth_metrics::{
    Battery, Estimate, Measure, Outcome, SurvivalColumns, Tables, Uncertainty, definition, grid_validity,
    level_validity, likeness, range_validity, rules_kept, sdm_validity, survival,
};

/// What is valid, and which rules there are, is told by the training table at hand: so is what the interval is to hold.
const OF_THE_TRAIN_TABLE: [&str; 5] =
    ["sdm_validity", "range_validity", "level_validity", "grid_validity", "rules_kept"];
/// Made of cells, of which small tables leave many empty: their interval is for tables of this size.
const AT_THIS_SIZE: [&str; 5] =
    ["contingency_similarity", "nmi_error", "nmi_error_weighted", "sdm_trends", "sdm_trends_all"];
/// Has an interval of its own, of a value that depends on the rows.
const NOT_HERE: [&str; 1] = ["beta_recall"];

type Law = fn(usize, u64) -> Table;

fn off(n_rows: usize, seed: u64) -> Table {
    moved(mixed(&clinic(n_rows, seed), seed))
}

fn off_trial(n_rows: usize, seed: u64) -> Table {
    moved(trial(n_rows, seed))
}

/// Half of the rows with their columns drawn alone.
fn mixed(table: &Table, seed: u64) -> Table {
    let rows: Vec<usize> = (0..table.n_rows()).collect();
    let (kept, other) = rows.split_at(rows.len() / 2);
    Table::concat(&[table.take(kept), permuted(&table.take(other), seed)]).unwrap()
}

/// Whole numbers moved by 2, and decimal ones a fifth larger.
fn moved(table: Table) -> Table {
    let columns = (0..table.n_columns()).map(|c| {
        let (field, array) = table.column(c);
        match field.kind {
            Kind::Integer => column_from_numbers(field, &table.numbers(c).iter().map(|x| x + 2.0).collect::<Vec<_>>()),
            Kind::Continuous => {
                column_from_numbers(field, &table.numbers(c).iter().map(|x| x * 1.2).collect::<Vec<_>>())
            }
            _ => array.clone(),
        }
    });
    Table::new(table.schema().clone(), columns.collect()).unwrap()
}

fn estimates(train: &Table, synthetic: &Table, seed: u64) -> Vec<(String, Estimate)> {
    let comparison = Tables { train, synthetic, holdout: None }.compare().unwrap();
    let measured = |m: Measure| match m.outcome {
        Outcome::Measured(estimate) if !NOT_HERE.contains(&m.id.as_str()) => Some((m.id, estimate)),
        _ => None,
    };
    likeness(&comparison, Battery::Full, seed).into_iter().filter_map(measured).collect()
}

/// What a long synthetic table has of the measures that one training table decides.
fn valid(train: &Table, synthetic: &Table) -> Vec<(String, Estimate)> {
    let comparison = Tables { train, synthetic, holdout: None }.compare().unwrap();
    let plain = [sdm_validity, range_validity, level_validity, grid_validity, rules_kept];
    let value = |m: Measure| m.outcome.value().map(|value| (m.id, Estimate::exact(value)));
    plain.into_iter().filter_map(|measure| value(measure(&comparison))).collect()
}

fn of_survival(train: &Table, synthetic: &Table, seed: u64) -> Vec<(String, Estimate)> {
    let columns = SurvivalColumns { time: "months".to_owned(), event: "died".to_owned() };
    let comparison = Tables { train, synthetic, holdout: None }.compare().unwrap();
    match survival(&comparison, Some(&columns), seed).swap_remove(0) {
        Measure { id, outcome: Outcome::Measured(estimate), .. } => vec![(id, estimate)],
        measure => panic!("{measure:?}"),
    }
}

/// How an interval did over many pairs of tables.
#[derive(Debug, Default, Clone)]
struct Record {
    id: String,
    /// The estimates, each with the value that it is to hold.
    taken: Vec<(Estimate, f64)>,
}

impl Record {
    fn count(&self, is: impl Fn(&Uncertainty, f64) -> bool) -> usize {
        let uncertainty = |e: &Estimate| e.uncertainty.unwrap_or_else(|| panic!("{} has no interval", self.id));
        self.taken.iter().filter(|(estimate, truth)| is(&uncertainty(estimate), *truth)).count()
    }

    fn missed(&self) -> usize {
        self.count(|u, truth| !u.interval.contains(truth))
    }
}

type Take = fn(&Table, &Table, u64) -> Vec<(String, Estimate)>;

/// `n_pairs` pairs of `n` rows of the laws; the truth is that of tables a good deal longer, or the ideal for one law.
fn records(laws: [Law; 2], take: Take, n: usize, n_pairs: u64) -> Vec<Record> {
    let is_one_law = std::ptr::fn_addr_eq(laws[0], laws[1]);
    let many = 20_000;
    let [train, synthetic] = [laws[0](many, 1), laws[1](many, 2)];
    let truth = take(&train, &synthetic, 0);
    let mut records: Vec<Record> = truth.iter().map(|(id, _)| Record { id: id.clone(), ..Record::default() }).collect();
    for pair in 0..n_pairs {
        let [train, own] = [laws[0](n, 100 + 2 * pair), laws[1](n, 101 + 2 * pair)];
        let of_this_train = valid(&train, &synthetic);
        for (id, estimate) in take(&train, &own, pair) {
            let Some(record) = records.iter_mut().find(|record| record.id == id) else { continue };
            let is_of_train = OF_THE_TRAIN_TABLE.contains(&id.as_str());
            let known = if is_of_train { &of_this_train } else { &truth };
            let Some((_, expected)) = known.iter().find(|(other, _)| *other == id) else { continue };
            let is_ideal = is_one_law && !is_of_train;
            record.taken.push((estimate, if is_ideal { definition(&id).unwrap().ideal } else { expected.value }));
        }
    }
    for record in records.iter_mut().filter(|record| AT_THIS_SIZE.contains(&record.id.as_str())) {
        let mean = record.taken.iter().map(|(e, _)| e.value).sum::<f64>() / record.taken.len() as f64;
        record.taken.iter_mut().for_each(|(_, truth)| *truth = mean);
    }
    records
}

fn check(laws: [Law; 2], take: Take, n: usize) {
    const PAIRS: u64 = 30;
    let records = records(laws, take, n, PAIRS);
    // At a level of 95 %, more than 6 of 30 miss once in 1,000 times.
    let is_bad = |record: &&Record| record.taken.len() < 25 || record.missed() > 6;
    let bad: Vec<String> = records.iter().filter(is_bad).map(|r| format!("{} {}", r.id, r.missed())).collect();
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn alike_but_for_chance_is_within_the_interval() {
    check([clinic, clinic], estimates, 300);
}

#[test]
fn what_is_off_is_within_the_interval() {
    check([clinic, off], estimates, 300);
}

#[test]
fn curves_of_survival_have_an_interval() {
    check([trial, trial], of_survival, 300);
    check([trial, off_trial], of_survival, 300);
}

#[test]
fn more_rows_are_known_better() {
    // Rows are quadrupled, so the widths are about halved: noise of 20 parts and drift allowed for.
    let width = |n: usize| -> Vec<(String, f64)> {
        let of = |(id, e): (String, Estimate)| (id, e.uncertainty.map_or(0.0, |u| u.interval.width()));
        estimates(&clinic(n, 1), &off(n, 2), 3).into_iter().map(of).collect()
    };
    let (few, many) = (width(500), width(8_000));
    for id in ["ks_mean", "tvd_mean", "corr_delta", "assoc_delta", "contingency_similarity", "sdm_shapes"] {
        let of = |widths: &[(String, f64)]| widths.iter().find(|(other, _)| other == id).unwrap().1;
        assert!(0.0 < of(&many) && of(&many) < 0.6 * of(&few), "{id}: {} of {} rows", of(&few), of(&many));
    }
}

#[test]
fn a_value_is_the_same_with_and_without_its_interval() {
    let (train, synthetic) = (clinic(200, 1), off(150, 2));
    let comparison = Tables { train: &train, synthetic: &synthetic, holdout: None }.compare().unwrap();
    let one = likeness(&comparison, Battery::Full, 1);
    let plain = [synth_metrics::ks_mean, synth_metrics::assoc_delta, synth_metrics::sdm_trends];
    for plain in plain.map(|measure| measure(&comparison)) {
        let with = one.iter().find(|m| m.id == plain.id).unwrap();
        assert_eq!((with.outcome.value(), &with.columns), (plain.outcome.value(), &plain.columns));
    }
    // The seed decides the interval and nothing else.
    let other = likeness(&comparison, Battery::Full, 2);
    let uncertainty = |m: &Measure| match &m.outcome {
        Outcome::Measured(estimate) => estimate.uncertainty,
        Outcome::NotMeasured(_) => None,
    };
    let ks = |all: &[Measure]| all.iter().find(|m| m.id == "ks_mean").unwrap().clone();
    assert_eq!(ks(&one).outcome.value(), ks(&other).outcome.value());
    assert_ne!(uncertainty(&ks(&one)), uncertainty(&ks(&other)));
}

#[test]
fn tables_too_short_have_values_without_intervals() {
    let mut rng = rng(3);
    let mut short = |n: usize| {
        let x = (0..n).map(|_| normal(&mut rng)).collect();
        table(vec![("x", Kind::Continuous, Storage::Float, Values::Numbers(x))])
    };
    let (train, synthetic) = (short(100), short(29));
    let measured =
        likeness(&Tables { train: &train, synthetic: &synthetic, holdout: None }.compare().unwrap(), Battery::Core, 0);
    match &measured.iter().find(|m| m.id == "ks_mean").unwrap().outcome {
        Outcome::Measured(estimate) => assert_eq!(estimate.uncertainty, None),
        Outcome::NotMeasured(reason) => panic!("{reason}"),
    }
}

/// The figures: `cargo test --release -p synth-metrics --test intervals -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes"]
#[allow(clippy::print_stderr, reason = "run by hand, for its figures")]
fn figures() {
    for n in [100, 300, 1_000] {
        for (name, laws) in [("one law", [clinic as Law, clinic]), ("off", [clinic, off])] {
            for record in records(laws, estimates, n, 200) {
                let n_pairs = record.taken.len() as f64;
                let share = |k: usize| 100.0 * k as f64 / n_pairs;
                let mean = record.taken.iter().map(|(e, _)| e.value).sum::<f64>() / n_pairs;
                let sd = (record.taken.iter().map(|(e, _)| (e.value - mean).powi(2)).sum::<f64>() / n_pairs).sqrt();
                let width = |e: &Estimate| e.uncertainty.map_or(0.0, |u| u.interval.width());
                let width = record.taken.iter().map(|(e, _)| width(e)).sum::<f64>() / n_pairs;
                eprintln!(
                    "{n:>5} {name:<8} {:<24} held {:>5.1} %, upper bound below {:>4.1} %, lower bound above {:>4.1} %, \
                     width {width:.4} of {:.1} sd",
                    record.id,
                    share(record.taken.len() - record.missed()),
                    share(record.count(|u, truth| u.one_sided.high < truth)),
                    share(record.count(|u, truth| u.one_sided.low > truth)),
                    width / sd
                );
            }
        }
    }
}

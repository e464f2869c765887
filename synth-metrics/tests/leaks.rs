//! A generator that leaks is caught, and an honest one seldom accused.
//!
//! The leaking one copies a part of the training rows with a little noise on every decimal number (a fiftieth of a standard
//! deviation, so that no copy is exact) and draws the rest afresh from the true law; the honest one draws all afresh.

mod support;

use rand::Rng;
use support::{clinic, normal, rng};
use synth_core::table::column_from_numbers;
use synth_core::{Kind, Table};
use synth_metrics::{Audit, Estimate, Losses, Membership, Outcome, Tables, auc, copies, definition, quasi, risks};

const N: usize = 600;
const SEEDS: u64 = 20;
const NOISE: f64 = 0.02;

/// The table with noise on its decimal numbers; on whole ones it would be rounded away.
fn noisy(table: &Table, seed: u64) -> Table {
    let mut rng = rng(seed);
    let columns = (0..table.n_columns()).map(|c| {
        let (field, array) = table.column(c);
        if field.kind != Kind::Continuous {
            return array.clone();
        }
        let x = table.numbers(c);
        let present: Vec<f64> = x.iter().copied().filter(|x| !x.is_nan()).collect();
        let mean = present.iter().sum::<f64>() / present.len() as f64;
        let sd = (present.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / present.len() as f64).sqrt();
        column_from_numbers(field, &x.iter().map(|x| x + NOISE * sd * normal(&mut rng)).collect::<Vec<_>>())
    });
    Table::new(table.schema().clone(), columns.collect()).unwrap()
}

struct World {
    train: Table,
    holdout: Table,
    synthetic: Table,
}

/// A world of `n` rows a table, in which `share` of the synthetic rows are noisy copies.
fn world(n: usize, share: f64, seed: u64) -> World {
    let [train, holdout, fresh] = [1, 2, 3].map(|part| clinic(n, 10 * seed + part));
    let n_copies = (share * n as f64).round() as usize;
    let copied = noisy(&train.take(&(0..n_copies).collect::<Vec<_>>()), seed);
    let rest = fresh.take(&(n_copies..n).collect::<Vec<_>>());
    World { synthetic: Table::concat(&[copied, rest]).unwrap(), train, holdout }
}

/// Every estimate of a world by its id; those that were not measured are left out.
fn estimates(world: &World, seed: u64) -> Vec<(String, Estimate)> {
    let comparison =
        Tables { train: &world.train, synthetic: &world.synthetic, holdout: Some(&world.holdout) }.compare().unwrap();
    let n = world.train.n_rows();
    let ids: Vec<usize> = (0..2 * n).collect();
    let audit = Audit {
        synthetic: &world.synthetic,
        members: &world.train,
        member_ids: &ids[..n],
        non_members: &world.holdout,
        non_member_ids: &ids[n..],
        reference: None,
    };
    let membership = Membership::new(&[audit], &[], seed).unwrap();
    let attacks = [
        ("mia_auc", Outcome::Measured(membership.auc())),
        ("mia_max_auc", Outcome::Measured(membership.max_auc())),
        ("mia_tpr_at_1", membership.tpr_at(0.01)),
        ("mia_tpr_at_10", membership.tpr_at(0.1)),
        ("mia_outlier_auc", membership.outlier_auc()),
    ];
    let mut all: Vec<(String, Outcome)> = attacks.into_iter().map(|(id, outcome)| (id.to_owned(), outcome)).collect();
    let families = [copies(&comparison, seed), risks(&comparison, &[], seed), quasi(&comparison, None)];
    all.extend(families.into_iter().flatten().map(|m| (m.id, m.outcome)));
    let measured = all.into_iter().filter_map(|(id, outcome)| match outcome {
        // The baseline is a rate among unseen rows: it accuses nobody.
        Outcome::Measured(estimate) if estimate.uncertainty.is_some() && id != "near_copy_rate_holdout" => {
            Some((id, estimate))
        }
        _ => None,
    });
    measured.collect()
}

/// In how many worlds the one-sided lower bound is above the ideal, by measure.
fn accused(share: f64, n: usize, seeds: std::ops::Range<u64>) -> Vec<(String, usize)> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for seed in seeds {
        for (id, estimate) in estimates(&world(n, share, seed), seed) {
            let is_accused = usize::from(estimate.lower_bound() > definition(&id).unwrap().ideal);
            match counts.iter_mut().find(|(known, _)| *known == id) {
                Some((_, count)) => *count += is_accused,
                None => counts.push((id, is_accused)),
            }
        }
    }
    counts
}

fn count(counts: &[(String, usize)], id: &str) -> usize {
    counts.iter().find(|(known, _)| known == id).unwrap_or_else(|| panic!("{id} was never measured")).1
}

#[test]
fn a_leak_is_caught() {
    // The least number of 20 worlds in which each measure sees it.
    let check = |share: f64, least: &[(&str, usize)]| {
        let counts = accused(share, N, 0..SEEDS);
        for &(id, least) in least {
            assert!(count(&counts, id) >= least, "{id} at {share}: {counts:?}");
        }
    };
    let all = SEEDS as usize;
    check(0.1, &[("near_copy_excess", all), ("mia_tpr_at_1", all), ("mia_max_auc", 10)]);
    check(
        0.5,
        &[
            ("near_copy_excess", all),
            ("identifiability_excess", all),
            ("dcr_share", all),
            ("nndr_share", all),
            ("mia_auc", all),
            ("mia_max_auc", all),
            ("mia_tpr_at_1", all),
            ("mia_tpr_at_10", all),
            ("linkability_risk", all),
            ("inference_risk", all),
            ("rare_combinations", all),
        ],
    );
    check(
        1.0,
        &[("mia_outlier_auc", all), ("singling_out_risk", all), ("near_copy_excess", all), ("mia_max_auc", all)],
    );
}

#[test]
fn an_honest_generator_is_seldom_accused() {
    // At a level of 5 %, more than 4 of 20 happen once in 400 times.
    for (id, count) in accused(0.0, N, 100..100 + SEEDS) {
        assert!(count <= 4, "{id}: {count} of {SEEDS}");
    }
}

/// How many isolate a row depends on how many rows there are: a holdout of a quarter of the rows has to stand for all.
#[test]
fn a_small_holdout_is_control_enough_for_singling_out() {
    let part: Vec<usize> = (0..N / 4).collect();
    let singled_out = |share: f64, seed: u64| {
        let World { train, holdout, synthetic } = world(N, share, seed);
        let holdout = holdout.take(&part);
        let measures = risks(
            &Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }.compare().unwrap(),
            &[],
            seed,
        );
        match &measures[0].outcome {
            Outcome::Measured(estimate) => *estimate,
            Outcome::NotMeasured(reason) => panic!("{reason}"),
        }
    };
    let accused = (200..200 + SEEDS).filter(|&seed| singled_out(0.0, seed).lower_bound() > 0.0).count();
    assert!(accused <= 4, "{accused} of {SEEDS}");
    for seed in 0..5 {
        let estimate = singled_out(1.0, seed);
        // The noise of a noisy copy breaks many conditions on numbers.
        assert!(estimate.lower_bound() > 0.0, "{estimate:?}");
    }
}

#[test]
fn who_holds_the_model_attacks_with_its_losses() {
    let World { train, holdout, synthetic } = world(200, 0.0, 5);
    let ids: Vec<usize> = (0..400).collect();
    let audit = Audit {
        synthetic: &synthetic,
        members: &train,
        member_ids: &ids[..200],
        non_members: &holdout,
        non_member_ids: &ids[200..],
        reference: None,
    };
    let mut rng = rng(6);
    let members: Vec<f64> = (0..200).map(|_| rng.r#gen::<f64>()).collect();
    let non_members: Vec<f64> = (0..200).map(|_| 0.3 + rng.r#gen::<f64>()).collect();
    let losses = Losses { members: &members, non_members: &non_members };
    let membership = Membership::new(&[audit], &[losses], 0).unwrap();
    let turned = |x: &[f64]| x.iter().map(|x| -x).collect::<Vec<_>>();
    let expected = auc(&turned(&members), &turned(&non_members)).unwrap();
    assert!((membership.max_auc().value - expected).abs() < 1e-12);
    assert!((membership.auc().value - 0.5).abs() < 0.15); // which knows nothing of losses

    let short = Losses { members: &members[1..], non_members: &non_members };
    assert!(Membership::new(&[audit], &[short], 0).unwrap_err().contains("199 losses"));
}

/// The figures of the documentation: `cargo test --release --test leaks -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes"]
#[allow(clippy::print_stderr, reason = "run by hand, for its figures")]
fn figures() {
    for n in [200, 600] {
        for share in [0.0, 0.1] {
            eprintln!("{n} rows, {share} copied, of 400: {:?}", accused(share, n, 1_000..1_400));
        }
    }
}

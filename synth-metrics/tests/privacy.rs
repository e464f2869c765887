//! What is given away: odd tables, several audits, named columns, and values that are known beforehand.

mod support;

use support::{Values, clinic, normal, rng, table};
use synth_core::schema::Storage;
use synth_core::{Kind, Table};
use synth_metrics::{
    Audit, Battery, Domain, Losses, MEASURES, Membership, Options, Outcome, QualityReport, Tables, measure, quasi,
    risks,
};

fn full(train: &Table, synthetic: &Table, holdout: Option<&Table>) -> QualityReport {
    let options = Options { battery: Battery::Full, ..Options::default() };
    measure(&Tables { train, synthetic, holdout }.compare().unwrap(), &options)
}

/// Each measure of privacy is measured or says why not; values and bounds are in the range.
fn check(report: &QualityReport, name: &str) {
    for definition in MEASURES.iter().filter(|d| d.domain == Domain::Privacy) {
        match &report.measure(definition.id).unwrap().outcome {
            Outcome::NotMeasured(reason) => assert!(!reason.is_empty(), "{name}: {}", definition.id),
            Outcome::Measured(e) => {
                assert!(definition.range.contains(e.value), "{name}: {} {e:?}", definition.id);
                assert!(e.lower_bound() <= e.value + 1e-12, "{name}: {} {e:?}", definition.id);
                assert!(e.value <= e.upper_bound() + 1e-12, "{name}: {} {e:?}", definition.id);
            }
        }
    }
}

#[test]
fn odd_tables_are_measured_or_the_reason_given() {
    let one = |kind: Kind, x: Vec<f64>| table(vec![("x", kind, Storage::Float, Values::Numbers(x))]);
    let line = |n: usize| one(Kind::Continuous, (0..n).map(|i| i as f64).collect());
    let two = |x: f64, n: usize| {
        table(vec![
            ("x", Kind::Continuous, Storage::Float, Values::Numbers(vec![x; n])),
            ("y", Kind::Integer, Storage::Integer, Values::Numbers(vec![3.0; n])),
            ("z", Kind::Categorical, Storage::Text, Values::Labels(vec![None; n])),
        ])
    };
    let nan = f64::NAN;
    let worlds = [
        ("one column", line(60), line(50), Some(line(40))),
        ("nothing learnt", one(Kind::Identifier, vec![1.0; 50]), one(Kind::Identifier, vec![1.0; 50]), Some(line(30))),
        ("all missing", one(Kind::Continuous, vec![nan; 50]), one(Kind::Continuous, vec![nan; 50]), Some(line(30))),
        ("constant", two(1.0, 50), two(1.0, 40), Some(two(1.0, 30))),
        ("constant and missing", two(nan, 50), two(1.0, 40), Some(two(1.0, 30))),
        ("two rows", line(2), line(2), Some(line(2))),
        ("two rows, no holdout", two(nan, 2), two(1.0, 2), None),
        ("small", clinic(40, 1), clinic(2, 2), Some(clinic(25, 3))),
        ("no holdout", clinic(100, 1), clinic(100, 2), None),
        ("large holdout", clinic(50, 1), clinic(60, 2), Some(clinic(200, 3))),
    ];
    for (name, train, synthetic, holdout) in &worlds {
        check(&full(train, synthetic, holdout.as_ref()), name);
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let (train, synthetic, holdout) = (clinic(300, 1), clinic(300, 2), clinic(200, 3));
    let run = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| full(&train, &synthetic, Some(&holdout)))
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn several_audits_stand_in_for_a_holdout() {
    let real = clinic(400, 1);
    let parts: Vec<_> = (0..4)
        .map(|fold| {
            let (out, inside): (Vec<usize>, Vec<usize>) = (0..400).partition(|row| row % 4 == fold);
            (real.take(&inside), inside, real.take(&out), out, clinic(300, 10 + fold as u64))
        })
        .collect();
    let run = |is_copied: bool| {
        let audits = parts.iter().map(|(members, member_ids, non_members, non_member_ids, fresh)| Audit {
            synthetic: if is_copied { members } else { fresh },
            members,
            member_ids,
            non_members,
            non_member_ids,
            reference: None,
        });
        let options = Options { battery: Battery::Full, audits: audits.collect(), ..Options::default() };
        measure(&Tables { train: &real, synthetic: &real, holdout: None }.compare().unwrap(), &options)
    };
    let (copied, honest) = (run(true), run(false));
    for (id, ideal) in [
        ("mia_max_auc", 0.5),
        ("mia_tpr_at_1", 0.01),
        ("mia_tpr_at_10", 0.1),
        ("mia_outlier_auc", 0.5),
        ("singling_out_risk", 0.0),
        ("linkability_risk", 0.0),
        ("inference_risk", 0.0),
    ] {
        let estimate = |report: &QualityReport| match &report.measure(id).unwrap().outcome {
            Outcome::Measured(estimate) => *estimate,
            Outcome::NotMeasured(reason) => panic!("{id}: {reason}"),
        };
        assert!(estimate(&copied).value > 0.6, "{id}: {:?}", estimate(&copied));
        // Of 400 non-members 1 % are four, too few to bound the threshold from above.
        assert!(estimate(&copied).lower_bound() > ideal || id == "mia_tpr_at_1", "{id}: {:?}", estimate(&copied));
        assert!(estimate(&honest).lower_bound() <= ideal, "{id}: {:?}", estimate(&honest));
    }
}

/// Columns that know nothing of each other: nothing can be linked or inferred, and no attack beats a guess surely.
#[test]
fn an_attack_that_cannot_work_is_no_proof() {
    let draw = |n: usize, seed: u64| {
        let mut rng = rng(seed);
        let number = |rng: &mut _| Values::Numbers((0..n).map(|_| normal(rng)).collect());
        table(vec![
            ("x", Kind::Continuous, Storage::Float, number(&mut rng)),
            ("y", Kind::Continuous, Storage::Float, number(&mut rng)),
        ])
    };
    // The synthetic numbers are all one: the nearest row is no better than a random one.
    let (train, holdout) = (draw(100, 1), draw(100, 2));
    let flat = table(vec![
        ("x", Kind::Continuous, Storage::Float, Values::Numbers(vec![0.0; 100])),
        ("y", Kind::Continuous, Storage::Float, Values::Numbers(vec![0.0; 100])),
    ]);
    let all = risks(&Tables { train: &train, synthetic: &flat, holdout: Some(&holdout) }.compare().unwrap(), &[], 0);
    let inference = all.iter().find(|m| m.id == "inference_risk").unwrap();
    let Outcome::Measured(estimate) = &inference.outcome else { panic!("{inference:?}") };
    assert_eq!((estimate.value, estimate.upper_bound()), (0.0, 1.0));
}

#[test]
fn the_share_found_is_that_above_the_order_statistic() {
    let (members, non_members) = (clinic(100, 1), clinic(99, 2));
    let ids: Vec<usize> = (0..199).collect();
    let audit = Audit {
        synthetic: &clinic(100, 3),
        members: &members,
        member_ids: &ids[..100],
        non_members: &non_members,
        non_member_ids: &ids[100..],
        reference: None,
    };
    // Non-members lose 0.5, 1.5, ... 98.5; members 0 to 99. The 10th smallest of 99 is 9.5: ten members are below.
    // Another attack may find more by chance; the members' losses are therefore shifted down by 40.
    let of_members: Vec<f64> = (0..100).map(|i| f64::from(i) - 40.0).collect();
    let of_others: Vec<f64> = (0..99).map(|i| f64::from(i) + 0.5).collect();
    let losses = Losses { members: &of_members, non_members: &of_others };
    let membership = Membership::new(&[audit], &[losses], 0).unwrap();
    assert_eq!(membership.tpr_at(0.1).value(), Some(0.5)); // 40 + 10 of 100
    assert_eq!(membership.tpr_at(0.01).value(), Some(0.41)); // 40 and the one at 0
    assert!(matches!(membership.tpr_at(0.001), Outcome::NotMeasured(_)));
}

#[test]
fn named_columns_are_the_quasi_identifiers() {
    let rows = |ages: &[f64], sexes: &[f64], wards: &[&'static str]| {
        table(vec![
            ("age", Kind::Ordinal, Storage::Integer, Values::Numbers(ages.to_vec())),
            ("sex", Kind::Boolean, Storage::Integer, Values::Numbers(sexes.to_vec())),
            ("ward", Kind::Categorical, Storage::Text, Values::Labels(wards.iter().map(|w| Some(*w)).collect())),
        ])
    };
    // Classes of train: (1, 0) three rows, (1, 1) two rows of one ward, (2, 0) one row.
    let train = rows(&[1.0, 1.0, 1.0, 1.0, 1.0, 2.0], &[0.0, 0.0, 0.0, 1.0, 1.0, 0.0], &["a", "b", "c", "a", "a", "b"]);
    let synthetic = rows(&[1.0, 1.0, 2.0, 2.0], &[0.0, 1.0, 0.0, 1.0], &["a", "a", "b", "a"]);
    let holdout = rows(&[2.0, 2.0], &[1.0, 1.0], &["b", "c"]);
    let comparison = Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }.compare().unwrap();
    let names = ["age".to_owned(), "sex".to_owned()];
    let all = quasi(&comparison, Some(&names));
    let value = |id: &str| all.iter().find(|m| m.id == id).unwrap().outcome.value().unwrap();
    assert_eq!(value("k_map_min"), 1.0);
    assert_eq!(value("k_map_share"), 0.75); // the fourth hits nobody
    assert_eq!(value("l_diversity_min"), 1.0);
    // Wards are a, b, c in 3, 2 and 1 of 6; the class of two has a alone: 1/2.
    assert!((value("t_closeness_max") - 0.5).abs() < 1e-12);
    assert_eq!(value("rare_combinations"), 1.0); // the one at (2, 0) is repeated, the unseen at (2, 1) are not
    assert!(
        matches!(&quasi(&comparison, Some(&["no".to_owned()]))[0].outcome, Outcome::NotMeasured(r) if r.contains("`no`"))
    );
}

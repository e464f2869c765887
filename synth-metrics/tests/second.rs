//! What a second real sample scores, as reports have it, beside what second real samples do score.

mod support;

use support::{census, clinic, trial};
use synth_core::Table;
use synth_metrics::{Options, Tables, measure};

type Law = fn(usize, u64) -> Table;

/// How often, of `n_draws` second samples of a law, the value is above the reference, and the mean reference, by measure.
fn above(law: Law, n_rows: [usize; 2], n_draws: u64) -> Vec<(String, usize, f64)> {
    let mut counts: Vec<(String, usize, f64)> = Vec::new();
    for draw in 0..n_draws {
        let (train, second) = (law(n_rows[0], 2 * draw), law(n_rows[1], 2 * draw + 1));
        let comparison = Tables { train: &train, synthetic: &second, holdout: None }.compare().unwrap();
        let report = measure(&comparison, &Options { seed: draw, ..Options::default() });
        for (id, &reference) in &report.references {
            let is_above = usize::from(report.value(id).unwrap() > reference);
            match counts.iter_mut().find(|(known, ..)| known == id) {
                Some((_, count, sum)) => (*count, *sum) = (*count + is_above, *sum + reference / n_draws as f64),
                None => counts.push((id.clone(), is_above, reference / n_draws as f64)),
            }
        }
    }
    counts
}

#[test]
fn a_second_sample_seldom_scores_more_than_its_reference() {
    // At 1 % in 60 draws, more than four are above once in 2,000 times.
    let counts = above(clinic, [120, 120], 60);
    assert_eq!(counts.len(), 5, "{counts:?}");
    assert!(counts.iter().all(|(_, n_above, _)| *n_above <= 4), "{counts:?}");
    // And it is no looser than that: a distance falls as the root of the number of rows.
    let larger = above(clinic, [480, 480], 2);
    for ((id, _, small), (_, _, large)) in counts.iter().zip(&larger) {
        assert!(large < small && *large > 0.3 * small, "{id}: {small} of 120 rows, {large} of 480");
    }
}

#[test]
fn a_large_table_has_the_reference_of_its_size() {
    // 4,000 rows are represented by samples of 1,000: half of what those are apart.
    let [small, large] = [1_000, 4_000].map(|n| above(clinic, [n, n], 1));
    for ((id, _, small), (_, _, large)) in small.iter().zip(&large) {
        assert!((large / small - 0.5).abs() < 0.15, "{id}: {small} of 1,000 rows, {large} of 4,000");
    }
}

/// The table of the module's documentation: `cargo test -p synth-metrics --test second -- --ignored --nocapture`.
#[test]
#[ignore = "minutes"]
#[allow(clippy::print_stdout, reason = "the table is what it is for")]
fn table_of_how_often_a_second_sample_is_above_its_reference() {
    for (name, law) in [("clinic", clinic as Law), ("census", census), ("trial", trial)] {
        for n in [60, 150, 500] {
            let counts = above(law, [n, n], 200);
            let cells = counts
                .iter()
                .map(|(id, n_above, mean)| format!("{id} {:.1} % (reference {mean:.3})", *n_above as f64 / 2.0));
            println!("{name} | {n} | {}", cells.collect::<Vec<_>>().join(" | "));
        }
    }
}

//! Embedded policies on tables that leak, and on fresh samples of the truth: what a policy is for.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use synth_compliance::{Policy, Verdict};
use synth_core::Table;
use synth_metrics::anchor::clinic;
use synth_metrics::leak::{Disclosed, How, LEAKS, Leak};
use synth_metrics::{Options, Tables, measure};

/// The verdict on a draw of `n` rows a table, of a perfect generator or one that leaks.
fn verdict(policy: &Policy, n: usize, leak: Option<&Leak>, draw: u64) -> Verdict {
    let [train, holdout, fresh] = [1, 2, 3].map(|part| clinic(n, 1_000 * draw + part));
    let synthetic =
        leak.map_or_else(|| fresh.clone(), |leak| leak.table(&train, &fresh, &mut ChaCha8Rng::seed_from_u64(draw)));
    judged(policy, &train, &synthetic, &holdout, draw)
}

fn judged(policy: &Policy, train: &Table, synthetic: &Table, holdout: &Table, seed: u64) -> Verdict {
    let comparison = Tables { train, synthetic, holdout: Some(holdout) }.compare().unwrap();
    let options = Options { seed, battery: policy.battery(), also: policy.also(), ..Options::default() };
    policy.judge(&measure(&comparison, &options))
}

/// How many of `n_draws` are accepted, and the last verdict that was not as it should be.
fn accepted(policy: &str, n: usize, leak: Option<&Leak>, n_draws: u64) -> (u64, String) {
    let policy = Policy::named(policy).unwrap();
    let (mut n_accepted, mut shown) = (0, String::new());
    for draw in 0..n_draws {
        let verdict = verdict(&policy, n, leak, draw);
        n_accepted += u64::from(verdict.decision.is_accepted());
        if verdict.decision.is_accepted() == leak.is_some() {
            shown = verdict.to_string();
        }
    }
    (n_accepted, shown)
}

#[test]
fn hipaa_accepts_no_table_that_leaks() {
    for leak in &LEAKS {
        let (n_accepted, shown) = accepted("hipaa", 256, Some(leak), 10);
        assert!(n_accepted <= 1, "{}: {n_accepted} of 10 accepted\n{shown}", leak.name);
    }
}

#[test]
fn hipaa_accepts_a_fresh_sample_of_the_truth() {
    for (n, n_draws) in [(150, 10), (500, 10), (2_000, 5)] {
        let (n_accepted, shown) = accepted("hipaa", n, None, n_draws);
        assert!(10 * n_accepted >= 9 * n_draws, "{n} rows: {n_accepted} of {n_draws} accepted\n{shown}");
    }
}

/// Two tables of 300 rows that version 1 accepted without a finding: 24 near copies, and the 15 people unlike all others.
#[test]
fn hipaa_accepts_neither_two_dozen_near_copies_nor_copied_outliers() {
    let check = |share: f64, of: Disclosed| {
        let leak = Leak { name: "", share, of, how: How::Moved };
        let (n_accepted, shown) = accepted("hipaa", 300, Some(&leak), 5);
        assert_eq!(n_accepted, 0, "{of:?}\n{shown}");
    };
    check(24.0 / 300.0, Disclosed::Any);
    check(15.0 / 300.0, Disclosed::MostIsolated);
}

#[test]
fn gdpr_decides_on_two_thousand_rows() {
    let (n_accepted, shown) = accepted("gdpr", 2_000, None, 3);
    assert!(n_accepted >= 2, "{n_accepted} of 3 accepted\n{shown}");
    for leak in &LEAKS[..2] {
        assert_eq!(accepted("gdpr", 2_000, Some(leak), 1).0, 0, "{}", leak.name);
    }
}

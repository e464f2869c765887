//! A generator and a planner of one's own, judged and retried like those of the crate.
//!
//! `cargo run --release -p synth-optimizer --example own_generator -- patients.csv`
//!
//! The generator puts rows together from pieces of real ones: whole rows at first, which any policy refuses, then shorter and
//! shorter pieces, which give less away and hang together less.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synth_compliance::{Decision, Policy};
use synth_core::io::{ReadOptions, read_path};
use synth_core::{Generator, Schema, Table};
use synth_metrics::{Audit, Baseline, Comparison, Options, measure};
use synth_optimizer::{Assessment, Attempt, Explanation, Failure, Outcome, Planner, Rank, Runner, Start, Trial, Tried};

/// Rows of pieces: each so many columns wide, from a real row chosen by chance.
struct Pieces {
    table: Table,
    width: usize,
}

impl Generator for Pieces {
    fn schema(&self) -> &Arc<Schema> {
        self.table.schema()
    }

    fn sample(&self, rows: Range<u64>, seed: u64) -> Table {
        let source = |row: u64, piece: usize| {
            // Row i is a function of the seed and i alone.
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(row);
            rng.set_word_pos(2 * piece as u128);
            rng.gen_range(0..self.table.n_rows())
        };
        let columns = (0..self.table.n_columns()).map(|column| {
            let rows: Vec<usize> = rows.clone().map(|row| source(row, column / self.width)).collect();
            Arc::clone(self.table.take(&rows).column(column).1)
        });
        Table::new(Arc::clone(self.table.schema()), columns.collect()).expect("the columns are those of the table")
    }
}

/// One attempt: half of the rows are learnt from, the other half never seen.
struct InPieces {
    train: Table,
    holdout: Table,
    policy: Policy,
}

impl Trial for InPieces {
    type Plan = usize;
    type Artifact = Table;
    type Verdict = Assessment;
    type Error = synth_metrics::Error;

    fn run(&mut self, &width: &usize, start: &Start) -> Tried<Self> {
        let generator = Pieces { table: self.train.clone(), width };
        let synthetic = generator.sample(0..self.train.n_rows() as u64, start.seed);
        let comparison = Comparison::new(&self.train, &synthetic, Some(&self.holdout)).map_err(Failure::Fatal)?;
        let (n_members, n_others) = (self.train.n_rows(), self.holdout.n_rows());
        let ids: Vec<usize> = (0..n_members + n_others).collect();
        let audit = Audit {
            synthetic: &synthetic,
            members: &self.train,
            member_ids: &ids[..n_members],
            non_members: &self.holdout,
            non_member_ids: &ids[n_members..],
            reference: None,
        };
        let options = Options {
            seed: start.seed,
            battery: self.policy.battery(),
            baseline: Baseline::Holdout,
            audits: vec![audit],
            ..Options::default()
        };
        let assessment = Assessment::new(measure(&comparison, &options), &self.policy);
        Ok((synthetic, assessment))
    }

    fn decision(&self, assessment: &Assessment) -> Decision {
        assessment.decision()
    }

    fn rank(&self, assessment: &Assessment) -> Rank {
        assessment.rank()
    }
}

/// Halves the pieces until they are single columns.
struct Halving(usize);

impl Planner<usize, Assessment> for Halving {
    fn next_plan(&mut self, attempts: &[Attempt<usize, Assessment>]) -> Option<(usize, Explanation)> {
        let Some(last) = attempts.last() else { return Some((self.0, Explanation::base("whole rows"))) };
        let width = last.plan.div_ceil(2);
        (width < last.plan).then(|| {
            let explanation = Explanation {
                rule: "halve".to_owned(),
                cause: "pieces of that width were not accepted".to_owned(),
                suggestion: "shorter pieces".to_owned(),
                change: format!("width {} -> {width}", last.plan),
            };
            (width, explanation)
        })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: own_generator INPUT")?);
    let table = read_path(&path, &ReadOptions::default())?.table;
    let (even, odd): (Vec<usize>, Vec<usize>) = (0..table.n_rows()).partition(|row| row % 2 == 0);
    let mut trial = InPieces { train: table.take(&even), holdout: table.take(&odd), policy: Policy::named("hipaa")? };

    let outcome = Runner::new().run(&mut trial, &mut Halving(table.n_columns()), 7)?;
    for attempt in outcome.attempts() {
        println!("{attempt}");
        for sentence in attempt.verdict().into_iter().flat_map(|assessment| assessment.verdict.violations()) {
            println!("  {sentence}");
        }
    }
    match outcome {
        Outcome::Accepted { artifact, .. } => println!("accepted: {} rows", artifact.n_rows()),
        Outcome::Rejected { reason, .. } => println!("not accepted: {reason}"),
    }
    Ok(())
}

//! A custom generator, protected, split, judged and retried like those of the workspace.
//!
//! `cargo run --release -p synth-optimizer --example own_generator -- patients.csv`
//!
//! The generator assembles rows from pieces of real rows. Wide pieces leak people, narrow ones lose the associations
//! between columns: the policy decides which.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synth_compliance::Policy;
use synth_core::io::{ReadOptions, read_path};
use synth_core::{Generator, Schema, Table};
use synth_optimizer::Pipeline;

/// Rows of pieces: each so many columns wide, from a real row chosen by chance.
struct Pieces {
    table: Table,
    width: usize,
}

impl Generator for Pieces {
    fn schema(&self) -> &Arc<Schema> {
        self.table.schema()
    }

    fn sample(&self, rows: Range<u64>, seed: u64) -> synth_core::Result<Table> {
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
        Table::new(Arc::clone(self.table.schema()), columns.collect())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: own_generator INPUT")?);
    let table = read_path(&path, &ReadOptions::default())?.table;
    let mut width = table.n_columns();
    loop {
        let run = Pipeline::new(Policy::named("hipaa")?)
            .with_seed(7)
            .with_max_attempts(1)
            .with_generator(&format!("pieces of {width} columns"), |table, _, _| {
                Ok(Box::new(Pieces { table: table.clone(), width }))
            })
            .run(&table)?;
        println!("pieces of {width} columns: {}", run.record.decision);
        for sentence in run.record.assessment().into_iter().flat_map(|assessment| assessment.verdict.violations()) {
            println!("  {sentence}");
        }
        if run.release.is_some() || width == 1 {
            return Ok(());
        }
        width = width.div_ceil(2);
    }
}

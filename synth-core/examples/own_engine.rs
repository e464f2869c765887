//! A custom engine, fitted and sampled like those of the crate: each column independently, from its real values.
//!
//! `cargo run --release -p synth-core --example own_engine -- patients.csv`
//!
//! It copies real values and loses all associations: a floor for measures, not a table to share.
#![allow(clippy::print_stdout, reason = "an example shows what it made")]

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synth_core::io::{ReadOptions, read_path, write};
use synth_core::train::FitContext;
use synth_core::{Engine, Fit, Generator, Keeping, Result, Schema, Table};

/// The parameters: none.
#[derive(Debug)]
struct Independent;

impl fmt::Display for Independent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Engine for Independent {
    fn name(&self) -> &str {
        "independent"
    }

    fn fit(&self, table: &Table, _: &mut FitContext<'_>) -> Result<Box<dyn Generator>> {
        Ok(Box::new(Columns { table: table.clone() }))
    }
}

/// What it has learnt.
struct Columns {
    table: Table,
}

impl Generator for Columns {
    fn schema(&self) -> &Arc<Schema> {
        self.table.schema()
    }

    fn sample(&self, rows: Range<u64>, seed: u64) -> Result<Table> {
        let columns = (0..self.table.n_columns()).map(|column| {
            let source = |row: u64| {
                // Row i is a function of the seed and i alone.
                let mut rng = ChaCha8Rng::seed_from_u64(seed ^ (column as u64) << 32);
                rng.set_stream(row);
                rng.gen_range(0..self.table.n_rows())
            };
            let rows: Vec<usize> = rows.clone().map(source).collect();
            Arc::clone(self.table.take(&rows).column(column).1)
        });
        Table::new(Arc::clone(self.table.schema()), columns.collect())
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let path = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: own_engine INPUT")?);
    let table = read_path(&path, &ReadOptions::default())?.table;
    // Constraints are found, kept and counted as for any engine.
    let model = Fit::of(&table).engine(Independent).keep(Keeping::Found).seed(7).run()?;
    for kept in model.constraints() {
        println!("{}: {}", kept.rule, kept.by);
    }
    let rows = model.sample_counted(0..20, 7)?;
    println!("{} of {} rows were resampled", rows.n_resampled, rows.table.n_rows());
    write(&rows.table, &table.schema().source, std::io::stdout())?;
    Ok(())
}

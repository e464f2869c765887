//! A complete run as a library: a table in, a decision out.
//!
//! `cargo run --release -p synth-optimizer --example pipeline -- patients.csv`
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::path::PathBuf;

use synth_compliance::Policy;
use synth_core::io::{ReadOptions, read_path};
use synth_optimizer::Pipeline;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: pipeline INPUT")?);

    let table = read_path(&path, &ReadOptions::default())?.table;
    let run = Pipeline::new(Policy::named("hipaa")?).with_seed(7).run(&table)?;

    for attempt in &run.record.attempts {
        println!("{attempt}");
    }
    println!("{}", run.record.decision);
    if let Some(release) = &run.release {
        println!("{} rows may be shared", release.table.n_rows());
    }
    Ok(())
}

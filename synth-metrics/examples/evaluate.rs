//! Compares two CSV files with all measures that need no further input; a third file is the holdout.
//!
//! `cargo run --release -p synth-metrics --example evaluate -- train.csv synthetic.csv [holdout.csv]`
#![allow(clippy::print_stdout, reason = "an example is there to be read")]

use std::path::Path;

use synth_core::io::{ReadOptions, read_path};
use synth_metrics::{Battery, Options, Tables, measure};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [train, synthetic, holdout @ ..] = paths.as_slice() else {
        return Err("usage: evaluate TRAIN SYNTHETIC [HOLDOUT]".into());
    };
    let train = read_path(Path::new(train), &ReadOptions::default())?.table;
    // The others are read as what the training table is: a level must not be a number elsewhere.
    let alike = ReadOptions { schema: Some((**train.schema()).clone()), ..ReadOptions::default() };
    let synthetic = read_path(Path::new(synthetic), &alike)?.table;
    let holdout = holdout.first().map(|path| read_path(Path::new(path), &alike)).transpose()?;

    let comparison =
        Tables { train: &train, synthetic: &synthetic, holdout: holdout.as_ref().map(|reading| &reading.table) }
            .compare()?;
    let report = measure(&comparison, &Options { battery: Battery::Full, ..Options::default() });
    println!("{report}");
    Ok(())
}

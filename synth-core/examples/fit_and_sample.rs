//! Fits a generator to a table, and writes as many synthetic rows in the same format.
//!
//! `cargo run --release -p synth-core --example fit_and_sample -- patients.csv synthetic.csv`
//!
//! This example does not measure or judge the result: do not share it.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use synth_core::io::{ReadOptions, read_path, write};
use synth_core::{Fit, Generator, Keeping};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(input), Some(output)) = (paths.next(), paths.next()) else {
        return Err("usage: fit_and_sample INPUT OUTPUT".into());
    };
    let table = read_path(&input, &ReadOptions::default())?.table;

    let model = Fit::of(&table).keep(Keeping::Found).seed(7).run()?;
    let synthetic = model.sample(0..table.n_rows() as u64, 7)?;

    let out = BufWriter::new(File::create_new(&output)?);
    write(&synthetic, &table.schema().source, out)?;
    Ok(())
}

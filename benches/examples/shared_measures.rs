//! The measures that SDMetrics' QualityReport and DiagnosticReport have, timed: for `benches/scripts/evaluate_vs_sdmetrics.sh`.
//!
//! Prints the names of the columns of numbers as JSON, the seconds, and each value.
#![allow(clippy::print_stdout, reason = "it is a program")]

use std::time::Instant;

use synth_core::io::{ReadOptions, read_path};
use synth_metrics::{Tables, sdm_shapes, sdm_trends, sdm_validity};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths = std::env::args().skip(1);
    let (train, synthetic) = (paths.next().ok_or("TRAIN SYNTHETIC")?, paths.next().ok_or("TRAIN SYNTHETIC")?);
    let train = read_path(train.as_ref(), &ReadOptions::default())?.table;
    let options = ReadOptions { schema: Some((**train.schema()).clone()), ..ReadOptions::default() };
    let synthetic = read_path(synthetic.as_ref(), &options)?.table;
    let comparison = Tables { train: &train, synthetic: &synthetic, holdout: None }.compare()?;
    let fields = train.schema().fields.iter();
    let numbers: Vec<String> = fields.filter(|f| f.kind.is_scale()).map(|f| format!("{:?}", f.name)).collect();
    println!("[{}]", numbers.join(","));

    let started = Instant::now();
    let measures = [sdm_shapes(&comparison), sdm_trends(&comparison), sdm_validity(&comparison)];
    println!("seconds {}", started.elapsed().as_secs_f64());
    for measure in measures {
        println!("{} {}", measure.id, measure.outcome.value().ok_or("a measure could not be taken")?);
    }
    Ok(())
}

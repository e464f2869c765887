//! Detection and utility measures of files, with their run times:
//!
//! `cargo run --release -p synth-metrics --example detect_and_use -- TRAIN SYNTHETIC HOLDOUT [TARGET [TIME EVENT]]`
#![allow(clippy::print_stdout, reason = "an example is there to be read")]

use std::path::Path;
use std::time::Instant;

use synth_core::io::{ReadOptions, read_path};
use synth_metrics::{
    Interval, Measure, Outcome, SurvivalColumns, Tables, c2st_logistic, c2st_trees, rare_level_coverage, survival,
    utility,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [train, synthetic, holdout, named @ ..] = args.as_slice() else {
        return Err("give the training, the synthetic and the holdout table".into());
    };
    let train = read_path(Path::new(train), &ReadOptions::default())?.table;
    let like_train = ReadOptions { schema: Some((**train.schema()).clone()), ..ReadOptions::default() };
    let [synthetic, holdout] = [synthetic, holdout].map(|path| read_path(Path::new(path), &like_train));
    let (synthetic, holdout) = (synthetic?.table, holdout?.table);
    let comparison = Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }.compare()?;
    let target = named.first().map(String::as_str);
    let times = named.get(1..3).map(|pair| SurvivalColumns { time: pair[0].clone(), event: pair[1].clone() });

    show(|| vec![c2st_logistic(&comparison, 0)]);
    show(|| vec![c2st_trees(&comparison, 0)]);
    show(|| vec![rare_level_coverage(&comparison)]);
    show(|| utility(&comparison, target, &[], 0));
    show(|| survival(&comparison, times.as_ref(), 0));
    Ok(())
}

fn show(take: impl Fn() -> Vec<Measure>) {
    let start = Instant::now();
    for measure in take() {
        let column = measure.columns.first().map_or("", |c| &c.column);
        match measure.outcome {
            Outcome::Measured(estimate) => {
                let alone = Interval::new(estimate.value, estimate.value);
                let Interval { low, high } = estimate.uncertainty.map_or(alone, |u| u.interval);
                println!("{:<20} {:.4}  95 % {low:.4} to {high:.4}  {column}", measure.id, estimate.value);
            }
            Outcome::NotMeasured(reason) => println!("{:<20} not measured: {reason}", measure.id),
        }
    }
    println!("{:>60.2} s", start.elapsed().as_secs_f64());
}

//! Rows a second that the masked model sees in the first epochs of training on a table. For scripts.
//!
//! `masked_rates TABLE [EPOCHS]`: two blocks of width 256, batches of 512, 5 epochs. The clock starts with training, as
//! for [`Progress::rows_per_second`](synth_core::train::Progress): looks at held-out rows are in it, reading is not.

#![allow(clippy::print_stdout, reason = "a program for scripts")]

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;

use synth_benches::masked::params;
use synth_core::io::{ReadOptions, read_path};
use synth_core::train::FitContext;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let table = args.next().ok_or("usage: masked_rates TABLE [EPOCHS]")?;
    let n_epochs: usize = args.next().map_or(Ok(5), |n| n.parse())?;
    let table = read_path(Path::new(&table), &ReadOptions::default())?.table;

    let mut last = None;
    let mut context = FitContext::new(0).with_observer(|progress| {
        last = Some(*progress);
        if progress.epoch < n_epochs { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let outcome = params(512).learn(&table, &mut context);
    drop(context);
    let Some(last) = last else { return Err(outcome.err().map_or("no epoch ended".into(), Into::into)) };
    println!("training {:7.0} rows/s {} steps", last.rows_per_second, last.n_steps);
    Ok(())
}

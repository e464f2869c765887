//! One file a verb.

mod audit;
mod common;
mod completions;
mod config;
mod evaluate;
mod fit;
mod impute;
mod inspect;
mod judge;
mod plan;
mod profile;
mod quality_test;
mod run;
mod sample;
mod score;
mod training;
mod verify;

use anyhow::{Context, Result};

use self::common::Common;
use crate::args::{Args, Command};
use crate::exit::Code;
use crate::interrupt;

/// Follows the arguments.
pub(crate) fn run(args: Args) -> Result<Code> {
    let threads = args.threads.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("cannot start threads")?;
    interrupt::listen();
    let common = Common { json: args.json, quiet: args.quiet };
    match args.command {
        Command::Run(args) => run::run(&args, &common),
        Command::Plan(args) => plan::run(&args, &common),
        Command::Fit(args) => fit::run(&args, &common),
        Command::Sample(args) => sample::run(&args, &common),
        Command::Impute(args) => impute::run(&args, &common),
        Command::Score(args) => score::run(&args, &common),
        Command::Evaluate(args) => evaluate::run(&args, &common),
        Command::Audit(args) => audit::run(&args, &common),
        Command::Verify(args) => verify::run(&args, &common),
        Command::Judge(args) => judge::run(&args, &common),
        Command::Profile(args) => profile::run(&args, &common),
        Command::Inspect(args) => inspect::run(&args, &common),
        Command::QualityTest(args) => quality_test::run(&args, &common),
        Command::Config(args) => config::run(&args, &common),
        Command::Completions(args) => completions::completions(&args),
        Command::Man(args) => completions::man(&args),
    }
}

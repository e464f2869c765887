//! `synth evaluate`: the measures of a synthetic table.

use anyhow::Result;
use synth_core::io::ReadOptions;
use synth_metrics::{Comparison, Options, measure};

use super::Common;
use crate::args;
use crate::exit::Code;
use crate::files::{self, Replace};
use crate::show;

pub(super) fn run(args: &args::Evaluate, common: &Common) -> Result<Code> {
    let replace = Replace::from(args.force);
    if let Some(out) = &args.out {
        files::check_free(out, replace)?;
    }
    let options = files::read_options(&args.reading)?;
    let train = files::read_table(&args.train, &options, common.quiet)?;
    // What the columns are is told by the training rows alone.
    let like_train = ReadOptions { schema: Some((**train.schema()).clone()), ..options };
    let synthetic = files::read_table(&args.synthetic, &like_train, common.quiet)?;
    let holdout = args.holdout.as_ref().map(|path| files::read_table(path, &like_train, common.quiet)).transpose()?;
    let comparison = Comparison::new(&train, &synthetic, holdout.as_ref())?;
    let report = measure(&comparison, &Options { seed: args.seed, ..Options::default() });
    if let Some(out) = &args.out {
        let text = serde_json::to_vec_pretty(&report)?;
        files::write_file(out, replace, |file| Ok(file.write_all(&text)?))?;
    }
    if common.json {
        show::json(&report)?;
    } else if args.out.as_deref().is_none_or(|out| !files::is_standard(out)) {
        show::report(&report)?;
    }
    Ok(Code::Accepted)
}

//! `synth sample`: rows from a fitted generator.

use anyhow::Result;
use synth_core::{Error, Generator, Model};

use crate::args;
use crate::exit::Code;
use crate::files::{self, Replace};

pub(super) fn run(args: &args::Sample) -> Result<Code> {
    let replace = Replace::from(args.force);
    files::check_free(&args.out, replace)?;
    let name = args.model.display().to_string();
    let bytes = std::fs::read(&args.model).map_err(|source| Error::Io { action: "read", name, source })?;
    let model = Model::from_bytes(&bytes)?;
    let table = model.sample(0..args.rows, args.seed);
    let source = files::source_for(&args.out, &model.schema().source);
    files::write_file(&args.out, replace, |out| files::fill_table(&table, &source, out))?;
    Ok(Code::Accepted)
}

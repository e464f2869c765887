//! `synth profile`: what the columns of a table are taken for.

use anyhow::Result;

use super::Common;
use crate::args;
use crate::exit::Code;
use crate::{files, show};

pub(super) fn run(args: &args::Profile, common: &Common) -> Result<Code> {
    let table = files::read_table(&args.input, &files::read_options(&args.reading)?, common.quiet)?;
    if common.json {
        show::json(&**table.schema())?;
    } else {
        show::bytes(table.schema().to_toml().as_bytes())?;
    }
    Ok(Code::Accepted)
}

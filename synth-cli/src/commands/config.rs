//! `synth config`: what the settings are, and where each stands.

use anyhow::Result;

use super::common::Common;
use crate::exit::Code;
use crate::{args, settings, show};

pub(super) fn run(args: &args::Config, common: &Common) -> Result<Code> {
    let text = settings::shown(&args.verb)?;
    if common.json {
        let values: toml::Table = text.parse()?;
        show::json(&values)?;
    } else {
        show::text(&text)?;
    }
    Ok(Code::Accepted)
}

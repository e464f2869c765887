//! `synth completions` and `synth man`: from the same arguments that are parsed.

use std::path::Path;

use anyhow::{Context, Result};
use synth_optimizer::dossier::outputs::{Readers, Replace};

use crate::args;
use crate::exit::Code;
use crate::{files, settings, show};

/// The completions of a shell.
pub(super) fn completions(args: &args::Completions) -> Result<Code> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut settings::plain(), "synth", &mut text);
    show::text(&String::from_utf8(text).context("completions are text")?)?;
    Ok(Code::Accepted)
}

/// The manual: its first page, or all of them as files.
pub(super) fn man(args: &args::Man) -> Result<Code> {
    let command = settings::plain();
    match &args.out {
        None => show::text(&page(command)?)?,
        Some(folder) => {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
            for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
                let name = format!("synth-{}", verb.get_name());
                write(folder, &name, &page(verb.clone().name(name.clone()))?)?;
            }
            write(folder, "synth", &page(command)?)?;
        }
    }
    Ok(Code::Accepted)
}

fn page(command: clap::Command) -> Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    String::from_utf8(page).context("a manual is text")
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(format!("{name}.1"));
    files::write(&path, Readers::AsUsual, Replace::Yes, |out| out.write_all(text.as_bytes()))?;
    show::line(path.display())
}

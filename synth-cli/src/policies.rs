//! Policies and keys.

use std::path::Path;

use anyhow::Result;
use synth_compliance::{Base, KEY_BYTES, Key, Policy};
use synth_optimizer::dossier::outputs::folder_of;

use crate::exit::Usage;
use crate::files;

/// A policy by name, or else from a file.
pub(crate) fn read_policy(name: &str) -> Result<Policy> {
    let Some(path) = policy_path(name) else { return Ok(Policy::named(name)?) };
    let policy = policy_text(path).map_err(|problem| Usage(format!("cannot read the policy {name}: {problem}")))?;
    // A path is seen from the file that names it.
    let base = |name: &str, from: &str| match policy_path(name) {
        Some(path) => policy_text(&folder_of(Path::new(from)).join(path)),
        None => Err("no built-in policy has that name; a policy file must end in .toml".to_owned()),
    };
    Policy::from_toml_with_bases(policy, base).map_err(|error| in_policy(name, error))
}

fn policy_text(path: &Path) -> Result<Base, String> {
    let id = path.canonicalize().map_err(|error| error.to_string())?;
    let toml = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    Ok(Base { id: id.to_string_lossy().into_owned(), toml })
}

/// What is wrong with a policy, without its text: it is cells if the file is a table.
fn in_policy(name: &str, error: synth_compliance::Error) -> anyhow::Error {
    match error {
        // The parser's message quotes the line.
        synth_compliance::Error::Toml(error) => {
            let message = error.to_string();
            let mut lines = message.lines().filter(|line| !line.trim().is_empty());
            let (place, problem) = (lines.next().unwrap_or("no TOML"), lines.next_back().unwrap_or(""));
            Usage(format!("cannot read the policy {name}: {place}: {problem}")).into()
        }
        synth_compliance::Error::InBase { name: base, source } => {
            in_policy(&base, *source).context(format!("policy {name}"))
        }
        error => anyhow::Error::from(error).context(format!("policy {name}")),
    }
}

/// A secret in a file.
pub(crate) fn read_key(path: &Path) -> Result<Key> {
    let too_short = || Usage(format!("the key in {} is shorter than {KEY_BYTES} bytes", path.display()));
    Ok(Key::new(files::read_all(path)?).ok_or_else(too_short)?)
}

/// The file that `--policy` names, if it names one.
pub(crate) fn policy_path(name: &str) -> Option<&Path> {
    let is_path = name.ends_with(".toml") || name.contains(std::path::MAIN_SEPARATOR);
    is_path.then(|| Path::new(name))
}

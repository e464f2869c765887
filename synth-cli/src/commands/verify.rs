//! `synth verify`: whether the results of a run are as they were written.

use std::path::Path;

use anyhow::Result;
use synth_optimizer::audit::{Fault, LOG_NAME, Verified};
use synth_optimizer::dossier::folder;
use synth_optimizer::dossier::shown::shown;

use super::common::Common;
use crate::exit::{Code, NotVerified, Usage};
use crate::input::Input;
use crate::{args, show};

pub(super) fn run(args: &args::Verify, common: &Common) -> Result<Code> {
    if !args.folder.is_dir() {
        return Err(Usage(format!("{} is not a folder", args.folder.display())).into());
    }
    let verified = verified(&args.folder)?;
    if let Some(head) = &args.head
        && !head.eq_ignore_ascii_case(&verified.head)
    {
        let problem = format!("{LOG_NAME}: its head is {}, not the expected one", verified.head);
        return Err(NotVerified(problem).into());
    }
    if let ([_, ..], Some(key)) = (&args.source[..], &args.key) {
        let Some(mac) = &verified.hmac_sha256 else {
            return Err(Usage("the run was given no key: nobody can prove what it read".to_owned()).into());
        };
        Input::of(&args.source)?.confirm(key, mac)?;
    }
    match common.json {
        true => show::json(&verified)?,
        false => show::verified(&verified)?,
    }
    Ok(Code::Accepted)
}

/// What can be said of the results in a folder.
///
/// # Errors
/// [`NotVerified`] with every fault, a line each.
pub(super) fn verified(folder: &Path) -> Result<Verified> {
    let faults = |faults: Vec<Fault>| {
        let lines: Vec<String> = faults.iter().map(|fault| shown(&fault.to_string())).collect();
        NotVerified(lines.join("\n"))
    };
    Ok(folder::verified(folder)?.map_err(faults)?)
}

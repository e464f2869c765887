//! `synth verify`: whether the results of a run are as they were written.

use std::path::{Path, PathBuf};

use anyhow::Result;
use synth_optimizer::audit::{Fault, Folder, LOG_NAME, RECORD_NAME, Verified, verify};

use super::Common;
use crate::exit::{Code, NotVerified, Usage};
use crate::results::earlier_results;
use crate::{args, files, show, sources};

pub(super) fn run(args: &args::Verify, common: &Common) -> Result<Code> {
    if !args.folder.is_dir() {
        return Err(Usage(format!("{} is no folder", args.folder.display())).into());
    }
    let verified = verified(&args.folder)?;
    if let Some(head) = &args.head
        && !head.eq_ignore_ascii_case(&verified.head)
    {
        let problem = format!("{LOG_NAME}: its head is {}, and not the one that was kept", verified.head);
        return Err(NotVerified(problem).into());
    }
    if let ([_, ..], Some(key)) = (&args.source[..], &args.key) {
        let Some(mac) = &verified.hmac_sha256 else {
            return Err(Usage("that run was given no key: nobody can prove what it read".to_owned()).into());
        };
        sources::confirm(&args.source, key, mac)?;
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
    let log = files::read_all(&folder.join(LOG_NAME))?;
    let present = earlier_results(folder)?;
    let faults = |faults: Vec<Fault>| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        NotVerified(lines.join("\n"))
    };
    Ok(verify(&log, &Results { folder, present }).map_err(faults)?)
}

/// The folder as the library looks at it.
struct Results<'a> {
    folder: &'a Path,
    present: Vec<PathBuf>,
}

impl Folder for Results<'_> {
    fn names(&self) -> Vec<String> {
        let names = self.present.iter().filter_map(|path| path.file_name());
        names.map(|name| name.to_string_lossy().into_owned()).collect()
    }

    fn sha256(&self, name: &str) -> Option<String> {
        // A name in a log may not lead out of the folder.
        let is_plain = Path::new(name).file_name().is_some_and(|plain| plain == name);
        is_plain.then(|| files::digest_of(&self.folder.join(name)).ok())?.map(|file| file.sha256)
    }

    fn record(&self) -> Option<Vec<u8>> {
        files::read_all(&self.folder.join(RECORD_NAME)).ok()
    }
}

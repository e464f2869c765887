//! Whether a log and the files beside it are what a run wrote.

use serde::Serialize;
use serde_json::Value;
use synth_compliance::{Decision, Finding, Policy, PolicyId, chain, judge};
use synth_core::SeedOrigin;

use super::{AUDIT_VERSION, Entry, Judged, LOG_NAME, PAGE_NAME, PROVENANCE_NAME, RECORD_NAME, Written, attempt_entry};
use crate::assessment::Assessment;
use crate::dossier::record::RunRecord;
use crate::protection::ProtectionRecord;
use crate::runner::StopReason;
use crate::split::Design;

/// What [`verify`] does not show.
pub const LIMITS: [&str; 3] = [
    "that the log was not rewritten from scratch: compare its head with a copy kept elsewhere",
    "who ran the program, and when: neither is recorded",
    "that the source is the claimed one: only the holder of the key can check that, if one was given",
];

/// A folder that holds a log, as [`verify`] needs to see it.
pub trait Folder {
    /// The names of the files that a run would have left there, or that could be taken for such, whether the log names them or
    /// not.
    fn names(&self) -> Vec<String>;

    /// SHA-256 of a file's bytes; `None` if there is no such file or it cannot be read.
    fn sha256(&self, name: &str) -> Option<String>;

    /// A file's bytes, as [`sha256`](Self::sha256).
    fn read(&self, name: &str) -> Option<Vec<u8>>;

    /// Whether a name is that of a link and not of a file. By default none is.
    fn is_link(&self, _name: &str) -> bool {
        false
    }
}

/// The content of an intact log.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Verified {
    /// The log's head, to be compared with one that was kept elsewhere.
    pub head: String,
    /// Its lines.
    pub lines: usize,
    /// The policy.
    pub policy: PolicyId,
    /// The decision.
    pub decision: Decision,
    /// The source's HMAC, if there was a key.
    pub hmac_sha256: Option<String>,
    /// The files that are as they were written.
    pub files: Vec<String>,
}

/// A modification that [`verify`] detected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Fault {
    /// The file, with the line where it has lines.
    pub place: String,
    /// What is wrong with it. Quotes nothing.
    pub problem: String,
}

/// Checks a log, the files it names, and that the verdicts in the run's record are those of its policy on its reports.
///
/// # Errors
/// Every [`Fault`] that was found. A log with a broken line is not read any further.
pub fn verify(log: &[u8], folder: &(impl Folder + ?Sized)) -> Result<Verified, Vec<Fault>> {
    let at = |line: usize, problem: String| Fault { place: format!("{LOG_NAME}, line {line}"), problem };
    let text = std::str::from_utf8(log).map_err(|error| {
        let line = 1 + log[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
        vec![at(line, "not text".to_owned())]
    })?;
    if let Some(other) = version_of(text).filter(|version| *version != u64::from(AUDIT_VERSION)) {
        let problem = format!("the log has version {other}; this program knows version {AUDIT_VERSION}");
        return Err(vec![at(1, format!("{problem}: verify it with a program that writes such logs"))]);
    }
    let (values, head) = chain::read(text).map_err(|broken| vec![at(broken.line, broken.problem.to_owned())])?;
    let mut entries = Vec::new();
    for (i, value) in values.into_iter().enumerate() {
        // The parser's message would quote what it did not expect.
        let entry = serde_json::from_value::<Entry>(value);
        entries.push(entry.map_err(|_| vec![at(i + 1, "unknown kind of entry".to_owned())])?);
    }
    let lines = Lines::sort(&entries).map_err(|(line, problem)| vec![at(line, problem.to_owned())])?;
    let mut faults = Vec::new();
    let policy = Policy::recorded(lines.policy.toml, lines.policy.sha256);
    let policy = policy.map_err(|error| vec![at(3, error.to_string())])?;
    if (policy.name(), policy.version()) != (lines.policy.name, lines.policy.version) {
        faults.push(at(3, "its policy has another name or version".to_owned()));
    }
    faults.extend(file_faults(lines.files, folder));
    let is_sound = |faults: &[Fault], name: &str| faults.iter().all(|fault| fault.place != name);
    if is_sound(&faults, RECORD_NAME) {
        faults.extend(record_faults(folder, &lines, &policy));
    }
    if is_sound(&faults, PROVENANCE_NAME) {
        faults.extend(provenance_faults(folder, lines.files));
    }
    if is_sound(&faults, PAGE_NAME) {
        faults.extend(page_faults(folder, lines.files));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Verified {
        head,
        lines: entries.len(),
        policy: policy.id(),
        decision: lines.decision,
        hmac_sha256: lines.mac.clone(),
        files: lines.files.iter().map(|file| file.name.clone()).collect(),
    })
}

/// What a log says of its own form, which decides how it is read.
fn version_of(text: &str) -> Option<u64> {
    let first: Value = serde_json::from_str(text.lines().next()?).ok()?;
    first.pointer("/entry/began/version")?.as_u64()
}

/// The entries by what they say, once their order was checked.
struct Lines<'a> {
    mac: &'a Option<String>,
    policy: PolicyLine<'a>,
    findings: &'a [Finding],
    protection: &'a ProtectionRecord,
    design: &'a Design,
    seed: SeedOrigin,
    attempts: Vec<&'a Entry>,
    audit: Option<&'a Judged>,
    decision: Decision,
    stopped: &'a Option<StopReason>,
    files: &'a [Written],
}

struct PolicyLine<'a> {
    name: &'a str,
    version: &'a str,
    sha256: &'a str,
    toml: &'a str,
}

impl<'a> Lines<'a> {
    /// Fails with the first line that is not in its place.
    fn sort(entries: &'a [Entry]) -> Result<Lines<'a>, (usize, &'static str)> {
        const NO_PLACE: &str = "unexpected entry";
        let mut rest = entries.iter().enumerate().peekable();
        let end = (entries.len() + 1, "the log ends before its last entry: lines are missing");
        match rest.next() {
            Some((_, Entry::Began { version: AUDIT_VERSION, .. })) => (),
            Some((_, Entry::Began { .. })) => return Err((1, "the log has an unknown version")),
            Some(_) => return Err((1, NO_PLACE)),
            None => return Err(end),
        }
        let mac = match rest.next() {
            Some((_, Entry::Read { hmac_sha256, .. })) => hmac_sha256,
            other => return Err(other.map_or(end, |(i, _)| (i + 1, NO_PLACE))),
        };
        let policy = match rest.next() {
            Some((_, Entry::Policy { name, version, sha256, toml, .. })) => PolicyLine { name, version, sha256, toml },
            other => return Err(other.map_or(end, |(i, _)| (i + 1, NO_PLACE))),
        };
        let (findings, protection) = match rest.next() {
            Some((_, Entry::Protected { findings, protection })) => (findings.as_slice(), protection),
            other => return Err(other.map_or(end, |(i, _)| (i + 1, NO_PLACE))),
        };
        let (design, seed) = match rest.next() {
            Some((_, Entry::Designed { design, seed })) => (design, *seed),
            other => return Err(other.map_or(end, |(i, _)| (i + 1, NO_PLACE))),
        };
        let mut attempts = Vec::new();
        while let Some((_, attempt)) = rest.next_if(|(_, entry)| matches!(entry, Entry::Attempt { .. })) {
            attempts.push(attempt);
        }
        let audit = rest.next_if(|(_, entry)| matches!(entry, Entry::AuditPart(_)));
        let audit = audit.and_then(|(_, entry)| if let Entry::AuditPart(judged) = entry { Some(judged) } else { None });
        let (decision, stopped) = match rest.next() {
            Some((_, Entry::Decided { decision, stopped })) => (*decision, stopped),
            other => return Err(other.map_or(end, |(i, _)| (i + 1, NO_PLACE))),
        };
        let files = match rest.next() {
            Some((_, Entry::Wrote { files })) => files,
            other => return Err(other.map_or(end, |(i, _)| (i + 1, NO_PLACE))),
        };
        match rest.next() {
            Some((i, _)) => Err((i + 1, "it follows the last entry")),
            None => {
                let lines = Lines {
                    mac,
                    policy,
                    findings,
                    protection,
                    design,
                    seed,
                    attempts,
                    audit,
                    decision,
                    stopped,
                    files,
                };
                Ok(lines)
            }
        }
    }
}

fn file_faults(files: &[Written], folder: &(impl Folder + ?Sized)) -> Vec<Fault> {
    let fault = |place: &str, problem: &str| Fault { place: place.to_owned(), problem: problem.to_owned() };
    let mut faults = Vec::new();
    for file in files {
        match folder.sha256(&file.name) {
            None => faults.push(fault(&file.name, "named in the log, but missing")),
            Some(sha256) if sha256 != file.sha256 => faults.push(fault(&file.name, "modified since it was written")),
            Some(_) if folder.is_link(&file.name) => faults.push(fault(&file.name, "a link in place of the file")),
            Some(_) => (),
        }
    }
    let mut names = folder.names();
    names.sort();
    names.retain(|name| name != LOG_NAME && files.iter().all(|file| file.name != *name));
    faults.extend(names.iter().map(|name| fault(name, "not named in the log")));
    faults
}

/// The digests in the provenance against those of the log.
fn provenance_faults(folder: &(impl Folder + ?Sized), files: &[Written]) -> Option<Fault> {
    let fault = |problem: &str| Some(Fault { place: PROVENANCE_NAME.to_owned(), problem: problem.to_owned() });
    files.iter().find(|file| file.name == PROVENANCE_NAME)?;
    let document: Option<Value> = folder.read(PROVENANCE_NAME).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let Some(entities) = document.as_ref().and_then(|document| document["entity"].as_object()) else {
        return fault("not the provenance of a run");
    };
    let mut digests = entities.values().filter_map(|own| Some((own["synth:file"].as_str()?, own.get("synth:sha256")?)));
    let is_of_log = |name: &str, sha256: &Value| files.iter().any(|file| file.name == name && *sha256 == *file.sha256);
    match digests.all(|(name, sha256)| is_of_log(name, sha256)) {
        true => None,
        false => fault("its digests are not those of the log"),
    }
}

/// The digests on the page against those of the log. The page has those of all files before it.
fn page_faults(folder: &(impl Folder + ?Sized), files: &[Written]) -> Option<Fault> {
    files.iter().find(|file| file.name == PAGE_NAME)?;
    let page = String::from_utf8(folder.read(PAGE_NAME)?).unwrap_or_default();
    let mut before = files.iter().filter(|file| file.name != PAGE_NAME && file.name != PROVENANCE_NAME);
    match before.all(|file| page.contains(&file.sha256)) {
        true => None,
        false => {
            Some(Fault { place: PAGE_NAME.to_owned(), problem: "its digests are not those of the log".to_owned() })
        }
    }
}

/// The run's record against the log and against its own policy.
fn record_faults(folder: &(impl Folder + ?Sized), lines: &Lines<'_>, policy: &Policy) -> Vec<Fault> {
    let fault = |problem: String| Fault { place: RECORD_NAME.to_owned(), problem };
    let record = folder.read(RECORD_NAME).and_then(|bytes| serde_json::from_slice::<RunRecord>(&bytes).ok());
    let Some(record) = record else { return vec![fault("not a report of a run of this version".to_owned())] };
    let mut faults = Vec::new();
    let mut check = |holds: bool, problem: &str| {
        if !holds {
            faults.push(fault(problem.to_owned()));
        }
    };
    check(record.policy == policy.id(), "its policy is not that of the log");
    let protected = (record.findings.as_slice(), &record.protection);
    check(protected == (lines.findings, lines.protection), "its findings or its protection are not those of the log");
    check(
        (&record.design, record.seed) == (lines.design, lines.seed),
        "its design or the origin of its seed is not that of the log",
    );
    let attempts: Vec<Entry> = record.attempts.iter().map(attempt_entry).collect();
    check(attempts.iter().eq(lines.attempts.iter().copied()), "its attempts are not those of the log");
    check(record.audit.as_ref().map(Judged::of).as_ref() == lines.audit, "its audit is not that of the log");
    check((record.decision, &record.stopped) == (lines.decision, lines.stopped), "its decision is not that of the log");
    check(record.decision == record.concluded(), "its decision contradicts its verdicts");
    let judged = record.attempts.iter().map(|a| (format!("attempt {}", a.number), a.verdict()));
    for (name, assessment) in judged.chain([("the audit".to_owned(), record.audit.as_ref())]) {
        let again = |Assessment { report, verdict }: &Assessment| -> bool { &judge(report, policy) == verdict };
        check(assessment.is_none_or(again), &format!("the verdict on {name} contradicts its report"));
    }
    faults
}

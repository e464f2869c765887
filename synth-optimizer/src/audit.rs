//! What a run leaves for those who were not there: the log of what was read, tried, decided and written.
//!
//! The log is a [`Chain`] of [`Entry`]s in a fixed order, the last of which names every file that was written with its
//! digest. So nothing in it, and none of the files, can be changed unseen, and no line taken off the end; [`verify`] finds
//! each and names it. It also reads the policy out of the log, checks that it has the hash that was fixed before
//! training, and judges every report of the run again.
//!
//! What it cannot find is in [`LIMITS`]: who writes everything anew, files, log and all, leaves a log that is sound. Its
//! head is another one then, and whoever was given the head of the first knows. A log is the same, byte for byte, for
//! the same input, settings and version: it holds no time, no path and no cell, and the source's digest is an HMAC under a key
//! of the owner's, or is not there.
//!
//! Left out on purpose: signatures; a time, which a log cannot prove; and a digest of the source without a key.

use serde::{Deserialize, Serialize};
use synth_compliance::{Chain, Change, Decision, Policy, VERDICT_VERSION, chain, judge, sha256};
use synth_core::train::TrainingFailure;
use synth_core::{Schema, Table};
use synth_metrics::REPORT_VERSION;

use crate::assessment::Assessment;
use crate::attempt::{Attempt, AttemptResult, Explanation};
use crate::pipeline::{RUN_VERSION, RunRecord};
use crate::plan::Plan;
use crate::runner::StopReason;
use crate::split::Design;

/// The version of the log's form.
pub const AUDIT_VERSION: u32 = 1;

/// What [`verify`] cannot show, for whoever reads that it found nothing.
pub const LIMITS: [&str; 3] = [
    "a log that was written anew from its first line is sound too: compare its head with one that was kept elsewhere",
    "who ran the program, and when, is not in it",
    "that the source is what it is said to be can be checked by the holder of the key alone, if there was one",
];

/// What the program was given, but for its rows.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file's name without its folders, or what stands for it.
    pub name: String,
    /// Its columns.
    pub schema: Schema,
    /// Its rows.
    pub n_rows: usize,
    /// The HMAC of its bytes under the owner's key, in hexadecimal.
    pub mac: Option<String>,
}

impl Source {
    /// The source of `table`, a file called `name`.
    pub fn new(name: &str, table: &Table, mac: Option<String>) -> Source {
        Source { name: name.to_owned(), schema: table.schema().as_ref().clone(), n_rows: table.n_rows(), mac }
    }

    /// SHA-256 of the schema as TOML.
    pub fn schema_sha256(&self) -> String {
        sha256(self.schema.to_toml().as_bytes())
    }
}

/// A program by name and version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// The name.
    pub name: String,
    /// The version.
    pub version: String,
}

/// A file beside the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The name without folders.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// What a source's HMAC stands for, or why there is none.
const WITH_KEY: &str = "HMAC-SHA-256 of the source's bytes; the holder of the key can prove which source it was";
const WITHOUT_KEY: &str = "no key was given: nobody, the owner included, can prove later which source it was";

/// A line of the log. They come in the order of the variants; attempts as many as there were, the audit part if it was
/// opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// Who writes, and in which forms.
    Began {
        /// [`AUDIT_VERSION`].
        version: u32,
        /// The program.
        program: Program,
        /// The versions of run record, quality report and verdict.
        forms: [u32; 3],
    },
    /// The table that was read.
    Read {
        /// The file's name.
        name: String,
        /// Rows.
        rows: usize,
        /// Columns.
        columns: usize,
        /// SHA-256 of the schema as TOML.
        schema_sha256: String,
        /// The HMAC of the file, if there was a key.
        hmac_sha256: Option<String>,
        /// What that stands for.
        hmac: String,
    },
    /// The policy, fixed before anything is learnt.
    Policy {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
        /// Its hash.
        sha256: String,
        /// All of it.
        toml: String,
        /// What it extends.
        extends: Vec<String>,
        /// What it changes in that.
        changes: Vec<Change>,
    },
    /// How the rows are used.
    Designed {
        /// The parts.
        design: Design,
        /// The run's seed.
        seed: u64,
    },
    /// A plan tried.
    Attempt {
        /// Its number, from 1.
        number: usize,
        /// Its seed.
        seed: u64,
        /// What was tried.
        plan: Box<Plan>,
        /// Why.
        explanation: Explanation,
        /// What came of it.
        came: Came,
    },
    /// The audit part was opened.
    AuditPart(Judged),
    /// What was decided in the end.
    Decided {
        /// The decision.
        decision: Decision,
        /// Why there were no more attempts.
        stopped: Option<StopReason>,
    },
    /// What was written. The last line.
    Wrote {
        /// Every file, but for the log itself.
        files: Vec<Written>,
    },
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Came {
    /// A table, judged.
    Judged(Judged),
    /// No table.
    Failed(TrainingFailure),
}

/// A decision with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// The decision.
    pub decision: Decision,
    /// What refuses, what is open and what was found, in words.
    pub reasons: Vec<String>,
    /// Unseen rows the measures had.
    pub unseen_rows: Option<usize>,
}

impl Judged {
    fn of(assessment: &Assessment) -> Judged {
        let Assessment { report, verdict } = assessment;
        let reasons = verdict.violations().chain(verdict.gaps()).chain(verdict.findings());
        Judged {
            decision: verdict.decision,
            reasons: reasons.map(str::to_owned).collect(),
            unseen_rows: report.rows.holdout,
        }
    }
}

/// The log of a run under `policy`, which left `files`.
pub fn log(record: &RunRecord, policy: &Policy, source: &Source, program: &Program, files: &[Written]) -> Chain {
    let mut chain = Chain::new();
    let mut push = |entry: Entry| chain.push(&entry);
    push(Entry::Began {
        version: AUDIT_VERSION,
        program: program.clone(),
        forms: [RUN_VERSION, REPORT_VERSION, VERDICT_VERSION],
    });
    push(Entry::Read {
        name: source.name.clone(),
        rows: source.n_rows,
        columns: source.schema.fields.len(),
        schema_sha256: source.schema_sha256(),
        hmac_sha256: source.mac.clone(),
        hmac: if source.mac.is_some() { WITH_KEY } else { WITHOUT_KEY }.to_owned(),
    });
    push(Entry::Policy {
        name: policy.name().to_owned(),
        version: policy.version().to_owned(),
        sha256: policy.sha256(),
        toml: policy.to_toml(),
        extends: policy.extends().to_vec(),
        changes: policy.changes().to_vec(),
    });
    push(Entry::Designed { design: record.design.clone(), seed: record.seed });
    record.attempts.iter().for_each(|attempt| push(attempt_entry(attempt)));
    if let Some(audit) = &record.audit {
        push(Entry::AuditPart(Judged::of(audit)));
    }
    push(Entry::Decided { decision: record.decision, stopped: record.stopped });
    push(Entry::Wrote { files: files.to_vec() });
    chain
}

fn attempt_entry(attempt: &Attempt<Plan, Assessment>) -> Entry {
    Entry::Attempt {
        number: attempt.number,
        seed: attempt.seed,
        plan: Box::new(attempt.plan.clone()),
        explanation: attempt.explanation.clone(),
        came: match &attempt.result {
            AttemptResult::Judged(assessment) => Came::Judged(Judged::of(assessment)),
            AttemptResult::Failed(failure) => Came::Failed(failure.clone()),
        },
    }
}

/// A folder that holds a log, as [`verify`] needs to see it.
pub trait Folder {
    /// The names of the files that a run would have left there, whether the log names them or not.
    fn names(&self) -> Vec<String>;

    /// SHA-256 of a file's bytes; `None` if there is no such file or it cannot be read.
    fn sha256(&self, name: &str) -> Option<String>;

    /// The run's record, as bytes.
    fn record(&self) -> Option<Vec<u8>>;
}

/// What a sound log says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verified {
    /// The log's head, to be compared with one that was kept elsewhere.
    pub head: String,
    /// Its lines.
    pub lines: usize,
    /// The policy's name, version and hash.
    pub policy: [String; 3],
    /// The decision.
    pub decision: Decision,
    /// The source's HMAC, if there was a key.
    pub hmac_sha256: Option<String>,
    /// The files that are as they were written.
    pub files: Vec<String>,
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Fault {
    /// The file, with the line where it has lines.
    pub place: String,
    /// What is wrong with it. Quotes nothing.
    pub problem: String,
}

/// What a log and a run's record are called.
pub const LOG_NAME: &str = "audit.jsonl";
/// See [`LOG_NAME`].
pub const RECORD_NAME: &str = "report.json";

/// Checks a log, the files it names, and that the verdicts in the run's record are those of its policy on its reports.
///
/// # Errors
/// Every [`Fault`] that was found. A log with a broken line is not read any further.
pub fn verify(log: &[u8], folder: &impl Folder) -> Result<Verified, Vec<Fault>> {
    let at = |line: usize, problem: String| Fault { place: format!("{LOG_NAME}, line {line}"), problem };
    let text = std::str::from_utf8(log).map_err(|error| {
        let line = 1 + log[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
        vec![at(line, "it is no text".to_owned())]
    })?;
    let (values, head) = chain::read(text).map_err(|broken| vec![at(broken.line, broken.problem.to_owned())])?;
    let mut entries = Vec::new();
    for (i, value) in values.into_iter().enumerate() {
        // The parser's message would quote what it did not expect.
        let entry = serde_json::from_value::<Entry>(value);
        entries.push(entry.map_err(|_| vec![at(i + 1, "its entry is of no known form".to_owned())])?);
    }
    let lines = Lines::sort(&entries).map_err(|(line, problem)| vec![at(line, problem.to_owned())])?;
    let mut faults = Vec::new();
    let policy = Policy::recorded(lines.policy.toml, lines.policy.sha256);
    let policy = policy.map_err(|error| vec![at(3, error.to_string())])?;
    if (policy.name(), policy.version()) != (lines.policy.name, lines.policy.version) {
        faults.push(at(3, "its policy has another name or version".to_owned()));
    }
    faults.extend(file_faults(lines.files, folder));
    if !faults.iter().any(|fault| fault.place == RECORD_NAME) {
        faults.extend(record_faults(folder, &lines, &policy));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Verified {
        head,
        lines: entries.len(),
        policy: [policy.name().to_owned(), policy.version().to_owned(), policy.sha256()],
        decision: lines.decision,
        hmac_sha256: lines.mac.clone(),
        files: lines.files.iter().map(|file| file.name.clone()).collect(),
    })
}

/// The entries by what they say, once their order was checked.
struct Lines<'a> {
    mac: &'a Option<String>,
    policy: PolicyLine<'a>,
    design: &'a Design,
    seed: u64,
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
        const NO_PLACE: &str = "such an entry has no place here";
        let mut rest = entries.iter().enumerate().peekable();
        let end = (entries.len() + 1, "the log ends before its last entry: lines are missing");
        match rest.next() {
            Some((_, Entry::Began { version: AUDIT_VERSION, .. })) => (),
            Some((_, Entry::Began { .. })) => return Err((1, "the log has a version that is not known")),
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
            Some((i, _)) => Err((i + 1, "it stands behind the last entry")),
            None => Ok(Lines { mac, policy, design, seed, attempts, audit, decision, stopped, files }),
        }
    }
}

fn file_faults(files: &[Written], folder: &impl Folder) -> Vec<Fault> {
    let fault = |place: &str, problem: &str| Fault { place: place.to_owned(), problem: problem.to_owned() };
    let mut faults = Vec::new();
    for file in files {
        match folder.sha256(&file.name) {
            None => faults.push(fault(&file.name, "it is named in the log and not there")),
            Some(sha256) if sha256 != file.sha256 => faults.push(fault(&file.name, "it is not what was written")),
            Some(_) => (),
        }
    }
    let mut names = folder.names();
    names.sort();
    names.retain(|name| name != LOG_NAME && files.iter().all(|file| file.name != *name));
    faults.extend(names.iter().map(|name| fault(name, "the log does not name it")));
    faults
}

/// The run's record against the log and against its own policy.
fn record_faults(folder: &impl Folder, lines: &Lines<'_>, policy: &Policy) -> Vec<Fault> {
    let fault = |problem: String| Fault { place: RECORD_NAME.to_owned(), problem };
    let record = folder.record().and_then(|bytes| serde_json::from_slice::<RunRecord>(&bytes).ok());
    let Some(record) = record else { return vec![fault("it is no record of a run of this version".to_owned())] };
    let mut faults = Vec::new();
    let mut check = |holds: bool, problem: &str| {
        if !holds {
            faults.push(fault(problem.to_owned()));
        }
    };
    check(record.policy_sha256 == policy.sha256(), "its policy is not that of the log");
    check(record.policy == [policy.name(), policy.version()], "its policy has another name or version than the log's");
    check((&record.design, record.seed) == (lines.design, lines.seed), "its design or seed is not that of the log");
    let attempts: Vec<Entry> = record.attempts.iter().map(attempt_entry).collect();
    check(attempts.iter().eq(lines.attempts.iter().copied()), "its attempts are not those of the log");
    check(record.audit.as_ref().map(Judged::of).as_ref() == lines.audit, "its audit is not that of the log");
    check((record.decision, &record.stopped) == (lines.decision, lines.stopped), "its decision is not that of the log");
    check(record.decision == record.concluded(), "its decision does not follow from its verdicts");
    let judged = record.attempts.iter().map(|a| (format!("attempt {}", a.number), a.verdict()));
    for (name, assessment) in judged.chain([("the audit".to_owned(), record.audit.as_ref())]) {
        let again = |Assessment { report, verdict }: &Assessment| -> bool { &judge(report, policy) == verdict };
        check(
            assessment.is_none_or(again),
            &format!("the verdict on {name} is not what the policy says of its report"),
        );
    }
    faults
}

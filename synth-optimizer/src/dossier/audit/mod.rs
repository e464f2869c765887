//! What a run leaves for those who were not there: the log of what was read, protected, tried, decided and written.
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

mod verify;

use serde::{Deserialize, Serialize};
use synth_compliance::{Chain, Change, Decision, Finding, Policy, VERDICT_VERSION, sha256};
use synth_core::train::TrainingFailure;
use synth_core::{Schema, SeedOrigin, Table};
use synth_metrics::REPORT_VERSION;

use crate::assessment::Assessment;
use crate::attempt::{Attempt, AttemptResult, Explanation};
use crate::dossier::record::{RUN_VERSION, RunRecord};
use crate::plan::Plan;
use crate::protection::ProtectionRecord;
use crate::runner::StopReason;
use crate::split::Design;

pub use verify::{Fault, Folder, LIMITS, Verified, verify};

/// The version of the log's form.
pub const AUDIT_VERSION: u32 = 3;

/// The file names of a log, and of the documents whose content is checked with it.
pub const LOG_NAME: &str = "audit.jsonl";
/// See [`LOG_NAME`].
pub const RECORD_NAME: &str = "report.json";
/// See [`LOG_NAME`].
pub const PAGE_NAME: &str = "report.html";
/// See [`LOG_NAME`].
pub const PROVENANCE_NAME: &str = "provenance.json";

/// The input of a run, without its rows.
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

impl Program {
    /// This one: `synth`, whichever front drives it, of the version of this crate.
    pub fn this() -> Self {
        Self { name: "synth".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
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
#[non_exhaustive]
pub enum Entry {
    /// Who writes, and in which forms.
    Began {
        /// [`AUDIT_VERSION`].
        version: u32,
        /// The program.
        program: Program,
        /// The versions of what the log speaks of.
        forms: Forms,
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
    /// What was found in the table and what was done about it, before anything is learnt.
    Protected {
        /// What was found.
        findings: Vec<Finding>,
        /// What was done.
        protection: ProtectionRecord,
    },
    /// How the rows are used.
    Designed {
        /// The parts.
        design: Design,
        /// How the run's seed came about.
        seed: SeedOrigin,
    },
    /// A plan tried.
    Attempt {
        /// Its number, from 1.
        number: usize,
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

/// The versions of a run's documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forms {
    /// [`RUN_VERSION`], of the run's record.
    pub record: u32,
    /// [`REPORT_VERSION`], of quality reports.
    pub report: u32,
    /// [`VERDICT_VERSION`], of verdicts.
    pub verdict: u32,
}

/// The result of an attempt.
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
    /// Held-out rows the measures had.
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
        forms: Forms { record: RUN_VERSION, report: REPORT_VERSION, verdict: VERDICT_VERSION },
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
    push(Entry::Protected { findings: record.findings.clone(), protection: record.protection.clone() });
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
        plan: Box::new(attempt.plan.clone()),
        explanation: attempt.explanation.clone(),
        came: match &attempt.result {
            AttemptResult::Judged(assessment) => Came::Judged(Judged::of(assessment)),
            AttemptResult::Failed(failure) => Came::Failed(failure.clone()),
        },
    }
}

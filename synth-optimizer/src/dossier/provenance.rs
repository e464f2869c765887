//! Where a table came from, in the form that other programs read: W3C PROV-JSON.
//!
//! Entities are the source, its schema, the policy, the model, the synthetic table and the report; activities fit, sample,
//! measure and judge; the agent is the program. A table or model that was dropped is there without a digest, for it was made.
//! Source: PROV-DM and PROV-JSON (W3C Member Submission of 24 April 2013). Departs from it: activities have no times, so
//! that equal runs leave equal bytes.
//!
//! Left out on purpose: people and organisations, of whom the program knows nothing; attempts before the best, which are in
//! the [log](super::audit).

use serde_json::{Map, Value, json};
use synth_compliance::Policy;

use super::audit::{Program, RECORD_NAME, Source, Written};
use super::record::RunRecord;

/// What identifiers begin with.
const NAMESPACE: &str = "urn:synth:";

/// The provenance of a run under `policy`, which left `files`. `model` is the name among them of the model, if there is
/// one; `tables` are those of the synthetic table, several if it is split by rows: then it is a collection of them.
pub fn provenance(
    record: &RunRecord,
    policy: &Policy,
    source: &Source,
    program: &Program,
    files: &[Written],
    model: Option<&str>,
    tables: &[String],
) -> Value {
    let digest = |name: &str| files.iter().find(|file| file.name == name).map(|file| file.sha256.clone());
    let of_file = |label: &str, name: Option<&str>| match name {
        Some(name) => json!({ "prov:label": label, "synth:file": name, "synth:sha256": digest(name) }),
        None => json!({ "prov:label": label, "synth:kept": false }),
    };
    let mut read = json!({
        "prov:label": "the private table",
        "synth:file": source.name,
        "synth:rows": source.n_rows,
        "synth:columns": source.schema.fields.len(),
    });
    if let Some(mac) = &source.mac {
        read["synth:hmac-sha256"] = json!(mac);
    }
    let mut synthetic = of_file("the synthetic table", tables.first().map(String::as_str));
    if tables.len() > 1 {
        synthetic = json!({
            "prov:label": "the synthetic table",
            "prov:type": { "$": "prov:Collection", "type": "prov:QUALIFIED_NAME" },
        });
    }
    let mut entities = json!({
        "synth:source": read,
        "synth:schema": { "prov:label": "what the columns are", "synth:sha256": source.schema_sha256() },
        "synth:policy": {
            "prov:label": "the limits",
            "synth:name": policy.name(),
            "synth:version": policy.version(),
            "synth:sha256": policy.sha256(),
        },
        "synth:model": of_file("the generator", model),
        "synth:synthetic": synthetic,
        "synth:report": of_file("measures, verdicts and attempts", Some(RECORD_NAME)),
    });
    let parts: Vec<(String, &String)> = match tables {
        [_] => Vec::new(),
        tables => tables.iter().enumerate().map(|(i, name)| (format!("synthetic-{}", i + 1), name)).collect(),
    };
    for (id, name) in &parts {
        entities[format!("synth:{id}")] = of_file("rows of the synthetic table", Some(name));
    }
    let attempt = record.best_attempt();
    let of_attempt = |label: &str| {
        let mut activity = json!({ "prov:label": label });
        if let Some(attempt) = attempt {
            activity["synth:attempt"] = json!(attempt.number);
            activity["synth:seed"] = json!(record.seed);
        }
        activity
    };
    let mut fit = of_attempt("fit the generator");
    if let Some(attempt) = attempt {
        let engine = attempt.plan.engine.to_string();
        fit["synth:engine"] = json!(record.generator.as_ref().unwrap_or(&engine));
    }
    let activities = json!({
        "synth:fit": fit,
        "synth:sample": of_attempt("sample the rows"),
        "synth:measure": of_attempt("measure"),
        "synth:judge": { "prov:label": "judge", "synth:decision": record.decision.to_string() },
    });
    let agents = json!({
        "synth:program": {
            "prov:type": { "$": "prov:SoftwareAgent", "type": "prov:QUALIFIED_NAME" },
            "prov:label": program.name,
            "synth:version": program.version,
        },
    });
    let used = [
        ("fit", "source"),
        ("fit", "schema"),
        ("sample", "model"),
        ("measure", "source"),
        ("measure", "synthetic"),
        ("judge", "report"),
        ("judge", "policy"),
    ];
    let generated = [("model", "fit"), ("synthetic", "sample"), ("report", "measure")];
    let derived = [("schema", "source"), ("model", "source"), ("synthetic", "model"), ("report", "synthetic")];
    let activity_names = ["fit", "sample", "measure", "judge"].map(|activity| (activity, "program"));
    let members: Vec<(&str, &str)> = parts.iter().map(|(id, _)| ("synthetic", id.as_str())).collect();
    let mut document = json!({
        "prefix": { "prov": "http://www.w3.org/ns/prov#", "synth": NAMESPACE },
        "entity": entities,
        "activity": activities,
        "agent": agents,
        "used": relations("u", ["prov:activity", "prov:entity"], &used),
        "wasGeneratedBy": relations("g", ["prov:entity", "prov:activity"], &generated),
        "wasDerivedFrom": relations("d", ["prov:generatedEntity", "prov:usedEntity"], &derived),
        "wasAssociatedWith": relations("a", ["prov:activity", "prov:agent"], &activity_names),
    });
    if !members.is_empty() {
        document["hadMember"] = relations("m", ["prov:collection", "prov:entity"], &members);
    }
    document
}

/// Relations between pairs, under names of their own.
fn relations(letter: &str, roles: [&str; 2], pairs: &[(&str, &str)]) -> Value {
    let relation = |(i, (one, other)): (usize, &(&str, &str))| {
        let pair = json!({ roles[0]: format!("synth:{one}"), roles[1]: format!("synth:{other}") });
        (format!("_:{letter}{}", i + 1), pair)
    };
    Value::Object(pairs.iter().enumerate().map(relation).collect::<Map<String, Value>>())
}

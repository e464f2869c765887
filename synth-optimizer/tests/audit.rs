//! The log of a run: the same for the same run, and nothing in it or beside it can be changed unseen.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synth_compliance::{Chain, Decision, Key, Policy, chain, sha256};
use synth_core::io::{ReadOptions, read_bytes};
use synth_core::{EngineKind, Table};
use synth_optimizer::audit::{LOG_NAME, RECORD_NAME};
use synth_optimizer::{
    Fault, Folder, Pipeline, Program, RunOutcome, Source, Verified, Written, log, model_card, provenance, verify,
};

/// Files in memory.
#[derive(Clone)]
struct Files(BTreeMap<String, Vec<u8>>);

impl Folder for Files {
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn sha256(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|bytes| sha256(bytes))
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.0.get(name).cloned()
    }
}

impl Files {
    fn verify(&self) -> Result<Verified, Vec<Fault>> {
        verify(&self.0[LOG_NAME], self)
    }

    /// The places of all faults.
    fn faults(&self) -> Vec<String> {
        self.verify().unwrap_err().into_iter().map(|fault| fault.place).collect()
    }

    fn with(&self, name: &str, bytes: impl Into<Vec<u8>>) -> Files {
        let mut files = self.clone();
        files.0.insert(name.to_owned(), bytes.into());
        files
    }

    fn log(&self) -> String {
        String::from_utf8(self.0[LOG_NAME].clone()).unwrap()
    }
}

/// Two numbers around a common cause and two levels of it: what a copula can learn.
fn table() -> Table {
    let rng = &mut ChaCha8Rng::seed_from_u64(5);
    let mut text = String::from("x,y,ward|<b>\n");
    for _ in 0..300 {
        let mut normal = || (0..12).map(|_| rng.r#gen::<f64>()).sum::<f64>() - 6.0;
        let cause = normal();
        let [x, y] = [0.9, 0.5].map(|weight| 10.0 * (weight * cause + normal()));
        let ward = if cause + normal() > 0.0 { "a" } else { "b|<i>" };
        text += &format!("{x:.1},{y:.2},{ward}\n");
    }
    read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
}

fn program() -> Program {
    Program { name: "test".to_owned(), version: "1".to_owned() }
}

fn run(policy: &Policy) -> RunOutcome {
    Pipeline::new(policy.clone()).with_engine(EngineKind::Copula).with_seed(3).run(&table()).unwrap()
}

/// What a run leaves, table and model standing for themselves.
fn files_of(run: &RunOutcome, policy: &Policy, mac: Option<String>) -> Files {
    let source = Source::new("in.csv", &table(), mac);
    let mut files = BTreeMap::new();
    files.insert(RECORD_NAME.to_owned(), serde_json::to_vec_pretty(&run.record).unwrap());
    files.insert("MODEL_CARD.md".to_owned(), model_card(&run.record, policy, &source, &program()).into_bytes());
    if let Some(release) = &run.release {
        files.insert("model.synth".to_owned(), release.model.to_bytes().unwrap());
    }
    let written = |files: &BTreeMap<String, Vec<u8>>| -> Vec<Written> {
        let written = |(name, bytes): (&String, &Vec<u8>)| Written { name: name.clone(), sha256: sha256(bytes) };
        files.iter().map(written).collect()
    };
    let model = run.release.as_ref().map(|_| "model.synth");
    let document = provenance(&run.record, policy, &source, &program(), &written(&files), model, &[]);
    files.insert("provenance.json".to_owned(), serde_json::to_vec_pretty(&document).unwrap());
    let chain = log(&run.record, policy, &source, &program(), &written(&files));
    files.insert(LOG_NAME.to_owned(), chain.text().as_bytes().to_vec());
    Files(files)
}

fn hipaa() -> Policy {
    Policy::named("hipaa").unwrap()
}

fn accepted() -> Files {
    let run = run(&hipaa());
    assert!(run.record.decision.is_accepted(), "{:#?}", run.record.assessment());
    files_of(&run, &hipaa(), None)
}

#[test]
fn what_was_written_is_sound_and_the_same_again() {
    let files = accepted();
    let verified = files.verify().unwrap();
    let n_lines = files.log().lines().count();
    assert_eq!((verified.lines, verified.decision), (n_lines, Decision::Accepted));
    assert_eq!(verified.policy, hipaa().id());
    assert_eq!(verified.files, ["MODEL_CARD.md", "model.synth", "provenance.json", "report.json"]);
    assert_eq!(files.0, accepted().0);
}

#[test]
fn a_refused_run_and_one_with_an_own_policy_are_sound_too() {
    let strict = Policy::named("clinical-strict").unwrap();
    assert_eq!(files_of(&run(&strict), &strict, None).verify().unwrap().decision, Decision::Refused);
    let own = "name='ours'\nversion='1'\ntitle='t'\nextends='hipaa'\nmin_rows=20";
    let own = Policy::from_toml(own).unwrap();
    let files = files_of(&run(&own), &own, None);
    files.verify().unwrap();
    assert!(files.log().contains("\"direction\":\"loosened\""), "{}", files.log());
}

#[test]
fn a_byte_changed_in_any_line_or_file_is_found_and_named() {
    let files = accepted();
    let log = files.0[LOG_NAME].clone();
    for place in (0..log.len()).step_by(7) {
        let mut forged = log.clone();
        forged[place] ^= 1;
        let line = 1 + log[..place].iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(files.with(LOG_NAME, forged).faults(), [format!("audit.jsonl, line {line}")], "byte {place}");
    }
    for name in ["MODEL_CARD.md", "model.synth", "provenance.json", "report.json"] {
        let mut bytes = files.0[name].clone();
        let place = bytes.len() / 2;
        bytes[place] ^= 1;
        assert_eq!(files.with(name, bytes).faults(), [name]);
        let mut fewer = files.clone();
        fewer.0.remove(name);
        assert_eq!(fewer.faults(), [name]);
    }
    assert_eq!(files.with("synthetic.csv", "x\n1\n").faults(), ["synthetic.csv"]);
    assert_eq!(files.with(LOG_NAME, [0xff]).faults(), ["audit.jsonl, line 1"]);
}

#[test]
fn lines_swapped_taken_out_or_put_in_are_found() {
    let files = accepted();
    let log = files.log();
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    let check = |lines: &[&str], line: usize| {
        assert_eq!(files.with(LOG_NAME, lines.concat()).faults(), [format!("audit.jsonl, line {line}")]);
    };
    for i in 0..lines.len() {
        let mut fewer = lines.clone();
        fewer.remove(i);
        // Off the end as well: the last entry is missing.
        check(&fewer, i + 1);
        let mut more = lines.clone();
        more.insert(i, lines[i]);
        check(&more, i + 2);
        if i + 1 < lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(i, i + 1);
            check(&swapped, i + 1);
        }
    }
    check(&[], 1);
    check(&lines[..3], 4);
}

/// The log written anew with its entries changed: sound as a chain.
fn rewritten(files: &Files, change: impl Fn(usize, &mut serde_json::Value) -> bool) -> Files {
    let (entries, _) = chain::read(&files.log()).unwrap();
    let mut chain = Chain::new();
    for (i, mut entry) in entries.into_iter().enumerate() {
        if change(i, &mut entry) {
            chain.push(&entry);
        }
    }
    files.with(LOG_NAME, chain.text())
}

#[test]
fn a_log_written_anew_has_to_agree_with_itself_and_its_files() {
    let files = accepted();
    let check = |place: &str, change: &dyn Fn(usize, &mut serde_json::Value) -> bool| {
        assert_eq!(rewritten(&files, change).faults()[0], place);
    };
    let last = files.log().lines().count();
    check("audit.jsonl, line 3", &|_, e| {
        if let Some(policy) = e.get_mut("policy") {
            policy["toml"] = policy["toml"].as_str().unwrap().replace("max = 0.1", "max = 0.9").into();
        }
        true
    });
    check("audit.jsonl, line 2", &|i, _| i != 1);
    check(&format!("audit.jsonl, line {last}"), &|i, _| i + 1 != last);
    check("report.json", &|_, e| {
        if e.get("designed").is_some() {
            e["designed"]["seed"] = "drawn".into();
        }
        true
    });
    check("report.json", &|i, _| i != 5); // the attempt
    check("audit.jsonl, line 1", &|_, e| {
        if e.get("began").is_some() {
            e["began"]["version"] = (synth_optimizer::audit::AUDIT_VERSION + 1).into();
        }
        true
    });
    check("report.json", &|_, e| {
        if let Some(protected) = e.get_mut("protected") {
            protected["protection"]["by"] = "schema_alone".into();
        }
        true
    });
    check("audit.jsonl, line 6", &|_, e| {
        if e.get("attempt").is_some() {
            e["attempt"]["more"] = 2.into();
        }
        true
    });
    // What no check can find: everything anew, and in agreement. Only the head is another.
    let other = rewritten(&files, |_, e| {
        if e.get("read").is_some() {
            e["read"]["name"] = "other.csv".into();
        }
        true
    });
    assert_ne!(other.verify().unwrap().head, files.verify().unwrap().head);
}

#[test]
fn a_verdict_that_does_not_follow_from_its_report_is_found() {
    let policy = hipaa();
    let check = |problem: &str, forge: &dyn Fn(&mut RunOutcome)| {
        let mut run = run(&policy);
        forge(&mut run);
        // The log is written after the forgery, and agrees with it.
        let faults = files_of(&run, &policy, None).verify().unwrap_err();
        assert!(faults.iter().any(|f| f.place == RECORD_NAME && f.problem.contains(problem)), "{faults:?}");
    };
    check("the verdict on attempt 1 contradicts its report", &|run| {
        if let synth_optimizer::AttemptResult::Judged(assessment) = &mut run.record.attempts[0].result {
            assessment.verdict.score.at_least = 99;
        }
    });
    check("its decision contradicts its verdicts", &|run| run.record.decision = Decision::AcceptedWithFindings);
    check("its policy is not that of the log", &|run| run.record.policy.sha256 = "0".repeat(64));
}

#[test]
fn the_source_has_a_keyed_digest_or_none() {
    let key = Key::new(vec![7; 32]).unwrap();
    let (run, policy) = (run(&hipaa()), hipaa());
    let with = files_of(&run, &policy, Some(key.mac(b"the file")));
    let mac = with.verify().unwrap().hmac_sha256.unwrap();
    assert!(key.confirms(b"the file", &mac) && !key.confirms(b"another", &mac));
    assert!(with.0.values().all(|bytes| !bytes.windows(64).any(|w| w == sha256(b"the file").as_bytes())));
    let without = files_of(&run, &policy, None);
    assert_eq!(without.verify().unwrap().hmac_sha256, None);
    assert!(without.log().contains("no key was given: nobody, the owner included, can prove later"));
}

#[test]
fn the_card_says_what_a_steward_asks() {
    let files = accepted();
    let card = String::from_utf8(files.0["MODEL_CARD.md"].clone()).unwrap();
    for part in [
        "Decision: **accepted** under policy hipaa 2",
        "Forbidden: care of any patient",
        "200 to 499 rows, 3 columns",
        "| ward\\|&lt;b&gt; | ",
        "Done: ",
        "Settings of attempt 1: copula.",
        "No formal one",
        "| mia\\_auc | hard | ≤ 0.65, fails &lt; 0.40 or &gt; 0.55 |",
        "Privacy, worst attack: ",
        "Utility: not measured by this run",
        "Subgroups: not in report.json",
        synth_compliance::DISCLAIMER,
    ] {
        assert!(card.contains(part), "{part:?} is not in\n{card}");
    }
    assert!(!card.contains("in.csv"), "{card}");
    for text in [card, files.log(), String::from_utf8(files.0["provenance.json"].clone()).unwrap()] {
        for word in ["compliant", "certified", "anonymous"] {
            assert!(!text.to_lowercase().contains(word), "`{word}` in {text}");
        }
    }
}

#[test]
fn provenance_relates_only_what_it_holds() {
    let files = accepted();
    let document: serde_json::Value = serde_json::from_slice(&files.0["provenance.json"]).unwrap();
    let has = |sort: &str, id: &str| document[sort].get(id).is_some();
    let mut n_relations = 0;
    for (relation, roles) in [
        ("used", [("prov:activity", "activity"), ("prov:entity", "entity")]),
        ("wasGeneratedBy", [("prov:entity", "entity"), ("prov:activity", "activity")]),
        ("wasDerivedFrom", [("prov:generatedEntity", "entity"), ("prov:usedEntity", "entity")]),
        ("wasAssociatedWith", [("prov:activity", "activity"), ("prov:agent", "agent")]),
    ] {
        for pair in document[relation].as_object().unwrap().values() {
            n_relations += 1;
            for (role, sort) in roles {
                assert!(has(sort, pair[role].as_str().unwrap()), "{relation} {role}: {pair}");
            }
        }
    }
    assert!(n_relations > 12);
    let entities = &document["entity"];
    assert_eq!(entities["synth:model"]["synth:sha256"], sha256(&files.0["model.synth"]));
    assert_eq!(entities["synth:report"]["synth:sha256"], sha256(&files.0["report.json"]));
    assert_eq!(entities["synth:policy"]["synth:sha256"], hipaa().sha256());
    assert_eq!(entities["synth:synthetic"]["synth:kept"], false);
}

//! Model files as MODEL_FORMAT.md describes them, and files that somebody has changed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};
use synth_core::io::{ReadOptions, read_bytes};
use synth_core::model::{About, MODEL_VERSION};
use synth_core::train::Training;
use synth_core::{AnyEngine, Engine, EngineKind, Fit, Generator, Keeping, Model, Table};

/// Every kind of column, missing cells, and of constraints an order, a sum, a dependency and a range.
fn table() -> Table {
    let rng = &mut ChaCha8Rng::seed_from_u64(3);
    let mut text = String::from("id,came,gone,ward,floor,drugs,care,bill,weight,site\n");
    for row in 0..300 {
        let came = rng.gen_range(0..700);
        let gone = came + rng.gen_range(1..9);
        let date = |day: i64| format!("20{:02}-{:02}-{:02}", 10 + day / 336, 1 + day / 28 % 12, 1 + day % 28);
        let ward = rng.gen_range(0..6);
        let drugs = 60 * ward + rng.gen_range(0..40);
        let care = 2 * drugs + rng.gen_range(0..50);
        let weight = if rng.gen_range(0..6) == 0 { "NA".to_owned() } else { format!("{}.5", 40 + 12 * ward + row % 9) };
        let (came, gone) = (date(came), date(gone));
        let floor = ward / 2;
        writeln!(text, "P-{:04},{came},{gone},w{ward},f{floor},{drugs},{care},{},{weight},A", row * 7, drugs + care)
            .unwrap();
    }
    read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
}

fn fitted(kind: EngineKind, keeping: Keeping) -> Model {
    let mut engine = AnyEngine::for_size(kind, 0, 0);
    if let Some(training) = engine.training_mut() {
        *training = Training { n_iter: 30, min_steps: 1, hidden: vec![16], ema_decay: 0.95, ..Training::default() };
    }
    match &mut engine {
        AnyEngine::Masked(params) => params.n_bins = 8,
        AnyEngine::TabDdpm(params) => params.n_timesteps = 10,
        AnyEngine::Trees(params) => params.n_bins = 8,
        _ => {}
    }
    Fit::of(&table()).engine(engine).keep(keeping).run().unwrap()
}

/// A model file taken apart by what MODEL_FORMAT.md says and no code of the crate.
#[derive(Clone)]
struct Parts {
    /// The JSON of the safetensors header, without the metadata.
    tensors: Map<String, Value>,
    /// The JSON of the metadata's entry `synth`.
    synth: Value,
    /// The bytes of the tensors.
    data: Vec<u8>,
    check_sum: String,
}

impl Parts {
    fn of(bytes: &[u8]) -> Self {
        let n = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let mut header: Map<String, Value> = serde_json::from_slice(&bytes[8..8 + n]).unwrap();
        let metadata = header.remove("__metadata__").unwrap();
        let (synth, check_sum) = metadata["synth"].as_str().unwrap().rsplit_once('\n').unwrap();
        Self {
            tensors: header,
            synth: serde_json::from_str(synth).unwrap(),
            data: bytes[8 + n..].to_vec(),
            check_sum: check_sum.to_owned(),
        }
    }

    /// The CRC-32 of the text, and of each tensor in the order of their names its name, shape and bytes.
    fn sum(&self, synth: &str) -> String {
        let mut crc = flate2::Crc::new();
        crc.update(synth.as_bytes());
        for (name, tensor) in self.tensors.iter().collect::<BTreeMap<_, _>>() {
            crc.update(name.as_bytes());
            let numbers = |key: &str| tensor[key].as_array().unwrap().iter().map(|n| n.as_u64().unwrap());
            numbers("shape").for_each(|n| crc.update(&n.to_le_bytes()));
            let [from, to] = numbers("data_offsets").collect::<Vec<_>>()[..] else { panic!("two offsets") };
            crc.update(&self.data[from as usize..to as usize]);
        }
        format!("{:08x}", crc.sum())
    }

    fn sealed(&self) -> Vec<u8> {
        let synth = self.synth.to_string();
        let mut header = self.tensors.clone();
        header.insert("__metadata__".to_owned(), json!({ "synth": format!("{synth}\n{}", self.sum(&synth)) }));
        let header = serde_json::to_vec(&header).unwrap();
        [&(header.len() as u64).to_le_bytes()[..], &header, &self.data].concat()
    }
}

#[test]
fn the_file_is_what_its_description_says() {
    for &engine in EngineKind::ALL {
        let model = fitted(engine, Keeping::Found);
        let bytes = model.to_bytes().unwrap();
        let parts = Parts::of(&bytes);
        let text = {
            let n = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
            let header: Value = serde_json::from_slice(&bytes[8..8 + n]).unwrap();
            header["__metadata__"]["synth"].as_str().unwrap().rsplit_once('\n').unwrap().0.to_owned()
        };
        assert_eq!(parts.check_sum, parts.sum(&text), "{engine}");
        let keys: Vec<&String> = parts.synth.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["about", "constraints", "engine", "model", "version"], "{engine}");
        assert_eq!(parts.synth["version"], json!(MODEL_VERSION));
        assert_eq!(parts.synth["engine"], json!(engine.to_string()));
        let trained = matches!(engine, EngineKind::Masked | EngineKind::TabDdpm);
        assert_eq!(parts.tensors.is_empty(), !trained, "{engine}");

        // Every key of the model, and every kind of tensor, stands in the description.
        let described = include_str!("../MODEL_FORMAT.md");
        for key in parts.synth["model"].as_object().unwrap().keys() {
            assert!(described.contains(&format!("`{key}`")), "{engine}: `{key}` is not described");
        }
        for name in parts.tensors.keys() {
            let name: Vec<&str> =
                name.split('.').map(|part| if part.parse::<u64>().is_ok() { "*" } else { part }).collect();
            let name = name.join(".");
            assert!(described.contains(&format!("`{name}`")), "{engine}: `{name}` is not described");
        }

        let again = Model::from_bytes(&parts.sealed()).unwrap();
        assert_eq!(again.sample(0..40, 5).unwrap().batch(), model.sample(0..40, 5).unwrap().batch(), "{engine}");
    }
}

#[test]
fn what_a_model_is_of_goes_with_it() {
    let model = fitted(EngineKind::Copula, Keeping::Off);
    assert_eq!(*model.about(), About::default());
    let measures = BTreeMap::from([("ks_mean".to_owned(), 0.031), ("mia_auc".to_owned(), 0.512)]);
    let about = About { source_mac: Some("ab".repeat(32)), measures, ..About::default() };
    let bytes = model.clone().with_about(about.clone()).to_bytes().unwrap();
    let again = Model::from_bytes(&bytes).unwrap();
    assert_eq!(*again.about(), about);
    assert_eq!(again.sample(0..20, 1).unwrap().batch(), model.sample(0..20, 1).unwrap().batch());

    let mut parts = Parts::of(&bytes);
    for (key, value) in [("source_mac", json!("ab")), ("source_mac", json!("zz".repeat(32))), ("other", json!(1))] {
        let mut parts = parts.clone();
        parts.synth["about"][key] = value;
        let error = Model::from_bytes(&parts.sealed()).unwrap_err().to_string();
        assert!(error.contains("origin is damaged") || error.contains("header is damaged"), "{error}");
    }
    parts.synth["more"] = json!(1);
    assert!(Model::from_bytes(&parts.sealed()).unwrap_err().to_string().contains("header is damaged"));
}

/// The places of a value, a few of each list.
fn places(value: &Value, at: &mut String, found: &mut Vec<String>) {
    found.push(at.clone());
    let length = at.len();
    let mut inside = |key: &str, value: &Value, at: &mut String| {
        write!(at, "/{}", key.replace('~', "~0").replace('/', "~1")).unwrap();
        places(value, at, found);
        at.truncate(length);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| inside(key, value, at)),
        Value::Array(list) => {
            let last = list.len().saturating_sub(1);
            for i in [0, 1, last / 2, last]
                .into_iter()
                .filter(|&i| i < list.len())
                .collect::<std::collections::BTreeSet<_>>()
            {
                inside(&i.to_string(), &list[i], at);
            }
        }
        _ => {}
    }
}

/// What may stand in the place of a value.
fn others(value: &Value) -> Vec<Value> {
    let mut others = vec![json!(null), json!([]), json!({}), json!(""), json!("x"), json!(true), json!(false)];
    others.extend([json!(0), json!(1), json!(-1), json!(u64::MAX), json!(1_u64 << 40), json!(0.5), json!(-1e300)]);
    match value {
        Value::Array(list) if !list.is_empty() => {
            others.push(list[1..].to_vec().into());
            others.push([&list[..], &list[..1]].concat().into());
            others.push(list.iter().rev().cloned().collect::<Vec<_>>().into());
        }
        Value::String(text) => {
            others.extend([json!(format!("{text}x")), json!(text.to_uppercase())]);
            others.extend(table().schema().fields.iter().map(|field| json!(field.name)));
        }
        Value::Number(number) => others.extend(number.as_f64().map(|x| json!(x + 1.0))),
        _ => {}
    }
    others.retain(|other| other != value);
    others
}

/// Values of a header become others, under a check sum that is right: the file is refused, or else its model draws rows or says
/// in words why not. Of all changes one in `stride` is made.
fn changed_headers(stride: usize) {
    let files =
        EngineKind::ALL.iter().map(|&engine| (engine, Parts::of(&fitted(engine, Keeping::Found).to_bytes().unwrap())));
    let files: Vec<(EngineKind, Parts)> = files.collect();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut faults = Vec::new();
    let (mut n_changes, mut n_files, mut n_read) = (0, 0, 0);
    for (engine, parts) in files {
        let mut at = Vec::new();
        places(&parts.synth, &mut String::new(), &mut at);
        for place in at {
            let value = parts.synth.pointer(&place).unwrap();
            for other in others(value) {
                n_changes += 1;
                if n_changes % stride > 0 {
                    continue;
                }
                n_files += 1;
                let mut changed = parts.clone();
                *changed.synth.pointer_mut(&place).unwrap() = other.clone();
                let bytes = changed.sealed();
                let read = catch_unwind(AssertUnwindSafe(|| {
                    let Ok(model) = Model::from_bytes(&bytes) else { return false };
                    let _ = model.sample(0..5, 1);
                    true
                }));
                match read {
                    Ok(read) => n_read += usize::from(read),
                    Err(_) => {
                        let other: String = other.to_string().chars().take(60).collect();
                        faults.push(format!("{engine} {place} = {other}"));
                    }
                }
            }
        }
    }
    std::panic::set_hook(hook);
    assert!(faults.is_empty(), "{} of {n_files} (of {n_changes}):\n{}", faults.len(), faults.join("\n"));
    assert!(n_read > 10 && n_read < n_files);
}

#[test]
fn a_header_that_was_changed_is_refused_or_harmless() {
    changed_headers(97);
}

#[test]
#[ignore = "ten minutes"]
fn a_header_that_was_changed_anywhere_is_refused_or_harmless() {
    changed_headers(1);
}

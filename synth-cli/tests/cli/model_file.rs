//! Model files that are damaged or made to harm: refused with words, before anything large is asked of memory.

use serde_json::{Value, json};
use synth_core::model::MODEL_VERSION;

use crate::support::{DEMO, Folder, SHORT};

/// A model file taken apart: eight bytes of length, a JSON header, the tensors. The header's metadata has one text,
/// `synth`: JSON, a line end, and the check sum of both.
#[derive(Clone)]
struct Parts {
    header: Value,
    synth: Value,
    tensors: Vec<u8>,
}

impl Parts {
    fn of(bytes: &[u8]) -> Self {
        let n = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let header: Value = serde_json::from_slice(&bytes[8..8 + n]).unwrap();
        let (synth, _) = header["__metadata__"]["synth"].as_str().unwrap().rsplit_once('\n').unwrap();
        Self { synth: serde_json::from_str(synth).unwrap(), tensors: bytes[8 + n..].to_vec(), header }
    }

    /// The file with a check sum that is right.
    fn sealed(&self) -> Vec<u8> {
        let synth = self.synth.to_string();
        let mut crc = flate2::Crc::new();
        crc.update(synth.as_bytes());
        let mut names: Vec<&String> =
            self.header.as_object().unwrap().keys().filter(|k| *k != "__metadata__").collect();
        names.sort();
        for name in names {
            let tensor = &self.header[name];
            let whole = |v: &Value| v.as_u64().unwrap();
            crc.update(name.as_bytes());
            tensor["shape"].as_array().unwrap().iter().for_each(|n| crc.update(&whole(n).to_le_bytes()));
            let [from, to] = [0, 1].map(|i| whole(&tensor["data_offsets"][i]) as usize);
            crc.update(self.tensors.get(from..to).unwrap_or_default());
        }
        self.with_metadata(&format!("{synth}\n{:08x}", crc.sum()))
    }

    fn with_metadata(&self, synth: &str) -> Vec<u8> {
        let mut header = self.header.clone();
        header["__metadata__"]["synth"] = json!(synth);
        let header = header.to_string();
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &self.tensors].concat()
    }
}

/// A fitted model of each engine.
fn models(folder: &Folder) -> [Vec<u8>; 3] {
    folder.synth(&["fit", DEMO, "--engine", "copula", "--model", "copula"]).with(0);
    folder.synth(&[&["fit", DEMO, "--model", "tabddpm", "--target", "cens"], &SHORT[..]].concat()).with(0);
    folder.fit_masked("masked");
    [folder.read("copula"), folder.read("tabddpm"), folder.read("masked")]
}

#[track_caller]
fn refused(folder: &Folder, bytes: &[u8], message: &str) {
    folder.write("bad", bytes);
    let sample = ["sample", "bad", "--rows", "3", "--out", "s.csv"];
    let ended = folder.synth(&sample).fails(3, "bad: model file: ");
    assert!(ended.stderr.contains(message), "{message:?} is not in {:?}", ended.stderr);
    assert!(!folder.path("s.csv").exists());
}

#[test]
fn damage_is_noticed_wherever_it_is() {
    let folder = Folder::new();
    for model in models(&folder) {
        let mut at: Vec<usize> = (0..16).collect();
        at.extend((0..40).map(|i| 16 + i * (model.len() - 17) / 39));
        for at in at {
            for bit in [0, 6] {
                let mut bytes = model.clone();
                bytes[at] ^= 1 << bit;
                refused(&folder, &bytes, "");
            }
        }
        for length in [0, 1, 8, 9, 100, model.len() / 2, model.len() - 1] {
            refused(&folder, &model[..length], "");
        }
        refused(&folder, &[&model[..], b"more"].concat(), "");
    }
}

#[test]
fn what_is_no_model_of_this_version_is_named_so() {
    let folder = Folder::new();
    refused(&folder, &std::fs::read(DEMO).unwrap(), "not a model file, or damaged");
    refused(&folder, &u64::MAX.to_le_bytes(), "not a model file, or damaged");
    refused(&folder, &[&(1_u64 << 60).to_le_bytes()[..], b"{}"].concat(), "not a model file, or damaged");
    refused(&folder, &[&2_u64.to_le_bytes()[..], b"{}"].concat(), "not a model of this program");
    for model in models(&folder) {
        let parts = Parts::of(&model);
        assert_eq!(Parts::of(&parts.sealed()).synth, parts.synth);
        folder.write("good", parts.sealed());
        folder.synth(&["sample", "good", "--rows", "3", "--out", "-"]).with(0);
        let mut later = parts.clone();
        later.synth["version"] = json!(MODEL_VERSION + 1);
        let said = format!("it has version {}, this program reads {MODEL_VERSION}", MODEL_VERSION + 1);
        refused(&folder, &later.sealed(), &said);
        refused(&folder, &parts.with_metadata("{}"), "has no version");
        refused(&folder, &parts.with_metadata(&parts.synth.to_string()), "checksum");
        let nested = "[".repeat(100_000);
        refused(&folder, &parts.with_metadata(&nested), "has no version");
    }
}

#[test]
fn crafted_models_are_refused_though_their_check_sum_is_right() {
    let folder = Folder::new();
    let [copula, tabddpm, masked] = models(&folder).map(|model| Parts::of(&model));
    let crafted = |model: &Parts, pointer: &str, value: Value, message: &str| {
        let mut model = model.clone();
        *model.synth.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
        refused(&folder, &model.sealed(), message);
    };
    for (model, encoder) in [(&copula, "/model/encoder"), (&tabddpm, "/model/encoder")] {
        let at = |rest: &str| format!("{encoder}{rest}");
        crafted(model, &at("/n_rows"), json!(0), "learnt no rows");
        crafted(model, &at("/columns"), json!([]), "not those of its schema");
        crafted(model, &at("/columns/0/levels/names"), json!([]), "distribution of a column");
        crafted(model, &at("/columns/1/scale/map/x"), json!([]), "distribution of a column");
        crafted(model, &at("/columns/1/scale/map/x/0"), json!(1e300), "distribution of a column");
        crafted(model, &at("/columns/1/scale/map/u/0"), json!(-3), "distribution of a column");
        crafted(model, &at("/columns/1/scale/map/grid/decimal/step"), json!(0), "distribution of a column");
        let huge = json!({ "counter": { "prefix": "", "suffix": "", "next": 1, "width": 1_u64 << 50 } });
        crafted(
            model,
            &at("/columns/0"),
            json!({ "unlearnt": { "identifier": { "shape": huge } } }),
            "header is damaged",
        );
        crafted(model, &at("/schema/field/0/name"), json!("age"), "schema is not valid");
        crafted(model, &at("/schema/version"), json!(7), "schema is not valid");
    }
    crafted(&copula, "/model/cuts", json!([]), "shares of its levels");
    crafted(&copula, "/model/cholesky/dim", json!([1, 1]), "header is damaged");
    crafted(&copula, "/model/cholesky", json!({ "v": 1, "dim": [0, 0], "data": [] }), "correlations");
    crafted(&copula, "/model/cholesky/dim", json!([1_u64 << 60, 1]), "header is damaged");
    crafted(&tabddpm, "/model/params/n_timesteps", json!(1_u64 << 40), "out of range");
    crafted(&tabddpm, "/model/params/training/hidden", json!([1_u64 << 40]), "out of range");
    crafted(&tabddpm, "/model/params/training/hidden", json!([32]), "another type or shape");
    crafted(&tabddpm, "/model/params/training/hidden", json!([16, 16]), "another type or shape");
    crafted(&tabddpm, "/model/label", json!([99, [1.0]]), "label is none of its columns");
    crafted(&tabddpm, "/model/label/1", json!([]), "label is none of its columns");
    crafted(&tabddpm, "/model/sampler/n_steps", json!(4096), "sampler is out of range");

    let column = |rest: &str| format!("/model/tokenizer/columns{rest}");
    crafted(&masked, "/model/order", json!([0, 0, 1, 2, 3, 4, 5, 6, 7, 8]), "order is not one of its columns");
    crafted(&masked, "/model/order", json!([]), "order is not one of its columns");
    crafted(&masked, "/model/order/0", json!(1_u64 << 60), "order is not one of its columns");
    crafted(&masked, "/model/params/training/hidden", json!([32, 32]), "another type or shape");
    crafted(&masked, "/model/params/training/hidden", json!([16, 16, 16]), "is missing");
    crafted(&masked, "/model/params/training/hidden", json!([1_u64 << 40]), "out of range");
    crafted(&masked, "/model/tokenizer/n_rows", json!(0), "learnt no rows");
    crafted(&masked, &column(""), json!([]), "not those of its schema");
    crafted(&masked, &column("/0/learnt/levels/names"), json!([]), "tokens of a column are damaged");
    crafted(&masked, &column("/0/learnt/levels/names"), json!(["no", "yes", "x"]), "tokens of a column are damaged");
    crafted(&masked, &column("/0/learnt/levels/missing"), json!(true), "another type or shape");
    crafted(&masked, &column("/4/learnt/levels/values"), json!([0.0]), "tokens of a column are damaged");
    crafted(&masked, &column("/1/learnt/scale/atoms"), json!([2.0, 1.0]), "tokens of a column are damaged");
    crafted(&masked, &column("/1/learnt/scale/moments/1"), json!(0.0), "tokens of a column are damaged");
    crafted(&masked, &column("/1/learnt/scale/rest"), json!(null), "tokens of a column are damaged");
    crafted(&masked, &column("/1/learnt/scale/rest/x"), json!([]), "tokens of a column are damaged");
    crafted(&masked, &column("/1/learnt/scale/n_bins"), json!(1_u64 << 40), "tokens of a column are damaged");
    let mut many = masked.synth.pointer(&column("/1/learnt/scale")).unwrap().clone();
    (many["n_bins"], many["n_rest"]) = (json!(1_u64 << 40), json!(1_u64 << 40));
    crafted(&masked, &column("/1/learnt/scale"), many, "a column has more bins than its training made");
    crafted(&masked, "/model/tokenizer/schema/version", json!(7), "schema is not valid");

    // Tensors: not finite, of another shape, larger than the file, over each other, missing.
    for value in [f32::NAN, f32::INFINITY] {
        let mut model = tabddpm.clone();
        let at = model.header["mlp.0.weight"]["data_offsets"][0].as_u64().unwrap() as usize;
        model.tensors[at..at + 4].copy_from_slice(&value.to_le_bytes());
        refused(&folder, &model.sealed(), "tensor `mlp.0.weight` contains a value that is not finite");
    }
    let shaped = |name: &str, key: &str, value: Value, message: &str| {
        let mut model = tabddpm.clone();
        model.header[name][key] = value;
        refused(&folder, &model.sealed(), message);
    };
    shaped("mlp.0.weight", "shape", json!([16, 128]), "tensor `mlp.0.weight` has another type or shape");
    shaped("mlp.0.weight", "shape", json!([1_u64 << 60]), "damaged");
    shaped("mlp.0.weight", "data_offsets", json!([0, 1_u64 << 60]), "damaged");
    shaped("mlp.0.weight", "data_offsets", json!([0, 4]), "damaged");
    shaped("mlp.0.weight", "dtype", json!("I32"), "tensor `mlp.0.weight` has another type or shape");
    let mut model = tabddpm.clone();
    let tensor = model.header["mlp.0.weight"].take();
    model.header.as_object_mut().unwrap().remove("mlp.0.weight");
    model.header["other"] = tensor;
    refused(&folder, &model.sealed(), "tensor `mlp.0.weight` is missing");
}

#[test]
fn a_model_proves_what_it_was_fitted_on_to_whoever_has_the_key() {
    let folder = Folder::new();
    folder.write("key", "sixteen bytes at least");
    folder.write("other", "another key, long enough");
    folder.write("a.csv", std::fs::read(DEMO).unwrap());
    folder.write("b.csv", [&std::fs::read(DEMO).unwrap()[..], b"\n"].concat());
    let inspect =
        |model: &str, source: &str, key: &str| folder.synth(&["inspect", model, "--source", source, "--key", key]);
    folder.synth(&["fit", "a.csv", "--engine", "copula", "--model", "m", "--key", "key"]).with(0);
    assert!(inspect("m", "a.csv", "key").with(0).out().contains("it was fitted to that table"));
    inspect("m", "b.csv", "key").fails(3, "b.csv: not the table that was read, or another key");
    inspect("m", "a.csv", "other").fails(3, "another key");
    folder.synth(&["inspect", "m"]).with(0).out().contains("a key was given");
    folder.synth(&["fit", "a.csv", "--engine", "copula", "--model", "bare"]).with(0);
    inspect("bare", "a.csv", "key").fails(2, "fitted without a key");

    let run = ["run", "a.csv", "--engine", "copula", "--policy", "hipaa", "--out", "o", "--key", "key"];
    folder.synth(&run).with(0);
    let shown =
        folder.synth(&["inspect", "o/model.synth", "--source", "a.csv", "--key", "key", "--json"]).with(0).json();
    let report: Value = serde_json::from_slice(&folder.read("o/report.json")).unwrap();
    let measures = &report["attempts"][0]["result"]["judged"]["report"]["measures"];
    let ks = measures.as_array().unwrap().iter().find(|measure| measure["id"] == "ks_mean").unwrap();
    assert_eq!(shown["about"]["measures"]["ks_mean"], ks["outcome"]["measured"]["value"]);
    assert!(shown["about"]["measures"].get("mia_auc").is_some(), "{shown}");
}

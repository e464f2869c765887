//! The library's [`Run`] and the program leave the same folder, byte for byte: what a front adds is arguments and words.

use synth_compliance::{Key, Policy};
use synth_core::io::{ReadOptions, read_bytes};
use synth_core::{EngineKind, Table};
use synth_optimizer::{Pipeline, Run};

use crate::support::{DEMO, Folder};

/// What records call the built-in table.
const NAME: &str = "gbsg2 (built in)";

fn demo() -> Table {
    let options = ReadOptions { name: Some(NAME.to_owned()), ..ReadOptions::default() };
    read_bytes(std::fs::read(DEMO).unwrap(), &options).unwrap().table
}

#[track_caller]
fn assert_equal(folder: &Folder, one: &str, other: &str) -> Vec<String> {
    let (ones, others) = (folder.files(one), folder.files(other));
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&ones), names(&others));
    for ((name, one), (_, other)) in ones.iter().zip(&others) {
        assert!(one == other, "{name} differs");
    }
    names(&ones)
}

#[test]
fn an_accepted_run_leaves_what_the_program_leaves() {
    let folder = Folder::new();
    let key = "a secret of more than 16 bytes";
    folder.write("key", key);
    let args = ["run", "--demo", "--out", "program", "--engine", "copula", "--seed", "7", "--policy", "research"];
    folder.synth(&[&args[..], &["--split", "300", "--format", "tsv.gz", "--key", "key"]].concat()).with(0);

    let mac = Key::new(key.into()).unwrap().mac(&std::fs::read(DEMO).unwrap());
    let finished = Run::of(&demo())
        .policy(Policy::named("research").unwrap())
        .engine(EngineKind::Copula)
        .seed(7)
        .source(NAME, Some(mac))
        .out(folder.path("library"))
        .format("tsv.gz")
        .split(300)
        .start()
        .unwrap();
    let names = assert_equal(&folder, "program", "library");
    assert!(names.contains(&"synthetic-3.tsv.gz".to_owned()) && names.contains(&"model.synth".to_owned()), "{names:?}");
    let mut written: Vec<String> = finished.left.unwrap().files.iter().map(|path| path.display().to_string()).collect();
    written.sort();
    let expected = names.iter().map(|name| folder.path("library").join(name).display().to_string());
    assert_eq!(written, expected.collect::<Vec<_>>());
    folder.synth(&["verify", "library"]).with(0);
}

#[test]
fn a_refused_run_leaves_what_the_program_leaves() {
    let folder = Folder::new();
    let args = ["run", "--demo", "--out", "program", "--engine", "copula", "--policy", "clinical-strict"];
    let code = folder.synth(&[&args[..], &["--max-attempts", "1", "--keep-refused", "--rows", "100"]].concat()).code;
    assert!([4, 5].contains(&code), "{code}");

    let pipeline = Pipeline::new(Policy::named("clinical-strict").unwrap())
        .with_engine(EngineKind::Copula)
        .with_max_attempts(1)
        .with_seed(0)
        .with_rows(100)
        .with_refused_table();
    Run::of(&demo()).pipeline(pipeline).source(NAME, None).out(folder.path("library")).start().unwrap();
    let names = assert_equal(&folder, "program", "library");
    assert!(names.contains(&"REFUSED-synthetic.csv".to_owned()), "{names:?}");
}

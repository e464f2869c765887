//! `synth run` as a job in somebody's script: exit codes, the folder it leaves, the same bytes again.

use crate::support::{DEMO, Folder, SHORT, SHORT_MASKED, plain, table};

const COPULA: [&str; 2] = ["--engine", "copula"];
/// What a run may leave when there is no table to share.
const NO_TABLE: [&str; 6] =
    ["MODEL_CARD.md", "audit.jsonl", "provenance.json", "report.html", "report.json", "schema.toml"];

fn run(folder: &Folder, args: &[&str], code: i32) {
    folder.synth(&[&["run"], args].concat()).with(code);
}

/// No table and no model, under any name.
#[track_caller]
fn assert_no_table(folder: &Folder, out: &str) {
    let names = folder.names(out);
    let refused = |name: &String| !NO_TABLE.contains(&name.as_str());
    assert!(!names.iter().any(refused), "{names:?}");
}

#[test]
fn every_exit_code_means_what_it_says() {
    let folder = Folder::new();
    let code = |args: &[&str], code| run(&folder, &[args, &COPULA[..]].concat(), code);
    code(&[DEMO, "--out", "accepted"], 0);
    code(&[DEMO, "--out", "usage", "--policy", "nobody's"], 2);
    code(&["nothing.csv", "--out", "input"], 3);
    code(&[DEMO, "--out", "refused", "--policy", "clinical-strict"], 4);
    // No interval ends at the ideal.
    let gate = "[[gates]]\nmeasure = 'mia_top_precision'\nmax = 0.5\nsource = 'a test'\n";
    folder.write("ideal.toml", format!("name = 'ideal'\nversion = '1'\ntitle = 't'\nextends = 'hipaa'\n{gate}"));
    code(&[DEMO, "--out", "evidence", "--policy", "ideal.toml"], 5);
    code(&[DEMO, "--out", "large", "--rows", "4611686018427387904"], 6);
    run(&folder, &[&[DEMO, "--out", "late", "--time-budget", "1ms"], &SHORT[..]].concat(), 7);
    for nothing in ["usage", "input", "large"] {
        assert!(!folder.path(nothing).exists(), "{nothing}");
    }
    for no_table in ["refused", "evidence", "late"] {
        assert_no_table(&folder, no_table);
        assert!(folder.path(no_table).join("report.json").exists(), "{no_table}");
    }
    folder
        .synth(&[&["fit", DEMO, "--model", "m", "--time-budget", "1ms"], &SHORT[..]].concat())
        .fails(7, "time budget");
    folder.synth(&[&["fit", DEMO, "--model", "m"], &COPULA[..]].concat()).with(0);
    folder
        .synth(&["sample", "m", "--rows", "100000000000", "--out", "-"])
        .fails(6, "[too-large]; request fewer --rows");
}

/// Starts the program in `folder` and interrupts it as soon as it listens.
#[cfg(target_os = "linux")]
fn interrupted(folder: &Folder, args: &[&str]) -> std::process::Output {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_synth"))
        .current_dir(folder.path(""))
        .envs(folder.variables())
        .args(args)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id().to_string();
    // Until the program listens, an interrupt ends it as it ends any program.
    let listens = || {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).map(str::trim);
        caught.is_some_and(|mask| u64::from_str_radix(mask, 16).is_ok_and(|mask| mask & 0b10 != 0))
    };
    while !listens() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    child.wait_with_output().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_run_writes_nothing() {
    let folder = Folder::new();
    let output = interrupted(&folder, &["run", "--demo", "--engine", "tabddpm", "--out", "out"]);
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // Before the first state of a training there is nothing to go on with.
    let goes_on = folder.path("out/.synth-run").exists();
    let note = if goes_on { "resume with `synth run --resume out`" } else { "nothing was written" };
    assert!(said.ends_with(&format!("note: interrupted: {note}\n")), "{said}");
    assert!(folder.names("out").iter().all(|name| name == ".synth-run"));
}

/// Starts a run in `folder` and kills it as soon as `is_there` something in its own folder.
#[cfg(target_os = "linux")]
pub(crate) fn killed(folder: &Folder, args: &[&str], is_there: impl Fn(&[String]) -> bool) {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_synth"))
        .current_dir(folder.path(""))
        .envs(folder.variables())
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = args.iter().position(|arg| ["--out", "--resume"].contains(arg)).map_or("out", |i| args[i + 1]);
    while !is_there(&folder.names(&format!("{out}/.synth-run"))) {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_that_was_killed_goes_on_to_the_same_bytes() {
    let folder = Folder::new();
    folder.write("t.csv", std::fs::read(DEMO).unwrap());
    let begun =
        |out| [&["run", "t.csv", "--out", out, "--max-attempts", "2", "--seed", "3"], &SHORT_MASKED[..]].concat();
    let whole = folder.synth(&begun("whole"));
    assert!([0, 4, 5].contains(&whole.code), "{whole:?}");
    let is_there = |end: &'static str| move |names: &[String]| names.iter().any(|name| name.ends_with(end));
    killed(&folder, &begun("out"), is_there(".synth"));
    assert_eq!(folder.names("out"), [".synth-run"]);
    #[cfg(unix)]
    assert!(folder.is_private("out/.synth-run") && folder.is_private("out/.synth-run/run.json"));
    // As is said when it is begun again.
    let refused = folder.synth_leaving_a_run(&begun("out"));
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("out contains an interrupted run; --resume continues it"), "{refused:?}");
    // Killed once more, in the second half.
    killed(&folder, &["run", "--resume", "out"], is_there("attempt-1-5.synth"));
    folder.write("out/.synth-0123456789ab.part", "by a run that was killed while it wrote");
    folder.synth(&["run", "--resume", "out"]).with(whole.code);
    assert_eq!(folder.files("out"), folder.files("whole"));
    folder.synth(&["run", "--resume", "out"]).fails(2, "no unfinished run in out");
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_goes_on_only_with_what_it_began_with() {
    let folder = Folder::new();
    folder.write("t.csv", std::fs::read(DEMO).unwrap());
    let begun = [&["run", "t.csv", "--out", "out"], &SHORT_MASKED[..]].concat();
    killed(&folder, &begun, |names| names.iter().any(|name| name.ends_with(".synth")));
    let text = String::from_utf8(std::fs::read(DEMO).unwrap()).unwrap();
    folder.write("t.csv", text.lines().skip(1).fold(String::new(), |text, line| text + line + "\n"));
    let changed = folder.synth_leaving_a_run(&["run", "--resume", "out"]);
    assert_eq!(changed.code, 2);
    assert!(changed.stderr.contains("has changed since the run started"), "{changed:?}");
    // Begun anew it is a run of its own.
    folder.write("t.csv", text);
    let anew = folder.synth(&[&begun[..], &["--force", "--seed", "9"]].concat());
    assert!([0, 4, 5].contains(&anew.code), "{anew:?}");
    assert!(!folder.path("out/.synth-run").exists());
    folder.synth(&["run", "--resume", "out", "t.csv"]).fails(2, "cannot be used with");
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_whose_folder_was_edited_is_not_resumed() {
    let folder = Folder::of_drawn_seeds();
    folder.write("t.csv", std::fs::read(DEMO).unwrap());
    let begun = |out| [&["run", "t.csv", "--out", out], &SHORT_MASKED[..]].concat();
    let is_there = |names: &[String]| names.iter().any(|name| name.ends_with(".synth"));
    ["out", "other"].iter().for_each(|out| killed(&folder, &begun(out), is_there));
    let refused = |file: &str| {
        let ended = folder.synth_leaving_a_run(&["run", "--resume", "out"]);
        assert_eq!(ended.code, 2, "{ended:?}");
        let said = format!("out/.synth-run/{file} is not as the interrupted run wrote it, which cannot be resumed");
        assert!(ended.stderr.contains(&said), "{said} is not in {}", ended.stderr);
    };
    // What was asked, and the seed.
    let asked = folder.read("out/.synth-run/run.json");
    let text = String::from_utf8(asked.clone()).unwrap();
    assert!(!text.contains(&synth_compliance::sha256(&folder.read("t.csv"))), "a digest of the table");
    let value = text.split("\"value\": \"").nth(1).unwrap().split('"').next().unwrap();
    for (old, new) in [
        ("\"no_protection\": false", "\"no_protection\": true"),
        ("\"max_attempts\": 8", "\"max_attempts\": 80"),
        ("\"origin\": \"drawn\"", "\"origin\": \"given\""),
        (value, "7"),
    ] {
        assert!(text.contains(old), "{old} is not in {text}");
        folder.write("out/.synth-run/run.json", text.replacen(old, new, 1));
        refused("run.json");
    }
    folder.write("out/.synth-run/run.json", asked);
    // A model of another run, of a model of this run under another name, with a byte changed, and one that is no run's.
    let model = folder.names("out/.synth-run").into_iter().find(|name| name.ends_with(".synth")).unwrap();
    let (path, own) = (format!("out/.synth-run/{model}"), folder.read(&format!("out/.synth-run/{model}")));
    let others = folder.names("other/.synth-run").into_iter().find(|name| name.ends_with(".synth")).unwrap();
    let mut flipped = own.clone();
    *flipped.last_mut().unwrap() ^= 1;
    folder.synth_leaving_a_run(&["fit", "t.csv", "--model", "plain", "--engine", "copula"]).with(0);
    for forged in [folder.read(&format!("other/.synth-run/{others}")), flipped, folder.read("plain"), Vec::new()] {
        folder.write(&path, forged);
        refused(&model);
    }
    folder.write(&path, &own);
    folder.write("out/.synth-run/attempt-7-0.synth", &own);
    refused("attempt-7-0.synth");
    std::fs::remove_file(folder.path("out/.synth-run/attempt-7-0.synth")).unwrap();
    // As it was, it goes on, and files of the user's stay.
    folder.write("out/.synth-notes.txt", "mine");
    let resumed = folder.synth_leaving_a_run(&["run", "--resume", "out"]);
    assert!([0, 4, 5].contains(&resumed.code), "{resumed:?}");
    assert_eq!(folder.read("out/.synth-notes.txt"), b"mine");
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_fit_goes_on_from_its_checkpoint_to_the_same_bytes() {
    let folder = Folder::new();
    let training = ["--engine", "masked", "--n-iter", "60", "--hidden", "32,32"];
    folder.synth(&[&["fit", DEMO, "--model", "whole"], &training[..]].concat()).with(0);
    let broken = [&["fit", DEMO, "--model", "model", "--checkpoint", "state"], &training[..]].concat();
    let output = interrupted(&folder, &broken);
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(!folder.path("model").exists() && folder.is_private("state"));
    // Another training does not go on from it, and leaves it where it is.
    folder.synth(&[&broken[..], &["--seed", "1"]].concat()).fails(3, "another table or other settings");
    folder.synth(&broken).with(0);
    assert!(folder.read("model") == folder.read("whole"), "the bytes differ");
    assert!(!folder.path("state").exists(), "a state is of no use once there is a model");
}

#[test]
fn results_are_replaced_only_by_force_and_then_all_of_them() {
    let folder = Folder::new();
    let first = [DEMO, "--out", "out", "--seed", "1", "--engine", "copula"];
    run(&folder, &first, 0);
    folder.write("out/mine.txt", "not of the program");
    let before = folder.files("out");
    folder
        .synth(&[&["run"], &first[..]].concat())
        .fails(2, "contains the results of an earlier run; --force replaces them");
    assert_eq!(folder.files("out"), before);

    // A run that fails leaves the old results alone; one that is refused takes the stale table away.
    run(&folder, &["nothing.csv", "--out", "out", "--force"], 3);
    assert_eq!(folder.files("out"), before);
    run(&folder, &[&first[..], &["--force", "--policy", "clinical-strict"]].concat(), 4);
    assert!(folder.path("out/mine.txt").exists());
    std::fs::remove_file(folder.path("out/mine.txt")).unwrap();
    assert_no_table(&folder, "out");

    run(&folder, &[&first[..], &["--force", "--policy", "clinical-strict", "--keep-refused"]].concat(), 4);
    let names = folder.names("out");
    assert!(names.contains(&"REFUSED-synthetic.csv".to_owned()), "{names:?}");
    assert!(!names.contains(&"synthetic.csv".to_owned()) && !names.contains(&"model.synth".to_owned()), "{names:?}");
    run(&folder, &[&first[..], &["--force"]].concat(), 0);
    let names = folder.names("out");
    assert!(names.contains(&"synthetic.csv".to_owned()) && !names.contains(&"REFUSED-synthetic.csv".to_owned()));
}

#[test]
fn the_input_outlives_every_choice_of_output() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("out")).unwrap();
    folder.write("out/synthetic.csv", plain(150));
    let lost = "is an input and would be lost";
    folder.synth(&["run", "out/synthetic.csv", "--out", "out", "--force"]).fails(2, lost);
    folder.synth(&["run", "out/synthetic.csv", "--out", "out/../out", "--force"]).fails(2, lost);
    folder.synth(&["run", "out/synthetic.csv", "--out", "out"]).fails(2, lost);
    folder.synth(&["run", "out/synthetic.csv", "--out", "out/synthetic.csv"]).fails(2, "is not a folder");
    folder.synth(&["run", "out/synthetic.csv", "--out", "out/synthetic.csv/deeper"]).fails(2, "is not a folder");
    assert_eq!(folder.files("out"), [("synthetic.csv".to_owned(), plain(150).into_bytes())]);
    #[cfg(unix)]
    {
        // Taking a link away does not take away what it leads to.
        folder.write("in.csv", std::fs::read(DEMO).unwrap());
        std::fs::create_dir(folder.path("links")).unwrap();
        std::os::unix::fs::symlink("../in.csv", folder.path("links/synthetic.csv")).unwrap();
        folder.synth(&["run", "in.csv", "--out", "links", "--force"]).fails(2, lost);
        run(&folder, &[DEMO, "--out", "links", "--force", "--engine", "copula"], 0);
        assert_eq!(folder.read("in.csv"), std::fs::read(DEMO).unwrap());
    }
}

#[test]
#[cfg(unix)]
fn a_folder_that_cannot_be_written_is_refused_before_the_work() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    std::fs::create_dir(folder.path("locked")).unwrap();
    std::fs::set_permissions(folder.path("locked"), std::fs::Permissions::from_mode(0o555)).unwrap();
    // Permissions do not hold for root, under whom some machines run their tests.
    if std::fs::write(folder.path("locked/x"), "").is_err() {
        folder.synth(&["run", DEMO, "--out", "locked/out"]).fails(2, "cannot write in locked: Permission denied");
        folder.synth(&["fit", DEMO, "--model", "locked/m"]).fails(2, "cannot write in locked: Permission denied");
    }
    folder.synth(&["fit", DEMO, "--model", "nowhere/m"]).fails(2, "no folder nowhere; create it first");
    folder.synth(&["fit", DEMO, "--model", "."]).fails(2, "is a folder");
}

#[test]
fn equal_seeds_give_equal_bytes_on_any_machine() {
    let folder = Folder::new();
    // Every kind of column: numbers with gaps, levels, dates, identifiers, a constant.
    let extra = |i: usize| {
        let level = ["", "1.5", "2.5", "x"][i % 3];
        format!(",{level},2020-01-{:02},P{:04},same", 1 + i % 28, i * 7 + 13)
    };
    folder.write("in.csv", table(120, "age,sex,dose,lab,seen,patient,site", extra));
    for engine in [&SHORT[..], &COPULA[..]] {
        let out = |out: &str, seed: &str, threads: &str, variables: &[(&str, &str)]| {
            let args = ["run", "in.csv", "--out", out, "--seed", seed, "--threads", threads, "--force"];
            let args = [&args[..], &["--keep-refused", "--max-attempts", "1", "--quiet"], engine].concat();
            let ended = folder.synth_with(&args, b"", variables);
            assert!([0, 4, 5].contains(&ended.code), "{ended:?}");
            folder.files(out)
        };
        let one = out("one", "7", "1", &[("LC_ALL", "C"), ("TZ", "UTC")]);
        let two = out("two", "7", "2", &[("LC_ALL", "de_DE.UTF-8"), ("TZ", "Asia/Kathmandu")]);
        let names = |files: &[(String, Vec<u8>)]| files.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
        assert!(names(&one).iter().any(|name| name.ends_with("synthetic.csv")), "{:?}", names(&one));
        assert_eq!(names(&one), names(&two));
        for (one, two) in one.iter().zip(&two) {
            assert!(one.1 == two.1, "{engine:?}: {} depends on the number of threads or the locale", one.0);
        }
        // The model of a fit as well, and its rows however many are drawn.
        let fit = |model: &str, seed: &str, threads: &str| {
            let args = ["fit", "in.csv", "--model", model, "--seed", seed, "--threads", threads, "--force"];
            folder.synth(&[&args[..], engine].concat()).with(0);
            folder.read(model)
        };
        let sample = |seed: &str, rows: &str, threads: &str| {
            let args = ["sample", "m", "--rows", rows, "--seed", seed, "--threads", threads, "--out", "-"];
            folder.synth(&args).with(0).out()
        };
        assert!(fit("m", "3", "1") == fit("m", "3", "2"), "{engine:?}");
        let rows = sample("1", "40", "1");
        assert_eq!(rows, sample("1", "40", "2"));
        assert!(sample("1", "60", "2").starts_with(&rows));
        assert_ne!(rows, sample("2", "40", "1"));
    }
    let other = |seed: &str| {
        run(&folder, &["--demo", "--out", "o", "--seed", seed, "--force", "--engine", "copula"], 0);
        folder.read("o/synthetic.csv")
    };
    assert_ne!(other("1"), other("2"));
}

#[test]
fn what_takes_more_memory_than_it_may_is_refused_before_anything_is_learnt() {
    let folder = Folder::new();
    let message =
        folder.synth(&["run", DEMO, "--out", "o", "--max-memory", "20MB"]).fails(6, "20 MB may be used").stderr;
    assert!(message.contains("this needs about") && !folder.path("o").exists(), "{message}");
    folder.synth(&["fit", DEMO, "--model", "m.synth", "--max-memory", "20MB"]).fails(6, "20 MB may be used");
    assert!(!folder.path("m.synth").exists());
    let plan = folder.synth(&["plan", DEMO, "--max-memory", "20MB"]).with(0).out();
    assert!(plan.contains("memory: about "), "{plan}");
    folder.synth(&["run", DEMO, "--out", "o", "--max-memory", "lots"]).fails(2, "--max-memory");
}

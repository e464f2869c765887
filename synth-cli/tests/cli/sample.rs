//! Rows that meet conditions, and many rows.

use crate::support::{DEMO, Folder, SHORT, cells};

const THERAPY: usize = 0;
const AGE: usize = 1;
const GRADE: usize = 4;

fn sampled(folder: &Folder, args: &[&str]) -> String {
    folder.synth(&[&["sample", "m", "--out", "-"], args].concat()).with(0).out()
}

#[test]
fn every_row_meets_every_condition() {
    let folder = Folder::new();
    folder.fit_masked("m");
    let number = |cell: &str| cell.parse::<f64>().unwrap();
    let check = |conditions: &[&str], meets: &dyn Fn(&[&str]) -> bool| {
        let args: Vec<&str> = conditions.iter().flat_map(|condition| ["--where", condition]).collect();
        let csv = sampled(&folder, &[&["--rows", "300"], &args[..]].concat());
        let rows = cells(&csv);
        assert_eq!(rows.len(), 300, "{conditions:?}");
        assert!(rows.iter().all(|row| meets(row)), "{conditions:?}: {csv}");
    };
    check(&["horTh=yes"], &|row| row[THERAPY] == "yes");
    check(&["horTh!=yes"], &|row| row[THERAPY] == "no");
    check(&["tgrade=I|III"], &|row| row[GRADE] == "I" || row[GRADE] == "III");
    check(&["tgrade!=I|III"], &|row| row[GRADE] == "II");
    check(&["age>=60"], &|row| number(row[AGE]) >= 60.0);
    check(&["age>60"], &|row| number(row[AGE]) > 60.0);
    check(&["age<=40"], &|row| number(row[AGE]) <= 40.0);
    check(&[" age < 40 "], &|row| number(row[AGE]) < 40.0);
    check(&["age>=50", "age<55"], &|row| (50.0..55.0).contains(&number(row[AGE])));
    check(&["age=50|60"], &|row| row[AGE] == "50" || row[AGE] == "60");
    check(&["age>70", "tgrade=III", "horTh=no"], &|row| {
        number(row[AGE]) > 70.0 && row[GRADE] == "III" && row[THERAPY] == "no"
    });
}

#[test]
fn levels_are_balanced_on_demand() {
    let folder = Folder::new();
    folder.fit_masked("m");
    let count = |args: &[&str], column: usize, level: &str| {
        let csv = sampled(&folder, &[&["--rows", "900"], args].concat());
        assert_eq!(cells(&csv).len(), 900);
        cells(&csv).iter().filter(|row| row[column] == level).count()
    };
    // Each level is drawn for a third of 900 rows: five standard errors are 70.
    for level in ["I", "II", "III"] {
        assert!((230..370).contains(&count(&["--balance", "tgrade"], GRADE, level)), "{level}");
    }
    // Of those that a condition leaves.
    let both = ["--balance", "tgrade", "--where", "tgrade!=II", "--where", "age>50"];
    assert!((375..525).contains(&count(&both, GRADE, "I")));
    assert_eq!(count(&both, GRADE, "II"), 0);
    let csv = sampled(&folder, &[&["--rows", "100"], &both[..]].concat());
    assert!(cells(&csv).iter().all(|row| row[AGE].parse::<u32>().unwrap() > 50));
}

#[test]
fn conditioned_rows_are_numbered_too() {
    let folder = Folder::new();
    folder.fit_masked("m");
    let args = ["--where", "age>=60", "--where", "time<=1000", "--balance", "tgrade"];
    let rows = |rows: &str, threads: &str| {
        sampled(&folder, &[&["--rows", rows, "--threads", threads, "--seed", "3"], &args[..]].concat())
    };
    let few = rows("50", "1");
    assert_eq!(few, rows("50", "2"));
    assert!(rows("1500", "2").starts_with(&few));
}

#[test]
fn conditions_that_cannot_be_met_are_refused() {
    let folder = Folder::new();
    folder.fit_masked("m");
    let fails = |args: &[&str], code, message: &str| {
        let ended = folder.synth(&[&["sample", "m", "--rows", "5", "--out", "s.csv"], args].concat());
        ended.fails(code, message);
        assert!(!folder.path("s.csv").exists());
    };
    // Not readable: what was typed may be shown, by whom it was typed.
    fails(&["--where", "age"], 2, "invalid value 'age' for '--where <COND>': no operator");
    fails(&["--where", "age=>60"], 2, "two operators in a row");
    fails(&["--where", "age>60|70"], 2, "`>` takes one value");
    fails(&["--where", "tgrade="], 2, "missing value");
    fails(&["--where"], 2, "--where");
    // Readable, and not of this model.
    fails(&["--where", "sex=F"], 3, "m, column `sex`: the model has no such column [unknown-column]");
    fails(&["--where", "tgrade=IV"], 3, "m, column `tgrade`: a value of the condition was not learnt");
    fails(&["--where", "tgrade>1"], 3, "column `tgrade`: only numbers and dates have ranges");
    fails(&["--where", "age>=old"], 3, "column `age`");
    fails(&["--where", "age>500"], 3, "column `age`: no learnt value meets the conditions [unknown-level]");
    fails(&["--where", "tgrade=I", "--where", "tgrade!=I"], 3, "no learnt value meets the conditions");
    fails(&["--balance", "sex"], 3, "column `sex`: the model has no such column");
    fails(&["--balance", "age"], 3, "column `age`: only a categorical column can be balanced");
}

#[test]
fn a_model_that_knows_no_conditions_says_which_does() {
    let folder = Folder::new();
    folder.synth(&["fit", DEMO, "--engine", "copula", "--model", "copula"]).with(0);
    folder.synth(&[&["fit", DEMO, "--model", "tabddpm"], &SHORT[..]].concat()).with(0);
    for engine in ["copula", "tabddpm"] {
        for asked in [["--where", "age>60"], ["--balance", "tgrade"]] {
            let message = format!("--where and --balance need a model of the engine masked; this model is {engine}");
            folder.synth(&[&["sample", engine, "--rows", "5", "--out", "-"], &asked[..]].concat()).fails(2, &message);
        }
    }
}

/// More rows than are ever held at once, of every engine: they are the rows of the same sample.
#[test]
fn rows_are_the_same_however_many_blocks_they_come_in() {
    let folder = Folder::new();
    folder.fit_masked("masked");
    folder.synth(&["fit", DEMO, "--engine", "copula", "--model", "copula"]).with(0);
    for model in ["masked", "copula"] {
        let sample = |rows: &str, out: &str| {
            folder.synth(&["sample", model, "--rows", rows, "--out", out, "--force"]).with(0);
            folder.read(out)
        };
        let one = sample("65536", "one.csv");
        let two = sample("66000", "two.csv");
        assert!(two.starts_with(&one), "{model}");
        assert_eq!(two.iter().filter(|&&byte| byte == b'\n').count(), 66_001, "{model}");
        let piped = folder.synth(&["sample", model, "--rows", "66000", "--out", "-"]).with(0);
        assert!(piped.stdout == two, "{model}");
        // Parquet and Arrow hold the same rows: as CSV they are the same bytes again.
        for form in ["parquet", "arrow.zst"] {
            let name = format!("two.{form}");
            sample("66000", &name);
            let equal =
                folder.synth(&["evaluate", "--train", "two.csv", "--synthetic", &name, "--json"]).with(0).json();
            assert_eq!(equal["rows"]["synthetic"], 66_000);
            assert_eq!(equal["measures"][0]["outcome"]["measured"]["value"], 0.0, "{model} {form}");
        }
    }
}

#[test]
#[cfg(unix)]
fn a_reader_that_goes_away_ends_the_work() {
    use std::io::Read;
    use std::process::{Command, Stdio};
    let folder = Folder::new();
    folder.synth(&["fit", DEMO, "--engine", "copula", "--model", "m"]).with(0);
    let mut child = Command::new(env!("CARGO_BIN_EXE_synth"))
        .args(["sample", "m", "--rows", "1000000000", "--out", "-"])
        .current_dir(folder.path(""))
        .envs(folder.variables())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A thousand million rows would take hours: they come as they are drawn.
    let mut start = [0; 5];
    child.stdout.take().unwrap().read_exact(&mut start).unwrap();
    assert_eq!(&start, b"horTh");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_sample_leaves_no_file() {
    use std::process::{Command, Stdio};
    let folder = Folder::new();
    folder.synth(&["fit", DEMO, "--engine", "copula", "--model", "m"]).with(0);
    let mut child = Command::new(env!("CARGO_BIN_EXE_synth"))
        .args(["sample", "m", "--rows", "1000000000", "--out", "s.csv"])
        .current_dir(folder.path(""))
        .envs(folder.variables())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // By the time there is something in the folder, the program listens.
    while folder.names("").len() < 2 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "error: cannot write s.csv: interrupted\n");
    assert_eq!(folder.names(""), ["m"]);
}

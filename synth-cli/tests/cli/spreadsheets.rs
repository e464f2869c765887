//! Text that a spreadsheet would run as a formula is told of, and made safe where that is asked for.

use crate::support::{Folder, table};

const CELL: &str = "=2+5+cmd|' /C calc'!A0";

fn input() -> String {
    table(150, "age,sex,dose,=note,change", |i| format!(",{},{}", [CELL, "none"][i % 2], i as i64 % 9 - 4))
}

fn cells(csv: &[u8]) -> Vec<String> {
    String::from_utf8(csv.to_vec()).unwrap().split([',', '\n']).map(str::to_owned).collect()
}

#[test]
fn a_run_tells_of_formulas_and_puts_an_apostrophe_before_them() {
    let folder = Folder::new();
    folder.write("in.csv", input());
    let policy = "name = 'any'\nversion = '1'\ntitle = 't'\nmin_rows = 20\n[[gates]]\nmeasure = 'ks_mean'\nmax = 0.9\n\
                  class = 'mandatory'\nsource = 'a test'\n";
    folder.write("any.toml", policy);
    let run = ["run", "in.csv", "--engine", "copula", "--policy", "any.toml"];
    let told = folder.synth(&[&run[..], &["--out", "out"]].concat()).with(0).out();
    let plain = cells(&folder.read("out/synthetic.csv"));
    let n = plain.iter().filter(|cell| *cell == CELL).count();
    assert!(n > 30, "{plain:?}");
    let met = format!("{n} cells of `=note`, the name of `=note`");
    assert!(told.contains(&format!("note: a spreadsheet would run text as formulas: {met};")), "{told}");

    let safe = folder.synth(&[&run[..], &["--out", "safe", "--spreadsheet-safe"]].concat()).with(0).out();
    assert!(
        safe.contains(&format!("an apostrophe was put before text that a spreadsheet would run as formulas: {met}"))
    );
    let marked = cells(&folder.read("safe/synthetic.csv"));
    assert!(marked.iter().all(|cell| !cell.starts_with('=')), "{marked:?}");
    assert!(marked.iter().any(|cell| cell.starts_with('-')), "numbers stay numbers");
    // One apostrophe taken away, the table is the same.
    let undone: Vec<String> = marked.iter().map(|cell| cell.strip_prefix('\'').unwrap_or(cell).to_owned()).collect();
    assert_eq!(undone, plain);
    folder.synth(&["verify", "safe"]).with(0);
    let card = String::from_utf8(folder.read("safe/MODEL_CARD.md")).unwrap();
    assert!(card.contains("an apostrophe was put before text"), "{card}");
    // A typed file runs nothing.
    let typed = folder.synth(&[&run[..], &["--out", "typed", "--format", "parquet"]].concat()).with(0).out();
    assert!(!typed.contains("spreadsheet"), "{typed}");
}

#[test]
fn so_does_a_sample() {
    let folder = Folder::new();
    folder.write("in.csv", input());
    folder.synth(&["fit", "in.csv", "--model", "m", "--engine", "copula"]).with(0);
    let sample = |args: &[&str]| folder.synth(&[&["sample", "m", "--rows", "40", "--out", "-"], args].concat()).with(0);
    let plain = sample(&[]);
    assert!(plain.stderr.contains("note: a spreadsheet would run text as formulas"), "{}", plain.stderr);
    let safe = sample(&["--spreadsheet-safe"]);
    assert!(safe.stderr.contains("note: an apostrophe was put before"), "{}", safe.stderr);
    assert!(cells(&safe.stdout).iter().all(|cell| !cell.starts_with('=')), "{}", safe.out());
    assert!(!sample(&["--quiet"]).stderr.contains("note"));
}

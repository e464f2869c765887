//! What every row keeps: printed, declared, kept and told.

use std::fmt::Write as _;

use crate::support::{Folder, cells};

const HEADER: [&str; 7] = ["came", "gone", "drugs", "care", "bill", "dose", "most"];

/// `gone` is after `came` by a little, `bill` is a sum; `dose` is mostly under `most`, and not always.
fn table() -> String {
    let mut text = HEADER.join(",") + "\n";
    let mut state = 1_u64;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    for _ in 0..300 {
        let (came, stay, drugs, care) = (below(900), 1 + below(20), below(300), below(500));
        let (dose, most) = (came / 15 + below(20), 50 + below(60));
        writeln!(text, "{came},{},{drugs},{care},{},{dose},{most}", came + stay, drugs + care).unwrap();
    }
    text
}

/// Training that finds what little there is in the table.
const LEARNS: [&str; 6] = ["--engine", "masked", "--n-iter", "120", "--hidden", "32,32"];

/// Rows of a table as numbers.
fn rows(csv: &str) -> Vec<Vec<i64>> {
    cells(csv).iter().map(|row| row.iter().map(|cell| cell.parse().unwrap()).collect()).collect()
}

fn is_kept(row: &[i64]) -> bool {
    row[0] < row[1] && row[2] + row[3] == row[4]
}

#[test]
fn what_is_found_can_be_declared_and_is_kept() {
    let folder = Folder::new();
    folder.write("in.csv", table());
    let profile = folder.synth(&["profile", "in.csv"]).with(0).out();
    for line in ["# kind = \"sum\"", "# total = \"bill\"", "# lower = \"came\"", "# strict = true"] {
        assert!(profile.lines().any(|own| own == line), "{line}: {profile}");
    }
    // Comments declare nothing, and are a schema all the same.
    folder.write("found.toml", &profile);
    let fit = |schema: &str, which: &str| {
        let args = ["fit", "in.csv", "--model", "m", "--force", "--schema", schema, "--constraints", which];
        folder.synth(&[&args[..], &LEARNS].concat()).with(0).out()
    };
    let sampled = || rows(&folder.synth(&["sample", "m", "--rows", "400", "--out", "-"]).with(0).out());
    assert!(!fit("found.toml", "declared").contains("constraints"));
    assert!(!sampled().iter().all(|row| is_kept(row)));
    let own = "\n[[constraint]]\nkind = \"order\"\nlower = \"dose\"\nupper = \"most\"\nstrict = true\n";
    let mark = "# Constraints that every row satisfies.";
    let (schema, found) = profile.split_once(mark).unwrap();
    let declared: String = found
        .lines()
        .skip(1)
        .map(|line| line.trim_start_matches("# ").trim_start_matches('#').to_owned() + "\n")
        .collect();
    folder.write("declared.toml", format!("{schema}{declared}{own}"));
    let told = fit("declared.toml", "declared");
    assert!(told.contains("`drugs` + `care` = `bill`: total computed"), "{told}");
    assert!(told.contains("`came` is less than `gone`: difference learnt"), "{told}");
    assert!(sampled().iter().all(|row| is_kept(row) && row[5] < row[6]));
    // What is made from other columns can be asked for too, and be filled in.
    let old = folder.synth(&["sample", "m", "--rows", "50", "--where", "bill>400", "--out", "-"]).with(0).out();
    assert!(rows(&old).iter().all(|row| is_kept(row) && row[4] > 400));
    let first = table().lines().nth(1).unwrap().to_owned();
    let numbers: Vec<&str> = first.split(',').collect();
    let gap = format!(
        "{}\n{},{},{},,{},{},{}\n",
        HEADER.join(","),
        numbers[0],
        numbers[1],
        numbers[2],
        numbers[4],
        numbers[5],
        numbers[6]
    );
    folder.write("gap.csv", gap + table().split_once('\n').unwrap().1);
    folder.synth(&["impute", "gap.csv", "--model", "m", "--out", "full.csv", "-q"]).with(0);
    assert_eq!(String::from_utf8(folder.read("full.csv")).unwrap().lines().nth(1), Some(first.as_str()));
    folder.synth(&["score", "m", "in.csv", "--out", "scores.csv"]).with(0);
}

#[test]
fn a_run_tells_what_its_rows_keep() {
    let folder = Folder::new();
    folder.write("in.csv", table());
    let run = |out: &str, which: &str| {
        let args = ["run", "in.csv", "--out", out, "--max-attempts", "1", "--keep-refused", "--constraints", which];
        folder.synth(&[&args[..], &["--no-protection"], &LEARNS].concat())
    };
    let ended = run("found", "found");
    assert!(ended.out().contains("`drugs` + `care` = `bill` (found): enforced"), "{}", ended.out());
    let files = folder.files("found");
    let (_, made) = files.iter().find(|(name, _)| name.ends_with("synthetic.csv")).expect("a table");
    assert!(rows(std::str::from_utf8(made).unwrap()).iter().all(|row| is_kept(row)));
    let report: serde_json::Value = serde_json::from_slice(&folder.read("found/report.json")).unwrap();
    let rules = report["constraints"]["rules"].as_array().unwrap();
    assert!(rules.iter().all(|rule| rule["by"] == "not_kept" || rule["kept"] == 1.0), "{rules:?}");
    let card = String::from_utf8(folder.read("found/MODEL_CARD.md")).unwrap();
    assert!(card.contains("## Constraints") && card.contains("difference learnt"), "{card}");
    assert!(!run("off", "off").out().contains("(found)"));
}

#[test]
fn what_cannot_be_declared_is_named() {
    let folder = Folder::new();
    folder.write("in.csv", table());
    let schema = folder.synth(&["profile", "in.csv"]).with(0).out();
    let refused = |constraint: &str, message: &str| {
        folder.write("schema.toml", format!("{schema}\n[[constraint]]\n{constraint}"));
        let ended =
            folder.synth(&["fit", "in.csv", "--model", "m", "--schema", "schema.toml", "--engine", "copula"]).with(3);
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
        assert!(!folder.path("m").exists());
    };
    refused(
        "kind = \"order\"\nlower = \"came\"\nupper = \"went\"\n",
        "column `went`: a constraint names a column that does not exist",
    );
    refused("kind = \"range\"\ncolumn = \"dose\"\n", "column `dose`: a range has no bound");
    refused(
        "kind = \"range\"\ncolumn = \"dose\"\nmin = 500\n",
        "satisfies the constraint: `dose` is at least 500 [constraint]",
    );
    refused("kind = \"product\"\n", "[schema]");
}

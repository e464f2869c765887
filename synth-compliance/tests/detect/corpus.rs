//! Precision and recall on the public tables of `expected.txt`.
//!
//! ```text
//! SYNTH_TABLES=FOLDER cargo test -p synth-compliance --test detect -- --ignored --nocapture
//! ```

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use synth_compliance::detect::detect;
use synth_core::io::{ReadOptions, read_path};
use synth_core::{Schema, Table};

use super::short;

type Found = BTreeSet<(String, String, String)>;

/// What a person found; and the tables.
fn expected() -> (Found, BTreeSet<String>) {
    let (mut found, mut tables) = (Found::new(), BTreeSet::new());
    for line in include_str!("expected.txt").lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let mut words = line.split(' ');
        let table = words.next().unwrap();
        tables.insert(table.to_owned());
        let Some(column) = words.next() else { continue };
        found.extend(words.map(|kind| (table.to_owned(), column.to_owned(), kind.to_owned())));
    }
    (found, tables)
}

/// The table under the names of `names`, one for each column.
fn renamed(table: &Table, names: &[String]) -> Table {
    let mut schema: Schema = (**table.schema()).clone();
    assert_eq!(schema.fields.len(), names.len());
    for (field, name) in schema.fields.iter_mut().zip(names) {
        field.name.clone_from(name);
    }
    Table::new(Arc::new(schema), table.batch().columns().to_vec()).unwrap()
}

/// Of what was found, how much is right; of what is there, how much was found.
fn report(what: &str, expected: &Found, found: &Found, of: &dyn Fn(&str) -> bool) -> (f64, f64) {
    let kind = |set: &Found| set.iter().filter(|(.., kind)| of(kind)).cloned().collect::<Found>();
    let (expected, found) = (kind(expected), kind(found));
    let right = expected.intersection(&found).count() as f64;
    let (precision, recall) = (right / found.len() as f64, right / expected.len() as f64);
    println!(
        "{what}: {} there, {} found, {right} right: precision {precision:.3}, recall {recall:.3}",
        expected.len(),
        found.len()
    );
    for (table, column, kind) in found.difference(&expected) {
        println!("  false: {table} {column} {kind}");
    }
    for (table, column, kind) in expected.difference(&found) {
        println!("  missed: {table} {column} {kind}");
    }
    (precision, recall)
}

fn is_identifier(kind: &str) -> bool {
    kind.len() == 1 || kind == "text"
}

fn is_other(kind: &str) -> bool {
    !is_identifier(kind)
}

#[test]
#[ignore = "needs the folder of the public tables in SYNTH_TABLES"]
fn public_tables_are_judged_as_by_a_person() {
    let folder = std::env::var_os("SYNTH_TABLES").expect("SYNTH_TABLES is the folder of the public tables");
    let folder = Path::new(&folder);
    let (expected, tables) = expected();
    let (mut found, mut unnamed) = (Found::new(), Found::new());
    let mut n_columns = 0;
    for name in &tables {
        let mut table = read_path(&folder.join(name), &ReadOptions::default()).unwrap().table;
        let stem = name.trim_end_matches("_train.csv").trim_end_matches(".csv");
        if let Ok(names) = std::fs::read_to_string(folder.join(format!("{stem}.columns.txt"))) {
            table = renamed(&table, &names.lines().map(str::to_owned).collect::<Vec<_>>());
        }
        let names: Vec<String> = table.schema().fields.iter().map(|field| field.name.trim().to_owned()).collect();
        n_columns += names.len();
        let start = Instant::now();
        let findings = detect(&table);
        println!("{name}: {} rows, {} columns, {:.3} s", table.n_rows(), names.len(), start.elapsed().as_secs_f64());
        let put = |set: &mut Found, column: &str, kind: String| {
            set.insert((name.clone(), column.replace(' ', "_"), kind));
        };
        for finding in &findings {
            assert!((0.0..=1.0).contains(&finding.share) && finding.share > 0.0, "{finding}");
            put(&mut found, finding.column.trim(), short(finding));
        }
        let blank: Vec<String> = (0..names.len()).map(|i| format!("x{i}")).collect();
        for finding in detect(&renamed(&table, &blank)) {
            let column: usize = finding.column[1..].parse().unwrap();
            put(&mut unnamed, &names[column], short(&finding));
        }
    }
    println!("{} tables, {n_columns} columns", tables.len());
    let (precision, recall) = report("identifiers and free text", &expected, &found, &is_identifier);
    assert!(precision >= 0.95 && recall >= 0.95);
    let (precision, recall) = report("special categories and quasi-identifiers", &expected, &found, &is_other);
    assert!(precision >= 0.95 && recall >= 0.85);
    let (precision, _) =
        report("identifiers and free text, names of columns hidden", &expected, &unnamed, &is_identifier);
    assert!(precision >= 0.85);
    report("special categories and quasi-identifiers, names of columns hidden", &expected, &unnamed, &is_other);
}

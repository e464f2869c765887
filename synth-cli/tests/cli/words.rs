//! What users read says each idea by its standard term, so that a newcomer finds it by searching.

use std::path::{Path, PathBuf};

use crate::support::Folder;

/// A phrase that stood for a standard term, and that term.
const PHRASES: &[(&str, &str)] = &[
    ("found by looking", "auto-detected"),
    ("everything random", "seed for all random choices"),
    ("drawn anew", "resampled"),
    ("made anew", "regenerated"),
    ("drawn row", "sampled row"),
    ("draw rows", "sample rows"),
    ("rows to learn from", "training rows"),
    ("unseen row", "held-out row"),
    ("unseen real row", "held-out real row"),
    ("without a model", "baseline"),
    ("written as missing", "emptied"),
    ("goes on with", "resumes"),
    ("go on with", "resume"),
    ("give away", "disclose or leak"),
    ("gives away", "discloses or leaks"),
    ("taken for", "read as"),
    ("say nothing", "default"),
    ("by heart", "memorised"),
    ("hang together", "association"),
    ("holds for impossible", "internal error"),
    ("told by its", "detected by"),
    ("written anew", "rewritten"),
    ("asked for;", "required"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn check(what: &str, text: &str) {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (phrase, term) in PHRASES {
        assert!(!text.contains(phrase), "{what} says `{phrase}`, the term is: {term}");
    }
}

#[test]
fn documents_use_the_standard_terms() {
    for name in [
        "README.md",
        "synth-cli/README.md",
        "synth-cli/GUIDE.md",
        "synth-core/README.md",
        "synth-core/MODEL_FORMAT.md",
        "synth-metrics/README.md",
        "synth-compliance/README.md",
        "synth-optimizer/README.md",
        "synth-optimizer/templates/report.html",
    ] {
        check(name, &std::fs::read_to_string(root().join(name)).unwrap());
    }
}

#[test]
fn help_uses_the_standard_terms() {
    let folder = Folder::new();
    let help = folder.synth(&["--help"]).with(0).out();
    check("synth --help", &help);
    let verbs = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let verbs: Vec<&str> = verbs.filter_map(|line| line.split_whitespace().next()).filter(|&v| v != "help").collect();
    assert!(verbs.contains(&"run") && verbs.contains(&"man"), "{verbs:?}");
    for verb in verbs {
        check(verb, &folder.synth(&[verb, "--help"]).with(0).out());
    }
}

/// The lines of a source file that are neither comments nor tests: its messages are among them.
fn code(text: &str) -> String {
    let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
    lines.filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn messages_use_the_standard_terms() {
    let mut found = Vec::new();
    for package in ["synth-cli", "synth-core", "synth-metrics", "synth-compliance", "synth-optimizer"] {
        sources(&root().join(package).join("src"), &mut found);
    }
    assert!(found.len() > 100, "{} sources", found.len());
    for path in found {
        check(&path.display().to_string(), &code(&std::fs::read_to_string(&path).unwrap()));
    }
}

//! What the detectors find, and what they miss: on tables made here, and on public ones if their folder is given.

#![allow(clippy::print_stdout, reason = "figures, for who asks for them with --nocapture")]

mod corpus;
mod generated;
mod odd;

use synth_compliance::detect::{Finding, Sensitive};
use synth_core::Table;
use synth_core::io::{Header, ReadOptions, read_bytes};

/// A table from columns of text, as if it had been read from a file.
fn table(columns: &[(&str, Vec<String>)]) -> Table {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let line = |cells: Vec<&str>| cells.into_iter().map(quoted).collect::<Vec<_>>().join(",") + "\n";
    let mut file = line(columns.iter().map(|(name, _)| *name).collect());
    for row in 0..columns[0].1.len() {
        file += &line(columns.iter().map(|(_, cells)| cells[row].as_str()).collect());
    }
    let options = ReadOptions { header: Header::Yes, ..ReadOptions::default() };
    read_bytes(file.into_bytes(), &options).unwrap().table
}

/// A finding's kind in short: the letter, `text`, `quasi` or the category.
fn short(finding: &Finding) -> String {
    match finding.kind {
        Sensitive::Identifier(identifier) => identifier.letter().to_string(),
        Sensitive::FreeText => "text".to_owned(),
        Sensitive::QuasiIdentifier => "quasi".to_owned(),
        Sensitive::SpecialCategory(category) => {
            serde_json::to_value(category).unwrap().as_str().expect("a category is a word").to_owned()
        }
    }
}

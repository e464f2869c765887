//! Converts a table to another format: `convert IN OUT`, with the format of OUT's extension.

use std::io::BufWriter;
use std::path::Path;

use synth_core::io::{ReadOptions, read_path, write};
use synth_core::schema::{Format, Source};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = &paths[..] else { return Err("usage: convert IN OUT".into()) };
    let table = read_path(Path::new(from), &ReadOptions::default())?.table;
    let format = match Path::new(to).extension().and_then(|extension| extension.to_str()) {
        Some("parquet") => Format::Parquet,
        Some("arrow") => Format::Arrow,
        _ => Format::Csv,
    };
    let source = Source { format, ..Source::default() };
    write(&table, &source, BufWriter::new(std::fs::File::create(to)?))?;
    Ok(())
}

//! CSV text to a table, with and without inference, and back.

use criterion::{BenchmarkId, Criterion, Throughput};
use synth_benches::{LARGE, MEDIUM, table};
use synth_core::Table;
use synth_core::io::{ReadOptions, read_bytes, write};

fn main() {
    let mut criterion = synth_benches::criterion().configure_from_args();
    tables(&mut criterion);
    criterion.final_summary();
}

fn tables(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("csv");
    for n_rows in [MEDIUM, LARGE] {
        let table = table(n_rows, 1);
        let text = text(&table);
        let with_schema = ReadOptions { schema: Some((**table.schema()).clone()), ..ReadOptions::default() };
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("read", n_rows), &text, |b, text| {
            b.iter(|| read(text, &ReadOptions::default()))
        });
        group.bench_with_input(BenchmarkId::new("read_with_schema", n_rows), &text, |b, text| {
            b.iter(|| read(text, &with_schema));
        });
        group.bench_with_input(BenchmarkId::new("write", n_rows), &table, |b, table| b.iter(|| self::text(table)));
    }
}

fn read(text: &[u8], options: &ReadOptions) -> Table {
    read_bytes(text.to_vec(), options).expect("the text was written as a table").table
}

fn text(table: &Table) -> Vec<u8> {
    let mut text = Vec::new();
    write(table, &table.schema().source, &mut text).expect("memory takes everything");
    text
}

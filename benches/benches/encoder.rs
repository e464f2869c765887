//! From table to coordinates and codes, and back.

use criterion::{BenchmarkId, Criterion, Throughput};
use synth_benches::{LARGE, MEDIUM, SMALL, rng, table};
use synth_core::unstable::encode::Encoder;

fn main() {
    let mut criterion = synth_benches::criterion().configure_from_args();
    encoder(&mut criterion);
    criterion.final_summary();
}

fn encoder(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encoder");
    for n_rows in [SMALL, MEDIUM, LARGE] {
        let table = table(n_rows, 1);
        let encoder = Encoder::fit(&table).expect("there is something to learn");
        let encoded = encoder.encode(&table, &mut rng(2));
        group.throughput(Throughput::Elements(n_rows as u64));
        group.bench_with_input(BenchmarkId::new("fit", n_rows), &table, |b, table| b.iter(|| Encoder::fit(table)));
        group.bench_with_input(BenchmarkId::new("encode", n_rows), &table, |b, table| {
            b.iter(|| encoder.encode(table, &mut rng(2)));
        });
        group.bench_with_input(BenchmarkId::new("decode", n_rows), &encoded, |b, encoded| {
            b.iter(|| encoder.decode(encoded.z.view(), encoded.codes.view(), 0, 3));
        });
    }
}

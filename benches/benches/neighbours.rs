//! Five neighbours of 2,000 rows among as many, in 15 columns and in 60.

use std::sync::Arc;

use synth_benches::table;
use synth_core::{Field, Schema, Table};
use synth_metrics::neighbours::{embed, nearest};

const ROWS: usize = 2_000;
const K: usize = 5;

fn main() {
    let mut criterion = synth_benches::criterion().configure_from_args();
    for n_copies in [1, 4] {
        let [real, other] = [1, 2].map(|seed| wide(n_copies, seed));
        let n_columns = real.n_columns();
        let mut group = criterion.benchmark_group(format!("neighbours/{ROWS}/{n_columns} columns"));
        group.bench_function("embed", |b| b.iter(|| embed(&[&real], &[&real, &other])));
        let points = embed(&[&real], &[&real, &other]);
        group.bench_function("nearest", |b| b.iter(|| nearest(&points[0], &points[1], K)));
    }
    criterion.final_summary();
}

/// Several tables side by side, their columns numbered.
fn wide(n_copies: u64, seed: u64) -> Table {
    let tables: Vec<Table> = (0..n_copies).map(|copy| table(ROWS, 10 * seed + copy)).collect();
    let columns = || tables.iter().enumerate().flat_map(|(i, t)| (0..t.n_columns()).map(move |c| (i, t.column(c))));
    let fields = columns().map(|(i, (field, _))| Field { name: format!("{}-{i}", field.name), ..field.clone() });
    let schema = Schema::new(fields.collect());
    let arrays = columns().map(|(_, (_, array))| Arc::clone(array)).collect();
    Table::new(Arc::new(schema), arrays).expect("each column with its field")
}

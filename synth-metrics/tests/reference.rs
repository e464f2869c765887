//! The same tables measured here and by pandas and scipy.
//!
//! ```python
//! import numpy as np, pandas as pd
//! from scipy.stats import ks_2samp
//! def row(i, synth):
//!     if synth and i < 20: return row(3 * i, False)
//!     k = i + 1000 if synth else i
//!     return dict(
//!         age=20 + k * 37 % 61 + (i % 4 if synth else 0),
//!         lab=None if i % (7 if synth else 9) == 4 else (k * k * 7 + 3 * k + 40 * (k * 37 % 61)) % 3001 / 10,
//!         stage=(k * 37 % 61 // 13 + k * k % 2) % 5,
//!         flag=None if i % 17 == 5 else int(k * 37 % 61 > (35 if synth else 30)),
//!         word=None if i % 13 == 6 else "abc"[(k * k + k // 7 + (k % 3 == 0 and synth)) % 3],
//!         fixed=8 if synth and i % 50 == 0 else 7)
//! t, s = (pd.DataFrame([row(i, x) for i in range(n)]) for x, n in ((False, 240), (True, 200)))
//! print([ks_2samp(t[c].dropna(), s[c].dropna()).statistic for c in ("age", "lab")])
//! share = lambda x: x.fillna("-").astype(str).value_counts(normalize=True)
//! print([share(t[c]).sub(share(s[c]), fill_value=0).abs().sum() / 2 for c in ("stage", "flag", "word", "fixed")])
//! print((t.isna().mean() - s.isna().mean()).abs().mean())
//! num = ["age", "lab", "stage", "flag", "fixed"]
//! a, b = t[num].corr().to_numpy(), s[num].corr().fillna(0).to_numpy()
//! d = np.abs(a - b)[np.triu_indices(5, 1)]; print(np.nanmean(d))
//! known = set(t.fillna("-").astype(str).agg("|".join, axis=1))
//! print(s.fillna("-").astype(str).agg("|".join, axis=1).isin(known).mean())
//! # assoc_delta
//! level = ["stage", "flag", "word"]
//! def eta(l, x):
//!     ok = x.notna(); l, x = l[ok].astype(object).fillna("-"), x[ok]; g = x.groupby(l.astype(str))
//!     return np.sqrt((g.size() * (g.mean() - x.mean()) ** 2).sum() / ((x - x.mean()) ** 2).sum())
//! def v(l, m):
//!     o = pd.crosstab(l.astype(object).fillna("-").astype(str), m.astype(object).fillna("-").astype(str)).to_numpy()
//!     n = o.sum(); e = np.outer(o.sum(1), o.sum(0)) / n; r, c = o.shape
//!     f = lambda k: k - (k - 1) ** 2 / (n - 1)
//!     p = max(0, ((o - e) ** 2 / e).sum() / n - (r - 1) * (c - 1) / (n - 1)); return np.sqrt(p / (min(f(r), f(c)) - 1))
//! def strength(d, a, b):
//!     if a in level and b in level: return v(d[a], d[b])
//!     if a in level: return eta(d[a], d[b])
//!     if b in level: return eta(d[b], d[a])
//!     return abs(d[a].corr(d[b]))
//! cols = ["age", "lab", "stage", "flag", "word"]
//! print(np.mean([abs(strength(t, a, b) - strength(s, a, b)) for i, a in enumerate(cols) for b in cols[i + 1:]]))
//! ```

mod support;

use support::{Values, table};
use synth_core::schema::Storage;
use synth_core::{Kind, Table};
use synth_metrics::{Options, Tables, measure};

/// What the script prints; the column values averaged.
const REFERENCE: [(&str, f64); 6] = [
    ("ks_mean", (0.028_333_333_333_333_332 + 0.041_341_381_623_071_764) / 2.0),
    ("tvd_mean", (0.014_166_666_666_666_66 + 0.0675 + 0.03 + 0.015) / 4.0),
    ("missing_delta", 0.002_361_111_111_111_11),
    ("corr_delta", 0.102_055_794_550_362_47),
    ("assoc_delta", 0.051_322_304_592_838_34),
    ("dup_rate", 0.1),
];

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Train,
    Synthetic,
}

type Row = (f64, f64, f64, f64, Option<&'static str>, f64);

fn row(i: u32, part: Part) -> Row {
    let is_synthetic = part == Part::Synthetic;
    if is_synthetic && i < 20 {
        return row(3 * i, Part::Train); // twenty copies
    }
    let k = if is_synthetic { i + 1000 } else { i };
    let turn = k * 37 % 61;
    let or_missing = |is_missing: bool, x: f64| if is_missing { f64::NAN } else { x };
    let word = ["a", "b", "c"][((k * k + k / 7 + u32::from(k.is_multiple_of(3) && is_synthetic)) % 3) as usize];
    (
        f64::from(20 + turn + if is_synthetic { i % 4 } else { 0 }),
        or_missing(i % if is_synthetic { 7 } else { 9 } == 4, f64::from((k * k * 7 + 3 * k + 40 * turn) % 3001) / 10.0),
        f64::from((turn / 13 + k * k % 2) % 5),
        or_missing(i % 17 == 5, f64::from(turn > if is_synthetic { 35 } else { 30 })),
        (i % 13 != 6).then_some(word),
        if is_synthetic && i.is_multiple_of(50) { 8.0 } else { 7.0 },
    )
}

fn draw(n_rows: u32, part: Part) -> Table {
    let rows: Vec<Row> = (0..n_rows).map(|i| row(i, part)).collect();
    let numbers = |f: fn(&Row) -> f64| Values::Numbers(rows.iter().map(f).collect());
    table(vec![
        ("age", Kind::Integer, Storage::Integer, numbers(|r| r.0)),
        ("lab", Kind::Continuous, Storage::Float, numbers(|r| r.1)),
        ("stage", Kind::Ordinal, Storage::Integer, numbers(|r| r.2)),
        ("flag", Kind::Boolean, Storage::Integer, numbers(|r| r.3)),
        ("word", Kind::Categorical, Storage::Text, Values::Labels(rows.iter().map(|r| r.4).collect())),
        ("fixed", Kind::Constant, Storage::Integer, numbers(|r| r.5)),
    ])
}

#[test]
fn pandas_and_scipy_say_the_same() {
    let (train, synthetic) = (draw(240, Part::Train), draw(200, Part::Synthetic));
    let report = measure(
        &Tables { train: &train, synthetic: &synthetic, holdout: None }.compare().unwrap(),
        &Options::default(),
    );
    let check = |id: &str, expected: f64| {
        let value = report.value(id).unwrap();
        assert!((value - expected).abs() < 1e-9, "{id} is {value}, the reference says {expected}");
    };
    REFERENCE.iter().for_each(|&(id, expected)| check(id, expected));
    let column =
        |id: &str, name: &str| report.measure(id).unwrap().columns.iter().find(|c| c.column == name).unwrap().value;
    assert!((column("ks_mean", "lab") - 0.041_341).abs() < 1e-6);
    assert!((column("tvd_mean", "fixed") - 0.015).abs() < 1e-12);
}

//! How often each policy refuses an honest table, and how often it lets a leak through.
//!
//! ```sh
//! cargo run --release -p synth-benches --example gates -- --rows 150,500,2000 --draws 40 clinic patients.csv > gates.jsonl
//! cargo run --release -p synth-benches --example gates -- --judge gates.jsonl
//! ```
//!
//! A draw takes 3 n rows of a table at random, as three thirds: training rows, held-out rows, and fresh rows, which are what a perfect
//! generator makes. The synthetic table is the fresh third, with some rows replaced by those of a [`Leak`](synth_metrics::leak::Leak). Every measure that
//! a policy has a gate on is taken once, and its report printed as a line of JSON; `--judge` judges such lines by every embedded policy, so that limits can be
//! changed without measuring again. `clinic` is a table of known law, of any size; other names are files.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::collections::BTreeMap;
use std::error::Error;

use rand::seq::{SliceRandom, index};
use serde::{Deserialize, Serialize};
use synth_benches::rng;
use synth_compliance::{Decision, Policy};
use synth_core::Table;
use synth_core::io::{ReadOptions, read_path};
use synth_metrics::leak::LEAKS;
use synth_metrics::{Options, QualityReport, Tables, anchor, measure};

const HONEST: &str = "honest";

/// One draw, measured.
#[derive(Serialize, Deserialize)]
struct Line {
    table: String,
    rows: usize,
    leak: String,
    draw: u64,
    report: QualityReport,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut rows, mut draws, mut judged, mut names) = (vec![150, 500, 2_000], 0..40_u64, false, Vec::new());
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--rows" => rows = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?,
            "--draws" => draws = 0..value()?.parse()?,
            "--from" => draws.start = value()?.parse()?,
            "--judge" => judged = true,
            _ => names.push(arg),
        }
    }
    if judged {
        return judge(&names);
    }
    // The core, and what else a policy looks at.
    let policies = Policy::names().map(Policy::named).collect::<Result<Vec<_>, _>>()?;
    let gates = policies.iter().flat_map(|policy| policy.gates().iter().map(|gate| gate.measure.clone()));
    let gated: Vec<String> = gates.collect();
    for name in &names {
        let whole = match name.as_str() {
            "clinic" => None,
            path => Some(read_path(path.as_ref(), &ReadOptions::default())?.table),
        };
        for &n in &rows {
            if whole.as_ref().is_some_and(|whole| whole.n_rows() < 3 * n) {
                eprintln!("{name}: fewer than {} rows, left out", 3 * n);
                continue;
            }
            for draw in draws.clone() {
                for line in measured(name, whole.as_ref(), n, draw, &gated)? {
                    println!("{}", serde_json::to_string(&line)?);
                }
            }
        }
    }
    Ok(())
}

/// The reports of one draw, a leak each.
fn measured(
    name: &str,
    whole: Option<&Table>,
    n: usize,
    draw: u64,
    gated: &[String],
) -> Result<Vec<Line>, Box<dyn Error>> {
    let mut rng = rng(draw);
    let [train, holdout, fresh] = match whole {
        None => [1, 2, 3].map(|part| anchor::clinic(n, 1_000 * draw + part)),
        Some(whole) => {
            let mut chosen: Vec<usize> = index::sample(&mut rng, whole.n_rows(), 3 * n).into_vec();
            chosen.shuffle(&mut rng);
            [0, 1, 2].map(|third| whole.take(&chosen[third * n..(third + 1) * n]))
        }
    };
    let mut lines = Vec::new();
    for leak in std::iter::once(None).chain(LEAKS.iter().map(Some)) {
        let synthetic = leak.map_or_else(|| fresh.clone(), |leak| leak.table(&train, &fresh, &mut rng));
        let comparison = Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }.compare()?;
        let report = measure(&comparison, &Options { seed: draw, also: gated.to_vec(), ..Options::default() });
        let table = name.rsplit('/').next().unwrap_or(name).split('.').next().unwrap_or(name);
        lines.push(Line {
            table: table.to_owned(),
            rows: n,
            leak: leak.map_or(HONEST, |leak| leak.name).to_owned(),
            draw,
            report,
        });
    }
    Ok(lines)
}

/// Prints, for each policy and number of rows, how many draws of each kind are not accepted.
fn judge(files: &[String]) -> Result<(), Box<dyn Error>> {
    let policies = Policy::names().map(Policy::named).collect::<Result<Vec<_>, _>>()?;
    // By policy and rows, by leak: draws, and those not accepted, refused, and which checks stood in the way.
    let mut counts: BTreeMap<(usize, usize), BTreeMap<String, [usize; 3]>> = BTreeMap::new();
    let mut reasons: BTreeMap<(usize, usize, String), BTreeMap<String, usize>> = BTreeMap::new();
    let mut tables: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for file in files {
        for line in std::fs::read_to_string(file)?.lines() {
            let Line { table, rows, leak, report, .. } = serde_json::from_str(line)?;
            let named = tables.entry(rows).or_default();
            if !named.contains(&table) {
                named.push(table);
            }
            for (i, policy) in policies.iter().enumerate() {
                let verdict = policy.judge(&report);
                let [n, kept, refused] = counts.entry((i, rows)).or_default().entry(leak.clone()).or_default();
                *n += 1;
                *kept += usize::from(!verdict.decision.is_accepted());
                *refused += usize::from(verdict.decision == Decision::Refused);
                let stood = verdict.checks.iter().filter(|check| check.effect > synth_compliance::Effect::Finding);
                for check in stood {
                    let word = format!("{} {}", check.id, check.status);
                    *reasons.entry((i, rows, leak.clone())).or_default().entry(word).or_default() += 1;
                }
            }
        }
    }
    for (rows, tables) in &tables {
        println!("{rows} rows: {}", tables.join(", "));
    }
    let names: Vec<&str> = std::iter::once(HONEST).chain(LEAKS.iter().map(|leak| leak.name)).collect();
    println!("\n| policy | rows | {} |\n|---|---|{}", names.join(" | "), "---|".repeat(names.len()));
    for ((i, rows), by_leak) in &counts {
        let cell = |name: &&str| match by_leak.get(*name) {
            None => "–".to_owned(),
            Some(&[n, kept, _]) => {
                let [low, high] = interval(kept, n);
                format!("{:.0} % [{low:.0}, {high:.0}]", 100.0 * kept as f64 / n as f64)
            }
        };
        let cells: Vec<String> = names.iter().map(cell).collect();
        println!("| `{}` | {rows} | {} |", policies[*i].name(), cells.join(" | "));
    }
    println!("\nwhat stood in the way, in how many draws:");
    for ((i, rows, leak), words) in &reasons {
        let words: Vec<String> = words.iter().map(|(word, n)| format!("{word} {n}")).collect();
        println!("{} {rows} {leak}: {}", policies[*i].name(), words.join(", "));
    }
    Ok(())
}

/// The 95 % interval of a share of `n`, in percent, after Wilson (1927).
fn interval(successes: usize, n: usize) -> [f64; 2] {
    let (share, n, z2) = (successes as f64 / n as f64, n as f64, 1.96_f64.powi(2));
    let centre = (share * n + z2 / 2.0) / (n + z2);
    let half = (z2 * (share * (1.0 - share) * n + z2 / 4.0)).sqrt() / (n + z2);
    [100.0 * (centre - half).max(0.0), 100.0 * (centre + half).min(1.0)]
}

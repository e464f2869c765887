//! A custom policy, and its verdict on a report of `synth evaluate`.
//!
//! `cargo run --release -p synth-compliance --example own_policy -- report.json`
#![allow(clippy::print_stdout, reason = "an example is there to be read")]

use synth_compliance::{Policy, judge};
use synth_metrics::QualityReport;

/// Everything that `hipaa` asks for, and a membership attack that is nearer to chance.
const OURS: &str = r#"
name = "our-hospital"
version = "1"
title = "HIPAA's gates, and a stricter one on membership"
extends = "hipaa"

[[gates]]
measure = "mia_auc"
min = 0.43
max = 0.57
class = "hard"
source = "our data protection officer, 2026"
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let policy = Policy::from_toml(OURS)?;
    for change in policy.changes() {
        println!("{change}");
    }
    println!("SHA-256 {}", policy.sha256());

    let path = std::env::args().nth(1).ok_or("usage: own_policy REPORT")?;
    let report: QualityReport = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let verdict = judge(&report, &policy);
    for check in &verdict.checks {
        println!("{:?}: {}", check.status, check.sentence);
    }
    println!("{}", verdict.decision);
    Ok(())
}

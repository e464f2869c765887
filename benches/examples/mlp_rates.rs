//! Rows a second through the plain network of [`synth_benches::mlp`]: training, forward. For scripts.

#![allow(clippy::print_stdout, reason = "a program for scripts")]

use std::time::Duration;

use synth_benches::mlp::Rates;

fn main() {
    println!("{}", Rates::measure(20, Duration::from_millis(50)));
}

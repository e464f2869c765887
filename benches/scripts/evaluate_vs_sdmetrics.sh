#!/usr/bin/env bash
# All measures of `synth evaluate`, and only those that SDMetrics has, beside SDMetrics' QualityReport and DiagnosticReport:
# seconds of each, in turns, medians, and whether they say the same.
#
#   cargo build --release -p synth-cli && cargo build --release -p synth-benches --examples
#   bash benches/scripts/evaluate_vs_sdmetrics.sh PYTHON TRAIN.csv SYNTHETIC.csv [HOLDOUT.csv] [ROUNDS]
#
# PYTHON has pandas and SDMetrics 0.32. SDMetrics' clock starts after its imports and after pandas has read the tables; that
# of ours, too, stands after the tables are read (examples/shared_measures); the whole program is timed beside it.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${1:?a Python}; train=${2:?the training rows}; made=${3:?the synthetic rows}; holdout=${4:-}; rounds=${5:-3}
for program in target/release/synth target/release/examples/shared_measures; do
  [ -x "$program" ] || { echo "$program: there is no such program; see the head of this script" >&2; exit 2; }
done
"$python" - "$train" "$made" "$holdout" "$rounds" <<'P'
import json, os, re, statistics, subprocess, sys, time, warnings

warnings.filterwarnings("ignore")
import pandas as pd
from sdmetrics.reports.single_table import DiagnosticReport, QualityReport

train, made, holdout, rounds = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
real, synthetic = pd.read_csv(train), pd.read_csv(made)
print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} before the start; {len(real)} and {len(synthetic)} rows")


def kinds(text):
    """Columns that the example takes for numbers, as it prints them."""
    return set(json.loads(text.splitlines()[0]))


def ours():
    text = subprocess.run(["target/release/examples/shared_measures", train, made], check=True, capture_output=True).stdout.decode()
    seconds = float(re.search(r"seconds ([0-9.]+)", text).group(1))
    return seconds, text


def theirs(numbers):
    columns = {c: {"sdtype": "numerical" if c in numbers else "categorical"} for c in real}
    started = time.perf_counter()
    quality, diagnostic = QualityReport(), DiagnosticReport()
    quality.generate(real, synthetic, {"columns": columns}, verbose=False)
    diagnostic.generate(real, synthetic, {"columns": columns}, verbose=False)
    seconds = time.perf_counter() - started
    scores = quality.get_properties().set_index("Property").Score
    valid = diagnostic.get_properties().set_index("Property").Score["Data Validity"]
    return seconds, {"sdm_shapes": scores["Column Shapes"], "sdm_trends": scores["Column Pair Trends"], "sdm_validity": valid}


def whole():
    command = ["target/release/synth", "evaluate", "--train", train, "--synthetic", made, "--json", "--quiet"]
    started = time.perf_counter()
    subprocess.run(command + (["--holdout", holdout] if holdout else []), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


times = {"shared": [], "SDMetrics": [], "whole": []}
for _ in range(rounds):
    seconds, text = ours()
    times["shared"].append(seconds)
    seconds, scores = theirs(kinds(text))
    times["SDMetrics"].append(seconds)
    times["whole"].append(whole())
for measure, score in scores.items():
    got = float(re.search(measure + r" ([0-9.]+)", text).group(1))
    print(f"{measure:13} ours {got:.9f}  SDMetrics {score:.9f}  {'agree' if abs(got - score) < 1e-6 else 'DIFFER'}")
median = {name: statistics.median(values) for name, values in times.items()}
print(f"shared measures: ours {median['shared']:.3f} s, SDMetrics {median['SDMetrics']:.3f} s: {median['SDMetrics'] / median['shared']:.1f} times")
print(f"`synth evaluate`, every measure, reading included: {median['whole']:.2f} s")
P

#!/usr/bin/env bash
# Rows a second that the masked model sees in training, here and in a prototype in PyTorch, in turns.
#
#   cargo build --release -p synth-benches --examples
#   bash benches/scripts/masked_vs_prototype.sh PYTHON PROTOTYPE TRAIN.csv [ROUNDS [EPOCHS]]
#
# PROTOTYPE is a Python file that takes TRAIN.csv OUT.csv --epochs N --threads 2 --batch 512 --rows N and prints a JSON
# line of fit_s and steps at its end; PYTHON has what it needs. Both train two blocks of width 256 on 2 threads for
# EPOCHS epochs (default 5) of the same table, which should have thousands of rows; both clocks leave out reading and
# encoding and contain looks at held-out rows. A line a round, then the medians and the median of the rounds' ratios.
# PyTorch's threads spin while they wait for each other: where other work wants the cores its rate collapses and the
# ratio means nothing, so the load is printed first.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${1:?a Python with torch}; prototype=${2:?the prototype}; table=${3:?a table}; rounds=${4:-3}; epochs=${5:-5}
ours=${CARGO_TARGET_DIR:-target}/release/examples/masked_rates
out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
# Settings of OpenBLAS that stand in the environment are not for this Python.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
echo "2 threads, $rounds rounds of $epochs epochs, $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg) before the start"
for ((round = 1; round <= rounds; round++)); do
  RAYON_NUM_THREADS=2 "$ours" "$table" "$epochs" > "$out/ours"
  OMP_NUM_THREADS=2 "$python" "$prototype" "$table" "$out/made.csv" --epochs "$epochs" --threads 2 --batch 512 \
    --rows 512 > "$out/theirs" 2> "$out/notes" || { cat "$out/notes" >&2; exit 1; }
  python3 - "$out" "$round" <<'P'
import json, sys
out, number = sys.argv[1:]
ours = float(open(f"{out}/ours").read().split()[1])
theirs = json.loads(open(f"{out}/theirs").read().splitlines()[-1])
theirs = 512 * theirs["steps"] / theirs["fit_s"]
print(f"round {number}   ours {ours:8.0f} rows/s  prototype {theirs:8.0f} rows/s  ratio {ours / theirs:.2f}", flush=True)
open(f"{out}/rounds", "a").write(f"{ours} {theirs}\n")
P
done
python3 - "$out/rounds" <<'P'
import statistics, sys
rounds = [[float(x) for x in line.split()] for line in open(sys.argv[1])]
ours, theirs = (statistics.median(rates) for rates in zip(*rounds))
ratio = statistics.median(a / b for a, b in rounds)
print(f"median    ours {ours:8.0f} rows/s  prototype {theirs:8.0f} rows/s  ratio {ratio:.2f}")
P

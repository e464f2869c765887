#!/usr/bin/env bash
# Rows a second through the same plain network here and in PyTorch, one after the other in turns.
#
#   cargo build --release -p synth-benches --examples && bash benches/scripts/mlp_vs_pytorch.sh PYTHON [ROUNDS [THREADS]]
#
# 30-256-256-256-30, SiLU, mean squared error, AdamW, batches of 1,024 rows in f32. PYTHON has torch. Its optimiser is
# timed twice: as it comes, and fused. A round takes the fastest of
# 20 runs of 50 ms, the least disturbed; a line is the medians of the rounds, then the median of the rounds' ratios.
# PyTorch's threads spin while they wait for each other: where other work wants the cores its rates collapse and the
# ratio means nothing, so the load is printed first. One thread (3rd argument) can be compared there too.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${1:?a Python with torch}; rounds=${2:-5}; threads=${3:-2}
ours=${CARGO_TARGET_DIR:-target}/release/examples/mlp_rates
out=$(mktemp); trap 'rm -f "$out"' EXIT
theirs() {
  env -u OPENBLAS_CORETYPE OMP_NUM_THREADS="$threads" "$python" - "$threads" <<'P'
import sys, time, torch
from torch import nn
torch.set_num_threads(int(sys.argv[1]))
widths = [30, 256, 256, 256, 30]
layers = [m for i, o in zip(widths, widths[1:]) for m in (nn.Linear(i, o), nn.SiLU())][:-1]
net = nn.Sequential(*layers)
x, y = torch.rand(1024, 30) * 2 - 1, torch.rand(1024, 30) * 2 - 1
def trainer(**options):
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-4, **options)
    def step():
        optimizer.zero_grad()
        nn.functional.mse_loss(net(x), y).backward()
        optimizer.step()
    return step
def forward():
    with torch.inference_mode():
        net(x)
def rate(work):
    started, n_rows = time.perf_counter(), 0
    while time.perf_counter() - started < 0.05:
        work()
        n_rows += len(x)
    return n_rows / (time.perf_counter() - started)
works = {"training": trainer(), "fused": trainer(fused=True), "forward": forward}
for work in works.values():
    for _ in range(20):
        work()
rates = {name: [] for name in works}
for _ in range(20):
    for name, work in works.items():
        rates[name].append(rate(work))
for name, values in rates.items():
    print("theirs", name, max(values))
P
}
echo "$threads threads, $rounds rounds, $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg) before the start"
for _ in $(seq "$rounds"); do
  RAYON_NUM_THREADS=$threads "$ours" | sed 's/^/ours /' >> "$out"
  theirs >> "$out"
done
"$python" - "$out" <<'P'
import statistics, sys
rates = {}
for line in open(sys.argv[1]):
    who, what, rate = line.split()[:3]
    rates.setdefault((who, what), []).append(float(rate))
for ours, theirs, label in (("training", "training", "training"), ("training", "fused", "training, fused AdamW"), ("forward", "forward", "forward")):
    a, b = rates["ours", ours], rates["theirs", theirs]
    ratio = statistics.median(x / y for x, y in zip(a, b))
    print(f"{label:22} ours {statistics.median(a):8.0f} rows/s  PyTorch {statistics.median(b):8.0f} rows/s  ratio {ratio:.2f}")
P

#!/usr/bin/env bash
# The main job on real tables, seed by seed: accepted or not, at which attempt, in how many seconds.
#
#   cargo build --release && bash benches/scripts/acceptance.sh DATA_DIR [SEEDS] [TABLE...]
#
# SYNTH is the program, by default target/release/synth. DATA_DIR holds TABLE.csv; SEEDS is a number (0 to SEEDS - 1, default 5). Needs python3 for nothing but reading JSON.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=${1:?the folder with the tables}; seeds=${2:-5}; shift; [ $# -gt 0 ] && shift
tables=("$@"); [ ${#tables[@]} -gt 0 ] || tables=(heart_cleveland heart_failure pima_diabetes gbsg2 stroke)
out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
for table in "${tables[@]}"; do
  [ -e "$data/$table.csv" ] || { echo "$table: not there, left out"; continue; }
  for ((seed = 0; seed < seeds; seed++)); do
    start=$(date +%s.%N); code=0
    "${SYNTH:-target/release/synth}" run "$data/$table.csv" --out "$out/run" --force --quiet --json --seed "$seed" > "$out/record.json" || code=$?
    end=$(date +%s.%N)
    python3 - "$out/record.json" "$table" "$seed" "$code" "$start" "$end" <<'P'
import json, sys
path, table, seed, code, start, end = sys.argv[1:]
record = json.load(open(path))
judged = [a["result"]["judged"] for a in record["attempts"] if "judged" in a["result"]]
last = record["audit"] or judged[-1]
values = {m["id"]: m["outcome"].get("measured", {}).get("value") for m in last["report"]["measures"]}
shown = "  ".join(f"{k} {values[k]:.3f}" for k in ("ks_mean", "corr_delta", "mia_auc", "dup_rate") if values.get(k) is not None)
print(f"{table:16} seed {seed}  {record['decision']:20} attempts {len(record['attempts'])}  {float(end) - float(start):5.1f} s  {shown}")
P
  done
done

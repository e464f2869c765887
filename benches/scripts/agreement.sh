#!/usr/bin/env bash
# Our measures beside those of an outside judge, on the same three files.
#
#   cargo build --release && bash benches/scripts/agreement.sh PYTHON REFEREE_DIR DATA_DIR TABLE...
#
# REFEREE_DIR holds prepare.py (splits a table 80/20) and referee.py (prints one JSON object); PYTHON has their packages.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${1:?a Python}; referee=${2:?the judge}; data=${3:?the tables}; shift 3
out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
synth=target/release/synth
for table in "$@"; do
  "$python" "$referee/prepare.py" "$data" "$table" "$out" > /dev/null
  train=$out/${table}_train.csv; holdout=$out/${table}_holdout.csv; made=$out/${table}_made.csv
  "$synth" fit "$train" --model "$out/$table.synth" --seed 0 --quiet --force > /dev/null
  "$synth" sample "$out/$table.synth" --rows "$(($(wc -l < "$train") - 1))" --out "$made" --seed 0 --force
  "$synth" evaluate --train "$train" --synthetic "$made" --holdout "$holdout" --quiet --json > "$out/ours.json"
  "$python" "$referee/referee.py" "$train" "$holdout" "$made" --no-sdmetrics > "$out/theirs.json"
  python3 - "$out/ours.json" "$out/theirs.json" "$table" <<'P'
import json, sys
ours, theirs, table = json.load(open(sys.argv[1])), json.load(open(sys.argv[2])), sys.argv[3]
ours = {m["id"]: m["outcome"].get("measured", {}).get("value") for m in ours["measures"]}
for measure in ("ks_mean", "tvd_mean", "corr_delta", "dup_rate"):
    a, b = ours[measure], theirs[measure]
    verdict = "not in both" if a is None or b is None else "agree" if abs(a - b) <= 0.005 else "DIFFER"
    print(f"{table:16} {measure:10} ours {a}  theirs {b}  {verdict}")
P
done

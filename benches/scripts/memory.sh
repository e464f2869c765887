#!/usr/bin/env bash
# What a run is estimated to take of memory beside what it takes:
#   SYNTH=target/release/synth bash benches/scripts/memory.sh DATA TABLE...
# DATA is a folder with TABLE.csv or TABLE.csv.gz; GNU time must be installed. One attempt a table, and training is cut short
# after a minute: neither changes the peak.
set -euo pipefail
synth=${SYNTH:-target/release/synth}
data=$1
shift
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
printf '%-24s %7s %12s %12s %7s\n' table threads 'estimate MB' 'measured MB' ratio
for table in "$@"; do
    file=$data/$table.csv
    [ -f "$file" ] || file=$file.gz
    for threads in 2 8; do
        estimate=$("$synth" plan "$file" --json --quiet --threads $threads --n-iter 1 | jq .first.memory)
        # A table that is refused (4) or not decided (5, 7) was run all the same.
        /usr/bin/time -f %M -o "$out/peak" "$synth" run "$file" --out "$out/run" --force --quiet --json --max-attempts 1 \
            --threads $threads --time-budget 80s >/dev/null 2>&1 || true
        peak=$(tail -n 1 "$out/peak")
        awk -v t="$table" -v n=$threads -v e="$estimate" -v m="$peak" \
            'BEGIN { printf "%-24s %7d %12.0f %12.0f %7.2f\n", t, n, e / 1e6, m * 1024 / 1e6, e / (m * 1024) }'
    done
done

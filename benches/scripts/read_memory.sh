#!/usr/bin/env bash
# How much memory `synth profile` takes at its peak, and how long, for one large table in several forms: CSV, CSV behind
# Zstandard and gzip, Parquet, and CSV in eight files of a folder. Beside it: the file's size and that of its text.
#
# Usage: read_memory.sh [ROWS] [FOLDER]    2000000 rows in a folder that goes away, unless one is named
# SYNTH names the program [default: the release build]. Needs GNU time, awk, zstd and gzip.
set -euo pipefail

rows=${1:-2000000}
folder=${2:-}
synth=${SYNTH:-$(dirname "$0")/../../target/release/synth}
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
mkdir -p "$folder/parts"

# Twelve columns: a number of the row, words, whole numbers, decimals, dates, a code that hardly repeats, flags.
make() {
    awk -v rows="$rows" 'BEGIN {
        srand(1); split("north south east west centre", region); split("I II III IV", stage)
        split("aspirin ibuprofen paracetamol metformin lisinopril amlodipine omeprazole atorvastatin", drug)
        print "id,code,region,stage,drug,age,weight,height,pressure,seen,smoker,score"
        for (i = 1; i <= rows; i++) {
            printf "%d,P%07d-%c,%s,%s,%s,%d,%.1f,%.1f,%d,20%02d-%02d-%02d,%s,%.4f\n", i, int(rand() * 9999999),
                65 + int(rand() * 26), region[1 + int(rand() * 5)], stage[1 + int(rand() * 4)], drug[1 + int(rand() * 8)],
                18 + rand() * 75, 45 + rand() * 80, 145 + rand() * 55, 90 + rand() * 90, 10 + rand() * 14,
                1 + rand() * 12, 1 + rand() * 28, rand() < .3 ? "yes" : "no", rand() * 10
        }
    }'
}

[ -f "$folder/table.csv" ] || make > "$folder/table.csv"
[ -f "$folder/table.csv.zst" ] || zstd -q -f "$folder/table.csv" -o "$folder/table.csv.zst"
[ -f "$folder/table.csv.gz" ] || gzip -1 -c "$folder/table.csv" > "$folder/table.csv.gz"
if [ ! -f "$folder/parts/part-00.csv" ]; then
    header=$(head -n 1 "$folder/table.csv")
    tail -n +2 "$folder/table.csv" | split -l $((rows / 8 + 1)) -d --additional-suffix=.csv - "$folder/parts/part-"
    for part in "$folder"/parts/part-*.csv; do sed -i "1i $header" "$part"; done
fi
if [ ! -f "$folder/table.parquet" ]; then
    cargo run --quiet --release -p synth-benches --example convert -- "$folder/table.csv" "$folder/table.parquet"
fi

printf '%-16s %10s %10s %10s %8s\n' input 'file MB' 'text MB' 'peak MB' seconds
text=$(stat -c %s "$folder/table.csv")
for input in table.csv table.csv.zst table.csv.gz table.parquet parts; do
    path="$folder/$input"
    [ -e "$path" ] || continue
    size=$(du -bc "$path" | tail -n 1 | cut -f 1)
    if ! /usr/bin/time -f '%M %e' -o "$folder/time" "$synth" profile --quiet "$path" > "$folder/schema.toml" 2> "$folder/errors"; then
        printf '%-16s failed: %s\n' "$input" "$(tail -n 1 "$folder/errors")"
        continue
    fi
    awk -v name="$input" -v size="$size" -v text="$text" \
        '{ printf "%-16s %10.1f %10.1f %10.1f %8.2f\n", name, size / 1e6, text / 1e6, $1 * 1024 / 1e6, $2 }' "$folder/time"
done

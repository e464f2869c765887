#!/usr/bin/env bash
# Kills `synth run` at moments chosen by chance, lets `--resume` go on, and compares every file with that of a run that
# nobody stopped.
#
#   cargo build --release && bash benches/scripts/killed.sh [MOMENTS] [ARGUMENTS OF `synth run`...]
#
# MOMENTS is 20 by default; without arguments it is the demo. SYNTH is the program, by default target/release/synth. While
# a run is going on, and after each kill, no file may be seen under a final name that is not what the unbroken run has.
set -euo pipefail
cd "$(dirname "$0")/../.."
synth=$(realpath "${SYNTH:-target/release/synth}")
moments=${1:-20}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- --demo
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
RANDOM=1
# Runs that draw their seeds have no bytes in common.
export SYNTH_SEED="${SYNTH_SEED:-0}"

now() { date +%s%3N; }
start=$(now)
"$synth" run "$@" --quiet --out "$out/whole" >"$out/whole.txt" || [ $? -lt 8 ]
length=$(($(now) - start))
echo "an unbroken run takes $length ms"

# Whatever is seen under a final name is whole: what the unbroken run has.
whole() {
    local file
    for file in "$1"/*; do
        [ -e "$file" ] || continue
        cmp -s "$file" "$out/whole/${file##*/}" || { echo "error: $file is not that of the unbroken run" >&2 && return 1; }
    done
}

kills=0
for ((i = 1; i <= moments; i++)); do
    folder=$out/$i
    "$synth" run "$@" --quiet --out "$folder" >"$out/now.txt" 2>&1 &
    for ((stop = 1; ; stop++)); do
        # The first stop is anywhere in the run, two more may follow; then it is left alone.
        [ $stop -le 3 ] || break
        sleep "$(awk -v ms=$((RANDOM * 32768 % (length + 1) + RANDOM % 50)) 'BEGIN { print ms / 1000 }')"
        kill -9 $! 2>/dev/null || break
        wait $! 2>/dev/null || true
        kills=$((kills + 1))
        whole "$folder"
        if [ -d "$folder/.synth-run" ]; then
            "$synth" run --resume "$folder" --quiet >"$out/now.txt" 2>&1 &
        else
            "$synth" run "$@" --force --quiet --out "$folder" >"$out/now.txt" 2>&1 &
        fi
    done
    wait $! || [ $? -lt 8 ]
    whole "$folder"
    [ "$(ls -A "$folder")" = "$(ls -A "$out/whole")" ] || { ls -A "$folder" >&2 && exit 1; }
done
echo "$moments runs, killed $kills times: every file is that of the unbroken run"

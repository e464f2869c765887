#!/usr/bin/env bash
# Processor time of a cold release build of the program, as a whole and by crate: `bash benches/scripts/build_time.sh [N]` for
# the N crates that take longest (20). Arguments after N go to `cargo build`. It runs itself in the place of the compiler.
set -euo pipefail

if [ -n "${BUILD_TIME_LOG:-}" ]; then
    name=
    for ((i = 1; i < $#; i++)); do
        [ "${!i}" != --crate-name ] || name=${@:i+1:1}
    done
    TIMEFORMAT="%U %S $name"
    # What the compiler says goes where it would, what `time` says into the log.
    exec 3>&2
    { time "$@" 2>&3; } 2>>"$BUILD_TIME_LOG"
    exit
fi

script=$(realpath "${BASH_SOURCE[0]}")
cd "$(dirname "$script")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
BUILD_TIME_LOG=$folder/log RUSTC_WRAPPER=$script \
    cargo build --quiet --release --locked -p synth-cli --target-dir "$folder/target" "${@:2}"
echo "all, with what the crates' own build scripts compile (user, system):"
times >"$folder/times" # in a pipe it would tell of the pipe
sed -n 2p "$folder/times"
sort -k3 "$folder/log" | awk '{ own[$3] += $1 + $2; all += $1 + $2 }
    END { printf "%7.1f s  compiler\n", all; for (name in own) printf "%7.1f s  %s\n", own[name], name }' |
    sort -rn | head -n "$((${1:-20} + 1))"
ls -l "$folder/target/release/synth" | awk '{ printf "%7.1f MB the program\n", $5 / 1e6 }'

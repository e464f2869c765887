#!/usr/bin/env bash
# What an outside judge says of `synth fit` and `synth sample` on real tables, seed by seed, and what misses its limit.
#
#   cargo build --release && bash benches/scripts/referee.sh PYTHON REFEREE_DIR DATA_DIR [SEEDS] [TABLE...]
#
# REFEREE_DIR holds prepare.py (splits a table 80/20) and referee.py (prints one JSON object); PYTHON has their packages.
# SEEDS is a number (0 to SEEDS - 1, default 3). SYNTH is the program, by default target/release/synth.
# A line a seed, and one of medians a table. `!` stands after a figure that misses its limit, and a fit that fails is a
# miss too. fit_s and rows/s are those of whole runs of the program, reading and writing included; MB is the fit's peak.
# Times mean something only on an idle machine, so the load is printed first.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${1:?a Python}; referee=${2:?the judge}; data=${3:?the tables}; seeds=${4:-3}; shift 3; [ $# -gt 0 ] && shift
out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
synth=${SYNTH:-target/release/synth}
[ -x "$synth" ] || { echo "$synth: there is no such program; cargo build --release makes it" >&2; exit 2; }
# Settings of OpenBLAS that stand in the environment are not for this Python.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
"$python" - "$synth" "$referee" "$data" "$out" "$seeds" "$@" <<'P'
import csv, json, os, statistics, subprocess, sys, time

synth, referee, data, out, n_seeds, *tables = sys.argv[1:]
# The target; at most c2st_gb; at least sdm_shapes and sdm_trends; at most trtr - tstr; mia_auc from and to; at most fit_s.
LIMITS = {
    "adult_train": ("income", .515, .993, .985, .012, .49, .52, 60),
    "online_shoppers": ("Revenue", .56, .989, .975, .02, .49, .53, 60),
    "credit_default": ("default payment next month", .65, .986, .970, .02, .49, .53, 120),
    "cardio_train": ("cardio", .52, .996, .98, .01, .49, .52, 90),
    "california_housing": ("median_house_value", .60, .988, .975, .06, .49, .53, 120),
    "support2": ("death", .65, .98, .95, .03, .49, .54, 120),
    "stroke": ("stroke", .54, .986, .92, .04, .47, .54, 30),
    "heart_cleveland": ("num", .60, .94, .83, .06, .44, .58, 10),
    "pima_diabetes": ("outcome", .58, .95, .85, .06, .45, .57, 10),
    "gbsg2": ("cens", .58, .95, .85, .06, .45, .57, 10),
}
# Each figure's digits after the point.
FIGURES = {
    "fit_s": 1, "MB": 0, "rows/s": 0, "c2st_gb": 4, "sdm_shapes": 4, "sdm_trends": 4,
    "tstr": 4, "trtr": 4, "mia_auc": 4, "dup_rate": 4,
}


def run(*command):
    """Seconds, peak memory in MB and exit code of a program."""
    # A child's peak in Python's own account is never less than Python's: GNU time's is better, if it is there.
    if os.access("/usr/bin/time", os.X_OK):
        command = ("/usr/bin/time", "-f", "%M", "-o", f"{out}/peak", *command)
    started = time.perf_counter()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds, peak = time.perf_counter() - started, usage.ru_maxrss
    child.returncode = os.waitstatus_to_exitcode(status)
    if command[0] == "/usr/bin/time":
        peak = int(open(f"{out}/peak").read().split()[-1])
    return seconds, peak / 1024, child.returncode


def judge(script, *args):
    return subprocess.run([sys.executable, f"{referee}/{script}", *args], check=True, stdout=subprocess.PIPE).stdout


def measure(table, seed):
    """The figures of one seed, or in words what failed."""
    train, holdout, made = (f"{out}/{table}_{part}.csv" for part in ("train", "holdout", "made"))
    model, how = f"{out}/{table}.synth", ("--seed", str(seed), "--quiet", "--force")
    with open(train, newline="") as file:
        n_rows = sum(1 for _ in csv.reader(file)) - 1
    fit_s, peak, code = run(synth, "fit", train, "--model", model, *how)
    if code != 0:
        return f"fit ended with code {code} after {fit_s:.1f} s"
    sample_s, _, code = run(synth, "sample", model, "--rows", str(n_rows), "--out", made, *how)
    if code != 0:
        return f"sample ended with code {code} after {sample_s:.1f} s"
    judged = json.loads(judge("referee.py", train, holdout, made, "--target", LIMITS[table][0]))
    return {"fit_s": fit_s, "MB": peak, "rows/s": n_rows / sample_s} | {f: judged[f] for f in FIGURES if f in judged}


def missed(table, x):
    """The figures beyond their limits. Written so that what is not a number misses."""
    _, c2st, shapes, trends, loss, least_mia, most_mia, fit_s = LIMITS[table]
    within = {
        "fit_s": x["fit_s"] <= fit_s,
        "c2st_gb": x["c2st_gb"] <= c2st,
        "sdm_shapes": x["sdm_shapes"] >= shapes,
        "sdm_trends": x["sdm_trends"] >= trends,
        "tstr": x["tstr"] >= x["trtr"] - loss,
        "mia_auc": least_mia <= x["mia_auc"] <= most_mia,
    }
    return [figure for figure, is_within in within.items() if not is_within]


def show(table, label, x):
    over = missed(table, x)
    cells = (f"{figure} {x[figure]:.{digits}f}{'!' if figure in over else ' '}" for figure, digits in FIGURES.items())
    print(f"{table:18} {label:8} {' '.join(cells)}".rstrip(), flush=True)


unknown = [table for table in tables if table not in LIMITS]
if unknown:
    sys.exit(f"no limits are known for {', '.join(unknown)}; for these they are: {', '.join(LIMITS)}")
print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} before the start", flush=True)
for table in tables or LIMITS:
    judge("prepare.py", data, table, out)
    good = []
    for seed in range(int(n_seeds)):
        result = measure(table, seed)
        if isinstance(result, str):
            print(f"{table:18} seed {seed:<3} {result} !", flush=True)
        else:
            show(table, f"seed {seed}", result)
            good.append(result)
    if good:
        show(table, "median", {figure: statistics.median(x[figure] for x in good) for figure in FIGURES})
    if len(good) < int(n_seeds):
        print(f"{table:18} judged   {len(good)} of {n_seeds} seeds !", flush=True)
P

#!/usr/bin/env python3
"""Who is in the table? Attacks on the most exposed rows, by somebody who knows all others and by somebody who does not.

    benches/scripts/informed_attack.py TABLE.csv [--synth target/release/synth] [--runs 100] [--rows 200] [--engine trees]

A table without a header has its names in TABLE.columns.txt beside it. Python 3 and numpy. Exit code 1 if a limit is passed.

Each run draws other rows of the table anew and puts each of the most exposed rows in with a probability of 1/2; a generator is fitted
(`synth fit`, which protects the table as the schema of a `synth run --policy` declares, with a secret of its own each time) and a table
of as many rows is sampled. Then, for each of the exposed rows:

A, informed: the attacker knows all other rows and the program, and neither the secret nor whether the row is in. The ends of the capped
   columns, gaps and rare levels are compared with all that the protection can give without the row and with it: as a likelihood ratio
   over what is drawn (ranks, sizes and roundings), added up over the columns; and by the exact rule, which says "in" only of what cannot
   be without the row. What one column cannot show at all (an end that neither gives, by chance) tells nothing.
B, not informed: the attacker knows the row and tables like this one. Distances to the nearest sampled rows, counts of sampled rows within
   some radii, and in the row's outermost columns, as features of a ridge regression, out of fold over the runs.

The limits: an area under the curve of .60 for each exposed row (A), and pooled over them (B).
"""
import argparse
import csv
import math
import os
import subprocess
import sys
import tempfile
import tomllib

import numpy as np

MISSING = {"", "?", "NA", "N/A", "NaN", "nan", "null", "."}
N_ISOLATED, N_EXPOSED = 8, 12


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table")
    parser.add_argument("--synth", default="target/release/synth")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--rows", type=int, help="other rows in each run [default: two thirds of the table, 400 at most]")
    parser.add_argument("--engine", default="trees")
    parser.add_argument("--policy", default="hipaa")
    parser.add_argument("--exact-caps", action="store_true", help="attack a version whose caps are the k-th values: the attack's own test")
    parser.add_argument("--seed", type=int, default=0, help="of the draws of rows; the program draws its own")
    return parser.parse_args()


def read(path):
    with open(path, newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    names = path.removesuffix(".csv") + ".columns.txt"
    if os.path.exists(names):
        return open(names).read().split(), rows
    return rows[0], rows[1:]


def write(path, names, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([names, *rows])


def numbers(column):
    def number(cell):
        try:
            return math.nan if cell.strip() in MISSING else float(cell)
        except ValueError:
            return math.nan
    return np.array([number(cell) for cell in column])


# What the protection can give.


class Capped:
    """A column that is capped: its place, k, and its grid."""

    def __init__(self, at, k, step, exact):
        self.at, self.k, self.step, self.exact = at, k, step, exact

    def caps(self, values, sign):
        """The probability of each cap at one end: `values` times `sign` in falling order. None if the ends may cross."""
        k, n = self.k, len(values)
        if n < 4 * k:
            return None
        if self.exact:
            return {round(values[k - 1] / self.step): 1.0}
        ranks = np.arange(k, 2 * k + 1)
        top = values[k - 1 : 2 * k].mean()
        width = min(abs(top - values[n // 2]), 2 * abs(top - values[min(6 * k, n) - 1]))
        given = {}
        for value in values[ranks - 1]:
            n_same = np.count_nonzero(values == value)
            p_shared = np.count_nonzero(ranks <= n_same) / len(ranks)
            self.add(given, value, p_shared / len(ranks))
            for step, p in self.steps(width):
                to = math.ceil(value / step - 1e-9) * step
                self.add(given, to, (1 - p_shared) * p / len(ranks))
        return given

    def add(self, given, value, p):
        key = round(value / self.step)
        if p > 0:
            given[key] = given.get(key, 0.0) + p

    def steps(self, width):
        """The largest of 1, 2, 5, 10, ... steps of the grid within the width times 10^u, u evenly in 0 to 1/3."""
        if width <= 0:
            return [(self.step, 1.0)]
        low = math.log10(width / self.step)
        high, steps, at = low + 1 / 3, [], low
        edges = [e + math.log10(m) for e in range(math.floor(low) - 1, math.ceil(high) + 2) for m in (1, 2, 5)]
        while at < high - 1e-12:
            below = max(edge for edge in edges if edge <= at + 1e-12)
            above = min(edge for edge in edges if edge > at + 1e-12)
            to = min(high, above)
            steps.append((self.step * max(1.0, 10**below), (to - at) / (high - low)))
            at = to
        return steps

    def evidence(self, others, own, sampled):
        """The logarithm of the likelihood ratio of both ends, and whether they are impossible without the row."""
        total, impossible = 0.0, False
        if not np.isfinite(own) or not np.isfinite(sampled).any():
            return total, impossible
        others = others[np.isfinite(others)]
        for sign in (1, -1):
            without = np.sort(sign * others)[::-1]
            end = round(np.nanmax(sign * sampled) / self.step)
            given_without = self.caps(without, sign)
            given_with = self.caps(np.sort(np.append(sign * others, sign * own))[::-1], sign)
            if given_without is None or given_with is None:
                continue
            p, q = given_with.get(end, 0.0), given_without.get(end, 0.0)
            if p > 0 or q > 0:
                total += math.log((p + 1e-9) / (q + 1e-9))
                impossible |= q == 0
        return total, impossible


def tail(k, n):
    """The probability that a size that is drawn from k to 2k is at most n."""
    return min(1.0, max(0.0, (n - k + 1) / (k + 1)))


def gap_evidence(k, n_others, own_missing, any_sampled):
    """Gaps stay where as many units have one as are drawn."""
    if not own_missing:
        return 0.0, False
    p, q = tail(k, n_others + 1), tail(k, n_others)
    p, q = (p, q) if any_sampled else (1 - p, 1 - q)
    return math.log((p + 1e-9) / (q + 1e-9)) if p > 0 or q > 0 else 0.0, q == 0 and p > 0


def level_is_impossible(k, others, own, sampled):
    """A level that fewer than k of the others have, in the sampled rows."""
    return own in sampled and np.count_nonzero(others == own) < k


# Who is exposed, and what is like them.


class Space:
    """Distances after Gower: numbers by their range, words by being equal, gaps as words."""

    def __init__(self, pool, is_number):
        self.is_number = is_number
        self.columns = [numbers(pool[:, i]) if is_number[i] else None for i in range(pool.shape[1])]
        ends = [np.nanpercentile(c, [1, 99]) if c is not None else None for c in self.columns]
        self.width = [max(e[1] - e[0], 1e-9) if e is not None else 1.0 for e in ends]

    def coded(self, rows):
        return [numbers(rows[:, i]) if self.is_number[i] else rows[:, i] for i in range(rows.shape[1])]

    def distances(self, coded, row):
        total = 0.0
        for i, column in enumerate(coded):
            if self.is_number[i]:
                own = numbers([row[i]])[0]
                apart = np.minimum(np.abs(column - own) / self.width[i], 1.0)
                missing = np.isnan(column)
                apart = np.where(missing, 0.0 if np.isnan(own) else 1.0, apart) if not np.isnan(own) else np.where(missing, 0.0, 1.0)
            else:
                apart = (column != row[i]).astype(float)
            total = total + apart
        return total / len(coded)


def exposed(pool, space, capped):
    """The most isolated rows, and those with most cells among the eleven outermost of their columns."""
    coded = space.coded(pool)
    isolation = np.array([np.sort(space.distances(coded, row))[1:6].mean() for row in pool])
    chosen = list(np.argsort(-isolation, kind="stable")[:N_ISOLATED])
    n_outer = np.zeros(len(pool))
    for column in capped:
        values = space.columns[column.at]
        order = np.argsort(np.where(np.isnan(values), np.nanmedian(values), values), kind="stable")
        n_outer[order[:11]] += 1
        n_outer[order[-11:]] += 1
    for row in np.lexsort((-isolation, -n_outer)):
        if len(chosen) < N_EXPOSED and row not in chosen:
            chosen.append(row)
    return chosen, n_outer


def features(space, coded, row, capped, ends):
    distances = np.sort(space.distances(coded, row))
    near = [distances[0], distances[:5].mean(), distances[:20].mean()]
    counts = [np.log1p(np.count_nonzero(distances < radius)) for radius in ends["radii"]]
    outer = []
    for column, (is_high, far) in zip(capped, ends["outer"]):
        if far:
            own, values = numbers([row[column.at]])[0], coded[column.at]
            sampled = values[np.isfinite(values)]
            end = (sampled.max() if is_high else -sampled.min()) / space.width[column.at]
            spread = 0.15 * space.width[column.at]
            beyond = np.count_nonzero(sampled > own - spread if is_high else sampled < own + spread)
            outer += [end, np.log1p(beyond)]
    return near + counts + outer


def out_of_fold(x, y, folds=5, ridge=3.0):
    """Scores of a ridge regression on standardised features, each run's from the runs of the other folds."""
    scores = np.zeros(len(y))
    for fold in range(folds):
        test = np.arange(len(y)) % folds == fold
        mean, spread = x[~test].mean(0), x[~test].std(0) + 1e-9
        a, b = (x[~test] - mean) / spread, y[~test] - y[~test].mean()
        weights = np.linalg.solve(a.T @ a + ridge * len(a) / 10 * np.eye(a.shape[1]), a.T @ b)
        scores[test] = (x[test] - mean) / spread @ weights
    return scores


def auc(members, others):
    """The area under the curve, ties as a half, and its standard error (Hanley and McNeil, 1982)."""
    members, others = np.asarray(members), np.asarray(others)
    if len(members) == 0 or len(others) == 0:
        return math.nan, math.nan
    area = (members[:, None] > others).mean() + 0.5 * (members[:, None] == others).mean()
    m, n = len(members), len(others)
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (m - 1) * (q1 - area**2) + (n - 1) * (q2 - area**2)) / (m * n)
    return area, math.sqrt(max(variance, 0.0))


def main():
    args = arguments()
    names, rows = read(args.table)
    pool = np.array([[cell.strip() for cell in row] for row in rows])
    rng = np.random.default_rng(args.seed)
    folder = tempfile.TemporaryDirectory()
    at = lambda name: os.path.join(folder.name, name)

    def synth(*words):
        done = subprocess.run([args.synth, *words, "--quiet"], capture_output=True, text=True)
        if done.returncode not in (0, 4, 5):
            sys.exit(f"synth {words[0]}: {done.stderr}")

    write(at("pool.csv"), names, pool)
    synth("run", at("pool.csv"), "--policy", args.policy, "--engine", args.engine, "--max-attempts", "1", "--keep-refused", "--out", at("full"))
    with open(at("full/schema.toml"), "rb") as file:
        schema = tomllib.load(file)
    fields = schema["fields"] if "fields" in schema else schema["field"]
    rule = lambda field, name: next((p for p in field.get("protect", []) if p["rule"] == name), None)
    is_number = np.array([field["storage"] in ("integer", "float") and field["kind"] in ("continuous", "integer") for field in fields])
    capped = [Capped(i, rule(f, "cap-extremes")["k"], f["number"]["step"], args.exact_caps) for i, f in enumerate(fields) if rule(f, "cap-extremes") and "number" in f]
    gaps = [(i, (rule(f, "cap-extremes") or rule(f, "merge-rare"))["k"]) for i, f in enumerate(fields) if rule(f, "cap-extremes") or rule(f, "merge-rare")]
    merged = [(i, rule(f, "merge-rare")["k"]) for i, f in enumerate(fields) if rule(f, "merge-rare")]
    space = Space(pool, is_number)
    targets, n_outer = exposed(pool, space, capped)
    rest = np.setdiff1d(np.arange(len(pool)), targets)
    n_rows = args.rows or min(400, 2 * len(pool) // 3)
    coded_pool = space.coded(pool)
    ends = {}
    for target in targets:
        distances = np.sort(space.distances(coded_pool, pool[target]))[1:]
        outer = []
        for column in capped:
            values, own = space.columns[column.at], numbers([pool[target][column.at]])[0]
            share = np.nanmean(values < own) if np.isfinite(own) else 0.5
            outer.append((share > 0.5, share > 0.9 or share < 0.1))
        ends[target] = {"radii": distances[[2, 10, 40]], "outer": outer}

    score, said, x = {t: [] for t in targets}, {t: [] for t in targets}, {t: [] for t in targets}
    is_in = {t: [] for t in targets}
    for run in range(args.runs):
        inside = [t for t in targets if rng.random() < 0.5]
        chosen = rng.permutation(np.concatenate([rng.choice(rest, n_rows, replace=False), inside]).astype(int))
        write(at("t.csv"), names, pool[chosen])
        synth("fit", at("t.csv"), "--schema", at("full/schema.toml"), "--engine", args.engine, "--model", at("m.synth"), "--force")
        synth("sample", at("m.synth"), "--rows", str(len(chosen)), "--out", at("s.csv"), "--force")
        sampled_names, sampled = read(at("s.csv"))
        place = {name: i for i, name in enumerate(sampled_names)}
        sampled = np.array([[row[place[name]].strip() if name in place else "" for name in names] for row in sampled])
        coded = space.coded(sampled)
        for target in targets:
            others, own = pool[chosen[chosen != target]], pool[target]
            total, impossible = 0.0, False
            for column in capped:
                i = column.at
                ratio, never = column.evidence(numbers(others[:, i]), numbers([own[i]])[0], numbers(sampled[:, i]))
                total, impossible = total + ratio, impossible or never
            for i, k in gaps:
                n_others = sum(cell in MISSING for cell in others[:, i])
                any_sampled = any(cell in MISSING for cell in sampled[:, i])
                ratio, never = gap_evidence(k, n_others, own[i] in MISSING, any_sampled)
                total, impossible = total + ratio, impossible or never
            for i, k in merged:
                if own[i] not in MISSING and level_is_impossible(k, others[:, i], own[i], set(sampled[:, i])):
                    impossible, total = True, total + 20.0
            score[target].append(total)
            said[target].append(impossible)
            is_in[target].append(target in inside)
            x[target].append(features(space, coded, own, capped, ends[target]))
        if sys.stderr.isatty():
            print(f"\r{run + 1} of {args.runs} runs", end="", file=sys.stderr)

    print(f"{args.table}: {args.runs} runs of {n_rows} rows and the exposed that are in, {args.engine}, {args.policy}")
    print("row  outer cells  A: AUC [95 %]         exact rule: in, out    B: AUC [95 %]")
    failed, pooled = False, ([], [])
    for target in targets:
        y = np.array(is_in[target])
        s, e = np.array(score[target]), np.array(said[target])
        area, error = auc(s[y], s[~y])
        z = out_of_fold(np.array(x[target]), y.astype(float))
        z = (z - z.mean()) / (z.std() + 1e-9)
        pooled[0].extend(z[y])
        pooled[1].extend(z[~y])
        area_b, error_b = auc(z[y], z[~y])
        span = lambda area, error: f"{area:.2f} [{max(0, area - 1.96 * error):.2f}, {min(1, area + 1.96 * error):.2f}]"
        failed |= area > 0.60
        print(f"{target:4d} {int(n_outer[target]):8d}     {span(area, error)}    {e[y].sum():3d}/{y.sum():3d}, {e[~y].sum():3d}/{(~y).sum():3d}    {span(area_b, error_b)}")
    area, error = auc(*pooled)
    failed |= area > 0.60
    print(f"B, pooled: {area:.3f} (standard error {error:.3f})")
    print("limit .60: " + ("passed" if failed else "kept"))
    sys.exit(int(failed))


if __name__ == "__main__":
    main()

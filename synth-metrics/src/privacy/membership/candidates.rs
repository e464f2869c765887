//! What an attacker can see: the candidates of each audit, their distances to the synthetic and to the real rows, and which
//! of them are isolated. Why the real rows are one pool for all: see the [module](super).

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use synth_core::{Kind, Table};

use super::{MAX_CANDIDATES, MAX_SEARCHED, MAX_SYNTHETIC, MIN_OUTLIERS, OUTLIERS};
use crate::audit::{Audit, Losses};
use crate::comparison::{check_columns, columns_of};
use crate::neighbours::{embed, nearest};
use crate::sampling::choose;

/// Added to distances before the logarithm: a hundredth of one mismatch, so that a copy is far, not infinitely far.
const OFFSET: f64 = 0.01;
/// The most neighbours that are looked up beyond those of other units, because they may be of one's own.
const MAX_OWN: usize = 64;
pub(super) const N_FEATURES: usize = 7;
/// The feature that is the prior attack.
pub(super) const PRIOR_FEATURE: usize = 5;
/// The features that are attacks by themselves.
pub(super) const DISTANCE_FEATURE: usize = 0;
pub(super) const DENSITY_FEATURE: usize = 6;

/// One appearance of a unit before one generator.
pub(super) struct Candidate {
    pub(super) id: usize,
    pub(super) audit_idx: usize,
    pub(super) is_member: bool,
    pub(super) features: [f64; N_FEATURES],
    /// d₁(R) − d₁(S).
    pub(super) calibrated: f64,
    /// The mean distance to the five nearest rows of R.
    pub(super) isolation: f64,
    pub(super) loss: Option<f64>,
}

pub(super) fn check(audits: &[Audit]) -> Result<(), String> {
    let Some(first) = audits.first() else {
        return Err("neither a holdout nor an audit given".to_owned());
    };
    if columns_of(first.members, Kind::is_learnt).is_empty() {
        return Err("no column is learnt".to_owned());
    }
    for audit in audits {
        let tables = [("synthetic", Some(audit.synthetic)), ("members", Some(audit.members))];
        let more = [("non-members", Some(audit.non_members)), ("reference", audit.reference)];
        for (name, table) in tables.into_iter().chain(more) {
            if let Some(table) = table {
                check_columns(first.members, name, table).map_err(|e| e.to_string())?;
            }
        }
        if audit.synthetic.n_rows() == 0 {
            return Err("a synthetic table has no rows".to_owned());
        }
        for (name, table, ids) in
            [("member", audit.members, audit.member_ids), ("non-member", audit.non_members, audit.non_member_ids)]
        {
            if table.n_rows() != ids.len() {
                return Err(format!("{} {name} rows with {} ids", table.n_rows(), ids.len()));
            }
        }
        let members: BTreeSet<&usize> = audit.member_ids.iter().collect();
        if audit.non_member_ids.iter().any(|id| members.contains(id)) {
            return Err("an id is both a member's and a non-member's in one audit".to_owned());
        }
    }
    Ok(())
}

pub(super) fn check_losses(audits: &[Audit], losses: &[Losses]) -> Result<(), String> {
    if losses.is_empty() {
        return Ok(());
    }
    if losses.len() != audits.len() {
        return Err(format!("{} audits with losses of {}", audits.len(), losses.len()));
    }
    for (audit, losses) in audits.iter().zip(losses) {
        for (name, rows, losses) in [
            ("member", audit.members.n_rows(), losses.members),
            ("non-member", audit.non_members.n_rows(), losses.non_members),
        ] {
            if rows != losses.len() {
                return Err(format!("{rows} {name} rows with {} losses", losses.len()));
            }
            if losses.iter().any(|loss| !loss.is_finite()) {
                return Err(format!("a {name}'s loss is not a finite number"));
            }
        }
    }
    Ok(())
}

/// The features of an audit's candidates.
pub(super) fn observe(
    audit: &Audit,
    losses: Option<&Losses>,
    n_audits: usize,
    seed: u64,
    audit_idx: usize,
) -> Vec<Candidate> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(audit_idx as u64 + 1); // stream 0 makes the folds
    let most = MAX_CANDIDATES.div_ceil(n_audits);
    let mut kept = |ids: &[usize]| if ids.len() <= most { (0..ids.len()).collect() } else { some(ids, most, &mut rng) };
    let (member_rows, non_member_rows) = (kept(audit.member_ids), kept(audit.non_member_ids));
    let (members, non_members) = (audit.members.take(&member_rows), audit.non_members.take(&non_member_rows));
    let synthetic = thin(audit.synthetic, if n_audits == 1 { MAX_SYNTHETIC } else { MAX_SEARCHED }, &mut rng);
    let reference = audit.reference.map(|t| thin(t, MAX_SEARCHED, &mut rng));

    // Scaled by members and non-members together: by the members alone, the scale would know who they are.
    let mut tables = vec![&members, &non_members, &synthetic];
    tables.extend(&reference);
    let points = embed(&[&members, &non_members], &tables);
    let sides = [
        (&points[0], &member_rows, audit.member_ids, losses.map(|l| l.members)),
        (&points[1], &non_member_rows, audit.non_member_ids, losses.map(|l| l.non_members)),
    ];
    let mut candidates = Vec::with_capacity(member_rows.len() + non_member_rows.len());
    for (side_idx, (side, kept, ids, losses)) in sides.into_iter().enumerate() {
        let to_synthetic = nearest(side, &points[2], 5);
        // More than needed: among its own side each row is its own nearest neighbour, and other rows of its unit are near.
        let n_own = most_of_one(kept.iter().map(|&row| ids[row])).min(MAX_OWN);
        let to_real: Vec<_> = [&points[0], &points[1]]
            .into_iter()
            .chain(points.get(3))
            .map(|pool| {
                (std::ptr::eq(pool, side), nearest(side, pool, if std::ptr::eq(pool, side) { 5 + n_own } else { 6 }))
            })
            .collect();
        let mut of_side = Vec::with_capacity(kept.len());
        for (row, &own) in kept.iter().enumerate() {
            let mut others: Vec<f64> = Vec::with_capacity(17);
            for (is_own, found) in &to_real {
                let neighbours = found.rows(row).iter().zip(found.distances(row));
                others.extend(neighbours.filter(|(r, _)| !(*is_own && ids[kept[**r]] == ids[own])).map(|(_, d)| *d));
            }
            others.sort_unstable_by(f64::total_cmp);
            let nearest_five = &others[..others.len().min(5)];
            of_side.push(Candidate {
                id: ids[own],
                audit_idx,
                is_member: side_idx == 0,
                features: features(to_synthetic.distances(row), &others),
                calibrated: others.first().copied().unwrap_or(0.0) - to_synthetic.distances(row)[0],
                isolation: nearest_five.iter().sum::<f64>() / nearest_five.len().max(1) as f64,
                loss: losses.map(|losses| losses[own]),
            });
        }
        candidates.extend(by_unit(of_side));
    }
    candidates
}

/// The rows of some units, about `most` of them; any units equally likely.
fn some(ids: &[usize], most: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut place: BTreeMap<usize, usize> = BTreeMap::new();
    for id in ids {
        let next = place.len();
        place.entry(*id).or_insert(next);
    }
    let n_kept = (most * place.len()).div_ceil(ids.len());
    let mut is_kept = vec![false; place.len()];
    choose(place.len(), n_kept, rng).into_iter().for_each(|unit| is_kept[unit] = true);
    (0..ids.len()).filter(|&row| is_kept[place[&ids[row]]]).collect()
}

/// How often the most frequent id is there.
fn most_of_one(ids: impl Iterator<Item = usize>) -> usize {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    ids.for_each(|id| *counts.entry(id).or_default() += 1);
    counts.into_values().max().unwrap_or(0)
}

/// One candidate a unit, in the order of their first rows: what its rows show on average.
fn by_unit(rows: Vec<Candidate>) -> Vec<Candidate> {
    let mut place: BTreeMap<usize, usize> = BTreeMap::new();
    let mut units: Vec<(Candidate, f64)> = Vec::new();
    for row in rows {
        match place.get(&row.id) {
            None => {
                place.insert(row.id, units.len());
                units.push((row, 1.0));
            }
            Some(&at) => {
                let (sum, n) = &mut units[at];
                sum.features.iter_mut().zip(row.features).for_each(|(sum, x)| *sum += x);
                sum.calibrated += row.calibrated;
                sum.isolation += row.isolation;
                sum.loss = sum.loss.zip(row.loss).map(|(a, b)| a + b);
                *n += 1.0;
            }
        }
    }
    let mean = |(mut unit, n): (Candidate, f64)| {
        unit.features.iter_mut().for_each(|x| *x /= n);
        (unit.calibrated, unit.isolation) = (unit.calibrated / n, unit.isolation / n);
        unit.loss = unit.loss.map(|loss| loss / n);
        unit
    };
    units.into_iter().map(mean).collect()
}

/// Which candidates are among the most isolated of their audit: [`OUTLIERS`] of them, or so many more that there are
/// [`MIN_OUTLIERS`] different units on each side, as far as there are.
pub(super) fn outliers(candidates: &[Candidate]) -> Vec<bool> {
    let mut groups = by_audit(candidates);
    for group in &mut groups {
        group.sort_by(|&a, &b| candidates[b].isolation.total_cmp(&candidates[a].isolation));
    }
    let mut is_outlier = vec![false; candidates.len()];
    let mut share = OUTLIERS;
    loop {
        for group in &groups {
            let n = (share * group.len() as f64).round() as usize;
            group[..n].iter().for_each(|&i| is_outlier[i] = true);
        }
        let n_units = |is_member: bool| {
            let chosen = candidates.iter().zip(&is_outlier).filter(|(c, chosen)| **chosen && c.is_member == is_member);
            chosen.map(|(c, _)| c.id).collect::<BTreeSet<_>>().len()
        };
        if share >= 1.0 || n_units(true).min(n_units(false)) >= MIN_OUTLIERS {
            return is_outlier;
        }
        share = (share + OUTLIERS / 5.0).min(1.0);
    }
}

/// Each candidate's place among those of its audit, between 0 and 1, ties sharing the middle one.
pub(super) fn ranks_within_audits(candidates: &[Candidate], score: &dyn Fn(&Candidate) -> f64) -> Vec<f64> {
    let mut ranks = vec![0.0; candidates.len()];
    for group in by_audit(candidates) {
        let scores: Vec<f64> = group.iter().map(|&i| score(&candidates[i]) + 0.0).collect(); // −0 is 0
        let mut sorted = scores.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        for (&i, &s) in group.iter().zip(&scores) {
            let (below, up_to) = (sorted.partition_point(|&o| o < s), sorted.partition_point(|&o| o <= s));
            ranks[i] = (below + up_to) as f64 / (2 * sorted.len()) as f64;
        }
    }
    ranks
}

fn by_audit(candidates: &[Candidate]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    candidates.iter().enumerate().for_each(|(i, c)| groups.entry(c.audit_idx).or_default().push(i));
    groups.into_values().collect()
}

/// Both lists ascend. Where there are fewer than k neighbours the last one stands for the k-th.
fn features(synthetic: &[f64], others: &[f64]) -> [f64; N_FEATURES] {
    let kth = |distances: &[f64], k: usize| distances.get(k - 1).or(distances.last()).copied().unwrap_or(0.0);
    let log = |d: f64| (d + OFFSET).ln();
    let (d1, d2, d5) = (kth(synthetic, 1), kth(synthetic, 2), kth(synthetic, 5));
    [
        -log(d1),
        -log(d2),
        -log(d5),
        -(d1 + OFFSET) / (d2 + OFFSET),
        f64::from(d1 == 0.0),
        log(kth(others, 1)) - log(d1),
        log(kth(others, 5)) - log(d5),
    ]
}

fn thin(table: &Table, most: usize, rng: &mut ChaCha8Rng) -> Table {
    if table.n_rows() <= most { table.clone() } else { table.take(&choose(table.n_rows(), most, rng)) }
}

//! Inference: one column guessed from all others, by the nearest synthetic row. See the [module](super).

use rand::Rng;

use super::{
    KNOWN, MAX_SEARCHED, N_INFERRED, N_TARGETS, Risk, Scene, TOLERANCE, Tally, Targets, independent, residual, stream,
    targets, worst,
};
use crate::estimate::{ColumnValue, Estimate};
use crate::neighbours::{Points, nearest_without_each_column};

/// Targets times synthetic rows times columns that are looked at at most, about, on each side.
const MAX_CELLS: usize = 8_000_000_000;
/// The least targets a side that are compared among themselves.
const LEAST_ALIKE: usize = 20;

/// The risk of the worst column, and that of all columns together.
pub(super) fn inference(scenes: &[Scene], seed: u64) -> Result<[Risk; 2], String> {
    let n_columns = scenes[0].synthetic.n_columns();
    let mut columns: Vec<Column> = (0..n_columns).map(|_| Column::default()).collect();
    for (scene_idx, scene) in scenes.iter().enumerate() {
        let mut rng = stream(seed, 2, scene_idx);
        let n_searched = scene.synthetic.n_rows().min(MAX_SEARCHED);
        let most = (MAX_CELLS / (n_searched * n_columns)).clamp(N_TARGETS, N_INFERRED);
        let Targets { members, others, synthetic } = targets(scene, most, scenes.len(), &mut rng);
        let random: Vec<usize> = (0..members.n_rows()).map(|_| rng.gen_range(0..synthetic.n_rows())).collect();
        let guesses = [&members, &others].map(|points| nearest_without_each_column(points, &synthetic));
        for (c, column) in columns.iter_mut().enumerate() {
            let allowed = if scene.is_scale[c] { TOLERANCE } else { 0.0 };
            let is_right = |points: &Points, guess: &[usize]| -> Vec<bool> {
                (0..points.n_rows()).map(|row| points.apart(row, &synthetic, guess[row], c) <= allowed).collect()
            };
            let right = [is_right(&members, &guesses[0][c]), is_right(&others, &guesses[1][c])];
            let count = |right: &[bool]| right.iter().filter(|right| **right).count() as f64;
            column.tally.add(Tally {
                attack: count(&right[0]),
                control: count(&right[1]),
                naive: count(&is_right(&members, &random)),
                n_attack: members.n_rows() as f64,
                n_control: others.n_rows() as f64,
                ..Tally::default()
            });
            let values = [members.column(c), others.column(c)];
            let (found, of_target) = strata([0, 1].map(|side| (values[side], right[side].as_slice())));
            let n_before = column.strata.len();
            column.strata.extend(found);
            for side in 0..2 {
                let of_target = of_target[side].iter().map(|stratum| n_before + stratum);
                column.targets[side].extend(right[side].iter().copied().zip(of_target));
            }
        }
    }
    let [of_attack, of_control] = independent(scenes);
    let is_open = |column: &&Column| column.tally.control < KNOWN * column.tally.n_control;
    let n_open = columns.iter().filter(is_open).count();
    if n_open == 0 {
        return Err("every column can be inferred from the others among held-out rows as well".to_owned());
    }
    let of = |column: &Column| {
        let [(attack, n_attack), (control, n_control)] = column.rates();
        residual(attack, n_attack * of_attack, control, n_control * of_control, n_open)
    };
    let open = columns.iter().filter(is_open);
    let risks: Vec<(Estimate, bool)> = open.map(|column| (of(column), column.tally.beats_its_baseline())).collect();
    let open: Vec<&Column> = columns.iter().filter(is_open).collect();
    let [(attack, n_attack), (control, n_control)] = mean_rates(&open);
    let mean = residual(attack, n_attack * of_attack, control, n_control * of_control, 1);
    let has_power = open.iter().map(|column| column.tally.attack - column.tally.naive).sum::<f64>() > 0.0;
    let mean = Risk { estimate: worst(&[(mean, has_power)])?, columns: Vec::new() };
    let named = scenes[0].names.iter().zip(&columns);
    let columns = named.map(|(name, column)| ColumnValue { column: name.clone(), value: of(column).value });
    Ok([Risk { estimate: worst(&risks)?, columns: columns.collect() }, mean])
}

/// The rates of attack and control, averaged over the columns, each with the number of tries of a plain rate that is known as well: by
/// the influence of each target, whose columns are right or wrong together.
fn mean_rates(columns: &[&Column]) -> [(f64, f64); 2] {
    let n_columns = columns.len() as f64;
    [0, 1].map(|side| {
        let n_targets = columns[0].targets[side].len();
        let mut influence = vec![0.0; n_targets];
        let mut rate = 0.0;
        for column in columns {
            let total: f64 = column.strata.iter().flat_map(|s| s.n).sum();
            let weight = |s: &Stratum| s.n.iter().sum::<f64>() / total / n_columns;
            rate += column.strata.iter().map(|s| weight(s) * s.right[side] / s.n[side]).sum::<f64>();
            for (own, &(is_right, stratum)) in influence.iter_mut().zip(&column.targets[side]) {
                let s = &column.strata[stratum];
                let expected = s.right[side] / s.n[side];
                *own += weight(s) / s.n[side] * (f64::from(u8::from(is_right)) - expected);
            }
        }
        let variance: f64 = influence.iter().map(|x| x * x).sum();
        let rate = rate.clamp(0.0, 1.0);
        let n_effective = rate * (1.0 - rate) / variance;
        (rate, if n_effective.is_finite() && n_effective > 1.0 { n_effective } else { n_targets as f64 })
    })
}

#[derive(Default)]
struct Column {
    tally: Tally,
    strata: Vec<Stratum>,
    /// Of each target of attack and control, whether it was guessed, and its stratum.
    targets: [Vec<(bool, usize)>; 2],
}

/// Targets that are alike: how many of each side, and how many of these are guessed rightly.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Stratum {
    n: [f64; 2],
    right: [f64; 2],
}

impl Stratum {
    fn add(&mut self, other: Stratum) {
        for side in 0..2 {
            self.n[side] += other.n[side];
            self.right[side] += other.right[side];
        }
    }

    fn is_large(&self) -> bool {
        self.n.iter().all(|&n| n >= LEAST_ALIKE as f64)
    }
}

impl Column {
    /// The rates of attack and control, strata weighted by their targets of both sides, each with the number of tries of a
    /// plain rate that is known as well.
    fn rates(&self) -> [(f64, f64); 2] {
        let total: f64 = self.strata.iter().flat_map(|s| s.n).sum();
        [0, 1].map(|side| {
            let (mut rate, mut variance, mut n) = (0.0, 0.0, 0.0);
            for s in &self.strata {
                let weight = s.n.iter().sum::<f64>() / total;
                rate += weight * s.right[side] / s.n[side];
                // A stratum that is all right, or all wrong, is not known exactly: half a success and a failure are added.
                let p = (s.right[side] + 0.5) / (s.n[side] + 1.0);
                variance += weight * weight * p * (1.0 - p) / s.n[side];
                n += s.n[side];
            }
            let rate = rate.clamp(0.0, 1.0);
            let n_effective = rate * (1.0 - rate) / variance;
            (rate, if n_effective > 1.0 { n_effective } else { n })
        })
    }
}

/// The targets of two sides by their values: a value that both have often is a stratum, the others are put together in
/// their order until both sides have enough. With the stratum of each target.
fn strata(sides: [(&[f32], &[bool]); 2]) -> (Vec<Stratum>, [Vec<usize>; 2]) {
    let mut targets: Vec<(f32, usize, usize)> = Vec::new();
    for (side, (values, _)) in sides.iter().enumerate() {
        targets.extend(values.iter().enumerate().map(|(target, &value)| (value, side, target)));
    }
    targets.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut of_target = sides.map(|(values, _)| vec![0; values.len()]);
    let mut strata: Vec<Stratum> = Vec::new();
    let (mut rest, mut of_rest): (Stratum, Vec<(usize, usize)>) = Default::default();
    for alike in targets.chunk_by(|a, b| a.0 == b.0) {
        let mut stratum = Stratum::default();
        for &(_, side, target) in alike {
            stratum.n[side] += 1.0;
            stratum.right[side] += f64::from(u8::from(sides[side].1[target]));
        }
        let own = alike.iter().map(|&(_, side, target)| (side, target));
        if stratum.is_large() {
            own.for_each(|(side, target)| of_target[side][target] = strata.len());
            strata.push(stratum);
        } else {
            rest.add(stratum);
            of_rest.extend(own);
            if rest.is_large() {
                of_rest.drain(..).for_each(|(side, target)| of_target[side][target] = strata.len());
                strata.push(std::mem::take(&mut rest));
            }
        }
    }
    let last = strata.len().saturating_sub(1);
    of_rest.into_iter().for_each(|(side, target)| of_target[side][target] = last);
    match strata.last_mut() {
        Some(last) => last.add(rest),
        None => strata.push(rest),
    }
    (strata, of_target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_compared_with_their_like() {
        // A common value, a rare one of each side, and a second common one.
        let values = |n: usize| [vec![1.0f32; 40], vec![2.0; n], vec![3.0; 60]].concat();
        let (a, b) = (values(3), values(25));
        let right = |values: &[f32]| values.iter().map(|&x| x == 1.0).collect::<Vec<bool>>();
        let (found, of_target) = strata([(&a, &right(&a)), (&b, &right(&b))]);
        assert_eq!(of_target[0], [vec![0; 40], vec![1; 63]].concat());
        let expected = [([40.0, 40.0], [40.0, 40.0]), ([63.0, 85.0], [0.0, 0.0])];
        assert_eq!(found, expected.map(|(n, right)| Stratum { n, right }));
    }

    #[test]
    fn the_mean_over_columns_counts_a_target_once() {
        // Two columns that are right for the same half of 400 targets say as much as one.
        let stratum = Stratum { n: [400.0, 400.0], right: [200.0, 200.0] };
        let targets: Vec<(bool, usize)> = (0..400).map(|i| (i % 2 == 0, 0)).collect();
        let column =
            || Column { strata: vec![stratum], targets: [targets.clone(), targets.clone()], ..Column::default() };
        let other =
            Column { targets: [0, 1].map(|_| targets.iter().map(|&(right, s)| (!right, s)).collect()), ..column() };
        let n_of = |columns: &[&Column]| mean_rates(columns)[0].1;
        assert!((n_of(&[&column()]) - 400.0).abs() < 1e-6);
        assert!((n_of(&[&column(), &column()]) - 400.0).abs() < 1e-6);
        // Of two that are never right together the mean is known exactly.
        assert_eq!(mean_rates(&[&column(), &other])[0], (0.5, 400.0));
    }

    #[test]
    fn easier_targets_on_one_side_are_no_risk() {
        // Guesses depend on the target's value alone; the sides have other shares of the two values.
        let stratum = |n: [f64; 2], share: f64| Stratum { n, right: n.map(|n| share * n) };
        let strata = vec![stratum([600.0, 400.0], 0.9), stratum([400.0, 600.0], 0.1)];
        let column = Column { strata, ..Column::default() };
        let [(attack, n_attack), (control, n_control)] = column.rates();
        assert!((attack - 0.5).abs() < 1e-12 && (control - 0.5).abs() < 1e-12);
        // By itself a rate of 0.5 of 1,000 has a variance of 0.25 / 1,000; within the strata it is 0.09 of that of each.
        for n in [n_attack, n_control] {
            assert!((n / 1_000.0 - 0.25 / 0.09).abs() < 0.15, "{n}");
        }
    }
}

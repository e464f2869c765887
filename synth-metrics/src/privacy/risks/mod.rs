//! The three risks of WP216 (Opinion 05/2014): singling out, linkability and inference.
//!
//! Each is an attack with the synthetic table S, carried out on rows the generator learnt from and, as a *control*, on
//! real rows it never saw. What succeeds on both is knowledge about the population, which is what a synthetic table is
//! for; only the rest is the table's doing. With success rates a (attack) and c (control) the residual risk is
//!
//! ```text
//! r = (a − c) / (1 − c), at least 0
//! ```
//!
//! the share of what the control leaves open. Definitions: section 2.2 of WP216; the residual with a control after
//! Giomi et al. (arXiv:2211.10459). Written from the definitions.
//!
//! - **Singling out** (`singling_out_risk`): predicates that hold for exactly one synthetic row; a success is one that
//!   holds for exactly one training row. *Univariate*: a value that is unique in S, or "at most the least", "at least the
//!   largest". *Multivariate*: a random synthetic row's values in three to six columns, equal for levels, "at least" or
//!   "at most" for numbers, whichever side of the median they are on. The worse of the two kinds counts; where one has
//!   fewer than [`LEAST_PREDICATES`], too few to single out many or to show anything alone, the two are counted together.
//!   A predicate of probability w isolates one of n rows with probability n w (1 − w)ⁿ⁻¹, so the control depends on the
//!   number of rows: a holdout of m < n rows is filled up to n with training rows, a predicate must isolate a row of the
//!   holdout among all n, and the rate is multiplied by n/m, for that row could have been any of the n. A leak puts more
//!   training rows in the way and makes the control smaller, so it errs on the safe side. The rate is held to
//!   (1 − 1/n)ⁿ⁻¹ ≈ .37, which no w exceeds.
//! - **Linkability** (`linkability_risk`): the columns are dealt into two halves, known to two parties. A success is a row
//!   whose [`N_LINKED`] nearest synthetic rows by one half and by the other have one in common.
//! - **Inference** (`inference_risk`): all columns but one are known. The guess is that of the nearest synthetic row by
//!   these; right if it is the level, or for numbers within [`TOLERANCE`] of the span of the middle 90 % (a relative error
//!   would depend on the origin, and for dates mean nothing). The worst column counts; [`Measure::columns`] has all.
//!   Columns that the control guesses in [`KNOWN`] of the cases or more are left out of the worst: nearly nothing is
//!   left to be inferred, and r is a ratio of two small numbers. What makes a cell easy to guess is above all its own
//!   value (a common level is guessed rightly by anybody), and by chance one side has more easy cells than the other: so
//!   attack and control are compared among targets with the same value, and these strata weighted alike on both sides.
//!   The worst of several columns is the one whose bound is widest, so that a limit on it cannot be *shown* to be kept at the sizes
//!   that there are. `inference_risk_mean` can: the same with the rates averaged over the columns first, each row attacked being
//!   one observation, whatever its columns. A generator that discloses whole rows raises all columns; one that discloses a
//!   single column raises the worst.
//!
//! **Intervals.** Wilson's for a and c (predicates that isolate the same real row count as fewer, after Kish), carried
//! through r by the method of variance estimates recovery (Newcombe 1998, Zou and Donner 2008). The lower bound is widened
//! for the number of kinds or columns among which the worst is sought (Bonferroni). The upper one needs no such thing:
//! that the largest of several risks is above all of their bounds means that it is above its own.
//!
//! **People with several rows.** The rows of one unit may all be told or missed together, so that n rows count as n² / Σ m², with m
//! rows of a unit, in each interval. Predicates, links and guesses are of rows: a synthetic row is nobody's.
//!
//! **What inference can show.** A one-sided bound is about 1.65 √((1/n + 1/m) / (1 − c)) from its value, with n and m rows
//! attacked: the fewer cells the control leaves open, the less a rate tells of them. With 26,000 training and 6,500 unseen
//! rows that is .03 where half is open, .07 at a tenth and .10 at a twentieth. A limit of .09 on the worst column is then
//! kept for sure only if no column is open to less than a tenth, and inconclusive by one that is; such columns hold the rare
//! values, so they are not left out for it. A larger holdout helps, more synthetic rows do not. The mean over columns is known to
//! about .03 with 766 unseen rows.
//!
//! **A baseline.** A weak attack proves nothing. Each is held against a naive one that knows as much about the form of a
//! row but nothing of the table: predicates mixed from several synthetic rows, links at random, the value of a random
//! synthetic row. If no attack of a measure succeeds more often than its naive twin, the value is 0 *and the bounds are 0
//! and 1*: the measure is taken, and says that it shows nothing. Such a value passes no gate.
//!
//! **False alarms and power**: how often the one-sided 95 % lower bound is above the ideal, in 400 worlds each of
//! `tests/leaks.rs` (see [`membership`](crate::privacy::membership)):
//!
//! | measure | innocent, 200 rows | innocent, 600 rows | a tenth copied, 200 rows | a tenth copied, 600 rows |
//! |---|---|---|---|---|
//! | `singling_out_risk` | 3.0 % | 2.5 % | 7.2 % | 7.0 % |
//! | `linkability_risk` | 4.8 % | 6.2 % | 99.0 % | 99.8 % |
//! | `inference_risk` | 4.2 % | 4.8 % | 95.2 % | 100.0 % |
//!
//! Size: at most [`N_TARGETS`] rows a side to link ([`N_INFERRED`] to infer from), [`N_PREDICATES`] predicates of each kind,
//! [`MAX_SEARCHED`] synthetic rows to link with and infer from.

mod inference;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use synth_core::table::Units;
use synth_core::{Kind, Table};

use crate::audit::Audit;
use crate::comparison::{Comparison, check_columns, columns_of};
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs, Unseen};
use crate::estimate::{ColumnValue, Estimate, Interval, Measure, Outcome, Uncertainty, between};
use crate::family::{Family, Intervals};
use crate::neighbours::{Nearest, Points, embed, nearest};
use crate::sampling::interval::{in_both_forms, of_largest, wilson_among};
use crate::sampling::{choose, n_effective};
use inference::inference;

pub(crate) const FAMILY: Family = Family {
    definitions: &[SINGLING_OUT_RISK, LINKABILITY_RISK, INFERENCE_RISK, INFERENCE_RISK_MEAN],
    intervals: Intervals::Own,
    take: |taking| risks(taking.comparison, &taking.options.audits, taking.options.seed),
};

/// The definition of `singling_out_risk`.
pub const SINGLING_OUT_RISK: Definition = Definition {
    id: "singling_out_risk",
    name: "singling-out risk beyond the baseline",
    meaning: "success of a singling-out attack beyond the same attack on held-out rows",
    above: Some("people can be singled out"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "WP216, section 2.2: isolating the records of one person; residual (a - c)/(1 - c) of predicates \
             unique in the synthetic table, univariate or multivariate, with a holdout as control \
             (arXiv:2211.10459)",
    anchors: Anchors {
        copy: between(0.7, 1.0),
        fresh: between(0.0, 0.2),
        permuted: between(0.5, 1.0),
        shifted: between(0.0, 0.2),
    },
    needs: Needs::unseen(Unseen::Rows(MIN_TARGETS)),
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// The definition of `linkability_risk`.
pub const LINKABILITY_RISK: Definition = Definition {
    id: "linkability_risk",
    name: "linkability risk beyond the baseline",
    meaning: "success of an attack that links records beyond the same attack on held-out rows",
    above: Some("records of one person can be linked"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "WP216, section 2.2: joining two records of one person; residual of halves of the columns that \
             share a nearest synthetic row, with a holdout as control (arXiv:2211.10459)",
    anchors: Anchors {
        copy: between(0.3, 1.0),
        fresh: between(0.0, 0.1),
        permuted: between(0.0, 0.1),
        shifted: between(0.0, 0.1),
    },
    needs: Needs::unseen(Unseen::Rows(MIN_TARGETS)),
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// The definition of `inference_risk`.
pub const INFERENCE_RISK: Definition = Definition {
    id: "inference_risk",
    name: "inference risk beyond the baseline",
    meaning: "success of an attack that infers a value beyond the same attack on held-out rows; the worst column",
    above: Some("unknown values of a person can be inferred from known ones"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "WP216, section 2.2: deducing one attribute of a person from others; residual of the nearest \
             synthetic row's value, with a holdout as control (arXiv:2211.10459), targets with the same value compared with \
             each other; the worst column",
    anchors: Anchors {
        copy: between(0.5, 1.0),
        fresh: between(0.0, 0.15),
        permuted: between(0.0, 0.15),
        shifted: between(0.0, 0.15),
    },
    needs: Needs::unseen(Unseen::Rows(MIN_TARGETS)),
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// The definition of `inference_risk_mean`.
pub const INFERENCE_RISK_MEAN: Definition = Definition {
    id: "inference_risk_mean",
    name: "inference risk beyond the baseline, mean over columns",
    meaning: "success of an attack that infers a value beyond the same attack on held-out rows; all columns together",
    above: Some("unknown values of a person can be inferred from known ones"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "WP216, section 2.2: deducing one attribute of a person from others; as inference_risk, the rates of attack and \
             control averaged over the columns first; interval by the influence of each row attacked",
    anchors: Anchors {
        copy: between(0.5, 1.0),
        fresh: between(0.0, 0.1),
        permuted: between(0.0, 0.1),
        shifted: between(0.0, 0.1),
    },
    needs: Needs::unseen(Unseen::Rows(MIN_TARGETS)),
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// The most rows attacked on each side. A rate of 2,000 is known to ±2 %.
pub const N_TARGETS: usize = 2_000;
/// The most rows attacked on each side to infer from; fewer with many columns, but no fewer than [`N_TARGETS`].
pub const N_INFERRED: usize = 30_000;
/// The most predicates of each kind.
pub const N_PREDICATES: usize = 8_000;
/// A kind with fewer predicates is counted together with the other. Where a held-out row stands for f training rows, f² as many are
/// needed: a predicate hits the holdout f times more seldom, and f times fewer rows.
pub const LEAST_PREDICATES: usize = 100;
/// The most synthetic rows that are linked with and inferred from; a seeded choice of more.
pub const MAX_SEARCHED: usize = 20_000;
/// The synthetic rows looked at on either side of a link, where there are a hundred times as many.
pub const N_LINKED: usize = 10;
/// How near a guessed number has to be, as a part of the column's span.
pub const TOLERANCE: f64 = 0.05;
/// Where a control is right so often, nothing is left to be inferred.
pub const KNOWN: f64 = 0.95;
/// The least number of real rows on each side.
pub const MIN_TARGETS: usize = 20;
/// Rows times predicates that are looked at at most, about, for each table.
const MAX_LOOKS: usize = 200_000_000;

/// The measures of this module, in the order of the registry.
///
/// `audits` are attacked where the comparison has no holdout, each in its turn (see [`Audit`]). `seed` decides what is
/// drawn. Not measured, with the reason: without held-out rows, with fewer than [`MIN_TARGETS`] rows on a side, or with
/// fewer learnt columns than the attack needs.
pub fn risks(comparison: &Comparison, audits: &[Audit], seed: u64) -> Vec<Measure> {
    let scenes = scenes(comparison, audits);
    let scenes = scenes.as_ref().map_err(Clone::clone);
    let one = |attack: TakeRisk| scenes.clone().and_then(|scenes| attack(scenes, seed));
    let inferred = scenes.clone().and_then(|scenes| inference(scenes, seed));
    let inferred = match inferred {
        Ok([worst, mean]) => [Ok(worst), Ok(mean)],
        Err(reason) => [Err(reason.clone()), Err(reason)],
    };
    let risks = [one(singling_out), one(linkability)].into_iter().chain(inferred);
    let named = FAMILY.definitions.iter().zip(risks);
    let measure = |(definition, risk): (&Definition, Result<Risk, String>)| match risk {
        Ok(Risk { estimate, columns }) => {
            Measure { id: definition.id.to_owned(), outcome: Outcome::Measured(estimate), columns }
        }
        Err(reason) => Measure::new(definition.id, Outcome::NotMeasured(reason)),
    };
    named.map(measure).collect()
}

/// A synthetic table with rows that its generator did and did not see, as points; numbers by column.
struct Scene {
    synthetic: Points,
    members: Points,
    others: Points,
    is_scale: Vec<bool>,
    names: Vec<String>,
    /// How many independent rows the members and the others are worth, and how many rows there are.
    n_independent: [f64; 2],
    n_rows: [f64; 2],
}

/// The part of the rows on each side that are independent of each other: 1 where nobody has two.
fn independent(scenes: &[Scene]) -> [f64; 2] {
    let sum = |of: &dyn Fn(&Scene) -> f64| scenes.iter().map(of).sum::<f64>();
    [0, 1].map(|side| sum(&|scene| scene.n_independent[side]) / sum(&|scene| scene.n_rows[side]))
}

type TakeRisk = fn(&[Scene], u64) -> Result<Risk, String>;

struct Risk {
    estimate: Estimate,
    columns: Vec<ColumnValue>,
}

fn scenes(comparison: &Comparison, audits: &[Audit]) -> Result<Vec<Scene>, String> {
    let scene = |synthetic: &Table, members: &Table, others: &Table| -> Result<Scene, String> {
        for (name, table) in [("synthetic", synthetic), ("members", members), ("non-members", others)] {
            check_columns(comparison.train(), name, table).map_err(|e| e.to_string())?;
        }
        let n = members.n_rows().min(others.n_rows());
        if n < MIN_TARGETS || synthetic.n_rows() == 0 {
            return Err(format!("{n} rows on a side: at least {MIN_TARGETS} are needed"));
        }
        let columns = columns_of(comparison.train(), Kind::is_learnt);
        if columns.len() < 2 {
            return Err("fewer than two columns are learnt".to_owned());
        }
        // Kinds are told by the train table, whatever the others say.
        let schema = comparison.train().schema();
        let retyped = |table: &Table| table.with_schema(schema.clone()).map_err(|e| e.to_string());
        let n_rows = [members, others].map(|table| table.n_rows() as f64);
        let n_independent = [members, others].map(|table| n_effective(&Units::of(table)));
        let (members, others, synthetic) = (retyped(members)?, retyped(others)?, retyped(synthetic)?);
        let points = embed(&[&members, &others], &[&synthetic, &members, &others]);
        let [synthetic, members, others] = points.try_into().expect("three tables");
        let fields = &schema.fields;
        Ok(Scene {
            synthetic,
            members,
            others,
            is_scale: columns.iter().map(|&c| fields[c].kind.is_scale()).collect(),
            names: columns.iter().map(|&c| fields[c].name.clone()).collect(),
            n_independent,
            n_rows,
        })
    };
    match comparison.holdout() {
        Some(holdout) => Ok(vec![scene(comparison.synthetic(), comparison.train(), holdout)?]),
        None if audits.is_empty() => Err("neither a holdout nor an audit given".to_owned()),
        None => audits.iter().map(|audit| scene(audit.synthetic, audit.members, audit.non_members)).collect(),
    }
}

/// Successes of an attack, of its control and of its naive twin; each on as many tries.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    attack: f64,
    control: f64,
    naive: f64,
    n_attack: f64,
    n_control: f64,
    /// Successes of attack and control squared and summed by the real row they hit.
    squares: [f64; 2],
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.attack += other.attack;
        self.control += other.control;
        self.naive += other.naive;
        self.n_attack += other.n_attack;
        self.n_control += other.n_control;
        self.squares = [self.squares[0] + other.squares[0], self.squares[1] + other.squares[1]];
    }

    fn beats_its_baseline(&self) -> bool {
        self.attack > self.naive
    }
}

/// (a − c) / (1 − c), at least 0, with its interval as one of `n_tests`; for c = 1 everything is open.
///
/// `attack` and `control` are success rates, of `n_attack` and `n_control` tries.
fn residual(attack: f64, n_attack: f64, control: f64, n_control: f64, n_tests: usize) -> Estimate {
    let n = n_attack.min(n_control) as usize;
    if control >= 1.0 {
        return Estimate { value: 0.0, uncertainty: Some(in_both_forms(1, n, |_| Interval::new(0.0, 1.0))) };
    }
    let value = (attack - control) / (1.0 - control);
    let (by_attack, by_control) = (1.0 / (1.0 - control), (1.0 - attack) / (1.0 - control).powi(2));
    let bounds = |of: fn(&Uncertainty) -> Interval| {
        let half = |da: f64, dc: f64| (by_attack * da).hypot(by_control * dc);
        let rates = |n_tests: usize| {
            [(attack, n_attack), (control, n_control)].map(|(rate, tries)| of(&wilson_among(n_tests, rate, tries, n)))
        };
        // The largest of several is above every bound only if it is above its own: no allowance for the others there.
        let ([low_a, low_c], [high_a, high_c]) = (rates(n_tests), rates(1));
        let low = value - half(attack - low_a.low, low_c.high - control);
        let high = value + half(high_a.high - attack, control - high_c.low);
        Interval::new(low.clamp(0.0, 1.0), high.clamp(0.0, 1.0))
    };
    let uncertainty = Uncertainty { interval: bounds(|u| u.interval), one_sided: bounds(|u| u.one_sided), n };
    Estimate { value: value.clamp(0.0, 1.0), uncertainty: Some(uncertainty) }
}

/// The worst of several attacks; without power if none of them beats its naive twin.
fn worst(risks: &[(Estimate, bool)]) -> Result<Estimate, String> {
    let bounds: Vec<Uncertainty> = risks.iter().filter_map(|(estimate, _)| estimate.uncertainty).collect();
    let mut uncertainty = of_largest(&bounds).ok_or("nothing could be attacked")?;
    let value = risks.iter().map(|(estimate, _)| estimate.value).fold(0.0, f64::max);
    if risks.iter().any(|(_, has_power)| *has_power) {
        return Ok(Estimate { value, uncertainty: Some(uncertainty) });
    }
    let open = in_both_forms(1, uncertainty.n, |_| Interval::new(0.0, 1.0));
    uncertainty = open;
    Ok(Estimate { value: 0.0, uncertainty: Some(uncertainty) })
}

fn stream(seed: u64, risk: u64, scene_idx: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(u64::MAX - 100 * (risk + 1) - scene_idx as u64);
    rng
}

// --- Singling out ---------------------------------------------------------------------------------------------------

#[derive(Debug, Clone, Copy)]
enum Test {
    Equal,
    AtMost,
    AtLeast,
}

/// A conjunction of conditions on places of the learnt columns.
type Predicate = Vec<(usize, Test, f32)>;

fn holds(predicate: &Predicate, points: &Points, row: usize) -> bool {
    predicate.iter().all(|&(column_idx, test, value)| {
        let x = points.column(column_idx)[row];
        match test {
            Test::Equal => x == value,
            Test::AtMost => x <= value,
            Test::AtLeast => x >= value && !Points::is_missing(x),
        }
    })
}

/// The row for which alone the predicate holds, if there is one.
fn isolated(predicate: &Predicate, points: &Points) -> Option<usize> {
    let mut rows = (0..points.n_rows()).filter(|&row| holds(predicate, points, row));
    rows.next().filter(|_| rows.next().is_none())
}

fn isolates(predicate: &Predicate, points: &Points) -> bool {
    isolated(predicate, points).is_some()
}

/// How many predicates isolate a row of `points` and hold for none of `crowd`, and the sum of squares of how many isolate
/// the same.
fn n_isolating(predicates: &[Predicate], points: &Points, crowd: Option<&Points>) -> (f64, f64) {
    let is_free = |p: &Predicate| crowd.is_none_or(|crowd| !(0..crowd.n_rows()).any(|row| holds(p, crowd, row)));
    let rows: Vec<Option<usize>> = predicates.par_iter().map(|p| isolated(p, points).filter(|_| is_free(p))).collect();
    let mut weights = vec![0.0; points.n_rows()];
    rows.into_iter().flatten().for_each(|row| weights[row] += 1.0);
    (weights.iter().sum(), weights.iter().map(|w| w * w).sum())
}

fn singling_out(scenes: &[Scene], seed: u64) -> Result<Risk, String> {
    let mut tallies = [Tally::default(); 2];
    let mut ceiling: f64 = 0.0;
    let mut scale: f64 = 1.0;
    for (scene_idx, scene) in scenes.iter().enumerate() {
        let mut rng = stream(seed, 0, scene_idx);
        let (n, m) = (scene.members.n_rows(), scene.others.n_rows());
        let others = scene.others.with_rows(&choose(m, m.min(n), &mut rng)); // never more than members
        let crowd = scene.members.with_rows(&choose(n, n - others.n_rows(), &mut stream(seed, 3, scene_idx)));
        scale = scale.max(n as f64 / others.n_rows() as f64);
        ceiling = ceiling.max((1.0 - 1.0 / n as f64).powi(n as i32 - 1));
        let most = scene.synthetic.n_rows().max(n);
        let n_wanted = (MAX_LOOKS / most).clamp(100, N_PREDICATES).div_ceil(scenes.len());
        let kinds = [univariate(scene, n_wanted, &mut rng), multivariate(scene, n_wanted, &mut rng)];
        for (tally, Guesses { isolating, naive }) in tallies.iter_mut().zip(kinds) {
            let (attack, attack_squares) = n_isolating(&isolating, &scene.members, None);
            let (control, control_squares) = n_isolating(&isolating, &others, Some(&crowd));
            let n_tries = isolating.len() as f64;
            tally.add(Tally {
                attack,
                control,
                naive: n_isolating(&naive, &scene.members, None).0 * n_tries / naive.len().max(1) as f64,
                n_attack: n_tries,
                n_control: n_tries,
                squares: [attack_squares, control_squares],
            });
        }
    }
    if tallies.iter().any(|t| t.n_attack < LEAST_PREDICATES as f64 * scale * scale) {
        let [mut both, few] = tallies;
        both.add(few);
        tallies = [both, Tally::default()];
    }
    let tried: Vec<&Tally> = tallies.iter().filter(|t| t.n_attack > 0.0).collect();
    if tried.is_empty() {
        return Err("no condition isolates a synthetic row".to_owned());
    }
    let independent = independent(scenes);
    let risks: Vec<(Estimate, bool)> = tried
        .iter()
        .map(|t| {
            let control = (scale * t.control / t.n_control).min(ceiling.max(t.control / t.n_control));
            // Predicates that isolate the same real row say the same thing once: as in `copies`, after Kish.
            let of_hits = |successes: f64, n: f64, squares: f64| {
                if squares > 0.0 { (successes * n / squares).min(n).max(1.0) } else { n }
            };
            let n_attack = of_hits(t.attack, t.n_attack, t.squares[0]) * independent[0];
            // The scaled rate is known as well as the rate itself, in proportion.
            let n_control = (of_hits(t.control, t.n_control, t.squares[1]) * independent[1] / scale).max(1.0);
            (residual(t.attack / t.n_attack, n_attack, control, n_control, tried.len()), t.beats_its_baseline())
        })
        .collect();
    Ok(Risk { estimate: worst(&risks)?, columns: Vec::new() })
}

/// Predicates that isolate a synthetic row, and as many that were mixed at random.
struct Guesses {
    isolating: Vec<Predicate>,
    naive: Vec<Predicate>,
}

fn univariate(scene: &Scene, n_wanted: usize, rng: &mut ChaCha8Rng) -> Guesses {
    let synthetic = &scene.synthetic;
    let mut isolating = Vec::new();
    for c in 0..synthetic.n_columns() {
        let mut values = synthetic.column(c).to_vec();
        values.sort_unstable_by(f32::total_cmp);
        let is_alone = |i: usize| (i == 0 || values[i - 1] != values[i]) && values.get(i + 1) != Some(&values[i]);
        isolating.extend((0..values.len()).filter(|&i| is_alone(i)).map(|i| vec![(c, Test::Equal, values[i])]));
        let n_present = values.partition_point(|&x| !Points::is_missing(x));
        if scene.is_scale[c] && n_present > 1 {
            let ends = [(Test::AtMost, values[0]), (Test::AtLeast, values[n_present - 1])];
            let ends = ends.into_iter().map(|(test, value)| vec![(c, test, value)]);
            isolating.extend(ends.filter(|p| isolates(p, synthetic)));
        }
    }
    isolating.shuffle(rng);
    isolating.truncate(n_wanted);
    let naive = (0..isolating.len()).map(|_| {
        let (c, row) = (rng.gen_range(0..synthetic.n_columns()), rng.gen_range(0..synthetic.n_rows()));
        vec![(c, Test::Equal, synthetic.column(c)[row])]
    });
    let naive = naive.collect();
    Guesses { isolating, naive }
}

fn multivariate(scene: &Scene, n_wanted: usize, rng: &mut ChaCha8Rng) -> Guesses {
    let synthetic = &scene.synthetic;
    let n_columns = synthetic.n_columns();
    let medians: Vec<f32> = (0..n_columns)
        .map(|c| {
            let mut values: Vec<f32> =
                synthetic.column(c).iter().copied().filter(|&x| !Points::is_missing(x)).collect();
            values.sort_unstable_by(f32::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(0.0)
        })
        .collect();
    let condition = |c: usize, row: usize| {
        let x = synthetic.column(c)[row];
        let test = match x {
            x if !scene.is_scale[c] || Points::is_missing(x) => Test::Equal,
            x if x >= medians[c] => Test::AtLeast,
            _ => Test::AtMost,
        };
        (c, test, x)
    };
    // Three candidates for each that is wanted; most rows of a mixed table can be isolated by six columns.
    let mut candidates: Vec<Predicate> = Vec::new();
    let mut naive: Vec<Predicate> = Vec::new();
    for _ in 0..3 * n_wanted {
        let n_used = rng.gen_range(3..=6).min(n_columns);
        let columns = rand::seq::index::sample(rng, n_columns, n_used);
        let row = rng.gen_range(0..synthetic.n_rows());
        candidates.push(columns.iter().map(|c| condition(c, row)).collect());
        naive.push(columns.iter().map(|c| condition(c, rng.gen_range(0..synthetic.n_rows()))).collect());
    }
    let is_alone: Vec<bool> = candidates.par_iter().map(|p| isolates(p, synthetic)).collect();
    let isolating: Vec<Predicate> =
        candidates.into_iter().zip(is_alone).filter(|(_, alone)| *alone).map(|(p, _)| p).take(n_wanted).collect();
    naive.truncate(n_wanted);
    Guesses { isolating, naive }
}

// --- Linkability ----------------------------------------------------------------------------------------------------

/// As many rows of each side, and the synthetic rows to search.
struct Targets {
    members: Points,
    others: Points,
    synthetic: Points,
}

/// At most `most` rows of each side, over all scenes together.
fn targets(scene: &Scene, most: usize, n_scenes: usize, rng: &mut ChaCha8Rng) -> Targets {
    let mut some =
        |points: &Points, most: usize| points.with_rows(&choose(points.n_rows(), most.min(points.n_rows()), rng));
    let most = most.div_ceil(n_scenes);
    Targets {
        members: some(&scene.members, most),
        others: some(&scene.others, most),
        synthetic: some(&scene.synthetic, MAX_SEARCHED),
    }
}

fn linkability(scenes: &[Scene], seed: u64) -> Result<Risk, String> {
    let mut tally = Tally::default();
    for (scene_idx, scene) in scenes.iter().enumerate() {
        let mut rng = stream(seed, 1, scene_idx);
        let targets = targets(scene, N_TARGETS, scenes.len(), &mut rng);
        let mut columns: Vec<usize> = (0..scene.synthetic.n_columns()).collect();
        columns.shuffle(&mut rng);
        let (one, two) = columns.split_at(columns.len() / 2);
        let n_searched = targets.synthetic.n_rows();
        let k = (n_searched / 100).clamp(1, N_LINKED);
        let linked = |points: &Points| -> f64 {
            let [one, two] =
                [one, two].map(|half| nearest(&points.with_columns(half), &targets.synthetic.with_columns(half), k));
            (0..points.n_rows()).filter(|&row| have_one_in_common(&one, &two, row)).count() as f64
        };
        // Two random sets of k out of n meet with a probability of 1 − C(n − k, k) / C(n, k).
        let apart: f64 = (0..k).map(|i| (n_searched - k).saturating_sub(i) as f64 / (n_searched - i) as f64).product();
        let n_attack = targets.members.n_rows() as f64;
        tally.add(Tally {
            attack: linked(&targets.members),
            control: linked(&targets.others),
            naive: (1.0 - apart) * n_attack,
            n_attack,
            n_control: targets.others.n_rows() as f64,
            ..Tally::default()
        });
    }
    let Tally { attack, control, n_attack, n_control, .. } = tally;
    let [of_attack, of_control] = independent(scenes);
    let estimate = residual(attack / n_attack, n_attack * of_attack, control / n_control, n_control * of_control, 1);
    Ok(Risk { estimate: worst(&[(estimate, tally.beats_its_baseline())])?, columns: Vec::new() })
}

fn have_one_in_common(one: &Nearest, two: &Nearest, row: usize) -> bool {
    one.rows(row).iter().any(|found| two.rows(row).contains(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_residual_has_its_closed_form() {
        let check = |attack: f64, control: f64, expected: f64| {
            let estimate = residual(attack, 500.0, control, 500.0, 1);
            assert!((estimate.value - expected).abs() < 1e-12, "{estimate:?}");
            assert!(estimate.lower_bound() <= estimate.value && estimate.value <= estimate.upper_bound());
        };
        check(1.0, 0.0, 1.0);
        check(0.6, 0.2, 0.5);
        check(0.2, 0.6, 0.0);
        check(0.3, 0.3, 0.0);
        // With a control that is known to be 0, the interval is Wilson's of the attack.
        let Interval { low, high } = residual(0.1, 100.0, 0.0, 1e12, 1).uncertainty.unwrap().interval;
        assert!((low - 0.055_229_137).abs() < 1e-6 && (high - 0.174_365_662).abs() < 1e-6, "{low} {high}");
    }

    #[test]
    fn where_everything_is_known_nothing_is_shown() {
        let estimate = residual(1.0, 500.0, 1.0, 500.0, 1);
        assert_eq!((estimate.value, estimate.upper_bound()), (0.0, 1.0));
    }

    #[test]
    fn an_attack_without_power_shows_nothing() {
        let weak = (residual(0.0, 500.0, 0.0, 500.0, 1), false);
        let estimate = worst(&[weak]).unwrap();
        assert_eq!((estimate.value, estimate.lower_bound(), estimate.upper_bound()), (0.0, 0.0, 1.0));
        assert!(worst(&[weak, (weak.0, true)]).unwrap().upper_bound() < 0.01);
    }
}

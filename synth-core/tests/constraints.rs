//! Constraints as their users meet them: found in a table, kept by every engine, on any number of threads, from a file.

use std::fmt::Write as _;
use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synth_core::constraint::{Constraint, Held, Value, When, find};
use synth_core::io::{ReadOptions, read_bytes};
use synth_core::keep::{By, Origin};
use synth_core::train::Training;
use synth_core::{
    AnyEngine, Condition, Demand, Engine, EngineKind, Fit, Generator, InputRule, Keeping, Model, Schema, Table,
};

/// A hospital: each kind of constraint holds in it once.
fn hospital(n_rows: usize) -> Table {
    let rng = &mut ChaCha8Rng::seed_from_u64(5);
    let mut text = String::from("came,gone,ward,floor,drugs,care,bill,claim,cost,sex,pregnant,day,left,dose,most\n");
    for _ in 0..n_rows {
        let came = rng.gen_range(0..1000);
        let stay = rng.gen_range(1..20);
        // Days since the first, so that the order is that of the dates.
        let date =
            |number: i64| format!("20{:02}-{:02}-{:02}", 10 + number / 336, 1 + number / 28 % 12, 1 + number % 28);
        let ward = rng.gen_range(0..6);
        let (drugs, care) = (rng.gen_range(0..400), rng.gen_range(0..900));
        let claim = u8::from(rng.gen_range(0..5) == 0);
        let cost = if claim == 1 { rng.gen_range(200..5000) } else { 0 };
        let sex = ["f", "m"][rng.gen_range(0..2)];
        let pregnant = if sex == "f" && rng.gen_range(0..4) == 0 { "yes" } else { "no" };
        let weekday = ["mo", "tu", "we", "th", "fr", "sa", "su"][came as usize % 7];
        let (dose, most) = (rng.gen_range(0..50), rng.gen_range(45..120));
        writeln!(
            text,
            "{},{},w{ward},{},{drugs}.5,{care}.25,{}.75,{claim},{cost},{sex},{pregnant},{weekday},{},{dose},{most}",
            date(came),
            date(came + stay),
            ward / 2,
            drugs + care,
            if rng.gen_range(0..5) == 0 { "?".to_owned() } else { format!("{}", rng.gen_range(1..9)) },
        )
        .unwrap();
    }
    read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
}

fn own(name: &str) -> String {
    name.to_owned()
}

fn order(lower: &str, upper: &str, strict: bool) -> Constraint {
    Constraint::Order { lower: own(lower), upper: own(upper), strict }
}

fn declared(table: &Table, constraints: Vec<Constraint>) -> Table {
    table.with_schema(Arc::new(Schema { constraints, ..(**table.schema()).clone() })).unwrap()
}

fn fit(kind: EngineKind, table: &Table, keeping: Keeping) -> Result<Model, synth_core::Error> {
    let mut engine = AnyEngine::for_size(kind, 0, 0);
    if let Some(training) = engine.training_mut() {
        *training = Training { n_iter: 12, min_steps: 1, hidden: vec![32], ema_decay: 0.95, ..Training::default() };
    }
    if let AnyEngine::TabDdpm(params) = &mut engine {
        params.n_timesteps = 10;
    }
    Fit::of(table).engine(engine).keep(keeping).run()
}

#[test]
fn each_kind_is_found_where_every_row_keeps_it() {
    let found = find(&hospital(1200));
    let whole = |n: i64| Some(Value::Whole(n));
    let claims =
        |is: i64, then: When| Constraint::Implies { condition: When { is: whole(is), ..When::of("claim") }, then };
    for expected in [
        order("came", "gone", true),
        Constraint::Sum { total: own("bill"), parts: vec![own("drugs"), own("care")] },
        Constraint::Depends { on: own("ward"), column: own("floor") },
        claims(0, When { is: whole(0), ..When::of("cost") }),
        claims(1, When { above: whole(0), ..When::of("cost") }),
        Constraint::Combinations { columns: vec![own("sex"), own("pregnant")] },
        Constraint::Range { column: own("cost"), min: whole(0), max: None },
    ] {
        assert!(found.contains(&expected), "{expected} is not in {found:?}");
    }
    // What follows from the sum is not told again.
    let is_part = |own: &Constraint| matches!(own, Constraint::Order { upper, .. } if upper == "bill");
    assert!(!found.iter().any(is_part), "{found:?}");
    let table = hospital(1200);
    assert!(found.iter().all(|own| !Held::of(own, &table).unwrap().broken(&table).contains(&true)));
}

#[test]
fn what_one_row_breaks_is_not_found() {
    let table = hospital(1200);
    let found = find(&table);
    for constraint in found.iter().filter(|own| !matches!(own, Constraint::Range { .. })) {
        let columns = constraint.columns();
        let at = table.schema().index_of(columns[columns.len() - 1]).unwrap();
        // Another row's cell breaks the rule in one row.
        let held = Held::of(constraint, &table).unwrap();
        let moved = (0..20).flat_map(|at| (20..60).map(move |other| (at, other))).find_map(|(to, other)| {
            let rows: Vec<usize> = (0..table.n_rows()).map(|row| if row == to { other } else { row }).collect();
            let mut arrays = table.batch().columns().to_vec();
            arrays[at] = Arc::clone(table.take(&rows).column(at).1);
            let moved = Table::new(Arc::clone(table.schema()), arrays).unwrap();
            held.broken(&moved)[to].then_some(moved)
        });
        let moved = moved.unwrap_or_else(|| panic!("no cell breaks: {constraint}"));
        assert!(!find(&moved).contains(constraint), "{constraint}");
    }
}

#[test]
fn nothing_is_found_by_chance_or_in_a_handful_of_rows() {
    assert_eq!(find(&hospital(40)), []);
    let rng = &mut ChaCha8Rng::seed_from_u64(8);
    let mut text = String::from("a,b,c,d\n");
    for _ in 0..800 {
        let word = ["x", "y", "z"][rng.gen_range(0..3)];
        writeln!(text, "{},{},{word},{}", rng.gen_range(10..90), rng.gen_range(20..99), rng.gen_range(0..2)).unwrap();
    }
    let table = read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table;
    assert_eq!(find(&table), []);
}

#[test]
fn every_row_of_every_engine_keeps_what_is_kept() {
    let table = hospital(700);
    // Loose, so that rows are drawn anew for it: a sixth of the training rows break it.
    let table = declared(&table, vec![order("dose", "most", true)]);
    for engine in EngineKind::ALL.iter().copied() {
        let model = fit(engine, &table, Keeping::Found).unwrap();
        let kept = model.constraints();
        let by = |rule: &str| kept.iter().find(|own| own.rule.contains(rule)).unwrap_or_else(|| panic!("{rule}")).by;
        assert_eq!(by("`came` is less than `gone`"), By::Difference);
        assert_eq!(by("= `bill`"), By::Derived);
        assert_eq!(by("`ward` determines"), By::Lookup);
        assert_eq!(by("`dose` is less than"), By::Redraw);
        assert_eq!(kept.iter().filter(|own| own.origin == Origin::Declared).count(), 1);
        let drawn = model.sample_counted(0..400, 3).unwrap();
        assert_eq!(drawn.table.schema().fields, table.schema().fields);
        for (own, n_broken) in kept.iter().zip(&drawn.n_violations) {
            assert!(*n_broken == 0 || own.by == By::NotKept, "{engine}: {own:?}: {n_broken}");
        }
        for constraint in find(&table).iter().chain(&table.schema().constraints) {
            let how = kept.iter().find(|own| own.rule == constraint.to_string()).unwrap();
            let broken = Held::of(constraint, &table).unwrap().broken(&drawn.table);
            assert!(how.by == By::NotKept || !broken.contains(&true), "{engine}: {constraint}");
        }
        // Within what was seen.
        for name in ["gone", "bill"] {
            let column = table.schema().index_of(name).unwrap();
            let range = |table: &Table| {
                let numbers = table.numbers(column).into_iter();
                numbers.fold([f64::MAX, f64::MIN], |[low, high], x| [low.min(x), high.max(x)])
            };
            let (own, made) = (range(&table), range(&drawn.table));
            assert!(own[0] <= made[0] && made[1] <= own[1], "{engine}: {name}");
        }
    }
}

#[test]
fn a_row_depends_on_its_number_alone_and_survives_the_file() {
    let table = declared(&hospital(500), vec![order("dose", "most", true)]);
    for engine in [EngineKind::Masked, EngineKind::Trees, EngineKind::Copula] {
        let model = fit(engine, &table, Keeping::Found).unwrap();
        let whole = model.sample_counted(0..120, 4).unwrap();
        assert!(whole.n_resampled > 0);
        let parts = [0..17, 17..120].map(|rows| model.sample(rows, 4).unwrap());
        assert_eq!(Table::concat(&parts).unwrap().batch(), whole.table.batch(), "{engine}");
        let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(one_thread.install(|| model.sample(0..120, 4)).unwrap().batch(), whole.table.batch(), "{engine}");
        let again = Model::from_bytes(&model.to_bytes().unwrap()).unwrap();
        assert_eq!(again.constraints(), model.constraints());
        assert_eq!(again.sample(0..120, 4).unwrap().batch(), whole.table.batch(), "{engine}");
    }
}

#[test]
fn constraints_can_be_declared_alone_or_switched_off() {
    let table = hospital(300);
    assert!(fit(EngineKind::Copula, &table, Keeping::Off).unwrap().constraints().is_empty());
    assert!(fit(EngineKind::Copula, &table, Keeping::Declared).unwrap().constraints().is_empty());
    let table = declared(&table, vec![order("dose", "most", true)]);
    let kept = fit(EngineKind::Copula, &table, Keeping::Declared).unwrap().constraints();
    assert_eq!(kept.iter().map(|own| own.rule.as_str()).collect::<Vec<_>>(), ["`dose` is less than `most`"]);
    assert!(fit(EngineKind::Copula, &table, Keeping::Off).unwrap().constraints().is_empty());
}

#[test]
fn what_no_row_keeps_is_refused_by_name() {
    let never = Constraint::Range { column: own("dose"), min: Some(Value::Whole(1000)), max: None };
    let error = fit(EngineKind::Copula, &declared(&hospital(300), vec![never]), Keeping::Found).unwrap_err();
    let synth_core::Error::BadInput(bad) = &error else { panic!("{error}") };
    assert_eq!(bad.rule, InputRule::Constraint);
    assert!(error.to_string().contains("`dose` is at least 1000"), "{error}");
}

#[test]
fn a_declared_sum_that_rows_break_is_kept_by_drawn_ones() {
    let sum = Constraint::Sum { total: own("cost"), parts: vec![own("dose"), own("most")] };
    let table = declared(&hospital(300), vec![sum.clone()]);
    // The sums are all within the range of the column, whatever its cells say.
    let drawn = fit(EngineKind::Copula, &table, Keeping::Declared).unwrap().sample_counted(0..200, 1).unwrap();
    assert!(!Held::of(&sum, &table).unwrap().broken(&drawn.table).contains(&true));
}

#[test]
fn conditions_cells_and_scores_know_columns_that_are_made() {
    let table = hospital(700);
    let model = fit(EngineKind::Masked, &table, Keeping::Found).unwrap();
    let condition = |column: &str, demand: Demand| Condition { column: own(column), demand };
    let conditions = [
        condition("bill", Demand::AtLeast(own("700"))),
        condition("gone", Demand::MoreThan(own("2011-01-01"))),
        condition("floor", Demand::Among(vec![own("1")])),
    ];
    let given = model.given(&conditions, Some("sex")).unwrap();
    let drawn = given.sample(0..60, 2).unwrap();
    let column = |table: &Table, name: &str| table.schema().index_of(name).unwrap();
    assert!(drawn.numbers(column(&drawn, "bill")).iter().all(|&x| x >= 700.0));
    assert!(drawn.labels(column(&drawn, "floor")).iter().all(|label| label.as_deref() == Some("1")));
    let parts = [0..25, 25..60].map(|rows| given.sample(rows, 2).unwrap());
    assert_eq!(Table::concat(&parts).unwrap().batch(), drawn.batch());
    let nothing = [condition("bill", Demand::AtLeast(own("1000000")))];
    let error = model.given(&nothing, None).unwrap().sample(0..1, 2).unwrap_err();
    assert!(error.to_string().contains("[constraint]"), "{error}");
    assert!(model.given(&[condition("bill", Demand::AtLeast(own("much")))], None).is_err());

    let scores = model.log_likelihood(&table).unwrap();
    assert!(scores.len() == table.n_rows() && scores.iter().all(|score| score.is_finite()));

    // Every fifth bill, drugs, floor and day of leaving is lost.
    let gaps = |name: &str, k: usize| {
        let (field, _) = table.column(column(&table, name));
        let mut labels = table.labels(column(&table, name));
        labels.iter_mut().enumerate().filter(|(row, _)| row % 5 == k).for_each(|(_, label)| *label = None);
        synth_core::table::column_from_labels(field, labels.iter().map(Option::as_deref))
    };
    let mut arrays = table.batch().columns().to_vec();
    for (k, name) in ["bill", "drugs", "floor", "gone"].into_iter().enumerate() {
        arrays[column(&table, name)] = gaps(name, k);
    }
    let lossy = Table::new(Arc::clone(table.schema()), arrays).unwrap();
    let completed = model.impute(&lossy, 1).unwrap();
    for name in ["bill", "drugs", "floor"] {
        // These follow from what is left.
        let column = column(&table, name);
        assert_eq!(completed.column(column).1, table.column(column).1, "{name}");
    }
    let order = Held::of(&order("came", "gone", true), &table).unwrap();
    assert!(!order.broken(&completed).contains(&true));
    assert!(!completed.missing(column(&table, "gone")).contains(&true));
}

#[test]
fn a_table_of_other_columns_is_an_error() {
    let table = hospital(300);
    let other = read_bytes("came,gone\n2020-01-01,2020-01-02\n2020-01-03,2020-01-05\n".into(), &ReadOptions::default());
    let other = other.unwrap().table;
    let mut schema = (**table.schema()).clone();
    schema.fields[2].name = own("elsewhere");
    let renamed = Table::new(Arc::new(schema), table.batch().columns().to_vec()).unwrap();
    for keeping in [Keeping::Off, Keeping::Found] {
        let model = fit(EngineKind::Masked, &table, keeping).unwrap();
        for wrong in [&other, &renamed] {
            assert!(matches!(model.impute(wrong, 1), Err(synth_core::Error::SchemaMismatch(_))));
            assert!(matches!(model.log_likelihood(wrong), Err(synth_core::Error::SchemaMismatch(_))));
        }
    }
}

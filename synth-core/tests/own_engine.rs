//! An engine of another crate: fitted with constraints, sampled, kept in a file, and asked for what it cannot do.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use synth_core::io::{ReadOptions, read_bytes};
use synth_core::part::FilePart;
use synth_core::train::FitContext;
use synth_core::{
    Condition, Demand, Engine, Error, ErrorKind, Fit, Generator, InputRule, Keeping, Model, Result, Schema, Table,
};

/// Rows of the table itself, in another order.
#[derive(Debug, Clone)]
struct Shuffle {
    has_file: bool,
}

impl fmt::Display for Shuffle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("shuffle")
    }
}

impl Engine for Shuffle {
    fn name(&self) -> &str {
        "shuffle"
    }

    fn fit(&self, table: &Table, _: &mut FitContext<'_>) -> Result<Box<dyn Generator>> {
        Ok(Box::new(Shuffled { table: table.clone(), has_file: self.has_file }))
    }
}

struct Shuffled {
    table: Table,
    has_file: bool,
}

/// Every cell as text.
#[derive(Serialize, Deserialize)]
struct Header {
    csv: String,
}

impl Generator for Shuffled {
    fn schema(&self) -> &Arc<Schema> {
        self.table.schema()
    }

    fn sample(&self, rows: Range<u64>, seed: u64) -> Result<Table> {
        let source = |row: u64| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(row);
            rng.gen_range(0..self.table.n_rows())
        };
        Ok(self.table.take(&rows.map(source).collect::<Vec<_>>()))
    }

    fn file(&self) -> Option<FilePart> {
        if !self.has_file {
            return None;
        }
        let mut csv = Vec::new();
        synth_core::io::write(&self.table, &self.schema().source, &mut csv).ok()?;
        let mut part = FilePart::new(&Header { csv: String::from_utf8(csv).ok()? });
        part.push("rows", &[1], &[self.table.n_rows() as f32]);
        Some(part)
    }
}

fn read(name: &str, part: &FilePart) -> Result<Box<dyn Generator>> {
    assert_eq!(name, "shuffle");
    let Header { csv } = part.parse()?;
    let table = read_bytes(csv.into_bytes(), &ReadOptions::default())?.table;
    assert_eq!(part.tensor("rows", &[1])?, [table.n_rows() as f32]);
    assert!(part.tensor("rows", &[2]).is_err() && part.tensor("columns", &[1]).is_err());
    Ok(Box::new(Shuffled { table, has_file: true }))
}

fn table() -> Table {
    let row = |i: usize| {
        let (care, drugs) = (20 + i * 7 % 50, 10 + i * 13 % 90);
        format!("{care},{drugs},{},{}\n", care + drugs, ["a", "b", "c"][i % 3])
    };
    let text: String = std::iter::once("care,drugs,bill,ward\n".to_owned()).chain((0..200).map(row)).collect();
    read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
}

#[test]
fn its_rows_keep_constraints_and_come_back_from_a_file() {
    let table = table();
    let model = Fit::of(&table).engine(Shuffle { has_file: true }).keep(Keeping::Found).run().unwrap();
    assert_eq!(model.engine(), "shuffle");
    assert!(model.constraints().iter().any(|kept| kept.rule.contains("`bill`")), "{:?}", model.constraints());
    let rows = model.sample(0..300, 5).unwrap();
    let column = |name: &str| rows.numbers(rows.schema().index_of(name).unwrap());
    let (care, drugs, bill) = (column("care"), column("drugs"), column("bill"));
    assert!((0..300).all(|i| care[i] + drugs[i] == bill[i]));
    assert_eq!(model.fitted_rows(&table).len(), 200);

    let bytes = model.to_bytes().unwrap();
    let again = Model::from_bytes_with(&bytes, read).unwrap();
    assert_eq!(again.engine(), "shuffle");
    assert_eq!(again.constraints(), model.constraints());
    assert_eq!(again.sample(0..50, 5).unwrap().labels(3), model.sample(0..50, 5).unwrap().labels(3));
    // The program alone does not know it.
    let error = Model::from_bytes(&bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ModelFile, "{error}");
}

/// A generator whose part of a file is made as a mistake would make it.
struct Careless(Shuffled, fn() -> FilePart);

impl Generator for Careless {
    fn schema(&self) -> &Arc<Schema> {
        self.0.schema()
    }

    fn sample(&self, rows: Range<u64>, seed: u64) -> Result<Table> {
        self.0.sample(rows, seed)
    }

    fn file(&self) -> Option<FilePart> {
        Some((self.1)())
    }
}

#[derive(Debug)]
struct Mistake(fn() -> FilePart);

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("mistake")
    }
}

impl Engine for Mistake {
    fn name(&self) -> &str {
        "mistake"
    }

    fn fit(&self, table: &Table, _: &mut FitContext<'_>) -> Result<Box<dyn Generator>> {
        Ok(Box::new(Careless(Shuffled { table: table.clone(), has_file: true }, self.0)))
    }
}

#[test]
fn a_part_that_is_not_sound_is_an_error() {
    let check = |part: fn() -> FilePart, problem: &str| {
        let error = Fit::of(&table()).engine(Mistake(part)).run().unwrap().to_bytes().unwrap_err();
        assert!(error.kind() == ErrorKind::ModelFile && error.to_string().contains(problem), "{error}");
    };
    check(|| FilePart { header: "{".to_owned(), ..FilePart::default() }, "not JSON");
    let twice = || {
        let mut part = FilePart::new(&1);
        part.push("x", &[1], &[0.0]);
        part.push("x", &[1], &[1.0]);
        part
    };
    check(twice, "`x` is there twice");
    let long = || {
        let mut part = FilePart::new(&1);
        part.push("x", &[2, 3], &[0.0]);
        part
    };
    check(long, "`x` has another shape");
}

#[test]
fn what_it_cannot_do_is_said() {
    let model = Fit::of(&table()).engine(Shuffle { has_file: false }).run().unwrap();
    let check = |error: Error, what: &str| {
        let Error::BadInput(bad) = &error else { panic!("{error}") };
        assert_eq!(bad.rule, InputRule::Unsupported);
        assert!(error.to_string().contains(what) && error.to_string().contains("shuffle"), "{error}");
    };
    check(model.to_bytes().unwrap_err(), "kept in a file");
    let old = Condition { column: "care".to_owned(), demand: Demand::AtLeast("30".to_owned()) };
    check(model.given(&[old], None).unwrap_err(), "under conditions");
    check(model.impute(&table(), 1).unwrap_err(), "impute");
    check(model.log_likelihood(&table()).unwrap_err(), "score");
}

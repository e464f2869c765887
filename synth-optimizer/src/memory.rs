//! How much memory a run or a fit takes, told before it begins.
//!
//! The estimates are a line through peaks that were measured, from 303 x 14 to 336,776 x 19 and 452 x 280, with two and with
//! sixteen threads, and a quarter more: cells are held as tables, as tokens and as features; each thread has batches and chunks of
//! its own; each column has levels, weights and what an optimiser knows of them. `benches/scripts/memory.sh` prints both
//! beside each other. Long texts, networks of other widths and a policy that asks for every measure are not looked at.

use synth_core::{BadInput, InputRule, Table};

/// The program, and what is there once.
const BASE: f64 = 40e6;
/// What one thread needs.
const THREAD: f64 = 22e6;
/// What one column needs, whatever its rows.
const COLUMN: f64 = 1.3e6;
/// What one cell of the table needs: to be learnt, and for the rest of a run.
const LEARNT_CELL: f64 = 30.0;
const MEASURED_CELL: f64 = 15.0;
/// What one synthetic cell needs.
const DRAWN_CELL: f64 = 22.0;
/// What the estimates are above the line, so that none of the measured peaks is above its estimate.
const MARGIN: f64 = 1.25;

/// Estimated peak memory of a [`Pipeline::run`](crate::Pipeline::run) with `n_rows` synthetic rows, in bytes.
pub fn of_run(table: &Table, n_rows: usize) -> u64 {
    of(table, LEARNT_CELL + MEASURED_CELL, n_rows)
}

/// Estimated peak memory of fitting a generator to `table`, in bytes.
pub fn of_fit(table: &Table) -> u64 {
    of(table, LEARNT_CELL, 0)
}

fn of(table: &Table, cell: f64, n_drawn: usize) -> u64 {
    let (n_rows, n_columns) = (table.n_rows() as f64, table.n_columns() as f64);
    let cells = n_columns * (n_rows * cell + n_drawn as f64 * DRAWN_CELL);
    let once = BASE + THREAD * rayon::current_num_threads() as f64 + COLUMN * n_columns;
    ((once + cells) * MARGIN) as u64
}

/// Refuses what is estimated to take more than `limit` bytes.
///
/// # Errors
/// [`InputRule::TooLarge`], with both numbers.
pub fn check(needed: u64, limit: u64) -> Result<(), synth_core::Error> {
    if needed <= limit {
        return Ok(());
    }
    let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
    let problem = format!("this needs about {} MB of memory; {} MB may be used", megabytes(needed), megabytes(limit));
    let hint = "use a sample of the rows or fewer columns, fewer threads, or allow more memory";
    Err(BadInput::new(InputRule::TooLarge, problem).hint(hint).into())
}

#[cfg(test)]
mod tests {
    use synth_core::io::{ReadOptions, read_bytes};

    use super::*;

    #[test]
    fn more_of_anything_takes_more() {
        let table = |n_rows: usize| {
            let text: String =
                std::iter::once("a,b\n".to_owned()).chain((0..n_rows).map(|i| format!("{i}.5,x\n"))).collect();
            read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
        };
        let (small, large) = (table(100), table(50_000));
        assert!(of_run(&small, 100) > 50_000_000, "a program alone takes some");
        assert!(of_run(&large, 100) > of_run(&small, 100) && of_run(&small, 50_000) > of_run(&small, 100));
        assert!(of_fit(&large) < of_run(&large, 50_000));
        assert!(of_run(&large, 0) - of_run(&small, 0) >= 2 * 49_900 * 45);
    }

    #[test]
    fn what_does_not_fit_is_refused_in_numbers() {
        assert!(check(5_000_000, 5_000_000).is_ok());
        let error = check(5_000_001, 4_000_000).unwrap_err().to_string();
        assert!(error.contains("about 6 MB of memory; 4 MB may be used"), "{error}");
    }
}

//! A generator behind a command of the shell.

use std::io::Write;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use synth_core::io::{ReadOptions, read_path, write};
use synth_core::schema::Source;
use synth_core::{Schema, Table};

use crate::error::{Error, Result};

/// Someone else's generator: a command that reads a table from a file and writes a synthetic one to another.
///
/// In the command, `{train}` stands for the file of the rows to learn (CSV with a header), `{out}` for the one to write, in the same
/// form, `{rows}` for the number of synthetic rows, and `{seed}` for a number that differs from run to run. It is run by `sh -c`, with
/// nothing on its standard input; what it prints is not shown, since it may be of the table.
///
/// ```no_run
/// use std::time::Duration;
/// use synth_optimizer::{ShadowAudit, shadow::Command};
///
/// # fn audit(table: &synth_core::Table) -> synth_optimizer::Result<()> {
/// let command = Command::new("python3 fit.py {train} {out} --rows {rows} --seed {seed}", Duration::from_secs(60))?;
/// let audit = ShadowAudit::of(table).run(|rows, seed| command.run(rows, seed))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Command {
    text: String,
    timeout: Duration,
}

const PLACES: [&str; 4] = ["{train}", "{out}", "{rows}", "{seed}"];
/// Between two looks at whether a command is done.
const PAUSE: Duration = Duration::from_millis(10);

impl Command {
    /// The command `text`, each run of which may take `timeout`.
    ///
    /// # Errors
    /// [`Error::Request`] if `{train}` or `{out}` is missing.
    pub fn new(text: &str, timeout: Duration) -> Result<Self> {
        match PLACES[..2].iter().find(|place| !text.contains(**place)) {
            Some(place) => {
                Err(Error::Request(format!("the command has no {place}; it may have {}", PLACES.join(", "))))
            }
            None => Ok(Self { text: text.to_owned(), timeout }),
        }
    }

    /// Runs it on `table`, for as many rows, and gives what it wrote.
    ///
    /// Its files are in a folder of their own that only the owner can read, and are removed afterwards.
    ///
    /// # Errors
    /// [`Error::Generator`] if it cannot be started, does not end in time, ends with another code than 0, or writes no table with the
    /// columns of `table`; [`Error::File`] if the files cannot be written.
    pub fn run(&self, table: &Table, seed: u64) -> Result<Table> {
        let failed = |problem: String| Error::Generator { run: None, problem };
        let folder = tempfile::Builder::new().prefix("synth-audit-").tempdir();
        let unwritten = |path: &Path, source| Error::File { action: "write", path: path.display().to_string(), source };
        let folder = folder.map_err(|source| unwritten(Path::new("the temporary folder"), source))?;
        let out = folder.path().join("out.csv");
        let source = Source::default();
        let mut bytes = Vec::new();
        write(table, &source, &mut bytes)?;
        // Temporary files are for their owner alone.
        let train = tempfile::Builder::new().prefix("train-").suffix(".csv").tempfile_in(&folder);
        let mut train = train.map_err(|source| unwritten(folder.path(), source))?;
        train.write_all(&bytes).map_err(|source| unwritten(train.path(), source))?;
        let status = self.ended(train.path(), &out, table.n_rows(), seed).map_err(|error| failed(error.to_string()))?;
        match status {
            None => return Err(failed(format!("it did not end within {} s", self.timeout.as_secs_f64()))),
            Some(status) if !status.success() => {
                let code = status.code().map_or("a signal".to_owned(), |code| format!("exit code {code}"));
                return Err(failed(format!("it ended with {code}")));
            }
            Some(_) => {}
        }
        let schema = Schema { source, ..(**table.schema()).clone() };
        let options = ReadOptions { schema: Some(schema), ..ReadOptions::default() };
        // The error of a table may quote its columns, never a cell.
        let made =
            read_path(&out, &options).map_err(|error| failed(format!("it wrote no table that fits: {error}")))?;
        Ok(made.table)
    }

    /// How the command ended; `None` if it was ended since its time was up.
    fn ended(&self, train: &Path, out: &Path, rows: usize, seed: u64) -> std::io::Result<Option<ExitStatus>> {
        let values = [quoted(train), quoted(out), rows.to_string(), seed.to_string()];
        let text =
            PLACES.iter().zip(values).fold(self.text.clone(), |text, (place, value)| text.replace(place, &value));
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &text]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own, so that it can be ended with all that it started.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let begun = Instant::now();
        loop {
            match child.try_wait()? {
                Some(status) => return Ok(Some(status)),
                None if begun.elapsed() >= self.timeout => {
                    end(&mut child);
                    return Ok(None);
                }
                None => std::thread::sleep(PAUSE),
            }
        }
    }
}

/// Ends a command and what it started. What cannot be ended is left.
fn end(child: &mut Child) {
    #[cfg(unix)]
    let _ = std::process::Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status();
    let _ = child.kill();
    let _ = child.wait();
}

/// A path as one word of the shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::builder()
            .integers("age", (0..40).map(|i| 20 + i))
            .labels("sex", (0..40).map(|i| ["f", "m"][i % 2]))
            .build()
            .unwrap()
    }

    fn run(text: &str, seconds: f64) -> Result<Table> {
        Command::new(text, Duration::from_secs_f64(seconds))?.run(&table(), 7)
    }

    #[test]
    fn a_command_is_told_its_files_rows_and_seed() {
        let copied = run("cp {train} {out}", 60.0).unwrap();
        assert_eq!(copied.batch().columns(), table().batch().columns());
        // The rows and the seed, as the only row.
        let told = run("(head -1 {train}; echo {rows},f; echo {seed},m) > {out}", 60.0).unwrap();
        assert_eq!(told.numbers(0), [40.0, 7.0]);
    }

    #[test]
    fn the_files_are_the_owners_and_are_gone_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("note");
        let text = format!("ls -l {{train}} > {0}; echo {{train}} >> {0}; cp {{train}} {{out}}", note.display());
        run(&text, 60.0).unwrap();
        let note = std::fs::read_to_string(note).unwrap();
        let (mode, path) = (note.split_whitespace().next().unwrap(), note.lines().last().unwrap());
        assert!(mode.starts_with("-rw-------"), "{mode}");
        assert!(!Path::new(path).exists());
    }

    #[test]
    fn what_goes_wrong_is_said_without_what_the_command_prints() {
        let fails = |text: &str, seconds: f64, expected: &str| {
            let error = run(text, seconds).unwrap_err().to_string();
            assert!(error.contains(expected) && !error.contains("secret"), "{error}");
        };
        fails("echo secret >&2; exit 3; cat {train} {out}", 60.0, "it ended with exit code 3");
        fails("sleep 60; : {train} {out}", 0.1, "it did not end within 0.1 s");
        fails(": {train} {out}", 60.0, "it wrote no table that fits");
        fails("cp {train} out.csv", 60.0, "the command has no {out}");
    }
}

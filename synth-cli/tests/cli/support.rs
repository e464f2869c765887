//! A folder to work in, and the program run in it.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The built-in table as a file.
pub(crate) const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/gbsg2.csv");
/// Stands for a cell that nothing but a synthetic table may show.
pub(crate) const CANARY: &str = "CANARY7391";
/// Training that is short, not good.
pub(crate) const SHORT: [&str; 10] =
    ["--engine", "tabddpm", "--n-iter", "5", "--batch-size", "16", "--hidden", "16", "--n-timesteps", "10"];

/// The same for the engine that can be asked about single columns.
pub(crate) const SHORT_MASKED: [&str; 6] = ["--engine", "masked", "--n-iter", "20", "--hidden", "16,16"];

/// A folder that goes away with its value. What is run in it has the seed 0 if no other is said, so that a test has the same
/// result each time; or else it draws one, as it does for users.
pub(crate) struct Folder {
    dir: TempDir,
    seeds: Seeds,
}

/// Which seed the program has where none is said.
#[derive(PartialEq)]
enum Seeds {
    Zero,
    Drawn,
}

/// How the program ended and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { dir: TempDir::new().unwrap(), seeds: Seeds::Zero }
    }

    /// One in which seeds are drawn.
    pub(crate) fn of_drawn_seeds() -> Self {
        Self { seeds: Seeds::Drawn, ..Self::new() }
    }

    /// The variables of the program in this folder.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        (self.seeds == Seeds::Zero).then_some(("SYNTH_SEED", "0")).into_iter()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The files in a folder by name, with their contents; none if there is no such folder.
    pub(crate) fn files(&self, folder: &str) -> Vec<(String, Vec<u8>)> {
        let Ok(entries) = std::fs::read_dir(self.path(folder)) else { return Vec::new() };
        let content = |path: &Path| std::fs::read(path).unwrap_or_default();
        let mut files: Vec<(String, Vec<u8>)> = entries
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), content(&path)))
            .collect();
        files.sort();
        files
    }

    /// The names of the files in a folder.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        self.files(folder).into_iter().map(|(name, _)| name).collect()
    }

    pub(crate) fn synth(&self, args: &[&str]) -> Ended {
        self.synth_with(args, b"", &[])
    }

    /// Runs the program with some standard input and environment variables.
    pub(crate) fn synth_with(&self, args: &[&str], stdin: &[u8], variables: &[(&str, &str)]) -> Ended {
        let ended = self.run(args, stdin, variables);
        self.check_for_litter(self.dir.path());
        ended
    }

    /// The same where a run that was stopped stays as it is.
    pub(crate) fn synth_leaving_a_run(&self, args: &[&str]) -> Ended {
        self.run(args, b"", &[])
    }

    fn run(&self, args: &[&str], stdin: &[u8], variables: &[(&str, &str)]) -> Ended {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_synth"));
        command
            .current_dir(self.dir.path())
            .args(args)
            .write_stdin(stdin)
            .env("RUST_BACKTRACE", "1")
            .env_remove("SYNTH_SEED")
            .envs(self.variables());
        command.envs(variables.iter().copied());
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let code = output.status.code().unwrap_or_else(|| panic!("{args:?} ended by a signal: {stderr}"));
        let breaks = |c: char| c.is_control() && c != '\n';
        assert!(!stderr.contains(breaks), "{args:?} said what a terminal follows: {stderr:?}");
        for word in ["panicked", "stack backtrace", "RUST_BACKTRACE", ".rs:"] {
            assert!(!stderr.contains(word), "{args:?}: {stderr}");
        }
        Ended { code, stdout: output.stdout, stderr }
    }

    /// A model of the built-in table.
    pub(crate) fn fit_masked(&self, model: &str) {
        self.synth(&[&["fit", DEMO, "--model", model], &SHORT_MASKED[..]].concat()).with(0);
    }

    /// Whether nobody but the owner may read a file.
    #[cfg(unix)]
    pub(crate) fn is_private(&self, name: &str) -> bool {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o077 == 0
    }

    fn check_for_litter(&self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            assert!(!path.file_name().unwrap().to_string_lossy().starts_with(".synth-"), "{path:?} was left behind");
            if path.is_dir() {
                self.check_for_litter(&path);
            }
        }
    }
}

impl Ended {
    /// Asserts the exit code; gives what was said back.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out(), self.stderr);
        self
    }

    /// Asserts the exit code, a part of the message, and that there is no result.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, message: &str) -> Self {
        let ended = self.with(code);
        assert!(ended.stderr.contains(message), "{message:?} is not in {:?}", ended.stderr);
        assert!(ended.stdout.is_empty(), "{}", ended.out());
        ended
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard output as the one JSON object it must be.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        let value: serde_json::Value = serde_json::from_slice(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:?}"));
        assert!(value.is_object(), "{value}");
        value
    }
}

/// A table of `n` rows with a header: two numbers, a word, and what `extra` puts behind them.
pub(crate) fn table(n: usize, header: &str, extra: impl Fn(usize) -> String) -> String {
    let mut text = format!("{header}\n");
    for i in 0..n {
        let (age, dose) = (20 + i * 7 % 50, (i * 13 % 40) as f64 / 4.0 + 0.25);
        let sex = ["m", "f"][usize::from(age > 44)];
        text.push_str(&format!("{age},{sex},{dose}{}\n", extra(i)));
    }
    text
}

/// The same without anything behind.
pub(crate) fn plain(n: usize) -> String {
    table(n, "age,sex,dose", |_| String::new())
}

/// The cells of a CSV file without quotes, but for its header.
pub(crate) fn cells(csv: &str) -> Vec<Vec<&str>> {
    csv.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

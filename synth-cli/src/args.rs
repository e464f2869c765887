//! What the user typed, and nothing else.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use bytesize::ByteSize;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use synth_core::{Condition, EngineKind, Seed};
use synth_optimizer::dossier::forms::FORMS;

/// Generate synthetic tables from private ones, and measure and judge their privacy and fidelity.
#[derive(Debug, Parser)]
#[command(name = "synth", version, propagate_version = true, after_help = PROGRAM_HELP)]
pub(crate) struct Args {
    /// Number of threads; results do not depend on it [default: all cores]
    #[arg(long, env, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    #[arg(help_heading = "General")]
    pub(crate) threads: Option<u16>,
    /// Print the result as a single JSON object on standard output
    #[arg(long, env, global = true, help_heading = "General")]
    pub(crate) json: bool,
    /// Suppress progress and notes
    #[arg(long, short, env, global = true, help_heading = "General")]
    pub(crate) quiet: bool,
    /// Format of notes, errors and progress on standard error: `text` or `json`
    #[arg(long, env, global = true, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    #[arg(help_heading = "General")]
    #[arg(hide_short_help = true)]
    pub(crate) log: LogForm,
    /// Read settings from this file [default: synth.toml in the current folder, if present]
    #[arg(long, global = true, value_name = "FILE", help_heading = "General")]
    #[arg(hide_short_help = true)]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const PROGRAM_HELP: &str = "\
Example:
  synth run patients.csv --out shared --policy hipaa

Exit codes:
  0 success, or accepted  4 refused by the policy     7 time budget exhausted
  1 internal error        5 not enough evidence     130 interrupted
  2 invalid arguments     6 over the limits
  3 invalid input";

const VERIFY_HELP: &str = "\
Example:
  synth verify shared --head 5f1c...   # the head that `synth run` printed
  synth verify shared --source patients.csv --key secret.key

Checks every line of audit.jsonl, every file it names, and each verdict in report.json. A log rewritten from scratch
also passes; compare its head hash with a copy kept elsewhere. The key is the one given to `synth run --key`.";

const EVALUATE_HELP: &str =
    "Example:\n  synth evaluate --train a.csv --synthetic b.csv --holdout c.csv --out report.json";

/// The example, and every measure with its source.
fn evaluate_help() -> String {
    let mut text = format!("{EVALUATE_HELP}\n\nMeasures:");
    for measure in synth_metrics::MEASURES {
        text += &format!("\n  {}: {}. {}", measure.id, measure.name, measure.source);
    }
    text
}

const SAMPLE_HELP: &str = "\
Example:
  synth sample patients.synth --rows 1000 --out synthetic.csv
  synth sample patients.synth --rows 1000 --where 'age>=60' --where 'stage=I|II' --balance sex --out old.csv

Conditions:
  sex=F  stage=I|II  sex!=F  age>=60  age>60  age<=60  age<60
  Put a name that contains an operator, and a value that contains a `|`, in double quotes.";

const IMPUTE_HELP: &str = "\
Example:
  synth impute patients.csv --out completed.csv

Identifiers and free text stay missing. The output contains the real rows of INPUT: it is not a synthetic table.";

const SCORE_HELP: &str = "\
Example:
  synth score patients.synth patients.csv --out scores.csv

A high score may reveal that a row was in the training table: share scores no more widely than the table itself. The
output file is readable by its owner only.";

const AUDIT_HELP: &str = "\
Example:
  synth audit patients.synth --data patients.csv
  synth audit --data patients.csv --fit-command 'python3 fit.py {train} {out} {rows} {seed}'

{train} is a CSV file to learn, {out} the one to write, {rows} how many rows, {seed} a number for each run. `sh` runs
the command; its output is not shown.";

const CONFIG_HELP: &str = "\
Example:
  synth config --show

synth.toml sets options by name, for all commands or for one:
  threads = 4
  [run]
  policy = \"gdpr\"
So do environment variables: SYNTH_THREADS=4. Command-line options override variables, and variables override the file.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Generate, measure and judge synthetic tables until one is accepted
    #[command(after_help = "Example:\n  synth run patients.csv --out shared --policy hipaa")]
    Run(Run),
    /// Preview a run: its first attempt, and the rules for further ones
    #[command(after_help = "Example:\n  synth plan patients.csv --policy gdpr")]
    Plan(Plan),
    /// Fit a generator to a table
    #[command(after_help = "Example:\n  synth fit patients.csv --model patients.synth")]
    Fit(Fit),
    /// Sample rows from a fitted generator
    #[command(after_help = SAMPLE_HELP)]
    Sample(Sample),
    /// Fill in the missing cells of a table, leaving all others unchanged
    #[command(after_help = IMPUTE_HELP)]
    Impute(Impute),
    /// Score each row's likelihood under a model (sensitive: reveals information about real rows)
    #[command(after_help = SCORE_HELP)]
    Score(Score),
    /// Measure the fidelity, utility and privacy of a synthetic table; --help lists every measure
    #[command(after_help = EVALUATE_HELP, after_long_help = evaluate_help())]
    Evaluate(Evaluate),
    /// Audit a generator: can the most exposed units be told to be in its table?
    #[command(after_help = AUDIT_HELP)]
    Audit(Audit),
    /// Verify that the results of a run are unmodified
    #[command(after_help = VERIFY_HELP)]
    Verify(Verify),
    /// Judge a report against a policy
    #[command(after_help = "Example:\n  synth judge report.json --policy hipaa")]
    Judge(Judge),
    /// Infer a table's schema, as TOML, and detect its sensitive columns
    #[command(after_help = "Example:\n  synth profile patients.csv > schema.toml   # edit, then: --schema schema.toml")]
    Profile(Profile),
    /// Show what a model file contains and what it reveals
    #[command(after_help = "Example:\n  synth inspect patients.synth")]
    Inspect(Inspect),
    /// Test every component, then a complete run, and report what works
    #[command(
        after_help = "Example:\n  synth quality-test              # on a built-in table\n  synth quality-test patients.csv"
    )]
    QualityTest(QualityTest),
    /// Show the settings of a command and where each comes from
    #[command(after_help = CONFIG_HELP)]
    Config(Config),
    /// Generate shell completions
    #[command(after_help = "Example:\n  synth completions bash > ~/.local/share/bash-completion/completions/synth")]
    Completions(Completions),
    /// Print the manual page, or write one for every command
    #[command(after_help = "Example:\n  synth man --out ~/.local/share/man/man1")]
    Man(Man),
}

/// How tables are read.
#[derive(Debug, Clone, Serialize, Deserialize, ClapArgs)]
pub(crate) struct Reading {
    /// Schema of the table, as printed by `synth profile` [default: auto-detected]
    #[arg(long, env, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,
    /// Whether the first line of a text file is a header [default: auto-detected]
    #[arg(long, env, value_name = "yes|no", hide_possible_values = true)]
    pub(crate) header: Option<YesNo>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogForm {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ValueEnum)]
pub(crate) enum YesNo {
    Yes,
    No,
}

/// How generators are trained. What is not given goes by the table's size.
#[derive(Debug, Clone, Serialize, Deserialize, ClapArgs)]
#[command(next_help_heading = "Training")]
pub(crate) struct Training {
    /// Generator: masked, tabddpm, trees or copula; `auto` chooses and may switch
    #[arg(long, env, default_value = "auto", value_name = "NAME", hide_possible_values = true)]
    pub(crate) engine: EngineChoice,
    /// Condition the generator on this categorical column
    #[arg(long, env, value_name = "COL")]
    pub(crate) target: Option<String>,
    /// Maximum number of epochs
    #[arg(long, env, value_name = "N", allow_negative_numbers = true)]
    pub(crate) n_iter: Option<usize>,
    /// Rows per training step
    #[arg(long, env, value_name = "N", allow_negative_numbers = true)]
    #[arg(hide_short_help = true)]
    pub(crate) batch_size: Option<usize>,
    /// Learning rate
    #[arg(long, env, value_name = "X", allow_negative_numbers = true)]
    #[arg(hide_short_help = true)]
    pub(crate) lr: Option<f64>,
    /// Number of diffusion time steps
    #[arg(long, env, value_name = "N", allow_negative_numbers = true)]
    #[arg(hide_short_help = true)]
    pub(crate) n_timesteps: Option<usize>,
    /// Widths of the hidden layers
    #[arg(long, env, value_name = "N,N", value_delimiter = ',', allow_negative_numbers = true)]
    #[arg(hide_short_help = true)]
    pub(crate) hidden: Option<Vec<usize>>,
    /// Dropout rate of the hidden layers
    #[arg(long, env, value_name = "X", allow_negative_numbers = true)]
    #[arg(hide_short_help = true)]
    pub(crate) dropout: Option<f64>,
    /// Constraints to enforce: those `declared` in --schema, also those `found` in every row, or `off`
    #[arg(long, env, default_value = "found", value_name = "WHICH", hide_possible_values = true)]
    pub(crate) constraints: ConstraintChoice,
    /// Stop after this time: 90s, 10m, 1h
    #[arg(long, env, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) time_budget: Option<Duration>,
    /// Fail if the run would need more memory than this: 8GB, 512MiB [default: free memory]
    #[arg(long, env, value_name = "SIZE")]
    pub(crate) max_memory: Option<ByteSize>,
    /// Seed for all random choices, to repeat a run: whoever knows it can test guesses of single cells [default: drawn]
    #[arg(long, env, value_name = "N", allow_negative_numbers = true)]
    #[serde(skip)]
    pub(crate) seed: Option<Seed>,
}

/// An engine by its name; `auto` leaves the choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EngineChoice(pub(crate) Option<EngineKind>);

impl ValueEnum for EngineChoice {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<EngineChoice>> = LazyLock::new(|| {
            let engines = EngineKind::ALL.iter().copied().map(Some);
            std::iter::once(None).chain(engines).map(EngineChoice).collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.map_or("auto", EngineKind::name)))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
pub(crate) enum ConstraintChoice {
    Found,
    Declared,
    Off,
}

#[derive(Debug, Clone, Serialize, Deserialize, ClapArgs)]
pub(crate) struct Run {
    /// Input table: CSV, TSV, Parquet or Arrow IPC, also .gz and .zst; files, globs or a folder; `-` for standard input
    #[arg(required_unless_present_any = ["demo", "resume"], conflicts_with = "demo")]
    pub(crate) input: Vec<PathBuf>,
    /// Use the built-in breast-cancer trial (GBSG2, 686 x 10)
    #[arg(long)]
    pub(crate) demo: bool,
    /// Output folder for the synthetic table, the report, the model and the schema
    #[arg(long, value_name = "DIR", required_unless_present_any = ["resume", "dry_run"])]
    pub(crate) out: Option<PathBuf>,
    /// Resume an interrupted run in this folder, with its original settings
    #[arg(long, value_name = "DIR", conflicts_with_all = ["input", "demo", "out", "force"])]
    #[serde(skip)]
    #[arg(hide_short_help = true)]
    pub(crate) resume: Option<PathBuf>,
    /// Show what would be done, like `synth plan`, and write nothing
    #[arg(long, conflicts_with = "resume")]
    #[serde(skip)]
    #[arg(hide_short_help = true)]
    pub(crate) dry_run: bool,
    /// Replace the results of an earlier run in that folder
    #[arg(long)]
    pub(crate) force: bool,
    /// Policy to judge against: hipaa, gdpr, clinical-strict, research, or a TOML file
    #[arg(long, env, default_value = "hipaa", value_name = "NAME|FILE")]
    pub(crate) policy: String,
    /// Number of synthetic rows, at least 2 [default: as many as the input has]
    #[arg(long, env, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(2..))]
    pub(crate) rows: Option<u64>,
    /// Output format: csv, tsv, parquet or arrow, also with .gz or .zst [default: that of INPUT]
    #[arg(long, env, value_name = "FORMAT", value_parser = PossibleValuesParser::new(FORMS), hide_possible_values = true)]
    pub(crate) format: Option<String>,
    /// Split the output into files of at most N rows: `synthetic-1.csv`, `synthetic-2.csv`, …
    #[arg(long, env, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) split: Option<u64>,
    /// Put an apostrophe before text that a spreadsheet would run as a formula
    #[arg(long, env)]
    #[arg(hide_short_help = true)]
    pub(crate) spreadsheet_safe: bool,
    /// Maximum number of attempts
    #[arg(long, env, value_name = "N", default_value_t = 8, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(hide_short_help = true)]
    pub(crate) max_attempts: u64,
    /// Also write the best table of a refused run, as `REFUSED-synthetic`
    #[arg(long, env)]
    #[arg(hide_short_help = true)]
    pub(crate) keep_refused: bool,
    /// Secret of at least 16 bytes, with which its holder can prove later what the input was; never written anywhere
    #[arg(long, env, value_name = "FILE")]
    #[arg(hide_short_help = true)]
    pub(crate) key: Option<PathBuf>,
    /// Number of the most exposed units to audit on a table that would be accepted, or `off`
    #[arg(long, env, value_name = "N|off", default_value = "12", value_parser = audit_units)]
    #[arg(hide_short_help = true)]
    pub(crate) audit_units: usize,
    /// Protect only what --schema declares and ignore all findings; noted in the report
    #[arg(long)]
    #[arg(hide_short_help = true)]
    pub(crate) no_protection: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) planning: Planning,
    #[command(flatten)]
    pub(crate) training: Training,
}

/// A number of units, none for `off`.
fn audit_units(text: &str) -> Result<usize, String> {
    match text {
        "off" => Ok(0),
        text => text.parse().ok().filter(|n| (1..=100).contains(n)).ok_or("expected 1 to 100, or `off`".to_owned()),
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Audit {
    /// Model file, whose engine and settings are fitted again
    #[arg(required_unless_present = "fit_command", conflicts_with = "fit_command")]
    pub(crate) model: Option<PathBuf>,
    /// Table that the model was fitted to; one or more files, globs or a folder
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    pub(crate) data: Vec<PathBuf>,
    /// Command of another generator, with {train}, {out}, {rows} and {seed}
    #[arg(long, value_name = "CMD")]
    pub(crate) fit_command: Option<String>,
    /// Time that one run of the command may take
    #[arg(long, env, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "10m")]
    pub(crate) run_timeout: Duration,
    /// Protect each run's table as this policy requires [default: as --schema declares]
    #[arg(long, env, value_name = "NAME|FILE", conflicts_with = "fit_command")]
    pub(crate) policy: Option<String>,
    /// Number of the most exposed units to attack
    #[arg(long, env, value_name = "N", default_value = "12", value_parser = audit_units)]
    pub(crate) units: usize,
    /// Number of shadow runs, at least 24
    #[arg(long, env, value_name = "N", default_value_t = 64, value_parser = runs)]
    pub(crate) runs: usize,
    /// Constraints to enforce: those `declared` in --schema, also those `found` in every row, or `off`
    #[arg(long, env, default_value = "found", value_name = "WHICH", hide_possible_values = true)]
    pub(crate) constraints: ConstraintChoice,
    /// Stop after this time: 90s, 10m, 1h
    #[arg(long, env, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) time_budget: Option<Duration>,
    /// Seed for all random choices, to repeat an audit [default: drawn]
    #[arg(long, env, value_name = "N", allow_negative_numbers = true)]
    pub(crate) seed: Option<Seed>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// A number of shadow runs.
fn runs(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| (24..=10_000).contains(n)).ok_or("expected 24 to 10000".to_owned())
}

/// Who plans the attempts of a run.
#[derive(Debug, Clone, Serialize, Deserialize, ClapArgs)]
pub(crate) struct Planning {
    /// `rules`, or `llm`: a language model, sent shapes and counts but never a cell, with the rules as fallback
    #[arg(long, env, default_value = "rules", value_name = "WHO", hide_possible_values = true)]
    #[arg(hide = cfg!(not(feature = "llm")))]
    pub(crate) planner: PlannerChoice,
    /// Endpoint of the language model (OpenAI chat API); its API key is read from OPENROUTER_API_KEY
    #[arg(long, env, value_name = "URL", default_value = "https://openrouter.ai/api/v1", hide = cfg!(not(feature = "llm")))]
    pub(crate) llm_url: String,
    /// Name of the language model
    #[arg(long, env, value_name = "NAME", default_value = "openrouter/auto", hide = cfg!(not(feature = "llm")))]
    pub(crate) llm_model: String,
    /// Send the column names to the language model too
    #[arg(long, env, hide = cfg!(not(feature = "llm")))]
    pub(crate) share_names: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
pub(crate) enum PlannerChoice {
    Rules,
    Llm,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Plan {
    /// Input table: one or more files, globs or a folder; `-` for standard input
    #[arg(required = true)]
    pub(crate) input: Vec<PathBuf>,
    /// Policy to judge against: hipaa, gdpr, clinical-strict, research, or a TOML file
    #[arg(long, env, default_value = "hipaa", value_name = "NAME|FILE")]
    pub(crate) policy: String,
    /// Same as `synth run --no-protection`
    #[arg(long)]
    #[arg(hide_short_help = true)]
    pub(crate) no_protection: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) training: Training,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Inspect {
    /// Model file; `-` for standard input
    pub(crate) model: PathBuf,
    /// Table the model must have been fitted to, with all its files in the same order
    #[arg(long, value_name = "FILE", requires = "key", num_args = 1..)]
    pub(crate) source: Vec<PathBuf>,
    /// Key that was given to `synth fit` or `synth run`
    #[arg(long, env, value_name = "FILE", requires = "source")]
    pub(crate) key: Option<PathBuf>,
    /// Also show the seed that the model was fitted with: keep it as secret as the model
    #[arg(long)]
    pub(crate) show_seed: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct QualityTest {
    /// Input table: one or more files, globs or a folder [default: the built-in table]
    pub(crate) input: Vec<PathBuf>,
    /// Policy to judge against: hipaa, gdpr, clinical-strict, research, or a TOML file
    #[arg(long, env, default_value = "hipaa", value_name = "NAME|FILE")]
    pub(crate) policy: String,
    /// Maximum number of attempts
    #[arg(long, env, value_name = "N", default_value_t = 8, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(hide_short_help = true)]
    pub(crate) max_attempts: u64,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) training: Training,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Fit {
    /// Input table: one or more files, globs or a folder; `-` for standard input
    #[arg(required = true)]
    pub(crate) input: Vec<PathBuf>,
    /// Model file to write
    #[arg(long, value_name = "FILE")]
    pub(crate) model: PathBuf,
    /// Save the training state here, and resume from it if it exists
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Secret of at least 16 bytes: the model then contains an HMAC of the table, for `synth inspect --source`
    #[arg(long, env, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Replace the model file if it exists
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) training: Training,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Sample {
    /// Model file; `-` for standard input
    pub(crate) model: PathBuf,
    /// Number of rows to sample
    #[arg(long, env, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rows: u64,
    /// Output table, in the format of its extension or else that of the model's table; `-` for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Split the output into files of at most N rows: `a.csv` becomes `a-1.csv`, `a-2.csv`, …
    #[arg(long, env, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) split: Option<u64>,
    /// Sample only rows that meet this condition; may be repeated (engine masked)
    #[arg(long = "where", value_name = "COND")]
    pub(crate) conditions: Vec<Condition>,
    /// Sample each level of this column equally often (engine masked)
    #[arg(long, value_name = "COL")]
    pub(crate) balance: Option<String>,
    /// Put an apostrophe before text that a spreadsheet would run as a formula
    #[arg(long, env)]
    pub(crate) spreadsheet_safe: bool,
    /// Replace the output table if it exists
    #[arg(long)]
    pub(crate) force: bool,
    /// Seed for all random choices, to sample the same rows again [default: drawn]
    #[arg(long, env, value_name = "N", allow_negative_numbers = true)]
    pub(crate) seed: Option<Seed>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Impute {
    /// Input table: one or more files, globs or a folder; `-` for standard input
    #[arg(required = true)]
    pub(crate) input: Vec<PathBuf>,
    /// Output table, in the format of its extension or else that of INPUT; `-` for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Split the output into files of at most N rows: `a.csv` becomes `a-1.csv`, `a-2.csv`, …
    #[arg(long, env, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) split: Option<u64>,
    /// Model to use, of the engine masked [default: fit one to INPUT first]
    #[arg(long, value_name = "FILE")]
    #[arg(conflicts_with_all = ["schema", "engine", "target", "n_iter", "batch_size", "lr", "n_timesteps", "hidden"])]
    #[arg(conflicts_with_all = ["dropout", "constraints", "time_budget", "max_memory"])]
    pub(crate) model: Option<PathBuf>,
    /// Replace the output table if it exists
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) training: Training,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Score {
    /// Model file, of the engine masked; `-` for standard input
    pub(crate) model: PathBuf,
    /// Input table, with the model's columns: one or more files, globs or a folder; `-` for standard input
    #[arg(required = true)]
    pub(crate) input: Vec<PathBuf>,
    /// Output file for the log-likelihood of each row, as CSV; `-` for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Replace the scores if they exist
    #[arg(long)]
    pub(crate) force: bool,
    /// Whether the first line of a text file is a header [default: auto-detected]
    #[arg(long, env, value_name = "yes|no", hide_possible_values = true)]
    pub(crate) header: Option<YesNo>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Evaluate {
    /// Training rows of the generator: a file, a quoted glob or a folder, as for the next two
    #[arg(long, value_name = "FILE")]
    pub(crate) train: PathBuf,
    /// Synthetic rows
    #[arg(long, value_name = "FILE")]
    pub(crate) synthetic: PathBuf,
    /// Held-out real rows, never seen by the generator; privacy cannot be measured without them
    #[arg(long, value_name = "FILE")]
    pub(crate) holdout: Option<PathBuf>,
    /// Training rows as they were before protection, row by row: what was lost is measured against them [default: --train, where the
    /// schema declares protection]
    #[arg(long, value_name = "FILE")]
    pub(crate) given: Option<PathBuf>,
    /// Model that generated them, of the engine masked: its likelihoods of real rows are attacked too
    #[arg(long, value_name = "FILE", conflicts_with = "schema")]
    pub(crate) model: Option<PathBuf>,
    /// Column to predict with models trained on the synthetic table [default: auto-detected]
    #[arg(long, env, value_name = "COL")]
    pub(crate) target: Option<String>,
    /// Columns of the time and of the event indicator, to compare survival
    #[arg(long, env, value_name = "TIME,EVENT", value_delimiter = ',', num_args = 1)]
    pub(crate) survival: Vec<String>,
    /// Quasi-identifiers: columns that an attacker may know [default: auto-detected]
    #[arg(long, env, value_name = "COL,...", value_delimiter = ',', num_args = 1)]
    pub(crate) quasi_identifiers: Vec<String>,
    /// Also measure the rows of each level of this column separately
    #[arg(long, value_name = "COL")]
    pub(crate) group: Option<String>,
    /// Only take the measures by which `synth run` judges attempts
    #[arg(long)]
    pub(crate) core: bool,
    /// Output file for the report, as JSON; `-` for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Output file for the report as an HTML page with plots
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Replace the report and the page if they exist
    #[arg(long)]
    pub(crate) force: bool,
    /// Start no measure after this time: 90s, 10m, 1h; the rest is reported as not measured
    #[arg(long, env, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) time_budget: Option<Duration>,
    /// Seed for all random choices
    #[arg(long, env, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Verify {
    /// Folder with the results of a run
    pub(crate) folder: PathBuf,
    /// Head hash that the log must have
    #[arg(long, value_name = "HASH")]
    pub(crate) head: Option<String>,
    /// Table the run must have read, with all its files in the same order
    #[arg(long, value_name = "FILE", requires = "key", num_args = 1..)]
    pub(crate) source: Vec<PathBuf>,
    /// Key that was given to the run
    #[arg(long, env, value_name = "FILE", requires = "source")]
    pub(crate) key: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Judge {
    /// Report of `synth evaluate` or `synth run`; `-` for standard input
    pub(crate) report: PathBuf,
    /// Policy to judge against: hipaa, gdpr, clinical-strict, research, or a TOML file
    #[arg(long, env, default_value = "hipaa", value_name = "NAME|FILE")]
    pub(crate) policy: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Profile {
    /// Input table: one or more files, globs or a folder; `-` for standard input
    #[arg(required = true)]
    pub(crate) input: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Config {
    /// Command whose settings are shown
    #[arg(default_value = "run")]
    pub(crate) verb: String,
    /// Print the settings (the default)
    #[arg(long)]
    pub(crate) show: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Completions {
    /// Shell to complete in
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Man {
    /// Output folder for one page per command [default: print the main page]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

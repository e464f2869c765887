//! What the user typed, and nothing else.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use bytesize::ByteSize;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use synth_core::{Condition, EngineKind};
use synth_optimizer::dossier::forms::FORMS;

/// Turn a private table into a synthetic one that can be shared, with the proof.
#[derive(Debug, Parser)]
#[command(name = "synth", version, propagate_version = true, after_help = PROGRAM_HELP)]
pub(crate) struct Args {
    /// Threads to use; results do not depend on it [default: all cores]
    #[arg(long, env, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    #[arg(help_heading = "General")]
    pub(crate) threads: Option<u16>,
    /// Print the result as one JSON object on standard output
    #[arg(long, env, global = true, help_heading = "General")]
    pub(crate) json: bool,
    /// No progress and no notes
    #[arg(long, short, env, global = true, help_heading = "General")]
    pub(crate) quiet: bool,
    /// What standard error has: `text` for people, `json` for programs
    #[arg(long, env, global = true, value_name = "FORM", default_value = "text", hide_possible_values = true)]
    #[arg(help_heading = "General")]
    #[arg(hide_short_help = true)]
    pub(crate) log: LogForm,
    /// Settings to use where no flag is given [default: synth.toml in this folder, if it is there]
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
  0 done, or accepted     4 refused by the policy     7 the time was up
  1 internal error        5 not enough evidence     130 interrupted
  2 wrong arguments       6 larger than the limits
  3 bad input";

const VERIFY_HELP: &str = "\
Example:
  synth verify shared --head 5f1c...   # the head that `synth run` printed
  synth verify shared --source patients.csv --key secret.key

Checks every line of audit.jsonl, every file it names, and each verdict in report.json. A log that was written anew as a
whole is sound too: only a head that was kept elsewhere tells it from the first. The key is that of `synth run --key`.";

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
  A name with one of these signs in it stands in double quotes, and so does a value with a `|`.";

const IMPUTE_HELP: &str = "\
Example:
  synth impute patients.csv --out completed.csv

Cells of identifiers and free text stay missing. The result holds the rows of INPUT: it is no synthetic table.";

const SCORE_HELP: &str = "\
Example:
  synth score patients.synth patients.csv --out scores.csv

A high score of a row may tell that the model has seen it: share the scores no further than the table. A file of
them can be read by its owner only.";

const CONFIG_HELP: &str = "\
Example:
  synth config --show

A file, synth.toml, sets flags by their names, for all verbs or for one:
  seed = 7
  [run]
  policy = \"gdpr\"
Variables do too: SYNTH_SEED=7. A flag goes before a variable, a variable before the file.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a synthetic table, measure it, judge it, and try again by rule until it is accepted
    #[command(after_help = "Example:\n  synth run patients.csv --out shared --policy hipaa")]
    Run(Run),
    /// Tell what a run would do first with a table, and by which rules it would go on
    #[command(after_help = "Example:\n  synth plan patients.csv --policy gdpr")]
    Plan(Plan),
    /// Fit a generator on a table
    #[command(after_help = "Example:\n  synth fit patients.csv --model patients.synth")]
    Fit(Fit),
    /// Draw rows from a fitted generator
    #[command(after_help = SAMPLE_HELP)]
    Sample(Sample),
    /// Fill the missing cells of a table; the others stay as they are
    #[command(after_help = IMPUTE_HELP)]
    Impute(Impute),
    /// Tell how likely a model holds each row of a table: sensitive, for it speaks of real rows
    #[command(after_help = SCORE_HELP)]
    Score(Score),
    /// Measure how faithful, how useful and how private a synthetic table is; --help names every measure
    #[command(after_help = EVALUATE_HELP, after_long_help = evaluate_help())]
    Evaluate(Evaluate),
    /// Check that the results of a run are as they were written
    #[command(after_help = VERIFY_HELP)]
    Verify(Verify),
    /// Judge a report by a policy
    #[command(after_help = "Example:\n  synth judge report.json --policy hipaa")]
    Judge(Judge),
    /// Show what the columns of a table are taken for, as TOML, and what in them is sensitive
    #[command(after_help = "Example:\n  synth profile patients.csv > schema.toml   # edit, then: --schema schema.toml")]
    Profile(Profile),
    /// Tell what a model file holds, and what it reveals
    #[command(after_help = "Example:\n  synth inspect patients.synth")]
    Inspect(Inspect),
    /// Try every part of the system in turn, then a whole run, and tell what works
    #[command(
        after_help = "Example:\n  synth quality-test              # on a built-in table\n  synth quality-test patients.csv"
    )]
    QualityTest(QualityTest),
    /// Show the settings of a verb, and where each stands
    #[command(after_help = CONFIG_HELP)]
    Config(Config),
    /// Print what makes a shell complete the arguments
    #[command(after_help = "Example:\n  synth completions bash > ~/.local/share/bash-completion/completions/synth")]
    Completions(Completions),
    /// Print the manual, or write its pages
    #[command(after_help = "Example:\n  synth man --out ~/.local/share/man/man1")]
    Man(Man),
}

/// How tables are read.
#[derive(Debug, Clone, Serialize, Deserialize, ClapArgs)]
pub(crate) struct Reading {
    /// What the columns are, as `synth profile` prints it [default: found by looking]
    #[arg(long, env, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,
    /// Whether the first line of a text file holds the names [default: found by looking]
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
    /// The generator: masked, tabddpm, trees, copula; `auto` chooses and may switch
    #[arg(long, env, default_value = "auto", value_name = "NAME", hide_possible_values = true)]
    pub(crate) engine: EngineChoice,
    /// Condition the generator on this column of levels
    #[arg(long, env, value_name = "COL")]
    pub(crate) target: Option<String>,
    /// Epochs: passes over the rows
    #[arg(long, env, value_name = "N", allow_negative_numbers = true)]
    pub(crate) n_iter: Option<usize>,
    /// Rows in a training step
    #[arg(long, env, value_name = "N", allow_negative_numbers = true)]
    #[arg(hide_short_help = true)]
    pub(crate) batch_size: Option<usize>,
    /// Learning rate
    #[arg(long, env, value_name = "X", allow_negative_numbers = true)]
    #[arg(hide_short_help = true)]
    pub(crate) lr: Option<f64>,
    /// Steps of the diffusion
    #[arg(long, env, value_name = "N", allow_negative_numbers = true)]
    #[arg(hide_short_help = true)]
    pub(crate) n_timesteps: Option<usize>,
    /// Widths of the hidden layers
    #[arg(long, env, value_name = "N,N", value_delimiter = ',', allow_negative_numbers = true)]
    #[arg(hide_short_help = true)]
    pub(crate) hidden: Option<Vec<usize>>,
    /// Share of hidden units dropped in a step
    #[arg(long, env, value_name = "X", allow_negative_numbers = true)]
    #[arg(hide_short_help = true)]
    pub(crate) dropout: Option<f64>,
    /// What rows keep: `declared` in --schema, also what is `found` in every row, or `off`
    #[arg(long, env, default_value = "found", value_name = "WHICH", hide_possible_values = true)]
    pub(crate) constraints: ConstraintChoice,
    /// Stop after this time: 90s, 10m, 1h
    #[arg(long, env, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) time_budget: Option<Duration>,
    /// Refuse what would take more memory: 8GB, 512MiB [default: what is free]
    #[arg(long, env, value_name = "SIZE")]
    pub(crate) max_memory: Option<ByteSize>,
    /// Everything random follows from it
    #[arg(long, env, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) seed: u64,
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
    /// The table: CSV, TSV, Parquet, Arrow IPC, also .gz and .zst; files, patterns, a folder; `-` reads standard input
    #[arg(required_unless_present_any = ["demo", "resume"], conflicts_with = "demo")]
    pub(crate) input: Vec<PathBuf>,
    /// Use the built-in breast-cancer trial (GBSG2, 686 x 10)
    #[arg(long)]
    pub(crate) demo: bool,
    /// The folder for the synthetic table, the report, the model and the schema
    #[arg(long, value_name = "DIR", required_unless_present_any = ["resume", "dry_run"])]
    pub(crate) out: Option<PathBuf>,
    /// Go on with a run that was stopped, in this folder, as it was begun
    #[arg(long, value_name = "DIR", conflicts_with_all = ["input", "demo", "out", "force"])]
    #[serde(skip)]
    #[arg(hide_short_help = true)]
    pub(crate) resume: Option<PathBuf>,
    /// Tell what would be done first, as `synth plan`, and write nothing
    #[arg(long, conflicts_with = "resume")]
    #[serde(skip)]
    #[arg(hide_short_help = true)]
    pub(crate) dry_run: bool,
    /// Replace the results of an earlier run in that folder
    #[arg(long)]
    pub(crate) force: bool,
    /// What a table must show: hipaa, gdpr, clinical-strict, research, or a TOML file
    #[arg(long, env, default_value = "hipaa", value_name = "NAME|FILE")]
    pub(crate) policy: String,
    /// Synthetic rows, at least 2 [default: as many as the input has]
    #[arg(long, env, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(2..))]
    pub(crate) rows: Option<u64>,
    /// The form of the table: csv, tsv, parquet or arrow, also .gz and .zst [default: that of INPUT]
    #[arg(long, env, value_name = "FORM", value_parser = PossibleValuesParser::new(FORMS), hide_possible_values = true)]
    pub(crate) format: Option<String>,
    /// At most N rows a file: `synthetic-1.csv`, `synthetic-2.csv`, …
    #[arg(long, env, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) split: Option<u64>,
    /// The most attempts
    #[arg(long, env, value_name = "N", default_value_t = 8, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(hide_short_help = true)]
    pub(crate) max_attempts: u64,
    /// Write the best table of a refused run too, as `REFUSED-synthetic`
    #[arg(long, env)]
    #[arg(hide_short_help = true)]
    pub(crate) keep_refused: bool,
    /// A secret of 16 bytes or more, by which its holder can prove later what the input was; it is written nowhere
    #[arg(long, env, value_name = "FILE")]
    #[arg(hide_short_help = true)]
    pub(crate) key: Option<PathBuf>,
    /// Protect only what --schema declares, whatever is found; the record says so
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

/// Who plans the attempts of a run.
#[derive(Debug, Clone, Serialize, Deserialize, ClapArgs)]
pub(crate) struct Planning {
    /// `rules`, or `llm`: a language model that is told shapes and counts, never a cell; the rules stand by
    #[arg(long, env, default_value = "rules", value_name = "WHO", hide_possible_values = true)]
    #[arg(hide = cfg!(not(feature = "llm")))]
    pub(crate) planner: PlannerChoice,
    /// Its address, of the chat form of OpenAI; its key stands in OPENROUTER_API_KEY, if it needs one
    #[arg(long, env, value_name = "URL", default_value = "https://openrouter.ai/api/v1", hide = cfg!(not(feature = "llm")))]
    pub(crate) llm_url: String,
    /// Its model
    #[arg(long, env, value_name = "NAME", default_value = "openrouter/auto", hide = cfg!(not(feature = "llm")))]
    pub(crate) llm_model: String,
    /// Tell it the columns' names too
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
    /// The table: one file or several, patterns or a folder; `-` reads standard input
    #[arg(required = true)]
    pub(crate) input: Vec<PathBuf>,
    /// What a table must show: hipaa, gdpr, clinical-strict, research, or a TOML file
    #[arg(long, env, default_value = "hipaa", value_name = "NAME|FILE")]
    pub(crate) policy: String,
    /// As `synth run --no-protection`
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
    /// The model file; `-` reads standard input
    pub(crate) model: PathBuf,
    /// The table that it must have been fitted on, all files of it in the same order
    #[arg(long, value_name = "FILE", requires = "key", num_args = 1..)]
    pub(crate) source: Vec<PathBuf>,
    /// The key that `synth fit` or `synth run` was given
    #[arg(long, env, value_name = "FILE", requires = "source")]
    pub(crate) key: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct QualityTest {
    /// The table: one file or several, patterns or a folder [default: the built-in one]
    pub(crate) input: Vec<PathBuf>,
    /// What the table of the run must show: hipaa, gdpr, clinical-strict, research, or a TOML file
    #[arg(long, env, default_value = "hipaa", value_name = "NAME|FILE")]
    pub(crate) policy: String,
    /// The most attempts of the run
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
    /// The table: one file or several, patterns or a folder; `-` reads standard input
    #[arg(required = true)]
    pub(crate) input: Vec<PathBuf>,
    /// The model file to write
    #[arg(long, value_name = "FILE")]
    pub(crate) model: PathBuf,
    /// Keep the state of the training here, and go on from it after a stop
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// A secret of 16 bytes or more: the model then holds an HMAC of the table under it, for `synth inspect --source`
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
    /// The model file; `-` reads standard input
    pub(crate) model: PathBuf,
    /// Rows to draw
    #[arg(long, env, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rows: u64,
    /// The table to write, in the form its name says or else that of the model's table; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// At most N rows a file: of `a.csv` there are `a-1.csv`, `a-2.csv`, …
    #[arg(long, env, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) split: Option<u64>,
    /// Draw only rows that meet this condition; given again, all of them (engine masked)
    #[arg(long = "where", value_name = "COND")]
    pub(crate) conditions: Vec<Condition>,
    /// Draw each level of this column equally often (engine masked)
    #[arg(long, value_name = "COL")]
    pub(crate) balance: Option<String>,
    /// Replace the table if it exists
    #[arg(long)]
    pub(crate) force: bool,
    /// Everything random follows from it
    #[arg(long, env, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) seed: u64,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Impute {
    /// The table: one file or several, patterns or a folder; `-` reads standard input
    #[arg(required = true)]
    pub(crate) input: Vec<PathBuf>,
    /// The table to write, in the form its name says or else that of INPUT; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// At most N rows a file: of `a.csv` there are `a-1.csv`, `a-2.csv`, …
    #[arg(long, env, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) split: Option<u64>,
    /// The model to use, of the engine masked [default: one that is fitted on INPUT first]
    #[arg(long, value_name = "FILE")]
    #[arg(conflicts_with_all = ["schema", "engine", "target", "n_iter", "batch_size", "lr", "n_timesteps", "hidden"])]
    #[arg(conflicts_with_all = ["dropout", "constraints", "time_budget", "max_memory"])]
    pub(crate) model: Option<PathBuf>,
    /// Replace the table if it exists
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) training: Training,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Score {
    /// The model file, of the engine masked; `-` reads standard input
    pub(crate) model: PathBuf,
    /// The table, with the columns of the model: one file or several, patterns or a folder; `-` reads standard input
    #[arg(required = true)]
    pub(crate) input: Vec<PathBuf>,
    /// Where to write a log-likelihood for each row, as CSV; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Replace the scores if they exist
    #[arg(long)]
    pub(crate) force: bool,
    /// Whether the first line of a text file holds the names [default: found by looking]
    #[arg(long, env, value_name = "yes|no", hide_possible_values = true)]
    pub(crate) header: Option<YesNo>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Evaluate {
    /// The rows the generator learnt from: a file, a pattern in quotes or a folder, as for the next two
    #[arg(long, value_name = "FILE")]
    pub(crate) train: PathBuf,
    /// The rows it made
    #[arg(long, value_name = "FILE")]
    pub(crate) synthetic: PathBuf,
    /// Real rows it never saw; without them privacy cannot be measured
    #[arg(long, value_name = "FILE")]
    pub(crate) holdout: Option<PathBuf>,
    /// The model that made them, of the engine masked: attacked too, by how likely it holds each real row
    #[arg(long, value_name = "FILE", conflicts_with = "schema")]
    pub(crate) model: Option<PathBuf>,
    /// The column that is predicted by what is learnt from the synthetic table [default: found by looking]
    #[arg(long, env, value_name = "COL")]
    pub(crate) target: Option<String>,
    /// The columns of a time and of whether the event was seen by then, to compare survival
    #[arg(long, env, value_name = "TIME,EVENT", value_delimiter = ',', num_args = 1)]
    pub(crate) survival: Vec<String>,
    /// The columns that an outsider may know [default: found by looking]
    #[arg(long, env, value_name = "COL,...", value_delimiter = ',', num_args = 1)]
    pub(crate) quasi_identifiers: Vec<String>,
    /// Measure the rows of each level of this column apart too
    #[arg(long, value_name = "COL")]
    pub(crate) group: Option<String>,
    /// Only the measures that `synth run` judges attempts by
    #[arg(long)]
    pub(crate) core: bool,
    /// Where to write the report as JSON; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Where to write a page of it for people, with plots
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Replace the report and the page if they exist
    #[arg(long)]
    pub(crate) force: bool,
    /// Begin no measure after this time: 90s, 10m, 1h; what is left is not measured
    #[arg(long, env, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) time_budget: Option<Duration>,
    /// Decides what is chosen at random
    #[arg(long, env, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Verify {
    /// The folder of a run's results
    pub(crate) folder: PathBuf,
    /// The head that the log must have
    #[arg(long, value_name = "HASH")]
    pub(crate) head: Option<String>,
    /// The table that the run must have read, all files of it in the same order
    #[arg(long, value_name = "FILE", requires = "key", num_args = 1..)]
    pub(crate) source: Vec<PathBuf>,
    /// The key that the run was given
    #[arg(long, env, value_name = "FILE", requires = "source")]
    pub(crate) key: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Judge {
    /// A report of `synth evaluate` or `synth run`; `-` reads standard input
    pub(crate) report: PathBuf,
    /// hipaa, gdpr, clinical-strict, research, or a TOML file
    #[arg(long, env, default_value = "hipaa", value_name = "NAME|FILE")]
    pub(crate) policy: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Profile {
    /// The table: one file or several, patterns or a folder; `-` reads standard input
    #[arg(required = true)]
    pub(crate) input: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Config {
    /// The verb whose settings are shown
    #[arg(default_value = "run")]
    pub(crate) verb: String,
    /// Show them, as is done without it too
    #[arg(long)]
    pub(crate) show: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Man {
    /// The folder for a page a verb [default: the first page, on standard output]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

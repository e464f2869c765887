//! `report.html`: the page that a person reads before a table is handed on, and signs.
//!
//! One file that loads nothing: its style is in it, its figures are SVG, and there is no script; a content security policy
//! says so to the browser. All numbers come from the libraries, which mask what stands for fewer than
//! [`DEFAULT_K`] real rows; names of columns and levels are escaped by the template, or stand in text nodes of figures.
//! The same run gives the same bytes: the page holds no time and no duration.
//!
//! Left out on purpose: rows of either table, and anything to click that would need a script.

mod attempts;
mod distributions;
mod draw;
mod exposed;
mod maps;
mod measures;
mod origin;
mod text;
mod training;
mod verdict;

use askama::Template;
use synth_compliance::{DISCLAIMER, Policy};
use synth_core::Schema;
use synth_core::protect::DEFAULT_K;
use synth_metrics::QualityReport;

use self::attempts::{Matrix, Step};
use self::distributions::Distributions;
use self::draw::Picture;
use self::exposed::Exposed;
use self::maps::{Maps, Planes};
use self::measures::{Groups, MeasureRow};
use self::origin::{ColumnRow, KeptRow};
use self::text::{grouped, shown};
use self::training::Training;
use self::verdict::{Banner, CheckRow};
use super::audit::{PAGE_NAME, Program, Source, Written};
use super::losses;
use super::portraits::TablePortrait;
use super::record::RunOutcome;

/// The name of the page among the results of a run.
pub const PAGE: &str = PAGE_NAME;

/// The size that is left out where each row is a unit of its own.
const UNITS: &str = "units of the training rows";

/// Everything the page shows, in the order in which it does.
#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: String,
    patterns: Picture,
    banner: Option<Banner>,
    /// The sizes of things, a name and a value each.
    sizes: Vec<[String; 2]>,
    checks: Vec<CheckRow>,
    steps: Vec<Step>,
    matrix: Option<Matrix>,
    stopped: String,
    /// What came back empty, or was lost in part.
    lost: Vec<String>,
    notes: Vec<String>,
    distributions: Distributions,
    maps: Option<Maps>,
    planes: Option<Planes>,
    attacks: Vec<MeasureRow>,
    /// What so many rows can show at best.
    margin: String,
    exposed: Option<Exposed>,
    groups: Option<Groups>,
    training: Option<Training>,
    columns: Vec<ColumnRow>,
    protection_notes: Vec<String>,
    kept: Vec<KeptRow>,
    redrawn: String,
    facts: Vec<[String; 2]>,
    files: Vec<[String; 2]>,
    measures: Vec<MeasureRow>,
    k: usize,
    disclaimer: String,
}

/// What the page is about, beside the run itself.
#[derive(Debug)]
pub struct About<'a> {
    /// The policy that the run was judged by.
    pub policy: &'a Policy,
    /// What was read.
    pub source: &'a Source,
    /// Who writes the page.
    pub program: &'a Program,
    /// The other files of the run.
    pub files: &'a [Written],
}

/// The page of a run, as HTML.
pub fn of_run(run: &RunOutcome, about: &About<'_>) -> String {
    let About { policy, source, program, files } = *about;
    let record = &run.record;
    let assessment = record.assessment();
    let mut page = Page::of(run.portrait.as_ref(), assessment.map(|assessment| &assessment.report));
    page.title = format!("Report on a synthetic table generated from {}", shown(&source.name));
    page.banner = Some(verdict::banner(record, policy));
    page.sizes.push(["attempts made".to_owned(), record.attempts.len().to_string()]);
    if let Some(assessment) = assessment {
        page.checks = verdict::checks(&assessment.verdict);
        let rows = || measures::rows(&assessment.report, Some(&assessment.verdict), Some(policy));
        page.attacks = rows().into_iter().filter(measures::is_attack).collect();
        page.measures = rows();
    }
    page.exposed = exposed::exposed(record);
    page.steps = attempts::steps(record);
    page.matrix = attempts::matrix(record);
    page.stopped = record.stopped.map_or(String::new(), |stopped| stopped.to_string());
    page.notes = record.notes.iter().map(|note| shown(note)).collect();
    page.training = record.training.as_ref().map(training::training);
    page.columns = origin::columns(&source.schema, Some(record));
    page.protection_notes = origin::protection_notes(record);
    page.kept = origin::kept(&record.constraints);
    page.redrawn = format!("{:.1} % of the rows were resampled.", 100.0 * record.constraints.redrawn);
    page.facts = origin::facts(record, policy, source, program);
    page.files = origin::files(files);
    page.disclaimer = record.disclaimer.clone();
    page.filled_in()
}

/// The page of a table that was measured, and not judged, as HTML. `name` is that of the synthetic table, `schema` that of the
/// training rows.
pub fn of_report(name: &str, schema: &Schema, report: &QualityReport, portrait: &TablePortrait) -> String {
    let mut page = Page::of(Some(portrait), Some(report));
    page.title = format!("Measures of the synthetic table {}", shown(name));
    let rows = || measures::rows(report, None, None);
    page.attacks = rows().into_iter().filter(measures::is_attack).collect();
    page.measures = rows();
    if let Some(subgroups) = &report.subgroups {
        page.groups = Some(measures::groups(subgroups));
    }
    page.columns = origin::columns(schema, None);
    page.filled_in()
}

impl Page {
    /// What both kinds of page have.
    fn of(portrait: Option<&TablePortrait>, report: Option<&QualityReport>) -> Self {
        let rows = report.map(|report| &report.rows);
        let sizes = rows.into_iter().flat_map(|rows| {
            [
                ("training rows", Some(rows.train)),
                (UNITS, rows.units),
                ("held-out real rows", rows.holdout),
                ("synthetic rows", Some(rows.synthetic)),
            ]
        });
        let sizes = sizes.filter(|(name, n)| n.is_some() || *name != UNITS);
        let sizes = sizes.map(|(name, n)| [name.to_owned(), n.map_or("none".to_owned(), grouped)]);
        let margin = rows.and_then(|rows| rows.auc_margin()).map_or(String::new(), |margin| {
            format!("With so many rows, an AUC of 0.5 is known to ±{margin:.3} at best (one-sided 95 %).")
        });
        let parts = portrait.map(|portrait| &portrait.portrait);
        Self {
            title: String::new(),
            patterns: draw::patterns(),
            banner: None,
            sizes: sizes.collect(),
            checks: Vec::new(),
            steps: Vec::new(),
            matrix: None,
            stopped: String::new(),
            lost: report
                .map_or(Vec::new(), |report| losses::lines(&report.losses).iter().map(|line| shown(line)).collect()),
            notes: Vec::new(),
            distributions: parts.map(distributions::distributions).unwrap_or_default(),
            maps: parts.and_then(|parts| parts.associations.as_ref()).map(maps::maps),
            planes: parts.and_then(|parts| parts.projection.as_ref()).map(maps::planes),
            attacks: Vec::new(),
            margin,
            exposed: None,
            groups: portrait.and_then(|portrait| portrait.subgroups.as_ref()).map(measures::groups),
            training: None,
            columns: Vec::new(),
            protection_notes: Vec::new(),
            kept: Vec::new(),
            redrawn: String::new(),
            facts: Vec::new(),
            files: Vec::new(),
            measures: Vec::new(),
            k: DEFAULT_K,
            disclaimer: DISCLAIMER.to_owned(),
        }
    }

    fn filled_in(&self) -> String {
        self.render().expect("a string takes all, and nothing that the template shows fails")
    }
}

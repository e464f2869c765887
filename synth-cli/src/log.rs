//! What is said beside the results, on standard error: lines for people, or a JSON object a line for programs.

use std::io::Write;
use std::sync::OnceLock;

use serde_json::{Value, json};
use synth_optimizer::dossier::shown::shown;

use crate::args::LogForm;

static FORM: OnceLock<LogForm> = OnceLock::new();

/// Chooses the form; until then it is that for people.
pub(crate) fn choose(form: LogForm) {
    // The first choice stays: there is one program, with one set of arguments.
    let _ = FORM.set(form);
}

/// Whether programs read what is said.
pub(crate) fn is_json() -> bool {
    FORM.get() == Some(&LogForm::Json)
}

/// A message of a level: `note` or `error`. For people it is one line, [safe](shown) to show.
pub(crate) fn say(level: &str, message: &str) {
    if is_json() {
        write(&json!({ "level": level, "message": message }));
    } else {
        let _ = writeln!(std::io::stderr(), "{level}: {}", shown(message));
    }
}

/// A line for people alone, safe to show.
pub(crate) fn line(text: impl std::fmt::Display) {
    if !is_json() {
        let _ = writeln!(std::io::stderr(), "{}", shown(&text.to_string()));
    }
}

/// A table for people alone. What comes from outside is safe to show in its cells.
pub(crate) fn table(table: &comfy_table::Table) {
    if !is_json() {
        let _ = writeln!(std::io::stderr(), "{table}");
    }
}

/// A step of the work, for programs alone.
pub(crate) fn step(step: &str, details: &Value) {
    if is_json() {
        write(&json!({ "level": "step", "step": step, "details": details }));
    }
}

fn write(value: &Value) {
    let _ = writeln!(std::io::stderr(), "{value}");
}

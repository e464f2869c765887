//! Settings that stand in a file or in the environment: flags go before variables, variables before the file, the file
//! before the defaults.
//!
//! Only what says *how* something is done may stand there; what is read and where it goes is said each time. A flag is a setting
//! if its argument is declared with `env`; the variable's name is made here, of the flag's.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::builder::FalseyValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};
use toml::{Table, Value};

use crate::args::Args;
use crate::exit::Usage;

/// The file that is read if it is in the folder where the program is started.
const FILE: &str = "synth.toml";
/// The variable that names another one.
const FILE_VARIABLE: &str = "SYNTH_CONFIG";
/// What every variable's name begins with.
const PREFIX: &str = "SYNTH_";

/// What the user typed, with what stands in variables and in the file where nothing was typed; and a note if settings of a file
/// apply that was found and not named.
///
/// # Errors
/// [`Usage`] if the file cannot be read, names a setting or a verb that there is none of, or has a value that the flag would
/// not take. A flag that is wrong ends the program as clap does.
pub(crate) fn parse() -> Result<(Args, Option<String>)> {
    let typed: Vec<OsString> = std::env::args_os().collect();
    let (command, file) = command(&typed)?;
    let matches = command.clone().try_get_matches_from(typed).unwrap_or_else(|error| error.exit());
    let note = file.is_found.then(|| in_force(&command, &matches, &file)).flatten();
    Ok((Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()), note))
}

/// Which settings of a file that nobody asked for are in force.
fn in_force(command: &Command, matches: &ArgMatches, file: &File) -> Option<String> {
    let (verb, own) = matches.subcommand()?;
    let arguments = command.find_subcommand(verb)?.get_arguments().chain(command.get_arguments());
    let is_in_force = |arg: &&Arg| {
        let of_file = own.try_contains_id(arg.get_id().as_str()).is_ok()
            && own.value_source(arg.get_id().as_str()) == Some(ValueSource::DefaultValue);
        is_setting(arg) && of_file && file.value(verb, name_of(arg)).is_some()
    };
    let names: BTreeSet<&str> = arguments.filter(is_in_force).map(name_of).collect();
    let names: Vec<&str> = names.into_iter().collect();
    (!names.is_empty()).then(|| format!("settings from {}: {}", file.shown(), names.join(", ")))
}

/// What each setting of `verb` is and where it stands, as TOML.
///
/// # Errors
/// As [`parse`]; [`Usage`] if there is no such verb.
pub(crate) fn shown(verb: &str) -> Result<String> {
    let typed: Vec<OsString> = std::env::args_os().collect();
    let (mut command, file) = command(&typed)?;
    let sub = command.find_subcommand_mut(verb).ok_or_else(|| Usage(format!("no command `{verb}`")))?;
    let own: Vec<Arg> = sub.get_arguments().filter(|arg| is_setting(arg)).cloned().collect();
    let global: Vec<Arg> = command.get_arguments().filter(|arg| is_setting(arg)).cloned().collect();
    let mut own: Vec<Arg> = own.into_iter().chain(global).collect();
    own.sort_by_key(|arg| name_of(arg).to_owned());
    // Nothing but the settings, so that nothing is required.
    let bare = own.iter().fold(Command::new("synth"), |bare, arg| bare.arg(arg.clone().required(false).global(false)));
    let matches = bare.try_get_matches_from(["synth"]).map_err(|error| Usage(first_line(&error)))?;
    let mut text = format!("# {verb}\n");
    for arg in &own {
        let name = name_of(arg);
        let line = match value_of(&matches, arg) {
            None => format!("# {name} is not set"),
            Some(value) => format!("{name} = {value}"),
        };
        let from = match matches.value_source(arg.get_id().as_str()) {
            Some(ValueSource::EnvVariable) => variable_of(arg),
            Some(_) if file.value(verb, name).is_some() => file.shown(),
            _ => "default".to_owned(),
        };
        text += &format!("{line:<32} # {from}\n");
    }
    Ok(text)
}

fn value_of(matches: &ArgMatches, arg: &Arg) -> Option<String> {
    let raw = matches.get_raw(arg.get_id().as_str())?;
    let raw: Vec<String> = raw.map(|value| value.to_string_lossy().into_owned()).collect();
    let raw = raw.join(",");
    let is_bare = matches!(arg.get_action(), ArgAction::SetTrue) || raw.parse::<f64>().is_ok();
    Some(if is_bare { raw } else { Value::from(raw).to_string() })
}

/// The program's arguments with the settings, and the file that some of them come from.
fn command(typed: &[OsString]) -> Result<(Command, File)> {
    let file = File::of(typed)?;
    let command = Args::command();
    file.check(&command)?;
    // Only `-h` leaves the rarer flags out, and says so. Where none is left out clap gives each flag a line, not a paragraph.
    let is_short = typed.iter().any(|arg| arg == "-h");
    let with = |verb: &str, arg: Arg| -> Result<Arg> {
        let mut arg = if is_short { arg } else { arg.hide_short_help(false) };
        if !is_setting(&arg) {
            return Ok(arg);
        }
        if matches!(arg.get_action(), ArgAction::SetTrue) {
            arg = arg.value_parser(FalseyValueParser::new());
        }
        let text = file.value(verb, name_of(&arg)).map(|value| file.text(name_of(&arg), value)).transpose()?;
        arg = in_variable(arg);
        let Some(text) = text else { return Ok(arg) };
        file.check_value(&arg, &text)?;
        Ok(arg.required(false).default_value(text))
    };
    let mut failed = None;
    let mut keep = |verb: &str, arg: Arg| match with(verb, arg.clone()) {
        Ok(arg) => arg,
        Err(error) => {
            failed.get_or_insert(error);
            arg
        }
    };
    let command = command.mut_args(|arg| keep("", arg));
    let command = command.mut_subcommands(|sub| {
        let verb = sub.get_name().to_owned();
        sub.mut_args(|arg| keep(&verb, arg))
    });
    match failed {
        Some(error) => Err(error),
        None => Ok((command, file)),
    }
}

fn name_of(arg: &Arg) -> &str {
    arg.get_long().unwrap_or_default()
}

fn is_setting(arg: &Arg) -> bool {
    arg.get_env().is_some()
}

/// The names of all settings, in their order.
fn names_in(command: &Command) -> BTreeSet<&str> {
    let arguments = std::iter::once(command).chain(command.get_subcommands()).flat_map(Command::get_arguments);
    arguments.filter(|arg| is_setting(arg)).map(name_of).collect()
}

/// The program's arguments as they are without anybody's settings.
pub(crate) fn plain() -> Command {
    let named = |arg: Arg| if is_setting(&arg) { in_variable(arg) } else { arg };
    Args::command().mut_args(named).mut_subcommands(|sub| sub.mut_args(named))
}

/// The setting, which its variable may give.
fn in_variable(arg: Arg) -> Arg {
    let variable = variable_of(&arg);
    arg.env(variable).hide_env(true)
}

fn variable_of(arg: &Arg) -> String {
    format!("{PREFIX}{}", name_of(arg).replace('-', "_").to_uppercase())
}

/// What clap says, without its advice.
fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// A file of settings: those of all verbs at its top, those of one in a table of its name.
#[derive(Debug, Default)]
struct File {
    path: Option<PathBuf>,
    /// It was found in the folder; nobody named it.
    is_found: bool,
    settings: Table,
}

impl File {
    /// The file that is asked for, or else the one in this folder, or else none.
    fn of(typed: &[OsString]) -> Result<Self> {
        let asked = typed.iter().enumerate().find_map(|(i, arg)| match arg.to_str()?.split_once("--config") {
            Some(("", "")) => typed.get(i + 1).map(PathBuf::from),
            Some(("", rest)) => rest.strip_prefix('=').map(PathBuf::from),
            _ => None,
        });
        let asked = asked.or_else(|| std::env::var_os(FILE_VARIABLE).map(PathBuf::from));
        let is_found = asked.is_none();
        let path = match asked {
            Some(path) => path,
            None if Path::new(FILE).is_file() => PathBuf::from(FILE),
            None => return Ok(Self::default()),
        };
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Usage(format!("cannot read the settings in {}: {error}", path.display())))?;
        let settings = text.parse::<Table>().map_err(|error| {
            Usage(format!("{}: {}", path.display(), error.message().lines().next().unwrap_or_default()))
        })?;
        Ok(Self { path: Some(path), is_found, settings })
    }

    fn shown(&self) -> String {
        self.path.as_ref().map_or(String::new(), |path| path.display().to_string())
    }

    fn bad(&self, problem: &str) -> anyhow::Error {
        Usage(format!("{}: {problem}", self.shown())).into()
    }

    /// Whether every key is a setting, and every table one of a verb that has its settings.
    fn check(&self, command: &Command) -> Result<()> {
        for (key, value) in &self.settings {
            let Value::Table(own) = value else {
                let names = names_in(command);
                if !names.contains(key.as_str()) {
                    let names: Vec<&str> = names.into_iter().collect();
                    return Err(self.bad(&format!("no setting `{key}`; available: {}", names.join(", "))));
                }
                continue;
            };
            let Some(verb) = command.find_subcommand(key) else {
                return Err(self.bad(&format!("`[{key}]` is not a command")));
            };
            for key in own.keys() {
                let has = verb.get_arguments().any(|arg| is_setting(arg) && name_of(arg) == key);
                if !has {
                    return Err(self.bad(&format!("`synth {}` has no setting `{key}`", verb.get_name())));
                }
            }
        }
        Ok(())
    }

    /// What stands for a setting of a verb.
    fn value(&self, verb: &str, name: &str) -> Option<&Value> {
        let own = self.settings.get(verb).and_then(Value::as_table).and_then(|own| own.get(name));
        own.or_else(|| self.settings.get(name)).filter(|value| !value.is_table())
    }

    /// A value as it would be typed.
    fn text(&self, name: &str, value: &Value) -> Result<String> {
        Ok(match value {
            Value::String(text) => text.clone(),
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => value.to_string(),
            Value::Array(values) => {
                let texts: Result<Vec<String>> = values.iter().map(|value| self.text(name, value)).collect();
                texts?.join(",")
            }
            Value::Datetime(_) | Value::Table(_) => {
                return Err(self.bad(&format!("`{name}` must be a string, a number, true or false")));
            }
        })
    }

    /// Whether the flag would take `text`.
    fn check_value(&self, arg: &Arg, text: &str) -> Result<()> {
        let name = name_of(arg);
        if matches!(arg.get_action(), ArgAction::SetTrue) {
            let is_boolean = text == "true" || text == "false";
            return if is_boolean { Ok(()) } else { Err(self.bad(&format!("`{name}` must be true or false"))) };
        }
        let alone = Command::new("synth")
            .arg(Arg::new("value").long(name.to_owned()).value_parser(arg.get_value_parser().clone()));
        let alone = match arg.get_value_delimiter() {
            Some(delimiter) => alone.mut_arg("value", |arg| arg.value_delimiter(delimiter)),
            None => alone,
        };
        let tried = alone.try_get_matches_from(["synth".to_owned(), format!("--{name}={text}")]);
        tried.map(|_| ()).map_err(|error| self.bad(&first_line(&error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_and_where_it_goes_is_no_setting() {
        let command = Args::command();
        let names = names_in(&command);
        assert!(["policy", "quiet", "seed", "threads"].iter().all(|name| names.contains(name)), "{names:?}");
        for name in ["checkpoint", "config", "demo", "force", "html", "model", "out", "resume", "source", "where", ""] {
            assert!(!names.contains(name), "{name}");
        }
    }

    #[test]
    fn no_variable_has_the_name_that_its_field_alone_would_give_it() {
        let command = plain();
        let variables = command.get_subcommands().flat_map(Command::get_arguments).filter_map(Arg::get_env);
        let names: Vec<String> = variables.map(|name| name.to_string_lossy().into_owned()).collect();
        assert!(names.contains(&"SYNTH_BATCH_SIZE".to_owned()));
        assert!(names.iter().all(|name| name.starts_with(PREFIX)), "{names:?}");
    }
}

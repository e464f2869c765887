//! `synth`: turns a private table into a synthetic one that can be shared, with the proof.
//!
//! This program reads arguments, shows progress, writes files and sets the exit code. What it knows of tables,
//! generators, measures and policies it takes from the libraries beside it.

mod args;
mod commands;
mod databases;
mod exit;
mod files;
mod input;
mod interrupt;
mod log;
mod memory;
mod policies;
mod progress;
mod settings;
mod show;
mod tables;

use std::process::ExitCode;
use std::sync::Mutex;

fn main() -> ExitCode {
    let (args, from_file) = match settings::parse() {
        Ok(parsed) => parsed,
        Err(error) => {
            let code = exit::Code::of(&error);
            show::error(&error, code);
            return ExitCode::from(code as u8);
        }
    };
    log::choose(args.log);
    let quiet = args.quiet;
    from_file.filter(|_| !quiet).iter().for_each(|note| show::note(note));
    // A panic's own message may quote what it met, and a library may panic and recover: neither is for the user.
    static PLACE: Mutex<String> = Mutex::new(String::new());
    std::panic::set_hook(Box::new(|panic| {
        if let (Some(place), Ok(mut last)) = (panic.location(), PLACE.lock()) {
            *last = format!("{}:{}", place.file().rsplit(['/', '\\']).next().unwrap_or_default(), place.line());
        }
    }));
    let result = std::panic::catch_unwind(|| commands::run(args));
    let result = result.unwrap_or_else(|_| {
        let place = PLACE.lock().map(|place| place.clone()).unwrap_or_default();
        Err(anyhow::anyhow!("internal error: reached a state that should be impossible ({place})"))
    });
    let code = result.unwrap_or_else(|error| {
        let error = exit::with_flags(error);
        let code = exit::Code::of(&error);
        show::error(&error, code);
        code
    });
    if !quiet && code != exit::Code::Accepted {
        show::exit(code);
    }
    ExitCode::from(code as u8)
}

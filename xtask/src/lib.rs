//! The checks and other tasks of this repository that are programs.

pub mod api;
pub mod audit;
pub mod busy;
#[path = "../../tests/common/child.rs"]
mod child;
mod cross;
pub mod dialects;
pub mod dist;
pub mod emulate;
pub mod footprint;
#[path = "../../tests/common/header.rs"]
mod header;
mod marked;
pub mod mutants;
pub mod picture;
mod product;
pub mod rooms;
pub mod soak;
pub mod stress;
pub mod verify;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// Returns the exit code of a task without arguments if it got some, or was asked for help.
fn no_arguments(
    task: &str,
    usage: &str,
    mut arguments: impl Iterator<Item = OsString>,
) -> Option<ExitCode> {
    let argument = arguments.next()?;
    if argument == "--help" || argument == "-h" {
        print!("{usage}");
        return Some(ExitCode::SUCCESS);
    }
    eprint!("{task}: unexpected argument {argument:?}\n{usage}");
    Some(ExitCode::from(2))
}

/// Reports the error of a task, if there is one, and returns the exit code.
fn report(task: &str, result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{task}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command to its end and returns its output. Errors of its own go to standard error.
fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let output = command.stderr(Stdio::inherit()).output();
    let name = command.get_program().to_string_lossy();
    match output {
        Ok(output) if output.status.success() => Ok(output.stdout),
        Ok(output) => Err(format!("{name} ended with {}", output.status)),
        Err(error) => Err(format!("cannot run {name}: {error}")),
    }
}

/// Returns what makes an error of the system one of a task, which names the file.
fn failed<'p>(what: &'p str, path: &'p Path) -> impl Fn(io::Error) -> String + use<'p> {
    move |error| format!("cannot {what} {}: {error}", path.display())
}

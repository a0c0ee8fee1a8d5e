//! The checks and other tasks of this repository that are programs.

pub mod api;
pub mod audit;
#[path = "../../tests/common/child.rs"]
mod child;
pub mod cross;
pub mod dist;
pub mod emulate;
pub mod footprint;
mod marked;
pub mod mutants;
pub mod picture;
mod product;
pub mod rooms;
pub mod soak;
pub mod stress;
pub mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

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

//! The process that a command line names.

use std::ffi::OsStr;

use minitalk::Pid;

use super::exit::{Exit, Failure};
use super::list;

/// Parses a PID, or finds the server with this name.
pub fn pid_or_name(text: &OsStr) -> Result<Pid, Failure> {
    match text.to_str() {
        Some(name) if list::is_name(name) => list::by_name(name),
        _ => pid(text),
    }
}

/// Parses a PID.
pub fn pid(text: &OsStr) -> Result<Pid, Failure> {
    Pid::parse(&text.to_string_lossy()).map_err(|why| {
        Failure::new(
            Exit::Usage,
            format!("{text:?} is not a PID: {why}; a server prints its PID when it starts"),
        )
    })
}

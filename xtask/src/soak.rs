//! `cargo xtask soak`: runs `tests/soak.rs` for long, with the release build.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::product;

/// Runs the command with its arguments, which are those of the test.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["test", "--quiet", "--release", "--test", "soak", "--"])
        .args(arguments)
        .current_dir(product::repository())
        .status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("soak: cannot run cargo: {error}");
            ExitCode::FAILURE
        }
    }
}

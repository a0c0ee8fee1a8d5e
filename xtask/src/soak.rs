//! `cargo xtask soak`: runs `tests/soak.rs` for long, with the release build.

use std::ffi::OsString;
use std::process::{ExitCode, Stdio};

use crate::{output, product, report};

/// Runs the command with its arguments, which are those of the test.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut cargo = product::cargo();
    cargo
        .args(["test", "--quiet", "--release", "--test", "soak", "--"])
        .args(arguments)
        .stdin(Stdio::inherit())
        .stdout(Stdio::inherit());
    report("soak", output(&mut cargo).map(drop))
}

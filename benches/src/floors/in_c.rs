//! The same loops in C (`benches/floors.c`): so that anyone can see how cheap ours are.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// Builds the program with the C compiler of the machine.
///
/// # Errors
/// Returns an error if the machine has no C compiler, or if the compiler fails.
pub fn build() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = std::env::temp_dir().join(format!("minitalk-floors-{}", std::process::id()));
    let status = Command::new("cc")
        .arg("-O2")
        .arg("-o")
        .arg(&program)
        .arg(here.join("floors.c"))
        .status()
        .map_err(|error| format!("cc, which compiles floors.c, cannot be run: {error}"))?;
    match status.success() {
        true => Ok(program),
        false => Err(format!("cc: {status}").into()),
    }
}

/// Runs both ends once, and returns the nanoseconds for each of `count` exchanges.
///
/// # Errors
/// Returns an error if the program fails, or prints no number.
pub fn measure(program: &Path, loop_name: &str, count: u32) -> Result<f64> {
    let output = Command::new(program)
        .args([loop_name, &count.to_string()])
        .output()?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?.trim().parse()?),
        false => Err(format!("floors.c: {}", output.status).into()),
    }
}

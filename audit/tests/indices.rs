//! Handlers with random arithmetic on an index, against what a run of the same C does.

#![cfg(target_arch = "x86_64")]

use std::path::Path;
use std::process::Command;

#[test]
fn no_handler_passes_that_leaves_its_array() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/fuzz_indices.py");
    let mut command = Command::new("python3");
    command
        .arg(script)
        .args(["--tool", env!("CARGO_BIN_EXE_minitalk-audit")])
        .args(["--count", "1", "--handlers", "4"]);
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => return eprintln!("skipped: python3 cannot be run: {error}"),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    assert!(!text.starts_with('0'), "{text}");
}

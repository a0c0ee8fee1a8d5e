//! `cargo xtask verify`: every check that SAFETY.md names, one after the other, each with what it proves.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

const USAGE: &str = "\
usage: cargo xtask verify [--fuzz-seconds N] [CHECK...]

Runs the checks that SAFETY.md names (all, or those named here) and says what each proves. Exit code 0 only if all passed;
2 for a usage error.

options:
  --fuzz-seconds N   how long to fuzz each target (default 15)

checks:
";

/// A check: its name, what it proves, and the command, in which FUZZ stands for the seconds.
const CHECKS: &[(&str, &str, &[&str])] = &[
    (
        "audit",
        "the handler in the release binary is a leaf, and the documents say what it is",
        &["cargo", "xtask", "audit", "--check"],
    ),
    (
        "audit-tests",
        "the audit rejects every seeded defect, each for its own reason",
        &["cargo", "test", "--package", "xtask"],
    ),
    (
        "interrupt",
        "the handler is harmless at every instruction boundary, and the sweep finds seeded faults, ArrayQueue's hang among them",
        &["cargo", "test", "--package", "check-interrupt", "--release"],
    ),
    (
        "weak-memory",
        "the ring keeps its promises in every execution that loom finds, and no weakened ordering does",
        &[
            "cargo",
            "test",
            "--package",
            "check-weak-memory",
            "--release",
        ],
    ),
    (
        "model",
        "the link delivers exactly once whatever the channel does, and no mutant of it does",
        &["cargo", "test", "--package", "check-model"],
    ),
    (
        "fuzz-bodies",
        "the fuzz targets notice seeded defects",
        &["cargo", "test", "--package", "fuzz-bodies"],
    ),
    (
        "tests",
        "units, properties, corpora, and real processes under faults",
        &["cargo", "test"],
    ),
    (
        "mutants",
        "the tests notice seeded defects in the product itself",
        &["cargo", "xtask", "mutants"],
    ),
    (
        "fuzz",
        "the decoder, the frame, the link and the ring survive what the fuzzer finds in this time",
        &["fuzz/run.sh", "FUZZ"],
    ),
    (
        "sanitizers",
        "the processes run clean under the sanitizers that this toolchain has",
        &["checks/sanitizers.sh"],
    ),
];

/// Runs the command with its arguments.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut fuzz_seconds = 15;
    let mut wanted = Vec::new();
    loop {
        use lexopt::ValueExt;
        let parsed = match parser.next() {
            Ok(None) => break,
            Ok(Some(lexopt::Arg::Short('h') | lexopt::Arg::Long("help"))) => {
                print!("{}", usage());
                return ExitCode::SUCCESS;
            }
            Ok(Some(lexopt::Arg::Long("fuzz-seconds"))) => parser
                .value()
                .and_then(|value| value.parse::<u32>())
                .map(|seconds| fuzz_seconds = seconds),
            Ok(Some(lexopt::Arg::Value(name))) => name.string().map(|name| wanted.push(name)),
            Ok(Some(other)) => Err(other.unexpected()),
            Err(error) => Err(error),
        };
        if let Err(error) = parsed {
            eprintln!("verify: {error}\n{}", usage());
            return ExitCode::from(2);
        }
    }
    if let Some(unknown) = wanted
        .iter()
        .find(|name| CHECKS.iter().all(|c| c.0 != *name))
    {
        eprintln!("verify: there is no check {unknown:?}\n{}", usage());
        return ExitCode::from(2);
    }
    for (name, proves, command) in CHECKS {
        if !wanted.is_empty() && !wanted.iter().any(|w| w == name) {
            continue;
        }
        println!("\n== {name}: {proves}");
        let start = Instant::now();
        if let Err(error) = run(command, fuzz_seconds) {
            eprintln!("{name}: FAILED: {error}");
            return ExitCode::FAILURE;
        }
        println!("-- {name} passed in {} s", start.elapsed().as_secs());
    }
    println!("\nverified");
    ExitCode::SUCCESS
}

fn run(command: &[&str], fuzz_seconds: u32) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let words = command.iter().map(|word| match *word {
        "FUZZ" => fuzz_seconds.to_string(),
        word => word.into(),
    });
    let words: Vec<String> = words.collect();
    let status = Command::new(&words[0])
        .args(&words[1..])
        .current_dir(root)
        .status()
        .map_err(|error| format!("{}: {error}", words.join(" ")))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{}: {status}", words.join(" ")))
    }
}

fn usage() -> String {
    let mut text = USAGE.to_string();
    for (name, proves, _) in CHECKS {
        text += &format!("  {name:<12} {proves}\n");
    }
    text
}

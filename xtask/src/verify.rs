//! `cargo xtask verify`: runs nearly all checks of SAFETY.md, and says what each proves. SAFETY.md names the others.
//!
//! Checks whose outcome does not depend on time run in parallel, one on each CPU; then the others run one after the other.

use std::ffi::OsString;
use std::io::Write;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use crate::product;

const USAGE: &str = "\
usage: cargo xtask verify [--fuzz-seconds N] [--serial] [CHECK...]

Runs the checks that SAFETY.md names (all, or only those given) and prints what each proves. Exit code 0 only if all passed;
2 for a usage error. Checks marked + run in parallel, one on each CPU, and print their output at the end.

options:
  --fuzz-seconds N   how long to fuzz each target (default 15)
  --serial           run one check at a time

checks:
";

/// A check and its command: words between spaces, in which FUZZ stands for the number of seconds.
struct Check {
    name: &'static str,
    proves: &'static str,
    command: &'static str,
    /// Whether the outcome is the same on a busy machine: the check measures no time, and its limits against hangs count CPU
    /// time or minutes.
    tolerates_load: bool,
}

/// All checks. Of the checks that tolerate load, the longest come first, which keeps all CPUs busy to the end.
const CHECKS: &[Check] = &[
    Check {
        name: "interrupt",
        proves: "the handler is harmless at every instruction boundary",
        command: "cargo test --package check-interrupt --release --test sweep",
        tolerates_load: true,
    },
    Check {
        name: "audit-tests",
        proves: "the audit rejects every seeded defect, each for its own reason",
        command: "cargo test --package minitalk-audit --package xtask",
        tolerates_load: true,
    },
    Check {
        name: "model",
        proves: "the link delivers exactly once through any channel, and every mutant of it fails to",
        command: "cargo test --package check-model",
        tolerates_load: true,
    },
    Check {
        name: "weak-memory",
        proves: "the ring keeps its guarantees in every execution that loom finds, and every weakened ordering breaks one",
        command: "cargo test --package check-weak-memory --release",
        tolerates_load: true,
    },
    Check {
        name: "fuzz-bodies",
        proves: "the fuzz targets detect seeded defects",
        command: "cargo test --package fuzz-bodies",
        tolerates_load: true,
    },
    Check {
        name: "audit",
        proves: "the handler in the release binary is a leaf function, and the documents describe it",
        command: "cargo xtask audit --check",
        tolerates_load: true,
    },
    Check {
        name: "nets",
        proves: "the handler does not affect the rest of a process, and the sweep finds seeded faults, such as the hang of ArrayQueue",
        command: "cargo test --package check-interrupt --release --test seeded --test nets --test storm",
        tolerates_load: false,
    },
    Check {
        name: "tests",
        proves: "units, properties, corpora, and real processes under faults",
        command: "cargo test",
        tolerates_load: false,
    },
    Check {
        name: "soak",
        proves: "exactly once, and nothing grows, under random faults of clients and servers; planted losses are detected",
        command: "cargo test --test soak -- --seconds 40",
        tolerates_load: false,
    },
    Check {
        name: "mutants",
        proves: "the tests detect seeded defects in the product itself",
        command: "cargo xtask mutants",
        tolerates_load: false,
    },
    Check {
        name: "fuzz",
        proves: "both ends of the link, also under an adversary, frame, ring and dialects withstand every input that the fuzzer tries",
        command: "fuzz/run.sh FUZZ",
        tolerates_load: false,
    },
    Check {
        name: "sanitizers",
        proves: "the processes run clean under the sanitizers that this toolchain has",
        command: "checks/sanitizers.sh",
        tolerates_load: false,
    },
];

/// Runs the command with its arguments.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut fuzz_seconds = 15;
    let mut serial = false;
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
            Ok(Some(lexopt::Arg::Long("serial"))) => {
                serial = true;
                Ok(())
            }
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
        .find(|name| CHECKS.iter().all(|check| check.name != *name))
    {
        eprintln!("verify: there is no check {unknown:?}\n{}", usage());
        return ExitCode::from(2);
    }
    let chosen = CHECKS
        .iter()
        .filter(|check| wanted.is_empty() || wanted.iter().any(|name| name == check.name));
    let (together, alone): (Vec<_>, Vec<_>) =
        chosen.partition(|check| check.tolerates_load && !serial);
    let all_passed = run_in_parallel(&together, fuzz_seconds)
        && alone.iter().all(|check| {
            println!("\n== {}: {}", check.name, check.proves);
            let start = Instant::now();
            let result = command(check, fuzz_seconds)
                .status()
                .map_err(|error| error.to_string())
                .and_then(passed);
            end(check, start, &result);
            result.is_ok()
        });
    if !all_passed {
        return ExitCode::FAILURE;
    }
    println!("\nverified");
    ExitCode::SUCCESS
}

/// Runs checks on all CPUs, and prints the output of each at its end; starts no more once one has failed.
fn run_in_parallel(checks: &[&Check], fuzz_seconds: u32) -> bool {
    if checks.len() > 1 {
        let names: Vec<_> = checks.iter().map(|check| check.name).collect();
        println!("\nin parallel: {}", names.join(", "));
    }
    let left = Mutex::new(checks.iter());
    let failed = AtomicBool::new(false);
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            // In a statement of its own: a guard in the condition would be held during the whole check.
            let next = left.lock().ok().and_then(|mut left| left.next());
            let Some(check) = next else { break };
            let start = Instant::now();
            let result = run_captured(check, fuzz_seconds, start);
            if result.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..cpus().min(checks.len()) {
            scope.spawn(work);
        }
    });
    !failed.load(Ordering::Relaxed)
}

fn cpus() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn run_captured(check: &Check, fuzz_seconds: u32, start: Instant) -> Result<(), String> {
    let failure = |error: std::io::Error| error.to_string();
    let mut command = command(check, fuzz_seconds);
    let mut run = || {
        let (mut reader, writer) = std::io::pipe()?;
        // One pipe for both keeps the order of the output.
        command.stdout(writer.try_clone()?).stderr(writer);
        let mut child = command.stdin(Stdio::null()).spawn()?;
        // The copies of the pipe in `command` would keep the reader from reaching the end.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut printed = Vec::new();
        std::io::Read::read_to_end(&mut reader, &mut printed)?;
        Ok((child.wait()?, printed))
    };
    let (result, printed) = match run().map_err(failure) {
        Ok((status, printed)) => (passed(status), printed),
        Err(error) => (Err(error), Vec::new()),
    };
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "\n== {}: {}", check.name, check.proves);
    let _ = stdout.write_all(&printed);
    end(check, start, &result);
    result
}

fn end(check: &Check, start: Instant, result: &Result<(), String>) {
    let (name, seconds) = (check.name, start.elapsed().as_secs());
    match result {
        Ok(()) => println!("-- {name} passed in {seconds} s"),
        Err(error) => eprintln!("{name}: FAILED: {}: {error}", check.command),
    }
}

fn command(check: &Check, fuzz_seconds: u32) -> Command {
    let line = check.command.replace("FUZZ", &fuzz_seconds.to_string());
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).current_dir(product::repository());
    if !check.tolerates_load {
        // Their tests are processes that wait for each other most of the time.
        command.env("RUST_TEST_THREADS", (2 * cpus()).to_string());
    }
    command
}

fn passed(status: ExitStatus) -> Result<(), String> {
    if status.success() {
        Ok(())
    } else {
        Err(status.to_string())
    }
}

fn usage() -> String {
    let mut text = USAGE.to_string();
    for check in CHECKS {
        let mark = if check.tolerates_load { '+' } else { ' ' };
        text += &format!("  {:<12} {mark} {}\n", check.name, check.proves);
    }
    text
}

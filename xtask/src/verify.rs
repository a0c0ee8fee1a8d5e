//! `cargo xtask verify`: every check that SAFETY.md names, each with what it proves. Those whose outcome does not depend on
//! time run beside each other, as many as there are CPUs; then the rest, one after the other.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

const USAGE: &str = "\
usage: cargo xtask verify [--fuzz-seconds N] [--serial] [CHECK...]

Runs the checks that SAFETY.md names (all, or those named here) and says what each proves. Exit code 0 only if all passed;
2 for a usage error. Those marked + run beside each other, as many as there are CPUs, and print when they are done.

options:
  --fuzz-seconds N   how long to fuzz each target (default 15)
  --serial           run one check at a time

checks:
";

/// A check, and the command that makes it, in which FUZZ stands for the seconds.
struct Check {
    name: &'static str,
    proves: &'static str,
    command: &'static [&'static str],
    /// Whether it says the same on a busy machine: it measures no time, has no peer to be late for, and what ends its
    /// hangs counts time on the processor or minutes.
    tolerates_load: bool,
}

/// The longest of those that tolerate load come first: so all CPUs are busy to the end.
const CHECKS: &[Check] = &[
    Check {
        name: "interrupt",
        proves: "the handler is harmless at every instruction boundary",
        command: &[
            "cargo",
            "test",
            "--package",
            "check-interrupt",
            "--release",
            "--test",
            "sweep",
        ],
        tolerates_load: true,
    },
    Check {
        name: "model",
        proves: "the link delivers exactly once whatever the channel does, and no mutant of it does",
        command: &["cargo", "test", "--package", "check-model"],
        tolerates_load: true,
    },
    Check {
        name: "weak-memory",
        proves: "the ring keeps its promises in every execution that loom finds, and no weakened ordering does",
        command: &[
            "cargo",
            "test",
            "--package",
            "check-weak-memory",
            "--release",
        ],
        tolerates_load: true,
    },
    Check {
        name: "fuzz-bodies",
        proves: "the fuzz targets notice seeded defects",
        command: &["cargo", "test", "--package", "fuzz-bodies"],
        tolerates_load: true,
    },
    Check {
        name: "audit",
        proves: "the handler in the release binary is a leaf, and the documents say what it is",
        command: &["cargo", "xtask", "audit", "--check"],
        tolerates_load: true,
    },
    Check {
        name: "audit-tests",
        proves: "the audit rejects every seeded defect, each for its own reason",
        command: &[
            "cargo",
            "test",
            "--package",
            "minitalk-audit",
            "--package",
            "xtask",
        ],
        tolerates_load: true,
    },
    Check {
        name: "nets",
        proves: "the handler does nothing to the rest of a process, and the sweep finds seeded faults, ArrayQueue's hang among them",
        command: &[
            "cargo",
            "test",
            "--package",
            "check-interrupt",
            "--release",
            "--test",
            "seeded",
            "--test",
            "nets",
            "--test",
            "storm",
        ],
        tolerates_load: false,
    },
    Check {
        name: "tests",
        proves: "units, properties, corpora, and real processes under faults",
        command: &["cargo", "test"],
        tolerates_load: false,
    },
    Check {
        name: "soak",
        proves: "exactly once, and nothing grows, whatever happens to clients and servers; planted losses are noticed",
        command: &["cargo", "test", "--test", "soak", "--", "--seconds", "40"],
        tolerates_load: false,
    },
    Check {
        name: "mutants",
        proves: "the tests notice seeded defects in the product itself",
        command: &["cargo", "xtask", "mutants"],
        tolerates_load: false,
    },
    Check {
        name: "fuzz",
        proves: "the decoder, the frame, the link and the ring survive what the fuzzer finds in this time",
        command: &["fuzz/run.sh", "FUZZ"],
        tolerates_load: false,
    },
    Check {
        name: "sanitizers",
        proves: "the processes run clean under the sanitizers that this toolchain has",
        command: &["checks/sanitizers.sh"],
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
    let all_passed = beside_each_other(&together, fuzz_seconds)
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

/// Runs checks on all CPUs, each with what it prints held back until it is over; begins no more once one has failed.
fn beside_each_other(checks: &[&Check], fuzz_seconds: u32) -> bool {
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    if checks.len() > 1 {
        let names: Vec<_> = checks.iter().map(|check| check.name).collect();
        println!("\nbeside each other: {}", names.join(", "));
    }
    let left = Mutex::new(checks.iter());
    let failed = AtomicBool::new(false);
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            // In a statement of its own: a guard in the condition would be held for the whole check.
            let next = left.lock().ok().and_then(|mut left| left.next());
            let Some(check) = next else { break };
            let start = Instant::now();
            let result = beside(check, fuzz_seconds, start);
            if result.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..cpus.min(checks.len()) {
            scope.spawn(work);
        }
    });
    !failed.load(Ordering::Relaxed)
}

fn beside(check: &Check, fuzz_seconds: u32, start: Instant) -> Result<(), String> {
    let failure = |error: std::io::Error| error.to_string();
    let mut command = command(check, fuzz_seconds);
    let mut run = || {
        let (mut reader, writer) = std::io::pipe()?;
        // One pipe for both, so that what was printed stays in order.
        command.stdout(writer.try_clone()?).stderr(writer);
        let mut child = command.stdin(Stdio::null()).spawn()?;
        // Its ends of the pipe would keep the reader from ever seeing the end.
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
        Err(error) => eprintln!("{name}: FAILED: {}: {error}", check.command.join(" ")),
    }
}

fn command(check: &Check, fuzz_seconds: u32) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let words = check.command.iter().map(|word| match *word {
        "FUZZ" => fuzz_seconds.to_string(),
        word => word.into(),
    });
    let words: Vec<String> = words.collect();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(root);
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

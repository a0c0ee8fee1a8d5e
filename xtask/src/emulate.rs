//! `cargo xtask emulate`: runs the process tests on a kernel of another architecture, in an emulator of the whole machine.

mod archive;
mod packages;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::child::Child;
use crate::cross::Architecture;
use crate::product::{repository, target, test_programs};
use crate::{failed, output};
use archive::Archive;

const USAGE: &str = "\
usage: cargo xtask emulate aarch64|riscv64 [--cpu MODEL] [--seconds N]

Builds the release binary and the process tests, static, boots a kernel of Debian 13 in qemu-system, and runs the tests there, on
all models of the CPU at once: for aarch64 one without LSE's atomics and one with. Prints a line for each test, with the seconds
since the start of the emulator. Exit code 1 if a test fails or takes more than N seconds (default 300). Without a compiler, an
emulator or a package it prints \"SKIPPED\" with the reason, and the exit code is 0.
";

/// An emulated machine.
struct Machine {
    architecture: &'static str,
    qemu: &'static str,
    console: &'static str,
    /// The CPU models, each with the purpose of its test.
    cpus: &'static [(&'static str, &'static str)],
    /// The name that Debian uses for the architecture, and its kernel package.
    debian: &'static str,
    kernel: &'static str,
}

const MACHINES: &[Machine] = &[
    Machine {
        architecture: "aarch64",
        qemu: "qemu-system-aarch64",
        console: "ttyAMA0",
        cpus: &[
            ("cortex-a57", "without LSE"),
            ("max,pauth-impdef=on", "with LSE"),
        ],
        debian: "arm64",
        kernel: "linux-image-cloud-arm64",
    },
    Machine {
        architecture: "riscv64",
        qemu: "qemu-system-riscv64",
        console: "ttyS0",
        cpus: &[("rv64", "with the extensions of rv64gc")],
        debian: "riscv64",
        kernel: "linux-image-riscv64",
    },
];

/// How often the results so far are printed.
const REPORT_INTERVAL: Duration = Duration::from_millis(200);

/// How long the guest may take to say what hangs.
const ANSWER: Duration = Duration::from_secs(20);

/// The tests to run, by program. The others need a compiler or a terminal, or take minutes in an emulator.
const TESTS: &[(&str, &[&str])] = &[
    (
        "lib",
        &[
            "signal::set::tests::the_word_signal_is_not_reserved_by_the_c_library",
            "ffi::tests::the_handler_matches_the_cpu",
            "signal::ring::tests::entries_come_out_whole_and_in_order_across_many_laps",
            "signal::ring::tests::threads_that_obey_the_mark_never_overrun",
        ],
    ),
    (
        "transfer",
        &[
            "a_classic_client_that_waits_for_acknowledgements_delivers",
            "a_classic_client_without_a_handler_delivers_and_survives",
            "a_message_is_on_stdout_before_its_client_ends",
            "a_sender_that_catches_all_signals_gets_no_answer_and_survives",
            "a_server_without_the_word_lane_rejects_words",
            "clients_written_in_c_from_protocol_md_deliver",
            "a_server_takes_bits_where_the_kernel_is_not_known_to_carry_words",
            "all_byte_values_arrive_unchanged",
            "every_length_around_a_word_boundary_arrives",
            "messages_of_ten_concurrent_clients_are_printed_whole",
        ],
    ),
    (
        "faults",
        &[
            "a_client_interrupted_in_mid_message_ends_by_that_signal",
            "a_partial_message_of_a_killed_client_is_dropped",
            "a_recycled_pid_is_not_signalled",
            "a_client_notices_at_once_that_its_server_was_killed",
            "a_message_survives_a_storm_of_strays_at_the_client",
            "a_message_survives_a_storm_of_strays_at_the_server",
            "an_idle_server_is_not_woken",
            "both_ends_fall_back_to_kill_on_a_kernel_without_pidfd",
            "a_message_survives_a_pause_of_either_end",
            "words_arrive_when_few_signals_can_be_queued",
            "a_client_explains_that_no_signal_can_be_queued",
            "both_ends_work_when_started_with_the_signals_blocked",
        ],
    ),
    (
        "cli",
        &[
            "a_bystander_is_refused_and_survives",
            "a_bystander_that_catches_all_signals_is_refused_and_survives",
        ],
    ),
];

/// The tests that a shell script in the guest runs.
const SHELL_TESTS: &[&str] = &["demo_auto", "demo_bit", "demo_word"];

const INIT: &str = include_str!("emulate/init.sh");
const CC: &str = include_str!("emulate/cc.sh");
const PRLIMIT: &str = include_str!("emulate/prlimit.sh");

/// How long the boot or a test may take: a slow machine is no fault, and a silent one hangs.
const PATIENCE: Duration = Duration::from_secs(300);

/// The reason why there is no result.
enum Trouble {
    /// Something is missing on this machine.
    Missing(String),
    Failed(String),
}

impl From<String> for Trouble {
    fn from(error: String) -> Self {
        Self::Failed(error)
    }
}

/// Runs the command with its arguments.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let (machine, cpu, patience) = match options(arguments) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprint!("emulate: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match emulate(machine, cpu.as_deref(), patience) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Trouble::Missing(reason)) => {
            println!("emulate: {}: SKIPPED: {reason}", machine.architecture);
            ExitCode::SUCCESS
        }
        Err(Trouble::Failed(error)) => {
            eprintln!("emulate: {}: FAILED: {error}", machine.architecture);
            ExitCode::FAILURE
        }
    }
}

type Options = (&'static Machine, Option<String>, Duration);

fn options(arguments: impl Iterator<Item = OsString>) -> Result<Option<Options>, lexopt::Error> {
    use lexopt::{Arg, ValueExt};
    let (mut machine, mut cpu, mut patience) = (None, None, PATIENCE);
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Long("cpu") => cpu = Some(parser.value()?.string()?),
            Arg::Long("seconds") => patience = Duration::from_secs(parser.value()?.parse()?),
            Arg::Value(name) if machine.is_none() => {
                let found = MACHINES.iter().find(|machine| name == machine.architecture);
                machine = Some(found.ok_or("neither aarch64 nor riscv64")?);
            }
            other => return Err(other.unexpected()),
        }
    }
    let machine = machine.ok_or("no architecture given")?;
    Ok(Some((machine, cpu, patience)))
}

fn emulate(machine: &Machine, cpu: Option<&str>, patience: Duration) -> Result<(), Trouble> {
    let architecture = Architecture::of(machine.architecture)?;
    architecture.prepare().map_err(Trouble::Missing)?;
    let version = Command::new(machine.qemu)
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if version.is_err() {
        return Err(Trouble::Missing(format!("no {}", machine.qemu)));
    }
    let directory = target().join("emulate").join(machine.architecture);
    fs::create_dir_all(&directory).map_err(failed("create", &directory))?;
    let debian =
        packages::fetch(&directory, machine.debian, machine.kernel).map_err(Trouble::Missing)?;
    let initramfs = directory.join("initramfs.cpio");
    let contents = contents(architecture, &directory, &debian.busybox)?;
    fs::write(&initramfs, contents.finish()).map_err(failed("write", &initramfs))?;
    let models = machine.cpus.iter().copied();
    let models: Vec<_> = match cpu {
        Some(model) => vec![(model, "as asked for")],
        None => models.collect(),
    };
    let try_model = |(model, claim)| {
        println!("emulate: {} on {model} ({claim})", machine.architecture);
        let start = Instant::now();
        let log = boot(
            machine,
            model,
            &debian.kernel,
            &initramfs,
            &directory,
            patience,
        )?;
        let (passed, wrong) = judge(&log);
        println!(
            "emulate: {model}: {passed} passed, {} failed, in {} s",
            wrong.len(),
            start.elapsed().as_secs()
        );
        if wrong.is_empty() {
            return Ok(());
        }
        eprintln!("{log}");
        Err(format!("on {model}: {}", wrong.join(", ")))
    };
    // All at once: an emulated machine has one CPU.
    let failed: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> = models
            .into_iter()
            .map(|model| scope.spawn(move || try_model(model)))
            .collect();
        let ended = running.into_iter().map(|thread| thread.join());
        ended
            .filter_map(|result| {
                result
                    .unwrap_or_else(|_| Err("a thread panicked".into()))
                    .err()
            })
            .collect()
    });
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Trouble::Failed(failed.join("; ")))
    }
}

/// Returns the files of the guest: each test program, and the minitalk binary at the path that the tests use.
fn contents(
    architecture: &Architecture,
    directory: &Path,
    busybox: &Path,
) -> Result<Archive, String> {
    let mut archive = Archive::default();
    archive.file(Path::new("/bin/busybox"), read(busybox)?);
    archive.link(Path::new("/bin/sh"), "busybox");
    archive.file(Path::new("/init"), INIT.into());
    archive.file(Path::new("/bin/cc"), CC.into());
    archive.file(Path::new("/bin/prlimit"), PRLIMIT.into());
    let product = stripped(architecture, directory, &architecture.build()?, "minitalk")?;
    let tests = build_tests(architecture)?;
    let target = target();
    let debug = target.join(architecture.triple).join("debug");
    archive.file(&debug.join("minitalk"), product.clone());
    archive.file(Path::new("/bin/minitalk"), product);
    archive.directory(&target.join("tmp"));
    archive.directory(&target.join(architecture.triple).join("tmp"));
    for (name, names) in TESTS {
        let (_, program) = tests
            .iter()
            .find(|(test, _)| test == name)
            .ok_or_else(|| format!("cargo built no test program {name}"))?;
        let at = Path::new("/tests").join(name);
        archive.file(&at, stripped(architecture, directory, program, name)?);
        archive.file(&at.with_extension("list"), names.join("\n").into());
    }
    let programs = repository().join("tests/programs");
    let error = failed("read", &programs);
    for entry in fs::read_dir(&programs).map_err(&error)? {
        let source = entry.map_err(&error)?.path();
        if source.extension() != Some(OsStr::new("c")) {
            continue;
        }
        let name = source.file_stem().unwrap_or_default();
        let program = directory.join(name);
        let mut gcc = Command::new(architecture.tool("gcc"));
        gcc.args(["-static", "-O1", "-o"])
            .arg(&program)
            .arg(&source);
        output(&mut gcc)?;
        archive.file(&Path::new("/programs").join(name), read(&program)?);
    }
    Ok(archive)
}

/// Builds the test programs and returns each with its name.
fn build_tests(architecture: &Architecture) -> Result<Vec<(String, PathBuf)>, String> {
    let mut cargo = architecture.cargo();
    cargo.args(["test", "--no-run", "--target", architecture.triple]);
    // Without debug information, for a machine with little space.
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "0");
    for (name, _) in TESTS {
        match *name {
            "lib" => cargo.arg("--lib"),
            name => cargo.args(["--test", name]),
        };
    }
    test_programs(&mut cargo)
}

fn stripped(
    architecture: &Architecture,
    directory: &Path,
    binary: &Path,
    name: &str,
) -> Result<Vec<u8>, String> {
    let copy = directory.join(name);
    output(
        Command::new(architecture.tool("strip"))
            .arg("-o")
            .arg(&copy)
            .arg(binary),
    )?;
    read(&copy)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(failed("read", path))
}

/// Boots the machine, and returns its console output up to its power-off or the time limit.
fn boot(
    machine: &Machine,
    cpu: &str,
    kernel: &Path,
    initramfs: &Path,
    directory: &Path,
    patience: Duration,
) -> Result<String, String> {
    let console = directory.join(format!("console-{cpu}"));
    let file = fs::File::create(&console).map_err(failed("create", &console))?;
    let mut command = Command::new(machine.qemu);
    command
        .args([
            "-machine",
            "virt",
            "-smp",
            "1",
            "-m",
            "1024",
            "-nic",
            "none",
            "-nographic",
            "-no-reboot",
        ])
        .args([
            "-cpu",
            cpu,
            "-append",
            &format!("console={} quiet panic=-1", machine.console),
        ])
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(initramfs)
        .stdin(Stdio::piped())
        .stdout(file);
    let child = Child::spawn(&mut command).map_err(|error| error.to_string())?;
    let console_text =
        || read(&console).map(|bytes| String::from_utf8_lossy(&bytes).replace('\r', ""));
    let start = Instant::now();
    let mut heard = start;
    let mut shown = 0;
    loop {
        let ended = child.wait_within(REPORT_INTERVAL);
        let ended = ended.map_err(|error| error.to_string())?.is_some();
        let log = console_text()?;
        // Only whole lines are parsed.
        let whole = &log[..log.rfind('\n').map_or(0, |end| end + 1)];
        for result in results(&whole[shown.min(whole.len())..]) {
            println!(
                "  {cpu}: {:3} s {} {}",
                start.elapsed().as_secs(),
                if result.1 { "ok    " } else { "FAILED" },
                result.0
            );
        }
        if whole.len() > shown {
            (shown, heard) = (whole.len(), Instant::now());
        }
        if ended {
            return Ok(log);
        }
        if heard.elapsed() >= patience {
            // The guest says what hangs; if it hangs itself, it does not.
            let asked = child.take_stdin().map(|mut stdin| stdin.write_all(b"\n"));
            drop(asked);
            child
                .wait_within(ANSWER)
                .map_err(|error| error.to_string())?;
            return Ok(console_text()? + "\nemulate: the time limit is reached\n");
        }
    }
}

/// Parses lines such as `test name ... ok` into the names of the tests and whether each passed.
fn results(log: &str) -> impl Iterator<Item = (&str, bool)> {
    log.lines().filter_map(|line| {
        let (name, result) = line.strip_prefix("test ")?.split_once(" ... ")?;
        Some((name, result == "ok"))
    })
}

/// Returns the number of passed tests, and the tests that failed or did not run.
fn judge(log: &str) -> (usize, Vec<String>) {
    let tests = TESTS.iter().flat_map(|(_, names)| names.iter());
    let passed: BTreeSet<_> = results(log)
        .filter(|(_, ok)| *ok)
        .map(|(name, _)| name)
        .collect();
    let failed: BTreeSet<_> = results(log)
        .filter(|(_, ok)| !ok)
        .map(|(name, _)| name)
        .collect();
    let mut wrong: Vec<String> = failed.iter().map(|name| (*name).into()).collect();
    for name in tests.chain(SHELL_TESTS) {
        if !passed.contains(name) && !failed.contains(name) {
            wrong.push(format!("{name} (did not run)"));
        }
    }
    (passed.len(), wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of_all() -> String {
        let tests = TESTS.iter().flat_map(|(_, names)| names.iter());
        tests
            .chain(SHELL_TESTS)
            .map(|name| format!("test {name} ... ok\n"))
            .collect()
    }

    #[test]
    fn a_test_that_fails_or_does_not_run_is_reported() {
        let log = log_of_all();
        let (passed, wrong) = judge(&log);
        assert!(passed > 20 && wrong.is_empty(), "{wrong:?}");
        let failed = log.replace("demo_bit ... ok", "demo_bit ... FAILED");
        assert_eq!(judge(&failed).1, ["demo_bit"]);
        let missing = log.replace("test demo_word ... ok\n", "");
        assert_eq!(judge(&missing).1, ["demo_word (did not run)"]);
        assert!(!judge("").1.is_empty());
    }

    #[test]
    fn each_test_exists() {
        for (program, names) in TESTS {
            for test in *names {
                let (module, name) = test.split_once("::tests::").unwrap_or(("", test));
                let file = match *program {
                    "lib" => format!("src/{}.rs", module.replace("::", "/")),
                    program => format!("tests/{program}.rs"),
                };
                let source = fs::read_to_string(repository().join(&file)).unwrap();
                let definition = format!("fn {name}()");
                assert!(source.contains(&definition), "{file} has no {test}");
            }
        }
    }
}

//! `cargo xtask stress`: the tests of `cargo test`, under conditions that make a machine slow or a user small.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{self, Signal};

use crate::child::Child;
use crate::marked::Mark;
use crate::product;

const USAGE: &str = "\
usage: cargo xtask stress [--rounds N] [--only CONDITION]... [--test NAME]... [-- FILTER...]

Builds the tests of `cargo test` and runs all of them under each condition, N times. Prints what failed, and in the end a
table. Exit code 0 only if nothing failed, 2 for a usage error; a condition that cannot be had here is a failure.
The output of each program of tests is in target/stress.

options:
  --rounds N          how often under each condition (default 1)
  --only CONDITION    this condition only; may be repeated
  --test NAME         this program of tests only: a file of tests/ without .rs, or lib, or doc; may be repeated
  --minutes N         how long one program of tests may run before it is a failure (default 60)

conditions:
";

/// What is made difficult.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Condition {
    None,
    Busy,
    OneCpu,
    Quarter,
    Turns,
    Nice,
    User,
}

impl Condition {
    const ALL: [(Self, &str, &str); 7] = [
        (Self::Busy, "busy", "beside 8 processes that never sleep"),
        (Self::OneCpu, "one-cpu", "all on one CPU"),
        (
            Self::Quarter,
            "quarter",
            "a quarter of one CPU for all together (a cgroup where there is one, else as in turns)",
        ),
        (Self::Nice, "nice", "at the lowest priority"),
        (
            Self::User,
            "user",
            "as an unprivileged user; doc is left out there",
        ),
        (
            Self::Turns,
            "turns",
            "only if named: stopped for 75 ms of each 100 by SIGSTOP",
        ),
        (Self::None, "none", "only if named: as `cargo test` does"),
    ];

    /// Those that are tried if none is named.
    const USUAL: [Self; 5] = [
        Self::Busy,
        Self::OneCpu,
        Self::Quarter,
        Self::Nice,
        Self::User,
    ];

    fn parse(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(_, known, _)| *known == name);
        found
            .map(|(condition, ..)| *condition)
            .ok_or_else(|| format!("there is no condition {name:?}"))
    }

    fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(condition, ..)| *condition == self);
        found.map_or("", |(_, name, _)| name)
    }
}

const BUSY_LOOPS: usize = 8;

/// `nobody`, who owns nothing.
const USER: u32 = 65_534;

/// In microseconds: what a quarter of a CPU is of each period.
const PERIOD: u64 = 100_000;
const SHARE: u64 = PERIOD / 4;

struct Options {
    rounds: usize,
    conditions: Vec<Condition>,
    tests: Vec<String>,
    filters: Vec<OsString>,
    limit: Duration,
}

/// Runs the command with its arguments.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.peekable();
    if arguments.next_if(|word| word == "--never-sleep").is_some() {
        return never_sleep();
    }
    let options = match parse(arguments) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{}", usage());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("stress: {error}\n{}", usage());
            return ExitCode::from(2);
        }
    };
    match stress(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("stress: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Option<Options>, String> {
    use lexopt::{Arg, ValueExt};
    let mut options = Options {
        rounds: 1,
        conditions: vec![],
        tests: vec![],
        filters: vec![],
        limit: Duration::from_secs(3600),
    };
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut run = || {
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Short('h') | Arg::Long("help") => return Ok(false),
                Arg::Long("rounds") => options.rounds = parser.value()?.parse()?,
                Arg::Long("test") => options.tests.push(parser.value()?.string()?),
                Arg::Long("minutes") => {
                    options.limit = Duration::from_secs(60 * parser.value()?.parse::<u64>()?);
                }
                Arg::Long("only") => {
                    let name = parser.value()?.string()?;
                    options.conditions.push(Condition::parse(&name)?);
                }
                Arg::Value(filter) => options.filters.push(filter),
                other => return Err(other.unexpected()),
            }
        }
        Ok(true)
    };
    if !run().map_err(|error: lexopt::Error| error.to_string())? {
        return Ok(None);
    }
    if options.conditions.is_empty() {
        options.conditions = Condition::USUAL.into();
    }
    Ok(Some(options))
}

fn usage() -> String {
    let mut text = USAGE.to_string();
    for (_, name, what) in Condition::ALL {
        text += &format!("  {name:<10} {what}\n");
    }
    text
}

/// Keeps a CPU busy until the process that started this one has ended, however that ends.
fn never_sleep() -> ExitCode {
    let tied = process::set_parent_process_death_signal(Some(Signal::KILL));
    // A parent that has ended before that sends nothing any more, and the write fails then.
    if tied.is_err() || writeln!(io::stdout(), "busy").is_err() {
        return ExitCode::FAILURE;
    }
    loop {
        std::hint::spin_loop();
    }
}

/// Returns whether nothing failed.
fn stress(options: &Options) -> Result<bool, String> {
    let cleaner = Cleaner::start().map_err(|error| format!("cannot handle signals: {error}"))?;
    let programs = build(&options.tests)?;
    let logs = product::target().join("stress");
    fs::create_dir_all(&logs).map_err(|error| format!("{}: {error}", logs.display()))?;
    let mut rows = vec![];
    for condition in &options.conditions {
        let mut row = Row::new(condition.name());
        match Circumstance::make(*condition, &cleaner) {
            Err(why) => row.failed.push(format!("cannot be had here: {why}")),
            Ok(circumstance) => {
                for round in 1..=options.rounds {
                    row.runs += 1;
                    for program in &programs {
                        if *condition == Condition::User && program.path.is_none() {
                            continue;
                        }
                        let log = format!("{}-{round}-{}.log", row.condition, program.name);
                        let mut command = circumstance.command(program);
                        command.args(&options.filters);
                        let run = run(
                            command,
                            &logs.join(&log),
                            options.limit,
                            circumstance.condition,
                            &cleaner,
                        );
                        row.add(&program.name, run, options.filters.is_empty());
                    }
                }
            }
        }
        rows.push(row);
    }
    print!("\n{}", table(&rows));
    Ok(rows.iter().all(|row| row.failed.is_empty()))
}

/// A program of tests; without a path, those in the documentation.
struct Program {
    name: String,
    path: Option<PathBuf>,
}

/// Builds the tests of the product, and returns the programs that they are in.
fn build(wanted: &[String]) -> Result<Vec<Program>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "--no-run", "--color", "never"])
        .current_dir(product::repository())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("the tests do not build:\n{said}"));
    }
    let mut programs = programs(&said);
    for name in wanted {
        if programs.iter().all(|program| program.name != *name) {
            return Err(format!("there is no program of tests {name:?}"));
        }
    }
    programs.retain(|program| wanted.is_empty() || wanted.contains(&program.name));
    Ok(programs)
}

/// What `cargo test --no-run` says that it has built: `Executable tests/cli.rs (target/debug/deps/cli-0123456789abcdef)`.
fn programs(said: &str) -> Vec<Program> {
    let lines = said
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Executable "));
    let program = |line: &str| {
        let (source, path) = line.strip_suffix(')')?.rsplit_once(" (")?;
        let source = Path::new(source.strip_prefix("unittests ").unwrap_or(source));
        Some(Program {
            name: source.file_stem()?.to_str()?.into(),
            path: Some(product::repository().join(path)),
        })
    };
    let doc = Program {
        name: "doc".into(),
        path: None,
    };
    lines.filter_map(program).chain([doc]).collect()
}

/// A condition for as long as it lasts.
struct Circumstance {
    condition: Condition,
    cgroup: Option<Cgroup>,
    busy: Vec<Child>,
}

impl Circumstance {
    fn make(condition: Condition, cleaner: &Cleaner) -> Result<Self, String> {
        let mut circumstance = Self {
            condition,
            cgroup: None,
            busy: vec![],
        };
        match condition {
            Condition::Busy => {
                for _ in 0..BUSY_LOOPS {
                    circumstance.busy.push(start_busy()?);
                }
            }
            Condition::Quarter => match Cgroup::new(cleaner) {
                Ok(cgroup) => circumstance.cgroup = Some(cgroup),
                Err(why) => {
                    println!("stress: no cgroup ({why}), so they are stopped in turns");
                    circumstance.condition = Condition::Turns;
                }
            },
            Condition::User if process::geteuid().is_root() => {
                let mut command = as_user();
                let output = command
                    .args(["sh", "-c"])
                    .arg("cd \"$0\" && test -r Cargo.toml && touch \"$1\"/.writable")
                    .args([product::repository(), &product::target().join("tmp")])
                    .output();
                let output = output.map_err(|error| format!("unshare(1): {error}"))?;
                if !output.status.success() {
                    let said = String::from_utf8_lossy(&output.stderr);
                    let here = product::repository().display();
                    return Err(format!(
                        "user {USER} has to be able to read {here}, and this one to mount: {said}"
                    ));
                }
            }
            _ => {}
        }
        Ok(circumstance)
    }

    /// The command that runs these tests under the condition.
    fn command(&self, program: &Program) -> Command {
        let mut command = match self.condition {
            Condition::OneCpu => with("taskset", &["-c", &first_cpu()]),
            Condition::Nice => with("nice", &["-n", "19"]),
            Condition::User if process::geteuid().is_root() => as_user(),
            Condition::Quarter => {
                let mut shell = with("sh", &["-c", "echo $$ >\"$0\" && exec \"$@\""]);
                // Before there is any other process of them, so that all of them are in it.
                shell.args(self.cgroup.iter().map(Cgroup::members));
                shell
            }
            _ => with("env", &[]),
        };
        match &program.path {
            Some(path) => command.arg(path),
            None => command
                .arg(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
                .args(["test", "--doc", "--"]),
        };
        command
            .current_dir(product::repository())
            .env("CARGO_MANIFEST_DIR", product::repository())
            .env("MINITALK_EXAMPLES_ARE_BUILT", "1");
        command
    }
}

fn with(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// What runs a command as a user who may write nothing but what the tests write, and that is gone with the last process.
fn as_user() -> Command {
    let script = "mount -t tmpfs -o mode=1777 none \"$0\" && exec \"$@\"";
    let mut command = with("unshare", &["--mount", "--propagation", "private"]);
    let scratch = product::target().join("tmp");
    // cargo makes it when there is a test that has to have it.
    let _ = fs::create_dir_all(&scratch);
    command.args(["sh", "-c", script]);
    let id = USER.to_string();
    command.env("HOME", &scratch).arg(scratch);
    command.args(["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups"]);
    command
}

/// The first CPU that this process may run on, as `taskset` takes it.
fn first_cpu() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let first = list.unwrap_or_default().trim().split([',', '-']).next();
    first.filter(|cpu| !cpu.is_empty()).unwrap_or("0").into()
}

/// Starts a process that never sleeps; if this process is killed, the kernel ends it.
fn start_busy() -> Result<Child, String> {
    let start = || {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["stress", "--never-sleep"]);
        let child = Child::spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
        let mut line = String::new();
        if let Some(stdout) = child.take_stdout() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        (line == "busy\n")
            .then_some(child)
            .ok_or(io::Error::other(line))
    };
    start().map_err(|error: io::Error| format!("cannot start a busy process: {error}"))
}

/// A control group that gets a quarter of a CPU, of either version.
struct Cgroup {
    path: PathBuf,
    cleaner: Cleaner,
}

impl Cgroup {
    fn new(cleaner: &Cleaner) -> Result<Self, String> {
        let mut why = vec![];
        for root in [
            "/sys/fs/cgroup/cpu",
            "/sys/fs/cgroup/cpu,cpuacct",
            "/sys/fs/cgroup",
        ] {
            let path = Path::new(root).join(format!("minitalk-stress-{}", std::process::id()));
            match Self::limit(Path::new(root), &path) {
                Ok(()) => {
                    *lock(&cleaner.cgroup) = Some(path.clone());
                    let cleaner = cleaner.clone();
                    return Ok(Self { path, cleaner });
                }
                Err(error) => why.push(format!("{root}: {error}")),
            }
            let _ = fs::remove_dir(path);
        }
        Err(why.join("; "))
    }

    fn limit(root: &Path, path: &Path) -> io::Result<()> {
        let is_second = root.join("cgroup.controllers").exists();
        if !is_second && !root.join("cpu.cfs_quota_us").exists() {
            return Err(io::Error::other("no such controller"));
        }
        if is_second {
            fs::write(root.join("cgroup.subtree_control"), "+cpu")?;
        }
        fs::create_dir(path)?;
        if is_second {
            return fs::write(path.join("cpu.max"), format!("{SHARE} {PERIOD}"));
        }
        fs::write(path.join("cpu.cfs_period_us"), PERIOD.to_string())?;
        fs::write(path.join("cpu.cfs_quota_us"), SHARE.to_string())
    }

    fn members(&self) -> PathBuf {
        self.path.join("cgroup.procs")
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        if let Some(path) = lock(&self.cleaner.cgroup).take() {
            remove_cgroup(&path);
        }
    }
}

/// Waits until those killed a moment ago have left it.
fn remove_cgroup(path: &Path) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while fs::remove_dir(path).is_err() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
}

/// Ends what is running, by PID, when this process is asked to end; the busy processes end with this one.
#[derive(Clone, Default)]
struct Cleaner {
    running: Arc<Mutex<Option<Mark>>>,
    cgroup: Arc<Mutex<Option<PathBuf>>>,
}

impl Cleaner {
    fn start() -> io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
        let cleaner = Self::default();
        let clean = cleaner.clone();
        thread::spawn(move || {
            let signal = signals.forever().next().unwrap_or(SIGTERM);
            // Held to the end, so that nothing more is started.
            let running = lock(&clean.running);
            if let Some(mark) = running.as_ref() {
                mark.kill_all();
            }
            if let Some(path) = lock(&clean.cgroup).take() {
                remove_cgroup(&path);
            }
            std::process::exit(128 + signal);
        });
        Ok(cleaner)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a program of tests ended, and what it printed.
struct Run {
    status: io::Result<ExitStatus>,
    printed: String,
    is_late: bool,
    took: Duration,
    /// Processes that were still there when it had ended.
    left: usize,
}

/// Runs a program of tests to its end; one that does not end within the limit is killed with all that it started.
fn run(
    mut command: Command,
    log: &Path,
    limit: Duration,
    condition: Condition,
    cleaner: &Cleaner,
) -> Run {
    let mark = Mark::new();
    mark.put_on(&mut command);
    let start = Instant::now();
    let mut spawn = || {
        let file = File::create(log)?;
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let mut running = lock(&cleaner.running);
        let child = Child::spawn(&mut command)?;
        *running = Some(mark.clone());
        Ok(child)
    };
    let mut is_late = false;
    let status = spawn().and_then(|child| {
        loop {
            let wait = match condition {
                Condition::Turns => Duration::ZERO,
                _ => Duration::from_millis(20),
            };
            if let Some(status) = child.wait_within(wait)? {
                return Ok(status);
            }
            if start.elapsed() > limit {
                is_late = true;
                mark.kill_all();
                return child.wait();
            }
            if condition == Condition::Turns {
                take_a_turn(child.id(), &mark);
            }
        }
    });
    let left = mark.kill_all();
    *lock(&cleaner.running) = None;
    Run {
        status,
        printed: String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned(),
        is_late,
        took: start.elapsed(),
        left,
    }
}

/// Stops a program of tests and all that it started for three quarters of a period.
///
/// The program itself comes first, and goes on last: what it has stopped on purpose is stopped before that, and is not
/// continued.
fn take_a_turn(pid: u32, mark: &Mark) {
    let mut stopped = vec![];
    if mark.signal(pid, Signal::STOP) {
        stopped.push(pid);
    }
    for (other, is_stopped) in mark.processes() {
        if !is_stopped && mark.signal(other, Signal::STOP) {
            stopped.push(other);
        }
    }
    thread::sleep(Duration::from_micros(PERIOD - SHARE));
    for pid in stopped.into_iter().rev() {
        mark.signal(pid, Signal::CONT);
    }
    thread::sleep(Duration::from_micros(SHARE));
}

/// A line of the table.
struct Row {
    condition: &'static str,
    runs: usize,
    passed: usize,
    took: Duration,
    failed: Vec<String>,
}

impl Row {
    fn new(condition: &'static str) -> Self {
        Self {
            condition,
            runs: 0,
            passed: 0,
            took: Duration::ZERO,
            failed: vec![],
        }
    }

    /// Counts what a program of tests did; `must_run` if one without a test is a failure.
    fn add(&mut self, program: &str, run: Run, must_run: bool) {
        let (passed, mut failed) = verdicts(&run.printed);
        let is_success = run.status.as_ref().is_ok_and(ExitStatus::success);
        if run.is_late {
            failed.push("(did not end)".into());
        } else if failed.is_empty() && !is_success {
            failed.push(match run.status {
                Ok(status) => format!("({status})"),
                Err(error) => format!("({error})"),
            });
        } else if failed.is_empty() && passed == 0 && must_run && !has_none(&run.printed) {
            failed.push("(ran no test)".into());
        }
        let (condition, seconds) = (self.condition, run.took.as_secs());
        println!(
            "{condition}: {program}: {passed} passed, {} failed in {seconds} s{}",
            failed.len(),
            match run.left {
                0 => String::new(),
                left => format!(", {left} processes left behind"),
            }
        );
        if !failed.is_empty() {
            let lines: Vec<_> = run.printed.lines().collect();
            for line in &lines[lines.len().saturating_sub(60)..] {
                println!("    {line}");
            }
        }
        self.passed += passed;
        self.took += run.took;
        self.failed
            .extend(failed.iter().map(|test| format!("{program}::{test}")));
    }
}

/// Whether the test harness says that there is no test in the program.
fn has_none(printed: &str) -> bool {
    printed.lines().any(|line| line == "running 0 tests")
}

/// How many tests passed, and which failed, by the lines of the test harness.
fn verdicts(printed: &str) -> (usize, Vec<String>) {
    let mut passed = 0;
    let mut failed = vec![];
    for line in printed.lines() {
        let Some((name, verdict)) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.rsplit_once(" ... "))
        else {
            continue;
        };
        if verdict == "ok" {
            passed += 1;
        } else if verdict.starts_with("FAILED") {
            failed.push(name.into());
        }
    }
    (passed, failed)
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| condition | runs | tests passed | failures | minutes | failed |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let mut names = row.failed.clone();
        names.sort();
        names.dedup();
        let times = |name: &String| row.failed.iter().filter(|failed| *failed == name).count();
        let names: Vec<_> = names
            .iter()
            .map(|name| match times(name) {
                1 => name.clone(),
                times => format!("{name} ({times} times)"),
            })
            .collect();
        text += &format!(
            "| {} | {} | {} | {} | {:.1} | {} |\n",
            row.condition,
            row.runs,
            row.passed,
            row.failed.len(),
            row.took.as_secs_f64() / 60.0,
            names.join(", ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a program of tests that is this script.
    fn row_of(script: &str, limit: Duration) -> (Row, usize) {
        let name = format!("minitalk-stress-{:?}.log", Mark::new());
        let log = std::env::temp_dir().join(name);
        let command = with("sh", &["-c", script]);
        let run = run(command, &log, limit, Condition::None, &Cleaner::default());
        fs::remove_file(log).unwrap();
        let left = run.left;
        let mut row = Row::new("none");
        row.add("p", run, true);
        (row, left)
    }

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn failures_are_named_and_counted() {
        let (row, _) = row_of(
            "echo 'test a ... ok'; echo 'test b ... FAILED'; exit 101",
            LONG,
        );
        assert_eq!((row.passed, &row.failed[..]), (1, &["p::b".into()][..]));
        let (row, _) = row_of("echo 'test a ... ok'", LONG);
        assert_eq!((row.passed, row.failed.len()), (1, 0));
        let rows = [Row {
            failed: ["p::b", "p::a", "p::b"].map(String::from).into(),
            ..Row::new("busy")
        }];
        assert!(table(&rows).ends_with("| busy | 0 | 0 | 3 | 0.0 | p::a, p::b (2 times) |\n"));
    }

    #[test]
    fn what_dies_or_tries_nothing_has_failed() {
        for (script, why) in [
            ("echo 'test a ... ok'; exit 3", "p::(exit status: 3)"),
            (
                "echo 'test a ... ok'; kill -9 $$",
                "p::(signal: 9 (SIGKILL))",
            ),
            ("echo 'running 5 tests'", "p::(ran no test)"),
            ("", "p::(ran no test)"),
        ] {
            assert_eq!(row_of(script, LONG).0.failed, [why], "{script}");
        }
        assert_eq!(row_of("echo 'running 0 tests'", LONG).0.failed.len(), 0);
    }

    #[test]
    fn what_does_not_end_is_ended_with_all_that_it_started() {
        let limit = Duration::from_millis(200);
        let script = "setsid sleep 1000 & echo $!; sleep 1000 & echo $!; wait";
        let name = format!("minitalk-stress-{:?}.log", Mark::new());
        let log = std::env::temp_dir().join(name);
        let command = with("sh", &["-c", script]);
        let run = run(command, &log, limit, Condition::None, &Cleaner::default());
        assert!(run.is_late);
        for pid in run.printed.lines() {
            // Empty of one that has ended and that nobody has waited for yet.
            let command = fs::read_to_string(format!("/proc/{pid}/cmdline"));
            let command = command.unwrap_or_default();
            assert!(!command.starts_with("sleep"), "PID {pid}: {command}");
        }
        let mut row = Row::new("none");
        row.add("p", run, true);
        assert_eq!(row.failed, ["p::(did not end)"]);
    }

    #[test]
    fn what_is_left_behind_is_counted_and_ended() {
        let (row, left) = row_of("echo 'test a ... ok'; setsid sleep 1000 &", LONG);
        assert_eq!((row.failed.len(), left), (0, 1));
    }

    #[test]
    fn every_program_that_cargo_names_is_run() {
        let said = "   Compiling minitalk v0.1.0\n  \
            Executable unittests src/lib.rs (target/debug/deps/minitalk-0f)\n  \
            Executable tests/cli.rs (target/debug/deps/cli-12)\n";
        let found = programs(said);
        let names: Vec<_> = found.iter().map(|program| program.name.as_str()).collect();
        assert_eq!(names, ["lib", "cli", "doc"]);
        let path = found[1].path.as_ref().unwrap();
        assert!(path.ends_with("target/debug/deps/cli-12"));
    }

    #[test]
    fn who_takes_turns_is_continued_but_for_what_was_stopped_before() {
        let script = "sleep 1000 & sleep 1000 & kill -STOP $!; echo $!; wait";
        let mut shell = with("sh", &["-c", script]);
        let mark = Mark::new();
        mark.put_on(&mut shell);
        let shell = Child::spawn(shell.stdout(Stdio::piped())).unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(shell.take_stdout().unwrap());
        stdout.read_line(&mut line).unwrap();
        let on_purpose: u32 = line.trim().parse().unwrap();
        let stopped = || -> Vec<u32> {
            let found = mark.processes().into_iter();
            found
                .filter(|(_, stopped)| *stopped)
                .map(|(pid, _)| pid)
                .collect()
        };
        while stopped() != [on_purpose] {
            thread::yield_now();
        }
        take_a_turn(shell.id(), &mark);
        assert_eq!(stopped(), [on_purpose]);
        assert_eq!(mark.kill_all(), 3);
        shell.wait().unwrap();
    }
}

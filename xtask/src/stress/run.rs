//! One run of a test program: started, limited, and ended with all its descendants.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::cgroup::{PERIOD, SHARE, remove_cgroup};
use super::condition::Condition;
use crate::child::Child;
use crate::marked::Mark;

/// Kills the running processes when this process is asked to end; the busy processes end with this one.
#[derive(Clone, Default)]
pub struct Cleaner {
    running: Arc<Mutex<Option<Mark>>>,
    pub cgroup: Arc<Mutex<Option<PathBuf>>>,
}

impl Cleaner {
    pub fn start() -> io::Result<Self> {
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

pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The result of a test program.
pub struct Run {
    pub status: io::Result<ExitStatus>,
    pub printed: String,
    pub timed_out: bool,
    pub took: Duration,
    /// The number of processes that still ran when the program had ended.
    pub left: usize,
}

/// Runs a test program to its end; after `limit` it is killed with all its descendants.
pub fn run(
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
    let mut timed_out = false;
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
                timed_out = true;
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
        timed_out,
        took: start.elapsed(),
        left,
    }
}

/// Stops a test program and all its descendants for three quarters of a period.
///
/// The program is stopped first and continued last. A process that it had stopped on purpose was stopped before, and is not
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};

    use super::*;
    use crate::stress::condition::with;
    use crate::stress::report::Row;

    #[test]
    fn a_program_that_does_not_end_is_killed_with_its_descendants() {
        let limit = Duration::from_millis(200);
        let script = "setsid sleep 1000 & echo $!; sleep 1000 & echo $!; wait";
        let name = format!("minitalk-stress-{:?}.log", Mark::new());
        let log = std::env::temp_dir().join(name);
        let command = with("sh", &["-c", script]);
        let run = run(command, &log, limit, Condition::None, &Cleaner::default());
        assert!(run.timed_out);
        for pid in run.printed.lines() {
            // The file is empty for a process that has ended and has not been reaped.
            let command = fs::read_to_string(format!("/proc/{pid}/cmdline"));
            let command = command.unwrap_or_default();
            assert!(!command.starts_with("sleep"), "PID {pid}: {command}");
        }
        let mut row = Row::new("none");
        row.add("p", run, true);
        assert_eq!(row.failed, ["p::(did not end)"]);
    }

    #[test]
    fn processes_stopped_on_purpose_stay_stopped_after_a_turn() {
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

//! Processes that are identified by an environment variable: a command and all its descendants, in any session, even if their
//! parents have ended.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::{self, Pid, PidfdFlags, Signal};

const VARIABLE: &str = "MINITALK_STARTED_BY";

/// A value of the variable that is unique on this machine.
#[derive(Clone, Debug)]
pub struct Mark(String);

impl Mark {
    /// Returns a mark for one command.
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        // Ordering: only the uniqueness of each number matters.
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(format!("{}-{count}", std::process::id()))
    }

    /// Marks all processes that this command will start.
    pub fn put_on(&self, command: &mut Command) {
        command.env(VARIABLE, &self.0);
    }

    /// Lists the processes that have the mark and have not ended, each with whether it is stopped.
    pub fn processes(&self) -> Vec<(u32, bool)> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid| self.is_on(*pid))
            .map(|pid| (pid, is_stopped(pid)))
            .collect()
    }

    /// Signals `pid` if it has the mark, so that a process that reuses the PID is never signalled.
    pub fn signal(&self, pid: u32, signal: Signal) -> bool {
        let Some(raw) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
            return false;
        };
        // The descriptor keeps referring to this process, even when its PID is reused.
        let Ok(pidfd) = process::pidfd_open(raw, PidfdFlags::empty()) else {
            return false;
        };
        self.is_on(pid) && process::pidfd_send_signal(pidfd, signal).is_ok()
    }

    /// Kills all processes that have the mark, and returns how many there were at first.
    pub fn kill_all(&self) -> usize {
        let found = self.processes();
        let mut left = found.clone();
        // Processes that they start meanwhile have the mark too.
        while !left.is_empty() {
            for (pid, _) in left {
                self.signal(pid, Signal::KILL);
            }
            std::thread::yield_now();
            left = self.processes();
        }
        found.len()
    }

    fn is_on(&self, pid: u32) -> bool {
        // A process that has ended has no environment to read.
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let wanted = format!("{VARIABLE}={}", self.0);
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == wanted.as_bytes())
    }
}

fn is_stopped(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The command name is in parentheses, and may contain some itself.
    let state = stat.rsplit(')').next().unwrap_or_default().trim_start();
    state.starts_with(['T', 't'])
}

//! Processes that are identified by an environment variable: a command and all its descendants, in any session, even if their
//! parents have ended.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, io, thread};

use rustix::process::{self, Pid, PidfdFlags, Signal};

/// Kills the marked processes when this process is asked to end, and ends it then.
pub fn kill_all_on_signals(mark: &Mark) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let mark = mark.clone();
    thread::spawn(move || {
        let signal = signals.forever().next().unwrap_or(SIGTERM);
        mark.kill_all();
        std::process::exit(128 + signal);
    });
    Ok(())
}

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
        let wanted = format!("{VARIABLE}={}", self.0);
        for _ in 0..MOST_LOOKS {
            let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else {
                return false;
            };
            let mut variables = environment.split(|byte| *byte == 0);
            if variables.any(|variable| variable == wanted.as_bytes()) {
                return true;
            }
            if is_whole(&environment, pid) {
                return false;
            }
            std::thread::yield_now();
        }
        false
    }
}

/// The bound matters only to a process that has taken its own environment away.
const MOST_LOOKS: usize = 10_000;

/// Returns whether this is all that `pid` has as its environment.
///
/// During `execve`, the kernel shows a part of it, or none.
fn is_whole(environment: &[u8], pid: u32) -> bool {
    let stat = stat(pid);
    let number = |field| -> usize {
        let text: Option<&String> = stat.get(field);
        text.and_then(|text| text.parse().ok()).unwrap_or(0)
    };
    // A thread of the kernel and a process that has ended have no memory at all.
    let has_memory = number(VSIZE) != 0;
    // The kernel writes the end of the code after the bounds of the environment (`load_elf_binary`).
    let is_loaded = number(END_CODE) != 0;
    !has_memory
        || (is_loaded && environment.len() == number(ENV_END).wrapping_sub(number(ENV_START)))
}

fn is_stopped(pid: u32) -> bool {
    stat(pid)
        .first()
        .is_some_and(|state| matches!(state.as_str(), "T" | "t"))
}

// Positions in what `stat` returns; proc_pid_stat(5) counts from 1, and the first two fields are not returned.
const VSIZE: usize = 23 - 3;
const END_CODE: usize = 27 - 3;
const ENV_START: usize = 50 - 3;
const ENV_END: usize = 51 - 3;

/// Returns the fields of `/proc/<pid>/stat` after the command name, and nothing if the process is gone.
fn stat(pid: u32) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The command name is in parentheses, and may contain some itself.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    fields.split_whitespace().map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;
    use crate::child::Child;

    #[test]
    fn a_process_is_found_in_the_middle_of_execve() {
        // Each shell replaces itself 300 times, so that most looks fall into an `execve`.
        let script = "[ $1 = 0 ] && exec sleep 1000; exec sh -c \"$0\" \"$0\" $(($1 - 1))";
        let mark = Mark::new();
        let mut shell = Command::new("sh");
        mark.put_on(
            shell
                .args(["-c", script, script, "300"])
                .stdin(Stdio::null()),
        );
        let shell = Child::spawn(&mut shell).unwrap();
        for _ in 0..1000 {
            assert!(mark.is_on(shell.id()));
        }
        assert_eq!(mark.kill_all(), 1);
        shell.wait().unwrap();
    }
}

//! Processes that never sleep, beside which others are tested.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};

use rustix::process::{self, Signal};

use crate::child::Child;

/// The argument of `cargo xtask` that starts one.
pub const NEVER_SLEEP: &str = "--never-sleep";

/// Keeps a CPU busy until the process that started this one has ended, in whatever way.
pub fn never_sleep() -> ExitCode {
    let tied = process::set_parent_process_death_signal(Some(Signal::KILL));
    // If the parent ended before the prctl, no signal comes, but the write fails.
    if tied.is_err() || writeln!(io::stdout(), "busy").is_err() {
        return ExitCode::FAILURE;
    }
    loop {
        std::hint::spin_loop();
    }
}

/// Starts so many processes that never sleep; dropping them ends them, and if this process is killed, the kernel does.
pub fn start(count: usize) -> Result<Vec<Child>, String> {
    (0..count).map(|_| start_one()).collect()
}

fn start_one() -> Result<Child, String> {
    let start = || {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(NEVER_SLEEP);
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

//! The measured processes: this program again, in one role each.
//!
//! The parent writes lines to a role's standard input and reads lines from its standard output. A role ends when its standard
//! input is closed, so that none outlives the parent.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use minitalk::Pid;
use minitalk::SignalSet;
use minitalk::internals::ffi;

use crate::child::Child;
use crate::{Result, both, floors, instructions, lane, storms, streams};

/// How long a role may take until it is ready.
const START: Duration = Duration::from_secs(300);

/// The parent's end of a role, which ends when this is dropped.
pub struct Role {
    name: String,
    child: Child,
    stdin: ChildStdin,
    lines: mpsc::Receiver<(Instant, String)>,
}

impl Role {
    /// Starts a role and waits until it is ready.
    ///
    /// # Errors
    /// When it cannot be started or does not become ready.
    pub fn start(words: &[&str]) -> Result<Self> {
        let mut command = command(words)?;
        let child = Child::spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let stdin = child.take_stdin().ok_or("no pipe to the role")?;
        let stdout = child.take_stdout().ok_or("no pipe from the role")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(io::Result::ok) {
                let _ = sender.send((Instant::now(), line));
            }
        });
        let name = words.join(" ");
        let role = Self {
            name,
            child,
            stdin,
            lines,
        };
        match role.read_line(START)?.as_str() {
            "ready" => Ok(role),
            other => Err(format!("{}: {other:?} instead of ready", role.name).into()),
        }
    }

    /// Returns the PID of the role.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes a line to the role.
    ///
    /// # Errors
    /// When the role has ended.
    pub fn write_line(&mut self, line: &str) -> Result<()> {
        Ok(self.stdin.write_all(format!("{line}\n").as_bytes())?)
    }

    /// Returns the next line of the role.
    ///
    /// # Errors
    /// When there is no line within `limit`, when the role has ended, or when the line reports a failure.
    pub fn read_line(&self, limit: Duration) -> Result<String> {
        self.read_timed_line(limit).map(|(_, line)| line)
    }

    /// Returns the next line of the role, and its time of arrival.
    ///
    /// # Errors
    /// As [`read_line`](Self::read_line).
    pub fn read_timed_line(&self, limit: Duration) -> Result<(Instant, String)> {
        let (when, line) = self
            .lines
            .recv_timeout(limit)
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => {
                    format!("{}: nothing for {} s", self.name, limit.as_secs())
                }
                RecvTimeoutError::Disconnected => format!("{}: ended", self.name),
            })?;
        match line.strip_prefix("error: ") {
            Some(error) => Err(format!("{}: {error}", self.name).into()),
            None => Ok((when, line)),
        }
    }
}

/// Returns the command that runs this program in a role.
///
/// # Errors
/// When the path of this program is unknown.
pub fn command(words: &[&str]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("role").args(words);
    Ok(command)
}

/// Runs the role that the words name.
pub fn main(words: &[OsString]) -> ExitCode {
    let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    // Called before any thread starts, so that each inherits the mask.
    ffi::block(SignalSet::MINITALK);
    let result = match words[..] {
        ["floor", side, name, window] => floors::role(side, name, window),
        ["server", placement] => lane::server(placement),
        ["client", placement, lane] => lane::client(placement, lane),
        ["endpoint"] => both::endpoint(),
        ["storm", pid] => storms::storm(pid),
        ["busy"] => busy(),
        ["stream", side, len, seed] => return exit(streams::role(side, len, seed)),
        ["instructions", side, bits] => return exit(instructions::role(side, bits)),
        _ => Err(format!("there is no role {words:?}").into()),
    };
    if let Err(error) = &result {
        print_line(&format!("error: {error}"));
    }
    exit(result)
}

/// Uses a CPU up until the parent ends this process.
fn busy() -> ! {
    listen(|_| {});
    print_line("ready");
    loop {
        std::hint::spin_loop();
    }
}

fn exit(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// In a role: calls `f` with each line of the parent, on a separate thread, and ends the process when the parent ends.
pub fn listen(mut f: impl FnMut(String) + Send + 'static) {
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(io::Result::ok) {
            f(line);
        }
        std::process::exit(0);
    });
}

/// In a role: returns the lines of the parent.
pub fn lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    listen(move |line| {
        let _ = sender.send(line);
    });
    lines
}

/// In a role: writes a line to the parent.
pub fn print_line(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(format!("{line}\n").as_bytes());
    let _ = stdout.flush();
}

/// Parses a PID.
///
/// # Errors
/// When the word is not a PID.
pub fn pid(word: &str) -> Result<Pid> {
    Pid::parse(word).map_err(|error| format!("{word:?}: {error}").into())
}

//! The processes that are measured: this program again, one role each.
//!
//! The parent writes lines into a role's standard input and reads lines from its standard output. A role whose standard
//! input closes ends, so none outlives the parent, however that ends.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use minitalk::Pid;
use minitalk::SignalSet;
use minitalk::internals::ffi;

use crate::{Result, floors, instructions, lane, streams};

/// How long a role may take to get ready.
const START: Duration = Duration::from_secs(300);

/// The parent's end of a role; the process is killed and reaped when this is dropped.
pub struct Role {
    name: String,
    child: Child,
    stdin: ChildStdin,
    lines: mpsc::Receiver<(Instant, String)>,
}

impl Role {
    /// Starts a role and waits until it says that it is ready.
    ///
    /// # Errors
    /// When it cannot be started or says something else.
    pub fn start(words: &[&str]) -> Result<Self> {
        let mut child = command(words)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take().ok_or("no pipe to the role")?;
        let stdout = child.stdout.take().ok_or("no pipe from the role")?;
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
        match role.hear(START)?.as_str() {
            "ready" => Ok(role),
            other => Err(format!("{}: {other:?} instead of ready", role.name).into()),
        }
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes a line to it.
    ///
    /// # Errors
    /// When it has ended.
    pub fn tell(&mut self, line: &str) -> Result<()> {
        Ok(self.stdin.write_all(format!("{line}\n").as_bytes())?)
    }

    /// Its next line.
    ///
    /// # Errors
    /// When none comes in time, when it has ended, or when the line says that it failed.
    pub fn hear(&self, limit: Duration) -> Result<String> {
        self.hear_when(limit).map(|(_, line)| line)
    }

    /// Its next line, and when it came.
    ///
    /// # Errors
    /// As [`hear`](Self::hear).
    pub fn hear_when(&self, limit: Duration) -> Result<(Instant, String)> {
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

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This program in a role.
///
/// # Errors
/// When the program does not know where it is.
pub fn command(words: &[&str]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("role").args(words);
    Ok(command)
}

/// Plays the role that the words name.
pub fn main(words: &[OsString]) -> ExitCode {
    let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    // Before there is any thread: each inherits this.
    ffi::block(SignalSet::ALL);
    let result = match words[..] {
        ["floor", side, name, window] => floors::role(side, name, window),
        ["server", placement] => lane::server(placement),
        ["client", placement, lane] => lane::client(placement, lane),
        ["stream", side, len, seed] => return exit(streams::role(side, len, seed)),
        ["instructions", side, bits] => return exit(instructions::role(side, bits)),
        _ => Err(format!("there is no role {words:?}").into()),
    };
    if let Err(error) = &result {
        say(&format!("error: {error}"));
    }
    exit(result)
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

/// The role's side: calls `f` with each line from the parent, on a thread of its own, and ends the process when the
/// parent does.
pub fn listen(mut f: impl FnMut(String) + Send + 'static) {
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(io::Result::ok) {
            f(line);
        }
        std::process::exit(0);
    });
}

/// The role's side: the lines from the parent.
pub fn lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    listen(move |line| {
        let _ = sender.send(line);
    });
    lines
}

/// The role's side: a line to the parent.
pub fn say(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(format!("{line}\n").as_bytes());
    let _ = stdout.flush();
}

/// A PID out of a line.
///
/// # Errors
/// When it is none.
pub fn pid(word: &str) -> Result<Pid> {
    Pid::parse(word).map_err(|error| format!("{word:?}: {error}").into())
}

//! `serve --exec`: runs a program for each message.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::iter;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use minitalk::engine::Output;
use minitalk::internals::ffi::{self, Wanted};
use minitalk::server::OutputError;
use minitalk::{Message, Signal, SignalSet};

use super::exit::{Failure, chain};
use super::flags::{Args, Flag, flags};
use super::lines::Lines;
use super::serve::MakeOutputs;
use super::units::count;

/// Limits the time that a program runs, by default.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Separates two looks for the end of a program without a pidfd.
const POLL: Duration = Duration::from_millis(10);

/// Limits the programs that run at once, each of which takes a thread.
const MAX_JOBS: u64 = 1000;

/// Limits the bytes of a write: a pipe that is writable takes so many without blocking (PIPE_BUF, `pipe(7)`).
const PIECE: usize = 4096;

pub const FLAGS: &[Flag] = flags! {
    "--exec PROGRAM" =>
        "run PROGRAM for each message, with the arguments ARG (after --, if one begins with -), which no shell interprets. It \
         gets the message on standard input, the sender's PID as MINITALK_PID and, if it is known, its user ID as MINITALK_UID. \
         Exit status 0: the message is delivered, and what was printed is the reply to send --reply. Any other end: the message \
         is rejected. The server prints no messages. At its end it waits for the programs that run, and kills them at a second \
         signal";
    "--jobs N" =>
        "with --exec: run up to N programs at once (default 1, at most 1000). Further messages wait for the end of one, without \
         a limit on the time, and their senders wait with them";
    "--exec-timeout SECONDS" =>
        "with --exec: kill a program that runs for longer, but not what it has started (default 60; 0: never). The time begins \
         when the program starts";
};

/// Describes the program to run for each message.
pub struct Exec {
    path: PathBuf,
    name: OsString,
    args: Vec<OsString>,
    timeout: Option<Duration>,
    /// Holds the signals that this process may have ignored for itself.
    signals: SignalSet,
}

/// Takes the program and its options. Call it before the server ignores signals.
pub fn parse(args: &mut Args) -> Result<Option<MakeOutputs>, Failure> {
    let Some(name) = args.value("--exec") else {
        return Ok(None);
    };
    let timeout = args.seconds("--exec-timeout")?.unwrap_or(TIMEOUT);
    let jobs = args.number("--jobs", 1..=MAX_JOBS)?.unwrap_or(1);
    let ignorable = SignalSet::from(Signal::HUP).union(Signal::XFSZ.into());
    let exec = Arc::new(Exec {
        path: find(&name)?,
        name,
        args: iter::from_fn(|| args.positional()).collect(),
        timeout: (!timeout.is_zero()).then_some(timeout),
        signals: SignalSet::LANES.union(ignorable.filter(|signal| !ffi::is_ignored(signal))),
    });
    Ok(Some(Box::new(move |limit, lines| {
        let output = |_| {
            let (exec, lines) = (Arc::clone(&exec), lines.clone());
            Box::new(move |message: &Message| exec.handle(message, limit, &lines)) as Output
        };
        (0..jobs).map(output).collect()
    })))
}

impl Exec {
    /// Handles a message, whose reply has at most `limit` bytes.
    fn handle(&self, message: &Message, limit: usize, lines: &Lines) -> Result<(), OutputError> {
        let (pid, name) = (message.pid, &self.name);
        let why = match self.run(message, limit) {
            Ok((status, reply)) if status.success() => {
                if let Some(Err(error)) = message.is_request().then(|| message.reply(&reply)) {
                    let why = chain(&error);
                    lines.note(&format_args!(
                        "client {pid} did not get the reply of {name:?}: {why}"
                    ));
                }
                return Ok(());
            }
            Ok((status, _)) => format!("ended with {status}"),
            Err(error) => error.to_string(),
        };
        let bytes = count(message.payload.len() as u64, "byte");
        lines.note(&format_args!(
            "client {pid}: {name:?} {why}; the message of {bytes} is rejected"
        ));
        Err(OutputError::Refused)
    }

    /// Runs the program to its end, and returns its status and its output.
    ///
    /// # Errors
    /// Returns the rest of a sentence about the program.
    fn run(&self, message: &Message, limit: usize) -> io::Result<(ExitStatus, Vec<u8>)> {
        let stdout = if message.is_request() {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        let mut command = Command::new(&self.path);
        command
            .arg0(&self.name)
            .args(&self.args)
            .env("MINITALK_PID", message.pid.to_string())
            .env_remove("MINITALK_UID")
            .stdin(Stdio::piped())
            .stdout(stdout)
            // A terminal sends SIGINT to the server alone, which lets the program finish.
            .process_group(0);
        if let Some(uid) = message.uid {
            command.env("MINITALK_UID", uid.to_string());
        }
        ffi::kill_with_thread(&mut command, self.signals);
        let child = command.spawn().map_err(|error| {
            let text = format!("cannot be started: {error}");
            io::Error::new(error.kind(), text)
        })?;
        Job(child).finish(&message.payload, limit, self.timeout)
    }
}

/// Holds a running program, which is killed and reaped at the latest when this is dropped.
struct Job(Child);

impl Job {
    /// Feeds and reads at the same time, until the program has ended.
    fn finish(
        &mut self,
        mut input: &[u8],
        limit: usize,
        timeout: Option<Duration>,
    ) -> io::Result<(ExitStatus, Vec<u8>)> {
        let start = Instant::now();
        let (mut stdin, mut stdout) = (self.0.stdin.take(), self.0.stdout.take());
        let pid = self.0.id().try_into();
        let pidfd = pid.ok().and_then(|pid| ffi::pidfd_open(pid).ok());
        let mut printed = Vec::new();
        loop {
            if input.is_empty() {
                stdin = None;
            }
            let left = timeout.map(|timeout| timeout.saturating_sub(start.elapsed()));
            if left == Some(Duration::ZERO) {
                return Err(io::Error::other("ran for too long and was killed"));
            }
            let wait = match &pidfd {
                Some(_) => left,
                None => Some(left.map_or(POLL, |left| left.min(POLL))),
            };
            let wanted = [
                stdin.as_ref().map(|pipe| Wanted::Writable(pipe.as_fd())),
                stdout.as_ref().map(|pipe| Wanted::Readable(pipe.as_fd())),
                pidfd.as_ref().map(|fd| Wanted::Readable(fd.as_fd())),
            ];
            let [is_writable, is_readable, has_ended] = ffi::wait_any(wanted, wait)?;
            if let Some(pipe) = stdin.as_mut().filter(|_| is_writable) {
                match pipe.write(&input[..input.len().min(PIECE)]) {
                    Ok(count) => input = &input[count..],
                    // The program does not have to read.
                    Err(_) => stdin = None,
                }
            }
            if is_readable {
                read(&mut stdout, &mut printed, limit)?;
            }
            let status = match has_ended || pidfd.is_none() {
                true => self.0.try_wait()?,
                false => None,
            };
            if let Some(status) = status {
                // All that the program has printed is in the pipe, which a process that it has started may keep open.
                while let Some(pipe) = &stdout {
                    let readable = Wanted::Readable(pipe.as_fd());
                    if !ffi::wait_for(readable, Some(Duration::ZERO))? {
                        break;
                    }
                    read(&mut stdout, &mut printed, limit)?;
                }
                return Ok((status, printed));
            }
        }
    }
}

/// Kills and reaps the program. Nothing else reaps it, so the PID cannot be that of another process.
impl Drop for Job {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads once from a pipe, which becomes `None` at its end.
fn read(pipe: &mut Option<impl Read>, printed: &mut Vec<u8>, limit: usize) -> io::Result<()> {
    let mut chunk = [0; 1 << 14];
    let count = match pipe.as_mut().map_or(Ok(0), |pipe| pipe.read(&mut chunk)) {
        Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
        result => result?,
    };
    if count == 0 {
        *pipe = None;
    }
    if count > limit - printed.len() {
        let text = format!("printed more than {limit} bytes (--max-message) and was killed");
        return Err(io::Error::other(text));
    }
    printed.try_reserve(count)?;
    printed.extend_from_slice(&chunk[..count]);
    Ok(())
}

/// Returns the path of the program, which is searched for in PATH if its name has no slash.
fn find(name: &OsStr) -> Result<PathBuf, Failure> {
    if name.as_encoded_bytes().contains(&b'/') {
        return executable(Path::new(name));
    }
    in_path(name).ok_or_else(|| Failure::io(format!("cannot run {name:?}"), "it is not in PATH"))
}

/// Searches for a program in PATH, as `execvp(3)` does.
pub fn in_path(name: &OsStr) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    std::env::split_paths(&path).find_map(|folder| executable(&folder.join(name)).ok())
}

/// Returns the absolute path of a program that can be executed.
pub fn executable(path: &Path) -> Result<PathBuf, Failure> {
    use std::os::unix::fs::PermissionsExt;
    let cannot = |why: &dyn std::fmt::Display| Failure::io(format!("cannot run {path:?}"), why);
    // Does not resolve links, because a program may act by the name of its file.
    let found = std::path::absolute(path).map_err(|error| cannot(&error))?;
    let metadata = fs::metadata(&found).map_err(|error| cannot(&error))?;
    if metadata.is_dir() {
        return Err(cannot(&"not executable (is a directory)"));
    }
    if !metadata.is_file() {
        return Err(cannot(&"not executable (is not a regular file)"));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(cannot(&"not executable (chmod +x)"));
    }
    Ok(found)
}

//! One text from a client to a server, and what became of it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{fmt, fs, thread};

use rustix::process::Signal;

use crate::child::{Child, Transcript};
use crate::marked::Mark;

/// After this time a client is stuck.
const LIMIT: Duration = Duration::from_secs(20);

/// How long a server may take to print the text of a client that has ended.
const LATE: Duration = Duration::from_secs(3);

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// It arrived exactly, and the client ended well, in this time.
    Exact(Duration),
    /// It arrived exactly, but the client did not end well.
    Unended,
    /// Nothing was printed.
    Lost,
    /// Something else was printed.
    Wrong,
}

impl Outcome {
    pub fn exact_in(self) -> Option<Duration> {
        match self {
            Self::Exact(time) => Some(time),
            _ => None,
        }
    }
}

/// The number of texts with each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    exact: usize,
    unended: usize,
    lost: usize,
    wrong: usize,
}

impl Tally {
    pub fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Exact(_) => &mut self.exact,
            Outcome::Unended => &mut self.unended,
            Outcome::Lost => &mut self.lost,
            Outcome::Wrong => &mut self.wrong,
        } += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.exact)?;
        let others = [
            (self.unended, "not ended"),
            (self.lost, "lost"),
            (self.wrong, "wrong"),
        ];
        for (count, what) in others.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {what}")?;
        }
        Ok(())
    }
}

/// A program and its arguments.
pub type Argv = Vec<OsString>;

/// Texts to one server, one after the other, each from a process of its own.
pub struct Series<'m> {
    pub name: String,
    pub server: Argv,
    /// The command to which the PID and the text are appended.
    pub client: Argv,
    /// Whether the server prints a newline after each text.
    pub has_newline: bool,
    /// Whether the client ends after its text.
    pub client_ends: bool,
    /// The exit status of a client whose text was taken.
    pub status: i32,
    /// Whether the server must go on after a text that did not arrive; others are started again.
    pub is_kept: bool,
    pub mark: &'m Mark,
    pub receiver: Option<Receiver>,
    /// How many clients did not end within `LIMIT`.
    pub hung: usize,
}

impl Series<'_> {
    /// Lets a client send a text.
    pub fn try_text(&mut self, text: &[u8]) -> Result<Outcome, String> {
        let receiver = match self.receiver.take() {
            Some(receiver) => receiver,
            None => self.start_server()?,
        };
        let before = receiver.stdout.bytes().len();
        let mut client = self.command(&self.client);
        client
            .arg(receiver.child.id().to_string())
            .arg(OsStr::from_bytes(text));
        let mut wanted = text.to_vec();
        wanted.extend(self.has_newline.then_some(b'\n'));
        let is_printed = |bytes: &[u8]| {
            bytes
                .get(before..)
                .is_some_and(|new| new.len() >= wanted.len())
        };

        let start = Instant::now();
        let client = Child::spawn(client.stdout(Stdio::null())).map_err(|e| e.to_string())?;
        if !self.client_ends {
            receiver.stdout.wait_within(LIMIT, is_printed);
            client.kill();
        }
        let status = client.wait_within(LIMIT).map_err(|e| e.to_string())?;
        let time = start.elapsed();
        self.hung += usize::from(status.is_none());
        client.kill();
        let is_usual = |status: ExitStatus| status.code() == Some(self.status);
        let ended_well = !self.client_ends || status.is_some_and(is_usual);
        receiver.stdout.wait_within(LATE, is_printed);
        let printed = receiver.stdout.bytes().split_off(before);

        let outcome = match printed == wanted {
            true if ended_well => Outcome::Exact(time),
            true => Outcome::Unended,
            false if printed.is_empty() => Outcome::Lost,
            false => Outcome::Wrong,
        };
        if self.is_kept || outcome.exact_in().is_some() {
            self.receiver = Some(receiver);
        }
        Ok(outcome)
    }

    fn start_server(&self) -> Result<Receiver, String> {
        let mut server = self.command(&self.server);
        let child = Child::spawn(server.stdout(Stdio::piped())).map_err(|e| e.to_string())?;
        let stdout = Transcript::read(child.take_stdout());
        let receiver = Receiver { child, stdout };
        let pid = receiver.child.id();
        if !receiver.is_ready_within(LIMIT, self.is_kept) {
            return Err(format!("{}: PID {pid} does not become a server", self.name));
        }
        Ok(receiver)
    }

    fn command(&self, argv: &Argv) -> Command {
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]);
        self.mark.put_on(&mut command);
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// A running server.
pub struct Receiver {
    child: Child,
    stdout: Transcript,
}

impl Receiver {
    /// Waits until it handles SIGUSR1 and SIGUSR2. A program that is not minitalk prints its PID as well, before or after that,
    /// and may instead sleep in sigwait(3).
    fn is_ready_within(&self, limit: Duration, is_minitalk: bool) -> bool {
        let start = Instant::now();
        while !(self.handles_both() || !is_minitalk && self.sleeps()) {
            if start.elapsed() > limit {
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
        is_minitalk
            || self
                .stdout
                .wait_within(limit, |bytes| bytes.ends_with(b"\n"))
    }

    fn handles_both(&self) -> bool {
        const BOTH: u64 = 1 << (Signal::USR1.as_raw() - 1) | 1 << (Signal::USR2.as_raw() - 1);
        let handled = self.status("SigCgt:");
        u64::from_str_radix(&handled, 16).is_ok_and(|handled| handled & BOTH == BOTH)
    }

    fn sleeps(&self) -> bool {
        self.status("State:").starts_with('S')
    }

    /// Returns a line of `/proc/<pid>/status`.
    fn status(&self, name: &str) -> String {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().into()
    }
}

/// Returns prose of this many bytes.
pub fn prose(bytes: usize) -> Vec<u8> {
    let prose = b"Sphinx of black quartz, judge my vow! The quick brown fox jumps over the lazy dog, and a signal is a bit. ";
    prose.iter().copied().cycle().take(bytes).collect()
}

/// Returns the median; `None` of fewer than three.
pub fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort_unstable();
    (times.len() >= 3).then(|| times[times.len() / 2])
}

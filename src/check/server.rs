//! A running server, of the program under test or of minitalk.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use minitalk::client;
use minitalk::dialect::Dialect;
use minitalk::internals::process::peer::Peer;
use minitalk::internals::process::proc::{self, StatusLines};
use minitalk::{Pid, SignalSet};

use super::delivery::describe;
use super::isolation::Subject;
use super::output_format::{FormatOf, OutputFormat};
use super::report::quoted;
use crate::cli::child::{Capture, Child, wait_until};
use crate::cli::exit::chain;

/// How long a server may take to print its PID, and then to handle the signals.
const START: Duration = Duration::from_secs(3);
pub const HANDLERS: Duration = Duration::from_secs(1);

/// How long the lines after the PID may take, which come at once.
const BANNER: Duration = Duration::from_millis(15);

/// How long the newline after a text may take.
const NEWLINE: Duration = Duration::from_millis(30);

/// How often the time to print is granted to a server that has yet to handle a bit, for want of a CPU.
const TURNS: usize = 5;

/// How long surplus output may take, which comes at once.
const SURPLUS: Duration = Duration::from_millis(40);

/// Holds a server that waits for messages.
pub struct Server {
    child: Child,
    /// The fault in the output of the PID.
    pub pid_error: Option<String>,
    /// Bytes of output before the next message.
    seen: usize,
}

impl Server {
    /// Starts `program` and waits until it handles the signals. `options` are those of `minitalk serve`.
    ///
    /// # Errors
    /// Returns the rest of a sentence about the server.
    pub fn start(program: Subject<'_>, options: &[&str]) -> Result<Self, String> {
        let child = program.start_server(options);
        let mut child = child.map_err(|error| format!("cannot be started: {error}"))?;
        let pid = child.pid();
        let output = match program {
            Subject::Foreign(_) => &child.stdout,
            Subject::Own(..) => &child.stderr,
        };
        let prints_pid = output.wait(0, START, &|text| has_number(text, pid.get()));
        output.settle(BANNER, HANDLERS);
        if let Some(status) = child.ended() {
            return Err(format!("{} before any message", describe(status)));
        }
        let printed = child.stdout.since(0);
        let pid_error = (!prints_pid).then(|| match printed.is_empty() {
            true => "it prints nothing".into(),
            false => format!("it prints {} instead of its PID {pid}", quoted(&printed)),
        });
        let mut server = Self {
            child,
            pid_error,
            seen: 0,
        };
        server.wait_for_handlers()?;
        server.skip();
        Ok(server)
    }

    fn wait_for_handlers(&self) -> Result<(), String> {
        let mut found = Ok(());
        wait_until(HANDLERS, || {
            found = self.peer().map(drop);
            found.is_ok()
        });
        found.map_err(|why| format!("cannot be sent a message: {why}"))
    }

    pub const fn pid(&self) -> Pid {
        self.child.pid()
    }

    pub fn peer(&self) -> Result<Arc<Peer>, String> {
        client::find(self.pid(), false).map_err(|error| chain(&error))
    }

    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.ended()
    }

    pub const fn stdout(&self) -> &Capture {
        &self.child.stdout
    }

    /// Returns the dialect that minitalk's server reports about a client, or `None` at the limit.
    pub fn reported_dialect(&self, limit: Duration) -> Option<Dialect> {
        let stderr = &self.child.stderr;
        stderr.wait(0, limit, &|notes| reported(notes).is_some());
        reported(&stderr.since(0))
    }

    /// Returns all notes so far, of minitalk's server.
    pub fn notes(&self) -> Vec<u8> {
        self.child.stderr.settle(SURPLUS, HANDLERS);
        self.child.stderr.since(0)
    }

    /// Returns the output since the last message.
    pub fn printed(&self) -> Vec<u8> {
        self.child.stdout.since(self.seen)
    }

    /// Waits until `is_wanted` accepts the output since the last message. Returns false at the limit.
    pub fn wait(&self, limit: Duration, is_wanted: &dyn Fn(&[u8]) -> bool) -> bool {
        self.child.stdout.wait(self.seen, limit, is_wanted)
    }

    /// Returns the format in which the server prints `text`, or `None` if it does not within `limit` of having handled every bit.
    pub fn output_format(
        &self,
        text: &str,
        limit: Duration,
        format: FormatOf,
    ) -> Option<OutputFormat> {
        let of = |printed: &[u8]| format(text.as_bytes(), printed);
        let is_printed = |printed: &[u8]| of(printed).is_some();
        if !self.in_turns(|| self.wait(limit, &is_printed)) {
            return None;
        }
        // The text may be printed before the server has handled what ends it.
        self.in_turns(|| self.wait(NEWLINE, &|_| false));
        of(&self.printed())
    }

    /// Calls `wait` until it returns true, the server has handled every bit before it was called, or its turns are over.
    fn in_turns(&self, wait: impl Fn() -> bool) -> bool {
        for _ in 0..TURNS {
            let rests = self.rests();
            if wait() {
                return true;
            }
            if rests {
                break;
            }
        }
        false
    }

    /// Returns whether the server has handled every bit that it was sent, so that what its handler prints is on its way.
    fn rests(&self) -> bool {
        // A handler blocks its signal, and so does a server that fetches its signals, which sleeps then.
        let bits = SignalSet::BITS.mask();
        let rests = |s: &StatusLines| s.pending & bits == 0 && (s.sleeps || s.blocked & bits == 0);
        proc::status(self.pid()).is_ok_and(|status| rests(&status))
    }

    /// Waits until the server prints nothing more; returns and skips its output.
    pub fn skip(&mut self) -> Vec<u8> {
        self.child.stdout.settle(SURPLUS, HANDLERS);
        let printed = self.printed();
        self.seen += printed.len();
        printed
    }
}

/// Returns whether `number` is in the text, in digits and not within a longer number.
fn has_number(text: &[u8], number: i32) -> bool {
    text.split(|byte| !byte.is_ascii_digit())
        .any(|digits| digits == number.to_string().as_bytes())
}

/// Returns the dialect in the notes of a server about a client.
fn reported(notes: &[u8]) -> Option<Dialect> {
    let notes = String::from_utf8_lossy(notes);
    let mut lines = notes.lines().rev();
    let (_, rest) = lines.find_map(|line| line.split_once(" speaks "))?;
    let spec = rest.split(", or else ").next()?;
    spec.trim_ascii().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_is_not_found_within_a_longer_number() {
        assert!(has_number(b"v1.0 PID: \x1b[32m4242\x1b[0m\n", 4242));
        assert!(!has_number(b"PID 14242 42420", 4242));
    }

    #[test]
    fn the_dialect_in_a_note_is_parsed() {
        let notes = b"PID 7\nminitalk: client 9 speaks order=lsb,ack=none, or else one=usr1, in which it said \"x\"\n";
        let dialect = reported(notes).unwrap();
        assert_eq!(dialect.to_string(), "order=lsb,ack=none");
        assert_eq!(reported(b"PID 7\n"), None);
    }
}

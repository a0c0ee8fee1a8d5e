//! What a server reports while it runs, and why it ended.

use core::fmt;
use std::boxed::Box;
use std::io;
use std::string::String;
use std::vec::Vec;

use crate::dialect::Dialect;
use crate::process::pid::Pid;
use crate::signal::event::{Event, Signal};
use crate::wire::control::Reply;
use crate::wire::reason::Reason;

/// Bytes of a text that are shown in a note.
const SHOWN: usize = 256;

/// Something that whoever runs the server may want to know.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Note {
    /// A message was not delivered.
    Dropped {
        /// Its sender.
        pid: Pid,
        /// Why.
        why: Why,
        /// How many of its bytes had come.
        bytes: usize,
    },
    /// The client belongs to a user whom we may not signal, so that it gets no answers.
    Unreachable(Pid),
    /// The client cannot be sent any signal, for a reason other than its user.
    Unanswerable(Pid, String),
    /// A client could not be taken.
    Unwatched(Pid, String),
    /// A signal from somebody who cannot be answered: another PID namespace, or no room for the signal's content.
    Nameless,
    /// The kernel has no pidfd, or a filter denies it: a recycled PID cannot be told from the client that had it.
    NoPidfd,
    /// The dialect of a client has been found out.
    Speaks {
        /// The client.
        pid: Pid,
        /// Its dialect.
        dialect: Dialect,
        /// Another that is nearly as likely, and what the message would be in it.
        rival: Option<Box<(Dialect, Vec<u8>)>>,
    },
    /// A text was not printed, since it reads as another in another dialect and the program is known to speak both.
    Undecided {
        /// The client.
        pid: Pid,
        /// One of the dialects, and the first bytes of what the text would be in it.
        one: Box<(Dialect, Vec<u8>)>,
        /// The other.
        other: Box<(Dialect, Vec<u8>)>,
    },
    /// What a client sends makes no sense in any dialect.
    Nonsense {
        /// The client.
        pid: Pid,
        /// Its first signals, as 0 for SIGUSR1 and 1 for SIGUSR2.
        bits: String,
    },
    /// A signal came; reported to those who trace.
    Heard(Event),
    /// It has been dealt with, and what was said since was said because of it; reported to those who trace.
    Handled,
    /// A signal was sent to a client; reported to those who trace.
    Told {
        /// The client.
        pid: Pid,
        /// The signal.
        signal: Signal,
        /// What it says, to one who can read it.
        answer: Reply,
    },
    /// Nothing is known of a client any more: it has ended, or others needed its place; reported to those who trace.
    Forgotten(Pid),
    /// A message is complete, before it is written; reported to those who trace.
    Complete {
        /// Its sender.
        pid: Pid,
        /// Its length in bytes.
        bytes: usize,
        /// Whether it came in a frame.
        framed: bool,
    },
    /// A client caused more notes than one client may: so many were left out.
    Withheld {
        /// The client.
        pid: Pid,
        /// How many.
        count: u64,
    },
    /// So many notes were left out here, because those before them were not taken as fast as they came.
    Missing(u64),
    /// The server ends as soon as its output has taken what is finished.
    Flushing(usize),
}

/// Why a message was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// It was rejected.
    Rejected(Reason),
    /// Its client ended in the middle of it.
    ClientEnded,
    /// Its client began another in the middle of it.
    Abandoned,
    /// It is no message: signals that came too fast to be one.
    Noise,
    /// The output is blocked and its client cannot be made to wait.
    Backlog,
}

/// Why a server ended before it was told to.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// The output failed.
    Output(io::Error),
    /// A second SIGINT or SIGTERM came while this many messages still waited for the output.
    Aborted(usize),
    /// A function of the caller panicked: the one named so, `output` or `notes`.
    Panicked(&'static str),
    /// A system call failed.
    System(io::Error),
}

impl From<io::Error> for ServeError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output(_) => f.write_str("the output failed"),
            Self::Aborted(n) => write!(f, "stopped with {n} finished messages not written"),
            Self::Panicked(name) => write!(f, "the caller's own function for {name} panicked"),
            Self::System(_) => f.write_str("a system call failed"),
        }
    }
}

impl core::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Output(error) | Self::System(error) => Some(error),
            Self::Aborted(_) | Self::Panicked(_) => None,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped { pid, why, bytes } => {
                write!(f, "dropped a message of client {pid} after {bytes} bytes: {why}")
            }
            Self::Unreachable(pid) => write!(
                f,
                "client {pid} belongs to a user whom this server may not signal: it gets no acknowledgements"
            ),
            Self::Unanswerable(pid, error) => {
                write!(f, "client {pid} gets no acknowledgements: {error}")
            }
            Self::Unwatched(pid, error) => write!(f, "cannot take client {pid}: {error}"),
            Self::Nameless => f.write_str(
                "ignoring signals without a sender: from another PID namespace, or without room for their content (ulimit -i)",
            ),
            Self::NoPidfd => f.write_str(
                "no pidfd here (before Linux 5.3, or denied by a filter): clients are signalled by number",
            ),
            Self::Speaks {
                pid,
                dialect,
                rival: None,
            } => write!(f, "client {pid} speaks {dialect}"),
            Self::Speaks {
                pid,
                dialect,
                rival: Some(rival),
            } => write!(
                f,
                "client {pid} speaks {dialect}, or else {}, in which it said {}; give the right one with --dialect",
                rival.0,
                Shown(&rival.1)
            ),
            Self::Undecided { pid, one, other } => write!(
                f,
                "did not print a text of client {pid}: in {} it says {}, in {} {}, and its program speaks both; give one with --dialect",
                one.0,
                Shown(&one.1),
                other.0,
                Shown(&other.1)
            ),
            Self::Nonsense { pid, bits } => write!(
                f,
                "what client {pid} sends fits no known dialect (0 is SIGUSR1): {bits}"
            ),
            Self::Heard(event) => write!(f, "{event:?}"),
            Self::Handled => f.write_str("dealt with"),
            Self::Told {
                pid,
                signal,
                answer,
            } => write!(f, "answered client {pid} on {signal:?}: {:?}", answer.status),
            Self::Forgotten(pid) => write!(f, "client {pid} is forgotten"),
            Self::Complete { pid, bytes, .. } => {
                write!(f, "a message of {bytes} bytes of client {pid} is complete")
            }
            Self::Missing(count) => write!(f, "{count} notes are missing here"),
            Self::Withheld { pid, count } => {
                write!(f, "{count} more notes of client {pid} are not shown")
            }
            Self::Flushing(n) => write!(
                f,
                "waiting for the output to take {n} finished messages; signal again to give them up"
            ),
        }
    }
}

/// A text in quotes, if it is not too long for a line.
struct Shown<'t>(&'t [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.0[..self.0.len().min(SHOWN)];
        let rest = if shown.len() < self.0.len() {
            "..."
        } else {
            ""
        };
        write!(f, "\"{}\"{rest}", shown.escape_ascii())
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(reason) => reason.fmt(f),
            Self::ClientEnded => f.write_str("the client ended"),
            Self::Abandoned => f.write_str("the client began another"),
            Self::Noise => f.write_str("signals too fast for a text, which swallow each other"),
            Self::Backlog => f.write_str("the output is blocked and the client does not wait"),
        }
    }
}

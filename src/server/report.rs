//! A server's notes while it runs, and its errors.

use core::fmt;
use std::boxed::Box;
use std::io;
use std::string::String;
use std::vec::Vec;

use crate::dialect::{Dialect, Symbol};
use crate::process::pid::Pid;
use crate::signal::event::Event;
use crate::signal::set::Signal;
use crate::wire::control::Reply;
use crate::wire::reason::Reason;

/// Limits the bytes of a text that a note shows.
const SHOWN: usize = 256;

/// Reports an event of the server, worth a line in a log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Note {
    /// A message was not delivered.
    Dropped {
        /// Identifies the message's sender.
        pid: Pid,
        /// Says why the message was dropped.
        why: DropReason,
        /// Counts the bytes of the message that had come.
        bytes: usize,
    },
    /// The client belongs to another user and cannot be answered.
    Unreachable(Pid),
    /// The client cannot be answered, for a reason other than its user.
    Unanswerable(Pid, String),
    /// There was no room for a client.
    Unwatched(Pid, String),
    /// A signal came without its sender: from another PID namespace, or without room for the signal's content.
    UnknownSender,
    /// A SIGUSR1 or SIGUSR2 came with a content that is not of minitalk's own protocol. Its sender has chosen the PID.
    QueuedBits(Pid),
    /// Many processes in a row sent less than a byte each and ended.
    FleetingSenders,
    /// The kernel has no pidfd, or a filter denies it: a recycled PID cannot be told from the client that had it.
    NoPidfd,
    /// The dialect of a client has been detected.
    DialectFound {
        /// Identifies the client.
        pid: Pid,
        /// Holds the client's dialect.
        dialect: Dialect,
        /// Holds another dialect that is nearly as likely, and the message in it.
        rival: Option<Box<(Dialect, Vec<u8>)>>,
    },
    /// A text was dropped, since it can be read in two dialects that the program is known to use.
    Undecided {
        /// Identifies the client.
        pid: Pid,
        /// Holds one of the dialects, and the first bytes of the text in it.
        one: Box<(Dialect, Vec<u8>)>,
        /// Holds the other dialect, and the first bytes of the text in it.
        other: Box<(Dialect, Vec<u8>)>,
    },
    /// The signals of a client fit no dialect; the text has the first of them, as 0 for SIGUSR1 and 1 for SIGUSR2.
    NoDialect(Pid, String),
    /// A client has stopped in mid-message, after so many bits, in another protocol than minitalk's own.
    Stalled(Pid, u64),
    /// A text in another protocol than minitalk's own may be wrong. The order of so many bits is not certain, since each was taken
    /// together with the one before; or it is 0, and the text is too short to be sure of so rare a dialect.
    Doubtful(Pid, u64),
    /// A process with this server's PID among its arguments waits for a signal, but nothing of it has come.
    WaitingUnseen(Pid),
    /// A signal came. Reported only with `Config::trace`.
    Received(Event),
    /// The signal of the last [`Received`](Self::Received) has been handled; all notes since belong to it. Reported only with
    /// `Config::trace`.
    Handled,
    /// A client was answered. Reported only with `Config::trace`.
    Answered {
        /// Identifies the client.
        pid: Pid,
        /// Names the signal of the answer.
        signal: Signal,
        /// Holds the answer; `None` for a bare signal, which acknowledges in another program's dialect.
        answer: Option<Reply>,
    },
    /// The session of a client is over: it has ended, or others needed its place. Reported only with `Config::trace`.
    SessionEnded(Pid),
    /// A message is complete and not written yet. Reported only with `Config::trace`.
    Complete {
        /// Identifies the message's sender.
        pid: Pid,
        /// Gives the message's length in bytes.
        bytes: usize,
        /// Says whether the message came in a frame.
        framed: bool,
    },
    /// A client caused more notes than one client may; so many were left out.
    Withheld(Pid, u64),
    /// This number of notes was left out here, because there were too many or the caller was too slow.
    Missing(u64),
    /// The server ends as soon as its output has taken all complete messages.
    Flushing {
        /// Counts the messages.
        unwritten: usize,
        /// Says whether the output replies, as the programs of `serve --exec` do (`Config::replies`).
        replies: bool,
    },
}

/// Says why a message was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DropReason {
    /// The message was rejected.
    Rejected(Reason),
    /// The client ended in mid-message.
    ClientEnded,
    /// The client of an unknown dialect ended after an acknowledgement by this signal.
    EndedOn(Symbol),
    /// The client began another message in mid-message.
    Abandoned,
    /// The bits behind a text look like the memory of the client that follows it.
    RanOn,
    /// The signals came too fast to be a message.
    Noise,
    /// The output is blocked and the client cannot be made to wait.
    Backlog,
}

/// Says why a server ended before it was asked to.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// The output failed.
    Output(io::Error),
    /// A second SIGINT or SIGTERM came while this many messages still waited for the output.
    Aborted(usize),
    /// A function of the caller panicked: `output` or `notes`, as named.
    Panicked(&'static str),
    /// A system call failed.
    System(io::Error),
}

convert_errors!(ServeError: System(io::Error));

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output(_) => f.write_str("the output failed"),
            Self::Aborted(n) => {
                write!(
                    f,
                    "stopped with {} not written",
                    Count(*n as u64, "finished message")
                )
            }
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

/// Shows how many there are of the things that a noun names.
struct Count(u64, &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} {}{s}", self.0, self.1)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped { pid, why, bytes } => {
                let bytes = Count(*bytes as u64, "byte");
                write!(f, "dropped a message of client {pid} after {bytes}: {why}")
            }
            Self::Unreachable(pid) => write!(
                f,
                "client {pid} belongs to a user whom this server may not signal: it gets no acknowledgements"
            ),
            Self::Unanswerable(pid, error) => {
                write!(f, "client {pid} gets no acknowledgements: {error}")
            }
            Self::Unwatched(pid, error) => write!(f, "cannot take client {pid}: {error}"),
            Self::UnknownSender => f.write_str(
                "ignoring signals without a sender: from another PID namespace, or without room for their content (ulimit -i)",
            ),
            Self::QueuedBits(pid) => write!(
                f,
                "ignoring signals with a value that is not minitalk's own, in the name of process {pid}: the bits of other programs have to come from kill(2), not from sigqueue(3)"
            ),
            Self::FleetingSenders => f.write_str(
                "ignoring processes that send a few bits and end, as kill(1) in a loop of a shell: --sender any takes the bits of all processes as one stream",
            ),
            Self::NoPidfd => f.write_str(
                "no pidfd here (before Linux 5.3, or denied by a filter): clients are signalled by number",
            ),
            Self::DialectFound {
                pid,
                dialect,
                rival,
            } => {
                write!(f, "client {pid} speaks {dialect}")?;
                let Some((other, text)) = rival.as_deref() else {
                    return Ok(());
                };
                let text = Shown(text);
                write!(f, ", or else {other}, in which it said {text}; give the right one with --dialect")
            }
            Self::Undecided { pid, one, other } => write!(
                f,
                "did not print a text of client {pid}: in {} it says {}, in {} {}, and its program speaks both; give one with --dialect",
                one.0,
                Shown(&one.1),
                other.0,
                Shown(&other.1)
            ),
            Self::NoDialect(pid, bits) => write!(
                f,
                "what client {pid} sends fits no known dialect (0 is SIGUSR1): {bits}"
            ),
            Self::Stalled(pid, bits) => {
                let bits = Count(*bits, "bit");
                write!(
                    f,
                    "client {pid} has sent {bits} and nothing for 5 s: a bit is lost, or it waits for what no known dialect sends; start it again, or give --dialect"
                )
            }
            Self::Doubtful(pid, 0) => write!(
                f,
                "a text of client {pid} may be wrong: it is too short to be sure of so rare a dialect"
            ),
            Self::Doubtful(pid, bits) => {
                let bits = Count(*bits, "bit");
                write!(
                    f,
                    "a text of client {pid} may be wrong: {bits} came together with the one before, and such bits can change places"
                )
            }
            Self::WaitingUnseen(pid) => write!(
                f,
                "process {pid} was started with this server's PID and waits, but no bit of it has come: a pending one of another client may have swallowed it; start it again"
            ),
            Self::Received(event) => write!(f, "{event:?}"),
            Self::Handled => f.write_str("dealt with"),
            Self::Answered {
                pid,
                signal,
                answer: Some(answer),
            } => write!(f, "answered client {pid} on {signal:?}: {:?}", answer.status),
            Self::Answered { pid, signal, .. } => {
                write!(f, "acknowledged client {pid} on {signal:?}")
            }
            Self::SessionEnded(pid) => write!(f, "the session of client {pid} is over"),
            Self::Complete { pid, bytes, .. } => {
                let bytes = Count(*bytes as u64, "byte");
                write!(f, "a message of {bytes} of client {pid} is complete")
            }
            Self::Missing(1) => f.write_str("1 note is missing here"),
            Self::Missing(count) => write!(f, "{count} notes are missing here"),
            Self::Withheld(pid, 1) => write!(f, "1 more note of client {pid} is not shown"),
            Self::Withheld(pid, count) => {
                write!(f, "{count} more notes of client {pid} are not shown")
            }
            Self::Flushing { unwritten, replies } => write!(
                f,
                "waiting for the {} {}; signal again to give up",
                match replies {
                    true => "program to handle",
                    false => "output to take",
                },
                Count(*unwritten as u64, "finished message")
            ),
        }
    }
}

/// Shows a text in quotes, cut where it is too long for a line.
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

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(reason) => reason.fmt(f),
            Self::ClientEnded => f.write_str("the client ended"),
            Self::EndedOn(ack) => {
                let number = if *ack == Symbol::Usr2 { 2 } else { 1 };
                write!(
                    f,
                    "the client ended after an acknowledgement by SIGUSR{number}; try again, or give --dialect"
                )
            }
            Self::Abandoned => f.write_str("the client began another"),
            Self::RanOn => f.write_str(
                "it looks like the memory behind a text; if it is a text, give --dialect",
            ),
            Self::Noise => f.write_str("signals too fast for a text, which swallow each other"),
            Self::Backlog => f.write_str("the output is blocked and the client does not wait"),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::error::Error as _;
    use std::string::ToString;

    use super::*;

    #[test]
    fn an_error_of_the_system_is_the_source_of_ours() {
        let full = || io::Error::other("full");
        let texts = ["the output failed", "a system call failed"];
        for (error, text) in [ServeError::Output(full()), full().into()]
            .iter()
            .zip(texts)
        {
            assert_eq!(error.to_string(), text);
            assert_eq!(error.source().unwrap().to_string(), "full");
        }
        for (count, messages) in [(1, "1 finished message"), (2, "2 finished messages")] {
            let error = ServeError::Aborted(count);
            let text = std::format!("stopped with {messages} not written");
            assert_eq!(error.to_string(), text);
            assert!(error.source().is_none());
        }
    }

    /// Checks the notes whose text depends on their fields.
    #[test]
    fn a_note_says_what_happened_to_which_client() {
        let pid = Pid::new(7).unwrap();
        let dropped = |why, bytes| Note::Dropped { pid, why, bytes };
        let reading = |spec: &str, text: &[u8]| Box::new((spec.parse().unwrap(), text.to_vec()));
        let found = |rival| {
            let dialect = "order=lsb".parse().unwrap();
            Note::DialectFound {
                pid,
                dialect,
                rival,
            }
        };
        let (one, other) = (reading("classic", b"a"), reading("order=lsb", b"b"));
        let bits = "0110".into();
        let flushing = |unwritten, replies| Note::Flushing { unwritten, replies };
        let notes = [
            dropped(DropReason::Rejected(Reason::Idle), 1),
            dropped(DropReason::EndedOn(Symbol::Usr2), 1),
            dropped(DropReason::RanOn, 2),
            dropped(DropReason::Backlog, 2),
            Note::Unanswerable(pid, "denied".into()),
            Note::Unwatched(pid, "too many files".into()),
            found(None),
            found(Some(reading("classic", b"a\n"))),
            Note::Undecided { pid, one, other },
            Note::NoDialect(pid, bits),
            Note::Stalled(pid, 1),
            Note::Doubtful(pid, 0),
            Note::Doubtful(pid, 2),
            Note::Withheld(pid, 1),
            Note::Withheld(pid, 2),
            Note::Missing(1),
            Note::Missing(2),
            flushing(1, false),
            flushing(2, true),
        ];
        let texts = "\
dropped a message of client 7 after 1 byte: the client was silent for too long
dropped a message of client 7 after 1 byte: the client ended after an acknowledgement by SIGUSR2; try again, or give --dialect
dropped a message of client 7 after 2 bytes: it looks like the memory behind a text; if it is a text, give --dialect
dropped a message of client 7 after 2 bytes: the output is blocked and the client does not wait
client 7 gets no acknowledgements: denied
cannot take client 7: too many files
client 7 speaks order=lsb
client 7 speaks order=lsb, or else classic, in which it said \"a\\n\"; give the right one with --dialect
did not print a text of client 7: in classic it says \"a\", in order=lsb \"b\", and its program speaks both; give one with \
--dialect
what client 7 sends fits no known dialect (0 is SIGUSR1): 0110
client 7 has sent 1 bit and nothing for 5 s: a bit is lost, or it waits for what no known dialect sends; start it again, or \
give --dialect
a text of client 7 may be wrong: it is too short to be sure of so rare a dialect
a text of client 7 may be wrong: 2 bits came together with the one before, and such bits can change places
1 more note of client 7 is not shown
2 more notes of client 7 are not shown
1 note is missing here
2 notes are missing here
waiting for the output to take 1 finished message; signal again to give up
waiting for the program to handle 2 finished messages; signal again to give up";
        let texts: Vec<_> = texts.lines().collect();
        assert_eq!(notes.map(|note| note.to_string()), *texts);
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(Shown(b"a\n").to_string(), "\"a\\n\"");
        let whole = Shown(&[b'x'; SHOWN]).to_string();
        assert_eq!(whole.len(), SHOWN + 2);
        assert_eq!(Shown(&[b'x'; SHOWN + 1]).to_string(), whole + "...");
    }
}

//! The exit codes, and the one place where an error is printed.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use minitalk::InboxError;
use minitalk::Pid;
use minitalk::Signal;
use minitalk::client::SendError;
use minitalk::internals::ffi;
use minitalk::internals::process::proc;
use minitalk::server::ServeError;
use minitalk::wire::reason::Reason;

use super::lines::Lines;
use super::stdio::print_stderr;

/// How long the end of a server waits for an output that does not take its last line.
const LAST_LINE: Duration = Duration::from_millis(125);

/// The exit codes; [`MEANINGS`] documents them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Ok = 0,
    Io = 1,
    Usage = 2,
    NoSuchProcess = 3,
    NotPermitted = 4,
    Refused = 5,
    TimedOut = 6,
    Rejected = 7,
    ServerEnded = 8,
    /// A check found failures.
    Failed = 9,
    /// The message was delivered, but its reply did not come.
    NoReply = 10,
}

/// The exit codes and their meanings, for the help text and the manual page: a line for each.
pub const MEANINGS: &str = "   \
   0  delivered; or served, or chatted, to the end
   1  input or output error
   2  usage
   3  no such process
   4  not permitted: the process belongs to another user
   5  refused: the target does not handle the signals, which would kill it
   6  no progress before the timeout
   7  the server rejected the message
   8  the server ended during the transfer
   9  check found failures
  10  delivered, but no reply (send --reply)
";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The error that ends the program.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    /// A remedy by an option, or where the options are explained. Not printed by the classic pair, which has no options.
    hint: Cow<'static, str>,
    /// The signal that ends the program, so that its parent sees it.
    signal: Option<Signal>,
    /// Whether the program ends even if the message cannot be printed now.
    is_urgent: bool,
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: Cow::Borrowed(""),
            signal: None,
            is_urgent: false,
        }
    }

    /// Returns the same failure, whose message delays the end of the program by [`LAST_LINE`] at most.
    pub fn urgent(self) -> Self {
        Self {
            is_urgent: true,
            ..self
        }
    }

    pub fn usage(message: impl Display) -> Self {
        Self {
            hint: " (see minitalk --help)".into(),
            ..Self::new(Exit::Usage, message.to_string())
        }
    }

    /// Returns the same failure; a usage error then refers to the help text of `command`.
    pub fn of_command(mut self, command: &str) -> Self {
        if self.exit == Exit::Usage {
            self.hint = format!(" (see minitalk help {command})").into();
        }
        self
    }

    /// Returns the same failure without a remedy by an option of `send`.
    #[cfg(feature = "tools")]
    pub fn without_hint(self) -> Self {
        Self {
            hint: "".into(),
            ..self
        }
    }

    /// Returns an input or output error; `what` failed.
    pub fn io(what: impl Display, error: impl Display) -> Self {
        Self::new(Exit::Io, format!("{what}: {error}"))
    }

    /// Returns an error of standard output.
    pub fn stdout(error: io::Error) -> Self {
        Self::io("cannot write to standard output", error)
    }

    /// Returns the error of a message to the process `pid`.
    pub fn send_to(pid: Pid, error: &SendError) -> Self {
        let name = match error {
            // The error itself names the process.
            SendError::Refused { .. } => None,
            _ => proc::status(pid).ok().map(|status| status.name),
        };
        match name {
            Some(name) => Self::send(format_args!("PID {pid} ({})", name.escape_default()), error),
            None => Self::send(format_args!("PID {pid}"), error),
        }
    }

    /// Returns the error of a message to `target`.
    pub fn send(target: impl Display, error: &SendError) -> Self {
        let (exit, remedy) = match error {
            SendError::NoSuchProcess => (Exit::NoSuchProcess, "; minitalk list shows servers"),
            SendError::NotPermitted => (Exit::NotPermitted, "; run both ends as the same user"),
            SendError::Ourselves => (Exit::Refused, ""),
            SendError::Refused { .. } => (Exit::Refused, "; nothing was sent"),
            SendError::TimedOut { blank: false, .. } => (
                Exit::TimedOut,
                " (if it is another program's server, give its --dialect)",
            ),
            SendError::TimedOut { blank: true, .. } => {
                (Exit::TimedOut, "; raise it with ulimit -i")
            }
            SendError::Rejected(reason) => (Exit::Rejected, Self::remedy(*reason)),
            SendError::Link(_) | SendError::TooLong(_) => (Exit::Rejected, ""),
            SendError::Unencodable(_) => (Exit::Rejected, "; nothing was sent"),
            SendError::Busy => (Exit::TimedOut, " (try again, or with a longer --timeout)"),
            SendError::LastUnanswered => (
                Exit::TimedOut,
                " (if it never does, add final=none to --dialect)",
            ),
            SendError::Unanswered { .. } => (Exit::TimedOut, "; minitalk check finds its dialect"),
            SendError::ServerEnded { .. } => (Exit::ServerEnded, "; delivery was not confirmed"),
            SendError::NoReply { has_ended: false } => {
                (Exit::NoReply, " (--reply-timeout waits for longer)")
            }
            SendError::NoReply { has_ended: true } => (Exit::NoReply, ""),
            _ => (Exit::Io, ""),
        };
        // A remedy in parentheses is by an option. The classic pair has none, and a chat has not those of send.
        let (remedy, hint) = match remedy.starts_with(' ') {
            true => ("", remedy),
            false => (remedy, ""),
        };
        let what = match exit {
            Exit::NoReply => "no reply from",
            _ => "cannot send to",
        };
        Self {
            exit,
            message: format!("{what} {target}: {}{remedy}", chain(error)),
            hint: match error {
                SendError::Refused { .. } => " (--force skips this check)".into(),
                _ => hint.into(),
            },
            signal: match error {
                SendError::Interrupted(signal) => Some(*signal),
                _ => None,
            },
            is_urgent: false,
        }
    }

    /// Returns what happened.
    #[cfg(feature = "tools")]
    pub fn text(&self) -> &str {
        &self.message
    }

    /// Returns the remedy for a rejection, in parentheses if it is by an option.
    const fn remedy(reason: Reason) -> &'static str {
        match reason {
            Reason::TooLong => " (serve --max-message and --max-memory raise the limit)",
            Reason::Version => "; update the older of the two",
            Reason::Output => "; the standard error of the server says why",
            Reason::ShuttingDown => "; send it again when a server is running",
            Reason::NoReplies => {
                " (serve --exec replies, and send without --reply expects no reply)"
            }
            Reason::Refused => "; the standard error of the server says why",
            _ => "",
        }
    }

    /// Prints the error, for the classic pair on standard output, and returns the exit code or ends by the signal.
    pub fn report(self, is_classic: bool) -> ExitCode {
        let text = if is_classic {
            format!("Error: {}", self.message)
        } else {
            format!("minitalk: {}{}", self.message, self.hint)
        };
        if self.is_urgent {
            if let Ok(lines) = Lines::start(is_classic) {
                lines.line(text);
                lines.finish(Some(LAST_LINE));
            }
        } else if is_classic {
            let _ = writeln!(io::stdout(), "{text}");
        } else {
            print_stderr(text);
        }
        if let Some(signal) = self.signal {
            let _ = io::stdout().flush();
            ffi::raise_default(signal);
        }
        self.exit.into()
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        match error {
            lexopt::Error::UnexpectedValue { option, value } => {
                Self::usage(format!("{option} {value:?}: expected no value"))
            }
            error => Self::usage(error),
        }
    }
}

/// Returns the texts of an error and its sources.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

impl From<InboxError> for Failure {
    fn from(error: InboxError) -> Self {
        Self::new(Exit::Io, error.to_string())
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Output(error) => Self::stdout(error),
            error => Self::new(Exit::Io, chain(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use minitalk::wire::sender;

    use super::*;

    /// Every error of a message that a process test cannot easily provoke, as `send` prints it, and its exit code.
    #[test]
    fn an_error_of_a_message_says_what_happened_and_what_to_do() {
        let rejected = |reason| SendError::Rejected(reason);
        let os = || io::Error::from_raw_os_error(libc::EMFILE);
        for (error, exit, text) in [
            (
                SendError::NotPermitted,
                Exit::NotPermitted,
                "it belongs to another user, and both ends must signal each other; run both ends as the same user",
            ),
            (
                SendError::Ourselves,
                Exit::Refused,
                "that is this very process",
            ),
            (
                SendError::Refused {
                    name: "a\u{1b}b".into(),
                    catches_everything: false,
                },
                Exit::Refused,
                "it (a\\u{1b}b) does not handle both SIGUSR1 and SIGUSR2, so it is no server and they may kill it; nothing was \
                 sent (--force skips this check)",
            ),
            (
                SendError::Refused {
                    name: "bash".into(),
                    catches_everything: true,
                },
                Exit::Refused,
                "it (bash) catches all signals alike, as shells and language runtimes do, and may still die of SIGUSR1; nothing \
                 was sent (--force skips this check)",
            ),
            (
                SendError::TimedOut {
                    blank: false,
                    all_sent: true,
                },
                Exit::TimedOut,
                "no progress before the timeout (if it is another program's server, give its --dialect)",
            ),
            (
                SendError::TimedOut {
                    blank: true,
                    all_sent: true,
                },
                Exit::TimedOut,
                "no progress before the timeout: answers came without their content, the limit on queued signals is exhausted; \
                 raise it with ulimit -i",
            ),
            (
                rejected(Reason::Checksum),
                Exit::Rejected,
                "the server rejected the message: its checksum does not match",
            ),
            (
                rejected(Reason::TooLong),
                Exit::Rejected,
                "the server rejected the message: it is longer than the server's limit (serve --max-message and --max-memory \
                 raise the limit)",
            ),
            (
                rejected(Reason::Version),
                Exit::Rejected,
                "the server rejected the message: its protocol version is not spoken here; update the older of the two",
            ),
            (
                rejected(Reason::NotText),
                Exit::Rejected,
                "the server rejected the message: it is neither a frame nor UTF-8 text",
            ),
            (
                rejected(Reason::NoMemory),
                Exit::Rejected,
                "the server rejected the message: the server has no memory for it",
            ),
            (
                rejected(Reason::Idle),
                Exit::Rejected,
                "the server rejected the message: the client was silent for too long",
            ),
            (
                rejected(Reason::ShuttingDown),
                Exit::Rejected,
                "the server rejected the message: the server is shutting down; send it again when a server is running",
            ),
            (
                rejected(Reason::Output),
                Exit::Rejected,
                "the server rejected the message: the server could not write its output; the standard error of the server says \
                 why",
            ),
            (
                rejected(Reason::NoReplies),
                Exit::Rejected,
                "the server rejected the message: the server does not reply to requests (serve --exec replies, and send without \
                 --reply expects no reply)",
            ),
            (
                rejected(Reason::Unasked),
                Exit::Rejected,
                "the server rejected the message: nobody waits for this reply",
            ),
            (
                rejected(Reason::Refused),
                Exit::Rejected,
                "the server rejected the message: the program behind the server refused it; the standard error of the server \
                 says why",
            ),
            (
                SendError::Link(sender::Failure::Forgotten),
                Exit::Rejected,
                "the server no longer knows this transfer; whether the message was delivered is unknown",
            ),
            (
                SendError::Link(sender::Failure::NoWords),
                Exit::Rejected,
                "the server does not take words",
            ),
            (
                SendError::Link(sender::Failure::Contradiction),
                Exit::Rejected,
                "the server's answers contradict the protocol",
            ),
            (
                SendError::Busy,
                Exit::TimedOut,
                "it is busy with another client (try again, or with a longer --timeout)",
            ),
            (
                SendError::LastUnanswered,
                Exit::TimedOut,
                "it took the whole text, but did not acknowledge its last signal (if it never does, add final=none to --dialect)",
            ),
            (
                SendError::Unanswered { signal: 3 },
                Exit::TimedOut,
                "it did not acknowledge signal number 3; minitalk check finds its dialect",
            ),
            (
                SendError::ServerEnded {
                    acknowledged: 1,
                    all_sent: false,
                },
                Exit::ServerEnded,
                "the server ended in mid-message, after acknowledging 1 byte; delivery was not confirmed",
            ),
            (
                SendError::NoReply { has_ended: false },
                Exit::NoReply,
                "the message was delivered, but no reply came in time (--reply-timeout waits for longer)",
            ),
            (
                SendError::NoReply { has_ended: true },
                Exit::NoReply,
                "the message was delivered, but the server ended without a reply",
            ),
            (
                SendError::Interrupted(Signal::INT),
                Exit::Io,
                "this command was interrupted",
            ),
            (
                SendError::Interrupted(Signal::TERM),
                Exit::Io,
                "this command was terminated",
            ),
            (SendError::Stopped, Exit::Io, "the endpoint was stopped"),
            (
                SendError::NoRoute,
                Exit::Io,
                "a text of another dialect cannot be replied to",
            ),
            (
                SendError::System(os()),
                Exit::Io,
                "a system call failed: Too many open files (os error 24)",
            ),
            (
                SendError::Unavailable(minitalk::Unavailable::Taken),
                Exit::Io,
                "this process cannot be answered: this process already has an inbox, receiver or sender, and can have only one",
            ),
        ] {
            let what = match error {
                SendError::NoReply { .. } => "no reply from",
                _ => "cannot send to",
            };
            let failure = Failure::send("PID 7", &error);
            let printed = format!("{}{}", failure.message, failure.hint);
            assert_eq!(printed, format!("{what} PID 7: {text}"));
            assert_eq!(failure.exit, exit, "{printed}");
        }
    }
}

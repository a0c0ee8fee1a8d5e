//! How the program ends: the exit codes, and the one place where an error is printed.

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

use super::format::write_all;
use super::lines::Lines;

/// How long the end of a server waits for an output that does not take its last line.
const HURRY: Duration = Duration::from_millis(125);

/// Prints a line on stderr in one piece, so that it does not mix with another process's. Nobody is left to tell if that fails.
pub fn say(text: impl Display) {
    let _ = write_all(&mut io::stderr(), format!("{text}\n").as_bytes());
}

/// Prints a line as [`say`] does, and waits for its reader no longer than [`HURRY`]: for the end of a server.
fn say_in_a_hurry(text: String, is_classic: bool) {
    if let Ok(lines) = Lines::start(is_classic) {
        lines.line(text);
        lines.finish(Some(HURRY));
    }
}

fn write_error(text: &str, is_classic: bool) {
    if is_classic {
        let _ = writeln!(io::stdout(), "{text}");
    } else {
        say(text);
    }
}

/// The exit codes, as documented in `--help`.
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
    /// What was checked does not hold.
    Failed = 9,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error with what the caller of the program is to know of it.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    /// What an option could do about it, or where the options are explained; the classic pair has none.
    hint: Cow<'static, str>,
    /// The signal that is to end the program, so that its parent sees it.
    signal: Option<Signal>,
    /// Whether the program is to end, said or not.
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

    /// Marks the failure of a program whose end does not wait for the reader of its message.
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

    /// Points a usage error at the help text of the command that it is about.
    pub fn of_command(mut self, command: &str) -> Self {
        if self.exit == Exit::Usage {
            self.hint = format!(" (see minitalk help {command})").into();
        }
        self
    }

    /// An input or output error of the thing named `what`.
    pub fn io(what: impl Display, error: impl Display) -> Self {
        Self::new(Exit::Io, format!("{what}: {error}"))
    }

    /// A message to the process `pid` that was not delivered.
    pub fn send_to(pid: Pid, error: &SendError) -> Self {
        let name = match error {
            // It says the name itself.
            SendError::Refused { .. } => None,
            _ => proc::status(pid).ok().map(|status| status.name),
        };
        match name {
            Some(name) => Self::send(format_args!("PID {pid} ({})", name.escape_default()), error),
            None => Self::send(format_args!("PID {pid}"), error),
        }
    }

    /// A message to `target` that was not delivered.
    pub fn send(target: impl Display, error: &SendError) -> Self {
        let (exit, remedy) = match error {
            SendError::NoSuchProcess => (
                Exit::NoSuchProcess,
                "; a server prints its PID when it starts",
            ),
            SendError::NotPermitted => (Exit::NotPermitted, "; run both ends as the same user"),
            SendError::Ourselves => (Exit::Refused, ""),
            SendError::Refused { .. } => (Exit::Refused, "; nothing was sent"),
            SendError::TimedOut { blank: false } => (
                Exit::TimedOut,
                "; is it running, and a minitalk of ours? For one of another make see --dialect",
            ),
            SendError::TimedOut { blank: true } => (Exit::TimedOut, "; raise it with ulimit -i"),
            SendError::Rejected(reason) => (Exit::Rejected, Self::remedy(*reason)),
            SendError::Link(_) | SendError::TooLong(_) => (Exit::Rejected, ""),
            SendError::Unspeakable(_) => (Exit::Rejected, "; nothing was sent"),
            SendError::Busy => (
                Exit::TimedOut,
                "; try again later, or with a longer --timeout",
            ),
            SendError::Unanswered { .. } => (
                Exit::TimedOut,
                "; does it speak this dialect? minitalk check --server finds out what it speaks",
            ),
            SendError::ServerEnded { .. } => (Exit::ServerEnded, "; delivery was not confirmed"),
            _ => (Exit::Io, ""),
        };
        Self {
            exit,
            message: format!("cannot send to {target}: {}{remedy}", chain(error)),
            hint: match error {
                SendError::Refused { .. } => " (--force skips this check)".into(),
                _ => "".into(),
            },
            signal: match error {
                SendError::Interrupted(signal) => Some(*signal),
                _ => None,
            },
            is_urgent: false,
        }
    }

    const fn remedy(reason: Reason) -> &'static str {
        match reason {
            Reason::TooLong => ", which serve --max-message and --max-memory raise",
            Reason::Version => "; update the older of the two",
            Reason::Output => "; it says why on its own standard error",
            Reason::ShuttingDown => "; send it again when a server is there",
            _ => "",
        }
    }

    /// Prints the error, on stderr or as the classic exercise wants it, and ends.
    pub fn report(self, is_classic: bool) -> ExitCode {
        let text = if is_classic {
            format!("Error: {}", self.message)
        } else {
            format!("minitalk: {}{}", self.message, self.hint)
        };
        if self.is_urgent {
            say_in_a_hurry(text, is_classic);
        } else {
            write_error(&text, is_classic);
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
        Self::usage(error)
    }
}

/// An error and what it comes from.
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
        Self::new(Exit::Io, chain(&error))
    }
}

//! The exit codes, and the one place where an error is printed.

mod undelivered;

use std::borrow::Cow;
use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use minitalk::InboxError;
use minitalk::Signal;
use minitalk::internals::ffi;
use minitalk::server::ServeError;

use super::lines::{LAST_LINES, Lines};
use super::stdio::{is_writable, print_stderr};

/// Lists the exit codes, which [`MEANINGS`] documents.
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
    /// Says that a check found failures.
    Failed = 9,
    /// Says that the message was delivered, but its reply did not come.
    NoReply = 10,
}

/// Lists the exit codes and their meanings, for the help text and the manual page: a line for each.
pub const MEANINGS: &str = "   \
   0  delivered; or served, or chatted, to the end
   1  input or output error
   2  usage
   3  no such process
   4  not permitted: the process belongs to another user
   5  refused: the target does not handle the signals, which would kill it
   6  no progress before the timeout; stderr says if it may be delivered
   7  rejected, or impossible in this dialect or lane; stderr says if it may be delivered, or a program has run
   8  the server ended during the transfer; stderr says if it may be delivered
   9  check found failures
  10  delivered, but no reply (send --reply)
";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Describes the error that ends the program.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    /// Names a remedy by an option, or where the options are explained. The classic pair, which has no options, omits it.
    hint: Cow<'static, str>,
    /// Holds the signal that ends the program, so that its parent sees it.
    signal: Option<Signal>,
    /// Says whether the program ends even if the message cannot be printed now.
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

    /// Returns the same failure, whose message delays the end of the program by [`LAST_LINES`] at most.
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

    /// Returns what happened.
    #[cfg(feature = "tools")]
    pub fn text(&self) -> &str {
        &self.message
    }

    /// Prints the error, for the classic pair on standard output, and returns the exit code or ends by the signal.
    pub fn report(self, is_classic: bool) -> ExitCode {
        let text = if is_classic {
            format!("Error: {}", self.message)
        } else {
            format!("minitalk: {}{}", self.message, self.hint)
        };
        if self.is_urgent {
            match Lines::start(is_classic) {
                Ok(lines) => {
                    lines.line(text);
                    lines.finish(Some(LAST_LINES));
                }
                // There is no memory for its thread, or a limit on threads.
                Err(_) if is_writable(false).unwrap_or(true) => print_stderr(text),
                Err(_) => {}
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

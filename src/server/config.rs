//! A server's limits, timeouts and dialects.

use core::time::Duration;

use crate::dialect::Dialect;
use crate::process::pid::Pid;

/// Configures a server: limits, timeouts, dialects.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Limits the length of a message, in bytes.
    pub max_message: usize,
    /// Limits the bytes of all messages together that are under way or wait for the output. `None` means 128 MiB, or twice
    /// `max_message` if that is more. A longer message is rejected.
    pub max_memory: Option<usize>,
    /// Limits how long a client may be silent in mid-message before its half message is dropped; `None` for no limit.
    pub idle_timeout: Option<Duration>,
    /// Ends the server after this number of messages; `None` for no limit.
    pub count: Option<u64>,
    /// The dialects of clients that do not use minitalk's own protocol.
    pub dialects: Dialects,
    /// Takes requests too, which expect a reply. Otherwise they are rejected, as by default. An [`Endpoint`](crate::Endpoint)
    /// decides that by [`Builder::messages_only`](crate::Builder::messages_only) instead.
    pub replies: bool,
    /// Takes the bare bits of all processes as one stream of this process, the server's own, and does not answer it.
    /// `None`: the bits of each process are a stream of their own.
    pub one_stream: Option<Pid>,
    /// Reports every signal by a [`Note`](super::Note).
    pub trace: bool,
}

impl Default for Config {
    /// Returns the limits of 16 MiB a message and a minute of silence, for any number of messages in any dialect.
    fn default() -> Self {
        Self {
            max_message: 16 << 20,
            max_memory: None,
            idle_timeout: Some(Duration::from_secs(60)),
            count: None,
            dialects: Dialects::Auto,
            replies: false,
            one_stream: None,
            trace: false,
        }
    }
}

impl Config {
    /// Returns the value of `max_memory`, or its default, in bytes.
    pub(super) fn memory(&self) -> usize {
        const LEAST: usize = 128 << 20;
        let default = self.max_message.saturating_mul(2).max(LEAST);
        self.max_memory.unwrap_or(default)
    }
}

/// Says how to read clients that do not use minitalk's own protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialects {
    /// Detects the dialect of each client.
    #[default]
    Auto,
    /// Decodes every client in this dialect.
    Given(Dialect),
    /// Takes minitalk's own protocol alone, and gives bare bits no answer.
    None,
}

impl Dialects {
    /// Returns the dialect, if it is given.
    pub const fn given(self) -> Option<Dialect> {
        match self {
            Self::Auto | Self::None => None,
            Self::Given(dialect) => Some(dialect),
        }
    }
}

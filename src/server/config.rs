//! What a server can be told.

use core::time::Duration;

use crate::dialect::Dialect;

/// Limits, timeouts, dialects.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The longest message taken, in bytes.
    pub max_message: usize,
    /// How many bytes all clients together may take, of messages that are under way or wait for the output; `None` for 128 MiB,
    /// or twice `max_message` if that is more. No message is taken that is longer.
    pub max_memory: Option<usize>,
    /// How long a client may be silent in mid-message before the half is dropped; `None` for ever.
    pub idle_timeout: Option<Duration>,
    /// How many messages to take before ending; `None` for no end.
    pub count: Option<u64>,
    /// What clients speak that do not speak our own protocol.
    pub dialects: Dialects,
    /// Whether to report every signal.
    pub trace: bool,
}

impl Default for Config {
    /// Messages of 16 MiB, a minute of silence, no end, any dialect.
    fn default() -> Self {
        Self {
            max_message: 16 << 20,
            max_memory: None,
            idle_timeout: Some(Duration::from_secs(60)),
            count: None,
            dialects: Dialects::Auto,
            trace: false,
        }
    }
}

impl Config {
    /// The value of `max_memory`, or its default, in bytes.
    pub(super) fn memory(&self) -> usize {
        const LEAST: usize = 128 << 20;
        let default = self.max_message.saturating_mul(2).max(LEAST);
        self.max_memory.unwrap_or(default)
    }
}

/// How clients are understood that do not speak our own protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialects {
    /// By finding out what they speak.
    #[default]
    Auto,
    /// All of them in this dialect.
    Given(Dialect),
}

impl Dialects {
    /// The dialect, if it is given.
    #[must_use]
    pub const fn given(self) -> Option<Dialect> {
        match self {
            Self::Auto => None,
            Self::Given(dialect) => Some(dialect),
        }
    }
}

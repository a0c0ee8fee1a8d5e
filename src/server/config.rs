//! What a server can be told.

use core::time::Duration;

use crate::dialect::Dialect;

/// Limits, timeouts, dialects.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The longest message taken, in bytes.
    pub max_message: usize,
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
            idle_timeout: Some(Duration::from_secs(60)),
            count: None,
            dialects: Dialects::Auto,
            trace: false,
        }
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

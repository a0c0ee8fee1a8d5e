//! Why a transfer fails.

use core::fmt;

use super::super::reason::Reason;

/// Says why a transfer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkFailure {
    /// There was no progress for the whole timeout.
    TimedOut,
    /// The server will not deliver the message.
    Rejected(Reason),
    /// The server no longer knows the transfer; whether the message was delivered is unknown.
    Forgotten,
    /// The server's reply contradicts the protocol.
    Contradiction,
    /// The server takes no words, and the message was to be sent in words only.
    NoWords,
}

impl fmt::Display for LinkFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("no progress before the timeout"),
            Self::Rejected(reason) => write!(f, "the server rejected the message: {reason}"),
            Self::Forgotten => f.write_str(
                "the server no longer knows this transfer; whether the message was delivered is unknown",
            ),
            Self::NoWords => f.write_str("the server does not take words"),
            Self::Contradiction => f.write_str("the server's answers contradict the protocol"),
        }
    }
}

impl core::error::Error for LinkFailure {}

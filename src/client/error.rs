//! Why a message was not delivered.

use core::fmt;
use std::io;
use std::string::String;

use crate::dialect::encoder::Unencodable;
use crate::process::peer::PeerError;
use crate::signal::set::Signal;
use crate::signal::threads::Unavailable;
use crate::wire::frame::TooLong;
use crate::wire::reason::Reason;
use crate::wire::sender::LinkFailure;

/// Says why a message was not delivered.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError {
    /// The server does not exist.
    NoSuchProcess,
    /// The server belongs to another user.
    NotPermitted,
    /// The target is this very process.
    Ourselves,
    /// The target does not handle SIGUSR1 and SIGUSR2, which would kill it.
    Refused {
        /// Holds the target's command, which may contain control characters.
        name: String,
        /// Says whether the target catches all signals alike, which does not show that it survives them.
        catches_everything: bool,
    },
    /// There was no progress for the whole timeout.
    TimedOut {
        /// Says whether replies came without their content, since the limit on queued signals is exhausted.
        blank: bool,
        /// Says whether the whole message was sent, so that the server may have delivered it.
        all_sent: bool,
    },
    /// The server will not deliver the message.
    Rejected(Reason),
    /// The transfer failed otherwise; whether the message was delivered is unknown.
    Link(LinkFailure),
    /// The server ended in the middle of the transfer.
    ServerEnded {
        /// Counts the bytes of the frame that the server had acknowledged.
        acknowledged: u64,
        /// Says whether the whole message was sent, so that the server may have delivered it.
        all_sent: bool,
    },
    /// The request was delivered, but no reply came.
    NoReply {
        /// Says whether the server has ended, and not just taken too long.
        has_ended: bool,
    },
    /// The message has no sender that could take a reply: it is the text of another dialect.
    NoRoute,
    /// The endpoint was stopped in the middle of the transfer.
    Stopped,
    /// This process received SIGINT or SIGTERM.
    Interrupted(Signal),
    /// The message does not fit a frame.
    TooLong(TooLong),
    /// The dialect cannot represent the message.
    Unencodable(Unencodable),
    /// This process cannot get the answers.
    Unavailable(Unavailable),
    /// The server was busy until the timeout.
    Busy,
    /// A signal was not acknowledged, although the dialect acknowledges each.
    Unanswered {
        /// Holds the number of the signal, counted from 1.
        signal: usize,
    },
    /// The server took every signal of a text in another dialect, and did not acknowledge the last.
    LastUnanswered,
    /// A system call failed.
    System(io::Error),
}

impl SendError {
    /// Returns whether the message may have been delivered in spite of the error: to send it again may deliver it twice.
    ///
    /// After `false` it was not delivered. After `true` it was ([`NoReply`](Self::NoReply)), or this process does not know.
    ///
    /// ```no_run
    /// # let endpoint = minitalk::Endpoint::bind()?;
    /// let (to, message) = ("4242".parse()?, b"Hello");
    /// let mut result = endpoint.send(to, message);
    /// if result.as_ref().is_err_and(|error| !error.may_be_delivered()) {
    ///     result = endpoint.send(to, message);
    /// }
    /// result?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn may_be_delivered(&self) -> bool {
        match self {
            Self::TimedOut { all_sent, .. } | Self::ServerEnded { all_sent, .. } => *all_sent,
            Self::Link(failure) => {
                !matches!(failure, LinkFailure::NoWords | LinkFailure::Rejected(_))
            }
            // Nothing says how far the transfer was.
            Self::Stopped | Self::Interrupted(_) | Self::System(_) => true,
            Self::NoReply { .. } | Self::LastUnanswered => true,
            // Part of it may have been written.
            Self::Rejected(reason) => matches!(reason, Reason::Output),
            Self::NoSuchProcess
            | Self::NotPermitted
            | Self::Ourselves
            | Self::Refused { .. }
            | Self::NoRoute
            | Self::TooLong(_)
            | Self::Unencodable(_)
            | Self::Unavailable(_)
            | Self::Busy
            | Self::Unanswered { .. } => false,
        }
    }
}

impl From<PeerError> for SendError {
    fn from(error: PeerError) -> Self {
        match error {
            PeerError::NoSuchProcess => Self::NoSuchProcess,
            PeerError::NotPermitted => Self::NotPermitted,
            PeerError::System(error) => Self::System(error),
        }
    }
}

convert_errors!(SendError: TooLong(TooLong), Unencodable(Unencodable), Unavailable(Unavailable), System(io::Error));

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchProcess => f.write_str("there is no such process"),
            Self::NotPermitted => f.write_str("it belongs to another user, and both ends must signal each other"),
            Self::Ourselves => f.write_str("that is this very process"),
            Self::Refused {
                name,
                catches_everything,
            } => write!(
                f,
                "it ({}) {}",
                name.escape_default(),
                if *catches_everything {
                    "catches all signals alike, as shells and language runtimes do, and may still die of SIGUSR1"
                } else {
                    "does not handle both SIGUSR1 and SIGUSR2, so it is no server and they may kill it"
                }
            ),
            Self::TimedOut { blank: false, .. } => f.write_str("no progress before the timeout"),
            Self::TimedOut { blank: true, .. } => f.write_str(
                "no progress before the timeout: answers came without their content, the limit on queued signals is exhausted",
            ),
            Self::Rejected(reason) => write!(f, "the server rejected the message: {reason}"),
            Self::Link(failure) => failure.fmt(f),
            Self::ServerEnded { acknowledged, .. } => write!(
                f,
                "the server ended in mid-message, after acknowledging {acknowledged} byte{}",
                if *acknowledged == 1 { "" } else { "s" }
            ),
            Self::NoReply { has_ended: true } => f.write_str("the message was delivered, but the server ended without a reply"),
            Self::NoReply { has_ended: false } => f.write_str("the message was delivered, but no reply came in time"),
            Self::NoRoute => f.write_str("a text of another dialect cannot be replied to"),
            Self::Stopped => f.write_str("the endpoint was stopped"),
            Self::Interrupted(Signal::INT) => f.write_str("this command was interrupted"),
            Self::Interrupted(_) => f.write_str("this command was terminated"),
            Self::TooLong(error) => error.fmt(f),
            Self::Unencodable(error) => error.fmt(f),
            Self::Unavailable(why) => write!(f, "this process cannot be answered: {why}"),
            Self::Busy => f.write_str("it is busy with another client"),
            Self::LastUnanswered => f.write_str("it took the whole text, but did not acknowledge its last signal"),
            Self::Unanswered { signal } => write!(f, "it did not acknowledge signal number {signal}"),
            Self::System(error) => error.fmt(f),
        }
    }
}

/// Names as a source only what the text does not contain.
impl core::error::Error for SendError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Unavailable(error) => error.source(),
            Self::System(error) => error.source(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_may_be_delivered_only_if_all_of_it_was_sent() {
        for all_sent in [false, true] {
            let blank = false;
            let timed_out = SendError::TimedOut { blank, all_sent };
            let acknowledged = 7;
            let ended = SendError::ServerEnded {
                acknowledged,
                all_sent,
            };
            assert_eq!(timed_out.may_be_delivered(), all_sent);
            assert_eq!(ended.may_be_delivered(), all_sent);
        }
        let has_ended = true;
        for unknown in [
            SendError::NoReply { has_ended },
            SendError::Link(LinkFailure::Forgotten),
            SendError::Rejected(Reason::Output),
            SendError::Stopped,
            io::Error::from(io::ErrorKind::OutOfMemory).into(),
        ] {
            assert!(unknown.may_be_delivered(), "{unknown}");
        }
        for known in [
            SendError::Rejected(Reason::Refused),
            SendError::Link(LinkFailure::NoWords),
            SendError::NoSuchProcess,
            Unavailable::Taken.into(),
        ] {
            assert!(!known.may_be_delivered(), "{known}");
        }
    }
}

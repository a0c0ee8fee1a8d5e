//! The actions that a text receiver asks its caller to carry out.

use alloc::string::String;
use alloc::vec::Vec;

use crate::dialect::detector::Excerpt;
use crate::dialect::{Dialect, Symbol};
use crate::wire::reason::Reason;

/// Lists the actions that the caller is to carry out.
#[derive(Clone, Debug)]
pub enum TextAction {
    /// Send this signal to the client.
    Acknowledge(Symbol),
    /// Report the dialect of the client.
    Detected {
        /// The dialect.
        dialect: Dialect,
        /// Another dialect that is nearly as likely, and the first bytes of the text in it.
        rival: Option<Excerpt>,
        /// Whether the text is too short to be sure of so rare a dialect.
        is_scant: bool,
    },
    /// Report a message that has different texts in two dialects that the program uses; it is not delivered.
    Ambiguous {
        /// The likelier dialect, and the first bytes of the text in it.
        one: Excerpt,
        /// The other dialect, and the first bytes of the text in it.
        other: Excerpt,
    },
    /// Deliver a message; [`TextReceiver::handle_written`](super::TextReceiver::handle_written) has to be called afterwards.
    Complete(Vec<u8>),
    /// Report a message that is over and is not text.
    Rejected {
        /// The reason.
        reason: Reason,
        /// The number of bytes that were received.
        bytes: usize,
    },
    /// Report that so many bytes behind a text are dropped: they look like the memory that follows it.
    RanOn(usize),
    /// Report a stream that makes no sense in any dialect, by its first symbols: 0 for SIGUSR1 and 1 for SIGUSR2.
    NoMatch(String),
}

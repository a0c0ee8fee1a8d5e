//! A complete message as the server hands it to its output.

use core::time::Duration;
use std::vec::Vec;

use crate::process::pid::Pid;
use crate::wire::control::Nonce;
use crate::wire::frame::MessageKind;

/// Holds a complete message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// Identifies the process that sent the message.
    pub pid: Pid,
    /// Holds the sender's real user ID, if it is known: in a frame, when the transfer began; otherwise, as the kernel attests it.
    pub uid: Option<u32>,
    /// Holds the message's bytes.
    pub payload: Vec<u8>,
    /// Whether the sender expects a reply. The text of another dialect expects none.
    pub kind: MessageKind,
    /// Says whether the message came in a frame and passed its checksum. Otherwise it is a text in another dialect.
    pub framed: bool,
    /// Counts the signals that the client sent again.
    pub resent: u64,
    /// Gives the time from the first signal to the last.
    pub duration: Duration,
    /// The client's nonce of the transfer, for answer and reply; 0 for a text.
    pub(crate) client: Nonce,
    /// When the process was started, which tells it from a later one with its PID.
    pub(crate) start: u64,
}

impl Received {
    /// Returns a message as if it had come in a frame and taken no time, to test code that takes messages.
    pub const fn new(pid: Pid, payload: Vec<u8>) -> Self {
        Self {
            pid,
            uid: None,
            payload,
            kind: MessageKind::Message,
            framed: true,
            resent: 0,
            duration: Duration::ZERO,
            client: 0,
            start: 0,
        }
    }
}

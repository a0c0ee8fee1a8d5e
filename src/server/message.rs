//! What a server hands on.

use core::time::Duration;
use std::vec::Vec;

use crate::process::pid::Pid;
use crate::wire::control::Tag;

/// A finished message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// Who sent it.
    pub pid: Pid,
    /// The sender's real user ID, if the kernel attested it.
    pub uid: Option<u32>,
    /// Its bytes.
    pub payload: Vec<u8>,
    /// Whether it came in a frame and passed its checksum; otherwise it is a classic client's text.
    pub framed: bool,
    /// Signals that the client sent again on the way.
    pub resent: u64,
    /// From its first signal to its last.
    pub duration: Duration,
    /// The transfer that it came in, for the answer; 0 where it has none.
    pub(super) tag: Tag,
}

impl Message {
    /// As one that came in a frame and took no time, from nobody in particular: to try out what takes messages.
    #[must_use]
    pub const fn new(pid: Pid, payload: Vec<u8>) -> Self {
        Self {
            pid,
            uid: None,
            payload,
            framed: true,
            resent: 0,
            duration: Duration::ZERO,
            tag: 0,
        }
    }
}

//! A message as a program gets it: with a way to reply.

use core::fmt;
use core::ops::Deref;
use std::sync::Arc;
use std::vec::Vec;

use super::Outbox;
use crate::client::{self, Options, Report, SendError};
use crate::process::peer::Peer;
use crate::server::Received;
use crate::wire::frame::MessageKind;

/// Holds a message that has come, and the way back to its sender.
#[derive(Clone)]
pub struct Message {
    received: Received,
    outbox: Arc<Outbox>,
}

impl Message {
    pub(crate) fn new(received: Received, outbox: &Arc<Outbox>) -> Self {
        let outbox = Arc::clone(outbox);
        Self { received, outbox }
    }

    /// Sends `payload` to the process that sent this message, and blocks until it is delivered.
    ///
    /// If this is a request, `payload` is its reply; otherwise a message of its own. Another process that has the sender's PID by now
    /// gets nothing.
    ///
    /// # Errors
    /// Returns [`SendError::NoSuchProcess`] when the sender has ended, [`SendError::NoRoute`] for a text of another dialect, or
    /// another [`SendError`].
    pub fn reply(&self, payload: &[u8]) -> Result<Report, SendError> {
        self.reply_with(payload, Options::default())
    }

    /// Replies as [`reply`](Self::reply) does, with these options.
    ///
    /// # Errors
    /// Returns the errors of [`reply`](Self::reply).
    pub fn reply_with(&self, payload: &[u8], options: Options) -> Result<Report, SendError> {
        if !self.framed {
            return Err(SendError::NoRoute);
        }
        let sender = client::find(self.pid, options.skip_check)?;
        if !self.is_from(&sender) {
            return Err(SendError::NoSuchProcess);
        }
        let kind = match self.kind {
            MessageKind::Request => MessageKind::Reply(self.client),
            MessageKind::Message | MessageKind::Reply(_) => MessageKind::Message,
        };
        let sent = self
            .outbox
            .send(&sender, kind, payload, options, &mut |_| {});
        sent.map(|delivery| delivery.report)
    }

    /// Returns whether `peer` has sent this message, and is not a later process with its PID (AS-19). An error counts as no.
    fn is_from(&self, peer: &Peer) -> bool {
        peer.start_time().is_ok_and(|start| start == self.start)
    }

    /// Returns whether the sender waits for a reply.
    pub fn is_request(&self) -> bool {
        self.kind == MessageKind::Request
    }

    /// Returns the message's bytes.
    #[must_use]
    pub fn into_payload(self) -> Vec<u8> {
        self.received.payload
    }
}

/// Gives the bytes, the sender, and what else is known.
impl Deref for Message {
    type Target = Received;

    fn deref(&self) -> &Received {
        &self.received
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.received.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::pid::Pid;

    #[test]
    fn a_reply_goes_to_no_later_owner_of_the_pid() {
        let peer = Peer::open(Pid::current()).unwrap();
        let mut received = Received::new(peer.pid(), Vec::new());
        received.start = peer.start_time().unwrap();
        let outbox = Outbox::new().unwrap();
        assert!(Message::new(received.clone(), &outbox).is_from(&peer));
        received.start += 1;
        assert!(!Message::new(received, &outbox).is_from(&peer));
    }
}

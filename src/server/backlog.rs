//! Complete messages: accepted or refused, counted, and kept in order until the output has room for them.

use core::time::Duration;
use std::collections::VecDeque;
use std::vec::Vec;

use super::action::{Action, Then};
use super::machine::{Core, Machine};
use super::memory::{Memory, OVERRUN};
use super::session::Session;
use super::writer::Written;
use super::{Config, DropReason, Note, Received};
use crate::process::pid::Pid;
use crate::wire::control::Nonce;
use crate::wire::frame::MessageKind;
use crate::wire::reason::Reason;

/// Holds the messages that are complete and not written.
#[derive(Debug)]
pub struct Backlog {
    /// The messages that the writer has no room for yet, oldest first.
    waiting: VecDeque<Received>,
    /// How many messages the writer has, and may have.
    writing: usize,
    room: usize,
    /// How many messages were ever accepted.
    accepted: u64,
    /// The account of all bytes that clients have sent and that are not written.
    pub memory: Memory,
}

impl Backlog {
    /// Returns an empty backlog before a writer with this room. The longest message of `config` becomes no longer than the memory
    /// allows.
    pub fn new(config: &mut Config, room: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            writing: 0,
            room,
            accepted: 0,
            memory: Memory::new(config),
        }
    }

    /// Returns how many messages the output has not taken.
    pub fn len(&self) -> usize {
        self.waiting.len() + self.writing
    }

    /// Removes the next message that the writer has room for.
    pub fn next_to_write(&mut self) -> Option<Received> {
        if self.writing == self.room {
            return None;
        }
        let message = self.waiting.pop_front()?;
        self.writing += 1;
        Some(message)
    }
}

impl Machine {
    pub fn writing(&self) -> usize {
        self.core.backlog.writing
    }

    /// Takes in that the writer is done with a message.
    pub fn handle_written(&mut self, written: Written) {
        self.core.backlog.writing -= 1;
        self.core.backlog.memory.written(written.bytes);
        if let Some(error) = written.error {
            self.close(Err(error), Reason::Output);
        }
        self.handle_replied(written.pid, written.client, written.verdict);
    }

    /// Handles the verdict on the message or reply that came from `pid` in the transfer of the nonce `client`.
    pub fn handle_replied(&mut self, pid: Pid, client: Nonce, verdict: Result<(), Reason>) {
        if let Some(session) = self.sessions.get_mut(&pid) {
            self.core.settle(session, client, verdict);
        }
    }
}

impl Core {
    /// Accepts a message that is complete, or refuses it. `kind` is `None` for a text, which comes without a frame.
    pub fn complete(
        &mut self,
        session: &mut Session,
        payload: Vec<u8>,
        kind: Option<MessageKind>,
        resent: u64,
    ) {
        let (pid, bytes, framed) = (session.pid, payload.len(), kind.is_some());
        let (client, uid) = match framed {
            true => (session.receiver.client_nonce(), session.proven_uid),
            false => (0, session.attested_uid),
        };
        let message = Received {
            pid,
            uid,
            payload,
            kind: kind.unwrap_or_default(),
            framed,
            resent,
            duration: Duration::from_nanos(self.now.saturating_sub(session.started_at)),
            client,
            start: session.start,
        };
        if let Some(why) = self.why_refused(session, &message) {
            let reason = match why {
                DropReason::Rejected(reason) => reason,
                DropReason::Noise => Reason::NotText,
                _ => Reason::Output,
            };
            self.dropped(session, why, bytes);
            return self.settle(session, client, Err(reason));
        }
        if self.config.trace {
            self.note(Note::Complete { pid, bytes, framed });
        }
        if let MessageKind::Reply(_) = message.kind {
            return self.act(Action::DeliverReply(message));
        }
        self.backlog.memory.complete(bytes);
        session.warned = false;
        self.backlog.waiting.push_back(message);
        self.backlog.accepted += 1;
    }

    /// Returns whether as many messages are complete as there may be.
    pub fn has_enough(&self) -> bool {
        let accepted = self.backlog.accepted;
        self.config.count.is_some_and(|count| accepted >= count)
    }

    fn why_refused(&mut self, session: &Session, message: &Received) -> Option<DropReason> {
        match message.kind {
            // No limit applies to a reply: the output may be blocked until it has come.
            MessageKind::Reply(_) => return None,
            MessageKind::Request if !self.config.replies => {
                return Some(DropReason::Rejected(Reason::NoReplies));
            }
            MessageKind::Request | MessageKind::Message => {}
        }
        if self.shutdown.has_failed() || self.has_enough() {
            return Some(DropReason::Rejected(Reason::ShuttingDown));
        }
        if !message.framed && session.foreign.pace.is_noise() {
            return Some(DropReason::Noise);
        }
        // A client that is told to wait may have sent a little more meanwhile.
        let overrun = if message.framed { OVERRUN } else { 0 };
        let bytes = message.payload.len().saturating_sub(overrun);
        if !self.backlog.memory.has_room_for(bytes) {
            return Some(DropReason::Backlog);
        }
        let has_room = self.backlog.waiting.try_reserve(1).is_ok();
        (!has_room).then_some(DropReason::Rejected(Reason::NoMemory))
    }

    /// Tells the client what became of a message that was complete. `client` is the client's nonce, or 0 for a text.
    fn settle(&mut self, session: &mut Session, client: Nonce, verdict: Result<(), Reason>) {
        if client == 0 {
            let written = verdict.is_ok();
            return self.inspect(session.pid, Then::Settle { written });
        }
        if let Some(answer) = session.receiver.handle_written(client, verdict) {
            self.answer_unasked(session, answer);
        }
    }
}

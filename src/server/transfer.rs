//! Clients that speak minitalk's own protocol: their requests go to a [`FrameReceiver`](crate::wire::receiver::FrameReceiver),
//! and what follows is done here.

use core::mem;

use super::DropReason;
use super::action::Then;
use super::machine::{Core, Machine};
use super::scheduler::Party;
use super::session::Session;
use crate::signal::event::Event;
use crate::signal::set::Signal;
use crate::wire::control::{Reply, Request, Status};
use crate::wire::packet::Channel;
use crate::wire::reason::Reason;
use crate::wire::receiver::{Outcome, Owed};

impl Machine {
    /// Returns whether a client that has sent a bit may send the next at once.
    pub const fn expects_bit(&self) -> bool {
        self.core.batch.has_bit
    }

    /// Returns whether a client is about to go on with the opening of its transfer, or to send the first word.
    pub const fn expects_opening(&self) -> bool {
        self.core.batch.has_opening
    }

    /// Returns whether a client is owed a reply for bits, at least so urgently.
    pub fn owes_reply(&self, least: Owed) -> bool {
        let owing = self.core.owing.iter();
        let mut sessions = owing.filter_map(|pid| self.sessions.get(pid));
        sessions.any(|session| session.receiver.owed() >= least)
    }

    /// Sends the replies for bits that are owed at least so urgently: [`Owed::Now`] once no signal is pending,
    /// [`Owed::WhenQuiet`] once none has followed at once.
    pub fn reply_to_bits(&mut self, least: Owed) {
        let core = &mut self.core;
        let mut owing = mem::take(&mut core.owing);
        owing.retain(|pid| {
            let Some(session) = self.sessions.get_mut(pid) else {
                return false;
            };
            // The signals of others do not keep a client waiting.
            let is_quiet = least == Owed::WhenQuiet || session.bit_batch != core.batch.number;
            if let Some(reply) = session.receiver.poll_reply(is_quiet) {
                core.answer(session, session.signal, Some(reply));
            }
            session.is_owed = session.receiver.owed() != Owed::Nothing;
            session.is_owed
        });
        core.owing = owing;
    }
}

impl Core {
    /// Handles a request in the name of the client: all but a hello counts only with the proof that the client has sent it.
    pub(super) fn on_request(
        &mut self,
        session: &mut Session,
        channel: Channel,
        request: Request,
        event: Event,
    ) {
        let is_opening = session.receiver.is_opening(&request);
        match request {
            _ if session.receiver.is_proven(&request) => {}
            Request::Hello { client, .. } => {
                // The answer would look like an acknowledgement of the text.
                if channel != Channel::Realtime && session.foreign.in_message() {
                    return;
                }
                if session.needs_inspection(self.now) {
                    return self.inspect(session.pid, Then::Signal(event));
                }
                let receiver = &mut session.receiver;
                let reply = match self.shutdown.is_begun() {
                    true => receiver.refuse_hello(channel, client, Reason::ShuttingDown),
                    false => receiver.handle_request(channel, request).reply,
                };
                if reply.is_some() {
                    self.shutdown.greeted_at = Some(self.now);
                    self.batch.has_opening = true;
                    self.answer(session, event.signal, reply);
                }
                return;
            }
            _ => return,
        }
        // The client may be another program, and another user's, since it was greeted.
        if is_opening && session.needs_inspection(self.now) {
            return self.inspect(session.pid, Then::Signal(event));
        }
        if let Request::Open { nonces, .. } = request {
            if is_opening && self.shutdown.is_begun() {
                let status = Status::Rejected(Reason::ShuttingDown);
                return self.answer(session, event.signal, Some(Reply { nonces, status }));
            }
        }
        self.on_proven(session, channel, request, event.signal);
    }

    /// Handles a request of the client of `session`, in its turn and within the memory, and its consequences.
    fn on_proven(
        &mut self,
        session: &mut Session,
        channel: Channel,
        request: Request,
        signal: Signal,
    ) {
        self.arm_expiry();
        session.last_seen = self.now;
        let client = Party::Client(session.pid);
        if session.receiver.in_message() {
            let has_room = self.backlog.memory.has_room_for(session.held_bytes());
            if channel != Channel::Realtime {
                self.interrupt(client);
            }
            let may_go_on = if has_room && self.batch.is_first {
                self.scheduler.may_go_on(client, self.now)
            } else {
                // The client is told to wait, and asks again.
                self.scheduler.leave(client);
                false
            };
            session.receiver.hold(!may_go_on);
        }
        let before = session.receiver.client_nonce();
        let bytes = session.receiver.held_bytes();
        let response = session.receiver.handle_request(channel, request);
        if session.receiver.client_nonce() != before {
            self.batch.has_opening = true;
            session.sleeps = matches!(request, Request::Open { sleeps: true, .. });
            self.set_under_way(session.pid, false);
            if let Some(text) = session.open_transfer(signal, self.now) {
                self.dropped(session, DropReason::Abandoned, text);
            }
        }
        let mut via = signal;
        if let Request::Bit { .. } = request {
            session.bit_batch = self.batch.number;
            self.batch.has_bit = true;
            if session.signal != Signal::WORD {
                session.signal = signal;
            }
            via = session.signal;
            if session.receiver.owed() != Owed::Nothing && !mem::replace(&mut session.is_owed, true)
            {
                self.owing.push(session.pid);
            }
        }
        self.recount(session);
        if let Some(outcome) = response.outcome {
            self.scheduler.leave(client);
            match outcome {
                Outcome::Complete {
                    kind,
                    payload,
                    resent,
                } => {
                    self.complete(session, payload, Some(kind), resent);
                }
                Outcome::Rejected(reason) => {
                    self.dropped(session, DropReason::Rejected(reason), bytes);
                }
                Outcome::Abandoned => self.dropped(session, DropReason::Abandoned, bytes),
            }
        }
        if response.reply.is_some() {
            self.answer(session, via, response.reply);
        }
    }
}

//! A client, a server and the two channels between them, and the guarantees that are checked in every state.

use crate::channel::Channel;
use crate::link::{Client, Ended, Lane, Link, Move, Phase, REAL_TIME, Server, Signal};
use std::hash::{Hash, Hasher};

/// The transfers that one PID makes, one after the other, in one process or in several. The first never runs: its remains are
/// the initial state of some models.
pub const MESSAGES: [&[u8]; 4] = [b"old", b"", b"!", b"3 words"];

/// The tag of each transfer.
pub const fn tag(transfer: usize) -> u16 {
    transfer as u16 + 1
}

/// A state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World<L: Link> {
    lane: Lane,
    /// The present transfer.
    pub transfer: usize,
    /// The client of the present transfer.
    pub client: Sending<L>,
    /// The server's link to the PID.
    pub server: L::Server,
    /// The channel from the client.
    pub to_server: Channel,
    /// The channel from the server.
    pub to_client: Channel,
    /// Messages that the server has handed to its writer.
    pub unwritten: Vec<u16>,
    /// How often each message was completed.
    pub completed: [u8; MESSAGES.len()],
    /// How often each message was written.
    pub written: [u8; MESSAGES.len()],
    /// Whether the server has forgotten the PID.
    pub forgot: bool,
    /// The broken guarantee.
    pub broken: Option<&'static str>,
}

/// A client, compared by its future actions and not by its clock: with the timeout out of reach, no time that it keeps changes
/// its next signal.
#[derive(Clone, Debug)]
pub struct Sending<L: Link> {
    /// The client.
    pub client: L::Client,
    /// Whether the client waits, what it sends after that, the acknowledged bits, and for words the remaining state.
    key: (bool, Move, u64, u64),
}

/// The fate of a signal of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// The signal is sent, if the kernel accepts it.
    Sent,
    /// The signal is lost, whether standard or queued; the kernel never loses a queued one.
    Lost,
    /// The signal is a standard signal, and lost.
    LostStandard,
    /// The signal is a real-time signal, and the kernel has no room for it.
    Refused,
}

impl<L: Link> World<L> {
    /// Returns the start of the transfer `transfer`, with room for `room` real-time signals in each direction.
    pub fn new(transfer: usize, lane: Lane, room: usize) -> Self {
        Self {
            lane,
            transfer,
            client: Sending::new(transfer, lane),
            server: L::Server::new(lane),
            to_server: Channel::with_room(room),
            to_client: Channel::with_room(room),
            unwritten: Vec::new(),
            completed: [0; MESSAGES.len()],
            written: [0; MESSAGES.len()],
            forgot: false,
            broken: None,
        }
    }

    /// Lets the client send its next signal, after its timeout if it waits; returns whether this fate is possible for it.
    pub fn client_sends(&mut self, fate: Fate) -> bool {
        let client = &mut self.client.client;
        let next = match client.poll(0) {
            Move::Wait(until) => client.poll(until),
            other => other,
        };
        let Move::Send(signal) = next else {
            self.client.renew();
            return fate == Fate::Sent;
        };
        let queues = signal.number == REAL_TIME;
        let accepted = match fate {
            Fate::Sent => self.to_server.send(signal),
            Fate::Lost => true,
            Fate::LostStandard if !queues => true,
            Fate::Refused if queues => false,
            Fate::LostStandard | Fate::Refused => return false,
        };
        if !accepted {
            client.no_room(0);
        }
        self.client.renew();
        true
    }

    /// Lets the client react to a signal.
    pub fn client_receives(&mut self, signal: Signal) {
        let before = self.client.ended();
        // Before it has asked, it cannot have been paused; in words it always has asked.
        let asked = self.client.waits() || self.client.client.phase() == Phase::Words;
        self.client.client.receive(0, signal);
        self.client.renew();
        match self.client.ended() {
            Some(Ended::Delivered) if before.is_none() && self.written[self.transfer] != 1 => {
                self.broken = Some("a message that is not written is reported as delivered");
            }
            Some(Ended::Broken) => self.broken = Some("the client cannot interpret the answers"),
            Some(Ended::Forgotten) if !self.forgot => {
                self.broken = Some("the server forgot a transfer")
            }
            _ => {}
        }
        if asked && self.is_paused(signal) {
            self.check_pause();
        }
    }

    /// Returns whether the signal pauses this client: the kind is that of `Status::Wait`, and the tag is its own.
    fn is_paused(&self, signal: Signal) -> bool {
        let wait = 0x22 << 16 | u64::from(tag(self.transfer));
        signal.value.is_some_and(|value| value >> 40 == wait)
    }

    /// Checks that a client that is paused in its words waits, and does not consider the server silent.
    fn check_pause(&mut self) {
        let mut client = self.client.client.clone();
        let phase = client.phase();
        if !matches!(phase, Phase::HelloWords | Phase::Words) {
            return;
        }
        let Move::Wait(until) = client.poll(0) else {
            self.broken = Some("the client continues although it is paused");
            return;
        };
        client.poll(until);
        if client.phase() != phase {
            self.broken = Some("the client gives up words although it was answered");
        }
    }

    /// Lets the server react to a signal.
    pub fn server_receives(&mut self, signal: Signal, lost: bool) {
        let reply = self.server.receive(signal);
        if reply.rejected && !self.forgot {
            self.broken = Some("a message is rejected");
        }
        if let Some(payload) = reply.complete {
            let tag = self.server.tag();
            self.unwritten.push(tag);
            match usize::from(tag)
                .checked_sub(1)
                .filter(|&t| MESSAGES[t] == payload)
            {
                Some(transfer) => {
                    self.completed[transfer] += 1;
                    if self.completed[transfer] > 1 {
                        self.broken = Some("a message is delivered twice");
                    }
                }
                None => self.broken = Some("something is delivered that nobody sent"),
            }
        }
        self.answer(reply.answer, lost);
    }

    /// Lets the writer finish the oldest message.
    pub fn settle(&mut self, lost: bool) {
        let tag = self.unwritten.remove(0);
        if let Some(written) = usize::from(tag)
            .checked_sub(1)
            .and_then(|t| self.written.get_mut(t))
        {
            *written += 1;
        }
        let answer = self.server.settle(tag);
        self.answer(answer, lost);
    }

    /// Gives the client its turn.
    pub fn release(&mut self, lost: bool) {
        let answer = self.server.release();
        self.answer(answer, lost);
    }

    /// Takes the turn from the client.
    pub fn hold(&mut self) {
        self.server.hold();
    }

    /// Ends the client, in any state, and starts the next one.
    pub fn succeed(&mut self) {
        self.transfer += 1;
        self.client = Sending::new(self.transfer, self.lane);
    }

    /// Makes the server forget all state of the client.
    pub fn forget(&mut self) {
        self.server = L::Server::new(self.lane);
        self.forgot = true;
    }

    /// Returns whether the client makes progress from here on without further faults. If it does in every state, it ends from
    /// every state, because progress leads to a state again.
    pub fn gets_on(&self) -> bool {
        let goal = self.client.stage();
        let mut world = self.clone();
        for _ in 0..40 {
            if world.client.ended().is_some() || world.client.stage() > goal {
                return true;
            }
            world.one_round_without_faults();
        }
        false
    }

    fn one_round_without_faults(&mut self) {
        let mut idle = true;
        self.to_server.deliver(0);
        self.to_server.deliver(1);
        while self.to_server.is_pending(REAL_TIME) {
            self.to_server.deliver(REAL_TIME);
        }
        while let Some(signal) = self.to_server.take() {
            self.server_receives(signal, false);
            idle = false;
        }
        self.release(false);
        while !self.unwritten.is_empty() {
            self.settle(false);
        }
        self.to_client.deliver(0);
        self.to_client.deliver(1);
        while self.to_client.is_pending(REAL_TIME) {
            self.to_client.deliver(REAL_TIME);
        }
        while let Some(signal) = self.to_client.take() {
            self.client_receives(signal);
            idle = false;
        }
        // A window of words, one after the other.
        while !self.client.waits() && self.client.ended().is_none() {
            self.client_sends(Fate::Sent);
            idle = false;
        }
        if idle {
            self.client_sends(Fate::Sent);
        }
    }

    fn answer(&mut self, answer: Option<Signal>, lost: bool) {
        if let Some(answer) = answer
            && !lost
        {
            self.to_client.send(answer);
        }
    }
}

impl<L: Link> Sending<L> {
    fn new(transfer: usize, lane: Lane) -> Self {
        let client = L::Client::new(MESSAGES[transfer], tag(transfer), u64::MAX, lane);
        let key = (false, Move::Wait(0), 0, 0);
        let mut this = Self { client, key };
        this.renew();
        this
    }

    /// Returns how the client ended, if it has.
    pub fn ended(&self) -> Option<Ended> {
        match self.key.1 {
            Move::End(ended) => Some(ended),
            _ => None,
        }
    }

    /// Returns whether the client has sent and waits for an answer.
    pub fn waits(&self) -> bool {
        self.key.0
    }

    /// Returns the number of acknowledged bits.
    pub fn acknowledged(&self) -> u64 {
        self.key.2
    }

    /// Returns the phase: the hellos, then the bits.
    fn stage(&self) -> u64 {
        let begun = match self.client.phase() {
            Phase::HelloZero => 0,
            Phase::HelloOne => 1,
            Phase::HelloWords => 2,
            Phase::Words | Phase::Bits | Phase::Finished => 3,
        };
        self.key.2 + begun
    }

    fn renew(&mut self) {
        let waits = matches!(self.client.clone().poll(0), Move::Wait(_));
        let mut later = self.client.clone();
        later.poll(u64::MAX);
        // Sent twice, because the retransmission carries more than the first transmission.
        let next = later.poll(u64::MAX);
        let (bits, rest) = (self.client.acknowledged(), self.client.fingerprint());
        self.key = (waits, next, bits, rest);
    }
}

impl<L: Link> PartialEq for Sending<L> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<L: Link> Eq for Sending<L> {}

impl<L: Link> Hash for Sending<L> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

//! A client, a server and the two channels between them, and the promises that are watched in every state.

use crate::channel::Channel;
use crate::link::{Client, Ended, Lane, Link, Move, Phase, REAL_TIME, Server, Signal};
use std::hash::{Hash, Hasher};

/// The transfers that one PID makes, one after the other: process after process, or a process message after message. The
/// first never runs: its remains are what the model may begin with.
pub const MESSAGES: [&[u8]; 4] = [b"old", b"", b"!", b"3 words"];

/// The name of each.
pub const fn tag(transfer: usize) -> u16 {
    transfer as u16 + 1
}

/// One state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World<L: Link> {
    lane: Lane,
    /// The transfer under way.
    pub transfer: usize,
    /// Its client.
    pub client: Sending<L>,
    /// The server's link to the PID.
    pub server: L::Server,
    /// From the client.
    pub to_server: Channel,
    /// From the server.
    pub to_client: Channel,
    /// Messages that the server has handed to its writer.
    pub unwritten: Vec<u16>,
    /// How often each message was completed, and written.
    pub completed: [u8; MESSAGES.len()],
    /// See `completed`.
    pub written: [u8; MESSAGES.len()],
    /// Whether the server has forgotten the PID.
    pub forgot: bool,
    /// The promise that was broken.
    pub broken: Option<&'static str>,
}

/// A client, compared by what it will do and not by its clock: with the timeout out of reach, no time that it keeps
/// changes which signal it sends next.
#[derive(Clone, Debug)]
pub struct Sending<L: Link> {
    /// The client.
    pub client: L::Client,
    /// Whether it waits, what it sends when it has waited, the bits acknowledged, and for words the rest.
    key: (bool, Move, u64, u64),
}

/// What becomes of a signal of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It is on its way, if the kernel accepts it.
    Sent,
    /// It is lost, be it standard or queued: the kernel does not do that to what it has queued.
    Lost,
    /// It is a standard signal, and lost.
    LostStandard,
    /// It is a real-time signal, and the kernel has no room for it.
    Refused,
}

impl<L: Link> World<L> {
    /// At the beginning of the transfer `transfer`, with room for `room` real-time signals in each direction.
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

    /// The client sends what is next, after its timeout if it waits; whether that can meet with this fate.
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

    /// The client acts upon a signal.
    pub fn client_hears(&mut self, signal: Signal) {
        let before = self.client.ended();
        // Before it has asked, it is told nothing; in the words it always has.
        let asked = self.client.waits() || self.client.client.phase() == Phase::Words;
        self.client.client.hear(0, signal);
        self.client.renew();
        match self.client.ended() {
            Some(Ended::Delivered) if before.is_none() && self.written[self.transfer] != 1 => {
                self.broken = Some("delivered is said of a message that is not written");
            }
            Some(Ended::Broken) => {
                self.broken = Some("the client cannot make sense of the answers")
            }
            Some(Ended::Forgotten) if !self.forgot => {
                self.broken = Some("the server forgot a transfer")
            }
            _ => {}
        }
        if asked && self.is_told_to_wait(signal) {
            self.watch_the_waiting();
        }
    }

    /// Whether the signal tells this client to wait: the kind is `Status::Wait`'s, the tag its own.
    fn is_told_to_wait(&self, signal: Signal) -> bool {
        let wait = 0x22 << 16 | u64::from(tag(self.transfer));
        signal.value.is_some_and(|value| value >> 40 == wait)
    }

    /// A client that is told to wait for its words does so, and does not take the server for deaf.
    fn watch_the_waiting(&mut self) {
        let mut client = self.client.client.clone();
        let phase = client.phase();
        if !matches!(phase, Phase::HelloWords | Phase::Words) {
            return;
        }
        let Move::Wait(until) = client.poll(0) else {
            self.broken = Some("the client goes on although told to wait");
            return;
        };
        client.poll(until);
        if client.phase() != phase {
            self.broken = Some("the client gives up words although it was answered");
        }
    }

    /// The server acts upon a signal.
    pub fn server_hears(&mut self, signal: Signal, lost: bool) {
        let reply = self.server.hear(signal);
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

    /// The writer has written the oldest message.
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

    /// The server gives the client its turn.
    pub fn release(&mut self, lost: bool) {
        let answer = self.server.release();
        self.answer(answer, lost);
    }

    /// The client loses its turn.
    pub fn hold(&mut self) {
        self.server.hold();
    }

    /// The client is gone, wherever it was; the next begins.
    pub fn succeed(&mut self) {
        self.transfer += 1;
        self.client = Sending::new(self.transfer, self.lane);
    }

    /// The server knows nothing any more.
    pub fn forget(&mut self) {
        self.server = L::Server::new(self.lane);
        self.forgot = true;
    }

    /// Whether, from here on without any fault, the client gets on. If so in every state, it comes to its end from every
    /// state: what gets on are states too.
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
            self.server_hears(signal, false);
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
            self.client_hears(signal);
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

    /// How it ended, if it did.
    pub fn ended(&self) -> Option<Ended> {
        match self.key.1 {
            Move::End(ended) => Some(ended),
            _ => None,
        }
    }

    /// Whether it has sent and waits for an answer.
    pub fn waits(&self) -> bool {
        self.key.0
    }

    /// How many bits were acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.key.2
    }

    /// How far it is: the hellos, then the bits.
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
        // Twice: the repetition says more than the first transmission does.
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

//! A client, a server and the two channels between them, and the properties that are checked in every state.

use crate::channel::Channel;
use crate::link::{
    Client, Ended, Lane, Link, Move, Packet, REAL_TIME, Reaction, Server, Signal, kind,
};
use crate::sending::Sending;
use crate::serving::Serving;

/// The messages that one PID sends, one after the other, in one process or in several: frames of 16 and of 24 bits, both in one
/// word; of two words; of three.
pub const MESSAGES: [&[u8]; 4] = [b"", b"!", &[0x55; 31], &[0xA5; 63]];

/// The PIDs of the two processes: the client alone, or two that send to each other.
pub const PIDS: [u64; 2] = [1, 3];

/// What must hold in every state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Property {
    /// A complete message is one that the client sent, and comes only once.
    Integrity,
    /// A client that ends with success has its message written.
    Agreement,
    /// A transfer is opened only by the process that the server has sent its nonce.
    Identity,
    /// An unproven hello or open leaves the server's session as it was, and makes none.
    Bounded,
    /// No other signal of a third process changes either end.
    Noninterference,
    /// No message is rejected, and no client given up, but by a server that has forgotten it.
    Delivery,
    /// A client that is to wait, or whose bits are withheld, sends no bit until its time has passed.
    Pause,
    /// Of two processes that send each other bits, only the one with the turn goes on.
    Turn,
    /// Without further faults, the client gets on.
    Liveness,
}

/// What holds in all states of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// The lane that the client may use in its first transfer, and that the server takes.
    pub lane: Lane,
    /// The lane that the client may use in later transfers, if not the same.
    pub later: Option<Lane>,
    /// The number of real-time signals for which the kernel has room, in each direction.
    pub room: usize,
    /// Whether the server ignores the real-time signal.
    pub deaf: bool,
    /// Whether the third process guesses what words carry of the server's nonce, but not the nonce.
    pub guesses: bool,
    /// The only property that is checked, if not all.
    pub only: Option<Property>,
}

/// A state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World<L: Link> {
    rules: Rules,
    /// The client's PID.
    pid: u64,
    /// The present transfer.
    pub transfer: usize,
    /// The client of the present transfer.
    pub client: Sending<L>,
    /// The server's session for the PID.
    server: Serving<L>,
    /// The channel from the client.
    pub to_server: Channel,
    /// The channel from the server.
    pub to_client: Channel,
    /// The client's nonces of messages that the server has handed to its writer.
    pub unwritten: Vec<u64>,
    /// Each nonce that the client has drawn, and for which transfer.
    drawn: Vec<(u64, usize)>,
    /// How often each message was completed.
    completed: [u8; MESSAGES.len()],
    /// How often each message was written.
    pub written: [u8; MESSAGES.len()],
    /// Whether the server has forgotten the PID.
    pub forgot: bool,
    /// The broken property.
    pub broken: Option<(Property, &'static str)>,
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

impl Rules {
    /// Returns the lane that the client may use in this transfer.
    fn lane_of(&self, transfer: usize) -> Lane {
        self.later.filter(|_| transfer > 0).unwrap_or(self.lane)
    }
}

impl<L: Link> World<L> {
    /// Returns the start of the transfer `transfer` of process `pid`.
    pub fn new(pid: u64, transfer: usize, rules: Rules) -> Self {
        let mut world = Self {
            rules,
            pid,
            transfer,
            client: Sending::new(transfer, rules.lane_of(transfer)),
            server: Serving::none(),
            to_server: Channel::with_room(rules.room),
            to_client: Channel::with_room(rules.room),
            unwritten: Vec::new(),
            drawn: Vec::new(),
            completed: [0; MESSAGES.len()],
            written: [0; MESSAGES.len()],
            forgot: false,
            broken: None,
        };
        world.renew();
        world
    }

    /// Lets the client send its next signal, after its timeout if it waits; returns whether it sends one, and `None` if this
    /// fate is not possible.
    pub fn client_sends(&mut self, fate: Fate) -> Option<bool> {
        if self.client.client.is_held() && self.client.goes_on() {
            self.fail(Property::Pause, "the client sends bits that are withheld");
        }
        let client = &mut self.client.client;
        let next = match client.poll(0) {
            // A client takes the pending signals before it repeats anything, so no greeting is older than all of its repetitions.
            Move::Wait(_) if client.phase() == 2 && self.to_client.holds(kind::GREETED) => {
                return None;
            }
            Move::Wait(until) => client.poll(until),
            other => other,
        };
        let Move::Send(signal) = next else {
            self.renew();
            return (fate == Fate::Sent).then_some(false);
        };
        let queues = signal.number == REAL_TIME;
        let accepted = match fate {
            Fate::Sent => self.to_server.send(signal),
            Fate::Lost => true,
            Fate::LostStandard if !queues => true,
            Fate::Refused if queues => false,
            Fate::LostStandard | Fate::Refused => return None,
        };
        if !accepted {
            client.no_room(0);
        }
        self.renew();
        Some(true)
    }

    /// Lets the client react to a signal.
    pub fn client_receives(&mut self, signal: Signal) {
        let before = self.client.ended();
        // A wait in bits may be older than the ok that was taken before it.
        let has_leave = !self.client.client.uses_words() && self.client.goes_on();
        self.client.client.receive(0, signal);
        self.renew();
        match self.client.ended() {
            Some(Ended::Delivered) if before.is_none() && self.written[self.transfer] == 0 => {
                self.fail(
                    Property::Agreement,
                    "a message that is not written is reported as delivered",
                );
            }
            Some(Ended::Broken) if !self.may_restart_in_vain() => {
                self.fail(Property::Delivery, "the client gives up")
            }
            Some(Ended::Mismatch) if !self.rules.guesses => {
                self.fail(Property::Delivery, "the client gives up after mismatches");
            }
            Some(Ended::Forgotten) if !self.forgot => {
                self.fail(Property::Delivery, "the server forgot a transfer");
            }
            _ => {}
        }
        let is_wait = signal.packet.is_some_and(|packet| {
            packet.kind() == Some(kind::WAIT) && packet.more[0] == self.client.client.nonce()
        });
        if is_wait && self.client.client.phase() == 2 && self.client.goes_on() && !has_leave {
            self.fail(Property::Pause, "the client goes on although it is to wait");
        }
    }

    /// Lets the client react to a signal of a third process.
    pub fn client_is_deceived(&mut self, signal: Signal) {
        let before = self.client.clone();
        self.client_receives(signal);
        if self.client != before {
            self.fail(
                Property::Noninterference,
                "a third process changes the client",
            );
        }
    }

    /// Lets the server react to a signal of the client.
    pub fn server_receives(&mut self, signal: Signal, lost: bool) {
        let reaction = self.handle(signal);
        self.react(signal, reaction, lost);
    }

    /// Lets the server react to a signal that a third process sends in the client's name.
    pub fn server_is_deceived(&mut self, signal: Signal) {
        let before = self.server.clone();
        let reaction = self.handle(signal);
        let has_opened = self.server.nonce() != before.nonce();
        let is_request = signal
            .packet
            .is_some_and(|packet| matches!(packet.kind(), Some(kind::HELLO | kind::OPEN)));
        if has_opened {
            self.fail(Property::Identity, "a third process opens a transfer");
        }
        let is_changed = self.server.is_changed(&before);
        if is_request && is_changed {
            self.fail(Property::Bounded, "an unproven request changes the session");
        } else if is_changed && !self.rules.guesses {
            self.fail(
                Property::Noninterference,
                "a third process changes the session",
            );
        }
        self.react(signal, reaction, false);
    }

    /// Returns whether a signal that a third process sends in the client's name has any effect.
    pub fn may_deceive_server(&self, signal: Signal) -> bool {
        let key = L::session_key(self.pid);
        self.server.is_affected_by(key, self.rules.lane, signal)
    }

    /// Returns whether a signal that a third process sends in the server's name has any effect.
    pub fn may_deceive_client(&self, signal: Signal) -> bool {
        let mut client = self.client.client.clone();
        client.receive(0, signal);
        client.fingerprint() != self.client.fingerprint()
    }

    /// Lets the server send the reply that it owes for bits.
    pub fn reply(&mut self, lost: bool) {
        if let Some((number, packet)) = self.server.reply() {
            self.answer(number, Some(packet), lost);
        }
    }

    /// Returns whether the server owes a reply for bits.
    pub fn owes(&self) -> bool {
        self.server.owes()
    }

    /// Lets the writer finish the oldest message.
    pub fn write(&mut self, lost: bool) {
        let nonce = self.unwritten.remove(0);
        if let Some(transfer) = self.transfer_of(nonce) {
            self.written[transfer] += 1;
        }
        let number = self.server.unasked();
        let reply = self.server.written(nonce);
        self.answer(number, reply, lost);
    }

    /// Gives the client its turn.
    pub fn release(&mut self, lost: bool) {
        let number = self.server.unasked();
        let reply = self.server.release();
        self.answer(number, reply, lost);
    }

    /// Takes the turn from the client, or lets it go on with its next request.
    pub fn hold(&mut self, is_held: bool) {
        self.server.hold(is_held);
    }

    /// Returns whether the signal is a request of the message that is under way.
    pub fn is_proven(&self, signal: &Signal) -> bool {
        self.in_message() && self.server.is_proven(signal)
    }

    /// Returns whether the server is in the middle of a message.
    pub fn in_message(&self) -> bool {
        self.server.in_message()
    }

    /// Withholds the bits of the client, or lets it go on.
    pub fn hold_client(&mut self, is_held: bool) {
        self.client.client.hold(is_held);
        self.renew();
    }

    /// Ends the client, in any state, and starts the next one.
    pub fn succeed(&mut self) {
        self.transfer += 1;
        self.client = Sending::new(self.transfer, self.rules.lane_of(self.transfer));
        self.renew();
    }

    /// Makes the server forget all state of the client.
    pub fn forget(&mut self) {
        self.server = Serving::none();
        self.forgot = true;
    }

    /// Returns whether nothing is on its way that could open the transfer again, or would make the client do so.
    pub fn may_forget(&self) -> bool {
        let client = &self.client.client;
        let is_answered = !client.uses_words() || client.acknowledged() > 0;
        !self.forgot && self.to_server.is_empty() && is_answered
    }

    /// Returns the index of the bit or word that is due.
    pub fn due(&self) -> u64 {
        self.server.due()
    }

    /// Returns the number of bits or words of the present frame.
    pub fn end(&self) -> u64 {
        let bytes = MESSAGES[self.transfer].len() as u64 + 2;
        if self.client.client.uses_words() {
            bytes.div_ceil(32)
        } else {
            8 * bytes
        }
    }

    /// Returns what words carry of the server's nonce, if a third process has guessed it.
    pub fn guessed_proof(&self) -> Option<u32> {
        let nonce = self.server.nonce().filter(|_| self.rules.guesses)?;
        Some(greet::<L>(self.pid, nonce) as u32)
    }

    /// Renumbers the serials, of which only the order matters, and only among those in flight: else they would make the states
    /// endlessly many.
    pub fn normalise(&mut self) {
        let marks = self.client.client.serials();
        let is_after = |a: u8, b: u8| a.wrapping_sub(b) as i8 > 0;
        let label = |serial: u8| {
            marks
                .iter()
                .filter(|mark| !is_after(**mark, serial))
                .count() as u8
        };
        self.client.client.relabel(&label);
        self.server.relabel(&label);
        self.to_server.relabel(&[kind::BIT], &label);
        self.to_client.relabel(&[kind::OK, kind::WAIT], &label);
        self.client.client.normalise();
        self.client.renew();
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

    /// Goes on without faults until the server has taken this number of bits or words.
    pub fn advance_to(&mut self, due: u64) {
        while self.due() < due {
            self.one_round_without_faults();
        }
        self.normalise();
    }

    fn one_round_without_faults(&mut self) {
        let mut idle = !self.server_works();
        idle &= !self.client_works();
        while self.client.sends_at_once() {
            self.client_sends(Fate::Sent);
            self.server_works();
            idle = false;
        }
        if idle {
            self.client_sends(Fate::Sent);
        }
    }

    /// Lets the server do all that it has to do; returns whether there was anything.
    fn server_works(&mut self) -> bool {
        let mut works = false;
        deliver_all(&mut self.to_server);
        while let Some(signal) = self.to_server.take() {
            self.server_receives(signal, false);
            works = true;
        }
        self.release(false);
        self.reply(false);
        while !self.unwritten.is_empty() {
            self.write(false);
            works = true;
        }
        works
    }

    fn client_works(&mut self) -> bool {
        let mut works = false;
        deliver_all(&mut self.to_client);
        while let Some(signal) = self.to_client.take() {
            self.client_receives(signal);
            works = true;
        }
        works
    }

    fn handle(&mut self, signal: Signal) -> Reaction {
        if self.rules.deaf && signal.number == REAL_TIME {
            return Reaction::default();
        }
        let key = L::session_key(self.pid);
        self.server.handle(key, self.rules.lane, signal)
    }

    fn react(&mut self, signal: Signal, reaction: Reaction, lost: bool) {
        let nonce = self.server.nonce().unwrap_or(0);
        if nonce != 0 && self.transfer_of(nonce).is_none() {
            self.fail(
                Property::Identity,
                "a transfer is open that the client did not open",
            );
        }
        if reaction.rejected && !self.rules.guesses {
            self.fail(Property::Delivery, "a message is rejected");
        }
        if let Some(payload) = reaction.complete {
            self.unwritten.push(nonce);
            match self.transfer_of(nonce).filter(|t| MESSAGES[*t] == payload) {
                Some(transfer) => {
                    self.completed[transfer] += 1;
                    if self.completed[transfer] > 1 {
                        self.fail(Property::Integrity, "a message is delivered twice");
                    }
                }
                None => self.fail(
                    Property::Integrity,
                    "something is delivered that nobody sent",
                ),
            }
        }
        let number = self.server.number_of_reply(signal);
        self.answer(number, reaction.reply, lost);
    }

    fn answer(&mut self, number: usize, reply: Option<Packet>, lost: bool) {
        if let Some(packet) = reply
            && !lost
        {
            let packet = Some(packet);
            self.to_client.send(Signal { number, packet });
        }
    }

    /// Returns whether late signals may use up all of the client's attempts: an open that was pending ends a later transfer.
    fn may_restart_in_vain(&self) -> bool {
        self.rules.lane_of(self.transfer) == Lane::Bits && (self.forgot || self.transfer > 0)
    }

    fn transfer_of(&self, nonce: u64) -> Option<usize> {
        let drawn = self.drawn.iter().find(|(drawn, _)| *drawn == nonce);
        drawn.map(|(_, transfer)| *transfer)
    }

    fn renew(&mut self) {
        self.client.renew();
        let nonce = self.client.client.nonce();
        if !self.drawn.contains(&(nonce, self.transfer)) {
            self.drawn.push((nonce, self.transfer));
        }
    }

    /// Returns whether the property is checked.
    pub fn checks(&self, property: Property) -> bool {
        self.rules.only.is_none_or(|only| only == property)
    }

    fn fail(&mut self, property: Property, why: &'static str) {
        if self.checks(property) {
            self.broken.get_or_insert((property, why));
        }
    }
}

fn deliver_all(channel: &mut Channel) {
    for number in [0, 1, REAL_TIME] {
        while channel.is_pending(number) {
            channel.deliver(number);
        }
    }
}

/// Returns the nonce with which the server answers a hello of process `pid`.
pub fn greet<L: Link>(pid: u64, client: u64) -> u64 {
    let hello = Packet::new(kind::HELLO, 0, 2, [client, 0]);
    let mut server = L::Server::new(L::session_key(pid), Lane::Bits);
    let signal = Signal {
        number: 0,
        packet: Some(hello),
    };
    server
        .receive(signal)
        .reply
        .map_or(0, |reply| reply.more[1])
}

//! Whole messages through a channel that treats signals as the kernel does, and worse: strays that swallow, delays, pauses,
//! full rings, queues without room. One seed determines each schedule.

use crate::adversary::Adversary;
use crate::channel::Channel;
use crate::link::{Client, Ended, Lane, Link, Move, Packet, REAL_TIME, Server, Signal, kind};

const SECOND: u64 = 1_000_000_000;

/// A foreign signal, which takes a place and has no meaning.
const STRAY: Packet = Packet::new(0xFF, 0, 0, [0; 2]);

/// The client's PID.
const PID: u64 = 1;

/// The result of a schedule.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Whether the last message was sent in bits to its end.
    pub in_bits: bool,
}

/// The length of a ring above which words are no longer delivered together with other pending signals: otherwise a storm would
/// only fill the ring.
const RING: usize = 8;

/// Runs the schedule `seed`: several clients of one PID, most of which die, and a last one that does not.
///
/// # Errors
/// The broken guarantee.
pub fn run<L: Link>(seed: u64, lane: Lane) -> Result<Outcome, String> {
    let mut world = Simulation::<L>::new(seed, lane);
    let clients = 1 + world.random.below(4);
    for n in 1..=clients {
        let message = world.message();
        let patience = if n == clients {
            300_000
        } else {
            world.random.below(3000)
        };
        let told = world.transfer(message, n, patience)?;
        if n == clients && !told {
            return Err("the last client was never told".to_owned());
        }
    }
    Ok(Outcome {
        in_bits: world.in_bits,
    })
}

/// Returns bytes with long runs of one bit, and without.
const PAYLOAD: &[u8] = b"\x00\xFFa\x55\xAA\x00\xFB\x01\x80\x7Fz\x00";

/// Enough bytes for eleven words, all different; the frozen frame holds no more than 255.
static LONG: [u8; 250] = {
    let mut bytes = [0; 250];
    let mut i = 0;
    while i < bytes.len() {
        bytes[i] = (i / 8 + i % 8 * 31) as u8;
        i += 1;
    }
    bytes
};

struct Simulation<L: Link> {
    lane: Lane,
    in_bits: bool,
    /// The maximum room for real-time signals, of which other processes of this user take some now and then.
    room: usize,
    /// Whether the server ignores the real-time signal.
    deaf: bool,
    random: Random,
    storm: u64,
    lowest_first: bool,
    now: u64,
    adversary: Option<Adversary>,
    server: Option<L::Server>,
    /// Whether the transfer was opened on the real-time signal.
    is_queued: bool,
    /// The signal that the server took last.
    via: usize,
    to_server: Channel,
    to_client: Channel,
    /// Each client's nonce so far, the client that drew it, and its message.
    sent: Vec<(u64, u64, &'static [u8])>,
    unwritten: Vec<u64>,
    completed: Vec<u64>,
    written: Vec<u64>,
}

impl<L: Link> Simulation<L> {
    fn new(seed: u64, lane: Lane) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let storm = if random.chance(50) {
            random.below(60)
        } else {
            0
        };
        let lowest_first = random.chance(50);
        let (mut room, mut deaf) = (0, false);
        if lane != Lane::Bits {
            let most = [2, 8, 100][random.below(3) as usize];
            room = 1 + random.below(most) as usize;
            deaf = lane == Lane::Either && random.chance(15);
        }
        let adversary = random.chance(30).then(Adversary::new::<L>);
        Self {
            lane,
            adversary,
            in_bits: false,
            room,
            deaf,
            random,
            storm,
            lowest_first,
            now: 0,
            server: None,
            is_queued: false,
            via: 0,
            to_server: Channel::with_room(room),
            to_client: Channel::with_room(room),
            sent: Vec::new(),
            unwritten: Vec::new(),
            completed: Vec::new(),
            written: Vec::new(),
        }
    }

    fn message(&mut self) -> &'static [u8] {
        if self.lane == Lane::Words && self.random.chance(30) {
            return &LONG[..self.random.below(LONG.len() as u64) as usize];
        }
        &PAYLOAD[..self.random.below(12) as usize]
    }

    /// Runs a client, which is killed after `patience` steps; returns whether it was notified of the delivery before.
    fn transfer(
        &mut self,
        message: &'static [u8],
        number: u64,
        patience: u64,
    ) -> Result<bool, String> {
        // Signals of one lane overtake those of the other.
        let is_in_bits = self.lane == Lane::Either && self.random.chance(30);
        let lane = if is_in_bits { Lane::Bits } else { self.lane };
        let mut client = L::Client::new(message, [0xC11E, number], u64::MAX, lane);
        for _ in 0..patience {
            self.disturb(&mut client)?;
            if !self.sent.iter().any(|(nonce, ..)| *nonce == client.nonce()) {
                self.sent.push((client.nonce(), number, message));
            }
            match self.random.below(6) {
                // As in the model: a client takes the pending signals before it repeats anything.
                0 | 1 if client.phase() == 2 && self.to_client.holds(kind::GREETED) => {}
                0 | 1 => match client.poll(self.now) {
                    Move::Send(signal) => {
                        self.in_bits = client.phase() == 2 && !client.uses_words();
                        if !self.to_server.send(signal) {
                            client.no_room(self.now);
                        }
                    }
                    Move::Wait(_) => {}
                    Move::End(Ended::Delivered) if self.written.contains(&number) => {
                        return Ok(true);
                    }
                    Move::End(ended) => return Err(format!("client {number} ends: {ended:?}")),
                },
                // If more arrives at a time, more is taken out.
                2 if self.lane != Lane::Bits => {
                    for _ in 0..2 {
                        self.server()?;
                    }
                }
                2 => self.server()?,
                3 => self.writer(),
                4 => {
                    let numbers = if self.lane == Lane::Bits { 2 } else { 3 };
                    let any = self.random.below(numbers) as usize;
                    for channel in [&mut self.to_server, &mut self.to_client] {
                        if self.lowest_first {
                            channel.deliver(usize::from(!channel.is_pending(0)));
                            // The kernel continues with the next number before the process runs.
                            if channel.in_ring() < RING {
                                channel.deliver(REAL_TIME);
                            }
                        } else {
                            channel.deliver(any);
                        }
                    }
                }
                _ => {
                    let most = if self.lane == Lane::Bits { 1 } else { 2 };
                    for signal in (0..most).map_while(|_| self.to_client.take()) {
                        client.receive(self.now, signal);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Lets time pass, with strays, and stops a process for a while.
    fn disturb(&mut self, client: &mut L::Client) -> Result<(), String> {
        self.now += self.random.below(SECOND / 1000);
        for channel in [&mut self.to_server, &mut self.to_client] {
            if self.random.chance(self.storm) {
                let number = self.random.below(2) as usize;
                channel.send(Signal {
                    number,
                    packet: Some(STRAY),
                });
            }
            if self.lane != Lane::Bits && self.random.chance(5) {
                channel.set_room(self.random.below(self.room as u64 + 1) as usize);
            }
        }
        if self.random.chance(1) {
            self.now += self.random.below(10) * SECOND;
        }
        let Some(adversary) = &self.adversary else {
            return Ok(());
        };
        if self.random.chance(20) {
            let due = self.server.as_ref().map_or(0, Server::due);
            let signals = adversary.to_server(due, None);
            let signal = signals[self.random.below(signals.len() as u64) as usize];
            self.handle(signal)?;
        }
        let Some(adversary) = &self.adversary else {
            return Ok(());
        };
        if self.random.chance(20) {
            let end = client.acknowledged() + self.random.below(16);
            let signals = adversary.to_client(end);
            client.receive(
                self.now,
                signals[self.random.below(signals.len() as u64) as usize],
            );
        }
        Ok(())
    }

    fn server(&mut self) -> Result<(), String> {
        match self.random.below(20) {
            0 => {
                self.server.iter_mut().for_each(|server| server.hold(true));
            }
            1..4 => {
                let reply = self.server.as_mut().and_then(Server::release);
                self.answer(self.unasked(), reply);
            }
            _ => {}
        }
        match self.to_server.take() {
            Some(signal) => self.handle(signal)?,
            None => self.reply(),
        }
        if self.random.chance(30) {
            self.reply();
        }
        Ok(())
    }

    /// Lets the server send the reply that it owes for bits.
    fn reply(&mut self) {
        let reply = self.server.as_mut().and_then(Server::poll);
        let number = if self.is_queued { REAL_TIME } else { self.via };
        self.answer(number, reply);
    }

    fn handle(&mut self, signal: Signal) -> Result<(), String> {
        if self.deaf && signal.number == REAL_TIME {
            return Ok(());
        }
        let is_kept = self.server.is_some() || signal.packet.is_none();
        let new = || L::Server::new(L::session_key(PID), self.lane);
        let mut server = self.server.take().unwrap_or_else(new);
        let before = server.client_nonce();
        let reaction = server.receive(signal);
        let nonce = server.client_nonce();
        if nonce != before {
            self.is_queued = signal.number == REAL_TIME;
        }
        if server.owes() {
            self.via = signal.number % REAL_TIME;
        }
        self.server = (is_kept || nonce != 0).then_some(server);
        if reaction.rejected {
            return Err("a message is rejected".to_owned());
        }
        if let Some(payload) = reaction.complete {
            let sent = self.sent.iter().find(|(sent, ..)| *sent == nonce);
            let Some((_, number, _)) = sent.filter(|(.., message)| *message == payload) else {
                return Err("something is delivered that nobody sent".to_owned());
            };
            if self.completed.contains(number) {
                return Err(format!("the message of client {number} is delivered twice"));
            }
            self.completed.push(*number);
            self.unwritten.push(nonce);
        }
        let is_bit = signal
            .packet
            .is_some_and(|packet| packet.kind() == Some(kind::BIT));
        let number = if is_bit && self.is_queued {
            REAL_TIME
        } else {
            signal.number
        };
        self.answer(number, reaction.reply);
        Ok(())
    }

    fn writer(&mut self) {
        if !self.unwritten.is_empty() && self.random.chance(50) {
            let nonce = self.unwritten.remove(0);
            let sent = self.sent.iter().find(|(sent, ..)| *sent == nonce);
            self.written.extend(sent.map(|(_, number, _)| *number));
            let reply = self
                .server
                .as_mut()
                .and_then(|server| server.written(nonce));
            self.answer(self.unasked(), reply);
        }
    }

    /// Returns the signal of replies for which the client has not just asked.
    fn unasked(&self) -> usize {
        match &self.server {
            Some(server) if self.is_queued || server.uses_words() => REAL_TIME,
            _ => 0,
        }
    }

    fn answer(&mut self, number: usize, reply: Option<Packet>) {
        if reply.is_some() {
            self.to_client.send(Signal {
                number,
                packet: reply,
            });
        }
    }
}

/// Advances xorshift64*, which is good enough for schedules and the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

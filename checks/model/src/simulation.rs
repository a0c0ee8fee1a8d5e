//! Whole messages through a channel that treats signals as the kernel does, and worse: strays that swallow, delays, pauses,
//! full rings, queues without room. One seed determines each schedule.

use crate::channel::Channel;
use crate::link::{Client, Ended, Lane, Link, Move, Phase, REAL_TIME, Server, Signal};

const SECOND: u64 = 1_000_000_000;

/// A foreign signal, which takes a place and has no meaning.
const STRAY: u64 = 0xFF << 56;

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
        let told = world.transfer(message, n as u16, patience)?;
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

/// Returns enough bytes for several windows of words, all different.
static LONG: [u8; 1000] = {
    let mut bytes = [0; 1000];
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
    server: L::Server,
    to_server: Channel,
    to_client: Channel,
    /// The tag and the content of each transfer so far.
    sent: Vec<(u16, &'static [u8])>,
    unwritten: Vec<u16>,
    completed: Vec<u16>,
    written: Vec<u16>,
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
        Self {
            lane,
            in_bits: false,
            room,
            deaf,
            random,
            storm,
            lowest_first,
            now: 0,
            server: L::Server::new(lane),
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
        tag: u16,
        patience: u64,
    ) -> Result<bool, String> {
        self.sent.push((tag, message));
        let mut client = L::Client::new(message, tag, u64::MAX, self.lane);
        for _ in 0..patience {
            self.disturb();
            match self.random.below(6) {
                0 | 1 => match client.poll(self.now) {
                    Move::Send(signal) => {
                        self.in_bits = client.phase() == Phase::Bits;
                        if !self.to_server.send(signal) {
                            client.no_room(self.now);
                        }
                    }
                    Move::Wait(_) => {}
                    Move::End(Ended::Delivered) if self.written.contains(&tag) => return Ok(true),
                    Move::End(ended) => return Err(format!("the client of {tag} ends: {ended:?}")),
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
    fn disturb(&mut self) {
        self.now += self.random.below(SECOND / 1000);
        for channel in [&mut self.to_server, &mut self.to_client] {
            if self.random.chance(self.storm) {
                let number = self.random.below(2) as usize;
                channel.send(Signal {
                    number,
                    value: Some(STRAY),
                    errno: 0,
                });
            }
            if self.lane != Lane::Bits && self.random.chance(5) {
                channel.set_room(self.random.below(self.room as u64 + 1) as usize);
            }
        }
        if self.random.chance(1) {
            self.now += self.random.below(10) * SECOND;
        }
    }

    fn server(&mut self) -> Result<(), String> {
        match self.random.below(20) {
            0 => self.server.hold(),
            1..4 => {
                let answer = self.server.release();
                self.answer(answer);
            }
            _ => {}
        }
        let Some(signal) = self.to_server.take() else {
            return Ok(());
        };
        if self.deaf && signal.number == REAL_TIME {
            return Ok(());
        }
        let reply = self.server.receive(signal);
        if reply.rejected {
            return Err("a message is rejected".to_owned());
        }
        if let Some(payload) = reply.complete {
            let tag = self.server.tag();
            if !self.sent.contains(&(tag, &payload)) {
                return Err("something is delivered that nobody sent".to_owned());
            }
            if self.completed.contains(&tag) {
                return Err(format!("the message of {tag} is delivered twice"));
            }
            self.completed.push(tag);
            self.unwritten.push(tag);
        }
        self.answer(reply.answer);
        Ok(())
    }

    fn writer(&mut self) {
        if !self.unwritten.is_empty() && self.random.chance(50) {
            let tag = self.unwritten.remove(0);
            self.written.push(tag);
            let answer = self.server.settle(tag);
            self.answer(answer);
        }
    }

    fn answer(&mut self, answer: Option<Signal>) {
        if let Some(answer) = answer {
            self.to_client.send(answer);
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

//! Whole messages through a channel that does what the kernel does to standard signals, and worse: strays that swallow,
//! delays, pauses, rings that fill. Every schedule comes from one number.

use crate::channel::Channel;
use crate::link::{Client, Ended, Link, Move, Server, Signal};

const SECOND: u64 = 1_000_000_000;

/// A signal of somebody else: it keeps a place, and means nothing.
const STRAY: u64 = 0xFF << 56;

/// Runs the schedule `seed`: some clients of one PID, most of which die on the way, and a last one that does not.
///
/// # Errors
/// The promise that was broken.
pub fn run<L: Link>(seed: u64) -> Result<(), String> {
    let mut world = Simulation::<L>::new(seed);
    let clients = 1 + world.random.below(4);
    for n in 1..=clients {
        let message: &'static [u8] = &PAYLOAD[..world.random.below(12) as usize];
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
    Ok(())
}

/// Bytes with long runs of one bit, and without.
const PAYLOAD: &[u8] = b"\x00\xFFa\x55\xAA\x00\xFB\x01\x80\x7Fz\x00";

struct Simulation<L: Link> {
    random: Random,
    storm: u64,
    lowest_first: bool,
    now: u64,
    server: L::Server,
    to_server: Channel,
    to_client: Channel,
    /// Name and content of each transfer so far.
    sent: Vec<(u16, &'static [u8])>,
    unwritten: Vec<u16>,
    completed: Vec<u16>,
    written: Vec<u16>,
}

impl<L: Link> Simulation<L> {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let storm = if random.chance(50) {
            random.below(60)
        } else {
            0
        };
        let lowest_first = random.chance(50);
        Self {
            random,
            storm,
            lowest_first,
            now: 0,
            server: L::Server::new(),
            to_server: Channel::default(),
            to_client: Channel::default(),
            sent: Vec::new(),
            unwritten: Vec::new(),
            completed: Vec::new(),
            written: Vec::new(),
        }
    }

    /// Gives up after `patience` steps, as a process that is killed would; returns whether it was told before.
    fn transfer(
        &mut self,
        message: &'static [u8],
        tag: u16,
        patience: u64,
    ) -> Result<bool, String> {
        self.sent.push((tag, message));
        let mut client = L::Client::new(message, tag, u64::MAX);
        for _ in 0..patience {
            self.disturb();
            match self.random.below(6) {
                0 | 1 => match client.poll(self.now) {
                    Move::Send(signal) => {
                        self.to_server.send(signal);
                    }
                    Move::Wait(_) => {}
                    Move::End(Ended::Delivered) if self.written.contains(&tag) => return Ok(true),
                    Move::End(ended) => return Err(format!("the client of {tag} ends: {ended:?}")),
                },
                2 => self.server()?,
                3 => self.writer(),
                4 => {
                    let any = self.random.below(2) as usize;
                    for channel in [&mut self.to_server, &mut self.to_client] {
                        let lowest = usize::from(!channel.is_pending(0));
                        channel.deliver(if self.lowest_first { lowest } else { any });
                    }
                }
                _ => {
                    if let Some(signal) = self.to_client.take() {
                        client.hear(self.now, signal);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Time passes, strays come, a process is stopped for a while.
    fn disturb(&mut self) {
        self.now += self.random.below(SECOND / 1000);
        for channel in [&mut self.to_server, &mut self.to_client] {
            if self.random.chance(self.storm) {
                let number = self.random.below(2) as usize;
                channel.send(Signal {
                    number,
                    value: Some(STRAY),
                });
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
        let reply = self.server.hear(signal);
        if reply.rejected {
            return Err("a message is rejected".to_owned());
        }
        if let Some((payload, framed)) = reply.complete {
            let tag = self.server.tag();
            if !framed || !self.sent.contains(&(tag, &payload)) {
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

/// xorshift64*: enough for schedules, and the same everywhere.
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

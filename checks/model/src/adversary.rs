//! A third process that may send all that it can know.
//!
//! It sends to either end in the name of the other, whenever it likes. It knows each number that it drew or was sent itself,
//! and two that it may guess; not the numbers that were sent to another process. Its signals take effect at once: one that waits
//! is one that is sent later, and one that swallows another is a loss, which the model has anyway.
//!
//! That it knows a number which it was not sent is the definition of a nonce drawn from too few.

use crate::link::{Link, Packet, REAL_TIME, Signal, kind};
use crate::world::greet;

/// The PID of the third process.
const PID: u64 = 2;

/// A nonce that it draws itself.
const OWN: u64 = 0xADAD;

/// The clients' nonces that it knows: two that are guessed soon, and its own.
const CLIENTS: [u64; 3] = [0, 1, OWN];

/// A third process.
#[derive(Clone, Debug)]
pub struct Adversary {
    /// The servers' nonces that it knows: two that are guessed soon, and the one that was sent to it.
    known: [u64; 3],
    /// The frame of its own message, in the transfer that the server has greeted it for.
    frame: Vec<u8>,
}

impl Adversary {
    /// Returns a third process that has asked the server for a nonce in its own name.
    pub fn new<L: Link>() -> Self {
        let sent = greet::<L>(PID, OWN);
        Self {
            known: [0, 1, sent],
            frame: L::frame(b"forged", [OWN, sent]),
        }
    }

    /// Returns the signals that it may send to the server, in the client's name: bits and words that are `due`.
    pub fn to_server(&self, due: u64, guessed: Option<u32>) -> Vec<Signal> {
        let mut signals = Vec::with_capacity(64);
        for number in [0, 1, REAL_TIME] {
            signals.push(hello(number, OWN));
        }
        for client in CLIENTS {
            for server in self.known {
                let nonces = [client, server];
                for in_words in [0, 1] {
                    let open = Packet::new(kind::OPEN, 0, in_words, nonces);
                    signals.push(valued([0, REAL_TIME][in_words as usize], open));
                }
                for (number, index) in [(0, due), (1, due), (1, due + 1)] {
                    let bit = Packet::new(kind::BIT, 1 << 15, index, nonces);
                    signals.push(valued(number, bit));
                }
            }
        }
        let proofs = self.known.iter().map(|nonce| *nonce as u32);
        for proof in proofs.chain(guessed) {
            let word = Packet::word(due as u32, proof, &self.frame);
            signals.push(valued(REAL_TIME, word));
        }
        signals
    }

    /// Returns the signals that it may send to the client, in the server's name: up to the `end` of the frame.
    pub fn to_client(&self, end: u64) -> Vec<Signal> {
        let mut signals = Vec::with_capacity(32);
        for client in CLIENTS {
            for (kind, number) in [
                (kind::GREETED, 0),
                (kind::GREETED, 1),
                (kind::OK, 0),
                (kind::OK, 1),
                (kind::OK, end),
                (kind::WAIT, 0),
                (kind::DELIVERED, end),
                // The checksum, and the output.
                (kind::REJECTED, 1),
                (kind::REJECTED, 8),
            ] {
                let packet = Packet::new(kind, 0, number, [client, OWN]);
                signals.push(valued(0, packet));
            }
        }
        signals
    }
}

fn hello(number: usize, client: u64) -> Signal {
    valued(number, Packet::new(kind::HELLO, 0, 2, [client, 0]))
}

fn valued(number: usize, packet: Packet) -> Signal {
    Signal {
        number,
        packet: Some(packet),
    }
}

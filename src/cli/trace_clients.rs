//! The clients of a trace, and their bytes from their bits.

use std::fmt::Write;
use std::time::Duration;

use minitalk::dialect::{Dialect, Order};
use minitalk::internals::process::pid::{Pid, PidMap};
use minitalk::wire::bits::Bit;

/// Bytes of a frame before its text: magic number, version and length.
const HEADER: u64 = 6;

/// The most clients whose bytes are followed.
pub const MAX_CLIENTS: usize = 4096;

/// The clients that are sending a message.
#[derive(Default)]
pub struct Clients(PidMap<ClientBytes>);

impl Clients {
    /// Returns the state of the client `pid`.
    ///
    /// At the limit it forgets clients, those with attested signals last: the server does not report the end of a claimed PID.
    pub fn get(&mut self, pid: Pid) -> &mut ClientBytes {
        if self.0.len() >= MAX_CLIENTS && !self.0.contains_key(&pid) {
            self.0.retain(|_, client| client.is_attested);
            if self.0.len() >= MAX_CLIENTS {
                self.0.clear();
            }
        }
        self.0.entry(pid).or_default()
    }

    /// Returns whether the bit `index` of a frame is the next one of the client `pid`.
    pub fn is_next_bit(&self, pid: Pid, index: u64) -> bool {
        let client = self.0.get(&pid);
        client.is_some_and(|client| client.is_framed && client.next() == index)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn remove(&mut self, pid: Pid) {
        self.0.remove(&pid);
    }
}

/// The message that a client is sending.
#[derive(Default)]
pub struct ClientBytes {
    /// Whether the kernel attested a signal of the client.
    pub is_attested: bool,
    pub dialect: Option<Dialect>,
    /// Whether the client said hello, so that a frame follows.
    is_framed: bool,
    /// The bits of the unfinished byte, in the order in which they arrived.
    bits: Vec<bool>,
    /// Whether the signal that opens a handshake has arrived.
    has_greeted: bool,
    /// The length of a frame, as far as it has arrived.
    length: u32,
    bytes: u64,
    /// The pause before the first bit of the unfinished byte.
    pause: Option<Duration>,
}

impl ClientBytes {
    /// Returns the state after a hello.
    pub fn of_frame() -> Self {
        Self {
            is_framed: true,
            ..Self::default()
        }
    }

    /// Returns the index of the next bit.
    pub fn next(&self) -> u64 {
        8 * self.bytes + self.bits.len() as u64
    }

    /// Adds a bit. Returns what to print and the pause before the byte; `None` before the end of a byte, unless `every_signal`.
    pub fn push(
        &mut self,
        dialect: &Dialect,
        signal: Bit,
        pause: Duration,
        every_signal: bool,
    ) -> Option<(String, Duration)> {
        if dialect.hello && !self.has_greeted && !self.is_framed {
            self.has_greeted = true;
            return Some(("asks for the turn".into(), pause));
        }
        let pause = *self.pause.get_or_insert(pause);
        self.bits.push(dialect.is_one(signal));
        let bits = self.bits.iter().map(|bit| if *bit { '1' } else { '0' });
        let mut what: String = bits.collect();
        if self.bits.len() < 8 {
            return every_signal.then_some((what, pause));
        }
        let in_head = !self.is_framed && self.bytes < u64::from(dialect.head.width().unwrap_or(0));
        let order = if in_head {
            dialect.head_order
        } else {
            dialect.order
        };
        let bits = self.bits.drain(..);
        let byte = bits.fold(0u8, |byte, bit| match order {
            Order::Msb => byte << 1 | u8::from(bit),
            Order::Lsb => byte >> 1 | u8::from(bit) << 7,
        });
        let _ = write!(what, "  0x{byte:02x}  {}", self.meaning(byte, in_head));
        self.pause = None;
        Some((what, pause))
    }

    /// Returns the meaning of the next byte of the message.
    fn meaning(&mut self, byte: u8, in_head: bool) -> String {
        let at = self.bytes;
        self.bytes += 1;
        if in_head {
            return "head".into();
        }
        if !self.is_framed {
            return character(byte);
        }
        match at {
            0 => "a frame begins".into(),
            1 => "version".into(),
            2..HEADER => {
                self.length = self.length << 8 | u32::from(byte);
                "length".into()
            }
            _ if at < HEADER + u64::from(self.length) => character(byte),
            _ => "checksum".into(),
        }
    }
}

fn character(byte: u8) -> String {
    match byte {
        0 => "NUL".into(),
        b' ' => "' '".into(),
        byte if byte.is_ascii_graphic() => format!("'{}'", char::from(byte)),
        byte if byte >= 0x80 => "UTF-8".into(),
        byte => byte.escape_ascii().to_string(),
    }
}

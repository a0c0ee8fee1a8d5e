//! The clients of a trace, and their bytes from their bits.

use std::fmt::Write;
use std::iter;
use std::mem;
use std::time::Duration;

use minitalk::dialect::{BitOrder, Dialect, Symbol};
use minitalk::internals::process::pid::{Pid, PidMap};
use minitalk::internals::wire::BitBuffer;
use minitalk::wire::bits::Bit;
use minitalk::wire::control::Nonces;
use minitalk::wire::frame::{HEADER_LEN, MessageKind, REFERENCE_LEN, parse_header};
use minitalk::wire::packet::Packet;
use minitalk::wire::word::{Word, proof};

use super::super::units::count;

/// Limits the clients whose bytes are followed.
pub const MAX_CLIENTS: usize = 4096;

/// Holds the clients that are sending a message.
#[derive(Default)]
pub struct Clients(PidMap<ClientBytes>);

impl Clients {
    /// Returns the state of the client `pid`.
    ///
    /// Forgets clients at the limit, those with attested signals last: the server does not report the end of a claimed PID.
    pub fn get(&mut self, pid: Pid) -> &mut ClientBytes {
        if self.0.len() >= MAX_CLIENTS && !self.0.contains_key(&pid) {
            self.0.retain(|_, client| client.is_attested);
            if self.0.len() >= MAX_CLIENTS {
                self.0.clear();
            }
        }
        self.0.entry(pid).or_default()
    }

    /// Returns the client whose transfer the word proves to be of; `None` if the packet is no word.
    pub fn sender_of(&self, packet: &Packet) -> Option<Pid> {
        let word = Word::from_packet(packet)?;
        let mut all = self.0.iter();
        let (pid, _) = all.find(|(_, client)| client.is_of(&word))?;
        Some(*pid)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn remove(&mut self, pid: Pid) {
        self.0.remove(&pid);
    }
}

/// Holds the message that a client is sending.
#[derive(Default)]
pub struct ClientBytes {
    /// Says whether the kernel attested a signal of the client.
    pub is_attested: bool,
    pub dialect: Option<Dialect>,
    transfer: Option<TracedTransfer>,
    /// Holds the bits of the unfinished byte, in the order in which they arrived.
    bits: Vec<bool>,
    /// Says whether the signal that opens a handshake has arrived.
    has_greeted: bool,
    /// Holds the header of a frame, as far as it has arrived.
    header: u32,
    bytes: u64,
    /// Holds the pause before the first bit of the unfinished byte.
    pause: Option<Duration>,
}

/// Holds the part of a client's open transfer that has arrived.
#[derive(Default)]
struct TracedTransfer {
    nonces: Nonces,
    bits: BitBuffer,
    /// Holds the serial of the latest transmission of a bit that has come.
    serial: u8,
    /// Counts the transmissions before it that have not come.
    lost: u64,
    /// Holds the index of the next word.
    next: u32,
}

impl TracedTransfer {
    /// Counts the transmission `serial`, and those that it shows to be lost.
    fn count(&mut self, serial: u8) {
        match serial.wrapping_sub(self.serial) as i8 {
            // A copy of the latest.
            0 => {}
            ahead @ 1.. => {
                self.serial = serial;
                self.lost += ahead as u64 - 1;
            }
            // It was overtaken: of two pending signals, SIGUSR1 is delivered first.
            _ => self.lost = self.lost.saturating_sub(1),
        }
    }
}

impl ClientBytes {
    /// Begins a transfer, unless it has begun: an opening that is repeated comes after bits.
    pub fn open(&mut self, nonces: Nonces) {
        let open = self.transfer.as_ref();
        if open.is_none_or(|open| open.nonces != nonces) {
            *self = Self {
                transfer: Some(TracedTransfer {
                    nonces,
                    ..TracedTransfer::default()
                }),
                ..Self::default()
            };
        }
    }

    /// Takes bit `index` of the transfer, which was sent as number `serial`.
    ///
    /// Returns the bits of the frame that are in order now; `None` if it is of another transfer or has come before.
    pub fn insert(&mut self, nonces: Nonces, index: u64, serial: u8, bit: Bit) -> Option<Vec<Bit>> {
        let open = self.transfer.as_mut()?;
        if open.nonces != nonces {
            return None;
        }
        open.count(serial);
        let is_new = open.bits.insert(index, bit, serial);
        is_new.then(|| iter::from_fn(|| open.bits.next()).collect())
    }

    /// Returns how many signals with bits were lost since the last call, as a remark.
    pub fn take_lost(&mut self) -> String {
        let lost = self.transfer.as_mut().map(|open| mem::take(&mut open.lost));
        match lost {
            None | Some(0) => String::new(),
            Some(lost) => format!(", {lost} lost before"),
        }
    }

    fn is_of(&self, word: &Word) -> bool {
        let transfer = self.transfer.as_ref();
        transfer.is_some_and(|open| proof(open.nonces.server) == word.proof)
    }

    /// Takes a word of the transfer, and returns a remark if it is not the next.
    pub fn place(&mut self, word: &Word) -> String {
        let is_of = self.is_of(word);
        let Some(open) = self.transfer.as_mut().filter(|_| is_of) else {
            return String::new();
        };
        match word.index.checked_sub(open.next) {
            Some(0) => {
                open.next += 1;
                String::new()
            }
            Some(missing) => format!(", {} missing before", count(missing.into(), "word")),
            None => ", again".into(),
        }
    }

    /// Returns the number of bits so far.
    #[cfg(test)]
    pub fn len(&self) -> u64 {
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
        if dialect.hello && !self.has_greeted && self.transfer.is_none() {
            self.has_greeted = true;
            return Some(("asks for the turn".into(), pause));
        }
        let pause = *self.pause.get_or_insert(pause);
        self.bits.push(dialect.one == Symbol::from(signal));
        let bits = self.bits.iter().map(|bit| if *bit { '1' } else { '0' });
        let mut what: String = bits.collect();
        if self.bits.len() < 8 {
            return every_signal.then_some((what, pause));
        }
        let in_head =
            self.transfer.is_none() && self.bytes < u64::from(dialect.head.width().unwrap_or(0));
        let order = if in_head {
            dialect.head_order
        } else {
            dialect.order
        };
        let bits = self.bits.drain(..);
        let byte = bits.fold(0u8, |byte, bit| match order {
            BitOrder::Msb => byte << 1 | u8::from(bit),
            BitOrder::Lsb => byte >> 1 | u8::from(bit) << 7,
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
        if self.transfer.is_none() {
            return character(byte);
        }
        let Some(at) = at.checked_sub(HEADER_LEN as u64) else {
            self.header = self.header << 8 | u32::from(byte);
            let first = parse_header(self.header << (u32::BITS - 8)).filter(|_| at == 0);
            return match first {
                Some((MessageKind::Request, _)) => "request".into(),
                Some((MessageKind::Reply(_), _)) => "reply".into(),
                _ => "length".into(),
            };
        };
        let (kind, length) = parse_header(self.header).unwrap_or_default();
        let reference = match kind {
            MessageKind::Reply(_) => REFERENCE_LEN as u64,
            MessageKind::Message | MessageKind::Request => 0,
        };
        match at.checked_sub(reference) {
            None => "reference".into(),
            Some(at) if at < u64::from(length) => character(byte),
            Some(_) => "checksum".into(),
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

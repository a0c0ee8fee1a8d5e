//! Bits to a message, in one dialect.

use alloc::vec::Vec;
use core::mem;

use super::guesses::wording;
use super::utf8::Utf8;
use super::{Bytes, Dialect, Head, Order};
use crate::process::pid::Pid;
use crate::wire::bits::Bit;
use crate::wire::reason::Reason;

/// The state of one reading of one message.
#[derive(Clone, Debug)]
pub struct Reading {
    dialect: Dialect,
    /// The longest text, in bytes.
    limit: usize,
    /// Of whom.
    pid: Pid,
    trust: Trust,
    stage: Stage,
    byte: u8,
    /// Bits held of the byte.
    bits: u8,
    /// The text; of a guess only what follows is kept, since the signals are kept in one place for all guesses.
    text: Vec<u8>,
    length: usize,
    cost: u32,
    digest: u64,
    /// Where the text is in a character.
    utf8: Utf8,
    /// Why the text is none, although its end is still to come.
    spoiled: Option<Reason>,
}

/// How far the dialect is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// Somebody said it: what has a length may be any bytes.
    Given,
    /// It was found out: what comes is text.
    Learned,
    /// It is a guess: text that people do not send refutes it.
    Guess,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Hello,
    Number {
        value: u64,
        bytes: u8,
    },
    Digits {
        value: u64,
        count: u8,
    },
    HeadNul {
        length: u64,
    },
    /// Bytes left, if the head said.
    Text {
        left: Option<u64>,
    },
    End,
    Over,
}

/// What a bit leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The message goes on.
    Open,
    /// It is complete; see [`Reading::take`].
    Complete,
    /// It is over, and no text.
    Rejected(Reason),
}

impl Reading {
    /// A message of the client `pid` in a dialect that is known, of at most `limit` bytes of text.
    #[must_use]
    pub fn new(dialect: Dialect, limit: usize, pid: Pid) -> Self {
        Self::start(dialect, limit, pid, Trust::Given)
    }

    /// The same in a dialect that was found out: only text is taken.
    #[must_use]
    pub fn learned(dialect: Dialect, limit: usize, pid: Pid) -> Self {
        Self::start(dialect, limit, pid, Trust::Learned)
    }

    /// The same in a dialect that is a guess: it is given up for text that people do not send, and keeps none.
    #[must_use]
    pub fn guess(dialect: Dialect, limit: usize, pid: Pid) -> Self {
        Self::start(dialect, limit, pid, Trust::Guess)
    }

    fn start(dialect: Dialect, limit: usize, pid: Pid, trust: Trust) -> Self {
        let mut reading = Self {
            dialect,
            limit,
            pid,
            trust,
            stage: Stage::Over,
            byte: 0,
            bits: 0,
            text: Vec::new(),
            length: 0,
            cost: 0,
            digest: 0,
            utf8: Utf8::START,
            spoiled: None,
        };
        reading.stage = if dialect.hello {
            Stage::Hello
        } else {
            reading.head()
        };
        reading
    }

    /// In which dialect.
    #[must_use]
    pub const fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// Returns the bytes of memory that its text takes.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.text.capacity()
    }

    /// Returns the length of the text so far.
    #[must_use]
    pub const fn text_len(&self) -> usize {
        self.length
    }

    /// Returns how rare the characters of a guess are; see [`wording`].
    #[must_use]
    pub const fn cost(&self) -> u32 {
        self.cost
    }

    /// Whether the other guess has another text, as far as length and a digest of 64 bits show.
    #[must_use]
    pub const fn differs(&self, other: &Self) -> bool {
        self.length != other.length || self.digest != other.digest
    }

    /// Returns the byte that the last eight bits of the text or of its end make.
    #[must_use]
    pub const fn last_byte(&self) -> u8 {
        self.byte
    }

    /// Whether the next signal opens a handshake.
    #[must_use]
    pub fn awaits_hello(&self) -> bool {
        self.stage == Stage::Hello
    }

    /// Whether no bit of a byte is held.
    #[must_use]
    pub const fn is_at_a_byte(&self) -> bool {
        self.bits == 0
    }

    /// The client has ended: whether a text that nothing ends was complete by that. Then it is to be [taken](Self::take).
    pub fn end(&mut self) -> bool {
        let is_whole = self.bits == 0 && self.utf8.is_whole() && self.spoiled.is_none();
        let may_end = match self.trust {
            Trust::Guess => true,
            Trust::Given | Trust::Learned => self.dialect.end.is_none(),
        };
        let is_text = self.stage == Stage::Text { left: None } && self.length > 0;
        let is_over = is_whole && is_text && may_end;
        if is_over {
            self.dialect.end = None;
        }
        is_over
    }

    /// Takes the text, and is ready for the next message.
    pub fn take(&mut self) -> Vec<u8> {
        let text = mem::take(&mut self.text);
        *self = Self::start(self.dialect, self.limit, self.pid, self.trust);
        text
    }

    /// Takes a signal. After anything but [`Progress::Open`] the message is over, and to be [taken](Self::take).
    pub fn push(&mut self, signal: Bit) -> Progress {
        if self.stage == Stage::Hello {
            if signal != Bit::Zero {
                return Progress::Rejected(Reason::NotText);
            }
            self.stage = self.head();
            return Progress::Open;
        }
        let is_number = matches!(self.stage, Stage::Number { .. } | Stage::HeadNul { .. });
        let order = if is_number {
            self.dialect.head_order
        } else {
            self.dialect.order
        };
        let bit = u8::from(self.dialect.is_one(signal));
        self.byte = match order {
            Order::Msb => self.byte << 1 | bit,
            Order::Lsb => self.byte >> 1 | bit << 7,
        };
        self.bits += 1;
        if self.bits < 8 {
            return Progress::Open;
        }
        self.bits = 0;
        self.byte(self.byte)
    }

    /// The stage in which the head is read.
    const fn head(&self) -> Stage {
        match self.dialect.head {
            Head::None => Stage::Text { left: None },
            Head::Digits => Stage::Digits { value: 0, count: 0 },
            _ => Stage::Number { value: 0, bytes: 0 },
        }
    }

    fn byte(&mut self, byte: u8) -> Progress {
        match self.stage {
            Stage::Number { value, bytes } => self.number(byte, value, bytes),
            Stage::Digits { value, count } => match byte {
                // Neither leading zeros nor more digits than a length has.
                b'0'..=b'9' if count < 9 && !(count == 1 && value == 0) => {
                    self.stage = Stage::Digits {
                        value: 10 * value + u64::from(byte - b'0'),
                        count: count + 1,
                    };
                    Progress::Open
                }
                0 if count > 0 => self.length(value),
                _ => self.reject(Reason::NotText),
            },
            Stage::HeadNul { length } if byte == 0 => self.body(length),
            Stage::HeadNul { .. } => self.reject(Reason::NotText),
            Stage::Text { left: None } if Some(byte) == self.dialect.end => self.finish(),
            Stage::Text { left } => {
                if let Err(reason) = self.append(byte) {
                    return self.reject(reason);
                }
                match left {
                    Some(1) => self.close(),
                    Some(left) => {
                        self.stage = Stage::Text {
                            left: Some(left - 1),
                        };
                        Progress::Open
                    }
                    None => Progress::Open,
                }
            }
            Stage::End if Some(byte) == self.dialect.end => self.finish(),
            Stage::End | Stage::Hello | Stage::Over => self.reject(Reason::NotText),
        }
    }

    fn number(&mut self, byte: u8, value: u64, bytes: u8) -> Progress {
        let width = self.dialect.head.width().unwrap_or(1);
        let value = match self.dialect.head_bytes {
            Bytes::Big => value << 8 | u64::from(byte),
            Bytes::Little => value | u64::from(byte) << (8 * bytes),
        };
        let is_pid = self.dialect.head == Head::Pid;
        if !is_pid && value > self.most() {
            return self.reject(Reason::TooLong);
        }
        if bytes + 1 < width {
            self.stage = Stage::Number {
                value,
                bytes: bytes + 1,
            };
            return Progress::Open;
        }
        if !is_pid {
            return self.length(value);
        }
        if value != u64::from(self.pid.get() as u32) {
            return self.reject(Reason::NotText);
        }
        self.stage = Stage::Text { left: None };
        Progress::Open
    }

    /// The largest number that a head may have.
    const fn most(&self) -> u64 {
        self.limit as u64 + self.dialect.counts_end as u64
    }

    fn length(&mut self, value: u64) -> Progress {
        let counted = u64::from(self.dialect.counts_end);
        let Some(length) = value.checked_sub(counted) else {
            return self.reject(Reason::NotText);
        };
        if value > self.most() {
            return self.reject(Reason::TooLong);
        }
        if self.dialect.head_nul {
            self.stage = Stage::HeadNul { length };
            return Progress::Open;
        }
        self.body(length)
    }

    fn body(&mut self, length: u64) -> Progress {
        if length == 0 {
            return self.close();
        }
        self.stage = Stage::Text { left: Some(length) };
        Progress::Open
    }

    /// The text has its length.
    fn close(&mut self) -> Progress {
        if self.dialect.end.is_none() {
            return self.finish();
        }
        self.stage = Stage::End;
        Progress::Open
    }

    fn finish(&mut self) -> Progress {
        self.stage = Stage::Over;
        // With a length any bytes may be meant.
        let is_text = self.utf8.is_whole() || self.may_be_any_bytes();
        match self.spoiled {
            Some(reason) => Progress::Rejected(reason),
            None if is_text => Progress::Complete,
            None => Progress::Rejected(Reason::NotText),
        }
    }

    /// A guess is over at once. Whoever is known to speak so goes on to the end of his message, where the next one begins.
    fn reject(&mut self, reason: Reason) -> Progress {
        let in_text = matches!(self.stage, Stage::Text { left: None });
        if self.trust == Trust::Guess || !in_text {
            self.stage = Stage::Over;
            return Progress::Rejected(reason);
        }
        self.spoiled = Some(reason);
        self.text = Vec::new();
        Progress::Open
    }

    fn append(&mut self, byte: u8) -> Result<(), Reason> {
        if self.spoiled.is_some() {
            return Ok(());
        }
        if self.length >= self.limit {
            return Err(Reason::TooLong);
        }
        if !self.may_be_any_bytes() {
            self.utf8 = self.utf8.next(byte).ok_or(Reason::NotText)?;
        }
        if self.trust == Trust::Guess && !self.is_plausible(byte) {
            return Err(Reason::NotText);
        }
        if self.trust == Trust::Guess {
            // FNV-1a.
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            self.cost = self.cost.saturating_add(wording(byte, self.length));
        } else {
            push(&mut self.text, byte)?;
        }
        self.length += 1;
        Ok(())
    }

    fn may_be_any_bytes(&self) -> bool {
        self.trust == Trust::Given && self.dialect.head.is_length()
    }

    /// Whether people send this byte. What is classic may hold any but its end.
    fn is_plausible(&self, byte: u8) -> bool {
        let is_classic = self.dialect == Dialect::CLASSIC;
        let is_printed = byte >= b' ' && byte != 0x7f;
        is_printed || matches!(byte, b'\t' | b'\n' | b'\r') || is_classic && byte != 0
    }
}

/// Appends a byte. Where there is no memory to double what is held, it grows by a page.
///
/// # Errors
/// [`Reason::NoMemory`] when there is not even that.
pub(super) fn push(bytes: &mut Vec<u8>, byte: u8) -> Result<(), Reason> {
    const PAGE: usize = 4096;
    bytes
        .try_reserve(1)
        .or_else(|_| bytes.try_reserve_exact(PAGE))
        .map_err(|_| Reason::NoMemory)?;
    bytes.push(byte);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::speech::Speech;
    use super::*;

    fn pid() -> Pid {
        Pid::new(4242).unwrap()
    }

    const SPECS: [&str; 16] = [
        "classic",
        "inverted-lsb",
        "hello=yes",
        "head=len16,end=none",
        "head=len16,head-bytes=little,counts-end=yes",
        "order=lsb,head=len32,end=none",
        "order=lsb,head=len32,head-order=msb,end=none",
        "head=len32,head-bytes=little,end=none",
        "head=len32,head-nul=yes,end=eot",
        "order=lsb,head=len64,head-bytes=big",
        "one=usr1,head=digits,end=none",
        "head=digits,counts-end=yes",
        "head=pid",
        "order=lsb,head=pid,head-order=msb",
        "end=etx",
        "end=0x0a",
    ];

    /// What becomes of the bits of `text`, said twice.
    fn read(spec: &str, text: &[u8]) -> std::vec::Vec<std::vec::Vec<u8>> {
        let dialect: Dialect = spec.parse().unwrap();
        let speech = Speech::new(&dialect, text, pid()).unwrap();
        let mut reading = Reading::new(dialect, 1 << 20, pid());
        let mut out = std::vec::Vec::new();
        for _ in 0..2 {
            if dialect.hello {
                assert_eq!(reading.push(Bit::Zero), Progress::Open);
            }
            for i in 0..speech.len() {
                let progress = reading.push(speech.signal(i).unwrap());
                let is_last = i + 1 == speech.len();
                assert_eq!(progress == Progress::Complete, is_last, "{spec} at {i}");
            }
            out.push(reading.take());
        }
        out
    }

    proptest! {
        #[test]
        fn what_is_said_in_any_dialect_is_read_back(text in "[^\u{0}\u{3}\u{4}\n]{0,40}", i in 0..SPECS.len()) {
            let bytes = text.into_bytes();
            prop_assert_eq!(read(SPECS[i], &bytes), [bytes.clone(), bytes]);
        }
    }

    #[test]
    fn a_text_that_is_none_is_rejected_at_its_end() {
        let mut reading = Reading::new(Dialect::CLASSIC, 4, pid());
        let mut feed = |bytes: &[u8]| {
            let mut last = Progress::Open;
            for byte in bytes {
                for i in 0..8 {
                    assert_eq!(last, Progress::Open);
                    last = reading.push(crate::wire::bits::bit_of(*byte, i));
                }
            }
            reading.take();
            last
        };
        assert_eq!(feed(b"a\xffb\0"), Progress::Rejected(Reason::NotText));
        assert_eq!(feed(b"\xc3\0"), Progress::Rejected(Reason::NotText));
        assert_eq!(feed(b"12345\0"), Progress::Rejected(Reason::TooLong));
        assert_eq!(feed(b"1234\0"), Progress::Complete);
    }
}

//! Symbols to a message, in one dialect.

use alloc::vec::Vec;
use core::mem;

use DecodeProgress::{Complete, Incomplete, Rejected};

use super::candidates::text_cost;
use super::symbol_log::push;
use super::utf8::Utf8;
use super::{BitOrder, ByteOrder, Dialect, Head, Symbol};
use crate::process::pid::Pid;
use crate::wire::reason::Reason;

/// Decodes one message after the other in one dialect.
#[derive(Clone, Debug)]
pub struct TextDecoder {
    dialect: Dialect,
    /// The longest text in bytes.
    limit: usize,
    /// The client.
    pid: Pid,
    provenance: Provenance,
    part: Part,
    byte: u8,
    /// The number of bits held in `byte`.
    bits: u8,
    /// The text. A guess keeps none, since the symbols are kept once for all guesses.
    text: Vec<u8>,
    text_len: usize,
    cost: u32,
    digest: u64,
    utf8: Utf8,
    /// Why the message is rejected at its end.
    error: Option<Reason>,
}

/// Says how the dialect became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// The user gave it: a text with a length may be any bytes.
    Given,
    /// It was detected: only text is accepted.
    Detected,
    /// It is one of several candidates: bytes that are unusual in text refute it.
    Guess,
}

/// Says which part of a message is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
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
    /// The text; `left` is the number of bytes to come, if the head said so.
    Text {
        left: Option<u64>,
    },
    End,
    Over,
}

/// Says what a symbol leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeProgress {
    /// The message is not complete.
    Incomplete,
    /// The message is complete; see [`TextDecoder::take`].
    Complete,
    /// The message is over and is not text.
    Rejected(Reason),
}

impl TextDecoder {
    /// Returns a decoder of messages of the client `pid` with at most `limit` bytes of text.
    pub fn new(dialect: Dialect, limit: usize, pid: Pid, provenance: Provenance) -> Self {
        let mut decoder = Self {
            dialect,
            limit,
            pid,
            provenance,
            part: Part::Hello,
            byte: 0,
            bits: 0,
            text: Vec::new(),
            text_len: 0,
            cost: 0,
            digest: 0,
            utf8: Utf8::START,
            error: None,
        };
        if !dialect.hello {
            decoder.start_head();
        }
        decoder
    }

    /// Returns the dialect.
    pub const fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// Returns the bytes of memory that the text takes.
    pub fn held_bytes(&self) -> usize {
        self.text.capacity()
    }

    /// Returns the length of the text so far.
    pub const fn text_len(&self) -> usize {
        self.text_len
    }

    /// Returns how rare the bytes of a guess are; see [`text_cost`].
    pub const fn cost(&self) -> u32 {
        self.cost
    }

    /// Returns whether two guesses have different texts, by their lengths and 64-bit digests.
    pub const fn differs(&self, other: &Self) -> bool {
        self.text_len != other.text_len || self.digest != other.digest
    }

    /// Returns whether the next symbol opens a handshake.
    pub fn awaits_hello(&self) -> bool {
        self.part == Part::Hello
    }

    /// Returns whether the last symbol completed a byte.
    pub const fn is_at_byte_boundary(&self) -> bool {
        self.bits == 0
    }

    /// Handles the end of the client; returns whether that completes a text without an end byte.
    pub fn handle_exit(&mut self) -> bool {
        let is_whole = self.bits == 0 && self.utf8.is_whole() && self.error.is_none();
        let may_end = self.provenance == Provenance::Guess || self.dialect.end.is_none();
        let is_text = self.part == Part::Text { left: None } && self.text_len > 0;
        let is_complete = is_whole && is_text && may_end;
        if is_complete {
            self.dialect.end = None;
        }
        is_complete
    }

    /// Takes the text; the next symbol begins another message.
    pub fn take(&mut self) -> Vec<u8> {
        let text = mem::take(&mut self.text);
        *self = Self::new(self.dialect, self.limit, self.pid, self.provenance);
        text
    }

    /// Takes a symbol and returns the byte of text that it completes, for a text of which no error is known.
    pub fn push_for_text(&mut self, symbol: Symbol) -> Option<u8> {
        let before = self.text_len;
        self.push(symbol);
        (self.text_len > before).then_some(self.byte)
    }

    /// Takes a symbol. After anything but [`Incomplete`] the message is over, and [`take`](Self::take) begins the next one.
    pub fn push(&mut self, symbol: Symbol) -> DecodeProgress {
        if self.part == Part::Hello {
            if symbol != Symbol::Usr1 {
                return Rejected(Reason::NotText);
            }
            return self.start_head();
        }
        let order = match self.part {
            Part::Number { .. } | Part::HeadNul { .. } => self.dialect.head_order,
            _ => self.dialect.order,
        };
        let bit = u8::from(symbol == self.dialect.one);
        self.byte = match order {
            BitOrder::Msb => self.byte << 1 | bit,
            BitOrder::Lsb => self.byte >> 1 | bit << 7,
        };
        self.bits = (self.bits + 1) % 8;
        match self.bits {
            0 => self.push_byte(self.byte),
            _ => Incomplete,
        }
    }

    const fn enter(&mut self, part: Part) -> DecodeProgress {
        self.part = part;
        Incomplete
    }

    const fn start_head(&mut self) -> DecodeProgress {
        self.enter(match self.dialect.head {
            Head::None => Part::Text { left: None },
            Head::Digits => Part::Digits { value: 0, count: 0 },
            _ => Part::Number { value: 0, bytes: 0 },
        })
    }

    fn push_byte(&mut self, byte: u8) -> DecodeProgress {
        match self.part {
            Part::Number { value, bytes } => self.push_number(byte, value, bytes),
            // Neither leading zeros nor more digits than a length has.
            Part::Digits { value, count }
                if byte.is_ascii_digit() && count < 9 && !(count == 1 && value == 0) =>
            {
                let value = 10 * value + u64::from(byte - b'0');
                self.enter(Part::Digits {
                    value,
                    count: count + 1,
                })
            }
            Part::Digits { value, count } if byte == 0 && count > 0 => self.start_length(value),
            Part::HeadNul { length } if byte == 0 => self.start_text(length),
            Part::Text { left: None } if Some(byte) == self.dialect.end => self.finish(),
            Part::Text { left } => match (self.append(byte), left) {
                (Err(reason), _) => self.reject(reason),
                (Ok(()), Some(left)) => self.start_text(left - 1),
                (Ok(()), None) => Incomplete,
            },
            Part::End if Some(byte) == self.dialect.end => self.finish(),
            Part::Digits { .. } | Part::HeadNul { .. } | Part::End | Part::Hello | Part::Over => {
                self.reject(Reason::NotText)
            }
        }
    }

    fn push_number(&mut self, byte: u8, value: u64, bytes: u8) -> DecodeProgress {
        let value = match self.dialect.head_bytes {
            ByteOrder::Big => value << 8 | u64::from(byte),
            ByteOrder::Little => value | u64::from(byte) << (8 * bytes),
        };
        let is_pid = self.dialect.head == Head::Pid;
        if !is_pid && value > self.max_number() {
            return self.reject(Reason::TooLong);
        }
        let bytes = bytes + 1;
        match is_pid {
            _ if Some(bytes) < self.dialect.head.width() => {
                self.enter(Part::Number { value, bytes })
            }
            false => self.start_length(value),
            true if value == u64::from(self.pid.get() as u32) => {
                self.enter(Part::Text { left: None })
            }
            true => self.reject(Reason::NotText),
        }
    }

    /// Returns the largest length that a head may have.
    const fn max_number(&self) -> u64 {
        self.limit as u64 + self.dialect.counts_end as u64
    }

    fn start_length(&mut self, value: u64) -> DecodeProgress {
        match value.checked_sub(u64::from(self.dialect.counts_end)) {
            None => self.reject(Reason::NotText),
            Some(_) if value > self.max_number() => self.reject(Reason::TooLong),
            Some(length) if self.dialect.head_nul => self.enter(Part::HeadNul { length }),
            Some(length) => self.start_text(length),
        }
    }

    fn start_text(&mut self, left: u64) -> DecodeProgress {
        match (left, self.dialect.end) {
            (0, None) => self.finish(),
            (0, Some(_)) => self.enter(Part::End),
            _ => self.enter(Part::Text { left: Some(left) }),
        }
    }

    fn finish(&mut self) -> DecodeProgress {
        self.part = Part::Over;
        match self.error {
            Some(reason) => Rejected(reason),
            None if self.utf8.is_whole() => Complete,
            None => Rejected(Reason::NotText),
        }
    }

    /// Ends a guess at once. A known dialect is followed to the end of the message, where the next one begins.
    fn reject(&mut self, reason: Reason) -> DecodeProgress {
        let has_visible_end = matches!(self.part, Part::Text { left: None });
        if self.provenance == Provenance::Guess || !has_visible_end {
            self.part = Part::Over;
            return Rejected(reason);
        }
        self.error = Some(reason);
        self.text = Vec::new();
        Incomplete
    }

    fn append(&mut self, byte: u8) -> Result<(), Reason> {
        if self.error.is_some() {
            return Ok(());
        }
        if self.text_len >= self.limit {
            return Err(Reason::TooLong);
        }
        let may_be_any_bytes =
            self.provenance == Provenance::Given && self.dialect.head.is_length();
        if !may_be_any_bytes {
            self.utf8 = self.utf8.next(byte).ok_or(Reason::NotText)?;
        }
        if self.provenance != Provenance::Guess {
            push(&mut self.text, byte)?;
        } else if self.is_plausible(byte) {
            // FNV-1a.
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            self.cost = self.cost.saturating_add(text_cost(byte, self.text_len));
        } else {
            return Err(Reason::NotText);
        }
        self.text_len += 1;
        Ok(())
    }

    /// Returns whether people send this byte in text. The classic dialect may have any byte but its end.
    fn is_plausible(&self, byte: u8) -> bool {
        let is_classic = self.dialect == Dialect::CLASSIC;
        let is_printed = byte >= b' ' && byte != 0x7f;
        is_printed || matches!(byte, b'\t' | b'\n' | b'\r') || is_classic && byte != 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::candidates;
    use super::super::encoder::TextEncoder;
    use super::*;

    fn pid() -> Pid {
        Pid::new(4242).unwrap()
    }

    fn decoder(spec: &str, limit: usize, provenance: Provenance) -> TextDecoder {
        TextDecoder::new(spec.parse().unwrap(), limit, pid(), provenance)
    }

    /// Returns what the first bytes lead to that are not incomplete, most significant bit first, and how many bytes it took.
    fn feed(decoder: &mut TextDecoder, bytes: &[u8]) -> (DecodeProgress, usize) {
        for (i, byte) in bytes.iter().enumerate() {
            for bit in (0..8).rev() {
                let progress = decoder.push(Symbol::ALL[usize::from(byte >> bit & 1)]);
                if progress != Incomplete {
                    return (progress, i + 1);
                }
            }
        }
        (Incomplete, bytes.len())
    }

    /// Returns what the bytes lead to in a decoder of at most four bytes of text.
    fn fed(spec: &str, provenance: Provenance, bytes: &[u8]) -> (DecodeProgress, usize) {
        feed(&mut decoder(spec, 4, provenance), bytes)
    }

    proptest! {
        #[test]
        fn an_encoded_text_is_decoded_in_every_dialect(text in "[^\u{0}\u{3}\u{4}]{0,20}", i in 0..720usize) {
            let dialect = candidates::all(true)[i];
            let encoder = TextEncoder::new(&dialect, text.as_bytes(), pid()).unwrap();
            for provenance in [Provenance::Given, Provenance::Detected] {
                let mut decoder = TextDecoder::new(dialect, 1 << 10, pid(), provenance);
                for _ in 0..2 {
                    prop_assert_eq!(decoder.awaits_hello(), dialect.hello);
                    if dialect.hello {
                        prop_assert_eq!(decoder.push(Symbol::Usr1), Incomplete);
                    }
                    for (index, symbol) in encoder.symbols().enumerate() {
                        prop_assert!(!decoder.awaits_hello());
                        prop_assert_eq!(decoder.is_at_byte_boundary(), index % 8 == 0);
                        let progress = decoder.push(symbol);
                        prop_assert_eq!(progress == Complete, index + 1 == encoder.len());
                    }
                    prop_assert_eq!(decoder.text_len(), text.len());
                    prop_assert!(decoder.held_bytes() >= text.len());
                    prop_assert_eq!(decoder.take(), text.as_bytes());
                }
            }
        }
    }

    #[test]
    fn a_message_that_is_not_text_is_rejected_at_its_end() {
        for (bytes, progress) in [
            (&b"a\xffbcdef\0"[..], Rejected(Reason::NotText)),
            (b"\xc3\0", Rejected(Reason::NotText)),
            (b"12345\0", Rejected(Reason::TooLong)),
            (b"1234\0", Complete),
        ] {
            assert_eq!(
                fed("classic", Provenance::Given, bytes),
                (progress, bytes.len())
            );
        }
        let mut decoder = decoder("classic", 4, Provenance::Given);
        feed(&mut decoder, b"1234\xff");
        assert_eq!((decoder.held_bytes(), decoder.handle_exit()), (0, false));
    }

    #[test]
    fn a_head_is_checked_against_the_limit_and_the_client() {
        let (not_text, too_long) = (Rejected(Reason::NotText), Rejected(Reason::TooLong));
        for (spec, bytes, expected) in [
            ("head=len16,end=none", &b"\0\x04abcd"[..], (Complete, 6)),
            ("head=len16,end=none", b"\0\x05", (too_long, 2)),
            ("head=len16,end=none", b"\x05", (too_long, 1)),
            ("head=len16,end=none", b"\0", (Incomplete, 1)),
            ("head=len64,end=none", b"\0\0\0\0\0\0\0\x05", (too_long, 8)),
            (
                "head=len32,head-bytes=little,end=none",
                b"\x05",
                (too_long, 1),
            ),
            ("head=len16,counts-end=yes", b"\0\x05abcd\0", (Complete, 7)),
            ("head=len16,counts-end=yes", b"\0\x06", (too_long, 2)),
            ("head=len16,counts-end=yes", b"\0\0", (not_text, 2)),
            ("head=len16,counts-end=yes", b"\0\x01\0", (Complete, 3)),
            (
                "head=len16,head-nul=yes,end=none",
                b"\0\x01\0a",
                (Complete, 4),
            ),
            (
                "head=len16,head-nul=yes,end=none",
                b"\0\x01a",
                (not_text, 3),
            ),
            ("head=len16,end=etx", b"\0\x01a\x03", (Complete, 4)),
            ("head=len16,end=etx", b"\0\x01a\0", (not_text, 4)),
            ("head=digits,end=none", b"4\0abcd", (Complete, 6)),
            ("head=digits,end=none", b"5\0", (too_long, 2)),
            ("head=digits,end=none", b"0\0", (Complete, 2)),
            ("head=digits,end=none", b"04", (not_text, 2)),
            ("head=digits,end=none", b"a", (not_text, 1)),
            ("head=digits,end=none", b"\0", (not_text, 1)),
            ("head=digits,end=none", b"100000000\0", (too_long, 10)),
            ("head=digits,end=none", b"1000000000", (not_text, 10)),
            ("head=pid", b"\0\0\x10\x92a\0", (Complete, 6)),
            ("head=pid", b"\0\0\x10\x93", (not_text, 4)),
        ] {
            assert_eq!(
                fed(spec, Provenance::Given, bytes),
                expected,
                "{spec} {bytes:?}"
            );
        }
        let mut hello = decoder("hello=yes", 4, Provenance::Given);
        assert_eq!(hello.push(Symbol::Usr2), not_text);
    }

    #[test]
    fn only_a_given_dialect_with_a_length_accepts_bytes_that_are_not_text() {
        let spec = "head=len16,end=none";
        assert_eq!(fed(spec, Provenance::Given, b"\0\x01\xff"), (Complete, 3));
        assert_eq!(
            fed(spec, Provenance::Detected, b"\0\x01\xff"),
            (Rejected(Reason::NotText), 3)
        );
        assert_eq!(
            fed(spec, Provenance::Detected, b"\0\x01\xc3"),
            (Rejected(Reason::NotText), 3)
        );
        assert_eq!(
            fed(spec, Provenance::Detected, b"\0\x01\x01"),
            (Complete, 3)
        );
    }

    #[test]
    fn a_guess_is_refuted_by_bytes_that_are_unusual_in_text() {
        for byte in 0..0x80 {
            let is_usual = byte >= b' ' && byte != 0x7f || b"\t\n\r".contains(&byte);
            for (spec, accepted) in [("end=none", is_usual), ("classic", byte != 0)] {
                let (progress, _) = fed(spec, Provenance::Guess, &[byte]);
                assert_eq!(progress == Incomplete, accepted, "{spec} {byte}");
            }
        }
        assert_eq!(
            fed("classic", Provenance::Guess, b"a\xff"),
            (Rejected(Reason::NotText), 2)
        );
        assert_eq!(
            fed("classic", Provenance::Guess, b"aaaaa"),
            (Rejected(Reason::TooLong), 5)
        );
    }

    #[test]
    fn guesses_keep_no_text_and_tell_texts_apart() {
        let guess = |text: &[u8]| {
            let mut guess = decoder("classic", 4, Provenance::Guess);
            feed(&mut guess, text);
            guess
        };
        let (one, other, short) = (guess(b"ab"), guess(b"ba"), guess(b"a"));
        assert_eq!((one.cost(), one.text_len(), one.held_bytes()), (4, 2, 0));
        assert!(one.differs(&other) && one.differs(&short) && !one.differs(&guess(b"ab")));
        let mut decoder = decoder("head=len16", 4, Provenance::Guess);
        let symbols = b"\0\x02hi\0"
            .iter()
            .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
        let text: Vec<_> = symbols
            .filter_map(|bit| decoder.push_for_text(Symbol::ALL[usize::from(bit)]))
            .collect();
        assert_eq!(text, b"hi");
    }

    #[test]
    fn the_end_of_the_client_completes_whole_text_without_an_end_byte() {
        for (spec, provenance, bytes, completes) in [
            ("end=none", Provenance::Given, &b"abc"[..], true),
            ("end=none", Provenance::Detected, b"abc", true),
            ("classic", Provenance::Given, b"abc", false),
            ("classic", Provenance::Guess, b"abc", true),
            ("end=none", Provenance::Given, b"", false),
            ("end=none", Provenance::Given, b"\xc3", false),
            ("end=none", Provenance::Given, b"\xff", false),
            ("head=len16,end=none", Provenance::Guess, b"\0\x03ab", false),
        ] {
            let mut decoder = decoder(spec, 4, provenance);
            feed(&mut decoder, bytes);
            let mut in_byte = decoder.clone();
            assert_eq!(decoder.handle_exit(), completes, "{spec} {bytes:?}");
            assert!(!completes || decoder.dialect().end.is_none());
            in_byte.push(Symbol::Usr1);
            assert!(!in_byte.handle_exit());
        }
    }
}

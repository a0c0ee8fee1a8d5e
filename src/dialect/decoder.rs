//! Symbols to a message, in one dialect.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use DecodeProgress::{Complete, Incomplete, Rejected};

use super::candidates::{opening_cost, text_cost};
use super::head::{Form, HeadPart, Meaning};
use super::symbol_log::push;
use super::utf8::Utf8;
use super::wide_text::WideText;
use super::{BitOrder, ByteOrder, Chars, Dialect, Head, Place, Symbol};
use crate::process::pid::Pid;
use crate::wire::reason::Reason;

/// The number of bits of the shortest PID in bits.
const LEAST_PID_BITS: u8 = 16;

/// Decodes one message after the other in one dialect.
#[derive(Clone, Debug)]
pub struct TextDecoder {
    dialect: Dialect,
    /// The longest text in bytes.
    limit: usize,
    /// The client.
    pid: Pid,
    provenance: Provenance,
    part: TextPart,
    /// The length of the text, if the head says it.
    length: Option<u64>,
    byte: u8,
    /// The number of bits held in `byte`.
    bits: u8,
    /// The bits beyond the lowest eight, and the state of a text, in characters of 16 or 32 bits.
    wide: Option<Box<WideText>>,
    /// The text. A guess keeps none, since the symbols are kept once for all guesses.
    text: Vec<u8>,
    text_len: usize,
    cost: u32,
    /// The part of the cost that says how rare it is that a text opens with its first byte.
    opening_cost: u8,
    /// The number of control characters that are unusual in text.
    controls: u32,
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
enum TextPart {
    Hello,
    Head(HeadState),
    /// The text; `left` is the number of bytes to come, if the head said so.
    Text {
        left: Option<u64>,
    },
    End,
    Over,
}

/// Says how much of a head has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct HeadState {
    /// The number of the present part.
    index: usize,
    /// The number of bytes of this part so far, or of bits, and their value as a number.
    count: u8,
    value: u64,
}

/// Is the result of a symbol.
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
            part: TextPart::Hello,
            length: None,
            byte: 0,
            bits: 0,
            wide: WideText::of(&dialect).map(Box::new),
            text: Vec::new(),
            text_len: 0,
            cost: 0,
            opening_cost: 0,
            controls: 0,
            digest: 0,
            utf8: Utf8::START,
            error: None,
        };
        if !dialect.hello {
            decoder.start_part(0);
        }
        decoder
    }

    /// Returns a decoder for the same client that has taken no symbol.
    pub fn renewed(&self, dialect: Dialect) -> Self {
        Self::new(dialect, self.limit, self.pid, self.provenance)
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

    /// Returns whether a guess has control characters that are unusual in text.
    pub const fn has_controls(&self) -> bool {
        self.controls > 0
    }

    /// Returns how rare the bytes of a guess are; see [`text_cost`].
    pub const fn cost(&self) -> u32 {
        self.cost
    }

    /// Returns how rare it is that a text opens with the first byte of a guess.
    pub const fn opening_cost(&self) -> u32 {
        self.opening_cost as u32
    }

    /// Returns whether two guesses have different texts, by their lengths and 64-bit digests.
    pub const fn differs(&self, other: &Self) -> bool {
        self.text_len != other.text_len || self.digest != other.digest
    }

    /// Returns whether the next symbol opens a handshake.
    pub fn awaits_hello(&self) -> bool {
        self.part == TextPart::Hello
    }

    /// Returns whether the last symbol is acknowledged as part of the message, rather than as its end.
    pub fn is_acknowledged(&self) -> bool {
        let has_begun = self.bits > 0 || self.text_len > 0 || self.error.is_some();
        let place = match self.part {
            TextPart::Hello | TextPart::Head(_) => Place::Head,
            _ if self.dialect.head == Head::None || has_begun => Place::Text,
            _ => Place::HeadEnd,
        };
        self.dialect.acknowledges(place, self.is_at_byte_boundary())
    }

    /// Returns whether the text does not end within a character.
    fn is_whole_char(&self) -> bool {
        let is_whole = self.wide.as_ref().is_none_or(|wide| wide.is_whole());
        self.bits == 0 && self.utf8.is_whole() && is_whole
    }

    /// Returns whether a message begins with the next symbol.
    pub fn is_at_start(&self) -> bool {
        let start = self.renewed(self.dialect);
        start.part == self.part && self.bits == 0 && self.text_len == 0
    }

    /// Returns whether the last symbol completed the PID, alone before the text.
    pub fn is_after_pid(&self) -> bool {
        let is_at_text = self.part == TextPart::Text { left: None } && self.text_len == 0;
        self.dialect.head == Head::Pid && is_at_text && self.bits == 0
    }

    /// Returns whether the last symbol completed a byte.
    pub const fn is_at_byte_boundary(&self) -> bool {
        self.bits == 0
    }

    /// Returns whether the last byte is a control character, such as a newline.
    pub const fn is_at_control(&self) -> bool {
        self.bits == 0 && self.byte.is_ascii_control()
    }

    /// Handles the end of the client; returns whether that completes a text without an end byte.
    pub fn handle_exit(&mut self) -> bool {
        let is_whole = self.is_whole_char() && self.error.is_none();
        let may_end = self.provenance == Provenance::Guess || self.dialect.end.is_none();
        let is_text = self.part == TextPart::Text { left: None } && self.text_len > 0;
        // Only a text with an end byte can have any characters.
        let is_complete = is_whole && is_text && may_end && self.controls == 0;
        if is_complete {
            self.dialect.end = None;
        }
        is_complete
    }

    /// Takes the text; the next symbol begins another message.
    pub fn take(&mut self) -> Vec<u8> {
        let text = mem::take(&mut self.text);
        *self = self.renewed(self.dialect);
        text
    }

    /// Returns the text, unless it has an error.
    pub fn into_text(self) -> Option<Vec<u8>> {
        self.error.is_none().then_some(self.text)
    }

    /// Takes a symbol and returns the byte of text that it completes, for a text of which no error is known.
    pub fn push_for_text(&mut self, symbol: Symbol) -> Option<u8> {
        let before = self.text_len;
        self.push(symbol);
        (self.text_len > before).then_some(self.byte)
    }

    /// Takes a symbol. After anything but [`Incomplete`] the message is over, and [`take`](Self::take) begins the next one.
    pub fn push(&mut self, symbol: Symbol) -> DecodeProgress {
        if self.part == TextPart::Hello {
            if symbol != self.dialect.hello_signal {
                return Rejected(Reason::NotText);
            }
            return self.start_part(0);
        }
        let (head, is_one) = (self.pid_from_top(), symbol == self.dialect.one);
        if let Some(head) = head {
            return self.push_pid_bit(is_one, head);
        }
        let order = match self.part {
            // Digits are text.
            TextPart::Head { .. } if !self.dialect.head.is_decimal() => self.dialect.head_order,
            _ => self.dialect.order,
        };
        let (width, symbols) = match self.part {
            TextPart::Text { .. } | TextPart::End => {
                (self.dialect.char_bits, self.dialect.symbols_per_char())
            }
            _ => (8, 8),
        };
        if self.bits == 0 {
            self.byte = 0;
        }
        let wide = self.wide.as_deref_mut();
        let at = self.bits;
        self.bits = (at + 1) % symbols;
        let place = match order {
            _ if at == width && is_one == self.dialect.parity_bit(self.byte) => None,
            _ if at == width => return self.reject(Reason::NotText),
            BitOrder::Msb => Some(width - 1 - at),
            BitOrder::Lsb => Some(at),
        };
        match place.filter(|_| is_one) {
            Some(place @ 0..8) => self.byte |= 1 << place,
            Some(place) => match wide {
                Some(wide) => wide.set_bit(place),
                None => return self.reject(Reason::NotText),
            },
            None => {}
        }
        // After a handshake on SIGUSR2, a text with the other signal for 1 looks like one until its NUL, which is not UTF-8.
        let begins_with_ones = self.bits == 5 && self.byte == 0xf8;
        let is_guess = self.provenance == Provenance::Guess && self.dialect.end != Some(0xff);
        if begins_with_ones
            && is_guess
            && self.dialect.hello
            && self.dialect.hello_signal == Symbol::Usr2
            && self.part == (TextPart::Text { left: None })
        {
            return self.reject(Reason::NotText);
        }
        match self.bits {
            0 if self.wide.is_some() => self.push_char(),
            0 => self.push_byte(self.byte),
            _ => Incomplete,
        }
    }

    const fn enter(&mut self, part: TextPart) -> DecodeProgress {
        self.part = part;
        Incomplete
    }

    /// Starts part number `index` of the head, or else the text.
    fn start_part(&mut self, index: usize) -> DecodeProgress {
        let has_part = self.dialect.head_part(index).is_some();
        match self.length {
            _ if has_part => self.enter(TextPart::Head(HeadState {
                index,
                ..HeadState::default()
            })),
            Some(length) => self.start_text(length),
            None => self.enter(TextPart::Text { left: None }),
        }
    }

    /// Takes a character of 16 or 32 bits.
    fn push_char(&mut self) -> DecodeProgress {
        let Some(mut wide) = self.wide.take() else {
            return Incomplete;
        };
        let bytes = wide.push(self.byte, self.dialect.end);
        if wide.is_unicode() {
            self.dialect.chars = Chars::Unicode;
        }
        self.wide = Some(wide);
        let Some(bytes) = bytes else {
            return self.reject(Reason::NotText);
        };
        let (bytes, is_end) = bytes;
        for byte in bytes {
            if let Err(reason) = self.append(byte) {
                return self.reject(reason);
            }
        }
        match is_end {
            true => self.finish(),
            false => Incomplete,
        }
    }

    fn push_byte(&mut self, byte: u8) -> DecodeProgress {
        match self.part {
            TextPart::Head(state) => self.push_to_head(byte, state),
            TextPart::Text { left: None } if Some(byte) == self.dialect.end => self.finish(),
            TextPart::Text { left } => match (self.append(byte), left) {
                (Err(reason), _) => self.reject(reason),
                (Ok(()), Some(left)) => self.start_text(left - 1),
                (Ok(()), None) => Incomplete,
            },
            TextPart::End if Some(byte) == self.dialect.end => self.finish(),
            TextPart::End | TextPart::Hello | TextPart::Over => self.reject(Reason::NotText),
        }
    }

    /// Returns the state of a PID whose highest bit comes first.
    fn pid_from_top(&self) -> Option<HeadState> {
        let TextPart::Head(head) = self.part else {
            return None;
        };
        let orders = (self.dialect.head_order, self.dialect.head_bytes);
        let is_from_top = orders == (BitOrder::Msb, ByteOrder::Big);
        (is_from_top && self.dialect.head.pid_part() == Some(head.index)).then_some(head)
    }

    /// Takes the next bit of a PID whose highest bit comes first. Programs leave out some of the zeros at its front.
    fn push_pid_bit(&mut self, is_one: bool, head: HeadState) -> DecodeProgress {
        let HeadState {
            index,
            count,
            value,
        } = head;
        let (count, value) = (count + 1, value << 1 | u64::from(is_one));
        self.bits = count % 8;
        let pid = u64::from(self.pid.get() as u32);
        match count {
            LEAST_PID_BITS.. if value == pid => {
                self.bits = 0;
                // The shorter it is, the likelier are its bits the first letters of a text.
                self.cost = self.cost.saturating_add(u32::from(32 - count));
                self.start_part(index + 1)
            }
            32.. => self.reject(Reason::NotText),
            _ if value > pid => self.reject(Reason::NotText),
            _ => self.enter(TextPart::Head(HeadState {
                index,
                count,
                value,
            })),
        }
    }

    /// Takes the next byte of the head.
    fn push_to_head(&mut self, byte: u8, head: HeadState) -> DecodeProgress {
        use Form::{Binary, Digits, TenDigits};
        use HeadPart::{Byte, Number};
        let part = self.dialect.head_part(head.index);
        let (count, is_digit) = (head.count + 1, byte.is_ascii_digit());
        let with_digit = || 10 * head.value + u64::from(byte - b'0');
        let ends_digits = matches!(byte, 0 | b'\n') || Some(byte) == self.dialect.end;
        let has_leading_zero = head.count == 1 && head.value == 0;
        let (value, is_whole) = match part {
            // SOH opens a text as STX does.
            Some(Byte(expected)) if byte == expected || (expected, byte) == (2, 1) => (0, true),
            Some(Number(_, Binary(width))) => (self.with_byte(byte, head), count == width),
            // No more digits than a length has.
            Some(Number(_, Digits)) if is_digit && count < 10 && !has_leading_zero => {
                (with_digit(), false)
            }
            Some(Number(Meaning::Pid, Digits)) if !is_digit && count > 1 => (head.value, true),
            Some(Number(_, Digits)) if ends_digits && count > 1 => (head.value, true),
            Some(Number(_, TenDigits)) if is_digit => (with_digit(), count == 10),
            _ => return self.reject(Reason::NotText),
        };
        // The first bytes of a binary number can already be beyond the limit, unless they are the half that comes twice.
        let is_binary = matches!(part, Some(Number(_, Binary(_))));
        let is_half_twice = matches!(count, 5..8) && value <= u64::from(u32::MAX);
        let is_least = is_whole || is_binary && !is_half_twice;
        let counted = u64::from(self.dialect.counts_end);
        match part {
            Some(Number(Meaning::Length, _)) if is_least && value > self.limit as u64 + counted => {
                return self.reject(Reason::TooLong);
            }
            _ if !is_whole => {
                return self.enter(TextPart::Head(HeadState {
                    count,
                    value,
                    ..head
                }));
            }
            Some(Number(Meaning::Length, _)) if value >= counted => {
                self.length = Some(value - counted);
            }
            Some(Number(Meaning::Pid, _)) if value == u64::from(self.pid.get() as u32) => {}
            Some(Byte(_)) => {}
            _ => return self.reject(Reason::NotText),
        }
        self.start_part(head.index + 1)
    }

    /// Returns the value of a binary number with its next byte.
    fn with_byte(&self, byte: u8, head: HeadState) -> u64 {
        let HeadState { count, value, .. } = head;
        let (sum, repeated) = match self.dialect.head_bytes {
            ByteOrder::Big => (value << 8 | u64::from(byte), value >> 24),
            ByteOrder::Little => (
                value | u64::from(byte) << (8 * count),
                value >> (8 * (count % 4)),
            ),
        };
        // Many processors shift an int by the lowest five bits alone, so a loop over 64 sends the lower half twice.
        match count >= 4 && repeated as u8 == byte {
            true => sum & u64::from(u32::MAX),
            false => sum,
        }
    }

    fn start_text(&mut self, left: u64) -> DecodeProgress {
        match (left, self.dialect.end) {
            (0, None) => self.finish(),
            (0, Some(_)) => self.enter(TextPart::End),
            _ => self.enter(TextPart::Text { left: Some(left) }),
        }
    }

    fn finish(&mut self) -> DecodeProgress {
        self.part = TextPart::Over;
        match self.error {
            Some(reason) => Rejected(reason),
            // As many control characters as others are rather a head that is not known.
            None if self.controls > 0 && 2 * self.controls as usize >= self.text_len => {
                Rejected(Reason::NotText)
            }
            None if self.is_whole_char() && !self.is_own_pid() => Complete,
            None => Rejected(Reason::NotText),
        }
    }

    /// Returns whether a guess has the client's own PID in digits for its text, which is rather the head of another.
    fn is_own_pid(&self) -> bool {
        let is_guess = self.provenance == Provenance::Guess;
        is_guess && self.digest == digest_of_digits(self.pid.get() as u32)
    }

    /// Ends a guess at once. A known dialect is followed to the end of the message, where the next one begins.
    fn reject(&mut self, reason: Reason) -> DecodeProgress {
        let has_visible_end = matches!(self.part, TextPart::Text { left: None });
        if self.provenance == Provenance::Guess || !has_visible_end {
            self.part = TextPart::Over;
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
        let before = self.utf8.lead();
        if !may_be_any_bytes {
            self.utf8 = self.utf8.next(byte).ok_or(Reason::NotText)?;
        }
        if self.provenance != Provenance::Guess {
            push(&mut self.text, byte)?;
        } else if self.is_plausible(before, byte) && (byte.is_ascii_digit() || !self.is_own_pid()) {
            self.digest = digest(self.digest, byte);
            // A length in digits is evidence enough for a text that opens with punctuation.
            let at = self.text_len + usize::from(self.dialect.head.is_decimal());
            self.cost = self.cost.saturating_add(text_cost(byte, at));
            match is_usual(byte) {
                true => self.opening_cost += opening_cost(byte, at),
                false => self.controls = self.controls.saturating_add(1),
            }
        } else {
            return Err(Reason::NotText);
        }
        self.text_len += 1;
        Ok(())
    }

    /// Returns whether `byte` is usual in text behind the byte `before`. The classic dialect may have any byte but its end.
    fn is_plausible(&self, before: u8, byte: u8) -> bool {
        let is_sequence = before != ESCAPE || byte == b'[';
        is_usual(byte) && is_sequence || self.dialect == Dialect::CLASSIC && byte != 0
    }
}

/// Adds a byte to a digest, FNV-1a.
const fn digest(digest: u64, byte: u8) -> u64 {
    (digest ^ byte as u64).wrapping_mul(0x0100_0000_01b3)
}

/// Returns the digest of a number in digits.
const fn digest_of_digits(number: u32) -> u64 {
    let before = match number / 10 {
        0 => 0,
        tens => digest_of_digits(tens),
    };
    digest(before, b'0' + (number % 10) as u8)
}

/// The control character before the `[` of a colour.
const ESCAPE: u8 = 0x1b;

/// Returns whether text has this byte other than by mistake.
const fn is_usual(byte: u8) -> bool {
    let is_printed = byte >= b' ' && byte != 0x7f;
    is_printed || matches!(byte, b'\t' | b'\n' | b'\r' | ESCAPE)
}

#[cfg(test)]
mod tests;

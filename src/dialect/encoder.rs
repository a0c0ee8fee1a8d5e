//! A message to symbols: head, text and end byte, in one dialect.

use alloc::vec::Vec;
use core::fmt;

use super::head::{Form, HeadPart, Meaning};
use super::{BitOrder, ByteOrder, Chars, Dialect, HeadAck, Place, Symbol};
use crate::process::pid::Pid;

/// Encodes one message in one dialect.
#[derive(Clone, Debug)]
pub struct TextEncoder {
    dialect: Dialect,
    head: Vec<u8>,
    /// The text and its end byte; of code points the bytes in which their bits are sent.
    body: Vec<u8>,
}

impl TextEncoder {
    /// Encodes `text` as the client `pid` sends it; the signal that opens a handshake is not included.
    ///
    /// # Errors
    /// Returns [`Unencodable`] when the dialect cannot represent the text.
    pub fn new(dialect: &Dialect, text: &[u8], pid: Pid) -> Result<Self, Unencodable> {
        let end = dialect.end.filter(|_| !dialect.head.is_length());
        let at = text.iter().position(|byte| Some(*byte) == end);
        if let Some((byte, at)) = end.zip(at) {
            return Err(Unencodable::End { byte, at });
        }
        let own = u64::from(pid.get() as u32);
        let length = text.len() as u64 + u64::from(dialect.counts_end);
        let mut head = Vec::new();
        for part in (0..).map_while(|index| dialect.head_part(index)) {
            let (value, end, form) = match part {
                HeadPart::Byte(byte) => {
                    head.push(byte);
                    continue;
                }
                HeadPart::Number(Meaning::Pid, form) => (own, dialect.end.unwrap_or(0), form),
                HeadPart::Number(Meaning::Length, form) => (length, 0, form),
            };
            match form {
                Form::Binary(width) => {
                    let bits = 8 * width;
                    if bits < 64 && value >> bits != 0 {
                        return Err(Unencodable::TooLong { bits });
                    }
                    let at = head.len();
                    head.extend_from_slice(&value.to_be_bytes()[8 - usize::from(width)..]);
                    if dialect.head_bytes == ByteOrder::Little {
                        head[at..].reverse();
                    }
                }
                Form::Digits | Form::TenDigits => {
                    let width = if form == Form::Digits { 0 } else { 10 };
                    head.extend_from_slice(alloc::format!("{value:0width$}").as_bytes());
                    head.extend((form == Form::Digits).then_some(end));
                }
            }
        }
        let is_wide = |byte: &u8| dialect.char_bits < 8 && *byte >> dialect.char_bits != 0;
        if let Some(at) = text.iter().position(is_wide) {
            let bits = dialect.char_bits;
            return Err(Unencodable::Wide { at, bits });
        }
        let body = match dialect.chars {
            Chars::Bytes => text.iter().copied().chain(dialect.end).collect(),
            Chars::Unicode => code_points(dialect, text)?,
        };
        let dialect = *dialect;
        Ok(Self {
            dialect,
            head,
            body,
        })
    }

    /// Returns the number of symbols.
    pub fn len(&self) -> usize {
        self.head_len() + usize::from(self.symbols_per_byte()) * self.body.len()
    }

    /// Returns the number of symbols of a byte of the body.
    const fn symbols_per_byte(&self) -> u8 {
        match self.dialect.chars {
            Chars::Bytes => self.dialect.symbols_per_char(),
            Chars::Unicode => 8,
        }
    }

    /// Returns the number of symbols of the head.
    fn head_len(&self) -> usize {
        8 * self.head.len()
    }

    /// Returns whether there are no symbols: the text is empty and the dialect marks no end.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns symbol number `index`.
    pub fn symbol(&self, index: usize) -> Option<Symbol> {
        let dialect = &self.dialect;
        let (bytes, index, bits, width) = match index.checked_sub(self.head_len()) {
            Some(index) => {
                let symbols = usize::from(self.symbols_per_byte());
                let width = usize::from(dialect.char_bits.min(self.symbols_per_byte()));
                (&self.body, index, symbols, width)
            }
            None => (&self.head, index, 8, 8),
        };
        let byte = *bytes.get(index / bits)?;
        // Digits are text.
        let is_number = core::ptr::eq(bytes, &self.head) && !dialect.head.is_decimal();
        let order = match is_number {
            true => dialect.head_order,
            false => dialect.order,
        };
        let at = index % bits;
        let shift = match order {
            _ if at == width => return Some(dialect.symbol(dialect.parity_bit(byte))),
            BitOrder::Msb => width - 1 - at,
            BitOrder::Lsb => at,
        };
        Some(dialect.symbol(u32::from(byte) >> shift & 1 == 1))
    }

    /// Returns the symbols in order.
    pub fn symbols(&self) -> impl Iterator<Item = Symbol> {
        (0..self.len()).filter_map(|index| self.symbol(index))
    }

    /// Returns whether the last symbol is of a head of which nothing is acknowledged.
    pub(super) fn ends_in_silent_head(&self) -> bool {
        self.body.is_empty() && self.dialect.ack_head == HeadAck::None
    }

    /// Returns whether symbol number `index` is acknowledged as part of the message rather than as its end.
    pub fn is_acknowledged(&self, index: usize) -> bool {
        let (place, at, symbols) = match index.checked_sub(self.head_len()) {
            Some(at) => (Place::Text, at, self.dialect.symbols_per_char()),
            None if index + 1 == self.head_len() => (Place::HeadEnd, index, 8),
            None => (Place::Head, index, 8),
        };
        let ends_byte = (at + 1) % usize::from(symbols) == 0;
        self.dialect.acknowledges(place, ends_byte)
    }
}

/// Returns the bytes in which the bits of the code points of a text and of its end byte are sent.
fn code_points(dialect: &Dialect, text: &[u8]) -> Result<Vec<u8>, Unencodable> {
    let bits = dialect.char_bits;
    let width = usize::from(bits / 8);
    let wide = |at| Unencodable::Wide { at, bits };
    let text = core::str::from_utf8(text).map_err(|error| wide(error.valid_up_to()))?;
    let mut chars = text.char_indices();
    if let Some((at, _)) = chars.find(|(_, c)| c.len_utf16() > width / 2) {
        return Err(wide(at));
    }
    let mut bytes = Vec::new();
    let end = dialect.end.map(char::from);
    for value in text.chars().chain(end).map(u32::from) {
        match dialect.order {
            BitOrder::Msb => bytes.extend_from_slice(&value.to_be_bytes()[4 - width..]),
            BitOrder::Lsb => bytes.extend_from_slice(&value.to_le_bytes()[..width]),
        }
    }
    Ok(bytes)
}

/// Says why a dialect cannot represent a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unencodable {
    /// The text contains the byte that ends it.
    End {
        /// The byte.
        byte: u8,
        /// The offset of the byte in the text.
        at: usize,
    },
    /// A part of the text does not fit a character.
    Wide {
        /// The offset in the text.
        at: usize,
        /// The number of bits of a character.
        bits: u8,
    },
    /// The length does not fit the head.
    TooLong {
        /// The width of the head.
        bits: u8,
    },
}

impl fmt::Display for Unencodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End { byte, at } => {
                write!(
                    f,
                    "the byte 0x{byte:02x} at offset {at} is the one that ends a text in this dialect"
                )
            }
            Self::Wide { at, bits } => {
                write!(
                    f,
                    "what is at offset {at} is not a character of {bits} bits in this dialect"
                )
            }
            Self::TooLong { bits } => {
                write!(f, "its length does not fit the {bits} bits of the head")
            }
        }
    }
}

impl core::error::Error for Unencodable {}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::String;

    use super::*;

    fn encode(spec: &str, text: &[u8]) -> Result<TextEncoder, Unencodable> {
        TextEncoder::new(&spec.parse().unwrap(), text, Pid::new(0x0102_0304).unwrap())
    }

    /// Returns the symbols as 1 for SIGUSR1 and 2 for SIGUSR2, in groups of eight.
    fn symbols(spec: &str, text: &[u8]) -> String {
        let symbols: Vec<_> = encode(spec, text).unwrap().symbols().collect();
        let digit = |symbol: &Symbol| if *symbol == Symbol::Usr1 { '1' } else { '2' };
        let groups: Vec<String> = symbols
            .chunks(8)
            .map(|byte| byte.iter().map(digit).collect())
            .collect();
        groups.join(" ")
    }

    #[test]
    fn each_key_changes_the_symbols_as_the_documentation_says() {
        let table = "\
classic 'a' 12211112 11111111
order=lsb 'a' 21111221 11111111
one=usr1 'a' 21122221 22222222
end=none 'a' 12211112
end=etx '' 11111122
head=len16 'a' 11111111 11111112 12211112 11111111
head=len16,counts-end=yes,end=eot '' 11111111 11111112 11111211
head=len16,head-bytes=little,end=none 'a' 11111112 11111111 12211112
order=lsb,head=len16,head-order=msb,end=none 'a' 11111111 11111112 21111221
head=len16,head-order=lsb,end=none 'a' 21111111 11111111 12211112
head=len16,head-nul=yes,end=none '' 11111111 11111111 11111111
char-bits=7 'a' 22111121 111111
order=lsb,char-bits=9 'a' 21111221 11111111 11
head=digits,end=none 'a' 11221112 11111111 12211112
head=nul,end=none 'a' 11111111 12211112
order=lsb,head=stx '' 12111111 11111111
head=len8,end=none 'a' 11111112 12211112
char-bits=16,chars=unicode,end=none 'é' 11111111 22212112
order=lsb,char-bits=32,chars=unicode,end=none 'é' 21121222 11111111 11111111 11111111
order=lsb,head=digits,end=none 'a' 21112211 11111111 21111221
head=digits10,end=none '' 11221111 11221111 11221111 11221111 11221111 11221111 11221111 11221111 11221111 11221111
head=pid,end=none '' 11111112 11111121 11111122 11111211
head=pid-len32,end=none 'a' 11111112 11111121 11111122 11111211 11111111 11111111 11111111 11111112 12211112
order=lsb,head=pid-len32,end=none '' 11211111 22111111 12111111 21111111 11111111 11111111 11111111 11111111
head=pid-digits,end=etx '' 11221112 11221221 11222112 11221111 11222112 11221111 11221221 11221111 11111122 11111122
";
        for line in table.lines() {
            let (spec, rest) = line.split_once(" '").unwrap();
            let (text, expected) = rest.split_once("' ").unwrap();
            assert_eq!(symbols(spec, text.as_bytes()), expected, "{spec}");
        }
        assert_eq!(encode("head=len64,end=none", b"a").unwrap().len(), 72);
        assert_eq!(encode("head=pid-len64", b"").unwrap().len(), 104);
    }

    #[test]
    fn bits_or_bytes_are_acknowledged_and_the_head_like_the_text_at_its_end_or_not() {
        for (spec, expected) in [
            ("head=len16,end=none,ack=byte", &[7, 15, 23][..]),
            ("head=len16,end=none,ack=byte,ack-head=last", &[15, 23]),
            ("head=len16,end=none,ack=byte,ack-head=no", &[23]),
            (
                "head=len16,end=none,ack-head=no",
                &[16, 17, 18, 19, 20, 21, 22, 23],
            ),
            ("char-bits=7,ack=byte", &[6, 13]),
            (
                "classic",
                &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
            ),
            ("ack=byte", &[7, 15]),
            ("ack=message", &[]),
            ("ack=none", &[]),
        ] {
            let encoder = encode(spec, b"a").unwrap();
            let acknowledged = (0..encoder.len()).filter(|index| encoder.is_acknowledged(*index));
            assert!(acknowledged.eq(expected.iter().copied()), "{spec}");
        }
    }

    #[test]
    fn a_text_that_the_dialect_cannot_represent_is_refused() {
        let error = |spec: &str, text: &[u8]| format!("{}", encode(spec, text).unwrap_err());
        assert_eq!(
            error("classic", b"a\0"),
            "the byte 0x00 at offset 1 is the one that ends a text in this dialect"
        );
        assert!(encode("head=len16", b"a\0").is_ok());
        let wide = "is not a character of 16 bits in this dialect";
        assert!(error("char-bits=16,chars=unicode", "é🦀".as_bytes()).contains(wide));
        assert!(
            error("char-bits=32,chars=unicode", b"\xc3").contains("is not a character of 32 bits")
        );
        let long = std::vec![b'a'; 0xFFFF];
        assert!(encode("head=len16", &long).is_ok());
        assert_eq!(
            error("head=len16,counts-end=yes", &long),
            "its length does not fit the 16 bits of the head"
        );
    }

    #[test]
    fn only_a_dialect_without_an_end_encodes_nothing() {
        assert!(encode("end=none", b"").unwrap().is_empty());
        assert!(!encode("classic", b"").unwrap().is_empty());
    }
}

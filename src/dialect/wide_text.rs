//! The text of characters of 16 or 32 bits, which are bytes of UTF-8 or Unicode code points.
//!
//! Below 128 both are the same. A character from 128 to 255 is held back as a byte of UTF-8 until the bytes are a character of
//! the text; if they cannot be one, they were code points. The first of either kind decides for the rest of the text.
//!
//! Nearly any 16 bits are a code point. So a text in 16 bits needs some ASCII, unless the dialect names its characters.

use alloc::vec::Vec;

use super::utf8::Utf8;
use super::{Chars, Dialect};

/// Collects the bits beyond the lowest eight, and decides whether the characters are bytes or code points.
#[derive(Clone, Debug)]
pub struct WideText {
    /// The largest value of a character.
    max: u32,
    high: u32,
    kind: Option<Chars>,
    /// How many more characters beyond ASCII are believed; each in ASCII adds two.
    credit: u32,
    /// The characters that are held back.
    held: [u32; 3],
    held_len: usize,
    utf8: Utf8,
}

impl WideText {
    /// Returns the state before a text; `None` for characters of at most nine bits.
    pub fn of(dialect: &Dialect) -> Option<Self> {
        let is_unicode = dialect.chars == Chars::Unicode;
        (dialect.char_bits > 9).then(|| Self {
            max: u32::MAX >> (32 - u32::from(dialect.char_bits)),
            high: 0,
            kind: is_unicode.then_some(Chars::Unicode),
            credit: match dialect.char_bits {
                16 if !is_unicode => 2,
                _ => u32::MAX,
            },
            held: [0; 3],
            held_len: 0,
            utf8: Utf8::START,
        })
    }

    /// Sets a bit beyond the lowest eight of the present character.
    pub const fn set_bit(&mut self, place: u8) {
        self.high |= 1 << place;
    }

    /// Returns whether the characters are known to be code points.
    pub fn is_unicode(&self) -> bool {
        self.kind == Some(Chars::Unicode)
    }

    /// Returns whether nothing is held back.
    pub const fn is_whole(&self) -> bool {
        self.held_len == 0
    }

    /// Takes the character that ends with the eight bits `low`; returns the characters that it releases, and whether it is the
    /// `end`.
    ///
    /// Returns `None` for a value that is neither a byte nor a code point.
    pub fn push(&mut self, low: u8, end: Option<u8>) -> Option<(Vec<u8>, bool)> {
        let value = core::mem::take(&mut self.high) | u32::from(low);
        let mut released = Vec::new();
        // A char that is signed becomes an int with ones in all higher bits.
        let is_signed = value | 0x7f == self.max;
        let byte = (value <= 0xff || is_signed).then_some(low);
        let is_end = value <= 0xff && Some(low) == end;
        let next = byte.filter(|_| !is_end && !self.is_unicode());
        let Some(next) = next.and_then(|byte| self.utf8.next(byte)) else {
            self.release(&mut released)?;
            if is_end {
                return Some((released, true));
            }
            if self.kind == Some(Chars::Bytes) {
                return None;
            }
            self.add_code_point(value, &mut released)?;
            return Some((released, false));
        };
        self.utf8 = next;
        if next.is_whole() {
            for value in &self.held[..self.held_len] {
                released.push(*value as u8);
            }
            if self.held_len > 0 {
                self.kind = Some(Chars::Bytes);
            } else {
                self.credit = self.credit.saturating_add(2);
            }
            self.held_len = 0;
            released.push(low);
        } else {
            self.held[self.held_len] = value;
            self.held_len += 1;
        }
        Some((released, false))
    }

    /// Releases the characters that were held back as code points.
    fn release(&mut self, released: &mut Vec<u8>) -> Option<()> {
        self.utf8 = Utf8::START;
        let held = self.held;
        for value in held.into_iter().take(core::mem::take(&mut self.held_len)) {
            if self.kind == Some(Chars::Bytes) {
                return None;
            }
            self.add_code_point(value, released)?;
        }
        Some(())
    }

    /// Adds a code point. Returns `None` if the value is not that of a character of text, or if there was too little ASCII before
    /// it.
    fn add_code_point(&mut self, value: u32, released: &mut Vec<u8>) -> Option<()> {
        if value > 0x7f {
            self.kind = Some(Chars::Unicode);
            self.credit = self.credit.checked_sub(1)?;
        } else {
            self.credit = self.credit.saturating_add(2);
        }
        // Those of ASCII are judged as bytes.
        let is_text = |c: &char| c.is_ascii() || !c.is_control();
        let c = char::from_u32(value).filter(is_text)?;
        released.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use super::*;

    /// Returns the text of these characters and a NUL, and whether they were code points; `None` if they are no text.
    fn text(spec: &str, values: impl IntoIterator<Item = u32>) -> Option<(String, bool)> {
        let mut wide = WideText::of(&spec.parse().unwrap()).unwrap();
        let mut text = Vec::new();
        for value in values.into_iter().chain([0]) {
            (8..32)
                .filter(|place| value >> place & 1 == 1)
                .for_each(|place| wide.set_bit(place));
            let (released, is_end) = wide.push(value as u8, Some(0))?;
            text.extend(released);
            assert_eq!(is_end, value == 0);
        }
        assert!(wide.is_whole());
        Some((String::from_utf8(text).unwrap(), wide.is_unicode()))
    }

    #[test]
    fn characters_are_bytes_of_utf_8_or_code_points() {
        for text_in in [
            "Hello",
            "Zwölf Größe",
            "é",
            "àé",
            "日本語",
            "a\u{a0}\u{ff}",
            "🦀 é",
        ] {
            let bytes = || text_in.bytes().map(u32::from);
            let signed = || text_in.bytes().map(|byte| byte.cast_signed() as i32 as u32);
            let code_points = || text_in.chars().map(u32::from);
            let is_wide = !text_in.is_ascii();
            let of = |is_unicode| Some((String::from(text_in), is_unicode && is_wide));
            assert_eq!(text("char-bits=32", bytes()), of(false), "{text_in}");
            assert_eq!(text("char-bits=32", signed()), of(false), "{text_in}");
            assert_eq!(text("char-bits=32", code_points()), of(true), "{text_in}");
            assert_eq!(text("char-bits=16", bytes()), of(false), "{text_in}");
            let signed = signed().map(|value| value & 0xffff);
            assert_eq!(text("char-bits=16", signed), of(false), "{text_in}");
            let is_short = code_points().all(|value| value <= 0xffff) && text_in != "日本語";
            if is_short {
                assert_eq!(text("char-bits=16", code_points()), of(true), "{text_in}");
            }
            let (found, _) = text("char-bits=32,chars=unicode", code_points()).unwrap();
            assert_eq!(found, text_in);
        }
        // Code points that bytes of UTF-8 could be are read as bytes, unless the dialect says otherwise.
        assert_eq!(text("char-bits=32", [0xc3, 0xa9]).unwrap().0, "é");
        assert_eq!(
            text("char-bits=32,chars=unicode", [0xc3, 0xa9]).unwrap().0,
            "Ã©"
        );
    }

    #[test]
    fn what_is_neither_is_no_text() {
        for values in [
            &[0x11_0000][..],
            &[0xd800],
            &[0x82],
            &[0x4848_4848],
            &[0xffff_ffc3],
            &[0xc3, 0xa9, 0x65e5],
            &[0xc3, 0xa9, 0xe9],
        ] {
            assert_eq!(
                text("char-bits=32", values.iter().copied()),
                None,
                "{values:x?}"
            );
        }
        assert_eq!(text("char-bits=16", [0xd83e]), None);
    }
}

//! The two things that one line of JSON needs: strings, and bytes that are not UTF-8. Both are written as a stream.

use std::io::{self, Write};

use super::format::{is_invisible, write_escaped};

/// `text` as a JSON string (RFC 8259 section 7).
#[cfg(any(feature = "tools", test))]
pub fn string(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    // Writing into memory cannot fail.
    let _ = write_string(&mut out, text);
    String::from_utf8_lossy(&out).into_owned()
}

/// Writes `text` as a JSON string (RFC 8259 section 7).
pub fn write_string(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(b"\"")?;
    write_escaped(out, text, |out, c| match c {
        '"' | '\\' => write!(out, "\\{c}").map(|()| true),
        '\n' => out.write_all(b"\\n").map(|()| true),
        '\r' => out.write_all(b"\\r").map(|()| true),
        '\t' => out.write_all(b"\\t").map(|()| true),
        // DEL, the C1 controls and the invisible need no escape in JSON, but a terminal obeys them.
        c if c.is_control() || is_invisible(c) => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            Ok(true)
        }
        _ => Ok(false),
    })?;
    out.write_all(b"\"")
}

/// Writes `bytes` in base64 (RFC 4648 section 4).
pub fn write_base64(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        let mut four = [b'='; 4];
        for (i, digit) in four.iter_mut().enumerate().take(chunk.len() + 1) {
            *digit = ALPHABET[(group >> (18 - 6 * i) & 0x3F) as usize];
        }
        out.write_all(&four)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped() {
        assert_eq!(
            string("a\"b\\c\n\u{1b}[31m\u{9b}\0é🦀\u{202e}\u{e0041}"),
            r#""a\"b\\c\n\u001b[31m\u009b\u0000é🦀\u202e\udb40\udc41""#
        );
    }

    fn base64(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        write_base64(&mut out, bytes).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_examples_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xFF, 0xEF, 0xBE]), "/+++");
    }
}

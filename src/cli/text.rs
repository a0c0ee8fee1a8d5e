//! Text for terminals and for JSON, written as a stream.

use std::io::{self, Write};

/// Returns the text of a message for a terminal; see [`write_for_terminal`].
pub fn for_terminal(bytes: &[u8]) -> String {
    collect(|out| write_for_terminal(out, bytes))
}

/// Returns a name or a quotation for a terminal; see [`write_in_line`].
pub fn in_line(bytes: &[u8]) -> String {
    collect(|out| write_in_line(out, bytes))
}

/// Returns `text` as a JSON string (RFC 8259 section 7).
#[cfg(any(feature = "tools", test))]
pub fn json_string(text: &str) -> String {
    collect(|out| write_json_string(out, text))
}

fn collect(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    // Writing into memory cannot fail.
    let _ = write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Writes a message for a terminal: as it is, without what could drive the terminal or disguise the text.
///
/// Escapes control characters except tabs and line ends, invisible characters, and bytes that are not UTF-8.
pub fn write_for_terminal(out: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    write_text(out, bytes, true)
}

/// Writes `bytes` as [`write_for_terminal`] does, but escapes tabs, line ends and backslashes too, so that the text can be read
/// back and stays within its line.
pub fn write_in_line(out: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    write_text(out, bytes, false)
}

fn write_text(out: &mut dyn Write, bytes: &[u8], has_lines: bool) -> io::Result<()> {
    for chunk in bytes.utf8_chunks() {
        write_escaped(out, chunk.valid(), |out, c, rest| {
            // A carriage return alone would let the text behind it overwrite the line.
            let is_layout = matches!(c, '\\' | '\n' | '\t') || c == '\r' && rest.starts_with('\n');
            let is_escaped = match is_layout {
                true => !has_lines,
                false => c.is_control() || is_invisible(c),
            };
            if is_escaped {
                write!(out, "{}", c.escape_default())?;
            }
            Ok(is_escaped)
        })?;
        for byte in chunk.invalid() {
            write!(out, "\\x{byte:02x}")?;
        }
    }
    Ok(())
}

/// Writes `text` as a JSON string (RFC 8259 section 7).
pub fn write_json_string(out: &mut dyn Write, text: &str) -> io::Result<()> {
    out.write_all(b"\"")?;
    write_escaped(out, text, |out, c, _| match c {
        '"' | '\\' => write!(out, "\\{c}").map(|()| true),
        '\n' => out.write_all(b"\\n").map(|()| true),
        '\r' => out.write_all(b"\\r").map(|()| true),
        '\t' => out.write_all(b"\\t").map(|()| true),
        // JSON needs no escape for DEL, the C1 controls and invisible characters, but terminals interpret them.
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

/// Writes `text`. `escape` gets a character and the text behind it, and returns whether it has written something in its place.
fn write_escaped(
    out: &mut dyn Write,
    text: &str,
    escape: impl Fn(&mut dyn Write, char, &str) -> io::Result<bool>,
) -> io::Result<()> {
    let bytes = text.as_bytes();
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        // These characters are escaped in no format.
        if matches!(c, ' '..='!' | '#'..='[' | ']'..='~') {
            continue;
        }
        out.write_all(&bytes[plain..at])?;
        plain = at;
        let next = at + c.len_utf8();
        if escape(out, c, &text[next..])? {
            plain = next;
        }
    }
    out.write_all(&bytes[plain..])
}

/// Returns whether `c` is invisible or invisibly changes the text around it: directions (UAX #9, section 2), separators, and what
/// Unicode calls ignorable by default (UAX #44, Default_Ignorable_Code_Point), as fillers and tags.
///
/// Joiners and the variation selectors below U+10000 are not among them, because many scripts and emoji need them.
fn is_invisible(c: char) -> bool {
    const RANGES: [[char; 2]; 17] = [
        ['\u{AD}', '\u{AD}'],
        ['\u{34F}', '\u{34F}'],
        ['\u{61C}', '\u{61C}'],
        ['\u{115F}', '\u{1160}'],
        ['\u{17B4}', '\u{17B5}'],
        ['\u{180E}', '\u{180E}'],
        ['\u{200B}', '\u{200B}'],
        ['\u{200E}', '\u{200F}'],
        ['\u{2028}', '\u{202E}'],
        ['\u{2060}', '\u{206F}'],
        ['\u{3164}', '\u{3164}'],
        ['\u{FEFF}', '\u{FEFF}'],
        ['\u{FFA0}', '\u{FFA0}'],
        // Unassigned, except for the marks of an annotation, which hide where it begins.
        ['\u{FFF0}', '\u{FFFB}'],
        ['\u{1BCA0}', '\u{1BCA3}'],
        ['\u{1D173}', '\u{1D17A}'],
        // Tags, and variation selectors that can carry any bytes.
        ['\u{E0000}', '\u{E0FFF}'],
    ];
    RANGES
        .iter()
        .any(|[first, last]| (first..=last).contains(&&c))
}

/// Writes `bytes` in base64 (RFC 4648 section 4).
pub fn write_base64(out: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
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
    fn terminal_text_has_no_effect_but_its_lines() {
        let emoji = "é 🦀 👩\u{200D}🚀 ☎\u{FE0F} 한글";
        assert_eq!(for_terminal(emoji.as_bytes()), emoji);
        let lines = "C:\\dir\n\ttwo\r\nthree\n\n";
        assert_eq!(for_terminal(lines.as_bytes()), lines);
        assert_eq!(
            for_terminal(b"\x1b]0;x\x07\x7f\xc2\x9b\xff\xe2\x82\x0b\0"),
            "\\u{1b}]0;x\\u{7}\\u{7f}\\u{9b}\\xff\\xe2\\x82\\u{b}\\u{0}"
        );
        assert_eq!(for_terminal("\u{202E}x".as_bytes()), "\\u{202e}x");
        assert_eq!(
            for_terminal("\u{AD}\u{34F}\u{3164}\u{FFF9}\u{1D173}\u{E0100}".as_bytes()),
            "\\u{ad}\\u{34f}\\u{3164}\\u{fff9}\\u{1d173}\\u{e0100}"
        );
        assert_eq!(for_terminal(b"over\rwritten\r"), "over\\rwritten\\r");
        assert_eq!(for_terminal(b"a\r\r\nb\r\xff"), "a\\r\r\nb\\r\\xff");
    }

    #[test]
    fn text_in_a_line_can_be_read_back() {
        assert_eq!(in_line("é a\\b".as_bytes()), "é a\\\\b");
        assert_eq!(in_line(b"\t\r\n\x1b"), "\\t\\r\\n\\u{1b}");
    }

    #[test]
    fn json_strings_are_escaped() {
        assert_eq!(
            json_string("a\"b\\c\n\u{1b}[31m\u{9b}\0é🦀\u{202e}\u{e0041}"),
            r#""a\"b\\c\n\u001b[31m\u009b\u0000é🦀\u202e\udb40\udc41""#
        );
    }

    #[test]
    fn base64_encodes_the_examples_of_rfc_4648() {
        let base64 = |bytes: &[u8]| collect(|out| write_base64(out, bytes));
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

//! The format in which a server prints messages: alone, with a newline, or with text around them.

use crate::cli::text::in_line;

/// Bytes of the longest text before or after a message.
const MAX_AROUND: usize = 120;

/// Describes a format of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// The message alone.
    Plain,
    /// The message and a newline.
    Line,
    /// Text before and after the message, in which `#` stands for every number, because PIDs differ.
    Decorated(Vec<u8>, Vec<u8>),
}

impl OutputFormat {
    /// Returns the format if `printed` is `text` in one.
    pub fn of(text: &[u8], printed: &[u8]) -> Option<Self> {
        if printed == text {
            return Some(Self::Plain);
        }
        if printed.strip_suffix(b"\n") == Some(text) {
            return Some(Self::Line);
        }
        let (before, after) = around(text, printed)?;
        let is_text = |part: &[u8]| {
            !part
                .iter()
                .any(|b| b.is_ascii_control() && !b"\n\r\t\x1b".contains(b))
        };
        // Line ends alone could come from a message that was misread.
        let is_visible = [before, after].concat().iter().any(u8::is_ascii_graphic);
        let is_short = before.len().max(after.len()) <= MAX_AROUND;
        (is_short && is_visible && is_text(before) && is_text(after))
            .then(|| Self::Decorated(without_numbers(before), without_numbers(after)))
    }

    /// Returns whether `printed` is `text` in this format. A server may print nothing for an empty text.
    pub fn fits(&self, text: &[u8], printed: &[u8]) -> bool {
        if text.is_empty() && printed.is_empty() {
            return true;
        }
        match self {
            Self::Plain => printed == text,
            Self::Line => printed.strip_suffix(b"\n") == Some(text),
            Self::Decorated(before, after) if text.is_empty() => {
                without_numbers(printed) == [&before[..], after].concat()
            }
            Self::Decorated(before, after) => around(text, printed).is_some_and(|(b, a)| {
                without_numbers(b) == *before && without_numbers(a) == *after
            }),
        }
    }

    /// Describes the format for the report.
    pub fn describe(&self) -> String {
        match self {
            Self::Plain => "only the text".into(),
            Self::Line => "each text and a newline".into(),
            Self::Decorated(before, after) => {
                let [before, after] = [before, after].map(|part| in_line(part));
                format!("\"{before}\" before each text, \"{after}\" after it")
            }
        }
    }
}

fn around<'a>(text: &[u8], printed: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    if text.is_empty() {
        return None;
    }
    let at = printed.windows(text.len()).position(|w| w == text)?;
    Some((&printed[..at], &printed[at + text.len()..]))
}

fn without_numbers(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte.is_ascii_digit() {
            true if out.last() == Some(&b'#') => {}
            true => out.push(b'#'),
            false => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_around_a_message_is_a_format_and_a_misread_message_is_not() {
        assert_eq!(
            OutputFormat::of(b"Hello", b"Hello"),
            Some(OutputFormat::Plain)
        );
        assert_eq!(
            OutputFormat::of(b"Hello", b"Hello\n"),
            Some(OutputFormat::Line)
        );
        let words = OutputFormat::of(b"Hello", b"[4242] Hello\n").unwrap();
        assert!(words.fits(b"again", b"[17] again\n"));
        assert!(words.fits(b"", b"[17] \n") && words.fits(b"", b""));
        assert!(!words.fits(b"again", b"[17] again"));
        for printed in ["\0\0\0\u{5}Hello", "\n\nHello", "Hollo", ""] {
            assert_eq!(
                OutputFormat::of(b"Hello", printed.as_bytes()),
                None,
                "{printed:?}"
            );
        }
        assert!(!OutputFormat::Line.fits(b"x", b"x\n\n") && !OutputFormat::Plain.fits(b"x", b""));
    }
}

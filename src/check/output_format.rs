//! The format in which a server prints messages: alone, with a newline, with text around them, or in one of several lines.

use crate::cli::text::in_line;

/// Bytes of the longest text before or after a message.
const MAX_AROUND: usize = 120;

/// Bytes of other lines, next to the text, in which its line is searched.
const NEAR: usize = 4096;

/// Describes a format of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// The message alone.
    Plain,
    /// The message and a newline.
    Line,
    /// Text before and after the message, in which `#` stands for every number, because PIDs differ.
    Decorated(Vec<u8>, Vec<u8>),
    /// As `Decorated`, in a line among others: the server prints each signal or character too, or the message twice.
    Among(Vec<u8>, Vec<u8>),
}

/// Returns the format of a text in what was printed.
pub type FormatOf = fn(&[u8], &[u8]) -> Option<OutputFormat>;

impl OutputFormat {
    /// Returns the format if `printed` is `text` in one.
    pub fn of(text: &[u8], printed: &[u8]) -> Option<Self> {
        if printed == text {
            return Some(Self::Plain);
        }
        if printed.strip_suffix(b"\n") == Some(text) {
            return Some(Self::Line);
        }
        let (before, after) = around(text, printed).next()?;
        let is_text = |part: &[u8]| {
            !part
                .iter()
                .any(|b| b.is_ascii_control() && !b"\n\r\t\x1b".contains(b))
        };
        // Line ends alone could come from a message that was misread.
        let is_visible = [before, after].concat().iter().any(u8::is_ascii_graphic);
        let is_short = before.len().max(after.len()) <= MAX_AROUND;
        let is_twice = around(text, after).next().is_some();
        let is_traced = before.iter().filter(|b| **b == b'\n').count() >= text.len();
        let (format, [before, after]): (fn(_, _) -> Self, _) =
            match is_short && !is_twice && !is_traced {
                true => (Self::Decorated, [before, after]),
                false => (Self::Among, in_line_of(before, after)),
            };
        (is_visible && is_text(before) && is_text(after))
            .then(|| format(without_numbers(before), without_numbers(after)))
    }

    /// Returns the format as [`of`](Self::of) does, also if the server prints the NUL that ends a message as well.
    pub fn with_end(text: &[u8], printed: &[u8]) -> Option<Self> {
        match printed.strip_prefix(text) {
            Some(rest @ (b"\0" | b"\0\n")) => Some(Self::Decorated(Vec::new(), rest.into())),
            _ => Self::of(text, printed),
        }
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
            Self::Decorated(before, after) => around(text, printed).next().is_some_and(|(b, a)| {
                without_numbers(b) == *before && without_numbers(a) == *after
            }),
            Self::Among(before, after) if text.is_empty() => {
                let mut lines = printed.split_inclusive(|byte| *byte == b'\n');
                let empty = [&before[..], after].concat();
                lines.any(|line| without_numbers(line) == empty)
            }
            Self::Among(..) => {
                // The output is searched each time that it grows, and may have the text twice.
                let from = printed.len().saturating_sub(3 * text.len() + NEAR);
                self.is_among(text, &printed[from..])
            }
        }
    }

    /// Returns whether `printed` is both texts in this format, in either order.
    pub fn fits_both(&self, texts: [&[u8]; 2], printed: &[u8]) -> bool {
        if let Self::Among(..) = self {
            return texts.iter().all(|text| self.is_among(text, printed));
        }
        let [a, b] = texts;
        (0..=printed.len()).any(|cut| {
            let (first, second) = printed.split_at(cut);
            let is = |x, y| self.fits(x, first) && self.fits(y, second);
            is(a, b) || is(b, a)
        })
    }

    /// Returns whether a line of `printed` is a text that is not empty in this format.
    fn is_among(&self, text: &[u8], printed: &[u8]) -> bool {
        around(text, printed).any(|(before, after)| {
            let [before, after] = in_line_of(before, after).map(without_numbers);
            *self == Self::Among(before, after)
        })
    }

    /// Describes the format for the report.
    pub fn describe(&self) -> String {
        match self {
            Self::Plain => "only the text".into(),
            Self::Line => "each text and a newline".into(),
            Self::Decorated(before, after) | Self::Among(before, after) => {
                let [before, after] = [before, after].map(|part| in_line(part));
                let more = match self {
                    Self::Among(..) => ", and more lines",
                    _ => "",
                };
                format!("\"{before}\" before each text, \"{after}\" after it{more}")
            }
        }
    }
}

/// Returns the data before and after each occurrence of a text that is not empty.
fn around<'a>(text: &[u8], printed: &'a [u8]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    let len = text.len();
    let starts = 0..(printed.len() + 1).saturating_sub(len);
    starts
        .filter(move |at| len > 0 && printed[*at..].starts_with(text))
        .map(move |at| (&printed[..at], &printed[at + len..]))
}

/// Returns the parts of `before` and `after` that are in the same line as the text between them.
fn in_line_of<'a>(before: &'a [u8], after: &'a [u8]) -> [&'a [u8]; 2] {
    let is_end = |byte: &u8| *byte == b'\n';
    let from = before.iter().rposition(is_end).map_or(0, |at| at + 1);
    let to = after
        .iter()
        .position(is_end)
        .map_or(after.len(), |at| at + 1);
    [&before[from..], &after[..to]]
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
        let twice = OutputFormat::of(b"Hello", b"got [Hello]\nHellodone\n").unwrap();
        assert!(twice.fits(b"again", b"got [again]\nagaindone\n") && twice.fits(b"", b"got []\n"));
        assert!(!twice.fits(b"again", b"got [agai]\nagaidone\n"));
        for line in ["bit 1 of byte 2\n", "0\n"] {
            let printed = |text: &str| line.repeat(8 * text.len()) + &format!("text: {text}\n");
            let traced = OutputFormat::of(b"Hello", printed("Hello").as_bytes()).unwrap();
            for text in ["y", "again, again"] {
                assert!(traced.fits(text.as_bytes(), printed(text).as_bytes()));
                assert!(!traced.fits(text.as_bytes(), line.repeat(99).as_bytes()));
            }
        }
        for printed in ["\0\0\0\u{5}Hello", "\n\nHello", "Hollo", ""] {
            assert_eq!(
                OutputFormat::of(b"Hello", printed.as_bytes()),
                None,
                "{printed:?}"
            );
        }
        for end in ["\0", "\0\n"] {
            let printed = |text: &str| text.to_owned() + end;
            assert_eq!(
                OutputFormat::of(b"Hello", printed("Hello").as_bytes()),
                None
            );
            let ended = OutputFormat::with_end(b"Hello", printed("Hello").as_bytes()).unwrap();
            assert!(
                ended.fits(b"again", printed("again").as_bytes())
                    && ended.fits(b"", end.as_bytes())
            );
            assert!(!ended.fits(b"again", b"again"));
        }
        assert!(!OutputFormat::Line.fits(b"x", b"x\n\n") && !OutputFormat::Plain.fits(b"x", b""));
    }
}

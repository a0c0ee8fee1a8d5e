//! How a server prints a message: bare, with a newline, or with words of its own around it.

/// Bytes of decoration that are still one.
const MOST_AROUND: usize = 120;

/// What stands around every message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing.
    Bare,
    /// A newline behind it.
    Line,
    /// These words before and behind it, in which every number is a `#`: PIDs differ.
    Words(Vec<u8>, Vec<u8>),
}

impl Shape {
    /// The shape in which `printed` says `text`, if it does.
    pub fn of(text: &[u8], printed: &[u8]) -> Option<Self> {
        if printed == text {
            return Some(Self::Bare);
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
        // What is nothing but line ends could be the rest of something misread.
        let says_something = [before, after].concat().iter().any(u8::is_ascii_graphic);
        let is_short = before.len().max(after.len()) <= MOST_AROUND;
        (is_short && says_something && is_text(before) && is_text(after))
            .then(|| Self::Words(without_numbers(before), without_numbers(after)))
    }

    /// Whether `printed` is `text` in this shape. Of an empty text a server may print nothing at all.
    pub fn fits(&self, text: &[u8], printed: &[u8]) -> bool {
        if text.is_empty() && printed.is_empty() {
            return true;
        }
        match self {
            Self::Bare => printed == text,
            Self::Line => printed.strip_suffix(b"\n") == Some(text),
            Self::Words(before, after) if text.is_empty() => {
                without_numbers(printed) == [&before[..], after].concat()
            }
            Self::Words(before, after) => around(text, printed).is_some_and(|(b, a)| {
                without_numbers(b) == *before && without_numbers(a) == *after
            }),
        }
    }

    /// What the report says of it.
    pub fn describe(&self) -> String {
        let show = |part: &[u8]| crate::cli::format::for_terminal(part);
        match self {
            Self::Bare => "nothing but the text".into(),
            Self::Line => "each text and a newline".into(),
            Self::Words(before, after) => format!(
                "words around each text: \"{}\" before, \"{}\" behind it",
                show(before),
                show(after)
            ),
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
    fn words_around_a_text_are_a_shape_and_what_was_misread_is_none() {
        assert_eq!(Shape::of(b"Hello", b"Hello"), Some(Shape::Bare));
        assert_eq!(Shape::of(b"Hello", b"Hello\n"), Some(Shape::Line));
        let words = Shape::of(b"Hello", b"[4242] Hello\n").unwrap();
        assert!(words.fits(b"again", b"[17] again\n"));
        assert!(words.fits(b"", b"[17] \n") && words.fits(b"", b""));
        assert!(!words.fits(b"again", b"[17] again"));
        for printed in ["\0\0\0\u{5}Hello", "\n\nHello", "Hollo", ""] {
            assert_eq!(Shape::of(b"Hello", printed.as_bytes()), None, "{printed:?}");
        }
        assert!(!Shape::Line.fits(b"x", b"x\n\n") && !Shape::Bare.fits(b"x", b""));
    }
}

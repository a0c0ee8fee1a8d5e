//! The dialects that a program could have, and how much evidence each needs.

use alloc::vec::Vec;

use super::{BitOrder, ByteOrder, Chars, Dialect, Head, Parity, Symbol};

/// Bytes of a text that count as evidence.
const EVIDENCE_LIMIT: usize = 1 << 16;

/// Is the length of a text that is hardly found by chance, even in a dialect in which nearly any symbols are characters.
pub(super) const ENOUGH: usize = 8;

/// The end byte of a text, and whether the length in its head counts that.
type Ending = (Option<u8>, bool);

/// The bits and the parity of characters without a head.
const CHARACTERS: [(u8, Parity); 9] = [
    (7, Parity::None),
    (8, Parity::None),
    (9, Parity::None),
    (16, Parity::None),
    (32, Parity::None),
    (8, Parity::Even),
    (8, Parity::Odd),
    (8, Parity::Space),
    (8, Parity::Mark),
];

/// Returns every dialect that a stream could be in, in its visible form; `greeting` adds the dialects that open with a
/// handshake by that signal.
pub fn all(greeting: Option<Symbol>) -> Vec<Dialect> {
    let mut all = Vec::new();
    for plain in plain() {
        for (char_bits, parity) in CHARACTERS {
            all.push(Dialect {
                char_bits,
                parity,
                ..plain
            });
        }
        push_framings(&mut all, &plain);
        if let Some(hello_signal) = greeting {
            let with_hello = Dialect {
                hello: true,
                hello_signal,
                ..plain
            };
            push_framings(&mut all, &with_hello);
        }
    }
    all
}

/// Appends `opening` with each head in each likely order, and with each ending of that head.
fn push_framings(all: &mut Vec<Dialect>, opening: &Dialect) {
    for &head in Head::ALL {
        // The two orders and the NUL are a bit each.
        for choice in 0..8 {
            let framed = Dialect {
                head,
                head_order: BitOrder::ALL[choice >> 2],
                head_bytes: ByteOrder::ALL[choice >> 1 & 1],
                head_nul: choice & 1 != 0,
                ..*opening
            };
            if !has_likely_head(&framed) {
                continue;
            }
            for &(end, counts_end) in endings(head) {
                let framed = Dialect {
                    end,
                    counts_end,
                    ..framed
                };
                // The plain dialect is among the dialects that differ in their characters.
                if framed.hello || head != Head::None || end != Some(0) {
                    all.push(framed);
                }
            }
        }
    }
}

/// Returns the classic dialect in each order of bits and with each signal for 1.
pub fn plain() -> [Dialect; 4] {
    const ALL: [(BitOrder, Symbol); 4] = [
        (BitOrder::Msb, Symbol::Usr2),
        (BitOrder::Msb, Symbol::Usr1),
        (BitOrder::Lsb, Symbol::Usr2),
        (BitOrder::Lsb, Symbol::Usr1),
    ];
    ALL.map(|(order, one)| Dialect {
        order,
        one,
        head_order: order,
        head_bytes: ByteOrder::of_bit_loop(order),
        ..Dialect::CLASSIC
    })
}

/// Returns whether a program can have chosen this byte to end its texts, because no text has it.
pub const fn is_own_end(byte: u8) -> bool {
    let is_text = matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    let is_of_utf8 = matches!(byte, 0x80..0xc0 | 0xc2..0xf5);
    !is_text && !is_of_utf8
}

/// Returns whether the bits and bytes of the head can have this order, and whether a NUL can follow it.
fn has_likely_head(d: &Dialect) -> bool {
    // Digits end with a NUL anyway, or have a fixed width.
    let may_have_nul = matches!(d.head, Head::Len16 | Head::Len32 | Head::Len64);
    let has_likely_order = match d.head.width() {
        None | Some(1) => {
            d.head_order == d.order && d.head_bytes == ByteOrder::of_bit_loop(d.order)
        }
        // Any order of both would be too many candidates.
        _ if d.head.has_pid_and_length() => d.head_order == d.order,
        _ => true,
    };
    has_likely_order && (may_have_nul || !d.head_nul)
}

/// Returns the endings that go with `head`.
const fn endings(head: Head) -> &'static [Ending] {
    const NONE: Ending = (None, false);
    const NUL: Ending = (Some(0), false);
    const COUNTED_NUL: Ending = (Some(0), true);
    const ETX: Ending = (Some(3), false);
    const EOT: Ending = (Some(4), false);
    const NEWLINE: Ending = (Some(b'\n'), false);
    /// No byte of UTF-8.
    const ALL_ONES: Ending = (Some(0xff), false);
    match head {
        Head::None => &[NUL, ETX, EOT, NEWLINE, ALL_ONES],
        Head::Nul => &[NUL],
        Head::Stx => &[ETX, EOT],
        Head::Len8 => &[NONE, NUL],
        Head::Pid | Head::PidDigits => &[NUL, ETX, EOT],
        _ => &[NONE, NUL, COUNTED_NUL],
    }
}

/// Returns how rare the properties of a dialect are.
pub fn dialect_cost(d: &Dialect) -> u32 {
    let costs = [
        (d.order == BitOrder::Lsb, 9u8),
        (d.one == Symbol::Usr1, 9),
        (d.hello, 20),
        (matches!(d.head, Head::Nul | Head::Stx), 10),
        (d.head == Head::Len8, 24),
        // Some text has as many bytes as its first one says; those below 32 open none.
        (d.head == Head::Len8 && d.end == Some(0), 36),
        (d.head == Head::Len16, 8),
        (d.head == Head::Len32, 6),
        (d.head == Head::Len64, 10),
        (d.head.is_decimal(), 8),
        (d.head_order != d.order, 12),
        (d.head_bytes != ByteOrder::of_bit_loop(d.head_order), 8),
        (d.head_nul, 10),
        (d.counts_end, 4),
        (d.end != Some(0), 8),
        (d.char_bits != 8, 28),
        (d.chars == Chars::Unicode, 20),
        // Nearly any symbols are code points in 16 bits.
        (d.chars == Chars::Unicode && d.char_bits == 16, 10),
        (d.parity != Parity::None, 28),
        // Most clients send it as part of the text.
        (d.end == Some(b'\n'), 12),
        // In the other order and with the other signal for 1, the same symbols end with a NUL.
        (d.end == Some(0xff), 40),
    ];
    let costs = costs
        .iter()
        .map(|(has, cost)| u32::from(u8::from(*has) * cost));
    costs.sum()
}

/// Returns whether a text of `len` bytes is too short to be sure of so rare a dialect: letters are found in any bits.
pub fn is_scant(d: &Dialect, len: usize) -> bool {
    len > 0 && (dialect_cost(d) as usize >= 8 + 8 * len || len < ENOUGH && shows_no_end(d))
}

/// Returns whether nearly any symbols are a text in this dialect, as long as it is short.
pub(super) fn is_weak(dialect: &Dialect) -> bool {
    dialect.symbols_per_char() % 8 != 0 || dialect.head == Head::Len8
}

/// Returns whether a text of `len` bytes is too short to expect its dialect of the next process of its program.
pub(super) fn is_no_proof(d: &Dialect, len: usize) -> bool {
    len < ENOUGH && (is_weak(d) || shows_no_end(d))
}

/// Returns whether only the end of the client shows the end of a text: any bytes of a text could be one.
fn shows_no_end(d: &Dialect) -> bool {
    let is_shown = matches!(d.end, Some(0 | 3 | 4 | b'\n' | 0xff));
    !is_shown && !d.head.is_length()
}

/// Returns how much likelier a text is if each of its bytes was XORed with `mask`.
pub(super) fn mask_gain(text: &[u8], mask: u8) -> u32 {
    let cost = |mask| -> u32 {
        let bytes = text.iter().enumerate();
        bytes.map(|(at, byte)| text_cost(byte ^ mask, at)).sum()
    };
    cost(0).saturating_sub(cost(mask))
}

/// Returns how rare the byte is at offset `at` of a text, on the scale of [`dialect_cost`].
pub const fn text_cost(byte: u8, at: usize) -> u32 {
    match at {
        0..EVIDENCE_LIMIT => byte_cost(byte) + opening_cost(byte, at) as u32,
        _ => 0,
    }
}

/// Returns the part of [`text_cost`] of a byte that opens a text: few texts open with punctuation, and hardly any text is a single
/// punctuation mark.
pub(super) const fn opening_cost(byte: u8, at: usize) -> u8 {
    match at {
        0 if byte.is_ascii() && !byte.is_ascii_alphanumeric() => 50,
        _ => 0,
    }
}

const fn byte_cost(byte: u8) -> u32 {
    match byte {
        b'a'..=b'x' | b' ' => 2,
        // In the other order and with the other signal for 1, a "y" is an "a", which is more frequent.
        b'y' | b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b',' => 4,
        b'!'..=b'~' | b'\n' | b'\t' => 6,
        // Half of a character of two bytes.
        0x80..=0xFF => 5,
        _ => 40,
    }
}

/// The orders of bits and the signals for 1, the likeliest first.
pub const BITS: [&str; 4] = [
    "order=msb,one=usr2",
    "order=lsb,one=usr2",
    "order=msb,one=usr1",
    "order=lsb,one=usr1",
];

/// The framings of a text, in the order in which to try them on a program, with their weights: 0 for a framing that detection
/// mistakes for another, 1 for the rest. `other` stands for the order that the text does not have.
///
/// A server that expects a PID takes the zeros of a length for an empty head and a text, so the PID precedes lengths. Short
/// lengths precede long ones for the same reason.
const FRAMINGS: &[(&str, u8)] = &[
    ("", 0),
    ("hello=yes", 1),
    ("hello=yes,hello-signal=usr2", 0),
    ("end=eot", 0),
    ("end=etx", 0),
    ("end=none", 1),
    ("end=0x0a", 1),
    ("char-bits=32", 1),
    ("char-bits=7", 1),
    ("head=pid", 0),
    ("head=pid,head-bytes=other", 1),
    ("head=pid-digits", 1),
    ("head=len32-pid,end=none", 1),
    ("head=digits-pid", 1),
    ("head=len16,end=none", 0),
    ("head=len16", 1),
    ("head=len16,counts-end=yes", 1),
    ("head=len32,end=none", 0),
    ("head=len32", 0),
    ("head=len32,counts-end=yes", 1),
    ("head=digits,end=none", 0),
    ("head=digits10,end=none", 1),
    ("head=digits10", 1),
    ("head=digits10-pid", 1),
    ("head=len32,head-nul=yes", 1),
    ("head=len32,head-bytes=other,end=none", 1),
    ("head=len32,head-bytes=other", 1),
    ("head=len32,head-bytes=other,counts-end=yes", 1),
    ("head=len64,end=none", 1),
    ("head=len64", 1),
    ("head=len64,counts-end=yes", 1),
    ("head=len32,head-order=other,end=none", 1),
    ("head=len32,head-order=other", 1),
    ("head=len32,head-order=other,counts-end=yes", 1),
    ("head=len16,head-bytes=other,end=none", 1),
    ("head=len32,head-nul=yes,end=none", 1),
    ("head=digits", 0),
    ("head=len64,head-bytes=other,end=none", 1),
    ("head=len64,head-bytes=other,counts-end=yes", 1),
    ("head=len8,end=none", 1),
    ("head=stx,end=etx", 1),
    ("head=nul", 1),
    ("char-bits=16", 1),
    ("end=0xff", 1),
    ("parity=even", 1),
    ("parity=odd", 1),
];

/// Returns the dialects to try on a program that cannot be watched, in that order, with the acknowledgements of `acks`: each
/// framing of at most this weight, with each order of bits.
pub fn to_try(acks: &str, max_weight: u8) -> impl Iterator<Item = Dialect> {
    let framings = FRAMINGS
        .iter()
        .filter(move |(_, weight)| *weight <= max_weight);
    framings.flat_map(move |(framing, _)| {
        BITS.iter().filter_map(move |bits| {
            let (order, bytes) = match bits.starts_with("order=lsb") {
                true => ("order=msb", "bytes=big"),
                false => ("order=lsb", "bytes=little"),
            };
            let framing = framing
                .replace("order=other", order)
                .replace("bytes=other", bytes);
            from_parts(&[bits, &framing, acks])
        })
    })
}

/// Returns the dialect of these parts of a specification; `None` if they contradict each other.
pub fn from_parts(parts: &[&str]) -> Option<Dialect> {
    let parts = parts.iter().filter(|part| !part.is_empty());
    parts.copied().collect::<Vec<_>>().join(",").parse().ok()
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use super::*;

    #[test]
    fn each_candidate_differs_and_none_is_likelier_than_the_classic_dialect() {
        let candidates = all(Some(Symbol::Usr1));
        assert_eq!(candidates.len(), 1048);
        for (i, dialect) in candidates.iter().enumerate() {
            assert!(!candidates[..i].contains(dialect), "{dialect}");
            assert_eq!(*dialect, dialect.visible_form());
            assert_eq!(std::format!("{dialect}").parse(), Ok(*dialect));
            let is_free = *dialect == Dialect::CLASSIC
                || matches!(
                    dialect.head,
                    Head::Len32Pid | Head::Pid | Head::PidLen32 | Head::PidLen64
                );
            assert!(dialect_cost(dialect) > 0 || is_free);
        }
        let without_hello: Vec<_> = candidates
            .into_iter()
            .filter(|dialect| !dialect.hello)
            .collect();
        assert_eq!(all(None), without_hello);
        assert_eq!(all(Some(Symbol::Usr2)).len(), 1048);
    }

    #[test]
    fn the_cost_of_a_dialect_is_the_sum_of_what_differs_from_the_classic_one() {
        for (spec, cost) in [
            ("classic", 0),
            ("lsb", 9),
            ("inverted", 9),
            ("inverted-lsb", 18),
            ("hello=yes", 20),
            ("head=pid", 0),
            ("head=pid-len32", 0),
            ("head=nul", 10),
            ("head=stx,end=etx", 18),
            ("head=len8,end=none", 32),
            ("head=len8", 60),
            ("head=len16", 8),
            ("head=len32", 6),
            ("head=len64", 10),
            ("head=digits", 8),
            ("head=pid-digits", 8),
            ("head=len32,head-order=lsb", 18),
            ("head=len32,head-bytes=little", 14),
            ("head=len32,head-nul=yes", 16),
            ("head=len32,counts-end=yes", 10),
            ("end=none", 8),
            ("end=etx", 8),
            ("end=0x0a", 20),
            ("order=lsb,char-bits=7", 37),
            ("char-bits=16,chars=unicode", 58),
            ("char-bits=32,chars=unicode", 48),
            ("parity=odd", 28),
            ("end=0xff", 48),
        ] {
            assert_eq!(dialect_cost(&spec.parse().unwrap()), cost, "{spec}");
        }
    }

    #[test]
    fn prose_costs_less_than_other_text_and_that_less_than_control_characters() {
        let cost = |text: &[u8]| -> u32 {
            let costs = text.iter().enumerate();
            costs.map(|(at, byte)| text_cost(*byte, at)).sum()
        };
        for (text, expected) in [
            (&b"ax "[..], 6),
            (b"yzAZ09.,", 32),
            (b"!~{\n\t", 80),
            (b"\x80\xff", 10),
            (b"\x01\x7f\r", 170),
        ] {
            assert_eq!(cost(text), expected, "{text:?}");
        }
        assert_eq!(
            cost(&[b'a'; EVIDENCE_LIMIT]),
            cost(&[b'a'; 2 * EVIDENCE_LIMIT])
        );
        assert_eq!(text_cost(b'a', EVIDENCE_LIMIT - 1), 2);
    }

    #[test]
    fn each_framing_is_tried_once_in_each_order_of_bits() {
        for acks in ["", "ack=byte", "ack=none"] {
            let tried: Vec<_> = to_try(acks, 1).collect();
            assert_eq!(tried.len(), FRAMINGS.len() * BITS.len());
            for (i, dialect) in tried.iter().enumerate() {
                assert!(!tried[..i].contains(dialect), "{dialect}");
            }
        }
        let first: Vec<String> = to_try("ack=none", 0)
            .take(5)
            .map(|d| std::format!("{d}"))
            .collect();
        let expected = [
            "ack=none",
            "order=lsb,ack=none",
            "one=usr1,ack=none",
            "order=lsb,one=usr1,ack=none",
            "hello=yes,hello-signal=usr2,ack=none",
        ];
        assert_eq!(first, expected);
        assert_eq!(to_try("", 0).count(), 10 * BITS.len());
        assert_eq!(from_parts(&["head=none", "counts-end=yes"]), None);
    }
}

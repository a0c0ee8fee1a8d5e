//! Unit tests of the module around them.

use std::string::String;

use proptest::prelude::*;

use super::super::candidates;
use super::super::encoder::TextEncoder;
use super::super::testing::{pid, symbols_of};
use super::*;

fn decoder(spec: &str, limit: usize, provenance: Provenance) -> TextDecoder {
    TextDecoder::new(spec.parse().unwrap(), limit, pid(), provenance)
}

/// Returns the first result other than incomplete, most significant bit first, and the number of bytes that it took.
fn feed(decoder: &mut TextDecoder, bytes: &[u8]) -> (DecodeProgress, usize) {
    let mut progress = (0..).zip(
        symbols_of(bytes)
            .into_iter()
            .map(|symbol| decoder.push(symbol)),
    );
    let end = progress.find(|(_, progress)| *progress != Incomplete);
    end.map_or((Incomplete, bytes.len()), |(i, end)| (end, i / 8 + 1))
}

/// Returns the result of the bytes in a decoder of at most four bytes of text.
fn fed(spec: &str, provenance: Provenance, bytes: &[u8]) -> (DecodeProgress, usize) {
    feed(&mut decoder(spec, 4, provenance), bytes)
}

proptest! {
    #[test]
    fn an_encoded_text_is_decoded_in_every_dialect(text in "[^\u{0}\u{3}\u{4}\n]{0,20}", i in 0..952usize) {
        let dialect = candidates::all(Some(Symbol::Usr1))[i];
        let text: String = text.chars().filter(|c| dialect.char_bits > 7 || c.is_ascii()).collect();
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
                    prop_assert_eq!(decoder.is_at_byte_boundary(), index % usize::from(dialect.symbols_per_char()) == 0);
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
fn a_character_of_another_width_is_a_byte_with_fewer_or_more_zeros() {
    let symbols = |bits: &str| -> Vec<Symbol> {
        let digits = bits.bytes().filter(u8::is_ascii_digit);
        digits
            .map(|digit| Symbol::ALL[usize::from(digit == b'1')])
            .collect()
    };
    let table = "\
char-bits=7: 1100001 1111010 0000000 => az
char-bits=7,order=lsb: 1000011 0101111 0000000 => az
parity=even: 011000011 000000000 => a
parity=even: 011000010 000000000 => rejected
parity=odd,order=lsb: 100001100 000000001 => a
char-bits=9: 001100001 000000000 => a
char-bits=9: 101100001 000000000 => rejected
char-bits=16: 0000000001100001 0000000000000000 => a
char-bits=16,order=lsb: 1000011000000000 0000000000000000 => a
char-bits=16,order=lsb: 1000011000000001 0000000000000000 => 聡
";
    for line in table.lines() {
        let (spec, rest) = line.split_once(": ").unwrap();
        let (bits, text) = rest.split_once(" => ").unwrap();
        let text = Some(text).filter(|text| *text != "rejected");
        for provenance in [Provenance::Given, Provenance::Guess] {
            let mut decoder = decoder(spec, 4, provenance);
            let mut progress = symbols(bits).into_iter().map(|symbol| decoder.push(symbol));
            let end = progress.find(|progress| *progress != Incomplete);
            let expected = text.map_or(Rejected(Reason::NotText), |_| Complete);
            assert_eq!(end, Some(expected), "{spec} {bits}");
            if let Some(text) = text {
                assert_eq!(decoder.text_len(), text.len());
                assert!(provenance == Provenance::Guess || decoder.take() == text.as_bytes());
            }
        }
    }
}

#[test]
fn a_head_is_checked_against_the_limit_and_the_client() {
    let table = "\
head=len16,end=none: \0\x04abcd => complete after 6
head=len16,end=none: \0\x05 => too long after 2
head=len16,end=none: \x05 => too long after 1
head=len16,end=none: \0 => incomplete after 1
head=len64,end=none: \0\0\0\0\0\0\0\x05 => too long after 8
head=len64,end=none: \0\0\0\x02\0\0\0\x02ab => complete after 10
head=len64,end=none: \0\0\0\x02\0\0\0\x01 => too long after 8
head=len64,end=none: \0\0\0\x02\0\x01\0\x01 => too long after 8
head=len64,head-bytes=little,end=none: \x02\0\0\0\x02\0\0\0ab => complete after 10
head=len64,head-bytes=little,end=none: \x02\0\0\0\x01 => too long after 5
head=len32,head-bytes=little,end=none: \x05 => too long after 1
head=len16,counts-end=yes: \0\x05abcd\0 => complete after 7
head=len16,counts-end=yes: \0\x06 => too long after 2
head=len16,counts-end=yes: \0\0 => not text after 2
head=len16,counts-end=yes: \0\x01\0 => complete after 3
head=len16,head-nul=yes,end=none: \0\x01\0a => complete after 4
head=len16,head-nul=yes,end=none: \0\x01a => not text after 3
head=len16,end=etx: \0\x01a\x03 => complete after 4
head=len16,end=etx: \0\x01a\0 => not text after 4
head=digits,end=none: 4\0abcd => complete after 6
head=digits,end=none: 5\0 => too long after 2
head=digits,end=none: 0\0 => complete after 2
head=digits,end=none: 04 => not text after 2
head=digits,end=none: a => not text after 1
head=digits,end=none: \0 => not text after 1
head=digits,end=none: 100000000\0 => too long after 10
head=digits,end=none: 1000000000 => not text after 10
head=digits10,head-nul=yes,end=none: 0000000002\0ab => complete after 13
head=digits10: 0000000005 => too long after 10
head=digits10: 000000000\0 => not text after 10
head=digits10-pid,end=none: 00000000020000004242ab => complete after 22
head=digits10-pid,end=none: 0000000005 => too long after 10
head=digits10-pid,end=none: 00000000020000004243 => not text after 20
head=pid: \0\0\x10\u{92}a\0 => complete after 6
head=pid: \0\0\x10\u{93} => not text after 4
head=pid-len32,end=none: \0\0\x10\u{92}\0\0\0\x02ab => complete after 10
head=pid-len32: \0\0\x10\u{92}\0\0\0\x05 => too long after 8
head=pid-len32: \0\0\x10\u{93} => not text after 4
head=pid-len64,head-bytes=little: \u{92}\x10\0\0\x01\0\0\0\0\0\0\0a\0 => complete after 14
head=pid-digits,end=etx: 4242\x03a\x03 => complete after 7
head=pid-digits,end=etx: 4242\0a\x03 => complete after 7
head=pid-digits,end=etx: 4243\x03 => not text after 5
";
    for line in table.lines() {
        let (spec, rest) = line.split_once(": ").unwrap();
        let (bytes, expected) = rest.split_once(" => ").unwrap();
        let bytes: Vec<u8> = bytes.chars().map(|c| c as u8).collect();
        let (progress, count) = fed(spec, Provenance::Given, &bytes);
        let progress = match progress {
            Complete => "complete",
            Incomplete => "incomplete",
            Rejected(Reason::TooLong) => "too long",
            Rejected(_) => "not text",
        };
        assert_eq!(std::format!("{progress} after {count}"), expected, "{line}");
    }
    let mut hello = decoder("hello=yes", 4, Provenance::Given);
    assert_eq!(hello.push(Symbol::Usr2), Rejected(Reason::NotText));
}

#[test]
fn only_a_given_dialect_with_a_length_accepts_bytes_that_are_not_text() {
    let not_text = Rejected(Reason::NotText);
    for (provenance, text, progress) in [
        (Provenance::Given, b"\0\x01\xff", Complete),
        (Provenance::Detected, b"\0\x01\xff", not_text),
        (Provenance::Detected, b"\0\x01\xc3", not_text),
        (Provenance::Detected, b"\0\x01\x01", Complete),
    ] {
        let found = fed("head=len16,end=none", provenance, text);
        assert_eq!(found, (progress, 3), "{provenance:?} {text:?}");
    }
}

#[test]
fn a_guess_is_refuted_by_bytes_that_are_unusual_in_text() {
    for byte in 0..0x80 {
        let is_usual = byte >= b' ' && byte != 0x7f || b"\t\n\r\x1b".contains(&byte);
        for (spec, accepted) in [("end=none", is_usual), ("classic", byte != 0)] {
            let (progress, _) = fed(spec, Provenance::Guess, &[byte]);
            assert_eq!(progress == Incomplete, accepted, "{spec} {byte}");
        }
    }
    for (spec, text, progress) in [
        ("end=none", b"\x1b[", Incomplete),
        ("end=none", b"\x1b1", Rejected(Reason::NotText)),
        ("classic", b"\x1b1", Incomplete),
    ] {
        let (found, _) = fed(spec, Provenance::Guess, text);
        assert_eq!(found, progress, "{spec} {text:?}");
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
fn a_guess_does_not_take_the_own_pid_for_a_text() {
    for (provenance, text, progress) in [
        (Provenance::Guess, b"4242\0", Rejected(Reason::NotText)),
        (Provenance::Guess, b"4243\0", Complete),
        (Provenance::Detected, b"4242\0", Complete),
    ] {
        assert_eq!(fed("classic", provenance, text), (progress, 5));
    }
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
    let text = symbols_of(b"\0\x02hi\0")
        .into_iter()
        .filter_map(|symbol| decoder.push_for_text(symbol));
    assert!(text.eq(*b"hi"));
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

#[test]
fn a_pid_may_lack_zeros_at_its_front() {
    let pid = Pid::new(i32::from_be_bytes(*b"\0\0PI")).unwrap();
    for (spec, zeros, is_refuted) in [
        ("head=pid", 16, false),
        ("head=pid", 8, false),
        ("head=pid", 1, false),
        ("head=pid", 0, true),
        ("head=pid", 18, true),
        ("head=pid-len32", 4, false),
        ("order=lsb,head=pid,head-order=msb", 4, false),
        ("order=lsb,head=pid", 8, true),
    ] {
        let mut decoder = TextDecoder::new(spec.parse().unwrap(), 64, pid, Provenance::Guess);
        let pid = symbols_of(b"PI");
        let mut head = std::vec![Symbol::Usr1; zeros];
        // The highest bit of this PID is a zero too.
        head.extend(&pid[1..]);
        let mut all = head.iter();
        let is_over = all.any(|symbol| decoder.push(*symbol) != Incomplete);
        let is_at_text = decoder.is_at_byte_boundary() && decoder.text_len() == 0;
        assert_eq!(is_over || !is_at_text, is_refuted, "{spec} {zeros}");
        assert_eq!(
            decoder.is_after_pid(),
            !is_refuted && spec.ends_with("pid") | spec.ends_with("msb")
        );
    }
}

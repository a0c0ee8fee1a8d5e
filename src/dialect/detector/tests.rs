//! Unit tests of the module around them.

use std::format;
use std::string::ToString;

use proptest::prelude::*;

use super::super::testing::{dialects, pid, symbols, symbols_of};
use super::*;

fn detector(limit: usize) -> Detector {
    Detector::new(limit, pid(), true, &[])
}

/// Returns a detector for a program that has used these dialects.
fn detector_of(specs: &[&str]) -> Detector {
    Detector::new(64, pid(), true, &dialects(specs))
}

/// Returns the last state after the symbols.
fn push(detector: &mut Detector, symbols: &[Symbol]) -> DetectState {
    let states = symbols.iter().map(|symbol| detector.push(*symbol).unwrap());
    states.last().unwrap()
}

/// Returns the result of the detection of a stream that ends with its message.
fn detect(spec: &str, text: &[u8]) -> Detection {
    let mut detector = detector(1 << 20);
    let dialect: Dialect = spec.parse().unwrap();
    let mut symbols = symbols(spec, text);
    symbols.splice(..0, dialect.hello.then_some(dialect.hello_signal));
    for (i, symbol) in symbols.iter().enumerate() {
        let state = detector.push(*symbol).unwrap();
        let is_last = i + 1 == symbols.len();
        assert!(
            is_last || state != DetectState::Decided,
            "{spec}: over at {i}"
        );
        assert_ne!(state, DetectState::NoMatch, "{spec}: lost at {i}");
    }
    assert!(detector.handle_silence().has_message(), "{spec}");
    detector.finish().unwrap()
}

#[test]
fn a_text_with_the_other_signal_for_1_is_over_at_its_nul_though_it_begins_like_a_handshake() {
    let mut detector = detector(64);
    let stream = symbols("one=usr1", b"Hello there");
    assert_eq!(push(&mut detector, &stream), DetectState::Decided);
}

#[test]
fn a_length_in_one_byte_before_a_text_and_its_nul_is_a_head_if_no_text_begins_with_such_a_byte() {
    for (text, expected) in [
        ("Hello there".to_string(), "head=len8"),
        ("a".repeat(usize::from(b'w')), "classic"),
    ] {
        let found = detect("head=len8", text.as_bytes());
        assert_eq!(found.dialect.to_string(), expected);
        let is_head = expected != "classic";
        assert_eq!(found.text == text.as_bytes(), is_head);
    }
}

/// Dialects that prose shows.
const DECIDABLE: &str = "classic order=lsb one=usr1 order=lsb,one=usr1 hello=yes order=lsb,hello=yes hello=yes,hello-signal=usr2 head=len16,end=none head=len16 \
    head=len32,end=none head=len32,counts-end=yes head=len32,head-bytes=little,end=none order=lsb,head=len32,end=none \
    order=lsb,head=len32,head-order=msb order=lsb,head=len64,end=none head=len32,head-nul=yes,end=none head=digits,end=none \
    head=pid order=lsb,head=pid head=pid-len32 order=lsb,head=pid-len32,end=none head=pid-len64 head=digits-pid,end=none head=digits-pid head=len32-pid,end=none order=lsb,head=len32-pid end=etx end=eot end=0xff end=0x0a parity=even order=lsb,parity=odd parity=space one=usr1,parity=mark char-bits=9 order=lsb,char-bits=16 char-bits=32";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn prose_is_detected_in_every_decidable_dialect(
        text in "[A-Z][a-z]{2,9}( [a-zé]{1,9}){2,8}[.!?]\n?",
        i in 0..37usize,
    ) {
        let spec = DECIDABLE.split_whitespace().nth(i).unwrap();
        let text = if spec == "end=0x0a" { text.trim_end() } else { &*text };
        let found = detect(spec, text.as_bytes());
        prop_assert_eq!(&found.text, text.as_bytes());
        if found.certainty == Certainty::Sure {
            prop_assert_eq!(format!("{}", found.dialect), spec);
        }
        let said = symbols(&format!("{}", found.dialect), text.as_bytes());
        prop_assert_eq!(said, symbols(spec, text.as_bytes()));
        prop_assert_eq!(found.rest.unwrap().len(), 0);
    }

    #[test]
    fn any_stream_is_detected_or_given_up(bits in prop::collection::vec(any::<bool>(), 0..600)) {
        let mut detector = detector(64);
        for bit in bits {
            if detector.push(Symbol::ALL[usize::from(bit)]) == Ok(DetectState::Decided) {
                break;
            }
        }
        if detector.handle_silence().has_message() {
            prop_assert!(detector.finish().is_some());
        }
    }
}

#[test]
fn short_texts_are_detected_in_the_commonest_dialect() {
    for text in ["", "a", "d", "Hi", "12", "22", "ff", "a\x01b"] {
        assert_eq!(detect("classic", text.as_bytes()).text, text.as_bytes());
    }
}

#[test]
fn a_letter_without_an_end_is_the_more_frequent_one() {
    for spec in ["order=lsb,end=none", "one=usr1,end=none"] {
        let mut detector = detector(64);
        push(&mut detector, &symbols(spec, b"a"));
        assert!(detector.handle_exit(true).has_message());
        let found = detector.finish().unwrap();
        assert_eq!(
            (found.dialect.to_string(), &found.text[..]),
            (spec.into(), &b"a"[..])
        );
    }
}

#[test]
fn an_ambiguous_text_has_a_rival() {
    let rival = Box::new(("order=lsb".parse().unwrap(), b"LL".into()));
    for (text, certainty) in [
        (&b"22"[..], Certainty::Unsure(Some(rival))),
        (b"hello there", Certainty::Sure),
    ] {
        assert_eq!(detect("classic", text).certainty, certainty);
    }
}

#[test]
fn dialects_that_a_program_uses_are_likelier_and_may_tie() {
    for (specs, expected, is_tie) in [
        (&["order=lsb,final=both"][..], "order=lsb", false),
        (&["classic", "order=lsb"], "classic", true),
        (&["classic", "end=etx"], "classic", false),
    ] {
        let mut detector = detector_of(specs);
        push(&mut detector, &symbols("classic", b"22")[..23]);
        assert!(!detector.is_tie());
        push(&mut detector, &[Symbol::Usr1]);
        assert_eq!(
            (detector.handle_silence(), detector.is_tie()),
            (DetectState::Tentative, is_tie)
        );
        let found = detector.finish().unwrap();
        assert_eq!(format!("{}", found.dialect), expected, "{specs:?}");
        match found.certainty {
            Certainty::Tie(_) => assert!(is_tie, "{specs:?}"),
            Certainty::Unsure(rival) => assert!(!is_tie && rival.is_some(), "{specs:?}"),
            Certainty::Sure => panic!("{specs:?}"),
        }
    }
    let mut detector = detector_of(&["end=0x0a"]);
    push(&mut detector, &symbols("end=0x0a", b"a line"));
    assert_eq!(detector.finish().unwrap().text, b"a line");
}

#[test]
fn the_first_of_two_messages_is_detected_and_the_rest_kept() {
    let mut detector = detector(64);
    let stream = [symbols("classic", b"Hello"), symbols("classic", b"you")].concat();
    let is_decided = |symbol: &Symbol| detector.push(*symbol) == Ok(DetectState::Decided);
    let taken = stream.iter().position(is_decided).unwrap() + 1;
    let found = detector.finish().unwrap();
    assert_eq!(found.text, b"Hello");
    assert!(
        found
            .rest
            .unwrap()
            .iter()
            .eq(stream[48..taken].iter().copied())
    );
}

#[test]
fn nonsense_matches_no_dialect() {
    let mut detector = detector(64);
    assert!(detector.is_empty() && detector.may_be_over());
    let nonsense = [0x01u8, 0xC0, 0xFF, 0x80, 0x03, 0xC1, 0xFE];
    let symbols: Vec<_> = symbols_of(&nonsense);
    assert_eq!(push(&mut detector, &symbols), DetectState::NoMatch);
    assert_eq!(
        (detector.handle_exit(true), detector.may_be_over()),
        (DetectState::NoMatch, false)
    );
    assert_eq!(detector.digits(12), "000000011100");
    assert!(detector.finish().is_none());
}

#[test]
fn nothing_is_decided_before_the_head_start_or_a_silence() {
    let mut detector = detector(64);
    let empty = symbols("classic", b"");
    for (i, symbol) in empty.iter().enumerate() {
        assert_eq!(detector.may_be_over(), i == 0);
        assert_eq!(detector.push(*symbol), Ok(DetectState::Undecided));
        assert_eq!(detector.handle_silence().has_message(), i == 7);
    }
    assert!(detector.may_be_over() && detector.may_be_a_head());
    assert!(detector.finish().unwrap().text.is_empty());
}

#[test]
fn an_empty_message_and_digits_may_be_the_head_of_another() {
    for (text, expected) in [("", true), ("12", true), ("Hello there", false)] {
        let mut detector = detector(64);
        push(&mut detector, &symbols("classic", text));
        assert!(detector.handle_silence().has_message());
        assert_eq!(detector.may_be_a_head(), expected, "{text:?}");
        if text.is_empty() {
            push(&mut detector, &symbols("end=none", "a"));
            assert!(!detector.may_be_a_head(), "it is not the last message");
        }
    }
}

#[test]
fn digits_that_count_a_text_are_its_head_even_if_the_text_opens_with_punctuation() {
    let spec = "order=lsb,head=digits10";
    for text in ["\"#$%& abc", "(Hello)", "-"] {
        let found = detect(spec, text.as_bytes());
        assert_eq!(found.dialect, spec.parse().unwrap(), "{text}");
        assert_eq!(found.text, text.as_bytes());
    }
}

#[test]
fn the_end_of_the_client_completes_a_text_without_an_end_byte() {
    for (text, success, expected) in [
        (&b"Hello there"[..], true, DetectState::Decided),
        (b"Hello there", false, DetectState::Undecided),
        (b"", true, DetectState::Undecided),
    ] {
        let mut detector = detector(64);
        symbols("end=none", text)
            .into_iter()
            .for_each(|symbol| _ = detector.push(symbol));
        assert_eq!(detector.handle_exit(success), expected, "{text:?}");
        for (i, reading) in detector.complete.iter().enumerate() {
            let is_same = |other: &Reading| other.dialect() == reading.dialect();
            assert!(!detector.complete[..i].iter().any(is_same));
        }
        let text = detector
            .finish()
            .map(|found| (found.text, found.dialect.end));
        let expected = (expected == DetectState::Decided).then(|| (b"Hello there".into(), None));
        assert_eq!(text, expected);
    }
}

#[test]
fn the_end_of_the_client_completes_a_few_characters_of_nine_symbols_only_of_a_known_dialect() {
    let odd = "end=none,parity=odd";
    for (text, known, is_text) in [
        (&b"xa"[..], &[][..], false),
        (b"xa", &[odd], true),
        (b"Hello there", &[], true),
    ] {
        let mut detector = detector_of(known);
        push(&mut detector, &symbols(odd, text));
        assert_eq!(
            detector.handle_exit(true).has_message(),
            is_text,
            "{known:?}"
        );
    }
}

#[test]
fn the_end_of_the_client_shows_an_end_byte_of_its_own() {
    for (spec, text, success, is_found) in [
        ("one=usr1,end=0x7f", &b"Hello"[..], true, true),
        ("end=0x01", b"Hello", true, true),
        ("order=lsb,end=0xfe", b"a", true, true),
        ("one=usr1,end=0x7f", b"Hello", false, false),
        // Half a character is no text.
        ("one=usr1,end=none", b"~\xe9\x7f", true, false),
        ("one=usr1,end=none", b"Hel\x7flo\x7f", true, false),
        ("one=usr1,end=0x7f", b"Hel\x01lo", true, false),
        ("one=usr1,end=0xc3", b"Hello", true, false),
    ] {
        let mut detector = detector(64);
        let is_lost = push(&mut detector, &symbols(spec, text)) == DetectState::NoMatch;
        assert!(!is_lost || !is_found, "{spec}: the client may end here");
        let found = detector.handle_exit(success).has_message();
        let found = detector.finish().filter(|_| found);
        let expected = is_found.then(|| (text.to_vec(), spec.parse().unwrap()));
        assert_eq!(found.map(|it| (it.text, it.dialect)), expected, "{spec}");
    }
    // After a handshake they are another text.
    let mut detector = Detector::new(64, pid(), false, &[]);
    let stream = symbols("one=usr1,end=0x7f", b"Hello");
    assert_eq!(push(&mut detector, &stream), DetectState::Undecided);
    assert_eq!(push(&mut detector, &[Symbol::Usr1]), DetectState::NoMatch);
}

#[test]
fn the_silence_of_a_client_that_waits_shows_an_end_byte_of_its_own() {
    for (spec, text, waits, is_found) in [
        ("one=usr1,end=0x7f", &b"Hello"[..], true, true),
        ("order=lsb,end=0x01", b"Hello", true, true),
        ("one=usr1,end=0x7f", b"Hello", false, false),
        // The text may go on.
        ("one=usr1,end=none", b"Hello", true, false),
        ("classic", b"Hello", true, true),
    ] {
        let mut detector = Detector::new(64, pid(), waits, &[]);
        push(&mut detector, &symbols(spec, text));
        let found = detector.handle_silence().has_message();
        let found = detector.finish().filter(|_| found);
        let expected = is_found.then(|| (text.to_vec(), spec.parse().unwrap()));
        assert_eq!(found.map(|it| (it.text, it.dialect)), expected, "{spec}");
    }
}

#[test]
fn the_end_of_the_client_shows_a_text_before_one_byte_that_is_none() {
    for (after, success, text) in [
        (&b"\xff"[..], true, Some(&b"A"[..])),
        (b"\xff\x93", true, None),
        (b"\xff", false, None),
    ] {
        let mut detector = detector(64);
        push(&mut detector, &symbols("one=usr1", b"A"));
        let after: Vec<Symbol> = symbols_of(after).into_iter().map(Symbol::other).collect();
        push(&mut detector, &after);
        let found = detector.handle_exit(success).has_message();
        let found = detector.finish().filter(|_| found);
        let rest = found.as_ref().map(|it| it.rest.as_ref().unwrap().len());
        assert_eq!(
            found.map(|it| it.text).as_deref(),
            text,
            "{after:?} {success}"
        );
        assert_eq!(rest, text.map(|_| after.len()));
    }
}

#[test]
fn a_text_before_one_byte_that_is_none_is_found_up_to_a_limit() {
    const MOST: usize = MOST_BEFORE_OWN_BYTE / 8;
    for (bytes, is_found) in [(MOST, true), (MOST + 1, false)] {
        let mut detector = detector(2 * MOST);
        push(
            &mut detector,
            &symbols("one=usr1", &[b'A'; 2 * MOST][1..bytes]),
        );
        push(&mut detector, &symbols_of(b"\0"));
        assert_eq!(detector.handle_exit(true).has_message(), is_found);
    }
}

#[test]
fn the_end_of_the_client_completes_characters_of_16_bits_only_of_a_known_dialect() {
    let (narrow, wide) = (
        "end=none,char-bits=16,chars=unicode",
        "order=lsb,end=none,char-bits=32",
    );
    for (spec, text, known, is_complete) in [
        (narrow, "\u{8f6c}", &[][..], false),
        (narrow, "\u{8f6c}", &[narrow], true),
        (wide, "Hello", &[], true),
        (wide, "Q", &[], true),
    ] {
        let mut detector = detector_of(known);
        push(&mut detector, &symbols(spec, text));
        let has_message = detector.handle_exit(true).has_message();
        assert_eq!(has_message, is_complete, "{spec} {text}");
        let found = detector.finish().map(|found| found.text);
        assert_eq!(found, is_complete.then(|| text.into()));
    }
}

#[test]
fn symbols_are_kept_once_whatever_the_number_of_candidates() {
    let text = std::vec![b'f'; 1 << 16];
    let mut detector = detector(1 << 20);
    let mut most = 0;
    for symbol in symbols("head=len32,head-nul=yes,end=none", &text) {
        detector.push(symbol).unwrap();
        most = most.max(detector.log.held_bytes());
        assert!(
            detector
                .open
                .iter()
                .all(|decoder| decoder.held_bytes() == 0)
        );
        let guesses = detector.open.capacity() * size_of::<TextDecoder>();
        let readings = detector.complete.capacity() * size_of::<Reading>();
        assert_eq!(
            detector.held_bytes(),
            detector.log.held_bytes() + guesses + readings
        );
    }
    assert!(most <= 2 * text.len() + 64, "{most}");
    let found = detector.finish().unwrap();
    assert_eq!(
        (found.text.capacity(), found.text == text),
        (text.len(), true)
    );
}

#[test]
fn the_memory_of_the_candidates_is_bounded_and_falls_to_a_handful() {
    const CANDIDATES: usize = 952;
    let bound = CANDIDATES * (size_of::<TextDecoder>() + size_of::<Reading>());
    let prose = b"The quick brown fox jumps over the lazy dog.";
    for (spec, text, is_prose) in [
        ("end=none", &prose[..], true),
        ("order=lsb,one=usr1,end=none", prose, true),
        ("head=len32,end=none", prose, true),
        ("end=none", &[b'\t'; 64], false),
        ("end=none", &[b'U'; 64], false),
        ("order=lsb,end=none", &[0; 64], false),
    ] {
        let mut detector = detector(1 << 20);
        let candidates = |detector: &Detector| detector.held_bytes() - detector.log.held_bytes();
        for symbol in symbols(spec, text) {
            detector.push(symbol).unwrap();
            assert!(detector.open.len() + detector.complete.len() <= CANDIDATES);
            assert!(candidates(&detector) <= bound, "{spec}");
        }
        assert!(
            !is_prose || candidates(&detector) < 8192,
            "{spec}: {}",
            candidates(&detector)
        );
    }
}

#[test]
fn seven_bits_a_character_need_letters_and_delay_no_other_text() {
    for (text, expected) in [
        (&b"Hi!"[..], true),
        (b"Hello World!", true),
        (b"42!", false),
        (b"||||||||||||", false),
    ] {
        let mut detector = detector(64);
        push(&mut detector, &symbols("char-bits=7", text));
        let found = detector.handle_silence().has_message();
        let found = found.then(|| detector.finish().unwrap().text);
        assert_eq!(found.as_deref(), expected.then_some(text));
    }
    let mut known = detector_of(&["char-bits=7"]);
    push(&mut known, &symbols("char-bits=7", b"42!"));
    assert_eq!(known.finish().unwrap().text, b"42!");
    // In 7 bits these begin with letters too, and are not over.
    let mut detector = detector(64);
    let state = push(&mut detector, &symbols("classic", b"Hi there"));
    assert_eq!(state, DetectState::Decided);
}

#[test]
fn an_excerpt_is_short() {
    let mut detector = detector(1 << 10);
    push(&mut detector, &symbols("classic", [b'2'; 100]));
    detector.handle_silence();
    let Certainty::Unsure(Some(rival)) = detector.finish().unwrap().certainty else {
        panic!("no rival");
    };
    assert_eq!(rival.1, [b'L'; EXCERPT]);
}

#[test]
fn an_empty_text_before_more_is_no_message_and_a_text_with_a_long_length_is_found() {
    let detect = |bytes: &[u8]| {
        let mut detector = detector(64);
        let mut states = symbols_of(bytes)
            .into_iter()
            .map(|symbol| detector.push(symbol).unwrap());
        let is_end = |state: &_| matches!(state, DetectState::Decided | DetectState::NoMatch);
        let is_lost = states.find(is_end) == Some(DetectState::NoMatch);
        let has_message = !is_lost && detector.state().has_message();
        (
            is_lost,
            has_message.then(|| detector.finish().unwrap().text),
        )
    };
    // The length in 64 bits counts the NUL.
    assert_eq!(
        detect(b"\0\0\0\0\0\0\0\x02H\0").1.as_deref(),
        Some(&b"H"[..])
    );
    // NULs that wake a server up, a handshake and then one signal only, and a length with a checksum.
    let one_signal = [&b"\x80"[..], &[0; 10]].concat();
    for bytes in [&[0; 24][..], &one_signal, b"\0\x0c\x04\x09Hello World!"] {
        assert_eq!(detect(bytes), (true, None));
    }
}

#[test]
fn a_text_whose_end_comes_again_is_complete() {
    for (rest, expected) in [(&b"\0"[..], true), (b"\0\0", true), (b"\0b", false)] {
        let mut detector = detector(64);
        push(&mut detector, &symbols("classic", b"a"));
        let rest = symbols_of(rest);
        push(&mut detector, &rest[..rest.len() - 1]);
        assert!(!detector.handle_silence().has_message(), "within a byte");
        push(&mut detector, &rest[rest.len() - 1..]);
        assert_eq!(
            detector.handle_silence().has_message(),
            expected,
            "{rest:?}"
        );
        if expected {
            assert_eq!(detector.finish().unwrap().text, b"a");
        }
    }
}

#[test]
fn a_byte_or_a_short_length_before_the_text_is_no_text() {
    for (bytes, spec) in [
        (&b"\0Hello\0"[..], "head=nul"),
        (b"\x02Hello\x03", "head=stx,end=etx"),
        (b"\x05Hello", "head=len8,end=none"),
    ] {
        let mut detector = detector(64);
        push(&mut detector, &symbols_of(bytes));
        assert!(detector.handle_silence().has_message(), "{spec}");
        let found = detector.finish().unwrap();
        assert_eq!(found.dialect.to_string(), spec);
        assert_eq!(found.text, b"Hello");
    }
}

#[test]
fn a_text_of_as_many_control_characters_is_not_believed() {
    for (bytes, is_text) in [(&b"a\x01b\0"[..], true), (b"\x01a\x01b\x02l\0", false)] {
        let mut detector = detector(64);
        push(&mut detector, &symbols_of(bytes));
        assert_eq!(
            detector.handle_silence().has_message(),
            is_text,
            "{bytes:?}"
        );
        assert!(!detector.handle_exit(true).has_message() || is_text);
    }
}

#[test]
fn code_points_are_found_in_characters_of_16_and_32_bits() {
    for spec in [
        "char-bits=32",
        "order=lsb,char-bits=16",
        "one=usr1,char-bits=32",
    ] {
        for (text, chars) in [
            ("Grüße", "bytes"),
            ("Grüße", "unicode"),
            ("ok: Ελλάδα", "unicode"),
        ] {
            let mut detector = detector(64);
            let sent = std::format!("{spec},chars={chars}");
            push(&mut detector, &symbols(&sent, text.as_bytes()));
            assert!(detector.handle_silence().has_message(), "{sent} {text}");
            let found = detector.finish().unwrap();
            assert_eq!(found.text, text.as_bytes(), "{sent}");
            assert_eq!(found.dialect, sent.parse().unwrap(), "{text}");
        }
    }
}

#[test]
fn a_length_of_32_bits_that_comes_twice_is_one_of_64() {
    let spec = "order=lsb,one=usr1";
    for text in ["A", "Hi", "Hello", "Hello World!"] {
        let mut detector = detector(1 << 20);
        let length = symbols("order=lsb,one=usr1,head=len32,end=none", text.as_bytes());
        push(&mut detector, &length[..32]);
        push(&mut detector, &length[..32]);
        push(&mut detector, &symbols(spec, text.as_bytes()));
        assert!(detector.handle_silence().has_message(), "{text}");
        let found = detector.finish().unwrap();
        assert_eq!(found.text, text.as_bytes());
        assert_eq!(found.dialect.to_string(), "order=lsb,one=usr1,head=len64");
        assert_eq!(found.certainty, Certainty::Sure, "{text}");
    }
}

#[test]
fn a_length_after_a_handshake_is_not_a_text_before_what_stands_behind_it() {
    for spec in [
        "hello=yes,head=digits,end=none",
        "hello=yes,head=digits",
        "order=lsb,hello=yes,head=len32,end=none",
    ] {
        for text in ["Hello", "Hello world!", &"abc ".repeat(25)] {
            let found = detect(spec, text.as_bytes());
            assert_eq!(found.text, text.as_bytes(), "{spec} {}", found.dialect);
        }
    }
}

#[test]
fn a_variable_of_the_environment_behind_a_text_is_not_another_text() {
    for (spec, next, has_run_on) in [
        ("classic", &b"HOME=/root"[..], true),
        ("classic", b"=/root", false),
        ("classic", b"a b=c", false),
    ] {
        let mut detector = detector(64);
        let stream = [&b"A"[..], next].map(|text| symbols(spec, text));
        push(&mut detector, &stream.concat());
        assert!(detector.handle_silence().has_message(), "{spec} {next:?}");
        let found = detector.finish().unwrap();
        assert_eq!(
            (found.text, found.has_run_on),
            (b"A".to_vec(), has_run_on),
            "{spec} {next:?}"
        );
    }
}

#[test]
fn a_text_that_begins_with_the_letters_that_the_pid_has_in_16_bits_is_a_text() {
    let pid = Pid::new(i32::from_be_bytes(*b"\0\0PU")).unwrap();
    for (head, text, expected) in [
        (&b""[..], &b"PUma"[..], &b"PUma"[..]),
        (b"\0", b"PUma", b"ma"),
        (b"\0\0", b"PUma", b"ma"),
    ] {
        let mut detector = Detector::new(64, pid, true, &[]);
        let bytes = [head, text, b"\0"].concat();
        push(&mut detector, &symbols_of(&bytes));
        assert!(detector.handle_silence().has_message(), "{bytes:?}");
        assert_eq!(detector.finish().unwrap().text, expected, "{bytes:?}");
    }
}

#[test]
fn a_text_that_was_xored_with_its_last_byte_is_not_found() {
    for (text, mask, has_message) in [
        ("Hello again\0", 0x2a, false),
        ("Hello again\0", 0x15, false),
        ("Hello again\0", 0x0f, false),
        ("Hello again\x17", 0, true),
        ("WARNING!", 0, true),
        ("two\nlines\n", 0, true),
        ("Hello again", 0, true),
    ] {
        let mut detector = detector(64);
        let bytes: Vec<u8> = text.bytes().map(|byte| byte ^ mask).collect();
        push(&mut detector, &symbols("end=none", &bytes));
        assert_eq!(
            detector.handle_exit(true).has_message(),
            has_message,
            "{text}"
        );
    }
}

#[test]
fn a_pid_from_its_lowest_bit_up_is_no_text_however_short_it_is() {
    // "<R" from the highest bit down.
    let pid = Pid::new(0x4a3c).unwrap();
    for (one, bits) in [
        (Symbol::Usr2, 15),
        (Symbol::Usr2, 16),
        (Symbol::Usr1, 20),
        (Symbol::Usr2, 32),
    ] {
        let mut detector = Detector::new(64, pid, true, &[]);
        let symbol = |i: i32| {
            if pid.get() >> i & 1 != 0 {
                one
            } else {
                one.other()
            }
        };
        let head: Vec<Symbol> = (0..bits).map(symbol).collect();
        push(&mut detector, &head);
        let spec = if one == Symbol::Usr2 {
            "classic"
        } else {
            "inverted"
        };
        push(&mut detector, &symbols(spec, b"A"));
        let has_message = detector.handle_exit(true).has_message();
        assert_eq!(has_message, bits == 32, "{bits}");
    }
}

#[test]
fn a_text_between_soh_and_eot_is_found_as_one_between_stx_and_etx_is() {
    for (first, last) in [(1, 4), (1, 3), (2, 3), (2, 4)] {
        let mut detector = detector(64);
        let bytes = [&[first], &b"Hello there"[..], &[last]].concat();
        push(&mut detector, &symbols("end=none", &bytes));
        assert!(detector.handle_silence().has_message());
        assert_eq!(detector.finish().unwrap().text, b"Hello there");
    }
}

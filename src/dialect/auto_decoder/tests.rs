//! Unit tests of the module around them.

use super::super::AckSignal;
use super::super::testing::{dialects, pid, symbols};
use super::*;

const DECIDED: DecodeOutcome = DecodeOutcome::Detecting(DetectState::Decided);

/// Returns a decoder for a program that has used these dialects.
fn decoder(specs: &[&str]) -> AutoDecoder {
    AutoDecoder::detect(dialects(specs), 64, pid(), false)
}

/// Returns the result of the last symbol of this text.
fn say(decoder: &mut AutoDecoder, spec: &str, text: &str) -> DecodeOutcome {
    let outcomes = symbols(spec, text)
        .into_iter()
        .map(|symbol| decoder.push(symbol));
    outcomes.last().unwrap()
}

fn finish(decoder: &mut AutoDecoder) -> Detection {
    decoder
        .finish(|_| "ack=byte,ack-signal=usr2".parse().unwrap())
        .unwrap()
}

#[test]
fn an_expected_dialect_is_confirmed_and_keeps_its_acknowledgements() {
    let mut decoder = decoder(&["ack=message"]);
    assert!(decoder.dialect().is_some() && decoder.is_known(&"ack=message".parse().unwrap()));
    assert_eq!(say(&mut decoder, "classic", "as expected"), DECIDED);
    let found = finish(&mut decoder);
    assert_eq!(
        (found.dialect.ack, found.certainty),
        (Ack::Message, Certainty::Sure)
    );
    assert_eq!(decoder.detected(), Some(&found.dialect));
    assert_eq!(
        say(&mut decoder, "classic", "again"),
        DecodeOutcome::Complete
    );
    assert_eq!(decoder.take(), b"again");
}

#[test]
fn a_client_that_does_not_use_the_dialect_of_its_program_is_detected() {
    for has_dropped in [false, true] {
        let mut decoder = decoder(&["classic"]);
        if has_dropped {
            decoder.push(Symbol::Usr1);
            assert!(decoder.in_message() && !decoder.may_be_over());
            decoder.reset();
            assert!(!decoder.in_message() && decoder.may_be_over());
        }
        let outcome = say(&mut decoder, "lsb", "something else");
        assert!(matches!(outcome, DecodeOutcome::Detecting(_)));
        let found = finish(&mut decoder);
        assert_eq!(found.text, b"something else");
        let acks = (found.dialect.ack, found.dialect.ack_signal);
        assert_eq!(acks, (Ack::Byte, AckSignal::Usr2));
        let outcome = say(&mut decoder, "lsb", "and again");
        assert_eq!(outcome, DecodeOutcome::Complete);
        assert_eq!(decoder.take(), b"and again");
    }
}

#[test]
fn another_dialect_that_is_complete_with_the_expected_one_takes_over_its_acknowledgements() {
    let mut decoder = decoder(&["ack=message,end=etx"]);
    // The end byte of the expected dialect does not occur before the client ends.
    say(&mut decoder, "end=none", "hello");
    assert!(
        matches!(decoder.handle_exit(true), DecodeOutcome::Detecting(state) if state.has_message())
    );
    assert_eq!(finish(&mut decoder).dialect.ack, Ack::Message);
}

#[test]
fn a_message_after_an_uncertain_one_is_detected_again() {
    let mut decoder = decoder(&[]);
    say(&mut decoder, "classic", "22");
    assert!(decoder.is_detecting() && decoder.has_evidence() && decoder.dialect().is_none());
    assert_ne!(finish(&mut decoder).certainty, Certainty::Sure);
    assert!(decoder.dialect().is_some() && decoder.detected().is_none());
    assert!(matches!(
        say(&mut decoder, "lsb", "hello there"),
        DecodeOutcome::Detecting(_)
    ));
    assert_eq!(finish(&mut decoder).text, b"hello there");
}

#[test]
fn after_a_tie_no_dialect_is_adopted() {
    let mut decoder = decoder(&["classic", "lsb"]);
    say(&mut decoder, "classic", "22");
    decoder.handle_silence();
    assert!(decoder.is_tie());
    assert!(matches!(finish(&mut decoder).certainty, Certainty::Tie(_)));
    assert!(decoder.is_detecting() && !decoder.has_evidence() && !decoder.in_message());
}

#[test]
fn digits_in_an_expected_dialect_may_still_be_a_head() {
    let mut decoder = decoder(&["classic"]);
    let outcome = say(&mut decoder, "classic", "12");
    assert_eq!(outcome, DecodeOutcome::Detecting(DetectState::Tentative));
}

#[test]
fn a_stream_that_makes_no_sense_is_shown_and_ignored() {
    let mut decoder = decoder(&[]);
    let noise = (0..80).map(|i| Symbol::ALL[usize::from(i % 8 == 1 || i % 9 == 3)]);
    let is_lost = |symbol| decoder.push(symbol) == DecodeOutcome::Detecting(DetectState::NoMatch);
    let at = noise.clone().position(is_lost).unwrap();
    assert_eq!(decoder.give_up().len(), at + 1);
    assert!(decoder.is_lost() && !decoder.in_message() && decoder.held_bytes() == 0);
    assert_eq!(
        (decoder.push(Symbol::Usr1), decoder.received_bytes()),
        (DecodeOutcome::Ignored, 0)
    );
    assert_eq!(decoder.handle_exit(true), DecodeOutcome::Ignored);
    decoder.reset();
    assert!(decoder.is_detecting());
    let long: Vec<_> = core::iter::repeat_n(noise, 10).flatten().collect();
    let mut decoder = AutoDecoder::detect(Vec::new(), 1 << 10, pid(), false);
    say(&mut decoder, "classic", &"x".repeat(100));
    long.into_iter().for_each(|symbol| _ = decoder.push(symbol));
    assert_eq!(decoder.give_up().len(), SHOWN);
}

#[test]
fn a_text_that_is_too_long_is_rejected_with_its_length() {
    let given = AutoDecoder::given(Dialect::CLASSIC, 64, pid());
    for (mut decoder, bytes) in [(decoder(&[]), 65), (decoder(&["classic"]), 65), (given, 66)] {
        let symbols = symbols("classic", "x".repeat(65));
        let mut outcomes = symbols.into_iter().map(|symbol| decoder.push(symbol));
        let rejected = outcomes.find(|outcome| matches!(outcome, DecodeOutcome::Rejected(..)));
        assert_eq!(
            rejected,
            Some(DecodeOutcome::Rejected(Reason::TooLong, bytes))
        );
        assert_eq!(decoder.received_bytes(), 0);
    }
}

#[test]
fn a_closed_decoder_ignores_everything() {
    let mut decoder = AutoDecoder::given("hello=yes".parse().unwrap(), 64, pid());
    assert!(decoder.awaits_hello() && !decoder.is_closed() && decoder.is_given());
    assert_eq!(decoder.push(Symbol::Usr1), DecodeOutcome::Hello);
    assert!(!decoder.awaits_hello());
    say(&mut decoder, "end=none", "ab");
    assert_eq!(
        (decoder.received_bytes(), decoder.held_bytes() > 0),
        (2, true)
    );
    decoder.close();
    assert!(decoder.is_closed() && !decoder.in_message() && decoder.detected().is_none());
    assert_eq!(decoder.push(Symbol::Usr1), DecodeOutcome::Ignored);
}

#[test]
fn after_a_stream_that_makes_no_sense_a_text_needs_an_end_or_a_length_and_teaches_nothing() {
    for (spec, text, known, is_text) in [
        ("end=none", "Hello there", &[][..], false),
        ("char-bits=9", "Hello there", &[], false),
        ("parity=even", "Hello there", &[], false),
        ("parity=even", "Hello there", &["parity=even", "lsb"], true),
        ("classic", "Hello there", &[], true),
        ("classic", "Hello\x01there", &[], false),
        ("classic", "Hello\x01there", &["classic", "lsb"], true),
        ("head=len8,end=none", "Hello there", &[], false),
        ("head=len32,end=none", "Hello there", &[], true),
    ] {
        let mut decoder = decoder(known);
        decoder.give_up();
        decoder.reset();
        say(&mut decoder, spec, text);
        let outcome = match decoder.handle_silence().has_message() {
            true => DECIDED,
            false => decoder.handle_exit(true),
        };
        let has_message = matches!(outcome, DecodeOutcome::Detecting(state) if state.has_message());
        assert_eq!(has_message, is_text, "{spec} {text}");
        if is_text {
            assert_eq!(finish(&mut decoder).text, text.as_bytes());
            assert_eq!(decoder.detected(), None);
        }
    }
}

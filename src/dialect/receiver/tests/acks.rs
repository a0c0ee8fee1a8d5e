//! The acknowledgements within a text, and the conclusions from the end of a client.

use super::super::acks::{DOUBT_AFTER, DOUBT_NAP_AFTER};
use super::*;
use SleepState::{Napping, Polling};

/// Returns the acknowledgements of a given dialect in a message of one letter: its first seven bits, its eighth, then the end
/// byte's last bit, the writing of the text, and everything after that.
fn conversation(spec: &str) -> [String; 5] {
    let mut receiver = given(spec);
    let symbols = symbols(spec, "a");
    let (head, last) = symbols.split_at(symbols.len() - 1);
    let mut said = [
        send(&mut receiver, &head[..7], 0),
        send(&mut receiver, &head[7..8], 0),
        {
            send(&mut receiver, &head[8..], 0);
            send(&mut receiver, last, 0)
        },
        {
            receiver.handle_written(true, 0);
            words(&mut receiver)
        },
        String::new(),
    ];
    let mut now = 0;
    said[4] = wait(&mut receiver, &mut now);
    said
}

/// Checks the actions of a receiver after each step of a script.
///
/// `+TEXT` are classic symbols, with a dot for a NUL, and `:BITS` any others; `drain` passes the time until nothing is owed.
fn play(mut receiver: TextReceiver, script: &str) {
    let mut now = 0;
    for line in script.split(" | ") {
        let (step, expected) = line.split_once(" =>").unwrap();
        match step.split_at(1) {
            ("+", text) => {
                let text = text.replace('.', "\0");
                for symbol in symbols("head=len16,end=none", &text).split_off(16) {
                    now += 1;
                    receiver.handle_symbol(symbol, now);
                }
            }
            (":", bits) => bits
                .bytes()
                .for_each(|bit| receiver.handle_symbol(Symbol::ALL[usize::from(bit - b'0')], now)),
            _ => match step {
                "written" => receiver.handle_written(true, now),
                "hold" => receiver.hold(true),
                "release" => receiver.release(now),
                "exit" | "fail" => receiver.handle_exit(step == "exit", now),
                "close" => receiver.close(Reason::ShuttingDown),
                "drain" => {
                    while let Some(at) = receiver.closing_deadline() {
                        receiver.handle_timeout(at, Awake);
                    }
                }
                _ => panic!("{step}"),
            },
        }
        assert_eq!(words(&mut receiver), expected.trim_start(), "{line}");
    }
}

/// Returns what a text leads to whose client sends bits at a pace of 300 us and naps after each byte until it has got a SIGUSR2
/// since the first bit of that byte. It goes on `late` after that, and sends its second bit `stall` after the first.
fn send_bytewise(stall: Nanos, late: Nanos) -> String {
    const PACE: Nanos = 300_000;
    let mut receiver = unknown_to(USR2);
    let (mut now, mut said, mut acks_before) = (0, String::new(), 0);
    let acks = |said: &str| said.matches("usr2").count();
    let mut pass = |time: Nanos, symbol: Option<Symbol>, said: &mut String| {
        if let Some(symbol) = symbol {
            receiver.handle_symbol(symbol, now);
        }
        let until = now + time;
        while let Some(at) = receiver.poll_timeout().filter(|at| *at <= until) {
            now = at.max(now);
            receiver.handle_timeout(now, SleepState::Napping);
        }
        now = until;
        *said += &words(&mut receiver);
    };
    for (i, symbol) in (0..).zip(symbols("head=len16,end=none", "Hello World!")) {
        if i % 8 == 0 {
            acks_before = acks(&said);
        }
        pass(if i == 0 { stall } else { PACE }, Some(symbol), &mut said);
        let is_last = i % 8 == 7;
        for _ in (0..200).filter(|_| is_last) {
            if acks(&said) > acks_before {
                break;
            }
            pass(MILLISECOND, None, &mut said);
        }
        pass(if is_last { late } else { 0 }, None, &mut said);
    }
    pass(1000 * MILLISECOND, None, &mut said);
    said
}

#[test]
fn a_given_dialect_is_acknowledged_as_it_says() {
    let seven = "usr1 usr1 usr1 usr1 usr1 usr1 usr1";
    for (spec, expected) in [
        ("classic", [seven, "usr1", "\"a\"", "usr1", ""]),
        ("ack-time=before", [seven, "usr1", "usr1 \"a\"", "", ""]),
        (
            "ack-time=before,final=other",
            [seven, "usr1", "\"a\"", "usr2", ""],
        ),
        ("final=both", [seven, "usr1", "\"a\"", "usr1", "usr2"]),
        ("final=twice", [seven, "usr1", "\"a\"", "usr1", "usr1"]),
        ("ack=byte", ["", "usr1", "\"a\"", "usr1", ""]),
        ("ack=message,ack-signal=usr2", ["", "", "\"a\"", "usr2", ""]),
        ("ack=none", ["", "", "\"a\"", "", ""]),
        (
            "ack-signal=echo",
            [
                "usr1 usr2 usr2 usr1 usr1 usr1 usr1",
                "usr2",
                "\"a\"",
                "usr1",
                "",
            ],
        ),
    ] {
        assert_eq!(conversation(spec), expected, "{spec}");
    }
}

#[test]
fn the_first_acknowledgement_of_a_byte_waits_until_the_nap_after_its_last_bit_is_over() {
    use SleepState::{ForSignal, Napping};
    for (spec, in_nap) in [("classic", "usr1"), ("ack=byte", "")] {
        let mut receiver = given(spec);
        receiver.delay_acks(Awake);
        let symbols = symbols(spec, "ab");
        let bits = if spec == "classic" { 1 } else { 8 };
        assert_eq!(send(&mut receiver, &symbols[..bits], 0), "", "{spec}");
        receiver.handle_timeout(0, Napping);
        assert_eq!(words(&mut receiver), in_nap, "{spec}");
        let look = receiver.look_at().unwrap();
        receiver.handle_timeout(look, ForSignal);
        assert_eq!(words(&mut receiver).is_empty(), spec == "classic");
        let next = &symbols[bits..2 * bits];
        assert_eq!(send(&mut receiver, next, look), "usr1", "{spec}");
    }
}

#[test]
fn a_head_of_which_at_most_the_end_is_acknowledged_is_not_withheld() {
    for (spec, of_end) in [("last", "usr1"), ("no", "")] {
        let mut receiver = given(&std::format!("head=len16,end=none,ack-head={spec}"));
        let symbols = symbols("head=len16,end=none", "ab");
        let (head, text) = symbols.split_at(15);
        receiver.hold(true);
        assert_eq!(send(&mut receiver, head, 0), "");
        assert!(!receiver.can_be_held());
        receiver.hold(false);
        assert_eq!(send(&mut receiver, &text[..1], 0), of_end);
        assert_eq!(send(&mut receiver, &text[1..3], 0), "usr1 usr1");
        assert!(receiver.can_be_held());
        assert!(send(&mut receiver, &text[3..], 0).ends_with("\"ab\""));
    }
}

#[test]
fn a_receiver_does_what_follows_from_what_happens() {
    // Of several texts, the last is acknowledged late, unless another has begun.
    play(
        given("ack=message"),
        r#"+a.b. => "a" "b" | written => | written => usr1"#,
    );
    play(given("ack=message"), r#"+a. => "a" | :011 => | written =>"#);
    // A held client that repeats its symbol waits for the release.
    play(
        given("classic"),
        "hold => | :0 => | :0 => | release => usr1 | release => | :1 => usr1",
    );
    // The symbols after a message whose end was detected late are decoded and not acknowledged.
    play(unknown(), r#"+Hello.you. => <ack=message> "Hello" "you""#);
    // The end of the client completes a text without an end byte.
    play(given("end=none,ack=none"), r#"+hi => | exit => "hi""#);
    play(given("end=none,ack=none"), "+hi => | fail =>");
    play(given("end=etx,ack=none"), "+hi => | exit =>");
    play(
        unknown(),
        r#"+Hello there => | exit => <end=none,ack=message> "Hello there""#,
    );
    // After the close, the acknowledgement of a complete text is sent, and a text that may be complete is delivered.
    play(
        given("ack=message,final=both"),
        r#"+a. => "a" | close => | written => usr1 | drain => usr2"#,
    );
    play(
        unknown(),
        r#"+12. => | close => | drain => <ack=message> "12""#,
    );
    // A client that goes on then has not finished, and a client that asks to be admitted is told to ask again.
    play(unknown(), "+12. => | close => | :0 => ShuttingDown:3");
    play(given("hello=yes"), "close => | :0 => usr2 | :0 => usr2");
}

#[test]
fn a_text_that_could_not_be_written_is_not_acknowledged() {
    let mut receiver = given("ack=message");
    assert!(receiver.is_idle());
    assert_eq!(send(&mut receiver, &symbols("classic", "a"), 0), "\"a\"");
    assert!(!receiver.is_idle() && !receiver.in_message());
    receiver.handle_written(false, 0);
    assert_eq!(words(&mut receiver), "");
    assert!(receiver.is_idle());
    send(&mut receiver, &symbols("classic", "a")[..8], 0);
    assert!(!receiver.is_idle() && receiver.in_message() && receiver.held_bytes() > 0);
    assert_eq!(receiver.received_bytes(), 1);
}

#[test]
fn a_client_that_sleeps_where_its_program_needs_no_acknowledgement_is_acknowledged() {
    for (spec, sleep, expected) in [
        ("ack=none", ForSignal, "usr1"),
        ("ack=message", Polling, "usr1"),
        ("ack=message", Napping, ""),
        ("ack=message", Awake, ""),
    ] {
        let mut receiver = known_to(&[spec], USR1);
        let text = symbols("classic", "Hello there");
        assert_eq!(send(&mut receiver, &text[..1], 0), "");
        let mut said = String::new();
        let mut looks = 0;
        while let Some(at) = receiver.look_at().filter(|_| said.is_empty()) {
            assert!(
                at >= DOUBT_AFTER,
                "a client that paces itself is not looked at"
            );
            receiver.handle_timeout(at, sleep);
            said = words(&mut receiver);
            looks += 1;
        }
        assert_eq!(
            (&*said, looks > 1),
            (expected, expected.is_empty()),
            "{spec} {sleep:?}"
        );
        // It is watched from then on, as a client of an unknown program is.
        let mut now = DOUBT_AFTER;
        for symbol in &text[1..] {
            said = send(&mut receiver, &[*symbol], now);
            if said.is_empty() && !expected.is_empty() {
                said = wait(&mut receiver, &mut now);
            }
        }
        let printed = match expected.is_empty() {
            true => "\"Hello there\"",
            false => "<classic> \"Hello there\"",
        };
        assert_eq!(said, printed, "{spec} {sleep:?}");
        let shown = if expected.is_empty() { spec } else { "classic" };
        assert_eq!(receiver.profile_update(false, now), speaks(shown));
    }
}

#[test]
fn a_client_that_naps_behind_a_byte_where_its_program_needs_no_acknowledgement_is_acknowledged() {
    for (bits, sleep, expected) in [
        (8, Napping, Some(DOUBT_NAP_AFTER)),
        (16, Napping, Some(DOUBT_NAP_AFTER)),
        (15, Napping, None),
        (8, Awake, None),
    ] {
        let mut receiver = known_to(&["end=none,ack=message"], USR1);
        let text = symbols("classic", "Hello there");
        assert_eq!(send(&mut receiver, &text[..bits], 0), "");
        let mut acknowledged = None;
        while let Some(at) = receiver.look_at().filter(|_| acknowledged.is_none()) {
            receiver.handle_timeout(at, sleep);
            acknowledged = (words(&mut receiver) == "usr1").then_some(at);
        }
        let is_due = |at: Nanos| expected.is_some_and(|due| at >= due);
        assert!(acknowledged.is_none_or(is_due), "{bits} {acknowledged:?}");
        assert_eq!(acknowledged.is_some(), expected.is_some(), "{bits}");
    }
}

#[test]
fn a_client_that_ends_on_an_acknowledgement_of_the_expected_dialect_may_have_lost_its_text() {
    for (count, has_ended, expected) in [
        (1, true, Some(Usr1)),
        (1, false, Some(Usr1)),
        (8, true, None),
    ] {
        let mut receiver = known_to(&["classic"], USR1);
        send(&mut receiver, &symbols("classic", "A")[..count], 0);
        receiver.handle_exit(has_ended, 0);
        assert_eq!(receiver.may_have_ended_on(), expected, "{count}");
    }
}

#[test]
fn a_client_that_goes_on_and_fails_after_its_only_acknowledgement_misses_those_of_bytes() {
    let mut receiver = unknown_to(USR1);
    let said = send(&mut receiver, &symbols("classic", "Hello there"), 0);
    assert_eq!(said, "<ack=message> \"Hello there\"");
    receiver.handle_written(true, 0);
    assert_eq!(words(&mut receiver), "usr1");
    for (has_failed, at, expected) in [
        (true, 49, "ack=message"),
        (true, 50, "ack=byte"),
        (false, 50, "ack=message"),
    ] {
        let shown = receiver.profile_update(has_failed, at * MILLISECOND);
        assert_eq!(shown, speaks(expected), "{has_failed} {at}");
    }
    // Its end in mid-message, or before its text was written, has another reason.
    let as_before = speaks("ack=message");
    send(
        &mut receiver,
        &symbols("classic", "again")[..9],
        60 * MILLISECOND,
    );
    assert_eq!(receiver.profile_update(true, 500 * MILLISECOND), as_before);
    let mut receiver = unknown_to(USR1);
    send(&mut receiver, &symbols("classic", "Hello there"), 0);
    assert_eq!(receiver.profile_update(true, 500 * MILLISECOND), as_before);
}

#[test]
fn a_half_text_at_the_close_is_reported_and_nothing_more_is_acknowledged() {
    let mut receiver = given("ack-time=before");
    send(&mut receiver, &symbols("classic", "whole"), 0);
    send(&mut receiver, &symbols("classic", "a longer text")[..49], 0);
    receiver.close(Reason::ShuttingDown);
    assert_eq!(words(&mut receiver), "ShuttingDown:6");
    assert_eq!(receiver.received_bytes(), 0);
    receiver.handle_symbol(Usr1, 0);
    receiver.handle_written(true, 0);
    assert_eq!(words(&mut receiver), "");
    assert_eq!(receiver.closing_deadline(), None);
}

#[test]
fn a_program_that_fails_before_its_first_bit_is_acknowledged_is_acknowledged_at_once() {
    for (bits, has_failed, is_shown) in [(1, true, true), (1, false, false), (2, true, false)] {
        let mut receiver = unknown();
        assert_eq!(send(&mut receiver, &[Usr1; 2][..bits], 0), "");
        let shown = receiver.profile_update(has_failed, 1);
        assert_eq!(shown, is_shown.then_some(ProfileUpdate::Impatient));
    }
    let mut profile = Profile::default();
    profile.update(ProfileUpdate::Impatient);
    let mut receiver = TextReceiver::unknown(profile.clone(), 64, pid(), BOTH);
    assert_eq!(send(&mut receiver, &[Usr1; 2], 0), "usr1 usr1");
    profile.update(speaks("classic").unwrap());
    assert!(!profile.is_impatient, "its dialect says more");
}

#[test]
fn a_client_that_fails_after_a_nap_shows_that_it_has_to_nap_first() {
    use SleepState::Napping;
    for (sleep, has_failed, shown) in [
        (Napping, true, Some(Napping)),
        (Napping, false, None),
        (Awake, true, None),
        (ForSignal, true, None),
    ] {
        let mut receiver = unknown();
        assert_eq!(send(&mut receiver, &[Usr1], 0), "");
        receiver.handle_timeout(SILENCE_AWAKE, Napping);
        assert_eq!(words(&mut receiver), "usr1");
        assert_eq!(receiver.ack_sleep_update(true), None);
        receiver.handle_timeout(SILENCE_AWAKE + MILLISECOND, sleep);
        let update = receiver.ack_sleep_update(has_failed);
        assert_eq!(update, shown.map(ProfileUpdate::AckSleep));
        // Then it did not end on that acknowledgement.
        assert_eq!(receiver.may_have_ended_on().is_none(), sleep == Napping);
        assert_eq!(
            receiver.profile_update(has_failed, 0).is_none(),
            sleep == Napping
        );
    }
    let mut receiver = unknown();
    receiver.delay_acks(Napping);
    send(&mut receiver, &[Usr1], 0);
    receiver.handle_timeout(SILENCE_ASLEEP, Napping);
    assert_eq!(
        words(&mut receiver),
        "usr1",
        "known to nap, it is not waited for"
    );
}

#[test]
fn a_client_that_sleeps_for_a_signal_after_each_byte_is_acknowledged_only_then() {
    let others = [SleepState::Napping, SleepState::Polling].map(|sleep| (sleep, false));
    for (sleep, needed) in others.into_iter().chain([(ForSignal, true)]) {
        let mut receiver = unknown();
        let (mut now, mut at_once) = (0, String::new());
        for byte in symbols("ack=byte", "Hello").chunks(8) {
            at_once = send(&mut receiver, byte, now);
            now += 100 * MILLISECOND;
            receiver.handle_timeout(now, sleep);
            words(&mut receiver);
        }
        assert_eq!(at_once.is_empty(), needed);
        let update = receiver.ack_sleep_update(false);
        assert_eq!(update.is_some(), needed);
    }
}

#[test]
fn a_handshake_is_answered_on_the_signal_that_the_client_handles() {
    for (spec, handled, expected, busy) in [
        ("hello=yes", BOTH, "usr1", "usr2"),
        ("hello=yes", USR1, "usr1", ""),
        ("hello=yes", USR2, "usr2", ""),
        ("hello=yes,ack-signal=usr2", BOTH, "usr1", ""),
    ] {
        let dialect = spec.parse().unwrap();
        let mut receiver = TextReceiver::given(dialect, 64, pid(), handled);
        assert_eq!(send(&mut receiver, &[Usr1], 0), expected);
        let mut receiver = TextReceiver::given(dialect, 64, pid(), handled);
        receiver.hold(true);
        assert_eq!(send(&mut receiver, &[Usr1], 0), busy);
    }
}

#[test]
fn a_client_that_waits_for_each_byte_is_understood_on_a_busy_machine() {
    let text = "<head=len16,end=none,ack=byte,ack-signal=usr2> \"Hello World!\"";
    for late in [0, MILLISECOND, COMPLETE_AFTER - MILLISECOND] {
        // In the second case an acknowledgement of its first bit is one too many.
        for stall in [300_000, 2 * SILENCE_AWAKE] {
            let said = send_bytewise(stall, late);
            let texts = said.matches('"').count() / 2;
            assert!(said.ends_with(text) && texts == 1, "{late}: {said}");
        }
    }
}

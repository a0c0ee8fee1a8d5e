//! Which texts are given out, and which are reported instead.

use super::*;

#[test]
fn a_stream_that_makes_no_sense_is_reported_and_begins_again_after_a_silence() {
    let mut receiver = unknown();
    // Control characters, whatever the order of the bits.
    let noise: Vec<Symbol> = (0..80)
        .map(|i| Symbol::ALL[usize::from(i % 8 == 1 || i % 9 == 3)])
        .collect();
    let said = send(&mut receiver, &noise, 0);
    assert!(said.starts_with("0101") && said.len() <= noise.len());
    assert_eq!(receiver.poll_timeout(), Some(RESET_AFTER));
    assert!(!receiver.in_message());
    receiver.handle_timeout(RESET_AFTER - 1, Awake);
    assert_eq!(receiver.poll_timeout(), Some(RESET_AFTER));
    receiver.handle_timeout(RESET_AFTER, Awake);
    assert_eq!(receiver.poll_timeout(), None);
    let hello = symbols("classic", "Hello there");
    let said = send(&mut receiver, &hello, RESET_AFTER);
    assert_eq!(said, "<ack=message> \"Hello there\"");
}

#[test]
fn a_newline_behind_the_last_text_is_no_message_that_was_begun() {
    for (tail, success, is_left) in [
        (&b"\n"[..], true, false),
        (b"\n", false, true),
        (b"!", true, true),
        (b"\n\0", true, true),
    ] {
        let mut receiver = known(&["head=len32,head-bytes=little,end=none"]);
        let bytes = [b"\x05\0\0\0Hello", tail].concat();
        let all = symbols("end=none", &bytes);
        assert!(send(&mut receiver, &all, 0).contains("\"Hello\""));
        receiver.handle_exit(success, 0);
        assert_eq!(receiver.in_message(), is_left, "{tail:?}");
    }
}

#[test]
fn a_variable_behind_a_letter_is_a_text_unless_its_client_can_be_ended_on_the_other_signal() {
    let stream = [symbols("classic", "A"), symbols("classic", "HOME=/root")].concat();
    for (handled, behind) in [
        (NONE, "\"HOME=/root\""),
        (USR1, "\"HOME=/root\""),
        (BOTH, "RanOn:11"),
    ] {
        let (mut receiver, mut now, mut said) = (unknown_to(handled), 0, String::new());
        for symbol in &stream {
            said += &say(&mut receiver, &[*symbol], &mut now);
        }
        said += &wait(&mut receiver, &mut now);
        assert!(said.contains("\"A\"") && said.contains(behind), "{said}");
    }
}

#[test]
fn what_comes_behind_a_text_that_is_withheld_is_decoded() {
    let mut receiver = known_to(&["classic", "order=lsb"], NONE);
    let stream = symbols("classic", "22").repeat(2);
    assert_eq!(send(&mut receiver, &stream, 0), "");
    receiver.handle_exit(true, 0);
    assert_eq!(words(&mut receiver), "ambiguous");
    // The end of the session reports it.
    assert_eq!(receiver.received_bytes(), 3);
}

#[test]
fn a_short_text_that_nearly_any_bits_are_shows_no_dialect_of_its_program() {
    for (spec, text, is_shown) in [
        ("char-bits=7", "Hello", false),
        ("char-bits=7", "Hello there", true),
        ("classic", "H", true),
    ] {
        let mut receiver = unknown_to(NONE);
        let mut said = send(&mut receiver, &symbols(spec, text), 0);
        said += &wait(&mut receiver, &mut 0);
        assert!(said.contains(&std::format!("\"{text}\"")), "{said}");
        assert_eq!(
            receiver.profile_update(false, 0).is_some(),
            is_shown,
            "{spec} {text}"
        );
    }
}

#[test]
fn a_dialect_that_a_program_has_used_is_not_evidence_for_a_text() {
    let letters: Vec<char> = ('a'..='z').chain('A'..='Z').collect();
    let mut profile = Profile::default();
    let mut seed = 1u32;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % below
    };
    let (mut printed, mut withheld) = (0, 0);
    for i in 0..240 {
        let spec = ["classic", "lsb"][i % 2];
        let text: String = (0..=random(3))
            .map(|_| letters[random(letters.len())])
            .collect();
        let (out, is_told, update) = converse(profile.clone(), spec, &text);
        let names_rival = out.iter().any(|action| match action {
            TextAction::Detected { rival, .. } => rival.is_some(),
            TextAction::Ambiguous { .. } => true,
            _ => false,
        });
        match texts(&out)[..] {
            [(_, found)] if found == text => printed += 1,
            [_] => assert!(names_rival, "{spec} {text:?}: {out:?}"),
            [] => {
                withheld += 1;
                assert!(names_rival && !is_told, "{spec} {text:?}: {out:?}");
            }
            _ => panic!("{out:?}"),
        }
        update.into_iter().for_each(|update| profile.update(update));
    }
    assert_eq!((printed, withheld), (207, 33));
}

#[test]
fn a_clock_near_its_end_does_not_overflow() {
    for before in [0, 1, 5, 30, 70, 300].map(|n| n * MILLISECOND) {
        let mut now = Nanos::MAX - before;
        let mut receiver = unknown();
        for symbol in symbols("classic", "12").iter().cycle().take(100) {
            receiver.handle_symbol(*symbol, now);
            receiver.handle_written(true, now);
            for _ in 0..4 {
                now = receiver.poll_timeout().unwrap_or(now);
                receiver.handle_timeout(now, ForSignal);
            }
        }
        assert!(!texts(&actions(&mut receiver)).is_empty());
    }
}

#[test]
fn a_silence_begins_again_after_a_lack_of_cpu() {
    let mut receiver = unknown_to(NONE);
    send(&mut receiver, &symbols("classic", "12"), 0);
    receiver.restart_silence(COMPLETE_AFTER - 1);
    receiver.handle_timeout(2 * COMPLETE_AFTER - 2, Awake);
    assert_eq!(words(&mut receiver), "");
    receiver.handle_timeout(2 * COMPLETE_AFTER - 1, Awake);
    assert!(words(&mut receiver).ends_with("\"12\""));
    let mut receiver = given("final=both");
    send(&mut receiver, &symbols("classic", ""), 0);
    receiver.handle_written(true, 0);
    let before = receiver.poll_timeout().unwrap();
    receiver.restart_silence(1);
    assert_eq!(receiver.poll_timeout(), Some(before + 1));
    let mut receiver = unknown();
    receiver.handle_symbol(Usr1, 0);
    receiver.restart_silence(1);
    assert_eq!(receiver.poll_timeout(), Some(1 + SILENCE_AWAKE));
    let mut now = 1;
    assert_eq!(wait(&mut receiver, &mut now), "usr1");
    let before = receiver.probe.poll_timeout(false).unwrap();
    receiver.restart_silence(now + 1);
    assert_eq!(receiver.probe.poll_timeout(false), Some(before + 1));
}

#[test]
fn an_end_that_comes_twice_is_no_message() {
    for (handled, spec, expected) in [
        (NONE, "ack=none", ""),
        (USR1, "classic", "usr1 usr1 usr1 usr1 usr1 usr1 usr1 usr1"),
        (USR1, "ack=byte", "usr1"),
    ] {
        let mut receiver = known_to(&[spec], handled);
        let said = send(&mut receiver, &symbols("classic", "Hello there"), 0);
        assert!(said.ends_with("\"Hello there\""));
        receiver.handle_written(true, 0);
        words(&mut receiver);
        for _ in 0..3 {
            assert_eq!(send(&mut receiver, &symbols("classic", ""), 1), expected);
        }
        let said = send(&mut receiver, &symbols("classic", "And again"), 2);
        assert!(said.ends_with("\"And again\""));
    }
}

#[test]
fn only_a_dialect_that_is_new_or_uncertain_is_reported() {
    for (text, expected) in [("Hello there", false), ("22", true)] {
        let mut receiver = known(&["classic"]);
        let mut said = send(&mut receiver, &symbols("classic", text), 0);
        while !said.ends_with(&std::format!("{text:?}")) {
            said = wait(&mut receiver, &mut 0);
            assert!(!said.is_empty());
        }
        assert_eq!(said.contains("<classic"), expected, "{said}");
    }
}

#[test]
fn an_ambiguous_text_at_the_close_is_the_last() {
    let mut receiver = known(&["classic", "lsb"]);
    send(&mut receiver, &symbols("classic", "22"), 0);
    receiver.close(Reason::ShuttingDown);
    receiver.handle_timeout(COMPLETE_AFTER, Awake);
    assert_eq!(words(&mut receiver), "ambiguous");
    receiver.handle_symbol(Usr1, COMPLETE_AFTER);
    assert!(!receiver.in_message());
}

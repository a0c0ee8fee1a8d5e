//! The acknowledgements of the end of a text, and the conclusions from the end of the client.

use super::*;

#[test]
fn final_acknowledgements_are_tried_on_a_client_that_handles_both_signals() {
    for (handled, expected, shown) in [
        (BOTH, ["usr2", "usr1", "usr1", ""], "final=other"),
        (USR1, ["usr1", "", "", ""], "classic"),
    ] {
        let mut receiver = unknown_to(handled);
        let mut now = 0;
        let said = say(&mut receiver, &symbols("classic", "Hello there"), &mut now);
        assert_eq!(said, "<classic> \"Hello there\"");
        receiver.handle_written(true, now);
        let [first, later @ ..] = expected;
        assert_eq!(words(&mut receiver), first);
        assert_eq!(receiver.profile_update(false, now), speaks(shown));
        for (i, expected) in later.into_iter().enumerate() {
            assert_eq!(wait(&mut receiver, &mut now), expected);
            if !expected.is_empty() {
                let shown = speaks(["final=both", "final=twice"][i]);
                assert_eq!(receiver.profile_update(false, now), shown);
            }
        }
        // The next message of the process is acknowledged at once.
        assert_eq!(send(&mut receiver, &[Usr1], now), "usr1");
    }
}

#[test]
fn a_client_that_sleeps_on_after_the_last_acknowledgement_gets_it_once_more() {
    for (sleep, again, shown) in [(ForSignal, "usr1", "final=twice"), (Awake, "", "classic")] {
        let mut receiver = known_to(&["classic"], USR1);
        send(&mut receiver, &symbols("classic", "Hello there"), 0);
        receiver.handle_written(true, 0);
        assert_eq!(words(&mut receiver), "usr1");
        let (mut said, mut update) = (String::new(), receiver.profile_update(false, 0));
        while let Some(at) = receiver.look_at() {
            receiver.handle_timeout(at, sleep);
            let new = words(&mut receiver);
            if !new.is_empty() {
                update = receiver.profile_update(false, at);
            }
            said += &new;
        }
        assert_eq!((&*said, update), (again, speaks(shown)));
    }
}

#[test]
fn a_client_that_loses_its_second_acknowledgement_in_a_nap_gets_it_again() {
    const NAP: Nanos = 10 * MILLISECOND;
    for (sleep, expected) in [(ForSignal, 3), (Napping, 2)] {
        let mut receiver = known_to(&["final=twice"], USR1);
        send(&mut receiver, &symbols("classic", "Hello there"), 0);
        receiver.handle_written(true, 0);
        let mut acks = words(&mut receiver).split_whitespace().count();
        let mut now = 0;
        loop {
            let due = [receiver.poll_timeout(), receiver.look_at()];
            let Some(at) = due.into_iter().flatten().min() else {
                break;
            };
            now = at.max(now);
            receiver.handle_timeout(now, if now < NAP { Napping } else { sleep });
            acks += words(&mut receiver).split_whitespace().count();
        }
        assert_eq!(acks, expected, "{sleep:?}");
    }
}

#[test]
fn handlers_that_are_gone_at_the_end_say_nothing_of_what_the_client_waited_for() {
    for (handled, shown) in [(USR1, "classic"), (USR2, "ack-signal=usr2")] {
        let mut receiver = unknown_to(handled);
        let mut now = 0;
        for symbol in symbols("classic", "A") {
            let said = send(&mut receiver, &[symbol], now);
            if said.is_empty() {
                wait(&mut receiver, &mut now);
            }
        }
        receiver.set_handled(NONE);
        wait(&mut receiver, &mut now);
        receiver.handle_written(true, now);
        assert_eq!(receiver.profile_update(false, now), speaks(shown));
    }
}

#[test]
fn the_other_signal_is_the_likelier_end_unless_it_has_another_meaning() {
    let mut ended = Profile::default();
    ended.update(ProfileUpdate::AckPolicy(AckPolicy::Usr2From(0)));
    let mut ended_well = ended.clone();
    ended_well.update(ProfileUpdate::EndsOnUsr1);
    for (profile, spec, expected) in [
        (Profile::default(), "classic", "final=other"),
        (Profile::default(), "parity=even", "parity=even"),
        // A program that has ended on SIGUSR1 waits for SIGUSR2.
        (ended, "classic", "ack-signal=usr2"),
        // Unless that end was a success.
        (ended_well, "classic", "ack-signal=usr2,final=other"),
    ] {
        let (_, _, shown) = converse(profile, spec, "Hello there");
        assert_eq!(shown, speaks(expected), "{spec}");
    }
}

#[test]
fn a_client_that_sends_the_end_of_its_text_again_gets_the_other_signal() {
    let (text, end) = (symbols("classic", "ab"), symbols("classic", ""));
    for (late, expected) in [(1, "usr2"), (REPEATS_WITHIN, "\"\"")] {
        let mut receiver = known(&["classic"]);
        for _ in 0..2 {
            assert!(send(&mut receiver, &text, 0).ends_with("\"ab\""));
            receiver.handle_written(true, 0);
            assert_eq!(words(&mut receiver), "usr1");
        }
        let said = send(&mut receiver, &end, late);
        assert_eq!(said, std::format!("{}{expected}", "usr1 ".repeat(7)));
        let shown = receiver.profile_update(false, late);
        assert_eq!(shown == speaks("final=other"), late == 1);
    }
}

#[test]
fn a_client_that_has_sent_bits_too_many_before_its_text_is_written_gets_the_other_signal() {
    for (extra, expected) in [(1, "usr2"), (8, "")] {
        let mut receiver = known(&["classic"]);
        send(&mut receiver, &symbols("classic", "ab"), 0);
        send(&mut receiver, &symbols("classic", "a")[..extra], 1);
        receiver.handle_written(true, 2);
        let mut now = 2;
        assert_eq!(wait(&mut receiver, &mut now), expected);
        let is_learned = receiver.profile_update(false, now) == speaks("final=other");
        assert_eq!(is_learned, extra == 1);
    }
}

#[test]
fn a_client_that_handles_a_signal_only_at_its_end_is_acknowledged_then() {
    for (given_too, handled, expected) in
        [(false, USR2, "usr2"), (false, NONE, ""), (true, USR2, "")]
    {
        let mut receiver = match given_too {
            true => given("ack=none"),
            false => known_to(&["ack=none"], NONE),
        };
        assert!(send(&mut receiver, &symbols("ack=none", "ab"), 0).ends_with("\"ab\""));
        receiver.set_handled(handled);
        receiver.handle_written(true, 0);
        assert_eq!(words(&mut receiver), expected);
    }
}

#[test]
fn a_client_that_goes_on_behind_its_text_after_a_handshake_gets_the_other_signal() {
    for (handled, last) in [(BOTH, "usr2"), (USR1, "usr1")] {
        let mut receiver = unknown_to(handled);
        let mut now = 0;
        let mut stream = std::vec![Usr1];
        stream.extend(symbols("classic", "Hi"));
        stream.extend(symbols("classic", "PATH=/usr/bin"));
        let mut said = String::new();
        for symbol in stream {
            now += 1;
            said = say(&mut receiver, &[symbol], &mut now);
            if !said.starts_with("usr1") {
                break;
            }
        }
        assert_eq!(said, "<hello=yes> \"Hi\" RanOn:2");
        receiver.handle_written(true, now);
        assert_eq!(words(&mut receiver), last);
        let shown = speaks(["hello=yes,final=other", "hello=yes"][usize::from(last == "usr1")]);
        assert_eq!(receiver.profile_update(false, now), shown);
    }
}

#[test]
fn a_client_that_goes_on_behind_a_counted_text_with_no_length_gets_the_other_signal() {
    for (behind, bytes) in ["PATH", "\0PATH"].into_iter().zip(1..) {
        let spec = "head=len32";
        let mut receiver = unknown_to(BOTH);
        let mut now = 0;
        let said = say(&mut receiver, &symbols(spec, "Hello there"), &mut now);
        assert_eq!(said, std::format!("<{spec}> \"Hello there\""));
        receiver.handle_written(true, now);
        words(&mut receiver);
        let behind = symbols("head=len32,end=none", behind).split_off(32);
        let said = send(&mut receiver, &behind[..8 * bytes], now);
        let last = std::format!(" TooLong:{bytes} usr2");
        assert!(said.ends_with(&last), "{said}");
        let shown = speaks(&std::format!("{spec},final=other"));
        assert_eq!(receiver.profile_update(false, now), shown);
    }
}

#[test]
fn a_client_that_fails_on_the_last_acknowledgement_shows_that_it_waits_for_the_other() {
    for (has_failed, known_to_be, expected) in [
        (true, "classic", "final=other"),
        (false, "classic", "classic"),
        (true, "final=other", "final=both"),
        (false, "final=other", "final=other"),
    ] {
        let mut receiver = known(&[known_to_be]);
        send(&mut receiver, &symbols("classic", "Hello there"), 0);
        receiver.handle_written(true, 0);
        let shown = receiver.profile_update(has_failed, 1);
        assert_eq!(shown, speaks(expected));
        // In mid-message it has not come to that.
        send(&mut receiver, &symbols("classic", "again")[..9], 1);
        assert_eq!(receiver.profile_update(true, 1), speaks(known_to_be));
    }
}

#[test]
fn a_client_that_handles_no_signal_when_its_text_is_written_is_looked_at_three_times() {
    for (installs_at, spec, expected) in [
        (0, "ack=message,ack-signal=usr2", "usr2"),
        (5, "ack=message,ack-signal=usr2", "usr2"),
        (60, "ack=none", "usr2"),
        (900, "ack=none", "usr2"),
        (1200, "ack=none", ""),
    ] {
        let mut receiver = known_to(&[spec], NONE);
        let mut now = 0;
        send(&mut receiver, &symbols("classic", "Hello there"), now);
        receiver.handle_written(true, now);
        let mut said = String::new();
        while let Some(at) = receiver.poll_timeout() {
            now = at;
            if now >= installs_at * MILLISECOND {
                receiver.set_handled(USR2);
            }
            receiver.handle_timeout(now, Awake);
            said += &words(&mut receiver);
        }
        assert_eq!(said, expected, "{installs_at} ms");
        if !said.is_empty() {
            let shown = receiver.profile_update(false, now);
            assert_eq!(shown, speaks("ack=message,ack-signal=usr2"));
        }
    }
    // A client that goes on does not wait. A client in a given dialect without acknowledgements does not wait either.
    let mut receiver = known_to(&["ack=none"], NONE);
    send(&mut receiver, &symbols("classic", "Hello there"), 0);
    receiver.handle_written(true, 0);
    send(&mut receiver, &[Usr1], 0);
    receiver.set_handled(USR1);
    assert_eq!(wait(&mut receiver, &mut 0), "");
    let mut receiver = TextReceiver::given("ack=none".parse().unwrap(), 64, pid(), NONE);
    send(&mut receiver, &symbols("ack=none", "Hello there"), 0);
    receiver.handle_written(true, 0);
    assert_eq!(receiver.poll_timeout(), None);
}

#[test]
fn a_client_that_goes_on_between_two_last_acknowledgements_gets_the_other_at_once() {
    let text = symbols("classic", "Hello there");
    let mut receiver = known(&["final=both"]);
    send(&mut receiver, &text, 0);
    receiver.handle_written(true, 0);
    assert_eq!(words(&mut receiver), "usr1");
    assert_eq!(send(&mut receiver, &[Usr1], 0), "usr2");
    // Its end on that signal is not a failure. The same holds for the next client.
    let shown = receiver.profile_update(true, 1);
    assert_eq!(shown, speaks("final=other"));
    let mut profile = Profile::default();
    for update in [speaks("final=both"), shown] {
        profile.update(update.unwrap());
    }
    let mut receiver = TextReceiver::unknown(profile, 64, pid(), BOTH);
    send(&mut receiver, &text, 0);
    receiver.handle_written(true, 0);
    assert_eq!(words(&mut receiver), "usr2");
    assert_eq!(receiver.profile_update(true, 1), speaks("final=other"));
    // In a given dialect the next text may begin at once.
    let mut receiver = given("final=both");
    send(&mut receiver, &text, 0);
    receiver.handle_written(true, 0);
    assert_eq!(words(&mut receiver), "usr1");
    assert_eq!(send(&mut receiver, &[Usr1], 0), "usr1");
}

#[test]
fn a_client_that_ended_on_the_acknowledgement_that_showed_its_end_may_wait_for_the_other_signal() {
    for (handled, has_failed, shown) in [
        (BOTH, false, "one=usr1,final=other"),
        (BOTH, true, "one=usr1,final=other"),
        (USR1, false, "one=usr1"),
    ] {
        let (mut receiver, mut now) = (unknown_to(handled), 0);
        let last = say(&mut receiver, &symbols("one=usr1", "Hello"), &mut now);
        receiver.handle_exit(!has_failed, now);
        assert_eq!(
            (&*last, &*words(&mut receiver)),
            ("usr1", "<one=usr1> \"Hello\"")
        );
        assert_eq!(receiver.profile_update(has_failed, now), speaks(shown));
    }
}

#[test]
fn each_end_of_a_program_that_fails_leads_to_another() {
    let mut shown = "classic";
    for next in ["final=other", "final=both", "final=twice", "classic"] {
        let mut receiver = known(&[shown]);
        send(&mut receiver, &symbols("classic", "Hello there"), 0);
        receiver.handle_written(true, 0);
        let (mut now, awaited) = (0, speaks(shown));
        while receiver.profile_update(false, now) != awaited {
            assert!(!wait(&mut receiver, &mut now).is_empty(), "{shown}");
        }
        assert_eq!(receiver.profile_update(true, now), speaks(next));
        shown = next;
    }
}

#[test]
fn a_byte_behind_a_text_of_a_dialect_that_is_not_certain_is_no_text() {
    let mut receiver = unknown();
    let mut now = 0;
    say(&mut receiver, &symbols("classic", "LL"), &mut now);
    assert_eq!(wait(&mut receiver, &mut now), "<classic?> \"LL\"");
    receiver.handle_written(true, now);
    say(&mut receiver, &symbols("classic", "3")[..8], &mut now);
    receiver.handle_exit(true, now);
    assert_eq!(words(&mut receiver), "");
}

#[test]
fn a_signal_that_opens_no_handshake_is_the_end_of_one_and_acknowledged_once() {
    for (spec, handled, expected) in [
        ("hello=yes", USR1, "usr1"),
        ("hello=yes,ack-signal=usr2", USR2, "usr2"),
        ("hello=yes,ack=message", USR1, "NotText:0"),
    ] {
        let mut receiver = known_to(&[spec], handled);
        send(&mut receiver, &[Usr1], 0);
        send(&mut receiver, &symbols("classic", "Hello there"), 0);
        receiver.handle_written(true, 0);
        words(&mut receiver);
        assert_eq!(send(&mut receiver, &[Symbol::Usr2], 1), expected, "{spec}");
        assert_eq!(
            send(&mut receiver, &[Symbol::Usr2], 2),
            "NotText:0",
            "{spec}"
        );
    }
}

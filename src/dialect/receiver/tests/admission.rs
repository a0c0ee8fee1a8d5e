//! Clients that ask to be admitted: a handshake, on either signal.

use super::*;
use SleepState::Napping;

#[test]
fn a_client_may_ask_for_admission_with_either_signal() {
    for (spec, handled, is_found) in [
        ("hello=yes", USR1, true),
        ("hello=yes,hello-signal=usr2", USR1, true),
        ("hello=yes,hello-signal=usr2", NONE, false),
    ] {
        let mut receiver = unknown_to(handled);
        let dialect: Dialect = spec.parse().unwrap();
        send(&mut receiver, &[dialect.hello_signal], 0);
        let said = send(&mut receiver, &symbols(spec, "Hello there"), 0);
        assert_eq!(said.ends_with(" \"Hello there\""), is_found, "{said}");
    }
}

/// Asks with SIGUSR2 until SIGUSR2 admits the client; it naps after each SIGUSR1, which cuts a nap short. Returns how often it asked.
fn ask(receiver: &mut TextReceiver, nap: Nanos, now: &mut Nanos) -> usize {
    for asked in 1..99 {
        let said = say(receiver, &[Symbol::Usr2], now);
        if said == "usr2" {
            return asked;
        }
        assert_eq!(said, "usr1");
        let until = *now + nap;
        while let Some(at) = receiver.poll_timeout().filter(|at| *at < until) {
            receiver.handle_timeout(at, Napping);
            *now = at;
            match &*words(receiver) {
                "" => *now = until,
                said => {
                    assert_eq!(said, "usr1");
                    break;
                }
            }
        }
    }
    0
}

#[test]
fn a_client_that_asks_again_on_sigusr1_is_admitted_with_sigusr2() {
    // A nap of the client, and how often it may ask.
    for (nap, most) in [(0, 90), (20, 90), (80, 9), (150, 3), (1000, 3)] {
        let (mut receiver, mut now) = (unknown(), 0);
        let asked = ask(&mut receiver, nap * MILLISECOND, &mut now);
        assert!((3..=most).contains(&asked), "{nap}: {asked}");
        let text = symbols("classic", "Hello there");
        let said = say(&mut receiver, &text, &mut now);
        let spec = "hello=yes,hello-signal=usr2,ack-signal=usr2";
        assert_eq!(said, std::format!("<{spec}> \"Hello there\""), "{nap}");
        assert_eq!(receiver.profile_update(false, now), speaks(spec));
    }
}

#[test]
fn a_client_that_is_admitted_in_a_nap_that_is_not_cut_short_may_have_asked_with_sigusr2() {
    let (mut receiver, mut now) = (unknown(), 0);
    assert_eq!(say(&mut receiver, &[Symbol::Usr2], &mut now), "usr1");
    assert_eq!(wait(&mut receiver, &mut now), "usr1");
    assert_eq!(wait(&mut receiver, &mut now), "usr2");
    let said = say(&mut receiver, &symbols("classic", "x"), &mut now);
    assert_eq!(said, "usr2", "the acknowledgement of the last bit");
    let spec = "hello=yes,hello-signal=usr2,ack-signal=usr2";
    let said = wait(&mut receiver, &mut now);
    assert_eq!(said, std::format!("<{spec}> \"x\""));
}

#[test]
fn a_client_that_asks_again_and_naps_in_its_handler_of_sigusr1_gets_no_other_sigusr1() {
    let (mut receiver, mut now) = (unknown(), 0);
    assert_eq!(say(&mut receiver, &[Symbol::Usr2], &mut now), "usr1");
    send(&mut receiver, &[Symbol::Usr2], now);
    receiver.note_blocks_usr1(true);
    assert_eq!(wait(&mut receiver, &mut now), "");
    now += 1000 * MILLISECOND;
    assert_eq!(say(&mut receiver, &[Symbol::Usr2], &mut now), "usr2");
    let said = say(&mut receiver, &symbols("classic", "Hello there"), &mut now);
    let spec = "hello=yes,hello-signal=usr2,ack-signal=usr2";
    assert_eq!(said, std::format!("<{spec}> \"Hello there\""));
}

#[test]
fn a_client_that_repeats_a_bit_on_sigusr1_is_acknowledged_with_sigusr2() {
    let (mut receiver, mut now) = (unknown(), 0);
    let mut said = String::new();
    for symbol in symbols("classic", "Hello there") {
        let mut answers = (0..99).map(|_| say(&mut receiver, &[symbol], &mut now));
        said = answers.find(|said| said != "usr1").unwrap();
    }
    assert_eq!(said, "<ack-signal=usr2> \"Hello there\"");
}

#[test]
fn an_empty_text_of_sigusr2_alone_is_printed_at_the_end_of_its_client() {
    let (mut receiver, mut now) = (unknown(), 0);
    for symbol in symbols("one=usr1", "") {
        assert_eq!(say(&mut receiver, &[symbol], &mut now), "usr1");
        now += 70 * MILLISECOND;
        receiver.handle_timeout(now, Awake);
        assert_eq!(words(&mut receiver), "");
    }
    receiver.handle_exit(true, now);
    assert_eq!(words(&mut receiver), "\"\"");
}

#[test]
fn a_text_that_begins_with_sigusr2_is_no_question() {
    for stops in 0..4 {
        let (mut receiver, mut now) = (unknown(), 0);
        let text = symbols("lsb", "ok");
        for (i, symbol) in text.iter().enumerate() {
            assert_eq!(say(&mut receiver, &[*symbol], &mut now), "usr1", "{i}");
            // It takes long to go on, once.
            if i == stops {
                let again = if i < 3 { "usr1" } else { "" };
                assert_eq!(wait(&mut receiver, &mut now), again);
            }
        }
        let said = wait(&mut receiver, &mut now);
        assert_eq!(said, "<order=lsb> \"ok\"");
    }
}

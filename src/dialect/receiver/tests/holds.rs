//! Whose bits may be withheld while another client has the turn.

use super::*;

#[test]
fn a_client_that_does_not_wait_for_ever_for_each_bit_is_not_held() {
    for spec in ["ack=byte", "ack=none", "wait=20,silence=retry"] {
        let mut receiver = given(spec);
        receiver.hold(true);
        assert!(!receiver.can_be_held());
        let said = send(&mut receiver, &symbols("classic", "a")[..8], 0);
        assert_eq!(said.is_empty(), spec == "ack=none", "{spec}");
    }
    let mut receiver = given("hello=yes,ack=none");
    assert!(receiver.can_be_held());
    receiver.hold(true);
    assert_eq!(send(&mut receiver, &[Usr1], 0), "usr2");
    receiver.hold(false);
    assert_eq!(send(&mut receiver, &[Usr1], 0), "usr1");
    assert!(!receiver.can_be_held());
    for (handled, expected) in [(BOTH, true), (NONE, false)] {
        let mut receiver = unknown();
        receiver.set_handled(handled);
        assert_eq!(receiver.can_be_held(), expected);
    }
}

#[test]
fn a_client_that_does_not_handle_the_signal_for_busy_waits_for_its_admission() {
    let mut receiver = given("hello=yes");
    receiver.set_handled(USR1);
    receiver.hold(true);
    assert_eq!(send(&mut receiver, &[Usr1], 0), "");
    receiver.release(MILLISECOND);
    assert_eq!(words(&mut receiver), "usr1");
}

#[test]
fn a_held_client_of_an_unknown_dialect_is_not_watched() {
    let mut receiver = unknown();
    assert!(!receiver.needs_sleep_state() && receiver.may_be_over());
    receiver.handle_symbol(Usr1, 0);
    assert!(receiver.needs_sleep_state() && !receiver.may_be_over());
    receiver.hold(true);
    assert!(!receiver.needs_sleep_state());
    assert_eq!(receiver.poll_timeout(), Some(COMPLETE_AFTER));
    receiver.handle_timeout(COMPLETE_AFTER, ForSignal);
    assert_eq!(words(&mut receiver), "");
    assert_eq!(receiver.poll_timeout(), None);
}

#[test]
fn a_client_whose_message_is_complete_is_not_held() {
    let mut receiver = given("ack-time=before");
    let mut all = Vec::new();
    let stream = symbols("classic", "a");
    for _ in 0..2 {
        for (i, symbol) in stream.iter().enumerate() {
            receiver.hold(i + 1 == stream.len());
            receiver.handle_symbol(*symbol, 0);
        }
        receiver.handle_written(true, 0);
        all.extend(actions(&mut receiver));
    }
    assert_eq!(texts(&all), [(stream.len(), "a"), (2 * stream.len(), "a")]);
}

#[test]
fn a_client_that_waits_for_every_bit_may_go_on_beyond_what_may_be_the_end() {
    let mut receiver = unknown();
    let mut now = 0;
    // "12" and a NUL are a text, unless the client goes on.
    for symbol in symbols("head=digits,end=none", "twelve bytes") {
        assert_eq!(say(&mut receiver, &[symbol], &mut now), "usr1");
    }
    let said = wait(&mut receiver, &mut now);
    assert_eq!(said, "<head=digits,end=none> \"twelve bytes\"");
}

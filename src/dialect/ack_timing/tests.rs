//! Clients that sleep, nap or go on, and when they are acknowledged.

use SleepState::{Awake, ForSignal, Napping, Polling};
use Symbol::Usr1;

use super::*;

/// Looks at a client that sleeps like this until it is acknowledged, or not looked at again; returns when that was.
fn look(timing: &mut AckTiming, sleep: SleepState) -> Option<Nanos> {
    while let Some(at) = timing.look_at() {
        assert!(at == 0 || timing.poll_ack(at - 1, ForSignal, true).is_none());
        assert!(timing.deadline().is_none_or(|last| last >= at), "overdue");
        if timing.poll_ack(at, sleep, true).is_some() {
            return Some(at);
        }
    }
    None
}

/// Acknowledges a client at 0 that does not go on before it is acknowledged again; returns when that was.
fn lose(timing: &mut AckTiming, sleep: SleepState) -> Option<Nanos> {
    timing.submit(Usr1, 0);
    let at = look(timing, sleep);
    assert_eq!(timing.handle_symbol(true, at.unwrap_or(0)), None);
    at
}

#[test]
fn a_client_that_goes_on_is_always_acknowledged_at_once() {
    let mut timing = AckTiming::new(Awake);
    for now in 0..9 {
        assert_eq!(timing.submit(Usr1, now), Some(Usr1));
        assert_eq!(
            (timing.look_at(), timing.deadline()),
            (Some(now + CHECK_AFTER), None)
        );
        assert_eq!(timing.handle_symbol(true, now), None);
    }
    assert_eq!((timing.needed(), timing.look_at()), (Awake, None));
}

#[test]
fn a_nap_behind_a_message_is_no_wait_unless_the_acknowledgement_was_withheld() {
    for (sleep, in_message, is_withheld, is_repeated) in [
        (Napping, true, false, true),
        (Napping, false, false, false),
        (Napping, false, true, true),
        (Polling, false, false, true),
        (ForSignal, false, false, true),
    ] {
        let mut timing = AckTiming::new(Awake);
        timing.submit(Usr1, 0);
        if is_withheld {
            timing.note_withheld();
        }
        let mut acks = 0;
        while let Some(at) = timing.look_at().filter(|at| *at < GIVE_UP_AFTER) {
            acks += u32::from(timing.poll_ack(at, sleep, in_message).is_some());
        }
        assert_eq!(acks, u32::from(is_repeated), "{sleep:?} {in_message}");
    }
}

#[test]
fn a_client_that_loses_an_acknowledgement_gets_it_again_and_sleeps_before_each_further_one() {
    for (sleep, seen_at) in [(ForSignal, 2 * MILLISECOND), (Napping, 128 * MILLISECOND)] {
        let mut timing = AckTiming::new(Awake);
        assert_eq!(lose(&mut timing, sleep), Some(seen_at));
        assert_eq!(timing.needed(), sleep);
        assert_eq!(timing.submit(Usr1, 5), None);
        assert_eq!(timing.look_at(), Some(5));
        assert_eq!(timing.poll_ack(5, Awake, true), None);
        assert_eq!(timing.poll_ack(5 + FIRST_LOOK, sleep, true), Some(Usr1));
        assert_eq!(timing.deadline(), None);
    }
}

#[test]
fn a_first_acknowledgement_waits_for_the_sleep_that_it_needs_and_no_longer_than_its_bound() {
    // The sleep that is needed, the sleep that is seen, and the time of the acknowledgement.
    let cases = [
        (Napping, Napping, 0),
        (Napping, Awake, BOUND),
        (Polling, ForSignal, 0),
        (Polling, Polling, 0),
        (Polling, Napping, KNOWN_BOUND),
    ];
    for (needed, seen, due) in cases {
        let mut timing = AckTiming::new(Awake);
        timing.delay_first();
        if needed == Polling {
            timing.delay_past_nap();
        }
        assert_eq!(timing.submit(Usr1, 0), None);
        let at = look(&mut timing, seen).unwrap();
        assert!((due..=2 * due).contains(&at), "{needed:?}, {seen:?}: {at}");
        timing.handle_symbol(true, at);
        assert_eq!(timing.submit(Usr1, at), Some(Usr1), "only the first waits");
    }
}

#[test]
fn a_client_that_does_not_go_on_after_a_repetition_shows_nothing() {
    let mut timing = AckTiming::new(Awake);
    assert_eq!(timing.submit(Usr1, 0), Some(Usr1));
    assert!(look(&mut timing, ForSignal).is_some());
    assert_eq!(look(&mut timing, ForSignal), None, "once is enough");
    timing.reset();
    assert_eq!(
        (timing.handle_symbol(true, 0), timing.needed()),
        (None, Awake)
    );
}

#[test]
fn a_client_that_sleeps_on_after_the_end_gets_its_acknowledgement_once_more() {
    for (sleep, repeats) in [(ForSignal, true), (Napping, false)] {
        let mut timing = AckTiming::new(sleep);
        assert_eq!(timing.submit(Usr1, 0), None);
        timing.end();
        assert_eq!(timing.poll_ack(0, sleep, true), Some(Usr1));
        assert!(timing.may_await_more());
        let again = look(&mut timing, sleep);
        assert_eq!(again.is_some_and(|at| at >= NAP), repeats);
        assert_eq!(look(&mut timing, sleep), None, "once is enough");
        timing.handle_symbol(false, 0);
        assert!(!timing.may_await_more());
    }
}

#[test]
fn a_repetition_of_what_was_not_sent_shows_nothing() {
    let mut timing = AckTiming::new(Awake);
    assert_eq!(timing.submit(Usr1, 0), Some(Usr1));
    timing.note_withheld();
    let at = look(&mut timing, ForSignal).unwrap();
    assert_eq!(timing.handle_symbol(true, at), None);
    assert_eq!(timing.needed(), Awake);
}

#[test]
fn a_client_that_pauses_after_a_nap_is_acknowledged_in_its_pause() {
    let mut timing = AckTiming::new(Napping);
    assert_eq!(timing.submit(Usr1, 0), None);
    assert_eq!(timing.poll_ack(0, Napping, true), Some(Usr1));
    assert_eq!(look(&mut timing, Napping), None, "it may nap for long");
    timing.handle_symbol(true, 0);
    timing.submit(Usr1, 0);
    assert_eq!(timing.poll_ack(0, Napping, true), Some(Usr1));
    assert_eq!(look(&mut timing, ForSignal), Some(2 * MILLISECOND));
    timing.handle_symbol(true, 0);
    assert_eq!(timing.needed(), ForSignal);
}

#[test]
fn a_client_that_is_not_seen_asleep_is_acknowledged_after_a_bound_that_grows() {
    let mut timing = AckTiming::new(ForSignal);
    for bound in [KNOWN_BOUND, 2 * KNOWN_BOUND, 4 * KNOWN_BOUND] {
        assert_eq!(timing.submit(Usr1, 0), None);
        assert_eq!(timing.deadline(), Some(bound));
        let at = look(&mut timing, Awake).unwrap();
        assert!((bound..2 * bound + MILLISECOND).contains(&at), "{at}");
        assert!(look(&mut timing, ForSignal).is_some());
        timing.handle_symbol(true, 0);
    }
}

#[test]
fn a_client_that_goes_on_four_times_without_the_sleep_is_acknowledged_at_once() {
    let mut timing = AckTiming::new(Napping);
    for seen in [Awake, Awake, Awake, Napping, Awake, Awake, Awake, Awake] {
        assert!(lose(&mut timing, seen).is_some());
    }
    assert_eq!(timing.submit(Usr1, 0), Some(Usr1));
}

#[test]
fn a_bit_is_swallowed_by_what_came_since_the_client_could_not_run() {
    use Symbol::Usr2;
    // When others sent before and after the look at a client that has not run, and the bit that they have swallowed.
    let cases = [
        ([0, 0], [0, 0], None),
        ([5, 0], [5, 0], Some(Usr1)),
        ([0, 5], [0, 5], Some(Usr2)),
        ([5, 5], [5, 5], None),
        ([5, 6], [5, 9], Some(Usr2)),
        ([5, 6], [9, 9], None),
    ];
    for (before, after, swallowed) in cases {
        let mut timing = AckTiming::new(Awake);
        timing.submit(Usr1, 1);
        timing.set_others(before);
        timing.look(7);
        assert_eq!(
            (timing.look_at(), timing.poll_ack(7, Awake, true)),
            (Some(7), None)
        );
        timing.note_not_run(7);
        assert!(timing.awaits_bit());
        timing.set_others(after);
        let first = timing.look_at().unwrap();
        assert_eq!(timing.swallowed(first, ForSignal), None);
        assert_eq!(timing.poll_ack(first, ForSignal, true), None);
        assert!(!timing.awaits_bit());
        timing.set_others([99, 99]);
        let second = timing.look_at().unwrap();
        let found = timing.swallowed(second, ForSignal);
        assert_eq!(found, swallowed, "{before:?}, {after:?}");
    }
}

#[test]
fn a_client_without_a_cpu_is_given_time_and_one_that_goes_on_gets_what_it_is_owed() {
    let mut timing = AckTiming::new(ForSignal);
    timing.submit(Usr1, 0);
    timing.restart_silence(BOUND);
    assert_eq!(timing.deadline(), Some(BOUND + KNOWN_BOUND));
    assert_eq!(timing.look_at(), Some(BOUND + FIRST_LOOK));
    assert_eq!(timing.handle_symbol(true, 0), Some(Usr1));
    assert_eq!((timing.look_at(), timing.deadline()), (None, None));
    timing.restart_silence(BOUND);
    assert_eq!(timing.look_at(), None);
}

//! Clients that stop, go on, or end, and their acknowledgements.

use super::super::AckSignal;
use super::super::testing::{BOTH, NONE, USR1, USR2};
use super::*;
use Symbol::{Usr1, Usr2};

/// Expects that a client which has stopped is acknowledged at this time, and not before.
fn expect_ack(probe: &mut AckProbe, at: Nanos, sleeps: bool, ack: Symbol) {
    assert_eq!(probe.poll_ack(at - 1, sleeps), None);
    assert_eq!(probe.poll_ack(at, sleeps), Some(ack));
}

fn probe() -> AckProbe {
    AckProbe::new(AckChoice::new(Usr1, BOTH))
}

#[test]
fn a_client_that_waits_for_every_bit_is_acknowledged_at_once_in_the_end() {
    let mut probe = probe();
    let mut now = 0;
    for stop in 0..PROOF_STOPS {
        assert_eq!(probe.ack(), if stop == 0 { Ack::Message } else { Ack::Bit });
        assert!(
            !probe.handle_symbol(Usr1, now)
                && probe.needs_sleep_state()
                && probe.may_wait_for_bits()
        );
        assert_eq!(probe.poll_ack(now + SILENCE_AWAKE - 1, false), None);
        expect_ack(&mut probe, now + SILENCE_ASLEEP, true, Usr1);
        assert!(!probe.needs_sleep_state());
        now += SILENCE_AWAKE;
    }
    for _ in 0..2 {
        assert!(probe.handle_symbol(Usr1, now));
        assert_eq!((probe.ack(), probe.poll_timeout(true)), (Ack::Bit, None));
        assert!(probe.may_wait_for_bits());
    }
    probe.reset();
    assert_eq!(probe.ack(), Ack::Message);
}

#[test]
fn a_client_that_does_not_go_on_after_a_byte_gets_the_same_again_and_then_the_other_signal() {
    let mut probe = probe();
    (0..8).for_each(|_| _ = probe.handle_symbol(Usr1, 0));
    let mut now = SILENCE_AFTER_BYTE;
    assert_eq!(probe.poll_ack(now, false), Some(Usr1));
    for expected in [Usr1, Usr2] {
        now += SWITCH_AFTER;
        expect_ack(&mut probe, now, false, expected);
    }
    assert_eq!(probe.poll_timeout(false), None);
    (0..8).for_each(|_| _ = probe.handle_symbol(Usr1, now));
    assert_eq!(
        (probe.ack(), probe.choice.ack_signal()),
        (Ack::Byte, AckSignal::Usr2)
    );
}

#[test]
fn a_client_that_waits_for_both_signals_after_a_byte_gets_both_after_each_in_the_end() {
    let mut probe = probe();
    let mut now = 0;
    for expected in [
        &[(SWITCH_AFTER, Usr1), (SWITCH_LATE, Usr2)][..],
        &[(PAUSE_OF_OTHER, Usr2)],
        &[(PAUSE_OF_OTHER, Usr2)],
    ] {
        for bit in 0..8 {
            if !probe.handle_symbol(Usr1, now) {
                assert!(probe.poll_ack(now + SILENCE_AWAKE, false).is_some());
            } else if bit < 7 {
                assert_eq!(probe.poll_timeout(true), None);
            }
            now += SILENCE_AWAKE;
        }
        now -= SILENCE_AWAKE;
        for (pause, ack) in expected {
            now += pause;
            expect_ack(&mut probe, now, false, *ack);
        }
        assert_eq!(probe.poll_timeout(false), None);
    }
    let observed = probe.observed(Head::None);
    assert_eq!((observed.ack, observed.ack_byte), (Ack::Bit, ByteAck::Both));
    probe.reset();
    assert_eq!(
        probe.observed(Head::None).ack_byte,
        ByteAck::Same,
        "no bits yet"
    );
}

#[test]
fn a_client_that_waits_after_its_pid_may_be_acknowledged_in_all_of_its_head() {
    for (bits, head, expected) in [
        (32, Head::PidLen32, HeadAck::All),
        (32, Head::PidLen64, HeadAck::All),
        (64, Head::PidLen32, HeadAck::Last),
        (32, Head::Len32, HeadAck::Last),
    ] {
        let mut probe = probe();
        (0..bits).for_each(|_| assert!(!probe.handle_symbol(Usr1, 0)));
        assert!(probe.poll_ack(SILENCE_AFTER_BYTE, false).is_some());
        assert_eq!(probe.observed(head).ack_head, expected, "{bits} {head:?}");
    }
}

#[test]
fn a_client_that_goes_on_is_not_acknowledged() {
    let mut probe = probe();
    for i in 0..80 {
        let now = i * SILENCE_AWAKE / 2;
        assert!(!probe.handle_symbol(Usr1, now));
        assert_eq!(probe.poll_ack(now + SILENCE_ASLEEP, false), None);
        assert_eq!(probe.may_wait_for_bits(), i == 0);
        let may_wait = [0, 6, 7, 8, 15, 16, 23, 31, 32, 39, 63, 64, 71].contains(&i);
        assert_eq!(probe.needs_sleep_state(), may_wait);
    }
    assert_eq!(probe.ack(), Ack::Message);
}

#[test]
fn a_client_that_handles_neither_signal_is_never_acknowledged() {
    let mut probe = AckProbe::new(AckChoice::new(Usr1, NONE));
    probe.handle_symbol(Usr1, 0);
    assert_eq!((probe.poll_timeout(true), probe.ack()), (None, Ack::None));
    assert!(!probe.needs_sleep_state() && !probe.choice.handled.any());
    assert_eq!(probe.poll_ack(SWITCH_AFTER, true), None);
}

#[test]
fn a_client_that_waits_for_every_byte_is_acknowledged_after_each_in_the_end() {
    let mut probe = probe();
    let mut now = 0;
    for stop in 0..4 {
        for bit in 0..8 {
            now += 1000;
            assert_eq!(probe.handle_symbol(Usr1, now), stop >= 2 && bit == 7);
        }
        if stop < 2 {
            assert_eq!(probe.poll_timeout(true), Some(now + SILENCE_AWAKE));
            expect_ack(&mut probe, now + SILENCE_AFTER_BYTE, false, Usr1);
            assert_eq!(probe.ack(), Ack::Byte);
        }
    }
    assert_eq!((probe.ack(), probe.may_wait_for_bits()), (Ack::Byte, false));
}

#[test]
fn a_client_that_sends_its_head_without_waiting_is_acknowledged_after_that() {
    // It waits for the head as a whole, or not at all before the first bit of the text.
    for (bits, waits_for_head) in HEADS.into_iter().flat_map(|n| [(n, true), (n, false)]) {
        let mut probe = probe();
        let stop = |probe: &mut AckProbe, silence, sleeps| expect_ack(probe, silence, sleeps, Usr1);
        (0..bits).for_each(|_| assert!(!probe.handle_symbol(Usr1, 0)));
        if waits_for_head {
            stop(&mut probe, SILENCE_AFTER_BYTE, false);
            assert_eq!(probe.ack(), Ack::Message);
        }
        assert!(!probe.handle_symbol(Usr1, 0));
        stop(&mut probe, SILENCE_AWAKE, true);
        let head = if waits_for_head {
            HeadAck::Last
        } else {
            HeadAck::None
        };
        assert_eq!((probe.ack(), probe.head), (Ack::Bit, head));
        for _ in 1..PROOF_STOPS {
            assert!(!probe.handle_symbol(Usr1, 0));
            stop(&mut probe, SILENCE_AWAKE, false);
        }
        assert!(probe.handle_symbol(Usr1, 0) && probe.waits_for_bits());
    }
}

#[test]
fn a_client_that_first_waits_after_its_head_and_a_byte_is_acknowledged_after_each_byte() {
    for head in HEADS {
        let mut probe = probe();
        (0..head + 8).for_each(|_| assert!(!probe.handle_symbol(Usr1, 0)));
        expect_ack(&mut probe, SILENCE_AFTER_BYTE, false, Usr1);
        // It may as well have ended its text there.
        assert_eq!(probe.ack(), Ack::Message);
        (0..8).for_each(|_| assert!(!probe.handle_symbol(Usr1, 0)));
        expect_ack(&mut probe, SILENCE_AFTER_BYTE, false, Usr1);
        let observed = probe.observed(Head::Len32);
        assert_eq!(
            (observed.ack, observed.ack_head),
            (Ack::Byte, HeadAck::None)
        );
        assert!(probe.waits_for_bytes());
    }
}

#[test]
fn a_client_that_does_not_go_on_is_sent_the_same_signal_again_and_then_the_other_once() {
    let mut probe = probe();
    assert_eq!(probe.next_policy(), None);
    probe.handle_symbol(Usr1, 0);
    assert_eq!(probe.poll_ack(SILENCE_AWAKE, false), Some(Usr1));
    for (count, symbol) in [(1, Usr1), (2, Usr2)] {
        assert_eq!(probe.next_policy(), Some(AckPolicy::Usr2From(0)));
        let at = SILENCE_AWAKE + count * SWITCH_AFTER;
        expect_ack(&mut probe, at, false, symbol);
    }
    assert_eq!(probe.next_policy(), None);
    assert_eq!(
        probe.poll_ack(SILENCE_AWAKE + 9 * SWITCH_AFTER, false),
        None
    );
    probe.handle_symbol(Usr1, 20 * SWITCH_AFTER);
    assert_eq!(probe.poll_ack(21 * SWITCH_AFTER, false), Some(Usr2));
    assert_eq!(probe.next_policy(), None);
}

#[test]
fn a_client_that_ends_on_an_acknowledgement_shows_how_to_acknowledge_the_next() {
    let [first, second] = [0, 1].map(|count| Some(AckPolicy::Usr2From(count)));
    let [echo, inverse] =
        [AckSignal::Echo, AckSignal::Inverse].map(|signal| Some(AckPolicy::Compared(signal)));
    let admits = Some(AckPolicy::Usr2First);
    // The acknowledgements of these symbols, and the conclusion from the end of the client after each of them.
    for (policy, symbols, expected, shown) in [
        (None, [Usr1, Usr1, Usr2], [Usr1; 3], [first, second, echo]),
        (
            None,
            [Usr2, Usr2, Usr1],
            [Usr1; 3],
            [first, second, inverse],
        ),
        (first, [Usr1; 3], [Usr2; 3], [echo, admits, admits]),
        (first, [Usr2, Usr1, Usr1], [Usr2; 3], [first, echo, admits]),
        (
            first,
            [Usr1, Usr2, Usr1],
            [Usr2; 3],
            [echo, inverse, admits],
        ),
        (
            admits,
            [Usr2, Usr1, Usr2],
            [Usr2, Usr1, Usr1],
            [first, second, echo],
        ),
        (
            admits,
            [Usr1, Usr2, Usr1],
            [Usr2, Usr1, Usr1],
            [first, second, inverse],
        ),
        (
            inverse,
            [Usr1, Usr2, Usr1],
            [Usr2, Usr1, Usr2],
            [echo, second, admits],
        ),
        (second, [Usr1; 3], [Usr1, Usr2, Usr2], [first, echo, None]),
        (
            echo,
            [Usr1, Usr2, Usr1],
            [Usr1, Usr2, Usr1],
            [first, admits, None],
        ),
        (
            echo,
            [Usr2, Usr1, Usr2],
            [Usr2, Usr1, Usr2],
            [first, second, admits],
        ),
    ] {
        let mut probe = AckProbe::new(AckChoice::with_policy(policy, BOTH));
        for (i, symbol) in symbols.into_iter().enumerate() {
            probe.handle_symbol(symbol, 0);
            assert_eq!(probe.poll_ack(SILENCE_AWAKE, false), Some(expected[i]));
            assert_eq!(probe.next_policy(), shown[i], "{policy:?} {i}");
        }
        let signal = probe.choice.ack_signal();
        assert_eq!(signal == AckSignal::Echo, policy == echo);
        assert_eq!(signal == AckSignal::Inverse, policy == inverse);
        probe.reset();
        probe.handle_symbol(Usr2, 0);
        let expected = match policy {
            None | Some(AckPolicy::Usr2First | AckPolicy::Compared(AckSignal::Inverse)) => Usr1,
            _ => Usr2,
        };
        assert_eq!(probe.symbol(), expected);
    }
}

#[test]
fn a_client_that_ends_on_the_acknowledgement_of_its_first_byte_shows_how_to_acknowledge_the_next() {
    let mut probe = probe();
    for stop in 1..=3 {
        let at_once = (0..8).map(|_| probe.handle_symbol(Usr1, 0)).last();
        assert_eq!(probe.next_policy(), None, "it was not acknowledged");
        let is_acknowledged = probe.poll_ack(SILENCE_AFTER_BYTE, false).is_some();
        assert!(is_acknowledged || at_once == Some(true));
        let expected = (stop == 1).then_some(AckPolicy::Usr2From(0));
        assert_eq!(probe.next_policy(), expected, "{stop}");
    }
}

#[test]
fn a_client_that_no_longer_waits_after_its_first_acknowledgement_shows_how_to_acknowledge_the_next()
{
    use AckPolicy::Usr2From;
    for (policy, expected) in [
        (None, Usr2From(0)),
        (Some(Usr2From(0)), Usr2From(1)),
        (Some(Usr2From(1)), Usr2From(0)),
    ] {
        let mut probe = AckProbe::new(AckChoice::with_policy(policy, BOTH));
        probe.handle_symbol(Usr1, 0);
        assert!(probe.poll_ack(SILENCE_AWAKE, false).is_some());
        assert_eq!(probe.policy_after_flood(), None);
        for _ in 0..3 {
            probe.handle_symbol(Usr1, SILENCE_AWAKE);
            assert_eq!(probe.policy_after_flood(), Some(expected));
        }
        probe.choice.handled = USR1;
        assert_eq!(probe.policy_after_flood(), None);
    }
}

#[test]
fn only_a_handled_signal_acknowledges() {
    for (first, handled, expected) in [
        (Usr1, BOTH, Usr1),
        (Usr2, BOTH, Usr2),
        (Usr2, USR1, Usr1),
        (Usr1, USR2, Usr2),
    ] {
        let mut probe = AckProbe::new(AckChoice::new(first, handled));
        probe.handle_symbol(Usr1, 0);
        assert_eq!(probe.poll_ack(SILENCE_AWAKE, false), Some(expected));
        assert_eq!(
            probe.poll_ack(9 * SWITCH_AFTER, false),
            Some(expected),
            "once more"
        );
        assert_eq!(probe.poll_timeout(false).is_some(), handled.both());
        assert_eq!(probe.next_policy().is_some(), handled.both());
        if !handled.both() {
            probe.choice.handled = BOTH;
            assert_eq!(probe.symbol(), expected, "also once it handles both");
        }
    }
}

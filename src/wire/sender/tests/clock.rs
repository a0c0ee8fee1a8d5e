//! When a signal is repeated, when the server asks to wait, and when a transfer is given up.

use super::*;

#[test]
fn a_silent_server_is_given_up_at_the_timeout() {
    let timeout = Duration::from_millis(100);
    let mut sender = sender_until(b"", Lane::Bit, timeout);
    let mut now = START;
    for (millis, channel, copies) in [
        (0, Channel::Usr1, 1),
        (20, Channel::Usr2, 2),
        (40, Channel::Usr1, 8),
        (60, Channel::Usr2, 32),
        (80, Channel::Usr2, 32),
    ] {
        let sent = sender.poll_transmit(now).unwrap();
        assert_eq!(request(&sent), hello(&sender));
        assert_eq!((sent.channel, sent.copies), (channel, copies));
        assert_eq!(sender.poll_transmit(now), None);
        assert_eq!(now, at(millis));
        now = sender.poll_timeout().unwrap();
    }
    assert_eq!((sender.signals(), sender.resent()), (75, 74));
    assert!(sender.result().is_none() && !sender.expects_reply());
    // The last wait is twice as long, so the end of the timeout is noticed 20 ms late.
    assert_eq!(sender.poll_transmit(now), None);
    assert_eq!(sender.result(), Some(Err(LinkFailure::TimedOut)));
    assert_eq!(sender.poll_timeout(), None);
}

/// A reply does not start the clock again unless it says that more has come.
#[test]
fn only_news_is_progress() {
    let timeout = Duration::from_millis(100);
    let mut sender = sender_until(b"", Lane::Bit, timeout);
    for status in [NO_WORDS, OPENED] {
        send_all(&mut sender, START);
        tell(&mut sender, status, START);
    }
    let mut now = START;
    while sender.result().is_none() {
        send_all(&mut sender, now);
        now = now + Duration::from_nanos(500_000);
        ok(&mut sender, 0, now);
        assert!(now <= at(101));
    }
    assert_eq!(sender.result(), Some(Err(LinkFailure::TimedOut)));
}

/// AS-16: a repetition must not be taken for the next bit.
#[test]
fn a_repeated_bit_has_its_index_and_another_serial() {
    let mut sender = sender_after(b"", Lane::Bit, &[NO_WORDS, OPENED]);
    assert_eq!(bit(&next(&mut sender, START).0), (0, 1));
    let (again, now) = next(&mut sender, START);
    assert_eq!((bit(&again), again.copies), ((0, 2), 2));
    assert_eq!(now, START + MIN_TIMEOUT);
    assert_eq!(bit(&next(&mut sender, now).0), (0, 3));
    ok(&mut sender, 1, at(50));
    assert!(!sender.is_loss_free());
    assert_eq!(bit(&next(&mut sender, at(50)).0), (1, 4));
}

/// A later server with the same PID ignores the transfers of the earlier one.
#[test]
fn each_fourth_attempt_is_a_hello_on_either_signal() {
    for replies in [&[NO_WORDS][..], &[NO_WORDS, OPENED]] {
        let mut sender = sender_after(b"", Lane::Bit, replies);
        let mut now = START;
        let mut hellos = Vec::new();
        for attempt in 0..12 {
            let (sent, at) = next(&mut sender, now);
            now = at;
            if request(&sent) == hello(&sender) {
                hellos.push((attempt, sent.channel));
            }
        }
        let wanted = [(4, Channel::Usr2), (8, Channel::Usr1)];
        assert_eq!(hellos, wanted);
    }
}

#[test]
fn a_client_that_is_told_to_wait_asks_four_times_a_second() {
    for taken in [0, 1] {
        let mut sender = sender_after(b"", Lane::Bit, &[NO_WORDS, OPENED]);
        send_all(&mut sender, START);
        tell(&mut sender, Status::Wait(Arrived::at(taken)), at(3));
        assert!(!sender.expects_reply() && sender.result().is_none());
        let (again, now) = next(&mut sender, at(3));
        assert_eq!((bit(&again).0, now), (taken, at(253)));
        ok(&mut sender, taken + 1, at(260));
        assert!(sender.expects_reply());
        assert_eq!(sender.acknowledged(), taken + 1);
        assert_eq!(bit(&next(&mut sender, at(260)).0).0, taken + 1);
    }
    let mut sender = sender_after(b"", Lane::Bit, &[NO_WORDS, Status::Wait(Arrived::at(0))]);
    let (first, now) = next(&mut sender, START);
    assert_eq!((bit(&first).0, now), (0, at(250)), "the transfer is open");
}

#[test]
fn a_wait_that_is_delivered_behind_the_leave_to_go_on_is_ignored() {
    let mut sender = sender_after(b"", Lane::Bit, &[NO_WORDS, OPENED]);
    send_all(&mut sender, START);
    let wait = Status::Wait(taken(&sender, 1));
    tell(&mut sender, wait, at(1));
    assert_eq!(send_all(&mut sender, at(1)), []);
    ok(&mut sender, 1, at(2));
    tell(&mut sender, wait, at(2));
    assert_eq!(bit(&send_all(&mut sender, at(2))[0]).0, 1);
    tell(&mut sender, wait, at(3));
    // It is an answer to that bit.
    assert_eq!(send_all(&mut sender, at(3)), []);
}

/// Its server says so each time that it is asked.
#[test]
fn a_client_that_is_told_to_wait_does_not_give_up() {
    let timeout = Duration::from_millis(100);
    for (lane, greeting) in [(Lane::Bit, NO_WORDS), (Lane::Word, WORDS)] {
        let mut sender = sender_until(b"", lane, timeout);
        send_all(&mut sender, START);
        tell(&mut sender, greeting, START);
        let mut now = START;
        for _ in 0..20 {
            now = next(&mut sender, now).1;
            let wait = Status::Wait(taken(&sender, 0));
            tell(&mut sender, wait, now);
        }
        assert!(now > at(3_000));
        while sender.result().is_none() {
            now = sender.poll_timeout().unwrap();
            send_all(&mut sender, now);
        }
        assert_eq!(sender.result(), Some(Err(LinkFailure::TimedOut)));
    }
}

#[test]
fn no_word_is_sent_while_the_server_says_to_wait() {
    let mut sender = sender_after(&[7; 5000], Lane::Word, &[WORDS]);
    let sent = words(&send_all(&mut sender, START));
    assert_eq!(sent.len(), 64);
    tell(&mut sender, Status::Wait(Arrived::at(3)), START);
    assert_eq!(sender.poll_transmit(START), None);
    assert_eq!(sender.poll_timeout(), Some(at(250)));
    tell(&mut sender, Status::Ok(Arrived::at(3)), at(9));
    assert_eq!(words(&send_all(&mut sender, at(9))), [64, 65, 66]);
}

#[test]
fn a_sender_that_is_held_repeats_what_is_in_flight_and_sends_no_more() {
    let mut sender = sender_after(&[0x55; 40], Lane::Bit, &[NO_WORDS, OPENED]);
    assert_eq!(send_all(&mut sender, START).len(), 1);
    sender.hold(true);
    let (repeated, later) = next(&mut sender, START);
    assert_eq!((bit(&repeated).0, sender.is_held()), (0, true));
    ok(&mut sender, 1, later);
    assert_eq!(send_all(&mut sender, later), []);
    assert_eq!(sender.poll_timeout(), None, "nothing is in flight");
    sender.hold(false);
    assert_eq!(bit(&send_all(&mut sender, later)[0]).0, 1);
    sender.hold(true);
    tell(&mut sender, Status::Rejected(Reason::Checksum), later);
    let (again, _) = next(&mut sender, later);
    assert_eq!(request(&again), hello(&sender));
    assert!(!sender.is_held());
}

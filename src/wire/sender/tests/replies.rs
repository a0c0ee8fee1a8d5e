//! What a reply does at each point of a transfer.

use super::*;

#[test]
fn only_the_nonce_of_the_client_makes_a_reply() {
    let mut sender = sender_after(b"", Lane::Bit, &[NO_WORDS, OPENED]);
    send_all(&mut sender, START);
    let nonces = Nonces::new(sender.nonces.client ^ 1, SERVER);
    for status in [
        NO_WORDS,
        Status::Ok(Arrived::at(1)),
        Status::Wait(Arrived::at(0)),
        Status::Delivered(64),
        Status::Rejected(Reason::Output),
    ] {
        sender.handle_reply(Reply { nonces, status }, START);
    }
    assert_eq!((sender.acknowledged(), sender.result()), (0, None));
    assert!(sender.expects_reply());
}

#[test]
fn before_the_greeting_nothing_else_counts() {
    let mut sender = sender(b"", Lane::Bit);
    let sent = sender.poll_transmit(START).unwrap();
    assert_eq!(request(&sent), hello(&sender));
    for status in [OPENED, Status::Wait(Arrived::at(0)), Status::Delivered(64)] {
        tell(&mut sender, status, START);
        assert_eq!((sender.poll_transmit(START), sender.result()), (None, None));
    }
    tell(&mut sender, NO_WORDS, START);
    let sent = sender.poll_transmit(START).unwrap();
    assert_eq!(request(&sent), open(&sender, false));
}

#[test]
fn a_reply_that_contradicts_the_protocol_ends_the_transfer() {
    let contradiction = Some(Err(LinkFailure::Contradiction));
    for (lane, greeting, wrong) in [
        (Lane::Bit, NO_WORDS, Status::Ok(Arrived::at(2))),
        (Lane::Bit, NO_WORDS, Status::Wait(Arrived::at(2))),
        (Lane::Bit, NO_WORDS, Status::Ok(Arrived::at(u64::MAX))),
        (Lane::Bit, NO_WORDS, Status::Delivered(1)),
        (Lane::Bit, NO_WORDS, Status::Delivered(64)),
        (Lane::Word, WORDS, Status::Ok(Arrived::at(2))),
        (Lane::Word, WORDS, Status::Wait(Arrived::at(2))),
        (Lane::Word, WORDS, Status::Ok(Arrived::at(u64::MAX))),
        (Lane::Word, WORDS, Status::Delivered(0)),
        (Lane::Word, WORDS, Status::Delivered(2)),
    ] {
        let mut sender = sender_after(b"", lane, &[greeting, OPENED]);
        send_all(&mut sender, START);
        tell(&mut sender, wrong, START);
        assert_eq!(sender.result(), contradiction, "{wrong:?}");
        ok(&mut sender, 1, START);
        tell(&mut sender, Status::Delivered(1), START);
        assert_eq!(sender.result(), contradiction, "the end is the end");
    }
}

#[test]
fn a_reply_that_comes_twice_changes_nothing() {
    let mut sender = sender_after(b"", Lane::Bit, &[NO_WORDS, OPENED]);
    for next in 1..5 {
        send_all(&mut sender, START);
        ok(&mut sender, next, START);
    }
    send_all(&mut sender, START);
    for status in [NO_WORDS, OPENED, Status::Ok(Arrived::at(4))] {
        tell(&mut sender, status, START);
        assert_eq!((sender.acknowledged(), sender.result()), (4, None));
        assert_eq!(send_all(&mut sender, START), [], "{status:?}");
        assert!(sender.poll_timeout().is_some());
    }
}

#[test]
fn a_rejection_ends_a_transfer_at_any_point() {
    let reason = Reason::NoMemory;
    for replies in [&[][..], &[WORDS], &[WORDS, OPENED]] {
        for lane in [Lane::Bit, Lane::Word] {
            let mut sender = sender_after(b"", lane, replies);
            tell(&mut sender, Status::Rejected(reason), START);
            assert_eq!(sender.result(), Some(Err(LinkFailure::Rejected(reason))));
            assert_eq!(sender.poll_transmit(START), None);
        }
    }
}

/// A request that is queued behind the last signal is not sent after the end.
#[test]
fn nothing_is_sent_after_the_end() {
    let mut sender = sender(b"", Lane::Auto);
    assert_eq!(sender.poll_transmit(START).unwrap().packet, None);
    tell(&mut sender, Status::Rejected(Reason::ShuttingDown), START);
    assert_eq!(sender.poll_transmit(START), None);
    sender.handle_eagain(START);
    assert_eq!(sender.poll_transmit(at(99)), None);
    assert_eq!(sender.poll_timeout(), None);
}

/// Its server was slow to write, so it was asked again meanwhile.
#[test]
fn a_late_delivery_is_one() {
    for (lane, greeting, end) in [(Lane::Bit, NO_WORDS, 64), (Lane::Word, WORDS, 6)] {
        let message = if lane == Lane::Bit { 0 } else { 5 * SIZE };
        let message = std::vec![7; message];
        let mut sender = sender_after(&message, lane, &[greeting, OPENED]);
        if lane == Lane::Bit {
            for next in 1..64 {
                send_all(&mut sender, START);
                ok(&mut sender, next, START);
            }
        }
        let sent = send_all(&mut sender, START);
        let now = if sent.is_empty() { START } else { at(1) };
        next(&mut sender, now);
        tell(&mut sender, Status::Delivered(end), at(9));
        assert_eq!(sender.result(), Some(Ok(())));
        assert_eq!(sender.acknowledged(), sender.frame.bits());
    }
}

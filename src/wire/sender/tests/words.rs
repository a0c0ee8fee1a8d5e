//! Words, and the real-time signal that may have no room.

use super::*;

#[test]
fn words_are_used_where_both_ends_want_them() {
    for lane in [Lane::Auto, Lane::Word] {
        let mut sender = sender(&[7; SIZE + 1], lane);
        let sent = send_all(&mut sender, START);
        assert_eq!(sent[0].packet, None, "a bare signal introduces the client");
        assert_eq!(request(&sent[1]), hello(&sender));
        assert!(sent.iter().all(|sent| sent.channel == Channel::Realtime));
        tell(&mut sender, WORDS, START);
        let sent = send_all(&mut sender, START);
        assert_eq!(request(&sent[0]), open(&sender, true));
        assert_eq!(words(&sent), [0, 1]);
        assert!(sender.uses_words() && sender.uses_realtime());
    }
    for (lane, greeting) in [(Lane::Auto, NO_WORDS), (Lane::Bit, WORDS)] {
        let mut sender = sender_after(b"", lane, &[greeting]);
        let sent = sender.poll_transmit(START).unwrap();
        assert_eq!(request(&sent), open(&sender, false));
        assert_eq!(sent.channel == Channel::Realtime, lane == Lane::Auto);
        assert!(!sender.uses_words());
    }
    let sender = sender_after(b"", Lane::Word, &[NO_WORDS]);
    assert_eq!(sender.result(), Some(Err(LinkFailure::NoWords)));
}

#[test]
fn without_a_reply_on_the_real_time_signal_the_other_two_are_used() {
    // It does not matter whether there is no reply, or no room.
    for (lane, has_room) in [(Lane::Auto, true), (Lane::Auto, false), (Lane::Word, true)] {
        let mut sender = sender(b"", lane);
        let client = sender.nonces.client;
        let mut now = START;
        let mut introductions = 0;
        let last = loop {
            let (sent, at) = next(&mut sender, now);
            now = at;
            introductions += u32::from(sent.packet.is_none());
            if sent.channel != Channel::Realtime || introductions == 20 {
                break sent;
            }
            if !has_room {
                sender.handle_eagain(now);
            }
        };
        if lane == Lane::Word {
            assert_eq!(sender.nonces.client, client);
            continue;
        }
        assert_eq!(last.channel, Channel::Usr1);
        assert_eq!(request(&last), hello(&sender));
        assert_eq!(introductions, MAX_QUEUED_HELLOS);
        assert!(sender.nonces.client != client && !sender.uses_realtime());
    }
}

#[test]
fn without_room_for_a_word_the_sender_waits_for_the_shortest_time() {
    let mut sender = sender_after(&[7; 80 * SIZE], Lane::Word, &[WORDS, OPENED]);
    tell(&mut sender, Status::Ok(Arrived::at(40)), START);
    assert_eq!(words(&[next(&mut sender, START).0]), [64]);
    sender.handle_eagain(START);
    assert_eq!(sender.poll_transmit(START), None);
    let (sent, now) = next(&mut sender, START);
    assert_eq!(words(&[sent]), [40]);
    assert_eq!(now, START + MIN_TIMEOUT);
    tell(&mut sender, Status::Ok(Arrived::at(64)), now);
    let sent = words(&send_all(&mut sender, now));
    let half: Vec<_> = (64..64 + 24 / 2).collect();
    assert_eq!(sent, half, "half of what had room");
}

#[test]
fn a_hello_without_room_takes_no_word_back() {
    let mut sender = sender_after(b"x", Lane::Word, &[WORDS, OPENED]);
    let mut now = START;
    for has_room in [false, false, true, false] {
        let (sent, at) = next(&mut sender, now);
        now = at;
        assert_eq!(words(&[sent]).is_empty(), sent.packet.is_none());
        if !has_room {
            sender.handle_eagain(now);
        }
    }
    ok(&mut sender, 1, now);
    assert_eq!(sender.result(), None);
}

#[test]
fn a_request_without_room_is_repeated() {
    // The bare signal, the hello, and the request that opens the transfer.
    for refused in 0..3 {
        let mut sender = sender(b"", Lane::Word);
        let mut now = START;
        for number in 0..=refused {
            if number == 2 {
                tell(&mut sender, WORDS, now);
            }
            assert!(sender.poll_transmit(now).is_some());
        }
        sender.handle_eagain(now);
        assert_eq!(sender.poll_transmit(now), None);
        now = sender.poll_timeout().unwrap();
        assert_eq!(now, START + MIN_TIMEOUT);
        let sent = send_all(&mut sender, now);
        match refused {
            2 => assert_eq!(request(&sent[0]), open(&sender, true)),
            _ => assert_eq!((sent[0].packet, request(&sent[1])), (None, hello(&sender))),
        }
    }
}

#[test]
fn words_without_a_reply_are_sent_again() {
    let mut sender = sender_after(&[7; 41 * SIZE], Lane::Word, &[WORDS, OPENED]);
    tell(&mut sender, Status::Ok(Arrived::at(30)), START);
    send_all(&mut sender, START);
    let (sent, now) = next(&mut sender, START);
    assert_eq!(words(&[sent]), [30]);
    assert_eq!((sender.poll_transmit(now), sender.resent()), (None, 1));
    tell(&mut sender, Status::Ok(Arrived::at(30)), now);
    let sent = words(&send_all(&mut sender, now));
    assert_eq!(sent, (31..42).collect::<Vec<_>>(), "30 is in flight again");
    let before = sender.poll_timeout();
    tell(&mut sender, Status::Ok(Arrived::at(30)), at(2));
    assert_eq!(sender.poll_timeout(), before, "no news");
}

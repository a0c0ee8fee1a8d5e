//! Messages that are sent a second time.

use super::*;

#[test]
fn a_message_whose_checksum_does_not_match_is_sent_again_in_bits() {
    let wrong = Status::Rejected(Reason::Checksum);
    let mut sender = sender(b"Hi", Lane::Auto);
    let mut used = Vec::new();
    let mut nonces = Vec::new();
    while sender.result().is_none() {
        nonces.push(sender.nonces.client);
        for status in [WORDS, OPENED, wrong] {
            send_all(&mut sender, START);
            used.push(sender.uses_words());
            tell(&mut sender, status, START);
        }
    }
    let rejected = LinkFailure::Rejected(Reason::Checksum);
    assert_eq!(sender.result(), Some(Err(rejected)));
    let in_words: Vec<_> = used.iter().skip(1).step_by(3).collect();
    assert_eq!(in_words, [&true, &false, &false, &false]);
    nonces.dedup();
    assert_eq!(nonces.len(), 4, "each under a nonce of its own");
}

/// A stranger's word may have given the length.
#[test]
fn a_message_that_is_too_long_in_words_is_sent_again_in_bits_once() {
    let too_long = Status::Rejected(Reason::TooLong);
    let mut sender = sender(b"Hi", Lane::Auto);
    for status in [WORDS, OPENED, too_long, WORDS, OPENED] {
        send_all(&mut sender, START);
        tell(&mut sender, status, START);
        assert_eq!(sender.result(), None);
    }
    assert!(!sender.uses_words());
    tell(&mut sender, too_long, START);
    let rejected = LinkFailure::Rejected(Reason::TooLong);
    assert_eq!(sender.result(), Some(Err(rejected)));
}

/// A long message takes longer than the timeout, the second time as the first.
#[test]
fn a_message_that_is_sent_again_makes_progress() {
    let timeout = Duration::from_millis(500);
    let mut sender = sender_until(&[7; 1000], Lane::Bit, timeout);
    let mut now = START;
    for is_last in [false, true] {
        for status in [NO_WORDS, OPENED] {
            send_all(&mut sender, now);
            tell(&mut sender, status, now);
        }
        while sender.acknowledged() < sender.frame.bits() - 1 {
            send_all(&mut sender, now);
            now = now + Duration::from_nanos(900_000);
            let next = sender.acknowledged() + 1;
            ok(&mut sender, next, now);
            assert_eq!(sender.result(), None);
        }
        send_all(&mut sender, now);
        let now = next(&mut sender, now).1;
        assert_eq!(sender.result(), None, "one bit is lost");
        if !is_last {
            tell(&mut sender, Status::Rejected(Reason::Checksum), now);
        }
    }
    assert!(now > at(10_000));
}

#[test]
fn a_server_that_has_forgotten_the_transfer_is_greeted_again() {
    // With another nonce, or with the same one in answer to a hello.
    for server in [SERVER + 1, SERVER] {
        for (lane, greeting) in [(Lane::Bit, NO_WORDS), (Lane::Word, WORDS)] {
            for (message, is_all_sent) in [(&[7; 10_000][..], false), (b"", lane == Lane::Word)] {
                let mut sender = sender_after(message, lane, &[greeting, OPENED]);
                send_all(&mut sender, START);
                tell(&mut sender, greeting, START);
                assert_eq!(sender.result(), None, "of the first hello");
                let client = sender.nonces.client;
                let mut now = START;
                loop {
                    let sent;
                    (sent, now) = next(&mut sender, now);
                    if request(&sent) == hello(&sender) {
                        break;
                    }
                }
                tell_as(&mut sender, server, greeting, now);
                if is_all_sent {
                    assert_eq!(sender.result(), Some(Err(LinkFailure::Forgotten)));
                    continue;
                }
                assert_ne!(sender.nonces.client, client);
                let sent = send_all(&mut sender, now);
                assert_eq!(request(sent.last().unwrap()), hello(&sender));
            }
        }
    }
}

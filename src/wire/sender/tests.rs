//! Unit tests of the module around them.

use super::super::frame::{Frame, MessageKind};
use super::super::receiver::{FrameReceiver, Outcome};
use super::*;
use std::vec::Vec;

const KEY: Key = Key([3, 4]);
const START: Instant = Instant::from_nanos(0);
/// The server's nonce.
const SERVER: u64 = 99;
const NO_WORDS: Status = Status::Greeted { words: false };
const WORDS: Status = Status::Greeted { words: true };
const OPENED: Status = Status::Ok(Progress::at(0));

fn sender(message: &[u8], lane: Lane) -> FrameSender<'_> {
    sender_until(message, lane, Duration::MAX)
}

fn sender_until(message: &[u8], lane: Lane, timeout: Duration) -> FrameSender<'_> {
    let frame = Frame::new(MessageKind::Message, message).unwrap();
    FrameSender::new(frame, KEY, timeout, lane)
}

fn at(millis: u64) -> Instant {
    START + Duration::from_millis(millis)
}

fn tell_as(sender: &mut FrameSender<'_>, server: u64, status: Status, now: Instant) {
    let nonces = Nonces {
        server,
        ..sender.nonces
    };
    sender.handle_reply(Reply { nonces, status }, now);
}

fn tell(sender: &mut FrameSender<'_>, status: Status, now: Instant) {
    tell_as(sender, SERVER, status, now);
}

/// Returns a reply that says what the server has taken, the bit sent last included.
fn taken(sender: &FrameSender<'_>, next: u64) -> Progress {
    let serial = match &sender.window {
        Window::Bits(window) => window.clone().rewind().serial.wrapping_sub(1),
        Window::Words(..) => 0,
    };
    Progress {
        serial,
        ..Progress::at(next)
    }
}

fn ok(sender: &mut FrameSender<'_>, next: u64, now: Instant) {
    tell(sender, Status::Ok(taken(sender, next)), now);
}

/// Sends all that may be sent at `now`.
fn send_all(sender: &mut FrameSender<'_>, now: Instant) -> Vec<Transmit> {
    core::iter::from_fn(|| sender.poll_transmit(now)).collect()
}

/// Returns a sender whose signals were answered at once with `replies`.
fn sender_after<'m>(message: &'m [u8], lane: Lane, replies: &[Status]) -> FrameSender<'m> {
    let mut sender = sender(message, lane);
    for status in replies {
        assert_ne!(send_all(&mut sender, START), [], "before {status:?}");
        tell(&mut sender, *status, START);
    }
    sender
}

/// Returns what is sent next, and when, if no reply comes.
fn next(sender: &mut FrameSender<'_>, mut now: Instant) -> (Transmit, Instant) {
    loop {
        if let Some(transmit) = sender.poll_transmit(now) {
            return (transmit, now);
        }
        now = sender.poll_timeout().expect("the transfer is over");
    }
}

fn request(sent: &Transmit) -> Option<Request> {
    sent.packet
        .map(|packet| Request::from_packet(&packet).unwrap())
}

/// Returns the indexes of the words among `sent`.
fn words(sent: &[Transmit]) -> Vec<u32> {
    let index = |sent| match request(sent) {
        Some(Request::Word(word)) => Some(word.index),
        _ => None,
    };
    sent.iter().filter_map(index).collect()
}

/// Returns the index of a bit, and its number among the client's transmissions.
fn bit(sent: &Transmit) -> (u64, u8) {
    match request(sent) {
        Some(Request::Bit { index, serial, .. }) => (index, serial),
        other => panic!("{other:?}"),
    }
}

fn hello(sender: &FrameSender<'_>) -> Option<Request> {
    Some(Request::Hello {
        client: sender.nonces.client,
        version: VERSION,
    })
}

fn open(sender: &FrameSender<'_>, in_words: bool) -> Option<Request> {
    let nonces = Nonces {
        server: SERVER,
        ..sender.nonces
    };
    Some(Request::Open {
        nonces,
        in_words,
        sleeps: false,
    })
}

/// Runs a transfer to its end, and returns the message that came. `loss` in 100 signals of either side are swallowed.
fn transfer(sender: &mut FrameSender<'_>, receiver: &mut FrameReceiver, loss: u32) -> Vec<u8> {
    let (mut now, mut message, mut random) = (START, Vec::new(), 1u32);
    let mut is_lost = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) % 100 < loss
    };
    while sender.result().is_none() {
        let mut replies = Vec::new();
        for sent in send_all(sender, now) {
            if is_lost() {
                continue;
            }
            let Some(request) = request(&sent) else {
                receiver.handle_bare();
                continue;
            };
            let response = receiver.handle_request(sent.channel, request);
            replies.extend(response.reply);
            if let Some(Outcome::Complete { payload, .. }) = response.outcome {
                message = payload;
                replies.extend(receiver.handle_written(receiver.client_nonce(), Ok(())));
            }
        }
        replies.extend(receiver.poll_reply(true));
        replies.retain(|_| !is_lost());
        now = match replies.is_empty() {
            true => sender.poll_timeout().unwrap_or(now),
            false => now + Duration::from_nanos(10),
        };
        for reply in replies {
            sender.handle_reply(reply, now);
        }
        assert!(loss > 0 || sender.expects_reply() && sender.is_loss_free());
    }
    assert_eq!(sender.result(), Some(Ok(())));
    assert_eq!(
        (sender.poll_transmit(now), sender.poll_timeout()),
        (None, None)
    );
    message
}

#[test]
fn nothing_is_repeated_where_nothing_is_lost() {
    for (lane, signals) in [
        (Lane::Bit, 2 + 864),
        (Lane::Word, 3 + 5),
        (Lane::Auto, 3 + 5),
    ] {
        let mut sender = sender(&[7; 100], lane);
        let mut receiver = FrameReceiver::new(100, KEY, true);
        assert_eq!(transfer(&mut sender, &mut receiver, 0), [7; 100]);
        assert_eq!((sender.signals(), sender.resent()), (signals, 0));
        assert_eq!(sender.uses_words(), lane != Lane::Bit);
        assert_eq!(sender.acknowledged(), 864);
    }
}

#[test]
fn a_long_message_arrives_whatever_is_lost() {
    for (lane, len) in [(Lane::Word, 300_000), (Lane::Bit, 20_000)] {
        let message: Vec<_> = (0..len).map(|i| (i / 256 + 31 * i) as u8).collect();
        let mut receiver = FrameReceiver::new(len, KEY, true);
        let came = transfer(&mut sender(&message, lane), &mut receiver, 5);
        assert!(came == message, "{lane:?}");
    }
}

/// Whatever a server replies: without progress, and without being told to wait, a transfer ends at its timeout.
#[test]
fn replies_that_lead_nowhere_do_not_stop_the_clock() {
    const TIMEOUT: Duration = Duration::from_millis(2_000);
    // The replies to a hello, to the request that opens the transfer, and to what follows; and whether each nonce is another.
    let servers = [
        ([WORDS, WORDS, WORDS], true),
        ([WORDS, WORDS, WORDS], false),
        ([NO_WORDS, OPENED, NO_WORDS], true),
        ([NO_WORDS, OPENED, OPENED], false),
        ([WORDS, OPENED, OPENED], true),
        ([WORDS, OPENED, WORDS], true),
        ([OPENED, OPENED, OPENED], false),
        ([WORDS, Status::Rejected(Reason::Checksum), OPENED], false),
    ];
    for (server, is_drawn) in servers {
        for lane in [Lane::Auto, Lane::Bit] {
            let mut sender = sender_until(&[7; 1000], lane, TIMEOUT);
            let mut now = START;
            let mut nonce = 0;
            while sender.result().is_none() {
                let Some(sent) = sender.poll_transmit(now) else {
                    if sender.result().is_none() {
                        now = sender.poll_timeout().unwrap();
                    }
                    continue;
                };
                let status = match request(&sent) {
                    None => continue,
                    Some(Request::Hello { .. }) => server[0],
                    Some(Request::Open { .. }) => server[1],
                    Some(_) => server[2],
                };
                now = now + Duration::from_nanos(10_000);
                nonce += u64::from(is_drawn);
                tell_as(&mut sender, nonce, status, now);
                assert!(now < at(10_000), "{server:?}: still at it");
            }
            assert!(sender.result() != Some(Ok(())));
        }
    }
}

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
    assert_eq!(sender.result(), Some(Err(Failure::TimedOut)));
    assert_eq!(sender.poll_timeout(), None);
}

#[test]
fn only_the_nonce_of_the_client_makes_a_reply() {
    let mut sender = sender_after(b"", Lane::Bit, &[NO_WORDS, OPENED]);
    send_all(&mut sender, START);
    let nonces = Nonces {
        client: sender.nonces.client ^ 1,
        server: SERVER,
    };
    for status in [
        NO_WORDS,
        Status::Ok(Progress::at(1)),
        Status::Wait(Progress::at(0)),
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
    for status in [OPENED, Status::Wait(Progress::at(0)), Status::Delivered(64)] {
        tell(&mut sender, status, START);
        assert_eq!((sender.poll_transmit(START), sender.result()), (None, None));
    }
    tell(&mut sender, NO_WORDS, START);
    let sent = sender.poll_transmit(START).unwrap();
    assert_eq!(request(&sent), open(&sender, false));
}

/// AS-16: a repetition must not be taken for the next bit.
#[test]
fn a_repeated_bit_has_its_index_and_another_serial() {
    let mut sender = sender_after(b"", Lane::Bit, &[NO_WORDS, OPENED]);
    assert_eq!(bit(&next(&mut sender, START).0), (0, 1));
    let (again, now) = next(&mut sender, START);
    assert_eq!((bit(&again), again.copies, now), ((0, 2), 2, at(1)));
    assert_eq!(bit(&next(&mut sender, now).0), (0, 3));
    ok(&mut sender, 1, at(50));
    assert!(!sender.is_loss_free());
    assert_eq!(bit(&next(&mut sender, at(50)).0), (1, 4));
}

/// A server that was replaced, with the same PID, ignores what is not its own.
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
        tell(&mut sender, Status::Wait(Progress::at(taken)), at(3));
        assert!(!sender.expects_reply() && sender.result().is_none());
        let (again, now) = next(&mut sender, at(3));
        assert_eq!((bit(&again).0, now), (taken, at(253)));
        ok(&mut sender, taken + 1, at(260));
        assert!(sender.expects_reply());
        assert_eq!(sender.acknowledged(), taken + 1);
        assert_eq!(bit(&next(&mut sender, at(260)).0).0, taken + 1);
    }
    let mut sender = sender_after(b"", Lane::Bit, &[NO_WORDS, Status::Wait(Progress::at(0))]);
    let (first, now) = next(&mut sender, START);
    assert_eq!((bit(&first).0, now), (0, at(250)), "the transfer is open");
}

#[test]
fn a_wait_that_is_delivered_behind_the_leave_to_go_on_is_ignored() {
    let mut sender = sender_after(b"", Lane::Bit, &[NO_WORDS, OPENED]);
    send_all(&mut sender, START);
    let wait = Status::Wait(Progress::at(1));
    tell(&mut sender, wait, at(1));
    assert_eq!(send_all(&mut sender, at(1)), []);
    ok(&mut sender, 1, at(2));
    tell(&mut sender, wait, at(2));
    assert_eq!(bit(&send_all(&mut sender, at(2))[0]).0, 1);
    tell(&mut sender, wait, at(3));
    assert_eq!(
        send_all(&mut sender, at(3)),
        [],
        "it is an answer to that bit"
    );
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
        assert_eq!(sender.result(), Some(Err(Failure::TimedOut)));
    }
}

#[test]
fn a_reply_that_contradicts_the_protocol_ends_the_transfer() {
    let contradiction = Some(Err(Failure::Contradiction));
    for (lane, greeting, wrong) in [
        (Lane::Bit, NO_WORDS, Status::Ok(Progress::at(2))),
        (Lane::Bit, NO_WORDS, Status::Wait(Progress::at(2))),
        (Lane::Bit, NO_WORDS, Status::Ok(Progress::at(u64::MAX))),
        (Lane::Bit, NO_WORDS, Status::Delivered(1)),
        (Lane::Bit, NO_WORDS, Status::Delivered(64)),
        (Lane::Word, WORDS, Status::Ok(Progress::at(2))),
        (Lane::Word, WORDS, Status::Wait(Progress::at(2))),
        (Lane::Word, WORDS, Status::Ok(Progress::at(u64::MAX))),
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
    for status in [NO_WORDS, OPENED, Status::Ok(Progress::at(4))] {
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
            assert_eq!(sender.result(), Some(Err(Failure::Rejected(reason))));
            assert_eq!(sender.poll_transmit(START), None);
        }
    }
}

/// What is queued behind the last signal has no meaning after the end.
#[test]
fn nothing_is_sent_after_the_end() {
    let mut sender = sender(b"", Lane::Auto);
    assert_eq!(sender.poll_transmit(START).unwrap().packet, None);
    tell(&mut sender, Status::Rejected(Reason::ShuttingDown), START);
    assert_eq!(sender.poll_transmit(START), None);
    sender.handle_eagain(START);
    assert_eq!(
        (sender.poll_transmit(at(99)), sender.poll_timeout()),
        (None, None)
    );
}

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
    assert_eq!(
        sender.result(),
        Some(Err(Failure::Rejected(Reason::Checksum)))
    );
    let in_words = used.iter().skip(1).step_by(3);
    assert_eq!(
        in_words.collect::<Vec<_>>(),
        [&true, &false, &false, &false]
    );
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
    let rejected = Failure::Rejected(Reason::TooLong);
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
                    assert_eq!(sender.result(), Some(Err(Failure::Forgotten)));
                    continue;
                }
                assert_ne!(sender.nonces.client, client);
                let sent = send_all(&mut sender, now);
                assert_eq!(request(sent.last().unwrap()), hello(&sender));
            }
        }
    }
}

#[test]
fn words_are_used_where_both_ends_want_them() {
    for lane in [Lane::Auto, Lane::Word] {
        let mut sender = sender(&[7; 40], lane);
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
        let is_queued = sent.channel == Channel::Realtime;
        assert_eq!(
            (is_queued, sender.uses_words()),
            (lane == Lane::Auto, false)
        );
    }
    let sender = sender_after(b"", Lane::Word, &[NO_WORDS]);
    assert_eq!(sender.result(), Some(Err(Failure::NoWords)));
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
fn without_room_for_a_word_the_sender_waits_a_millisecond() {
    let mut sender = sender_after(&[7; 2000], Lane::Word, &[WORDS, OPENED]);
    tell(&mut sender, Status::Ok(Progress::at(40)), START);
    assert_eq!(words(&[next(&mut sender, START).0]), [64]);
    sender.handle_eagain(START);
    assert_eq!(sender.poll_transmit(START), None);
    let (sent, now) = next(&mut sender, START);
    assert_eq!((words(&[sent]), now), ([40].to_vec(), at(1)));
    tell(&mut sender, Status::Ok(Progress::at(64)), now);
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
    assert_eq!(sender.result(), Some(Err(Failure::TimedOut)));
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
        assert_eq!(now, at(1));
        let sent = send_all(&mut sender, now);
        match refused {
            2 => assert_eq!(request(&sent[0]), open(&sender, true)),
            _ => assert_eq!((sent[0].packet, request(&sent[1])), (None, hello(&sender))),
        }
    }
}

#[test]
fn words_without_a_reply_are_sent_again() {
    let mut sender = sender_after(&[7; 1000], Lane::Word, &[WORDS, OPENED]);
    tell(&mut sender, Status::Ok(Progress::at(30)), START);
    send_all(&mut sender, START);
    let (sent, now) = next(&mut sender, START);
    assert_eq!(words(&[sent]), [30]);
    assert_eq!((sender.poll_transmit(now), sender.resent()), (None, 1));
    tell(&mut sender, Status::Ok(Progress::at(30)), now);
    let sent = words(&send_all(&mut sender, now));
    assert_eq!(sent, (31..42).collect::<Vec<_>>(), "30 is in flight again");
    let before = sender.poll_timeout();
    tell(&mut sender, Status::Ok(Progress::at(30)), at(2));
    assert_eq!(sender.poll_timeout(), before, "no news");
}

/// Its server was slow to write, so it was asked again meanwhile.
#[test]
fn a_late_delivery_is_one() {
    for (lane, greeting, end) in [(Lane::Bit, NO_WORDS, 64), (Lane::Word, WORDS, 6)] {
        let message = if lane == Lane::Bit { 0 } else { 120 };
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

#[test]
fn no_word_is_sent_while_the_server_says_to_wait() {
    let mut sender = sender_after(&[7; 5000], Lane::Word, &[WORDS]);
    let sent = words(&send_all(&mut sender, START));
    assert_eq!(sent.len(), 64);
    tell(&mut sender, Status::Wait(Progress::at(3)), START);
    assert_eq!(sender.poll_transmit(START), None);
    assert_eq!(sender.poll_timeout(), Some(at(250)));
    tell(&mut sender, Status::Ok(Progress::at(3)), at(9));
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

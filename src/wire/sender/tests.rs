//! Unit tests of the module around them.

use super::super::receiver::{FrameReceiver, Outcome, Response};
use super::*;
use proptest::prelude::*;
use std::vec::Vec;

const TAG: Tag = 7;
const START: Instant = Instant::from_nanos(0);
const NO_WORDS: Status = Status::Greeted { words: 0 };
const HELLOS: [Status; 2] = [NO_WORDS, Status::Ok(0)];
const GREETED: Status = Status::Greeted { words: 8 };
const INTO_WORDS: [Status; 3] = [GREETED, Status::Ok(0), Status::Words(0)];

fn sender(message: &[u8], lane: Lane) -> FrameSender<'_> {
    FrameSender::new(message, TAG, Duration::MAX, lane).unwrap()
}

fn at(millis: u64) -> Instant {
    START + Duration::from_millis(millis)
}

fn tell(sender: &mut FrameSender<'_>, status: Status, now: Instant) {
    sender.handle_reply(Reply { tag: TAG, status }, now);
}

/// Returns a sender of which everything was answered at once with the next of `replies`.
fn sender_after<'m>(message: &'m [u8], lane: Lane, replies: &[Status]) -> FrameSender<'m> {
    let mut sender = sender(message, lane);
    for status in replies {
        assert_ne!(sender.poll_transmit(START), None, "before {status:?}");
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

/// Hands a transmission to a receiver, as a server does that writes at once; returns its replies and what arrived.
fn deliver(receiver: &mut FrameReceiver, sent: &Transmit) -> (Vec<Reply>, Option<Vec<u8>>) {
    let Response { reply, outcome } = match sent {
        Transmit::Signal { bit, value, .. } => match value.and_then(Request::from_value) {
            None => receiver.handle_bit(*bit),
            Some(request) => receiver.handle_request(*bit, request),
        },
        Transmit::Word(word) => match word.request() {
            None => receiver.handle_word(word),
            Some(request) => receiver.handle_request(Bit::Zero, request),
        },
    };
    let mut replies: Vec<Reply> = reply.into_iter().collect();
    let Some(Outcome::Complete { payload, .. }) = outcome else {
        return (replies, None);
    };
    replies.extend(receiver.handle_written(TAG, Ok(())));
    (replies, Some(payload))
}

fn signal(bit: Bit, request: Option<Request>, copies: u32) -> Transmit {
    let value = request.map(Request::value);
    Transmit::Signal { bit, value, copies }
}

fn hello(bit: Bit, copies: u32) -> Transmit {
    let (tag, version) = (TAG, VERSION);
    signal(bit, Some(Request::Hello { tag, version }), copies)
}

fn words_request(size: u8) -> Transmit {
    let tag = TAG;
    Transmit::Word(Word::from_request(Request::Words { tag, size }))
}

fn index(sent: Option<Transmit>) -> Option<u32> {
    match sent {
        Some(Transmit::Word(word)) => word.index(),
        _ => None,
    }
}

proptest! {
    #[test]
    fn every_message_arrives_once_whatever_is_lost(
        message in prop::collection::vec(any::<u8>(), 0..40),
        lost in prop::collection::vec(any::<bool>(), 0..60),
        lane in prop_oneof![Just(Lane::Auto), Just(Lane::Bit), Just(Lane::Word)],
        offer in prop_oneof![Just(8u8), Just(24)],
    ) {
        let mut sender = sender(&message, lane);
        let mut receiver = FrameReceiver::with_words(100, offer);
        let mut lost = lost.into_iter();
        let mut is_lost = || lost.next().unwrap_or(false);
        let mut arrived = Vec::new();
        let mut now = START;
        while sender.result().is_none() {
            while let Some(sent) = sender.poll_transmit(now) {
                if is_lost() {
                    continue;
                }
                let (replies, payload) = deliver(&mut receiver, &sent);
                arrived.extend(payload);
                for reply in replies.into_iter().filter(|_| !is_lost()) {
                    now = now + Duration::from_nanos(10_000);
                    sender.handle_reply(reply, now);
                }
            }
            now = sender.poll_timeout().map_or(now, |at| at.max(now));
        }
        prop_assert_eq!(sender.result(), Some(Ok(())));
        prop_assert_eq!(arrived, [&message[..]]);
        prop_assert_eq!(sender.acknowledged(), sender.frame.bits());
        prop_assert_eq!(sender.poll_transmit(now), None);
        prop_assert_eq!(sender.poll_timeout(), None);
    }
}

#[test]
fn nothing_is_repeated_where_nothing_is_lost() {
    for (lane, signals) in [
        (Lane::Bit, 2 + 880),
        (Lane::Word, 3 + 5),
        (Lane::Auto, 3 + 5),
    ] {
        let mut sender = sender(&[7; 100], lane);
        let mut receiver = FrameReceiver::with_words(100, 24);
        let mut now = START;
        while sender.result().is_none() {
            let sent = sender.poll_transmit(now).unwrap();
            let (replies, _) = deliver(&mut receiver, &sent);
            now = now + Duration::from_nanos(10);
            replies
                .into_iter()
                .for_each(|reply| sender.handle_reply(reply, now));
            assert!(sender.expects_reply() && sender.is_loss_free());
        }
        assert_eq!((sender.signals(), sender.resent()), (signals, 0));
        assert_eq!(sender.uses_words(), lane != Lane::Bit);
    }
}

/// Whatever a server replies: without progress, and without being told to wait, a transfer ends at its timeout.
#[test]
fn replies_that_lead_nowhere_do_not_stop_the_clock() {
    const TIMEOUT: Duration = Duration::from_millis(2_000);
    let greeted = Status::Greeted { words: 24 };
    // The replies to the hello on SIGUSR1, to the one on SIGUSR2, to the request for words, and to words.
    let servers = [
        [greeted, Status::Reset, Status::Reset, Status::Reset],
        [greeted, Status::Ok(0), Status::Reset, Status::Reset],
        [greeted, Status::Ok(0), Status::Words(0), Status::Words(0)],
        [greeted; 4],
        [Status::Ok(0), Status::Reset, Status::Reset, Status::Reset],
    ];
    for server in servers {
        for lane in [Lane::Auto, Lane::Bit] {
            let mut sender = FrameSender::new(&[7; 1000], TAG, TIMEOUT, lane).unwrap();
            let mut now = START;
            let result = loop {
                let status = match sender.poll_transmit(now) {
                    None => match sender.result() {
                        Some(result) => break result,
                        None => {
                            now = sender.poll_timeout().unwrap();
                            continue;
                        }
                    },
                    Some(Transmit::Signal { value: None, .. }) => break Err(Failure::TimedOut),
                    Some(Transmit::Signal { bit, .. }) => server[usize::from(bit == Bit::One)],
                    Some(Transmit::Word(word)) => server[2 + usize::from(word.index().is_some())],
                };
                now = now + Duration::from_nanos(10_000);
                tell(&mut sender, status, now);
                assert!(now < at(4_000), "{server:?}: still at it");
            };
            assert_eq!(result, Err(Failure::TimedOut), "{server:?}");
            assert!(
                sender.signals() < 20_000,
                "{server:?}: {}",
                sender.signals()
            );
        }
    }
}

#[test]
fn a_silent_server_is_given_up_at_the_timeout() {
    let timeout = Duration::from_millis(100);
    let mut sender = FrameSender::new(b"", TAG, timeout, Lane::Bit).unwrap();
    let mut now = START;
    for (millis, copies) in [(0, 1), (20, 2), (40, 8), (60, 32), (80, 32)] {
        assert_eq!(sender.poll_transmit(now), Some(hello(Bit::Zero, copies)));
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

/// Otherwise a bit, or a hello, could be left out by replies that come too early.
#[test]
fn a_reply_to_what_was_not_sent_is_ignored() {
    let mut sender = sender(b"", Lane::Bit);
    for status in [Status::Wait(0), NO_WORDS] {
        tell(&mut sender, status, START);
    }
    assert_eq!(sender.poll_transmit(START), Some(hello(Bit::Zero, 1)));
    tell(&mut sender, NO_WORDS, START);
    assert_eq!(sender.poll_transmit(START), Some(hello(Bit::One, 1)));
    for status in [Status::Ok(0), Status::Ok(1), Status::Delivered(80)] {
        tell(&mut sender, status, START);
    }
    assert_eq!((sender.acknowledged(), sender.result()), (0, None));
    let other = Reply {
        tag: TAG + 1,
        status: Status::Ok(1),
    };
    sender.poll_transmit(START);
    sender.handle_reply(other, START);
    assert_eq!(sender.acknowledged(), 0);
    tell(&mut sender, Status::Ok(1), START);
    assert_eq!(sender.acknowledged(), 1);
}

/// AS-16: a repetition must not be taken for the next bit.
#[test]
fn a_repeated_bit_carries_its_index() {
    let mut sender = sender_after(b"", Lane::Bit, &HELLOS);
    assert_eq!(next(&mut sender, START).0, signal(Bit::One, None, 1));
    let resend = |index| Some(Request::Resend { tag: TAG, index });
    assert_eq!(next(&mut sender, START).0, signal(Bit::One, resend(0), 2));
    tell(&mut sender, Status::Ok(1), at(50));
    assert!(!sender.is_loss_free());
    assert_eq!(next(&mut sender, at(50)).0, signal(Bit::One, None, 1));
    assert_eq!(next(&mut sender, at(50)).0, signal(Bit::One, resend(1), 2));
}

#[test]
fn a_client_that_is_told_to_wait_asks_four_times_a_second() {
    for (next_bit, status) in [
        (0, Status::Wait(0)),
        (0, Status::Wait(1)),
        (1, Status::Wait(1)),
    ] {
        let mut replies = HELLOS.to_vec();
        replies.extend((0..next_bit).map(|bit| Status::Ok(bit + 1)));
        let mut sender = sender_after(b"", Lane::Bit, &replies);
        sender.poll_transmit(START);
        tell(&mut sender, status, at(3));
        assert!(!sender.expects_reply() && sender.result().is_none());
        let resend = Request::Resend {
            tag: TAG,
            index: next_bit,
        };
        let (again, now) = next(&mut sender, at(3));
        assert_eq!((again, now), (signal(Bit::One, Some(resend), 2), at(253)));
        tell(&mut sender, Status::Ok(next_bit + 1), at(260));
        assert!(sender.expects_reply());
        assert_eq!(sender.acknowledged(), next_bit + 1);
    }
    let mut sender = sender_after(b"", Lane::Bit, &[Status::Wait(0)]);
    assert_eq!(next(&mut sender, START), (hello(Bit::Zero, 2), at(250)));
}

#[test]
fn a_reply_that_contradicts_the_protocol_ends_the_transfer() {
    let contradiction = Some(Err(Failure::Contradiction));
    for status in [
        Status::Ok(2),
        Status::Wait(2),
        Status::Delivered(1),
        Status::Delivered(80),
    ] {
        let mut sender = sender_after(b"", Lane::Bit, &HELLOS);
        sender.poll_transmit(START);
        tell(&mut sender, status, START);
        assert_eq!(sender.result(), contradiction, "{status:?}");
        tell(&mut sender, Status::Ok(1), START);
        assert_eq!(sender.result(), contradiction, "the end is the end");
    }
    for status in [
        Status::Words(3),
        Status::Wait(3),
        Status::Delivered(1),
        Status::Delivered(3),
    ] {
        let mut sender = sender_after(b"", Lane::Word, &INTO_WORDS);
        sender.poll_transmit(START);
        tell(&mut sender, status, START);
        assert_eq!(sender.result(), contradiction, "{status:?}");
    }
    let late = (1..80).map(Status::Ok).chain([Status::Ok(80)]);
    let replies: Vec<_> = HELLOS.into_iter().chain(late).collect();
    let sender = sender_after(b"", Lane::Bit, &replies);
    assert_eq!(
        sender.result(),
        contradiction,
        "the last bit is delivered, not ok"
    );
}

#[test]
fn a_reply_that_comes_twice_changes_nothing() {
    let mut sender = sender_after(b"", Lane::Bit, &[NO_WORDS, Status::Ok(0), Status::Ok(1)]);
    sender.poll_transmit(START);
    for status in [
        NO_WORDS,
        Status::Ok(0),
        Status::Ok(1),
        Status::Wait(0),
        Status::Words(0),
    ] {
        tell(&mut sender, status, START);
        assert_eq!(
            (sender.acknowledged(), sender.result()),
            (1, None),
            "{status:?}"
        );
        assert!(sender.expects_reply(), "{status:?}");
    }
}

#[test]
fn a_rejection_ends_a_transfer_at_any_point() {
    let reason = Reason::TooLong;
    for replies in [&[][..], &[GREETED], &INTO_WORDS[..2], &INTO_WORDS] {
        let mut sender = sender_after(b"", Lane::Auto, replies);
        tell(&mut sender, Status::Rejected(reason), START);
        assert_eq!(sender.result(), Some(Err(Failure::Rejected(reason))));
    }
}

/// A hello, or a request for words, that was on its way when the server forgot the transfer may open it again.
#[test]
fn a_server_that_is_further_than_the_client_is_believed() {
    let again = [NO_WORDS, Status::Reset, Status::Ok(0), Status::Ok(0)];
    let mut sender = sender_after(b"", Lane::Bit, &again);
    assert_eq!(next(&mut sender, START).0, signal(Bit::One, None, 1));
    let again = [&INTO_WORDS[..2], &[Status::Reset], &[Status::Words(0); 3]];
    let mut sender = sender_after(b"", Lane::Word, &again.concat());
    assert_eq!(index(sender.poll_transmit(START)), Some(0));
}

#[test]
fn a_forgotten_transfer_begins_again_more_and_more_slowly() {
    let mut sender = sender_after(b"", Lane::Bit, &[NO_WORDS, Status::Reset]);
    assert_eq!(next(&mut sender, START), (hello(Bit::Zero, 1), START));
    for (restarts, millis) in [(1, 1), (2, 1), (3, 1), (4, 2)] {
        let now = START;
        tell(&mut sender, NO_WORDS, now);
        next(&mut sender, now);
        tell(&mut sender, Status::Reset, now);
        let (again, at_last) = next(&mut sender, now);
        assert_eq!(again, hello(Bit::Zero, 2));
        assert_eq!(at_last, at(millis), "{restarts}");
    }
    let mut sender = sender_after(b"", Lane::Bit, &HELLOS);
    sender.poll_transmit(START);
    tell(&mut sender, Status::Reset, START);
    assert_eq!(sender.result(), Some(Err(Failure::Forgotten)));
}

#[test]
fn words_are_used_where_both_ends_want_them() {
    for (offer, lane, size) in [
        (8, Lane::Auto, 8),
        (24, Lane::Word, 24),
        (13, Lane::Auto, 13),
    ] {
        let replies = [Status::Greeted { words: offer }, Status::Ok(0)];
        let mut sender = sender_after(b"", lane, &replies);
        assert_eq!(sender.poll_transmit(START), Some(words_request(size)));
        assert!(sender.uses_words());
    }
    for (offer, lane) in [
        (0, Lane::Auto),
        (7, Lane::Auto),
        (25, Lane::Auto),
        (24, Lane::Bit),
    ] {
        let replies = [Status::Greeted { words: offer }, Status::Ok(0)];
        let mut sender = sender_after(b"", lane, &replies);
        assert_eq!(sender.poll_transmit(START), Some(signal(Bit::One, None, 1)));
        assert!(!sender.uses_words());
    }
    let sender = sender_after(b"", Lane::Word, &HELLOS);
    assert_eq!(sender.result(), Some(Err(Failure::NoWords)));
}

/// Waiting for one's turn may take long, and says nothing against words.
#[test]
fn only_silence_leads_from_words_to_bits() {
    for (lane, last) in [
        (Lane::Auto, signal(Bit::One, None, 1)),
        (Lane::Word, words_request(8)),
    ] {
        let mut sender = sender_after(b"", lane, &INTO_WORDS[..2]);
        let mut now = START;
        for _ in 0..3 * MAX_WORDS_REQUESTS {
            let (sent, at) = next(&mut sender, now);
            assert_eq!(sent, words_request(8));
            tell(&mut sender, Status::Wait(0), at);
            now = at;
        }
        for _ in 1..MAX_WORDS_REQUESTS {
            let (sent, at) = next(&mut sender, now);
            assert_eq!(sent, words_request(8));
            now = at;
        }
        assert_eq!(next(&mut sender, now).0, last);
    }
}

#[test]
fn without_room_for_a_word_the_sender_waits_a_millisecond() {
    let mut sender = sender_after(&[7; 1000], Lane::Word, &INTO_WORDS);
    for sent in 0..4 {
        assert_eq!(index(sender.poll_transmit(START)), Some(sent));
    }
    sender.handle_eagain(START);
    assert_eq!(sender.poll_transmit(START), None);
    let (sent, now) = next(&mut sender, START);
    assert_eq!((sent, now), (words_request(STATUS_ONLY), at(1)));
    tell(&mut sender, Status::Words(2), now);
    assert_eq!(sender.acknowledged(), 2 * 64);
    assert_eq!(sender.poll_transmit(now), None, "the window is one word");
    tell(&mut sender, Status::Words(3), now);
    assert_eq!(index(sender.poll_transmit(now)), Some(3));
    let mut sender = sender_after(b"", Lane::Bit, &HELLOS);
    sender.poll_transmit(START);
    let before = sender.poll_timeout();
    sender.handle_eagain(START);
    assert_eq!(sender.poll_timeout(), before, "no word is out");
}

#[test]
fn words_without_a_reply_are_asked_about_and_sent_again() {
    let mut sender = sender_after(&[7; 1000], Lane::Word, &INTO_WORDS);
    while sender.poll_transmit(START).is_some() {}
    tell(&mut sender, Status::Words(30), START);
    while sender.poll_transmit(START).is_some() {}
    let (sent, now) = next(&mut sender, START);
    assert_eq!(index(Some(sent)), Some(30));
    assert!(matches!(sent, Transmit::Word(word) if word.wants_reply()));
    assert_eq!(sender.poll_transmit(now), None);
    let (status, now) = next(&mut sender, now);
    assert_eq!(status, words_request(STATUS_ONLY));
    assert_eq!(sender.resent(), 2);
    tell(&mut sender, Status::Words(30), now);
    assert_eq!(
        index(sender.poll_transmit(now)),
        Some(31),
        "30 is in flight again"
    );
    let signals = sender.signals();
    while sender.poll_transmit(now).is_some() {}
    assert_eq!(sender.signals() - signals, 62);
    let before = sender.poll_timeout();
    tell(
        &mut sender,
        Status::Words(30),
        now + Duration::from_nanos(1),
    );
    assert_eq!(sender.poll_timeout(), before, "no news");
}

#[test]
fn no_word_is_sent_while_the_server_says_to_wait() {
    let mut sender = sender_after(&[7; 1000], Lane::Word, &INTO_WORDS);
    for _ in 0..3 {
        sender.poll_transmit(START);
    }
    tell(&mut sender, Status::Wait(3), START);
    assert_eq!(sender.poll_transmit(START), None);
    assert_eq!(sender.poll_timeout(), Some(at(250)));
    tell(&mut sender, Status::Words(3), at(9));
    assert_eq!(index(sender.poll_transmit(at(9))), Some(3));
}

/// Otherwise it would be silent, which says less.
#[test]
fn a_server_that_has_forgotten_the_words_says_so() {
    let mut sender = sender_after(b"", Lane::Word, &INTO_WORDS);
    let mut server = FrameReceiver::with_words(9, 8);
    let mut now = START;
    while sender.result().is_none() {
        let (sent, at) = next(&mut sender, now);
        now = at;
        let (replies, _) = deliver(&mut server, &sent);
        replies
            .into_iter()
            .for_each(|reply| sender.handle_reply(reply, now));
        assert!(now < self::at(1_000));
    }
    assert_eq!(sender.result(), Some(Err(Failure::Forgotten)));
}

#[test]
fn a_message_whose_only_reply_is_its_delivery_went_in_words() {
    let replies = [
        GREETED,
        Status::Ok(0),
        Status::Words(0),
        Status::Delivered(2),
    ];
    let sender = sender_after(b"", Lane::Auto, &replies);
    assert_eq!(sender.result(), Some(Ok(())));
    assert!(sender.uses_words());
    assert_eq!(sender.acknowledged(), 80);
}

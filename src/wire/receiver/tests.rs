//! Unit tests of the module around them.

use super::super::frame::{Frame, MessageKind};
use super::super::word::SIZE;
use super::*;

const LIMIT: usize = 1000;
const KEY: Key = Key([1, 2]);
/// What opens a transfer of client nonce 7: the server's is what `KEY` draws for it.
const NONCES: Nonces = Nonces::new(7, 0x5253_C00C_6B6F_35A0);
const NOTHING: Response = Response {
    reply: None,
    outcome: None,
};

fn hello(client: Nonce) -> Request {
    let version = VERSION;
    Request::Hello { client, version }
}

fn open(nonces: Nonces, in_words: bool) -> Request {
    Request::Open {
        nonces,
        in_words,
        sleeps: false,
    }
}

fn reply(nonces: Nonces, status: Status) -> Reply {
    Reply { nonces, status }
}

/// Returns the response that is a reply of the transfer `NONCES` alone.
fn status(status: Status) -> Response {
    answer(reply(NONCES, status))
}

fn ok(next: u64) -> Response {
    status(Status::Ok(Arrived::at(next)))
}

/// Greets a client, and returns the nonces that open its transfer.
fn greeted(receiver: &mut FrameReceiver, client: Nonce) -> Nonces {
    let response = receiver.handle_request(Channel::Usr1, hello(client));
    let words = receiver.takes_words;
    let nonces = response.reply.unwrap().nonces;
    let greeting = reply(nonces, Status::Greeted { words });
    assert_eq!((response, nonces.client), (answer(greeting), client));
    nonces
}

fn opened(in_words: bool) -> FrameReceiver {
    let mut receiver = FrameReceiver::new(LIMIT, KEY, true);
    assert_eq!(greeted(&mut receiver, 7), NONCES);
    let response = receiver.handle_request(Channel::Usr2, open(NONCES, in_words));
    assert_eq!(response, ok(0));
    assert!(receiver.in_message() && !receiver.is_closed());
    receiver
}

fn frame(message: &[u8]) -> Frame<'_> {
    let mut frame = Frame::new(MessageKind::Message, message).unwrap();
    frame.seal(NONCES);
    frame
}

/// Sends bit `index` of the frame, as transmission `index + 1`.
fn send(
    receiver: &mut FrameReceiver,
    frame: &Frame<'_>,
    index: u64,
    wants_reply: bool,
) -> Response {
    let bit = frame.bit(index).unwrap_or(Bit::Zero);
    send_bit(receiver, NONCES, bit, index, wants_reply)
}

fn send_bit(
    receiver: &mut FrameReceiver,
    nonces: Nonces,
    bit: Bit,
    index: u64,
    wants_reply: bool,
) -> Response {
    let channel = match bit {
        Bit::Zero => Channel::Usr1,
        Bit::One => Channel::Usr2,
    };
    let request = Request::Bit {
        nonces,
        index,
        serial: (index as u8).wrapping_add(1),
        wants_reply,
    };
    receiver.handle_request(channel, request)
}

/// Sends the frame but for its last bit, and returns the index of that.
fn all_but_the_last(receiver: &mut FrameReceiver, frame: &Frame<'_>) -> u64 {
    let last = frame.bits() - 1;
    for index in 0..last {
        assert_eq!(send(receiver, frame, index, false), NOTHING);
        assert_eq!(receiver.owed(), Owed::WhenQuiet);
    }
    last
}

fn word(frame: &Frame<'_>, index: u32, wants_reply: bool) -> Request {
    Request::Word(Word::of(frame, index, wants_reply, NONCES.server))
}

fn complete(payload: &[u8], resent: u64) -> Response {
    let payload = payload.to_vec();
    Response {
        reply: None,
        outcome: Some(Outcome::Complete {
            kind: MessageKind::Message,
            payload,
            resent,
        }),
    }
}

fn rejected(reason: Reason) -> Response {
    Response {
        outcome: Some(Outcome::Rejected(reason)),
        ..status(Status::Rejected(reason))
    }
}

#[test]
fn a_message_in_bits_is_delivered_once_written() {
    let (mut receiver, frame) = (opened(false), frame(b"Hi"));
    let last = all_but_the_last(&mut receiver, &frame);
    assert_eq!((receiver.held_bytes(), receiver.missing_bytes()), (2, 0));
    assert_eq!(send(&mut receiver, &frame, last, true), complete(b"Hi", 0));
    assert!(!receiver.in_message() && !receiver.is_closed());
    // Its end stays unanswered until it is written.
    assert_eq!(receiver.poll_reply(true), None);
    assert_eq!(send(&mut receiver, &frame, last, true), NOTHING);
    let wait = Status::Wait(Arrived::new(80, 0, 80));
    assert_eq!(receiver.poll_reply(false), Some(reply(NONCES, wait)));
    assert_eq!(receiver.burst_len(), 1, "it asks because it waits");
    assert_eq!(receiver.refuse(Reason::Idle), None);
    assert_eq!(receiver.handle_written(8, Ok(())), None, "of another");
    let delivered = reply(NONCES, Status::Delivered(80));
    assert_eq!(receiver.handle_written(7, Ok(())), Some(delivered));
    assert_eq!(receiver.handle_written(7, Ok(())), None);
    send(&mut receiver, &frame, last, false);
    assert_eq!(receiver.poll_reply(false), Some(delivered));
    let again = receiver.handle_request(Channel::Usr1, hello(7));
    assert_eq!(again, answer(delivered));
    assert!(receiver.is_closed() && receiver.client_nonce() == 7);
}

#[test]
fn a_reply_is_owed_now_if_a_bit_asks_or_comes_again() {
    let (mut receiver, frame) = (opened(false), frame(b"Hi"));
    assert_eq!(receiver.owed(), Owed::Nothing);
    assert_eq!(receiver.poll_reply(true), None);
    send(&mut receiver, &frame, 0, false);
    assert_eq!(receiver.poll_reply(false), None);
    let ok = |next, beyond, serial| {
        Some(reply(
            NONCES,
            Status::Ok(Arrived::new(next, beyond, serial)),
        ))
    };
    assert_eq!(receiver.poll_reply(true), ok(1, 0, 1));
    assert_eq!(receiver.owed(), Owed::Nothing);
    assert_eq!(receiver.poll_reply(true), None);
    send(&mut receiver, &frame, 1, true);
    assert_eq!(receiver.poll_reply(false), ok(2, 0, 2), "asked for");
    send(&mut receiver, &frame, 4, false);
    send(&mut receiver, &frame, 3, false);
    // The missing bit may be pending.
    assert_eq!(receiver.poll_reply(false), None);
    assert_eq!(receiver.poll_reply(true), ok(2, 0b11, 4));
    send(&mut receiver, &frame, 2, false);
    assert_eq!(receiver.owed(), Owed::WhenQuiet);
    send(&mut receiver, &frame, 1, false);
    send(&mut receiver, &frame, 5, false);
    assert_eq!(receiver.poll_reply(false), ok(6, 0, 6), "repeated");
}

#[test]
fn a_request_that_keeps_coming_is_answered_several_times() {
    let (mut receiver, frame) = (opened(false), frame(b"Hi"));
    let mut bursts = [0; 5];
    for burst in &mut bursts {
        send(&mut receiver, &frame, 0, true);
        *burst = receiver.burst_len();
    }
    assert_eq!(bursts, [1, 2, 8, 32, 32]);
    receiver.hold(true);
    assert_eq!(receiver.burst_len(), 1);
    receiver.hold(false);
    send(&mut receiver, &frame, 1, true);
    assert_eq!(receiver.burst_len(), 1, "progress");
    receiver.handle_request(Channel::Usr1, hello(7));
    assert_eq!(receiver.burst_len(), 2);
}

#[test]
fn a_transfer_opens_with_the_nonce_that_its_client_was_sent() {
    let mut receiver = FrameReceiver::new(LIMIT, KEY, false);
    assert!(receiver.is_closed() && !receiver.in_message());
    let (first, second) = (greeted(&mut receiver, 7), greeted(&mut receiver, 8));
    assert_ne!(first.server, second.server);
    let of_another_key = greeted(&mut FrameReceiver::new(LIMIT, Key([1, 3]), false), 7);
    let (client, server) = (7, second.server);
    for wrong in [
        open(of_another_key, false),
        open(Nonces::default(), false),
        open(Nonces { client: 9, ..first }, false),
        open(Nonces { client, server }, false),
        // It takes no words.
        open(first, true),
    ] {
        assert!(!receiver.is_opening(&wrong));
        for channel in [Channel::Usr1, Channel::Realtime] {
            let response = receiver.handle_request(channel, wrong);
            assert_eq!((response, receiver.is_closed()), (NOTHING, true));
        }
    }
    let request = open(first, false);
    assert!(receiver.is_opening(&request) && !receiver.is_opening(&hello(7)));
    assert_eq!(receiver.handle_request(Channel::Realtime, request), ok(0));
    assert!(!receiver.is_opening(&request));
    assert_eq!(receiver.handle_request(Channel::Usr1, request), ok(0));
    assert_eq!(receiver.burst_len(), 2, "a repeated open");
}

#[test]
fn a_hello_leaves_the_open_transfer_alone() {
    let (mut receiver, frame) = (opened(false), frame(b"Hi"));
    send(&mut receiver, &frame, 0, false);
    let before = receiver.clone();
    greeted(&mut receiver, 8);
    let version = VERSION + 1;
    let other = Request::Hello { client: 8, version };
    let nonces = Nonces::new(8, receiver.draw(8));
    let refused = answer(reply(nonces, Status::Rejected(Reason::Version)));
    assert_eq!(receiver.handle_request(Channel::Usr1, other), refused);
    let reason = Reason::ShuttingDown;
    let refused = receiver.refuse_hello(Channel::Usr2, 8, reason);
    assert_eq!(refused, Some(reply(nonces, Status::Rejected(reason))));
    assert_eq!(receiver, before);
}

#[test]
fn on_the_real_time_signal_each_greeting_needs_a_bare_one() {
    let mut receiver = FrameReceiver::new(LIMIT, KEY, true);
    let ask = |receiver: &mut FrameReceiver| {
        let response = receiver.handle_request(Channel::Realtime, hello(7));
        response.reply.is_some()
    };
    assert!(!ask(&mut receiver));
    receiver.handle_bare();
    receiver.handle_bare();
    assert!(ask(&mut receiver) && !ask(&mut receiver));
    let refuse = |receiver: &mut FrameReceiver| {
        let reply = receiver.refuse_hello(Channel::Realtime, 7, Reason::ShuttingDown);
        reply.is_some()
    };
    receiver.handle_bare();
    assert!(refuse(&mut receiver) && !refuse(&mut receiver));
    let mut receiver = opened(true);
    assert!(!ask(&mut receiver), "not even about its own transfer");
    receiver.handle_bare();
    assert!(ask(&mut receiver));
}

#[test]
fn another_transfer_abandons_what_is_half_there() {
    let mut receiver = opened(false);
    let other = greeted(&mut receiver, 8);
    let next = receiver.handle_request(Channel::Usr1, open(other, false));
    let ok = answer(reply(other, Status::Ok(Arrived::at(0))));
    assert_eq!(next, ok, "nothing was half there");
    send_bit(&mut receiver, other, Bit::One, 0, false);
    let back = receiver.handle_request(Channel::Usr1, open(NONCES, false));
    assert_eq!(back.outcome, Some(Outcome::Abandoned));
    let late = send_bit(&mut receiver, other, Bit::One, 1, true);
    assert_eq!((late, receiver.owed()), (NOTHING, Owed::Nothing));
}

#[test]
fn what_is_left_of_a_transfer_in_a_queue_does_not_open_it_again_after_later_ones() {
    for in_words in [false, true] {
        let mut receiver = opened(in_words);
        let whole = frame(b"once");
        let deliver = |receiver: &mut FrameReceiver, frame: &Frame<'_>, nonces: Nonces| {
            let send = |index: u64| match in_words {
                true => receiver.handle_request(
                    Channel::Realtime,
                    Request::Word(Word::of(frame, index as u32, false, nonces.server)),
                ),
                false => {
                    let bit = frame.bit(index).unwrap_or(Bit::Zero);
                    send_bit(receiver, nonces, bit, index, false)
                }
            };
            let outcomes = (0..frame.bits()).map(send).filter_map(|it| it.outcome);
            outcomes.count()
        };
        assert_eq!(deliver(&mut receiver, &whole, NONCES), 1);
        receiver.handle_written(7, Ok(()));
        for client in [8, 9] {
            let next = greeted(&mut receiver, client);
            let opens = receiver.handle_request(Channel::Usr1, open(next, in_words));
            assert!(opens.reply.is_some());
            // The next one is open, or over: signals of different numbers overtake each other.
            assert!(!receiver.is_opening(&open(NONCES, in_words)));
            let again = receiver.handle_request(Channel::Realtime, open(NONCES, in_words));
            let is_delivered = deliver(&mut receiver, &whole, NONCES);
            assert_eq!((again, is_delivered), (NOTHING, 0));
            let mut frame = Frame::new(MessageKind::Message, b"next").unwrap();
            frame.seal(next);
            assert_eq!(deliver(&mut receiver, &frame, next), 1);
            assert_eq!(receiver.client_nonce(), client);
        }
    }
}

#[test]
fn a_frame_that_is_wrong_is_rejected() {
    let (mut receiver, frame) = (opened(false), frame(b"x"));
    let last = all_but_the_last(&mut receiver, &frame);
    let wrong = Bit::from(frame.bit(last) == Some(Bit::Zero));
    let response = send_bit(&mut receiver, NONCES, wrong, last, true);
    assert_eq!(response, rejected(Reason::Checksum));
    assert!(receiver.is_closed());
    send(&mut receiver, &frame, last, true);
    let again = status(Status::Rejected(Reason::Checksum)).reply;
    assert_eq!(receiver.poll_reply(false), again);
    let mut receiver = opened(true);
    let long = Frame::new(MessageKind::Message, &[0; LIMIT + 1]).unwrap();
    let response = receiver.handle_request(Channel::Realtime, word(&long, 0, false));
    assert_eq!(response, rejected(Reason::TooLong));
}

#[test]
fn a_refused_message_stays_refused() {
    let mut receiver = FrameReceiver::new(9, KEY, false);
    assert_eq!(receiver.refuse(Reason::Idle), None);
    let (mut receiver, frame) = (opened(false), frame(b"abc"));
    for index in 0..80 {
        send(&mut receiver, &frame, index, false);
    }
    assert_eq!(receiver.held_bytes(), 3);
    let refused = reply(NONCES, Status::Rejected(Reason::ShuttingDown));
    assert_eq!(receiver.refuse(Reason::ShuttingDown), Some(refused));
    assert_eq!((receiver.held_bytes(), receiver.is_closed()), (0, true));
    assert_eq!(receiver.refuse(Reason::Idle), None);
    send(&mut receiver, &frame, 80, false);
    assert_eq!(receiver.poll_reply(true), Some(refused));
    receiver.hold(true);
    assert_eq!(receiver.release(), None);
}

#[test]
fn a_sender_that_is_held_is_told_to_wait_until_it_is_released() {
    let (mut receiver, frame) = (opened(false), frame(b"Hi"));
    assert_eq!(receiver.release(), None, "it is not held");
    receiver.hold(true);
    send(&mut receiver, &frame, 0, false);
    let taken = Arrived::new(1, 0, 1);
    let wait = reply(NONCES, Status::Wait(taken));
    assert_eq!(receiver.poll_reply(true), Some(wait));
    let asked = receiver.handle_request(Channel::Usr1, hello(7));
    assert_eq!(asked, answer(wait));
    let go_on = reply(NONCES, Status::Ok(taken));
    assert_eq!(receiver.release(), Some(go_on));
    assert_eq!(receiver.release(), None);
}

#[test]
fn a_word_whose_proof_differs_in_one_bit_is_not_taken() {
    let frame = frame(b"Hi");
    for bit in 0..32 {
        let mut receiver = opened(true);
        let Request::Word(mut forged) = word(&frame, 0, true) else {
            unreachable!("it is a word")
        };
        forged.proof ^= 1 << bit;
        let request = Request::Word(forged);
        assert!(!receiver.is_proven(&request));
        let before = receiver.clone();
        let response = receiver.handle_request(Channel::Realtime, request);
        assert_eq!((response, &receiver), (NOTHING, &before), "bit {bit}");
        let response = receiver.handle_request(Channel::Realtime, word(&frame, 0, true));
        assert_ne!(response, NOTHING);
    }
}

#[test]
fn a_word_is_taken_once_and_in_its_turn() {
    const MESSAGE: [u8; 4 * SIZE] = [0xA5; 4 * SIZE];
    let (mut receiver, frame) = (opened(true), frame(&MESSAGE));
    assert!(receiver.uses_words());
    let mut give = |index, wants_reply| {
        receiver.handle_request(Channel::Realtime, word(&frame, index, wants_reply))
    };
    assert_eq!(give(1, true), ok(0), "too early");
    assert_eq!(give(1, false), NOTHING);
    assert_eq!(give(0, true), ok(1));
    assert_eq!(give(0, true), ok(1), "again");
    for index in 1..4 {
        assert_eq!(give(index, false), NOTHING);
    }
    assert_eq!(give(4, true), complete(&MESSAGE, 3));
    assert_eq!(give(4, true), status(Status::Wait(Arrived::at(5))));
    let delivered = status(Status::Delivered(5));
    assert_eq!(receiver.handle_written(7, Ok(())), delivered.reply);
    let again = receiver.handle_request(Channel::Realtime, word(&frame, 4, true));
    assert_eq!(again, delivered);
}

#[test]
fn only_what_belongs_to_the_open_transfer_counts() {
    let frame = frame(b"Hi");
    let (mut in_words, mut in_bits) = (opened(true), opened(false));
    for (receiver, channel) in [(&in_words, Channel::Usr1), (&in_bits, Channel::Realtime)] {
        let mut after = receiver.clone();
        let response = after.handle_request(channel, word(&frame, 0, true));
        assert_eq!((response, &after), (NOTHING, receiver));
    }
    for (client, server) in [(8, NONCES.server), (NONCES.client, 8), (0, 0)] {
        let wrong = Nonces { client, server };
        let before = in_bits.clone();
        send_bit(&mut in_bits, wrong, Bit::One, 0, true);
        assert_eq!(in_bits, before);
    }
    let before = in_words.clone();
    send(&mut in_words, &frame, 0, true);
    assert_eq!(in_words, before, "no bit counts amid words");
}

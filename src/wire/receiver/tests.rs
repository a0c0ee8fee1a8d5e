//! Unit tests of the module around them.

use super::super::frame::Frame;
use super::*;

const TAG: Tag = 7;

fn hello(tag: Tag) -> Request {
    let version = VERSION;
    Request::Hello { tag, version }
}

/// Returns a receiver, with words offered, that has taken both hellos.
fn open() -> FrameReceiver {
    let mut receiver = FrameReceiver::with_words(1000, 24);
    let greeted = reply(TAG, Status::Greeted { words: 24 });
    assert_eq!(receiver.handle_request(Bit::Zero, hello(TAG)), greeted);
    let ok = reply(TAG, Status::Ok(0));
    assert_eq!(receiver.handle_request(Bit::One, hello(TAG)), ok);
    receiver
}

/// Returns one that has been asked for words of this size, too.
fn open_words(size: u8) -> FrameReceiver {
    let mut receiver = open();
    let request = Request::Words { tag: TAG, size };
    let ready = reply(TAG, Status::Words(0));
    assert_eq!(receiver.handle_request(Bit::Zero, request), ready);
    receiver
}

fn resend(receiver: &mut FrameReceiver, bit: Bit, index: u64) -> Response {
    receiver.handle_request(bit, Request::Resend { tag: TAG, index })
}

fn bits(message: &[u8]) -> Vec<Bit> {
    let frame = Frame::new(message).unwrap();
    (0..frame.bits()).filter_map(|i| frame.bit(i)).collect()
}

fn words(message: &[u8], size: usize) -> Vec<Word> {
    let frame = Frame::new(message).unwrap();
    let count = frame.bytes().div_ceil(size) as u32;
    let word = |index| {
        let mut bytes = [0; MAX_SIZE];
        frame.copy(index as usize * size, &mut bytes[..size]);
        Word::data(index, true, bytes)
    };
    (0..count).map(word).collect()
}

fn complete(payload: &[u8], resent: u64) -> Response {
    let payload = payload.to_vec();
    Response {
        reply: None,
        outcome: Some(Outcome::Complete { payload, resent }),
    }
}

fn rejected(reason: Reason) -> Response {
    Response {
        outcome: Some(Outcome::Rejected(reason)),
        ..reply(TAG, Status::Rejected(reason))
    }
}

/// Sends the frame of `message` but for its last bit, which is returned with its index.
fn all_but_the_last(receiver: &mut FrameReceiver, message: &[u8]) -> (Bit, u64) {
    let bits = bits(message);
    let (last, rest) = bits.split_last().unwrap();
    for (index, bit) in rest.iter().enumerate() {
        let ok = reply(TAG, Status::Ok(index as u64 + 1));
        assert_eq!(receiver.handle_bit(*bit), ok);
        assert!(receiver.in_message() && !receiver.is_closed());
    }
    (*last, rest.len() as u64)
}

#[test]
fn a_message_in_bits_is_delivered_once_written() {
    let mut receiver = open();
    let (last, index) = all_but_the_last(&mut receiver, b"Hi");
    assert_eq!((receiver.held_bytes(), receiver.missing_bytes()), (2, 0));
    assert_eq!(receiver.handle_bit(last), complete(b"Hi", 0));
    assert!(!receiver.in_message() && !receiver.is_idle() && !receiver.is_closed());
    let wait = reply(TAG, Status::Wait(index + 1));
    assert_eq!(resend(&mut receiver, last, index), wait);
    assert_eq!(receiver.burst_len(), 1, "it asks because it waits");
    assert_eq!(receiver.handle_bit(last), Response::default());
    assert_eq!(receiver.handle_written(TAG + 1, Ok(())), None);
    let delivered = reply(TAG, Status::Delivered(index + 1));
    assert_eq!(receiver.handle_written(TAG, Ok(())), delivered.reply);
    assert_eq!(receiver.handle_written(TAG, Ok(())), None);
    assert_eq!(resend(&mut receiver, last, index), delivered);
    assert_eq!(receiver.refuse(Reason::Idle), None);
    assert!(receiver.is_idle() && receiver.is_closed());
}

#[test]
fn a_message_that_cannot_be_written_is_rejected() {
    let mut receiver = open();
    let (last, _) = all_but_the_last(&mut receiver, b"");
    receiver.handle_bit(last);
    let failed = receiver.handle_written(TAG, Err(Reason::Output));
    assert_eq!(failed, reply(TAG, Status::Rejected(Reason::Output)).reply);
}

#[test]
fn a_repeated_bit_is_taken_at_most_once() {
    let mut receiver = open();
    let taken = reply(TAG, Status::Ok(1));
    assert_eq!(resend(&mut receiver, Bit::One, 0), taken);
    assert_eq!(receiver.burst_len(), 1, "progress");
    let bursts: Vec<u32> = (0..4)
        .map(|_| {
            assert_eq!(resend(&mut receiver, Bit::One, 0), taken);
            receiver.burst_len()
        })
        .collect();
    assert_eq!(bursts, [2, 8, 32, 32]);
    receiver.hold(true);
    assert_eq!(receiver.burst_len(), 1);
    receiver.hold(false);
    let unknown = reply(TAG, Status::Reset);
    assert_eq!(resend(&mut receiver, Bit::One, 2), unknown, "too far");
    let other = Request::Resend {
        tag: TAG + 1,
        index: 1,
    };
    let reset = reply(TAG + 1, Status::Reset);
    assert_eq!(receiver.handle_request(Bit::One, other), reset);
    assert_eq!(receiver.handle_bit(Bit::One), reply(TAG, Status::Ok(2)));
    assert_eq!(receiver.burst_len(), 1);
    for (index, bit) in bits(b"").into_iter().enumerate().skip(2) {
        let response = receiver.handle_bit(bit);
        if index == 79 {
            assert_eq!(response, complete(b"", 5));
            let late = resend(&mut receiver, bit, 80);
            assert_eq!(late, unknown, "nothing follows the last bit");
        }
    }
}

#[test]
fn a_hello_is_needed_on_both_signals_and_in_order() {
    let mut receiver = FrameReceiver::new(1000);
    assert!(receiver.is_idle() && receiver.is_closed() && !receiver.in_message());
    assert_eq!(receiver.handle_bit(Bit::One), Response::default());
    let reset = reply(TAG, Status::Reset);
    assert_eq!(receiver.handle_request(Bit::One, hello(TAG)), reset);
    assert_eq!(
        receiver.handle_request(Bit::Zero, hello(0)),
        reply(0, Status::Reset)
    );
    assert_eq!(
        receiver.handle_request(Bit::One, hello(0)),
        reply(0, Status::Reset)
    );
    let greeted = reply(TAG, Status::Greeted { words: 0 });
    for burst in [1, 2] {
        assert_eq!(receiver.handle_request(Bit::Zero, hello(TAG)), greeted);
        assert_eq!(receiver.burst_len(), burst);
        assert!(receiver.in_message());
    }
    assert_eq!(receiver.handle_bit(Bit::One), Response::default());
    assert_eq!(resend(&mut receiver, Bit::One, 0), reset);
    let ok = reply(TAG, Status::Ok(0));
    assert_eq!(receiver.handle_request(Bit::One, hello(TAG)), ok);
    assert_eq!(receiver.burst_len(), 1);
    assert_eq!(receiver.handle_request(Bit::One, hello(TAG)), ok);
    assert_eq!(receiver.burst_len(), 2);
    assert_eq!(receiver.handle_request(Bit::Zero, hello(TAG)), ok);
}

#[test]
fn a_hello_of_another_version_is_rejected() {
    let mut receiver = open();
    let (tag, version) = (TAG + 1, VERSION + 1);
    let other = Request::Hello { tag, version };
    let rejected = reply(tag, Status::Rejected(Reason::Version));
    assert_eq!(receiver.handle_request(Bit::Zero, other), rejected);
    assert_eq!(receiver.tag(), TAG);
}

#[test]
fn another_transfer_abandons_what_is_half_there() {
    let mut receiver = open();
    let greeted = |tag| reply(tag, Status::Greeted { words: 24 });
    let next = receiver.handle_request(Bit::Zero, hello(TAG + 1));
    assert_eq!(next, greeted(TAG + 1), "nothing was half there");
    let ok = reply(TAG + 1, Status::Ok(0));
    assert_eq!(receiver.handle_request(Bit::One, hello(TAG + 1)), ok);
    receiver.handle_bit(Bit::One);
    let abandoned = Response {
        outcome: Some(Outcome::Abandoned),
        ..greeted(TAG)
    };
    let again = receiver.handle_request(Bit::Zero, hello(TAG));
    assert_eq!(again, abandoned);
    assert_eq!(receiver.handle_bit(Bit::One), Response::default());
}

#[test]
fn a_bit_after_the_end_belongs_to_another_program() {
    let mut receiver = open();
    let (last, index) = all_but_the_last(&mut receiver, b"");
    receiver.handle_bit(last);
    receiver.handle_written(TAG, Ok(()));
    assert_eq!(receiver.handle_bit(Bit::One), Response::default());
    let forgotten = reply(TAG, Status::Reset);
    assert_eq!(resend(&mut receiver, last, index), forgotten);
    assert_eq!((receiver.tag(), receiver.limit()), (0, 1000));
}

#[test]
fn a_frame_that_is_wrong_is_rejected() {
    let mut receiver = open();
    let (last, index) = all_but_the_last(&mut receiver, b"x");
    let wrong = Bit::from(last == Bit::Zero);
    assert_eq!(receiver.handle_bit(wrong), rejected(Reason::Checksum));
    assert!(receiver.is_closed(), "its last bit was its last");
    let again = reply(TAG, Status::Rejected(Reason::Checksum));
    assert_eq!(resend(&mut receiver, wrong, index), again);

    let mut receiver = open();
    let mut responses = (0..8).map(|_| receiver.handle_bit(Bit::Zero));
    assert_eq!(responses.nth(7), Some(rejected(Reason::NotAFrame)));
    assert!(!receiver.is_closed() && !receiver.in_message() && receiver.is_idle());
    let still = reply(TAG, Status::Rejected(Reason::NotAFrame));
    assert_eq!(receiver.handle_bit(Bit::One), still);
    assert_eq!(resend(&mut receiver, Bit::One, 8), still);
}

#[test]
fn a_refused_message_is_refused_at_each_bit() {
    assert_eq!(FrameReceiver::new(9).refuse(Reason::Idle), None);
    let mut receiver = open();
    (0..80).zip(bits(b"abc")).for_each(|(_, bit)| {
        receiver.handle_bit(bit);
    });
    assert_eq!(receiver.held_bytes(), 3);
    let refused = reply(TAG, Status::Rejected(Reason::ShuttingDown));
    assert_eq!(receiver.refuse(Reason::ShuttingDown), refused.reply);
    assert_eq!(receiver.held_bytes(), 0);
    assert!(receiver.is_idle() && !receiver.is_closed());
    assert_eq!(receiver.refuse(Reason::Idle), None);
    assert_eq!(receiver.handle_bit(Bit::One), refused);
    receiver.hold(true);
    assert_eq!(receiver.release(), None);
}

#[test]
fn a_sender_that_is_held_is_told_to_wait_until_it_is_released() {
    let mut receiver = open();
    assert_eq!(receiver.release(), None, "it is not held");
    receiver.hold(true);
    let wait = reply(TAG, Status::Wait(1));
    assert_eq!(receiver.handle_bit(Bit::One), wait);
    assert_eq!(resend(&mut receiver, Bit::One, 0), wait);
    let ok = reply(TAG, Status::Ok(1));
    assert_eq!(receiver.release(), ok.reply);
    assert_eq!(receiver.release(), None);
    assert_eq!(receiver.burst_len(), 1);
    let mut receiver = open_words(8);
    receiver.hold(true);
    let wait = reply(TAG, Status::Wait(1));
    assert_eq!(receiver.handle_word(&words(b"longer", 8)[0]), wait);
    let words = reply(TAG, Status::Words(1));
    assert_eq!(receiver.release(), words.reply);
}

#[test]
fn the_offer_holds_from_the_next_transfer_on() {
    let mut receiver = FrameReceiver::new(1000);
    receiver.set_word_size(8);
    let greeted = reply(TAG, Status::Greeted { words: 8 });
    assert_eq!(receiver.handle_request(Bit::Zero, hello(TAG)), greeted);
    assert!(!receiver.uses_words());
    assert!(open_words(24).uses_words());
}

#[test]
fn a_word_is_taken_once_and_in_its_turn() {
    for size in [8, 24] {
        let mut receiver = open_words(size);
        let words = words(&[0xA5; 100], size.into());
        let ready = |next| reply(TAG, Status::Words(next));
        assert_eq!(receiver.handle_word(&words[1]), ready(0), "too early");
        receiver.handle_request(Bit::One, hello(TAG));
        assert_eq!(receiver.burst_len(), 2);
        assert_eq!(receiver.handle_word(&words[0]), ready(1));
        assert_eq!(receiver.burst_len(), 1, "progress");
        assert_eq!(receiver.handle_word(&words[0]), ready(1), "again");
        for word in &words[1..words.len() - 1] {
            assert!(receiver.handle_word(word).outcome.is_none());
        }
        let last = receiver.handle_word(&words[words.len() - 1]);
        assert_eq!(last, complete(&[0xA5; 100], 2));
        let end = words.len() as u64;
        let wait = reply(TAG, Status::Wait(end));
        assert_eq!(receiver.handle_word(&words[0]), wait);
        let delivered = reply(TAG, Status::Delivered(end));
        assert_eq!(receiver.handle_written(TAG, Ok(())), delivered.reply);
        assert_eq!(receiver.handle_word(&words[0]), delivered);
    }
}

#[test]
fn a_word_that_wants_no_reply_gets_none() {
    let mut receiver = open_words(8);
    let words = words(b"some words", 8);
    let quiet = |word: &Word| Word::data(word.index().unwrap(), false, word.bytes);
    for word in [&words[1], &words[0], &words[0]] {
        let response = receiver.handle_word(&quiet(word));
        assert_eq!(response, Response::default());
    }
    let status = Request::Words {
        tag: TAG,
        size: STATUS_ONLY,
    };
    let ready = reply(TAG, Status::Words(1));
    assert_eq!(receiver.handle_request(Bit::Zero, status), ready);
}

#[test]
fn what_was_not_asked_for_is_not_a_word() {
    let words = words(b"x", 8);
    let mut receiver = FrameReceiver::with_words(1000, 24);
    assert_eq!(receiver.handle_word(&words[0]), Response::default());
    let ask = |tag, size| Request::Words { tag, size };
    let reset = reply(TAG, Status::Reset);
    assert_eq!(receiver.handle_request(Bit::Zero, ask(TAG, 24)), reset);
    let none = Response::default();
    for size in [25, 7] {
        let mut receiver = open();
        assert_eq!(receiver.handle_request(Bit::Zero, ask(TAG, size)), none);
        assert!(!receiver.uses_words());
    }
    let mut receiver = open();
    let unknown = receiver.handle_request(Bit::Zero, ask(TAG, STATUS_ONLY));
    assert_eq!(unknown, reset, "it opens nothing");
    let mut receiver = open_words(8);
    assert_eq!(
        receiver.handle_request(Bit::Zero, ask(TAG + 1, 8)),
        reply(TAG + 1, Status::Reset)
    );
    let response = receiver.handle_bit(Bit::One);
    assert_eq!(response, reply(TAG, Status::Ok(1)), "it falls back to bits");
    assert_eq!(receiver.handle_word(&words[0]), none);
    assert_eq!(receiver.handle_request(Bit::Zero, ask(TAG, 8)), none);
}

/// The first bit of a sender that falls back to bits may be swallowed; then its repetition says so.
#[test]
fn a_repeated_bit_falls_back_to_bits_too() {
    let mut receiver = open_words(8);
    let taken = reply(TAG, Status::Ok(1));
    assert_eq!(resend(&mut receiver, Bit::One, 0), taken);
    assert_eq!(resend(&mut receiver, Bit::One, 0), taken);
    assert_eq!(receiver.handle_bit(Bit::One), reply(TAG, Status::Ok(2)));
}

#[test]
fn no_bit_counts_amid_words() {
    let mut receiver = open_words(8);
    receiver.handle_word(&words(b"some words", 8)[0]);
    assert_eq!(receiver.handle_bit(Bit::One), Response::default());
    assert_eq!(resend(&mut receiver, Bit::One, 1), Response::default());
    let other = Request::Resend {
        tag: TAG + 1,
        index: 1,
    };
    let reset = reply(TAG + 1, Status::Reset);
    assert_eq!(receiver.handle_request(Bit::One, other), reset);
    assert!(receiver.uses_words());
}

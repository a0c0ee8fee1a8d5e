//! The receiving end of the reliable link, for one sender: a state machine without timers.
//!
//! A transfer opens with two hellos and brings one frame, in bits or in words (AS-30). Each bit, request or word leads to at
//! most one reply and one outcome.
//!
//! A complete message is not delivered yet: its last bit stays unanswered until [`FrameReceiver::handle_written`], and a
//! client that asks meanwhile is told to wait.

use alloc::vec::Vec;

use super::bits::Bit;
use super::control::{Reply, Request, STATUS_ONLY, Status, Tag};
use super::decoder::{Decoded, FrameDecoder};
use super::frame::VERSION;
use super::reason::Reason;
use super::rtt::burst_len;
use super::word::{MAX_SIZE, MIN_SIZE, Word};

/// Receives the messages of one sender, one transfer after the other; see the module's text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FrameReceiver {
    limit: usize,
    /// Bytes in a word of the next transfer; 0 where words are not taken.
    offer: u8,
    state: State,
    /// The transfer's tag; 0 before the first transfer.
    tag: Tag,
    /// Bytes in each word of this transfer; `None` on the bit lane.
    words: Option<u8>,
    /// The bit or word that is due next.
    next: u64,
    decoder: FrameDecoder,
    held: bool,
    /// Requests in a row without progress.
    repeated: u32,
    resent: u64,
}

/// The stages of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// There was no transfer yet, or another program has begun to send.
    Idle,
    /// The hello on SIGUSR1 has come, the one on SIGUSR2 has not.
    Greeted,
    /// Both have come, and the frame is under way.
    Open,
    /// The frame is complete, and the message not yet written.
    Unwritten,
    /// The message was written, or it was rejected at its end.
    Ended(Result<(), Reason>),
    /// The message was rejected early, so that the sender may still be in the middle of it.
    Refused(Reason),
}

/// What a signal leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The reply to send now, if any.
    pub reply: Option<Reply>,
    /// What became of a message, if anything did.
    pub outcome: Option<Outcome>,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The message is complete and is to be written; then call [`FrameReceiver::handle_written`].
    Complete {
        /// Its bytes.
        payload: Vec<u8>,
        /// Repeated bits, requests and words while it came.
        resent: u64,
    },
    /// The message will not be delivered.
    Rejected(Reason),
    /// The sender began another transfer in the middle of this one.
    Abandoned,
}

impl FrameReceiver {
    /// Returns a receiver of messages of at most `limit` bytes, in bits only.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self::with_words(limit, 0)
    }

    /// Returns a receiver that also takes words of up to `size` bytes, [`MIN_SIZE`] to [`MAX_SIZE`].
    #[must_use]
    pub const fn with_words(limit: usize, size: u8) -> Self {
        Self {
            limit,
            offer: size,
            state: State::Idle,
            tag: 0,
            words: None,
            next: 0,
            decoder: FrameDecoder::new(limit),
            held: false,
            repeated: 0,
            resent: 0,
        }
    }

    /// Sets the word size that later transfers are offered; 0 offers no words.
    pub const fn set_word_size(&mut self, size: u8) {
        self.offer = size;
    }

    /// Takes a bare bit.
    pub fn handle_bit(&mut self, bit: Bit) -> Response {
        match self.state {
            State::Open => {}
            State::Refused(_) => return self.status(),
            State::Ended(_) => {
                // Another program sends now: its bits are another dialect's, and this transfer is not asked about again.
                *self = Self::with_words(self.limit, self.offer);
                return Response::default();
            }
            // Sent before the hellos, by an earlier process of this PID; or after the last bit.
            State::Idle | State::Greeted | State::Unwritten => return Response::default(),
        }
        if self.words.is_some() {
            if self.next > 0 {
                return Response::default();
            }
            // Our reply to the request for words cannot reach the sender, which falls back to bits.
            self.words = None;
        }
        self.take(bit)
    }

    /// Takes a word; one that is not the next is not taken, and its reply says which is.
    pub fn handle_word(&mut self, word: &Word) -> Response {
        let (Some(size), Some(index)) = (self.words, word.index()) else {
            // Sent before the request for words, by an earlier process of this PID.
            return Response::default();
        };
        if self.state == State::Open && u64::from(index) == self.next {
            self.repeated = 0;
            self.next += 1;
            let size = usize::from(size).min(MAX_SIZE);
            let decoded = self.decoder.push_bytes(&word.bytes[..size]);
            return self.progress(decoded, word.wants_reply());
        }
        self.count_resent();
        if word.wants_reply() {
            self.status()
        } else {
            Response::default()
        }
    }

    /// Takes a request that came on the signal for `bit`.
    pub fn handle_request(&mut self, bit: Bit, request: Request) -> Response {
        match request {
            Request::Hello { tag, version } if version != VERSION => {
                reply(tag, Status::Rejected(Reason::Version))
            }
            Request::Hello { tag, .. } => self.handle_hello(bit, tag),
            Request::Resend { tag, index } => self.handle_resend(bit, tag, index),
            Request::Words { tag, size } => self.handle_words_request(tag, size),
        }
    }

    /// Takes the news that the message of the transfer `tag` was written, or why not, and returns the reply that is due.
    pub fn handle_written(&mut self, tag: Tag, result: Result<(), Reason>) -> Option<Reply> {
        if tag != self.tag || self.state != State::Unwritten {
            return None;
        }
        self.held = false;
        self.state = State::Ended(result);
        Some(self.status_reply())
    }

    /// Refuses the message under way and returns the reply that is due, if there is a message.
    pub fn refuse(&mut self, reason: Reason) -> Option<Reply> {
        if !self.in_message() {
            return None;
        }
        self.decoder = FrameDecoder::new(self.limit);
        self.state = State::Refused(reason);
        Some(self.status_reply())
    }

    /// Sets whether the replies that let the sender go on are withheld; it is told to wait instead.
    pub const fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// Ends [`hold`](Self::hold) and returns the reply that was withheld.
    pub fn release(&mut self) -> Option<Reply> {
        let was_held = core::mem::take(&mut self.held);
        (was_held && self.in_message()).then(|| self.status_reply())
    }

    /// Returns how often in a row to send a reply: more than once when the same request keeps coming.
    #[must_use]
    pub const fn burst_len(&self) -> u32 {
        if self.held {
            // It keeps asking because it is told to.
            return 1;
        }
        burst_len(self.repeated)
    }

    /// Returns the transfer's tag; 0 before the first.
    #[must_use]
    pub const fn tag(&self) -> Tag {
        self.tag
    }

    /// Returns the limit on a message, in bytes.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Returns whether no transfer is under way, so that a bare bit belongs to another dialect.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Idle | State::Ended(_))
    }

    /// Returns whether this transfer is one of words.
    #[must_use]
    pub const fn uses_words(&self) -> bool {
        self.words.is_some()
    }

    /// Returns whether a transfer is open and its message not complete.
    #[must_use]
    pub const fn in_message(&self) -> bool {
        matches!(self.state, State::Greeted | State::Open)
    }

    /// Returns whether the sender is owed nothing: no message is under way or unwritten.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        !matches!(self.state, State::Greeted | State::Open | State::Unwritten)
    }

    /// Returns the number of payload bytes held of the message under way.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.decoder.held()
    }

    /// Returns the number of payload bytes still to come, once the frame's length has come.
    #[must_use]
    pub const fn missing_bytes(&self) -> usize {
        self.decoder.missing()
    }

    fn handle_hello(&mut self, bit: Bit, tag: Tag) -> Response {
        if tag == self.tag && tag != 0 {
            if bit == Bit::One && self.state == State::Greeted {
                self.state = State::Open;
                self.repeated = 0;
            } else {
                self.count_repeated();
            }
            return self.status();
        }
        if bit == Bit::One || tag == 0 {
            return reply(tag, Status::Reset);
        }
        let is_abandoned = self.state == State::Open && self.next > 0;
        *self = Self {
            tag,
            state: State::Greeted,
            ..Self::with_words(self.limit, self.offer)
        };
        Response {
            outcome: is_abandoned.then_some(Outcome::Abandoned),
            ..self.status()
        }
    }

    /// What was queued before this request has been taken, so words that follow are this transfer's.
    fn handle_words_request(&mut self, tag: Tag, size: u8) -> Response {
        if !self.is_known(tag) {
            return reply(tag, Status::Reset);
        }
        if size == STATUS_ONLY {
            return match self.words {
                Some(_) => self.status(),
                None => reply(tag, Status::Reset),
            };
        }
        let fits = (MIN_SIZE..=usize::from(self.offer)).contains(&usize::from(size));
        if !fits || self.next > 0 && self.words.is_none() {
            // Never offered; or sent before the sender fell back to bits.
            return Response::default();
        }
        if self.next == 0 {
            self.words = Some(size);
        }
        self.status()
    }

    fn handle_resend(&mut self, bit: Bit, tag: Tag, index: u64) -> Response {
        if self.words.is_some() && tag == self.tag && self.next > 0 {
            return Response::default();
        }
        let is_over = matches!(self.state, State::Unwritten | State::Ended(_));
        if !self.is_known(tag) || index > self.next || (index == self.next && is_over) {
            return reply(tag, Status::Reset);
        }
        self.count_resent();
        self.count_repeated();
        if index < self.next || self.state != State::Open {
            return self.status();
        }
        // As in `handle_bit`: the sender falls back to bits.
        self.words = None;
        self.take(bit)
    }

    /// Returns whether both hellos of the transfer `tag` have come.
    fn is_known(&self, tag: Tag) -> bool {
        tag == self.tag && !matches!(self.state, State::Idle | State::Greeted)
    }

    const fn count_resent(&mut self) {
        self.resent += 1;
    }

    fn count_repeated(&mut self) {
        // A client that is told to wait asks again because of that, and not because our replies are swallowed.
        if !self.held && self.state != State::Unwritten {
            self.repeated = self.repeated.saturating_add(1);
        }
    }

    fn take(&mut self, bit: Bit) -> Response {
        self.repeated = 0;
        self.next += 1;
        let decoded = self.decoder.push(bit);
        self.progress(decoded, true)
    }

    /// Returns what follows from the decoder's result; `wants_reply` is whether the sender asks how the transfer stands.
    fn progress(&mut self, decoded: Option<Decoded>, wants_reply: bool) -> Response {
        match decoded {
            None if wants_reply => self.status(),
            None => Response::default(),
            Some(Ok(payload)) => {
                self.state = State::Unwritten;
                Response {
                    reply: None,
                    outcome: Some(Outcome::Complete {
                        payload,
                        resent: core::mem::take(&mut self.resent),
                    }),
                }
            }
            Some(Err(reason)) => {
                self.state = match reason {
                    Reason::Checksum => State::Ended(Err(reason)),
                    _ => State::Refused(reason),
                };
                Response {
                    outcome: Some(Outcome::Rejected(reason)),
                    ..self.status()
                }
            }
        }
    }

    fn status(&self) -> Response {
        Response {
            reply: Some(self.status_reply()),
            outcome: None,
        }
    }

    const fn status_reply(&self) -> Reply {
        let status = match self.state {
            State::Refused(reason) | State::Ended(Err(reason)) => Status::Rejected(reason),
            State::Ended(Ok(())) => Status::Delivered(self.next),
            State::Greeted => Status::Greeted { words: self.offer },
            State::Unwritten => Status::Wait(self.next),
            _ if self.held => Status::Wait(self.next),
            _ if self.words.is_some() => Status::Words(self.next),
            _ => Status::Ok(self.next),
        };
        Reply {
            tag: self.tag,
            status,
        }
    }
}

fn reply(tag: Tag, status: Status) -> Response {
    Response {
        reply: Some(Reply { tag, status }),
        outcome: None,
    }
}

#[cfg(test)]
mod tests {
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
}

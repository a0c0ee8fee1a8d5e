//! The receiving end of the reliable link, for one sender.
//!
//! It takes bare bits, questions and words, and returns at most one answer and one outcome for each. A transfer that opened
//! with hellos takes one framed message, in bits or in words (AS-30). A stream without hellos (tag 0) takes frames and a classic client's text, one after
//! the other.
//!
//! A message that is complete is not delivered yet: the last bit stays unanswered until [`Receiver::settle`] is told
//! that the message is written, and a client that asks meanwhile is told to wait.

use alloc::vec::Vec;

use super::bits::Bit;
use super::control::{Answer, Ask, STANDING, Status, Tag};
use super::decoder::{Decoded, Decoder, Reason};
use super::frame::VERSION;
use super::rtt::copies;
use super::word::{LEAST, MOST, Word};

/// The state of one sender's link; see the module's text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receiver {
    limit: usize,
    /// Bytes that a word may have; 0 where words are not taken.
    offer: u8,
    tag: Tag,
    /// Bytes in each word of this transfer; `None` on the bit lane.
    words: Option<u8>,
    /// Whether the hello on SIGUSR2 has come too. A stream without hellos is open from the start.
    open: bool,
    next: u64,
    decoder: Decoder,
    /// Whether the present message came in a frame, or the last one if there is none.
    framed: bool,
    /// Messages handed out and not settled yet.
    unsettled: u32,
    /// How the last message ended, until the next begins.
    verdict: Option<Result<(), Reason>>,
    /// Why nothing more is taken: the stream cannot be followed.
    refused: Option<Reason>,
    held: bool,
    /// Questions in a row without progress.
    repeated: u32,
    resent: u64,
}

/// What a signal leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reaction {
    /// The status to send back now, if any.
    pub answer: Option<Answer>,
    /// What became of a message, if anything did.
    pub outcome: Option<Outcome>,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is complete, and to be written; [`Receiver::settle`] wants to know how that went.
    Complete {
        /// Its bytes.
        payload: Vec<u8>,
        /// Whether it came in a frame.
        framed: bool,
        /// Questions asked again while it came.
        resent: u64,
    },
    /// It will not be delivered.
    Rejected(Reason),
    /// Its sender began another transfer in the middle of it.
    Abandoned,
}

impl Receiver {
    /// A sender of whom nothing is known, whose messages may have `limit` bytes.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self::offering(limit, 0)
    }

    /// As [`new`](Self::new), and may send words of `words` bytes, [`LEAST`] to [`MOST`].
    #[must_use]
    pub const fn offering(limit: usize, words: u8) -> Self {
        Self::with_tag(limit, words, 0)
    }

    /// From the next transfer on, it may send words of `words` bytes; 0: none.
    pub const fn offer(&mut self, words: u8) {
        self.offer = words;
    }

    const fn with_tag(limit: usize, offer: u8, tag: Tag) -> Self {
        Self {
            limit,
            offer,
            tag,
            words: None,
            open: tag == 0,
            next: 0,
            decoder: Decoder::new(limit, tag == 0),
            framed: tag != 0,
            unsettled: 0,
            verdict: None,
            refused: None,
            held: false,
            repeated: 0,
            resent: 0,
        }
    }

    /// Takes a bare bit.
    pub fn bit(&mut self, bit: Bit) -> Reaction {
        if !self.open {
            // Sent before the hellos, by whoever had this PID then.
            return Reaction::default();
        }
        if self.refused.is_some() {
            return self.standing();
        }
        if self.tag != 0 && self.unsettled > 0 {
            return Reaction::default();
        }
        if self.tag != 0 && self.verdict.is_some() {
            // The transfer is over: what follows without a hello is another program's stream.
            *self = Self::offering(self.limit, self.offer);
        }
        if self.words.is_some() {
            if self.next > 0 {
                return Reaction::default();
            }
            // Our answer to the question for words cannot reach the sender, and it does without.
            self.words = None;
        }
        self.take(bit)
    }

    /// Takes a word. One that is not the next is not taken: its sender is told which is.
    pub fn word(&mut self, word: &Word) -> Reaction {
        let (Some(size), Some(index)) = (self.words, word.index()) else {
            // Sent before the question for words, by whoever had this PID then.
            return Reaction::default();
        };
        let index = u64::from(index);
        let over = self.refused.is_some() || self.unsettled > 0 || self.verdict.is_some();
        if index == self.next && !over {
            self.repeated = 0;
            self.next += 1;
            let size = usize::from(size).min(MOST);
            let decoded = self.decoder.push_bytes(&word.bytes[..size]);
            let due = word.wants_answer();
            return self.decoded(decoded, due);
        }
        self.count_again();
        if word.wants_answer() {
            self.standing()
        } else {
            Reaction::default()
        }
    }

    /// Takes a question that came on the signal for `bit`.
    pub fn ask(&mut self, bit: Bit, ask: Ask) -> Reaction {
        match ask {
            Ask::Hello { tag, version } if version != VERSION => {
                answer(tag, Status::Rejected(Reason::Version))
            }
            Ask::Hello { tag, .. } => self.hello(bit, tag),
            Ask::Resend { tag, index } => self.resend(bit, tag, index),
            Ask::Words { tag, size } => self.open_words(tag, size),
        }
    }

    /// How many times in a row the answer to a question is to be sent: more than once when the same question keeps coming,
    /// so that answers were probably swallowed.
    #[must_use]
    pub const fn copies(&self) -> u32 {
        if self.held || self.unsettled > 0 {
            // It keeps asking because it is told to.
            return 1;
        }
        copies(self.repeated)
    }

    /// Whether to withhold the answers that would let the sender go on; an announced one is told to wait instead.
    pub const fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// Ends [`hold`](Self::hold) and returns the answer that was withheld.
    pub fn release(&mut self) -> Option<Answer> {
        let was_held = core::mem::take(&mut self.held);
        let due = was_held && self.unsettled == 0 && self.verdict.is_none();
        (due && self.refused.is_none()).then(|| self.standing_answer())
    }

    /// Says that a message of the transfer `tag` was written, or why not, and returns the answer that is due.
    pub fn settle(&mut self, tag: Tag, result: Result<(), Reason>) -> Option<Answer> {
        if tag != self.tag || self.unsettled == 0 {
            return None;
        }
        self.unsettled -= 1;
        self.held = false;
        let status = match result {
            Ok(()) => Status::Delivered(self.next),
            Err(reason) => Status::Rejected(reason),
        };
        if !self.decoder.in_message() {
            self.verdict = Some(result);
        }
        self.intelligible(Answer { tag, status })
    }

    /// Refuses what is not complete yet and everything after it; returns the answer that is due if a message was under way.
    pub fn refuse(&mut self, reason: Reason) -> Option<Answer> {
        if self.unsettled > 0 || self.verdict.is_some() || self.refused.is_some() {
            return None;
        }
        let due = self.in_message();
        self.decoder = Decoder::new(self.limit, false);
        self.refused = Some(reason);
        due.then(|| self.standing_answer())
            .and_then(|answer| self.intelligible(answer))
    }

    /// Drops a message that is not complete and returns the answer that is due. A stream without hellos begins afresh; an
    /// announced transfer is over.
    pub fn drop_half(&mut self, reason: Reason) -> Option<Answer> {
        if self.tag != 0 {
            return self.refuse(reason);
        }
        self.decoder = Decoder::new(self.limit, true);
        None
    }

    /// The transfer's tag; 0 for a stream that was not announced by hellos.
    #[must_use]
    pub const fn tag(&self) -> Tag {
        self.tag
    }

    /// The longest message, in bytes.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Whether a bare bit would begin a stream of which nothing is known: there was none, or a transfer is over.
    #[must_use]
    pub const fn is_blank(&self) -> bool {
        if self.tag == 0 {
            self.next == 0
        } else {
            self.unsettled == 0 && self.refused.is_none() && self.verdict.is_some()
        }
    }

    /// Whether this transfer is one of words.
    #[must_use]
    pub const fn takes_words(&self) -> bool {
        self.words.is_some()
    }

    /// Whether part of a message, or of the hellos before it, has been taken.
    #[must_use]
    pub fn in_message(&self) -> bool {
        let opening = self.tag != 0 && self.next == 0 && self.refused.is_none();
        opening || self.decoder.in_message()
    }

    /// Whether no whole byte of a message is held, and none waits to be settled.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.unsettled == 0 && self.decoder.held() == 0 && !self.decoder.in_frame()
    }

    /// Payload bytes held of a message that is not complete.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.decoder.held()
    }

    /// Payload bytes of a frame that are still to come, once its length has come.
    #[must_use]
    pub const fn missing_bytes(&self) -> usize {
        self.decoder.missing()
    }

    fn hello(&mut self, bit: Bit, tag: Tag) -> Reaction {
        if tag == self.tag && tag != 0 {
            if bit == Bit::One && !self.open {
                self.open = true;
                self.repeated = 0;
            } else {
                self.asked_again();
            }
            return self.standing();
        }
        if bit == Bit::One || tag == 0 {
            return answer(tag, Status::Reset);
        }
        let abandoned = self.decoder.in_message();
        *self = Self::with_tag(self.limit, self.offer, tag);
        Reaction {
            outcome: abandoned.then_some(Outcome::Abandoned),
            ..self.standing()
        }
    }

    /// What was queued before this question has been taken: words that follow are this transfer's.
    fn open_words(&mut self, tag: Tag, size: u8) -> Reaction {
        if tag != self.tag || tag == 0 || !self.open {
            return answer(tag, Status::Reset);
        }
        if size == STANDING {
            return match self.words {
                Some(_) => self.standing(),
                None => answer(tag, Status::Reset),
            };
        }
        let fits = (LEAST..=usize::from(self.offer)).contains(&usize::from(size));
        if !fits || self.next > 0 && self.words.is_none() {
            // Never offered; or asked before it was given up for bits.
            return Reaction::default();
        }
        if self.next == 0 {
            self.words = Some(size);
        }
        self.standing()
    }

    fn resend(&mut self, bit: Bit, tag: Tag, index: u64) -> Reaction {
        if self.words.is_some() && tag == self.tag && self.next > 0 {
            return Reaction::default();
        }
        let over = self.tag != 0 && (self.unsettled > 0 || self.verdict.is_some());
        if tag != self.tag || !self.open || index > self.next || (index == self.next && over) {
            return answer(tag, Status::Reset);
        }
        self.count_again();
        self.asked_again();
        if index < self.next || self.refused.is_some() {
            return self.standing();
        }
        // As in `bit`: the sender does without words.
        self.words = None;
        let reaction = self.take(bit);
        if reaction == Reaction::default() {
            return self.standing();
        }
        reaction
    }

    const fn count_again(&mut self) {
        self.resent += 1;
    }

    fn asked_again(&mut self) {
        // One who is told to wait asks because of that, and not because our answers are swallowed.
        if !self.held && self.unsettled == 0 {
            self.repeated = self.repeated.saturating_add(1);
        }
    }

    fn take(&mut self, bit: Bit) -> Reaction {
        self.repeated = 0;
        self.next += 1;
        self.verdict = None;
        let decoded = self.decoder.push(bit);
        self.decoded(decoded, true)
    }

    /// What follows from what the decoder says. `due`: the sender is to be told how the transfer stands.
    fn decoded(&mut self, decoded: Option<Decoded>, due: bool) -> Reaction {
        if self.decoder.in_message() {
            self.framed = self.tag != 0 || self.decoder.in_frame();
        }
        match decoded {
            // One who did not announce himself would take it for leave to go on.
            None if !due || self.held && self.tag == 0 => Reaction::default(),
            None => self.standing(),
            Some(Decoded::Message { payload, framed }) => {
                self.unsettled += 1;
                Reaction {
                    answer: None,
                    outcome: Some(Outcome::Complete {
                        payload,
                        framed,
                        resent: core::mem::take(&mut self.resent),
                    }),
                }
            }
            Some(Decoded::Rejected { reason, lost }) => {
                self.resent = 0;
                if lost {
                    self.refused = Some(reason);
                } else {
                    self.verdict = Some(Err(reason));
                }
                Reaction {
                    outcome: Some(Outcome::Rejected(reason)),
                    ..self.standing()
                }
            }
        }
    }

    fn standing(&self) -> Reaction {
        Reaction {
            answer: self.intelligible(self.standing_answer()),
            outcome: None,
        }
    }

    /// `answer`, unless it is a rejection and the sender is a classic one, which takes any signal for an acknowledgement.
    fn intelligible(&self, answer: Answer) -> Option<Answer> {
        let misread = !self.framed && matches!(answer.status, Status::Rejected(_));
        (!misread).then_some(answer)
    }

    fn standing_answer(&self) -> Answer {
        let status = match (self.refused, self.verdict) {
            (Some(reason), _) | (None, Some(Err(reason))) => Status::Rejected(reason),
            (None, Some(Ok(()))) => Status::Delivered(self.next),
            _ if !self.open => Status::Greeted { words: self.offer },
            _ if self.tag != 0 && self.unsettled > 0 || self.held => Status::Wait(self.next),
            _ if self.words.is_some() => Status::Words(self.next),
            _ => Status::Ok(self.next),
        };
        Answer {
            tag: self.tag,
            status,
        }
    }
}

fn answer(tag: Tag, status: Status) -> Reaction {
    Reaction {
        answer: Some(Answer { tag, status }),
        outcome: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::Frame;
    use super::*;

    const TAG: Tag = 7;

    /// A receiver that has been asked for words of this size.
    fn opened(size: u8) -> Receiver {
        let mut receiver = Receiver::offering(1000, 24);
        for (bit, status) in [
            (Bit::Zero, Status::Greeted { words: 24 }),
            (Bit::One, Status::Ok(0)),
        ] {
            let hello = Ask::Hello {
                tag: TAG,
                version: VERSION,
            };
            assert_eq!(receiver.ask(bit, hello), answer(TAG, status));
        }
        let ask = Ask::Words { tag: TAG, size };
        assert_eq!(receiver.ask(Bit::Zero, ask), answer(TAG, Status::Words(0)));
        receiver
    }

    fn words(message: &[u8], size: usize) -> Vec<Word> {
        let frame = Frame::new(message).unwrap();
        let count = frame.bytes().div_ceil(size) as u32;
        let word = |index| {
            let mut bytes = [0; MOST];
            frame.copy(index as usize * size, &mut bytes[..size]);
            Word::data(index, true, bytes)
        };
        (0..count).map(word).collect()
    }

    #[test]
    fn a_word_is_taken_once_and_in_its_turn() {
        for size in [8, 24] {
            let mut receiver = opened(size);
            let words = words(&[0xA5; 100], size.into());
            let standing = |next| answer(TAG, Status::Words(next));
            assert_eq!(receiver.word(&words[1]), standing(0), "too early");
            assert_eq!(receiver.word(&words[0]), standing(1));
            assert_eq!(receiver.word(&words[0]), standing(1), "again");
            for word in &words[1..words.len() - 1] {
                assert!(receiver.word(word).outcome.is_none());
            }
            let last = receiver.word(&words[words.len() - 1]);
            let Some(Outcome::Complete {
                payload,
                framed: true,
                resent: 2,
            }) = last.outcome
            else {
                panic!("{last:?}");
            };
            assert_eq!(payload, [0xA5; 100]);
            let end = words.len() as u64;
            assert_eq!(receiver.word(&words[0]), answer(TAG, Status::Wait(end)));
            let delivered = Some(Answer {
                tag: TAG,
                status: Status::Delivered(end),
            });
            assert_eq!(receiver.settle(TAG, Ok(())), delivered);
            assert_eq!(receiver.word(&words[0]).answer, delivered);
        }
    }

    #[test]
    fn what_was_not_asked_for_is_not_a_word() {
        let words = words(b"x", 8);
        let mut receiver = Receiver::offering(1000, 24);
        assert_eq!(receiver.word(&words[0]), Reaction::default());
        let ask = |tag, size| Ask::Words { tag, size };
        assert_eq!(
            receiver.ask(Bit::Zero, ask(TAG, 24)),
            answer(TAG, Status::Reset)
        );
        let mut receiver = opened(8);
        assert_eq!(receiver.ask(Bit::Zero, ask(TAG, 25)), Reaction::default());
        assert_eq!(
            receiver.ask(Bit::Zero, ask(TAG + 1, 8)),
            answer(TAG + 1, Status::Reset)
        );
        assert!(
            receiver.bit(Bit::One).answer.is_some(),
            "it does without words"
        );
        assert_eq!(receiver.word(&words[0]), Reaction::default());
    }

    /// The first bit of a sender that does without words may be swallowed; then its repetition says so.
    #[test]
    fn words_are_given_up_for_a_repeated_bit_too() {
        let mut receiver = opened(8);
        let (tag, index) = (TAG, 0);
        let first = receiver.ask(Bit::One, Ask::Resend { tag, index });
        assert_eq!(first, answer(tag, Status::Ok(1)));
        let again = receiver.ask(Bit::One, Ask::Resend { tag, index });
        assert_eq!(again, answer(tag, Status::Ok(1)));
        assert_eq!(receiver.bit(Bit::One), answer(tag, Status::Ok(2)));
    }
}

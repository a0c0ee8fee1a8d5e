//! The results of a receiver, computed from the whole log of its bits: slower than the real one, but without any other state.

use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Answer, Ask, STANDING, Status, Tag};
use minitalk::wire::decoder::{Decoded, Reason};
use minitalk::wire::frame::{MAGIC, VERSION};
use minitalk::wire::receiver::{Outcome, Reaction};
use minitalk::wire::word::{LEAST, Word};

use crate::{bits, reference};

/// The reference for `Receiver`.
pub struct Model {
    limit: usize,
    offer: u8,
    /// The bytes in a word, and the number of words taken; `None` on the bit lane.
    pub words: Option<(u8, u64)>,
    /// The tag of the transfer, 0 for a stream without hellos.
    pub tag: Tag,
    heard_both: bool,
    /// Every bit taken since the transfer, or the stream, started.
    pub taken: Vec<Bit>,
    /// The position in `taken` at which the present message starts.
    begin: usize,
    /// Whether the sender has shown that it sends frames: a classic one would misread a rejection.
    framed: bool,
    unsettled: usize,
    verdict: Option<Result<(), Reason>>,
    refused: Option<Reason>,
    held: bool,
    resent: u64,
}

impl Model {
    /// Returns the model of a receiver that knows nothing of its sender.
    pub const fn new(limit: usize, offer: u8) -> Self {
        Self {
            limit,
            offer,
            words: None,
            tag: 0,
            heard_both: true,
            taken: Vec::new(),
            begin: 0,
            framed: false,
            unsettled: 0,
            verdict: None,
            refused: None,
            held: false,
            resent: 0,
        }
    }

    /// Takes a signal and the question in its value.
    pub fn signal(&mut self, bit: Bit, ask: Option<Ask>) -> Reaction {
        match ask {
            None => self.bit(bit),
            Some(Ask::Hello { tag, version }) if version != VERSION => {
                answered(tag, Status::Rejected(Reason::Version))
            }
            Some(Ask::Hello { tag, .. }) if tag == self.tag && tag != 0 => {
                self.heard_both |= bit == Bit::One;
                self.stands()
            }
            Some(Ask::Hello { tag, .. }) if tag == 0 || bit == Bit::One => {
                answered(tag, Status::Reset)
            }
            Some(Ask::Hello { tag, .. }) => {
                let outcome = self.is_half().then_some(Outcome::Abandoned);
                *self = Self::new(self.limit, self.offer);
                self.tag = tag;
                self.heard_both = false;
                let answer = self.stands().answer;
                Reaction { answer, outcome }
            }
            Some(Ask::Resend { tag, index }) => self.resend(bit, tag, index),
            Some(Ask::Words { tag, size }) => self.open_words(tag, size),
        }
    }

    /// Takes a word.
    pub fn word(&mut self, word: &Word) -> Reaction {
        let (Some((size, count)), Some(index)) = (self.words, word.index()) else {
            return Reaction::default();
        };
        let over = self.unsettled > 0 || self.verdict.or(self.refusal()).is_some();
        if over || u64::from(index) != count {
            self.resent += 1;
            return self.stands_if(word.wants_answer());
        }
        self.words = Some((size, count + 1));
        let bytes = bits::to_bytes(&self.taken);
        let bytes = [&bytes[..], &word.bytes[..size.into()]].concat();
        match reference::first(&bytes, self.limit, false) {
            None => {
                self.taken = bits::of_bytes(&bytes);
                self.stands_if(word.wants_answer())
            }
            Some((len, decoded)) => {
                // The rest is padding.
                self.taken = bits::of_bytes(&bytes[..len]);
                self.conclude(decoded)
            }
        }
    }

    /// Returns the next index.
    pub fn next(&self) -> u64 {
        self.words
            .map_or(self.taken.len() as u64, |(_, count)| count)
    }

    fn stands_if(&self, wanted: bool) -> Reaction {
        if wanted {
            self.stands()
        } else {
            Reaction::default()
        }
    }

    fn open_words(&mut self, tag: Tag, size: u8) -> Reaction {
        let known = tag == self.tag && tag != 0 && self.heard_both;
        if !known || size == STANDING && self.words.is_none() {
            return answered(tag, Status::Reset);
        }
        if size == STANDING {
            return self.stands();
        }
        let in_bits = self.words.is_none() && !self.taken.is_empty();
        if usize::from(size) < LEAST || size > self.offer || in_bits {
            return Reaction::default();
        }
        if self.taken.is_empty() {
            self.words = Some((size, 0));
        }
        self.stands()
    }

    /// Mirrors `Receiver::hold`.
    pub const fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// Mirrors `Receiver::release`.
    pub fn release(&mut self) -> Option<Answer> {
        let due = self.held && self.unsettled == 0 && self.verdict.or(self.refusal()).is_none();
        self.held = false;
        due.then(|| self.answer())
    }

    /// Mirrors `Receiver::settle`.
    pub fn settle(&mut self, tag: Tag, result: Result<(), Reason>) -> Option<Answer> {
        if tag != self.tag || self.unsettled == 0 {
            return None;
        }
        self.unsettled -= 1;
        self.held = false;
        if !self.is_half() {
            self.verdict = Some(result);
        }
        let next = self.next();
        let status = result.map_or_else(Status::Rejected, |()| Status::Delivered(next));
        self.unless_misread(Answer { tag, status })
    }

    /// Mirrors `Receiver::refuse`.
    pub fn refuse(&mut self, reason: Reason) -> Option<Answer> {
        if self.unsettled > 0 || self.verdict.or(self.refusal()).is_some() {
            return None;
        }
        let due = self.in_message();
        self.begin = self.taken.len();
        self.refused = Some(reason);
        due.then(|| self.stands().answer).flatten()
    }

    /// Mirrors `Receiver::drop_half`.
    pub fn drop_half(&mut self, reason: Reason) -> Option<Answer> {
        if self.tag == 0 {
            self.begin = self.taken.len();
            return None;
        }
        self.refuse(reason)
    }

    /// Mirrors `Receiver::in_message`.
    pub fn in_message(&self) -> bool {
        let opening = self.tag != 0 && self.taken.is_empty() && self.refused.is_none();
        opening || self.is_half()
    }

    /// Returns whether the sender retransmits because it is paused.
    pub const fn makes_wait(&self) -> bool {
        self.held || self.unsettled > 0
    }

    fn is_half(&self) -> bool {
        self.begin < self.taken.len()
    }

    fn refusal(&self) -> Option<Result<(), Reason>> {
        self.refused.map(Err)
    }

    fn bit(&mut self, bit: Bit) -> Reaction {
        let announced = self.tag != 0;
        if !self.heard_both {
            return Reaction::default();
        }
        if self.refused.is_some() {
            return self.stands();
        }
        if announced && self.unsettled > 0 {
            return Reaction::default();
        }
        if announced && self.verdict.is_some() {
            *self = Self::new(self.limit, self.offer);
        }
        if self.words.is_some() && !self.taken.is_empty() {
            return Reaction::default();
        }
        self.take(bit)
    }

    fn resend(&mut self, bit: Bit, tag: Tag, index: u64) -> Reaction {
        if self.words.is_some() && tag == self.tag && !self.taken.is_empty() {
            return Reaction::default();
        }
        let next = self.taken.len() as u64;
        let over = self.tag != 0 && (self.unsettled > 0 || self.verdict.is_some());
        let known = next + u64::from(!over);
        if tag != self.tag || !self.heard_both || index >= known {
            return answered(tag, Status::Reset);
        }
        self.resent += 1;
        if index < next || self.refused.is_some() {
            return self.stands();
        }
        let reaction = self.take(bit);
        if reaction == Reaction::default() {
            return self.stands();
        }
        reaction
    }

    fn take(&mut self, bit: Bit) -> Reaction {
        self.taken.push(bit);
        self.words = None;
        self.verdict = None;
        let message = &self.taken[self.begin..];
        let decoded = (message.len().is_multiple_of(8))
            .then(|| reference::first(&bits::to_bytes(message), self.limit, self.tag == 0))
            .flatten();
        let Some((_, decoded)) = decoded else {
            let first = bits::to_bytes(&message[..message.len() / 8 * 8]);
            self.framed = first.first() == Some(&MAGIC);
            return if self.held && self.tag == 0 {
                Reaction::default()
            } else {
                self.stands()
            };
        };
        self.conclude(decoded)
    }

    fn conclude(&mut self, decoded: Decoded) -> Reaction {
        self.begin = self.taken.len();
        let resent = std::mem::take(&mut self.resent);
        match decoded {
            Decoded::Message { payload, framed } => {
                self.unsettled += 1;
                let outcome = Outcome::Complete {
                    payload,
                    framed,
                    resent,
                };
                Reaction {
                    answer: None,
                    outcome: Some(outcome),
                }
            }
            Decoded::Rejected { reason, lost } => {
                if lost {
                    self.refused = Some(reason);
                } else {
                    self.verdict = Some(Err(reason));
                }
                let outcome = Some(Outcome::Rejected(reason));
                Reaction {
                    outcome,
                    ..self.stands()
                }
            }
        }
    }

    fn stands(&self) -> Reaction {
        Reaction {
            answer: self.unless_misread(self.answer()),
            outcome: None,
        }
    }

    fn unless_misread(&self, answer: Answer) -> Option<Answer> {
        let rejection = matches!(answer.status, Status::Rejected(_));
        (!rejection || self.tag != 0 || self.framed).then_some(answer)
    }

    fn answer(&self) -> Answer {
        let next = self.next();
        let status = match self.refusal().or(self.verdict) {
            Some(Err(reason)) => Status::Rejected(reason),
            Some(Ok(())) => Status::Delivered(next),
            None if !self.heard_both => Status::Greeted { words: self.offer },
            None if self.held || self.tag != 0 && self.unsettled > 0 => Status::Wait(next),
            None if self.words.is_some() => Status::Words(next),
            None => Status::Ok(next),
        };
        Answer {
            tag: self.tag,
            status,
        }
    }
}

fn answered(tag: Tag, status: Status) -> Reaction {
    Reaction {
        answer: Some(Answer { tag, status }),
        outcome: None,
    }
}

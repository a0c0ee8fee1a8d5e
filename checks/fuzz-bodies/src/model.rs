//! What a receiver must say, from the whole log of the bits it took: slower than the real one, and with nothing to
//! carry from bit to bit but the log.

use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Answer, Ask, Status, Tag};
use minitalk::wire::decoder::{Decoded, Reason};
use minitalk::wire::frame::{MAGIC, VERSION};
use minitalk::wire::receiver::{Outcome, Reaction};

use crate::{bits, reference};

/// The reference for `Receiver`.
pub struct Model {
    limit: usize,
    /// The transfer, 0 for a stream without hellos.
    pub tag: Tag,
    heard_both: bool,
    /// Every bit that was taken since the transfer, or the stream, began.
    pub taken: Vec<Bit>,
    /// Where in `taken` the present message begins.
    begin: usize,
    /// Whether the sender speaks frames, as far as it has shown: a classic one would misread a rejection.
    framed: bool,
    unsettled: usize,
    verdict: Option<Result<(), Reason>>,
    refused: Option<Reason>,
    held: bool,
    resent: u64,
}

impl Model {
    /// Nothing is known of the sender.
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
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

    /// A signal, with what its value asks.
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
                *self = Self::new(self.limit);
                self.tag = tag;
                self.heard_both = false;
                let answer = self.stands().answer;
                Reaction { answer, outcome }
            }
            Some(Ask::Resend { tag, index }) => self.resend(bit, tag, index),
            Some(Ask::Words { tag, .. }) if tag != self.tag || tag == 0 || !self.heard_both => {
                answered(tag, Status::Reset)
            }
            // They are not offered.
            Some(Ask::Words { .. }) => Reaction::default(),
        }
    }

    /// See `Receiver::hold`.
    pub const fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// See `Receiver::release`.
    pub fn release(&mut self) -> Option<Answer> {
        let due = self.held && self.unsettled == 0 && self.verdict.or(self.refusal()).is_none();
        self.held = false;
        due.then(|| self.answer())
    }

    /// See `Receiver::settle`.
    pub fn settle(&mut self, tag: Tag, result: Result<(), Reason>) -> Option<Answer> {
        if tag != self.tag || self.unsettled == 0 {
            return None;
        }
        self.unsettled -= 1;
        self.held = false;
        if !self.is_half() {
            self.verdict = Some(result);
        }
        let next = self.taken.len() as u64;
        let status = result.map_or_else(Status::Rejected, |()| Status::Delivered(next));
        self.unless_misread(Answer { tag, status })
    }

    /// See `Receiver::refuse`.
    pub fn refuse(&mut self, reason: Reason) -> Option<Answer> {
        if self.unsettled > 0 || self.verdict.or(self.refusal()).is_some() {
            return None;
        }
        let due = self.in_message();
        self.begin = self.taken.len();
        self.refused = Some(reason);
        due.then(|| self.stands().answer).flatten()
    }

    /// See `Receiver::drop_half`.
    pub fn drop_half(&mut self, reason: Reason) -> Option<Answer> {
        if self.tag == 0 {
            self.begin = self.taken.len();
            return None;
        }
        self.refuse(reason)
    }

    /// See `Receiver::in_message`.
    pub fn in_message(&self) -> bool {
        let opening = self.tag != 0 && self.taken.is_empty() && self.refused.is_none();
        opening || self.is_half()
    }

    /// Whether the sender asks again because it is told to.
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
            *self = Self::new(self.limit);
        }
        self.take(bit)
    }

    fn resend(&mut self, bit: Bit, tag: Tag, index: u64) -> Reaction {
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
        let next = self.taken.len() as u64;
        let status = match self.refusal().or(self.verdict) {
            Some(Err(reason)) => Status::Rejected(reason),
            Some(Ok(())) => Status::Delivered(next),
            None if !self.heard_both => Status::Greeted { words: 0 },
            None if self.held || self.tag != 0 && self.unsettled > 0 => Status::Wait(next),
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

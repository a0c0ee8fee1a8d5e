//! What a receiver must reply, from the whole log of the bits it took: slower than the real one, and with nothing to carry
//! from bit to bit but the log.

use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Reply, Request, STATUS_ONLY, Status, Tag};
use minitalk::wire::decoder::Decoded;
use minitalk::wire::frame::VERSION;
use minitalk::wire::reason::Reason;
use minitalk::wire::receiver::{Outcome, Response};
use minitalk::wire::word::{MIN_SIZE, Word};

use crate::{bits, reference};

/// The reference for `FrameReceiver`.
pub struct Model {
    limit: usize,
    offer: u8,
    /// The bytes in a word, and the number of words taken; `None` on the bit lane.
    pub words: Option<(u8, u64)>,
    /// The transfer; 0 before the first.
    pub tag: Tag,
    has_both_hellos: bool,
    /// Every bit that was taken since the transfer began.
    pub taken: Vec<Bit>,
    /// Whether the frame is complete, and not known to be written.
    is_unwritten: bool,
    /// How the message ended at its end.
    ended: Option<Result<(), Reason>>,
    /// Why the message was rejected before its end.
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
            has_both_hellos: false,
            taken: Vec::new(),
            is_unwritten: false,
            ended: None,
            refused: None,
            held: false,
            resent: 0,
        }
    }

    /// A signal, with the request in its value.
    pub fn signal(&mut self, bit: Bit, request: Option<Request>) -> Response {
        match request {
            None => self.bit(bit),
            Some(Request::Hello { tag, version }) if version != VERSION => {
                replied(tag, Status::Rejected(Reason::Version))
            }
            Some(Request::Hello { tag, .. }) if tag == self.tag && tag != 0 => {
                self.has_both_hellos |= bit == Bit::One && self.refused.is_none();
                self.status()
            }
            Some(Request::Hello { tag, .. }) if tag == 0 || bit == Bit::One => {
                replied(tag, Status::Reset)
            }
            Some(Request::Hello { tag, .. }) => {
                let is_half = self.in_message() && !self.taken.is_empty();
                *self = Self {
                    tag,
                    ..Self::new(self.limit, self.offer)
                };
                Response {
                    outcome: is_half.then_some(Outcome::Abandoned),
                    ..self.status()
                }
            }
            Some(Request::Resend { tag, index }) => self.resend(bit, tag, index),
            Some(Request::Words { tag, size }) => self.open_words(tag, size),
        }
    }

    /// A word.
    pub fn word(&mut self, word: &Word) -> Response {
        let (Some((size, count)), Some(index)) = (self.words, word.index()) else {
            return Response::default();
        };
        if !self.in_message() || u64::from(index) != count {
            self.resent += 1;
            return self.status_if(word.wants_reply());
        }
        self.words = Some((size, count + 1));
        let bytes = bits::to_bytes(&self.taken);
        let bytes = [&bytes[..], &word.bytes[..size.into()]].concat();
        match reference::parse(&bytes, self.limit) {
            None => {
                self.taken = bits::of_bytes(&bytes);
                self.status_if(word.wants_reply())
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

    fn status_if(&mut self, wanted: bool) -> Response {
        if wanted {
            self.status()
        } else {
            Response::default()
        }
    }

    fn open_words(&mut self, tag: Tag, size: u8) -> Response {
        if !self.is_known(tag) || size == STATUS_ONLY && self.words.is_none() {
            return replied(tag, Status::Reset);
        }
        if size == STATUS_ONLY {
            return self.status();
        }
        let in_bits = self.words.is_none() && !self.taken.is_empty();
        if usize::from(size) < MIN_SIZE || size > self.offer || in_bits {
            return Response::default();
        }
        if self.taken.is_empty() {
            self.words = Some((size, 0));
        }
        self.status()
    }

    /// See `FrameReceiver::hold`.
    pub const fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// See `FrameReceiver::release`.
    pub fn release(&mut self) -> Option<Reply> {
        let due = self.held && self.in_message();
        self.held = false;
        due.then(|| self.reply())
    }

    /// See `FrameReceiver::handle_written`.
    pub fn written(&mut self, tag: Tag, result: Result<(), Reason>) -> Option<Reply> {
        if tag != self.tag || !self.is_unwritten {
            return None;
        }
        self.is_unwritten = false;
        self.held = false;
        self.ended = Some(result);
        Some(self.reply())
    }

    /// See `FrameReceiver::refuse`.
    pub fn refuse(&mut self, reason: Reason) -> Option<Reply> {
        if !self.in_message() {
            return None;
        }
        self.refused = Some(reason);
        Some(self.reply())
    }

    /// See `FrameReceiver::in_message`.
    pub const fn in_message(&self) -> bool {
        self.tag != 0 && !self.is_unwritten && self.ended.is_none() && self.refused.is_none()
    }

    /// Returns whether the sender retransmits because it is paused.
    pub const fn makes_wait(&self) -> bool {
        self.held || self.is_unwritten
    }

    /// Whether the receiver knows the transfer `tag` beyond its first hello.
    fn is_known(&self, tag: Tag) -> bool {
        tag == self.tag && tag != 0 && (self.has_both_hellos || self.refused.is_some())
    }

    fn bit(&mut self, bit: Bit) -> Response {
        if self.refused.is_some() {
            return self.status();
        }
        if self.ended.is_some() {
            *self = Self::new(self.limit, self.offer);
        }
        let is_amid_words = self.words.is_some() && !self.taken.is_empty();
        if !self.has_both_hellos || !self.in_message() || is_amid_words {
            return Response::default();
        }
        self.take(bit)
    }

    fn resend(&mut self, bit: Bit, tag: Tag, index: u64) -> Response {
        if self.words.is_some() && tag == self.tag && self.next() > 0 {
            return Response::default();
        }
        let next = self.taken.len() as u64;
        let is_over = self.is_unwritten || self.ended.is_some();
        if !self.is_known(tag) || index >= next + u64::from(!is_over) {
            return replied(tag, Status::Reset);
        }
        self.resent += 1;
        if index < next || self.refused.is_some() {
            return self.status();
        }
        self.take(bit)
    }

    fn take(&mut self, bit: Bit) -> Response {
        self.taken.push(bit);
        self.words = None;
        let decoded = (self.taken.len().is_multiple_of(8))
            .then(|| reference::parse(&bits::to_bytes(&self.taken), self.limit))
            .flatten();
        match decoded {
            Some((_, decoded)) => self.conclude(decoded),
            None => self.status(),
        }
    }

    fn conclude(&mut self, decoded: Decoded) -> Response {
        match decoded {
            Ok(payload) => {
                self.is_unwritten = true;
                let resent = std::mem::take(&mut self.resent);
                Response {
                    reply: None,
                    outcome: Some(Outcome::Complete { payload, resent }),
                }
            }
            Err(reason) => {
                if reason == Reason::Checksum {
                    self.ended = Some(Err(reason));
                } else {
                    self.refused = Some(reason);
                }
                Response {
                    outcome: Some(Outcome::Rejected(reason)),
                    ..self.status()
                }
            }
        }
    }

    fn status(&self) -> Response {
        Response {
            reply: Some(self.reply()),
            outcome: None,
        }
    }

    fn reply(&self) -> Reply {
        let next = self.next();
        let status = match self.refused.map(Err).or(self.ended) {
            Some(Err(reason)) => Status::Rejected(reason),
            Some(Ok(())) => Status::Delivered(next),
            None if !self.has_both_hellos => Status::Greeted { words: self.offer },
            None if self.makes_wait() => Status::Wait(next),
            None if self.words.is_some() => Status::Words(next),
            None => Status::Ok(next),
        };
        Reply {
            tag: self.tag,
            status,
        }
    }
}

fn replied(tag: Tag, status: Status) -> Response {
    Response {
        reply: Some(Reply { tag, status }),
        outcome: None,
    }
}

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
mod tests;

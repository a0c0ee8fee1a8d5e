//! Receives on the reliable link from one sender: a state machine without timers.
//!
//! A transfer opens when its client brings back the server's nonce, which was sent to the client alone (AS-18). Bits and words
//! count only with the nonces of the open transfer. On the real-time signal a client is greeted only after a bare one, which
//! the kernel attests. So no other process can cause a signal to a process that did not ask.
//!
//! Bits may be lost, repeated and swapped with their neighbours. Words are queued in order, so a word counts only in its turn.
//!
//! A complete message is not delivered yet: its end stays unanswered until [`FrameReceiver::handle_written`], and a client that
//! asks meanwhile is told to wait.

use alloc::vec::Vec;

use super::bit_buffer::BitBuffer;
use super::bits::Bit;
use super::control::{Arrived, Nonce, Nonces, Reply, Request, Status};
use super::decoder::{Decoded, FrameDecoder};
use super::frame::MessageKind;
use super::packet::Channel;
use super::reason::Reason;
use super::rtt::burst_len;
use super::siphash::Key;
use super::word::{Word, proof};

/// Is the version of the protocol, which a hello names.
pub const VERSION: u8 = 2;

/// Receives the messages of one sender, one transfer after the other; see the module's text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FrameReceiver {
    limit: usize,
    /// The key of the server's nonces, until a message is taken.
    key: Key,
    /// Whether words are taken.
    takes_words: bool,
    /// Whether a bare signal has come since the last greeting.
    is_introduced: bool,
    state: State,
    nonces: Nonces,
    in_words: bool,
    /// The word that is due next.
    next: u64,
    bits: BitBuffer,
    decoder: FrameDecoder,
    is_held: bool,
    owed: Owed,
    /// Requests in a row without progress.
    repeated: u32,
    resent: u64,
}

/// Describes the stages of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// There was no transfer yet.
    Idle,
    /// The frame is under way.
    Open,
    /// The frame is complete, and the message not yet written.
    Unwritten,
    /// The message was written, or it will not be.
    Ended(Result<(), Reason>),
}

/// Says whether a client that sends bits is owed a reply, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owed {
    /// Owes no reply.
    Nothing,
    /// Owes a reply once the client has been silent for as long as a signal takes.
    WhenQuiet,
    /// Owes a reply after the signals that are pending: the client asks for it.
    Now,
}

/// Holds the consequences of a signal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Holds the reply to send now, if any.
    pub reply: Option<Reply>,
    /// Says that a message is complete, rejected or abandoned, if one is.
    pub outcome: Option<Outcome>,
}

/// Says how a message has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The message is complete and is to be written; then call [`FrameReceiver::handle_written`].
    Complete {
        /// Says whether the message is a request, a reply or neither.
        kind: MessageKind,
        /// Holds the message's bytes.
        payload: Vec<u8>,
        /// Counts the repeated bits, requests and words of the transfer.
        resent: u64,
    },
    /// The message will not be delivered.
    Rejected(Reason),
    /// The sender began another transfer in the middle of this one.
    Abandoned,
}

impl FrameReceiver {
    /// Returns a receiver of messages of at most `limit` bytes, in words too if `takes_words`.
    ///
    /// The server's nonces are computed with `key`, which must be secret and new for each receiver.
    pub fn new(limit: usize, key: Key, takes_words: bool) -> Self {
        let nonces = Nonces::default();
        Self {
            limit,
            key,
            takes_words,
            is_introduced: false,
            state: State::Idle,
            nonces,
            in_words: false,
            next: 0,
            bits: BitBuffer::default(),
            decoder: FrameDecoder::new(limit, nonces),
            is_held: false,
            owed: Owed::Nothing,
            repeated: 0,
            resent: 0,
        }
    }

    /// Computes the server's nonces with another key from now on, which `number` decides: those before prove nothing any longer.
    pub fn derive_key(&mut self, number: u64) {
        self.key = self.key.derive(number);
    }

    /// Sets whether later transfers may be in words.
    pub const fn set_takes_words(&mut self, takes_words: bool) {
        self.takes_words = takes_words;
    }

    /// Takes a bare real-time signal, by which the kernel attests that the sender has signalled this process.
    pub const fn handle_bare(&mut self) {
        self.is_introduced = true;
    }

    /// Takes a request that came on `channel`.
    pub fn handle_request(&mut self, channel: Channel, request: Request) -> Response {
        match request {
            Request::Hello { client, version } if self.take_introduction(channel) => {
                self.handle_hello(client, version)
            }
            Request::Open {
                nonces, in_words, ..
            } => self.handle_open(nonces, in_words),
            Request::Bit {
                nonces,
                index,
                serial,
                wants_reply,
            } if self.is_current(nonces) && !self.in_words => {
                let bit = match channel {
                    Channel::Usr1 => Bit::Zero,
                    Channel::Usr2 => Bit::One,
                    Channel::Realtime => return Response::default(),
                };
                self.handle_bit(bit, index, serial, wants_reply)
            }
            Request::Word(word)
                if channel == Channel::Realtime
                    && self.in_words
                    && word.proof == proof(self.nonces.server) =>
            {
                self.handle_word(&word)
            }
            _ => Response::default(),
        }
    }

    /// Returns whether the request opens a new transfer: it brings back this server's nonce, with a client's nonce not in use.
    pub fn is_opening(&self, request: &Request) -> bool {
        match request {
            Request::Open {
                nonces, in_words, ..
            } => self.may_open(*nonces, *in_words),
            _ => false,
        }
    }

    /// Returns whether the request carries a nonce, or a proof of one, that only the client and the server know.
    pub fn is_proven(&self, request: &Request) -> bool {
        let has_transfer = self.state != State::Idle;
        match request {
            Request::Hello { client, .. } => has_transfer && *client == self.nonces.client,
            Request::Open { nonces, .. } => self.is_proof(*nonces),
            Request::Bit { nonces, .. } => self.is_current(*nonces),
            Request::Word(word) => has_transfer && word.proof == proof(self.nonces.server),
        }
    }

    /// Returns the reply that is owed to a client of bits: `is_quiet` once no signal follows at once.
    pub fn poll_reply(&mut self, is_quiet: bool) -> Option<Reply> {
        let least = if is_quiet { Owed::WhenQuiet } else { Owed::Now };
        (self.owed >= least).then(|| self.status_reply())
    }

    /// Returns the reply that is owed.
    pub const fn owed(&self) -> Owed {
        self.owed
    }

    /// Takes the news that the message of the transfer was written, or why not, and returns the reply that is due.
    ///
    /// `client` is the client's nonce of that transfer.
    pub fn handle_written(&mut self, client: Nonce, result: Result<(), Reason>) -> Option<Reply> {
        if client != self.nonces.client || self.state != State::Unwritten {
            return None;
        }
        self.is_held = false;
        self.state = State::Ended(result);
        Some(self.status_reply())
    }

    /// Refuses a hello that came on `channel`, and returns the reply that is due.
    pub fn refuse_hello(
        &mut self,
        channel: Channel,
        client: Nonce,
        reason: Reason,
    ) -> Option<Reply> {
        let status = Status::Rejected(reason);
        self.take_introduction(channel)
            .then(|| self.reply_to(client, status))
    }

    /// Refuses the message under way and returns the reply that is due, if there is a message.
    pub fn refuse(&mut self, reason: Reason) -> Option<Reply> {
        if !self.in_message() {
            return None;
        }
        self.end(Err(reason));
        Some(self.status_reply())
    }

    /// Sets whether the replies that let the sender go on are withheld; it is told to wait instead.
    pub const fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    /// Ends [`hold`](Self::hold) and returns the reply that was withheld.
    pub fn release(&mut self) -> Option<Reply> {
        let was_held = core::mem::take(&mut self.is_held);
        (was_held && self.in_message()).then(|| self.status_reply())
    }

    /// Returns how often in a row to send a reply: more than once when the same request keeps coming.
    pub const fn burst_len(&self) -> u32 {
        if self.is_held {
            // It keeps asking because it is told to.
            return 1;
        }
        burst_len(self.repeated)
    }

    /// Returns the client's nonce of the transfer; 0 before the first.
    pub const fn client_nonce(&self) -> Nonce {
        self.nonces.client
    }

    /// Returns whether no transfer is under way, so that a bare bit belongs to a dialect.
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Idle | State::Ended(_))
    }

    /// Returns whether this transfer is one of words.
    pub const fn uses_words(&self) -> bool {
        self.in_words
    }

    /// Returns whether a transfer is open and its message not complete.
    pub const fn in_message(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Returns the bytes in memory of a message that is not complete.
    pub fn held_bytes(&self) -> usize {
        self.decoder.held_bytes()
    }

    /// Returns how many bytes of the message are still to come, once its length has come.
    pub const fn missing_bytes(&self) -> usize {
        self.decoder.missing()
    }

    fn handle_hello(&mut self, client: Nonce, version: u8) -> Response {
        if version != VERSION {
            return answer(self.reply_to(client, Status::Rejected(Reason::Version)));
        }
        if client == self.nonces.client && self.state != State::Idle {
            self.count_repeated();
            return self.status();
        }
        let words = self.takes_words;
        answer(self.reply_to(client, Status::Greeted { words }))
    }

    /// Returns whether a hello on `channel` is answered: on the real-time signal each takes a bare signal before it.
    const fn take_introduction(&mut self, channel: Channel) -> bool {
        !matches!(channel, Channel::Realtime) || core::mem::replace(&mut self.is_introduced, false)
    }

    fn handle_open(&mut self, nonces: Nonces, in_words: bool) -> Response {
        if self.is_current(nonces) {
            self.count_repeated();
            return self.status();
        }
        if !self.may_open(nonces, in_words) {
            return Response::default();
        }
        let is_abandoned = self.in_message() && (self.next > 0 || self.bits.progress().next > 0);
        *self = Self {
            state: State::Open,
            nonces,
            in_words,
            decoder: FrameDecoder::new(self.limit, nonces),
            ..Self::new(self.limit, self.key, self.takes_words)
        };
        Response {
            outcome: is_abandoned.then_some(Outcome::Abandoned),
            ..self.status()
        }
    }

    fn handle_bit(&mut self, bit: Bit, index: u64, serial: u8, wants_reply: bool) -> Response {
        if self.state != State::Open || !self.bits.insert(index, bit, serial) {
            self.resent += 1;
            self.count_repeated();
            self.owed = Owed::Now;
            return Response::default();
        }
        self.repeated = 0;
        while let Some(bit) = self.bits.next() {
            let decoded = self.decoder.push(bit);
            if decoded.is_some() {
                return self.progress(decoded);
            }
        }
        let owed = if wants_reply {
            Owed::Now
        } else {
            Owed::WhenQuiet
        };
        self.owed = self.owed.max(owed);
        Response::default()
    }

    /// Takes the next word. Ignores any other word, and replies with the number of the next one.
    fn handle_word(&mut self, word: &Word) -> Response {
        let mut response = Response::default();
        if self.state == State::Open && word.is_number(self.next) {
            self.repeated = 0;
            self.next += 1;
            let decoded = self.decoder.push_bytes(&word.bytes);
            response = self.progress(decoded);
        } else {
            self.resent += 1;
        }
        if word.wants_reply && response.outcome.is_none() {
            response.reply = Some(self.status_reply());
        }
        response
    }

    fn may_open(&self, nonces: Nonces, in_words: bool) -> bool {
        let is_possible = self.takes_words || !in_words;
        is_possible && self.is_proof(nonces) && !self.is_current(nonces)
    }

    /// Returns the nonce that this server draws for a client's, until it takes a message: it need not be kept until it comes back.
    fn draw(&self, client: Nonce) -> Nonce {
        self.key.hash(&[client])
    }

    /// Returns whether these nonces show that a greeting has reached who sends them. A client's nonce of 0 names no transfer.
    fn is_proof(&self, nonces: Nonces) -> bool {
        let is_drawn = nonces.client != 0 && nonces.server == self.draw(nonces.client);
        is_drawn || self.is_current(nonces)
    }

    /// Returns whether these nonces are those of the last transfer, if there was one.
    fn is_current(&self, nonces: Nonces) -> bool {
        self.state != State::Idle && nonces == self.nonces
    }

    fn count_repeated(&mut self) {
        // A client that is told to wait asks again because of that, and not because our replies are swallowed.
        if !self.is_held && self.state != State::Unwritten {
            self.repeated = self.repeated.saturating_add(1);
        }
    }

    /// Returns what follows from the decoder's result.
    fn progress(&mut self, decoded: Option<Decoded>) -> Response {
        match decoded {
            None => Response::default(),
            Some(Ok((kind, payload))) => {
                self.state = State::Unwritten;
                // A queued request of this transfer must not open it again after another.
                self.derive_key(0);
                self.owed = Owed::Nothing;
                Response {
                    reply: None,
                    outcome: Some(Outcome::Complete {
                        kind,
                        payload,
                        resent: core::mem::take(&mut self.resent),
                    }),
                }
            }
            Some(Err(reason)) => {
                self.end(Err(reason));
                Response {
                    outcome: Some(Outcome::Rejected(reason)),
                    ..self.status()
                }
            }
        }
    }

    fn end(&mut self, result: Result<(), Reason>) {
        self.decoder = FrameDecoder::new(self.limit, self.nonces);
        self.state = State::Ended(result);
    }

    fn status(&mut self) -> Response {
        answer(self.status_reply())
    }

    fn status_reply(&mut self) -> Reply {
        self.owed = Owed::Nothing;
        let progress = if self.in_words {
            Arrived::at(self.next)
        } else {
            self.bits.progress()
        };
        let status = match self.state {
            State::Ended(Err(reason)) => Status::Rejected(reason),
            State::Ended(Ok(())) => Status::Delivered(progress.next),
            State::Unwritten => Status::Wait(progress),
            _ if self.is_held => Status::Wait(progress),
            _ => Status::Ok(progress),
        };
        let nonces = self.nonces;
        Reply { nonces, status }
    }

    fn reply_to(&self, client: Nonce, status: Status) -> Reply {
        let nonces = Nonces::new(client, self.draw(client));
        Reply { nonces, status }
    }
}

const fn answer(reply: Reply) -> Response {
    Response {
        reply: Some(reply),
        outcome: None,
    }
}

#[cfg(test)]
mod tests;

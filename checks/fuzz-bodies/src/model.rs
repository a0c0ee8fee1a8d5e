//! What a receiver must reply, from the set of the bits that have come: slower than the real one, and with nothing to carry
//! from signal to signal but what was received.

use std::collections::BTreeMap;

use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Arrived, MAX_BITS_IN_FLIGHT, Nonce, Nonces, Reply, Request, Status};
use minitalk::wire::packet::Channel;
use minitalk::wire::reason::Reason;
use minitalk::wire::receiver::{Outcome, Owed, Response, VERSION};
use minitalk::wire::word::{SIZE, Word};

use crate::{bits, reference};

/// The reference for `FrameReceiver`.
pub struct Model {
    limit: usize,
    /// The key of the server's nonces, until a message is taken.
    key: [u64; 2],
    pub takes_words: bool,
    /// Whether a bare real-time signal has come that no hello has followed.
    pub is_introduced: bool,
    /// The transfer; `None` before the first.
    pub transfer: Option<Transfer>,
    /// The nonces of the transfers whose messages were taken.
    taken: Vec<Nonces>,
}

/// A transfer, since it was opened.
pub struct Transfer {
    pub nonces: Nonces,
    pub in_words: bool,
    /// The bytes of the words that were taken.
    words: Vec<[u8; SIZE]>,
    /// Every bit that has come before the first that has not.
    bits: Vec<Bit>,
    /// The bits behind it.
    ahead: BTreeMap<u64, Bit>,
    serial: u8,
    /// Whether the frame is complete, and not known to be written.
    is_unwritten: bool,
    ended: Option<Result<(), Reason>>,
    held: bool,
    owed: Owed,
    resent: u64,
}

impl Model {
    /// Returns the model of a receiver that knows nothing of its sender.
    pub const fn new(limit: usize, key: [u64; 2], takes_words: bool) -> Self {
        Self {
            limit,
            key,
            takes_words,
            is_introduced: false,
            transfer: None,
            taken: Vec::new(),
        }
    }

    /// Returns the nonces of a client that is greeted now.
    pub fn greeted(&self, client: Nonce) -> Nonces {
        let server = reference::hash(self.key, &client.to_le_bytes());
        Nonces { client, server }
    }

    /// See `FrameReceiver::handle_request`.
    ///
    /// # Panics
    /// Panics if the message of a transfer is taken again.
    pub fn request(&mut self, channel: Channel, request: Request) -> Response {
        let response = self.handle(channel, request);
        if let (Some(transfer), Some(Outcome::Complete { .. })) =
            (&self.transfer, &response.outcome)
        {
            assert!(!self.taken.contains(&transfer.nonces), "taken twice");
            self.taken.push(transfer.nonces);
            // As `Key::derive` of 0 does.
            let half = |n: u64| reference::hash(self.key, &[0, n].map(u64::to_le_bytes).concat());
            self.key = [half(0), half(1)];
        }
        response
    }

    fn handle(&mut self, channel: Channel, request: Request) -> Response {
        match request {
            Request::Hello { client, version } => self.hello(channel, client, version),
            Request::Open {
                nonces, in_words, ..
            } => self.open(nonces, in_words),
            Request::Bit {
                nonces,
                index,
                serial,
                wants_reply,
            } => {
                let bit = match channel {
                    Channel::Usr1 => Bit::Zero,
                    Channel::Usr2 => Bit::One,
                    Channel::Realtime => return Response::default(),
                };
                let limit = self.limit;
                match self.of(nonces).filter(|transfer| !transfer.in_words) {
                    Some(transfer) => transfer.bit(limit, index, bit, serial, wants_reply),
                    None => Response::default(),
                }
            }
            Request::Word(word) => {
                let limit = self.limit;
                match &mut self.transfer {
                    Some(transfer)
                        if channel == Channel::Realtime
                            && transfer.in_words
                            && word.proof == transfer.nonces.server as u32 =>
                    {
                        transfer.word(limit, &word)
                    }
                    _ => Response::default(),
                }
            }
        }
    }

    /// See `FrameReceiver::refuse_hello`.
    pub fn refuse_hello(
        &mut self,
        channel: Channel,
        client: Nonce,
        reason: Reason,
    ) -> Option<Reply> {
        self.may_greet(channel)
            .then(|| self.reply(client, Status::Rejected(reason)))
    }

    /// See `FrameReceiver::handle_written`.
    pub fn written(&mut self, client: Nonce, result: Result<(), Reason>) -> Option<Reply> {
        let transfer = self.transfer.as_mut()?;
        if !transfer.is_unwritten || transfer.nonces.client != client {
            return None;
        }
        (transfer.is_unwritten, transfer.held) = (false, false);
        transfer.ended = Some(result);
        transfer.status().reply
    }

    /// See `FrameReceiver::refuse`.
    pub fn refuse(&mut self, reason: Reason) -> Option<Reply> {
        let transfer = self.transfer.as_mut().filter(|t| t.in_message())?;
        transfer.ended = Some(Err(reason));
        transfer.status().reply
    }

    /// See `FrameReceiver::hold`.
    pub const fn hold(&mut self, held: bool) {
        if let Some(transfer) = &mut self.transfer {
            transfer.held = held;
        }
    }

    /// See `FrameReceiver::release`.
    pub fn release(&mut self) -> Option<Reply> {
        let transfer = self.transfer.as_mut()?;
        let due = std::mem::take(&mut transfer.held) && transfer.in_message();
        due.then(|| transfer.status().reply).flatten()
    }

    /// See `FrameReceiver::poll_reply`.
    pub fn poll_reply(&mut self, is_quiet: bool) -> Option<Reply> {
        let due = match self.owed() {
            Owed::Nothing => false,
            Owed::WhenQuiet => is_quiet,
            Owed::Now => true,
        };
        self.transfer
            .as_mut()
            .filter(|_| due)
            .and_then(|transfer| transfer.status().reply)
    }

    /// See `FrameReceiver::owed`.
    pub fn owed(&self) -> Owed {
        self.transfer.as_ref().map_or(Owed::Nothing, |t| t.owed)
    }

    fn of(&mut self, nonces: Nonces) -> Option<&mut Transfer> {
        self.transfer.as_mut().filter(|t| t.nonces == nonces)
    }

    fn may_greet(&mut self, channel: Channel) -> bool {
        channel != Channel::Realtime || std::mem::take(&mut self.is_introduced)
    }

    fn hello(&mut self, channel: Channel, client: Nonce, version: u8) -> Response {
        if !self.may_greet(channel) {
            return Response::default();
        }
        let reply = match &mut self.transfer {
            _ if version != VERSION => self.reply(client, Status::Rejected(Reason::Version)),
            Some(transfer) if transfer.nonces.client == client => return transfer.status(),
            _ => {
                let words = self.takes_words;
                self.reply(client, Status::Greeted { words })
            }
        };
        replied(reply)
    }

    fn open(&mut self, nonces: Nonces, in_words: bool) -> Response {
        if let Some(transfer) = self.of(nonces) {
            return transfer.status();
        }
        let is_proven = nonces.client != 0 && nonces == self.greeted(nonces.client);
        if !is_proven || in_words && !self.takes_words {
            return Response::default();
        }
        let last = self.transfer.as_ref();
        let is_half = last.is_some_and(|t| t.in_message() && t.next() > 0);
        self.is_introduced = false;
        let transfer = self.transfer.insert(Transfer::new(nonces, in_words));
        Response {
            outcome: is_half.then_some(Outcome::Abandoned),
            ..transfer.status()
        }
    }

    fn reply(&self, client: Nonce, status: Status) -> Reply {
        let nonces = self.greeted(client);
        Reply { nonces, status }
    }
}

impl Transfer {
    const fn new(nonces: Nonces, in_words: bool) -> Self {
        Self {
            nonces,
            in_words,
            words: Vec::new(),
            bits: Vec::new(),
            ahead: BTreeMap::new(),
            serial: 0,
            is_unwritten: false,
            ended: None,
            held: false,
            owed: Owed::Nothing,
            resent: 0,
        }
    }

    /// Returns whether the message is not complete.
    pub const fn in_message(&self) -> bool {
        !self.is_unwritten && self.ended.is_none()
    }

    /// Returns whether the sender retransmits because it is paused.
    pub const fn makes_wait(&self) -> bool {
        self.held || self.is_unwritten
    }

    /// Returns the index of the first bit or word that has not come.
    pub fn next(&self) -> u64 {
        if self.in_words {
            self.words.len() as u64
        } else {
            self.bits.len() as u64
        }
    }

    /// Returns the bytes of the frame that have come without a gap.
    pub fn bytes(&self) -> Vec<u8> {
        if self.in_words {
            return self.words.concat();
        }
        bits::to_bytes(&self.bits)
    }

    fn bit(&mut self, limit: usize, index: u64, bit: Bit, serial: u8, wants: bool) -> Response {
        if !self.in_message() {
            // The bits that follow the end say nothing.
            self.owed = Owed::Now;
            return Response::default();
        }
        self.serial = serial;
        let window = self.next()..self.next() + u64::from(MAX_BITS_IN_FLIGHT);
        let is_new = window.contains(&index) && !self.ahead.contains_key(&index);
        if is_new {
            self.ahead.insert(index, bit);
            while let Some(bit) = self.ahead.remove(&self.next()) {
                self.bits.push(bit);
                let is_byte = self.bits.len().is_multiple_of(8);
                if let Some(response) = is_byte.then(|| self.conclude(limit)).flatten() {
                    return response;
                }
            }
        } else {
            self.resent += 1;
        }
        self.owed = if !is_new || wants || self.owed == Owed::Now {
            Owed::Now
        } else {
            Owed::WhenQuiet
        };
        Response::default()
    }

    fn word(&mut self, limit: usize, word: &Word) -> Response {
        if self.in_message() && word.is_number(self.next()) {
            self.words.push(word.bytes);
            if let Some(response) = self.conclude(limit) {
                return response;
            }
        } else {
            self.resent += 1;
        }
        if word.wants_reply {
            self.status()
        } else {
            Response::default()
        }
    }

    /// Returns the outcome if the bits so far complete the frame.
    fn conclude(&mut self, limit: usize) -> Option<Response> {
        let (_, decoded) = reference::parse(&self.bytes(), limit, self.nonces)?;
        Some(match decoded {
            Ok((kind, payload)) => {
                self.is_unwritten = true;
                self.owed = Owed::Nothing;
                let resent = std::mem::take(&mut self.resent);
                Response {
                    reply: None,
                    outcome: Some(Outcome::Complete {
                        kind,
                        payload,
                        resent,
                    }),
                }
            }
            Err(reason) => {
                self.ended = Some(Err(reason));
                Response {
                    outcome: Some(Outcome::Rejected(reason)),
                    ..self.status()
                }
            }
        })
    }

    /// Returns how the transfer stands.
    pub fn status(&mut self) -> Response {
        self.owed = Owed::Nothing;
        let next = self.next();
        let beyond = (0..31).filter(|i| self.ahead.contains_key(&(next + 1 + i)));
        let progress = Arrived {
            next,
            beyond: beyond.fold(0, |beyond, i| beyond | 1 << i),
            serial: self.serial,
        };
        let status = match self.ended {
            Some(Err(reason)) => Status::Rejected(reason),
            Some(Ok(())) => Status::Delivered(next),
            None if self.makes_wait() => Status::Wait(progress),
            None => Status::Ok(progress),
        };
        let nonces = self.nonces;
        replied(Reply { nonces, status })
    }
}

const fn replied(reply: Reply) -> Response {
    Response {
        reply: Some(reply),
        outcome: None,
    }
}

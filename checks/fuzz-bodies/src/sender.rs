//! A sender whose server answers anything at any time.
//!
//! Input: options, the length of the message, the message, then operations, see `Op`. The options are the lane, a timeout, and
//! how often the message is repeated.

use std::collections::BTreeSet;

use arbitrary::{Arbitrary, Unstructured};
use minitalk::internals::wire::{MAX_WINDOW, PAUSED_INTERVAL};
use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Arrived, MAX_BITS_IN_FLIGHT, Nonce, Nonces, Reply, Request, Status};
use minitalk::wire::frame::{Frame, MessageKind};
use minitalk::wire::packet::Channel;
use minitalk::wire::reason::Reason;
use minitalk::wire::receiver::{FrameReceiver, Outcome, VERSION};
use minitalk::wire::sender::{FrameSender, Lane, LinkFailure, Transmit};
use minitalk::wire::siphash::Key;
use minitalk::wire::time::{Duration, Instant};
use minitalk::wire::word::{SIZE, Word};

use crate::bits;
use crate::serve::{Hear, Step, react, request_in, step};

/// The key of the sender.
pub const KEY: Key = Key([1, 2]);

/// The option of a sender that gives up after a second.
const SHORT_TIMEOUT: u8 = 4;

const SECOND: Duration = Duration::from_millis(1_000);

enum Op {
    /// A poll; the flag means that there is room for a queued signal.
    Poll(bool),
    Pass(u8),
    /// A reply; its number counts from one before the first bit or word that is not acknowledged.
    Reply(Kind, u8, u8),
    OfAnother(Kind, u8, Nonce),
    /// This many polls, each with the correct reply.
    Run(u8),
}

/// The kinds of replies.
#[derive(Clone, Copy)]
enum Kind {
    Greeted,
    NoWords,
    Ok,
    Wait,
    Delivered,
    Rejected(Reason),
}

impl<'a> Arbitrary<'a> for Op {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let byte = u8::arbitrary(u)?;
        let kind = match byte >> 3 & 7 {
            0 => Kind::Greeted,
            1 => Kind::NoWords,
            2 | 3 => Kind::Ok,
            4 => Kind::Wait,
            5 => Kind::Delivered,
            6 => Kind::Rejected(Reason::Checksum),
            _ => Kind::Rejected(Reason::Output),
        };
        let number = byte >> 6;
        Ok(match byte & 7 {
            0 | 1 => Self::Poll(byte & 1 == 0),
            2 => Self::Pass(u.arbitrary()?),
            3 | 4 => Self::Reply(kind, number, 0),
            5 => Self::Reply(kind, u.arbitrary()?, u.arbitrary()?),
            6 => Self::OfAnother(kind, number, u.arbitrary()?),
            _ => Self::Run(u.arbitrary()?),
        })
    }
}

/// Executes the operations of `data`; panics when the sender trusts a false reply or sends a forbidden signal.
pub fn run(data: &[u8]) {
    check(data, &mut |sender, reply, now| {
        sender.handle_reply(reply, now)
    });
}

/// [`run`] with `hear` in the place of [`FrameSender::handle_reply`].
pub fn check(data: &[u8], hear: &mut Hear) {
    let &[options, len, ref rest @ ..] = data else {
        return;
    };
    let (message, operations) = rest.split_at(rest.len().min(usize::from(len % 8)));
    // In words, the message fills several windows.
    let message = message.repeat(1 + 100 * usize::from(options >> 3 & 3));
    let lane = [Lane::Auto, Lane::Bit, Lane::Word, Lane::Auto][usize::from(options & 3)];
    let timeout = match options & SHORT_TIMEOUT {
        0 => Duration::MAX,
        _ => SECOND,
    };
    let mut watched = Watched {
        sender: FrameSender::new(
            Frame::new(MessageKind::Message, &message).expect("a short message"),
            KEY,
            timeout,
            lane,
        ),
        hear,
        message: &message,
        lane,
        server: FrameReceiver::new(message.len(), Key([3, 4]), lane != Lane::Bit),
        now: Instant::default(),
        nonces: Nonces::default(),
        frame: Vec::new(),
        takes_words: false,
        greeted: None,
        is_over: false,
        opened: false,
        bare: false,
        sent: 0,
        told: 0,
        come: BTreeSet::new(),
        serial: 0,
        leave: None,
        quiet: None,
        delivered: false,
        ended: None,
    };
    let mut u = Unstructured::new(operations);
    while !u.is_empty()
        && let Ok(op) = Op::arbitrary(&mut u)
    {
        watched.apply(&op);
    }
}

struct Watched<'m, 'a> {
    sender: FrameSender<'m>,
    hear: &'a mut Hear,
    message: &'m [u8],
    lane: Lane,
    /// A correct server.
    server: FrameReceiver,
    now: Instant,
    /// The client's nonce that was sent last, and the server's of the greeting after it.
    nonces: Nonces,
    /// The frame for them.
    frame: Vec<u8>,
    /// Whether the last greeting offered words.
    takes_words: bool,
    greeted: Option<Nonces>,
    /// Whether the sender has begun again, under a nonce that it has not sent yet.
    is_over: bool,
    /// Whether the transfer is known to be open.
    opened: bool,
    /// Whether the last signal was bare.
    bare: bool,
    /// The number of bits or words sent at least once.
    sent: u64,
    /// The number of bits or words that the server acknowledged.
    told: u64,
    /// The bits that it acknowledged behind the first that is missing.
    come: BTreeSet<u64>,
    /// The serial of the last bit.
    serial: u8,
    /// What had come when the sender was told to go on, if it has sent nothing since.
    leave: Option<Arrived>,
    /// Until when the sender, told to wait, must be silent without another reply.
    quiet: Option<Instant>,
    /// Whether the server ever confirmed the whole frame.
    delivered: bool,
    ended: Option<Result<(), LinkFailure>>,
}

impl Watched<'_, '_> {
    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Poll(has_room) => drop(self.poll(has_room)),
            Op::Pass(time) => {
                let nanos = self.now.as_nanos().saturating_add(1 << (time % 64));
                self.now = Instant::from_nanos(nanos);
            }
            Op::Reply(kind, number, beyond) => {
                let status = self.status(kind, number, beyond);
                let server = match kind {
                    Kind::Greeted | Kind::NoWords => u64::from(number),
                    _ => self.nonces.server,
                };
                let nonces = Nonces {
                    server,
                    ..self.nonces
                };
                self.reply(Reply { nonces, status });
            }
            Op::OfAnother(kind, number, nonce) => {
                let status = self.status(kind, number, 0);
                let client = match nonce == self.nonces.client || self.is_unsaid(nonce) {
                    true => !nonce,
                    false => nonce,
                };
                let nonces = Nonces {
                    client,
                    ..self.nonces
                };
                let before = format!("{:?}", self.sender);
                (self.hear)(&mut self.sender, Reply { nonces, status }, self.now);
                assert!(
                    before == format!("{:?}", self.sender),
                    "not for this client"
                );
            }
            Op::Run(polls) => (0..polls).for_each(|_| self.run()),
        }
        let acknowledged = self.sender.acknowledged();
        let is_over = self.delivered || self.sender.result().is_some();
        assert!(acknowledged <= 8 * self.frame.len() as u64 || acknowledged == 0);
        assert!(
            is_over || acknowledged <= self.told * self.unit(),
            "more than it was told"
        );
    }

    /// Returns whether the sender may have drawn this nonce and not sent it yet.
    fn is_unsaid(&self, nonce: Nonce) -> bool {
        (0..1000).any(|n| KEY.hash(&[n]) == nonce)
    }

    fn in_words(&self) -> bool {
        self.sender.uses_words()
    }

    /// Returns the bits in what one signal carries.
    fn unit(&self) -> u64 {
        if self.in_words() { 8 * SIZE as u64 } else { 1 }
    }

    /// Returns the number of bits or words in the frame.
    fn end(&self) -> u64 {
        (8 * self.frame.len() as u64).div_ceil(self.unit())
    }

    fn status(&self, kind: Kind, number: u8, beyond: u8) -> Status {
        let first = self.sender.acknowledged().div_ceil(self.unit());
        let next = (first + u64::from(number)).saturating_sub(1);
        let progress = Arrived {
            next,
            beyond: beyond.into(),
            serial: self.serial.wrapping_sub(beyond),
        };
        match kind {
            Kind::Greeted => Status::Greeted { words: true },
            Kind::NoWords => Status::Greeted { words: false },
            Kind::Ok => Status::Ok(progress),
            Kind::Wait => Status::Wait(progress),
            Kind::Delivered => Status::Delivered(next),
            Kind::Rejected(reason) => Status::Rejected(reason),
        }
    }

    /// Lets the sender perform one step, and then gives it the reply of a correct server.
    fn run(&mut self) {
        let Some(transmit) = self.poll(true) else {
            return;
        };
        let request = transmit.packet.map(|packet| request_in(&packet));
        let response = react(&mut self.server, transmit.channel, request);
        let mut reply = response.reply;
        if let Some(Outcome::Complete { payload, .. }) = response.outcome {
            assert_eq!(payload, self.message);
            let client = self.server.client_nonce();
            reply = self.server.handle_written(client, Ok(()));
        }
        if let Some(reply) = reply.or_else(|| self.server.poll_reply(true)) {
            self.reply(reply);
        }
    }

    /// Gives the sender a reply in the name of its server.
    fn reply(&mut self, reply: Reply) {
        if reply.nonces.client == self.nonces.client && !self.is_over && self.ended.is_none() {
            self.quiet = match reply.status {
                // In bits it may be older than the leave to go on.
                Status::Wait(progress) if self.leave == Some(progress) && !self.in_words() => None,
                Status::Wait(_) if self.greeted.is_some() => Some(self.now + PAUSED_INTERVAL),
                _ => None,
            };
            if let Status::Ok(progress) = reply.status {
                self.leave = Some(progress);
            }
            match reply.status {
                Status::Greeted { .. } if self.greeted == Some(reply.nonces) => {}
                // The transfer begins again under another nonce.
                Status::Greeted { .. } if self.greeted.is_some() => self.is_over = true,
                Status::Rejected(Reason::Checksum) => self.is_over = true,
                Status::Greeted { words } => self.greet(reply.nonces, words),
                Status::Ok(progress) | Status::Wait(progress) if self.greeted.is_some() => {
                    self.opened = true;
                    self.told = self.told.max(progress.next.min(self.end()));
                    // A late reply says nothing new.
                    if progress.next >= self.sender.acknowledged() && !self.in_words() {
                        let beyond = (0..32).filter(|i| progress.beyond >> i & 1 != 0);
                        self.come.extend(beyond.map(|i| progress.next + 1 + i));
                    }
                }
                Status::Delivered(next) => {
                    self.delivered |=
                        self.greeted.is_some() && next == self.end() && self.sent == next;
                }
                _ => {}
            }
        }
        (self.hear)(&mut self.sender, reply, self.now);
    }

    fn greet(&mut self, nonces: Nonces, takes_words: bool) {
        self.greeted = Some(nonces);
        self.nonces = nonces;
        self.frame = bits::frame(self.message, nonces);
        self.takes_words = takes_words;
        (self.sent, self.told, self.opened, self.serial) = (0, 0, false, 0);
        self.come.clear();
    }

    /// Lets the sender perform one step, with or without room for a queued signal.
    fn poll(&mut self, has_room: bool) -> Option<Transmit> {
        let acknowledged = self.sender.acknowledged().div_ceil(self.unit());
        let (signals, resent) = (self.sender.signals(), self.sender.resent());
        let step = step(&mut self.sender, self.now);
        if let Some(result) = self.ended {
            assert_eq!(step, Step::Finished(result), "the end is the end");
        }
        match step {
            Step::Send(transmit) => {
                let is_again = self.sender.resent() > resent;
                let copies = transmit.copies;
                assert_eq!(self.sender.signals() - signals, copies.into());
                assert!(is_again || copies == 1, "a burst without a loss");
                let is_queued = transmit.channel == Channel::Realtime;
                assert!(!is_queued || copies == 1, "a burst of what cannot merge");
                assert!(!is_queued || self.lane != Lane::Bit, "the lane");
                self.transmitted(transmit, acknowledged, has_room || !is_queued);
                if is_queued && !has_room {
                    self.sender.handle_eagain(self.now);
                    self.waits_without_room();
                    return None;
                }
                Some(transmit)
            }
            Step::Wait(until) => {
                assert!(until > self.now, "a wait for nothing");
                assert!(until - self.now <= PAUSED_INTERVAL, "too long a wait");
                None
            }
            Step::Finished(result) => {
                assert!(
                    result.is_err() || self.delivered,
                    "a result without a reply"
                );
                self.ended = Some(result);
                None
            }
        }
    }

    fn waits_without_room(&mut self) {
        // At the end of the clock there is nothing later to wait for.
        if self.now < Instant::from_nanos(u64::MAX - PAUSED_INTERVAL.as_nanos()) {
            let next = step(&mut self.sender, self.now);
            assert!(matches!(next, Step::Wait(_)), "{next:?} without room");
        }
    }

    fn transmitted(&mut self, transmit: Transmit, acknowledged: u64, is_sent: bool) {
        let Transmit {
            channel, packet, ..
        } = transmit;
        self.leave = None;
        let was_bare = std::mem::take(&mut self.bare);
        let Some(packet) = packet else {
            assert_eq!(channel, Channel::Realtime, "only that one queues");
            self.bare = is_sent;
            return;
        };
        let request = request_in(&packet);
        let is_hello = matches!(request, Request::Hello { .. });
        assert!(is_hello || !self.is_over);
        let quiet = self.quiet.take();
        let is_quiet = quiet.is_some_and(|until| self.now < until);
        let is_data = matches!(request, Request::Bit { .. } | Request::Word(_));
        assert!(!is_quiet || !is_data, "though told to wait");
        match request {
            Request::Hello { client, version } => {
                assert_eq!(version, VERSION);
                assert!(was_bare || channel != Channel::Realtime, "no introduction");
                if client != self.nonces.client {
                    self.nonces = Nonces { client, server: 0 };
                    self.greeted = None;
                    self.is_over = false;
                    self.opened = false;
                }
            }
            Request::Open {
                nonces, in_words, ..
            } => {
                assert_eq!(Some(nonces), self.greeted);
                assert!(!in_words || self.takes_words && channel == Channel::Realtime);
                assert_eq!(in_words, self.in_words());
            }
            Request::Bit {
                nonces,
                index,
                serial,
                ..
            } => {
                assert_eq!(Some(nonces), self.greeted);
                assert!(self.opened, "a bit before its transfer");
                assert_eq!(serial, self.serial.wrapping_add(1));
                assert!(!self.come.contains(&index), "known to have come");
                self.serial = serial;
                let byte = self.frame[(index / 8) as usize];
                let due = match bits::of_bytes(&[byte])[(index % 8) as usize] {
                    Bit::Zero => Channel::Usr1,
                    Bit::One => Channel::Usr2,
                };
                assert_eq!(channel, due, "another bit");
                self.numbered(index, acknowledged, MAX_BITS_IN_FLIGHT, true);
            }
            Request::Word(word) => {
                assert_eq!(channel, Channel::Realtime);
                self.word(&word, acknowledged, is_sent);
            }
        }
    }

    fn word(&mut self, word: &Word, acknowledged: u64, is_sent: bool) {
        let nonces = self.greeted.expect("nobody asked for words");
        assert!(self.takes_words, "nobody asked for words");
        assert_eq!(word.proof, nonces.server as u32);
        let index = u64::from(word.index);
        let mut parts = self.frame.chunks(SIZE).skip(index as usize);
        let part = parts.next().expect("a word behind the end");
        assert!(word.bytes.starts_with(part), "other bytes");
        let is_last = index + 1 == self.end();
        assert!(word.wants_reply || !is_last, "the end is not asked for");
        self.numbered(index, acknowledged, MAX_WINDOW, is_sent);
    }

    /// Checks the index of a bit or word.
    fn numbered(&mut self, index: u64, acknowledged: u64, window: u32, is_sent: bool) {
        assert!(index < acknowledged + u64::from(window), "ahead");
        let is_last = index + 1 == self.end();
        assert!(index >= acknowledged || is_last, "known to have come");
        assert!(index <= self.sent, "one left out");
        if is_sent {
            self.sent = self.sent.max(index + 1);
        }
    }
}

//! Signals of several senders, in any order and with any packet; each sender has its own receiver.
//!
//! Input: the limit, then operations: a byte for the sender and the number of repetitions, and a byte for the operation, see
//! `Op`. Each receiver must return what its [`Model`] returns. The last sender's receiver takes no words.
//!
//! The nonces of clients are small numbers. The server's nonces belong to them, or are wrong.

use arbitrary::{Arbitrary, Unstructured};
use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Nonces, Reply, Request};
use minitalk::wire::packet::{Channel, Packet};
use minitalk::wire::reason::Reason;
use minitalk::wire::receiver::{FrameReceiver, Outcome, Response, VERSION};
use minitalk::wire::siphash::Key;
use minitalk::wire::word::{SIZE, Word};

use crate::bits;
use crate::model::{Model, Transfer};
use crate::serve::{self, Serve};

const SENDERS: u64 = 4;

/// The longest burst of replies to one request.
const MOST_COPIES: u32 = 32;

enum Op {
    Bare,
    Hello(Channel, u8, u8),
    /// A request to open the transfer of this client's nonce; the flags mean words, and a wrong nonce of the server.
    Open(u8, bool, bool),
    /// A bit of the open transfer; the index counts from two before the next.
    Bit(Channel, u8, u8),
    /// A bit of another transfer.
    BitOf(Channel, u8, u8),
    /// A whole frame of these bytes in bits, in groups of this size, the last bit of each group first.
    Frame(u8, Vec<u8>),
    /// A whole frame of these bytes in words.
    FrameInWords(Vec<u8>),
    /// A word of these bytes; the index counts from two before the next.
    Word(u8, u8),
    Packet(Channel, Packet),
    Poll(bool),
    Hold(bool),
    Release,
    Written(Result<(), Reason>),
    WrittenOf(u8),
    Refuse(Reason),
    RefuseHello(Channel, u8),
    TakesWords(bool),
}

impl<'a> Arbitrary<'a> for Op {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let byte = u8::arbitrary(u)?;
        let flag = byte & 0x20 != 0;
        let standard = [Channel::Usr1, Channel::Usr2][usize::from(byte >> 5 & 1)];
        let channel = [standard, Channel::Realtime][usize::from(byte >> 6 & 1)];
        Ok(match byte & 0x1F {
            0 => Self::Bare,
            1 | 2 => Self::Hello(channel, u.arbitrary()?, VERSION),
            3 => Self::Hello(channel, u.arbitrary()?, u.arbitrary()?),
            4..=7 => Self::Open(u.arbitrary()?, flag, byte & 0x40 != 0),
            8..=11 => Self::Bit(channel, u.arbitrary()?, byte & 0x80),
            12 => Self::BitOf(channel, u.arbitrary()?, u.arbitrary()?),
            13 | 14 => Self::Frame(u.arbitrary()?, payload(u)?),
            15 | 16 => Self::FrameInWords(payload(u)?),
            17 | 18 => Self::Word(u.arbitrary()?, u.arbitrary()?),
            19 => Self::Packet(
                channel,
                Packet {
                    errno: u.arbitrary()?,
                    padding: u.arbitrary()?,
                    ids: [0; 2],
                    value: u.arbitrary()?,
                    more: u.arbitrary()?,
                },
            ),
            20..=22 => Self::Poll(flag),
            23 => Self::Hold(flag),
            24 => Self::Release,
            25 | 26 => Self::Written(Ok(())),
            27 => Self::Written(Err(reason(u)?)),
            28 => Self::WrittenOf(u.arbitrary()?),
            29 => Self::Refuse(reason(u)?),
            30 => Self::RefuseHello(channel, u.arbitrary()?),
            _ => Self::TakesWords(flag),
        })
    }
}

fn payload(u: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
    let len = u8::arbitrary(u)?;
    let len = u.len().min(len.into());
    Ok(u.bytes(len)?.to_vec())
}

fn reason(u: &mut Unstructured<'_>) -> arbitrary::Result<Reason> {
    let number = u8::arbitrary(u)? % 8 + 1;
    Ok(Reason::from_number(number.into()).expect("there are eight"))
}

/// Executes the operations of `data`, and panics when a receiver and its model differ.
pub fn run(data: &[u8]) {
    check(data, &mut serve::react);
}

/// [`run`] with `serve` in the place of the server.
pub fn check(data: &[u8], serve: &mut Serve) {
    let Some((limit, operations)) = data.split_first() else {
        return;
    };
    let mut senders: Vec<_> = (0..SENDERS)
        .map(|n| Watched::new((*limit).into(), [n, !n], n + 1 < SENDERS))
        .collect();
    let mut u = Unstructured::new(operations);
    while let Ok(who) = u8::arbitrary(&mut u)
        && !u.is_empty()
    {
        let sender = &mut senders[usize::from(who % 4)];
        // The upper bits of the same byte are the number of repetitions.
        let times = 1 + (who >> 2 & 7);
        let Ok(op) = Op::arbitrary(&mut u) else {
            return;
        };
        for _ in 0..times {
            sender.apply(&op, serve);
        }
    }
}

/// A receiver and its model.
struct Watched {
    limit: usize,
    receiver: FrameReceiver,
    model: Model,
    /// Counts the bits sent.
    serial: u8,
}

impl Watched {
    fn new(limit: usize, key: [u64; 2], takes_words: bool) -> Self {
        Self {
            limit,
            receiver: FrameReceiver::new(limit, Key(key), takes_words),
            model: Model::new(limit, key, takes_words),
            serial: 0,
        }
    }

    fn apply(&mut self, op: &Op, serve: &mut Serve) {
        let Self {
            receiver, model, ..
        } = self;
        let nonces = model.transfer.as_ref().map(|t| t.nonces);
        let nonces = nonces.unwrap_or_default();
        match *op {
            Op::Bare => {
                assert_eq!(
                    serve(receiver, Channel::Realtime, None),
                    Response::default()
                );
                model.is_introduced = true;
            }
            Op::Hello(channel, client, version) => {
                let client = client.into();
                self.signal(channel, Request::Hello { client, version }, serve);
            }
            Op::Open(client, in_words, is_wrong) => {
                let Nonces { client, server } = model.greeted(client.into());
                let server = server ^ u64::from(is_wrong) << (client % 64);
                let nonces = Nonces { client, server };
                self.signal(
                    Channel::Usr1,
                    Request::Open {
                        nonces,
                        in_words,
                        sleeps: false,
                    },
                    serve,
                );
            }
            Op::Bit(channel, ahead, wants) => {
                let index = (self.next() + u64::from(ahead)).saturating_sub(2);
                self.bit(channel, nonces, index, wants != 0, serve);
            }
            Op::BitOf(channel, client, index) => {
                let nonces = self.model.greeted(client.into());
                self.bit(channel, nonces, index.into(), true, serve);
            }
            Op::Frame(group, ref payload) => {
                let bits = bits::of_bytes(&bits::frame(payload, nonces));
                let first = self.next();
                let bits: Vec<_> = bits.into_iter().zip(first..).collect();
                for group in bits.chunks(usize::from(group % 34) + 1) {
                    for (bit, index) in group.iter().rev() {
                        let channel = match bit {
                            Bit::Zero => Channel::Usr1,
                            Bit::One => Channel::Usr2,
                        };
                        self.bit(channel, nonces, *index, false, serve);
                    }
                }
            }
            Op::FrameInWords(ref payload) => {
                let frame = bits::frame(payload, nonces);
                let first = self.next();
                let words = frame.chunks(SIZE).count() as u64;
                for (part, index) in frame.chunks(SIZE).zip(first..) {
                    let mut bytes = [0xEE; SIZE];
                    bytes[..part.len()].copy_from_slice(part);
                    self.word(nonces, index, index + 1 == first + words, bytes, serve);
                }
            }
            Op::Word(ahead, byte) => {
                let index = (self.next() + u64::from(ahead % 8)).saturating_sub(2);
                self.word(nonces, index, byte % 2 == 0, [byte; SIZE], serve);
            }
            Op::Packet(channel, packet) => {
                if let Some(request) = Request::from_packet(&packet) {
                    let again = Request::from_packet(&request.packet());
                    assert_eq!(again, Some(request), "another request");
                    self.signal(channel, request, serve);
                }
            }
            Op::Poll(is_quiet) => {
                assert_eq!(receiver.poll_reply(is_quiet), model.poll_reply(is_quiet));
            }
            Op::Hold(held) => {
                // Only a transfer can be held; the server holds none without one.
                if model.transfer.is_some() {
                    receiver.hold(held);
                    model.hold(held);
                }
            }
            Op::Release => assert_eq!(receiver.release(), model.release()),
            Op::Written(result) => assert_eq!(
                receiver.handle_written(nonces.client, result),
                model.written(nonces.client, result)
            ),
            Op::WrittenOf(client) => {
                let client = client.into();
                assert_eq!(
                    receiver.handle_written(client, Ok(())),
                    model.written(client, Ok(()))
                );
            }
            Op::Refuse(reason) => assert_eq!(receiver.refuse(reason), model.refuse(reason)),
            Op::RefuseHello(channel, client) => {
                let (client, reason) = (client.into(), Reason::ShuttingDown);
                let refused = receiver.refuse_hello(channel, client, reason);
                assert_eq!(refused, model.refuse_hello(channel, client, reason));
            }
            Op::TakesWords(takes_words) => {
                receiver.set_takes_words(takes_words);
                model.takes_words = takes_words;
            }
        }
        self.watch();
    }

    /// Checks what must hold after any operation.
    fn watch(&self) {
        let Self {
            receiver, model, ..
        } = self;
        let transfer = model.transfer.as_ref();
        let in_message = transfer.is_some_and(Transfer::in_message);
        assert_eq!(receiver.owed(), model.owed());
        assert_eq!(receiver.in_message(), in_message);
        assert_eq!(
            receiver.client_nonce(),
            transfer.map_or(0, |t| t.nonces.client)
        );
        assert_eq!(
            receiver.uses_words(),
            transfer.is_some_and(|t| t.in_words),
            "the lane"
        );
        assert!(receiver.held_bytes() + receiver.missing_bytes() <= self.limit);
        assert!(in_message || receiver.held_bytes() == 0);
    }

    fn next(&self) -> u64 {
        self.model.transfer.as_ref().map_or(0, Transfer::next)
    }

    fn bit(
        &mut self,
        channel: Channel,
        nonces: Nonces,
        index: u64,
        wants_reply: bool,
        serve: &mut Serve,
    ) {
        self.serial = self.serial.wrapping_add(1);
        let request = Request::Bit {
            nonces,
            index,
            serial: self.serial,
            wants_reply,
        };
        self.signal(channel, request, serve);
    }

    fn word(
        &mut self,
        nonces: Nonces,
        index: u64,
        wants_reply: bool,
        bytes: [u8; SIZE],
        serve: &mut Serve,
    ) {
        let word = Word {
            index: index as u32,
            wants_reply,
            proof: nonces.server as u32,
            bytes,
        };
        self.signal(Channel::Realtime, Request::Word(word), serve);
    }

    fn signal(&mut self, channel: Channel, request: Request, serve: &mut Serve) {
        let (next, was_open) = (self.next(), self.receiver.in_message());
        let is_opening = self.receiver.is_opening(&request);
        let last = self.model.transfer.as_ref().map(|t| t.nonces);
        let response = serve(&mut self.receiver, channel, Some(request));
        assert_eq!(response, self.model.request(channel, request));
        let now = self.model.transfer.as_ref().map(|t| t.nonces);
        assert!(is_opening || now == last, "a transfer without a proof");
        let copies = self.receiver.burst_len();
        assert!(copies <= MOST_COPIES, "a reply that is a storm");
        let makes_wait = self.model.transfer.as_ref().is_some_and(|t| t.makes_wait());
        assert!(
            copies == 1 || (!was_open || self.next() <= next) && !makes_wait,
            "a burst for a sender who is not in need"
        );
        if let Some(reply) = response.reply {
            assert_eq!(Reply::from_packet(&reply.packet()), Some(reply));
        }
        if let Some(Outcome::Complete { payload, .. }) = response.outcome {
            assert!(payload.len() <= self.limit);
            assert!(payload.capacity() <= 8.max(2 * self.limit), "more memory");
            let transfer = self.model.transfer.as_ref().expect("it was opened");
            let frame = bits::frame(&payload, transfer.nonces);
            assert!(
                transfer.bytes().starts_with(&frame),
                "not what the bits say"
            );
        }
    }
}

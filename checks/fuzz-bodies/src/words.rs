//! A client and a server in the word lane, with three signal numbers, one of which queues.
//!
//! The real-time signal queues in order, and is refused where there is no room. Unlike the kernel, the channel may lose queued
//! signals. A client may die at any point, and another process with its PID start at once, with the dead one's signals still in
//! flight in both directions. The receiver may forget the transfer.
//!
//! Input: options, then operations of one byte, some followed by arguments, see `Op`. After any operations, a channel without
//! faults must complete the transfer in about as many rounds as there are words, or bits.

use std::collections::VecDeque;
use std::mem;

use arbitrary::{Arbitrary, Unstructured};
use minitalk::wire::Nanos;
use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Reply, Request, STATUS_ONLY, Status, Tag};
use minitalk::wire::frame::Frame;
use minitalk::wire::reason::Reason;
use minitalk::wire::receiver::{FrameReceiver, Outcome, Response};
use minitalk::wire::rtt::PAUSED_INTERVAL;
use minitalk::wire::sender::{Failure, FrameSender, Lane};
use minitalk::wire::time::Duration;
use minitalk::wire::window::MAX_WINDOW;
use minitalk::wire::word::{MAX_SIZE, Word};

use crate::serve::{self, Serve, Step, Take, hear, no_room, step};

/// An option: words only; otherwise the client may fall back to bits.
const WORDS_ONLY: u8 = 4;

const LIMIT: usize = 1024;

/// The number of the real-time signal.
const QUEUE: usize = 2;

/// Room for more than a window.
const ROOMY: usize = 100;

enum Op {
    /// The client performs its next step; of several equal signals in a row, the first is enough.
    Poll,
    /// The handler of the server, or of the client, takes the pending signal of this number.
    Take(bool, usize),
    /// The main loop of the server, or of the client, takes the oldest signal from its ring.
    Process(bool),
    Lose(bool, usize),
    /// The room for queued signals, to the server or to the client, changes.
    Room(bool, usize),
    Hold,
    Release,
    /// The oldest complete message is written, or cannot be written.
    Settle(bool),
    /// The idle timeout of a partial message passes.
    Idle,
    Forget,
    /// The client ends at any point, and a process with the same PID sends a message of this length.
    Restart(u8),
    Pass(Nanos),
    /// This many rounds pass without faults.
    Run(u8),
}

impl<'a> Arbitrary<'a> for Op {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let byte = u8::arbitrary(u)?;
        let (to_server, more) = (byte & 0x10 == 0, usize::from(byte >> 5));
        Ok(match byte & 0xF {
            0 | 1 => Self::Poll,
            2 | 3 => Self::Take(to_server, more % 3),
            4 | 5 => Self::Process(to_server),
            6 => Self::Lose(to_server, more % 3),
            7 => Self::Room(to_server, [0, 1, 2, 3, 5, 8, 40, ROOMY][more]),
            8 if to_server => Self::Hold,
            8 => Self::Release,
            9 => Self::Settle(to_server),
            10 if to_server => Self::Idle,
            10 => Self::Forget,
            11 => Self::Restart(u.arbitrary()?),
            12 => Self::Pass(1 << (u8::arbitrary(u)? % 40)),
            13 => Self::Run(u.arbitrary()?),
            _ => Self::Run(1),
        })
    }
}

/// The parts under test.
pub struct Parts<'p> {
    /// The function that takes bits and questions into the receiver.
    pub serve: Serve<'p>,
    /// The function that takes words into the receiver.
    pub take: Take<'p>,
    /// Answers into the sender.
    pub answer: &'p mut dyn FnMut(&mut FrameSender<'_>, Nanos, Reply),
    /// Refusals into the sender.
    pub no_room: &'p mut dyn FnMut(&mut FrameSender<'_>, Nanos),
}

/// Executes the operations of `data`; panics unless every message arrives at most once and intact, no client gets a false
/// answer, no forbidden signal is sent, and the last message arrives when the faults end.
pub fn run(data: &[u8]) {
    check(
        data,
        Parts {
            serve: &mut serve::react,
            take: &mut FrameReceiver::handle_word,
            answer: &mut hear,
            no_room: &mut no_room,
        },
    );
}

/// Runs the body with `parts` in place of the real ones.
pub fn check(data: &[u8], parts: Parts<'_>) {
    let Some((options, operations)) = data.split_first() else {
        return;
    };
    let words_only = options & WORDS_ONLY != 0;
    let messages: Vec<Vec<u8>> = (0..=255).map(|len| message(len, words_only)).collect();
    let mut world = World::new(parts, *options, &messages);
    world.restart(0);
    let mut u = Unstructured::new(operations);
    while !u.is_empty()
        && let Ok(op) = Op::arbitrary(&mut u)
    {
        world.apply(&op);
    }
    world.finish();
}

/// Returns a message of several windows of words if they are certain to be words.
fn message(len: u8, words_only: bool) -> Vec<u8> {
    let len = if words_only {
        4 * usize::from(len)
    } else {
        (len % 16).into()
    };
    (0..len).map(|i| (i / 8 + 31 * i) as u8).collect()
}

/// The signals on their way to a process: pending in the kernel, then in its ring.
struct Process<S> {
    pending: [Option<S>; 2],
    queue: VecDeque<S>,
    room: usize,
    ring: VecDeque<S>,
}

impl<S> Process<S> {
    const fn new() -> Self {
        Self {
            pending: [None, None],
            queue: VecDeque::new(),
            room: ROOMY,
            ring: VecDeque::new(),
        }
    }

    fn send(&mut self, number: usize, signal: S) -> bool {
        if number != QUEUE {
            self.pending[number].get_or_insert(signal);
            return true;
        }
        let accepted = self.queue.len() < self.room;
        if accepted {
            self.queue.push_back(signal);
        }
        accepted
    }

    fn next(&mut self, number: usize) -> Option<S> {
        match number {
            QUEUE => self.queue.pop_front(),
            _ => self.pending[number].take(),
        }
    }

    fn take(&mut self, number: usize) {
        let signal = self.next(number);
        self.ring.extend(signal);
    }

    fn take_all(&mut self) {
        (0..2).for_each(|number| self.take(number));
        self.ring.append(&mut self.queue);
    }
}

#[derive(Clone, Copy)]
enum Signal {
    Standard(Bit, Option<Request>),
    Queued(Word),
}

/// A message and its progress.
struct Transfer<'m> {
    message: &'m [u8],
    complete: bool,
    written: Option<bool>,
    idle: bool,
    forgotten: bool,
}

struct World<'m, 'p> {
    parts: Parts<'p>,
    lane: Lane,
    offer: u8,
    messages: &'m [Vec<u8>],
    now: Nanos,
    sender: Option<FrameSender<'m>>,
    /// Whether a word of the present transfer was sent.
    in_words: bool,
    /// The time until which the client must be silent without another answer.
    quiet: Option<Nanos>,
    client: Process<Reply>,
    server: Process<Signal>,
    receiver: FrameReceiver,
    /// Transfer `n` has tag `n + 1`.
    transfers: Vec<Transfer<'m>>,
    unwritten: VecDeque<Tag>,
}

impl<'m, 'p> World<'m, 'p> {
    fn new(parts: Parts<'p>, options: u8, messages: &'m [Vec<u8>]) -> Self {
        let lane = match options & WORDS_ONLY {
            0 => Lane::Auto,
            _ => Lane::Word,
        };
        let offer = [8, 24, 13, 0][usize::from(options & 3)];
        Self {
            parts,
            lane,
            offer,
            messages,
            now: 0,
            sender: None,
            in_words: false,
            quiet: None,
            client: Process::new(),
            server: Process::new(),
            receiver: FrameReceiver::with_words(LIMIT, offer),
            transfers: Vec::new(),
            unwritten: VecDeque::new(),
        }
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Poll => drop(self.poll()),
            Op::Take(true, number) => self.server.take(number),
            Op::Take(false, number) => self.client.take(number),
            Op::Process(true) => self.process(),
            Op::Process(false) => self.take_answer(),
            Op::Lose(true, number) => drop(self.server.next(number)),
            Op::Lose(false, number) => drop(self.client.next(number)),
            Op::Room(true, room) => self.server.room = room,
            Op::Room(false, room) => self.client.room = room,
            Op::Hold => self.receiver.hold(true),
            Op::Release => self.release(),
            Op::Settle(written) => self.write(written),
            Op::Idle => self.expire(),
            Op::Forget => {
                self.receiver = FrameReceiver::with_words(LIMIT, self.offer);
                self.transfer().forgotten = true;
            }
            Op::Restart(len) => self.restart(len),
            Op::Pass(time) => self.now += time,
            Op::Run(rounds) => (0..rounds).for_each(|_| self.round()),
        }
    }

    fn restart(&mut self, len: u8) {
        let message = &self.messages[usize::from(len)][..];
        self.transfers.push(Transfer {
            message,
            complete: false,
            written: None,
            idle: false,
            forgotten: false,
        });
        let tag = self.tag();
        self.sender = Some(
            FrameSender::new(message, tag, Duration::MAX, self.lane).expect("a short message"),
        );
        (self.in_words, self.quiet) = (false, None);
    }

    fn tag(&self) -> Tag {
        Tag::try_from(self.transfers.len()).expect("fuzz inputs are short")
    }

    fn transfer(&mut self) -> &mut Transfer<'m> {
        self.transfers.last_mut().expect("one has begun")
    }

    /// Lets the client perform one step; returns when it wants to be called again if it has nothing to send.
    fn poll(&mut self) -> Option<Nanos> {
        let sender = self.sender.as_mut().expect("a client has begun");
        let acknowledged = sender.acknowledged();
        match step(sender, self.now) {
            Step::Signal { bit, value, .. } => {
                assert!(!self.in_words, "a standard signal amid words");
                let ask = value.map(|value| Request::from_value(value).expect("a question"));
                let number = usize::from(bit == Bit::One);
                self.server.send(number, Signal::Standard(bit, ask));
                None
            }
            Step::Queue(word) => {
                self.watch(&word, acknowledged);
                if !self.server.send(QUEUE, Signal::Queued(word)) {
                    let sender = self.sender.as_mut().expect("it is there");
                    (self.parts.no_room)(sender, self.now);
                    let next = step(sender, self.now);
                    assert!(
                        matches!(next, Step::Wait(until) if until > self.now),
                        "{next:?} without room"
                    );
                }
                None
            }
            Step::Wait(until) => {
                assert!(until > self.now, "a wait for nothing");
                assert!(
                    until <= self.now + PAUSED_INTERVAL.as_nanos(),
                    "too long a wait"
                );
                Some(until)
            }
            Step::Finished(result) => {
                self.ended(result);
                Some(self.now)
            }
        }
    }

    /// Checks what must hold for all queued signals.
    fn watch(&mut self, word: &Word, acknowledged: u64) {
        assert!(
            self.quiet.is_none_or(|until| self.now >= until),
            "though told to wait"
        );
        let tag = self.tag();
        let Some(index) = word.index() else {
            match word.request() {
                Some(Request::Words { tag: of, size }) if of == tag => {
                    let expected = if self.in_words {
                        STATUS_ONLY
                    } else {
                        self.offer
                    };
                    assert_eq!(size, expected);
                }
                other => panic!("{other:?} in the queue"),
            }
            return;
        };
        self.in_words = true;
        let size = usize::from(self.offer);
        let frame = Frame::new(self.transfer().message).expect("a short message");
        let mut bytes = [0; MAX_SIZE];
        frame.copy(index as usize * size, &mut bytes[..size]);
        assert_eq!(word.bytes, bytes, "other bytes");
        let first = acknowledged.div_ceil(8 * size as u64) as u32;
        let is_last = (index as usize + 1) * size >= frame.bytes();
        assert!(index as usize * size < frame.bytes(), "beyond the end");
        assert!(index < first + MAX_WINDOW, "beyond the window");
        assert!(index >= first || is_last, "known to be taken");
        assert!(word.wants_reply() || !is_last, "the end is not asked for");
    }

    fn ended(&mut self, result: Result<(), Failure>) {
        let offer = self.offer;
        let transfer = self.transfer();
        match result {
            Ok(()) => assert_eq!(transfer.written, Some(true), "told too early"),
            Err(Failure::Rejected(Reason::Output)) => assert_eq!(transfer.written, Some(false)),
            Err(Failure::Rejected(Reason::Idle)) => assert!(transfer.idle && !transfer.complete),
            Err(Failure::Forgotten) => assert!(transfer.forgotten),
            Err(Failure::NoWords) => assert_eq!(offer, 0),
            Err(failure) => panic!("{failure:?} without a cause"),
        }
    }

    /// Takes one signal in the server's main loop.
    fn process(&mut self) {
        let Some(signal) = self.server.ring.pop_front() else {
            return;
        };
        let receiver = &mut self.receiver;
        let (via, response) = match signal {
            Signal::Standard(bit, ask) => {
                let via = ask.map_or(0, |_| usize::from(bit == Bit::One));
                (via, (self.parts.serve)(receiver, bit, ask))
            }
            Signal::Queued(word) => match word.request() {
                Some(ask) => (QUEUE, (self.parts.serve)(receiver, Bit::Zero, Some(ask))),
                None => (QUEUE, (self.parts.take)(receiver, &word)),
            },
        };
        let Response {
            reply: answer,
            outcome,
        } = response;
        match outcome {
            Some(Outcome::Complete { payload, .. }) => {
                let tag = self.receiver.tag();
                assert_ne!(tag, 0, "nobody sent that");
                let transfer = &mut self.transfers[usize::from(tag) - 1];
                assert_eq!(payload, transfer.message, "another message");
                assert!(!mem::replace(&mut transfer.complete, true), "twice");
                self.unwritten.push_back(tag);
            }
            Some(Outcome::Rejected(reason)) => panic!("a valid message is rejected: {reason:?}"),
            Some(Outcome::Abandoned) | None => {}
        }
        self.answer(via, answer);
    }

    /// Takes one answer in the client's main loop.
    fn take_answer(&mut self) {
        let Some(answer) = self.client.ring.pop_front() else {
            return;
        };
        let tag = self.tag();
        let sender = self.sender.as_mut().expect("a client has begun");
        (self.parts.answer)(sender, self.now, answer);
        if answer.tag == tag && self.in_words {
            match answer.status {
                Status::Wait(_) => self.quiet = Some(self.now + PAUSED_INTERVAL.as_nanos()),
                // Late answers to the hellos, which say nothing new.
                Status::Greeted { .. } | Status::Ok(_) => {}
                _ => self.quiet = None,
            }
        }
    }

    fn write(&mut self, written: bool) {
        let Some(tag) = self.unwritten.pop_front() else {
            return;
        };
        self.transfers[usize::from(tag) - 1].written = Some(written);
        let result = if written { Ok(()) } else { Err(Reason::Output) };
        let answer = self.receiver.handle_written(tag, result);
        self.answer_unasked(answer);
    }

    fn expire(&mut self) {
        let tag = self.receiver.tag();
        if self.receiver.in_message() && tag != 0 {
            self.transfers[usize::from(tag) - 1].idle = true;
            let answer = self.receiver.refuse(Reason::Idle);
            self.answer_unasked(answer);
        }
    }

    fn release(&mut self) {
        let answer = self.receiver.release();
        self.answer_unasked(answer);
    }

    fn answer_unasked(&mut self, answer: Option<Reply>) {
        let via = if self.receiver.uses_words() { QUEUE } else { 0 };
        self.answer(via, answer);
    }

    fn answer(&mut self, via: usize, answer: Option<Reply>) {
        if let Some(answer) = answer {
            assert_eq!(Reply::from_value(answer.value()), Some(answer));
            // What there is no room for is lost.
            self.client.send(via, answer);
        }
    }

    /// Runs a client and the server without disturbance, to the next answer.
    fn round(&mut self) {
        if let Some(until) = self.poll() {
            self.now = until;
        }
        while self.poll().is_none() {}
        self.server.take_all();
        while !self.server.ring.is_empty() {
            self.process();
        }
        while !self.unwritten.is_empty() {
            self.write(true);
        }
        self.client.take_all();
        while !self.client.ring.is_empty() {
            self.take_answer();
        }
    }

    /// Runs to the end without faults.
    fn finish(&mut self) {
        (self.server.room, self.client.room) = (ROOMY, ROOMY);
        self.server.take_all();
        self.release();
        let frame = Frame::new(self.transfer().message).expect("a short message");
        // One round for each bit, or each word of a window of one; the start, twice; and the fallback from words.
        let enough = 24
            + match self.lane {
                Lane::Word => frame.bytes() / usize::from(self.offer.max(1)),
                _ => frame.bits() as usize,
            };
        for _ in 0..enough {
            self.round();
        }
        let sender = self.sender.as_mut().expect("a client has begun");
        let step = step(sender, self.now);
        let Step::Finished(result) = step else {
            panic!("{step:?} after {enough} rounds without a fault");
        };
        let transfer = self.transfer();
        let delivered = transfer.complete && transfer.written == Some(true);
        assert!(result.is_ok() == delivered || transfer.forgotten);
        self.ended(result);
    }
}

//! Three clients and a server, joined by a channel that treats standard signals as the kernel does, or worse.
//!
//! A process has at most one pending signal of each number, from any sender; further ones are swallowed. Signals of one number
//! are delivered in order, the two numbers in any order. A delivered signal stays in the process's ring until its main loop
//! takes it. A client may die at any point, and another process with its PID start at once, with the dead one's signals still
//! in flight.
//!
//! Input: operations of one byte, some followed by arguments, see `Op`. After any operations, a channel without faults must
//! complete every transfer in as many rounds as it has bits.

use std::collections::VecDeque;
use std::mem;

use arbitrary::{Arbitrary, Unstructured};
use minitalk::wire::Nanos;
use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Reply, Request, Tag};
use minitalk::wire::reason::Reason;
use minitalk::wire::receiver::{FrameReceiver, Outcome, Response};
use minitalk::wire::rtt::PAUSED_INTERVAL;
use minitalk::wire::sender::{Failure, FrameSender, Lane};
use minitalk::wire::time::Duration;

use crate::bits;
use crate::serve::{self, Serve, Step, hear, step};

const CLIENTS: usize = 3;
const LIMIT: usize = 5;
const SERVER: usize = CLIENTS;
const PROCESSES: usize = CLIENTS + 1;

enum Op {
    /// The client performs its next step. If it sends the same signal several times in a row, the handler takes each in time,
    /// or none before the last.
    Poll(usize, bool),
    /// The handler of this process takes its pending signal of this number.
    Take(usize, usize),
    /// The main loop of this process takes the oldest signal from its ring; for an answer the flag means the same as in
    /// [`Op::Poll`].
    Process(usize, bool),
    Lose(usize, usize),
    /// A stray signal, which takes the place of another one.
    Stray(usize, usize),
    Hold(usize, bool),
    Release(usize),
    /// The oldest complete message is written, or cannot be written.
    Settle(bool),
    /// The idle timeout of this client's partial message passes.
    Idle(usize),
    /// The server loses all state of this client.
    Forget(usize),
    /// The client ends at any point, and a process with the same PID sends this message.
    Restart(usize, Vec<u8>),
    Pass(Nanos),
    /// This many rounds pass without faults.
    Run(usize, u8),
}

impl<'a> Arbitrary<'a> for Op {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let byte = u8::arbitrary(u)?;
        let process = usize::from(byte) % PROCESSES;
        let client = process % CLIENTS;
        let slot = usize::from(byte >> 6 & 1);
        let flag = byte & 0x40 == 0;
        Ok(match byte >> 2 & 0xF {
            0 | 1 => Self::Poll(client, byte & 0x40 != 0),
            2 => Self::Take(process, slot),
            3 => Self::Process(process, byte & 0x40 != 0),
            4 => Self::Lose(process, slot),
            5 => Self::Stray(process, slot),
            6 => Self::Hold(client, flag),
            7 => Self::Release(client),
            8 => Self::Settle(flag),
            9 => Self::Idle(client),
            10 => {
                let len = usize::from(u8::arbitrary(u)?) % (LIMIT + 1);
                Self::Restart(client, u.bytes(len.min(u.len()))?.to_vec())
            }
            11 => Self::Pass(1 << (u8::arbitrary(u)? % 40)),
            12 => Self::Run(client, u.arbitrary()?),
            13 => Self::Forget(client),
            _ => Self::Run(client, 1),
        })
    }
}

/// Executes the operations of `data`; panics unless every message arrives at most once and intact, no client gets a false
/// answer, and all other messages arrive when the faults end.
pub fn run(data: &[u8]) {
    check(data, &mut serve::react);
}

/// Runs the body with `serve` in place of the server.
pub fn check(data: &[u8], serve: Serve<'_>) {
    let mut ops: Vec<_> = (0..CLIENTS)
        .map(|client| Op::Restart(client, vec![b'a'; client]))
        .collect();
    let mut u = Unstructured::new(data);
    while !u.is_empty()
        && let Ok(op) = Op::arbitrary(&mut u)
    {
        ops.push(op);
    }
    let mut world = World::new(serve);
    for op in &ops {
        world.apply(op);
    }
    world.finish();
}

/// The signals of a process: pending in the kernel, at most one of each number, then in its ring.
struct Process<S> {
    /// `Some(None)` is a stray.
    pending: [Option<Option<S>>; 2],
    ring: VecDeque<S>,
}

impl<S> Process<S> {
    const fn new() -> Self {
        Self {
            pending: [None, None],
            ring: VecDeque::new(),
        }
    }

    fn send(&mut self, slot: usize, signal: Option<S>) {
        self.pending[slot].get_or_insert(signal);
    }

    fn take(&mut self, slot: usize) {
        self.ring.extend(self.pending[slot].take().flatten());
    }
}

/// A message and its progress.
struct Transfer<'m> {
    message: &'m [u8],
    complete: bool,
    written: Option<bool>,
    idle: bool,
    forgotten: bool,
}

struct Client<'m> {
    tag: Tag,
    sender: Option<FrameSender<'m>>,
    process: Process<Reply>,
    /// The server's side of it.
    receiver: FrameReceiver,
}

struct World<'m, 's> {
    serve: Serve<'s>,
    now: Nanos,
    clients: [Client<'m>; CLIENTS],
    server: Process<(usize, Bit, Option<Request>)>,
    /// Transfer `n` has tag `n + 1`.
    transfers: Vec<Transfer<'m>>,
    unwritten: VecDeque<(usize, Tag)>,
}

impl<'m, 's> World<'m, 's> {
    fn new(serve: Serve<'s>) -> Self {
        let client = |_| Client {
            tag: 0,
            sender: None,
            process: Process::new(),
            receiver: FrameReceiver::new(LIMIT),
        };
        Self {
            serve,
            now: 0,
            clients: [0; CLIENTS].map(client),
            server: Process::new(),
            transfers: Vec::new(),
            unwritten: VecDeque::new(),
        }
    }

    fn apply(&mut self, op: &'m Op) {
        match *op {
            Op::Poll(client, quick) => {
                self.poll(client, quick);
            }
            Op::Take(SERVER, slot) => self.server.take(slot),
            Op::Take(client, slot) => self.clients[client].process.take(slot),
            Op::Process(SERVER, quick) => self.process(quick),
            Op::Process(client, _) => self.take_answer(client),
            Op::Lose(SERVER, slot) => self.server.pending[slot] = None,
            Op::Lose(client, slot) => self.clients[client].process.pending[slot] = None,
            Op::Stray(SERVER, slot) => self.server.send(slot, None),
            Op::Stray(client, slot) => self.clients[client].process.send(slot, None),
            Op::Hold(client, held) => self.clients[client].receiver.hold(held),
            Op::Release(client) => {
                let answer = self.clients[client].receiver.release();
                self.answer(client, 0, answer);
            }
            Op::Settle(written) => self.write(written),
            Op::Idle(client) => self.expire(client),
            Op::Forget(client) => self.forget(client),
            Op::Restart(client, ref message) => self.restart(client, message),
            Op::Pass(time) => self.now += time,
            Op::Run(client, rounds) => (0..rounds).for_each(|_| self.round(client)),
        }
    }

    fn restart(&mut self, client: usize, message: &'m [u8]) {
        self.transfers.push(Transfer {
            message,
            complete: false,
            written: None,
            idle: false,
            forgotten: false,
        });
        let tag = Tag::try_from(self.transfers.len()).expect("fuzz inputs are short");
        let sender =
            FrameSender::new(message, tag, Duration::MAX, Lane::Bit).expect("a short message");
        self.clients[client].tag = tag;
        self.clients[client].sender = Some(sender);
    }

    /// Lets a client perform its next step, and returns when it wants to be called again.
    fn poll(&mut self, client: usize, quick: bool) -> Nanos {
        let Client { tag, sender, .. } = &mut self.clients[client];
        let sender = sender.as_mut().expect("every client has begun");
        let transfer = &self.transfers[usize::from(*tag) - 1];
        match step(sender, self.now) {
            Step::Signal { bit, value, copies } => {
                let ask = value.map(|v| Request::from_value(v).expect("a question"));
                self.server.send(slot(bit), Some((client, bit, ask)));
                for _ in 1..copies {
                    if quick {
                        self.server.take(slot(bit));
                    }
                    self.server.send(slot(bit), Some((client, bit, ask)));
                }
                self.now
            }
            Step::Queue(_) => panic!("a word in the bit lane"),
            Step::Wait(until) => {
                assert!(until > self.now, "a wait for nothing");
                assert!(
                    until <= self.now + PAUSED_INTERVAL.as_nanos(),
                    "too long a wait"
                );
                until
            }
            Step::Finished(result) => {
                match result {
                    Ok(()) => assert_eq!(transfer.written, Some(true), "told too early"),
                    Err(Failure::Rejected(Reason::Output)) => {
                        assert_eq!(transfer.written, Some(false));
                    }
                    Err(Failure::Rejected(Reason::Idle)) => {
                        assert!(transfer.idle && !transfer.complete);
                    }
                    Err(Failure::Forgotten) => assert!(transfer.forgotten),
                    Err(failure) => panic!("{failure:?} without a cause"),
                }
                self.now
            }
        }
    }

    /// Takes one signal in the server's main loop.
    fn process(&mut self, quick: bool) {
        let Some((client, bit, ask)) = self.server.ring.pop_front() else {
            return;
        };
        let receiver = &mut self.clients[client].receiver;
        let Response {
            reply: answer,
            outcome,
        } = (self.serve)(receiver, bit, ask);
        let tag = receiver.tag();
        match outcome {
            Some(Outcome::Complete { payload, .. }) => {
                assert_ne!(tag, 0, "nobody sent that");
                let transfer = &mut self.transfers[usize::from(tag) - 1];
                assert_eq!(payload, transfer.message, "another message");
                assert!(!mem::replace(&mut transfer.complete, true), "twice");
                self.unwritten.push_back((client, tag));
            }
            Some(Outcome::Rejected(reason)) => panic!("a valid message is rejected: {reason:?}"),
            Some(Outcome::Abandoned) | None => {}
        }
        let via = ask.map_or(0, |_| slot(bit));
        self.answer(client, via, answer);
        for _ in 1..self.clients[client].receiver.burst_len() {
            if quick {
                self.clients[client].process.take(via);
            }
            self.answer(client, via, answer);
        }
    }

    /// Takes one answer in a client's main loop.
    fn take_answer(&mut self, client: usize) {
        let Client {
            sender, process, ..
        } = &mut self.clients[client];
        if let (Some(sender), Some(answer)) = (sender, process.ring.pop_front()) {
            hear(sender, self.now, answer);
        }
    }

    fn write(&mut self, written: bool) {
        let Some((client, tag)) = self.unwritten.pop_front() else {
            return;
        };
        self.transfers[usize::from(tag) - 1].written = Some(written);
        let result = if written { Ok(()) } else { Err(Reason::Output) };
        let answer = self.clients[client].receiver.handle_written(tag, result);
        self.answer(client, 0, answer);
    }

    fn expire(&mut self, client: usize) {
        let receiver = &mut self.clients[client].receiver;
        if receiver.in_message() && receiver.tag() != 0 {
            self.transfers[usize::from(receiver.tag()) - 1].idle = true;
            let answer = receiver.refuse(Reason::Idle);
            self.answer(client, 0, answer);
        }
    }

    fn forget(&mut self, client: usize) {
        let Client { tag, receiver, .. } = &mut self.clients[client];
        *receiver = FrameReceiver::new(LIMIT);
        self.transfers[usize::from(*tag) - 1].forgotten = true;
    }

    fn answer(&mut self, client: usize, slot: usize, answer: Option<Reply>) {
        if let Some(answer) = answer {
            assert_eq!(Reply::from_value(answer.value()), Some(answer));
            self.clients[client].process.send(slot, Some(answer));
        }
    }

    /// Runs a client and the server without disturbance, to the next answer.
    fn round(&mut self, client: usize) {
        self.now = self.poll(client, false);
        self.poll(client, false);
        for slot in 0..2 {
            self.server.take(slot);
        }
        while !self.server.ring.is_empty() {
            self.process(false);
        }
        while !self.unwritten.is_empty() {
            self.write(true);
        }
        for slot in 0..2 {
            self.clients[client].process.take(slot);
        }
        while !self.clients[client].process.ring.is_empty() {
            self.take_answer(client);
        }
    }

    /// Runs to the end without faults.
    fn finish(&mut self) {
        for client in 0..CLIENTS {
            let answer = self.clients[client].receiver.release();
            self.answer(client, 0, answer);
        }
        for client in 0..CLIENTS {
            let transfer = usize::from(self.clients[client].tag) - 1;
            // Two hellos, which a forgotten client sends twice, and two rounds that remove what the faults left.
            let enough = bits::of_frame(self.transfers[transfer].message).len() + 6;
            (0..enough).for_each(|_| self.round(client));
            let sender = self.clients[client].sender.as_mut();
            let step = sender.map(|sender| step(sender, self.now));
            let Some(Step::Finished(result)) = step else {
                panic!("{step:?} after {enough} rounds without a fault");
            };
            let transfer = &self.transfers[transfer];
            let delivered = transfer.complete && transfer.written == Some(true);
            assert!(result.is_ok() == delivered || transfer.forgotten);
        }
    }
}

fn slot(bit: Bit) -> usize {
    (bit == Bit::One).into()
}

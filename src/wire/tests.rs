//! Both ends in a simulation: a kernel that merges, processes that sleep, and a third process that sends whatever it can know.
//!
//! The third process is that of PROTOCOL.md's threat model (Dolev and Yao, 1983): it may send any signal to both ends, naming any
//! process, but knows of numbers only those that were sent to it or that it draws. Everything follows from a seed.

use super::bits::Bit;
use super::control::{Nonces, Progress, Reply, Request, Status};
use super::frame::{Frame, MessageKind};
use super::packet::{Channel, Packet};
use super::reason::Reason;
use super::receiver::{FrameReceiver, Outcome, VERSION};
use super::sender::{Failure, FrameSender, Lane};
use super::siphash::Key;
use super::time::{Duration, Instant};
use super::word::{SIZE, Word, proof};
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

type Pid = u32;
const SERVER: Pid = 1;
const CLIENT: Pid = 2;
const ADVERSARY: Pid = 3;
/// Has signalled the server once, and sends nothing of this protocol.
const BYSTANDER: Pid = 4;
const LIMIT: usize = 400_000;
const CHANNELS: [Channel; 3] = [Channel::Usr1, Channel::Usr2, Channel::Realtime];

/// Draws pseudo-random numbers (SplitMix64).
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Returns true in so many of 100 cases.
    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// Is a signal that is pending: who sent it, or is named as its sender, and its content.
type Signal = (Pid, Option<Packet>);

/// Holds the signals that are pending for one process.
struct Mailbox {
    standard: [Option<Signal>; 2],
    queue: VecDeque<Signal>,
    /// The most signals in the queue (RLIMIT_SIGPENDING).
    room: usize,
}

impl Mailbox {
    const fn new(room: usize) -> Self {
        Self {
            standard: [None; 2],
            queue: VecDeque::new(),
            room,
        }
    }

    /// Returns false where the kernel has no room (EAGAIN).
    fn send(&mut self, channel: Channel, signal: Signal) -> bool {
        let slot = match channel {
            Channel::Usr1 => &mut self.standard[0],
            Channel::Usr2 => &mut self.standard[1],
            Channel::Realtime => {
                let has_room = self.queue.len() < self.room;
                if has_room {
                    self.queue.push_back(signal);
                }
                return has_room;
            }
        };
        // One that is pending already swallows this one.
        slot.get_or_insert(signal);
        true
    }

    /// Takes the pending signal with the lowest number.
    fn take(&mut self) -> Option<(Channel, Signal)> {
        let [usr1, usr2] = &mut self.standard;
        let usr1 = usr1.take().map(|signal| (Channel::Usr1, signal));
        usr1.or_else(|| usr2.take().map(|signal| (Channel::Usr2, signal)))
            .or_else(|| Some((Channel::Realtime, self.queue.pop_front()?)))
    }

    fn is_empty(&self) -> bool {
        self.standard == [None; 2] && self.queue.is_empty()
    }
}

/// A message to be written.
struct Write {
    from: Pid,
    client: u64,
    kind: MessageKind,
    payload: Vec<u8>,
    due: Instant,
}

/// The server, as the real one: a session only for a process that is attested, or that has proved itself.
struct Server {
    inbox: Mailbox,
    key: Key,
    takes_words: bool,
    /// What its output says of each message.
    output: Result<(), Reason>,
    sessions: BTreeMap<Pid, (FrameReceiver, Channel)>,
    writes: Vec<Write>,
    written: Vec<(Pid, MessageKind, Vec<u8>)>,
    /// The replies to be sent.
    replies: Vec<(Pid, Channel, Reply, u32)>,
}

impl Server {
    fn session(&self, pid: Pid) -> FrameReceiver {
        FrameReceiver::new(LIMIT, self.key.derive(pid.into()), self.takes_words)
    }

    fn handle(&mut self, channel: Channel, (pid, packet): Signal, now: Instant, delay: Duration) {
        let Some(packet) = packet else {
            let new = self.session(pid);
            let (session, _) = self.sessions.entry(pid).or_insert((new, channel));
            if channel == Channel::Realtime {
                session.handle_bare();
            }
            return;
        };
        let Some(request) = Request::from_packet(&packet) else {
            return;
        };
        if !self.sessions.contains_key(&pid) {
            let mut session = self.session(pid);
            if !session.is_opening(&request) {
                let reply = session.handle_request(channel, request).reply;
                self.replies
                    .extend(reply.map(|reply| (pid, channel, reply, 1)));
                return;
            }
            self.sessions.insert(pid, (session, channel));
        }
        let (session, last) = self.sessions.get_mut(&pid).unwrap();
        *last = channel;
        let response = session.handle_request(channel, request);
        let copies = session.burst_len();
        self.replies
            .extend(response.reply.map(|reply| (pid, channel, reply, copies)));
        if let Some(Outcome::Complete { kind, payload, .. }) = response.outcome {
            self.writes.push(Write {
                from: pid,
                client: session.client_nonce(),
                kind,
                payload,
                due: now + delay,
            });
        }
        assert!(session.held_bytes() <= LIMIT);
    }

    /// Takes up to `count` signals, and notes what is to be sent.
    fn run(&mut self, count: u64, now: Instant, random: &mut Random) {
        for _ in 0..count {
            let Some((channel, signal)) = self.inbox.take() else {
                break;
            };
            let delay = Duration::from_nanos(random.below(3_000_000));
            self.handle(channel, signal, now, delay);
        }
        let is_quiet = self.inbox.is_empty() && random.percent(50);
        for (pid, (session, channel)) in &mut self.sessions {
            let reply = session.poll_reply(is_quiet);
            let copies = session.burst_len();
            self.replies
                .extend(reply.map(|reply| (*pid, *channel, reply, copies)));
        }
        let mut later = Vec::new();
        for write in self.writes.drain(..) {
            if write.due > now {
                later.push(write);
                continue;
            }
            if self.output.is_ok() {
                self.written.push((write.from, write.kind, write.payload));
            }
            let (session, channel) = self.sessions.get_mut(&write.from).unwrap();
            let reply = session.handle_written(write.client, self.output);
            self.replies
                .extend(reply.map(|reply| (write.from, *channel, reply, 1)));
        }
        self.writes = later;
    }

    fn hold(&mut self, is_held: bool) {
        for (pid, (session, channel)) in &mut self.sessions {
            if is_held {
                session.hold(true);
            }
            let reply = if is_held { None } else { session.release() };
            self.replies
                .extend(reply.map(|reply| (*pid, *channel, reply, 1)));
        }
    }
}

/// A process that sends whatever it can know.
struct Adversary {
    numbers: Vec<u64>,
    /// The replies that were sent to it.
    replies: Vec<Reply>,
}

impl Adversary {
    fn new(random: &mut Random) -> Self {
        let mut numbers = std::vec![0, 1, u64::MAX];
        numbers.extend([(); 5].map(|()| random.next()));
        Self {
            numbers,
            replies: Vec::new(),
        }
    }

    fn learn(&mut self, reply: Reply) {
        self.replies.truncate(50);
        self.replies.push(reply);
    }

    fn nonces(&self, random: &mut Random) -> Nonces {
        if random.percent(50) && !self.replies.is_empty() {
            return random.pick(&self.replies).nonces;
        }
        Nonces {
            client: random.pick(&self.numbers),
            server: random.pick(&self.numbers),
        }
    }

    /// Returns a packet, the process that it names, and the signal.
    fn next(&self, random: &mut Random) -> (Channel, Signal) {
        let named = random.pick(&[SERVER, CLIENT, CLIENT, ADVERSARY, BYSTANDER, 9]);
        let channel = random.pick(&CHANNELS);
        if random.percent(20) {
            return (channel, (ADVERSARY, None));
        }
        let nonces = self.nonces(random);
        let word = Word {
            index: random.below(8) as u32,
            wants_reply: random.percent(50),
            proof: proof(nonces.server),
            bytes: [random.next() as u8; SIZE],
        };
        let progress = Progress {
            next: random.below(100),
            beyond: random.next() as u32 >> random.below(32),
            serial: random.next() as u8,
        };
        let status = match random.below(5) {
            0 => Status::Greeted {
                words: random.percent(50),
            },
            1 => Status::Ok(progress),
            2 => Status::Wait(progress),
            3 => Status::Delivered(random.below(2_000)),
            _ => Status::Rejected(Reason::from_number(1 + random.below(11)).unwrap()),
        };
        let packet = match random.below(8) {
            0 => Request::Hello {
                client: nonces.client,
                version: if random.percent(90) { VERSION } else { 9 },
            }
            .packet(),
            1 | 2 => Request::Open {
                nonces,
                in_words: random.percent(50),
                sleeps: false,
            }
            .packet(),
            3 => Request::Bit {
                nonces,
                index: random.below(100),
                serial: random.next() as u8,
                wants_reply: random.percent(50),
            }
            .packet(),
            4 => Request::Word(word).packet(),
            5 => Reply { nonces, status }.packet(),
            6 if !self.replies.is_empty() => random.pick(&self.replies).packet(),
            _ => Packet {
                errno: random.next() as u32,
                padding: random.next() as u32,
                value: random.below(0x30) << 56 | random.next() >> 16,
                more: [nonces.client, nonces.server],
            },
        };
        (channel, (named, Some(packet)))
    }

    /// Returns the signals of a whole transfer under nonces that it knows, in the name of any process.
    fn forge(&self, random: &mut Random) -> Vec<(Channel, Signal)> {
        let nonces = self.nonces(random);
        let named = random.pick(&[CLIENT, CLIENT, ADVERSARY, BYSTANDER]);
        let in_words = random.percent(30);
        let kind = match random.below(3) {
            0 => MessageKind::Message,
            1 => MessageKind::Request,
            _ => MessageKind::Reply(self.nonces(random).client),
        };
        let mut frame = Frame::new(kind, b"forged").unwrap();
        frame.seal(nonces);
        let open = Request::Open {
            nonces,
            in_words,
            sleeps: false,
        };
        let mut requests = std::vec![(random.pick(&CHANNELS), open)];
        if in_words {
            let mut bytes = [0; SIZE];
            frame.copy(0, &mut bytes);
            let word = Word {
                index: 0,
                wants_reply: true,
                proof: proof(nonces.server),
                bytes,
            };
            requests.push((Channel::Realtime, Request::Word(word)));
        } else {
            requests.extend((0..frame.bits()).map(|index| {
                let bit = Request::Bit {
                    nonces,
                    index,
                    serial: index as u8,
                    wants_reply: true,
                };
                let is_one = frame.bit(index) == Some(Bit::One);
                let channel = if is_one { Channel::Usr2 } else { Channel::Usr1 };
                (channel, bit)
            }));
        }
        let signal =
            |(channel, request): (Channel, Request)| (channel, (named, Some(request.packet())));
        requests.into_iter().map(signal).collect()
    }
}

/// All processes, and what may happen between them.
struct World {
    random: Random,
    now: Instant,
    client: Mailbox,
    server: Server,
    adversary: Adversary,
    /// Of 100 signals, how many vanish.
    loss: u64,
    signals: u64,
    /// The nonces of the client's transfers: a reply to one of its requests names one of these.
    asked: BTreeSet<u64>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let room = random.pick(&[1, 2, 3, 10, 100, 1_000]);
        let mut server = Server {
            inbox: Mailbox::new(room),
            key: Key([random.next(), random.next()]),
            takes_words: random.percent(70),
            output: Ok(()),
            sessions: BTreeMap::new(),
            writes: Vec::new(),
            written: Vec::new(),
            replies: Vec::new(),
        };
        if random.percent(10) {
            server.output = Err(Reason::Output);
        }
        server.handle(
            Channel::Usr1,
            (BYSTANDER, None),
            Instant::default(),
            Duration::default(),
        );
        Self {
            now: Instant::default(),
            client: Mailbox::new(random.pick(&[1, 2, 10, 1_000])),
            server,
            adversary: Adversary::new(&mut random),
            loss: random.pick(&[0, 0, 5, 30]),
            signals: 0,
            asked: BTreeSet::new(),
            random,
        }
    }

    /// Lets the client take what is pending, and send what it may.
    fn run_client(&mut self, sender: &mut FrameSender<'_>) {
        while let Some((_, (pid, packet))) = self.client.take() {
            let reply = packet.and_then(|packet| Reply::from_packet(&packet));
            if let Some(reply) = reply.filter(|_| pid == SERVER) {
                sender.handle_reply(reply, self.now);
            }
        }
        while let Some(sent) = sender.poll_transmit(self.now) {
            self.asked.insert(sender.client_nonce());
            for _ in 0..sent.copies {
                self.signals += 1;
                if self.random.percent(self.loss) {
                    continue;
                }
                let has_room = self.server.inbox.send(sent.channel, (CLIENT, sent.packet));
                if !has_room {
                    sender.handle_eagain(self.now);
                }
                if self.random.percent(20) {
                    // The server runs on another CPU.
                    self.run_server(1);
                }
            }
        }
        let is_waiting = sender.result().is_none() && sender.poll_timeout().is_none();
        assert!(!is_waiting, "nothing wakes the client");
    }

    fn run_server(&mut self, count: u64) {
        self.server.run(count, self.now, &mut self.random);
        for (pid, channel, reply, copies) in core::mem::take(&mut self.server.replies) {
            for _ in 0..copies {
                if self.random.percent(self.loss) {
                    continue;
                }
                match pid {
                    CLIENT => {
                        self.client.send(channel, (SERVER, Some(reply.packet())));
                    }
                    ADVERSARY => self.adversary.learn(reply),
                    _ => assert!(
                        matches!(
                            reply.status,
                            Status::Greeted { .. } | Status::Rejected(Reason::Version)
                        ),
                        "to a process that asked for nothing: {reply:?}"
                    ),
                }
            }
        }
        let known = [CLIENT, ADVERSARY, BYSTANDER];
        let mut pids = self.server.sessions.keys();
        assert!(pids.all(|pid| known.contains(pid)), "an unproven session");
    }

    fn run_adversary(&mut self) {
        if self.random.percent(5) {
            let is_slow = self.random.percent(50);
            for (channel, signal) in self.adversary.forge(&mut self.random) {
                if is_slow {
                    self.run_server(u64::MAX);
                }
                self.server.inbox.send(channel, signal);
            }
            return;
        }
        for _ in 0..=self.random.below(3) {
            let (channel, signal) = self.adversary.next(&mut self.random);
            let target = self.random.pick(&[SERVER, SERVER, CLIENT]);
            if target == SERVER {
                self.server.inbox.send(channel, signal);
            } else {
                self.client.send(channel, signal);
            }
        }
    }

    /// Sends a message while `chaos` events of any kind happen, and then without them.
    fn transfer(&mut self, message: &[u8], lane: Lane, mut chaos: u64) -> Result<(), Failure> {
        let key = Key([self.random.next(), self.random.next()]);
        let timeout = Duration::from_millis(1_000_000);
        let mut sender = FrameSender::new(
            Frame::new(MessageKind::Message, message).unwrap(),
            key,
            timeout,
            lane,
        );
        let loss = self.loss;
        let mut quiet = 0;
        self.run_client(&mut sender);
        while sender.result().is_none() {
            let step = match self.random.below(100) {
                0 => self.random.below(10_000_000),
                _ => self.random.below(20_000),
            };
            self.now = self.now + Duration::from_nanos(step);
            if chaos > 0 {
                chaos -= 1;
                self.loss = loss;
                match self.random.below(20) {
                    0..8 => self.run_adversary(),
                    8 => self.server.hold(self.random.percent(50)),
                    9..14 => self.run_client(&mut sender),
                    _ => {
                        let count = 1 + self.random.below(8);
                        self.run_server(count);
                    }
                }
                continue;
            }
            self.loss = 0;
            quiet += 1;
            assert!(quiet < 100_000 + 20 * message.len(), "it does not end");
            self.server.hold(false);
            self.run_server(u64::MAX);
            if self.client.is_empty() {
                let deadline = sender.poll_timeout().unwrap();
                let next = self.server.writes.iter().map(|write| write.due).min();
                if self.random.percent(50) {
                    self.now = self.now.max(next.unwrap_or(deadline).min(deadline));
                }
            }
            self.run_client(&mut sender);
        }
        self.loss = loss;
        sender.result().unwrap()
    }

    /// Returns the messages that were written in the name of this process.
    fn written_by(&self, pid: Pid) -> Vec<&[u8]> {
        let written = self.server.written.iter();
        let own = written.filter(|(from, ..)| *from == pid);
        own.map(|(.., payload)| &payload[..]).collect()
    }

    /// Returns how many replies were written, and how many of them would be taken for replies to the client's requests.
    fn replies(&self) -> (usize, usize) {
        let written = self.server.written.iter();
        let requests = written.filter_map(|(_, kind, _)| match kind {
            MessageKind::Reply(request) => Some(request),
            MessageKind::Message | MessageKind::Request => None,
        });
        let is_asked = |request: &&u64| self.asked.contains(request);
        (requests.clone().count(), requests.filter(is_asked).count())
    }
}

fn message(random: &mut Random, len: u64) -> Vec<u8> {
    (0..len).map(|_| random.next() as u8).collect()
}

/// Exactly the bytes that the client sent, once, and "delivered" only if they were written; nothing in another's name.
#[test]
fn every_message_arrives_once_whatever_a_third_process_sends() {
    let mut results = BTreeSet::new();
    let mut of_adversary = 0;
    let mut replies = 0;
    for seed in 0..250 {
        let mut world = World::new(seed);
        let mut sent = Vec::new();
        for _ in 0..1 + seed % 3 {
            let len = world.random.below(60);
            let message = message(&mut world.random, len);
            let lane = world.random.pick(&[Lane::Auto, Lane::Bit, Lane::Word]);
            let chaos = world.random.below(6_000);
            let result = world.transfer(&message, lane, chaos);
            results.insert(std::format!("{result:?}"));
            match result {
                Ok(()) => sent.push(message),
                Err(Failure::NoWords) => {
                    assert!(lane == Lane::Word && !world.server.takes_words);
                }
                Err(failure) => {
                    assert_eq!(failure, Failure::Rejected(Reason::Output), "seed {seed}");
                    assert!(world.server.output.is_err());
                }
            }
            assert_eq!(world.written_by(CLIENT), sent, "seed {seed}");
            assert!(world.written_by(BYSTANDER).is_empty(), "seed {seed}");
        }
        of_adversary += world.written_by(ADVERSARY).len();
        let (of_any, taken) = world.replies();
        assert_eq!(
            taken, 0,
            "seed {seed}: a reply of a process that was not asked"
        );
        replies += of_any;
    }
    assert_eq!(results.len(), 3, "{results:?}");
    assert!(
        of_adversary > 0 && replies > 0,
        "in its own name it may send what it likes"
    );
}

#[test]
fn a_long_message_arrives_in_words_and_in_bits() {
    for (lane, len) in [(Lane::Word, 300_000), (Lane::Bit, 20_000)] {
        let mut world = World::new(1);
        world.server.takes_words = true;
        world.server.output = Ok(());
        world.server.inbox.room = 20;
        let message = message(&mut world.random, len);
        assert_eq!(world.transfer(&message, lane, 5_000), Ok(()));
        assert_eq!(world.written_by(CLIENT), [message]);
    }
}

/// Returns any status, more often one that is possible after `next` bits or words were acknowledged.
fn any_status(random: &mut Random, next: u64) -> Status {
    let is_wild = random.percent(1);
    let next = if is_wild {
        random.next()
    } else {
        (next + random.below(4)).saturating_sub(1)
    };
    let progress = Progress {
        next,
        beyond: if is_wild { random.next() as u32 } else { 0 },
        serial: random.next() as u8,
    };
    match random.below(200) {
        0 | 1 => Status::Greeted {
            words: random.percent(50),
        },
        2 => Status::Delivered(next),
        3 => Status::Rejected(random.pick(&[Reason::Checksum, Reason::Checksum, Reason::Idle])),
        4..10 => Status::Wait(progress),
        _ => Status::Ok(progress),
    }
}

/// A server that replies whatever it likes is outside the threat model, but the client still ends.
#[test]
fn no_reply_makes_a_sender_panic_or_wait_for_ever() {
    let mut results = BTreeSet::new();
    for seed in 0..300 {
        let mut random = Random(seed);
        let timeout = Duration::from_millis(random.below(2_000));
        let lane = random.pick(&[Lane::Auto, Lane::Bit, Lane::Word]);
        let len = random.below(100);
        let message = message(&mut random, len);
        let mut now = Instant::from_nanos(random.pick(&[0, u64::MAX - (1 << 50)]));
        let mut sender = FrameSender::new(
            Frame::new(MessageKind::Message, &message).unwrap(),
            Key([seed, 1]),
            timeout,
            lane,
        );
        let mut client = 0;
        let mut server = 1;
        let mut replies = random.below(2_000);
        for step in 0.. {
            while let Some(sent) = sender.poll_transmit(now) {
                if let Some(Request::Hello { client: nonce, .. }) =
                    sent.packet.and_then(|packet| Request::from_packet(&packet))
                {
                    client = nonce;
                }
                if sent.channel == Channel::Realtime && random.percent(5) {
                    sender.handle_eagain(now);
                }
            }
            if sender.result().is_some() {
                assert_eq!(sender.poll_timeout(), None);
                results.insert(std::format!("{:?}", sender.result()));
                break;
            }
            let deadline = sender.poll_timeout().expect("it would wait for ever");
            assert!(step < 10_000, "seed {seed}");
            if replies == 0 || random.percent(10) {
                now = now.max(deadline);
                continue;
            }
            replies -= 1;
            now = now + Duration::from_nanos(random.below(1_000_000));
            server += u64::from(random.percent(5));
            let nonces = Nonces { client, server };
            let end = 8 * message.len() as u64 + 64;
            let bits = if sender.uses_words() {
                8 * SIZE as u64
            } else {
                1
            };
            let status = any_status(&mut random, sender.acknowledged() / bits);
            sender.handle_reply(Reply { nonces, status }, now);
            assert!(sender.acknowledged() <= end);
        }
    }
    assert_eq!(results.len(), 7, "{results:?}");
}

/// A client that has proved itself may send whatever it likes.
#[test]
fn no_request_makes_a_receiver_panic_or_keep_more_than_its_limit() {
    const LIMIT: usize = 100;
    for seed in 0..100 {
        let mut random = Random(seed);
        let mut receiver = FrameReceiver::new(LIMIT, Key([seed, 2]), true);
        let mut nonces = Nonces::default();
        let mut at: u64 = 0;
        for _ in 0..2_000 {
            let wants_reply = random.percent(30);
            let request = match random.below(100) {
                0 => Request::Hello {
                    client: random.below(3),
                    version: VERSION,
                },
                1 | 2 => Request::Open {
                    nonces,
                    in_words: random.percent(50),
                    sleeps: false,
                },
                3..60 => Request::Bit {
                    nonces,
                    index: at.wrapping_add(random.below(5)).wrapping_sub(1),
                    serial: random.next() as u8,
                    wants_reply,
                },
                60 => Request::Bit {
                    nonces,
                    index: random.next(),
                    serial: random.next() as u8,
                    wants_reply,
                },
                _ => Request::Word(Word {
                    index: (at as u32).wrapping_add(random.below(3) as u32),
                    wants_reply,
                    proof: proof(nonces.server),
                    bytes: [random.pick(&[0, 0, 1, 0xFF]); SIZE],
                }),
            };
            receiver.handle_bare();
            let channel = random.pick(&CHANNELS);
            let response = receiver.handle_request(channel, request);
            let owed = receiver.poll_reply(random.percent(50));
            for reply in response.reply.into_iter().chain(owed) {
                let is_same = Reply::from_packet(&reply.packet());
                assert_eq!(is_same, Some(reply));
                nonces = reply.nonces;
                at = match reply.status {
                    Status::Ok(progress) | Status::Wait(progress) => progress.next,
                    _ => 0,
                };
            }
            if let Some(Outcome::Complete { payload, .. }) = response.outcome {
                assert!(payload.len() <= LIMIT);
            }
            match random.below(200) {
                0 => receiver.hold(true),
                1 => drop(receiver.release()),
                2 => drop(receiver.refuse(Reason::Idle)),
                3 => drop(receiver.handle_written(receiver.client_nonce(), Ok(()))),
                _ => {}
            }
            assert!(receiver.held_bytes() <= LIMIT && receiver.missing_bytes() <= LIMIT);
        }
    }
}

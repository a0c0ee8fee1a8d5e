//! Clients and a server, joined by a channel that treats signals as the kernel does, or worse; and an adversary.
//!
//! A process has at most one pending signal of each standard number, from any sender; further ones are swallowed. The
//! real-time signal queues in order, and is refused where there is no room. Unlike the kernel, the channel may lose queued
//! signals, and delivers the numbers in any order. A delivered signal stays in the process's ring until its main loop takes
//! it. A client may die at any point, and another process with its PID start at once, with the dead one's signals still in
//! flight in both directions.
//!
//! The adversary sends any signals to both ends and names any PID. It knows the signals that it got, and can guess no nonce.

mod properties;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::LazyLock;

use minitalk::internals::wire::PAUSED_INTERVAL;
use minitalk::wire::control::{Nonce, Nonces, Reply, Request};
use minitalk::wire::frame::{Frame, MessageKind};
use minitalk::wire::packet::{Channel, Packet};
use minitalk::wire::reason::Reason;
use minitalk::wire::receiver::{FrameReceiver, Response};
use minitalk::wire::sender::{FrameSender, Lane, Transmit};
use minitalk::wire::siphash::Key;
use minitalk::wire::time::{Duration, Instant};
use minitalk::wire::word::Word;

use crate::process::Process;
use crate::serve::{self, Hear, Serve, Step, step};

/// The clients, each with its own lane.
pub const LANES: [Lane; 3] = [Lane::Bit, Lane::Auto, Lane::Word];
/// The number of clients.
pub const CLIENTS: usize = LANES.len();
/// The number of the server among the processes, after the clients.
pub const SERVER: usize = CLIENTS;
/// The number of the adversary among those who have a session at the server, after the clients.
pub const ADVERSARY: usize = CLIENTS;

/// Room for more than a window.
pub const ROOMY: usize = 100;

/// The signals of the protocol; the first two merge.
pub const CHANNELS: [Channel; 3] = [Channel::Usr1, Channel::Usr2, Channel::Realtime];

const LIMIT: usize = 4096;

/// The operations on the world.
#[derive(Clone, Debug)]
pub enum Op {
    /// The client performs its next step. If it sends the same signal several times in a row, the handler takes each in time,
    /// or none before the last.
    Poll(usize, bool),
    /// The handler of this process takes its pending signal of this number.
    Take(usize, usize),
    /// The main loop of this process takes the oldest signal from its ring.
    Process(usize),
    /// The server notices that no signal of this client follows.
    Quiet(usize),
    /// A pending signal is lost.
    Lose(usize, usize),
    /// A stray signal, which takes the place of another one.
    Stray(usize, usize),
    /// The room for the queued signals of this process changes.
    Room(usize, usize),
    /// Another client has its turn, or this one.
    Hold(usize, bool),
    /// The oldest complete message is written, or cannot be written.
    Write(bool),
    /// The idle timeout of this client's partial message passes.
    Idle(usize),
    /// The server loses all state of this client.
    Forget(usize),
    /// The client ends at any point, and a process with the same PID sends a message of this length.
    Restart(usize, u8),
    /// Time passes.
    Pass(u8),
    /// This many rounds pass without faults.
    Run(usize, u8),
    /// The adversary sends this to the server, in the name of a client or in its own; `None` is a bare signal.
    ToServer(usize, Channel, Option<Packet>),
    /// The adversary sends this to a client.
    ToClient(usize, Channel, Packet),
}

/// The parts under test.
pub struct Parts {
    /// Takes signals into the receiver.
    pub serve: Box<Serve>,
    /// Takes replies into the sender.
    pub hear: Box<Hear>,
    /// Takes refusals into the sender.
    pub no_room: fn(&mut FrameSender<'_>, Instant),
    /// Returns the key of the server for this process and its number among those of the same PID.
    pub session_key: fn(usize, u64) -> Key,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            serve: Box::new(serve::react),
            hear: Box::new(|sender, reply, now| sender.handle_reply(reply, now)),
            no_room: |sender, now| sender.handle_eagain(now),
            session_key: |process, number| Key([process as u64, 1 << 32 | number]),
        }
    }
}

/// Returns the key of the client that sends transfer `number`.
pub fn client_key(number: usize) -> Key {
    Key([number as u64, 1 << 33])
}

/// Returns the message of this number that a client of this lane sends.
fn message(lane: Lane, len: u8) -> Vec<u8> {
    let len = usize::from(len);
    let len = match lane {
        Lane::Word => 12 * len,
        Lane::Auto => len % 64,
        Lane::Bit => len % 12,
    };
    (0..len).map(|i| (i / 8 + 31 * i) as u8).collect()
}

/// The messages of each client.
static MESSAGES: LazyLock<[Vec<Vec<u8>>; CLIENTS]> =
    LazyLock::new(|| LANES.map(|lane| (0..=255).map(|len| message(lane, len)).collect()));

/// A signal on its way to the server.
struct ToServer {
    /// The process that it names.
    claims: usize,
    channel: Channel,
    packet: Option<Packet>,
    is_forged: bool,
}

/// A message and its progress.
#[derive(Default)]
struct Transfer {
    message: &'static [u8],
    is_complete: bool,
    written: Option<bool>,
    is_idle: bool,
    /// How often the server lost all state of it.
    forgotten: u32,
}

struct Client {
    /// The number of its transfer.
    transfer: usize,
    sender: FrameSender<'static>,
    process: Process<(Packet, bool)>,
    /// Whether a word of the transfer was sent.
    in_words: bool,
}

/// The server's state of a process.
struct Session {
    receiver: FrameReceiver,
    /// The number of this process among those of the same PID.
    number: u64,
    /// The signal to reply on.
    channel: Channel,
}

/// See the module's text.
pub struct World {
    parts: Parts,
    takes_words: bool,
    now: Instant,
    clients: Vec<Client>,
    server: Process<ToServer>,
    sessions: Vec<Session>,
    transfers: Vec<Transfer>,
    /// The transfer that each client's nonce names.
    names: HashMap<Nonce, usize>,
    /// All numbers that were sent between the honest ends, and the halves of them that words carry.
    secrets: HashSet<u64>,
    /// All numbers that were sent to the adversary.
    known: Vec<u64>,
    unwritten: VecDeque<(usize, Nonce)>,
}

impl World {
    /// Returns a world in which each client sends a message.
    pub fn new(parts: Parts, takes_words: bool) -> Self {
        let mut world = Self {
            parts,
            takes_words,
            now: Instant::default(),
            clients: Vec::new(),
            server: Process::new(),
            sessions: Vec::new(),
            transfers: Vec::new(),
            names: HashMap::new(),
            secrets: HashSet::new(),
            known: Vec::new(),
            unwritten: VecDeque::new(),
        };
        // The adversary's knowledge comes from a process that had the PID of the first client.
        let processes = (0..CLIENTS).map(|client| (client, 1)).chain([(0, 0)]);
        for (process, number) in processes {
            let session = world.session(process, number);
            world.sessions.push(session);
        }
        for client in 0..CLIENTS {
            let (transfer, sender) = world.begin(client, client as u8);
            world.clients.push(Client {
                transfer,
                sender,
                process: Process::new(),
                in_words: false,
            });
        }
        world
    }

    fn session(&self, process: usize, number: u64) -> Session {
        let key = (self.parts.session_key)(process, number);
        Session {
            receiver: FrameReceiver::new(LIMIT, key, self.takes_words),
            number,
            channel: Channel::Usr1,
        }
    }

    fn begin(&mut self, client: usize, len: u8) -> (usize, FrameSender<'static>) {
        let message = &MESSAGES[client][usize::from(len)];
        let number = self.transfers.len();
        self.transfers.push(Transfer {
            message,
            ..Transfer::default()
        });
        let sender = FrameSender::new(
            Frame::new(MessageKind::Message, message).expect("a short message"),
            client_key(number),
            Duration::MAX,
            LANES[client],
        );
        (number, sender)
    }

    /// Returns the adversary's knowledge.
    pub fn known(&self) -> &[u64] {
        &self.known
    }

    /// Executes one operation.
    pub fn apply(&mut self, op: &Op) {
        match *op {
            Op::Poll(client, is_quick) => {
                self.poll(client, is_quick);
            }
            Op::Take(SERVER, number) => self.server.take(number),
            Op::Take(client, number) => self.clients[client].process.take(number),
            Op::Process(SERVER) => self.process(false),
            Op::Process(client) => self.take_reply(client),
            Op::Quiet(client) => self.poll_reply(client, true),
            Op::Lose(SERVER, number) => drop(self.server.next(number)),
            Op::Lose(client, number) => drop(self.clients[client].process.next(number)),
            Op::Stray(SERVER, number) => drop(self.server.send(CHANNELS[number], None)),
            Op::Stray(client, number) => {
                self.clients[client].process.send(CHANNELS[number], None);
            }
            Op::Room(SERVER, room) => self.server.room = room,
            Op::Room(client, room) => self.clients[client].process.room = room,
            Op::Hold(client, true) => {
                let receiver = &mut self.sessions[client].receiver;
                receiver.hold(receiver.in_message());
            }
            Op::Hold(client, false) => {
                let reply = self.sessions[client].receiver.release();
                self.reply(client, reply);
            }
            Op::Write(is_written) => self.write(is_written),
            Op::Idle(client) => self.expire(client),
            Op::Forget(client) => {
                self.renew(client);
                let transfer = self.clients[client].transfer;
                self.transfers[transfer].forgotten += 1;
            }
            Op::Restart(client, len) => {
                self.renew(client);
                let (transfer, sender) = self.begin(client, len);
                let client = &mut self.clients[client];
                (client.transfer, client.sender) = (transfer, sender);
                client.in_words = false;
            }
            Op::Pass(time) => self.now = self.now + Duration::from_nanos(1 << (time % 40)),
            Op::Run(client, rounds) => (0..rounds).for_each(|_| self.round(client)),
            Op::ToServer(claims, channel, packet) => {
                let signal = ToServer {
                    claims,
                    channel,
                    packet,
                    is_forged: true,
                };
                self.server.send(channel, Some(signal));
            }
            Op::ToClient(client, channel, packet) => {
                let process = &mut self.clients[client].process;
                process.send(channel, Some((packet, true)));
            }
        }
    }

    /// Returns a packet of the adversary without the numbers that it cannot know.
    fn guess(&self, packet: Packet) -> Packet {
        let wrong = |n: u64| if self.secrets.contains(&n) { !n } else { n };
        let [client, server] = packet.more;
        Packet {
            padding: wrong(packet.padding.into()) as u32,
            more: match Word::from_packet(&packet) {
                // Those bytes are the frame's.
                Some(_) => packet.more,
                None => [wrong(client), wrong(server)],
            },
            ..packet
        }
    }

    /// Gives the server another session for the process.
    fn renew(&mut self, client: usize) {
        let number = self.sessions[client].number + 1;
        self.sessions[client] = self.session(client, number);
    }

    /// Lets a client perform its next step, and returns when it wants to be called again if it has nothing to send.
    fn poll(&mut self, client: usize, is_quick: bool) -> Option<Instant> {
        match step(&mut self.clients[client].sender, self.now) {
            Step::Send(transmit) => {
                self.watch(client, transmit);
                self.send(client, transmit, is_quick);
                None
            }
            Step::Wait(until) => {
                assert!(until > self.now, "a wait for nothing");
                assert!(until <= self.now + PAUSED_INTERVAL, "too long a wait");
                Some(until)
            }
            Step::Finished(result) => {
                self.ended(client, result);
                Some(self.now)
            }
        }
    }

    fn send(&mut self, client: usize, transmit: Transmit, is_quick: bool) {
        let channel = transmit.channel;
        for copy in 0..transmit.copies {
            if copy > 0 && is_quick {
                self.server.take(channel as usize);
            }
            let signal = ToServer {
                claims: client,
                channel,
                packet: transmit.packet,
                is_forged: false,
            };
            if !self.server.send(channel, Some(signal)) {
                let sender = &mut self.clients[client].sender;
                (self.parts.no_room)(sender, self.now);
                let next = step(sender, self.now);
                assert!(matches!(next, Step::Wait(_)), "{next:?} without room");
            }
        }
    }

    /// Takes one signal in the server's main loop; if none is left, the replies that are due at once are sent.
    fn process(&mut self, is_quick: bool) {
        let Some(signal) = self.server.ring.pop_front() else {
            return;
        };
        let ToServer {
            claims,
            channel,
            packet,
            is_forged,
        } = signal;
        let packet = packet.map(|packet| match is_forged {
            true => self.guess(packet),
            false => packet,
        });
        let request = packet.as_ref().map(Request::from_packet);
        let session = &mut self.sessions[claims];
        let before = (is_forged && claims != ADVERSARY).then(|| session.receiver.clone());
        if let (Some(before), Some(Some(request))) = (&before, &request) {
            assert!(!before.is_proven(request), "a session for a stranger");
        }
        let Response { reply, outcome } = match request {
            // What carries no request is dropped.
            Some(None) => Response::default(),
            Some(request @ Some(_)) => (self.parts.serve)(&mut session.receiver, channel, request),
            None => (self.parts.serve)(&mut session.receiver, channel, None),
        };
        if let Some(before) = before {
            self.not_fooled(claims, before, channel, reply, outcome);
        } else if claims == ADVERSARY {
            let nonces = reply.map(|reply| reply.nonces);
            let numbers = nonces.map(|Nonces { client, server }| [client, server]);
            self.known.extend(numbers.into_iter().flatten());
            return;
        } else {
            if session.channel != Channel::Realtime || request.flatten().is_some_and(opens) {
                session.channel = channel;
            }
            self.came_out(claims, outcome);
        }
        let copies = self.sessions[claims].receiver.burst_len();
        for copy in 0..copies {
            if copy > 0 && is_quick {
                self.clients[claims].process.take(channel as usize);
            }
            self.reply_on(claims, channel, reply);
        }
        if self.server.ring.is_empty() {
            (0..CLIENTS).for_each(|client| self.poll_reply(client, false));
        }
    }

    /// Takes one reply in a client's main loop.
    fn take_reply(&mut self, client: usize) {
        let Some((mut packet, is_forged)) = self.clients[client].process.ring.pop_front() else {
            return;
        };
        if is_forged {
            packet = self.guess(packet);
        }
        let Some(reply) = Reply::from_packet(&packet) else {
            return;
        };
        let sender = &mut self.clients[client].sender;
        let before = is_forged.then(|| format!("{sender:?}"));
        (self.parts.hear)(sender, reply, self.now);
        if let Some(before) = before {
            assert!(before == format!("{sender:?}"), "a stranger's reply counts");
        }
    }

    fn write(&mut self, is_written: bool) {
        let Some((client, nonce)) = self.unwritten.pop_front() else {
            return;
        };
        let number = self.names[&nonce];
        self.transfers[number].written = Some(is_written);
        let result = if is_written {
            Ok(())
        } else {
            Err(Reason::Output)
        };
        let receiver = &mut self.sessions[client].receiver;
        let reply = receiver.handle_written(nonce, result);
        self.reply(client, reply);
    }

    fn expire(&mut self, client: usize) {
        let receiver = &mut self.sessions[client].receiver;
        if let Some(reply) = receiver.refuse(Reason::Idle) {
            let number = self.names[&reply.nonces.client];
            self.transfers[number].is_idle = true;
            self.reply(client, Some(reply));
        }
    }

    fn poll_reply(&mut self, client: usize, is_quiet: bool) {
        let reply = self.sessions[client].receiver.poll_reply(is_quiet);
        self.reply(client, reply);
    }

    fn reply(&mut self, client: usize, reply: Option<Reply>) {
        let channel = self.sessions[client].channel;
        self.reply_on(client, channel, reply);
    }

    fn reply_on(&mut self, client: usize, channel: Channel, reply: Option<Reply>) {
        let Some(reply) = reply else {
            return;
        };
        let packet = reply.packet();
        assert_eq!(Reply::from_packet(&packet), Some(reply));
        let server = reply.nonces.server;
        self.secrets.extend([server, u64::from(server as u32)]);
        // What there is no room for is lost.
        self.clients[client]
            .process
            .send(channel, Some((packet, false)));
    }

    /// Runs a client and the server without disturbance, to the next reply.
    fn round(&mut self, client: usize) {
        if let Some(until) = self.poll(client, true) {
            self.now = until.max(self.now);
        }
        loop {
            self.server.take_all();
            while !self.server.ring.is_empty() {
                self.process(true);
            }
            if self.poll(client, true).is_some() {
                break;
            }
        }
        self.poll_reply(client, true);
        while !self.unwritten.is_empty() {
            self.write(true);
        }
        let process = &mut self.clients[client].process;
        process.take_all();
        while !self.clients[client].process.ring.is_empty() {
            self.take_reply(client);
        }
    }
}

fn opens(request: Request) -> bool {
    matches!(request, Request::Open { .. })
}

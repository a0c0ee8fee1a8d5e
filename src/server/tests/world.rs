//! Stands in for the host: processes, a writer, and a virtual clock in memory. Checks every signal that the machine sends.

use core::borrow::Borrow;
use core::mem;
use std::collections::VecDeque;
use std::io;
use std::string::{String, ToString};
pub use std::vec::Vec;

use super::super::Config;
use super::super::action::{self, Action, After, Inspection, Observation, Opened};
use super::super::machine::Machine;
use super::super::writer::Written;
// The names that most tests use.
pub use super::super::{DropReason, Note, Received, ServeError};
pub use super::signals::*;
pub use crate::dialect::ack_timing::SleepState;
use crate::process::peer::INSPECT_INTERVAL;
pub use crate::process::peer::PeerError;
pub use crate::process::pid::Pid;
use crate::process::pid::PidMap;
pub use crate::signal::event::Event;
pub use crate::signal::set::{Signal, SignalSet};
pub use crate::wire::Nanos;
pub use crate::wire::bits::Bit;
use crate::wire::control::Reply;
pub use crate::wire::control::{Nonce, Nonces, Request, Status};
pub use crate::wire::frame::{Frame, MessageKind};
pub use crate::wire::packet::Packet;
pub use crate::wire::reason::Reason;
pub use crate::wire::receiver::Owed;
pub use crate::wire::sender::{Lane, LinkFailure};
pub use crate::wire::word::{SIZE, Word, proof};

pub const MILLISECOND: Nanos = 1_000_000;
pub const SECOND: Nanos = 1000 * MILLISECOND;

/// Describes a process as the kernel knows it.
#[derive(Clone, Debug)]
pub struct Process {
    pub handled: SignalSet,
    pub is_certain: bool,
    pub has_ended: bool,
    pub ends_well: bool,
    /// How it sleeps.
    pub sleep: SleepState,
    /// Its CPU time, if it waits for a CPU.
    pub run_time: Option<u64>,
    /// How often it has gone to sleep.
    pub naps: Option<u64>,
    pub program: u64,
    pub uid: u32,
    pub start: u64,
    /// The error of each inspection or signal, if it can be found at all.
    pub error: Option<fn() -> PeerError>,
}

/// Says what becomes of messages that are handed to the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    Works,
    Blocks,
    Refuses,
    Fails,
}

/// Records one action of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Did {
    Open(Pid),
    Inspect(Pid),
    Observe(Pid, bool),
    Migrate,
    Send(Pid, Signal, Option<Packet>, u32),
    Close(Pid),
}

pub struct World {
    pub machine: Machine,
    pub now: Nanos,
    pub processes: PidMap<Process>,
    /// Processes that may be open at once.
    pub descriptors: usize,
    pub held: Vec<Pid>,
    pub writing: Writing,
    pub queue: VecDeque<Received>,
    /// The messages that are replies, and what becomes of each.
    pub received: Vec<Received>,
    pub verdict: Result<(), Reason>,
    pub written: Vec<Received>,
    pub log: Vec<Did>,
    /// The processes that wait and were started with the server's PID.
    pub waiting: Vec<Pid>,
    pub notes: Vec<Note>,
    pub end: Option<Result<(), ServeError>>,
    /// Whether no signal follows the last of a batch at once.
    pub is_quiet: bool,
    /// Whose signals are being handled.
    askers: Vec<Pid>,
    /// What each process handled when it was inspected, and when that was.
    seen: PidMap<(SignalSet, Nanos)>,
    sent_at: PidMap<Nanos>,
}

impl World {
    pub fn new(configure: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        configure(&mut config);
        Self {
            machine: Machine::new(config, true, 16, 64, KEY),
            now: SECOND,
            processes: PidMap::default(),
            descriptors: usize::MAX,
            held: Vec::new(),
            writing: Writing::Works,
            queue: VecDeque::new(),
            received: Vec::new(),
            verdict: Ok(()),
            written: Vec::new(),
            log: Vec::new(),
            waiting: Vec::new(),
            notes: Vec::new(),
            end: None,
            is_quiet: true,
            askers: Vec::new(),
            seen: PidMap::default(),
            sent_at: PidMap::default(),
        }
    }

    /// Returns a server of the default configuration, and a process that handles all three signals.
    pub fn with_client() -> (Self, Pid) {
        Self::with_process(|_| {})
    }

    /// Returns the same, where the process is changed.
    pub fn with_process(change: impl FnOnce(&mut Process)) -> (Self, Pid) {
        let mut world = Self::new(|_| {});
        let client = world.spawn_with(1, change);
        (world, client)
    }

    /// Returns the same, where the process has opened a transfer in bits.
    pub fn with_open_client() -> (Self, Pid) {
        let (mut world, client) = Self::with_client();
        world.feed_each(opening(client, 7));
        (world, client)
    }

    /// Starts a process that handles all three signals.
    pub fn spawn(&mut self, n: i32) -> Pid {
        self.spawn_with(n, |_| {})
    }

    /// Starts a process that opens a transfer in bits.
    pub fn spawn_open(&mut self, n: i32) -> Pid {
        let pid = self.spawn(n);
        self.feed_each(opening(pid, 7));
        pid
    }

    pub fn spawn_with(&mut self, n: i32, change: impl FnOnce(&mut Process)) -> Pid {
        let mut process = Process {
            handled: SignalSet::LANES,
            is_certain: true,
            has_ended: false,
            ends_well: true,
            sleep: SleepState::ForSignal,
            run_time: None,
            naps: None,
            program: 7,
            uid: USER,
            start: START,
            error: None,
        };
        change(&mut process);
        self.processes.insert(pid(n), process);
        pid(n)
    }

    pub fn process(&mut self, pid: Pid) -> &mut Process {
        self.processes.get_mut(&pid).unwrap()
    }

    /// Ends a process, as a pidfd reports it if there is one.
    pub fn exit(&mut self, pid: Pid) {
        self.process(pid).has_ended = true;
        if self.held.contains(&pid) && self.process(pid).is_certain {
            self.machine.set_now(self.now);
            self.machine.handle_exit(pid);
            self.turn(&[]);
        }
    }

    /// Handles `events` as one batch, and then the expired timers.
    pub fn feed(&mut self, events: &[Event]) {
        self.machine.set_now(self.now);
        self.turn(events);
    }

    fn turn(&mut self, events: &[Event]) {
        self.apply_all();
        let mut senders: Vec<Pid> = Vec::new();
        for event in events {
            self.askers = Vec::from_iter(self.machine.attribute(*event).origin.pid());
            senders.extend(&self.askers);
            self.machine.handle_signal(*event);
            self.apply_all();
        }
        // A client that is owed a reply has asked a moment ago.
        self.askers = self.machine.core.owing.clone();
        self.askers.extend(senders);
        self.machine.reply_to_bits(Owed::Now);
        self.apply_all();
        if self.is_quiet {
            self.machine.reply_to_bits(Owed::WhenQuiet);
            self.apply_all();
            assert!(!self.machine.owes_reply(Owed::WhenQuiet));
        }
        self.askers.clear();
        self.machine.handle_timeout();
        self.apply_all();
        if self.writing != Writing::Blocks {
            self.write_all();
        }
        if self.end.is_none() {
            self.end = self.machine.poll_end();
            self.apply_all();
        }
        self.check();
    }

    /// Feeds `events` one by one, a little apart.
    pub fn feed_each(&mut self, events: impl IntoIterator<Item = impl Borrow<Event>>) {
        self.feed_apart(MILLISECOND / 10, events);
    }

    /// Feeds `events` one by one, each after this pause.
    pub fn feed_apart(
        &mut self,
        pause: Nanos,
        events: impl IntoIterator<Item = impl Borrow<Event>>,
    ) {
        for event in events {
            self.now += pause;
            self.feed(&[*event.borrow()]);
        }
    }

    /// Lets time pass without signals.
    pub fn pass(&mut self, time: Nanos) {
        let until = self.now + time;
        self.feed(&[]);
        // Due actions are done, and do not become due again at the same moment for ever.
        for _ in 0..100_000 {
            let Some(at) = self.next_at().filter(|at| *at <= until) else {
                self.now = until;
                return self.feed(&[]);
            };
            self.now = at.max(self.now);
            self.feed(&[]);
        }
        panic!("the machine is never at rest");
    }

    /// Returns when the machine wants to be called next: now, if something is overdue.
    pub fn next_at(&mut self) -> Option<Nanos> {
        Some(self.machine.poll_timeout()?.as_nanos().max(self.now))
    }

    /// Returns the answers to `pid` since the last call; `None` for a bare signal.
    pub fn answers(&mut self, pid: Pid) -> Vec<(Signal, Option<Reply>)> {
        let mut answers = Vec::new();
        self.log.retain(|did| match did {
            Did::Send(to, signal, packet, _) if *to == pid => {
                let reply = packet.map(|packet| Reply::from_packet(&packet).unwrap());
                answers.push((*signal, reply));
                false
            }
            _ => true,
        });
        answers
    }

    /// Returns the replies to `pid` since the last call.
    pub fn replies(&mut self, pid: Pid) -> Vec<(Signal, Status)> {
        let replies = self.answers(pid).into_iter();
        let status = |(signal, reply): (_, Option<Reply>)| (signal, reply.unwrap().status);
        replies.map(status).collect()
    }

    /// Returns the replies to `pid` since the last call, on whatever signal.
    pub fn statuses(&mut self, pid: Pid) -> Vec<Status> {
        let replies = self.replies(pid).into_iter();
        replies.map(|(_, status)| status).collect()
    }

    /// Returns the last reply to `pid` since the last call.
    #[track_caller]
    pub fn last_status(&mut self, pid: Pid) -> Status {
        self.statuses(pid).pop().expect("it was not answered")
    }

    pub fn take_log(&mut self) -> Vec<Did> {
        mem::take(&mut self.log)
    }

    /// Returns the notes since the last call, as they are shown.
    pub fn take_notes(&mut self) -> Vec<String> {
        let notes = mem::take(&mut self.notes);
        notes.iter().map(Note::to_string).collect()
    }

    /// Returns whether a note was made since the last call that has this text in it.
    pub fn has_note(&mut self, text: &str) -> bool {
        self.take_notes().iter().any(|note| note.contains(text))
    }

    /// Checks that one note was made since the last call, which has this text in it.
    #[track_caller]
    pub fn expect_note(&mut self, text: &str) {
        let notes = self.take_notes();
        assert!(
            matches!(&notes[..], [one] if one.contains(text)),
            "{notes:?}"
        );
    }

    /// Returns the messages since the last call, as text.
    pub fn take_texts(&mut self) -> Vec<String> {
        let text = |m: &Received| String::from_utf8_lossy(&m.payload).into_owned();
        mem::take(&mut self.written).iter().map(text).collect()
    }

    /// Writes the messages of the writer.
    pub fn write_all(&mut self) {
        while let Some(message) = self.queue.pop_front() {
            let (verdict, error) = match self.writing {
                Writing::Fails => {
                    let error = io::ErrorKind::BrokenPipe.into();
                    (Err(Reason::Output), Some(ServeError::Output(error)))
                }
                Writing::Refuses => (Err(Reason::Refused), None),
                Writing::Works | Writing::Blocks => (Ok(()), None),
            };
            let (pid, client, bytes) = (message.pid, message.client, message.payload.len());
            if verdict.is_ok() {
                self.written.push(message);
            }
            self.machine.handle_written(Written {
                pid,
                client,
                bytes,
                verdict,
                error,
            });
            self.apply_all();
        }
    }

    pub fn apply_all(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            self.apply(action);
        }
    }

    fn apply(&mut self, action: Action) {
        match action {
            Action::Open { pid, event } => {
                self.log.push(Did::Open(pid));
                let opened = self.open(pid, &event);
                self.machine.handle_opened(pid, opened, event);
            }
            Action::Inspect { pid, then } => {
                if self.held.contains(&pid) {
                    self.log.push(Did::Inspect(pid));
                    let inspection = self.inspect(pid, then.is_bit());
                    self.machine.handle_inspected(pid, inspection, then);
                }
            }
            Action::Observe { pid, sleep, naps } => {
                self.log.push(Did::Observe(pid, sleep));
                let process = &self.processes[&pid];
                let state = if sleep {
                    process.sleep
                } else {
                    SleepState::Awake
                };
                let run_time = process.run_time.filter(|_| state == SleepState::Awake);
                let observation = Observation {
                    sleep: state,
                    run_time,
                    naps: process
                        .naps
                        .filter(|_| naps && state == SleepState::Napping),
                    blocks_usr1: false,
                };
                self.machine.handle_observed(pid, observation);
            }
            Action::CheckEnded { pids, after } => {
                let has_ended = |pid: &Pid| self.processes[pid].has_ended;
                if let After::Expire = after {
                    let certain = pids.iter().find(|pid| self.processes[*pid].is_certain);
                    assert_eq!(certain, None, "a pidfd watches it");
                }
                let with_status = |pid| (pid, self.processes[&pid].ends_well.then_some(0));
                let ended = pids.into_iter().filter(has_ended).map(with_status);
                self.machine.handle_ended(&ended.collect::<Vec<_>>(), after);
            }
            Action::FindWaiting => self.machine.handle_waiting(&self.waiting),
            Action::ReadExitStatus(pid) => {
                let status = self.processes[&pid].ends_well.then_some(0);
                self.machine.handle_exit_status(pid, status);
            }
            Action::Migrate => self.log.push(Did::Migrate),
            Action::Send(pid, signal, packet, copies) => self.send(pid, signal, packet, copies),
            Action::Write(message) => self.queue.push_back(message),
            Action::DeliverReply(message) => {
                let verdict = self.verdict;
                let (pid, client) = (message.pid, message.client);
                self.received.push(message);
                self.machine.handle_replied(pid, client, verdict);
            }
            Action::Close(pid) => {
                self.log.push(Did::Close(pid));
                self.held.retain(|held| *held != pid);
            }
            Action::Note(note) => self.notes.push(note),
        }
    }

    fn open(&mut self, pid: Pid, event: &Event) -> Result<Opened, PeerError> {
        let process = self.processes.get(&pid).filter(|p| !p.has_ended);
        let process = process.ok_or(PeerError::NoSuchProcess)?;
        if self.held.len() >= self.descriptors {
            return Err(PeerError::System(io::Error::from_raw_os_error(
                libc::EMFILE,
            )));
        }
        let (is_certain, start) = (process.is_certain, process.start);
        assert!(!self.held.contains(&pid), "{pid} is held already");
        self.held.push(pid);
        let may_be_answered = action::may_be_answered(event);
        let inspection = may_be_answered.then(|| self.inspect(pid, action::is_bare_bit(event)));
        Ok(Opened {
            is_certain,
            start,
            inspection,
        })
    }

    fn inspect(&mut self, pid: Pid, by_bit: bool) -> Inspection {
        let process = &self.processes[&pid];
        let handled = match process.error {
            Some(error) => Err(error()),
            None if process.has_ended => Err(PeerError::NoSuchProcess),
            None => Ok(process.handled),
        };
        let uid = handled.as_ref().ok().map(|_| process.uid);
        let seen = *handled.as_ref().unwrap_or(&SignalSet::NONE);
        self.seen.insert(pid, (seen, self.now));
        Inspection {
            handled,
            uid,
            program: by_bit.then_some((0, process.program)),
        }
    }

    /// Checks AS-21: the last inspection allows the signal, and precedes it directly if the client has not just asked for it.
    fn send(&mut self, pid: Pid, signal: Signal, packet: Option<Packet>, copies: u32) {
        let (handled, seen_at) = self.seen[&pid];
        assert!(handled.contains(signal), "{pid} does not handle {signal:?}");
        assert!(self.now - seen_at < INSPECT_INTERVAL, "an old inspection");
        let session = &self.machine.sessions.get(&pid);
        let may_be_last = session.is_none_or(|session| !session.in_message());
        let is_second = self.sent_at.insert(pid, self.now) == Some(self.now) && may_be_last;
        assert!(copies == 1 || !may_be_last && signal != Signal::WORD);
        if is_second || !self.askers.contains(&pid) {
            let is_sent = |did: &&Did| matches!(did, Did::Send(to, ..) if *to == pid);
            let mut before = self.log.iter().rev();
            let before = before.find(|did| match did {
                Did::Migrate => false,
                did => is_second || !is_sent(did),
            });
            let inspected = [Did::Inspect(pid), Did::Open(pid)];
            let is_inspected = before.is_some_and(|did| inspected.contains(did));
            assert!(is_inspected, "{pid} is not inspected, but {before:?}");
        }
        self.log.push(Did::Send(pid, signal, packet, copies));
        let process = &self.processes[&pid];
        let error = match process.error {
            _ if process.has_ended => PeerError::NoSuchProcess,
            Some(error) => error(),
            None => return,
        };
        self.machine.handle_send_error(pid, &error);
    }

    /// Checks what holds after every turn.
    fn check(&self) {
        let machine = &self.machine;
        let mut held = self.held.clone();
        let mut sessions: Vec<_> = machine.sessions.keys().copied().collect();
        held.sort_unstable();
        sessions.sort_unstable();
        assert_eq!(held, sessions, "what is open are the clients");
        let core = &machine.core;
        let counted = machine.sessions.values().map(|session| {
            assert_eq!(session.counted, session.held_bytes());
            let count = |pids: &[Pid]| pids.iter().filter(|pid| **pid == session.pid).count();
            let is_listed = count(&core.foreign.listed);
            assert_eq!(is_listed, usize::from(session.foreign.is_listed));
            assert!(session.foreign.due_at().is_none() || session.foreign.is_listed);
            let may_receive_text =
                session.foreign.receiver.is_none() || session.receiver.is_closed();
            assert!(may_receive_text, "a bare bit does not belong to a transfer");
            assert!(session.attested_uid.is_none_or(|uid| uid == USER));
            assert_eq!(count(&core.owing), usize::from(session.is_owed));
            session.counted
        });
        let unwritten = core.backlog.memory.held == counted.sum::<usize>();
        assert!(unwritten, "the account is not what is held");
        assert!(machine.sessions.len() >= core.foreign.listed.len());
        assert!(!machine.sessions.is_empty() || core.expire_at.is_none());
    }
}

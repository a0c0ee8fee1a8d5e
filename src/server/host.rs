//! Carries out the actions of the [`Machine`], and feeds it signals and results.

use std::io;
use std::rc::Rc;
use std::vec::Vec;

use super::action::{self, Action, After, Inspection, Observation, Opened};
use super::machine::Machine;
use super::notes::NoteSink;
use super::shutdown::Urgency;
use super::writer::{Sink, Writer};
use super::{Config, Note, Received, ServeError};
use crate::dialect::ack_timing::SleepState;
use crate::ffi::{self, BatchPolicy, Epoll};
use crate::process::affinity::{self, AffinityFollower};
use crate::process::peer::{Peer, PeerError, ProcessStatus};
use crate::process::pid::{Pid, PidMap};
use crate::process::proc;
use crate::signal::event::Event;
use crate::signal::inbox::Inbox;
use crate::signal::set::{Signal, SignalSet};
use crate::signal::spin::SPIN_LIMIT;
use crate::wire::reason::Reason;
use crate::wire::receiver::Owed;
use crate::wire::siphash::Key;

/// Reserves descriptors for the program around the server, and for files that are open for a moment.
const RESERVED: usize = 20;

/// Is the number of polls for a further bit, some 5 us, after which a client is taken to wait for a reply.
const POLLS_BEFORE_QUIET: u32 = 16;

/// Receives messages: the machine with its processes, outputs and notes.
pub struct Host<'n> {
    /// The machine that decides. Calls that may lead to actions go through the host, which carries the actions out.
    pub machine: Machine,
    peers: PidMap<Peer>,
    /// The clients that can run on another CPU while this thread polls.
    beside: PidMap<()>,
    /// Whether the process that was opened last can run while this thread polls, also if it has been closed since.
    is_last_beside: bool,
    /// The client on whose CPU this thread stays meanwhile, and lets it send all that it may: it sleeps for each reply.
    followed: Option<(Pid, AffinityFollower, Option<BatchPolicy>)>,
    epoll: Rc<Epoll>,
    writer: Writer,
    note_sink: NoteSink<'n>,
    /// The replies that have come and were not taken.
    replies: Vec<Received>,
}

impl<'n> Host<'n> {
    /// Returns a host that adds the processes of clients to `epoll`, by their PIDs, and the bell of its outputs as `bell`.
    pub fn new(
        inbox: &Inbox,
        config: Config,
        outputs: Vec<Sink>,
        notes: &'n mut dyn FnMut(&Note),
        epoll: Rc<Epoll>,
        bell: u64,
    ) -> io::Result<Self> {
        let room = Writer::room(outputs.len());
        let writer = Writer::start(outputs)?;
        epoll.add(writer.bell().fd(), bell)?;
        // A client takes a descriptor, and an inspection another for a moment.
        let inspected = Peer::open(ffi::getpid()).and_then(|peer| peer.inspect());
        if let Some(error) = inspected.err().filter(PeerError::is_exhausted) {
            let text =
                std::format!("{error}: no client can be taken; raise the limit with ulimit -n");
            return Err(io::Error::other(text));
        }
        let key = Key([ffi::random(), ffi::random()]);
        let limit = ffi::descriptor_limit().saturating_sub(RESERVED).max(1);
        Ok(Self {
            machine: Machine::new(config, inbox.takes_words(), limit, room, key),
            peers: PidMap::default(),
            beside: PidMap::default(),
            is_last_beside: false,
            followed: None,
            epoll,
            writer,
            note_sink: NoteSink::new(notes),
            replies: Vec::new(),
        })
    }

    pub fn handle_signal(&mut self, event: Event) {
        self.note_traced(|| Note::Received(event));
        self.machine.handle_signal(event);
        self.apply_all();
        if self.machine.core.config.trace {
            // The line of a bit shows the reply that it asked for.
            self.machine.reply_to_bits(Owed::Now);
            self.apply_all();
        }
        self.note_traced(|| Note::Handled);
    }

    /// Takes a signal that follows a bit, or one of a transfer's opening, at once, or sends the replies to bits that are due.
    /// Returns whether a signal came.
    ///
    /// A signal that stays pending swallows others of its number.
    pub fn take_following(&mut self, inbox: &mut Inbox) -> bool {
        if self.machine.owes_reply(Owed::Now) {
            // Bits that are already pending belong to the same reply, unless other clients keep sending.
            if self.expects_bit() && inbox.poll_more(1) {
                return true;
            }
            self.machine.reply_to_bits(Owed::Now);
            self.apply_all();
        }
        if self.expects_bit() && inbox.poll_more(POLLS_BEFORE_QUIET) {
            return true;
        }
        self.machine.reply_to_bits(Owed::WhenQuiet);
        self.apply_all();
        // To be woken costs more than the client needs.
        inbox.let_spin(self.may_spin());
        let may_go_on = self.machine.expects_opening() && !self.note_sink.has_panicked;
        may_go_on && inbox.poll_more(SPIN_LIMIT)
    }

    /// Returns whether a client may send the next bit while this thread polls. A client whose CPU this thread has moved to cannot.
    fn expects_bit(&self) -> bool {
        self.machine.expects_bit() && self.followed.is_none()
    }

    /// Handles everything but signals: ended processes, a request to stop, messages that the outputs have written, and timeouts.
    ///
    /// Call it once all signals are handled: those of a client before its end, and those before the request.
    pub fn handle_others(&mut self, ended: &[Pid], stop: Urgency) {
        self.machine.handle_stop_request(stop);
        if self.note_sink.take_panic() {
            self.machine.handle_panic();
        }
        for pid in ended {
            self.machine.handle_exit(*pid);
        }
        self.apply_all();
        while let Some(written) = self.writer.written() {
            self.machine.handle_written(written);
        }
        self.machine.handle_timeout();
        self.apply_all();
        self.follow_sleeper();
    }

    /// Makes the bell unreadable again, which rings when an output is done with a message.
    pub fn clear_bell(&self) {
        self.writer.bell().clear();
    }

    /// Returns how the server ends, once it does.
    pub fn poll_end(&mut self) -> Option<Result<(), ServeError>> {
        let result = self.machine.poll_end()?;
        self.apply_all();
        Some(match result {
            Ok(()) if self.note_sink.take_panic() => Err(ServeError::Panicked("notes")),
            result => result,
        })
    }

    /// Returns whether the inbox may poll for signals of clients.
    pub fn may_spin(&self) -> bool {
        self.followed.is_none() && (self.is_last_beside || !self.beside.is_empty())
    }

    /// Returns the next reply that has come. Its sender is to be told by [`settle_reply`](Self::settle_reply) whether it was waited
    /// for.
    pub fn take_reply_message(&mut self) -> Option<Received> {
        self.replies.pop()
    }

    /// Answers the sender of a reply.
    pub fn settle_reply(&mut self, reply: &Received, verdict: Result<(), Reason>) {
        self.machine
            .handle_replied(reply.pid, reply.client, verdict);
        self.apply_all();
    }

    /// Blocks until the outputs have ended, unless one of them is stuck.
    pub fn join(self) {
        if self.machine.writing() == 0 {
            self.writer.join();
        }
    }

    /// Stays on the CPU of the client whose turn it is, if it sleeps for each reply. Otherwise the scheduler would move the woken
    /// server to an idle CPU, and each wake-up would be an interrupt to another. There, the first of two bits would wake the server
    /// before the client sends the second.
    fn follow_sleeper(&mut self) {
        let sleeper = self.machine.sleeper();
        if self.followed.as_ref().map(|(pid, ..)| *pid) == sleeper {
            return;
        }
        // The CPUs that were allowed before, and the policy, are restored first.
        self.followed = None;
        self.followed = sleeper.map(|pid| {
            let mut follower = AffinityFollower::new();
            follower.follow(pid);
            (pid, follower, BatchPolicy::enter())
        });
    }

    fn note_traced(&mut self, note: impl FnOnce() -> Note) {
        if self.machine.core.config.trace {
            self.note_sink.call(&note());
        }
    }

    /// Carries out the actions of the machine until there are no more.
    fn apply_all(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            self.apply(action);
        }
    }

    fn apply(&mut self, action: Action) {
        match action {
            Action::Send(pid, signal, packet, copies) => {
                let Some(peer) = self.peers.get(&pid) else {
                    return;
                };
                // Where the kernel has no room for a real-time signal, the client asks again.
                let send = |_| peer.send(signal, packet).map(drop);
                let sent = (0..copies).try_for_each(send);
                if let Err(error) = sent {
                    self.machine.handle_send_error(pid, &error);
                }
            }
            Action::Migrate => ffi::migrate(),
            Action::Open { pid, event } => {
                let opened = self.open(pid, &event);
                self.machine.handle_opened(pid, opened, event);
            }
            Action::Inspect { pid, then } => {
                if let Some(peer) = self.peers.get(&pid) {
                    self.machine
                        .handle_inspected(pid, inspect(peer, then.is_bit()), then);
                }
            }
            Action::Observe { pid, sleep, naps } => {
                let waits = sleep.then(|| proc::handles_alarm_in_wait(pid)).flatten();
                let sleep = match waits {
                    // A timer may wake the client for each bit, so that it waits for no answer.
                    Some(true) => SleepState::Napping,
                    Some(false) => SleepState::ForSignal,
                    None if sleep && proc::sleeps(pid) => SleepState::Napping,
                    None => SleepState::Awake,
                };
                let mut observation = Observation {
                    sleep,
                    ..Observation::default()
                };
                match sleep {
                    SleepState::Awake => {
                        observation.run_time = proc::run_time_if_runnable(pid);
                        if observation.run_time.is_some() {
                            // One interrupt may have woken both, and the client waits for this CPU.
                            affinity::leave_cpu_of(pid);
                        }
                    }
                    SleepState::Napping if naps => {
                        if let Ok(status) = proc::status(pid) {
                            observation.naps = Some(status.waits);
                            observation.blocks_usr1 = status.blocked & Signal::USR1.mask() != 0;
                        }
                    }
                    _ => {}
                }
                self.machine.handle_observed(pid, observation);
            }
            Action::CheckEnded { pids, after } => {
                let peers = pids.iter().filter_map(|pid| self.peers.get(pid));
                let ended = peers.filter(|peer| has_ended(peer, after));
                let ended: Vec<_> = ended.map(|peer| (peer.pid(), peer.exit_status())).collect();
                self.machine.handle_ended(&ended, after);
            }
            Action::FindWaiting => {
                let waiting = proc::waiting_with_argument(ffi::getpid());
                self.machine.handle_waiting(&waiting);
            }
            Action::ReadExitStatus(pid) => {
                let status = self.peers.get(&pid).and_then(Peer::exit_status);
                self.machine.handle_exit_status(pid, status);
            }
            Action::Write(message) => self.writer.write(message),
            Action::DeliverReply(reply) => self.replies.push(reply),
            Action::Close(pid) => {
                self.beside.remove(&pid);
                let peer = self.peers.remove(&pid);
                if let Some(fd) = peer.as_ref().and_then(Peer::fd) {
                    self.epoll.remove(fd);
                }
            }
            Action::Note(note) => self.note_sink.call(&note),
        }
    }

    fn open(&mut self, pid: Pid, event: &Event) -> Result<Opened, PeerError> {
        let peer = Peer::open(pid)?;
        let may_be_answered = action::may_be_answered(event);
        let inspection = may_be_answered.then(|| inspect(&peer, action::is_bare_bit(event)));
        let start = match peer.start_time() {
            Err(error) if error.is_exhausted() => return Err(error),
            // Without it no nonce is valid beyond the session.
            start => start.unwrap_or_else(|_| ffi::random()),
        };
        if let Some(fd) = peer.fd() {
            self.epoll.add(fd, (pid.get() as u32).into())?;
        }
        self.is_last_beside = affinity::can_run_beside(pid);
        if self.is_last_beside {
            self.beside.insert(pid, ());
        }
        let is_certain = peer.is_certain();
        self.peers.insert(pid, peer);
        Ok(Opened {
            is_certain,
            start,
            inspection,
        })
    }
}

/// Inspects a process. Identifies its program only after a bare bit (`by_bit`): our own protocol has no use for that, and its
/// clients wait meanwhile.
fn inspect(peer: &Peer, by_bit: bool) -> Inspection {
    let status = peer.inspect();
    let uid = status.as_ref().ok().map(ProcessStatus::real_uid);
    let takes = |status: &ProcessStatus, s| SignalSet::BITS.contains(s) && status.takes(s);
    let handled =
        |status: ProcessStatus| SignalSet::LANES.filter(|s| status.handles(s) || takes(&status, s));
    Inspection {
        handled: status.map(handled),
        uid,
        program: by_bit.then(|| proc::program(peer.pid()).ok()).flatten(),
    }
}

fn has_ended(peer: &Peer, after: After) -> bool {
    // A zombie can still be signalled.
    let is_zombie = || proc::status(peer.pid()).is_ok_and(|status| status.ended);
    peer.probe().is_err() || after != After::Expire && is_zombie()
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::thread;

    use super::*;
    use crate::signal::set::Signal;

    #[test]
    fn a_zombie_has_ended_where_its_text_may_be_complete() {
        let mut child = Command::new("sleep").arg("3600").spawn().unwrap();
        let pid = Pid::new(child.id().try_into().unwrap());
        let peer = Peer::open(pid.unwrap()).unwrap();
        let stop = After::Stop { again: false };
        assert!(!has_ended(&peer, stop) && !has_ended(&peer, After::Expire));
        assert!(
            !inspect(&peer, false)
                .handled
                .unwrap()
                .contains(Signal::USR1)
        );
        assert!(inspect(&peer, true).program.is_some());
        child.kill().unwrap();
        while !has_ended(&peer, stop) {
            thread::yield_now();
        }
        assert!(!has_ended(&peer, After::Expire));
        child.wait().unwrap();
        assert!(has_ended(&peer, After::Expire));
        let (seen, sent) = (inspect(&peer, false).handled, peer.send(Signal::USR1, None));
        assert!(matches!(seen, Err(PeerError::NoSuchProcess)));
        assert!(matches!(sent, Err(PeerError::NoSuchProcess)));
    }
}

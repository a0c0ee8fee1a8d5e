//! Receives messages: the loop that joins the inbox, the processes of clients and the writer thread, as the machine decides.

mod action;
mod answer;
mod backlog;
mod config;
mod foreign;
mod machine;
mod memory;
mod message;
mod notes;
mod report;
mod scheduler;
mod session;
mod shutdown;
#[cfg(test)]
mod tests;
mod transfer;
mod writer;

use core::mem;
use core::time::Duration;
use std::boxed::Box;
use std::io;
use std::time::Instant;
use std::vec::Vec;

use action::{Action, After, Inspection, Opened};
pub use config::{Config, Dialects};
use machine::Machine;
pub use message::Message;
use notes::NoteSink;
pub use report::{DropReason, Note, ServeError};
pub use shutdown::Stop;
pub use writer::Output;
pub(crate) use writer::Sink;
use writer::Writer;

use crate::dialect::ack_timing::SleepState;
use crate::ffi::{self, Epoll};
use crate::process::peer::{Peer, PeerError, ProcessStatus};
use crate::process::pid::{Pid, PidMap};
use crate::process::proc;
use crate::signal::event::SignalSet;
use crate::signal::inbox::Inbox;
use crate::wire::Nanos;
use crate::wire::receiver::Owed;
use crate::wire::siphash::Key;

/// Reserves descriptors for the program around the server, and for files that are open for a moment.
const RESERVED: usize = 20;

/// Is the number of polls for a further bit, some 5 us, after which a client is taken to wait for a reply.
const POLLS_BEFORE_QUIET: u32 = 16;

/// Limits the batches of bits that may follow each other before everything else has its turn.
const BATCHES_AT_ONCE: u32 = 64;

/// Name the writer's bell and the stop in the set of descriptors. The others are named by PIDs, from 1 to 2^31 - 1.
const BELL: u64 = 0;
const STOP: u64 = u64::MAX;

/// Receives messages until SIGINT or SIGTERM comes, or `config.count` is reached.
///
/// `inbox` is fresh from [`Inbox::open`]: its signals are still blocked, which the writer thread inherits.
///
/// `notes` is called between two signals, so it must not block. If it panics, or `output` does, the server ends in order with
/// [`ServeError::Panicked`].
///
/// # Errors
/// See [`ServeError`]. The clients have been answered.
pub fn serve(
    inbox: &mut Inbox,
    config: Config,
    output: Output,
    notes: &mut dyn FnMut(&Note),
) -> Result<(), ServeError> {
    serve_until(inbox, config, output, notes, None)
}

/// Receives messages as [`serve`] does, until `stop` is requested too.
///
/// # Errors
/// See [`ServeError`]. The clients have been answered.
pub fn serve_until(
    inbox: &mut Inbox,
    config: Config,
    mut output: Output,
    notes: &mut dyn FnMut(&Note),
    stop: Option<&Stop>,
) -> Result<(), ServeError> {
    let sink = Box::new(move |message: Message| output(&message));
    serve_into(inbox, config, sink, notes, stop)
}

/// Receives messages as [`serve_until`] does, for an output that keeps them.
pub(crate) fn serve_into(
    inbox: &mut Inbox,
    config: Config,
    output: Sink,
    notes: &mut dyn FnMut(&Note),
    stop: Option<&Stop>,
) -> Result<(), ServeError> {
    if config.count == Some(0) {
        return Ok(());
    }
    let mut server = Server::new(inbox, config, output, notes, stop)?;
    let result = server.run(inbox);
    if server.machine.writing() == 0 {
        server.writer.join();
    }
    result
}

/// Carries out what the machine decides, and feeds it signals and results.
struct Server<'n> {
    machine: Machine,
    peers: PidMap<Peer>,
    set: Epoll,
    writer: Writer,
    /// Stops the server, as SIGINT and SIGTERM do.
    stop: Option<&'n Stop>,
    note_sink: NoteSink<'n>,
    trace: bool,
}

impl<'n> Server<'n> {
    fn new(
        inbox: &Inbox,
        config: Config,
        output: Sink,
        notes: &'n mut dyn FnMut(&Note),
        stop: Option<&'n Stop>,
    ) -> io::Result<Self> {
        let writer = Writer::start(output)?;
        let set = Epoll::new()?;
        set.add(writer.bell().fd(), BELL)?;
        if let Some(stop) = stop {
            set.add(stop.fd(), STOP)?;
        }
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
            trace: config.trace,
            machine: Machine::new(config, inbox.takes_words(), limit, key),
            peers: PidMap::default(),
            set,
            writer,
            stop,
            note_sink: NoteSink::new(notes),
        })
    }

    fn run(&mut self, inbox: &mut Inbox) -> Result<(), ServeError> {
        let start = Instant::now();
        let mut events = Vec::new();
        let mut ended = Vec::new();
        let mut stops = false;
        loop {
            for _ in 0..BATCHES_AT_ONCE {
                self.machine.set_now(nanos(start.elapsed()));
                // All signals before the first is answered: a sender with two in a batch did not wait for an answer between them.
                inbox.drain(|event| events.push(event));
                for event in events.drain(..) {
                    self.note_traced(|| Note::Received(event));
                    self.machine.handle_signal(event);
                    self.apply_all();
                    if self.trace {
                        // The line of a bit shows the reply that it asked for.
                        self.machine.reply_to_bits(Owed::Now);
                        self.apply_all();
                    }
                    self.note_traced(|| Note::Handled);
                }
                if !self.follow_bits(inbox) {
                    break;
                }
            }
            // Only now: the signals before the request were in the drain.
            if let Some(stop) = self.stop.filter(|_| mem::take(&mut stops)) {
                self.machine.handle_stop_request(stop.urgency());
            }
            if self.note_sink.take_panic() {
                self.machine.handle_panic();
            }
            // Only now: the signals of a client before its end were in the drain.
            for pid in ended.drain(..) {
                self.machine.handle_exit(pid);
            }
            self.apply_all();
            while let Some(written) = self.writer.written() {
                self.machine.handle_written(written);
            }
            self.machine.handle_timeout();
            self.apply_all();
            if let Some(result) = self.machine.poll_end() {
                self.apply_all();
                return match result {
                    Ok(()) if self.note_sink.take_panic() => Err(ServeError::Panicked("notes")),
                    result => result,
                };
            }
            let timeout = self.machine.poll_timeout();
            let fd = Some(self.set.fd());
            let waited = if self.machine.expects_signal() {
                inbox.spin_wait(fd, timeout, Duration::ZERO)
            } else {
                inbox.wait(fd, timeout)
            };
            if waited.map_err(io::Error::from)? {
                let ready = self.set.ready(|number| {
                    stops |= number == STOP;
                    // The bells are not PIDs and are left out here.
                    ended.extend(number.try_into().ok().and_then(Pid::new));
                });
                ready.map_err(io::Error::from)?;
                self.writer.bell().clear();
            }
        }
    }

    /// Takes a signal that follows a bit at once, or sends the replies to bits that are due. Returns whether a signal came.
    ///
    /// A signal that stays pending swallows others of its number.
    fn follow_bits(&mut self, inbox: &mut Inbox) -> bool {
        if self.machine.owes_reply(Owed::Now) {
            // What is pending already belongs to the same reply, unless others keep sending.
            if self.machine.expects_bit() && inbox.poll_more(1) {
                return true;
            }
            self.machine.reply_to_bits(Owed::Now);
            self.apply_all();
        }
        if self.machine.expects_bit() && inbox.poll_more(POLLS_BEFORE_QUIET) {
            return true;
        }
        self.machine.reply_to_bits(Owed::WhenQuiet);
        self.apply_all();
        false
    }

    fn note_traced(&mut self, note: impl FnOnce() -> Note) {
        if self.trace {
            self.note_sink.call(&note());
        }
    }

    /// Carries out what the machine wants done, until there is nothing more.
    fn apply_all(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            self.apply(action);
        }
    }

    fn apply(&mut self, action: Action) {
        match action {
            Action::Send {
                pid,
                signal,
                packet,
                copies,
            } => {
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
                let opened = self.open(pid);
                self.machine.handle_opened(pid, opened, event);
            }
            Action::Inspect { pid, then } => {
                if let Some(peer) = self.peers.get(&pid) {
                    self.machine.handle_inspected(pid, inspect(peer), then);
                }
            }
            Action::Observe { pid, sleep } => {
                let sleep = match sleep {
                    true if proc::sleeps_for_signal(pid) => SleepState::ForSignal,
                    true if proc::naps(pid) => SleepState::Napping,
                    _ => SleepState::Awake,
                };
                let run_time = match sleep {
                    SleepState::Awake => proc::run_time_if_runnable(pid),
                    _ => None,
                };
                self.machine.handle_observed(pid, sleep, run_time);
            }
            Action::CheckEnded { pids, after } => {
                let peers = pids.iter().filter_map(|pid| self.peers.get(pid));
                let ended = peers.filter(|peer| has_ended(peer, after));
                let ended: Vec<_> = ended.map(|peer| (peer.pid(), peer.ended_well())).collect();
                self.machine.handle_ended(&ended, after);
            }
            Action::ReadExitStatus(pid) => {
                let well = self.peers.get(&pid).is_some_and(Peer::ended_well);
                self.machine.handle_exit_status(pid, well);
            }
            Action::Write(message) => self.writer.write(message),
            Action::Close(pid) => {
                let peer = self.peers.remove(&pid);
                if let Some(fd) = peer.as_ref().and_then(Peer::fd) {
                    self.set.remove(fd);
                }
            }
            Action::Note(note) => self.note_sink.call(&note),
        }
    }

    fn open(&mut self, pid: Pid) -> Result<Opened, PeerError> {
        let peer = Peer::open(pid)?;
        let inspection = inspect(&peer);
        let start = match peer.start_time() {
            Err(error) if error.is_exhausted() => return Err(error),
            // Without it no nonce is valid beyond the session.
            start => start.unwrap_or_else(|_| ffi::random()),
        };
        if let Some(fd) = peer.fd() {
            self.set.add(fd, (pid.get() as u32).into())?;
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

fn inspect(peer: &Peer) -> Inspection {
    let status = peer.inspect();
    let uid = status.as_ref().ok().map(ProcessStatus::real_uid);
    let handled = |status: ProcessStatus| SignalSet::LANES.filter(|s| status.handles(s));
    Inspection {
        handled: status.map(handled),
        uid,
        program: proc::program(peer.pid()).ok(),
    }
}

fn has_ended(peer: &Peer, after: After) -> bool {
    // A zombie can still be signalled.
    let is_zombie = || proc::status(peer.pid()).is_ok_and(|status| status.ended);
    peer.probe().is_err() || after != After::Expire && is_zombie()
}

fn nanos(duration: Duration) -> Nanos {
    duration.as_nanos().try_into().unwrap_or(Nanos::MAX)
}

#[cfg(test)]
mod host_tests {
    use std::process::Command;
    use std::thread;

    use super::*;
    use crate::signal::event::Signal;

    #[test]
    fn a_zombie_has_ended_where_its_text_may_be_complete() {
        let mut child = Command::new("sleep").arg("3600").spawn().unwrap();
        let pid = Pid::new(child.id().try_into().unwrap());
        let peer = Peer::open(pid.unwrap()).unwrap();
        let stop = After::Stop { again: false };
        assert!(!has_ended(&peer, stop) && !has_ended(&peer, After::Expire));
        assert!(!inspect(&peer).handled.unwrap().contains(Signal::Usr1));
        assert!(inspect(&peer).program.is_some());
        child.kill().unwrap();
        while !has_ended(&peer, stop) {
            thread::yield_now();
        }
        assert!(!has_ended(&peer, After::Expire));
        child.wait().unwrap();
        assert!(has_ended(&peer, After::Expire));
        assert!(matches!(
            inspect(&peer).handled,
            Err(PeerError::NoSuchProcess)
        ));
        let sent = peer.send(Signal::Usr1, None);
        assert!(matches!(sent, Err(PeerError::NoSuchProcess)));
    }
}

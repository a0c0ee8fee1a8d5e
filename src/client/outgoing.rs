//! One message on its way to one process: the transmissions that a [`FrameSender`] decides on are sent here.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;
use std::vec::Vec;

use super::{Delivery, Options, Progress, Report, SendError, check};
use crate::ffi;
use crate::process::affinity::{self, AffinityFollower};
use crate::process::peer::{INSPECT_INTERVAL, MIGRATE_ABOVE_COPIES, Peer, PeerError};
use crate::process::pid::Pid;
use crate::process::proc;
use crate::signal::set::Signal;
use crate::wire::control::Nonce;
use crate::wire::frame::{Frame, MessageKind};
use crate::wire::sender::{FrameSender, Lane, LinkFailure, Transmit};
use crate::wire::siphash::Key;
use crate::wire::time;

/// Is the number of signals after which the client follows the server to its CPU again.
const FOLLOW: u32 = 512;

/// Separates two reports of a transfer that is under way.
const WATCH_INTERVAL: time::Duration = time::Duration::from_millis(100);

/// Limits the wait at a shutdown for a process that is stopped.
const LAST_WAIT: time::Duration = time::Duration::from_millis(500);

/// Tells the owner of a transfer how far it is.
pub enum Update {
    /// It is under way.
    Progress(Progress),
    /// It is over.
    Ended(Result<Delivery, SendError>),
}

/// Tells which signal a call of [`Outgoing::send_next`] has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Nothing: no signal is due.
    Nothing,
    /// A bit, or a request that opens a transfer. A server that polls takes it before the next one is sent.
    Bit {
        /// Says whether the server can run while this thread polls.
        is_beside: bool,
    },
    /// A word.
    Word,
}

/// Holds a message on its way to a server.
pub struct Outgoing<'m> {
    /// The process to which the message goes.
    pub peer: Arc<Peer>,
    options: Options,
    pub sender: FrameSender<'m>,
    stage: Stage,
    start: Instant,
    /// When the server was last seen to handle the signals.
    inspected_at: time::Instant,
    watched_at: time::Instant,
    follower: Option<AffinityFollower>,
    /// Whether to poll for the server's signals: it may run at the same time, and the owner did not ask to spare the CPU.
    pub may_spin: bool,
    rounds: u32,
    /// Whether this process decides when its bits and those of the other may go: the one with the lower PID does.
    takes_turns: bool,
    /// The server's end, as far as it is known.
    end: End,
}

/// Lists the stages of a message by the event that its owner waits for.
enum Stage {
    /// The delivery of the message, which is a request if `wants_reply`.
    Delivery { wants_reply: bool },
    /// The reply, until the deadline.
    Reply {
        report: Report,
        deadline: time::Instant,
    },
    /// Nothing: the transfer is over, with this result until the owner has taken it.
    Over(Option<Result<Delivery, SendError>>),
}

/// Says how much of the server's end is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The server runs.
    Alive,
    /// The server has ended, or has become another program. Signals that it sent before may still be in the ring.
    Ended,
    /// The server has ended, and all signals that it sent have been handled.
    Drained,
}

impl<'m> Outgoing<'m> {
    /// Returns a transfer of `payload`, which expects a reply if it is a request.
    ///
    /// # Errors
    /// [`SendError::TooLong`], or [`SendError::Refused`] and its like for a process that is no server.
    pub fn new(
        peer: &Arc<Peer>,
        kind: MessageKind,
        payload: impl Into<Cow<'m, [u8]>>,
        options: Options,
    ) -> Result<Self, SendError> {
        let frame = Frame::new(kind, payload)?;
        let timeout = options.timeout.into();
        let lane = lane(peer, options)?;
        let key = Key([ffi::random(), ffi::random()]);
        let mut sender = FrameSender::new(frame, key, timeout, lane);
        let may_spin = !options.eco && move_beside(peer.pid());
        sender.set_sleeps(!may_spin);
        Ok(Self {
            peer: Arc::clone(peer),
            options,
            sender,
            stage: Stage::Delivery {
                wants_reply: kind == MessageKind::Request,
            },
            start: Instant::now(),
            inspected_at: time::Instant::default(),
            watched_at: time::Instant::default(),
            follower: None,
            may_spin,
            rounds: 0,
            takes_turns: ffi::getpid() < peer.pid(),
            end: End::Alive,
        })
    }

    /// Returns whether the message is still on its way, and no other may be on its way to the same process.
    pub const fn is_sending(&self) -> bool {
        matches!(self.stage, Stage::Delivery { .. })
    }

    /// Returns whether its bits take turns with bits that come from the same process.
    pub fn takes_turns(&self) -> bool {
        self.takes_turns && self.is_sending() && !self.sender.uses_realtime()
    }

    /// Takes the news that the server has ended.
    pub fn handle_exit(&mut self) {
        if self.end == End::Alive {
            self.end = End::Ended;
        }
    }

    /// Ends the transfer with an error, unless it is over.
    pub fn fail(&mut self, error: SendError) {
        if !matches!(self.stage, Stage::Over(_)) {
            self.stage = Stage::Over(Some(Err(error)));
        }
    }

    /// Returns whether the owner waits for the reply to the request that had the client's nonce `request`.
    pub const fn awaits(&self, request: Nonce) -> bool {
        let is_open = matches!(
            self.stage,
            Stage::Delivery { wants_reply: true } | Stage::Reply { .. }
        );
        is_open && request == self.sender.client_nonce()
    }

    /// Takes the reply. It shows that the request was delivered, whether the server's answer has come or not.
    pub fn take_reply(&mut self, payload: Vec<u8>) {
        let report = match &self.stage {
            Stage::Reply { report, .. } => *report,
            _ => self.report(),
        };
        let reply = Some(payload);
        self.stage = Stage::Over(Some(Ok(Delivery { report, reply })));
    }

    /// Sends the next signal that is due at `now`, if there is one.
    pub fn send_next(&mut self, now: time::Instant) -> Sent {
        if !self.is_sending() {
            return Sent::Nothing;
        }
        self.follow();
        let Some(transmit) = self.sender.poll_transmit(now) else {
            return Sent::Nothing;
        };
        if let Err(error) = self.try_send(transmit, now) {
            self.fail(error);
        }
        match self.sender.uses_words() {
            true => Sent::Word,
            false => Sent::Bit {
                is_beside: self.may_spin,
            },
        }
    }

    fn try_send(&mut self, transmit: Transmit, now: time::Instant) -> Result<(), SendError> {
        if self.end == End::Alive && !self.options.skip_check {
            self.inspect(now)?;
        }
        if self.end != End::Alive {
            return Ok(());
        }
        if transmit.copies > MIGRATE_ABOVE_COPIES {
            ffi::migrate();
        }
        for _ in 0..transmit.copies {
            match self.peer.send(transmit.channel.into(), transmit.packet) {
                Ok(true) => {}
                Ok(false) => self.sender.handle_eagain(now),
                Err(PeerError::NoSuchProcess) => {
                    self.handle_exit();
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Inspects a server that has not answered, or was not inspected for a while: it may be another program by now (AS-21).
    fn inspect(&mut self, now: time::Instant) -> Result<(), SendError> {
        // The hello follows the bare signal, and no answer has shown that the server survives another one.
        let is_second = self.sender.uses_realtime() && self.sender.signals() == 2;
        if is_second && !self.peer.still_handles(Signal::WORD) {
            self.handle_exit();
        }
        // A repetition that a reply asked for needs no inspection: the server has just replied.
        let is_unanswered = !self.sender.expects_reply();
        if is_unanswered || now - self.inspected_at >= time::Duration::from_nanos(INSPECT_INTERVAL)
        {
            self.inspected_at = now;
            if !still_serves(&self.peer, self.sender.uses_realtime())? {
                self.handle_exit();
            }
        }
        Ok(())
    }

    fn follow(&mut self) {
        if self.options.eco && self.rounds % FOLLOW == 0 {
            let follower = self.follower.get_or_insert_default();
            follower.follow(self.peer.pid());
        }
        self.rounds = self.rounds.wrapping_add(1);
    }

    /// Handles expired timers at `now`. All earlier signals must have been handled.
    ///
    /// `is_blank`: replies came without their content.
    pub fn settle(&mut self, now: time::Instant, is_blank: bool) {
        match (&self.stage, self.sender.result()) {
            (Stage::Delivery { wants_reply: false }, Some(Ok(()))) => {
                let report = self.report();
                let reply = None;
                self.stage = Stage::Over(Some(Ok(Delivery { report, reply })));
            }
            (Stage::Delivery { wants_reply: true }, Some(Ok(()))) => {
                let wait = self.options.reply_timeout.into();
                self.stage = Stage::Reply {
                    report: self.report(),
                    deadline: now + wait,
                };
            }
            (Stage::Delivery { .. }, Some(Err(failure))) => {
                self.fail(explain(failure, is_blank, self.sender.is_all_sent()));
            }
            (Stage::Delivery { .. }, None) if self.end == End::Drained => {
                self.fail(SendError::ServerEnded {
                    acknowledged: self.sender.acknowledged() / 8,
                    all_sent: self.sender.is_all_sent(),
                });
            }
            (Stage::Reply { deadline, .. }, _) if self.end == End::Drained || now >= *deadline => {
                self.fail(SendError::NoReply {
                    has_ended: self.end == End::Drained,
                });
            }
            _ => {}
        }
        if self.end == End::Ended {
            self.end = End::Drained;
        }
    }

    /// Gives up if the process is stopped and does not answer, so that it does not delay a shutdown.
    pub fn give_up_if_stopped(&mut self) {
        let is_silent = self.is_sending() && self.sender.idle_time() >= LAST_WAIT;
        if is_silent && proc::is_stopped(self.peer.pid()) {
            self.fail(SendError::TimedOut {
                blank: false,
                all_sent: self.sender.is_all_sent(),
            });
        }
    }

    /// Returns the news for the owner at `now`.
    pub fn poll_update(&mut self, now: time::Instant) -> Option<Update> {
        match &mut self.stage {
            Stage::Over(result) => return Some(Update::Ended(result.take()?)),
            Stage::Reply { .. } => return None,
            Stage::Delivery { .. } => {}
        }
        if self.watched_at == time::Instant::default() {
            self.watched_at = now;
        }
        if now < self.watched_at + WATCH_INTERVAL {
            return None;
        }
        self.watched_at = now;
        let bytes = self.sender.frame().payload_len() as u64;
        Some(Update::Progress(Progress {
            bytes: (self.sender.acknowledged() / 8).min(bytes),
            of: bytes,
            resent: self.sender.resent(),
            elapsed: self.start.elapsed(),
        }))
    }

    /// Returns when something is due if no signal comes: the clock's zero if at once, `None` if never.
    pub fn poll_timeout(&self) -> Option<time::Instant> {
        match &self.stage {
            Stage::Delivery { .. } if self.end == End::Alive && self.sender.signals() > 0 => {
                self.sender.poll_timeout()
            }
            Stage::Reply { deadline, .. } if self.end == End::Alive => Some(*deadline),
            _ => Some(time::Instant::default()),
        }
    }

    /// Returns whether the server's reply is due within a round trip.
    pub fn expects_reply(&self) -> bool {
        self.is_sending() && self.sender.expects_reply()
    }

    fn report(&self) -> Report {
        Report {
            bytes: self.sender.frame().payload_len(),
            signals: self.sender.signals(),
            resent: self.sender.resent(),
            in_words: self.sender.uses_words(),
            confirmed: true,
            elapsed: self.start.elapsed(),
        }
    }
}

/// Leaves the CPU of the process `pid` to it, and returns whether the two can then run at once, so that polling pays.
pub(super) fn move_beside(pid: Pid) -> bool {
    affinity::leave_cpu_of(pid);
    affinity::can_run_beside(pid)
}

/// Returns the lane that the message may take: words kill a process that does not handle them, so no option allows that.
fn lane(server: &Peer, options: Options) -> Result<Lane, SendError> {
    match (check(server), options.lane) {
        (Ok(true), lane) => Ok(lane),
        (Ok(false), Lane::Word) => Err(SendError::Link(LinkFailure::NoWords)),
        (Err(error), _) if !options.skip_check => Err(error),
        _ => Ok(Lane::Bit),
    }
}

/// Returns whether the process is still a server, and not another program by now, which the next signal would kill.
fn still_serves(server: &Peer, uses_realtime: bool) -> Result<bool, SendError> {
    match check(server) {
        Ok(handles_realtime) => Ok(handles_realtime || !uses_realtime),
        Err(SendError::NoSuchProcess | SendError::Refused { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn explain(failure: LinkFailure, blank: bool, all_sent: bool) -> SendError {
    match failure {
        LinkFailure::TimedOut => SendError::TimedOut { blank, all_sent },
        LinkFailure::Rejected(reason) => SendError::Rejected(reason),
        other => SendError::Link(other),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Transfers;
    use super::*;
    use crate::ffi::Epoll;
    use crate::wire::control::Request;
    use crate::wire::receiver::{FrameReceiver, Outcome};
    use std::boxed::Box;
    use std::cell::RefCell;
    use std::rc::Rc;

    pub const MILLISECOND: u64 = 1_000_000;

    pub fn at(nanos: u64) -> time::Instant {
        time::Instant::from_nanos(nanos)
    }

    /// Returns a transfer of this kind, and its client's nonce. Nothing is sent.
    pub fn outgoing(peer: &Arc<Peer>, kind: MessageKind) -> (Outgoing<'static>, Nonce) {
        let options = Options {
            skip_check: true,
            ..Options::default()
        };
        let outgoing = Outgoing::new(peer, kind, b"?", options).unwrap();
        let nonce = outgoing.sender.client_nonce();
        (outgoing, nonce)
    }

    /// Returns a transfer to this process.
    fn to_self(kind: MessageKind) -> Outgoing<'static> {
        let peer = Arc::new(Peer::open(ffi::getpid()).unwrap());
        outgoing(&peer, kind).0
    }

    /// Passes the message to a receiver in memory, which confirms it, within 1 s after `now`.
    pub fn deliver(outgoing: &mut Outgoing<'_>, now: time::Instant) {
        let mut receiver = FrameReceiver::new(99, Key([1, 2]), false);
        let sender = &mut outgoing.sender;
        for time in (0..1000).map(|n| now + time::Duration::from_nanos(n * MILLISECOND)) {
            let mut replies = Vec::new();
            while let Some(transmit) = sender.poll_transmit(time) {
                let request = Request::from_packet(&transmit.packet.unwrap()).unwrap();
                let response = receiver.handle_request(transmit.channel, request);
                replies.extend(response.reply);
                if matches!(response.outcome, Some(Outcome::Complete { .. })) {
                    replies.extend(receiver.handle_written(receiver.client_nonce(), Ok(())));
                }
            }
            replies.extend(receiver.poll_reply(true));
            for reply in replies {
                sender.handle_reply(reply, time);
            }
            if let Some(result) = sender.result() {
                return assert_eq!(result, Ok(()));
            }
        }
        panic!("the message is never delivered");
    }

    #[test]
    fn a_reply_that_was_not_asked_for_is_not_taken() {
        let pid = ffi::getpid();
        let peer = Arc::new(Peer::open(pid).unwrap());
        let (message, of_message) = outgoing(&peer, MessageKind::Message);
        let (request, of_request) = outgoing(&peer, MessageKind::Request);
        let replies = RefCell::new(Vec::new());
        let tell = |update| {
            if let Update::Ended(result) = update {
                replies.borrow_mut().push(result.unwrap().reply);
            }
        };
        let now = time::Instant::default();

        let mut transfers = Transfers::new(Rc::new(Epoll::new().unwrap()));
        transfers.add(message, Box::new(|_| {}));
        assert!(!transfers.take_reply(pid, of_message, b"forged".to_vec()));

        let mut transfers = Transfers::new(Rc::new(Epoll::new().unwrap()));
        transfers.add(request, Box::new(tell));
        let stranger = Pid::new(1).unwrap();
        for (pid, nonce) in [
            (stranger, of_request),
            (pid, 0),
            (pid, of_message),
            (pid, of_request ^ 1),
        ] {
            assert!(!transfers.take_reply(pid, nonce, b"forged".to_vec()));
        }
        transfers.settle(now);
        assert_eq!((transfers.len(), replies.take()), (1, Vec::new()));

        assert!(transfers.take_reply(pid, of_request, b"!".to_vec()));
        assert!(!transfers.take_reply(pid, of_request, b"again".to_vec()));
        transfers.settle(now);
        assert!(transfers.is_empty());
        assert_eq!(replies.take(), [Some(b"!".to_vec())]);
    }

    #[test]
    fn the_end_of_the_server_counts_once_all_that_it_sent_has_been_handled() {
        for is_delivered in [false, true] {
            let mut outgoing = to_self(MessageKind::Message);
            outgoing.handle_exit();
            outgoing.settle(at(0), false);
            assert!(outgoing.poll_update(at(0)).is_none());
            assert_eq!(outgoing.poll_timeout(), Some(at(0)), "without a wait");
            if is_delivered {
                deliver(&mut outgoing, at(0));
            }
            outgoing.settle(at(0), false);
            match outgoing.poll_update(at(0)) {
                Some(Update::Ended(Ok(_))) => assert!(is_delivered),
                Some(Update::Ended(Err(SendError::ServerEnded {
                    acknowledged: 0,
                    all_sent: false,
                }))) => assert!(!is_delivered),
                _ => panic!("another end, or none"),
            }
        }
    }

    #[test]
    fn a_request_waits_for_its_reply_until_the_deadline_or_the_end_of_its_server() {
        let timeout = time::Duration::from(Options::default().reply_timeout);
        for has_ended in [false, true] {
            let mut outgoing = to_self(MessageKind::Request);
            deliver(&mut outgoing, at(0));
            outgoing.settle(at(0), false);
            assert!(!outgoing.is_sending() && outgoing.poll_update(at(0)).is_none());
            let deadline = at(0) + timeout;
            assert_eq!(outgoing.poll_timeout(), Some(deadline));
            outgoing.settle(at(timeout.as_nanos() - 1), false);
            if has_ended {
                outgoing.handle_exit();
                outgoing.settle(at(1), false);
            }
            assert!(outgoing.poll_update(at(1)).is_none());
            outgoing.settle(if has_ended { at(2) } else { deadline }, false);
            let Some(Update::Ended(Err(SendError::NoReply { has_ended: told }))) =
                outgoing.poll_update(at(2))
            else {
                panic!("it goes on");
            };
            assert_eq!(told, has_ended);
        }
    }

    #[test]
    fn progress_is_reported_ten_times_a_second() {
        let mut outgoing = to_self(MessageKind::Message);
        let reported = (0..=300).filter(|n| {
            let update = outgoing.poll_update(at(n * MILLISECOND + 1));
            match update {
                Some(Update::Progress(progress)) => (progress.bytes, progress.of) == (0, 1),
                _ => false,
            }
        });
        assert_eq!(reported.collect::<Vec<_>>(), [100, 200, 300]);
    }
}

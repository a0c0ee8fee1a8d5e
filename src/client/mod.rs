//! Sends a message: the loop that joins the inbox, the server's process and the [`FrameSender`].

mod foreign;

use core::fmt;
use core::time::Duration;
use std::io;
use std::string::String;
use std::time::Instant;

use crate::dialect::encoder::Unencodable;
use crate::ffi;
use crate::process::affinity::AffinityFollower;
use crate::process::peer::{INSPECT_INTERVAL, MIGRATE_ABOVE_COPIES, Peer, PeerError};
use crate::process::pid::Pid;
use crate::signal::event::{Event, Origin, Signal};
use crate::signal::inbox::Inbox;
use crate::signal::threads::Unavailable;
use crate::wire::control::Reply;
use crate::wire::frame::TooLong;
use crate::wire::reason::Reason;
use crate::wire::sender::{Failure, FrameSender, Lane, Transmit};
use crate::wire::siphash::Key;
use crate::wire::time;

pub use foreign::{DialectOptions, send_as};

/// Returns the server `pid`, after a check that it handles SIGUSR1 and SIGUSR2, which kill a process that does not.
///
/// `skip_check` leaves out the check.
///
/// # Errors
/// [`SendError::NoSuchProcess`], [`SendError::NotPermitted`], [`SendError::Refused`] or [`SendError::System`].
pub fn find(pid: Pid, skip_check: bool) -> Result<Peer, SendError> {
    if pid == ffi::getpid() {
        return Err(SendError::Ourselves);
    }
    let peer = Peer::open(pid)?;
    peer.probe()?;
    if !skip_check {
        check(&peer)?;
    }
    Ok(peer)
}

/// Checks that `server` handles the two signals, and returns whether it handles the real-time signal too.
///
/// # Errors
/// See [`SendError`].
pub fn check(server: &Peer) -> Result<bool, SendError> {
    let look = server.inspect()?;
    if !look.may_signal(ffi::getuid()) {
        return Err(SendError::NotPermitted);
    }
    if look.handles(Signal::Usr1) && look.handles(Signal::Usr2) {
        return Ok(look.handles(Signal::Word));
    }
    Err(SendError::Refused {
        catches_everything: look.catches_everything(),
        name: look.name,
    })
}

/// Says how to send.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Options {
    /// How long the transfer may be without progress.
    pub timeout: Duration,
    /// How the message travels.
    pub lane: Lane,
    /// Whether to save CPU time: to sleep for replies, on the server's CPU, instead of polling.
    pub eco: bool,
    /// Whether to signal a process that does not seem to handle the signals, which kill it if it does not.
    ///
    /// Such a process is sent no words.
    pub skip_check: bool,
}

impl Default for Options {
    /// Returns a timeout of five seconds, words where the server takes them, polling, and the check.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            lane: Lane::Auto,
            eco: false,
            skip_check: false,
        }
    }
}

/// Sends `message` to `server` and returns when it is delivered.
///
/// # Errors
/// See [`SendError`].
pub fn send(
    inbox: &mut Inbox,
    server: &Peer,
    message: &[u8],
    options: Options,
) -> Result<Report, SendError> {
    send_watched(inbox, server, message, options, &mut |_| {})
}

/// Sends like [`send`], and calls `watch` some ten times a second with how far the transfer is.
///
/// # Errors
/// See [`SendError`].
pub fn send_watched(
    inbox: &mut Inbox,
    server: &Peer,
    message: &[u8],
    options: Options,
    watch: &mut dyn FnMut(&Progress),
) -> Result<Report, SendError> {
    let mut outgoing = Outgoing::new(server, message, options)?;
    let mut follower = options.eco.then(AffinityFollower::new);
    if options.eco {
        inbox.never_spin();
    }
    let mut rounds = 0u32;
    let mut watch_at = outgoing.now() + WATCH_INTERVAL;
    loop {
        let now = outgoing.now();
        if let Some(follower) = follower.as_mut().filter(|_| rounds % FOLLOW == 0) {
            follower.follow(server.pid());
        }
        rounds = rounds.wrapping_add(1);
        if now >= watch_at {
            watch_at = now + WATCH_INTERVAL;
            watch(&outgoing.progress());
        }
        // What the server sent before it ended is in the ring by the time that its end is known, so it is drained once more.
        let is_last_round = outgoing.has_ended;
        inbox.drain(|event| outgoing.handle_event(event, now));
        let is_all_sent = outgoing.transmit(inbox, now)?;
        match outgoing.sender.result() {
            None => {}
            Some(Ok(())) => return Ok(outgoing.report()),
            Some(Err(failure)) => return Err(outgoing.inbound.explain(failure)),
        }
        if let Some(signal) = outgoing.inbound.stop {
            return Err(SendError::Interrupted(signal));
        }
        if is_last_round {
            return Err(SendError::ServerEnded {
                acknowledged: outgoing.sender.acknowledged() / 8,
            });
        }
        let waited = if !is_all_sent {
            inbox.check(server.fd())
        } else if outgoing.sender.expects_reply() {
            let slack = if outgoing.sender.is_loss_free() {
                SLACK
            } else {
                Duration::ZERO
            };
            inbox.spin_wait(server.fd(), outgoing.wait(now), slack)
        } else {
            inbox.wait(server.fd(), outgoing.wait(now))
        };
        outgoing.has_ended |= waited.map_err(io::Error::from)?;
    }
}

/// A transfer to a server: what [`FrameSender`] decides is carried out here.
struct Outgoing<'a> {
    server: &'a Peer,
    options: Options,
    message: &'a [u8],
    sender: FrameSender<'a>,
    inbound: Inbound,
    start: Instant,
    /// When the server was last seen to handle the signals.
    inspected_at: time::Instant,
    /// Whether the server has ended, or has become another program.
    has_ended: bool,
}

impl<'a> Outgoing<'a> {
    fn new(server: &'a Peer, message: &'a [u8], options: Options) -> Result<Self, SendError> {
        let timeout = options.timeout.as_nanos().try_into().unwrap_or(u64::MAX);
        let timeout = time::Duration::from_nanos(timeout);
        let lane = lane(server, options)?;
        let key = Key([ffi::random(), ffi::random()]);
        Ok(Self {
            server,
            options,
            message,
            sender: FrameSender::new(message, key, timeout, lane)?,
            inbound: Inbound::default(),
            start: Instant::now(),
            inspected_at: time::Instant::default(),
            has_ended: false,
        })
    }

    fn now(&self) -> time::Instant {
        let nanos = self.start.elapsed().as_nanos();
        time::Instant::from_nanos(nanos.try_into().unwrap_or(u64::MAX))
    }

    fn handle_event(&mut self, event: Event, now: time::Instant) {
        if let Some(reply) = self.inbound.take(event, self.server.pid()) {
            self.sender.handle_reply(reply, now);
        }
    }

    /// Sends what is due at `now`, up to a limit; returns whether that was all.
    fn transmit(&mut self, inbox: &mut Inbox, now: time::Instant) -> Result<bool, SendError> {
        for _ in 0..SENT_AT_ONCE {
            let Some(transmit) = self.sender.poll_transmit(now) else {
                return Ok(true);
            };
            if !self.has_ended && !self.options.skip_check {
                // What was lost is sent again as soon as a reply says so, and then the server has just replied.
                let is_unanswered = !self.sender.expects_reply();
                self.inspect(is_unanswered, now)?;
            }
            if self.has_ended {
                continue;
            }
            match self.send(transmit, now) {
                Err(PeerError::NoSuchProcess) => self.has_ended = true,
                other => other?,
            }
            // A reply lets the window of bits move on, and a server that polls takes one bit in the time that the poll takes.
            if !self.sender.uses_words() && inbox.poll_more(1) {
                inbox.drain(|event| self.handle_event(event, now));
            }
        }
        Ok(false)
    }

    /// AS-21: a server that has not answered, or was not inspected for a while, may be another program by now.
    fn inspect(&mut self, is_unanswered: bool, now: time::Instant) -> Result<(), SendError> {
        if is_unanswered || now - self.inspected_at >= time::Duration::from_nanos(INSPECT_INTERVAL)
        {
            self.inspected_at = now;
            self.has_ended = !still_serves(self.server, self.sender.uses_realtime())?;
        }
        Ok(())
    }

    fn send(&mut self, transmit: Transmit, now: time::Instant) -> Result<(), PeerError> {
        if transmit.copies > MIGRATE_ABOVE_COPIES {
            ffi::migrate();
        }
        for _ in 0..transmit.copies {
            if !self.server.send(transmit.channel.into(), transmit.packet)? {
                self.sender.handle_eagain(now);
            }
        }
        Ok(())
    }

    /// Returns how long to wait for a signal; `None` for as long as it takes.
    fn wait(&self, now: time::Instant) -> Option<Duration> {
        if self.has_ended {
            return Some(Duration::ZERO);
        }
        let deadline = self.sender.poll_timeout()?;
        Some(Duration::from_nanos((deadline - now).as_nanos()))
    }

    fn progress(&self) -> Progress {
        let bytes = self.message.len() as u64;
        Progress {
            bytes: (self.sender.acknowledged() / 8).min(bytes),
            of: bytes,
            resent: self.sender.resent(),
            elapsed: self.start.elapsed(),
        }
    }

    fn report(&self) -> Report {
        Report {
            bytes: self.message.len(),
            signals: self.sender.signals(),
            resent: self.sender.resent(),
            in_words: self.sender.uses_words(),
            confirmed: true,
            elapsed: self.start.elapsed(),
        }
    }
}

/// Returns the lane that the message may take: words kill a process that does not handle them, so no option allows that.
fn lane(server: &Peer, options: Options) -> Result<Lane, SendError> {
    match (check(server), options.lane) {
        (Ok(true), lane) => Ok(lane),
        (Ok(false), Lane::Word) => Err(SendError::Link(Failure::NoWords)),
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

/// Signals sent between two looks at the clock.
const SENT_AT_ONCE: u32 = 64;

/// Rounds after which the client follows the server to its CPU again.
const FOLLOW: u32 = 512;

/// How late a repetition may be on a link free of loss: longer than the scheduler's tick, see [`Inbox::spin_wait`].
const SLACK: Duration = Duration::from_millis(15);

/// How often a transfer is reported while it is under way.
const WATCH_INTERVAL: time::Duration = time::Duration::from_millis(100);

/// Says how far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes that the server has acknowledged.
    pub bytes: u64,
    /// Bytes of the message.
    pub of: u64,
    /// Signals that were repeated.
    pub resent: u64,
    /// Time since the first signal.
    pub elapsed: Duration,
}

/// Says what a transfer took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The message's length in bytes.
    pub bytes: usize,
    /// Signals sent, repetitions included.
    pub signals: u64,
    /// Repetitions among them.
    pub resent: u64,
    /// Whether the message travelled in words.
    pub in_words: bool,
    /// Whether the server confirmed the message, which it does not in a dialect without acknowledgements.
    pub confirmed: bool,
    /// Time from the first signal to the last reply.
    pub elapsed: Duration,
}

/// The signals that came and were no replies.
#[derive(Default)]
struct Inbound {
    stop: Option<Signal>,
    /// Whether signals came from which the kernel had dropped the content.
    blank: bool,
}

impl Inbound {
    fn take(&mut self, event: Event, server: Pid) -> Option<Reply> {
        match (event.signal, event.origin) {
            (Signal::Int | Signal::Term, _) => self.stop = Some(event.signal),
            (_, Origin::Claimed { pid, packet, .. }) if pid == server => {
                return Reply::from_packet(&packet);
            }
            (
                _,
                Origin::Unknown {
                    code: libc::SI_USER,
                },
            ) => self.blank = true,
            _ => {}
        }
        None
    }

    fn explain(&self, failure: Failure) -> SendError {
        match failure {
            Failure::TimedOut => SendError::TimedOut { blank: self.blank },
            Failure::Rejected(reason) => SendError::Rejected(reason),
            other => SendError::Link(other),
        }
    }
}

/// Says why a message was not delivered.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError {
    /// The server does not exist.
    NoSuchProcess,
    /// The server belongs to another user.
    NotPermitted,
    /// The target is this very process.
    Ourselves,
    /// The target does not handle SIGUSR1 and SIGUSR2, which would kill it.
    Refused {
        /// The target's command, not necessarily safe to print.
        name: String,
        /// Whether it catches all signals alike, which does not show that it survives them.
        catches_everything: bool,
    },
    /// There was no progress for the whole timeout.
    TimedOut {
        /// Whether replies came without their content, since the limit on queued signals is exhausted.
        blank: bool,
    },
    /// The server will not deliver the message.
    Rejected(Reason),
    /// The transfer failed otherwise; whether the message was delivered is unknown.
    Link(Failure),
    /// The server ended in the middle of the transfer.
    ServerEnded {
        /// Bytes of the frame that it had acknowledged.
        acknowledged: u64,
    },
    /// This process received SIGINT or SIGTERM.
    Interrupted(Signal),
    /// The message does not fit a frame.
    TooLong(TooLong),
    /// The dialect has no way to say the message.
    Unencodable(Unencodable),
    /// This process cannot get the answers.
    Unavailable(Unavailable),
    /// The server was busy until the timeout.
    Busy,
    /// A signal was not acknowledged, although the dialect acknowledges each.
    Unanswered {
        /// The number of the signal, counted from 1.
        signal: usize,
    },
    /// The server took every signal of a text in another dialect, and did not acknowledge the last.
    LastUnanswered,
    /// A system call failed.
    System(io::Error),
}

impl From<PeerError> for SendError {
    fn from(error: PeerError) -> Self {
        match error {
            PeerError::NoSuchProcess => Self::NoSuchProcess,
            PeerError::NotPermitted => Self::NotPermitted,
            PeerError::System(error) => Self::System(error),
        }
    }
}

impl From<TooLong> for SendError {
    fn from(error: TooLong) -> Self {
        Self::TooLong(error)
    }
}

impl From<Unencodable> for SendError {
    fn from(error: Unencodable) -> Self {
        Self::Unencodable(error)
    }
}

impl From<Unavailable> for SendError {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error)
    }
}

impl From<io::Error> for SendError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchProcess => f.write_str("there is no such process"),
            Self::NotPermitted => f.write_str("it belongs to another user, and both ends must signal each other"),
            Self::Ourselves => f.write_str("that is this very process"),
            Self::Refused {
                name,
                catches_everything,
            } => write!(
                f,
                "it ({}) {}",
                name.escape_default(),
                if *catches_everything {
                    "catches all signals alike, as shells and language runtimes do, and may still die of SIGUSR1"
                } else {
                    "does not handle both SIGUSR1 and SIGUSR2, so it is no server and they may kill it"
                }
            ),
            Self::TimedOut { blank: false } => f.write_str("no progress before the timeout"),
            Self::TimedOut { blank: true } => f.write_str(
                "no progress before the timeout: answers came without their content, the limit on queued signals is exhausted",
            ),
            Self::Rejected(reason) => write!(f, "the server rejected the message: {reason}"),
            Self::Link(failure) => failure.fmt(f),
            Self::ServerEnded { acknowledged } => write!(
                f,
                "the server ended in mid-message, after acknowledging {acknowledged} bytes"
            ),
            Self::Interrupted(Signal::Int) => f.write_str("this command was interrupted"),
            Self::Interrupted(_) => f.write_str("this command was terminated"),
            Self::TooLong(error) => error.fmt(f),
            Self::Unencodable(error) => error.fmt(f),
            Self::Unavailable(_) => f.write_str("this process cannot be answered"),
            Self::Busy => f.write_str("it is busy with another client"),
            Self::LastUnanswered => f.write_str("it took the whole text, but did not acknowledge its last signal"),
            Self::Unanswered { signal } => write!(f, "it did not acknowledge signal number {signal}"),
            Self::System(_) => f.write_str("a system call failed"),
        }
    }
}

/// Names as sources only the errors whose text [`SendError`] does not repeat.
impl core::error::Error for SendError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Unavailable(error) => Some(error),
            Self::System(error) => Some(error),
            _ => None,
        }
    }
}

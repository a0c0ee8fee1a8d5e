//! Sends a message: the loop that joins the inbox, the server's process and the [`Sender`].

mod foreign;

use core::fmt;
use core::sync::atomic::{AtomicU16, Ordering};
use core::time::Duration;
use std::io;
use std::string::String;
use std::time::Instant;

use crate::dialect::encoder::Unencodable;
use crate::ffi;
use crate::process::affinity::AffinityFollower;
use crate::process::peer::INSPECT_INTERVAL;
use crate::process::peer::{Peer, PeerError};
use crate::process::pid::Pid;
use crate::signal::event::{Event, Origin, Signal};
use crate::signal::inbox::Inbox;
use crate::signal::threads::Unavailable;
use crate::wire::Nanos;
use crate::wire::bits::Bit;
use crate::wire::control::{Answer, Tag};
use crate::wire::decoder::Reason;
use crate::wire::frame::TooLong;
use crate::wire::sender::{Failure, Lane, Sender, Step};
use crate::wire::word::Word;

pub use foreign::{DialectOptions, send_as};

/// Finds the server `pid` and makes sure that it handles what we are about to send: SIGUSR1 and SIGUSR2 kill a process
/// that does not. `force` skips that look.
///
/// # Errors
/// [`SendError::NoSuchProcess`], [`SendError::NotPermitted`], [`SendError::Refused`] or [`SendError::System`].
pub fn find(pid: Pid, force: bool) -> Result<Peer, SendError> {
    if pid == ffi::getpid() {
        return Err(SendError::Ourselves);
    }
    let peer = Peer::open(pid)?;
    peer.probe()?;
    if !force {
        check(&peer)?;
    }
    Ok(peer)
}

/// Makes sure, again, that `server` handles the two signals; whether it handles the real-time signal too.
///
/// # Errors
/// As [`find`].
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

/// How to send.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Options {
    /// How long the server may be silent.
    pub timeout: Duration,
    /// How the message travels.
    pub lane: Lane,
    /// Whether to burn no CPU: to sleep for answers, on the server's CPU.
    pub eco: bool,
    /// Whether to signal a process of which it cannot be seen that it handles the signals, which kill it if it does not. No
    /// word is sent to it.
    pub force: bool,
}

impl Default for Options {
    /// Five seconds, in words where the server takes them, in haste, not by force.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            lane: Lane::Auto,
            eco: false,
            force: false,
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

/// As [`send`], and calls `watch` some ten times a second with how far it is.
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
    let timeout = options.timeout.as_nanos().try_into().unwrap_or(u64::MAX);
    let lane = lane(server, options)?;
    let mut looked = 0;
    let mut sender = Sender::new(message, new_tag(), timeout, lane)?;
    let mut follower = options.eco.then(AffinityFollower::new);
    if options.eco {
        inbox.never_spin();
    }
    let mut rounds = 0u32;
    let mut watch_at = WATCH;
    let start = Instant::now();
    let clock = || -> Nanos { start.elapsed().as_nanos().try_into().unwrap_or(u64::MAX) };
    let mut ended = false;
    let mut heard = Heard::default();
    loop {
        let now = clock();
        if let Some(follower) = follower.as_mut().filter(|_| rounds % FOLLOW == 0) {
            follower.follow(server.pid());
        }
        rounds = rounds.wrapping_add(1);
        if now >= watch_at {
            watch_at = now + WATCH;
            watch(&Progress {
                bytes: (sender.acknowledged() / 8).min(message.len() as u64),
                of: message.len() as u64,
                resent: sender.resent(),
                elapsed: start.elapsed(),
            });
        }
        // What the server sent before it ended is in the ring by the time that its end is known, so it is drained once more.
        let is_last_look = ended;
        inbox.drain(|event| {
            if let Some(answer) = heard.take(event, server.pid()) {
                sender.answer(now, answer);
            }
        });
        let deadline = loop {
            let repeated = sender.resent();
            let step = sender.poll(now);
            // AS-21: a server that has not answered, or was not looked at for a while, may be another program by now.
            let is_due =
                sender.resent() > repeated || now.saturating_sub(looked) >= INSPECT_INTERVAL;
            let sends = matches!(step, Step::Transmit { .. } | Step::Queue(_));
            if sends && is_due && !options.force && !ended {
                looked = now;
                ended = !still_serves(server, sender.uses_words())?;
            }
            match step {
                Step::Transmit { bit, value, copies } if !ended => {
                    if copies > STUBBORN {
                        ffi::migrate();
                    }
                    for _ in 0..copies {
                        match server.send(signal_of(bit), value) {
                            Err(PeerError::NoSuchProcess) => ended = true,
                            other => other?,
                        }
                    }
                }
                Step::Queue(word) if !ended => match queue(server, &word) {
                    Ok(true) => {}
                    Ok(false) => sender.no_room(now),
                    Err(PeerError::NoSuchProcess) => ended = true,
                    Err(error) => return Err(error.into()),
                },
                Step::Transmit { .. } | Step::Queue(_) => {}
                Step::Wait(deadline) => break deadline,
                Step::Finished(Ok(())) => {
                    return Ok(Report {
                        bytes: message.len(),
                        signals: sender.signals(),
                        resent: sender.resent(),
                        in_words: sender.uses_words(),
                        confirmed: true,
                        elapsed: start.elapsed(),
                    });
                }
                Step::Finished(Err(failure)) => return Err(heard.explain(failure)),
            }
        };
        if let Some(signal) = heard.stop {
            return Err(SendError::Interrupted(signal));
        }
        if is_last_look {
            return Err(SendError::ServerEnded {
                acknowledged: sender.acknowledged() / 8,
            });
        }
        let deadline = if ended { 0 } else { deadline };
        let timeout = Some(Duration::from_nanos(deadline.saturating_sub(now)));
        let slack = if sender.is_calm() {
            SLACK
        } else {
            Duration::ZERO
        };
        let waited = if sender.expects_an_answer() {
            inbox.spin_wait(server.fd(), timeout, slack)
        } else {
            inbox.wait(server.fd(), timeout)
        };
        ended |= waited.map_err(io::Error::from)?;
    }
}

/// The lane that the message may take. Words kill a process that does not handle them: no force is strong enough for that.
fn lane(server: &Peer, options: Options) -> Result<Lane, SendError> {
    match (check(server), options.lane) {
        (Ok(true), lane) => Ok(lane),
        (Ok(false), Lane::Word) => Err(SendError::Link(Failure::NoWords)),
        (Err(error), _) if !options.force => Err(error),
        _ => Ok(Lane::Bit),
    }
}

/// Whether what was a server still is one: it may have executed another program, which the next signal would kill.
fn still_serves(server: &Peer, in_words: bool) -> Result<bool, SendError> {
    match check(server) {
        Ok(takes_words) => Ok(takes_words || !in_words),
        Err(SendError::NoSuchProcess | SendError::Refused { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Queues a word, and before a question the bare signal, which the kernel attests: no word is attested by itself.
fn queue(server: &Peer, word: &Word) -> Result<bool, PeerError> {
    if word.index().is_none() {
        server.send(Signal::Word, None)?;
    }
    server.queue(word.parts())
}

/// From this many copies on, both ends send from another CPU each time. Under a storm a signal that is sent from the CPU of
/// its receiver cannot arrive: the receiver is not running, so whatever is pending stays pending until the storm's next
/// signal has taken the place. Sent from the storm's own CPU it cannot fail.
pub(crate) const STUBBORN: u32 = 2;

/// Rounds between two looks at where the server runs.
const FOLLOW: u32 = 512;

/// How late a repetition may be while none is needed: longer than the scheduler's tick, see [`Inbox::spin_wait`].
const SLACK: Duration = Duration::from_millis(15);

/// The signal that carries `bit`.
#[must_use]
pub const fn signal_of(bit: Bit) -> Signal {
    match bit {
        Bit::Zero => Signal::Usr1,
        Bit::One => Signal::Usr2,
    }
}

/// How often a transfer is reported while it is under way.
const WATCH: Nanos = 100_000_000;

/// How far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes that the server has acknowledged.
    pub bytes: u64,
    /// Bytes of the message.
    pub of: u64,
    /// Signals that were repeated.
    pub resent: u64,
    /// Since the first signal.
    pub elapsed: Duration,
}

/// What a transfer took.
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
    /// Whether the server said that it has the message: a dialect without acknowledgements does not.
    pub confirmed: bool,
    /// From the first signal to the final acknowledgement.
    pub elapsed: Duration,
}

/// The signals that came, as far as they are not answers.
#[derive(Default)]
struct Heard {
    stop: Option<Signal>,
    /// Whether signals came from which the kernel had dropped the content.
    blank: bool,
}

impl Heard {
    fn take(&mut self, event: Event, server: Pid) -> Option<Answer> {
        match (event.signal, event.origin) {
            (Signal::Int | Signal::Term, _) => self.stop = Some(event.signal),
            // An answer has no number, as a word of a message has.
            (_, Origin::Claimed { pid, value, .. }) if pid == server && event.errno == 0 => {
                return Answer::from_value(value);
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
            Failure::Silent => SendError::TimedOut { blank: self.blank },
            Failure::Rejected(reason) => SendError::Rejected(reason),
            other => SendError::Link(other),
        }
    }
}

/// A name for the transfer: not 0, not that of this process's transfer before, and unlikely to be that of any other from
/// this PID.
fn new_tag() -> Tag {
    static LAST: AtomicU16 = AtomicU16::new(0);
    loop {
        let tag = (ffi::random() % u64::from(Tag::MAX)) as Tag + 1;
        // Ordering: Relaxed; the number alone matters, and an inbox is for one thread.
        if LAST.swap(tag, Ordering::Relaxed) != tag {
            return tag;
        }
    }
}

/// Why a message was not delivered.
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
        /// Whether it catches all signals alike, which is no sign that it survives them.
        catches_everything: bool,
    },
    /// The server was silent for the whole timeout.
    TimedOut {
        /// Whether answers came whose content the kernel had dropped, for want of room for queued signals.
        blank: bool,
    },
    /// The server will not deliver the message.
    Rejected(Reason),
    /// The link broke; whether the message was delivered is unknown.
    Link(Failure),
    /// The server ended on the way.
    ServerEnded {
        /// Bytes of the frame that it had acknowledged.
        acknowledged: u64,
    },
    /// SIGINT or SIGTERM came.
    Interrupted(Signal),
    /// The message does not fit a frame.
    TooLong(TooLong),
    /// The dialect has no way to say the message.
    Unencodable(Unencodable),
    /// This process cannot get the answers.
    Unavailable(Unavailable),
    /// The server said that it is busy, until the timeout.
    Busy,
    /// A signal was not acknowledged, although the dialect says so.
    Unanswered {
        /// Which, counted from 1.
        signal: usize,
    },
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
                    "catches all signals alike, as shells and language runtimes do, and may die of SIGUSR1 all the same"
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
            Self::Unanswered { signal } => write!(f, "it did not acknowledge signal number {signal}"),
            Self::System(_) => f.write_str("a system call failed"),
        }
    }
}

/// What they say of themselves is not said again by their sources.
impl core::error::Error for SendError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Unavailable(error) => Some(error),
            Self::System(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_no_number() {
        let [server, other] = [4242, 4243].map(|raw| Pid::new(raw).unwrap());
        let answer = Answer {
            tag: 7,
            status: crate::wire::control::Status::Delivered(80),
        };
        let event = |pid, errno| Event {
            signal: Signal::Word,
            origin: Origin::Claimed {
                pid,
                uid: 0,
                value: answer.value(),
            },
            errno,
            more: [0; 2],
        };
        let mut heard = Heard::default();
        assert_eq!(heard.take(event(server, 0), server), Some(answer));
        assert_eq!(heard.take(event(server, 1), server), None, "a word");
        assert_eq!(heard.take(event(other, 0), server), None);
    }
}

//! Sends messages from any program: runs [`client`] with an inbox of its own.

use core::fmt;

use crate::client::{self, Options, Progress, Report, SendError};
use crate::ffi;
use crate::process::peer::Peer;
use crate::process::pid::Pid;
use crate::signal::event::SignalSet;
use crate::signal::inbox::Inbox;
use crate::signal::threads::{Blocked, Unavailable};

/// Sends `message` to the server with the PID `to`, and blocks until it is delivered.
///
/// # Errors
/// See [`SendError`].
pub fn send(to: Pid, message: &[u8]) -> Result<Report, SendError> {
    Sender::open(to)?.send(message)
}

/// Sends messages to one server.
///
/// ```no_run
/// let mut sender = minitalk::Sender::open("4242".parse()?)?;
/// for line in std::io::stdin().lines() {
///     let report = sender.send(line?.as_bytes())?;
///     eprintln!("{} signals in {:?}", report.signals, report.elapsed);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A sender is bound to the process, not to its number: after the server has ended, no other process with its PID is signalled.
/// Before each message it checks that the server still handles the signals, which would kill it otherwise.
///
/// # One for a process
/// Answers come as signals, so a process has either one sender or one [`Receiver`](crate::Receiver). A program that does both
/// consists of two processes (`examples/chat.rs`).
///
/// # Threads
/// The answers come to the thread that opens the sender, which cannot leave that thread. All others must have SIGUSR1, SIGUSR2
/// and real-time signal 44 blocked, or `open` fails: see [`block_signals`](crate::block_signals). Sending blocks, so an async
/// program sends on a thread of its own.
///
/// ```compile_fail,E0277
/// fn is_send<T: Send>() {}
/// is_send::<minitalk::Sender>();
/// ```
///
/// # Children
/// A child made by `fork` cannot use the sender ([`Unavailable::Forked`]). A program that is started by
/// [`Command`](std::process::Command) while the sender is open inherits that the three signals are blocked.
///
/// # Other users of these signals
/// When the sender is dropped, the previous dispositions are restored. The default disposition, which kills, becomes *ignore*:
/// the server, and others that have seen that the signals are handled, may still send one. Programs that are started afterwards
/// inherit that. SIGINT and SIGTERM are not changed: they end a program in mid-message as at any other time, and the server
/// drops the half message.
#[must_use = "a sender is of use only while it is open"]
pub struct Sender {
    inbox: Option<Inbox>,
    blocked: Blocked,
    server: Peer,
    options: Options,
}

impl Sender {
    /// Opens a sender to the server with the PID `to`, with a timeout of 5 seconds, in words if the server takes them.
    ///
    /// # Errors
    /// See [`SendError`]; [`SendError::Refused`] when the process is not a server.
    pub fn open(to: Pid) -> Result<Self, SendError> {
        Self::open_with(to, Options::default())
    }

    /// Opens a sender to the server with the PID `to`, with these options.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(to: Pid, options: Options) -> Result<Self, SendError> {
        let server = client::find(to, options.skip_check)?;
        let blocked = Blocked::everywhere(SignalSet::LANES)?;
        let inbox = Inbox::open_in(SignalSet::LANES, Some(blocked.before()));
        Ok(Self {
            inbox: Some(inbox.map_err(Unavailable::from)?),
            blocked,
            server,
            options,
        })
    }

    /// Returns the server's PID.
    #[must_use]
    pub const fn server(&self) -> Pid {
        self.server.pid()
    }

    /// Sends `message`, and blocks until the server has delivered it.
    ///
    /// # Errors
    /// See [`SendError`]. After any error another message may be sent.
    pub fn send(&mut self, message: &[u8]) -> Result<Report, SendError> {
        self.send_watched(message, &mut |_| {})
    }

    /// Sends `message` as [`send`](Self::send) does, and reports progress to `watch` about ten times a second.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_watched(
        &mut self,
        message: &[u8],
        watch: &mut dyn FnMut(&Progress),
    ) -> Result<Report, SendError> {
        let is_elsewhere = self.blocked.is_elsewhere();
        let Some(inbox) = self.inbox.as_mut().filter(|_| !is_elsewhere) else {
            return Err(Unavailable::Forked.into());
        };
        let shut = Shut(inbox);
        let mut watch = |progress: &Progress| {
            ffi::block(SignalSet::LANES);
            watch(progress);
        };
        client::send_watched(shut.0, &self.server, message, self.options, &mut watch)
    }
}

/// Shuts the inbox when dropped, so that between two messages this thread may start others and sleep undisturbed.
struct Shut<'i>(&'i mut Inbox);

impl Drop for Shut<'_> {
    fn drop(&mut self) {
        self.0.block();
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        if let Some(inbox) = self.inbox.take() {
            inbox.close_ignoring();
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Sender");
        out.field("server", &self.server()).finish_non_exhaustive()
    }
}

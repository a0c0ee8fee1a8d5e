//! Sends messages from a program that does other things too: [`client`] with an inbox of its own.

use core::fmt;

use crate::client::{self, Options, Progress, Report, SendError};
use crate::ffi;
use crate::process::peer::Peer;
use crate::process::pid::Pid;
use crate::signal::event::SignalSet;
use crate::signal::inbox::Inbox;
use crate::signal::threads::{Blocked, Unavailable};

/// Sends `message` to the server with the PID `to`, and returns when it is delivered.
///
/// # Errors
/// See [`SendError`].
pub fn send(to: Pid, message: &[u8]) -> Result<Report, SendError> {
    Sender::open(to)?.send(message)
}

/// A way to one server.
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
/// It names the process, not the number: when the server has ended, no other process that is given its PID is signalled.
/// Before each message it makes sure that the server still handles the signals, which would kill it otherwise.
///
/// # One for a process
/// Answers come as signals, so what is said of [`Receiver`](crate::Receiver) holds here: one receiver or one sender for a
/// process. A program that does both is two processes (`examples/chat.rs`).
///
/// # Threads
/// The answers come to the thread that opens it, which it cannot leave; all others must have SIGUSR1, SIGUSR2 and
/// real-time signal 44 blocked, or `open` fails: see [`block_signals`](crate::block_signals). To send blocks: an async program
/// sends on a thread of its own.
///
/// ```compile_fail,E0277
/// fn is_send<T: Send>() {}
/// is_send::<minitalk::Sender>();
/// ```
///
/// # Children
/// A child by `fork` cannot send by it ([`Unavailable::Forked`]). What is started by [`Command`](std::process::Command) while it
/// is open inherits that the three signals are blocked.
///
/// # Other users of these signals
/// When it is dropped, what their dispositions were is put back, with *ignore* in the place of the default, which is to
/// kill: the server may still answer, and so may others who have seen that the signals are handled. That stays so, and
/// programs that are started afterwards inherit it. SIGINT and SIGTERM are not touched: they end a program in mid-message
/// as at any other time, and the server drops the half message.
#[must_use = "it is of use only while it is open"]
pub struct Sender {
    inbox: Option<Inbox>,
    blocked: Blocked,
    server: Peer,
    options: Options,
}

impl Sender {
    /// Finds the server with the PID `to`, with 5 seconds of patience, in words where the server takes them.
    ///
    /// # Errors
    /// See [`SendError`]; [`SendError::Refused`] when it is no server.
    pub fn open(to: Pid) -> Result<Self, SendError> {
        Self::open_with(to, Options::default())
    }

    /// As [`open`](Self::open), with other options.
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

    /// The server's PID.
    #[must_use]
    pub const fn server(&self) -> Pid {
        self.server.pid()
    }

    /// Sends `message`, and returns when the server has handed it over.
    ///
    /// # Errors
    /// See [`SendError`]. After any of them another message may be sent.
    pub fn send(&mut self, message: &[u8]) -> Result<Report, SendError> {
        self.send_watched(message, &mut |_| {})
    }

    /// As [`send`](Self::send), and calls `watch` some ten times a second with how far it is.
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

/// Leaves the inbox shut, so that between two messages this thread may start others, and sleep undisturbed.
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

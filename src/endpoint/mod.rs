//! Sends and receives messages in the background: runs the [`engine`] on a thread of its own.
//!
//! ```text
//! signals ──► service thread ──► writer thread ──► one message ──► recv, try_recv, the iterator
//!             decodes, answers   waits until it is taken             and a descriptor to wait on
//! signals ◄── service thread ◄── outbox ◄── send, request, reply: from any thread
//! ```

mod builder;
mod error;
mod service;

use core::fmt;
use core::iter::FusedIterator;
use core::time::Duration;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::vec::Vec;

pub use builder::Builder;
pub use error::ReceiveError;

use crate::background::lock;
use crate::client::{self, Options, Progress, Report, SendError};
use crate::engine::{self, Message};
use crate::ffi;
use crate::process::pid::Pid;
use crate::signal::inbox::Inbox;
use crate::signal::set::SignalSet;
use crate::signal::threads::{Blocked, Unavailable};
use crate::wire::frame::MessageKind;
use service::{ServiceState, Shared};

/// Names the thread of an endpoint that receives, by which `minitalk list` finds it.
pub const SERVICE_THREAD: &str = "minitalk";

/// Sends `message` to the process `to`, and blocks until it is delivered.
///
/// It opens an [`Inbox`] on this thread for that time, so it fails beside another endpoint or inbox, and if another thread does not
/// block the signals ([`block_signals`](crate::block_signals)). Messages of other processes get no answer meanwhile.
///
/// ```no_run
/// let report = minitalk::send("4242".parse()?, b"Hello")?;
/// println!("{} bytes in {} signals", report.bytes, report.signals);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Returns a [`SendError`] if the message is not known to be delivered.
pub fn send(to: Pid, message: &[u8]) -> Result<Report, SendError> {
    // Before the handler is installed, whose removal leaves the signals ignored.
    let peer = client::find(to, false)?;
    let signals = SignalSet::LANES;
    let blocked = Blocked::everywhere(signals)?;
    let inbox = Inbox::open_in(signals, Some(blocked.before()), |_| Ok(()));
    let mut inbox = inbox.map_err(Unavailable::from)?;
    let result = engine::send(&mut inbox, &peer, message, Options::default(), &mut |_| {});
    inbox.close_ignoring();
    result
}

/// Sends and receives messages, under this process's PID.
///
/// ```no_run
/// let endpoint = minitalk::Endpoint::bind()?;
/// println!("PID {}", std::process::id());
/// for message in &endpoint {
///     let message = message?;
///     println!("{}: {}", message.pid, String::from_utf8_lossy(&message.payload).escape_debug());
///     // A requester that has ended meanwhile is no reason to end.
///     if message.is_request() && message.reply(b"thank you").is_err() {
///         println!("{} takes no reply", message.pid);
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A thread of the endpoint answers other processes and sends, whatever the program does meanwhile. All methods can be called from any
/// number of threads.
///
/// A message counts as delivered when the program takes it. Until then its sender waits, however short its timeout for a silent
/// receiver is. So two programs that only send to each other wait for ever: take messages on another thread than the one that sends.
/// A reply waits behind earlier messages to its process: do not reply on the thread that takes if both ends also send.
/// A message that is never taken is rejected when the endpoint is dropped. Drop the endpoint before the program ends, or the sender of
/// the last message may get no answer. A program that must have processed a message before its sender is answered uses
/// [`engine::serve`].
///
/// Messages to one process are delivered in order, those to several at the same time.
///
/// # One for a process
/// A process has one disposition for each signal. So it has one endpoint *or* one [`Inbox`], of whatever signals. To open a second one
/// returns [`Unavailable::Taken`].
///
/// # Threads
/// SIGUSR1, SIGUSR2 and real-time signal 44 are blocked on the thread that binds, and on all threads that it starts from then
/// on. Threads that already run must have them blocked, or `bind` fails and names the thread: see
/// [`block_signals`](crate::block_signals). The endpoint itself can be sent to another thread.
///
/// ```
/// fn is_send<T: Send + Sync>() {}
/// is_send::<minitalk::Endpoint>();
/// is_send::<minitalk::Message>();
/// is_send::<minitalk::Stopper>();
/// ```
///
/// # Other users of these signals
/// When the endpoint is dropped, the previous dispositions are restored. The default disposition, which kills, becomes *ignore*:
/// a process that has just seen that the signals are handled may be about to send one. Programs that are started afterwards
/// inherit that. The mask of the thread that bound the endpoint is restored if the endpoint is dropped on that thread. A handler
/// that is installed meanwhile takes the signals away from the endpoint, which cannot notice that, and is left in place. SIGINT
/// and SIGTERM are not changed without [`Builder::stop_on_signals`].
///
/// # Children
/// A child made by `fork` has no endpoint and may bind its own. There the signals have their default disposition, and the
/// inherited endpoint returns [`ReceiveError::Forked`] and [`Unavailable::Forked`]. A program that is started by
/// [`Command`](std::process::Command) inherits the thread's mask, in which the signals are blocked.
///
/// # Async runtimes
/// The descriptor of the endpoint ([`AsFd`]) is readable while [`try_recv`](Self::try_recv) returns something other than
/// `Empty`. Bind before the runtime starts its threads. Sending blocks, so it belongs on a thread for blocking work. Drop the endpoint
/// where blocking for a second is allowed. `examples/async_receiver.rs` takes messages on a thread, for tokio.
#[must_use = "an endpoint is unbound when it is dropped"]
pub struct Endpoint {
    shared: Arc<Shared>,
    service: Option<JoinHandle<()>>,
    blocked: Blocked,
}

impl Endpoint {
    /// Binds an endpoint that receives messages up to 16 MiB, from clients in any known dialect.
    ///
    /// # Errors
    /// Returns an [`Unavailable`] if this process cannot receive the signals.
    pub fn bind() -> Result<Self, Unavailable> {
        Self::builder().bind()
    }

    /// Returns a builder, for limits, timeouts, dialects and notes.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Sends `message` to the process `to`, and blocks until it is delivered.
    ///
    /// # Errors
    /// Returns a [`SendError`] if the message is not known to be delivered.
    pub fn send(&self, to: Pid, message: &[u8]) -> Result<Report, SendError> {
        self.send_with(to, message, Options::default(), &mut |_| {})
    }

    /// Sends as [`send`](Self::send) does, with these options, and reports progress to `watch` about ten times a second.
    ///
    /// ```no_run
    /// use minitalk::{Endpoint, client::Options, wire::sender::Lane};
    ///
    /// let endpoint = Endpoint::bind()?;
    /// let mut options = Options::default();
    /// options.lane = Lane::Bit;
    /// endpoint.send_with("4242".parse()?, &[0; 10_000], options, &mut |progress| {
    ///     println!("{:?}: {} of {} bytes", progress.elapsed, progress.bytes, progress.of);
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`send`](Self::send).
    pub fn send_with(
        &self,
        to: Pid,
        message: &[u8],
        options: Options,
        watch: &mut dyn FnMut(&Progress),
    ) -> Result<Report, SendError> {
        let delivery = self.deliver(to, MessageKind::Message, message, options, watch)?;
        Ok(delivery.report)
    }

    /// Sends the request `message` to the process `to`, and blocks until its reply has come, which is returned.
    ///
    /// ```no_run
    /// let endpoint = minitalk::Endpoint::builder().send_only().bind()?;
    /// // minitalk serve --exec date
    /// let reply = endpoint.request("4242".parse()?, b"What time is it?")?;
    /// println!("{}", reply.escape_ascii());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns a [`SendError`] if there is no reply. A receiver that replies to no request rejects it with
    /// [`Reason::NoReplies`](crate::wire::reason::Reason::NoReplies).
    pub fn request(&self, to: Pid, message: &[u8]) -> Result<Vec<u8>, SendError> {
        self.request_with(to, message, Options::default(), &mut |_| {})
    }

    /// Requests as [`request`](Self::request) does, with these options, and reports progress to `watch` about ten times a second.
    ///
    /// # Errors
    /// Returns the errors of [`request`](Self::request).
    pub fn request_with(
        &self,
        to: Pid,
        message: &[u8],
        options: Options,
        watch: &mut dyn FnMut(&Progress),
    ) -> Result<Vec<u8>, SendError> {
        let delivery = self.deliver(to, MessageKind::Request, message, options, watch)?;
        Ok(delivery.reply.unwrap_or_default())
    }

    /// Blocks until there is a message, and takes it.
    ///
    /// # Errors
    /// Returns any [`ReceiveError`] except `Empty`.
    pub fn recv(&self) -> Result<Message, ReceiveError> {
        self.recv_timeout(Duration::MAX)
    }

    /// Blocks until there is a message, for `limit` at most, and takes it.
    ///
    /// # Errors
    /// Returns any [`ReceiveError`]: `Empty` when no message came in time.
    pub fn recv_timeout(&self, limit: Duration) -> Result<Message, ReceiveError> {
        if self.blocked.is_elsewhere() {
            return Err(ReceiveError::Forked);
        }
        let shared = &self.shared;
        let waits = |state: &mut ServiceState| state.message.is_none() && !state.ended;
        let wait = (shared.changed).wait_timeout_while(lock(&shared.state), limit, waits);
        let (mut state, _) = wait.unwrap_or_else(PoisonError::into_inner);
        if let Some(message) = state.message.take() {
            if !state.ended {
                shared.ready.clear();
            }
            shared.changed.notify_all();
            return Ok(Message::new(message, &shared.outbox));
        }
        Err(match (state.error.take(), state.ended) {
            (Some(error), _) => ReceiveError::Failed(error),
            (None, true) => ReceiveError::Stopped,
            (None, false) => ReceiveError::Empty,
        })
    }

    /// Takes the next message, if there is one. Never blocks.
    ///
    /// # Errors
    /// Returns any [`ReceiveError`]: `Empty` when there is no message.
    pub fn try_recv(&self) -> Result<Message, ReceiveError> {
        self.recv_timeout(Duration::ZERO)
    }

    /// Returns an iterator that takes one message after the other, and ends when the endpoint has been stopped.
    pub const fn iter(&self) -> Messages<'_> {
        Messages {
            endpoint: self,
            has_returned_forked: false,
        }
    }

    /// Returns a handle that stops the endpoint from another thread.
    pub fn stopper(&self) -> Stopper {
        Stopper {
            shared: Arc::clone(&self.shared),
            pid: self.blocked.pid(),
        }
    }

    fn deliver(
        &self,
        to: Pid,
        kind: MessageKind,
        message: &[u8],
        options: Options,
        watch: &mut dyn FnMut(&Progress),
    ) -> Result<client::Delivery, SendError> {
        let peer = client::find(to, options.skip_check)?;
        self.shared
            .outbox
            .send(&peer, kind, message, options, watch)
    }
}

/// Takes the messages of an [`Endpoint`], and ends when that has been stopped.
#[derive(Debug)]
pub struct Messages<'e> {
    endpoint: &'e Endpoint,
    /// Whether [`ReceiveError::Forked`] has been returned, which is done once.
    has_returned_forked: bool,
}

impl Iterator for Messages<'_> {
    type Item = Result<Message, ReceiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.endpoint.recv() {
            Err(ReceiveError::Stopped) => None,
            Err(ReceiveError::Forked) if mem::replace(&mut self.has_returned_forked, true) => None,
            other => Some(other),
        }
    }
}

impl FusedIterator for Messages<'_> {}

impl<'e> IntoIterator for &'e Endpoint {
    type Item = Result<Message, ReceiveError>;
    type IntoIter = Messages<'e>;

    fn into_iter(self) -> Messages<'e> {
        self.iter()
    }
}

/// Returns a descriptor that is readable while [`Endpoint::try_recv`] returns something other than `Empty`, in the process that
/// bound the endpoint. Do not read from it.
impl AsFd for Endpoint {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shared.ready.fd().as_fd()
    }
}

/// Returns the descriptor of [`AsFd`].
impl AsRawFd for Endpoint {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

/// Rejects messages that are not complete, and waits for the service thread: half a second at most after the last message is
/// settled, and as long for the function for notes.
impl Drop for Endpoint {
    fn drop(&mut self) {
        if self.blocked.is_elsewhere() {
            // A forked child does not have the thread, so there is nothing to join or to detach.
            mem::forget(self.service.take());
            return;
        }
        // The message that is not taken is taken back, with all later ones.
        lock(&self.shared.state).closed = true;
        self.shared.changed.notify_all();
        self.shared.stop.request();
        // The function for notes may drop the endpoint, on the service thread itself.
        let is_other = |service: &JoinHandle<()>| service.thread().id() != thread::current().id();
        if let Some(service) = self.service.take().filter(is_other) {
            let _ = service.join();
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").finish_non_exhaustive()
    }
}

/// Stops an [`Endpoint`] from another thread.
///
/// ```
/// let endpoint = minitalk::Endpoint::bind()?;
/// let stopper = endpoint.stopper();
/// std::thread::spawn(move || stopper.stop());
/// assert_eq!(endpoint.iter().count(), 0);
/// # Ok::<(), minitalk::Unavailable>(())
/// ```
#[derive(Clone)]
pub struct Stopper {
    shared: Arc<Shared>,
    pid: Pid,
}

impl Stopper {
    /// Rejects messages that are not complete, and all later ones. The program can still take complete messages before it gets
    /// [`ReceiveError::Stopped`]; a drop of the endpoint rejects them. Idempotent; has no effect in a forked child.
    pub fn stop(&self) {
        if ffi::getpid() == self.pid {
            self.shared.stop.request();
        }
    }
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stopper")
    }
}

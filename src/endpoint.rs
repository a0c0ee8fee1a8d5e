//! Sends and receives messages in the background: runs the [`engine`] on a thread of its own.
//!
//! ```text
//! signals ──► service thread ──► writer thread ──► one message ──► recv, try_recv, the iterator
//!             decodes, answers   waits until it is taken             and a descriptor to wait on
//! signals ◄── service thread ◄── outbox ◄── send, request, reply: from any thread
//! ```

use core::fmt;
use core::iter::FusedIterator;
use core::time::Duration;
use std::boxed::Box;
use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::vec::Vec;

use crate::background::{self, Background, Item};
use crate::client::{self, Options, Progress, Report, SendError};
use crate::engine::{self, Message, Outbox};
use crate::ffi::{self, EventFd};
use crate::process::pid::Pid;
use crate::server::{Config, Dialects, Note, OutputError, Received, ServeError, Sink, Stop};
use crate::signal::event::SignalSet;
use crate::signal::inbox::Inbox;
use crate::signal::threads::{Blocked, Unavailable};
use crate::wire::frame::MessageKind;

/// Sends `message` to the process `to`, and blocks until it is delivered.
///
/// It binds an [`Endpoint`] for that time, so it fails beside another endpoint or inbox, and if another thread does not block the
/// signals ([`block_signals`](crate::block_signals)).
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
    client::find(to, false)?;
    Endpoint::builder().send_only().bind()?.send(to, message)
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
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            config: Config::default(),
            signals: SignalSet::LANES,
            receives: true,
            replies: true,
            is_eco: false,
            notes: None,
        }
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
        self.take_after(|state, changed| {
            let wait = changed.wait_while(state, |state| state.is_quiet());
            wait.unwrap_or_else(PoisonError::into_inner)
        })
    }

    /// Blocks until there is a message, for `limit` at most, and takes it.
    ///
    /// # Errors
    /// Returns any [`ReceiveError`]: `Empty` when no message came in time.
    pub fn recv_timeout(&self, limit: Duration) -> Result<Message, ReceiveError> {
        self.take_after(|state, changed| {
            let wait = changed.wait_timeout_while(state, limit, |state| state.is_quiet());
            wait.unwrap_or_else(PoisonError::into_inner).0
        })
    }

    /// Takes the next message, if there is one. Never blocks.
    ///
    /// # Errors
    /// Returns any [`ReceiveError`]: `Empty` when there is no message.
    pub fn try_recv(&self) -> Result<Message, ReceiveError> {
        self.take_after(|state, _| state)
    }

    /// Returns an iterator that takes one message after the other, and ends when the endpoint has been stopped.
    #[must_use]
    pub const fn iter(&self) -> Messages<'_> {
        Messages {
            endpoint: self,
            has_returned_forked: false,
        }
    }

    /// Returns a handle that stops the endpoint from another thread.
    #[must_use]
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

    fn take_after<'s>(
        &'s self,
        wait: impl FnOnce(MutexGuard<'s, State>, &Condvar) -> MutexGuard<'s, State>,
    ) -> Result<Message, ReceiveError> {
        if self.blocked.is_elsewhere() {
            return Err(ReceiveError::Forked);
        }
        let mut state = wait(self.shared.lock(), &self.shared.changed);
        if let Some(message) = state.message.take() {
            if !state.ended {
                self.shared.ready.clear();
            }
            self.shared.changed.notify_all();
            return Ok(Message::new(message, &self.shared.outbox));
        }
        Err(match (state.error.take(), state.ended) {
            (Some(error), _) => ReceiveError::Failed(error),
            (None, true) => ReceiveError::Stopped,
            (None, false) => ReceiveError::Empty,
        })
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
        self.shared.close();
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

/// Configures an [`Endpoint`] before it is bound.
///
/// ```
/// use minitalk::{Endpoint, server::Config};
///
/// let mut config = Config::default();
/// config.max_message = 1 << 20;
/// let endpoint = Endpoint::builder()
///     .config(config)
///     .notes(|note| eprintln!("{note}"))
///     .bind()?;
/// # Ok::<(), minitalk::Unavailable>(())
/// ```
pub struct Builder {
    config: Config,
    signals: SignalSet,
    receives: bool,
    replies: bool,
    is_eco: bool,
    notes: Option<Notes>,
}

/// Limits the wait at the end for the program's function for notes.
const LAST_NOTES: Duration = Duration::from_millis(500);

/// The program's function for notes.
type Notes = Box<dyn FnMut(&Note) + Send>;

impl Builder {
    /// Sets limits, timeouts and dialects.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Receives no messages but replies to requests. Messages are rejected, and other protocols get no answer.
    #[must_use]
    pub fn send_only(mut self) -> Self {
        self.receives = false;
        self
    }

    /// Rejects requests, for a program that replies to none.
    #[must_use]
    pub fn messages_only(mut self) -> Self {
        self.replies = false;
        self
    }

    /// Sleeps for each signal instead of polling, to spare the CPU. [`Options::eco`] does so for a single message.
    #[must_use]
    pub fn eco(mut self) -> Self {
        self.is_eco = true;
        self
    }

    /// Stops the endpoint on SIGINT and SIGTERM, as [`Stopper::stop`] does. A second signal drops complete messages that the
    /// program has not taken. Programs that are started meanwhile inherit that the two signals are blocked.
    #[must_use]
    pub fn stop_on_signals(mut self) -> Self {
        self.signals = self.signals.union(SignalSet::STOPS);
        self
    }

    /// Calls `notes`, on a thread of its own, with what is worth a line in a log. If it is slow, notes are left out, and
    /// [`Note::Missing`] counts them. If it panics, the endpoint ends with [`ServeError::Panicked`].
    #[must_use]
    pub fn notes(mut self, notes: impl FnMut(&Note) + Send + 'static) -> Self {
        self.notes = Some(Box::new(notes));
        self
    }

    /// Installs the handler and starts the service thread.
    ///
    /// # Errors
    /// Returns an [`Unavailable`] if this process cannot receive the signals.
    pub fn bind(self) -> Result<Endpoint, Unavailable> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
            ready: EventFd::new()?,
            stop: Stop::new()?,
            outbox: Outbox::new()?,
        });
        let signals = self.signals;
        let mut endpoint = Endpoint {
            shared: Arc::clone(&shared),
            service: None,
            blocked: Blocked::everywhere(signals)?,
        };
        let (report, reported) = mpsc::channel();
        let program = *endpoint.blocked.before();
        let service = move || {
            let _end = End(&shared);
            // The program's own handlers are for its own threads.
            ffi::block_everything();
            let start = |notes| {
                Background::start(
                    "minitalk-notes",
                    background::LIMIT,
                    shared.note_function(notes),
                )
            };
            let opened = self.notes.map(start).transpose().map_err(Unavailable::from);
            let opened =
                opened.and_then(|notes| Ok((notes, Inbox::open_in(signals, Some(&program))?)));
            match opened {
                Ok((notes, inbox)) => {
                    let _ = report.send(Ok(()));
                    let to = Arc::clone(&shared);
                    let (config, output): (_, Sink) = match self.receives {
                        true => (
                            Config {
                                replies: self.replies,
                                ..self.config
                            },
                            Box::new(move |message| to.hand_over(message)),
                        ),
                        false => (
                            Config {
                                replies: false,
                                count: None,
                                dialects: Dialects::None,
                                ..self.config
                            },
                            engine::refusing(),
                        ),
                    };
                    shared.serve(inbox, config, output, self.is_eco, notes);
                }
                Err(error) => drop(report.send(Err(error))),
            }
        };
        endpoint.service = Some(background::spawn("minitalk", None, Box::new(service))?);
        // An error on the channel is a panic of the thread, which the panic hook has reported.
        reported
            .recv()
            .map_err(|_| io::Error::other("the thread ended"))??;
        Ok(endpoint)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Builder");
        out.field("config", &self.config).finish_non_exhaustive()
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

/// Says why there is no message.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReceiveError {
    /// No message has come yet.
    Empty,
    /// No message will come: the endpoint was stopped, or has taken as many as its configuration allows.
    Stopped,
    /// This process was forked from the one that bound the endpoint.
    Forked,
    /// The service failed. The next call returns `Stopped`.
    Failed(ServeError),
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no message has come"),
            Self::Stopped => f.write_str("the endpoint has been stopped"),
            Self::Forked => Unavailable::Forked.fmt(f),
            Self::Failed(_) => f.write_str("the endpoint failed"),
        }
    }
}

impl core::error::Error for ReceiveError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}

/// Shared by the program and the threads of the endpoint.
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Readable while the program has something to take.
    ready: EventFd,
    stop: Stop,
    outbox: Arc<Outbox>,
}

#[derive(Default)]
struct State {
    /// The message that the program can take.
    message: Option<Received>,
    /// Whether the program takes no more messages.
    closed: bool,
    /// Whether the service has ended, and why if it failed.
    ended: bool,
    error: Option<ServeError>,
}

impl State {
    /// Returns whether the program has nothing to take now and may have later.
    const fn is_quiet(&self) -> bool {
        self.message.is_none() && !self.ended
    }
}

impl Shared {
    /// Runs the engine until it ends. It hands messages to `output`.
    fn serve(
        self: &Arc<Self>,
        inbox: Inbox,
        config: Config,
        output: Sink,
        is_eco: bool,
        notes: Option<Background<Note>>,
    ) {
        let mut inbox = Closing(Some(inbox));
        let Some(open) = &mut inbox.0 else { return };
        if is_eco {
            open.never_spin();
        }
        let mut note = |note: &Note| {
            if let Some(notes) = &notes {
                let _ = notes.push(note.clone());
            }
        };
        let (outputs, stop) = (Vec::from([output]), Some(&self.stop));
        let result = engine::serve_into(open, config, outputs, &mut note, stop, &self.outbox);
        if let Some(notes) = notes {
            notes.finish(Some(LAST_NOTES));
        }
        drop(inbox);
        let mut state = self.lock();
        // The error of a closed endpoint cannot be asked for.
        state.error = result.err().filter(|_| !state.closed);
    }

    /// Returns the function of the thread for notes, which calls the program's.
    fn note_function(
        self: &Arc<Self>,
        mut notes: Notes,
    ) -> impl FnMut(Item<Note>) + Send + 'static {
        let shared = Arc::clone(self);
        move |item| {
            let _panic = OnPanic(&shared.stop);
            notes(&match item {
                Item::Next(note) => note,
                Item::Missing(count) => Note::Missing(count),
            });
        }
    }

    /// Takes back the message that is not taken, and all later ones.
    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Blocks until the program has taken the message.
    fn hand_over(&self, message: Received) -> Result<(), OutputError> {
        let mut state = self.lock();
        if state.closed {
            return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
        }
        state.message = Some(message);
        self.ready.ring();
        self.changed.notify_all();
        let waits = |state: &mut State| state.message.is_some() && !state.closed;
        let wait = self.changed.wait_while(state, waits);
        let left = wait.unwrap_or_else(PoisonError::into_inner).message.take();
        match left {
            None => Ok(()),
            Some(_) => Err(io::Error::from(io::ErrorKind::BrokenPipe).into()),
        }
    }

    /// Locks the state. No code that holds the lock can panic, so a poisoned lock guards a consistent state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the service when dropped by a panic of the program's function for notes.
struct OnPanic<'s>(&'s Stop);

impl Drop for OnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.panicked();
        }
    }
}

/// Closes an inbox when dropped, by a panic too, so that late signals are ignored.
struct Closing(Option<Inbox>);

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some(inbox) = self.0.take() {
            inbox.close_ignoring();
        }
    }
}

/// Records, when dropped, that the service has ended, so that the program no longer waits.
struct End<'s>(&'s Shared);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        if thread::panicking() {
            let error = io::Error::other("the service thread panicked");
            state.error = Some(error.into());
        }
        state.message = None;
        state.closed = true;
        state.ended = true;
        drop(state);
        self.0.ready.ring();
        self.0.changed.notify_all();
    }
}

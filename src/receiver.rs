//! Receives messages in the background: [`server`] on a thread of its own, and a message at a time for the
//! program.
//!
//! ```text
//! signals ──► service thread ──► writer thread ──► one message ──► recv, try_recv, the iterator
//!             decodes, answers   waits until it is taken             and a descriptor to wait on
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

use crate::background::{self, Background, Item};
use crate::ffi::{self, EventFd};
use crate::process::pid::Pid;
use crate::server::{self, Config, Message, Note, ServeError, Stop};
use crate::signal::event::SignalSet;
use crate::signal::inbox::Inbox;
use crate::signal::threads::{Blocked, Unavailable};

/// The receiver of a process: whoever knows its PID can send to it.
///
/// ```no_run
/// let receiver = minitalk::Receiver::bind()?;
/// println!("PID {}", std::process::id());
/// for message in receiver {
///     let message = message?;
///     println!("{}: {}", message.pid, String::from_utf8_lossy(&message.payload).escape_debug());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Clients are answered by a thread of its own, whatever the program does meanwhile. A client is told that its message is
/// delivered when the program takes it: a message that nobody takes keeps its client waiting, however short its patience with
/// a silent server is, and one that is never taken is rejected when the receiver is dropped. Drop it before the program ends, or
/// the client of the last message may not be told. For a program that must have dealt with a message before its client knows there
/// is [`server::serve`].
///
/// # One for a process
/// A process has one disposition for each signal, so it has one receiver, *or* one [`Sender`](crate::Sender), *or* one
/// [`Inbox`]: what comes second gets [`Unavailable::Taken`].
///
/// # Threads
/// SIGUSR1, SIGUSR2 and real-time signal 44 are blocked on the thread that binds, and on all that it starts from then on. A
/// thread that was there before must have them blocked already, or `bind` fails and names it: see
/// [`block_signals`](crate::block_signals). The receiver itself can be sent to another thread.
///
/// ```
/// fn is_send<T: Send + Sync>() {}
/// is_send::<minitalk::Receiver>();
/// is_send::<minitalk::Stopper>();
/// ```
///
/// # Other users of these signals
/// What their dispositions were is put back when the receiver is dropped, with *ignore* in the place of the default, which is
/// to kill: a client that has just seen that the signals are handled may be about to send one. That stays so, and programs
/// that are started afterwards inherit it. The mask of the thread that bound it is put back if it is dropped there. A handler
/// that somebody installs while it is bound takes the signals away from it, which it cannot notice, and is left alone. SIGINT and
/// SIGTERM are not touched, unless [`Builder::stop_on_signals`] is asked for.
///
/// # Children
/// A child by `fork` has no receiver, and may bind one of its own: the signals have their default disposition there, and the
/// receiver that it inherits says [`ReceiveError::Forked`]. What is started by [`Command`](std::process::Command) inherits the thread's mask, in
/// which the signals are blocked.
///
/// # Async runtimes
/// The descriptor of the receiver ([`AsFd`]) is readable while [`try_recv`](Self::try_recv) has something to say. Bind before
/// the runtime starts its threads, and drop it where it may block, for a second at most. `examples/async_receiver.rs` does
/// so with tokio.
#[must_use = "it is unbound when it is dropped"]
pub struct Receiver {
    shared: Arc<Shared>,
    service: Option<JoinHandle<()>>,
    blocked: Blocked,
    /// Whether an iteration has said what there is to say in a child.
    has_said_forked: bool,
}

impl Receiver {
    /// A receiver of messages up to 16 MiB, from clients of any make.
    ///
    /// # Errors
    /// See [`Unavailable`].
    pub fn bind() -> Result<Self, Unavailable> {
        Self::builder().bind()
    }

    /// One that is told more.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            config: Config::default(),
            signals: SignalSet::LANES,
            notes: None,
        }
    }

    /// Waits for the next message, and takes it.
    ///
    /// # Errors
    /// Any of [`ReceiveError`] but `Empty`.
    pub fn recv(&mut self) -> Result<Message, ReceiveError> {
        self.pick(|state, changed| {
            let wait = changed.wait_while(state, |state| state.is_quiet());
            wait.unwrap_or_else(PoisonError::into_inner)
        })
    }

    /// As [`recv`](Self::recv), for `limit` at most.
    ///
    /// # Errors
    /// Any of [`ReceiveError`]; `Empty` when nothing came.
    pub fn recv_timeout(&mut self, limit: Duration) -> Result<Message, ReceiveError> {
        self.pick(|state, changed| {
            let wait = changed.wait_timeout_while(state, limit, |state| state.is_quiet());
            wait.unwrap_or_else(PoisonError::into_inner).0
        })
    }

    /// Takes the next message, if there is one.
    ///
    /// # Errors
    /// Any of [`ReceiveError`]; `Empty` when there is none.
    pub fn try_recv(&mut self) -> Result<Message, ReceiveError> {
        self.pick(|state, _| state)
    }

    /// What ends the receiver from another thread.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper {
            shared: Arc::clone(&self.shared),
            pid: self.blocked.pid(),
        }
    }

    fn pick<'s>(
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
            return Ok(message);
        }
        Err(match (state.error.take(), state.ended) {
            (Some(error), _) => ReceiveError::Failed(error),
            (None, true) => ReceiveError::Stopped,
            (None, false) => ReceiveError::Empty,
        })
    }
}

/// Waits for one message after the other, until the receiver has been stopped.
impl Iterator for Receiver {
    type Item = Result<Message, ReceiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.recv() {
            Err(ReceiveError::Stopped) => None,
            Err(ReceiveError::Forked) if mem::replace(&mut self.has_said_forked, true) => None,
            other => Some(other),
        }
    }
}

impl FusedIterator for Receiver {}

/// In the process that bound it: readable while [`Receiver::try_recv`] returns something other than `Empty`. Nothing is to be
/// read from it.
impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shared.ready.fd().as_fd()
    }
}

/// As [`AsFd`].
impl AsRawFd for Receiver {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

/// Tells the clients in mid-message, and waits for the service thread: for half a second at most after the last message is
/// settled, and as long for `notes`.
impl Drop for Receiver {
    fn drop(&mut self) {
        if self.blocked.is_elsewhere() {
            // The thread did not come along into the child, so there is nothing to join or to detach.
            mem::forget(self.service.take());
            return;
        }
        self.shared.close();
        self.shared.stop.request();
        // Unless the program's `notes` drop it.
        let is_other = |service: &JoinHandle<()>| service.thread().id() != thread::current().id();
        if let Some(service) = self.service.take().filter(is_other) {
            let _ = service.join();
        }
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

/// What a receiver can be told before it is bound.
pub struct Builder {
    config: Config,
    signals: SignalSet,
    notes: Option<Notes>,
}

/// How long the end waits for the program to take its notes.
const LAST_NOTES: Duration = Duration::from_millis(500);

/// The program's function for notes.
type Notes = Box<dyn FnMut(&Note) + Send>;

impl Builder {
    /// Limits, timeouts, dialects.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Takes SIGINT and SIGTERM too, and stops when one comes, as [`Stopper::stop`] does; a second one gives up what is finished and
    /// not taken. Programs that are started meanwhile inherit that they are blocked, so that neither ends them.
    #[must_use]
    pub fn stop_on_signals(mut self) -> Self {
        self.signals = self.signals.union(SignalSet::STOPS);
        self
    }

    /// Calls `notes` with what is worth a line in a log, on a thread of its own: if it is slow, notes are left out, and
    /// [`Note::Missing`] says how many. If it panics, the receiver ends with [`ServeError::Panicked`].
    #[must_use]
    pub fn notes(mut self, notes: impl FnMut(&Note) + Send + 'static) -> Self {
        self.notes = Some(Box::new(notes));
        self
    }

    /// Installs the handler and starts the service thread.
    ///
    /// # Errors
    /// See [`Unavailable`].
    pub fn bind(self) -> Result<Receiver, Unavailable> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
            ready: EventFd::new()?,
            stop: Stop::new()?,
        });
        let signals = self.signals;
        let mut receiver = Receiver {
            shared: Arc::clone(&shared),
            service: None,
            blocked: Blocked::everywhere(signals)?,
            has_said_forked: false,
        };
        let (tell, told) = mpsc::channel();
        let program = *receiver.blocked.before();
        let service = move || {
            let _end = End(&shared);
            // Handlers of the program's own are for its own threads.
            ffi::block_everything();
            let start = |notes| {
                Background::start("minitalk-notes", background::LIMIT, shared.telling(notes))
            };
            let opened = self.notes.map(start).transpose().map_err(Unavailable::from);
            let opened =
                opened.and_then(|notes| Ok((notes, Inbox::open_in(signals, Some(&program))?)));
            match opened {
                Ok((notes, inbox)) => {
                    let _ = tell.send(Ok(()));
                    shared.serve(inbox, self.config, notes);
                }
                Err(error) => drop(tell.send(Err(error))),
            }
        };
        receiver.service = Some(background::spawn("minitalk", None, Box::new(service))?);
        // An error on the channel is a panic of the thread, of which it has said so itself.
        told.recv()
            .map_err(|_| io::Error::other("the thread ended"))??;
        Ok(receiver)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Builder");
        out.field("config", &self.config).finish_non_exhaustive()
    }
}

/// Ends a [`Receiver`] from another thread.
#[derive(Clone)]
pub struct Stopper {
    shared: Arc<Shared>,
    pid: Pid,
}

impl Stopper {
    /// Takes nothing new, and tells the clients in mid-message; what is finished can still be taken, and then there is
    /// [`ReceiveError::Stopped`]. To say it again changes nothing, and nor does it to say it in a child by `fork`. What is finished is
    /// given up when the receiver is dropped.
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

/// Why there is no message.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReceiveError {
    /// None yet.
    Empty,
    /// None any more: the receiver was stopped, or has taken as many as its configuration says.
    Stopped,
    /// This process is a child by `fork` of the one that bound the receiver.
    Forked,
    /// The service failed; what follows is `Stopped`.
    Failed(ServeError),
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no message has come"),
            Self::Stopped => f.write_str("the receiver has been stopped"),
            Self::Forked => Unavailable::Forked.fmt(f),
            Self::Failed(_) => f.write_str("the receiver failed"),
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

/// What the program and the threads behind it have in common.
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Rings while the program has something to take.
    ready: EventFd,
    stop: Stop,
}

#[derive(Default)]
struct State {
    /// Complete, and not taken yet.
    message: Option<Message>,
    /// Whether the program will take no more.
    closed: bool,
    /// Whether the service has ended, and why if it failed.
    ended: bool,
    error: Option<ServeError>,
}

impl State {
    /// Whether the program has nothing to take, and may have later.
    const fn is_quiet(&self) -> bool {
        self.message.is_none() && !self.ended
    }
}

impl Shared {
    fn serve(self: &Arc<Self>, inbox: Inbox, config: Config, notes: Option<Background<Note>>) {
        let mut inbox = Deafened(Some(inbox));
        let Some(open) = &mut inbox.0 else { return };
        let to = Arc::clone(self);
        let output = Box::new(move |message| to.hand_over(message));
        let mut note = |note: &Note| {
            if let Some(notes) = &notes {
                let _ = notes.push(note.clone());
            }
        };
        let result = server::serve_into(open, config, output, &mut note, Some(&self.stop));
        if let Some(notes) = notes {
            notes.finish(Some(LAST_NOTES));
        }
        drop(inbox);
        let mut state = self.lock();
        // What is closed has nobody who asks.
        state.error = result.err().filter(|_| !state.closed);
    }

    /// What the thread for notes does: it calls the program's function.
    fn telling(self: &Arc<Self>, mut notes: Notes) -> impl FnMut(Item<Note>) + Send + 'static {
        let shared = Arc::clone(self);
        move |item| {
            let _panic = OnPanic(&shared.stop);
            notes(&match item {
                Item::Next(note) => note,
                Item::Missing(count) => Note::Missing(count),
            });
        }
    }

    /// Takes back what is not taken, now and from now on.
    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Returns when the program has taken the message.
    fn hand_over(&self, message: Message) -> io::Result<()> {
        let mut state = self.lock();
        if state.closed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        state.message = Some(message);
        self.ready.ring();
        self.changed.notify_all();
        let waits = |state: &mut State| state.message.is_some() && !state.closed;
        let wait = self.changed.wait_while(state, waits);
        let left = wait.unwrap_or_else(PoisonError::into_inner).message.take();
        match left {
            None => Ok(()),
            Some(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Nothing that holds the lock can panic, so there is nothing to find half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the service when it is dropped by a panic of the program's function for notes.
struct OnPanic<'s>(&'s Stop);

impl Drop for OnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.panicked();
        }
    }
}

/// An inbox that is deafened when it is dropped, by a panic too.
struct Deafened(Option<Inbox>);

impl Drop for Deafened {
    fn drop(&mut self) {
        if let Some(inbox) = self.0.take() {
            inbox.close_ignoring();
        }
    }
}

/// Says that the service has ended, when dropped: for the program there is nothing to take any more.
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

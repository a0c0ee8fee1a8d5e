//! The state that a program shares with the threads of its endpoint, and the service thread.

use std::boxed::Box;
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use std::vec::Vec;

use super::Builder;
use crate::background::{self, Background, Item, OnDrop, lock};
use crate::engine::{self, Outbox};
use crate::ffi::{self, EventFd};
use crate::server::{Note, OutputError, Received, ServeError, Sink, Stop};
use crate::signal::inbox::Inbox;
use crate::signal::set::SignalSet;
use crate::signal::threads::Unavailable;

/// Is the program's function for notes.
pub type Notes = Box<dyn FnMut(&Note) + Send>;

/// Limits the wait at the end for the program's function for notes.
const LAST_NOTES: Duration = Duration::from_millis(500);

/// Holds the state that the program and the threads of the endpoint share.
pub struct Shared {
    pub state: Mutex<ServiceState>,
    pub changed: Condvar,
    /// Readable while the program has something to take.
    pub ready: EventFd,
    pub stop: Stop,
    pub outbox: Arc<Outbox>,
}

#[derive(Default)]
pub struct ServiceState {
    /// Whether the inbox could be opened, once that is known and until the program has learnt it.
    opened: Option<Result<(), Unavailable>>,
    /// The message that the program can take.
    pub message: Option<Received>,
    /// Whether the program takes no more messages.
    pub closed: bool,
    /// Whether the service has ended, and why if it failed.
    pub ended: bool,
    pub error: Option<ServeError>,
}

impl Shared {
    /// Returns the state before the service thread has started.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            state: Mutex::new(ServiceState::default()),
            changed: Condvar::new(),
            ready: EventFd::new()?,
            stop: Stop::new()?,
            outbox: Outbox::new()?,
        })
    }

    /// Runs the service thread: opens the inbox, reports whether it is open, and runs the engine until that ends.
    ///
    /// A forked child of the program gets the mask `program`.
    pub fn run(self: &Arc<Self>, mut builder: Builder, program: SignalSet) {
        let _end = OnDrop(|| self.end());
        // The program's own handlers are for its own threads.
        ffi::block_everything();
        match self.open(&mut builder, program) {
            Ok((inbox, notes)) => {
                self.report(Ok(()));
                self.serve(inbox, &builder, notes);
            }
            Err(error) => self.report(Err(error)),
        }
    }

    fn report(&self, opened: Result<(), Unavailable>) {
        lock(&self.state).opened = Some(opened);
        self.changed.notify_all();
    }

    /// Blocks until the service thread has opened the inbox.
    ///
    /// # Errors
    /// Returns why it could not.
    pub fn wait_until_open(&self) -> Result<(), Unavailable> {
        let waits = |state: &mut ServiceState| state.opened.is_none() && !state.ended;
        let state = self.changed.wait_while(lock(&self.state), waits);
        let opened = state.unwrap_or_else(PoisonError::into_inner).opened.take();
        // The thread has panicked, which the panic hook has reported.
        opened.unwrap_or_else(|| Err(io::Error::other("the thread ended").into()))
    }

    /// Starts the thread for notes, and opens the inbox.
    fn open(
        self: &Arc<Self>,
        builder: &mut Builder,
        program: SignalSet,
    ) -> Result<(Closing, Option<Background<Note>>), Unavailable> {
        let start = |mut notes: Notes| {
            let shared = Arc::clone(self);
            let call = move |item| {
                let _panic = OnDrop(|| {
                    if thread::panicking() {
                        shared.stop.panicked();
                    }
                });
                notes(&match item {
                    Item::Next(note) => note,
                    Item::Missing(count) => Note::Missing(count),
                });
            };
            Background::start("minitalk-notes", background::LIMIT, call)
        };
        let notes = builder.notes.take().map(start).transpose()?;
        // `Blocked` has checked the other threads.
        let mut inbox = Inbox::open_in(builder.signals, Some(program), |_| Ok(()))?;
        if builder.is_eco {
            inbox.never_spin();
        }
        Ok((Closing(Some(inbox)), notes))
    }

    fn serve(
        self: &Arc<Self>,
        mut inbox: Closing,
        builder: &Builder,
        notes: Option<Background<Note>>,
    ) {
        let Some(open) = &mut inbox.0 else { return };
        let output: Sink = if builder.receives {
            let to = Arc::clone(self);
            Box::new(move |message| to.hand_over(message))
        } else {
            engine::refusing()
        };
        let mut note = |note: &Note| {
            if let Some(notes) = &notes {
                let _ = notes.push(note.clone());
            }
        };
        let (outputs, stop) = (Vec::from([output]), Some(&self.stop));
        let config = builder.server_config();
        let result = engine::serve_into(open, config, outputs, &mut note, stop, &self.outbox);
        if let Some(notes) = notes {
            notes.finish(Some(LAST_NOTES));
        }
        drop(inbox);
        let mut state = lock(&self.state);
        // The error of a closed endpoint cannot be asked for.
        state.error = result.err().filter(|_| !state.closed);
    }

    /// Blocks until the program has taken the message.
    fn hand_over(&self, message: Received) -> Result<(), OutputError> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
        }
        state.message = Some(message);
        self.ready.ring();
        self.changed.notify_all();
        let waits = |state: &mut ServiceState| state.message.is_some() && !state.closed;
        let wait = self.changed.wait_while(state, waits);
        let left = wait.unwrap_or_else(PoisonError::into_inner).message.take();
        match left {
            None => Ok(()),
            Some(_) => Err(io::Error::from(io::ErrorKind::BrokenPipe).into()),
        }
    }

    /// Records that the service has ended, so that the program no longer waits.
    fn end(&self) {
        let mut state = lock(&self.state);
        if thread::panicking() {
            let error = io::Error::other("the service thread panicked");
            state.error = Some(error.into());
        }
        state.message = None;
        state.closed = true;
        state.ended = true;
        drop(state);
        self.ready.ring();
        self.changed.notify_all();
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

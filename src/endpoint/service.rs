//! What the program shares with the threads of its endpoint, and what the service thread does.

use std::boxed::Box;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use std::vec::Vec;

use crate::background::{Background, Item};
use crate::engine::{self, Outbox};
use crate::ffi::EventFd;
use crate::server::{Config, Note, OutputError, Received, ServeError, Sink, Stop};
use crate::signal::inbox::Inbox;

/// The program's function for notes.
pub type Notes = Box<dyn FnMut(&Note) + Send>;

/// Limits the wait at the end for the program's function for notes.
const LAST_NOTES: Duration = Duration::from_millis(500);

/// Shared by the program and the threads of the endpoint.
pub struct Shared {
    pub state: Mutex<State>,
    pub changed: Condvar,
    /// Readable while the program has something to take.
    pub ready: EventFd,
    pub stop: Stop,
    pub outbox: Arc<Outbox>,
}

#[derive(Default)]
pub struct State {
    /// The message that the program can take.
    pub message: Option<Received>,
    /// Whether the program takes no more messages.
    pub closed: bool,
    /// Whether the service has ended, and why if it failed.
    pub ended: bool,
    pub error: Option<ServeError>,
}

impl State {
    /// Returns whether the program has nothing to take now and may have later.
    pub const fn is_quiet(&self) -> bool {
        self.message.is_none() && !self.ended
    }
}

impl Shared {
    /// Runs the engine until it ends. It hands messages to `output`.
    pub fn serve(
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
    pub fn note_function(
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
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Blocks until the program has taken the message.
    pub fn hand_over(&self, message: Received) -> Result<(), OutputError> {
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
    pub fn lock(&self) -> MutexGuard<'_, State> {
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
pub struct End<'s>(pub &'s Shared);

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

//! The thread that writes finished messages, so that a slow or blocked output never stalls the drain.

use std::boxed::Box;
use std::io;
use std::sync::Arc;

use crossbeam_queue::ArrayQueue;

use super::notices::survives;
use super::{Message, ServeError};
use crate::background::{Background, Item};
use crate::ffi::EventFd;
use crate::process::pid::Pid;
use crate::wire::control::Tag;

/// Messages that may wait for the output; one more and the server withholds its acknowledgement.
const WAITING: usize = 64;

/// Where messages go: returns once the message is written and flushed.
pub type Output = Box<dyn FnMut(&Message) -> io::Result<()> + Send>;

/// As [`Output`], which is given the message for good.
pub(crate) type Sink = Box<dyn FnMut(Message) -> io::Result<()> + Send>;

/// A message that the thread is done with.
#[derive(Debug)]
pub struct Written {
    /// Who sent it.
    pub pid: Pid,
    /// The transfer that it came in.
    pub tag: Tag,
    /// Its length in bytes.
    pub bytes: usize,
    /// Whether the output took it.
    pub result: Result<(), ServeError>,
}

/// The main loop's end of the writer thread. Dropped, it lets the thread write what it was offered, and does not wait for that.
pub struct Writer {
    thread: Background<Message>,
    shared: Arc<Shared>,
    outstanding: usize,
}

struct Shared {
    written: ArrayQueue<Written>,
    bell: EventFd,
}

impl Writer {
    /// Starts the thread, which inherits the caller's signal mask: block what it is not to receive.
    ///
    /// # Errors
    /// When the thread or its bell cannot be made.
    pub fn start(output: Sink) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            written: ArrayQueue::new(WAITING),
            bell: EventFd::new()?,
        });
        let to = Arc::clone(&shared);
        let mut output = Guarded(Some(output));
        let write = move |item: Item<Message>| {
            let Item::Next(message) = item else { return };
            let (pid, tag, bytes) = (message.pid, message.tag, message.payload.len());
            let result = hand_on(&mut output.0, message);
            if result.is_err() {
                // What would follow half a message is not a message either.
                output = Guarded(None);
            }
            // Never full: it has room for all that can be outstanding.
            let _ = to.written.push(Written {
                pid,
                tag,
                bytes,
                result,
            });
            to.bell.ring();
        };
        Ok(Self {
            thread: Background::start("writer", WAITING, write)?,
            shared,
            outstanding: 0,
        })
    }

    /// The bell that rings when something has been written.
    #[must_use]
    pub fn bell(&self) -> &EventFd {
        &self.shared.bell
    }

    /// Messages offered and not yet returned by [`written`](Self::written).
    #[must_use]
    pub const fn outstanding(&self) -> usize {
        self.outstanding
    }

    /// Hands over a message.
    ///
    /// # Errors
    /// The message itself, when as many as there is room for are waiting.
    pub fn offer(&mut self, message: Message) -> Result<(), Message> {
        if self.outstanding == WAITING {
            return Err(message);
        }
        self.thread.offer(message)?;
        self.outstanding += 1;
        Ok(())
    }

    /// The next message that the thread is done with.
    pub fn written(&mut self) -> Option<Written> {
        let written = self.shared.written.pop()?;
        self.outstanding -= 1;
        Some(written)
    }

    /// Waits until the thread has ended. To be called when nothing is outstanding.
    pub fn join(self) {
        self.thread.join();
    }
}

/// An output until it fails. Its destructor is the caller's, so a panic of it ends here.
struct Guarded(Option<Sink>);

impl Drop for Guarded {
    fn drop(&mut self) {
        let output = self.0.take();
        survives(|| drop(output));
    }
}

/// Gives `message` to the output, if it has not failed before.
fn hand_on(output: &mut Option<Sink>, message: Message) -> Result<(), ServeError> {
    let mut result = Err(ServeError::Panicked("output"));
    let Some(output) = output else {
        let error = io::Error::other("it has failed before");
        return Err(ServeError::Output(error));
    };
    survives(|| result = output(message).map_err(ServeError::Output));
    result
}

//! The thread that writes finished messages, so that a slow or blocked output never stalls the drain.

use std::boxed::Box;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use crossbeam_queue::ArrayQueue;

use super::notices::survives;
use super::{Message, ServeError};
use crate::ffi::Doorbell;
use crate::pid::Pid;
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

/// The main loop's end of the writer thread.
pub struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    outstanding: usize,
}

struct Shared {
    waiting: ArrayQueue<Message>,
    written: ArrayQueue<Written>,
    bell: Doorbell,
    closing: AtomicBool,
}

impl Writer {
    /// Starts the thread, which inherits the caller's signal mask: block what it is not to receive.
    ///
    /// # Errors
    /// When the thread or its bell cannot be made.
    pub fn start(output: Sink) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            waiting: ArrayQueue::new(WAITING),
            written: ArrayQueue::new(WAITING),
            bell: Doorbell::new()?,
            closing: AtomicBool::new(false),
        });
        let thread = thread::Builder::new().name("writer".into()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.run(output)
        })?;
        Ok(Self {
            shared,
            thread: Some(thread),
            outstanding: 0,
        })
    }

    /// The bell that rings when something has been written.
    #[must_use]
    pub fn bell(&self) -> &Doorbell {
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
        self.shared.waiting.push(message)?;
        self.outstanding += 1;
        self.wake();
        Ok(())
    }

    /// The next message that the thread is done with.
    pub fn written(&mut self) -> Option<Written> {
        let written = self.shared.written.pop()?;
        self.outstanding -= 1;
        Some(written)
    }

    /// Waits until the thread has ended. To be called when nothing is outstanding.
    pub fn join(mut self) {
        self.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    fn close(&self) {
        // Ordering: Release pairs with the Acquire in `run`: the thread then sees every message offered before.
        self.shared.closing.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

/// Ends the thread once the output has taken, or refused, all that it was offered; whoever drops this does not wait for that.
impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn run(&self, output: Sink) {
        // Gone once it has failed: what would follow half a message is no message either.
        let mut output = Some(output);
        loop {
            // Ordering: Acquire pairs with the Release in `close`. Read before the queue is found empty.
            let closing = self.closing.load(Ordering::Acquire);
            let Some(message) = self.waiting.pop() else {
                if closing {
                    survives(|| drop(output));
                    return;
                }
                thread::park();
                continue;
            };
            let (pid, tag, bytes) = (message.pid, message.tag, message.payload.len());
            let result = hand_on(&mut output, message);
            if result.is_err() {
                let failed = output.take();
                survives(|| drop(failed));
            }
            // Never full: it has room for all that can be outstanding.
            let _ = self.written.push(Written {
                pid,
                tag,
                bytes,
                result,
            });
            self.bell.ring();
        }
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

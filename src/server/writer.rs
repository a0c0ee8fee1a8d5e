//! The thread that writes complete messages, so that a slow or blocked output never stalls the server.

use std::boxed::Box;
use std::io;
use std::sync::Arc;

use crossbeam_queue::ArrayQueue;

use super::notes::survives;
use super::{Message, ServeError};
use crate::background::{Background, Item};
use crate::ffi::EventFd;
use crate::process::pid::Pid;
use crate::wire::control::Nonce;

/// Limits the messages that the thread has at once.
pub(super) const WAITING: usize = 64;

/// Takes each message, and returns once the message is written and flushed.
pub type Output = Box<dyn FnMut(&Message) -> io::Result<()> + Send>;

/// Takes each message as [`Output`] does, and keeps it.
pub(crate) type Sink = Box<dyn FnMut(Message) -> io::Result<()> + Send>;

/// Says what became of a message.
#[derive(Debug)]
pub struct Written {
    /// The process that sent the message.
    pub pid: Pid,
    /// The client's nonce of the transfer that the message came in; 0 for a text.
    pub client: Nonce,
    /// The message's length in bytes.
    pub bytes: usize,
    /// Whether the output took it.
    pub result: Result<(), ServeError>,
}

/// Hands messages to the writer thread. A drop lets the thread write what it has, without waiting for that.
pub struct Writer {
    thread: Background<Message>,
    shared: Arc<WriterQueues>,
}

struct WriterQueues {
    written: ArrayQueue<Written>,
    bell: EventFd,
}

impl Writer {
    /// Starts the thread, which inherits the caller's signal mask: block what it is not to receive.
    ///
    /// # Errors
    /// When the thread or its bell cannot be made.
    pub fn start(output: Sink) -> io::Result<Self> {
        let shared = Arc::new(WriterQueues {
            written: ArrayQueue::new(WAITING),
            bell: EventFd::new()?,
        });
        let to = Arc::clone(&shared);
        let mut output = Guarded(Some(output));
        let run = move |item: Item<Message>| {
            let Item::Next(message) = item else { return };
            let (pid, client, bytes) = (message.pid, message.client, message.payload.len());
            let result = write(&mut output.0, message);
            if result.is_err() {
                // A message must not follow half of another.
                output = Guarded(None);
            }
            // Never full: it has room for all that the thread can have.
            let _ = to.written.push(Written {
                pid,
                client,
                bytes,
                result,
            });
            to.bell.ring();
        };
        Ok(Self {
            thread: Background::start("writer", WAITING, run)?,
            shared,
        })
    }

    /// Returns the bell that rings when something has been written.
    #[must_use]
    pub fn bell(&self) -> &EventFd {
        &self.shared.bell
    }

    /// Hands over a message. There must not be more than [`WAITING`] that [`written`](Self::written) has not returned.
    pub fn write(&mut self, message: Message) {
        // There is room: the machine counts.
        self.thread.push_waiting(message);
    }

    /// Returns the next message that the thread is done with.
    pub fn written(&self) -> Option<Written> {
        self.shared.written.pop()
    }

    /// Blocks until the thread has ended. Call it when nothing is left to write.
    pub fn join(self) {
        self.thread.join();
    }
}

/// Holds the output until it fails. Its destructor is the caller's, so a panic of it is caught here.
struct Guarded(Option<Sink>);

impl Drop for Guarded {
    fn drop(&mut self) {
        let output = self.0.take();
        survives(|| drop(output));
    }
}

/// Gives `message` to the output, unless that has failed before.
fn write(output: &mut Option<Sink>, message: Message) -> Result<(), ServeError> {
    let mut result = Err(ServeError::Panicked("output"));
    let Some(output) = output else {
        let error = io::Error::other("the output has failed before");
        return Err(ServeError::Output(error));
    };
    survives(|| result = output(message).map_err(ServeError::Output));
    result
}

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};
    use std::vec::Vec;

    use super::*;
    use crate::ffi;
    use crate::signal::event::SignalSet;

    /// Writes these texts and returns what became of each, in order.
    fn write_all(output: Sink, texts: &[&str]) -> Vec<(usize, Option<String>)> {
        let mut writer = Writer::start(output).unwrap();
        let pid = Pid::new(1).unwrap();
        for text in texts {
            writer.write(Message::new(pid, text.as_bytes().into()));
        }
        let mut results = Vec::new();
        while results.len() < texts.len() {
            ffi::wait(Some(writer.bell().fd()), None, &ffi::block(SignalSet::NONE)).unwrap();
            writer.bell().clear();
            while let Some(written) = writer.written() {
                let error = written.result.err().map(|error| error.to_string());
                results.push((written.bytes, error));
            }
        }
        writer.join();
        results
    }

    #[test]
    fn each_message_is_written_in_order_until_the_output_fails() {
        let (tell, told) = std::sync::mpsc::channel();
        let mut count = 0;
        let output = Box::new(move |message: Message| {
            count += 1;
            tell.send(message.payload).unwrap();
            match count {
                3 => Err(io::ErrorKind::BrokenPipe.into()),
                _ => Ok(()),
            }
        });
        let failed = Some("the output failed".into());
        let results = write_all(output, &["a", "bc", "def", "g"]);
        assert_eq!(
            results,
            [(1, None), (2, None), (3, failed.clone()), (1, failed)]
        );
        let texts: Vec<_> = told.into_iter().collect();
        assert_eq!(texts, [&b"a"[..], b"bc", b"def"]);
    }

    #[test]
    fn an_output_that_panics_is_not_called_again() {
        let results = write_all(Box::new(|_| panic!("on purpose")), &["a", "b"]);
        let panicked = "the caller's own function for output panicked".into();
        let failed = "the output failed".into();
        assert_eq!(results, [(1, Some(panicked)), (1, Some(failed))]);
    }
}

//! The threads that take complete messages, so that a slow or blocked output never stalls the server.

use core::fmt;
use std::boxed::Box;
use std::io;
use std::sync::Arc;
use std::vec::Vec;

use crossbeam_queue::ArrayQueue;

use super::notes::survives;
use super::{Received, ServeError};
use crate::background::{Background, Item};
use crate::ffi::EventFd;
use crate::process::pid::Pid;
use crate::wire::control::Nonce;
use crate::wire::reason::Reason;

/// Limits the messages that an output has at once if it is the only one.
const WAITING: usize = 64;

/// Takes each message, and returns once the message is written and flushed.
pub(crate) type Sink = Box<dyn FnMut(Received) -> Result<(), OutputError> + Send>;

/// Says why an output has not taken a message.
#[derive(Debug)]
pub enum OutputError {
    /// The message is rejected, and the server goes on.
    Refused,
    /// The output can take no message any longer, so the server ends.
    Failed(io::Error),
}

convert_errors!(OutputError: Failed(io::Error));

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("the message was refused"),
            Self::Failed(error) => write!(f, "the output failed: {error}"),
        }
    }
}

/// Names no source, since the text contains it.
impl core::error::Error for OutputError {}

/// Says what became of a message.
#[derive(Debug)]
pub struct Written {
    pub pid: Pid,
    /// The client's nonce of the transfer that the message came in; 0 for a text.
    pub client: Nonce,
    pub bytes: usize,
    /// Whether the output took it.
    pub verdict: Result<(), Reason>,
    /// Why the output can take no message any longer.
    pub error: Option<ServeError>,
}

/// Hands messages to the outputs, each on a thread of its own. A drop lets them write their messages, without waiting for that.
pub struct Writer {
    workers: Vec<Worker>,
    shared: Arc<WriterQueues>,
}

struct Worker {
    thread: Background<Received>,
    /// How many messages it has.
    writing: usize,
}

struct WriterQueues {
    /// The outcomes of messages, each with the number of its worker.
    written: ArrayQueue<(usize, Written)>,
    bell: EventFd,
}

impl Writer {
    /// Returns how many messages a writer with so many outputs may have at once: none waits for one output while another is idle.
    pub const fn room(outputs: usize) -> usize {
        match outputs {
            1 => WAITING,
            _ => outputs,
        }
    }

    /// Starts the threads, which inherit the caller's signal mask: block what they are not to receive.
    pub fn start(outputs: Vec<Sink>) -> io::Result<Self> {
        let room = Self::room(outputs.len());
        let shared = Arc::new(WriterQueues {
            written: ArrayQueue::new(room.max(1)),
            bell: EventFd::new()?,
        });
        let start = |(number, output)| {
            let to = Arc::clone(&shared);
            let mut output = Guarded(Some(output));
            let run = move |item: Item<Received>| {
                let Item::Next(message) = item else { return };
                let written = write(&mut output, message);
                // The queue is never full: it has room for all messages that the threads can have.
                let _ = to.written.push((number, written));
                to.bell.ring();
            };
            Ok(Worker {
                thread: Background::start("writer", room, run)?,
                writing: 0,
            })
        };
        let workers = outputs.into_iter().enumerate().map(start);
        Ok(Self {
            workers: workers.collect::<io::Result<_>>()?,
            shared,
        })
    }

    /// Returns the bell that rings when something has been written.
    pub fn bell(&self) -> &EventFd {
        &self.shared.bell
    }

    /// Hands over a message. There must not be more than [`room`](Self::room) that [`written`](Self::written) has not returned.
    pub fn write(&mut self, message: Received) {
        if let Some(worker) = self.workers.iter_mut().min_by_key(|worker| worker.writing) {
            worker.writing += 1;
            // There is room, which the machine counts, and the thread survives its output.
            let _ = worker.thread.push_waiting(message);
        }
    }

    /// Returns the next message that an output is done with.
    pub fn written(&mut self) -> Option<Written> {
        let (number, written) = self.shared.written.pop()?;
        self.workers[number].writing -= 1;
        Some(written)
    }

    /// Blocks until the threads have ended. Call it when nothing is left to write.
    pub fn join(self) {
        for worker in self.workers {
            worker.thread.join();
        }
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
fn write(output: &mut Guarded, message: Received) -> Written {
    let (pid, client, bytes) = (message.pid, message.client, message.payload.len());
    let mut error = None;
    let mut verdict = Err(Reason::Output);
    match &mut output.0 {
        None => {
            let failed = io::Error::other("the output has failed before");
            error = Some(ServeError::Output(failed));
        }
        Some(sink) => match survives(|| sink(message)) {
            Some(Ok(())) => verdict = Ok(()),
            Some(Err(OutputError::Refused)) => verdict = Err(Reason::Refused),
            Some(Err(OutputError::Failed(failed))) => error = Some(ServeError::Output(failed)),
            None => error = Some(ServeError::Panicked("output")),
        },
    }
    if error.is_some() {
        // A message must not follow half of another.
        *output = Guarded(None);
    }
    Written {
        pid,
        client,
        bytes,
        verdict,
        error,
    }
}

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};
    use std::vec::Vec;

    use super::*;
    use crate::ffi;
    use crate::signal::set::SignalSet;

    /// Writes these texts and returns what became of each, in order.
    fn write_all(output: Sink, texts: &[&str]) -> Vec<(usize, Option<String>)> {
        let mut writer = Writer::start(Vec::from([output])).unwrap();
        let pid = Pid::new(1).unwrap();
        for text in texts {
            writer.write(Received::new(pid, text.as_bytes().into()));
        }
        let mut results = Vec::new();
        while results.len() < texts.len() {
            ffi::wait(Some(writer.bell().fd()), None, ffi::block(SignalSet::NONE)).unwrap();
            writer.bell().clear();
            while let Some(written) = writer.written() {
                let error = written.error.map(|error| error.to_string());
                assert_eq!(written.verdict.is_err(), error.is_some());
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
        let output = Box::new(move |message: Received| {
            count += 1;
            tell.send(message.payload).unwrap();
            match count {
                3 => Err(io::Error::from(io::ErrorKind::BrokenPipe).into()),
                _ => Ok(()),
            }
        });
        let failed = || Some("the output failed".into());
        let results = write_all(output, &["a", "bc", "def", "g"]);
        assert_eq!(
            results,
            [(1, None), (2, None), (3, failed()), (1, failed())]
        );
        let texts: Vec<_> = told.into_iter().collect();
        assert_eq!(texts, [&b"a"[..], b"bc", b"def"]);
    }

    #[test]
    fn with_several_outputs_as_many_messages_are_handled_at_once() {
        let both = Arc::new(std::sync::Barrier::new(2));
        let output = || {
            let both = Arc::clone(&both);
            let output: Sink = Box::new(move |_| {
                both.wait();
                Ok(())
            });
            output
        };
        let mut writer = Writer::start(Vec::from([output(), output()])).unwrap();
        assert_eq!(Writer::room(2), 2);
        // Neither returns before the other has begun.
        for text in ["a", "b"] {
            writer.write(Received::new(Pid::new(1).unwrap(), text.into()));
        }
        for _ in 0..2 {
            let written = loop {
                match writer.written() {
                    Some(written) => break written,
                    None => std::thread::yield_now(),
                }
            };
            assert!(written.verdict.is_ok());
        }
        writer.join();
    }

    #[test]
    fn an_output_that_panics_is_not_called_again() {
        let results = write_all(Box::new(|_| panic!("on purpose")), &["a", "b"]);
        let panicked = "the caller's own function for output panicked".into();
        let failed = "the output failed".into();
        assert_eq!(results, [(1, Some(panicked)), (1, Some(failed))]);
    }
}

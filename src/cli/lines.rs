//! The lines that a server prints while it runs: notes on standard error, and a trace. A thread writes them, so that a slow
//! reader loses lines and delays nothing.

use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use minitalk::internals::background::{Background, Item, LIMIT};
use minitalk::internals::ffi::{self, Wanted};

use super::exit::Failure;
use super::stdio::{print_stderr, write_stdout};

/// Limits how often [`Lines::finish`] waits for its own thread while the output is writable.
const MAX_WAITS: u32 = 20;

/// Limits the wait at the end of a server for an output that takes nothing.
pub const LAST_LINES: Duration = Duration::from_millis(125);

/// Holds a queue of lines, and the thread that prints them in order.
#[derive(Clone)]
pub struct Lines {
    queue: Arc<Background<Line>>,
    to_stdout: bool,
}

enum Line {
    Text(String),
    /// Meets the thread that waits until everything before has been written.
    Mark(Arc<Barrier>),
}

impl Lines {
    /// Starts the thread, which prints to standard output or else to standard error.
    pub fn start(to_stdout: bool) -> Result<Self, Failure> {
        let print = move |item| {
            let text = match item {
                Item::Next(Line::Text(text)) => text,
                Item::Next(Line::Mark(both)) => {
                    both.wait();
                    return;
                }
                Item::Missing(count) => format!(
                    "minitalk: {count} lines are missing here, because the reader is too slow"
                ),
            };
            if to_stdout {
                // A reader that has gone must not stop the server.
                let _ = write_stdout(format!("{text}\n").as_bytes());
            } else {
                print_stderr(text);
            }
        };
        let queue = Background::start("lines", LIMIT, print);
        let failed = |error: io::Error| Failure::io("cannot start a thread for notes", error);
        Ok(Self {
            queue: Arc::new(queue.map_err(failed)?),
            to_stdout,
        })
    }

    /// Queues a note.
    pub fn note(&self, text: &impl std::fmt::Display) {
        self.line(format!("minitalk: {text}"));
    }

    /// Queues a line.
    pub fn line(&self, text: String) {
        let _ = self.queue.push(Line::Text(text));
    }

    /// Blocks until everything that was queued before has been written.
    pub fn wait(&self) {
        let both = Arc::new(Barrier::new(2));
        if self
            .queue
            .push_waiting(Line::Mark(Arc::clone(&both)))
            .is_ok()
        {
            both.wait();
        }
    }

    /// Blocks until everything is written, or until the output has taken nothing for `limit`.
    pub fn finish(&self, limit: Option<Duration>) {
        for _ in 0..MAX_WAITS {
            // On a busy machine the thread of this queue is late, not the reader.
            if self.queue.finish(limit) || !self.is_writable() {
                return;
            }
        }
    }

    fn is_writable(&self) -> bool {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let output = match self.to_stdout {
            true => stdout.as_fd(),
            false => stderr.as_fd(),
        };
        ffi::wait_for(Wanted::Writable(output), Some(Duration::ZERO)).unwrap_or(false)
    }
}

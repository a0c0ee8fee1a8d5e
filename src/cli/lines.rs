//! The lines that a server prints while it runs: notes on standard error, and a trace. A thread writes them, so that a slow
//! reader loses lines and delays nothing.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use minitalk::internals::background::{Background, Item, LIMIT};

use super::exit::Failure;
use super::stdio::{is_writable, print_stderr, write_stdout};

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
    /// Wakes the waiting thread once everything before has been written.
    Mark(Arc<AtomicBool>, Thread),
}

impl Lines {
    /// Starts the thread, which prints to standard output or else to standard error.
    pub fn start(to_stdout: bool) -> Result<Self, Failure> {
        let print = move |item| {
            let text = match item {
                Item::Next(Line::Text(text)) => text,
                Item::Next(Line::Mark(is_reached, waiting)) => {
                    // Ordering: Release pairs with the Acquire in `wait`, which returns after the writes before.
                    is_reached.store(true, Ordering::Release);
                    return waiting.unpark();
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
        let is_reached = Arc::new(AtomicBool::new(false));
        let mark = Line::Mark(Arc::clone(&is_reached), thread::current());
        if self.queue.push_waiting(mark).is_err() {
            return;
        }
        // Ordering: Acquire pairs with the Release of the thread that prints.
        while !is_reached.load(Ordering::Acquire) {
            thread::park();
        }
    }

    /// Blocks until everything is written, or until the output has taken nothing for `limit`.
    pub fn finish(&self, limit: Option<Duration>) {
        for _ in 0..MAX_WAITS {
            // On a busy machine the thread of this queue is late, not the reader.
            if self.queue.finish(limit) || !is_writable(self.to_stdout).unwrap_or(false) {
                return;
            }
        }
    }
}

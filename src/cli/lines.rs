//! Lines that a server prints while it runs: notes on standard error, and a trace. A thread of its own writes them, so that
//! a reader that is slow, or that does not read at all, costs lines and delays nothing.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use minitalk::internals::background::{Background, Item, LIMIT};
use minitalk::internals::ffi;

use super::exit::{Failure, say};
use super::format::write_stdout;

/// How often the end waits for an output that could take more.
const ATTEMPTS: u32 = 20;

/// Where lines go to, in the order in which they are said.
#[derive(Clone)]
pub struct Lines {
    queue: Arc<Background<Line>>,
    to_stdout: bool,
}

enum Line {
    Text(String),
    /// Tells the thread that waits that everything before it has been written.
    Mark(Arc<AtomicBool>, Thread),
}

impl Lines {
    /// Starts the thread. Lines go to the standard output, or else to standard error.
    pub fn start(to_stdout: bool) -> Result<Self, Failure> {
        let print = move |item| {
            let text = match item {
                Item::Next(Line::Text(text)) => text,
                Item::Next(Line::Mark(is_reached, waiting)) => {
                    // Ordering: Release pairs with the Acquire in `wait`: what was written is written.
                    is_reached.store(true, Ordering::Release);
                    return waiting.unpark();
                }
                Item::Missing(count) => {
                    format!("minitalk: {count} lines are missing here, which were not read in time")
                }
            };
            if to_stdout {
                // The reader may have gone; messages are still to be taken.
                let _ = write_stdout(format!("{text}\n").as_bytes());
            } else {
                say(text);
            }
        };
        let queue = Background::start("lines", LIMIT, print);
        let failed = |error: io::Error| Failure::io("cannot start a thread for notes", error);
        Ok(Self {
            queue: Arc::new(queue.map_err(failed)?),
            to_stdout,
        })
    }

    /// Prints a note.
    pub fn note(&self, text: &impl std::fmt::Display) {
        self.line(format!("minitalk: {text}"));
    }

    /// Prints a line.
    pub fn line(&self, text: String) {
        let _ = self.queue.push(Line::Text(text));
    }

    /// Returns once everything that was said before has been written.
    pub fn wait(&self) {
        let is_reached = Arc::new(AtomicBool::new(false));
        let mark = Line::Mark(Arc::clone(&is_reached), thread::current());
        self.queue.push_waiting(mark);
        // Ordering: Acquire pairs with the Release of the thread that prints.
        while !is_reached.load(Ordering::Acquire) {
            thread::park();
        }
    }

    /// Waits until all is written. An output that takes nothing for `limit` is given up.
    pub fn finish(&self, limit: Option<Duration>) {
        for _ in 0..ATTEMPTS {
            // On a busy machine it is our own thread that is late, and not the reader.
            if self.queue.finish(limit) || !self.is_writable() {
                return;
            }
        }
    }

    fn is_writable(&self) -> bool {
        let now = Some(Duration::ZERO);
        if self.to_stdout {
            ffi::wait_writable(io::stdout().as_fd(), now).unwrap_or(false)
        } else {
            ffi::wait_writable(io::stderr().as_fd(), now).unwrap_or(false)
        }
    }
}

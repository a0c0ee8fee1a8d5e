//! Child processes that never outlive the program that started them, and their output.
//!
//! The process tests, the benchmark and the tasks of xtask share this file; it needs nothing but std.
#![allow(dead_code)] // each program uses its part

use std::io::{self, ErrorKind, Read};
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often the end of a child is checked for: rarely enough to leave the child its CPU.
const POLL: Duration = Duration::from_millis(1);

/// A child process, killed and reaped when this is dropped.
pub struct Child {
    child: Mutex<std::process::Child>,
    id: u32,
}

impl Child {
    /// Starts the command; the error names its program.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.spawn().map_err(|error| {
            let program = command.get_program().display();
            io::Error::new(error.kind(), format!("cannot run {program}: {error}"))
        })?;
        Ok(Self {
            id: child.id(),
            child: Mutex::new(child),
        })
    }

    /// Returns the PID, which the kernel does not reuse before the child has been waited for.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Takes the pipe to its standard input.
    pub fn take_stdin(&self) -> Option<ChildStdin> {
        self.lock().stdin.take()
    }

    /// Takes the pipe from its standard output.
    pub fn take_stdout(&self) -> Option<ChildStdout> {
        self.lock().stdout.take()
    }

    /// Takes the pipe from its standard error.
    pub fn take_stderr(&self) -> Option<ChildStderr> {
        self.lock().stderr.take()
    }

    /// Returns whether it has not ended.
    pub fn is_running(&self) -> bool {
        matches!(self.lock().try_wait(), Ok(None))
    }

    /// Waits for its end.
    pub fn wait(&self) -> io::Result<ExitStatus> {
        self.lock().wait()
    }

    /// Waits for its end for `limit` at most; `None` if it still runs then.
    pub fn wait_within(&self, limit: Duration) -> io::Result<Option<ExitStatus>> {
        let start = Instant::now();
        loop {
            let status = self.lock().try_wait()?;
            let left = limit.saturating_sub(start.elapsed());
            if status.is_some() || left.is_zero() {
                return Ok(status);
            }
            thread::sleep(POLL.min(left));
        }
    }

    /// Kills and reaps it; has no effect on a child that has been waited for.
    pub fn kill(&self) {
        let mut child = self.lock();
        let _ = child.kill();
        let _ = child.wait();
    }

    fn lock(&self) -> MutexGuard<'_, std::process::Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Everything that a process has printed so far on one descriptor, read by a thread.
#[derive(Clone)]
pub struct Transcript(Arc<(Mutex<Printed>, Condvar)>);

struct Printed {
    bytes: Vec<u8>,
    last: Option<Instant>,
    is_complete: bool,
}

impl Transcript {
    /// Reads `source` to its end; without a source the transcript is empty and complete.
    pub fn read(source: Option<impl Read + Send + 'static>) -> Self {
        let transcript = Self(Arc::new((
            Mutex::new(Printed {
                bytes: Vec::new(),
                last: None,
                is_complete: source.is_none(),
            }),
            Condvar::new(),
        )));
        if let Some(source) = source {
            let filled = transcript.clone();
            thread::spawn(move || filled.fill(source));
        }
        transcript
    }

    fn fill(&self, mut source: impl Read) {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let result = source.read(&mut buffer);
            let mut printed = self.lock();
            match result {
                Ok(count @ 1..) => {
                    printed.bytes.extend_from_slice(&buffer[..count]);
                    printed.last = Some(Instant::now());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A terminal that no process has open any longer ends with EIO.
                Ok(0) | Err(_) => printed.is_complete = true,
            }
            let is_complete = printed.is_complete;
            drop(printed);
            self.0.1.notify_all();
            if is_complete {
                return;
            }
        }
    }

    /// Calls `f` with the bytes, and with the time at which the last of them arrived.
    pub fn inspect<T>(&self, f: impl FnOnce(&[u8], Option<Instant>) -> T) -> T {
        let printed = self.lock();
        f(&printed.bytes, printed.last)
    }

    /// Returns a copy of the bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    /// Waits for `limit` at most until the bytes satisfy `wanted`; returns whether they do.
    pub fn wait_within(&self, limit: Duration, wanted: impl Fn(&[u8]) -> bool) -> bool {
        !self.wait_while(limit, |printed| !wanted(&printed.bytes))
    }

    /// Waits for `limit` at most until the process has closed its end; `None` if it has not.
    pub fn complete_within(&self, limit: Duration) -> Option<Vec<u8>> {
        (!self.wait_while(limit, |printed| !printed.is_complete)).then(|| self.bytes())
    }

    /// Returns whether `condition` still holds when the limit is reached.
    fn wait_while(&self, limit: Duration, condition: impl Fn(&Printed) -> bool) -> bool {
        let waited = self
            .0
            .1
            .wait_timeout_while(self.lock(), limit, |printed| condition(printed));
        waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn lock(&self) -> MutexGuard<'_, Printed> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

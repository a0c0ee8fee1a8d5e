//! A child process: its output, its end, and a limit on everything that waits for it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use minitalk::internals::background;
use minitalk::internals::ffi::{self, Wanted};
use minitalk::{Fd, Pid, SignalSet};

/// The longest part of a wait that is counted at once, and what separates two looks for the end of a child without a pidfd.
const NAP: Duration = Duration::from_millis(10);

/// Separates two looks of [`wait_until`].
const LOOK: Duration = Duration::from_millis(2);

/// Limits reading the rest of the output of a child that has ended; a grandchild may keep the pipes open.
const REST: Duration = Duration::from_millis(100);

/// Holds a child, which is killed and reaped at the latest when this is dropped.
pub struct Child {
    child: std::process::Child,
    pid: Pid,
    /// Becomes readable when the child ends; `None` before Linux 5.3, or if a filter denies it.
    pidfd: Option<Fd>,
    pub stdout: Capture,
    pub stderr: Capture,
}

impl Child {
    /// Starts the child. Captures at most `limit` bytes of each stream that `command` pipes.
    pub fn spawn(command: &mut Command, limit: usize) -> io::Result<Self> {
        let mut child = command.spawn()?;
        let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::new) else {
            let _ = child.kill();
            return Err(io::Error::other("the kernel returned no PID"));
        };
        let mut started = Self {
            child,
            pid,
            pidfd: ffi::pidfd_open(pid).ok(),
            stdout: Capture::default(),
            stderr: Capture::default(),
        };
        // If there can be no thread for it, the drop kills the child.
        let child = &mut started.child;
        started.stdout = Capture::start(child.stdout.take().map(Into::into), limit)?;
        started.stderr = Capture::start(child.stderr.take().map(Into::into), limit)?;
        Ok(started)
    }

    pub const fn pid(&self) -> Pid {
        self.pid
    }

    /// Returns the exit status if the child has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for the end of the child, for `limit` at most. Returns `None` at the limit, and if the status cannot be read.
    pub fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let mut patience = Patience::new(limit);
        loop {
            match self.child.try_wait() {
                Ok(None) => {}
                // A filter of system calls may deny the status for ever.
                ended => return ended.ok().flatten(),
            }
            let nap = patience.next()?;
            let end = self.pidfd.as_ref();
            let end = end.map(|fd| Wanted::Readable(fd.as_fd()));
            let _ = ffi::wait_any([end], Some(nap));
        }
    }

    /// Waits for the rest of the output of a child that has ended, because the threads that read it may be late.
    pub fn drain(&self) {
        for capture in [&self.stdout, &self.stderr] {
            capture.wait(0, REST, &|_| false);
        }
    }

    /// Kills and reaps the child, and kills the process group that it leads, if it does. Nothing else reaps it, so the PID
    /// cannot be that of another process.
    pub fn kill(&mut self) {
        ffi::kill_group_of(self.pid);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.kill();
        }
    }
}

/// Holds the output of a process so far. Each look reads the output up to then, because the thread that reads may
/// be late.
#[derive(Clone, Default)]
pub struct Capture(Arc<SharedChild>);

#[derive(Default)]
struct SharedChild {
    source: Option<File>,
    /// How many bytes are kept at most.
    limit: usize,
    captured: Mutex<Captured>,
    changed: Condvar,
}

#[derive(Default)]
struct Captured {
    bytes: Vec<u8>,
    last_at: Option<Instant>,
    is_over: bool,
    /// How often [`FENCE`] has been written to the terminal and has not come.
    fences: usize,
}

/// Marks a place in the output of a terminal: once it has come, so has everything that was printed before. The kernel passes
/// output on in a thread of its own, which may be late.
const FENCE: &[u8] = b"\x1eminitalk check\x1e";

/// Limits the wait for a fence.
const FENCE_LIMIT: Duration = Duration::from_secs(3);

impl Capture {
    /// Reads a pipe or the controller of a terminal on a thread and keeps at most `limit` bytes, because a program may print
    /// without end.
    pub fn start(source: Option<OwnedFd>, limit: usize) -> io::Result<Self> {
        let capture = Self(Arc::new(SharedChild {
            source: source.map(File::from),
            limit,
            ..SharedChild::default()
        }));
        if capture.0.source.is_none() {
            return Ok(capture);
        }
        let reader = capture.clone();
        // Signals are for the thread that waits for them; the reader never has them open, even for a moment.
        let before = ffi::block(SignalSet::MINITALK);
        let read = move || {
            while let Some(source) = &reader.0.source {
                if ffi::wait_any([Some(Wanted::Readable(source.as_fd()))], None).is_err() {
                    thread::sleep(NAP);
                }
                let captured = reader.lock();
                reader.0.changed.notify_all();
                if captured.is_over {
                    break;
                }
            }
        };
        let started = background::spawn("reader", None, Box::new(read));
        ffi::set_mask(before);
        started?;
        Ok(capture)
    }

    /// Reads what there is, as much as a pipe holds.
    fn lock(&self) -> MutexGuard<'_, Captured> {
        const CHUNKS: usize = 16;
        let captured = &self.0.captured;
        let mut captured = captured.lock().unwrap_or_else(PoisonError::into_inner);
        let mut chunk = [0; 4096];
        for _ in 0..CHUNKS {
            let Some(mut source) = self.0.source.as_ref().filter(|_| !captured.is_over) else {
                break;
            };
            let wanted = [Some(Wanted::Readable(source.as_fd()))];
            match ffi::wait_any(wanted, Some(Duration::ZERO)) {
                Ok([true]) => {}
                _ => break,
            }
            match source.read(&mut chunk) {
                Ok(count @ 1..) => captured.push(&chunk[..count], self.0.limit),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // EIO: no process has the terminal open.
                Ok(_) | Err(_) => captured.is_over = true,
            }
        }
        captured
    }

    /// Waits until everything has come that the process printed before this call.
    fn catch_up(&self) -> MutexGuard<'_, Captured> {
        let mut captured = self.lock();
        let source = self.0.source.as_ref().filter(|_| !captured.is_over);
        let terminal = source.and_then(|fd| ffi::terminal_behind(fd.as_fd()).ok());
        let fenced = terminal.is_some_and(|fd| File::from(fd).write_all(FENCE).is_ok());
        captured.fences += usize::from(fenced);
        let mut patience = Patience::new(FENCE_LIMIT);
        while captured.fences > 0 && !captured.is_over && captured.bytes.len() < self.0.limit {
            let Some(nap) = patience.next() else { break };
            drop(self.0.changed.wait_timeout(captured, nap));
            captured = self.lock();
        }
        captured
    }

    pub fn len(&self) -> usize {
        self.lock().bytes.len()
    }

    /// Returns everything after the first `before` bytes.
    pub fn since(&self, before: usize) -> Vec<u8> {
        self.lock().bytes.get(before..).unwrap_or_default().to_vec()
    }

    /// Returns when the last bytes arrived.
    pub fn last_at(&self) -> Option<Instant> {
        self.lock().last_at
    }

    /// Waits until `is_wanted` accepts the bytes after the first `before`. Returns false at the limit or the end of the output.
    // Inlined into each caller, it would take 5 KB.
    #[inline(never)]
    pub fn wait(&self, before: usize, limit: Duration, is_wanted: &dyn Fn(&[u8]) -> bool) -> bool {
        let is_wanted =
            |captured: &Captured| is_wanted(captured.bytes.get(before..).unwrap_or_default());
        let mut captured = self.lock();
        let mut patience = Patience::new(limit);
        loop {
            if is_wanted(&captured) {
                return true;
            }
            let nap = patience.next().filter(|_| !captured.is_over);
            let Some(nap) = nap else {
                drop(captured);
                return is_wanted(&self.catch_up());
            };
            drop(self.0.changed.wait_timeout(captured, nap));
            captured = self.lock();
        }
    }

    /// Waits until nothing has arrived for `quiet`, for `limit` at most.
    pub fn settle(&self, quiet: Duration, limit: Duration) {
        let until = Instant::now() + limit;
        loop {
            let len = self.len();
            let more = self.wait(0, quiet, &|bytes| bytes.len() > len);
            if !more || Instant::now() >= until {
                return;
            }
        }
    }
}

impl Captured {
    /// Keeps `bytes`, except for fences, as far as the `limit` allows.
    fn push(&mut self, bytes: &[u8], limit: usize) {
        let before = self.bytes.len();
        let room = limit - before;
        self.bytes.extend(&bytes[..bytes.len().min(room)]);
        while self.fences > 0 {
            let from = before.saturating_sub(FENCE.len());
            let mut parts = self.bytes[from..].windows(FENCE.len());
            let Some(at) = parts.position(|part| part == FENCE) else {
                break;
            };
            self.bytes.drain(from + at..from + at + FENCE.len());
            self.fences -= 1;
        }
        if self.bytes.len() > before {
            self.last_at = Some(Instant::now());
        }
    }
}

/// Holds a limit on a wait, which is taken in naps. By how much a nap is late is not counted: a machine that withholds its CPUs
/// from this process withholds them from the child too.
pub struct Patience {
    left: Duration,
    /// By how much all naps were late.
    late: Duration,
    /// The nap that is taken, and its start.
    nap: Duration,
    start: Instant,
}

impl Patience {
    pub fn new(limit: Duration) -> Self {
        Self {
            left: limit,
            late: Duration::ZERO,
            nap: Duration::ZERO,
            start: Instant::now(),
        }
    }

    /// Counts the last nap; returns how long the next one may take, or `None` at the limit.
    pub fn next(&mut self) -> Option<Duration> {
        let now = Instant::now();
        let taken = now - self.start;
        self.left -= self.nap.min(taken);
        self.late += taken.saturating_sub(self.nap);
        self.nap = self.left.min(NAP);
        self.start = now;
        (!self.nap.is_zero()).then_some(self.nap)
    }

    /// Returns by how much all naps were late.
    pub const fn late(&self) -> Duration {
        self.late
    }
}

/// Waits until `is_met`, for `limit` at most, and returns whether it is.
///
/// Polls, because the kernel does not notify anyone when the state of a process in `/proc` changes.
pub fn wait_until(limit: Duration, mut is_met: impl FnMut() -> bool) -> bool {
    let mut patience = Patience::new(limit);
    loop {
        if is_met() {
            return true;
        }
        let Some(nap) = patience.next() else {
            return false;
        };
        thread::sleep(nap.min(LOOK));
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use minitalk::internals::process::proc;

    use super::*;

    const LONG: Duration = Duration::from_secs(600);
    const BRIEF: Duration = Duration::from_millis(20);

    fn shell(script: &str) -> Child {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Child::spawn(command, 1 << 20).unwrap()
    }

    #[test]
    fn the_output_of_a_child_is_complete_after_its_end() {
        for _ in 0..20 {
            let mut child = shell("echo out; echo err >&2; exit 3");
            let status = child.wait(LONG).unwrap();
            child.drain();
            assert_eq!(status.code(), Some(3));
            assert_eq!(child.stdout.since(0), b"out\n");
            assert_eq!(child.stderr.since(1), b"rr\n");
        }
    }

    #[test]
    fn every_wait_ends_at_its_limit_and_a_dropped_child_is_reaped() {
        let mut child = shell("echo $$; exec sleep 1000");
        assert!(child.wait(BRIEF).is_none());
        assert!(child.stdout.wait(0, LONG, &|text| text.ends_with(b"\n")));
        assert!(!child.stdout.wait(0, BRIEF, &|text| text.len() > 99));
        child.drain();
        let pid = child.pid();
        drop(child);
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    }

    #[test]
    fn a_fence_comes_behind_what_was_printed_and_leaves_no_trace() {
        let controller = File::options().read(true).write(true).open("/dev/ptmx");
        let controller = controller.unwrap();
        let mut terminal = File::from(ffi::raw_terminal_behind(controller.as_fd()).unwrap());
        let capture = Capture::start(Some(controller.into()), 1 << 20).unwrap();
        let text = b"text\n".repeat(600);
        for count in 1..=300 {
            terminal.write_all(&text).unwrap();
            let captured = capture.catch_up();
            assert_eq!(captured.fences, 0);
            assert_eq!(captured.bytes.len(), count * text.len());
        }
        drop(terminal);
        capture.wait(0, LONG, &|_| false);
        assert_eq!(capture.since(0), text.repeat(300));
    }

    #[test]
    fn what_a_nap_takes_too_long_is_not_counted() {
        let mut patience = Patience::new(3 * NAP);
        let mut naps = 0;
        while let Some(nap) = patience.next() {
            assert!(nap <= NAP);
            std::thread::sleep(5 * NAP);
            naps += 1;
        }
        assert_eq!(naps, 3);
        assert!(patience.late() >= 12 * NAP);
        assert!(Patience::new(Duration::ZERO).next().is_none());
    }

    #[test]
    fn a_killed_child_takes_the_processes_of_its_group_along() {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "sleep 1000 & echo $!; wait"])
            .process_group(0);
        let child = Child::spawn(command.stdout(Stdio::piped()), 99).unwrap();
        assert!(child.stdout.wait(0, LONG, &|text| text.ends_with(b"\n")));
        let printed = String::from_utf8(child.stdout.since(0)).unwrap();
        let other = Pid::new(printed.trim().parse().unwrap()).unwrap();
        drop(child);
        while proc::status(other).is_ok_and(|status| !status.ended) {
            std::thread::yield_now();
        }
    }
}

//! A process that this command started: what it prints, when it ends, and that it ends.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use minitalk::Pid;
use minitalk::SignalSet;
use minitalk::internals::ffi;

/// A program that prints for ever is not kept for ever.
const MOST_PRINTED: usize = 1 << 20;

/// The end of a child is looked for so often.
const LOOK: Duration = Duration::from_millis(1);

/// How long the rest of what a process printed that has ended may take; a child of its own may keep its pipes open.
const REST: Duration = Duration::from_millis(100);

/// A child, killed and reaped at the latest when this is dropped: no wait for it is without a limit, so none outlives its row.
pub struct Running {
    child: Child,
    pid: Pid,
    /// What it prints on the standard output.
    pub stdout: Screen,
    /// What it prints on the standard error.
    pub stderr: Screen,
}

impl Running {
    /// Starts it with a terminal to print on, into which the libraries of all languages print line by line.
    pub fn on_terminal(command: &mut Command) -> io::Result<Self> {
        let controller = File::options()
            .read(true)
            .write(true)
            .open("/dev/ptmx")
            .map_err(|error| io::Error::new(error.kind(), format!("/dev/ptmx: {error}")))?;
        let terminal = ffi::terminal_behind(controller.as_fd())?;
        let mut running = Self::start(command.stdout(terminal))?;
        running.stdout = Screen::watch(Some(controller));
        // The last copy of the terminal in this process: without it the screen never ends.
        command.stdout(Stdio::null());
        Ok(running)
    }

    /// Starts it with pipes to print into.
    pub fn on_pipes(command: &mut Command) -> io::Result<Self> {
        let mut running = Self::start(command.stdout(Stdio::piped()))?;
        running.stdout = Screen::watch(running.child.stdout.take());
        Ok(running)
    }

    fn start(command: &mut Command) -> io::Result<Self> {
        // A group of its own, so that a kill(0, ...) of theirs stays among themselves.
        command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0);
        // This command ignores them; what it tries is to die of them, as it would anywhere else.
        ffi::kill_with_thread(command, SignalSet::LANES);
        let mut child = command.spawn()?;
        let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::new) else {
            let _ = child.kill();
            return Err(io::Error::other("the kernel gave it no PID"));
        };
        let stderr = Screen::watch(child.stderr.take());
        Ok(Self {
            child,
            pid,
            stdout: Screen::default(),
            stderr,
        })
    }

    pub const fn pid(&self) -> Pid {
        self.pid
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end, so long at most.
    pub fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + limit;
        loop {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            if Instant::now() >= until {
                return None;
            }
            thread::sleep(LOOK);
        }
    }

    /// Waits for the rest of what it printed, once it has ended: the threads that read it may be behind.
    pub fn drain(&self) {
        for screen in [&self.stdout, &self.stderr] {
            screen.wait(0, REST, |_| false);
        }
    }

    /// Kills it. The PID is its own until it has been waited for, which nobody but this does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.kill();
        }
    }
}

/// What a process has printed so far.
#[derive(Clone, Default)]
pub struct Screen(Arc<(Mutex<Printed>, Condvar)>);

#[derive(Default)]
struct Printed {
    bytes: Vec<u8>,
    last: Option<Instant>,
    is_over: bool,
}

impl Screen {
    fn watch(source: Option<impl Read + Send + 'static>) -> Self {
        let screen = Self::default();
        let theirs = screen.clone();
        if let Some(mut source) = source {
            thread::spawn(move || {
                // Signals are for the thread that waits for them.
                ffi::block(SignalSet::ALL);
                let mut chunk = [0; 4096];
                loop {
                    match source.read(&mut chunk) {
                        Ok(count @ 1..) => theirs.take(&chunk[..count]),
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        // EIO: nobody has the terminal open any more.
                        Ok(_) | Err(_) => break,
                    }
                }
                theirs.lock().is_over = true;
                theirs.0.1.notify_all();
            });
        }
        screen
    }

    fn take(&self, bytes: &[u8]) {
        let mut printed = self.lock();
        let room = MOST_PRINTED - printed.bytes.len();
        printed.bytes.extend(&bytes[..bytes.len().min(room)]);
        printed.last = Some(Instant::now());
        self.0.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Printed> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn len(&self) -> usize {
        self.lock().bytes.len()
    }

    /// Everything behind the first `before` bytes.
    pub fn since(&self, before: usize) -> Vec<u8> {
        self.lock().bytes.get(before..).unwrap_or_default().to_vec()
    }

    /// When the last of it came.
    pub fn last(&self) -> Option<Instant> {
        self.lock().last
    }

    /// Waits until what stands behind the first `before` bytes is what is wanted; whether it came to that.
    pub fn wait(&self, before: usize, limit: Duration, wanted: impl Fn(&[u8]) -> bool) -> bool {
        let is_wanted = |printed: &Printed| wanted(printed.bytes.get(before..).unwrap_or_default());
        let printed = self.lock();
        let waited = self.0.1.wait_timeout_while(printed, limit, |printed| {
            !printed.is_over && !is_wanted(printed)
        });
        let (printed, _) = waited.unwrap_or_else(PoisonError::into_inner);
        is_wanted(&printed)
    }

    /// Waits until nothing has come for so long, up to `limit`.
    pub fn settle(&self, quiet: Duration, limit: Duration) {
        let until = Instant::now() + limit;
        loop {
            let len = self.len();
            let more = self.wait(0, quiet, |bytes| bytes.len() > len);
            if !more || Instant::now() >= until {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Running {
        Running::on_pipes(Command::new("/bin/sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn what_a_process_printed_before_its_end_is_known_after_it() {
        for _ in 0..20 {
            let mut running = shell("echo out; echo err >&2; exit 3");
            let status = running.wait(Duration::from_secs(600)).unwrap();
            running.drain();
            assert_eq!(status.code(), Some(3));
            assert_eq!(running.stdout.since(0), b"out\n");
            assert_eq!(running.stderr.since(1), b"rr\n");
        }
    }

    #[test]
    fn nobody_is_waited_for_for_ever() {
        let mut running = shell("echo $$; exec sleep 1000");
        assert!(running.wait(Duration::from_millis(20)).is_none());
        assert!(
            running
                .stdout
                .wait(0, Duration::from_secs(600), |text| text.ends_with(b"\n"))
        );
        assert!(
            !running
                .stdout
                .wait(0, Duration::from_millis(20), |text| text.len() > 99)
        );
        running.drain();
        let pid = running.pid();
        drop(running);
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    }
}

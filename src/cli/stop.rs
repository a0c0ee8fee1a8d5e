//! The shutdown of a server by SIGINT, SIGTERM or the end of its terminal. A thread waits for them, so that they work even if
//! everything else is stuck.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use minitalk::internals::background;
use minitalk::internals::ffi::{self, Errno, Wanted};
use minitalk::internals::process::proc;
use minitalk::server::Stop;
use minitalk::{Event, Signal, SignalSet};

use super::exit::Failure;

/// Separates a second stop signal from the end by that signal.
const ABORT_DELAY: Duration = Duration::from_millis(250);

/// Limits the bytes of the threads' stacks, which are small because they count for RLIMIT_AS.
const STACK: usize = 64 << 10;

/// Starts the threads that stop the server; a signal that was ignored when the program started stays ignored.
///
/// Blocks the signals and `lanes` on this thread and the new ones, so call it before an inbox for `lanes` is opened.
pub fn watch(lanes: SignalSet) -> Result<Arc<Stop>, Failure> {
    let failed = |error: io::Error| Failure::io("cannot wait for SIGTERM", error);
    let signals = SignalSet::STOPS.filter(|signal| !ffi::is_ignored(signal));
    ffi::block(signals.union(lanes));
    // If a seccomp filter denies the system call, the thread below would loop forever.
    match ffi::try_take(SignalSet::NONE, Duration::ZERO) {
        Err(error) if error != Errno::AGAIN => return Err(failed(error.into())),
        _ => {}
    }
    let stop = Arc::new(Stop::new().map_err(failed)?);
    start("stop", &stop, move |stop| take_signals(stop, signals)).map_err(failed)?;
    if io::stdout().is_terminal() {
        // Polls the terminal, because SIGHUP reaches only processes whose controlling terminal it is.
        let wait = |stop: &Stop| {
            if ffi::wait_for(Wanted::HangUp(io::stdout().as_fd()), None).is_ok() {
                stop.request();
            }
        };
        start("hangup", &stop, wait).map_err(failed)?;
    }
    Ok(stop)
}

fn start(name: &str, stop: &Arc<Stop>, run: impl FnOnce(&Stop) + Send + 'static) -> io::Result<()> {
    let stop = Arc::clone(stop);
    let run = move || {
        ffi::block_everything();
        run(&stop);
    };
    background::spawn(name, Some(STACK), Box::new(run)).map(drop)
}

/// Says whether the main loop runs, which shuts down in order.
static HAS_BEGUN: AtomicBool = AtomicBool::new(false);

/// Records that the main loop runs from now on.
pub fn begin() {
    // Ordering: Relaxed; says nothing about other memory, and system calls stand between it and the first sleep.
    HAS_BEGUN.store(true, Ordering::Relaxed);
}

/// Stops the server in order at the first signal, and at once at the second.
///
/// At the second, the main loop reports the lost messages; if it is stuck, the signal ends the process. Before the main loop runs,
/// for example while the PID cannot be printed, the first signal ends the process.
fn take_signals(stop: &Stop, signals: SignalSet) {
    if signals.is_empty() {
        return;
    }
    let first = take_next(signals);
    stop.request();
    // Ordering: Relaxed; see `begin`.
    let has_begun = || HAS_BEGUN.load(Ordering::Relaxed);
    let mut second = None;
    while second.is_none() && !has_begun() {
        second = take(signals, ABORT_DELAY);
        // On a busy machine the main thread may be late, but then it does not sleep.
        let sleeps = proc::thread_status(ffi::getpid().get()).is_ok_and(|status| status.sleeps);
        if second.is_none() && sleeps && !has_begun() {
            ffi::raise_default(first);
        }
    }
    let signal = second.unwrap_or_else(|| take_next(signals));
    stop.insist();
    thread::sleep(ABORT_DELAY);
    ffi::raise_default(signal);
}

fn take_next(signals: SignalSet) -> Signal {
    loop {
        if let Some(signal) = take(signals, Duration::MAX) {
            return signal;
        }
    }
}

fn take(signals: SignalSet, timeout: Duration) -> Option<Signal> {
    let event = ffi::take(signals, timeout).and_then(Event::decode);
    event.map(|event| event.signal)
}

//! How a server is told to end: by SIGINT and SIGTERM, which a thread of its own waits for, so that they work whatever
//! else is stuck; and by the end of the terminal that it prints on.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use minitalk::internals::background;
use minitalk::internals::ffi::{self, Errno};
use minitalk::internals::process::proc;
use minitalk::server::Stop;
use minitalk::{Event, Signal, SignalSet};

use super::exit::Failure;

/// How long a server that is told to end a second time has for its last words.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// Bytes of a thread's stack, of which these need little. It counts for RLIMIT_AS.
const STACK: usize = 64 << 10;

/// Blocks SIGINT and SIGTERM on this thread, and has them, and the end of the terminal, end the server. One that was
/// ignored when the program started stays so. To be called before an inbox for `lanes` is opened, which leaves as they are
/// the signals that are not its own. The threads are not to get those of `lanes` either.
pub fn watch(lanes: SignalSet) -> Result<Arc<Stop>, Failure> {
    let failed = |error: io::Error| Failure::io("cannot wait for SIGTERM", error);
    let signals = SignalSet::STOPS.filter(|signal| !ffi::is_ignored(signal));
    ffi::block(signals.union(lanes));
    // A filter of system calls that denies it would have the thread below ask for ever.
    match ffi::try_take(SignalSet::NONE, Duration::ZERO) {
        Err(error) if error != Errno::AGAIN => return Err(failed(error.into())),
        _ => {}
    }
    let stop = Arc::new(Stop::new().map_err(failed)?);
    start("stop", &stop, move |stop| take_signals(stop, signals)).map_err(failed)?;
    if io::stdout().is_terminal() {
        // Asked of the terminal itself: SIGHUP reaches only those whose controlling terminal it is.
        let wait = |stop: &Stop| {
            if ffi::wait_for_hangup().is_ok() {
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

/// Whether the main loop runs, which ends in order.
static HAS_BEGUN: AtomicBool = AtomicBool::new(false);

/// Notes that the main loop runs from now on.
pub fn begin() {
    // Ordering: Relaxed; says nothing about other memory, and system calls stand between it and the first sleep.
    HAS_BEGUN.store(true, Ordering::Relaxed);
}

fn has_begun() -> bool {
    // Ordering: Relaxed; see `begin`.
    HAS_BEGUN.load(Ordering::Relaxed)
}

/// The first ends the server in order. The second ends it at once: through its main loop, which says what is lost, and by the
/// signal itself where that does not come to an end. The first is enough for a server that has not begun, as one that cannot
/// print its PID: it has nothing to write.
fn take_signals(stop: &Stop, signals: SignalSet) {
    if signals.iter().next().is_none() {
        return;
    }
    let first = take_next(signals);
    stop.request();
    let mut second = None;
    while second.is_none() && !has_begun() {
        second = take(signals, LAST_WORDS);
        // One that is only slow, on a busy machine, does not sleep.
        let sleeps = proc::thread_status(ffi::getpid().get()).is_ok_and(|status| status.sleeps);
        if second.is_none() && sleeps && !has_begun() {
            ffi::raise_default(first);
        }
    }
    let signal = second.unwrap_or_else(|| take_next(signals));
    stop.insist();
    thread::sleep(LAST_WORDS);
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

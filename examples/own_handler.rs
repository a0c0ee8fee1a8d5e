//! Uses the ring alone, with another handler. The handler records the time of each SIGALRM of a timer; the main loop prints
//! it, because a handler must not print.
//!
//! `cargo run --example own_handler`

use std::io;
use std::mem::MaybeUninit;
use std::num::NonZeroU64;
use std::ptr;

use libc::{c_int, c_void, siginfo_t, sigset_t, ucontext_t};
use minitalk::ring::{Entry, Ring};

const TICKS: u64 = 10;
const EVERY_MICROSECONDS: i64 = 2_000;

/// Holds entries of a tag and one more word.
static RING: Ring<16, 1> = Ring::new();

extern "C" fn on_alarm(_: c_int, _: *mut siginfo_t, context: *mut c_void) {
    let entry = Entry {
        tag: NonZeroU64::MIN,
        // clock_gettime is async-signal-safe (signal-safety(7)) and cannot fail here, so errno stays unchanged.
        rest: [now()],
    };
    if RING.push(&entry) {
        // The ring is half full, so the handler must not push again before it has been drained. The kernel applies this mask
        // when the handler returns, and holds further signals back.
        // SAFETY: a handler with SA_SIGINFO is passed a valid ucontext, which nothing else refers to while it runs.
        unsafe {
            let mask = &raw mut (*context.cast::<ucontext_t>()).uc_sigmask;
            libc::sigaddset(mask, libc::SIGALRM);
        }
    }
}

fn main() -> io::Result<()> {
    let mut consumer = RING.claim().expect("this program claims the ring once");
    install()?;
    let start = now();
    start_timer(EVERY_MICROSECONDS)?;
    let mut seen = 0;
    while seen < TICKS {
        // Blocked from the last check to the sleep, which unblocks the signal in the same step: no wake-up is lost.
        let open = mask(libc::SIG_BLOCK);
        if consumer.is_empty() {
            // SAFETY: the set is initialised and lives for the whole call.
            unsafe { libc::sigsuspend(&raw const open) };
        }
        while let Some(entry) = consumer.pop() {
            seen += 1;
            let [at] = entry.rest;
            println!("tick {seen} after {} us", (at - start) / 1_000);
        }
        mask(libc::SIG_UNBLOCK);
    }
    start_timer(0)
}

fn install() -> io::Result<()> {
    let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = on_alarm;
    // SAFETY: sigaction is a C struct of integers, a mask and an optional function pointer: all zeroes are valid.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = handler as libc::sighandler_t;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    // SAFETY: the action lives for the whole call, and the handler is of the type that SA_SIGINFO announces.
    check(unsafe { libc::sigaction(libc::SIGALRM, &raw const action, ptr::null_mut()) })
}

fn start_timer(microseconds: i64) -> io::Result<()> {
    let every = libc::timeval {
        tv_sec: 0,
        tv_usec: microseconds,
    };
    let value = libc::itimerval {
        it_interval: every,
        it_value: every,
    };
    // SAFETY: setitimer reads the value during the call; the old value is not asked for.
    check(unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const value, ptr::null_mut()) })
}

/// Blocks or unblocks SIGALRM, and returns the previous mask with SIGALRM unblocked.
fn mask(how: c_int) -> sigset_t {
    let mut alarm = MaybeUninit::uninit();
    let mut before = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set; pthread_sigmask reads it and fills the other, which is changed after that.
    unsafe {
        libc::sigemptyset(alarm.as_mut_ptr());
        libc::sigaddset(alarm.as_mut_ptr(), libc::SIGALRM);
        libc::pthread_sigmask(how, alarm.as_ptr(), before.as_mut_ptr());
        // The parent process may have had it blocked.
        libc::sigdelset(before.as_mut_ptr(), libc::SIGALRM);
        before.assume_init()
    }
}

/// Returns the nanoseconds of a monotonic clock.
fn now() -> u64 {
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: the clock exists on every Linux, so the call fills the structure.
    let time = unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC, time.as_mut_ptr());
        time.assume_init()
    };
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

fn check(result: c_int) -> io::Result<()> {
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

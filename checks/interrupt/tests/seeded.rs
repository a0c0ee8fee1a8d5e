//! Seeded faults that the sweep must find; otherwise it proves nothing.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use check_interrupt::log::{self, Verdict};
use check_interrupt::process::{End, Limit};
use check_interrupt::sweep::{Outcome, Sweep};
use crossbeam_queue::ArrayQueue;
use minitalk::internals::ffi;
use minitalk::internals::signal::ring::{CAPACITY, Consumer, REST, RING};
use minitalk::{Event, Signal, SignalSet};

fn main() {
    check_interrupt::run(&[
        ("ArrayQueue in a handler: hangs", array_queue),
        ("a wait that unblocks before it sleeps", hasty_wait),
        ("a ring without tickets", no_tickets),
        ("pushes without read-modify-write that overlap", overlapping),
        ("a pop that frees the slot too early", frees_too_early),
        ("a handler that ignores the mark", ignores_the_mark),
    ]);
}

// ---- ArrayQueue --------------------------------------------------------------------------------------------------

const SMALL: usize = 8;

static QUEUE: OnceLock<ArrayQueue<usize>> = OnceLock::new();
/// The index in the log of a value that was refused because the queue was full; 0 for none, because index 0 is never refused.
static REFUSED: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

fn refuse(place: usize) {
    let free = usize::from(REFUSED[0].load(Relaxed) != 0);
    REFUSED[free].store(place, Relaxed);
}

fn refused() -> impl Iterator<Item = usize> {
    let places = REFUSED.iter().map(|place| place.load(Relaxed));
    places.filter(|&place| place != 0)
}

fn array_queue() {
    for (filled, signals) in [
        (SMALL, &[Signal::USR1][..]),
        (SMALL - 1, &[Signal::USR1, Signal::USR2]),
    ] {
        let sweep = Sweep {
            signals,
            limit: Limit {
                cpu: Duration::from_millis(200),
                ..Limit::GENEROUS
            },
            hangs: usize::MAX,
        };
        let report = sweep.run(
            || {
                handle(|place| {
                    if QUEUE.get().is_some_and(|queue| queue.push(place).is_err()) {
                        refuse(place);
                    }
                });
                let queue = QUEUE.get_or_init(|| ArrayQueue::new(SMALL));
                for n in 0..filled {
                    log::entry(Signal::USR1);
                    queue.push(n).unwrap();
                }
                (queue, Vec::with_capacity(2 * SMALL))
            },
            |(queue, got)| got.extend(queue.pop()),
            |(queue, got)| {
                while let Some(place) = queue.pop() {
                    got.push(place);
                }
                got.extend(refused());
                log::judge(got)
            },
        );
        let name = format!(
            "{} signals over pop, {filled} of {SMALL} slots full",
            signals.len()
        );
        report.finds(&name, |o| o == Outcome::Ended(End::Spun));
    }
}

// ---- waiting -----------------------------------------------------------------------------------------------------

fn hasty_wait() {
    let sweep = Sweep {
        signals: &[Signal::USR1],
        limit: Limit {
            wall: Duration::from_millis(300),
            ..Limit::GENEROUS
        },
        hangs: 4,
    };
    let report = sweep.run(
        || {
            ffi::add_handled(SignalSet::MINITALK);
            for signal in SignalSet::MINITALK.iter() {
                ffi::install(signal).unwrap();
            }
            RING.claim().unwrap()
        },
        |ring| {
            let before = ffi::block(SignalSet::MINITALK);
            let open = before.filter(|signal| !SignalSet::MINITALK.contains(signal));
            if ring.is_empty() {
                ffi::unblock(SignalSet::MINITALK);
                let _ = ffi::wait(None, None, open);
            }
            ffi::unblock(SignalSet::MINITALK);
        },
        |ring| receive(ring, &mut Vec::new()),
    );
    report.finds("the wake-up is lost", |o| o == Outcome::Ended(End::Slept));
}

// ---- rings -------------------------------------------------------------------------------------------------------

/// A ring of indices, each stored as its number plus one; 0 is a free slot.
struct Naive {
    tail: AtomicUsize,
    head: AtomicUsize,
    slots: [AtomicUsize; 4],
}

static NAIVE: Naive = Naive {
    tail: AtomicUsize::new(0),
    head: AtomicUsize::new(0),
    slots: [const { AtomicUsize::new(0) }; 4],
};

impl Naive {
    fn push(&self, place: usize) {
        let tail = self.tail.load(Relaxed);
        if tail - self.head.load(Relaxed) == self.slots.len() {
            return refuse(place);
        }
        self.slots[tail % 4].store(place + 1, Relaxed);
        self.tail.store(tail + 1, Relaxed);
    }

    fn pop(&self) -> Option<usize> {
        let head = self.head.load(Relaxed);
        let place = self.slots[head % 4].load(Relaxed).checked_sub(1)?;
        self.head.store(head + 1, Relaxed);
        self.slots[head % 4].store(0, Relaxed);
        Some(place)
    }

    fn judge(&self, got: &mut Vec<usize>) -> Verdict {
        while let Some(place) = self.pop() {
            got.push(place);
        }
        got.extend(refused());
        log::judge(got)
    }
}

fn no_tickets() {
    let report = Sweep::with(&[Signal::USR2]).run(
        || {
            handle(|place| NAIVE.push(place));
            log::entry(Signal::USR1).rest[2] as usize
        },
        |place| NAIVE.push(*place),
        |_| either_first(NAIVE.judge(&mut Vec::new())),
    );
    let lost = Outcome::Judged(Verdict::Lost);
    report.finds("a push in a push", |o| o == lost);
}

/// AS-14 excludes this: a push in the middle of another one that takes its ticket with a load and a store.
fn overlapping() {
    let report = Sweep::with(&[Signal::USR2]).run(
        || {
            handle(|place| {
                let _high = RING.push_alone(&log::entry_at(place));
            });
            (RING.claim().unwrap(), log::entry(Signal::USR1))
        },
        |(_, entry)| {
            let _high = RING.push_alone(entry);
        },
        |(ring, _)| either_first(receive(ring, &mut Vec::new())),
    );
    let lost = Outcome::Judged(Verdict::Lost);
    report.finds("a push in a push", |o| o == lost);
}

/// Of two overlapping pushes, either may be the first.
fn either_first(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Reordered => Verdict::Exact,
        verdict => verdict,
    }
}

fn frees_too_early() {
    let report = Sweep::with(&[Signal::USR2]).run(
        || {
            handle(|place| NAIVE.push(place));
            for _ in 0..4 {
                NAIVE.push(log::entry(Signal::USR1).rest[2] as usize);
            }
            Vec::with_capacity(8)
        },
        |got| got.extend(NAIVE.pop()),
        |got| NAIVE.judge(got),
    );
    let lost = Outcome::Judged(Verdict::Lost);
    report.finds("a push in a pop of a full ring", |o| o == lost);
}

/// As in the sweep of the real handler over a full ring, the first signal fills it and the second has no slot.
fn ignores_the_mark() {
    let report = Sweep::with(&[Signal::USR1, Signal::USR2]).run(
        || {
            handle(|place| {
                let _high = RING.push(&log::entry_at(place));
            });
            let ring = RING.claim().unwrap();
            for _ in 0..CAPACITY - 1 {
                RING.push(&log::entry(Signal::USR1));
            }
            (ring, Vec::with_capacity(2 * CAPACITY))
        },
        |(ring, got)| {
            for _ in 0..3 {
                got.extend(ring.pop().and_then(Event::decode));
            }
        },
        |(ring, got)| receive(ring, got),
    );
    report.finds("two signals over a full ring", |o| {
        matches!(o, Outcome::Judged(_))
    });
}

// ---- shared -------------------------------------------------------------------------------------------------------

fn receive(ring: &mut Consumer<'static, CAPACITY, REST>, got: &mut Vec<Event>) -> Verdict {
    while let Some(entry) = ring.pop() {
        got.extend(Event::decode(entry));
    }
    log::compare(got)
}

static BODY: OnceLock<fn(usize)> = OnceLock::new();

/// Installs a test handler, which calls `body` with the log index that the signal carries.
fn handle(body: fn(usize)) {
    assert!(BODY.set(body).is_ok());
    let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = on_signal;
    // SAFETY: sigaction is a C struct of integers, a mask and an optional function pointer: all zeroes are valid.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = handler as libc::sighandler_t;
    action.sa_flags = libc::SA_SIGINFO;
    for signal in [libc::SIGUSR1, libc::SIGUSR2] {
        // SAFETY: all zeroes are an empty set, and it is ours alone; the number is that of a signal.
        unsafe { libc::sigaddset(&raw mut action.sa_mask, signal) };
    }
    for signal in [libc::SIGUSR1, libc::SIGUSR2] {
        // SAFETY: the action lives for the whole call. The bodies are wrong on purpose, but on atomics: no memory is at
        // stake, only values.
        unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
    }
}

extern "C" fn on_signal(_: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    // SAFETY: the kernel passes a complete siginfo; these signals are sent with a value.
    let place = unsafe { (*info).si_value().sival_ptr } as usize;
    if let Some(body) = BODY.get() {
        body(place);
    }
}

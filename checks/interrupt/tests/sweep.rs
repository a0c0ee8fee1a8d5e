//! The real handler at every instruction boundary of the code that it interrupts: nothing lost, duplicated, changed or out of
//! order, errno untouched, the mark obeyed, and no wait that misses its wake-up.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use check_interrupt::log::{self, Verdict};
use check_interrupt::sweep::{Outcome, Report, Sweep};
use minitalk::Inbox;
use minitalk::internals::ffi;
use minitalk::internals::signal::ring::{CAPACITY, Consumer, Entry, REST, RING};
use minitalk::{Event, Signal, SignalSet};

const ONE: &[Signal] = &[Signal::USR1];
const TWO: &[Signal] = &[Signal::USR1, Signal::USR2];
/// `Ring::HIGH_WATER`.
const MARK: usize = CAPACITY / 2;
/// A number that no system call stores in errno.
const ERRNO: i32 = 12_345;

fn main() {
    check_interrupt::run(&[
        ("an empty ring", empty),
        ("a partly filled ring", partly_filled),
        ("just below the mark", below_the_mark),
        ("at the mark", at_the_mark),
        ("a full ring", full),
        ("a handler in a handler", nested),
        ("without read-modify-write", without_read_modify_write),
        ("waiting, asleep", waiting),
        ("waiting with entries in the ring", waiting_with_entries),
        ("waiting at the mark", waiting_at_the_mark),
        ("waiting without draining", waiting_without_draining),
        ("polling, asleep", || polling(0)),
        ("polling with entries in the ring", || polling(3)),
        ("from the handler to polling and back", switching),
        ("consecutive words", words),
        ("polling keeps the handler out", kept_out),
        ("closing the inbox", closing),
    ]);
}

// ---- draining ----------------------------------------------------------------------------------------------------

fn empty() {
    for signals in [ONE, TWO] {
        drain(0, signals).all_exact(&format!("{} signals over drain", signals.len()), 10);
        pops(0, 1, signals).all_exact(&format!("{} signals over pop", signals.len()), 4);
    }
}

fn partly_filled() {
    for signals in [ONE, TWO] {
        drain(3, signals).all_exact(&format!("{} signals over drain", signals.len()), 40);
        pops(3, 4, signals).all_exact(&format!("{} signals over 4 pops", signals.len()), 40);
    }
}

fn below_the_mark() {
    let report = pops(MARK - 2, 3, ONE);
    report.all_exact("1 signal over 3 pops", 30);
    assert_eq!(closed(&report), 0, "one below the mark is not the mark");

    let report = pops(MARK - 2, 3, TWO);
    report.all_exact("2 signals over 3 pops", 30);
    assert_ne!(closed(&report), 0, "the second reaches it");
}

fn at_the_mark() {
    for signals in [ONE, TWO] {
        let report = pops(MARK - 1, 3, signals);
        report.all_exact(&format!("{} signals over 3 pops", signals.len()), 30);
        let closed = closed(&report);
        assert!(0 < closed && closed < report.outcomes.len(), "{closed}");
    }
    if cfg!(not(debug_assertions)) {
        drain(MARK - 1, TWO).all_exact("2 signals over a whole drain", 5_000);
    }
}

/// The fullest possible ring: each of `CAPACITY - MARK` threads has pushed one entry beyond the mark, and this thread pushes
/// the last.
fn full() {
    for signals in [ONE, TWO] {
        let report = pops(CAPACITY - 1, 3, signals);
        report.all_exact(&format!("{} signals over 3 pops", signals.len()), 30);
        assert_eq!(closed(&report), report.outcomes.len());
    }
}

/// A model of the handler of aarch64 without LSE on this processor: the same ring, with the same kind of push.
fn without_read_modify_write() {
    ALONE.store(true, Relaxed);
    for drains in [empty, partly_filled, below_the_mark, at_the_mark, full] {
        drains();
    }
    ALONE.store(false, Relaxed);
}

/// Whether the installed handler pushes without a read-modify-write.
static ALONE: AtomicBool = AtomicBool::new(false);

/// Replaces the real handler by [`alone_on_signal`], with the same mask and flags, if the test asks for it.
fn replace_handler() {
    if !ALONE.load(Relaxed) {
        return;
    }
    let handler: unsafe extern "C" fn(c_int, *mut c_void, *mut c_void) = alone_on_signal;
    for signal in SignalSet::MINITALK.iter() {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: sigaction fills the action that is in force, which is then initialised (zeroes are one); the new one differs
        // in its handler only, which copes with these signals at any instruction.
        unsafe {
            libc::sigaction(signal.number(), std::ptr::null(), action.as_mut_ptr());
            let mut action = action.assume_init();
            action.sa_sigaction = handler as libc::sighandler_t;
            libc::sigaction(signal.number(), &raw const action, std::ptr::null_mut());
        }
    }
}

unsafe extern "C" fn alone_on_signal(_: c_int, info: *mut c_void, context: *mut c_void) {
    // SAFETY: the kernel passes a complete siginfo, aligned, which begins with the words of an entry.
    if RING.push_alone(unsafe { &*info.cast::<Entry<REST>>() }) {
        // SAFETY: the kernel passes the ucontext that sigreturn will restore, ours alone; its mask begins with the kernel's.
        unsafe {
            *(&raw mut (*context.cast::<libc::ucontext_t>()).uc_sigmask).cast::<u64>() |=
                SignalSet::MINITALK.mask();
        }
    }
}

/// The real ring with the real handler, in a state of its own process; the consumer is used directly.
struct Popping {
    ring: Consumer<'static, CAPACITY, REST>,
    filled: usize,
    /// The maximum number of entries that were popped when the interruption was over.
    popped_before: usize,
    got: Vec<Event>,
}

fn pops(filled: usize, pops: usize, signals: &'static [Signal]) -> Report {
    Sweep::with(signals).run(
        || Popping {
            ring: prepare(filled),
            filled,
            popped_before: 0,
            got: Vec::with_capacity(2 * CAPACITY),
        },
        |state| {
            for _ in 0..pops {
                let Some(entry) = state.ring.pop() else { break };
                state.got.extend(Event::decode(entry));
            }
        },
        |state| {
            let errno = errno();
            state.popped_before = state.got.len();
            let verdict = mask(state);
            for _ in 0..2 {
                while let Some(entry) = state.ring.pop() {
                    state.got.extend(Event::decode(entry));
                }
                ffi::unblock(SignalSet::MINITALK);
            }
            while let Some(entry) = state.ring.pop() {
                state.got.extend(Event::decode(entry));
            }
            match log::compare(&state.got) {
                Verdict::Exact if errno != ERRNO => Verdict::Errno,
                Verdict::Exact => verdict,
                wrong => wrong,
            }
        },
    )
}

/// Judges whether the handler blocked the signals exactly when it had to.
///
/// It ran `log::sent() - filled` times, or once if it blocked them. At its last run the ring held all pushed entries less those
/// popped before, of which we know the bounds 0 and `popped_before`.
fn mask(state: &Popping) -> Verdict {
    let closed = blocked();
    let pending = pending();
    let pushed = log::sent() - pending;
    let most = pushed;
    let least = pushed - state.popped_before;
    let interrupted = log::sent() > state.filled;
    match closed {
        false if pending > 0 => Verdict::Mask,
        false if interrupted && least >= MARK => Verdict::Mask,
        true if most < MARK => Verdict::Mask,
        true => Verdict::ExactAndClosed,
        false => Verdict::Exact,
    }
}

struct Draining {
    inbox: Inbox,
    got: Vec<Event>,
}

fn drain(filled: usize, signals: &'static [Signal]) -> Report {
    Sweep::with(signals).run(
        || Draining {
            inbox: open(filled),
            got: Vec::with_capacity(2 * CAPACITY),
        },
        |state| {
            let got = &mut state.got;
            state.inbox.drain(|event| got.push(event));
        },
        |state| {
            let errno = errno();
            let closed = blocked();
            for _ in 0..2 {
                state.inbox.drain(|event| state.got.push(event));
                ffi::unblock(SignalSet::MINITALK);
            }
            state.inbox.drain(|event| state.got.push(event));
            match log::compare(&state.got) {
                Verdict::Exact if errno != ERRNO => Verdict::Errno,
                Verdict::Exact if closed => Verdict::ExactAndClosed,
                verdict => verdict,
            }
        },
    )
}

// ---- the handler over itself -------------------------------------------------------------------------------------

unsafe extern "C" {
    fn minitalk_on_signal(signo: c_int, info: *mut c_void, context: *mut c_void);
}

/// `sa_mask` prevents the handler from nesting on one thread, but the ring does not rely on it. Here the handler is called
/// directly with the signals unblocked, and a second one runs at each of its instructions.
fn nested() {
    for filled in [0, 5, CAPACITY - 2] {
        let report = nest(filled);
        report.all_exact(&format!("over {filled} entries"), 15);
    }
    let report = nest(MARK - 2);
    report.all_exact("the later of the two reaches the mark", 15);
    let closed = closed(&report);
    assert!(0 < closed && closed < report.outcomes.len(), "{closed}");
}

struct Nesting {
    ring: Consumer<'static, CAPACITY, REST>,
    filled: usize,
    info: MaybeUninit<libc::siginfo_t>,
    context: Box<MaybeUninit<libc::ucontext_t>>,
}

fn nest(filled: usize) -> Report {
    Sweep::with(&[Signal::USR2]).run(
        || {
            let ring = prepare(filled);
            let entry = log::entry(Signal::USR1);
            let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
            let words = info.as_mut_ptr().cast::<u64>();
            // SAFETY: the siginfo is ours, 128 bytes, aligned to 8, and begins with the words of an entry.
            unsafe {
                words.write(entry.tag.get());
                words.add(1).cast::<[u64; REST]>().write(entry.rest);
            }
            Nesting {
                ring,
                filled,
                info,
                context: Box::new(MaybeUninit::zeroed()),
            }
        },
        // SAFETY: both are initialised (zeroes are a ucontext), valid for the call, and nothing else refers to them.
        |state| unsafe {
            minitalk_on_signal(
                libc::SIGUSR1,
                state.info.as_mut_ptr().cast(),
                state.context.as_mut_ptr().cast(),
            );
        },
        |state| {
            let inner_closed = blocked();
            // SAFETY: zeroed when made, so initialised; the number is that of a signal.
            let outer_closed = unsafe {
                let set = &raw const (*state.context.as_ptr()).uc_sigmask;
                libc::sigismember(set, libc::SIGUSR1) == 1
            };
            let mut got: Vec<Event> = Vec::new();
            while let Some(entry) = state.ring.pop() {
                got.extend(Event::decode(entry));
            }
            let at_mark = got.len() >= MARK;
            // Either of the two may have taken the first ticket.
            let verdict = match (log::compare(&got), got.split_last_chunk::<2>()) {
                (Verdict::Reordered, Some((start, &[b, a]))) => {
                    log::compare(&[start, &[a, b]].concat())
                }
                (verdict, _) => verdict,
            };
            match (verdict, inner_closed || outer_closed) {
                (Verdict::Exact, closed) if closed != at_mark => Verdict::Mask,
                (Verdict::Exact, _) if state.filled >= MARK && !outer_closed => Verdict::Mask,
                (Verdict::Exact, _) if inner_closed => Verdict::ExactAndClosed,
                (verdict, _) => verdict,
            }
        },
    )
}

// ---- waiting -----------------------------------------------------------------------------------------------------

/// No wake-up is lost: after a signal at any boundary of `wait`, the wait, which has no timeout, returns.
fn waiting() {
    for signals in [ONE, TWO] {
        let report = wait(0, signals);
        report.all_exact(&format!("{} signals over wait", signals.len()), 100);
        assert!(report.syscalls >= 3, "block, ppoll, unblock");
    }
}

fn waiting_with_entries() {
    for signals in [ONE, TWO] {
        wait(3, signals).all_exact(&format!("{} signals over wait", signals.len()), 100);
    }
}

fn waiting_at_the_mark() {
    if cfg!(debug_assertions) {
        println!(
            "  skipped: a drain of {MARK} entries is too long without optimisation; use --release"
        );
        return;
    }
    for filled in [MARK - 2, MARK - 1, MARK] {
        let report = wait(filled, TWO);
        report.all_exact(&format!("2 signals over wait with {filled} entries"), 50);
    }
}

/// One cycle of the main loop, from the wait on; then as many cycles as needed, each with a wait without a timeout.
fn wait(filled: usize, signals: &'static [Signal]) -> Report {
    Sweep::with(signals).run(
        || Draining {
            inbox: open(filled),
            got: Vec::with_capacity(2 * CAPACITY),
        },
        |state| {
            let _ = state.inbox.wait(None, None);
            state.inbox.drain(|event| state.got.push(event));
        },
        |state| {
            let closed = blocked();
            while state.got.len() < log::sent() {
                let _ = state.inbox.wait(None, None);
                state.inbox.drain(|event| state.got.push(event));
            }
            match log::compare(&state.got) {
                Verdict::Exact if closed => Verdict::ExactAndClosed,
                verdict => verdict,
            }
        },
    )
}

/// `spin_wait`, with and without polling first: a signal at any of its boundaries ends it and is taken once.
fn polling(filled: usize) {
    for spin in [true, false] {
        for signals in [ONE, TWO] {
            let report = soon(filled, spin, signals, |state| {
                let _ = state.inbox.spin_wait(None, None, Duration::ZERO);
            });
            let name = format!("{} signals over spin_wait, spin {spin}", signals.len());
            report.all_exact(&name, 100);
        }
    }
}

/// Switching in both directions: signals at every boundary of one round by the handler, one by polling, and one by the handler
/// again, with a drain after each.
fn switching() {
    for signals in [ONE, TWO] {
        let report = soon(2, true, signals, |state| {
            let soon = Some(Duration::from_millis(1));
            let _ = state.inbox.wait(None, Some(Duration::ZERO));
            state.inbox.drain(|event| state.got.push(event));
            let _ = state.inbox.spin_wait(None, soon, Duration::ZERO);
        });
        let name = format!("{} signals over wait and spin_wait", signals.len());
        report.all_exact(&name, 5_000);
    }
}

/// Real-time signals queue, so that two of one number both arrive; polling takes both in one round.
fn words() {
    let report = soon(0, true, &[Signal::WORD, Signal::WORD], |state| {
        let _ = state.inbox.spin_wait(None, None, Duration::ZERO);
    });
    report.all_exact("2 words over spin_wait", 100);
    let report = drain(3, &[Signal::WORD, Signal::WORD]);
    report.all_exact("2 words over drain", 40);
}

/// Sweeps rounds of the caller's choice; then one more round of each kind, and as many waits as needed.
fn soon(
    filled: usize,
    spin: bool,
    signals: &'static [Signal],
    rounds: impl Fn(&mut Draining),
) -> Report {
    Sweep::with(signals).run(
        || {
            let mut inbox = open(filled);
            if !spin {
                inbox.never_spin();
            }
            Draining {
                inbox,
                got: Vec::with_capacity(2 * CAPACITY),
            }
        },
        |state| {
            rounds(state);
            state.inbox.drain(|event| state.got.push(event));
            let none = Some(Duration::ZERO);
            let _ = state.inbox.wait(None, none);
            state.inbox.drain(|event| state.got.push(event));
        },
        |state| {
            while state.got.len() < log::sent() {
                let _ = state.inbox.wait(None, None);
                state.inbox.drain(|event| state.got.push(event));
            }
            log::compare(&state.got)
        },
    )
}

/// AS-29: between two `spin_wait` calls the kernel holds the signals, so that the handler cannot run between them.
fn kept_out() {
    check_interrupt::process::in_child(|| {
        let mut inbox = open(0);
        let mut got = Vec::new();
        for round in 0..3 {
            log::send(Signal::USR1);
            inbox.spin_wait(None, None, Duration::ZERO).unwrap();
            inbox.drain(|event| got.push(event));
            assert!(blocked(), "round {round}");
            log::send(Signal::USR2);
            inbox.drain(|_| panic!("the handler has run"));
            assert_eq!(pending(), 1);
            inbox.spin_wait(None, None, Duration::ZERO).unwrap();
            inbox.drain(|event| got.push(event));
        }
        inbox.wait(None, Some(Duration::ZERO)).unwrap();
        assert!(!blocked());
        assert_eq!(log::compare(&got), Verdict::Exact);
    });
}

/// A caller that waits repeatedly without draining: the ring stays at its mark, and the kernel keeps the rest.
fn waiting_without_draining() {
    check_interrupt::process::in_child(|| {
        let mut inbox = open(0);
        for _ in 0..2 * CAPACITY - 1 {
            if pending() == 0 {
                log::send(Signal::USR1);
            }
            inbox.wait(None, Some(Duration::ZERO)).unwrap();
        }
        assert_eq!(log::sent(), MARK + 1);
        let mut got = Vec::new();
        while got.len() < log::sent() {
            inbox.drain(|event| got.push(event));
            inbox.wait(None, Some(Duration::ZERO)).unwrap();
        }
        assert_eq!(log::compare(&got), Verdict::Exact);
        println!("  {MARK} entries stayed, 1 signal was held back, nothing was lost");
    });
}

// ---- closing -----------------------------------------------------------------------------------------------------

/// A SIGTERM at any boundary of the closing of the inbox is not lost: it ends the process, which has the default disposition.
fn closing() {
    let report = Sweep::with(&[Signal::TERM]).run(
        || Some(open(2)),
        drop,
        // Only the undisturbed run comes here.
        |_| Verdict::Exact,
    );
    let died = Outcome::Ended(check_interrupt::process::End::Killed(libc::SIGTERM));
    let (tried, ended) = (report.outcomes.len(), report.count(|o| o == died));
    println!("  {ended} of {tried} boundaries: the process ended by SIGTERM");
    assert_eq!(report.undisturbed, Outcome::Judged(Verdict::Exact));
    assert!(tried >= 100 && ended == tried);
}

fn drop(state: &mut Option<Inbox>) {
    *state = None;
}

// ---- shared -------------------------------------------------------------------------------------------------------

/// Installs the handler, and fills a ring with `filled` entries that wrap around the end of its array.
fn prepare(filled: usize) -> Consumer<'static, CAPACITY, REST> {
    let ring = claim();
    ffi::add_handled(SignalSet::MINITALK);
    for signal in SignalSet::MINITALK.iter() {
        ffi::install(signal).unwrap();
    }
    replace_handler();
    fill(filled);
    ring
}

fn open(filled: usize) -> Inbox {
    std::mem::drop(claim());
    let inbox = Inbox::open().unwrap();
    replace_handler();
    ffi::unblock(SignalSet::MINITALK);
    fill(filled);
    inbox
}

/// Returns a consumer whose position is two slots before the end of the ring's array.
fn claim() -> Consumer<'static, CAPACITY, REST> {
    let mut ring = RING.claim().unwrap();
    for _ in 0..CAPACITY - 2 {
        RING.push(&Entry {
            tag: NonZeroU64::MIN,
            rest: [0; REST],
        });
        ring.pop().unwrap();
    }
    ring
}

/// Fills the ring by real signals up to the mark, and beyond it by pushes, as the handlers of other threads would.
fn fill(filled: usize) {
    for n in 0..filled {
        let signal = [Signal::USR1, Signal::USR2][n % 2];
        if n < MARK - 1 || n + 1 == filled && n < MARK {
            log::send(signal);
        } else {
            RING.push(&log::entry(signal));
        }
    }
    // SAFETY: __errno_location returns the address of this thread's errno.
    unsafe { *libc::__errno_location() = ERRNO };
}

fn errno() -> i32 {
    // SAFETY: as above.
    unsafe { *libc::__errno_location() }
}

fn closed(report: &Report) -> usize {
    report.count(|o| o == Outcome::Judged(Verdict::ExactAndClosed))
}

/// Returns whether our signals are blocked; either all of them are, or none.
fn blocked() -> bool {
    let mut set = MaybeUninit::uninit();
    // SAFETY: with no new set, pthread_sigmask only fills the old one.
    let set = unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), set.as_mut_ptr());
        set.assume_init()
    };
    let blocked = members(&set);
    assert!(blocked == 0 || blocked == SignalSet::MINITALK.len());
    blocked > 0
}

/// Returns how many of our signals the kernel holds pending.
fn pending() -> usize {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigpending fills the set it is given.
    let set = unsafe {
        libc::sigpending(set.as_mut_ptr());
        set.assume_init()
    };
    members(&set)
}

fn members(set: &libc::sigset_t) -> usize {
    // SAFETY: the set is initialised; the numbers are those of signals.
    let is_member = |s: &Signal| unsafe { libc::sigismember(set, s.number()) == 1 };
    SignalSet::MINITALK.iter().filter(is_member).count()
}

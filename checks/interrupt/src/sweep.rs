//! A sweep: at every instruction boundary of a region, a forked child is interrupted by real signals and judged.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use minitalk::Signal;

use crate::log::{self, Verdict};
use crate::process::{Child, End, Limit, watchdog};
use crate::shared::{Shareable, Shared};
use crate::trap::{self, Boundary, Next};

/// The limit of the walk over all boundaries, which are thousands of consecutive processes: a minute on an idle machine.
const OF_A_WALK: Limit = Limit {
    cpu: Duration::from_secs(60),
    wall: Duration::from_secs(900),
};

/// The parameters of a sweep.
#[derive(Clone, Copy)]
pub struct Sweep {
    /// The signals that the child sends itself at each boundary.
    pub signals: &'static [Signal],
    /// The limit after which a child counts as hung.
    pub limit: Limit,
    /// The number of hangs after which the sweep stops.
    pub hangs: usize,
}

impl Sweep {
    /// Returns a sweep for code that must not hang.
    #[must_use]
    pub const fn with(signals: &'static [Signal]) -> Self {
        Self {
            signals,
            limit: Limit::GENEROUS,
            hangs: 1,
        }
    }

    /// Runs the sweep: `prepare` makes the state, `region` is interrupted at each of its boundaries, `judge` returns the
    /// verdict.
    ///
    /// All three run in a child process, which forks another one at each boundary. So does the uninterrupted run, whose verdict
    /// is the report's `undisturbed`.
    ///
    /// When the walk itself would wait for ever, it is woken by a SIGTERM from the log. If the region sleeps with that signal
    /// already unblocked, nothing can wake it: the sweep and the process end there.
    pub fn run<S>(
        self,
        prepare: impl FnOnce() -> S,
        region: impl FnOnce(&mut S),
        judge: impl FnOnce(&mut S) -> Verdict,
    ) -> Report {
        let trace = Shared::<Trace>::new().get();
        let walker = Child::fork(OF_A_WALK, || {
            let mut state = prepare();
            assert!(WALK.set(Walk { sweep: self, trace }).is_ok());
            trap::step(visit, || region(&mut state));
            judge(&mut state) as i32
        });
        let undisturbed = Outcome::from(walker.end());
        let count = trace.count.load(Relaxed);
        let outcomes = trace.steps[..count]
            .iter()
            .map(|step| {
                let end = End::from_status(step.status.load(Relaxed));
                (step.address.load(Relaxed), end.into())
            })
            .collect();
        let syscalls = trace.syscalls.load(Relaxed);
        let behind = trace.steps[..count]
            .windows(2)
            .filter(|pair| {
                let [at, next] = [&pair[0], &pair[1]].map(|s| s.address.load(Relaxed));
                pair[0].is_syscall.load(Relaxed) && next == at + SYSCALL_LENGTH
            })
            .count();
        assert_eq!(
            behind, syscalls,
            "a boundary behind a system call was missed"
        );
        Report {
            undisturbed,
            outcomes,
            syscalls,
        }
    }
}

/// The outcome of one boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The child ran to its end.
    Judged(Verdict),
    /// The child did not run to its end.
    Ended(End),
}

impl Outcome {
    fn is_exact(self) -> bool {
        matches!(self, Self::Judged(verdict) if verdict.is_exact())
    }
}

impl From<End> for Outcome {
    fn from(end: End) -> Self {
        match end {
            End::Exited(status) => Verdict::from_status(status).map(Self::Judged),
            _ => None,
        }
        .unwrap_or(Self::Ended(end))
    }
}

/// The outcomes of a sweep.
pub struct Report {
    /// The outcome of the run without interruption.
    pub undisturbed: Outcome,
    /// For each boundary, in order: the address of the next instruction, and the outcome of the signals there.
    pub outcomes: Vec<(usize, Outcome)>,
    /// The number of system calls that were stepped over; the boundary right behind each was tried too.
    pub syscalls: usize,
}

impl Report {
    /// Returns how many boundaries had a matching outcome.
    pub fn count(&self, like: impl Fn(Outcome) -> bool) -> usize {
        self.outcomes.iter().filter(|(_, o)| like(*o)).count()
    }

    /// Fails unless at least `least` boundaries were tried and all were exact.
    pub fn all_exact(&self, name: &str, least: usize) {
        let closed = self.count(|o| o == Outcome::Judged(Verdict::ExactAndClosed));
        println!(
            "  {name}: {} boundaries ({} system calls), {} wrong; signals closed by the mark at {closed}",
            self.outcomes.len(),
            self.syscalls,
            self.wrong().len(),
        );
        list(&self.wrong());
        assert!(self.wrong().is_empty());
        let undisturbed = self.undisturbed;
        assert!(undisturbed.is_exact(), "{name}: {undisturbed:?}");
        assert!(self.outcomes.len() >= least, "{name}: too few boundaries");
    }

    /// Fails unless a fault that matches `expected`, and no other, was found at some of the boundaries.
    pub fn finds(&self, name: &str, expected: impl Fn(Outcome) -> bool) {
        let wrong = self.wrong();
        println!(
            "  {name}: {} boundaries, wrong at {}:",
            self.outcomes.len(),
            wrong.len(),
        );
        list(&wrong);
        assert!(!wrong.is_empty(), "{name}: the fault was not found");
        assert!(wrong.iter().all(|(_, _, o)| expected(*o)), "{name}");
        assert!(
            wrong.len() < self.outcomes.len(),
            "{name}: wrong everywhere, so the check itself is"
        );
    }

    fn wrong(&self) -> Vec<(usize, usize, Outcome)> {
        self.outcomes
            .iter()
            .enumerate()
            .filter(|(_, (_, outcome))| !outcome.is_exact())
            .map(|(number, &(address, outcome))| (number, address, outcome))
            .collect()
    }
}

fn list(wrong: &[(usize, usize, Outcome)]) {
    for &(number, address, outcome) in wrong.iter().take(8) {
        println!("    boundary {number}, {}: {outcome:?}", place(address));
    }
    if wrong.len() > 8 {
        println!("    and {} more", wrong.len() - 8);
    }
}

/// Describes an address of this process as `addr2line -e FILE OFFSET` expects it. A child has the same addresses.
fn place(address: usize) -> String {
    let mut info = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: dladdr takes any address and fills the structure, of which all zeroes are a value; the names that it points
    // to belong to loaded objects, which stay.
    unsafe {
        libc::dladdr(address as *const _, info.as_mut_ptr());
        let info = info.assume_init();
        if info.dli_fname.is_null() {
            return format!("{address:#x}");
        }
        let file = CStr::from_ptr(info.dli_fname).to_string_lossy();
        let file = file.rsplit('/').next().unwrap_or_default();
        format!("{file} {:#x}", address - info.dli_fbase as usize)
    }
}

const MOST: usize = 1 << 18;
const SYSCALL_LENGTH: usize = 2;

struct Trace {
    count: AtomicUsize,
    hangs: AtomicUsize,
    syscalls: AtomicUsize,
    steps: [Step; MOST],
}

struct Step {
    address: AtomicUsize,
    status: AtomicI32,
    is_syscall: AtomicBool,
}

// SAFETY: atomics only.
unsafe impl Shareable for Trace {}

struct Walk {
    sweep: Sweep,
    trace: &'static Trace,
}

static WALK: OnceLock<Walk> = OnceLock::new();

/// How often a boundary is tried again, every 10 ms, while there is no room for queued signals.
const NO_ROOM_TRIES: usize = 3000;

/// Sends the signals in a forked child that continues from here; returns, in the parent only, how it ended.
fn fork_and_send(sweep: Sweep) -> Option<i32> {
    // SAFETY: the raw system call, because libc's fork is not async-signal-safe and would run the fork hooks, which
    // remove the handler under test. The child is a copy of this process, which has one thread; it uses nothing that the
    // skipped hooks would have put right.
    let child = unsafe { libc::syscall(libc::SYS_fork) };
    if child == 0 {
        watchdog(sweep.limit);
        sweep.signals.iter().for_each(|&signal| log::send(signal));
        return None;
    }
    let mut status = 0;
    // SAFETY: the status lives for the whole call. Every signal that is handled is blocked, so it is not interrupted.
    let reaped = unsafe { libc::waitpid(child as libc::pid_t, &raw mut status, 0) };
    if child < 0 || i64::from(reaped) != child {
        // SAFETY: takes no argument; ends the process, with a signal that no verdict has.
        unsafe { libc::abort() };
    }
    Some(status)
}

fn visit(boundary: &Boundary) -> Next {
    let Some(Walk { sweep, trace }) = WALK.get() else {
        return Next::Run;
    };
    let mut tries = 0;
    let status = loop {
        let Some(status) = fork_and_send(*sweep) else {
            return Next::Run;
        };
        let had_no_room =
            Outcome::from(End::from_status(status)) == Outcome::Judged(Verdict::NoRoom);
        if !had_no_room || tries == NO_ROOM_TRIES {
            break status;
        }
        // Other processes of this user use the room and will release it.
        tries += 1;
        std::thread::sleep(Duration::from_millis(10));
    };
    let number = trace.count.fetch_add(1, Relaxed);
    let Some(step) = trace.steps.get(number) else {
        // SAFETY: as above.
        unsafe { libc::abort() };
    };
    step.address.store(boundary.address(), Relaxed);
    step.status.store(status, Relaxed);
    let hung = matches!(End::from_status(status), End::Spun | End::Slept);
    if hung && trace.hangs.fetch_add(1, Relaxed) + 1 >= sweep.hangs {
        end(Verdict::Exact);
    }
    if boundary.is_endless_wait() {
        if !boundary.is_blocked(Signal::TERM) {
            end(Verdict::Exact);
        }
        log::send(Signal::TERM);
    }
    if boundary.is_syscall() {
        trace.syscalls.fetch_add(1, Relaxed);
        step.is_syscall.store(true, Relaxed);
    }
    Next::Step
}

fn end(verdict: Verdict) -> ! {
    // SAFETY: _exit takes any number and does not return.
    unsafe { libc::_exit(verdict as i32) }
}

//! Every `unsafe` block and every system call of the crate, behind safe functions; and the signal handler.
//!
//! The handler is `minitalk_on_signal`. What it may and may not do is the subject of `SAFETY.md`.

use alloc::vec;
use alloc::vec::Vec;
use core::ffi::{c_int, c_void};
use core::fmt;
use core::mem::{MaybeUninit, offset_of, size_of};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;

use crate::process::pid::Pid;
use crate::signal::event::{Event, Signal, SignalSet};
use crate::signal::ring::{CAPACITY, Entry, REST, RING, Ring};

#[cfg(not(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
)))]
compile_error!("minitalk relies on the signal frame of 64-bit Linux: x86_64, aarch64 or riscv64");

/// The kernel's signal mask with all of the handler's signals in it.
const OURS: u64 = SignalSet::ALL.mask();

/// The kernel's `siginfo_t` as `kill` and `rt_sigqueueinfo` fill it (`include/uapi/asm-generic/siginfo.h`).
#[repr(C)]
#[derive(Clone, Copy)]
struct SigInfo {
    signo: c_int,
    errno: u32,
    code: c_int,
    _pad: c_int,
    pid: i32,
    uid: u32,
    value: u64,
    more: [u64; 2],
    _beyond: [u64; 10],
}

const _: () = {
    assert!(size_of::<SigInfo>() == size_of::<libc::siginfo_t>());
    assert!(align_of::<SigInfo>() == align_of::<libc::siginfo_t>());
    assert!(offset_of!(SigInfo, signo) == offset_of!(libc::siginfo_t, si_signo));
    assert!(offset_of!(SigInfo, errno) == offset_of!(libc::siginfo_t, si_errno));
    assert!(offset_of!(SigInfo, code) == offset_of!(libc::siginfo_t, si_code));
    assert!(offset_of!(SigInfo, pid) == 16 && offset_of!(SigInfo, value) == 24);
    // An entry is what the kernel keeps of a siginfo while the signal is pending (struct kernel_siginfo, 48 bytes).
    assert!(size_of::<Entry<REST>>() == offset_of!(SigInfo, _beyond));
    assert!(align_of::<Entry<REST>>() <= align_of::<libc::siginfo_t>());
    assert!(offset_of!(libc::ucontext_t, uc_sigmask) % align_of::<u64>() == 0);
    assert!(size_of::<libc::sigset_t>() >= size_of::<u64>());
    // struct ucontext, asm-generic/ucontext.h: flags, link, stack and the registers stand before it.
    #[cfg(target_arch = "x86_64")]
    assert!(offset_of!(libc::ucontext_t, uc_sigmask) == 296);
};

/// The signal handler: copies what the kernel knows of the signal into [`RING`] and, when the ring stands at its high-water mark, blocks our
/// signals in the context that it interrupted, so that the kernel holds further ones back until the main loop has drained.
///
/// It calls nothing (AS-1 to AS-4), cannot panic (AS-5), leaves errno and thread-locals alone (AS-6, AS-7), needs no stack
/// (AS-9) and loops nowhere (AS-12). The numbers are those of `SAFETY.md`. On aarch64 that takes LSE, whose `ldaddal` adds in
/// one instruction; without it the compiler calls a function that loops, so [`install`] then takes another.
///
/// # Safety
/// Only the kernel may call it, as a handler installed with SA_SIGINFO: `info` and `context` are then valid for the
/// duration of the call and nothing else refers to them. On aarch64 all CPUs must have LSE.
#[unsafe(no_mangle)]
#[cfg_attr(target_arch = "aarch64", target_feature(enable = "lse"))]
#[cfg_attr(minitalk_rtsan, sanitize(realtime = "nonblocking"))]
unsafe extern "C" fn minitalk_on_signal(_: c_int, info: *mut c_void, context: *mut c_void) {
    // SAFETY: the caller promises the same.
    unsafe { on_signal(info, context, Ring::push) }
}

/// The signal handler for an aarch64 CPU without LSE (Cortex-A53, A57, A72): as [`minitalk_on_signal`] in everything but how it
/// takes a ticket, with a load and a store, which AS-14 allows.
///
/// # Safety
/// As [`minitalk_on_signal`], on any CPU.
#[cfg(all(target_arch = "aarch64", not(target_feature = "lse")))]
#[unsafe(no_mangle)]
#[cfg_attr(minitalk_rtsan, sanitize(realtime = "nonblocking"))]
unsafe extern "C" fn minitalk_on_signal_without_lse(
    _: c_int,
    info: *mut c_void,
    context: *mut c_void,
) {
    // SAFETY: the caller promises the same.
    unsafe { on_signal(info, context, Ring::push_alone) }
}

/// The body of the handlers, which differ in how they push.
///
/// # Safety
/// `info` and `context` are those of a handler installed with SA_SIGINFO, in the thread that runs it.
#[inline(always)]
unsafe fn on_signal(
    info: *mut c_void,
    context: *mut c_void,
    push: impl Fn(&Ring<CAPACITY, REST>, &Entry<REST>) -> bool,
) {
    // SAFETY: the kernel passes a complete siginfo on the signal frame (`copy_siginfo_to_user` clears what the signal
    // does not use), aligned and larger than the words read, which are plain integers.
    let high = push(&RING, unsafe { &*info.cast::<Entry<REST>>() });
    if high {
        // SAFETY: the kernel passes the ucontext of the frame that sigreturn will restore, writable and ours alone; its
        // signal mask begins with the kernel's 64-bit mask (`asm-generic/ucontext.h`), aligned as asserted above.
        unsafe {
            *ptr::addr_of_mut!((*context.cast::<libc::ucontext_t>()).uc_sigmask).cast::<u64>() |=
                OURS;
        }
    }
}

/// A system call's error number (`errno(3)`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Errno(c_int);

impl Errno {
    /// No such process.
    pub const NO_PROCESS: Self = Self(libc::ESRCH);
    /// Not permitted.
    pub const NOT_PERMITTED: Self = Self(libc::EPERM);
    /// The kernel does not have the system call.
    pub const NO_SYSCALL: Self = Self(libc::ENOSYS);
    /// Invalid argument.
    pub const INVALID: Self = Self(libc::EINVAL);
    /// Try again: the limit on queued signals is reached.
    pub const AGAIN: Self = Self(libc::EAGAIN);
    /// Too many files are open in this process.
    pub const TOO_MANY_FILES: Self = Self(libc::EMFILE);
    /// Interrupted by a signal.
    pub const INTERRUPTED: Self = Self(libc::EINTR);

    /// Whether too many files are open, or the kernel has no memory for another: closing one may help.
    #[must_use]
    pub const fn is_exhausted(self) -> bool {
        // ENOSPC is the limit on what a user may watch by epoll (`epoll_ctl(2)`).
        matches!(
            self.0,
            libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOSPC
        )
    }

    /// Returns the error of this number.
    #[must_use]
    pub const fn new(raw: i32) -> Self {
        Self(raw)
    }

    /// The number itself.
    #[must_use]
    pub const fn raw(self) -> i32 {
        self.0
    }

    fn last() -> Self {
        // SAFETY: __errno_location returns the address of this thread's errno, valid while the thread lives.
        Self(unsafe { *libc::__errno_location() })
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Errno({})", self.0)
    }
}

#[cfg(feature = "std")]
impl From<Errno> for std::io::Error {
    fn from(errno: Errno) -> Self {
        Self::from_raw_os_error(errno.0)
    }
}

fn check(result: c_int) -> Result<c_int, Errno> {
    if result < 0 {
        Err(Errno::last())
    } else {
        Ok(result)
    }
}

fn check_syscall(result: libc::c_long) -> Result<libc::c_long, Errno> {
    if result < 0 {
        Err(Errno::last())
    } else {
        Ok(result)
    }
}

// ---- dispositions ------------------------------------------------------------------------------------------------

/// What a signal did before the handler was installed, to be put back.
#[derive(Clone, Copy)]
pub struct Disposition(libc::sigaction);

impl Disposition {
    /// To be ignored.
    #[must_use]
    pub fn ignore() -> Self {
        let mut action = default_action();
        action.sa_sigaction = libc::SIG_IGN;
        Self(action)
    }

    /// Whether the signal was ignored (as `nohup` and background jobs arrange for SIGINT).
    #[must_use]
    pub fn is_ignored(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_IGN
    }

    /// Whether it was the default, which is to end the process.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_DFL
    }
}

/// Installs the handler for `signal` and returns the disposition before.
///
/// SA_SIGINFO for the sender; SA_RESTART for the sake of the program's other system calls (AS-23); all our signals in
/// `sa_mask`, so that the handler does not nest (AS-14); no SA_ONSTACK (AS-9).
///
/// # Errors
/// `sigaction(2)`'s; none is known for these signals.
pub fn install(signal: Signal) -> Result<Disposition, Errno> {
    let mut action = default_action();
    action.sa_sigaction = handler_address();
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    action.sa_mask = set_of(SignalSet::ALL);
    replace(signal, &action)
}

/// Puts back a disposition that [`install`] returned, or has the signal ignored; unless somebody has installed another
/// handler since, which is theirs to take away.
///
/// # Errors
/// `sigaction(2)`'s; none is known for these dispositions.
pub fn restore(signal: Signal, disposition: &Disposition) -> Result<(), Errno> {
    if is_ours(signal) {
        replace(signal, &disposition.0)?;
    }
    Ok(())
}

/// Whether our handler is the one that is installed.
fn is_ours(signal: Signal) -> bool {
    let current = current(signal).0.sa_sigaction;
    HANDLERS
        .iter()
        .any(|handler| current == *handler as libc::sighandler_t)
}

/// Whether `signal` is ignored.
#[cfg(feature = "cli")]
#[must_use]
pub fn is_ignored(signal: Signal) -> bool {
    current(signal).is_ignored()
}

fn current(signal: Signal) -> Disposition {
    let mut now = default_action();
    // SAFETY: with no new action, sigaction only fills the old one, for which all our signals are valid.
    unsafe { libc::sigaction(signal.number(), ptr::null(), &raw mut now) };
    Disposition(now)
}

/// What this thread blocked when the program was started, as the kernel has it; see [`guard_start`].
#[cfg(feature = "cli")]
static STARTED_WITH: AtomicU64 = AtomicU64::new(0);

/// AS-31: ends the time in which SIGUSR1, SIGUSR2 and [`Signal::Word`] are blocked because the program has just been started.
/// They are ignored from then on, except while an inbox is open: no stray signal ends a command. Programs that it executes
/// inherit that.
#[cfg(feature = "cli")]
pub fn end_of_start() {
    for signal in SignalSet::LANES.iter() {
        let _ = replace(signal, &Disposition::ignore().0);
    }
    // Ordering: Relaxed; written before main, by the same thread.
    let blocked = STARTED_WITH.load(Ordering::Relaxed);
    unblock(SignalSet::LANES.filter(|signal| blocked & signal.mask() == 0));
}

/// Blocks our signals before main, as early as a program can, and notes which were blocked before.
#[cfg(feature = "cli")]
fn guard_start() {
    let before = block(SignalSet::LANES);
    let blocked = SignalSet::LANES.filter(|signal| before.contains(signal));
    // Ordering: Relaxed; read after main has begun, by the same thread.
    STARTED_WITH.store(blocked.mask(), Ordering::Relaxed);
}

/// `flock(fd, LOCK_EX | LOCK_NB)`: Locks the open file until it is closed for the last time.
///
/// # Errors
/// [`Errno::AGAIN`] when another has it locked.
#[cfg(feature = "cli")]
pub fn try_lock(file: &std::fs::File) -> Result<(), Errno> {
    use std::os::fd::AsRawFd;
    // SAFETY: flock takes integers only, and the descriptor is open for as long as the file is borrowed.
    check(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) }).map(drop)
}

/// Ignores SIGHUP: for a server that outlives its terminal.
#[cfg(feature = "cli")]
pub fn ignore_hangup() {
    ignore(libc::SIGHUP);
}

/// Ignores SIGXFSZ: a write beyond RLIMIT_FSIZE then fails with EFBIG, like any other that fails (`setrlimit(2)`).
#[cfg(feature = "cli")]
pub fn ignore_file_size() {
    ignore(libc::SIGXFSZ);
}

#[cfg(feature = "cli")]
fn ignore(signo: c_int) {
    // SAFETY: SIG_IGN is a disposition and no function, so nothing is ever called; the number is that of a signal.
    unsafe { libc::signal(signo, libc::SIG_IGN) };
}

/// Has the allocator keep no freed message: long ones are mapped and unmapped one by one, and all threads share one arena
/// (`mallopt(3)`).
#[cfg(feature = "cli")]
pub fn tune_allocator() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt takes integers, and locks the allocator while it changes it.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 128 << 10);
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

type Handler = unsafe extern "C" fn(c_int, *mut c_void, *mut c_void);

const HANDLERS: &[Handler] = &[
    minitalk_on_signal,
    #[cfg(all(target_arch = "aarch64", not(target_feature = "lse")))]
    minitalk_on_signal_without_lse,
];

/// The handler for the CPUs of this machine.
fn handler_address() -> libc::sighandler_t {
    let handler: Handler = minitalk_on_signal;
    #[cfg(all(target_arch = "aarch64", not(target_feature = "lse")))]
    let handler = if has_lse() {
        handler
    } else {
        minitalk_on_signal_without_lse
    };
    handler as libc::sighandler_t
}

/// Whether all CPUs have the atomic instructions of Armv8.1, of which the kernel says only what is true of each.
#[cfg(all(target_arch = "aarch64", not(target_feature = "lse")))]
fn has_lse() -> bool {
    // SAFETY: getauxval takes an integer and reads what the kernel has left for the process; 0 where it is missing.
    unsafe { libc::getauxval(libc::AT_HWCAP) & libc::HWCAP_ATOMICS != 0 }
}

/// SIG_DFL, no flags, an empty mask.
fn default_action() -> libc::sigaction {
    // SAFETY: sigaction is a C struct of integers, a mask and an optional function pointer: all zeroes are valid, and
    // SIG_DFL is 0.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

fn replace(signal: Signal, action: &libc::sigaction) -> Result<Disposition, Errno> {
    let mut before = MaybeUninit::uninit();
    // SAFETY: both pointers are to sigaction structures of this frame, the first initialised. The handler installed is
    // ours, which is sound for any signal at any instruction, or one the kernel returned before, or none.
    check(unsafe { libc::sigaction(signal.number(), action, before.as_mut_ptr()) })?;
    // SAFETY: a successful sigaction filled it.
    Ok(Disposition(unsafe { before.assume_init() }))
}

/// Our signals that this process had open before the handler was installed, for [`in_forked_child`].
static OPEN_BEFORE: AtomicU64 = AtomicU64::new(0);

/// The thread that drains the ring (`pthread_self(3)`), for [`in_forked_child`].
static OWNER: AtomicUsize = AtomicUsize::new(0);

/// AS-24: sees to it that a child made by `fork` does not inherit the handler, whose signals nobody would drain there: a child
/// that swallows SIGTERM. Each signal that is handled at the time of the fork gets its default action in the child, as
/// `exec` would give it, and is open there if it was open in `before`.
///
/// # Errors
/// ENOMEM.
pub fn spare_children(before: &Mask) -> Result<(), Errno> {
    static HOOKED: AtomicBool = AtomicBool::new(false);
    let open = SignalSet::ALL.filter(|signal| !before.contains(signal));
    // Ordering: Relaxed; read in a child, which is a copy of the thread that forked.
    OPEN_BEFORE.store(open.mask(), Ordering::Relaxed);
    // Ordering: Relaxed; as above.
    OWNER.store(this_thread(), Ordering::Relaxed);
    // Ordering: Relaxed; only the owner of the ring comes here, one at a time.
    if HOOKED.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    // SAFETY: the hook, which stays for good, makes async-signal-safe calls only, as it must in the child of a process
    // with several threads.
    match unsafe { libc::pthread_atfork(None, None, Some(in_forked_child)) } {
        0 => Ok(()),
        errno => {
            // Ordering: Relaxed; as above.
            HOOKED.store(false, Ordering::Relaxed);
            Err(Errno(errno))
        }
    }
}

/// It asks the kernel which signals are handled, so it has no state of its own that a fork could find half written.
unsafe extern "C" fn in_forked_child() {
    // Ordering: Relaxed; see the store.
    let open = OPEN_BEFORE.load(Ordering::Relaxed);
    // Ordering: Relaxed; see the store.
    if OWNER.load(Ordering::Relaxed) != this_thread() {
        // Whoever drained it did not come along, and nobody else is here.
        RING.reset();
    }
    for signal in Signal::ALL {
        if !is_ours(signal) {
            continue;
        }
        let _ = replace(signal, &default_action());
        if open & signal.mask() != 0 {
            unblock(signal.into());
        }
    }
}

/// A number of this thread that it keeps in the child of a fork.
fn this_thread() -> usize {
    // SAFETY: pthread_self cannot fail and touches no memory.
    unsafe { libc::pthread_self() as usize }
}

/// Ends the process by `signal` itself, so that its parent sees what ended it (the convention for SIGINT).
pub fn die_of(signal: Signal) -> ! {
    let _ = replace(signal, &default_action());
    let _ = send(getpid(), signal, None);
    unblock(SignalSet::ALL);
    // SAFETY: _exit takes any number and does not return. Reached only if the signal could not be raised.
    unsafe { libc::_exit(128 + signal.number()) }
}

// ---- masks and waiting -------------------------------------------------------------------------------------------

/// A thread's signal mask.
#[derive(Clone, Copy)]
pub struct Mask(libc::sigset_t);

impl Mask {
    /// This mask with `signals` taken out of it.
    #[must_use]
    pub fn without(mut self, signals: SignalSet) -> Self {
        for signal in signals.iter() {
            // SAFETY: the set is initialised and ours alone; the number is that of a signal.
            unsafe { libc::sigdelset(&raw mut self.0, signal.number()) };
        }
        self
    }

    /// Whether `signal` is in it.
    #[must_use]
    pub fn contains(&self, signal: Signal) -> bool {
        // SAFETY: the set is initialised; the number is that of a signal.
        unsafe { libc::sigismember(&raw const self.0, signal.number()) == 1 }
    }
}

/// Blocks `signals` on this thread and returns its mask before.
pub fn block(signals: SignalSet) -> Mask {
    change_mask(libc::SIG_BLOCK, &set_of(signals))
}

/// Unblocks `signals` on this thread: the handler runs for what is pending before this returns.
pub fn unblock(signals: SignalSet) {
    change_mask(libc::SIG_UNBLOCK, &set_of(signals));
}

/// Blocks every signal on this thread but those that a fault of its own raises.
pub fn block_everything() {
    let mut set = empty_set();
    // SAFETY: the set is initialised and ours alone; the numbers are those of signals.
    unsafe {
        libc::sigfillset(&raw mut set);
        for fault in [
            libc::SIGSEGV,
            libc::SIGBUS,
            libc::SIGILL,
            libc::SIGFPE,
            libc::SIGTRAP,
            libc::SIGSYS,
        ] {
            libc::sigdelset(&raw mut set, fault);
        }
    }
    change_mask(libc::SIG_BLOCK, &set);
}

/// Sets this thread's mask to one that [`block`] returned.
pub fn set_mask(mask: &Mask) {
    change_mask(libc::SIG_SETMASK, &mask.0);
}

/// Waits until the handler has run, `fd` is readable, or `timeout` has passed (`None`: for ever), with `mask` in force for
/// exactly that time (`ppoll(2)`: the change of mask and the wait are one step, so no signal is missed between them: AS-15).
///
/// Returns whether `fd` is readable.
///
/// # Errors
/// `ppoll(2)`'s, EINTR excepted: that is a signal, and a reason to return.
pub fn wait(fd: Option<&Fd>, timeout: Option<Duration>, mask: &Mask) -> Result<bool, Errno> {
    let mut poll = libc::pollfd {
        fd: fd.map_or(-1, |fd| fd.0),
        events: libc::POLLIN,
        revents: 0,
    };
    let timeout = timeout.map(timespec);
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the pollfd, the timespec and the mask live in this frame or the caller's for the whole call, and the count
    // is the number of pollfds. An fd of -1 is skipped by the kernel.
    match check(unsafe { libc::ppoll(&raw mut poll, 1, timeout, &raw const mask.0) }) {
        Ok(_) => Ok(poll.revents != 0),
        Err(Errno::INTERRUPTED) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Takes one of `signals` from the kernel without running the handler, after waiting for it for `timeout` at most: the
/// entry that the handler would push; `None` when there is none. They must be blocked on every thread
/// (`rt_sigtimedwait(2)`).
#[must_use]
pub fn take(signals: SignalSet, timeout: Duration) -> Option<Entry<REST>> {
    try_take(signals, timeout).ok()
}

/// As [`take`], and says why there is none.
///
/// # Errors
/// [`Errno::AGAIN`] when the time has passed, [`Errno::INTERRUPTED`]; any other is that of a filter of system calls.
pub fn try_take(signals: SignalSet, timeout: Duration) -> Result<Entry<REST>, Errno> {
    let mask = signals.mask();
    let timeout = timespec(timeout);
    let mut info = SigInfo::EMPTY;
    // SAFETY: the mask, the siginfo and the timespec live for the whole call; SigInfo has the size and layout of the
    // kernel's siginfo_t, and the mask the size that is passed. Raw, because libc's wrapper rewrites `si_code`.
    check_syscall(unsafe {
        libc::syscall(
            libc::SYS_rt_sigtimedwait,
            &raw const mask,
            &raw mut info,
            &raw const timeout,
            size_of::<u64>(),
        )
    })?;
    // SAFETY: SigInfo is aligned for words and begins with those read, plain integers without padding between them.
    Ok(unsafe { *(&raw const info).cast::<Entry<REST>>() })
}

/// Nanoseconds of a clock that does not run backwards (CLOCK_MONOTONIC).
#[must_use]
pub fn now() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the timespec lives for the whole call. It cannot fail for this clock (clock_gettime(2)).
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    let seconds = (time.tv_sec as u64).wrapping_mul(1_000_000_000);
    seconds.wrapping_add(time.tv_nsec as u64)
}

/// Returns a number that other processes cannot guess; where a filter of system calls denies those (`getrandom(2)`), one that
/// differs from call to call.
#[cfg(feature = "std")]
#[must_use]
pub fn random() -> u64 {
    let mut bytes = [0; 8];
    // SAFETY: the bytes live for the whole call and the count is theirs. What fails leaves them as they are.
    unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), libc::GRND_NONBLOCK) };
    u64::from_ne_bytes(bytes).wrapping_add(now())
}

fn timespec(duration: Duration) -> libc::timespec {
    libc::timespec {
        // The libc crate deprecates the name of the type with musl, where it is to become this one (64 bits).
        tv_sec: duration.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

fn change_mask(how: c_int, set: &libc::sigset_t) -> Mask {
    let mut before = empty_set();
    // SAFETY: both pointers are to initialised signal sets. It cannot fail with one of the three constants as `how`
    // (pthread_sigmask(3)); where a sandbox makes it fail all the same, `before` is empty.
    unsafe { libc::pthread_sigmask(how, set, &raw mut before) };
    Mask(before)
}

fn set_of(signals: SignalSet) -> libc::sigset_t {
    let mut set = empty_set();
    for signal in signals.iter() {
        // SAFETY: the set is initialised and ours alone; the number is that of a signal.
        unsafe { libc::sigaddset(&raw mut set, signal.number()) };
    }
    set
}

fn empty_set() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the whole set it is given.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        set.assume_init()
    }
}

// ---- sending -----------------------------------------------------------------------------------------------------

/// Who a queued signal says that it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pid: Pid,
    uid: u32,
}

impl Identity {
    /// This process, asked of the kernel: two system calls, so ask once for many signals, and again after a fork.
    #[must_use]
    pub fn ours() -> Self {
        Self {
            pid: getpid(),
            uid: getuid(),
        }
    }
}

/// What a queued signal carries (SI_QUEUE): all of it chosen by the sender and kept by the kernel as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// `si_pid` and `si_uid`.
    pub from: Identity,
    /// `si_errno`; 0 in what `sigqueue(3)` sends.
    pub errno: u32,
    /// `si_value`.
    pub value: u64,
    /// The 16 bytes behind it, which `sigqueue(3)` does not reach.
    pub more: [u64; 2],
}

impl Content {
    /// What `sigqueue(3)` sends.
    #[must_use]
    pub const fn value(from: Identity, value: u64) -> Self {
        Self {
            from,
            errno: 0,
            value,
            more: [0; 2],
        }
    }
}

/// Sends `signal` to the process behind `pidfd`, which cannot have become another one (`pidfd_send_signal(2)`; AS-19).
///
/// Without content it is what `kill` sends: SI_USER, the sender attested by the kernel. With it, it is SI_QUEUE.
///
/// # Errors
/// ESRCH: the process has ended. EPERM: it belongs to another user. EAGAIN: a real-time signal, and its user has as many
/// queued as he may (RLIMIT_SIGPENDING); a standard signal then arrives without its content instead.
pub fn send_through(pidfd: &Fd, signal: Signal, content: Option<&Content>) -> Result<(), Errno> {
    let info = content.map(|content| SigInfo::queued(signal, content));
    pidfd_send_signal(pidfd, signal.number(), info.as_ref())
}

/// As [`send_through`], by number, for kernels before 5.3: the PID may meanwhile name another process.
///
/// # Errors
/// As [`send_through`].
pub fn send(pid: Pid, signal: Signal, content: Option<&Content>) -> Result<(), Errno> {
    let Some(content) = content else {
        // SAFETY: kill takes integers only; a Pid is positive, so it names one process and never a group.
        return check(unsafe { libc::kill(pid.get(), signal.number()) }).map(drop);
    };
    let info = SigInfo::queued(signal, content);
    // SAFETY: the siginfo lives for the whole call; SigInfo has the size and layout of the kernel's siginfo_t.
    check_syscall(unsafe {
        libc::syscall(
            libc::SYS_rt_sigqueueinfo,
            pid.get(),
            signal.number(),
            &raw const info,
        )
    })
    .map(drop)
}

/// How many bytes the kernel carries in a queued signal beside PID, user ID and `si_errno`: measured with one to this very
/// thread. 24 on Linux; 8, which `sigqueue(3)` promises, where something else stands in its place or there is no room now.
/// [`Signal::Word`] must be blocked.
#[must_use]
pub fn probe_word() -> u8 {
    const MARK: [u64; 2] = [0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210];
    let content = Content {
        from: Identity::ours(),
        errno: u32::MAX,
        value: MARK[0] ^ MARK[1],
        more: MARK,
    };
    let info = SigInfo::queued(Signal::Word, &content);
    // SAFETY: gettid takes nothing; the siginfo lives for the whole call and has the layout of the kernel's siginfo_t. A
    // signal to a thread is taken before those to its process, so this is the next that `take` finds.
    let sent = check_syscall(unsafe {
        libc::syscall(
            libc::SYS_rt_tgsigqueueinfo,
            content.from.pid.get(),
            gettid(),
            Signal::Word.number(),
            &raw const info,
        )
    });
    let came = sent
        .ok()
        .and_then(|_| take(Signal::Word.into(), Duration::ZERO));
    let event = came.and_then(Event::decode);
    if event.is_some_and(|event| event.more == MARK && event.errno == content.errno) {
        24
    } else {
        8
    }
}

/// Whether we may signal `pid` at all: `kill(2)` with signal 0, which sends nothing.
///
/// # Errors
/// ESRCH: no such process. EPERM: it belongs to another user.
pub fn probe(pid: Pid) -> Result<(), Errno> {
    // SAFETY: kill takes integers only; signal 0 does no more than check.
    check(unsafe { libc::kill(pid.get(), 0) }).map(drop)
}

/// As [`probe`], for the process behind `pidfd`.
///
/// # Errors
/// As [`send_through`].
pub fn probe_through(pidfd: &Fd) -> Result<(), Errno> {
    pidfd_send_signal(pidfd, 0, None)
}

fn pidfd_send_signal(pidfd: &Fd, signo: c_int, info: Option<&SigInfo>) -> Result<(), Errno> {
    let info = info.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the siginfo is null or lives for the whole call; SigInfo has the size and layout of the kernel's siginfo_t.
    check_syscall(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.0, signo, info, 0) })
        .map(drop)
}

impl SigInfo {
    const EMPTY: Self = Self {
        signo: 0,
        errno: 0,
        code: 0,
        _pad: 0,
        pid: 0,
        uid: 0,
        value: 0,
        more: [0; 2],
        _beyond: [0; 10],
    };

    fn queued(signal: Signal, content: &Content) -> Self {
        Self {
            signo: signal.number(),
            errno: content.errno,
            code: libc::SI_QUEUE,
            pid: content.from.pid.get(),
            uid: content.from.uid,
            value: content.value,
            more: content.more,
            ..Self::EMPTY
        }
    }
}

/// This process.
#[must_use]
pub fn getpid() -> Pid {
    // SAFETY: getpid cannot fail and touches no memory.
    let raw = unsafe { libc::getpid() };
    // The kernel gives no process the PID 0; the fallback can only send to init, where it is refused.
    Pid::new(raw).unwrap_or(const { Pid::new(1).unwrap() })
}

/// This thread.
#[must_use]
pub fn gettid() -> i32 {
    // SAFETY: gettid cannot fail and touches no memory.
    unsafe { libc::gettid() }
}

/// The real user ID of this process.
#[must_use]
pub fn getuid() -> u32 {
    // SAFETY: getuid cannot fail and touches no memory.
    unsafe { libc::getuid() }
}

// ---- CPUs --------------------------------------------------------------------------------------------------------

/// A set of CPUs: a bit for each, in words as the kernel has them (`sched_setaffinity(2)`), as many as it takes.
#[derive(Clone)]
pub struct CpuSet(Vec<u64>);

impl CpuSet {
    /// Returns the set of this one alone.
    #[must_use]
    pub fn only(cpu: usize) -> Self {
        let mut words = vec![0; cpu / 64 + 1];
        words[cpu / 64] = 1 << (cpu % 64);
        Self(words)
    }

    /// Returns those that this thread may run on; none where the kernel does not say.
    #[must_use]
    pub fn allowed() -> Self {
        // As many as a `cpu_set_t` has. A kernel that may have more CPUs refuses a smaller set than its own.
        Self::allowed_in(16)
    }

    /// Asks with room for `words` times 64 CPUs, and with twice as many each time that this is not enough.
    fn allowed_in(mut words: usize) -> Self {
        const MOST: usize = 1 << 14;
        while words <= MOST {
            let mut set = vec![0u64; words];
            // SAFETY: the words live for the whole call and the size is theirs; 0 is the calling thread.
            let asked = check(unsafe {
                libc::sched_getaffinity(0, words * size_of::<u64>(), set.as_mut_ptr().cast())
            });
            match asked {
                Ok(_) => return Self(set),
                Err(Errno::INVALID) => words = (2 * words).max(1),
                Err(_) => break,
            }
        }
        Self(Vec::new())
    }

    /// Lets this thread run on these and no others, and moves it if need be. Returns whether the kernel did.
    pub fn apply(&self) -> bool {
        let size = size_of_val(&self.0[..]);
        // SAFETY: the words live for the whole call and the size is theirs; 0 is the calling thread.
        check(unsafe { libc::sched_setaffinity(0, size, self.0.as_ptr().cast()) }).is_ok()
    }

    /// Returns whether this CPU is one of them.
    #[must_use]
    pub fn contains(&self, cpu: usize) -> bool {
        let word = self.0.get(cpu / 64);
        word.is_some_and(|word| word >> (cpu % 64) & 1 != 0)
    }

    /// Returns how many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The number of the CPU that comes next after `cpu`, and after the last the first, `cpu` itself excepted.
    fn next_after(&self, cpu: usize) -> Option<usize> {
        let limit = 64 * self.0.len();
        let mut others = (cpu + 1..limit).chain(0..cpu.min(limit));
        others.find(|other| self.contains(*other))
    }
}

/// The CPU on which this thread runs (`sched_getcpu(3)`), for as long as the answer lasts.
#[must_use]
pub fn this_cpu() -> Option<usize> {
    // SAFETY: sched_getcpu takes nothing and touches no memory of ours.
    usize::try_from(unsafe { libc::sched_getcpu() }).ok()
}

/// Moves this thread to the next CPU that it may run on, and leaves it free to be moved again. Does nothing where there is
/// only one, or where the kernel objects. Somebody else's change of the affinity in the same instant is undone.
pub fn change_cpu() {
    let Some(here) = this_cpu() else {
        return;
    };
    let allowed = CpuSet::allowed();
    if let Some(next) = allowed.next_after(here) {
        CpuSet::only(next).apply();
        allowed.apply();
    }
}

// ---- file descriptors --------------------------------------------------------------------------------------------

/// An open file descriptor, closed when dropped.
#[derive(Debug)]
pub struct Fd(c_int);

impl Drop for Fd {
    fn drop(&mut self) {
        // SAFETY: the descriptor was returned to us open and this is its only owner.
        unsafe { libc::close(self.0) };
    }
}

#[cfg(feature = "std")]
impl std::os::fd::AsFd for Fd {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        // SAFETY: the descriptor is open as long as this lives, and the borrow ends before it does.
        unsafe { std::os::fd::BorrowedFd::borrow_raw(self.0) }
    }
}

/// Returns how many descriptors this process may have open (RLIMIT_NOFILE, `getrlimit(2)`).
#[must_use]
pub fn descriptor_limit() -> usize {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the limit lives for the whole call. It cannot fail for this resource.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    limit.rlim_cur.try_into().unwrap_or(usize::MAX)
}

/// Returns whether `fd` is readable now.
#[must_use]
pub fn is_readable(fd: &Fd) -> bool {
    let mut poll = libc::pollfd {
        fd: fd.0,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: the pollfd lives for the whole call and the count is 1.
    check(unsafe { libc::poll(&raw mut poll, 1, 0) }).is_ok_and(|count| count > 0)
}

/// A descriptor of the process `pid`, readable once it has ended (`pidfd_open(2)`, Linux 5.3).
///
/// # Errors
/// ESRCH: no such process. EINVAL or ENOENT: the number of a thread. ENOSYS: an old kernel. EMFILE: too many are open.
pub fn pidfd_open(pid: Pid) -> Result<Fd, Errno> {
    // SAFETY: pidfd_open takes integers only.
    let fd = check_syscall(unsafe { libc::syscall(libc::SYS_pidfd_open, pid.get(), 0) })?;
    Ok(Fd(fd as c_int))
}

/// The wait status of a process that has ended and that its parent has seen (`PIDFD_GET_INFO` of `linux/pidfd.h`, Linux
/// 6.15); `None` where the kernel does not say.
#[must_use]
pub fn exit_status(fd: &Fd) -> Option<i32> {
    const PIDFD_INFO_EXIT: u64 = 1 << 3;
    // _IOWR(0xFF, 11, struct pidfd_info) of PIDFD_INFO_SIZE_VER0 bytes: the mask, a control group's number, eleven IDs, the status.
    const PIDFD_GET_INFO: u32 = 0xC040_FF0B;
    #[repr(C)]
    struct Info {
        mask: u64,
        cgroup: u64,
        ids: [u32; 11],
        status: i32,
    }
    const { assert!(size_of::<Info>() == 64) };
    let mut info = Info {
        mask: PIDFD_INFO_EXIT,
        cgroup: 0,
        ids: [0; 11],
        status: 0,
    };
    // SAFETY: the request says that the structure has 64 bytes, which it has; it lives for the whole call, any bytes are a
    // valid value of it, and a kernel that does not know the request touches nothing.
    let done = unsafe { libc::ioctl(fd.0, PIDFD_GET_INFO as _, &raw mut info) } == 0;
    (done && info.mask & PIDFD_INFO_EXIT != 0).then_some(info.status)
}

/// A set of descriptors, each with a number of its own, itself a descriptor to [`wait`] on (`epoll(7)`).
///
/// A child made by `fork` has the set itself in common with its parent, not a copy of it.
#[derive(Debug)]
pub struct FdSet {
    set: Fd,
    /// The process that made it.
    owner: Pid,
}

impl FdSet {
    /// An empty set.
    ///
    /// # Errors
    /// EMFILE or ENOMEM.
    pub fn new() -> Result<Self, Errno> {
        // SAFETY: epoll_create1 takes a flag only.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        Ok(Self {
            set: Fd(fd),
            owner: getpid(),
        })
    }

    /// Adds `fd`, to be reported as `number` while it is readable, until it is [removed](Self::remove).
    ///
    /// # Errors
    /// `epoll_ctl(2)`'s.
    pub fn add(&self, fd: &Fd, number: u64) -> Result<(), Errno> {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: number,
        };
        // SAFETY: both descriptors are open and the event lives for the whole call.
        check(unsafe { libc::epoll_ctl(self.set.0, libc::EPOLL_CTL_ADD, fd.0, &raw mut event) })
            .map(drop)
    }

    /// Removes `fd`, to be called before it is closed: the kernel would go on reporting a file that a forked child has open
    /// too. Does nothing in such a child, which would remove it for its parent.
    pub fn remove(&self, fd: &Fd) {
        if getpid() == self.owner {
            // SAFETY: both descriptors are open; the event is not looked at (epoll_ctl(2)). It can only fail for a descriptor
            // that is not in the set.
            unsafe { libc::epoll_ctl(self.set.0, libc::EPOLL_CTL_DEL, fd.0, ptr::null_mut()) };
        }
    }

    /// The descriptor that is readable while one of the set is.
    #[must_use]
    pub fn fd(&self) -> &Fd {
        &self.set
    }

    /// Calls `f` with the numbers that are readable now, at most 64 of them.
    ///
    /// # Errors
    /// None is known but that of a filter of system calls.
    pub fn ready(&self, mut f: impl FnMut(u64)) -> Result<(), Errno> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        // SAFETY: the array lives for the whole call and the count is its length.
        let count = check(unsafe { libc::epoll_wait(self.set.0, events.as_mut_ptr(), 64, 0) })?;
        for event in events.iter().take(count.try_into().unwrap_or(0)) {
            f(event.u64);
        }
        Ok(())
    }
}

/// A counter to wake the main loop from another thread (`eventfd(2)`).
#[derive(Debug)]
pub struct Doorbell(Fd);

impl Doorbell {
    /// A bell that has not rung.
    ///
    /// # Errors
    /// EMFILE or ENOMEM.
    pub fn new() -> Result<Self, Errno> {
        // SAFETY: eventfd takes integers only.
        check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })
            .map(|fd| Self(Fd(fd)))
    }

    /// The descriptor that is readable from a ring to the next [`clear`](Self::clear).
    #[must_use]
    pub fn fd(&self) -> &Fd {
        &self.0
    }

    /// Makes the descriptor readable.
    pub fn ring(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: the eight bytes live for the whole call. A failure can only be EAGAIN: it is readable already.
        unsafe { libc::write(self.0.0, one.as_ptr().cast(), one.len()) };
    }

    /// Makes the descriptor unreadable again.
    pub fn clear(&self) {
        let mut count = [0u8; 8];
        // SAFETY: the eight bytes live for the whole call. A failure can only be EAGAIN: it had not rung.
        unsafe { libc::read(self.0.0, count.as_mut_ptr().cast(), count.len()) };
    }
}

/// Waits until `fd` can take more, for `timeout` at most (`None`: no limit). Returns whether it can: an output that somebody made
/// non-blocking, or one that nobody reads.
///
/// # Errors
/// `poll(2)`'s.
#[cfg(feature = "cli")]
pub fn wait_writable(
    fd: std::os::fd::BorrowedFd<'_>,
    timeout: Option<Duration>,
) -> Result<bool, Errno> {
    use std::os::fd::AsRawFd;
    poll_one(fd.as_raw_fd(), libc::POLLOUT, timeout)
}

/// Waits until there is something to read from `fd`: an input that another program has made non-blocking.
///
/// # Errors
/// `poll(2)`'s.
#[cfg(feature = "cli")]
pub fn wait_readable(fd: std::os::fd::BorrowedFd<'_>) -> Result<(), Errno> {
    use std::os::fd::AsRawFd;
    poll_one(fd.as_raw_fd(), libc::POLLIN, None).map(drop)
}

/// Waits until the terminal behind the standard output has gone (`poll(2)`, POLLHUP).
///
/// # Errors
/// `poll(2)`'s.
#[cfg(feature = "cli")]
pub fn wait_for_hangup() -> Result<(), Errno> {
    poll_one(libc::STDOUT_FILENO, 0, None).map(drop)
}

/// Waits for one of `events` on `fd`, or an error or a hang-up there. Returns whether there was one before `timeout`.
#[cfg(feature = "cli")]
fn poll_one(fd: c_int, events: libc::c_short, timeout: Option<Duration>) -> Result<bool, Errno> {
    let mut poll = libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    let timeout = timeout.map_or(-1, |t| t.as_millis().try_into().unwrap_or(c_int::MAX));
    loop {
        // SAFETY: the pollfd lives for the whole call and the count is 1.
        match check(unsafe { libc::poll(&raw mut poll, 1, timeout) }) {
            Err(Errno::INTERRUPTED) => {}
            result => return result.map(|count| count > 0),
        }
    }
}

/// Whether the program was started with standard descriptor `fd` (0 to 2) closed. Rust's runtime opens `/dev/null` in its
/// place, where messages would vanish, or come from, without an error.
#[cfg(feature = "cli")]
#[must_use]
pub fn was_closed(fd: usize) -> bool {
    // Ordering: Relaxed; written before main, by the same thread.
    WAS_CLOSED
        .get(fd)
        .is_some_and(|c| c.load(Ordering::Relaxed))
}

#[cfg(feature = "cli")]
static WAS_CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

/// What the command does before main: blocks our signals, and looks which standard descriptors are closed. Called by
/// [`before_main!`](crate::before_main), and by no program of others that uses the library.
#[cfg(feature = "cli")]
#[doc(hidden)]
pub extern "C" fn before_main() {
    guard_start();
    for (fd, was_closed) in (0..).zip(&WAS_CLOSED) {
        // SAFETY: F_GETFD takes no argument and touches no memory.
        let closed = check(unsafe { libc::fcntl(fd, libc::F_GETFD) }) == Err(Errno(libc::EBADF));
        // Ordering: Relaxed; read after main has begun, by the same thread.
        was_closed.store(closed, Ordering::Relaxed);
    }
}

/// Has [`before_main`] called as early as a program can.
#[cfg(feature = "cli")]
#[doc(hidden)]
#[macro_export]
macro_rules! before_main {
    () => {
        // SAFETY: the dynamic loader calls what stands in .init_array before main, with nothing that this function looks at; it
        // makes four system calls and four atomic stores, and relies on no part of Rust's runtime.
        #[allow(unsafe_code)]
        #[used]
        #[unsafe(link_section = ".init_array")]
        static BEFORE_MAIN: extern "C" fn() = $crate::ffi::before_main;
    };
}

// ---- foreign programs --------------------------------------------------------------------------------------------

/// The terminal behind a controller that was opened from `/dev/ptmx` (`pts(4)`), raw: bytes come out as they go in.
///
/// # Errors
/// `ioctl_tty(2)`'s: not a controller, or a kernel before 4.13.
#[cfg(feature = "tools")]
pub fn terminal_behind(
    controller: std::os::fd::BorrowedFd<'_>,
) -> Result<std::os::fd::OwnedFd, Errno> {
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
    const TIOCGPTPEER: libc::c_ulong = 0x5441;
    let raw = controller.as_raw_fd();
    let unlocked: c_int = 0;
    // SAFETY: the descriptor is open for as long as it is borrowed; the request reads one int, which lives for the call.
    check(unsafe { libc::ioctl(raw, libc::TIOCSPTLCK, &raw const unlocked) })?;
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: the request takes open flags by value and touches no memory of ours.
    let terminal = check(unsafe { libc::ioctl(raw, TIOCGPTPEER as _, flags) })?;
    // SAFETY: the kernel has just returned it open, and nobody else knows of it.
    let terminal = unsafe { OwnedFd::from_raw_fd(terminal) };
    let mut settings = MaybeUninit::uninit();
    // SAFETY: the descriptor is open; tcgetattr fills the structure if it succeeds.
    check(unsafe { libc::tcgetattr(terminal.as_raw_fd(), settings.as_mut_ptr()) })?;
    // SAFETY: tcgetattr succeeded.
    let mut settings = unsafe { settings.assume_init() };
    // SAFETY: the structure is initialised and ours alone, for both calls.
    check(unsafe {
        libc::cfmakeraw(&raw mut settings);
        libc::tcsetattr(terminal.as_raw_fd(), libc::TCSANOW, &raw const settings)
    })?;
    Ok(terminal)
}

/// Has the kernel kill what `command` starts when the calling thread ends, for whatever reason, so that no process is left
/// behind; and starts it with no signal blocked, regardless of what this thread blocks, and with the default action of
/// `signals`.
#[cfg(feature = "tools")]
pub fn tie_to_this_thread(command: &mut std::process::Command, signals: SignalSet) {
    use std::os::unix::process::CommandExt;
    let parent = getpid();
    let tie = move || {
        for signal in signals.iter() {
            let _ = replace(signal, &default_action());
        }
        // SAFETY: both take integers, and a pointer to an initialised set of this frame.
        unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            let mut none = MaybeUninit::uninit();
            libc::sigemptyset(none.as_mut_ptr());
            libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut());
        }
        // SAFETY: getppid takes nothing.
        if unsafe { libc::getppid() } != parent.get() {
            // SAFETY: _exit takes any number. The parent ended before the tie was made.
            unsafe { libc::_exit(1) }
        }
        Ok(())
    };
    // SAFETY: in the child of a fork the closure makes async-signal-safe system calls only (signal-safety(7); prctl is a bare
    // system call), allocates nothing and takes no lock.
    unsafe { command.pre_exec(tie) };
}

/// Keeps the signals of this thread, and of all that it starts from now on, among themselves: the kernel lets none of them
/// signal a process outside (`landlock(7)`). Cannot be undone.
///
/// # Errors
/// The kernel has no such scope (before Linux 6.12), or Landlock is not enabled.
#[cfg(feature = "tools")]
pub fn confine_signals() -> Result<(), Errno> {
    /// `struct landlock_ruleset_attr`.
    #[repr(C)]
    struct Ruleset {
        handled_access_fs: u64,
        handled_access_net: u64,
        scoped: u64,
    }
    const SCOPE_SIGNAL: u64 = 1 << 1;
    let ruleset = Ruleset {
        handled_access_fs: 0,
        handled_access_net: 0,
        scoped: SCOPE_SIGNAL,
    };
    // SAFETY: the structure lives for the whole call and the size is its own; no flags.
    let fd = check_syscall(unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            &raw const ruleset,
            size_of::<Ruleset>(),
            0,
        )
    })?;
    let fd = Fd(fd as c_int);
    // SAFETY: the request takes integers only.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
    // SAFETY: the descriptor is open; no flags.
    check_syscall(unsafe { libc::syscall(libc::SYS_landlock_restrict_self, fd.0, 0) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel refuses a set that is smaller than its own, as one of 1,024 CPUs is where there may be more.
    #[test]
    fn a_set_of_cpus_grows_until_it_is_large_enough() {
        let grown = CpuSet::allowed_in(0);
        assert!(grown.count() > 0);
        assert_eq!(grown.count(), CpuSet::allowed().count());
        let far = CpuSet::only(5000);
        assert!(far.contains(5000) && !far.contains(4999) && far.count() == 1);
        assert_eq!(
            (far.next_after(4000), far.next_after(5000)),
            (Some(5000), None)
        );
        assert_eq!(far.next_after(9000), Some(5000));
    }

    /// On aarch64 it depends on what the kernel says of all CPUs.
    #[test]
    fn the_handler_is_that_of_the_cpu() {
        let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap();
        let mut features = cpus.lines().filter(|line| line.starts_with("Features"));
        let has_lse = features.all(|line| line.split_whitespace().any(|word| word == "atomics"));
        let first = HANDLERS[0] as libc::sighandler_t;
        let last = HANDLERS[HANDLERS.len() - 1] as libc::sighandler_t;
        assert_eq!(handler_address(), if has_lse { first } else { last });
        assert_eq!(
            first == last,
            !cfg!(all(target_arch = "aarch64", not(target_feature = "lse")))
        );
    }
}

//! Contains the signal handler, `minitalk_on_signal`, and wraps every system call of the crate in a safe function.
//!
//! No other module has `unsafe` code. `SAFETY.md` says what the handler may and may not do.

#[cfg(feature = "tools")]
mod child;
mod clock;
mod cpu;
mod descriptor;
mod disposition;
#[cfg(feature = "std")]
mod epoll;
mod errno;
#[cfg(feature = "std")]
mod eventfd;
mod fork;
mod id;
#[cfg(feature = "tools")]
mod landlock;
#[cfg(feature = "cli")]
mod malloc;
mod mask;
#[cfg(feature = "std")]
mod mmap;
#[cfg(feature = "std")]
mod pidfd;
#[cfg(feature = "std")]
mod policy;
#[cfg(feature = "cli")]
mod pty;
#[cfg(feature = "std")]
mod random;
mod send;
#[cfg(feature = "cli")]
mod start;
mod wait;

use core::ffi::{c_int, c_void};
use core::mem::{offset_of, size_of};
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};

#[cfg(feature = "tools")]
pub use child::*;
pub use clock::*;
pub use cpu::*;
pub use descriptor::*;
pub use disposition::*;
#[cfg(feature = "std")]
pub use epoll::*;
pub use errno::*;
#[cfg(feature = "std")]
pub use eventfd::*;
pub use fork::*;
pub use id::*;
#[cfg(feature = "tools")]
pub use landlock::*;
#[cfg(feature = "cli")]
pub use malloc::*;
pub use mask::*;
#[cfg(feature = "std")]
pub use mmap::*;
#[cfg(feature = "std")]
pub use pidfd::*;
#[cfg(feature = "std")]
pub use policy::*;
#[cfg(feature = "cli")]
pub use pty::*;
#[cfg(feature = "std")]
pub use random::*;
pub use send::*;
#[cfg(feature = "cli")]
pub use start::*;
pub use wait::*;

use crate::signal::ring::{CAPACITY, Entry, REST, RING, Ring};
use crate::signal::set::SignalSet;

#[cfg(not(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
)))]
compile_error!("minitalk relies on the signal frame of 64-bit Linux: x86_64, aarch64 or riscv64");

/// Holds the mask of every signal that the handler has been installed for in this process.
///
/// It only grows: a signal of a former inbox can still come, late, on another thread, or from a handler that calls ours.
static HANDLED: AtomicU64 = AtomicU64::new(0);

/// Adds `signals` to those that the handler blocks while it runs and at the mark, and returns all of them.
///
/// Call it before [`install`] is called for several signals, so that none of them interrupts the handler of another.
pub fn add_handled(signals: SignalSet) -> SignalSet {
    // Ordering: Relaxed; the kernel runs the handler for a signal only after a later system call, `sigaction`.
    let before = HANDLED.fetch_or(signals.mask(), Ordering::Relaxed);
    SignalSet::of_mask(before).union(signals)
}

/// Returns every signal that the handler has been installed for.
fn handled() -> SignalSet {
    // Ordering: Relaxed; see `add_handled`.
    SignalSet::of_mask(HANDLED.load(Ordering::Relaxed))
}

/// Lays out the kernel's `siginfo_t` as `kill` and `rt_sigqueueinfo` fill it (`include/uapi/asm-generic/siginfo.h`).
#[repr(C)]
#[derive(Clone, Copy)]
struct SigInfo {
    signo: c_int,
    errno: u32,
    code: c_int,
    padding: u32,
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

/// Handles a signal: copies its siginfo into [`RING`], and at the ring's high-water mark blocks all [`HANDLED`] signals in the
/// interrupted context.
///
/// The kernel then holds back further signals until the main loop has drained the ring.
///
/// It calls nothing (AS-1 to AS-4), cannot panic (AS-5), does not touch errno or thread-locals (AS-6, AS-7), uses no stack
/// (AS-9) and has no loop (AS-12). The numbers are those of `SAFETY.md`. On aarch64 this requires LSE, whose `ldaddal` adds in
/// one instruction. Without LSE the compiler would call a function that loops, so [`install`] then installs another handler.
///
/// # Safety
/// Only the kernel may call this, as a handler installed with SA_SIGINFO: `info` and `context` are then valid for the
/// duration of the call, and nothing else refers to them. On aarch64 all CPUs must have LSE.
#[unsafe(no_mangle)]
#[cfg_attr(target_arch = "aarch64", target_feature(enable = "lse"))]
#[cfg_attr(minitalk_rtsan, sanitize(realtime = "nonblocking"))]
unsafe extern "C" fn minitalk_on_signal(_: c_int, info: *mut c_void, context: *mut c_void) {
    // SAFETY: the caller promises the same.
    unsafe { on_signal(info, context, Ring::push) }
}

/// Handles a signal as [`minitalk_on_signal`] does, on an aarch64 CPU without LSE (Cortex-A53, A57, A72).
///
/// It differs only in how it takes a ticket: with a load and a store, which AS-14 allows.
///
/// # Safety
/// Requires what [`minitalk_on_signal`] requires, except LSE.
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

/// Does the work of both handlers, which differ in `push`.
///
/// # Safety
/// `info` and `context` must be those of a handler installed with SA_SIGINFO, in the thread that runs it.
#[inline(always)]
unsafe fn on_signal(
    info: *mut c_void,
    context: *mut c_void,
    push: impl Fn(&Ring<CAPACITY, REST>, &Entry<REST>) -> bool,
) {
    // SAFETY: the kernel passes a complete siginfo on the signal frame (`copy_siginfo_to_user` clears what the signal
    // does not use), aligned and larger than the words read. They are plain integers; the first, whose low half is
    // `si_signo`, is not 0, since signal 0 is never delivered (`kill(2)`).
    let high = push(&RING, unsafe { &*info.cast::<Entry<REST>>() });
    if high {
        // Ordering: Relaxed; `add_handled` has added each signal before the kernel could run this for it.
        let handled = HANDLED.load(Ordering::Relaxed);
        // SAFETY: the kernel passes the ucontext of the frame that sigreturn will restore, writable and ours alone; its
        // signal mask begins with the kernel's 64-bit mask (`asm-generic/ucontext.h`), aligned as asserted above.
        unsafe {
            *ptr::addr_of_mut!((*context.cast::<libc::ucontext_t>()).uc_sigmask).cast::<u64>() |=
                handled;
        }
    }
}

type Handler = unsafe extern "C" fn(c_int, *mut c_void, *mut c_void);

const HANDLERS: &[Handler] = &[
    minitalk_on_signal,
    #[cfg(all(target_arch = "aarch64", not(target_feature = "lse")))]
    minitalk_on_signal_without_lse,
];

/// Returns the address of the handler for the CPUs of this machine.
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

/// Returns whether all CPUs have LSE, the atomic instructions of Armv8.1 (AT_HWCAP, `getauxval(3)`).
#[cfg(all(target_arch = "aarch64", not(target_feature = "lse")))]
fn has_lse() -> bool {
    // SAFETY: getauxval takes an integer and reads the auxiliary vector; it returns 0 for a missing entry.
    unsafe { libc::getauxval(libc::AT_HWCAP) & libc::HWCAP_ATOMICS != 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Compares with /proc/cpuinfo, which lists the features of each CPU.
    #[test]
    fn the_handler_matches_the_cpu() {
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

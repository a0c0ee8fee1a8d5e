//! Single-stepping: the x86 trap flag, and a SIGTRAP handler that runs at every instruction boundary.
//!
//! While the flag is set, the processor traps after each instruction and the kernel sends a SIGTRAP. The kernel clears the flag
//! on entry to a handler and restores it on return, so signal handlers run without stepping.
//!
//! `syscall` clears the flag as well, and the kernel returns with `iret`, which traps one instruction late: the boundary right
//! behind the system call would be skipped. Therefore a `syscall` is executed by `check_interrupt_syscall` below instead, with
//! the same registers and an `int3` behind it; that trap is the missing boundary.

use std::arch::{asm, global_asm};
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed};

use minitalk::{Signal, SignalSet};

const TRAP_FLAG: i64 = 0x100;
const SYSCALL: [u8; 2] = [0x0f, 0x05];

global_asm!(
    ".globl check_interrupt_syscall",
    "check_interrupt_syscall:",
    "syscall",
    "int3",
    ".globl check_interrupt_syscall_end",
    "check_interrupt_syscall_end:",
);

unsafe extern "C" {
    static check_interrupt_syscall: u8;
    static check_interrupt_syscall_end: u8;
}

/// The address behind the `syscall` that is executed by `check_interrupt_syscall`.
static RESUME: AtomicI64 = AtomicI64::new(0);
/// The function that is called at each boundary.
static VISIT: AtomicUsize = AtomicUsize::new(0);

/// The state at a boundary, for a visitor.
pub struct Boundary<'a>(&'a libc::ucontext_t);

impl Boundary<'_> {
    /// The address of the next instruction.
    #[must_use]
    pub fn address(&self) -> usize {
        self.register(libc::REG_RIP) as usize
    }

    /// The number of the system call that the next instruction makes, and whether it has no timeout and so can wait for ever.
    #[must_use]
    pub fn is_endless_wait(&self) -> bool {
        self.is_syscall()
            && self.register(libc::REG_RAX) == libc::SYS_ppoll
            && self.register(libc::REG_RDX) == 0
    }

    /// Returns whether the interrupted code has `signal` blocked.
    #[must_use]
    pub fn is_blocked(&self, signal: Signal) -> bool {
        // SAFETY: the set is part of the kernel's frame, initialised; the number is that of a signal.
        unsafe { libc::sigismember(&raw const self.0.uc_sigmask, signal.number()) == 1 }
    }

    /// Returns whether the next instruction is a system call.
    #[must_use]
    pub fn is_syscall(&self) -> bool {
        // SAFETY: the next instruction is about to be executed, so its first byte can be read; every instruction that
        // begins with 0x0f has a second byte.
        unsafe {
            let at = self.address() as *const u8;
            at.read() == SYSCALL[0] && at.add(1).read() == SYSCALL[1]
        }
    }

    fn register(&self, number: c_int) -> i64 {
        self.0.uc_mcontext.gregs[number as usize]
    }
}

/// What to do after a visit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Stop at the next boundary too.
    Step,
    /// Continue at full speed.
    Run,
}

/// Runs `region` and calls `visit` at each instruction boundary of it (and at a few behind it).
///
/// `visit` runs in a signal handler that may have interrupted any code, with the signals of minitalk blocked.
pub fn step<R>(visit: fn(&Boundary) -> Next, region: impl FnOnce() -> R) -> R {
    VISIT.store(visit as usize, Relaxed);
    install();
    // SAFETY: it changes the trap flag only, on a stack that it may use; with it set, our SIGTRAP handler runs at each
    // boundary, which leaves every register as it is. The first trap comes after the instruction behind `popfq`: a `nop`,
    // so that the region's first boundary is the one before all of it.
    unsafe { asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq", "nop") };
    let result = region();
    // SAFETY: likewise; here it clears the flag.
    unsafe { asm!("pushfq", "and qword ptr [rsp], -0x101", "popfq") };
    result
}

fn install() {
    let handler: extern "C" fn(c_int, *mut c_void, *mut c_void) = on_trap;
    // SAFETY: sigaction is a C struct of integers, a mask and an optional function pointer: all zeroes are valid.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = handler as libc::sighandler_t;
    action.sa_flags = libc::SA_SIGINFO;
    for signal in SignalSet::MINITALK.iter() {
        // SAFETY: all zeroes are an empty set, and it is ours alone; the number is that of a signal.
        unsafe { libc::sigaddset(&raw mut action.sa_mask, signal.number()) };
    }
    // SAFETY: the action lives for the whole call; the handler makes async-signal-safe calls only, and so do visitors.
    let result = unsafe { libc::sigaction(libc::SIGTRAP, &raw const action, ptr::null_mut()) };
    assert_eq!(result, 0);
}

extern "C" fn on_trap(_: c_int, _: *mut c_void, context: *mut c_void) {
    // SAFETY: __errno_location returns the address of this thread's errno.
    let errno = unsafe { *libc::__errno_location() };
    // SAFETY: the kernel passes the ucontext of the frame that sigreturn will restore, writable and ours alone.
    let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    let (elsewhere, end) = (
        (&raw const check_interrupt_syscall) as i64,
        (&raw const check_interrupt_syscall_end) as i64,
    );
    if context.uc_mcontext.gregs[libc::REG_RIP as usize] == end {
        context.uc_mcontext.gregs[libc::REG_RIP as usize] = RESUME.load(Relaxed);
        context.uc_mcontext.gregs[libc::REG_EFL as usize] |= TRAP_FLAG;
    }
    if context.uc_mcontext.gregs[libc::REG_EFL as usize] & TRAP_FLAG == 0 {
        // The instruction before cleared the flag: the region has ended.
        return;
    }
    // SAFETY: only `step` stores here, and it stores such a function.
    let visit: fn(&Boundary) -> Next = unsafe { std::mem::transmute(VISIT.load(Relaxed)) };
    let boundary = Boundary(context);
    let (next, is_syscall) = (visit(&boundary), boundary.is_syscall());
    if next == Next::Run || is_syscall {
        context.uc_mcontext.gregs[libc::REG_EFL as usize] &= !TRAP_FLAG;
    }
    if next == Next::Step && is_syscall {
        let behind = context.uc_mcontext.gregs[libc::REG_RIP as usize] + SYSCALL.len() as i64;
        RESUME.store(behind, Relaxed);
        context.uc_mcontext.gregs[libc::REG_RIP as usize] = elsewhere;
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

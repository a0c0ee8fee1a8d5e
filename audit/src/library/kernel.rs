//! System calls of the program's own code.

use super::blocks::touched_bytes;
use crate::explore::Explorer;
use crate::finding::{Kind, Weight};
use crate::frame::Frame;
use crate::libc;
use crate::state::{ARGUMENTS, Errno, State};
use crate::value::{Base, Value};

impl Explorer<'_> {
    /// Applies the effects of a system call by number.
    pub fn system_call(
        &mut self,
        frame: &mut Frame,
        at: u64,
        number: &Value,
        arguments: &[Value; 6],
        state: &mut State,
    ) {
        const PRIVATE_OR_CLOCK: i64 = 128 | 256;
        const RT_SIGACTION: i64 = 13;
        const RT_SIGPROCMASK: i64 = 14;
        const WRITE: i64 = 1;
        const PWRITE: i64 = 18;
        const WRITEV: i64 = 20;
        const FUTEX: i64 = 202;
        const RT_SIGSUSPEND: i64 = 130;
        match number.number() {
            Some(RT_SIGPROCMASK) => self.note_mask(frame, at, "sigprocmask", arguments, state),
            Some(RT_SIGSUSPEND) => self.note_mask(frame, at, "sigsuspend", arguments, state),
            Some(number) => {
                if number == WRITE {
                    self.note_pass(frame, at, &arguments[1], &arguments[2], None);
                }
                let name = crate::given::of_system_call(number);
                self.gives(frame, at, name, arguments, state);
            }
            None => {}
        }
        self.stores_of_kernel(frame, at, number, arguments, state);
        if matches!(number.number(), None | Some(RT_SIGACTION)) {
            state.defaulted = None;
            state.is_ending = false;
        }
        let is_wake = arguments[1]
            .number()
            .is_some_and(|op| op & !PRIVATE_OR_CLOCK == 1);
        match number.number() {
            Some(15) => frame.find(
                Kind::SystemCall,
                Weight::Fault,
                at,
                "returns from a signal (rt_sigreturn) by itself",
            ),
            // Waiting on a futex amounts to taking a lock; waking others does not.
            Some(FUTEX) if !is_wake => frame.find(
                Kind::SystemCall,
                Weight::Fault,
                at,
                "makes system call 202 (futex) and is not shown only to wake others: what it waits for may be what it interrupted",
            ),
            Some(10 | 11 | 12 | 25) => frame.find(
                Kind::SystemCall,
                Weight::Fault,
                at,
                "changes the memory that what was interrupted works on (mprotect, munmap, brk, mremap)",
            ),
            // No list has these calls, but they take no lock and change no state of the program.
            Some(FUTEX | WRITEV | PWRITE) => {}
            Some(number) if libc::is_permitted_call(number) => {}
            Some(number) => frame.doubt(
                Kind::SystemCall,
                at,
                format!("makes system call {number}, whose function no list has"),
                "the number in a policy",
            ),
            None => frame.doubt(
                Kind::SystemCall,
                at,
                "makes a system call whose number is not known",
                "a number that can be seen",
            ),
        }
    }

    /// Checks the kernel's stores through the arguments of a system call, and forgets the old content of that memory.
    fn stores_of_kernel(
        &mut self,
        frame: &mut Frame,
        at: u64,
        number: &Value,
        arguments: &[Value; 6],
        state: &mut State,
    ) {
        let name = number.number().map_or("", libc::of_system_call);
        if name == "recvmsg" {
            self.received(frame, at, &arguments[1], state);
        }
        let mut called = state.clone();
        for (register, argument) in ARGUMENTS.into_iter().zip(arguments) {
            called.registers[register] = argument.clone();
        }
        for touched in libc::touches(name) {
            if self.watch.is_none() {
                self.touched(frame, at, name, *touched, &called);
            }
            let to = &arguments[touched.argument];
            if touched.writes && to.base == Base::Errno {
                state.errno = Errno::Changed;
                let cause = || (at, name.to_owned());
                frame.errno_cause.get_or_insert_with(cause);
            }
            if touched.writes && to.base == Base::Stack {
                let length = touched_bytes(touched.size, &called);
                let most = (length.base == Base::Num && length.lo >= 0).then_some(length.hi);
                let end = to.hi.saturating_add(most.unwrap_or(i64::MAX / 4));
                match to.exact().is_some() && length.exact().is_some() {
                    true => state.forget(to.lo, end),
                    false => state.forget_some(to.lo, end),
                }
                frame.clobber(to.lo, end);
                frame.touches_stack(at, to.lo, end, true);
            }
        }
    }
}

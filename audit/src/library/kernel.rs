//! System calls of the program's own code.

use crate::explore::Explorer;
use crate::finding::{Kind, Weight};
use crate::frame::Frame;
use crate::libc;
use crate::state::State;
use crate::value::Value;

impl Explorer<'_> {
    /// Applies the effects of a system call by number; `second` is its second argument.
    pub fn system_call(
        &mut self,
        frame: &mut Frame,
        at: u64,
        number: &Value,
        arguments: &[Value; 3],
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
            // Waiting is what a lock does; waking is not.
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
            // No list has them, but they lock nothing and change nothing that is the program's.
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
}

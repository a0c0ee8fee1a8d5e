//! Records calls that may install a handler, while handlers are searched for.

use crate::address::in_image;
use crate::callee::Callee;
use crate::explore::{Explorer, Hit};
use crate::frame::Frame;
use crate::libc;
use crate::state::{ARGUMENTS, State};
use crate::value::{Base, Value};

impl Explorer<'_> {
    pub fn record(&mut self, at: u64, callee: &Callee, state: &State) {
        if !self.is_outermost() {
            return;
        }
        let Some(watch) = &mut self.watch else { return };
        let wanted = match callee {
            Callee::Code(image, target) => watch.functions.contains(&(*image, *target)),
            Callee::Libc(name) | Callee::Missing(name, _) => {
                libc::installs(name) || libc::plain(name) == "syscall"
            }
            Callee::Changing(..) | Callee::Wrong(_) | Callee::Unknown(_) => false,
        };
        if wanted && watch.hits.len() < 20_000 {
            watch.hits.push(Hit {
                at,
                callee: callee.clone(),
                state: state.clone(),
            });
        }
    }

    /// Notes a system call as a call of the C library's `syscall`, which takes the number before the other arguments.
    pub fn record_system_call(&mut self, at: u64, number: Value, state: &State) {
        if self.watch.is_none() {
            return;
        }
        let mut called = state.clone();
        let arguments = [7, 6, 2, 10, 8].map(|n: usize| state.registers[n].clone());
        let all = std::iter::once(number).chain(arguments);
        for (register, value) in ARGUMENTS.into_iter().zip(all) {
            called.registers[register] = value;
        }
        self.record(at, &Callee::Libc("syscall".into()), &called);
    }

    /// Records that the C library stores an old handler through a pointer.
    pub fn pointers_to_structs(&mut self, frame: &Frame, name: &str, state: &State) {
        let to = in_image(frame, state.registers[2].clone());
        if libc::takes_struct(name)
            && let Base::Image(image) = to.base
            && let Some(at) = to.exact()
        {
            self.index.note_old_action(image, at.cast_unsigned());
        }
    }
}

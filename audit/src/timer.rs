//! Timers that the kernel has no part in: the C library makes a thread for each that is to call a function.

use crate::state::{ARGUMENTS, State};
use crate::value::Base;

/// Returns whether a call has the C library make a thread, for which it allocates.
pub fn makes_thread(name: &str, state: &State) -> bool {
    // Where the sigevent says how to notify.
    const NOTIFY: i64 = 12;
    const SIGEV_THREAD: i64 = 2;
    let event = &state.registers[ARGUMENTS[1]];
    name == "timer_create"
        && event.base == Base::Stack
        && state.load_slot(&event.moved(NOTIFY), 4).number() == Some(SIGEV_THREAD)
}

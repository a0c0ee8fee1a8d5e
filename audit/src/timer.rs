//! Recognises timers that the C library implements by itself: it starts a thread for each timer that is to call a function.

use crate::state::{ARGUMENTS, State};
use crate::value::Base;

/// Returns whether a call makes the C library start a thread, for which it allocates memory.
pub fn makes_thread(name: &str, state: &State) -> bool {
    // The offset in the sigevent of the field that says how to notify.
    const NOTIFY: i64 = 12;
    const SIGEV_THREAD: i64 = 2;
    let event = &state.registers[ARGUMENTS[1]];
    name == "timer_create"
        && event.base == Base::Stack
        && state.load_slot(&event.moved(NOTIFY), 4).number() == Some(SIGEV_THREAD)
}

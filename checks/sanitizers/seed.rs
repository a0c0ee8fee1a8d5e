//! Handlers with a seeded fault that a sanitizer must find; `sanitizers.sh` compiles them with one of its flags.
#![cfg_attr(seed_realtime, feature(sanitize))]
use std::hint::black_box;

#[cfg(seed_realtime)]
#[sanitize(realtime = "nonblocking")]
extern "C" fn on_signal(_: i32) {
    black_box(vec![1u8; black_box(100)]);
}

#[cfg(not(seed_realtime))]
extern "C" fn on_signal(_: i32) {
    let ring = Box::new([0u8; 8]);
    // SAFETY: none; one past the end is the fault.
    black_box(unsafe { *ring.as_ptr().add(black_box(8)) });
}

unsafe extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
    fn raise(number: i32) -> i32;
}

fn main() {
    // SAFETY: the handler has the signature that signal asks for.
    unsafe {
        signal(10, on_signal);
        raise(10);
    }
}

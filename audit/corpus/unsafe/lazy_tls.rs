// truth: unsafe: a thread_local with a destructor is made at first use
use std::cell::RefCell;
thread_local! { static SEEN: RefCell<Vec<i32>> = const { RefCell::new(Vec::new()) }; }
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn on_signal(n: i32) { SEEN.with(|seen| seen.borrow_mut().clear()); if n == 99 { SEEN.with(|seen| drop(seen.take())); } }
fn main() { unsafe { signal(10, on_signal as extern "C" fn(i32) as usize); loop { pause(); SEEN.with(|seen| seen.borrow_mut().push(1)); } } }

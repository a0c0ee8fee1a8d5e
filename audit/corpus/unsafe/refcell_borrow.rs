// truth: unsafe: a RefCell of the thread is borrowed, and what it has grows: a panic or an allocation in the handler
use std::cell::RefCell;
unsafe extern "C" { fn signal(s: i32, f: extern "C" fn(i32)) -> usize; fn pause() -> i32; }
thread_local! { static SEEN: RefCell<Vec<i32>> = const { RefCell::new(Vec::new()) }; }
extern "C" fn handler(s: i32) { SEEN.with(|seen| seen.borrow_mut().push(s)); }
fn main() { unsafe { signal(10, handler); loop { pause(); } } }

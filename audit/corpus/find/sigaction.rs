// truth: find: sigaction with a structure that is built from a function's argument
use std::sync::atomic::{AtomicI32, Ordering};
static F: AtomicI32 = AtomicI32::new(0);
#[repr(C)] struct Sigaction { handler: usize, mask: [u64; 16], flags: i32, restorer: usize }
unsafe extern "C" { fn sigaction(n: i32, new: *const Sigaction, old: *mut Sigaction) -> i32; fn pause() -> i32; }
extern "C" fn good(n: i32) { F.store(n, Ordering::Relaxed); }
extern "C" fn bad(n: i32) { println!("{n}"); }
#[inline(never)] fn install(n: i32, h: extern "C" fn(i32)) { let sa = Sigaction { handler: h as usize, mask: [0; 16], flags: 0, restorer: 0 }; assert!(unsafe { sigaction(n, &sa, std::ptr::null_mut()) } == 0); }
fn main() { install(2, good); install(15, bad); loop { unsafe { pause(); } } }

// truth: safe: a bit for each signal in one atomic word
use std::sync::atomic::{AtomicU64, Ordering};
static PENDING: AtomicU64 = AtomicU64::new(0);
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn on_signal(number: i32) { PENDING.fetch_or(1 << (number as u32 & 63), Ordering::SeqCst); }
fn main() { unsafe { for number in [1, 2, 15] { signal(number, on_signal as extern "C" fn(i32) as usize); } loop { pause(); if PENDING.swap(0, Ordering::SeqCst) & (1 << 15) != 0 { break; } } } }

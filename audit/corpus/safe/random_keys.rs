// truth: safe: stores a flag; the program uses a hash map, whose keys come from a system call through a register
// expect: pass
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

static CAME: AtomicBool = AtomicBool::new(false);

extern "C" fn on_signal(_: i32) {
    CAME.store(true, Ordering::Relaxed);
}

unsafe extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
    fn pause() -> i32;
}

fn main() {
    let mut counts: HashMap<String, usize> = HashMap::new();
    unsafe { signal(10, on_signal) };
    for word in std::env::args() {
        *counts.entry(word).or_default() += 1;
    }
    while !CAME.load(Ordering::Relaxed) {
        unsafe { pause() };
    }
    println!("{}", counts.len());
}

// truth: unsafe: sends by a channel, which allocates
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
static TO: OnceLock<Sender<i32>> = OnceLock::new();
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn on_signal(number: i32) { if let Some(to) = TO.get() { let _ = to.send(number); } }
fn main() { let (to, from) = channel(); let _ = TO.set(to); unsafe { signal(10, on_signal as extern "C" fn(i32) as usize); pause(); } println!("{:?}", from.recv()); }

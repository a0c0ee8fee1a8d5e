// truth: safe: calls a trait object that was chosen at the start: one stores into its atomic, the other does nothing
use std::sync::atomic::{AtomicU32, Ordering};
unsafe extern "C" {
    fn signal(n: i32, h: usize) -> usize;
    fn raise(n: i32) -> i32;
}
trait Note: Sync { fn note(&self, sig: i32); }
struct Last(AtomicU32);
struct Nothing;
static IGNORED: AtomicU32 = AtomicU32::new(0);
impl Note for Last { fn note(&self, sig: i32) { self.0.store(sig as u32, Ordering::SeqCst); } }
impl Note for Nothing { fn note(&self, _: i32) { IGNORED.fetch_add(1, Ordering::SeqCst); } }
static LAST: Last = Last(AtomicU32::new(0));
static NOTHING: Nothing = Nothing;
static NOTES: [&dyn Note; 2] = [&LAST, &NOTHING];
static CHOSEN: AtomicU32 = AtomicU32::new(0);
extern "C" fn handler(sig: i32) {
    NOTES[CHOSEN.load(Ordering::SeqCst) as usize & 1].note(sig);
}
fn main() {
    CHOSEN.store(std::env::args().count() as u32, Ordering::SeqCst);
    unsafe {
        signal(10, handler as *const () as usize);
        raise(10);
    }
    assert!(LAST.0.load(Ordering::SeqCst) + IGNORED.load(Ordering::SeqCst) > 0);
}

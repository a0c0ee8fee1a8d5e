//! What the ring's atomics are here. The cursors and the claim are loom's. A slot's words are stricter than atomics.

pub use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use loom::cell::UnsafeCell;
use loom::sync::atomic::AtomicU64;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64 as Plain;

/// A word that may only be accessed as if it were not atomic: every write ordered, by happens-before, with every other
/// access. Then there is exactly one value that a read can return, and loom need not branch for it.
pub struct Word {
    accesses: Accesses,
    value: Plain,
}

impl Word {
    /// A word that is 0.
    pub fn new() -> Self {
        Self {
            accesses: Accesses::new(),
            value: Plain::new(0),
        }
    }

    /// Writes.
    #[track_caller]
    pub fn store(&self, value: u64, ordering: Ordering) {
        assert_eq!(ordering, Ordering::Relaxed);
        self.accesses.write();
        self.value.store(value, Ordering::Relaxed);
    }

    /// Reads.
    #[track_caller]
    pub fn load(&self, ordering: Ordering) -> u64 {
        assert_eq!(ordering, Ordering::Relaxed);
        self.accesses.read();
        self.value.load(Ordering::Relaxed)
    }
}

/// A slot's tag: read by whoever likes, at any time; but its writes are ordered among themselves, and alternate between
/// filling and freeing.
pub struct Tag {
    writes: Accesses,
    written: Plain,
    value: AtomicU64,
}

impl Tag {
    /// The tag of a free slot.
    pub fn new() -> Self {
        Self {
            writes: Accesses::new(),
            written: Plain::new(0),
            value: AtomicU64::new(0),
        }
    }

    /// Writes.
    #[track_caller]
    pub fn store(&self, value: u64, ordering: Ordering) {
        self.writes.write();
        let before = self.written.swap(value, Ordering::Relaxed);
        assert_ne!(before == 0, value == 0, "overrun: the slot was not free");
        self.value.store(value, ordering);
    }

    /// Reads.
    pub fn load(&self, ordering: Ordering) -> u64 {
        self.value.load(ordering)
    }
}

/// Loom's race detector without the data. It never blocks: loom runs one thread at a time, and does not switch inside.
struct Accesses(Mutex<UnsafeCell<()>>);

impl Accesses {
    fn new() -> Self {
        Self(Mutex::new(UnsafeCell::new(())))
    }

    #[track_caller]
    fn write(&self) {
        let cell = self
            .0
            .try_lock()
            .expect("loom does not switch threads here");
        cell.with_mut(|_| ());
    }

    #[track_caller]
    fn read(&self) {
        let cell = self
            .0
            .try_lock()
            .expect("loom does not switch threads here");
        cell.with(|_| ());
    }
}

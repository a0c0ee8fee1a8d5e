//! Replacements of the ring's atomics. The cursors and the claim are loom's; the words of a slot are stricter than atomics.

pub use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use loom::cell::UnsafeCell;
use loom::sync::atomic::AtomicU64;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64 as Plain;

/// A word that must be accessed as if it were not atomic: happens-before orders every write with every other access. Then a
/// read can return exactly one value, and loom need not branch for it.
pub struct Word {
    accesses: Accesses,
    value: Plain,
}

impl Word {
    /// Returns a word of 0.
    pub fn new() -> Self {
        Self {
            accesses: Accesses::new(),
            value: Plain::new(0),
        }
    }

    /// Stores a value.
    #[track_caller]
    pub fn store(&self, value: u64, ordering: Ordering) {
        assert_eq!(ordering, Ordering::Relaxed);
        self.accesses.write();
        self.value.store(value, Ordering::Relaxed);
    }

    /// Loads the value.
    #[track_caller]
    pub fn load(&self, ordering: Ordering) -> u64 {
        assert_eq!(ordering, Ordering::Relaxed);
        self.accesses.read();
        self.value.load(Ordering::Relaxed)
    }
}

/// A slot's tag, which any thread may read at any time. Its writes must be ordered among themselves, and alternate between
/// filling and freeing.
pub struct Tag {
    writes: Accesses,
    written: Plain,
    value: AtomicU64,
}

impl Tag {
    /// Returns the tag of a free slot.
    pub fn new() -> Self {
        Self {
            writes: Accesses::new(),
            written: Plain::new(0),
            value: AtomicU64::new(0),
        }
    }

    /// Stores a tag.
    #[track_caller]
    pub fn store(&self, value: u64, ordering: Ordering) {
        self.writes.write();
        let before = self.written.swap(value, Ordering::Relaxed);
        assert_ne!(before == 0, value == 0, "overrun: the slot was not free");
        self.value.store(value, ordering);
    }

    /// Loads the tag.
    pub fn load(&self, ordering: Ordering) -> u64 {
        self.value.load(ordering)
    }
}

/// Loom's race detector without data. It never blocks, because loom runs one thread at a time and does not switch inside.
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

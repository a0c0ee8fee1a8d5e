//! Hands items to a thread through a bounded queue, where the receiving side may be slow or stuck: messages, notes, lines of a
//! trace.
//!
//! ```text
//! push ──► as many items as there is room for ──► the thread's function, one item at a time
//!   └────► full: counted, until the thread has taken all items before the gap and the count itself
//! ```

use std::boxed::Box;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_queue::ArrayQueue;

use crate::ffi;

/// Limits items that may be left out: notes, and lines of a trace.
pub const LIMIT: usize = 1024;

/// Gives the bytes of a thread's stack, as many as the standard library does.
const STACK: usize = 2 << 20;

/// Limits the bytes that a thread needs beside its stack when it starts: a queue, and what the standard library allocates.
const MARGIN: usize = 256 << 10;

/// Hands items to a function on a thread of its own. A drop lets the thread process what waits, without waiting for that.
#[derive(Debug)]
pub struct Background<T> {
    shared: Arc<Queue<T>>,
    /// Holds the thread until it is joined.
    thread: Option<JoinHandle<()>>,
}

/// Is an item of a [`Background`]'s queue, or a gap in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<T> {
    /// Hands over the next item.
    Next(T),
    /// Counts the items that are missing here, because there was no room.
    Missing(u64),
}

#[derive(Debug)]
struct Queue<T> {
    waiting: ArrayQueue<T>,
    missing: AtomicU64,
    closing: AtomicBool,
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct QueueState {
    has_ended: bool,
    /// Counts the threads that wait for room.
    waiting: u32,
}

impl<T: Send + 'static> Background<T> {
    /// Starts the thread, with room for `limit` items. It inherits the caller's signal mask: block what it must not receive.
    pub fn start(
        name: &str,
        limit: usize,
        function: impl FnMut(Item<T>) + Send + 'static,
    ) -> io::Result<Self> {
        // Otherwise the queue may not fit, which aborts.
        ffi::check_room(STACK + MARGIN)?;
        let shared = Arc::new(Queue {
            waiting: ArrayQueue::new(limit),
            missing: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let run = {
            let shared = Arc::clone(&shared);
            move || {
                let _end = OnDrop(|| {
                    lock(&shared.state).has_ended = true;
                    shared.changed.notify_all();
                });
                shared.run(function);
            }
        };
        let thread = spawn(name, None, Box::new(run))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Hands over an item, or counts it as missing if there is no room. Never blocks.
    ///
    /// # Errors
    /// Returns the item that was counted.
    pub fn push(&self, item: T) -> Result<(), T> {
        let pushed = self.offer(item);
        if pushed.is_err() {
            // Ordering: Release pairs with the Acquire in `run`: the thread then sees what was pushed before the gap.
            self.shared.missing.fetch_add(1, Ordering::Release);
        }
        pushed
    }

    /// Blocks until there is room, and hands over an item.
    ///
    /// # Errors
    /// Returns the item if the thread has ended.
    pub fn push_waiting(&self, mut item: T) -> Result<(), T> {
        let mut state = lock(&self.shared.state);
        while !state.has_ended {
            match self.offer(item) {
                Ok(()) => return Ok(()),
                Err(back) => item = back,
            }
            state.waiting += 1;
            let woken = self.shared.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        Err(item)
    }

    fn offer(&self, item: T) -> Result<(), T> {
        // Ordering: Relaxed; to see the thread's 0 late loses one item more.
        let has_gap = self.shared.missing.load(Ordering::Relaxed) > 0;
        let pushed = if has_gap {
            Err(item)
        } else {
            self.shared.waiting.push(item)
        };
        self.wake();
        pushed
    }

    /// Ends the thread once it has processed what waits. Blocks until then, for `limit` at most; returns whether it has ended.
    pub fn finish(&self, limit: Option<Duration>) -> bool {
        self.close();
        let limit = limit.unwrap_or(Duration::MAX);
        let waits = |state: &mut QueueState| !state.has_ended;
        let Queue { state, changed, .. } = &*self.shared;
        let wait = changed.wait_timeout_while(lock(state), limit, waits);
        wait.unwrap_or_else(PoisonError::into_inner).0.has_ended
    }
}

impl<T> Background<T> {
    /// Ends the thread once it has processed what waits, and blocks until it has ended.
    pub fn join(mut self) {
        self.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    fn close(&self) {
        // Ordering: Release pairs with the Acquire in `run`: the thread then sees every item pushed before.
        self.shared.closing.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl<T> Drop for Background<T> {
    fn drop(&mut self) {
        self.close();
    }
}

/// Starts a thread, which inherits the caller's signal mask. `stack` is the size of its stack in bytes, if not the default.
///
/// The function is boxed because the standard library adds a kilobyte of code for each type of function.
pub fn spawn(
    name: &str,
    stack: Option<usize>,
    function: Box<dyn FnOnce() + Send>,
) -> io::Result<JoinHandle<()>> {
    let stack = stack.unwrap_or(STACK);
    // Without memory for its signal stack a new thread panics, and the program aborts.
    ffi::check_room(stack + MARGIN)?;
    let builder = thread::Builder::new().name(name.into());
    builder.stack_size(stack).spawn(function)
}

/// Runs the function when dropped, by a panic too.
pub struct OnDrop<F: FnMut()>(pub F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        self.0();
    }
}

/// Locks a state. No code that holds such a lock can panic, so a poisoned one guards a consistent state.
pub fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Queue<T> {
    fn run(&self, mut function: impl FnMut(Item<T>)) {
        loop {
            // Ordering: Acquire pairs with the Release in `close`. Read before the queue is found empty.
            let closing = self.closing.load(Ordering::Acquire);
            // Ordering: Acquire pairs with the Release in `push`. Read before the queue is found empty, so that all that was
            // pushed before the gap is out of it.
            let has_gap = self.missing.load(Ordering::Acquire) > 0;
            if let Some(item) = self.waiting.pop() {
                self.tell_of_room();
                function(Item::Next(item));
            } else if has_gap {
                // Ordering: Relaxed; a count. The queue is empty, and nothing is pushed into it before this.
                let count = self.missing.swap(0, Ordering::Relaxed);
                self.tell_of_room();
                function(Item::Missing(count));
            } else if closing {
                return;
            } else {
                thread::park();
            }
        }
    }

    /// Wakes the threads that wait for room. They look for it under the lock, so that none misses this.
    fn tell_of_room(&self) {
        if lock(&self.state).waiting > 0 {
            self.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_stuck_thread_loses_items_and_blocks_nobody() {
        let (go, wait) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let queue = Background::start("test", LIMIT, move |item| {
            let _ = wait.recv();
            tell.send(item).unwrap();
        })
        .unwrap();
        let count = 3 * LIMIT as u64;
        let lost = (0..count).filter(|n| queue.push(*n).is_err()).count() as u64;
        assert!(lost >= count - LIMIT as u64 - 1);
        drop(go);
        let taken = count - lost;
        for n in 0..taken {
            assert_eq!(told.recv().unwrap(), Item::Next(n));
        }
        assert_eq!(told.recv().unwrap(), Item::Missing(lost));
        while queue.push(7).is_err() {}
        assert!(queue.finish(None));
        assert!(told.into_iter().any(|item| item == Item::Next(7)));
    }

    #[test]
    fn a_push_that_waits_goes_on_with_the_first_room_or_the_end() {
        let (go, wait) = mpsc::channel::<()>();
        let queue = Background::start("test", 1, move |item| {
            if wait.recv().is_err() || item == Item::Next(3) {
                panic!("ends the thread");
            }
        })
        .unwrap();
        thread::scope(|scope| {
            let pushes = scope.spawn(|| [1, 2, 3, 4, 5].map(|n| queue.push_waiting(n)));
            for _ in 0..3 {
                go.send(()).unwrap();
            }
            let pushed = pushes.join().unwrap();
            assert_eq!(pushed[..3], [Ok(()); 3]);
            assert_eq!(pushed[4], Err(5));
        });
        assert!(queue.finish(None));
    }

    #[test]
    fn finish_gives_up_a_stuck_thread_after_the_limit() {
        let (go, wait) = mpsc::channel::<()>();
        let stuck = move |_: Item<()>| {
            let _ = wait.recv();
        };
        let queue = Background::start("test", LIMIT, stuck).unwrap();
        queue.push(()).unwrap();
        assert!(!queue.finish(Some(Duration::from_millis(20))));
        drop(go);
    }
}

//! Decides whether several threads may run a handler: a call that blocks its signals does so for one thread only.

use crate::apart::{CPP_THREAD, THREADS};
use crate::hash::Set;
use crate::image::Image;
use crate::index::Index;
use crate::mask::Signals;

impl Index {
    /// Returns whether the program starts a thread where one of the signals is not believed to be blocked. The signal may then come
    /// on that thread, because a thread begins with the mask of the thread that starts it.
    pub fn may_run_on_threads(&mut self, number: u16, image: &Image, signals: Signals) -> bool {
        if let Some(known) = self.on_threads.get(&(number, signals)) {
            return *known;
        }
        let found = self.starts_thread(number, image, signals);
        self.on_threads.insert((number, signals), found);
        found
    }

    /// Returns whether the program starts a thread, which may read data at any time.
    pub fn has_threads(&mut self, number: u16, image: &Image) -> bool {
        !self.thread_starts(number, image).is_empty()
    }

    /// Returns the calls of the program that start a thread.
    fn thread_starts(&mut self, number: u16, image: &Image) -> Vec<u64> {
        let tables = self.of(number, image);
        let of_cpp = tables
            .outside
            .iter()
            .filter(|(name, _)| name.starts_with(CPP_THREAD));
        let of_cpp = of_cpp.flat_map(|(_, sites)| sites).copied();
        let all = tables.calls_of(image, &THREADS).into_iter().chain(of_cpp);
        all.filter(|at| !image.is_behind_libc(*at)).collect()
    }

    fn starts_thread(&mut self, number: u16, image: &Image, signals: Signals) -> bool {
        let mut todo = self.thread_starts(number, image);
        let mut seen = Set::default();
        while let Some(at) = todo.pop() {
            let Some((start, _)) = image.function_at(at) else {
                continue;
            };
            if self.is_blocked(number, image, at, signals) || !seen.insert(start) {
                continue;
            }
            let tables = self.of(number, image);
            let is_exported = image.is_library && image.exports.values().any(|at| *at == start);
            if tables.is_main(image, start) || tables.taken.contains_key(&start) || is_exported {
                return true;
            }
            let callers = tables.callers.get(&start);
            todo.extend(callers.into_iter().flatten());
        }
        false
    }
}

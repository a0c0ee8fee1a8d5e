//! The CPUs that a thread may run on (`sched_setaffinity(2)`).

use alloc::vec;
use alloc::vec::Vec;
use core::mem::size_of;

use super::Errno;
use super::errno::check;

/// A set of CPUs: a bit for each, in words as the kernel has them (`sched_setaffinity(2)`), as many as it takes.
#[derive(Clone)]
pub struct CpuSet(Vec<u64>);

impl CpuSet {
    /// Returns the set of this one alone.
    #[must_use]
    pub fn only(cpu: usize) -> Self {
        let mut words = vec![0; cpu / 64 + 1];
        words[cpu / 64] = 1 << (cpu % 64);
        Self(words)
    }

    /// Returns those that this thread may run on; none where the kernel does not say.
    #[must_use]
    pub fn allowed() -> Self {
        // As many as a `cpu_set_t` has. A kernel that may have more CPUs refuses a smaller set than its own.
        Self::allowed_in(16)
    }

    /// Asks with room for `words` times 64 CPUs, and with twice as many each time that this is not enough.
    fn allowed_in(mut words: usize) -> Self {
        const MOST: usize = 1 << 14;
        while words <= MOST {
            let mut set = vec![0u64; words];
            // SAFETY: the words live for the whole call and the size is theirs; 0 is the calling thread.
            let asked = check(unsafe {
                libc::sched_getaffinity(0, words * size_of::<u64>(), set.as_mut_ptr().cast())
            });
            match asked {
                Ok(_) => return Self(set),
                Err(Errno::INVALID) => words = (2 * words).max(1),
                Err(_) => break,
            }
        }
        Self(Vec::new())
    }

    /// Lets this thread run on these and no others, and moves it if need be. Returns whether the kernel did.
    pub fn apply(&self) -> bool {
        let size = size_of_val(&self.0[..]);
        // SAFETY: the words live for the whole call and the size is theirs; 0 is the calling thread.
        check(unsafe { libc::sched_setaffinity(0, size, self.0.as_ptr().cast()) }).is_ok()
    }

    /// Returns whether this CPU is one of them.
    #[must_use]
    pub fn contains(&self, cpu: usize) -> bool {
        let word = self.0.get(cpu / 64);
        word.is_some_and(|word| word >> (cpu % 64) & 1 != 0)
    }

    /// Returns how many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The number of the CPU that comes next after `cpu`, and after the last the first, `cpu` itself excepted.
    fn next_after(&self, cpu: usize) -> Option<usize> {
        let limit = 64 * self.0.len();
        let mut others = (cpu + 1..limit).chain(0..cpu.min(limit));
        others.find(|other| self.contains(*other))
    }
}

/// The CPU on which this thread runs (`sched_getcpu(3)`), for as long as the answer lasts.
#[must_use]
pub fn this_cpu() -> Option<usize> {
    // SAFETY: sched_getcpu takes nothing and touches no memory of ours.
    usize::try_from(unsafe { libc::sched_getcpu() }).ok()
}

/// Moves this thread to the next CPU that it may run on, and leaves it free to be moved again. Does nothing where there is
/// only one, or where the kernel objects. Somebody else's change of the affinity in the same instant is undone.
pub fn migrate() {
    let Some(here) = this_cpu() else {
        return;
    };
    let allowed = CpuSet::allowed();
    if let Some(next) = allowed.next_after(here) {
        CpuSet::only(next).apply();
        allowed.apply();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel refuses a set that is smaller than its own, as one of 1,024 CPUs is where there may be more.
    #[test]
    fn a_set_of_cpus_grows_until_it_is_large_enough() {
        let grown = CpuSet::allowed_in(0);
        assert!(grown.count() > 0);
        assert_eq!(grown.count(), CpuSet::allowed().count());
        let far = CpuSet::only(5000);
        assert!(far.contains(5000) && !far.contains(4999) && far.count() == 1);
        assert_eq!(
            (far.next_after(4000), far.next_after(5000)),
            (Some(5000), None)
        );
        assert_eq!(far.next_after(9000), Some(5000));
    }
}

//! Sets and reads the CPUs that a thread may run on (`sched_setaffinity(2)`).

use alloc::vec;
use alloc::vec::Vec;
use core::mem::size_of;

use super::Errno;
use super::errno::check;
use crate::process::pid::Pid;

/// Is the size of a `cpu_set_t` in words. A kernel that may have more CPUs rejects a smaller set than its own (EINVAL).
const WORDS: usize = 16;

/// Holds a set of CPUs as the kernel does, one bit a CPU in 64-bit words (`sched_setaffinity(2)`).
#[derive(Clone)]
pub struct CpuSet(Vec<u64>);

impl CpuSet {
    /// Returns the set that contains `cpu` alone.
    pub fn only(cpu: usize) -> Self {
        let mut words = vec![0; cpu / 64 + 1];
        words[cpu / 64] = 1 << (cpu % 64);
        Self(words)
    }

    /// Returns the CPUs that this thread may run on; an empty set if the kernel does not tell.
    pub fn allowed() -> Self {
        Self::read(0, WORDS)
    }

    /// Returns the CPUs that the first thread of the process `pid` may run on; an empty set if the kernel does not tell.
    pub fn allowed_to(pid: Pid) -> Self {
        Self::read(pid.get(), WORDS)
    }

    /// Asks the kernel with room for `words` times 64 CPUs, and doubles the room while it is too small.
    fn read(thread: libc::pid_t, mut words: usize) -> Self {
        const MOST: usize = 1 << 14;
        while words <= MOST {
            let mut set = vec![0u64; words];
            let size = words * size_of::<u64>();
            // SAFETY: the words live for the whole call and the size is theirs; the number of a thread is only looked up.
            let asked =
                check(unsafe { libc::sched_getaffinity(thread, size, set.as_mut_ptr().cast()) });
            match asked {
                Ok(_) => return Self(set),
                Err(Errno::INVALID) => words = (2 * words).max(1),
                Err(_) => break,
            }
        }
        Self(Vec::new())
    }

    /// Restricts this thread to these CPUs, and moves it if necessary. Returns whether the kernel did so.
    pub fn apply(&self) -> bool {
        let size = size_of_val(&self.0[..]);
        // SAFETY: the words live for the whole call and the size is theirs; 0 is the calling thread.
        check(unsafe { libc::sched_setaffinity(0, size, self.0.as_ptr().cast()) }).is_ok()
    }

    /// Returns whether the set contains `cpu`.
    pub fn contains(&self, cpu: usize) -> bool {
        let word = self.0.get(cpu / 64);
        word.is_some_and(|word| word >> (cpu % 64) & 1 != 0)
    }

    /// Returns the number of CPUs in the set.
    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Returns the CPUs that are in either set.
    #[must_use]
    pub fn union(mut self, other: &Self) -> Self {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
        self
    }

    /// Returns the next CPU of the set after `cpu`, cyclically; `None` if there is no other.
    fn next_after(&self, cpu: usize) -> Option<usize> {
        let limit = 64 * self.0.len();
        let mut others = (cpu + 1..limit).chain(0..cpu.min(limit));
        others.find(|other| self.contains(*other))
    }
}

/// Returns the CPU on which this thread runs at the moment (`sched_getcpu(3)`).
pub fn this_cpu() -> Option<usize> {
    // SAFETY: sched_getcpu takes nothing and touches no memory of ours.
    usize::try_from(unsafe { libc::sched_getcpu() }).ok()
}

/// Moves this thread to the next CPU that it may run on, and then lets it run on all of them again.
///
/// Does nothing if there is only one, or if the kernel refuses. Undoes a change of the affinity that another process makes
/// meanwhile.
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

    #[test]
    fn a_cpu_set_grows_until_the_kernel_accepts_it() {
        let grown = CpuSet::read(0, 0);
        assert!(grown.count() > 0);
        assert_eq!(grown.count(), CpuSet::allowed().count());
        let far = CpuSet::only(5000);
        assert!(far.contains(5000) && !far.contains(4999) && far.count() == 1);
        assert_eq!(
            (far.next_after(4000), far.next_after(5000)),
            (Some(5000), None)
        );
        assert_eq!(far.next_after(9000), Some(5000));
        let both = CpuSet::only(1).union(&far);
        assert!(both.contains(1) && both.contains(5000) && both.count() == 2);
        assert_eq!(far.clone().union(&far).count(), 1);
        let nobody = CpuSet::allowed_to(Pid::new(libc::pid_t::MAX).unwrap());
        assert_eq!(nobody.count(), 0);
    }
}

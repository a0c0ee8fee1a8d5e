//! Moves a client to the server's CPU. Two processes that sleep until the other wakes them are several times faster on one CPU.
//! On two CPUs each wake-up is an inter-processor interrupt to an idle CPU.

use crate::ffi::CpuSet;
use crate::process::pid::Pid;
use crate::process::proc;

/// Keeps this thread on the CPU of another process. When dropped, restores the CPUs that were allowed before.
pub struct AffinityFollower {
    allowed: CpuSet,
    on: Option<usize>,
}

impl AffinityFollower {
    /// Returns a follower that has not moved this thread yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            allowed: CpuSet::allowed(),
            on: None,
        }
    }

    /// Moves this thread to the CPU on which the process `pid` runs or last ran, if this thread may run there.
    pub fn follow(&mut self, pid: Pid) {
        let there = proc::cpu(pid).ok();
        let other = there.filter(|cpu| self.on != Some(*cpu) && self.allowed.contains(*cpu));
        if let Some(cpu) = other.filter(|cpu| CpuSet::only(*cpu).apply()) {
            self.on = Some(cpu);
        }
    }
}

impl Default for AffinityFollower {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for AffinityFollower {
    fn drop(&mut self) {
        if self.on.is_some() {
            self.allowed.apply();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi;

    #[test]
    fn a_dropped_follower_allows_all_cpus_again() {
        let before = CpuSet::allowed().count();
        let mut follower = AffinityFollower::new();
        follower.follow(ffi::getpid());
        assert_eq!(CpuSet::allowed().count(), 1);
        drop(follower);
        assert_eq!(CpuSet::allowed().count(), before);
    }
}

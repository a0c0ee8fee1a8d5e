//! The client that moves next to the server: two processes that sleep for each other on one CPU are several times faster
//! than on two, where each wake-up is an inter-processor interrupt to a CPU at rest, and burn none meanwhile.

use crate::ffi::CpuSet;
use crate::process::pid::Pid;
use crate::process::proc;

/// Keeps this thread on the CPU of another process; it may run where it could before once this is dropped.
pub struct AffinityFollower {
    allowed: CpuSet,
    on: Option<usize>,
}

impl AffinityFollower {
    /// Follows nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            allowed: CpuSet::allowed(),
            on: None,
        }
    }

    /// Moves to where the process `pid` runs now, or ran last, if this thread may run there.
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
    fn afterwards_everything_is_allowed_again() {
        let before = CpuSet::allowed().count();
        let mut follower = AffinityFollower::new();
        follower.follow(ffi::getpid());
        assert_eq!(CpuSet::allowed().count(), 1);
        drop(follower);
        assert_eq!(CpuSet::allowed().count(), before);
    }
}

//! Chooses where this end runs beside the other.
//!
//! Two processes that sleep until the other wakes them are several times faster on one CPU: on two, each wake-up is an
//! inter-processor interrupt to an idle CPU. Two processes that poll need two CPUs.

use crate::ffi::{self, CpuSet};
use crate::process::pid::Pid;
use crate::process::proc;

/// Returns whether the process `pid` can run while this thread polls. It cannot if it may run on this thread's CPU alone: a
/// client that spares its CPU has moved here.
///
/// The affinities decide, not the number of CPUs of one end: two processes that are pinned to one CPU each can run at once.
pub fn can_run_beside(pid: Pid) -> bool {
    let theirs = CpuSet::allowed_to(pid);
    CpuSet::allowed().union(&theirs).count() > 1 && !is_bound_here(&theirs)
}

/// Moves this thread off its CPU if the process `pid` runs or last ran there, and this thread has others.
///
/// The scheduler may wake a process on the CPU of its last run although this thread is busy there.
pub fn leave_cpu_of(pid: Pid) {
    let here = ffi::this_cpu();
    if here.is_some() && here == proc::cpu(pid).ok() {
        ffi::migrate();
    }
}

fn is_bound_here(cpus: &CpuSet) -> bool {
    cpus.count() == 1 && ffi::this_cpu().is_some_and(|cpu| cpus.contains(cpu))
}

/// Keeps this thread on the CPU of another process. When dropped, restores the CPUs that were allowed before.
pub struct AffinityFollower {
    allowed: CpuSet,
    on: Option<usize>,
}

impl AffinityFollower {
    /// Returns a follower that has not moved this thread yet.
    pub fn new() -> Self {
        Self {
            allowed: CpuSet::allowed(),
            on: None,
        }
    }

    /// Moves this thread to the CPU on which the process `pid` runs or last ran, if this thread may run there.
    ///
    /// A thread that has but one CPU stays there, also if another follower has bound it.
    pub fn follow(&mut self, pid: Pid) {
        if self.allowed.count() == 1 {
            return;
        }
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
    use std::process::Command;

    #[test]
    fn a_dropped_follower_allows_all_cpus_again() {
        let before = CpuSet::allowed().count();
        let mut follower = AffinityFollower::new();
        follower.follow(ffi::getpid());
        assert_eq!(CpuSet::allowed().count(), 1);
        drop(follower);
        assert_eq!(CpuSet::allowed().count(), before);
    }

    #[test]
    fn a_process_that_is_bound_to_this_cpu_cannot_run_beside() {
        let mut follower = AffinityFollower::new();
        follower.follow(ffi::getpid());
        // It inherits the affinity.
        let mut child = Command::new("sleep").arg("3600").spawn().unwrap();
        let pid = Pid::new(child.id().try_into().unwrap()).unwrap();
        assert!(!can_run_beside(pid));
        leave_cpu_of(pid);
        assert!(!can_run_beside(pid), "there is no other CPU");
        drop(follower);
        // The scheduler may move this thread back.
        let all = CpuSet::allowed();
        while all.count() > 1 && !can_run_beside(pid) {
            leave_cpu_of(pid);
        }
        let theirs = CpuSet::allowed_to(pid);
        let mut others = (0..1024).filter(|cpu| all.contains(*cpu) && !theirs.contains(*cpu));
        if let Some(other) = others.next() {
            assert!(CpuSet::only(other).apply() && can_run_beside(pid));
            leave_cpu_of(pid);
            assert_eq!(CpuSet::allowed().count(), 1, "nothing has moved it");
            all.apply();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

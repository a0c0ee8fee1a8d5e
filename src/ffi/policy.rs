//! Sets the scheduling policy of a thread (`sched_setattr(2)`, `sched(7)`).

use core::mem::{MaybeUninit, size_of};

use super::errno::check;

/// Keeps this thread under SCHED_BATCH: the thread that wakes it goes on until it sleeps itself. A drop ends that.
pub struct BatchPolicy(());

impl BatchPolicy {
    /// Changes this thread's policy from SCHED_OTHER; `None` if it has another one, or the kernel refuses.
    pub fn enter() -> Option<Self> {
        change(libc::SCHED_OTHER, libc::SCHED_BATCH).then_some(Self(()))
    }
}

impl Drop for BatchPolicy {
    fn drop(&mut self) {
        change(libc::SCHED_BATCH, libc::SCHED_OTHER);
    }
}

/// Changes the policy of this thread if it is `from`, and nothing else: its nice value, flags and slice stay. Returns whether the
/// kernel did so.
fn change(from: i32, to: i32) -> bool {
    let mut attr = MaybeUninit::<libc::sched_attr>::zeroed();
    let size = size_of::<libc::sched_attr>();
    // SAFETY: the kernel writes at most `size` bytes, and the attributes live for the whole call; 0 is the calling thread.
    let read = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, attr.as_mut_ptr(), size, 0) };
    // SAFETY: plain integers, which are valid as zeros and as anything that the kernel writes.
    let mut attr = unsafe { attr.assume_init() };
    if check(read).is_err() || attr.sched_policy != from as u32 {
        return false;
    }
    attr.sched_policy = to as u32;
    // SAFETY: the kernel reads as many bytes as the first field says, which the call above has set to `size`, and the attributes
    // live for the whole call; 0 is the calling thread.
    check(unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attr, 0) }).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_left_alone_unless_it_is_the_usual_one() {
        let enters = || BatchPolicy::enter().is_some();
        let batch = BatchPolicy::enter().unwrap();
        assert!(!enters(), "another policy");
        drop(batch);
        assert!(enters() && enters(), "the usual one again");
    }
}

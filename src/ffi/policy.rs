//! Sets how the scheduler treats a thread (`sched_setattr(2)`, `sched(7)`).

use core::mem::{MaybeUninit, size_of};
use core::num::NonZeroU64;

use super::errno::check;

/// Keeps this thread under SCHED_BATCH: the thread that wakes it goes on until it sleeps itself. A drop ends that.
pub struct BatchPolicy(());

impl BatchPolicy {
    /// Changes this thread's policy from SCHED_OTHER; `None` if it has another one, or the kernel refuses.
    pub fn enter() -> Option<Self> {
        change(libc::SCHED_OTHER, libc::SCHED_BATCH, None).map(|_| Self(()))
    }
}

impl Drop for BatchPolicy {
    fn drop(&mut self) {
        change(libc::SCHED_BATCH, libc::SCHED_OTHER, None);
    }
}

/// Keeps this thread's time slice at the kernel's minimum of 0.1 ms: once woken, it soon gets a CPU that others want too, and keeps
/// it for a shorter time (`PREEMPT_SHORT` of the kernel's `fair.c`). A drop ends that. Kernels before 6.12 have no such slices.
pub struct ShortSlice {
    before: Slice,
}

/// The nanoseconds of a slice; `None` before 6.12.
type Slice = Option<NonZeroU64>;

impl ShortSlice {
    /// Changes the slice of this thread under SCHED_OTHER; `None` if it has another policy, or the kernel refuses.
    pub fn enter() -> Option<Self> {
        const SHORTEST: Slice = NonZeroU64::new(100_000);
        let before = change(libc::SCHED_OTHER, libc::SCHED_OTHER, SHORTEST)?;
        Some(Self { before })
    }
}

impl Drop for ShortSlice {
    fn drop(&mut self) {
        change(libc::SCHED_OTHER, libc::SCHED_OTHER, self.before);
    }
}

/// Changes the policy of this thread if it is `from`, and its slice if one is given, and nothing else: its nice value and flags stay.
/// Returns the slice it had, or `None` if the kernel does not do so.
fn change(from: i32, to: i32, slice: Slice) -> Option<Slice> {
    let mut attr = MaybeUninit::<libc::sched_attr>::zeroed();
    let size = size_of::<libc::sched_attr>();
    // SAFETY: the kernel writes at most `size` bytes, and the attributes live for the whole call; 0 is the calling thread.
    let read = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, attr.as_mut_ptr(), size, 0) };
    // SAFETY: plain integers, which are valid as zeros and as anything that the kernel writes.
    let mut attr = unsafe { attr.assume_init() };
    if check(read).is_err() || attr.sched_policy != from as u32 {
        return None;
    }
    let before = NonZeroU64::new(attr.sched_runtime);
    attr.sched_policy = to as u32;
    attr.sched_runtime = slice.or(before).map_or(0, NonZeroU64::get);
    // SAFETY: the kernel reads as many bytes as the first field says, which the call above has set to `size`, and the attributes
    // live for the whole call; 0 is the calling thread.
    let set = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attr, 0) };
    check(set).is_ok().then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_left_alone_unless_it_is_the_usual_one() {
        let enters = || BatchPolicy::enter().is_some();
        let batch = BatchPolicy::enter().unwrap();
        assert!(!enters(), "another policy");
        assert!(ShortSlice::enter().is_none(), "another policy");
        drop(batch);
        assert!(enters() && enters(), "the usual one again");
    }

    #[test]
    fn a_slice_is_restored_also_when_the_policy_has_changed_meanwhile() {
        let slice = || change(libc::SCHED_OTHER, libc::SCHED_OTHER, None).unwrap();
        let before = slice();
        let short = ShortSlice::enter().unwrap();
        let is_short = || before.is_none() || slice() < before;
        assert!(is_short());
        drop(BatchPolicy::enter().unwrap());
        assert!(is_short());
        drop(short);
        assert_eq!(slice(), before);
    }
}

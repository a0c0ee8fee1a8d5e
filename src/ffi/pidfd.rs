//! Opens descriptors of processes (`pidfd_open(2)`).

use core::ffi::c_int;
use core::mem::size_of;

use super::errno::check;
use super::{Errno, Fd};
use crate::process::pid::Pid;

/// Returns a descriptor of the process `pid`, which becomes readable when the process ends (`pidfd_open(2)`, Linux 5.3).
///
/// # Errors
/// ESRCH: no such process. EINVAL or ENOENT: the ID of a thread. ENOSYS: an older kernel. EMFILE: too many files are open.
pub fn pidfd_open(pid: Pid) -> Result<Fd, Errno> {
    // SAFETY: pidfd_open takes integers only.
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_open, pid.get(), 0) })?;
    Ok(Fd(fd as c_int))
}

/// Returns the wait status of a process that its parent has already waited for (`PIDFD_GET_INFO` of `linux/pidfd.h`, Linux
/// 6.15); `None` if the kernel does not tell.
pub fn exit_status(fd: &Fd) -> Option<i32> {
    const PIDFD_INFO_EXIT: u64 = 1 << 3;
    // _IOWR(0xFF, 11, struct pidfd_info) of PIDFD_INFO_SIZE_VER0 bytes: the mask, a cgroup ID, eleven IDs, the status.
    const PIDFD_GET_INFO: u32 = 0xC040_FF0B;
    #[repr(C)]
    struct Info {
        mask: u64,
        cgroup: u64,
        ids: [u32; 11],
        status: i32,
    }
    const { assert!(size_of::<Info>() == 64) };
    let mut info = Info {
        mask: PIDFD_INFO_EXIT,
        cgroup: 0,
        ids: [0; 11],
        status: 0,
    };
    // SAFETY: the request says that the structure has 64 bytes, which it has; it lives for the whole call, any bytes are a
    // valid value of it, and a kernel that does not know the request touches nothing.
    let done = unsafe { libc::ioctl(fd.0, PIDFD_GET_INFO as _, &raw mut info) } == 0;
    (done && info.mask & PIDFD_INFO_EXIT != 0).then_some(info.status)
}

//! Opens pseudoterminals and measures terminals (`pty(7)`, `ioctl_tty(2)`).

#[cfg(feature = "tools")]
use core::ffi::c_int;
#[cfg(feature = "tools")]
use core::mem::MaybeUninit;

#[cfg(feature = "tools")]
use super::Errno;
use super::errno::check;

/// Returns the width of a terminal, if it has told the kernel.
pub fn columns(terminal: std::os::fd::BorrowedFd<'_>) -> Option<usize> {
    use std::os::fd::AsRawFd;
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the descriptor is open for as long as it is borrowed; TIOCGWINSZ (`ioctl_tty(2)`) fills the structure, which
    // lives for the call.
    check(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCGWINSZ, &raw mut size) }).ok()?;
    (size.ws_col > 0).then(|| size.ws_col.into())
}

/// Opens the terminal behind a controller from `/dev/ptmx` (`pts(4)`) so that no write to it blocks (`O_NONBLOCK`).
///
/// # Errors
/// Those of `ioctl_tty(2)`: not a controller, or a kernel before 4.13.
#[cfg(feature = "tools")]
pub fn terminal_behind(
    controller: std::os::fd::BorrowedFd<'_>,
) -> Result<std::os::fd::OwnedFd, Errno> {
    peer(controller, libc::O_NONBLOCK)
}

/// Opens the terminal behind a controller for a program, in raw mode, which passes bytes unchanged.
///
/// # Errors
/// Those of [`terminal_behind`].
#[cfg(feature = "tools")]
pub fn raw_terminal_behind(
    controller: std::os::fd::BorrowedFd<'_>,
) -> Result<std::os::fd::OwnedFd, Errno> {
    use std::os::fd::AsRawFd;
    let terminal = peer(controller, 0)?;
    let mut settings = MaybeUninit::uninit();
    // SAFETY: the descriptor is open; tcgetattr fills the structure if it succeeds.
    check(unsafe { libc::tcgetattr(terminal.as_raw_fd(), settings.as_mut_ptr()) })?;
    // SAFETY: tcgetattr succeeded.
    let mut settings = unsafe { settings.assume_init() };
    // SAFETY: the structure is initialised and ours alone, for both calls.
    check(unsafe {
        libc::cfmakeraw(&raw mut settings);
        libc::tcsetattr(terminal.as_raw_fd(), libc::TCSANOW, &raw const settings)
    })?;
    Ok(terminal)
}

#[cfg(feature = "tools")]
fn peer(
    controller: std::os::fd::BorrowedFd<'_>,
    flags: c_int,
) -> Result<std::os::fd::OwnedFd, Errno> {
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
    const TIOCGPTPEER: libc::c_ulong = 0x5441;
    let raw = controller.as_raw_fd();
    let unlocked: c_int = 0;
    // SAFETY: the descriptor is open for as long as it is borrowed; the request reads one int, which lives for the call.
    check(unsafe { libc::ioctl(raw, libc::TIOCSPTLCK, &raw const unlocked) })?;
    let flags = flags | libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: the request takes open flags by value and touches no memory of ours.
    let terminal = check(unsafe { libc::ioctl(raw, TIOCGPTPEER as _, flags) })?;
    // SAFETY: the kernel has just returned the descriptor open, and nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(terminal) })
}

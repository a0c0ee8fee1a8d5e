//! Processes under unusual circumstances: a slow machine, another user, an old kernel, signals blocked from the start.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::MINITALK;

/// How many times slower this machine is than usual, by `MINITALK_TESTS_SLOWER`: an emulator sets it.
pub fn slower() -> usize {
    std::env::var("MINITALK_TESTS_SLOWER").map_or(1, |times| times.parse().unwrap())
}

/// A copy of the program that another user can run: the build directory may be closed to others.
pub struct Nobody {
    directory: PathBuf,
}

impl Nobody {
    const ID: u32 = 65534;

    /// Returns `None`, with a note on stderr, unless we are root.
    pub fn new() -> Option<Self> {
        // SAFETY: geteuid takes nothing and cannot fail.
        if unsafe { libc::geteuid() } != 0 {
            eprintln!("skipped: only root can run a process as another user");
            return None;
        }
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("minitalk-nobody-{}-{count}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        std::fs::set_permissions(&directory, PermissionsExt::from_mode(0o755)).unwrap();
        let nobody = Self { directory };
        nobody.copy(MINITALK.as_ref());
        Some(nobody)
    }

    /// Copies a program to where another user can run it, and returns its path.
    ///
    /// A process of its own copies it: a child that another thread starts just now would hold the copy open for writing, and
    /// such a file cannot be executed (ETXTBSY).
    pub fn copy(&self, program: &Path) -> PathBuf {
        let path = self.directory.join(program.file_name().unwrap());
        let copied = Command::new("cp").args([program, &path]).status().unwrap();
        assert!(copied.success(), "cannot copy {program:?}");
        path
    }

    /// Returns the path of the copy.
    pub fn binary(&self) -> PathBuf {
        self.directory.join("minitalk")
    }

    pub fn minitalk(&self) -> Command {
        Command::new(self.binary())
    }

    /// Makes `command` run as nobody.
    pub fn run_as<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.uid(Self::ID).gid(Self::ID).current_dir("/")
    }
}

impl Drop for Nobody {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Makes `command` run as on Linux before 5.3, without pidfds.
pub fn without_pidfd(command: &mut Command) -> &mut Command {
    let calls = [libc::SYS_pidfd_open, libc::SYS_pidfd_send_signal];
    without_syscalls(command, calls, libc::ENOSYS)
}

/// Makes `command` run where the probe fails that shows that the kernel carries words.
pub fn without_a_probe(command: &mut Command) -> &mut Command {
    without_syscalls(command, [libc::SYS_rt_tgsigqueueinfo; 2], libc::ENOSYS)
}

/// Makes `command` run as on Linux before 5.13, without Landlock.
pub fn without_landlock(command: &mut Command) -> &mut Command {
    without_syscalls(
        command,
        [libc::SYS_landlock_create_ruleset; 2],
        libc::ENOSYS,
    )
}

/// Makes `command` run under a seccomp filter that fails these two system calls with `errno`.
pub fn without_syscalls(
    command: &mut Command,
    [first, second]: [i64; 2],
    errno: i32,
) -> &mut Command {
    const fn statement(code: u32, k: u32) -> libc::sock_filter {
        let code = code as u16;
        libc::sock_filter {
            code,
            jt: 0,
            jf: 0,
            k,
        }
    }
    const fn unless_equal(k: i64, skip: u8) -> libc::sock_filter {
        let code = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
        libc::sock_filter {
            code,
            jt: 0,
            jf: skip,
            k: k as u32,
        }
    }
    const RETURN: u32 = libc::BPF_RET | libc::BPF_K;
    let filter: [libc::sock_filter; 6] = [
        // The number of the system call is the first word of seccomp_data.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        unless_equal(first, 1),
        statement(RETURN, libc::SECCOMP_RET_ERRNO | errno as u32),
        unless_equal(second, 1),
        statement(RETURN, libc::SECCOMP_RET_ERRNO | errno as u32),
        statement(RETURN, libc::SECCOMP_RET_ALLOW),
    ];
    // SAFETY: between fork and exec the closure makes two system calls and touches only its captures and its stack.
    unsafe {
        command.pre_exec(move || {
            let program = libc::sock_fprog {
                len: filter.len() as u16,
                filter: filter.as_ptr().cast_mut(),
            };
            let ok = libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::prctl(
                    libc::PR_SET_SECCOMP,
                    libc::SECCOMP_MODE_FILTER,
                    &raw const program,
                ) == 0;
            ok.then_some(()).ok_or_else(std::io::Error::last_os_error)
        })
    }
}

/// Makes `command` start with these signals ignored.
pub fn with_signals_ignored<'c>(command: &'c mut Command, signals: &[i32]) -> &'c mut Command {
    let signals = signals.to_vec();
    let ignore = move || {
        for signal in &signals {
            // SAFETY: signal takes any number and SIG_IGN.
            unsafe { libc::signal(*signal, libc::SIG_IGN) };
        }
        Ok(())
    };
    // SAFETY: between fork and exec the closure makes async-signal-safe calls only (signal-safety(7)).
    unsafe { command.pre_exec(ignore) }
}

/// Makes the children of `command` the first processes of a new PID namespace, while `/proc` shows that of the tests.
pub fn with_children_in_pid_namespace(command: &mut Command) -> &mut Command {
    // SAFETY: unshare takes an integer, and is a bare system call.
    let unshare = || match unsafe { libc::unshare(libc::CLONE_NEWPID) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    };
    // SAFETY: between fork and exec the closure makes one system call.
    unsafe { command.pre_exec(unshare) }
}

/// Makes `command` start with our signals blocked.
pub fn with_signals_blocked(command: &mut Command) -> &mut Command {
    // SAFETY: between fork and exec the closure makes async-signal-safe calls only (signal-safety(7)), on its own stack.
    unsafe {
        command.pre_exec(|| {
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            for signal in minitalk::SignalSet::MINITALK
                .iter()
                .map(minitalk::Signal::number)
            {
                libc::sigaddset(&raw mut set, signal);
            }
            libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
            Ok(())
        })
    }
}

//! The known properties of the functions of the C library and of system calls.

/// Returns the plain name of a checked or an internal form: `__memcpy_chk` is `memcpy`.
pub fn plain(name: &str) -> &str {
    let name = name.split('@').next().unwrap_or(name);
    let name = match name {
        "__sysv_signal" | "bsd_signal" | "__bsd_signal" => "signal",
        "fcntl64" | "__fcntl64" => "fcntl",
        "open64" | "__open_2" | "__open64_2" => "open",
        "openat64" | "__openat_2" | "__openat64_2" => "openat",
        "creat64" => "creat",
        "lseek64" => "lseek",
        "ftruncate64" => "ftruncate",
        "__xstat" | "stat64" | "__xstat64" => "stat",
        "__fxstat" | "fstat64" | "__fxstat64" => "fstat",
        "__lxstat" | "lstat64" | "__lxstat64" => "lstat",
        "__fxstatat" | "fstatat64" | "__fxstatat64" => "fstatat",
        "__xmknod" => "mknod",
        "__errno" | "___errno" => "__errno_location",
        "gsignal" => "raise",
        "__xpg_sigpause" => "sigpause",
        "index" => "strchr",
        "rindex" => "strrchr",
        "__poll_chk" => "poll",
        "mkdirat64" => "mkdirat",
        "__sigaction" => "sigaction",
        name => name,
    };
    match name.strip_prefix("__").and_then(|n| n.strip_suffix("_chk")) {
        Some(checked) if !matches!(checked, "longjmp" | "fdelt") => checked,
        _ => name,
    }
}

/// The functions that install a handler.
pub const INSTALLS: &[&str] = &[
    "sigaction",
    "__sigaction",
    "__libc_sigaction",
    "signal",
    "bsd_signal",
    "__bsd_signal",
    "ssignal",
    "__sysv_signal",
    "sysv_signal",
    "sigset",
    "__sigset",
];

/// Returns whether the function installs a handler.
pub fn installs(name: &str) -> bool {
    INSTALLS.contains(&name)
}

/// Returns whether the installing function takes a `struct sigaction` rather than the handler's address.
pub fn takes_struct(name: &str) -> bool {
    name.contains("sigaction")
}

pub fn never_returns(name: &str) -> bool {
    matches!(
        plain(name),
        "abort"
            | "exit"
            | "_exit"
            | "_Exit"
            | "quick_exit"
            | "longjmp"
            | "siglongjmp"
            | "_longjmp"
            | "____longjmp_chk"
            | "__longjmp_chk"
            | "pthread_exit"
            | "thrd_exit"
            | "__stack_chk_fail"
            | "__fortify_fail"
            | "__chk_fail"
            | "_Unwind_Resume"
            | "__assert_fail"
            | "__assert"
            | "__cxa_throw"
            | "__cxa_rethrow"
            | "err"
            | "errx"
            | "verr"
            | "verrx"
            | "rust_panic"
            | "__libc_fatal"
            | "__libc_start_main"
            | "_ZSt9terminatev"
            | "svc_exit"
    )
}

/// Returns whether a listed function can leave another `errno` behind when it is called as it is meant to be.
pub fn changes_errno(name: &str) -> bool {
    !matches!(
        name,
        "abort"
            | "_exit"
            | "_Exit"
            | "getpid"
            | "getppid"
            | "getuid"
            | "geteuid"
            | "getgid"
            | "getegid"
            | "getpgrp"
            | "time"
            | "clock_gettime"
            | "alarm"
            | "umask"
            | "pthread_self"
            | "pthread_kill"
            | "pthread_sigmask"
            | "raise"
            | "signal"
            | "sigaction"
            | "sigprocmask"
            | "sigemptyset"
            | "sigfillset"
            | "sigaddset"
            | "sigdelset"
            | "sigismember"
            | "times"
            | "htonl"
            | "htons"
            | "ntohl"
            | "ntohs"
            | "ffs"
            | "cfgetispeed"
            | "cfgetospeed"
            | "__errno_location"
            | "sigset"
            | "__stack_chk_fail"
            | "gettid"
            | "sched_yield"
    ) && !WITHOUT_STATE.contains(&name)
        && !name.starts_with("mem")
        && !name.starts_with("str")
        && !name.starts_with("stp")
        && !name.starts_with("wcs")
        && !name.starts_with("wcp")
        && !name.starts_with("wmem")
}

/// Functions that glibc makes of a system call and little else, and that no list contains.
const THIN: &[&str] = &[
    "setitimer",
    "getitimer",
    "gettimeofday",
    "ioctl",
    "epoll_ctl",
    "epoll_wait",
    "eventfd_write",
    "eventfd_read",
    "tgkill",
    "tkill",
    "gettid",
    "dup3",
    "pipe2",
    "accept4",
    "prctl",
    "arch_prctl",
    "sched_yield",
    "nanosleep",
    "clock_nanosleep",
    "usleep",
    "readv",
    "writev",
    "pread",
    "pwrite",
    "pread64",
    "pwrite64",
    "preadv",
    "pwritev",
    "munmap",
    "mmap",
    "mmap64",
    "mprotect",
    "madvise",
    "wait3",
    "wait4",
    "waitid",
    "setpriority",
    "getpriority",
    "getrlimit",
    "setrlimit",
    "getrlimit64",
    "setrlimit64",
    "getrusage",
    "sigaltstack",
    "ppoll",
    "getsid",
    "getpgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "seteuid",
    "setegid",
    "killpg",
    "sync",
    "fchdir",
    "chroot",
    "flock",
    "timerfd_settime",
    "getdents64",
    "syncfs",
    "truncate",
    "truncate64",
    "timer_create",
    "timer_delete",
    "signalfd",
    "pidfd_send_signal",
    "membarrier",
    "mincore",
    "getcpu",
    "sched_getcpu",
    "sem_trywait",
    "sem_getvalue",
    "sendfile",
    "sendfile64",
    "splice",
    "tee",
    "fork",
    "__sched_cpucount",
    "pthread_equal",
    "posix_fallocate",
    "isatty",
    "ttyname_r",
    "sigtimedwait",
    "sigwaitinfo",
    "sigwait",
    "reboot",
    "mount",
    "umount",
    "umount2",
    "clock_getres",
    "gethostname",
    "getentropy",
    "getrandom",
    "sysconf",
    "getpagesize",
    "getauxval",
    "aio_suspend",
    "tcgetsid",
    "cfmakeraw",
    "siginterrupt",
    "sighold",
    "sigrelse",
    "sigignore",
    "__sigpause",
    "psignal_r",
    "sigblock",
    "sigsetmask",
    "siggetmask",
];

/// Functions that no list contains, and that glibc's manual marks AS-Safe: they work on memory and nothing else.
const WITHOUT_STATE: &[&str] = &[
    "basename",
    "bcmp",
    "bcopy",
    "bzero",
    "explicit_bzero",
    "memfrob",
    "memmem",
    "mempcpy",
    "memrchr",
    "rawmemchr",
    "sigandset",
    "sigisemptyset",
    "sigorset",
    "strchrnul",
    "strsep",
    "strverscmp",
    "swab",
    "wcschrnul",
    "wmempcpy",
];

/// Returns why a function that no list contains may be safe nevertheless, or `None` if nothing is known in its favour.
pub fn may_be_safe(name: &str) -> Option<&'static str> {
    let name = plain(name);
    if THIN.contains(&name) {
        Some("it does little more than enter the kernel")
    } else if WITHOUT_STATE.contains(&name) {
        Some("glibc's manual marks it AS-Safe")
    } else {
        None
    }
}

/// Returns whether a handler may make the system call of this number (on x86-64): its function is on the list.
pub fn is_permitted_call(number: i64) -> bool {
    const NUMBERS: &[i64] = &[
        0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 21, 22, 23, 24, 32, 33, 34, 35, 36, 37, 38, 39, 41, 42,
        43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 59, 60, 61, 62, 63, 72, 73, 74, 75, 76,
        77, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 100,
        102, 104, 105, 106, 107, 108, 109, 110, 111, 112, 115, 121, 124, 127, 129, 130, 132, 133,
        186, 200, 201, 222, 223, 224, 225, 226, 228, 230, 231, 232, 233, 234, 235, 247, 257, 258,
        259, 260, 261, 262, 263, 264, 265, 266, 267, 268, 269, 270, 271, 280, 288, 292, 293, 297,
        307, 316, 322, 424, 439,
    ];
    NUMBERS.contains(&number)
}

/// The prefix of the name of a function whose system call is made directly: its result is the negative number of an error.
pub const RAW: &str = "raw ";

/// Returns the function of the C library that gives the result of the system call of that number. Only contains functions whose
/// results loops ask for.
pub fn result_of(number: i64) -> Option<&'static str> {
    Some(match number {
        0 => "read",
        1 => "write",
        2 => "open",
        7 => "poll",
        21 => "access",
        23 => "select",
        42 => "connect",
        43 => "accept",
        44 => "send",
        45 => "recvfrom",
        47 => "recvmsg",
        61 => "wait4",
        62 => "kill",
        72 => "fcntl",
        73 => "flock",
        78 | 217 => "getdents64",
        257 => "openat",
        270 => "pselect",
        288 => "accept4",
        _ => return None,
    })
}

/// Returns the function of the system call of that number. Only contains calls that a handler may make and that store through their
/// arguments.
pub fn of_system_call(number: i64) -> &'static str {
    match number {
        0 => "read",
        4 => "stat",
        5 => "fstat",
        6 => "lstat",
        7 => "poll",
        13 => "rt_sigaction",
        14 => "sigprocmask",
        17 => "pread",
        22 | 293 => "pipe",
        23 => "select",
        35 => "nanosleep",
        36 => "getitimer",
        38 => "setitimer",
        43 | 288 => "accept",
        45 => "recvfrom",
        47 => "recvmsg",
        51 => "getsockname",
        52 => "getpeername",
        53 => "socketpair",
        55 => "getsockopt",
        61 => "wait4",
        63 => "uname",
        79 => "getcwd",
        89 => "readlink",
        96 => "gettimeofday",
        97 => "getrlimit",
        98 => "getrusage",
        100 => "times",
        115 => "getgroups",
        127 => "sigpending",
        201 => "time",
        222 => "timer_create",
        223 => "timer_settime",
        224 => "timer_gettime",
        228 => "clock_gettime",
        232 => "epoll_wait",
        262 => "fstatat",
        267 => "readlinkat",
        270 => "pselect",
        _ => "",
    }
}

/// Returns whether the function does not pass its arguments to other code and does not keep them for later.
pub fn keeps_no_pointer(name: &str) -> bool {
    matches!(
        name,
        "write"
            | "send"
            | "read"
            | "recv"
            | "open"
            | "memchr"
            | "memcmp"
            | "memcpy"
            | "memmove"
            | "memset"
            | "strchr"
            | "strcmp"
            | "strlen"
            | "strncmp"
            | "strnlen"
            | "stpcpy"
            | "strcat"
            | "strcpy"
            | "strncat"
            | "strncpy"
    )
}

/// Returns the pointer arguments that a listed function writes through, each with the number of bytes, or `None` if it varies.
pub fn writes_through(name: &str) -> &'static [(usize, Option<i64>)] {
    match name {
        "read" | "recv" | "recvfrom" | "readlink" | "pread" => &[(1, None)],
        "getcwd" => &[(0, None)],
        "memcpy" | "memmove" | "memset" | "strcpy" | "strncpy" | "strcat" | "strncat"
        | "stpcpy" | "stpncpy" | "memccpy" | "wmemcpy" | "wmemmove" | "wmemset" | "wcscpy"
        | "wcpcpy" | "wcsncpy" | "wcpncpy" | "wcscat" | "wcsncat" | "sprintf" | "snprintf" => {
            &[(0, None)]
        }
        "sigemptyset" | "sigfillset" | "sigaddset" | "sigdelset" | "sigpending" => {
            &[(0, Some(128))]
        }
        "sigaction" => &[(2, Some(152))],
        "sigaltstack" => &[(1, Some(24))],
        "setitimer" => &[(2, Some(32))],
        "getrlimit" => &[(1, Some(16))],
        "sigprocmask" | "pthread_sigmask" => &[(2, Some(128))],
        "clock_gettime" => &[(1, Some(16))],
        "fstat" | "stat" | "lstat" => &[(1, Some(144))],
        "tcgetattr" => &[(1, Some(60))],
        "times" => &[(0, Some(32))],
        "timer_gettime" | "getitimer" => &[(1, Some(32))],
        "uname" => &[(0, Some(390))],
        "getrusage" => &[(1, Some(144))],
        "fstatat" => &[(2, Some(144))],
        "nanosleep" => &[(1, Some(16))],
        "clock_nanosleep" => &[(3, Some(16))],
        "clock_getres" => &[(1, Some(16))],
        "sigwaitinfo" | "sigtimedwait" => &[(1, Some(128))],
        "socketpair" => &[(3, Some(8))],
        "timer_create" => &[(2, Some(8))],
        "timer_settime" => &[(3, Some(32))],
        "time" => &[(0, Some(8))],
        "pipe" | "pipe2" => &[(0, Some(8))],
        "waitpid" => &[(1, Some(4))],
        "wait" => &[(0, Some(4))],
        "poll" => &[(0, None)],
        "write"
        | "send"
        | "open"
        | "openat"
        | "access"
        | "unlink"
        | "execve"
        | "execv"
        | "execl"
        | "execle"
        | "fexecve"
        | "sendto"
        | "kill"
        | "raise"
        | "close"
        | "fcntl"
        | "strlen"
        | "strcmp"
        | "strncmp"
        | "memcmp"
        | "memchr"
        | "strchr"
        | "strrchr"
        | "sigismember"
        | "signal"
        | "dup2"
        | "dup"
        | "_exit"
        | "_Exit"
        | "sendmsg"
        | "sigqueue"
        | "sem_post"
        | "alarm"
        | "getpid"
        | "getppid"
        | "getuid"
        | "geteuid"
        | "getgid"
        | "getegid"
        | "getpgrp"
        | "chdir"
        | "fchdir"
        | "lseek"
        | "fsync"
        | "fdatasync"
        | "ftruncate"
        | "socket"
        | "connect"
        | "bind"
        | "listen"
        | "shutdown"
        | "setsockopt"
        | "sigsuspend"
        | "__errno_location"
        | "abort"
        | "writev"
        | "syscall"
        | "strnlen"
        | "strstr"
        | "strspn"
        | "strcspn"
        | "strpbrk"
        | "wcschr"
        | "wcscmp"
        | "wcscspn"
        | "wcslen"
        | "wcsncmp"
        | "wcsnlen"
        | "wcspbrk"
        | "wcsrchr"
        | "wcsspn"
        | "wcsstr"
        | "wmemchr"
        | "wmemcmp"
        | "creat"
        | "chmod"
        | "fchmod"
        | "chown"
        | "fchown"
        | "faccessat"
        | "fchmodat"
        | "fchownat"
        | "link"
        | "linkat"
        | "unlinkat"
        | "symlink"
        | "symlinkat"
        | "rename"
        | "renameat"
        | "mkdir"
        | "mkdirat"
        | "mkfifo"
        | "mknod"
        | "rmdir"
        | "umask"
        | "setuid"
        | "setgid"
        | "setpgid"
        | "setsid"
        | "sleep"
        | "pause"
        | "tcdrain"
        | "tcflow"
        | "tcflush"
        | "tcgetpgrp"
        | "tcsendbreak"
        | "tcsetattr"
        | "tcsetpgrp"
        | "timer_getoverrun"
        | "pthread_kill"
        | "pthread_self"
        | "sysconf"
        | "utimensat"
        | "futimens"
        | "utimes"
        | "utime"
        | "sigpause"
        | "ffs"
        | "htonl"
        | "htons"
        | "ntohl"
        | "ntohs"
        | "_Fork"
        | "__libc_current_sigrtmin"
        | "__libc_current_sigrtmax" => &[],
        _ => UNKNOWN,
    }
}

/// Returns the argument that says how many elements a function touches at most, and the bytes of an element.
pub fn counted(name: &str) -> (usize, i64) {
    match name {
        "memccpy" => (3, 1),
        "poll" => (1, 8),
        "snprintf" | "strnlen" => (1, 1),
        "wcsnlen" => (1, 4),
        _ if name.starts_with("wmem") || counts_texts(name) && name.starts_with('w') => (2, 4),
        _ => (2, 1),
    }
}

/// Returns whether a function that stops at an element it looks for is given the largest number of elements to read.
pub fn counts_texts(name: &str) -> bool {
    matches!(
        name,
        "memccpy"
            | "strnlen"
            | "strncmp"
            | "strncpy"
            | "stpncpy"
            | "strncat"
            | "wcsnlen"
            | "wcsncmp"
            | "wcsncpy"
            | "wcpncpy"
            | "wcsncat"
    )
}

/// Returns the arguments through which a known function stores more than a word, or `None` for an unknown function. Each argument
/// has its number of bytes if that is constant.
pub fn fills(name: &str) -> Option<&'static [(usize, Option<i64>)]> {
    let known: &[_] = match name {
        "fgets" | "fread" | "gethostname" | "getline" | "qsort" | "qsort_r" | "strftime"
        | "uname" | "vsnprintf" | "vsprintf" | "strlcpy" | "strlcat" | "bzero" => &[(0, None)],
        // The format says which arguments these functions store through, and how much.
        "scanf" | "__isoc99_scanf" | "__isoc23_scanf" => &UNKNOWN[1..],
        "sscanf" | "__isoc99_sscanf" | "__isoc23_sscanf" | "fscanf" | "__isoc99_fscanf"
        | "__isoc23_fscanf" => &UNKNOWN[2..],
        "asctime_r" | "ctime_r" | "fgetws" | "realpath" | "strerror_r" => &[(1, None)],
        "inet_ntop" => &[(2, None)],
        "gettimeofday" => &[(0, Some(16))],
        "getitimer" => &[(1, Some(32))],
        "getrusage" => &[(1, Some(144))],
        "gmtime_r" | "localtime_r" => &[(1, Some(56))],
        _ => writes_through(name),
    };
    (known != UNKNOWN).then_some(known)
}

/// Returns whether the function only changes errno to the kernel's error, and then returns -1.
pub fn returns_errors(name: &str) -> bool {
    matches!(
        name,
        "close"
            | "dup"
            | "dup2"
            | "fsync"
            | "kill"
            | "open"
            | "read"
            | "recv"
            | "send"
            | "unlink"
            | "waitpid"
            | "write"
    )
}

/// Returns whether the function takes one of several waiting events, and then returns a positive number. Each event could have sent
/// a signal of its own.
pub fn gives_event(name: &str) -> bool {
    matches!(name, "wait" | "wait3" | "wait4" | "waitpid")
}

/// Says how much memory a function touches.
#[derive(Clone, Copy)]
pub enum Size {
    Bytes(i64),
    /// The number of bytes that the argument of that number gives.
    Argument(usize),
    /// The number of elements that an argument gives, and the bytes of an element.
    Elements(usize, i64),
    /// The number of bits that an argument gives.
    Bits(usize),
    /// The number of bytes to which an argument points, a `socklen_t`.
    Pointed(usize),
}

/// Holds memory that a listed function touches by a pointer.
#[derive(Clone, Copy)]
pub struct Touched {
    pub argument: usize,
    pub size: Size,
    pub writes: bool,
    /// Whether the kernel touches the memory: a bad pointer is an error then.
    pub is_kernel: bool,
}

/// Returns the memory that a listed function touches by a pointer, other than texts and blocks that it copies.
pub fn touches(name: &str) -> &'static [Touched] {
    const fn one(argument: usize, size: Size, writes: bool, is_kernel: bool) -> Touched {
        Touched {
            argument,
            size,
            writes,
            is_kernel,
        }
    }
    const ACTION: i64 = 152;
    match name {
        "read" | "recv" | "readlink" | "pread" => {
            const { &[one(1, Size::Argument(2), true, true)] }
        }
        "recvfrom" => {
            const {
                &[
                    one(1, Size::Argument(2), true, true),
                    one(4, Size::Pointed(5), true, true),
                ]
            }
        }
        "readlinkat" => const { &[one(2, Size::Argument(3), true, true)] },
        "getcwd" => const { &[one(0, Size::Argument(1), true, true)] },
        "accept" | "accept4" | "getpeername" | "getsockname" => {
            const { &[one(1, Size::Pointed(2), true, true)] }
        }
        "epoll_wait" => const { &[one(1, Size::Elements(2, 12), true, true)] },
        "timer_create" => const { &[one(2, Size::Bytes(8), true, true)] },
        "getsockopt" => const { &[one(3, Size::Pointed(4), true, true)] },
        "getgroups" => const { &[one(1, Size::Elements(0, 4), true, true)] },
        "poll" => const { &[one(0, Size::Elements(1, 8), true, true)] },
        "pselect" | "select" => {
            const {
                &[
                    one(1, Size::Bits(0), true, true),
                    one(2, Size::Bits(0), true, true),
                    one(3, Size::Bits(0), true, true),
                ]
            }
        }
        "strncpy" | "stpncpy" => const { &[one(0, Size::Argument(2), true, false)] },
        "sem_post" => const { &[one(0, Size::Bytes(32), true, false)] },
        "sigaction" => {
            const {
                &[
                    one(1, Size::Bytes(ACTION), false, false),
                    one(2, Size::Bytes(ACTION), true, false),
                ]
            }
        }
        "sigemptyset" | "sigfillset" | "sigaddset" | "sigdelset" => {
            const { &[one(0, Size::Bytes(8), true, false)] }
        }
        "sigismember" => const { &[one(0, Size::Bytes(8), false, false)] },
        "clock_gettime" => const { &[one(1, Size::Bytes(16), true, false)] },
        "fstat" | "stat" | "lstat" => const { &[one(1, Size::Bytes(144), true, true)] },
        "fstatat" => const { &[one(2, Size::Bytes(144), true, true)] },
        // The system call's own structure.
        "rt_sigaction" => {
            const {
                &[
                    one(1, Size::Bytes(32), false, true),
                    one(2, Size::Bytes(32), true, true),
                ]
            }
        }
        "sigprocmask" | "pthread_sigmask" => {
            const {
                &[
                    one(1, Size::Bytes(8), false, true),
                    one(2, Size::Bytes(8), true, true),
                ]
            }
        }
        "sigpending" => const { &[one(0, Size::Bytes(8), true, true)] },
        "uname" => const { &[one(0, Size::Bytes(390), true, true)] },
        "gettimeofday" => const { &[one(0, Size::Bytes(16), true, true)] },
        "getrlimit" | "nanosleep" => const { &[one(1, Size::Bytes(16), true, true)] },
        "getitimer" | "timer_gettime" => const { &[one(1, Size::Bytes(32), true, true)] },
        "getrusage" => const { &[one(1, Size::Bytes(144), true, true)] },
        "setitimer" => const { &[one(2, Size::Bytes(32), true, true)] },
        "timer_settime" => const { &[one(3, Size::Bytes(32), true, true)] },
        "socketpair" => const { &[one(3, Size::Bytes(8), true, true)] },
        "wait4" => {
            const {
                &[
                    one(1, Size::Bytes(4), true, true),
                    one(3, Size::Bytes(144), true, true),
                ]
            }
        }
        "tcgetattr" => const { &[one(1, Size::Bytes(60), true, true)] },
        "times" => const { &[one(0, Size::Bytes(32), true, true)] },
        "time" => const { &[one(0, Size::Bytes(8), true, false)] },
        "pipe" | "pipe2" => const { &[one(0, Size::Bytes(8), true, true)] },
        "waitpid" => const { &[one(1, Size::Bytes(4), true, true)] },
        "wait" => const { &[one(0, Size::Bytes(4), true, true)] },
        _ => &[],
    }
}

/// The arguments of an unknown function, which may write through each of them.
pub const UNKNOWN: &[(usize, Option<i64>)] = &[
    (0, None),
    (1, None),
    (2, None),
    (3, None),
    (4, None),
    (5, None),
];

/// Returns whether a function is never safe, by its name in the C library or in the C++ runtime.
pub fn is_known_unsafe(name: &str) -> bool {
    let plain = plain(name);
    name.starts_with("_Znw")
        || name.starts_with("_Zna")
        || name.starts_with("_Zdl")
        || name.starts_with("_Zda")
        || name.starts_with("__cxa_")
        || name.starts_with("_ZNSo")
        || name.starts_with("_ZNSs")
        || name.starts_with("_ZSt")
        || matches!(
            plain,
            "malloc"
                | "free"
                | "calloc"
                | "realloc"
                | "printf"
                | "fprintf"
                | "puts"
                | "putchar"
                | "fputs"
                | "exit"
                | "longjmp"
                | "siglongjmp"
        )
}

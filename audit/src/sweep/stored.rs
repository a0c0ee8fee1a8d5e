//! The arguments through which a function of another file stores.

use crate::libc;

/// Is an argument, and the number of bytes that are stored through it, if that number is constant.
type Filled = (usize, Option<i64>);

/// Functions missing in the other lists that store nothing through their arguments, or nothing that a handler would read.
const READERS: [&str; 69] = [
    "__assert_fail",
    "__cxa_atexit",
    "__libc_start_main",
    "__overflow",
    "__register_frame_info",
    "__uflow",
    "atexit",
    "atof",
    "atoi",
    "atol",
    "atoll",
    "bsearch",
    "dlopen",
    "dlsym",
    "dprintf",
    "epoll_ctl",
    "err",
    "error",
    "errx",
    "execlp",
    "execvp",
    "execvpe",
    "fclose",
    "fdopen",
    "fflush",
    "fopen",
    "fopen64",
    "fprintf",
    "fputc",
    "fputs",
    "free",
    "freopen",
    "fwrite",
    "getaddrinfo",
    "getenv",
    "getopt",
    "getopt_long",
    "getopt_long_only",
    "inet_addr",
    "munmap",
    "opendir",
    "openlog",
    "perror",
    "popen",
    "posix_spawn",
    "posix_spawnp",
    "printf",
    "psignal",
    "puts",
    "pwrite",
    "pwritev",
    "realloc",
    "setenv",
    "sigwaitinfo",
    "strcasecmp",
    "strcoll",
    "strdup",
    "strncasecmp",
    "strndup",
    "strtod",
    "strtol",
    "strtoll",
    "strtoul",
    "strtoull",
    "syslog",
    "system",
    "vfprintf",
    "vprintf",
    "warn",
];

/// Families of functions, by prefix, that keep their data in objects of their own.
const FAMILIES: [&str; 7] = [
    "_Unwind_", "__cxa_", "__tsan_", "cnd_", "mtx_", "pthread_", "sem_",
];

/// Returns the arguments through which a function may store more than a word; `is_outer`: whether another file has the
/// function.
///
/// For a function of another file that is not known to only read, returns all arguments.
pub fn through(name: &str, is_outer: bool) -> &'static [Filled] {
    let plain = libc::plain(name);
    let is_reader = READERS.contains(&plain)
        || libc::never_returns(plain)
        || FAMILIES.iter().any(|of| plain.starts_with(of));
    match libc::fills(plain) {
        Some(known) => known,
        None if is_reader || !is_outer => &[],
        None => of_cpp(plain).unwrap_or(libc::UNKNOWN),
    }
}

/// Returns the arguments through which a C++ function may store; its mangled name says which arguments are constant.
fn of_cpp(name: &str) -> Option<&'static [Filled]> {
    let is_cpp = name.starts_with("_Z");
    let is_constant = name.starts_with("_ZNK");
    let takes_constants = ["PK", "RK"].iter().any(|what| name.contains(what));
    match (is_cpp, is_constant, takes_constants) {
        (false, ..) => None,
        (_, true, true) => Some(&[]),
        (_, true, false) => Some(&libc::UNKNOWN[1..]),
        (_, false, true) => Some(&libc::UNKNOWN[..1]),
        (_, false, false) => Some(libc::UNKNOWN),
    }
}

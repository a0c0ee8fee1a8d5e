//! Names of functions as their authors wrote them.

/// Returns a name without its mangling and without its version.
pub fn pretty(raw: &str) -> String {
    let raw = raw.split('@').next().unwrap_or(raw);
    if let Ok(rust) = rustc_demangle::try_demangle(raw) {
        return format!("{rust:#}");
    }
    if !raw.starts_with("_Z") {
        return raw.to_owned();
    }
    let Ok(symbol) = cpp_demangle::Symbol::new(raw) else {
        return raw.to_owned();
    };
    let options = cpp_demangle::DemangleOptions::new()
        .no_params()
        .no_return_type();
    symbol.demangle(&options).unwrap_or_else(|_| raw.to_owned())
}

/// Returns the name of a signal.
pub fn signal(number: i64) -> String {
    const NAMES: [&str; 32] = [
        "",
        "SIGHUP",
        "SIGINT",
        "SIGQUIT",
        "SIGILL",
        "SIGTRAP",
        "SIGABRT",
        "SIGBUS",
        "SIGFPE",
        "SIGKILL",
        "SIGUSR1",
        "SIGSEGV",
        "SIGUSR2",
        "SIGPIPE",
        "SIGALRM",
        "SIGTERM",
        "SIGSTKFLT",
        "SIGCHLD",
        "SIGCONT",
        "SIGSTOP",
        "SIGTSTP",
        "SIGTTIN",
        "SIGTTOU",
        "SIGURG",
        "SIGXCPU",
        "SIGXFSZ",
        "SIGVTALRM",
        "SIGPROF",
        "SIGWINCH",
        "SIGIO",
        "SIGPWR",
        "SIGSYS",
    ];
    match usize::try_from(number) {
        Ok(n @ 1..=31) => NAMES[n].to_owned(),
        _ => format!("signal {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::pretty;

    #[test]
    fn names_of_c_and_rust_are_read() {
        assert_eq!(pretty("_ZN3LogD1Ev"), "Log::~Log");
        assert_eq!(pretty("_RNvCs15kBYyAo9fc_7mycrate3foo"), "mycrate::foo");
        assert_eq!(pretty("write@GLIBC_2.2.5"), "write");
    }
}

//! One message from a client to a server, which may both be other programs.

use std::fs::{File, OpenOptions};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{self, Pid, PidfdFlags, Signal};
use rustix::pty::{self, OpenptFlags};
use rustix::termios::{self, OptionalActions};

use crate::child::{Child, Transcript};
use crate::{Result, number};

/// How long a server may take to print its PID, and to end on SIGTERM.
const START: Duration = Duration::from_secs(60);
const END: Duration = Duration::from_secs(1);

/// How long the server must print nothing after the end of the client before the rest is considered lost.
const QUIET: Duration = Duration::from_secs(2);

/// The result of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// The server printed the message, this time after the start of its client.
    Exact(Duration),
    /// The server printed something else.
    Corrupt,
    /// The server printed nothing.
    Timeout,
}

/// Starts a server and a client, waits for the message, and ends both.
///
/// # Errors
/// When one of them cannot be started or the server does not print its PID.
pub fn transfer(server: &Path, client: &Path, message: &str, timeout: Duration) -> Result<Outcome> {
    let (mut server, screen) = start_server(server)?;
    let pid = pid_on(&screen, server.child.id())?;
    if pid != server.child.id() {
        server.behind = Some(process::pidfd_open(as_pid(pid)?, PidfdFlags::empty())?);
    }
    let before = printed_len(&screen);
    let start = Instant::now();
    let client = Child::spawn(
        Command::new(client)
            .args([&pid.to_string(), message])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    )?;
    let deadline = start + timeout;
    let mut ended = None;
    loop {
        if let Some(at) = find(&screen, before, message.as_bytes()) {
            return Ok(Outcome::Exact(at - start));
        }
        let now = Instant::now();
        if !client.is_running() {
            ended.get_or_insert(now);
        }
        let is_over = ended.is_some_and(|ended| now - ended >= QUIET) && is_quiet(&screen, now);
        if now >= deadline || is_over {
            let printed = printed_len(&screen) > before;
            return Ok(if printed {
                Outcome::Corrupt
            } else {
                Outcome::Timeout
            });
        }
        wait_for_more(&screen, Duration::from_millis(100).min(deadline - now));
    }
}

/// Starts a server on a terminal, on which the libraries of all languages print line by line.
fn start_server(server: &Path) -> Result<(ServerProcess, Transcript)> {
    let controller = pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    pty::grantpt(&controller)?;
    pty::unlockpt(&controller)?;
    let name = pty::ptsname(&controller, Vec::new())?.into_string()?;
    let terminal: OwnedFd = OpenOptions::new().read(true).write(true).open(name)?.into();
    // The terminal must not change any byte.
    let mut settings = termios::tcgetattr(&terminal)?;
    settings.make_raw();
    termios::tcsetattr(&terminal, OptionalActions::Now, &settings)?;
    let child = Child::spawn(
        Command::new(server)
            .stdin(Stdio::null())
            .stdout(Stdio::from(terminal))
            .stderr(Stdio::null()),
    )?;
    let server = ServerProcess {
        child,
        behind: None,
    };
    Ok((server, Transcript::read(Some(File::from(controller)))))
}

/// Returns the first printed number that is the PID of the child or of its descendant, so that no other process is signalled.
fn pid_on(screen: &Transcript, child: u32) -> Result<u32> {
    let deadline = Instant::now() + START;
    loop {
        let text = screen.bytes();
        let mut numbers = number::decimals(&text).filter_map(|n| u32::try_from(n).ok());
        if let Some(pid) = numbers.find(|pid| descends(*pid, child)) {
            return Ok(pid);
        }
        let now = Instant::now();
        if now >= deadline {
            let text = String::from_utf8_lossy(&text).into_owned();
            return Err(format!("the server does not print its PID {child}: {text:?}").into());
        }
        wait_for_more(screen, deadline - now);
    }
}

/// Returns whether `pid` is `ancestor` or one of its descendants.
fn descends(mut pid: u32, ancestor: u32) -> bool {
    for _ in 0..16 {
        if pid == ancestor {
            return true;
        }
        let Some(parent) = parent(pid) else {
            return false;
        };
        pid = parent;
    }
    false
}

fn parent(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok().filter(|parent| *parent > 0)
}

fn as_pid(pid: u32) -> Result<Pid> {
    let raw = i32::try_from(pid)?;
    Pid::from_raw(raw).ok_or_else(|| "0 is no PID".into())
}

/// A server, ended by SIGTERM, and by SIGKILL if need be, when this is dropped.
struct ServerProcess {
    child: Child,
    /// The server itself if the child, such as a shell, has started it.
    behind: Option<OwnedFd>,
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        if !self.child.is_running() && self.behind.is_none() {
            return;
        }
        if let Some(behind) = &self.behind {
            let _ = process::pidfd_send_signal(behind, Signal::TERM);
        }
        // Not reaped unless it has ended by itself, so the PID is still its own.
        if self.child.is_running()
            && let Ok(pid) = as_pid(self.child.id())
        {
            let _ = process::kill_process(pid, Signal::TERM);
        }
        let _ = self.child.wait_within(END);
        if let Some(behind) = &self.behind {
            let _ = process::pidfd_send_signal(behind, Signal::KILL);
        }
    }
}

fn printed_len(screen: &Transcript) -> usize {
    screen.inspect(|bytes, _| bytes.len())
}

/// Waits for `limit` at most until something more is printed.
fn wait_for_more(screen: &Transcript, limit: Duration) {
    let before = printed_len(screen);
    screen.wait_within(limit, |bytes| bytes.len() > before);
}

/// Returns when the last byte arrived, if all of `message` is behind the first `before` bytes.
fn find(screen: &Transcript, before: usize, message: &[u8]) -> Option<Instant> {
    screen.inspect(|bytes, last| {
        let behind = bytes.get(before..)?;
        contains(behind, message).then_some(last?)
    })
}

fn is_quiet(screen: &Transcript, now: Instant) -> bool {
    screen.inspect(|_, last| last.is_none_or(|last| now - last >= QUIET))
}

fn contains(text: &[u8], message: &[u8]) -> bool {
    text.len() >= message.len()
        && text
            .windows(message.len().max(1))
            .any(|window| window == message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_found_inside_other_text() {
        assert!(contains(b"[7] abc\n", b"abc"));
        assert!(!contains(b"ab", b"abc") && !contains(b"abd abX", b"abc"));
    }

    #[test]
    fn only_a_descendant_is_taken_for_the_server() {
        let us = std::process::id();
        assert!(descends(us, us));
        assert!(descends(us, parent(us).unwrap()));
        assert!(!descends(1, us));
    }

    /// A shell script as the server: its PID is found behind another number, and its output is seen.
    #[test]
    fn a_shell_script_can_be_the_server() {
        let directory = std::env::temp_dir().join(format!("minitalk-ends-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let script = |name: &str, text: &str| {
            use std::os::unix::fs::PermissionsExt;
            let path = directory.join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
            path
        };
        let prints =
            "trap 'printf \"<%s>\" Hello' USR1; echo v1 PID $$; while :; do sleep 0.05; done";
        let server = script("server", prints);
        let client = script("client", "kill -USR1 $1");
        let limit = Duration::from_secs(300);
        let outcomes =
            ["Hello", "Hollo"].map(|text| transfer(&server, &client, text, limit).unwrap());
        std::fs::remove_dir_all(&directory).unwrap();
        assert!(matches!(outcomes[0], Outcome::Exact(_)), "{outcomes:?}");
        assert_eq!(outcomes[1], Outcome::Corrupt);
    }
}

//! Starts the programs under test, each in a process group of its own.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use minitalk::dialect::Dialect;
use minitalk::internals::ffi;
use minitalk::{Pid, SignalSet};

use crate::cli::child::{Capture, Child};

/// Bytes of output that are kept of a program under test.
const LIMIT: usize = 1 << 23;

/// Names a program that is run as a server or as a client.
#[derive(Clone, Copy)]
pub enum Subject<'a> {
    /// Another program, whose dialect it knows itself.
    Foreign(&'a Path),
    /// This program. Without a dialect, the server detects that of each client, and the client uses minitalk's own protocol.
    Own(&'a Path, Option<Dialect>),
}

impl Subject<'_> {
    /// Starts a server; `options` are those of `minitalk serve`.
    pub fn start_server(self, options: &[&str]) -> io::Result<Child> {
        let mut command = self.command(&["serve", "--format", "raw"], options);
        match self {
            Self::Foreign(_) => spawn_on_terminal(&mut command),
            Self::Own(..) => spawn_on_pipes(&mut command),
        }
    }

    /// Starts a client that sends `text` to the process `pid`; `options` are those of `minitalk send`.
    pub fn start_client(self, pid: Pid, text: &str, options: &[&str]) -> Result<Child, String> {
        let mut command = self.command(&["send", "--timeout", "3"], options);
        let child = spawn_on_pipes(command.args([&pid.to_string(), text]));
        child.map_err(|error| format!("the client cannot be started: {error}"))
    }

    /// Returns the command that runs the program. `own` and `options` are for this program alone.
    fn command(self, own: &[&str], options: &[&str]) -> Command {
        let (Self::Foreign(path) | Self::Own(path, _)) = self;
        let mut command = Command::new(path);
        if let Self::Own(_, dialect) = self {
            command.args(own).args(options);
            command.args(dialect.map(|dialect| format!("--dialect={dialect}")));
            command.arg("--");
        }
        command
    }
}

/// Starts `command` with a terminal as its standard output, because stdio of all languages writes to one line by line.
fn spawn_on_terminal(command: &mut Command) -> io::Result<Child> {
    let controller = File::options().read(true).write(true).open("/dev/ptmx");
    let controller =
        controller.map_err(|error| io::Error::new(error.kind(), format!("/dev/ptmx: {error}")))?;
    let terminal = ffi::raw_terminal_behind(controller.as_fd())?;
    let mut child = spawn(command.stdout(terminal))?;
    child.stdout = Capture::start(Some(controller.into()), LIMIT)?;
    // Closes the last copy of the terminal in this process, without which the output never ends.
    command.stdout(Stdio::null());
    Ok(child)
}

/// Starts `command` with pipes as its standard output and standard error.
pub fn spawn_on_pipes(command: &mut Command) -> io::Result<Child> {
    spawn(command.stdout(Stdio::piped()))
}

fn spawn(command: &mut Command) -> io::Result<Child> {
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    // kill(0, ...) in the program then reaches its own group only.
    command.process_group(0);
    // This process catches the signals; in the program they must have their default action, as they have elsewhere.
    ffi::kill_with_thread(command, SignalSet::LANES);
    Child::spawn(command, LIMIT)
}

/// Holds a program of the shell, which is removed when this is dropped.
#[cfg(test)]
pub struct Script(std::path::PathBuf);

#[cfg(test)]
impl Script {
    pub fn new(name: &str, lines: &str) -> Self {
        let name = format!("minitalk-{name}.{}", std::process::id());
        let script = Self(std::env::temp_dir().join(name));
        // Written by another process: a child of this one could keep the file open, and then it could not be executed (ETXTBSY).
        let mut write = Command::new("sh");
        write.args([
            "-c",
            "printf '#!/bin/sh\n%s\n' \"$1\" >\"$0\" && chmod +x \"$0\"",
        ]);
        let written = write.arg(&script.0).arg(lines).status();
        assert!(written.unwrap().success());
        script
    }

    pub fn program(&self) -> Subject<'_> {
        Subject::Foreign(&self.0)
    }
}

#[cfg(test)]
impl Drop for Script {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

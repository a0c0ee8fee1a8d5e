//! Starts the programs under test, each in a process group of its own.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use minitalk::SignalSet;
use minitalk::internals::ffi;

use crate::cli::child::{Capture, Child};

/// Bytes of output that are kept of a program under test.
const LIMIT: usize = 1 << 20;

/// Starts `command` with a terminal as its standard output, because stdio of all languages writes to one line by line.
pub fn spawn_on_terminal(command: &mut Command) -> io::Result<Child> {
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

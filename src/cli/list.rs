//! `minitalk list`, and servers by their names. There is no registry: what is running says in `/proc` what it is.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use minitalk::Pid;
use minitalk::client;
use minitalk::internals::ffi;
use minitalk::internals::process::peer::Peer;
use minitalk::internals::process::proc;

use super::command::Command;
use super::exit::{Exit, Failure};
use super::flags;
use super::format::{for_terminal, write_stdout};

/// The longest name, in bytes: the kernel keeps no more of it (`TASK_COMM_LEN`).
const LONGEST: usize = 15;

/// A server that we may signal.
pub struct Found {
    pub pid: Pid,
    pub name: String,
    user: String,
    takes_words: bool,
    dialect: String,
    uptime: Duration,
}

pub const LIST: Command = Command {
    name: "list",
    synopsis: "",
    summary: "the servers on this machine that may be signalled",
    about: "\
Lists the servers of this program that this user may signal: PID, name (serve --name), user, lanes, dialect, and for how
long they have been running. There is no registry: all of it stands in /proc.
",
    specs: Vec::new,
    notes: String::new,
    run,
};

fn run(command: &Command, args: Vec<OsString>) -> Result<(), Failure> {
    if flags::parse_none(command, args)?.is_none() {
        return Ok(());
    }
    let servers = servers().map_err(|error| Failure::io("cannot read /proc", error))?;
    let mut text = format!(
        "{:>7}  {:<15}  {:<12}  {:<10}  {:<16}  {}\n",
        "PID", "NAME", "USER", "LANES", "DIALECT", "UPTIME"
    );
    for server in servers {
        text.push_str(&line(&server));
    }
    write_stdout(text.as_bytes()).map_err(|error| Failure::io("standard output", error))
}

/// The server of this name.
pub fn by_name(name: &str) -> Result<Pid, Failure> {
    let servers = servers().map_err(|error| Failure::io("cannot read /proc", error))?;
    let named: Vec<_> = servers.into_iter().filter(|s| s.name == name).collect();
    match &named[..] {
        [one] => Ok(one.pid),
        [] => Err(Failure::new(
            Exit::NoSuchProcess,
            format!("there is no server named {name:?}; minitalk list shows those that there are"),
        )),
        several => {
            let mut text = format!(
                "there are {} servers named {name:?}; name a PID:",
                several.len()
            );
            for server in several {
                text.push('\n');
                text.push_str(line(server).trim_ascii_end());
            }
            Err(Failure::new(Exit::Usage, text))
        }
    }
}

/// Whether this can be a server's name: so that it is never taken for a PID, or an option.
pub fn is_name(text: &str) -> bool {
    let begins_well = !text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    // Any character beyond ASCII may pass for a letter: the table of letters is 2 KB.
    let is_letter = |c: char| c.is_ascii_alphabetic() || !c.is_ascii();
    begins_well && text.contains(is_letter) && !text.contains(char::is_control)
}

/// Gives this process a name for others to find it by.
pub fn take_name(name: &str) -> Result<(), Failure> {
    if name.len() > LONGEST || !is_name(name) {
        return Err(Failure::usage(format!(
            "--name {name:?}: it takes {LONGEST} bytes at most, with a letter among them and no digit or hyphen in front"
        )));
    }
    fs::write("/proc/self/comm", name)
        .map_err(|error| Failure::io("cannot take the name, in /proc/self/comm", error))
}

fn line(server: &Found) -> String {
    let lanes = if server.takes_words {
        "bit, word"
    } else {
        "bit"
    };
    format!(
        "{:>7}  {:<15}  {:<12}  {lanes:<10}  {:<16}  {}\n",
        server.pid,
        for_terminal(server.name.as_bytes()),
        for_terminal(server.user.as_bytes()),
        for_terminal(server.dialect.as_bytes()),
        span(server.uptime)
    )
}

/// Every server of this program that we may signal, by PID.
fn servers() -> io::Result<Vec<Found>> {
    let mut servers: Vec<Found> = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| Pid::parse(name).ok());
        if let Some(found) = pid.and_then(server) {
            // There are few, and the code of a sort is 7 KB.
            let at = servers.partition_point(|before| before.pid < found.pid);
            servers.insert(at, found);
        }
    }
    Ok(servers)
}

/// The process `pid`, if it is a server that we may signal.
fn server(pid: Pid) -> Option<Found> {
    if pid == ffi::getpid() {
        return None;
    }
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let args: Vec<_> = line
        .split(|byte| *byte == 0)
        .map(OsStr::from_bytes)
        .collect();
    if !serves(&args, &program(pid)?) {
        return None;
    }
    let peer = Peer::open(pid).ok()?;
    let takes_words = client::check(&peer).ok()?;
    let status = proc::status(pid).ok()?;
    Some(Found {
        pid,
        name: status.name,
        user: user(status.uid.0),
        takes_words,
        dialect: option(&args, "--dialect").unwrap_or_else(|| "auto".into()),
        uptime: proc::uptime(pid).unwrap_or_default(),
    })
}

/// The name of the file that `pid` runs; that of one that was replaced meanwhile too.
fn program(pid: Pid) -> Option<String> {
    let path = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let name = path.file_name()?.to_str()?;
    Some(name.strip_suffix(" (deleted)").unwrap_or(name).into())
}

/// Whether a command line is one of a server of this program, whose file has this name.
fn serves(args: &[&OsStr], program: &str) -> bool {
    let ours = std::env::current_exe().ok();
    let our_name = ours.as_deref().and_then(Path::file_name);
    if program != "minitalk" && our_name != Some(OsStr::new(program)) {
        return false;
    }
    match args {
        [called, ..] if Path::new(called).file_name() == Some(OsStr::new("server")) => true,
        [_, command, ..] => *command == "serve" || *command == "trace",
        _ => false,
    }
}

fn option(args: &[&OsStr], name: &str) -> Option<String> {
    let mut args = args.iter().filter_map(|arg| arg.to_str());
    while let Some(arg) = args.next() {
        if arg == name {
            return args.next().map(str::to_owned);
        }
        if let Some(value) = arg
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('='))
        {
            return Some(value.to_owned());
        }
    }
    None
}

/// The name of a user (`passwd(5)`), or the number where there is none.
fn user(uid: u32) -> String {
    let number = uid.to_string();
    let passwd = proc::read_text("/etc/passwd").unwrap_or_default();
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    name.unwrap_or(number)
}

/// A time in two units at most.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86400, seconds % 86400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_line_says() {
        let args =
            |text: &'static str| -> Vec<&OsStr> { text.split(' ').map(OsStr::new).collect() };
        assert!(serves(
            &args("/usr/bin/minitalk serve --count 1"),
            "minitalk"
        ));
        assert!(serves(&args("./server"), "minitalk"));
        assert!(!serves(&args("minitalk send 1 serve"), "minitalk"));
        assert!(!serves(&args("vim serve"), "vim"));
        let line = args("minitalk serve --dialect lsb --name x");
        assert_eq!(option(&line, "--dialect"), Some("lsb".into()));
        assert_eq!(
            option(&args("minitalk serve --dialect=pid"), "--dialect"),
            Some("pid".into())
        );
        assert_eq!(option(&args("minitalk serve"), "--dialect"), None);
    }

    #[test]
    fn a_name_is_no_pid() {
        assert!(is_name("kitchen") && is_name("küche-2") && is_name("_a"));
        for text in ["", "42", "4x", "-x", "+1", "a\u{1b}b"] {
            assert!(!is_name(text), "{text:?}");
        }
    }

    #[test]
    fn times_in_two_units() {
        let spans = [59, 61, 3661, 90_000].map(|s| span(Duration::from_secs(s)));
        assert_eq!(spans, ["59 s", "1 min 1 s", "1 h 1 min", "1 d 1 h"]);
    }
}

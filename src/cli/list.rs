//! `minitalk list`, and servers by their names, from `/proc` alone.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use minitalk::Pid;
use minitalk::client;
use minitalk::internals::SERVICE_THREAD;
use minitalk::internals::ffi;
use minitalk::internals::process::peer::Peer;
use minitalk::internals::process::proc;

use super::command::Command;
use super::exit::{Exit, Failure};
use super::flags::Args;
#[cfg(feature = "tools")]
use super::flags::{Flag, flags};
use super::help;
use super::suggest::suggest;
use super::text::in_line;
#[cfg(feature = "tools")]
use super::text::json_string;

/// Limits the bytes of a name: the kernel keeps no more (`TASK_COMM_LEN`).
const MAX_NAME: usize = 15;

/// Describes the option `--name`.
pub const NAME: &str =
    "a name by which others find this process: at most 15 bytes, with a letter, and no digit first";

/// Describes a running server that this user may signal.
struct RunningServer {
    pid: Pid,
    name: String,
    kind: &'static str,
    uid: u32,
    takes_words: bool,
    /// Holds the value of `--dialect`; `None` for a program that uses the library.
    dialect: Option<String>,
    uptime: Duration,
}

pub const LIST: Command = Command {
    name: "list",
    synopsis: if cfg!(feature = "tools") {
        "[options]"
    } else {
        ""
    },
    summary: "list the servers that this user can send to",
    about: "\
Lists the minitalk servers and chats that this user can send to, and the programs with an endpoint of the library: PID,
name (--name), kind (server, chat or endpoint), user, lanes, dialect and uptime. All of it is in /proc.
",
    flags: &[
        #[cfg(feature = "tools")]
        JSON,
    ],
    notes: String::new,
    run,
};

#[cfg(feature = "tools")]
const JSON: &[Flag] = flags! {
    "--json" =>
        "one object a line for each server: pid, name, kind (server, chat or endpoint), uid, user, lanes, dialect (null for an \
         endpoint), seconds (of uptime)";
};

#[cfg_attr(not(feature = "tools"), expect(unused_mut))]
fn run(mut args: Args) -> Result<(), Failure> {
    #[cfg(feature = "tools")]
    if args.switch("--json") {
        args.finish()?;
        let objects = servers()?;
        let objects: String = objects.iter().map(RunningServer::object).collect();
        return help::print(&objects);
    }
    args.finish()?;
    let mut text = row(["PID", "NAME", "KIND", "USER", "LANES", "DIALECT", "UPTIME"]);
    for server in servers()? {
        text.push_str(&server.row());
    }
    help::print(&text)
}

/// Returns a row of the list, or its head.
fn row([pid, name, kind, user, lanes, dialect, uptime]: [&str; 7]) -> String {
    format!("{pid:>7}  {name:<15}  {kind:<8}  {user:<12}  {lanes:<10}  {dialect:<16}  {uptime}\n")
}

/// Finds the only server with this name.
pub fn by_name(name: &str) -> Result<Pid, Failure> {
    let servers = servers()?;
    let named: Vec<_> = servers.iter().filter(|s| s.name == name).collect();
    match &named[..] {
        [one] => Ok(one.pid),
        [] => {
            let mut known = servers.iter().map(|server| &*server.name);
            let suggestion = suggest(name, &mut known, "; minitalk list shows those");
            // A process can give itself a name with control characters.
            let suggestion = in_line(suggestion.as_bytes());
            Err(Failure::new(
                Exit::NoSuchProcess,
                format!("there is no server named {name:?} that this user can send to{suggestion}"),
            ))
        }
        several => {
            let count = several.len();
            let pids: String = several.iter().map(|s| format!(" {}", s.pid)).collect();
            let text =
                format!("there are {count} servers named {name:?}; give the PID of one:{pids}");
            Err(Failure::new(Exit::Usage, text))
        }
    }
}

/// Returns whether `text` can be a server's name, which cannot be mistaken for a PID or an option.
pub fn is_name(text: &str) -> bool {
    let begins_well = !text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    // All characters beyond ASCII count as letters, because the table of letters is 2 KB.
    let is_letter = |c: char| c.is_ascii_alphabetic() || !c.is_ascii();
    begins_well && text.contains(is_letter) && !text.contains(char::is_control)
}

/// Returns the value of `--name` if it is a valid name.
pub fn valid_name(name: OsString) -> Result<String, Failure> {
    let valid = name
        .to_str()
        .filter(|name| name.len() <= MAX_NAME && is_name(name));
    valid.map(str::to_owned).ok_or_else(|| {
        Failure::usage(format!(
            "--name {name:?}: expected at most {MAX_NAME} bytes with a letter, and no digit or hyphen at the start"
        ))
    })
}

/// Gives this process the name by which others find it.
pub fn take_name(name: &str) -> Result<(), Failure> {
    fs::write("/proc/self/comm", name)
        .map_err(|error| Failure::io("cannot write the name to /proc/self/comm", error))
}

impl RunningServer {
    /// Returns the row in the list.
    fn row(&self) -> String {
        let lanes = if self.takes_words { "bit, word" } else { "bit" };
        let dialect = self.dialect.as_deref().unwrap_or("-");
        let [name, user, dialect] =
            [&*self.name, &user(self.uid), dialect].map(|text| in_line(text.as_bytes()));
        let (pid, uptime) = (self.pid.to_string(), span(self.uptime));
        row([&pid, &name, self.kind, &user, lanes, &dialect, &uptime])
    }

    /// Returns the server as a line of JSON.
    #[cfg(feature = "tools")]
    fn object(&self) -> String {
        let [name, user] = [&self.name, &user(self.uid)].map(|text| json_string(text));
        let dialect = self.dialect.as_deref().map_or("null".into(), json_string);
        let lanes = if self.takes_words {
            r#""bit","word""#
        } else {
            r#""bit""#
        };
        let (pid, kind, uid, seconds) = (self.pid, self.kind, self.uid, self.uptime.as_secs());
        format!(
            "{{\"pid\":{pid},\"name\":{name},\"kind\":\"{kind}\",\"uid\":{uid},\"user\":{user},\"lanes\":[{lanes}],\
             \"dialect\":{dialect},\"seconds\":{seconds}}}\n"
        )
    }
}

/// Returns every minitalk server that this user may signal, by PID.
fn servers() -> Result<Vec<RunningServer>, Failure> {
    let mut servers: Vec<RunningServer> = Vec::new();
    let processes = proc::check_mount().and_then(|()| {
        // A look at a process takes up to three descriptors. Without them, each would look as if it had ended.
        let spare = || fs::read_dir("/proc");
        let _spares = (spare()?, spare()?, spare()?);
        spare()
    });
    let processes = processes.map_err(|error| Failure::io("cannot list processes", error))?;
    for entry in processes.flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| Pid::parse(name).ok());
        if let Some(found) = pid.and_then(server) {
            // There are few servers, and the code of a sort is 7 KB.
            let at = servers.partition_point(|before| before.pid < found.pid);
            servers.insert(at, found);
        }
    }
    Ok(servers)
}

/// Returns the process `pid` if it is a minitalk server that this user may signal.
fn server(pid: Pid) -> Option<RunningServer> {
    if pid == ffi::getpid() {
        return None;
    }
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let args: Vec<_> = line
        .split(|byte| *byte == 0)
        .map(OsStr::from_bytes)
        .collect();
    let kind = kind(&args, &program(pid)?);
    let peer = Peer::open(pid).ok()?;
    let takes_words = client::check(&peer).ok()?;
    let status = proc::status(pid).ok()?;
    let dialect = || option(&args, "--dialect").unwrap_or_else(|| "auto".into());
    if kind.is_none() && !has_endpoint(pid, &status.name) {
        return None;
    }
    Some(RunningServer {
        pid,
        name: status.name,
        kind: kind.unwrap_or("endpoint"),
        uid: status.uid.0,
        takes_words,
        dialect: kind.map(|_| dialect()),
        uptime: proc::uptime(pid).unwrap_or_default(),
    })
}

/// Returns whether the program `pid`, of this name, has the thread of an endpoint that receives ([`SERVICE_THREAD`]).
///
/// Threads without a name of their own have that of their program.
fn has_endpoint(pid: Pid, name: &str) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    let mut threads = threads.into_iter().flatten().flatten();
    name != SERVICE_THREAD
        && threads.any(|thread| {
            let name = fs::read(thread.path().join("comm"));
            name.is_ok_and(|name| name.trim_ascii_end() == SERVICE_THREAD.as_bytes())
        })
}

/// Returns the name of the file that `pid` runs, even if the file was replaced meanwhile.
fn program(pid: Pid) -> Option<String> {
    let path = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let name = path.file_name()?.to_str()?;
    Some(name.strip_suffix(" (deleted)").unwrap_or(name).into())
}

/// Returns which kind of server has this command line, if any has; `program` is the name of its file.
fn kind(args: &[&OsStr], program: &str) -> Option<&'static str> {
    let ours = std::env::current_exe().ok();
    let our_name = ours.as_deref().and_then(Path::file_name);
    if program != "minitalk" && our_name != Some(OsStr::new(program)) {
        return None;
    }
    match args {
        [called, ..] if Path::new(called).file_name() == Some(OsStr::new("server")) => {
            Some("server")
        }
        [_, command, ..] if *command == "chat" => Some("chat"),
        [_, command, ..] if *command == "serve" || *command == "trace" => Some("server"),
        _ => None,
    }
}

fn option(args: &[&OsStr], name: &str) -> Option<String> {
    // The arguments after -- belong to the program of --exec.
    let args = args.iter().take_while(|arg| **arg != "--");
    let mut args = args.filter_map(|arg| arg.to_str());
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

/// Returns the name of a user (`passwd(5)`), or the number if there is no name.
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

/// Returns a time in at most two units.
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
    fn command_lines_of_servers_are_recognized() {
        let args =
            |text: &'static str| -> Vec<&OsStr> { text.split(' ').map(OsStr::new).collect() };
        for (line, program, expected) in [
            ("/usr/bin/minitalk serve", "minitalk", Some("server")),
            ("minitalk trace", "minitalk", Some("server")),
            ("./server", "minitalk", Some("server")),
            ("minitalk chat 1", "minitalk", Some("chat")),
            ("minitalk send 1 serve", "minitalk", None),
            ("vim serve", "vim", None),
        ] {
            assert_eq!(kind(&args(line), program), expected, "{line}");
        }
        let line = args("minitalk serve --dialect lsb --name x");
        assert_eq!(option(&line, "--dialect"), Some("lsb".into()));
        let line = args("minitalk serve --dialect=pid");
        assert_eq!(option(&line, "--dialect"), Some("pid".into()));
        for line in ["minitalk serve", "minitalk serve --exec x -- --dialect lsb"] {
            assert_eq!(option(&args(line), "--dialect"), None);
        }
    }

    #[test]
    fn a_name_cannot_be_a_pid() {
        assert!(is_name("kitchen") && is_name("küche-2") && is_name("_a"));
        for text in ["", "42", "4x", "-x", "+1", "a\u{1b}b"] {
            assert!(!is_name(text), "{text:?}");
        }
    }

    #[test]
    fn times_have_at_most_two_units() {
        let spans = [59, 61, 3661, 90_000].map(|s| span(Duration::from_secs(s)));
        assert_eq!(spans, ["59 s", "1 min 1 s", "1 h 1 min", "1 d 1 h"]);
    }
}

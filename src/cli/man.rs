//! `minitalk man`: the manual page, from the tables of commands and options.

use std::fmt::Write;

use super::COMMANDS;
use super::command::Command;
use super::{exit, help};

pub const MAN: Command = Command {
    name: "man",
    synopsis: "",
    summary: "print the manual page: minitalk man | man -l -",
    about: "Prints the manual page in man(7): minitalk man | man -l -\n",
    flags: &[],
    notes: String::new,
    run: |args| {
        args.finish()?;
        help::print(&page())
    },
};

/// Returns the manual page, in man(7).
fn page() -> String {
    let mut text = format!(
        ".TH MINITALK 1 \"\" \"minitalk {}\" \"User Commands\"\n.SH NAME\nminitalk \\- messages between processes over nothing but signals\n.SH SYNOPSIS\n",
        env!("CARGO_PKG_VERSION")
    );
    let usages = COMMANDS.iter().map(Command::usage);
    let classic = ["server", "client PID MESSAGE"].map(String::from);
    literal(
        &mut text,
        &usages.chain(classic).collect::<Vec<_>>().join("\n"),
    );
    let _ = write!(text, ".SH DESCRIPTION\n{}\n", escape(DESCRIPTION));
    text.push_str(".SH COMMANDS\n");
    for command in COMMANDS {
        let _ = writeln!(text, ".SS {}", escape(&command.usage()));
        for paragraph in command.about.split("\n\n") {
            // Columns stay as they are.
            if paragraph.contains("\n  ") || paragraph.starts_with("  ") {
                literal(&mut text, paragraph);
            } else {
                let _ = writeln!(text, ".PP\n{}", escape(&paragraph.replace('\n', " ")));
            }
        }
        for flag in command.all_flags() {
            let names = flag.names().map(|name| format!("\\fB{}\\fR", escape(name)));
            let names = names.collect::<Vec<_>>().join(", ");
            let value = match flag.placeholder() {
                "" => String::new(),
                placeholder => format!(" \\fI{}\\fR", escape(placeholder)),
            };
            item(&mut text, &format!("{names}{value}"), flag.help);
        }
        literal(&mut text, &(command.notes)());
    }
    text.push_str(".SH EXIT STATUS\n");
    items(&mut text, exit::MEANINGS);
    let _ = write!(text, ".PP\n{}", escape(help::INTERRUPTED));
    text.push_str(".SH ENVIRONMENT\n");
    items(&mut text, ENVIRONMENT);
    text.push_str(".SH EXAMPLES\n");
    items(&mut text, EXAMPLES);
    let _ = write!(text, ".SH SEE ALSO\n{SEE_ALSO}\n");
    text
}

const DESCRIPTION: &str = "A client turns a message into bits and sends each as SIGUSR1 or SIGUSR2 to a server, of which it \
     knows only the PID; the server rebuilds the bytes and prints them. No socket, pipe, file or shared memory is involved. When \
     both ends are minitalk, what is lost is sent again, each message has a checksum, and real-time signals carry 32 bytes each. \
     Both ends must be allowed to signal each other: the same user, or both root.";

const ENVIRONMENT: &str = "\
NO_COLOR                    no colours in a trace and in the report of a check
CLICOLOR_FORCE              colours in a pipe too
TERM                        dumb: no colours
NOTIFY_SOCKET               serve and trace report to this socket that they are ready (sd_notify(3))
MINITALK_PID, MINITALK_UID  set for the program of serve --exec: the sender of the message
";

const EXAMPLES: &str = "\
minitalk demo Hello                                    both ends, in one command
minitalk serve --name kitchen                          a server with a name
minitalk send kitchen Hello                            a message to it
ls | minitalk send -v 4242                             standard input, to a PID
minitalk chat kitchen                                  a conversation with minitalk chat --name kitchen
minitalk serve --exec tr a-z A-Z                       a service; minitalk send --reply PID MESSAGE prints what it answers
minitalk send --dialect order=lsb,ack=none 4242 Hello  a message to another program's server
minitalk check --server ./server                       a test of another program's server
";

const SEE_ALSO: &str = "kill(1), pidfd_send_signal(2), rt_sigqueueinfo(2), sigaction(2), proc(5), signal(7), signal\\-safety(7)";

/// Appends an item of a list for each line of `table`: a label, two spaces or more, and its meaning.
fn items(text: &mut String, table: &str) {
    for line in table.lines() {
        let (label, meaning) = line.trim_ascii().split_once("  ").unwrap_or_default();
        item(text, &escape(label), meaning.trim_ascii_start());
    }
}

/// Appends an item of a list.
fn item(text: &mut String, label: &str, meaning: &str) {
    let _ = writeln!(text, ".TP\n{label}\n{}", escape(meaning));
}

/// Appends lines without filling them.
fn literal(text: &mut String, lines: &str) {
    text.push_str(".nf\n");
    for line in lines.lines() {
        let _ = writeln!(text, "{}", escape(line));
    }
    text.push_str(".fi\n");
}

/// Returns `line` as text of man(7), with hyphens that can be copied and without requests.
fn escape(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-");
    if line.starts_with(['.', '\'']) {
        format!("\\&{line}")
    } else {
        line
    }
}

//! `minitalk man`: the manual page, from the tables of commands and options.

use std::fmt::Write;

use super::COMMANDS;
use super::command::Command;
use super::help;

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
        ".TH MINITALK 1 \"\" \"minitalk {}\" \"User Commands\"\n.SH NAME\nminitalk \\- messages between processes over nothing but signals\n.SH OVERVIEW\n",
        env!("CARGO_PKG_VERSION")
    );
    let main = help::main();
    let (_, overview) = main.split_once("\n\n").unwrap_or_default();
    literal(&mut text, overview);
    for command in COMMANDS {
        let _ = writeln!(text, ".SH {}", escape(&command.usage()));
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
            let _ = writeln!(text, ".TP\n{names}{value}\n{}", escape(flag.help));
        }
        literal(&mut text, &(command.notes)());
    }
    text
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

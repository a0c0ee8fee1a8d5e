//! `minitalk completions SHELL`, from the tables of commands and options.

use std::fmt::Write;

use super::command::Command;
use super::exit::Failure;
use super::flags::Flag;
use super::{COMMANDS, help, names};

pub const COMPLETIONS: Command = Command {
    name: "completions",
    synopsis: "bash|zsh|fish",
    summary: "print completions of the command line for a shell",
    about: "Prints the definitions that complete the command line: eval \"$(minitalk completions bash)\"\n",
    flags: &[],
    notes: String::new,
    run: |mut args| {
        let shell = args.positional();
        args.finish()?;
        match shell
            .as_deref()
            .map(|shell| shell.to_string_lossy())
            .as_deref()
        {
            Some("bash") => help::print(&bash()),
            Some("zsh") => help::print(&zsh()),
            Some("fish") => help::print(&fish()),
            shell => Err(Failure::usage(format!(
                "expected bash, zsh or fish instead of {:?}",
                shell.unwrap_or_default()
            ))),
        }
    },
};

fn bash() -> String {
    let (mut values, mut options) = (String::new(), String::new());
    for command in COMMANDS {
        let mut all = Vec::new();
        for flag in command.all_flags() {
            all.extend(flag.names());
            let words = match flag.placeholder() {
                "" => continue,
                "PATH" => "($(compgen -f -- \"$cur\"))".into(),
                words if words.contains('|') => reply(&words.replace('|', " ")),
                _ => "()".into(),
            };
            for name in flag.names() {
                let _ = writeln!(
                    values,
                    "        {}:{name}) COMPREPLY={words}; return ;;",
                    command.name
                );
            }
        }
        let words = reply(&all.join(" "));
        let _ = writeln!(options, "        {}) COMPREPLY={words} ;;", command.name);
    }
    let commands = reply(&format!("{} --help --version", names(" ")));
    format!(
        "\
_minitalk() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}
    if ((COMP_CWORD == 1)); then
        COMPREPLY={commands}
        return
    fi
    case ${{COMP_WORDS[1]}}:$prev in
{values}    esac
    case ${{COMP_WORDS[1]}} in
{options}    esac
}}
complete -F _minitalk minitalk
"
    )
}

/// Returns an array of those `words` that begin as the word that is being completed.
fn reply(words: &str) -> String {
    format!("($(compgen -W '{words}' -- \"$cur\"))")
}

fn zsh() -> String {
    let mut cases = String::new();
    for command in COMMANDS {
        let _ = write!(cases, "        {}) _arguments -s", command.name);
        for flag in command.all_flags() {
            // These characters would end or divide a specification in single quotes.
            let meaning = flag.help.replace(['\'', '[', ']', ':'], " ");
            let value = match flag.placeholder() {
                "" => String::new(),
                "PATH" => ":path:_files".into(),
                words if words.contains('|') => format!(":value:({})", words.replace('|', " ")),
                name => format!(":{name}:"),
            };
            for name in flag.names() {
                let _ = write!(cases, " \\\n            '{name}[{meaning}]{value}'");
            }
        }
        cases.push_str(" ;;\n");
    }
    format!(
        "\
#compdef minitalk
_minitalk() {{
    if ((CURRENT == 2)); then
        compadd {} --help --version
        return
    fi
    case $words[2] in
{cases}    esac
}}
_minitalk \"$@\"
",
        names(" ")
    )
}

fn fish() -> String {
    let mut text = String::from("complete -c minitalk -f\n");
    for Command { name, summary, .. } in COMMANDS {
        let _ = writeln!(
            text,
            "complete -c minitalk -n __fish_use_subcommand -a {name} -d '{summary}'"
        );
    }
    for command in COMMANDS {
        for flag in command.all_flags() {
            text.push_str(&fish_option(command, flag));
        }
    }
    text
}

fn fish_option(command: &Command, flag: &Flag) -> String {
    let short = flag
        .short()
        .map_or(String::new(), |name| format!(" -s {name}"));
    let value = match flag.placeholder() {
        "" => String::new(),
        "PATH" => " -rF".into(),
        words if words.contains('|') => format!(" -xa '{}'", words.replace('|', " ")),
        _ => " -x".into(),
    };
    format!(
        "complete -c minitalk -n '__fish_seen_subcommand_from {}'{short} -l {}{value} -d '{}'\n",
        command.name,
        flag.long().trim_start_matches('-'),
        flag.help.replace('\\', "\\\\").replace('\'', "\\'"),
    )
}

//! `minitalk completions SHELL`, from the tables of commands and options.

use std::ffi::OsStr;
use std::fmt::Write;

use minitalk::dialect::spec;

use super::command::Command;
use super::exit::Failure;
use super::flags::Flag;
use super::{COMMANDS, help, names};

pub const COMPLETIONS: Command = Command {
    name: "completions",
    synopsis: "bash|zsh|fish",
    summary: "print completions of the command line for a shell",
    about: "\
Prints the definitions that complete the command line: commands, options, their values, dialects, and the PIDs and names
of running servers.
  eval \"$(minitalk completions bash)\"
  source <(minitalk completions zsh)
  minitalk completions fish | source
",
    flags: &[],
    notes: String::new,
    run: |mut args| {
        let shell = args.positional();
        args.finish()?;
        match shell.as_deref().and_then(OsStr::to_str) {
            Some("bash") => help::print(&bash()),
            Some("zsh") => help::print(&zsh()),
            Some("fish") => help::print(&fish()),
            _ => {
                let instead = shell.map(|shell| format!(" instead of {shell:?}"));
                let instead = instead.unwrap_or_default();
                Err(Failure::usage(format!("expected bash, zsh or fish{instead}")))
            }
        }
    },
};

/// Holds the code by which a shell offers the values of a placeholder.
struct Shell {
    path: &'static str,
    program: &'static str,
    /// Offers the PIDs and names of running servers.
    server: &'static str,
    /// Offers a preset or `key=value`, or several with commas between them.
    dialect: &'static str,
    words: fn(&str) -> String,
}

impl Shell {
    /// Returns the code for a word of a table of options or of a synopsis; `None` if it can stand for anything.
    fn candidates(&self, placeholder: &str) -> Option<String> {
        Some(match placeholder {
            "PATH" => self.path.into(),
            "PROGRAM" => self.program.into(),
            "PID|NAME" => self.server.into(),
            "SPEC" => self.dialect.into(),
            "COMMAND" => (self.words)(&names(" ")),
            words if words.contains('|') => (self.words)(&words.replace('|', " ")),
            _ => return None,
        })
    }

    /// Returns the code for the first argument of `command`, unless that is an option.
    fn first_argument(&self, command: &Command) -> Option<String> {
        let word = command.synopsis.split(' ').next().unwrap_or_default();
        let word = word.trim_matches(['[', ']']);
        self.candidates(word).filter(|_| !word.starts_with('-'))
    }
}

/// Adds the candidates that begin as the word that is being completed.
const BASH: Shell = Shell {
    path: "COMPREPLY+=($(compgen -f -- \"$cur\"))",
    program: "COMPREPLY+=($(compgen -c -- \"$cur\"))",
    server: "_minitalk_servers",
    dialect: "_minitalk_dialects",
    words: |words| format!("_minitalk_words '{words}'"),
};

/// Names the actions of `_arguments`.
const ZSH: Shell = Shell {
    path: "_files",
    program: "_command_names -e",
    server: "_minitalk_servers",
    dialect: "_minitalk_dialects",
    words: |words| format!("({words})"),
};

/// Names the arguments of `complete`.
const FISH: Shell = Shell {
    path: "",
    program: " -a '(__fish_complete_command)'",
    server: " -a '(__minitalk_servers)'",
    dialect: " -a '(__minitalk_dialects)'",
    words: |words| format!(" -a '{words}'"),
};

/// Returns the presets, and each key with each of its values.
fn dialects() -> String {
    let presets = spec::PRESETS.iter().map(|preset| preset.name.to_owned());
    let mut words: Vec<_> = presets.collect();
    for key in spec::KEYS {
        // A value in capitals is a placeholder for a number.
        let is_word = |value: &&str| !value.contains(|c: char| c.is_ascii_uppercase());
        let values: Vec<_> = key.values.split('|').filter(is_word).collect();
        let values = if values.is_empty() { vec![""] } else { values };
        words.extend(values.iter().map(|value| format!("{}={value}", key.name)));
    }
    words.join(" ")
}

fn bash() -> String {
    let (mut values, mut options) = (String::new(), String::new());
    for command in COMMANDS {
        let name = command.name;
        let flags = command.all_flags();
        let all: Vec<_> = flags.flat_map(Flag::names).collect();
        for flag in command.all_flags() {
            if flag.placeholder().is_empty() {
                continue;
            }
            let action = BASH.candidates(flag.placeholder());
            let action = action.unwrap_or_else(|| ":".into());
            for option in flag.names() {
                let _ = writeln!(values, "        {name}:{option}) {action}; return ;;");
            }
        }
        let mut action = (BASH.words)(&all.join(" "));
        if let Some(first) = BASH.first_argument(command) {
            action = format!(
                "if [[ $cur != -* && ($i == 2 || $prev == -*) ]]; then {first}; fi; {action}"
            );
        }
        let _ = writeln!(options, "        {name}) {action} ;;");
    }
    let commands = (BASH.words)(&format!("{} --help --version", names(" ")));
    format!(
        "\
_minitalk_words() {{
    COMPREPLY+=($(compgen -W \"$1\" -- \"$cur\"))
}}
_minitalk_dialects() {{
    compopt -o nospace 2>/dev/null
    COMPREPLY+=($(compgen -P \"${{cur%\"${{cur##*,}}\"}}\" -W '{}' -- \"${{cur##*,}}\"))
}}
# A process chooses its own name, so names with characters of the shell are left out.
_minitalk_servers() {{
    local pid name rest word
    while read -r pid name rest; do
        [[ $pid == PID ]] && continue
        for word in \"$pid\" \"$name\"; do
            [[ $word =~ ^[[:alnum:]_.-]+$ && $word != minitalk && $word == \"$cur\"* ]] && COMPREPLY+=(\"$word\")
        done
    done < <(minitalk list 2>/dev/null)
}}
_minitalk() {{
    # The shell divides words at =; this joins them again.
    local i=$COMP_CWORD cur=${{COMP_WORDS[COMP_CWORD]}} prev typed
    typed=${{cur#=}}
    while ((i > 1)) && [[ ${{COMP_WORDS[i]}} == = || ${{COMP_WORDS[i-1]}} == = ]]; do
        cur=${{COMP_WORDS[--i]}}$cur
    done
    prev=${{COMP_WORDS[i-1]}}
    [[ $cur == --*=* ]] && ((i < COMP_CWORD)) && prev=${{cur%%=*}} cur=${{cur#*=}}
    COMPREPLY=()
    if ((i == 1)); then
        {commands}
        return
    fi
    _minitalk_arguments
    # What stands before the last = stays.
    local at before=${{cur%\"$typed\"}}
    ((i < COMP_CWORD)) && for at in \"${{!COMPREPLY[@]}}\"; do COMPREPLY[at]=${{COMPREPLY[at]#\"$before\"}}; done
    return 0
}}
_minitalk_arguments() {{
    case ${{COMP_WORDS[1]}}:$prev in
{values}    esac
    case ${{COMP_WORDS[1]}} in
{options}    esac
}}
complete -F _minitalk minitalk
",
        dialects()
    )
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
                name => {
                    let action = ZSH.candidates(name).unwrap_or_default();
                    format!(":{}:{action}", name.replace('|', " or "))
                }
            };
            for name in flag.names() {
                let _ = write!(cases, " \\\n            '{name}[{meaning}]{value}'");
            }
        }
        if let Some(action) = ZSH.first_argument(command) {
            let _ = write!(cases, " \\\n            '1:argument:{action}'");
        }
        cases.push_str(" ;;\n");
    }
    format!(
        "\
#compdef minitalk
_minitalk_dialects() {{
    compset -P '*,'
    compadd -S '' -- {}
}}
_minitalk_servers() {{
    local pid name rest
    minitalk list 2>/dev/null | while read -r pid name rest; do
        [[ $pid == PID ]] && continue
        compadd -- $pid
        [[ $name == minitalk ]] || compadd -- $name
    done
}}
_minitalk() {{
    if ((CURRENT == 2)); then
        compadd {} --help --version
        return
    fi
    shift words
    ((CURRENT--))
    case $words[1] in
{cases}    esac
}}
if [[ $funcstack[1] == _minitalk ]]; then
    _minitalk \"$@\"
else
    compdef _minitalk minitalk
fi
",
        dialects(),
        names(" ")
    )
}

fn fish() -> String {
    let mut text = format!(
        "\
complete -c minitalk -f
function __minitalk_dialects
    set -l before (commandline -ct | string replace -r -- '^--[^=]*=' '' | string replace -r -- '[^,]*$' '')
    printf '%s\\n' \"$before\"{{{}}}
end
function __minitalk_servers
    minitalk list 2>/dev/null | while read -l pid name rest
        test $pid = PID; and continue
        echo $pid
        test $name = minitalk; or echo $name
    end
end
",
        dialects().replace(' ', ",")
    );
    for Command { name, summary, .. } in COMMANDS {
        let _ = writeln!(
            text,
            "complete -c minitalk -n __fish_use_subcommand -a {name} -d {}",
            fish_quoted(summary)
        );
    }
    for command in COMMANDS {
        let name = command.name;
        let condition = format!("complete -c minitalk -n '__fish_seen_subcommand_from {name}'");
        if let Some(action) = FISH.first_argument(command) {
            let _ = writeln!(text, "{condition}{action}");
        }
        for flag in command.all_flags() {
            let short = flag.short().map(|name| format!(" -s {name}"));
            let short = short.unwrap_or_default();
            let long = flag.long().trim_start_matches('-');
            let value = match flag.placeholder() {
                "" => String::new(),
                "PATH" => " -rF".into(),
                name => format!(" -x{}", FISH.candidates(name).unwrap_or_default()),
            };
            let meaning = fish_quoted(flag.help);
            let _ = writeln!(text, "{condition}{short} -l {long}{value} -d {meaning}");
        }
    }
    text
}

fn fish_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

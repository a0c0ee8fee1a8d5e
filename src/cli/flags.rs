//! The options of a command. One row of a table feeds the parser, `--help`, the manual page and the completions, so that they
//! cannot disagree.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::time::Duration;
use std::vec;

use lexopt::{Arg, Parser};
use minitalk::dialect::spec::{KEYS, PRESETS, SpecError};
use minitalk::server::Dialects;

use super::command::Command;
use super::exit::Failure;
use super::help;
use super::suggest::suggest;
use super::units;

/// Describes an option of a command.
#[derive(Debug)]
pub struct Flag {
    /// Gives the names and the placeholder of the value: `-v, --verbose`, `--count N`, `--lane auto|bit`.
    pub usage: &'static str,
    pub help: &'static str,
}

/// Makes a table of options, with the usage and the help text of each.
macro_rules! flags {
    ($($usage:expr => $help:expr;)+) => {
        &[$($crate::cli::flags::Flag { usage: $usage, help: $help }),+]
    };
}
pub(crate) use flags;

/// Describes `-h`, which every command has.
pub const HELP: Flag = Flag {
    usage: "-h, --help",
    help: "print this help",
};

impl Flag {
    /// Returns the names with their hyphens.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let words = self.usage.split([' ', ',']);
        words.filter(|word| word.starts_with('-'))
    }

    /// Returns the long name with its hyphens.
    pub fn long(&self) -> &'static str {
        self.names().last().unwrap_or_default()
    }

    /// Returns the short name without its hyphen.
    pub fn short(&self) -> Option<char> {
        self.names().find(|name| name.len() == 2)?.chars().last()
    }

    /// Returns the placeholder of the value, which is empty for an option without a value.
    pub fn placeholder(&self) -> &'static str {
        let (_, value) = self.usage.rsplit_once(' ').unwrap_or_default();
        if value.starts_with('-') { "" } else { value }
    }

    /// Returns the option without which this one has no effect: help texts begin with it.
    fn needs(&self) -> Option<&'static str> {
        Some(self.help.strip_prefix("with ")?.split_once(':')?.0)
    }
}

/// Holds the arguments of a command. The command takes the flags that it knows, and [`finish`](Self::finish) rejects the rest.
pub struct Args {
    flags: Vec<(&'static Flag, OsString)>,
    positional: vec::IntoIter<OsString>,
    /// Says whether `--` is among the arguments.
    pub has_separator: bool,
}

/// Parses `args` by the table of `command`. Returns `None` after printing the help text.
///
/// # Errors
/// Returns a usage error, or an error of standard output.
pub fn parse(command: &'static Command, args: Vec<OsString>) -> Result<Option<Args>, Failure> {
    let has_separator = args.iter().any(|arg| arg == "--");
    let (mut flags, mut positional) = (Vec::new(), Vec::new());
    let mut parser = Parser::from_args(args);
    while let Some(arg) = parser.next()? {
        let is_named = |flag: &&Flag| match arg {
            Arg::Long(name) => flag.long().strip_prefix("--") == Some(name),
            Arg::Short(name) => flag.short() == Some(name),
            Arg::Value(_) => false,
        };
        let flag = command.all_flags().find(is_named);
        match (arg, flag) {
            (Arg::Value(value), _) => positional.push(value),
            (_, Some(flag)) if flag.long() == HELP.long() => {
                return help::print(&command.help()).map(|()| None);
            }
            (_, Some(flag)) if flag.placeholder().is_empty() => flags.push((flag, OsString::new())),
            (_, Some(flag)) => match parser.value() {
                // As a value, -- is the separator of a command line whose value is missing: --exec -- sh.
                Ok(value) if value != "--" => flags.push((flag, value)),
                _ => {
                    let text = format!("{}: expected a value ({})", flag.long(), flag.usage);
                    return Err(Failure::usage(text));
                }
            },
            // A negative number is an invalid PID, not an option.
            (Arg::Short(digit @ '0'..='9'), None) => {
                let mut text = OsString::from(format!("-{digit}"));
                text.push(parser.optional_value().unwrap_or_default());
                positional.push(text);
            }
            (Arg::Short(name), None) => {
                let typed = format!("-{name}");
                return Err(unknown(&flags, format!("invalid option {typed:?}")));
            }
            (Arg::Long(name), None) => {
                let typed = format!("--{name}");
                let suggestion = suggest(&typed, &mut command.all_flags().map(Flag::long), "");
                let text = format!("invalid option {typed:?}{suggestion}");
                return Err(unknown(&flags, text));
            }
        }
    }
    Ok(Some(Args {
        flags,
        positional: positional.into_iter(),
        has_separator,
    }))
}

/// Returns the error of an option that is not in the table, after the options `before`.
fn unknown(before: &[(&Flag, OsString)], mut text: String) -> Failure {
    let is_exec = |(flag, _): &(&Flag, OsString)| flag.long() == "--exec";
    if let Some((_, program)) = before.iter().find(|option| is_exec(option)) {
        text = format!("{text}; write -- before the options of {program:?}");
    }
    Failure::usage(text)
}

impl Args {
    /// Takes the next positional argument.
    pub fn positional(&mut self) -> Option<OsString> {
        self.positional.next()
    }

    /// Takes a switch; returns whether it was given.
    pub fn switch(&mut self, long: &str) -> bool {
        self.take(long).is_some()
    }

    /// Takes the value of an option.
    pub fn value(&mut self, long: &str) -> Option<OsString> {
        self.take(long).map(|(_, value)| value)
    }

    /// Takes the value of an option, one of the words in its usage; returns the element of `values` at the same place.
    pub fn choice<T: Copy>(&mut self, long: &str, values: &[T]) -> Result<Option<T>, Failure> {
        self.parsed(long, &|flag, text| {
            let mut words = flag.placeholder().split('|').zip(values);
            let chosen = words.find(|(word, _)| text == *word);
            let words = || format!("expected one of {}", flag.placeholder().replace('|', ", "));
            chosen.map(|(_, value)| *value).ok_or_else(words)
        })
    }

    /// Takes the value of an option, a number of seconds that may have decimals.
    pub fn seconds(&mut self, long: &str) -> Result<Option<Duration>, Failure> {
        self.parsed(long, &|_, text| units::seconds(text))
    }

    /// Takes the value of an option, a whole number within `limits`.
    pub fn number(
        &mut self,
        long: &str,
        limits: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Failure> {
        self.parsed(long, &|_, text| units::whole(text, limits.clone()))
    }

    /// Takes the value of an option, a number of bytes within `limits`, such as 16M.
    pub fn size(
        &mut self,
        long: &str,
        limits: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Failure> {
        self.parsed(long, &|_, text| units::size(text, limits.clone()))
    }

    /// Takes the value of an option, a dialect or `auto`.
    pub fn dialects(&mut self) -> Result<Option<Dialects>, Failure> {
        self.parsed("--dialect", &|_, text| match text {
            "auto" => Ok(Dialects::Auto),
            spec => {
                let explain = |why| {
                    let otherwise = "; minitalk dialects lists presets and keys";
                    let suggestion = match &why {
                        SpecError::Preset(name) => suggest(
                            name,
                            &mut PRESETS.iter().map(|preset| preset.name),
                            otherwise,
                        ),
                        SpecError::Key(name) => {
                            suggest(name, &mut KEYS.iter().map(|key| key.name), otherwise)
                        }
                        _ => otherwise.into(),
                    };
                    format!("{why}{suggestion}")
                };
                spec.parse().map(Dialects::Given).map_err(explain)
            }
        })
    }

    /// Rejects the arguments that the command did not take.
    pub fn finish(mut self) -> Result<(), Failure> {
        if let Some(extra) = self.positional.next() {
            return Err(Failure::usage(format!("unexpected argument {extra:?}")));
        }
        match self.flags.first() {
            None => Ok(()),
            Some((flag, _)) => {
                let why = match flag.needs() {
                    Some(other) => format!("without {other}"),
                    None => "with the other options".into(),
                };
                let text = format!("{} has no effect {why}", flag.long());
                Err(Failure::usage(text))
            }
        }
    }

    /// Takes an option, the last one if it was given repeatedly.
    fn take(&mut self, long: &str) -> Option<(&'static Flag, OsString)> {
        let mut last = None;
        while let Some(at) = self.flags.iter().position(|(flag, _)| flag.long() == long) {
            last = Some(self.flags.remove(at));
        }
        last
    }

    fn parsed<T>(
        &mut self,
        long: &str,
        parse: &dyn Fn(&Flag, &str) -> Result<T, String>,
    ) -> Result<Option<T>, Failure> {
        let Some((flag, value)) = self.take(long) else {
            return Ok(None);
        };
        let invalid = |why| Failure::usage(format_args!("{} {value:?}: {why}", flag.long()));
        let parsed = parse(flag, &value.to_string_lossy());
        parsed.map(Some).map_err(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAND: Command = Command {
        name: "test",
        synopsis: "",
        summary: "",
        about: "",
        flags: &[flags! { "-v, --verbose" => "a switch"; "--count N" => "a value"; }],
        notes: String::new,
        run: |_| Ok(()),
    };

    fn args(line: &str) -> Args {
        let args = line.split(' ').map(OsString::from).collect();
        parse(&COMMAND, args).unwrap().unwrap()
    }

    #[test]
    fn the_last_value_of_an_option_counts() {
        let mut args = args("--count 1 x -v --count=2 -7");
        assert_eq!(args.number("--count", 0..=9).unwrap(), Some(2));
        assert_eq!(args.number("--count", 0..=9).unwrap(), None);
        assert!(args.switch("--verbose") && !args.switch("--verbose"));
        let positional: Vec<_> = std::iter::from_fn(|| args.positional()).collect();
        assert_eq!(positional, ["x", "-7"]);
        assert!(args.finish().is_ok());
    }

    #[test]
    fn arguments_that_the_command_does_not_take_are_rejected() {
        assert!(args("-v").finish().is_err());
        assert!(args("extra").finish().is_err());
        assert!(args("--count 1").number("--count", 2..=9).is_err());
    }
}

//! `cargo xtask rooms`: no module uses a room above its own, and no two types have one name. Every path below `src/` that begins
//! with `crate::` or `minitalk::` counts, those in tests too; examples in comments do not.

mod names;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

const USAGE: &str = "\
usage: cargo xtask rooms

Checks that no module below src/ uses a room that its own room may not use. The table is in xtask/src/rooms.rs.
Checks that no two types below src/, or below audit/src/, have the same name.
";

/// The rooms, lowest first: a name, the modules, and the rooms that it may use besides itself.
///
/// A module belongs to the room that names it, or else to that of the module around it. A name that ends in `::` is that of the
/// modules inside alone: `cli` itself has the list of commands, of which `check` is one.
const ROOMS: &str = "\
types      | signal::event signal::ring signal::set process::pid wire::packet wire::siphash |
ffi        | ffi                                                                            | types
background | background                                                                     | types ffi
process    | process                                                                        | types ffi
signal     | signal                                                                         | types ffi process
wire       | wire                                                                           | types
dialect    | dialect                                                                        | types wire
client     | client                                                                         | all but background
server     | server                                                                         | all but client
engine     | engine                                                                         | all
library    | lib endpoint                                                                   | all
command    | cli::                                                                          | all
check      | check                                                                          | all
main       | main cli                                                                       | library command check
";

/// A row of [`ROOMS`].
struct Room {
    name: &'static str,
    modules: &'static str,
    uses: &'static str,
}

fn rooms() -> impl Iterator<Item = Room> {
    ROOMS.lines().filter_map(|row| {
        let (name, rest) = row.split_once('|')?;
        let (modules, uses) = rest.split_once('|')?;
        let [name, modules, uses] = [name, modules, uses].map(str::trim);
        Some(Room {
            name,
            modules,
            uses,
        })
    })
}

impl Room {
    fn may_use(&self, other: &str) -> bool {
        let mut below = rooms().take_while(|room| room.name != self.name);
        let is_below = below.any(|room| room.name == other);
        other == self.name
            || match self.uses.strip_prefix("all") {
                Some(exception) => is_below && exception.trim_start() != format!("but {other}"),
                None => self.uses.split(' ').any(|name| name == other),
            }
    }
}

/// Runs the task with its arguments.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    if let Some(exit) = super::no_arguments("rooms", USAGE, arguments) {
        return exit;
    }
    let found = violations(Path::new("src")).and_then(|mut all| {
        for tree in ["src", "audit/src"] {
            all.extend(names::repeated(Path::new(tree))?);
        }
        Ok(all)
    });
    match found {
        Ok(violations) if violations.is_empty() => {
            println!("no module uses a room above its own, and no two types have one name");
            ExitCode::SUCCESS
        }
        Ok(violations) => {
            for violation in violations {
                eprintln!("rooms: {violation}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("rooms: cannot read the sources: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The uses below `src` that the table does not allow.
fn violations(src: &Path) -> io::Result<Vec<String>> {
    let mut violations = Vec::new();
    for file in sources(src)? {
        let path = file.strip_prefix(src).unwrap_or(&file);
        violations.extend(violations_in(path, &fs::read_to_string(&file)?));
    }
    Ok(violations)
}

/// All files of Rust below `directory`, sorted.
fn sources(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn violations_in(path: &Path, text: &str) -> Vec<String> {
    let module = module_of(path);
    let Some(room) = room_of(&module) else {
        return vec![format!("src/{} is in no room", path.display())];
    };
    let mut violations = Vec::new();
    let lines = text.lines().enumerate();
    for (i, line) in lines.filter(|(_, line)| !line.trim_start().starts_with("//")) {
        for used in used_modules(line) {
            // The root of the crate is the library's interface.
            let other = room_of(used).map_or("library", |other| other.name);
            if !room.may_use(other) {
                violations.push(format!(
                    "src/{}:{}: {} may not use {other}: {used}",
                    path.display(),
                    i + 1,
                    room.name
                ));
            }
        }
    }
    violations
}

/// `signal::ring` for `signal/ring.rs`.
fn module_of(path: &Path) -> String {
    let stem = path.with_extension("");
    let names: Vec<_> = stem
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name != "mod")
        .collect();
    names.join("::")
}

/// The paths in a line behind `crate::` and `minitalk::`.
fn used_modules(line: &str) -> impl Iterator<Item = &str> {
    let roots = ["crate::", "minitalk::"];
    let found = roots.into_iter().flat_map(|root| line.match_indices(root));
    // The names in a macro belong to the crate that uses it.
    let found = found.filter(|(at, _)| !line[..*at].ends_with('$'));
    let paths = found.map(|(at, root)| {
        let rest = &line[at + root.len()..];
        let is_of_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        let end = rest.find(|c| !is_of_path(c)).unwrap_or(rest.len());
        rest[..end].trim_end_matches(':')
    });
    paths.filter(|path| !path.is_empty())
}

/// The room of a module or of an item in it: the room with the longest matching part of its path.
fn room_of(path: &str) -> Option<Room> {
    let depth = |room: &Room| {
        let around = room.modules.split(' ').filter(|module| {
            let rest = path.strip_prefix(module);
            rest.is_some_and(|rest| {
                rest.is_empty() || rest.starts_with("::") || module.ends_with("::")
            })
        });
        around.map(str::len).max()
    };
    rooms()
        .filter(|room| depth(room).is_some())
        .max_by_key(&depth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_belongs_to_the_room_that_names_it() {
        for (path, room) in [
            ("signal/ring.rs", "types"),
            ("signal/inbox.rs", "signal"),
            ("signal/mod.rs", "signal"),
            ("ffi.rs", "ffi"),
            ("ffi/mask.rs", "ffi"),
            ("lib.rs", "library"),
            ("cli/serve.rs", "command"),
            ("cli/mod.rs", "main"),
        ] {
            assert_eq!(room_of(&module_of(Path::new(path))).unwrap().name, room);
        }
        assert!(room_of("signals").is_none());
    }

    #[test]
    fn a_use_of_a_higher_room_is_named() {
        let text = "use crate::wire::bits::Bit;\nuse crate::server::Server;\n";
        let found = violations_in(Path::new("wire/frame.rs"), text);
        assert_eq!(
            found,
            ["src/wire/frame.rs:2: wire may not use server: server::Server"]
        );
        let root = violations_in(
            Path::new("signal/inbox.rs"),
            "//! minitalk::Sender\nuse crate::Receiver;\n",
        );
        assert_eq!(
            root,
            ["src/signal/inbox.rs:2: signal may not use library: Receiver"]
        );
        assert_eq!(violations_in(Path::new("new/thing.rs"), "").len(), 1);
    }
}

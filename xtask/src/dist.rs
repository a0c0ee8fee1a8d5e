//! `cargo xtask dist`: an archive of the static programs, with all that a machine without Rust needs of them.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::product::{self, MUSL};
use crate::{failed, output, report};

const USAGE: &str = "\
usage: cargo xtask dist [--check]

Builds minitalk and minitalk-audit, static with musl, and packs them into target/dist/minitalk-VERSION-x86_64-linux-musl.tar.gz,
with links named server and client, the manual page, completions, README, licences and the notices of all dependencies. The same
sources and compiler give the same bytes, in any directory. SOURCE_DATE_EPOCH is the time of the files, by default that of the last
commit.

options:
  --check   build a second archive from a copy of the tracked files in another directory; exit code 1 unless both are equal
";

/// The programs, each a package of that name.
const PROGRAMS: [&str; 2] = ["minitalk", "minitalk-audit"];

/// The files that are packed as they are.
const DOCUMENTS: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// The texts that the program prints, and where installations look for them.
const PRINTED: [(&[&str], &str); 4] = [
    (&["man"], "share/man/man1/minitalk.1"),
    (
        &["completions", "bash"],
        "share/bash-completion/completions/minitalk",
    ),
    (
        &["completions", "zsh"],
        "share/zsh/site-functions/_minitalk",
    ),
    (
        &["completions", "fish"],
        "share/fish/vendor_completions.d/minitalk.fish",
    ),
];

/// Runs the command with its arguments.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.collect();
    let arguments: Vec<_> = arguments.iter().map(|a| a.to_str()).collect();
    let result = match arguments[..] {
        [] => dist(),
        [Some("--check")] => check(),
        [Some("--help" | "-h")] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("dist: unexpected arguments {arguments:?}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let result = result.map(|archive| println!("{}", archive.display()));
    report("dist", result)
}

fn dist() -> Result<PathBuf, String> {
    let repository = product::repository();
    pack(repository, &product::target(), &time(repository)?)
}

/// Builds the archive twice, and compares the two.
fn check() -> Result<PathBuf, String> {
    let repository = product::repository();
    let archive = dist()?;
    // A path of another length, in case one is in the programs.
    let copy = product::target().join("dist/a-copy-elsewhere");
    make_empty(&copy)?;
    let files = output(git(repository).args(["ls-files", "-z"]))?;
    for file in files.split(|byte| *byte == 0) {
        let name = String::from_utf8_lossy(file);
        if !name.is_empty() {
            copy_file(&repository.join(&*name), &copy.join(&*name))?;
        }
    }
    let again = pack(&copy, &copy.join("target"), &time(repository)?)?;
    if read(&archive)? == read(&again)? {
        fs::remove_dir_all(&copy).map_err(failed("remove", &copy))?;
        return Ok(archive);
    }
    let (one, other) = (archive.display(), again.display());
    Err(format!("{one} and {other} differ"))
}

/// Returns the time of the files in an archive, in seconds.
fn time(repository: &Path) -> Result<String, String> {
    if let Ok(time) = std::env::var("SOURCE_DATE_EPOCH") {
        return Ok(time);
    }
    let time = output(git(repository).args(["log", "-1", "--format=%ct"]))?;
    Ok(String::from_utf8_lossy(&time).trim().into())
}

/// Builds the programs of the workspace at `root` and returns the path of their archive.
fn pack(root: &Path, target: &Path, time: &str) -> Result<PathBuf, String> {
    build(root, target)?;
    let dist = target.join("dist");
    let name = format!("minitalk-{}-x86_64-linux-musl", field(root, "version")?);
    let folder = dist.join(&name);
    make_empty(&folder)?;
    for program in PROGRAMS {
        let built = target.join(MUSL).join("release").join(program);
        copy_file(&built, &folder.join("bin").join(program))?;
    }
    let classic = folder.join("classic");
    make_empty(&classic)?;
    for name in ["server", "client"] {
        let link = classic.join(name);
        symlink("../bin/minitalk", &link).map_err(failed("create", &link))?;
    }
    for document in DOCUMENTS {
        copy_file(&root.join(document), &folder.join(document))?;
    }
    for (arguments, path) in PRINTED {
        let printed = output(Command::new(folder.join("bin/minitalk")).args(arguments))?;
        write(&folder.join(path), &printed)?;
    }
    write(&folder.join("NOTICES"), notices(root)?.as_bytes())?;
    let tar = dist.join(format!("{name}.tar"));
    let archive = dist.join(format!("{name}.tar.gz"));
    let mut command = Command::new("tar");
    command
        .args(["--create", "--format=ustar", "--sort=name"])
        .args(["--owner=0", "--group=0", "--numeric-owner"])
        .args(["--mode=u+rw,go=rX", &format!("--mtime=@{time}")])
        .arg("--file")
        .arg(&tar)
        .arg("--directory")
        .args([dist.as_os_str(), OsStr::new(&name)]);
    output(&mut command)?;
    // Neither a name nor a time.
    output(Command::new("gzip").args(["-9nf"]).arg(&tar))?;
    Ok(archive)
}

/// Builds the programs without paths of this machine in them.
fn build(root: &Path, target: &Path) -> Result<(), String> {
    let remapped = [(root, "/minitalk"), (&cargo_home()?, "/cargo")]
        .map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display()));
    let mut command = product::cargo();
    command
        .current_dir(root)
        .args([
            "build",
            "--quiet",
            "--locked",
            "--release",
            "--target",
            MUSL,
        ])
        .args(
            PROGRAMS
                .iter()
                .flat_map(|name| ["--package", name, "--bin", name]),
        )
        // The names of functions stay, so that the handler in the packed program can be audited.
        .env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo")
        .env("CARGO_TARGET_DIR", target)
        // The usual variable separates flags by spaces, which paths may contain.
        .env("CARGO_ENCODED_RUSTFLAGS", remapped.join("\x1f"));
    output(&mut command).map(drop)
}

/// Returns the licences of all crates in the programs: their terms ask that copies of a program include them.
fn notices(root: &Path) -> Result<String, String> {
    let mut command = product::cargo();
    command
        .current_dir(root)
        .args([
            "tree",
            "--quiet",
            "--locked",
            "--edges=normal",
            "--target",
            MUSL,
        ])
        .args(["--prefix=none", "--format={p}\t{l}"])
        .args(PROGRAMS.iter().flat_map(|name| ["--package", name]));
    let tree = String::from_utf8_lossy(&output(&mut command)?).into_owned();
    let crates: BTreeSet<_> = tree
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .collect();
    let mut text = String::from(
        "The programs contain the standard library of Rust (MIT OR Apache-2.0), musl (MIT) and the following crates.\n",
    );
    for (package, licence) in crates {
        let mut words = package.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next()) else {
            continue;
        };
        if PROGRAMS.contains(&name) {
            continue;
        }
        let version = version.trim_start_matches('v');
        let notice = notice(name, version)?;
        text += &format!("\n==== {name} {version}: {licence}\n\n{notice}");
    }
    Ok(text)
}

/// Returns the licence in the source of a crate, under the terms of MIT if there is a choice.
fn notice(name: &str, version: &str) -> Result<String, String> {
    let sources = cargo_home()?.join("registry/src");
    let mut found = Vec::new();
    for registry in entries(&sources)? {
        let source = registry.join(format!("{name}-{version}"));
        if source.is_dir() {
            found.extend(entries(&source)?);
        }
    }
    let is_licence = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("LICEN") && path.is_file()
    };
    let mut licences: Vec<_> = found.iter().filter(|path| is_licence(path)).collect();
    licences.sort_by_key(|path| (!path.to_string_lossy().contains("MIT"), *path));
    if let Some(path) = licences.first() {
        return Ok(String::from_utf8_lossy(&read(path)?).into_owned());
    }
    let is_manifest = |path: &&PathBuf| path.ends_with("Cargo.toml");
    let Some(manifest) = found.iter().find(is_manifest) else {
        return Err(format!(
            "the source of {name} {version} is not in {}",
            sources.display()
        ));
    };
    let repository = field(manifest.parent().unwrap_or(manifest), "repository")?;
    Ok(format!(
        "Copyright: the authors of {repository}. The terms are those of LICENSE-MIT.\n"
    ))
}

/// Returns the value of the first field of that name in the manifest of a package, without quotes and brackets.
fn field(package: &Path, name: &str) -> Result<String, String> {
    let path = package.join("Cargo.toml");
    let text = String::from_utf8_lossy(&read(&path)?).into_owned();
    let start = format!("{name} = ");
    let value = text.lines().find_map(|line| line.strip_prefix(&start));
    let value = value.ok_or_else(|| format!("{} has no {name}", path.display()))?;
    Ok(value.replace(['"', '[', ']'], ""))
}

fn git(repository: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(repository);
    command
}

fn cargo_home() -> Result<PathBuf, String> {
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"));
    let set = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    set.or_else(home)
        .ok_or_else(|| "neither CARGO_HOME nor HOME is set".into())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let read = fs::read_dir(folder).map_err(failed("read", folder))?;
    Ok(read.flatten().map(|entry| entry.path()).collect())
}

fn make_empty(folder: &Path) -> Result<(), String> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed("remove", folder))?;
    }
    fs::create_dir_all(folder).map_err(failed("create", folder))
}

fn make_parent(path: &Path) -> Result<(), String> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(failed("create", parent))
}

fn copy_file(from: &Path, to: &Path) -> Result<(), String> {
    make_parent(to)?;
    fs::copy(from, to).map_err(failed("copy", from))?;
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    make_parent(path)?;
    fs::write(path, bytes).map_err(failed("write", path))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(failed("read", path))
}

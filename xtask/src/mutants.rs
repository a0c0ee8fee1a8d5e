//! `cargo xtask mutants`: plants the seeded defects that have no test of their own in copies of the sources, each alone. The
//! check that SAFETY.md names for the rule must fail on each.

mod list;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::{fs, io, thread};

use crate::product;
use list::MUTANTS;

/// Describes a seeded defect; see [`list`].
struct Mutant {
    rule: &'static str,
    file: &'static str,
    old: &'static str,
    new: &'static str,
    check: &'static [&'static str],
    test: &'static str,
}

const USAGE: &str = "\
usage: cargo xtask mutants [RULE...]

Plants defects in two copies of the sources below target/, one at a time in each (all, or those of these rules of SAFETY.md),
and runs the check that must notice. Exit code 0 if none escapes the test that SAFETY.md names, 1 if one does. A test that
cannot run here (some need root) is said to be skipped, and then proves nothing.
";

/// Runs the command with its arguments.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut rules = Vec::new();
    loop {
        use lexopt::ValueExt;
        let parsed = match parser.next() {
            Ok(None) => break,
            Ok(Some(lexopt::Arg::Short('h') | lexopt::Arg::Long("help"))) => {
                print!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            Ok(Some(lexopt::Arg::Value(rule))) => rule.string().map(|rule| rules.push(rule)),
            Ok(Some(other)) => Err(other.unexpected()),
            Err(error) => Err(error),
        };
        if let Err(error) = parsed {
            eprintln!("mutants: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    }
    if let Some(unknown) = rules.iter().find(|r| MUTANTS.iter().all(|m| m.rule != *r)) {
        eprintln!("mutants: there is no mutant of rule {unknown:?}\n{USAGE}");
        return ExitCode::from(2);
    }
    match hunt(&rules) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(escaped) => {
            eprintln!("mutants: {escaped} escaped");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("mutants: {error}");
            ExitCode::from(2)
        }
    }
}

/// Returns how many mutants were not caught. Two are tried at once, each in a copy of its own: a build leaves a CPU free at its
/// end, and many tests wait.
fn hunt(rules: &[String]) -> io::Result<usize> {
    let root = product::repository();
    let safety = fs::read_to_string(root.join("SAFETY.md"))?;
    let chosen = |mutant: &&Mutant| rules.is_empty() || rules.iter().any(|r| r == mutant.rule);
    let left = Mutex::new(MUTANTS.iter().filter(chosen));
    let work = |lane: &Path| {
        let copy = copy(root, lane)?;
        let mut escaped = 0;
        loop {
            // In a statement of its own: a guard in the pattern would be held during the whole trial.
            let next = left.lock().ok().and_then(|mut left| left.next());
            let Some(mutant) = next else { break };
            let fate = plant(&copy, mutant)?;
            let (file, test) = (mutant.file, mutant.test);
            let title = title(&safety, mutant.rule).unwrap_or("?");
            let rule = format!("{} ({title})", mutant.rule);
            match fate {
                Fate::Caught => println!("{rule}: a defect in {file} is caught by {test:?}"),
                Fate::Skipped => {
                    println!("{rule}: not tried, because {test:?} was skipped (it may need root)")
                }
                Fate::Escaped => {
                    println!("{rule}: ESCAPED {test:?}: {}", mutant.new);
                    escaped += 1;
                }
            }
        }
        Ok(escaped)
    };
    let lanes = ["0", "1"].map(|lane| root.join("target/mutants").join(lane));
    thread::scope(|scope| {
        let lanes = lanes.each_ref().map(|lane| scope.spawn(|| work(lane)));
        let panicked = |_| Err(io::Error::other("a thread panicked"));
        let escaped = lanes.map(|lane| lane.join().unwrap_or_else(panicked));
        escaped.into_iter().sum()
    })
}

/// Plants a mutant in the copy, tries it out and takes it out again.
fn plant(copy: &Path, mutant: &Mutant) -> io::Result<Fate> {
    let path = copy.join(mutant.file);
    let original = fs::read_to_string(&path)?;
    let found = original.matches(mutant.old).count();
    if found != 1 {
        let text = format!("found {found} times in {}: {}", mutant.file, mutant.old);
        return Err(io::Error::other(text));
    }
    fs::write(&path, original.replacen(mutant.old, mutant.new, 1))?;
    let fate = try_out(copy, mutant)?;
    fs::write(&path, original)?;
    Ok(fate)
}

/// Returns the words that head a rule in SAFETY.md.
fn title<'t>(safety: &'t str, rule: &str) -> Option<&'t str> {
    let (_, rest) = safety.split_once(&format!("**{rule}: "))?;
    Some(rest.split_once(".**")?.0)
}

/// Copies the sources that git tracks, with uncommitted changes, and returns the path of the copy.
fn copy(root: &Path, lane: &Path) -> io::Result<PathBuf> {
    let to = lane.join("tree");
    if to.exists() {
        fs::remove_dir_all(&to)?;
    }
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()?;
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    if !listed.status.success() || names.is_empty() {
        return Err(io::Error::other("git does not list the sources"));
    }
    for name in names.lines().filter(|name| root.join(name).exists()) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&to))?;
        fs::copy(root.join(name), path)?;
    }
    Ok(to)
}

enum Fate {
    Caught,
    Escaped,
    /// The test reported that it cannot run here.
    Skipped,
}

fn try_out(copy: &Path, mutant: &Mutant) -> io::Result<Fate> {
    let cargo = |more: &[&str]| {
        let mut command = Command::new("cargo");
        command.arg("test").args(mutant.check).args(more);
        command
            .env("CARGO_TARGET_DIR", copy.join("../build"))
            .env("RUST_BACKTRACE", "0")
            // One line changes from build to build.
            .env_remove("CARGO_INCREMENTAL")
            .current_dir(copy)
            .output()
    };
    let built = cargo(&["--no-run"])?;
    if !built.status.success() {
        let text = String::from_utf8_lossy(&built.stderr).into_owned();
        return Err(io::Error::other(format!(
            "the mutant does not compile:\n{text}"
        )));
    }
    for _ in 0..RUNS {
        let run = cargo(&["--", mutant.test, "--nocapture"])?;
        let printed = [run.stdout, run.stderr].concat();
        let printed = String::from_utf8_lossy(&printed);
        match (run.status.success(), printed.contains(mutant.test)) {
            (false, true) => return Ok(Fate::Caught),
            (true, _) if printed.contains("skipped: ") => return Ok(Fate::Skipped),
            _ => {}
        }
    }
    Ok(Fate::Escaped)
}

/// Is the number of times that a check may miss a defect which shows only in a race of two processes.
const RUNS: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands between two backticks.
    fn quoted(text: &str) -> impl Iterator<Item = &str> {
        text.split('`').skip(1).step_by(2)
    }

    #[test]
    fn every_rule_is_kept_in_files_that_have_the_names_given() {
        let root = product::repository();
        let safety = fs::read_to_string(root.join("SAFETY.md")).unwrap();
        let rules: Vec<_> = safety.split("\n**AS-").skip(1).collect();
        assert!(rules.len() >= 32);
        for rule in rules {
            let (_, place) = rule.split_once("\n* *Kept in:* ").expect(rule);
            let (place, _) = place.split_once("\n* *").expect(rule);
            for part in place.split(';') {
                let mut names = quoted(part);
                let file = root.join(names.next().expect(part));
                let source = fs::read_to_string(&file).expect(part);
                for name in names {
                    let name = name.rsplit("::").next().unwrap_or(name);
                    assert!(source.contains(name), "no {name} in {}", file.display());
                }
            }
        }
        for mutant in MUTANTS {
            assert!(title(&safety, mutant.rule).is_some(), "{}", mutant.rule);
        }
    }
}

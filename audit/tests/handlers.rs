//! Programs of known truth, compiled in several ways: no unsafe handler passes, and no safe one fails.

#![cfg(target_arch = "x86_64")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use common::audit;

/// What a right audit says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Truth {
    Pass,
    Fail,
    /// It must not pass, and need not fail.
    Undecided,
    /// It is safe, which the audit need not see; it must not fail.
    Open,
}

const WAYS: [(&str, &str, &[&str]); 7] = [
    ("plain", "cc", &["-O0"]),
    ("usual", "cc", &["-O2"]),
    ("stripped", "cc", &["-O2", "-s"]),
    (
        "hardened",
        "cc",
        &[
            "-O2",
            "-s",
            "-fno-plt",
            "-fstack-protector-strong",
            "-D_FORTIFY_SOURCE=2",
            "-Wl,-z,relro,-z,now",
        ],
    ),
    ("fixed", "cc", &["-O2", "-fno-pie", "-no-pie"]),
    ("object", "cc", &["-O2", "-c"]),
    ("clang", "clang", &["-O2"]),
];

fn has(compiler: &str) -> bool {
    Command::new(compiler)
        .arg("--version")
        .output()
        .is_ok_and(|o| o.status.success())
}

/// Compiles the program, unless this compiler cannot.
fn compiled(source: &Path, way: &str, compiler: &str, options: &[&str]) -> Option<PathBuf> {
    let to = Path::new("handlers").join(way).join(source.file_stem()?);
    common::compiled(compiler, source, &to, &[&["-mrtm"], options].concat())
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "c"))
        .collect();
    all.sort();
    all
}

fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/handlers")
}

/// The programs of our own, and those of the corpus that say what is expected of them here.
fn programs() -> Vec<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut all = ["attack", "safe", "unsafe"]
        .map(|of| sources(&corpus.join(of)))
        .concat();
    all.retain(|source| expected(source).is_some());
    all.extend(sources(&own()));
    all
}

fn expected(source: &Path) -> Option<String> {
    let text = std::fs::read_to_string(source).expect("a source");
    let mut first = text.lines().take(2);
    first.find_map(|line| Some(line.strip_prefix("// expect: ")?.into()))
}

fn truth(source: &Path) -> Truth {
    match expected(source).as_deref() {
        Some("pass") => Truth::Pass,
        Some("fail") => Truth::Fail,
        Some("undecided") => Truth::Undecided,
        Some("open") => Truth::Open,
        other => panic!("{}: {other:?}", source.display()),
    }
}

#[test]
fn each_handler_of_our_own_is_judged_right_however_it_was_compiled() {
    let programs = &programs();
    // A thread for each way of compiling: all wait for compilers.
    let results = thread::scope(|scope| {
        WAYS.map(|way| scope.spawn(move || judge(programs, way)))
            .map(|thread| thread.join().expect("no thread panics"))
    });
    let count: usize = results.iter().map(|(count, _)| count).sum();
    let wrong: Vec<_> = results.into_iter().flat_map(|(_, wrong)| wrong).collect();
    assert!(
        wrong.is_empty(),
        "{} of {count} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count > 100, "only {count} programs");
}

/// Audits the programs, compiled in this way: returns how many, and a text for each that is judged wrong.
fn judge(programs: &[PathBuf], way: (&str, &str, &[&str])) -> (usize, Vec<String>) {
    let (name, compiler, options) = way;
    let (mut count, mut wrong) = (0, Vec::new());
    if !has(compiler) {
        eprintln!("SKIPPED: there is no {compiler}");
        return (count, wrong);
    }
    for source in programs {
        let Some(path) = compiled(source, name, compiler, options) else {
            wrong.push(format!("{name} {}: does not compile", source.display()));
            continue;
        };
        let (status, text) = audit(&[path.to_str().unwrap()]);
        count += 1;
        let is_right = match truth(source) {
            Truth::Pass => status == 0,
            // A file without names cannot always say what is null.
            Truth::Fail => {
                status == 1 || (status == 2 && source.ends_with("null.c") && name == "object")
            }
            Truth::Undecided => status != 0,
            Truth::Open => status != 1,
        };
        if !is_right {
            wrong.push(format!("{name} {}: {status}\n{text}", source.display()));
        }
    }
    (count, wrong)
}

/// How the shared handlers came out, in one way of compiling: right, not right but not dangerous, dangerous.
#[test]
fn no_unsafe_handler_of_the_shared_ones_passes_and_most_are_decided() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/handlers");
    if !shared.exists() {
        eprintln!(
            "SKIPPED: there is no {}, whose handlers would be audited too",
            shared.display()
        );
        return;
    }
    let (mut safe, mut passed, mut bad, mut failed) = (0, 0, 0, 0);
    let mut false_passes = Vec::new();
    for (folder, is_safe) in [("safe", true), ("unsafe", false), ("find", false)] {
        for source in sources(&shared.join(folder)) {
            for (way, compiler, options) in &WAYS[..3] {
                let Some(path) = compiled(&source, way, compiler, options) else {
                    continue;
                };
                let (status, text) = audit(&[path.to_str().unwrap()]);
                if is_safe {
                    safe += 1;
                    passed += usize::from(status == 0);
                } else {
                    bad += 1;
                    failed += usize::from(status == 1);
                    if status == 0 {
                        false_passes.push(format!("{way} {}\n{text}", source.display()));
                    }
                }
            }
        }
    }
    assert!(false_passes.is_empty(), "{}", false_passes.join("\n"));
    assert!(
        passed * 10 >= safe * 9,
        "of {safe} safe handlers {passed} pass"
    );
    assert!(
        failed * 10 >= bad * 9,
        "of {bad} unsafe handlers {failed} fail"
    );
}

#[test]
fn a_table_that_nothing_writes_holds_what_the_file_says() {
    let source = own().join("texts_of_a_table.c");
    for (way, compiler, options) in WAYS {
        let to = format!("table-{way}");
        let is_followed = ["usual", "stripped", "hardened", "clang"].contains(&way);
        if let Some(path) = compiled(&source, &to, compiler, options).filter(|_| is_followed) {
            let (status, text) = audit(&[path.to_str().unwrap()]);
            assert_eq!(status, 0, "{way}: {text}");
        }
    }
}

#[test]
fn the_chain_of_calls_is_told_with_the_signal() {
    let Some(path) = compiled(&own().join("allocates_deep.c"), "chain", "cc", &["-O2"]) else {
        eprintln!("SKIPPED: there is no C compiler");
        return;
    };
    let (status, text) = audit(&[path.to_str().unwrap()]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("chain: SIGUSR1 -> on -> "), "{text}");
    assert!(text.contains("-> malloc\n"), "{text}");
    let (_, json) = audit(&["--json", path.to_str().unwrap()]);
    assert!(
        json.starts_with("{\"file\":") && json.contains("\"verdict\":\"fail\""),
        "{json}"
    );
    let (_, quiet) = audit(&["--quiet", path.to_str().unwrap()]);
    assert!(quiet.starts_with("on: FAIL, violations: 1\n"), "{quiet}");
}

#[test]
fn a_chain_begins_with_the_signal_that_takes_it() {
    let source = own().join("prints_for_one_signal.c");
    let Some(path) = compiled(&source, "chain", "cc", &["-O2"]) else {
        return;
    };
    let (_, text) = audit(&[path.to_str().unwrap()]);
    assert!(text.contains("found: on, for SIGHUP, SIGTERM, "), "{text}");
    assert!(text.contains("chain: SIGTERM -> on -> "), "{text}");
    let (_, json) = audit(&["--json", path.to_str().unwrap()]);
    assert!(json.contains("\"signals\":[\"SIGTERM\"]"), "{json}");
}

#[test]
fn a_condition_on_the_way_to_a_finding_is_shown() {
    let source = own().join("prints_unless_told_not_to.c");
    for option in ["-O0", "-O2"] {
        let Some(path) = compiled(&source, option, "cc", &[option]) else {
            return;
        };
        let (status, text) = audit(&[path.to_str().unwrap()]);
        assert_eq!(status, 1, "{text}");
        let in_handler = text.contains("  if: is_quiet is 0\n");
        let in_callee = text.contains("argument 2 of say is 0\n");
        assert!(in_handler || in_callee, "{text}");
    }
}

#[test]
fn findings_have_source_lines_where_the_file_or_its_debug_file_has_them() {
    let source = own().join("prints.c");
    let Some(path) = compiled(&source, "lines", "cc", &["-O2", "-g", "-gz=none"]) else {
        return;
    };
    let options = ["-O2", "-g", "-gz=none", "-c"];
    let object = compiled(&source, "lines-object", "cc", &options).expect("an object file");
    let debug = path.with_extension("debug");
    let stripped = path.with_extension("stripped");
    for (option, to) in [("--only-keep-debug", &debug), ("--strip-all", &stripped)] {
        let status = Command::new("objcopy")
            .arg(option)
            .arg(&path)
            .arg(to)
            .status();
        assert!(status.expect("objcopy").success());
    }
    let line = std::fs::read_to_string(&source)
        .expect("a source")
        .lines()
        .position(|line| line.contains("void on(int"))
        .expect("the handler")
        + 1;
    let (path, object, debug, stripped) = (
        path.to_str().unwrap(),
        object.to_str().unwrap(),
        debug.to_str().unwrap(),
        stripped.to_str().unwrap(),
    );
    for arguments in [&[path][..], &[object], &["--debug", debug, stripped]] {
        let (_, text) = audit(arguments);
        assert!(
            text.contains(&format!("prints.c:{line}): calls ")),
            "{text}"
        );
        let (_, json) = audit(&[&["--json"], arguments].concat());
        let has_file = json.contains("prints.c\"");
        assert!(
            has_file && json.contains(&format!("\"line\":{line}")),
            "{json}"
        );
    }
    let (_, text) = audit(&[stripped]);
    assert!(!text.contains("prints.c:"), "{text}");
}

#[test]
fn flags_are_shown_and_what_follows_from_them() {
    let source = own().join("updates_while_it_may_interrupt_itself.c");
    let Some(path) = compiled(&source, "flags", "cc", &["-O2"]) else {
        return;
    };
    let (_, text) = audit(&[path.to_str().unwrap()]);
    assert!(
        text.contains(", with SA_NODEFER, installed by main"),
        "{text}"
    );
    assert!(text.contains("note[flags] "), "{text}");
    let (_, json) = audit(&["--json", path.to_str().unwrap()]);
    assert!(json.contains("\"flags\":[\"SA_NODEFER\"]"), "{json}");
}

#[test]
fn a_call_that_is_bound_at_its_first_use_is_a_note() {
    let source = own().join("self_pipe.c");
    for (name, binding, has_note) in [("late", "lazy", true), ("early", "now", false)] {
        let binding = format!("-Wl,-z,{binding}");
        let options = ["-O2", &binding];
        let Some(path) = compiled(&source, name, "cc", &options) else {
            return;
        };
        let (status, text) = audit(&[path.to_str().unwrap()]);
        assert_eq!(status, 0, "{text}");
        let note = text.contains("note[lazy-binding]") && text.contains("write by lazy binding");
        assert_eq!(note, has_note, "{text}");
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let version = concat!("minitalk-audit ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(audit(&["--version"]), (0, version.to_owned()));
}

#[test]
fn a_handler_is_audited_by_its_address_in_a_stripped_file() {
    let source = own().join("prints.c");
    let (Some(plain), Some(_)) = (
        compiled(&source, "address", "cc", &["-O2"]),
        compiled(&source, "address-s", "cc", &["-O2", "-s"]),
    ) else {
        return;
    };
    let (_, json) = audit(&["--json", plain.to_str().unwrap()]);
    let at = json
        .split("\"address\":")
        .nth(1)
        .and_then(|t| t.split(',').next())
        .and_then(|t| t.parse::<u64>().ok())
        .expect("an address");
    let stripped = plain
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("address-s/prints");
    let (status, text) = audit(&["--handler", &format!("{at:#x}"), stripped.to_str().unwrap()]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("printf"), "{text}");
}

#[test]
fn kinds_of_findings_are_lowered_to_notes_by_name() {
    let Some(path) = compiled(&own().join("errno_lost.c"), "note", "cc", &["-O2"]) else {
        return;
    };
    let path = path.to_str().unwrap();
    assert_eq!(audit(&[path]).0, 1);
    assert_eq!(audit(&["--note", "errno", path]).0, 0);
    assert_eq!(audit(&["--note", "nonsense", path]).0, 2);
}

#[test]
fn a_straight_line_of_100_000_instructions_is_read_through() {
    let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join("long.c");
    let text = "#include <signal.h>\nvolatile int f;\nvoid on(int s) { (void)s; __asm__ volatile(\".rept 100000\\nnop\\n.endr\"); f = 1; }\n\
                int main(void) { signal(SIGUSR1, on); return 0; }\n";
    std::fs::write(&source, text).expect("a source");
    let Some(path) = compiled(&source, "long", "cc", &["-O2"]) else {
        return;
    };
    let (status, text) = audit(&[path.to_str().unwrap()]);
    assert_eq!(status, 0, "{text}");
    let (status, _) = audit(&[
        "--policy",
        "leaf",
        "--binary",
        path.to_str().unwrap(),
        "--handler",
        "on",
        "--budget",
        "200000",
    ]);
    assert_eq!(status, 0);
}

#[test]
fn what_cannot_be_read_is_refused_with_the_remedy() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let Some(path) = compiled(&own().join("flag.c"), "refused", "cc", &["-O2", "-g"]) else {
        return;
    };
    let debug = directory.join("only-debug");
    let status = Command::new("objcopy")
        .arg("--only-keep-debug")
        .arg(&path)
        .arg(&debug)
        .status()
        .expect("objcopy");
    assert!(status.success());
    let (status, text) = audit(&[debug.to_str().unwrap()]);
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("--debug"), "{text}");
    let (status, text) = audit(&["--handler", "nobody", path.to_str().unwrap()]);
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("0x1234"), "{text}");
    assert_eq!(audit(&[file!()]).0, 2);
    assert_eq!(audit(&[]).0, 2);
    assert_eq!(audit(&["--policy", "nonsense"]).0, 2);
}

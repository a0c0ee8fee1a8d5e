//! `minitalk-audit` finds the handlers of other programs by itself.

#![cfg(target_arch = "x86_64")]

mod common;

use std::path::{Path, PathBuf};

use common::audit as run;

/// Compiles a program in C of that path in the repository, unless there is no compiler.
fn compiled(source: &str, name: &str, options: &[&str]) -> Option<PathBuf> {
    let path = common::compiled(
        "cc",
        &Path::new("..").join(source),
        Path::new(name),
        options,
    );
    let has_compiler = std::process::Command::new("cc")
        .arg("--version")
        .output()
        .is_ok();
    assert!(path.is_some() || !has_compiler, "{source} does not compile");
    path
}

/// The exit code and what is printed of the audit, with what `minitalk check` gives it.
fn audit(binary: &Path) -> (i32, String) {
    run(&["--binary", binary.to_str().unwrap(), "--follow"])
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part} in:\n{text}");
    }
}

/// Compiles the fixture that installs handlers in this way, as it is usual and with final addresses, and audits it.
fn installs(way: &str) -> Vec<(i32, String)> {
    [
        ("pie", ["-O2", "-fPIE", "-pie"]),
        ("no-plt", ["-O2", "-fPIE", "-fno-plt"]),
        ("fixed", ["-O2", "-fno-pie", "-no-pie"]),
        ("fixed-plain", ["-O0", "-fno-pie", "-no-pie"]),
        ("plain", ["-O0", "-fPIE", "-pie"]),
    ]
    .iter()
    .filter_map(|(name, options)| {
        let way_option = format!("-DINSTALLS={way}");
        let options = [&options[..], &[&way_option]].concat();
        let source = "audit/fixtures/c/installs.c";
        compiled(source, &format!("installs-{way}-{name}"), &options)
    })
    .map(|path| audit(&path))
    .collect()
}

#[test]
fn a_report_that_cannot_be_printed_is_an_error() {
    let source = "audit/fixtures/c/installs.c";
    let way = "-DINSTALLS=DIRECTLY";
    let Some(file) = compiled(source, "full", &["-O2", way]) else {
        return;
    };
    let file = file.to_str().unwrap();
    for args in [
        &["--help"][..],
        &[file],
        &["--quiet", file],
        &["--json", file],
        &["--policy", "leaf", "--help"],
        &["--policy", "leaf", "--binary", file],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_minitalk-audit"));
        let output = program.args(args).stdout(full.unwrap()).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        let wanted =
            "audit: cannot write to standard output: No space left on device (os error 28)\n";
        assert_eq!(
            (output.status.code(), &*error),
            (Some(2), wanted),
            "{args:?}"
        );
    }
}

#[test]
fn a_server_whose_handler_prints_is_rejected_and_the_call_named() {
    let source = "tests/dialects/servers/inverted_malloc.c";
    let options = ["-O0", "-fno-builtin", "-w"];
    let Some(path) = compiled(source, "inverted_malloc", &options) else {
        return;
    };
    let (code, text) = audit(&path);
    assert_eq!(code, 1, "{text}");
    let is_it = |line: &str| {
        line.starts_with("violation[call] handler+")
            && line.contains("calls printf, which is not async-signal-safe")
    };
    assert!(text.lines().any(is_it), "{text}");
    has(
        &text,
        &[
            "found: handler, for ",
            "calls malloc, which is not async-signal-safe",
            "\nhandler: FAIL",
        ],
    );
}

#[test]
fn a_server_that_works_outside_its_handler_passes() {
    for option in ["-O0", "-O2"] {
        let name = format!("main_loop{option}");
        let source = "tests/dialects/servers/main_loop.c";
        let Some(path) = compiled(source, &name, &[option]) else {
            return;
        };
        let (code, text) = audit(&path);
        assert_eq!(code, 0, "{text}");
        has(&text, &["\nnote: PASS\n"]);
        assert!(!text.contains("violation["), "{text}");
    }
}

#[test]
fn each_handler_is_audited_once() {
    for (code, text) in installs("DIRECTLY") {
        assert_eq!(code, 1, "{text}");
        has(&text, &["\nnotes: PASS\n", "\nprints: FAIL"]);
        assert_eq!(text.matches("found: ").count(), 2, "{text}");
    }
}

#[test]
fn a_handler_given_to_a_function_that_installs_it_is_found() {
    for (code, text) in installs("BY_A_WRAPPER") {
        assert_eq!(code, 0, "{text}");
        has(&text, &["found: notes, ", "\nnotes: PASS\n"]);
        assert_eq!(text.matches("found: ").count(), 1, "{text}");
    }
}

#[test]
fn a_handler_that_stands_in_data_is_found() {
    for (code, text) in installs("FROM_DATA") {
        assert_eq!(code, 0, "{text}");
        has(&text, &["\nnotes: PASS\n"]);
    }
}

#[test]
fn where_no_handler_is_found_nothing_passes() {
    for way in ["NONE", "IGNORES"] {
        for (code, text) in installs(way) {
            assert_eq!(code, 2, "{text}");
            has(&text, &["no signal handler found", "--handler"]);
        }
    }
    let source = "audit/fixtures/c/installs.c";
    let options = ["-O2", "-s", "-DINSTALLS=DIRECTLY"];
    if let Some(path) = compiled(source, "installs-stripped", &options) {
        let (code, text) = audit(&path);
        assert_eq!(code, 1, "{text}");
        has(&text, &["calls printf"]);
    }
}

#[test]
fn the_leaf_policy_is_for_a_file_too() {
    for arguments in [
        &["--policy", "leaf"][..],
        &["--policy", "leaf", "--binary", "x", "--check"],
    ] {
        let (code, text) = run(arguments);
        assert_eq!(code, 2, "{text}");
        has(&text, &["minitalk-audit --policy leaf --help"]);
    }
    let (code, text) = run(&["--policy", "leaf", "--help"]);
    assert_eq!(code, 0);
    assert!(
        !text.contains("xtask audit") && !text.contains('{'),
        "{text}"
    );
}

#[test]
fn a_mistyped_option_is_answered_with_the_nearest_one() {
    for (typed, answer) in [
        (
            "--sysrot",
            "invalid option '--sysrot'; did you mean --sysroot?",
        ),
        ("--xyz", "invalid option '--xyz'; see minitalk-audit --help"),
    ] {
        let (code, text) = run(&[typed, "file"]);
        assert_eq!(code, 2, "{text}");
        has(&text, &[answer]);
    }
}

/// Compiles a program of the corpus with rustc.
fn rust_build(program: &str, name: &str, options: &[&str]) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&directory).expect("a directory for programs");
    let source = root.join("corpus").join(program);
    let path = directory.join(source.file_stem()?);
    let status = std::process::Command::new("rustc")
        .args(["--edition", "2024", "-A", "warnings"])
        .args(options)
        .arg("-o")
        .args([&path, &source])
        .status();
    let is_compiled = status.is_ok_and(|status| status.success());
    if !is_compiled {
        eprintln!("SKIPPED: rustc does not compile {program}");
    }
    is_compiled.then_some(path)
}

#[test]
fn a_check_of_a_debug_build_is_an_open_question_and_a_panic_of_the_program_a_fault() {
    for (program, expected) in [("safe/iterator.rs", 2), ("unsafe/bounds.rs", 1)] {
        let Some(path) = rust_build(program, "debug-build", &["-g"]) else {
            return;
        };
        let (status, text) = audit(&path);
        assert_eq!(status, expected, "{program}: {text}");
        let is_check = text.contains("panics if a check of a debug build fails");
        assert_eq!(is_check, program == "safe/iterator.rs", "{text}");
    }
}

#[test]
fn a_function_does_not_extend_beyond_the_data_of_its_section() {
    let source = "audit/corpus/attack/writable_code.c";
    let options = ["-O2", "-fPIE", "-pie", "-I", "audit/corpus", "-s"];
    if let Some(path) = compiled(source, "writable-code", &options) {
        let (code, text) = run(&[path.to_str().unwrap()]);
        assert_ne!(code, 0, "{text}");
        assert!(!text.contains("panicked"), "{text}");
        has(&text, &["summary: "]);
    }
}

#[test]
fn a_panic_is_one_fault_that_names_the_source_with_and_without_symbols() {
    for (name, options) in [
        ("panic-debug", &["-g"][..]),
        ("panic-stripped", &["-O", "-C", "strip=symbols"]),
    ] {
        let Some(path) = rust_build("unsafe/bounds.rs", name, options) else {
            return;
        };
        let (status, text) = audit(&path);
        assert_eq!(status, 1, "{name}: {text}");
        assert_eq!(text.matches("violation[").count(), 1, "{name}: {text}");
        let is_named = text.contains("violation[panic]") && text.contains("bounds.rs:5)");
        assert!(is_named, "{name}: {text}");
    }
}

#[test]
fn a_pair_that_the_program_reads_in_critical_sections_is_no_question() {
    let source = "audit/tests/handlers/table_blocked.c";
    for (name, options) in [("usual", &["-O2"][..]), ("stripped", &["-O2", "-s"])] {
        let Some(path) = compiled(source, &format!("table-blocked-{name}"), options) else {
            continue;
        };
        let (code, text) = run(&[path.to_str().unwrap()]);
        assert_eq!(code, 0, "{name}: {text}");
    }
}

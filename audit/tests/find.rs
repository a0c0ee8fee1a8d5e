//! Handlers are found, or the call that installs one is reported; damaged and lying files are refused.

#![cfg(target_arch = "x86_64")]

mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::audit;

fn directory() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("find");
    std::fs::create_dir_all(&path).expect("a directory for programs");
    path
}

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(name)
}

/// Compiles a program in C, unless there is no compiler.
fn compiled(source: &Path, name: &str, options: &[&str]) -> Option<PathBuf> {
    common::compiled("cc", source, &directory().join(name), options)
}

#[test]
fn registrations_off_the_direct_way_do_not_pass_unnoticed() {
    for (name, library, words) in [
        ("find/dlsym_sigaction.c", None, "dlsym"),
        ("find/dlsym_only.c", None, "dlsym"),
        ("find/through_pointer.c", None, "has the address of"),
        (
            "find/through_pointer_argument.c",
            None,
            "has the address of",
        ),
        ("find/restorer.c", None, "restorer"),
        ("find/syscall_push_pop.c", None, "bad: FAIL"),
        ("find/syscall_own_function.c", None, "makes a system call"),
        ("find/old_overwritten.c", None, "whose address is taken"),
        ("find/old_in_structure.c", None, "whose address is taken"),
        ("find/old_array_overwritten.c", None, "not known"),
        ("find/old_array_stored.c", None, "not known"),
        ("find/old_array_one.c", None, "bad: FAIL"),
        (
            "find/table_by_kept_register.c",
            None,
            "whose address is taken",
        ),
        (
            "find/table_in_loop_changed.c",
            None,
            "whose address is taken",
        ),
        ("find/library_installs.c", Some("own_lib.c"), "bad: FAIL"),
        (
            "find/library_installs_own.c",
            Some("own_lib.c"),
            "own_handler: FAIL",
        ),
        (
            "find/imported_handler.c",
            Some("own_lib.c"),
            "own_bad: FAIL",
        ),
        ("unsafe/exit_direct.c", None, "exit: FAIL"),
        (
            "attack/library_exit_returns.c",
            Some("own_abort.c"),
            "printf",
        ),
    ] {
        let stem = Path::new(name).file_stem().unwrap().to_str().unwrap();
        let mut options = vec!["-O0".to_owned(), "-ldl".to_owned()];
        if let Some(library) = library {
            let of = format!("{stem}.so");
            if compiled(&corpus(library), &of, &["-O2", "-shared", "-fPIC"]).is_none() {
                continue;
            }
            options.push(directory().join(of).to_str().unwrap().to_owned());
        }
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let Some(path) = compiled(&corpus(name), stem, &options) else {
            continue;
        };
        let (status, text) = audit(&[path.to_str().unwrap()]);
        assert!(matches!(status, 1 | 2), "{name}: {status}\n{text}");
        assert!(text.contains(words), "{name}: no {words:?} in\n{text}");
    }
}

#[test]
fn registrations_of_a_static_file_are_found_however_it_calls_the_c_library() {
    const TABLE: [&str; 2] = ["-fno-plt", "-Wl,--no-relax"];
    for (name, options, words) in [
        ("static_through_table.c", &TABLE[..], "bad: FAIL"),
        ("static_through_register.c", &TABLE[1..], "bad: FAIL"),
        ("syscall_function_elsewhere.c", &[], "bad: FAIL"),
        ("through_pointer.c", &[], "has the address of"),
        ("wrapper_tail.c", &TABLE[..], "bad: FAIL"),
    ] {
        for shape in ["-static", "-static-pie"] {
            let source = corpus("find").join(name);
            let options = [&["-O2", "-fPIE", shape], options].concat();
            let Some(path) = compiled(&source, &format!("{name}{shape}"), &options) else {
                continue;
            };
            let (status, text) = audit(&[path.to_str().unwrap()]);
            assert!(matches!(status, 1 | 2), "{name} {shape}: {status}\n{text}");
            assert!(
                text.contains(words),
                "{name} {shape}: no {words:?} in\n{text}"
            );
        }
    }
}

#[test]
fn a_static_c_library_without_symbols_is_one_open_question_and_no_fault() {
    for name in [
        "safe/pipe_with_number.c",
        "safe/errno_helpers.c",
        "safe/crash_message.c",
        "safe/sem_post.c",
        "unsafe/puts.c",
        "unsafe/strdup.c",
    ] {
        let stem = Path::new(name).file_stem().unwrap().to_str().unwrap();
        let options = ["-O2", "-static", "-s"];
        let to = format!("{stem}-static-stripped");
        let Some(path) = compiled(&corpus(name), &to, &options) else {
            continue;
        };
        let (status, text) = audit(&[path.to_str().unwrap()]);
        assert_eq!(status, 2, "{name}: {text}");
        assert!(!text.contains("violation"), "{name}: {text}");
        let lines = |word: &str| text.lines().filter(|l| l.starts_with(word)).count();
        assert!(lines("unresolved") <= 1, "{name}: {text}");
        assert!(lines("undecided[limit]") == 0, "{name}: {text}");
        assert!(text.contains("no symbols"), "{name}: {text}");
    }
    // What the handler's own instructions do is the program's.
    let options = ["-O2", "-static", "-s"];
    if let Some(path) = compiled(
        &corpus("attack/direction_flag.c"),
        "direction_flag-static-stripped",
        &options,
    ) {
        let (status, text) = audit(&[path.to_str().unwrap()]);
        assert_eq!(status, 1, "{text}");
    }
}

#[test]
fn a_function_of_the_programs_own_may_have_a_name_of_the_c_librarys() {
    const OPTIONS: [&str; 2] = ["-O2", "-static"];
    for (name, of_file, expected) in [("own", "static", 0), ("linked", "extern", 1)] {
        let body = if expected == 0 { "{ flag = 1; }" } else { ";" };
        let source = format!(
            "#include <signal.h>\nextern volatile sig_atomic_t flag;\n\
             {of_file} __attribute__((noinline)) void warn(const char *text, ...){body}\n\
             static void on(int s) {{ warn(\"x\"); flag = s; }}\n\
             int main(void) {{ struct sigaction sa = {{.sa_handler = on}}; sigaction(SIGUSR1, &sa, 0); raise(SIGUSR1); return flag; }}\n\
             volatile sig_atomic_t flag;\n"
        );
        let file = directory().join(format!("{name}_warn.c"));
        std::fs::write(&file, source).expect("a source file");
        let Some(path) = compiled(&file, &format!("{name}_warn"), &OPTIONS) else {
            continue;
        };
        let (status, text) = audit(&[path.to_str().unwrap()]);
        assert_eq!(status, expected, "{text}");
    }
}

#[test]
fn handlers_that_a_very_large_function_installs_are_found() {
    let mut source = String::from(
        "#include <signal.h>\n#include <stdlib.h>\n#include <stdio.h>\n#include <string.h>\n\
         static volatile sig_atomic_t f; static void first(int s) { f = s; } static void second(int s) { puts(\"x\"); }\n\
         int main(int c, char **v) { struct sigaction sa; int x = 0, y = c; memset(&sa, 0, sizeof sa);\n",
    );
    for n in 0..2500 {
        let _ = writeln!(
            source,
            "if (getenv(\"A{n}\")) {{ puts(v[x]); x += y * {n}; }} else y ^= x;"
        );
    }
    source.push_str("sa.sa_handler = first; sigaction(SIGINT, &sa, 0); if (x) signal(SIGTERM, second); return y; }\n");
    let file = directory().join("large.c");
    std::fs::write(&file, source).expect("a source file");
    let Some(path) = compiled(&file, "large", &["-O2"]) else {
        return;
    };
    let (status, text) = audit(&[path.to_str().unwrap()]);
    assert!(
        text.contains("found: first, for SIGINT"),
        "{status}\n{text}"
    );
    assert!(
        text.contains("found: second, for SIGTERM"),
        "{status}\n{text}"
    );
}

#[test]
fn a_section_that_lies_elsewhere_than_its_segment_is_refused() {
    let Some(path) = compiled(&corpus("unsafe/puts.c"), "lies", &["-O2"]) else {
        return;
    };
    let honest = std::fs::read(&path).expect("the program");
    assert_eq!(audit(&[path.to_str().unwrap()]).0, 1);
    let long = |at: usize| u64::from_le_bytes(honest[at..at + 8].try_into().unwrap()) as usize;
    let headers = long(40);
    let count = usize::from(u16::from_le_bytes([honest[60], honest[61]]));
    for n in 0..count {
        let header = headers + 64 * n;
        let is_loaded = long(header + 8) & 2 != 0;
        let has_bytes = honest[header + 4] != 8 && long(header + 32) != 0;
        if !is_loaded || !has_bytes {
            continue;
        }
        let mut lie = honest.clone();
        let offset = (long(header + 24) as u64 + 16).to_le_bytes();
        lie[header + 24..header + 32].copy_from_slice(&offset);
        let file = directory().join("lie");
        std::fs::write(&file, lie).expect("a file");
        let (status, text) = audit(&[file.to_str().unwrap()]);
        assert_eq!(status, 2, "section {n}: {text}");
        assert!(text.contains("does not lie where"), "section {n}: {text}");
    }
    // Without section headers the program runs the same, and is judged the same.
    let mut without = honest.clone();
    without[40..48].fill(0);
    without[60..64].fill(0);
    let file = directory().join("without");
    std::fs::write(&file, without).expect("a file");
    let (status, text) = audit(&[file.to_str().unwrap()]);
    assert_eq!(status, 1, "{text}");
}

#[test]
fn wrappers_are_followed_in_code_that_no_table_describes() {
    // The loop is a jump to itself.
    let text = std::fs::read_to_string(corpus("find/wrapper_of_wrapper.c")).expect("a file");
    let source = directory().join("wrapper_and_loop.c");
    std::fs::write(&source, text + "\nvoid stops(void) { for (;;) { } }\n").expect("a file");
    for (name, option) in [
        ("pie", "-fPIE"),
        ("fixed", "-no-pie"),
        ("static", "-static"),
    ] {
        let options = ["-O2", "-fno-asynchronous-unwind-tables", "-s", option];
        let Some(path) = compiled(&source, &format!("undescribed-{name}"), &options) else {
            continue;
        };
        let (status, text) = audit(&[path.to_str().unwrap()]);
        if name == "static" {
            assert!(status == 2 && text.contains("unresolved"), "{text}");
        } else {
            assert!(status == 1 && !text.contains("unresolved"), "{text}");
        }
    }
}

#[test]
fn a_run_path_is_below_the_sysroot() {
    let root = directory().join("sysroot");
    std::fs::create_dir_all(root.join("opt/own")).expect("a directory");
    let built = |name: &str, to: &str, options: &[&str]| {
        common::compiled("cc", &corpus(name), &root.join(to), options).is_some()
    };
    let own = root.join("opt/own/libown.so");
    let own = own.to_str().unwrap();
    if !built(
        "own_lib.c",
        "opt/own/libown.so",
        &["-shared", "-fPIC", "-Wl,-soname,libown.so"],
    ) || !built(
        "find/imported_handler.c",
        "program",
        &[own, "-Wl,-rpath,/opt/own"],
    ) {
        return;
    }
    let (_, text) = audit(&[
        "--sysroot",
        root.to_str().unwrap(),
        root.join("program").to_str().unwrap(),
    ]);
    assert!(text.contains("own_bad: FAIL"), "{text}");
}

#[test]
fn a_library_that_is_not_found_may_install_handlers() {
    let root = directory().join("missing");
    std::fs::create_dir_all(root.join("lib")).expect("a directory");
    let library = root.join("lib/libown.so");
    let built = |source: &Path, to: &Path, options: &[&str]| {
        common::compiled("cc", source, to, options).is_some()
    };
    let flag = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/handlers/flag.c");
    let shared = ["-shared", "-fPIC", "-Wl,-soname,libown.so"];
    let own = library.to_str().unwrap();
    if !built(&corpus("own_lib.c"), &library, &shared)
        || !built(&flag, &root.join("program"), &["-Wl,--no-as-needed", own])
    {
        return;
    }
    let program = root.join("program");
    let arguments = [
        "--sysroot",
        root.to_str().unwrap(),
        program.to_str().unwrap(),
    ];
    let (status, text) = audit(&arguments);
    assert_eq!(status, 0, "{text}");
    std::fs::remove_file(&library).expect("the library");
    let (status, text) = audit(&arguments);
    assert!(
        status == 2 && text.contains("unresolved: libown.so: needed by the file and not found"),
        "{text}"
    );
}

#[test]
fn data_that_the_loader_leaves_writable_is_not_taken_for_read_only() {
    const RELRO: u32 = 0x6474_e552;
    let Some(path) = compiled(&corpus("unsafe/callback_field.c"), "relro", &["-O2"]) else {
        return;
    };
    let mut file = std::fs::read(&path).expect("the program");
    let long = |file: &[u8], at: usize| u64::from_le_bytes(file[at..at + 8].try_into().unwrap());
    let first = long(&file, 32) as usize;
    let count = usize::from(u16::from_le_bytes([file[56], file[57]]));
    let headers: Vec<usize> = (0..count).map(|n| first + 56 * n).collect();
    let kind = |file: &[u8], at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let relro = headers.iter().find(|at| kind(&file, **at) == RELRO);
    let relro = *relro.expect("a part that is read-only after loading");
    let start = long(&file, relro + 16);
    // To the end of the data, in the middle of a page, which the loader does not protect; and far behind it.
    let end = headers
        .iter()
        .filter(|at| kind(&file, **at) == 1)
        .map(|at| (long(&file, at + 16), long(&file, at + 40)))
        .find_map(|(at, size)| (at..at + size).contains(&start).then_some(at + size))
        .expect("the segment that holds it");
    for size in [end - start, 1 << 40] {
        file[relro + 40..relro + 48].copy_from_slice(&size.to_le_bytes());
        let path = directory().join("relro-changed");
        std::fs::write(&path, &file).expect("a file");
        let (status, text) = audit(&[path.to_str().unwrap()]);
        assert_eq!(status, 1, "{size:#x}: {text}");
    }
}

#[test]
fn damaged_files_end_in_a_verdict_or_an_error() {
    let Some(path) = compiled(&corpus("unsafe/puts.c"), "damaged", &["-O2"]) else {
        return;
    };
    let whole = std::fs::read(&path).expect("the program");
    let headers = u64::from_le_bytes(whole[40..48].try_into().unwrap()) as usize;
    let zones = [(0, 1024), (0, whole.len()), (headers, whole.len())];
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        (noise >> 11) as usize % below
    };
    let file = directory().join("damage");
    for round in 0..120 {
        let mut copy = whole.clone();
        let (from, to) = zones[round % zones.len()];
        for _ in 0..[1, 4, 32][next(3)] {
            let at = from + next(to - from);
            copy[at] = [0, 1, 0x7f, 0x80, 0xff, next(256) as u8][next(6)];
        }
        copy.truncate(if round % 10 == 0 {
            next(copy.len())
        } else {
            copy.len()
        });
        std::fs::write(&file, copy).expect("a file");
        let (status, text) = audit(&[file.to_str().unwrap()]);
        assert!(matches!(status, 0..=2), "round {round}: {status}\n{text}");
        assert!(!text.contains("panicked"), "round {round}: {text}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let Some(path) = compiled(&corpus("unsafe/puts.c"), "pipe", &["-O2"]) else {
        return;
    };
    let mut child = Command::new(env!("CARGO_BIN_EXE_minitalk-audit"))
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the audit runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the audit ends");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), &*text), (Some(1), ""));
}

#[test]
fn the_handler_of_rusts_standard_library_is_a_note_and_its_name_alone_is_not() {
    let source = corpus("safe/counters.rs");
    for strip in ["none", "symbols"] {
        let path = directory().join(format!("counters-{strip}"));
        let status = Command::new("rustc")
            .args(["--edition", "2024", "-A", "warnings", "-O"])
            .args(["-C", &format!("strip={strip}"), "-o"])
            .arg(&path)
            .arg(&source)
            .stderr(Stdio::null())
            .status();
        if status.is_ok_and(|s| s.success()) {
            let (status, text) = audit(&[path.to_str().unwrap()]);
            assert_eq!(status, 0, "{text}");
            assert!(text.contains("note[runtime]"), "{text}");
        }
    }
    let file = directory().join("forged.c");
    std::fs::write(
        &file,
        "#include <signal.h>\n#include <stdio.h>\n#include <unistd.h>\n\
         void on(int s) __asm__(\"_ZN3std3sys3pal4unix14stack_overflow3imp14signal_handler17h0123456789abcdefE\");\n\
         void on(int s) { printf(\"%d\\n\", s); signal(s, SIG_DFL); }\n\
         int main(void) { signal(SIGSEGV, on); for (;;) pause(); }\n",
    )
    .expect("a source file");
    if let Some(path) = compiled(&file, "forged", &["-O2"]) {
        let (status, text) = audit(&[path.to_str().unwrap()]);
        assert_eq!(status, 1, "{text}");
    }
    // Its message and its call of `sigaction` are not enough without names.
    std::fs::write(
        &file,
        "#include <signal.h>\n#include <string.h>\n#include <unistd.h>\n\
         static void on(int s, siginfo_t *i, void *c) { (void)i; (void)c; strsignal(s);\n\
         write(2, \"it has overflowed its stack\\n\", 28); struct sigaction a; memset(&a, 0, sizeof a); sigaction(s, &a, 0); }\n\
         int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_sigaction = on; a.sa_flags = SA_SIGINFO | SA_ONSTACK;\n\
         sigaction(SIGSEGV, &a, 0); sigaction(SIGBUS, &a, 0); for (;;) pause(); }\n",
    )
    .expect("a source file");
    if let Some(path) = compiled(&file, "forged-stripped", &["-O2", "-s"]) {
        let (status, text) = audit(&[path.to_str().unwrap()]);
        assert_eq!(status, 2, "{text}");
        assert!(text.contains("undecided[runtime]"), "{text}");
    }
}

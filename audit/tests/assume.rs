//! What a reviewer states of a pointer decides that it is valid, and nothing else.

#![cfg(target_arch = "x86_64")]

mod common;

use std::path::{Path, PathBuf};

use common::audit;

const WAYS: [(&str, &str, &[&str]); 4] = [
    ("plain", "cc", &["-O0"]),
    ("usual", "cc", &["-O2"]),
    ("fixed", "cc", &["-O2", "-fno-pie", "-no-pie"]),
    ("clang", "clang", &["-O2"]),
];

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/assume")
        .join(name)
}

fn compiled(name: &str, way: &str, compiler: &str, options: &[&str]) -> Option<String> {
    let to = Path::new("assume").join(way).join(name);
    let path = common::compiled(compiler, &source(name), &to, options)?;
    Some(path.to_str()?.to_owned())
}

/// Returns the statements and the expected verdict, from the first lines of a program.
fn header(name: &str) -> (Vec<String>, String) {
    let text = std::fs::read_to_string(source(name)).expect("a source");
    let mut lines = text.lines();
    let stated = lines
        .next()
        .and_then(|line| line.strip_prefix("// assume: "));
    let expected = lines
        .next()
        .and_then(|line| line.strip_prefix("// expect: "));
    let stated = stated.expect("statements").split(' ').map(str::to_owned);
    (stated.collect(), expected.expect("a verdict").to_owned())
}

#[test]
fn a_statement_decides_that_a_pointer_is_valid_and_hides_nothing_else() {
    let directory = std::fs::read_dir(source("")).expect("programs");
    let names = directory.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut count = 0;
    for name in names.filter(|name| name.ends_with(".c")) {
        let (stated, expected) = header(&name);
        for (way, compiler, options) in WAYS {
            let Some(path) = compiled(&name, way, compiler, options) else {
                continue;
            };
            let (without, text) = audit(&[&path]);
            assert_ne!(
                without, 0,
                "{way} {name} passes without a statement\n{text}"
            );
            let mut arguments: Vec<&str> = stated.iter().flat_map(|s| ["--assume", s]).collect();
            arguments.push(&path);
            let (status, text) = audit(&arguments);
            let is_right = match expected.as_str() {
                "pass" => status == 0,
                "fail" => status == 1,
                "undecided" => status != 0,
                other => panic!("{name}: {other}"),
            };
            assert!(is_right, "{way} {name}: {status}\n{text}");
            if expected == "pass" {
                for statement in &stated {
                    let note = format!("relies on --assume {statement}: ");
                    assert!(text.contains(&note), "{way} {name}: {text}");
                }
            }
            count += 1;
        }
    }
    assert!(count > 15, "only {count} programs");
}

#[test]
fn an_open_question_names_the_statement_that_decides_it() {
    for (way, compiler, options) in WAYS {
        let Some(path) = compiled("second_pointer.c", way, compiler, options) else {
            continue;
        };
        let (status, text) = audit(&[&path]);
        assert_eq!(status, 2, "{text}");
        assert!(
            text.contains("would decide it: --assume valid:list,"),
            "{text}"
        );
        let (status, text) = audit(&["--assume", "valid:list", &path]);
        assert_eq!(status, 2, "{text}");
        assert!(
            text.contains("would decide it: --assume valid:list@0x8,"),
            "{text}"
        );
    }
}

#[test]
fn a_word_of_a_stripped_file_is_named_by_its_address() {
    let Some(path) = compiled("sets_a_flag.c", "stripped", "cc", &["-O2", "-s"]) else {
        return;
    };
    let (_, text) = audit(&[&path]);
    let (_, rest) = text.split_once("--assume valid:0x").expect("a statement");
    let digits = rest.split(',').next().expect("an address");
    let statement = format!("valid:0x{digits}");
    let (status, text) = audit(&["--assume", &statement, &path]);
    assert_eq!(status, 0, "{text}");
    let (_, json) = audit(&["--json", "--assume", &statement, &path]);
    assert!(json.contains("\"kind\":\"assumption\""), "{json}");
    assert!(json.contains("\"not_needed\":[]"), "{json}");
}

#[test]
fn a_statement_that_was_not_needed_is_a_warning() {
    let Some(path) = compiled("two_pointers.c", "unneeded", "cc", &["-O2"]) else {
        return;
    };
    let (_, text) = audit(&[
        "--assume",
        "valid:left",
        "--assume",
        "valid:left@0x8",
        &path,
    ]);
    assert!(
        text.contains("warning: --assume valid:left@0x8 was not needed"),
        "{text}"
    );
    assert!(!text.contains("warning: --assume valid:left was"), "{text}");
    let (_, json) = audit(&["--json", "--assume", "valid:left@0x8", &path]);
    assert!(
        json.contains("\"not_needed\":[\"valid:left@0x8\"]"),
        "{json}"
    );
}

#[test]
fn a_statement_about_nothing_is_refused() {
    let Some(path) = compiled("sets_a_flag.c", "refused", "cc", &["-O2"]) else {
        return;
    };
    for statement in [
        "valid:latc",
        "valid:on",
        "valid:",
        "valid:0x7fffffff0000",
        "latch",
        "safe:latch",
        "valid:libx.so/latch",
    ] {
        let (status, text) = audit(&["--assume", statement, &path]);
        assert_eq!(status, 2, "{statement}: {text}");
        assert!(text.contains(&format!("--assume {statement}: ")), "{text}");
        assert!(!text.contains("PASS"), "{text}");
    }
}

//! Handlers with one defect each: the audit must find that one, and must pass those that have none.

#![cfg(target_arch = "x86_64")]

mod common;
#[path = "leaf/machines.rs"]
mod machines;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// A finished audit.
struct Verdict {
    status: i32,
    text: String,
}

impl Verdict {
    /// The lines that report a violation of `rule`.
    fn violations(&self, rule: &str) -> Vec<&str> {
        let start = format!("violation[{rule}] ");
        self.text
            .lines()
            .filter(|line| line.starts_with(&start))
            .collect()
    }

    #[track_caller]
    fn passes(&self) {
        assert_eq!(self.status, 0, "{}", self.text);
        assert!(!self.text.contains("violation["), "{}", self.text);
    }

    /// Asserts a violation of `rule` whose line has all of `parts`.
    #[track_caller]
    fn breaks(&self, rule: &str, parts: &[&str]) {
        assert_eq!(self.status, 1, "{}", self.text);
        let found = self.violations(rule);
        assert!(
            found
                .iter()
                .any(|line| parts.iter().all(|part| line.contains(part))),
            "no violation of {rule} with {parts:?} in:\n{}",
            self.text
        );
    }

    /// Asserts that nothing can be said, with the remedy.
    #[track_caller]
    fn is_undecided(&self, remedy: &str) {
        assert_eq!(self.status, 2, "{}", self.text);
        assert!(self.text.contains(remedy), "{}", self.text);
    }
}

fn audit(arguments: &[&str]) -> Verdict {
    let (status, text) = common::audit(&[&["--policy", "leaf"], arguments].concat());
    Verdict { status, text }
}

fn audit_of(binary: &Path, handler: &str, more: &[&str]) -> Verdict {
    let binary = binary.to_str().expect("a path of text");
    audit(&[&["--binary", binary, "--handler", handler], more].concat())
}

fn rust(handler: &str) -> Verdict {
    audit_of(&RUST, handler, &[])
}

/// The fixtures, compiled as minitalk's release is.
static RUST: LazyLock<PathBuf> = LazyLock::new(|| {
    let target = scratch("fixtures");
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "audit-fixtures",
            "--target-dir",
        ])
        .arg(&target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(status.success());
    target.join("release/audit-fixtures")
});

/// A program in C, compiled by the system's compiler.
static C: LazyLock<PathBuf> = LazyLock::new(|| compiled("handler.c", "handler", &["-O2", "-g"]));

fn compiled(source: &str, name: &str, options: &[&str]) -> PathBuf {
    let source = Path::new("fixtures/c").join(source);
    common::compiled("cc", &source, Path::new(name), options).expect("a C compiler")
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn a_leaf_passes() {
    let verdict = rust("leaf");
    verdict.passes();
    for fact in [
        "audit_fixtures::handlers::good::TAIL",
        "atomic read-modify-write",
        "audit_fixtures::handlers::good::WORDS",
        "+0x0 to +0x1ff",
        "siginfo (argument 2)",
        "fixtures/src/handlers/good.rs:",
    ] {
        assert!(
            verdict.text.contains(fact),
            "no {fact} in:\n{}",
            verdict.text
        );
    }
    assert!(!verdict.text.contains(env!("CARGO_MANIFEST_DIR")));
}

#[test]
fn a_crossbeam_queue_is_rejected_for_its_loop() {
    rust("pushes_to_array_queue").breaks("loop", &["branches backward", "crossbeam-"]);
}

#[test]
fn printing_is_rejected() {
    rust("prints").breaks("call", &["std::io::stdio::_print"]);
}

#[test]
fn allocating_is_rejected() {
    rust("allocates").breaks("call", &["calls malloc"]);
}

#[test]
fn a_bounds_check_is_rejected_for_its_panic() {
    rust("checks_bounds").breaks("panic", &["core::panicking::panic_bounds_check"]);
}

#[test]
fn a_spin_loop_is_rejected() {
    rust("spins").breaks("loop", &["branches backward", "bad.rs:"]);
}

#[test]
fn a_thread_local_is_rejected() {
    rust("touches_thread_local").breaks("thread-local", &["fs:"]);
}

#[test]
fn errno_is_rejected() {
    rust("touches_errno").breaks("thread-local", &["__errno_location"]);
}

#[test]
fn a_frame_is_rejected() {
    let verdict = rust("has_a_frame");
    verdict.breaks("stack", &["[rsp-", "0 allowed"]);
    audit_of(&RUST, "has_a_frame", &["--max-stack", "64"]).passes();
}

#[test]
fn a_function_pointer_in_writable_data_is_rejected() {
    rust("calls_pointer").breaks("indirect", &["HOOK", "which may change"]);
}

#[test]
fn a_hoisted_function_pointer_is_rejected() {
    audit_of(&C, "calls_through_register", &["--follow"])
        .breaks("indirect", &["a computed target"]);
}

#[test]
fn too_many_instructions_are_rejected() {
    rust("is_long").breaks("budget", &["is number 33"]);
    audit_of(&RUST, "is_long", &["--budget", "500"]).passes();
    audit_of(&RUST, "leaf", &["--budget", "2"]).breaks("budget", &["is number 3"]);
}

#[test]
fn a_trap_is_rejected() {
    rust("traps").breaks("trap", &["ud2"]);
    audit_of(&C, "divides", &["--follow"]).breaks("trap", &["SIGFPE"]);
}

#[test]
fn a_system_call_is_rejected() {
    rust("makes_a_system_call").breaks("system-call", &["syscall"]);
}

#[test]
fn a_store_through_a_loaded_pointer_is_rejected() {
    rust("writes_anywhere").breaks("write", &["unknown origin"]);
}

#[test]
fn a_store_with_an_unbounded_index_is_rejected() {
    audit_of(&C, "stores_anywhere_in_table", &[])
        .breaks("write", &["table", "not shown to stay inside"]);
}

#[test]
fn a_store_past_the_kernels_structures_is_rejected() {
    audit_of(&C, "writes_past_siginfo", &[]).breaks("write", &["siginfo", "stay inside"]);
}

#[test]
fn a_store_to_the_saved_registers_is_rejected() {
    audit_of(&C, "sets_the_instruction_pointer", &[]).breaks("write", &["saved registers"]);
}

#[test]
fn a_repeated_string_instruction_is_rejected() {
    rust("fills_by_string_instruction").breaks("loop", &["rep stosb"]);
}

#[test]
fn bytes_that_are_no_code_are_rejected() {
    audit_of(&C, "runs_off", &[]).breaks("runs-off", &["past the end"]);
    audit_of(&C, "has_bad_bytes", &[]).breaks("undecodable", &["no instruction"]);
    audit_of(&C, "returns_elsewhere", &[]).breaks("indirect", &["returns with the stack pointer"]);
}

#[test]
fn calls_are_followed_within_the_file() {
    let name = "audit_fixtures::handlers::good::calls_within";
    let verdict = audit_of(&RUST, name, &["--follow"]);
    verdict.passes();
    assert!(verdict.text.contains("good::store:"), "{}", verdict.text);
    audit_of(&RUST, name, &[]).breaks(
        "call",
        &["audit_fixtures::handlers::good::store", "not allowed"],
    );
}

#[test]
fn what_a_followed_call_does_counts() {
    audit_of(&RUST, "prints", &["--follow"]).breaks("thread-local", &["std::io::stdio::_print+"]);
}

#[test]
fn write_is_allowed_by_the_list_and_not_without_it() {
    let followed = audit_of(&C, "writes", &["--follow"]);
    followed.passes();
    assert!(
        followed
            .text
            .contains("not decided: the inside of write, allowed by XSH 2.4.3")
    );
    audit_of(&C, "writes", &[]).breaks("call", &["calls write, which is not allowed"]);

    let empty = scratch("empty-allow.txt");
    std::fs::write(&empty, "# nothing\n").unwrap();
    let empty = empty.to_str().unwrap();
    audit_of(&C, "writes", &["--follow", "--allow", empty]).breaks("call", &["calls write"]);
}

#[test]
fn a_function_that_is_only_called_like_an_allowed_one_is_followed() {
    audit_of(&C, "calls_an_impostor", &["--follow"]).breaks("call", &["calls malloc"]);
}

#[test]
fn calls_through_the_got_are_resolved_too() {
    let path = compiled("handler.c", "handler-no-plt", &["-O2", "-g", "-fno-plt"]);
    audit_of(&path, "writes_once", &["--follow"]).passes();
    audit_of(&path, "prints", &["--follow"]).breaks("call", &["printf, which is not allowed"]);
    let path = compiled("handler.c", "handler-fixed", &["-O2", "-g", "-no-pie"]);
    audit_of(&path, "writes", &["--follow"]).passes();
    audit_of(&path, "stores_in_table", &[]).passes();
}

#[test]
fn printf_is_not_on_the_list() {
    audit_of(&C, "prints", &["--follow"]).breaks("call", &["printf, which is not allowed"]);
}

#[test]
fn much_stack_and_recursion_are_rejected_even_when_followed() {
    let verdict = audit_of(&C, "uses_much_stack", &["--follow"]);
    verdict.breaks("stack", &["2016 bytes, 1024 allowed"]);
    audit_of(&C, "uses_much_stack", &["--follow", "--max-stack", "4096"]).passes();
    audit_of(&C, "recurses", &["--follow"]).breaks("loop", &["recursion"]);
}

#[test]
fn without_a_name_each_handler_that_the_file_installs_is_audited() {
    let of = |name: &str| {
        let source = format!("../../tests/handlers/{name}.c");
        let path = compiled(&source, &format!("installs-{name}"), &["-O2", "-g"]);
        audit(&["--binary", path.to_str().unwrap()])
    };
    let verdict = of("flag");
    verdict.passes();
    assert!(verdict.text.contains("found: on\n"), "{}", verdict.text);
    of("prints").breaks("call", &["not allowed"]);
    of("unknown_handler").is_undecided("--handler SYMBOL");
}

#[test]
fn an_allow_list_without_citations_is_refused() {
    let list = scratch("bare-allow.txt");
    std::fs::write(&list, "write\n").unwrap();
    audit_of(
        &C,
        "writes",
        &["--follow", "--allow", list.to_str().unwrap()],
    )
    .is_undecided("has no citation");
}

#[test]
fn a_stripped_file_is_refused_with_the_remedy() {
    let stripped = scratch("stripped");
    let status = Command::new("strip")
        .arg("-o")
        .arg(&stripped)
        .arg(&*C)
        .status()
        .expect("strip");
    assert!(status.success());
    audit_of(&stripped, "writes", &[]).is_undecided("symbols kept");
}

#[test]
fn a_file_for_another_machine_is_refused_with_the_remedy() {
    const MACHINE: std::ops::Range<usize> = 18..20;
    const POWER: [u8; 2] = [21, 0];
    let mut file = std::fs::read(&*C).unwrap();
    file[MACHINE].copy_from_slice(&POWER);
    let other = scratch("power");
    std::fs::write(&other, file).unwrap();
    audit_of(&other, "writes", &[]).is_undecided("x86-64, aarch64 and riscv64");
}

#[test]
fn what_cannot_be_audited_is_neither_pass_nor_fail() {
    audit_of(&C, "no_such_function", &[]).is_undecided("no function no_such_function");
    audit_of(Path::new(file!()), "x", &[]).is_undecided("");
    audit_of(&scratch("absent"), "x", &[]).is_undecided("cannot read");
    audit(&["--budget"]).is_undecided("--help");
    audit(&["--binary", "x"]).is_undecided("cannot read");
}

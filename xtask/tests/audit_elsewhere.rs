//! On a machine that cannot build an x86-64 program, the audit of minitalk reports that and decides nothing.

#![cfg(not(target_arch = "x86_64"))]

#[test]
fn the_audit_says_that_it_cannot_decide() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("audit")
        .output()
        .expect("the audit runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot decide"));
}

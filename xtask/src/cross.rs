//! `cargo xtask cross`: checks the handlers of the architectures that the audit does not read, instruction by instruction.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use crate::{no_arguments, output, product};

const USAGE: &str = "\
usage: cargo xtask cross

Builds the release binary, static, for aarch64 and riscv64, and reads its handlers as objdump prints them: no call, no branch
backwards, no byte of stack, no thread-local, no instruction that is not on the list. Exit code 1 if one has something of it, or
if the table in SAFETY.md, which is of one release of the compiler, has another number of instructions. An architecture whose
compiler or linker this machine cannot get is skipped, which is said and counted.
";

/// An architecture that this machine cross-compiles for.
pub struct Architecture {
    /// The name that Rust and the kernel use.
    pub name: &'static str,
    /// The target triple of the compiler.
    pub triple: &'static str,
    /// The prefix of the GNU tools.
    tools: &'static str,
    handlers: &'static [&'static str],
    /// The column of the first handler in the table of SAFETY.md.
    column: usize,
    /// The maximum number of instructions in a handler.
    limit: usize,
    /// The instructions allowed in a handler: none of them calls, traps or retries.
    straight: &'static [&'static str],
    /// The allowed branches, which must jump forward within the function.
    branches: &'static [&'static str],
    /// The forbidden operands: the stack pointer and the thread pointer.
    registers: &'static [&'static str],
}

/// All supported architectures.
pub const ARCHITECTURES: &[Architecture] = &[
    Architecture {
        name: "aarch64",
        triple: "aarch64-unknown-linux-gnu",
        tools: "aarch64-linux-gnu",
        handlers: &["minitalk_on_signal", "minitalk_on_signal_without_lse"],
        column: 2,
        limit: 40,
        straight: &[
            "add", "adrp", "and", "cmp", "ldaddal", "ldar", "ldp", "ldr", "mov", "movk", "orr",
            "stlr", "stp", "str", "sub",
        ],
        branches: &[
            "b", "b.cc", "b.hi", "b.lo", "b.ls", "cbnz", "cbz", "tbnz", "tbz",
        ],
        registers: &["sp", "wsp", "tpidr_el0"],
    },
    Architecture {
        name: "riscv64",
        triple: "riscv64gc-unknown-linux-gnu",
        tools: "riscv64-linux-gnu",
        handlers: &["minitalk_on_signal"],
        column: 4,
        limit: 40,
        straight: &[
            "add",
            "addi",
            "amoadd.d.aqrl",
            "and",
            "andi",
            "auipc",
            "fence",
            "ld",
            "li",
            "lui",
            "mv",
            "or",
            "sd",
            "sll",
            "slli",
            "sltu",
            "sub",
        ],
        branches: &["beqz", "bgeu", "bltu", "bnez", "j"],
        registers: &["sp", "tp"],
    },
];

/// Runs the command with its arguments.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    if let Some(exit) = no_arguments("cross", USAGE, arguments) {
        return exit;
    }
    let (mut skipped, mut failed) = (0, 0);
    for architecture in ARCHITECTURES {
        let name = architecture.name;
        if let Err(reason) = architecture.prepare() {
            println!("cross: {name}: SKIPPED: {reason}");
            skipped += 1;
            continue;
        }
        match check(architecture) {
            Ok(lines) => lines
                .iter()
                .for_each(|line| println!("cross: {name}: {line}")),
            Err(error) => {
                eprintln!("cross: {name}: FAILED: {error}");
                failed += 1;
            }
        }
    }
    let checked = ARCHITECTURES.len() - skipped;
    println!("cross: {checked} architectures checked, {failed} failed, {skipped} skipped");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn check(architecture: &Architecture) -> Result<Vec<String>, String> {
    let binary = architecture.build()?;
    let documented = documented()?;
    let mut lines = vec![];
    for (handler, column) in architecture.handlers.iter().zip(architecture.column..) {
        let mut objdump = Command::new(architecture.tool("objdump"));
        objdump
            .args(["-d", "--no-show-raw-insn"])
            .arg(format!("--disassemble={handler}"))
            .arg(&binary);
        let listing = output(&mut objdump)?;
        let listing = String::from_utf8_lossy(&listing);
        let count = architecture
            .read(handler, &listing)
            .map_err(|error| format!("{handler}: {error}\n{listing}"))?;
        let expected = documented.as_ref().map(|row| match row.get(column) {
            Some(number) => number.as_str(),
            None => "no number",
        });
        if let Some(expected) = expected.filter(|expected| *expected != count.to_string()) {
            return Err(format!(
                "{handler}: {count} instructions, but the table of SAFETY.md has {expected}"
            ));
        }
        lines.push(format!(
            "{handler}: {count} instructions, straight-line, no call, no stack"
        ));
    }
    Ok(lines)
}

/// Returns the row of SAFETY.md with the numbers of instructions; `None` if it is of another release of the compiler.
fn documented() -> Result<Option<Vec<String>>, String> {
    let path = product::repository().join("SAFETY.md");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path:?}: {error}"))?;
    let row = text
        .lines()
        .find_map(|line| line.strip_prefix("| instructions, "))
        .ok_or("SAFETY.md has no row of instructions")?;
    let row: Vec<_> = row.split('|').map(|cell| cell.trim().to_owned()).collect();
    let compiler = output(Command::new("rustc").arg("--version"))?;
    let is_of = compiler.starts_with(format!("{}.", row[0]).as_bytes());
    Ok(is_of.then_some(row))
}

impl Architecture {
    /// Checks that this machine can build for the architecture, and installs the standard library if rustup can.
    ///
    /// The error is the reason why not.
    pub fn prepare(&self) -> Result<(), String> {
        let runs = |command: &mut Command| {
            let quiet = command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            quiet.status().is_ok_and(|status| status.success())
        };
        if !runs(Command::new("rustup").args(["target", "add", self.triple])) {
            return Err(format!(
                "no standard library: rustup target add {}",
                self.triple
            ));
        }
        for tool in ["gcc", "objdump", "strip"] {
            if !runs(Command::new(self.tool(tool)).arg("--version")) {
                let tools = self.tools;
                return Err(format!(
                    "no {tools}-{tool}: apt-get install gcc-{tools} (and libc6-dev for it)"
                ));
            }
        }
        Ok(())
    }

    /// Returns a cargo command that builds static binaries for the architecture.
    pub fn cargo(&self) -> Command {
        let variable = |what: &str| {
            let target = self.triple.to_uppercase().replace('-', "_");
            format!("CARGO_TARGET_{target}_{what}")
        };
        let mut cargo = product::cargo();
        cargo
            .env(variable("LINKER"), self.tool("gcc"))
            .env(variable("RUSTFLAGS"), "-C target-feature=+crt-static");
        cargo
    }

    /// Returns the name of a GNU tool for the architecture.
    pub fn tool(&self, name: &str) -> String {
        format!("{}-{name}", self.tools)
    }

    /// Builds the static release binary and returns its path.
    pub fn build(&self) -> Result<PathBuf, String> {
        let mut cargo = self.cargo();
        cargo.args(["build", "--quiet", "--release", "--bin", "minitalk"]);
        output(cargo.args(["--target", self.triple]))?;
        Ok(product::target().join(self.triple).join("release/minitalk"))
    }

    /// Reads the listing of `handler`, and returns its number of instructions or the first violation.
    fn read(&self, handler: &str, listing: &str) -> Result<usize, String> {
        let body = instructions(handler, listing);
        let (Some(first), Some(last)) = (body.first(), body.last()) else {
            return Err("not in the binary".into());
        };
        for instruction in &body {
            let Instruction {
                address,
                mnemonic,
                operands,
            } = instruction;
            let says = |what: &str| Err(format!("{what}: {address:#x} {mnemonic} {operands}"));
            let words = || operands.split(|c: char| !c.is_alphanumeric() && c != '_');
            if words().any(|word| self.registers.contains(&word)) {
                return says("stack or thread");
            }
            if *mnemonic == "ret" && operands.is_empty() {
                continue;
            }
            if self.branches.contains(mnemonic) {
                match instruction.target() {
                    Some(to) if to > *address && to <= last.address => continue,
                    Some(to) if to <= *address && to >= first.address => return says("a loop"),
                    _ => return says("a jump out of the function"),
                }
            }
            if !self.straight.contains(mnemonic) {
                return says("not on the list of instructions");
            }
        }
        if last.mnemonic != "ret" {
            return Err(format!("does not end with ret but with {}", last.mnemonic));
        }
        if body.len() > self.limit {
            return Err(format!(
                "{} instructions, more than {}",
                body.len(),
                self.limit
            ));
        }
        Ok(body.len())
    }
}

struct Instruction<'l> {
    address: u64,
    mnemonic: &'l str,
    /// The operands, without the comments that objdump adds.
    operands: &'l str,
}

impl Instruction<'_> {
    /// Parses the last operand as an address.
    fn target(&self) -> Option<u64> {
        let last = self
            .operands
            .rsplit(',')
            .next()?
            .split_whitespace()
            .next()?;
        u64::from_str_radix(last.trim_start_matches("0x"), 16).ok()
    }
}

/// Returns the lines between the label of a function and the next empty line.
fn instructions<'l>(function: &str, listing: &'l str) -> Vec<Instruction<'l>> {
    let label = format!("<{function}>:");
    listing
        .lines()
        .skip_while(|line| !line.ends_with(&label))
        .skip(1)
        .map_while(|line| {
            let (address, rest) = line.trim().split_once(':')?;
            let address = u64::from_str_radix(address, 16).ok()?;
            let (mnemonic, operands) = rest.trim().split_once('\t').unwrap_or((rest.trim(), ""));
            let operands = operands.split("//").next()?.split(" # ").next()?.trim();
            Some(Instruction {
                address,
                mnemonic,
                operands,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a listing of a handler of `lines`, from address 10 on, 4 bytes each.
    fn read(name: &str, lines: &[&str]) -> Result<usize, String> {
        let architecture = ARCHITECTURES.iter().find(|a| a.name == name).unwrap();
        let mut listing = String::from("0000000000000010 <minitalk_on_signal>:\n");
        for (n, line) in lines.iter().enumerate() {
            listing += &format!("      {:x}:\t{line}\n", 0x10 + 4 * n);
        }
        architecture.read("minitalk_on_signal", &(listing + "\n"))
    }

    #[test]
    fn a_leaf_passes() {
        let arm = [
            "mov\tw8, #0x1                   \t// #1",
            "ldaddal\tx8, x9, [x9]",
            "b.ls\t1c <minitalk_on_signal+0xc>  // b.plast",
            "ret",
        ];
        assert_eq!(read("aarch64", &arm), Ok(4));
        let riscv = [
            "auipc\ta3,0x7c",
            "add\ta3,a3,-514 # c5f40 <RING>",
            "amoadd.d.aqrl\ta7,a6,(a4)",
            "bgeu\ta1,a0,20 <minitalk_on_signal+0x10>",
            "ret",
        ];
        assert_eq!(read("riscv64", &riscv), Ok(5));
    }

    /// The handler that Rust compiles without LSE, and other defects, are each rejected for their own reason.
    #[test]
    fn each_seeded_defect_is_rejected() {
        for (name, line, reason) in [
            (
                "aarch64",
                "bl\t4d80 <__aarch64_ldadd8_acq_rel>",
                "not on the list",
            ),
            ("aarch64", "stp\tx29, x30, [sp, #-48]!", "stack or thread"),
            ("aarch64", "mrs\tx8, tpidr_el0", "stack or thread"),
            ("aarch64", "ldaxr\tx8, [x9]", "not on the list"),
            ("aarch64", "cbnz\tw10, 10 <minitalk_on_signal>", "a loop"),
            ("aarch64", "b\t4d80 <abort>", "a jump out"),
            ("aarch64", "br\tx8", "not on the list"),
            ("aarch64", "ret\tx8", "not on the list"),
            ("aarch64", "brk\t#0x1", "not on the list"),
            ("riscv64", "jal\tra,4d80 <abort>", "not on the list"),
            ("riscv64", "addi\tsp,sp,-16", "stack or thread"),
            ("riscv64", "ld\ta0,8(tp)", "stack or thread"),
            ("riscv64", "lr.d.aqrl\ta5,(a4)", "not on the list"),
            ("riscv64", "bnez\ta5,10 <minitalk_on_signal>", "a loop"),
            ("riscv64", "ecall", "not on the list"),
        ] {
            let error = read(name, &["nop", "ret"]).unwrap_err();
            assert!(error.contains("not on the list"), "{error}");
            let error = read(name, &[line, "ret"]).unwrap_err();
            assert!(error.contains(reason), "{line}: {error}");
        }
        assert!(read("aarch64", &[]).is_err(), "a handler that is not there");
        assert!(read("aarch64", &["mov\tx0, x1"]).is_err(), "no end");
        assert!(read("aarch64", &["mov\tx0, x1"; 41]).is_err(), "too long");
    }
}

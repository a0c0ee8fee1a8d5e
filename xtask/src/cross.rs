//! The architectures that this machine cross-compiles for.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::{output, product};

/// An architecture that this machine cross-compiles for.
pub struct Architecture {
    /// The name that Rust and the kernel use.
    pub name: &'static str,
    /// The target triple of the compiler.
    pub triple: &'static str,
    /// The prefix of the GNU tools.
    tools: &'static str,
}

/// All supported architectures.
const ARCHITECTURES: &[Architecture] = &[
    Architecture {
        name: "aarch64",
        triple: "aarch64-unknown-linux-gnu",
        tools: "aarch64-linux-gnu",
    },
    Architecture {
        name: "riscv64",
        triple: "riscv64gc-unknown-linux-gnu",
        tools: "riscv64-linux-gnu",
    },
];

impl Architecture {
    /// Returns the architecture of that name.
    pub fn of(name: &str) -> Result<&'static Self, String> {
        let known = ARCHITECTURES.iter().find(|a| a.name == name);
        known.ok_or_else(|| {
            format!("{name:?} is no architecture to compile for: aarch64 or riscv64")
        })
    }

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
        for tool in ["gcc", "strip"] {
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
}

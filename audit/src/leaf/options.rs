//! The command line of `cargo xtask audit`, and of `minitalk-audit`.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

/// Says which of the two programs is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// `cargo xtask audit`.
    Task,
    /// `minitalk-audit`, for other programs only.
    Program,
}

impl Tool {
    /// Returns the name by which the command is run.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Task => "cargo xtask audit",
            Self::Program => "minitalk-audit --policy leaf",
        }
    }

    /// Returns the text that `--help` prints.
    pub fn help(self) -> String {
        let parts = match self {
            Self::Task => [
                ("{ours}", OURS),
                ("{optional}", ", instead of building minitalk"),
                ("{documents}", DOCUMENTS),
                ("{stale}", ", or the documents are stale"),
            ],
            Self::Program => [
                ("{ours}", ""),
                ("{optional}", ""),
                ("{documents}", ""),
                ("{stale}", ""),
            ],
        };
        parts
            .iter()
            .fold(HELP.to_owned(), |text, (mark, part)| {
                text.replace(mark, part)
            })
            .replace("{name}", self.name())
    }
}

const OURS: &str = "    {name} [--target T] [--write | --check]
        builds minitalk in release and audits its handlers, which must call nothing
";

const DOCUMENTS: &str = "
    --target T        x86_64, aarch64 or riscv64 (default: this machine); skipped, which is said, without a compiler for it
    --write           refresh the audit in SAFETY.md, and its figures there and in README.md
    --check           fail if those are stale";

const HELP: &str = "\
{name}: is a signal handler what it claims to be, instruction by instruction?

{ours}    {name} --binary PATH [--handler SYMBOL] [--follow]
        audits a handler of any ELF program or library for x86-64, aarch64 or riscv64, or on x86-64 all that are found

    --binary PATH     the file to audit{optional}
    --handler SYMBOL  the handler's symbol, mangled or not, with or without its hash. Without it: all that the
                      file is seen to install but Rust's own
    --follow          the handler need not be a leaf: follow its calls as far as the file holds them, accept those
                      that the allow-list names, and let it have a stack frame (x86-64)
    --allow FILE      the functions that may be called (default with --follow: audit/allow.txt; without: none)
    --budget N        at most N instructions (default 32, or 40 on aarch64 and riscv64; with --follow: no limit)
    --max-stack N     at most N bytes of stack (default 0; with --follow: 1024){documents}

What it cannot decide: where a computed call goes, and what a call into another file runs (the first is a violation,
the second is listed unless it is one); whether the kernel's pointers are valid; in which order other CPUs see the stores;
whether this is the function that the program installs; with --follow, that callees keep the calling convention.
Stripped files, object files and files for other machines are refused.

Exit status: 0 the handlers pass; 1 one does not{stale}; 2 one cannot be audited, none is found, or wrong usage.";

/// Bytes of stack that a handler which is not a leaf may use: half the smallest alternative stack (MINSIGSTKSZ, 2048).
const FOLLOW_STACK: u64 = 1024;

/// Selects the action on the documents that carry the report.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Documents {
    /// Leaves the documents as they are.
    Leave,
    /// Refreshes the report's blocks in the documents.
    Write,
    /// Compares the report's blocks in the documents.
    Check,
}

/// Holds a parsed command line.
pub struct LeafOptions {
    /// The file to audit; `None`: minitalk, to be built.
    pub binary: Option<PathBuf>,
    /// The machine to build minitalk for.
    pub target: String,
    /// The handler's symbol; `None`: minitalk's handlers, or all handlers that are found in another program.
    pub handler: Option<String>,
    /// The allow-list; `None`: the repository's list if calls are followed, otherwise an empty list.
    pub allow: Option<PathBuf>,
    /// Whether calls are followed.
    pub follow: bool,
    /// The most instructions; `None`: the machine's budget, or no limit if calls are followed.
    pub budget: Option<usize>,
    /// The most bytes of stack.
    pub max_stack: u64,
    /// The action on the documents.
    pub documents: Documents,
}

/// Parses the arguments after `audit`; `None` when help was asked for.
pub fn parse(
    tool: Tool,
    arguments: impl Iterator<Item = OsString>,
) -> Result<Option<LeafOptions>, String> {
    parse_inner(tool, arguments).map_err(|error| error.to_string())
}

fn parse_inner(
    tool: Tool,
    arguments: impl Iterator<Item = OsString>,
) -> Result<Option<LeafOptions>, lexopt::Error> {
    let (mut binary, mut handler, mut allow) = (None, None, None);
    let (mut budget, mut max_stack, mut target) = (None, None, None);
    let (mut follow, mut documents) = (false, Documents::Leave);
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("binary") => binary = Some(PathBuf::from(parser.value()?)),
            Long("handler") => handler = Some(parser.value()?.string()?),
            Long("allow" | "allow-list") => allow = Some(PathBuf::from(parser.value()?)),
            Long("follow") => follow = true,
            Long("budget") => budget = Some(parser.value()?.parse()?),
            Long("max-stack") => max_stack = Some(parser.value()?.parse()?),
            Long("target") if tool == Tool::Task => target = Some(parser.value()?.string()?),
            Long("write") if tool == Tool::Task => documents = Documents::Write,
            Long("check") if tool == Tool::Task => documents = Documents::Check,
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(argument.unexpected()),
        }
    }
    if binary.is_none() && tool == Tool::Program {
        return Err("it needs --binary PATH".into());
    }
    let ours = binary.is_none() && handler.is_none() && allow.is_none() && !follow;
    if documents != Documents::Leave && !ours {
        return Err(
            "--write and --check are for the audit of minitalk's own handler as a leaf".into(),
        );
    }
    if target.is_some() && binary.is_some() {
        return Err("--target is for a build of minitalk, not for --binary".into());
    }
    Ok(Some(LeafOptions {
        binary,
        target: target.unwrap_or_else(|| std::env::consts::ARCH.into()),
        handler,
        allow,
        follow,
        budget,
        max_stack: max_stack.unwrap_or(if follow { FOLLOW_STACK } else { 0 }),
        documents,
    }))
}

//! `cargo xtask audit`: checks a compiled signal handler, instruction by instruction, against the rules for handlers.
//!
//! The steps: [`options`] says which file to audit, and [`elf`] reads it. `install` of the main audit finds the handlers if none is
//! named. [`walk`] finds every instruction that can be reached, [`effects`] computes its effects on memory and stack, and [`rules`]
//! finds the violations. [`facts`] takes the measurements, [`report`] prints the results, and [`documents`] keeps them in SAFETY.md
//! and README.md.

mod aarch64;
mod documents;
mod effects;
mod elf;
mod facts;
mod instruction;
mod listing;
mod options;
mod place;
mod report;
mod riscv64;
mod rules;
mod source;
mod value;
mod walk;
mod x86_64;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::allow::Allow;
use crate::files::Files;
use crate::index::Index;
use crate::program::say;
use crate::{install, load};
use effects::Effects;
use elf::{Binary, ElfSymbol, Target};
use instruction::Machine;
use options::{Documents, LeafOptions, Tool};
use source::Source;
use walk::{Function, Leaving, Program, Step};

/// Holds the facts about minitalk's repository that the audit of minitalk itself needs.
pub struct Product {
    /// The repository, which contains the documents.
    pub repository: &'static Path,
    /// Builds minitalk's release binary for a machine that the user names.
    pub build: fn(&str) -> Result<Built, Unbuilt>,
}

/// Holds a release binary.
pub struct Built {
    /// The path of the file.
    pub path: PathBuf,
    /// The symbols of its handlers.
    pub handlers: &'static [&'static str],
}

/// Says why there is no release binary.
pub enum Unbuilt {
    /// The build failed.
    Failed(String),
    /// A prerequisite of the build is not available here.
    Skipped(String),
}

/// Runs the audit of minitalk itself with the arguments after the command's name.
pub fn main(product: &Product, arguments: impl Iterator<Item = OsString>) -> ExitCode {
    start(Some(product), arguments)
}

/// Runs the audit of other programs.
pub fn foreign(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    start(None, arguments)
}

fn start(product: Option<&Product>, arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let tool = if product.is_some() {
        Tool::Task
    } else {
        Tool::Program
    };
    let outcome = match options::parse(tool, arguments) {
        Ok(Some(options)) => run(product, &options),
        Ok(None) => say(&format!("{}\n", tool.help())).map(|()| true),
        Err(usage) => Err(format!("{usage}; see {} --help", tool.name())),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("audit: {error}");
            ExitCode::from(2)
        }
    }
}

/// Audits, prints the report, and returns whether all handlers pass; an error if that cannot be decided.
fn run(product: Option<&Product>, options: &LeafOptions) -> Result<bool, String> {
    let (path, handlers) = match (&options.binary, product) {
        (Some(path), _) => (path.clone(), &[][..]),
        (None, Some(product)) => match (product.build)(&options.target) {
            Ok(Built { path, handlers }) => (path, handlers),
            Err(Unbuilt::Failed(error)) => return Err(error),
            Err(Unbuilt::Skipped(reason)) => {
                let target = &options.target;
                say(&format!(
                    "audit: {target}: SKIPPED: {reason}\naudit: 0 targets audited, 1 skipped\n"
                ))?;
                return Ok(true);
            }
        },
        (None, None) => return Err("there is no file to audit".into()),
    };
    let root = product.map(|product| product.repository);
    let data =
        std::fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let binary = Binary::parse(&data)?;
    let here = std::env::current_dir().ok();
    let source = Source::read(&data, root.or(here.as_deref()));
    let named = options.handler.as_deref();
    let handlers: Vec<&str> = named.map_or(handlers.to_vec(), |name| vec![name]);
    if handlers.is_empty() {
        return found(&path, &binary, &source, options);
    }
    let mut passes = true;
    let mut pages = Vec::new();
    for name in handlers {
        let page = one(&binary, &source, binary.function(name)?, options)?;
        passes &= page.passes;
        pages.push(page);
    }
    let Some(root) = root.filter(|_| options.documents != Documents::Leave) else {
        return Ok(passes);
    };
    if !passes {
        eprintln!("audit: the documents are left alone, for a handler does not pass");
        return Ok(false);
    }
    documents::refresh(root, binary.machine, &pages, options.documents)
}

/// Audits every handler that the file is seen to install.
fn found(
    path: &Path,
    binary: &Binary,
    source: &Source,
    options: &LeafOptions,
) -> Result<bool, String> {
    if binary.machine != Machine::X86_64 {
        return Err(
            "cannot decide: only a file for x86-64 is searched for handlers; name one with --handler SYMBOL"
                .into(),
        );
    }
    if binary.is_stripped() {
        return Err(
            "cannot decide: the file is stripped, so what its handlers are called is unknown; build it with symbols kept, or \
             audit it before it is stripped"
                .into(),
        );
    }
    let mut files = Files::new(load::load(path)?, None);
    let mut index = Index::default();
    let found = install::find(&mut files, &mut index, &Allow::of_the_repository()?);
    let names = found.imported.keys();
    let mut undecided: Vec<String> = names
        .map(|name| format!("cannot decide: {name} of another file is installed as a handler"))
        .collect();
    undecided.extend(found.unresolved.iter().map(|((_, at), why)| {
        format!(
            "cannot decide: the call at {at:#x} installs a handler that is not known ({why}); name it with --handler SYMBOL"
        )
    }));
    let mut passes = true;
    for (&(image, address), of) in &found.handlers {
        if crate::runtime::rust(&files, &mut index, (image, address), of).is_some() {
            continue;
        }
        let handler = binary.function_at(address);
        let Some(handler) = handler.filter(|f| image == 0 && f.address == address && f.size > 0)
        else {
            undecided.push(format!(
                "cannot decide: {address:#x} of {}, which is installed as a handler, is no function that has a name and a size; \
                 build the file with symbols kept",
                files.image(image).path.display()
            ));
            continue;
        };
        say(&format!("found: {}\n", handler.name))?;
        match one(binary, source, handler, options) {
            Ok(page) => passes &= page.passes,
            Err(why) => undecided.push(why),
        }
        say("\n")?;
    }
    match undecided.into_iter().next() {
        // A handler that does not pass decides the result, whatever the undecided handlers do.
        Some(why) if passes => Err(why),
        None if found.handlers.is_empty() => Err(
            "no signal handler found: nothing that the file calls installs a function of it; name it with --handler SYMBOL"
                .into(),
        ),
        _ => Ok(passes),
    }
}

/// Holds the report on one handler in the documents.
struct Page {
    passes: bool,
    report: String,
    figures: report::Figures,
}

/// Audits one handler.
fn one(
    binary: &Binary,
    source: &Source,
    handler: &ElfSymbol,
    options: &LeafOptions,
) -> Result<Page, String> {
    let audit = Audit::new(binary, handler, options)?;
    let findings = rules::check(&audit);
    let facts = facts::measure(&audit);
    say(&report::terminal(&audit, source, &facts, &findings))?;
    Ok(Page {
        passes: findings.violations.is_empty(),
        report: report::markdown(&audit, source, &facts, &findings),
        figures: report::figures(&audit, &facts),
    })
}

/// Holds a handler's walked code, and the bounds that apply to it.
struct Audit<'a> {
    binary: &'a Binary<'a>,
    program: Program,
    effects: BTreeMap<u64, BTreeMap<u64, Effects>>,
    /// Bytes of stack in use when each function begins; `None`: not known.
    begins: BTreeMap<u64, Option<u64>>,
    allow: Allow,
    follow: bool,
    budget: Option<usize>,
    max_stack: u64,
}

impl<'a> Audit<'a> {
    fn new(
        binary: &'a Binary<'a>,
        handler: &ElfSymbol,
        options: &LeafOptions,
    ) -> Result<Self, String> {
        let convention = binary.machine.convention();
        if options.follow && binary.machine != Machine::X86_64 {
            return Err(format!(
                "cannot decide: --follow does not know where a function for {} keeps the address that it returns to; \
                 audit each function by itself",
                convention.name
            ));
        }
        let allow = match &options.allow {
            Some(path) => Allow::read(path)?,
            None if options.follow => Allow::of_the_repository()?,
            None => Allow::default(),
        };
        let program = walk::walk(binary, handler, &allow, options.follow);
        let effects = program
            .functions
            .iter()
            .map(|(&start, function)| {
                let of = effects::of(binary, function, start == program.handler);
                (start, of)
            })
            .collect();
        let begins = begins(binary, &program, &effects);
        Ok(Self {
            binary,
            program,
            effects,
            begins,
            allow,
            follow: options.follow,
            budget: options
                .budget
                .or((!options.follow).then_some(convention.budget)),
            max_stack: options.max_stack,
        })
    }

    /// Returns all functions, the handler first.
    fn functions(&self) -> impl Iterator<Item = &Function> {
        let handler = self.program.handler;
        let others = self.program.functions.values();
        std::iter::once(&self.program.functions[&handler])
            .chain(others.filter(move |f| f.symbol.address != handler))
    }

    fn effects(&self, function: &Function, step: &Step) -> &Effects {
        &self.effects[&function.symbol.address][&step.instruction.at]
    }

    /// Returns the bytes of stack below the handler's return address at an instruction, or `None` if they are not known.
    fn depth(&self, function: &Function, step: &Step) -> Option<u64> {
        let begin = self
            .begins
            .get(&function.symbol.address)
            .copied()
            .flatten()?;
        let own = self.effects(function, step).stack?;
        begin.checked_add(own + return_address(self.binary, step))
    }

    /// Returns whether the instruction's call is allowed, with any fact about the callee that has to be taken on trust.
    fn accepts(&self, step: &Step) -> Option<Option<String>> {
        let (_, target) = step.leaves.as_ref()?;
        let name = target.name(self.binary);
        if name.as_deref().is_some_and(walk::is_panic) {
            return None;
        }
        if let Some(name) = name
            && !matches!(target, Target::Here(_))
            && let Some(citation) = self.allow.citation(&name)
        {
            let lazily = match target {
                Target::Elsewhere(_) if self.binary.binds_lazily() => {
                    "; its first call runs the dynamic loader unless the program is linked with -z now"
                }
                _ => "",
            };
            return Some(Some(format!(
                "the inside of {name}, allowed by {citation}{lazily}"
            )));
        }
        (self.follow && self.program.callee(step).is_some()).then_some(None)
    }
}

impl Program {
    /// Returns the function that the instruction calls or jumps to, if it was walked.
    fn callee(&self, step: &Step) -> Option<u64> {
        match step.leaves {
            Some((_, Target::Here(address))) if self.functions.contains_key(&address) => {
                Some(address)
            }
            _ => None,
        }
    }
}

/// Returns how many bytes a call itself pushes.
fn return_address(binary: &Binary, step: &Step) -> u64 {
    let is_call = matches!(step.leaves, Some((Leaving::Call, _)));
    if is_call && binary.machine.convention().link.is_none() {
        8
    } else {
        0
    }
}

/// Returns the greatest stack depth at the start of each function.
fn begins(
    binary: &Binary,
    program: &Program,
    effects: &BTreeMap<u64, BTreeMap<u64, Effects>>,
) -> BTreeMap<u64, Option<u64>> {
    const UNKNOWN: u64 = u64::MAX;
    let mut deepest = BTreeMap::from([(program.handler, 0)]);
    let mut todo = vec![program.handler];
    while let Some(start) = todo.pop() {
        let begin: u64 = deepest[&start];
        for (at, step) in &program.functions[&start].steps {
            let Some(callee) = program.callee(step) else {
                continue;
            };
            let own = effects[&start][at].stack;
            let depth = match own {
                Some(own) if !program.recursive.contains(at) => {
                    begin.saturating_add(own + return_address(binary, step))
                }
                _ => UNKNOWN,
            };
            if deepest.get(&callee).is_none_or(|&known| known < depth) {
                deepest.insert(callee, depth);
                todo.push(callee);
            }
        }
    }
    deepest
        .into_iter()
        .map(|(start, depth)| (start, (depth != UNKNOWN).then_some(depth)))
        .collect()
}

//! `cargo xtask audit`: reads a compiled signal handler instruction by instruction, and holds it to what a handler may do.
//!
//! The way through: [`options`] says what to audit, [`elf`] reads the file, `install` of the main audit finds the handlers if none is named,
//! [`walk`] every instruction that can be reached, [`effects`] what each does to memory and stack, [`rules`] what must not
//! be, [`facts`] what is worth knowing, [`report`] prints it, [`documents`] keeps it in SAFETY.md and README.md.

mod documents;
mod effects;
mod elf;
mod facts;
mod listing;
mod options;
mod place;
mod report;
mod rules;
mod source;
mod value;
mod walk;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::allow::Allow;
use crate::files::Files;
use crate::index::Index;
use crate::{install, load};
use effects::Effects;
use elf::{Binary, Symbol, Target};
use options::{Documents, Options, Tool};
use source::Source;
use walk::{Function, Leaving, Program, Step};

/// minitalk's own handler.
const HANDLER: &str = "minitalk_on_signal";

/// What the audit of minitalk itself needs to know of its repository.
pub struct Product {
    /// The repository, in which the documents are.
    pub repository: &'static Path,
    /// Builds minitalk's release binary and returns its path.
    pub build: fn() -> Result<PathBuf, String>,
}

/// Runs the audit of minitalk itself with the arguments after its name.
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
        Ok(None) => {
            println!("{}", tool.help());
            Ok(true)
        }
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

/// Audits, prints, and says whether all is well; an error if that cannot be said.
fn run(product: Option<&Product>, options: &Options) -> Result<bool, String> {
    let path = match (&options.binary, product) {
        (Some(path), _) => path.clone(),
        (None, Some(product)) => build(product)?,
        (None, None) => return Err("there is no file to audit".into()),
    };
    let root = product.map(|product| product.repository);
    let data =
        std::fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let binary = Binary::parse(&data)?;
    let here = std::env::current_dir().ok();
    let source = Source::read(&data, root.or(here.as_deref()));
    match (&options.handler, &options.binary) {
        (None, Some(_)) => found(&path, &binary, &source, options),
        (name, _) => {
            let handler = binary.function(name.as_deref().unwrap_or(HANDLER))?;
            one(&binary, &source, handler, options, root)
        }
    }
}

/// Audits every handler that the file is seen to install.
fn found(path: &Path, binary: &Binary, source: &Source, options: &Options) -> Result<bool, String> {
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
        println!("found: {}", handler.name);
        match one(binary, source, handler, options, None) {
            Ok(passed) => passes &= passed,
            Err(why) => undecided.push(why),
        }
        println!();
    }
    match undecided.into_iter().next() {
        // That one does not pass is certain, whatever the others are.
        Some(why) if passes => Err(why),
        None if found.handlers.is_empty() => Err(
            "no signal handler found: nothing that the file calls installs a function of it; name it with --handler SYMBOL"
                .into(),
        ),
        _ => Ok(passes),
    }
}

/// Audits one handler.
fn one(
    binary: &Binary,
    source: &Source,
    handler: &Symbol,
    options: &Options,
    root: Option<&Path>,
) -> Result<bool, String> {
    let audit = Audit::new(binary, handler, options)?;
    let findings = rules::check(&audit);
    let facts = facts::measure(&audit);
    print!("{}", report::terminal(&audit, source, &facts, &findings));
    let passes = findings.violations.is_empty();
    let Some(root) = root.filter(|_| options.documents != Documents::Leave) else {
        return Ok(passes);
    };
    if !passes {
        eprintln!("audit: the documents are left alone, for the handler does not pass");
        return Ok(false);
    }
    let block = report::markdown(&audit, source, &facts, &findings);
    let figures = report::figures(&audit, &facts);
    documents::refresh(root, &block, &figures, options.documents)
}

/// Builds minitalk's release binary and returns its path.
fn build(product: &Product) -> Result<PathBuf, String> {
    if !cfg!(target_arch = "x86_64") {
        return Err(format!(
            "cannot decide: this machine is {}, and the audit reads x86-64 instructions only; run it on an x86-64 \
             machine, or give it a binary for one with --binary",
            std::env::consts::ARCH
        ));
    }
    (product.build)()
}

/// A handler, walked, with the bounds that it is held to.
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
    fn new(binary: &'a Binary<'a>, handler: &Symbol, options: &Options) -> Result<Self, String> {
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
        let begins = begins(&program, &effects);
        Ok(Self {
            binary,
            program,
            effects,
            begins,
            allow,
            follow: options.follow,
            budget: options.budget,
            max_stack: options.max_stack,
        })
    }

    /// All functions, the handler first.
    fn functions(&self) -> impl Iterator<Item = &Function> {
        let handler = self.program.handler;
        let others = self.program.functions.values();
        std::iter::once(&self.program.functions[&handler])
            .chain(others.filter(move |f| f.symbol.address != handler))
    }

    fn effects(&self, function: &Function, step: &Step) -> &Effects {
        &self.effects[&function.symbol.address][&step.instruction.ip()]
    }

    /// Bytes of stack below the handler's return address at that instruction; `None`: not known.
    fn depth(&self, function: &Function, step: &Step) -> Option<u64> {
        let begin = self
            .begins
            .get(&function.symbol.address)
            .copied()
            .flatten()?;
        let own = self.effects(function, step).stack?;
        begin.checked_add(own + return_address(step))
    }

    /// Whether what the instruction calls is allowed; if so, with what has to be taken on trust about it.
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
    /// The function that the instruction calls or jumps to, if it was walked.
    fn callee(&self, step: &Step) -> Option<u64> {
        match step.leaves {
            Some((_, Target::Here(address))) if self.functions.contains_key(&address) => {
                Some(address)
            }
            _ => None,
        }
    }
}

/// What a call itself pushes.
fn return_address(step: &Step) -> u64 {
    match step.leaves {
        Some((Leaving::Call, _)) => 8,
        _ => 0,
    }
}

/// The deepest that the stack can be where each function begins.
fn begins(
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
                    begin.saturating_add(own + return_address(step))
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

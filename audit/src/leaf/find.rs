//! Which functions of a program are its signal handlers, as far as the instructions that install them tell.

use std::collections::{BTreeMap, BTreeSet};

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

use super::elf::{Binary, Symbol, Target};
use super::walk;

/// The C library's functions that install a handler.
const INSTALLERS: &[&str] = &[
    "sigaction",
    "signal",
    "bsd_signal",
    "__sysv_signal",
    "sigset",
];

/// What takes functions that are no handlers.
const OTHERS: &[&str] = &[
    "__cxa_atexit",
    "__libc_start_main",
    "__register_atfork",
    "atexit",
    "bsearch",
    "on_exit",
    "pthread_atfork",
    "pthread_create",
    "qsort",
];

/// What is likely to be a handler.
pub struct Candidate {
    /// Its function, or why that cannot be audited.
    pub handler: Result<Symbol, String>,
    /// The function that takes its address.
    taker: String,
    /// What that function calls.
    callee: String,
}

impl Candidate {
    /// Why it is one.
    pub fn reason(&self) -> String {
        let what = self.handler.as_ref().map_or("a function", |s| &s.name);
        format!(
            "{what}, whose address {} takes, which calls {}",
            self.taker, self.callee
        )
    }
}

/// Whether a function comes with Rust and not with the program: Rust finds overflowing stacks with a handler of its own.
fn is_rusts(name: &str) -> bool {
    let name = name.trim_start_matches('<');
    ["std::", "core::", "alloc::"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// Whether a function of that name cannot be a handler: one of Rust's, of a trait (which tables of functions hold), or a
/// `main`.
fn is_none(name: &str) -> bool {
    is_rusts(name) || name.starts_with('<') || name == "main" || name.ends_with("::main")
}

/// What a function has to do with handlers.
#[derive(Default)]
struct Use {
    name: String,
    /// What it calls that installs handlers.
    installer: Option<String>,
    /// The functions of the file that it calls or jumps to.
    calls: BTreeSet<u64>,
    /// The places whose addresses it takes and where there is code.
    takes: BTreeSet<u64>,
}

/// All candidates, each once; an error if there is none.
///
/// A function that installs handlers and takes no address is handed them: then those who call it are looked at.
pub fn handlers(binary: &Binary) -> Result<Vec<Candidate>, String> {
    if binary.is_stripped() {
        return Err(
            "cannot decide: the file is stripped, so where its handlers are is unknown; build it with symbols kept, or \
             audit it before it is stripped"
                .into(),
        );
    }
    let uses: BTreeMap<u64, Use> = binary
        .functions()
        .filter(|function| !is_rusts(&function.name))
        .map(|function| (function.address, uses(binary, function)))
        .collect();
    let mut todo: Vec<(u64, String)> = uses
        .iter()
        .filter_map(|(&at, found)| Some((at, found.installer.clone()?)))
        .collect();
    if todo.is_empty() {
        return Err(
            "no signal handler found: no function of the file calls sigaction or signal of a shared library; if it \
             installs one otherwise, name it with --handler SYMBOL"
                .into(),
        );
    }
    let mut seen: BTreeSet<u64> = todo.iter().map(|(at, _)| *at).collect();
    let mut found = BTreeMap::new();
    while let Some((at, callee)) = todo.pop() {
        let taker = &uses[&at];
        let candidates = taker
            .takes
            .iter()
            .filter_map(|&address| Some((address, handler(binary, at, address)?)));
        let mut takes_none = true;
        for (address, handler) in candidates {
            takes_none = false;
            found.entry(address).or_insert_with(|| Candidate {
                handler,
                taker: taker.name.clone(),
                callee: callee.clone(),
            });
        }
        if takes_none {
            for (&caller, of) in &uses {
                if of.calls.contains(&at) && seen.insert(caller) {
                    todo.push((caller, taker.name.clone()));
                }
            }
        }
    }
    if found.is_empty() {
        return Err(
            "no signal handler found: no function that calls sigaction or signal, or calls one that does, takes the \
             address of a function; name the handler with --handler SYMBOL"
                .into(),
        );
    }
    Ok(found.into_values().collect())
}

/// What is at `address`, if it may be a handler: the inside of a function that has a name is none.
fn handler(binary: &Binary, taker: u64, address: u64) -> Option<Result<Symbol, String>> {
    let unknown = |why: &str| {
        Some(Err(format!(
            "cannot decide: {address:#x}, which may be a handler, {why}; build the file with symbols kept"
        )))
    };
    match binary.function_at(address) {
        Some(symbol) if symbol.address != address || address == taker => None,
        Some(symbol) if is_none(&symbol.name) => None,
        Some(symbol) if symbol.size == 0 => unknown("has no size, so where it ends is unknown"),
        Some(symbol) => Some(Ok(symbol.clone())),
        None => unknown("is in no function that has a name"),
    }
}

fn uses(binary: &Binary, function: &Symbol) -> Use {
    let mut uses = Use {
        name: function.name.clone(),
        ..Use::default()
    };
    let code = binary
        .code(function.address, function.size)
        .unwrap_or_default();
    let inside = function.address..function.address + function.size;
    // Registers that hold an address which nothing has used yet, and the address.
    let mut held: Vec<(Register, u64)> = Vec::new();
    for instruction in Decoder::with_ip(64, code, function.address, DecoderOptions::NONE) {
        let Some(target) = walk::destination(binary, &instruction) else {
            let is_copy = instruction.mnemonic() == Mnemonic::Mov
                && instruction.op1_kind() == OpKind::Register
                && instruction.op0_kind() == OpKind::Register;
            let used = |register: Register| {
                !is_copy
                    && (instruction.memory_base() == register
                        || (0..instruction.op_count())
                            .any(|i| instruction.op_register(i).full_register() == register))
            };
            let no_longer = held.extract_if(.., |(register, _)| used(*register));
            uses.takes.extend(no_longer.map(|(_, address)| address));
            let places = taken(binary, &instruction);
            if instruction.op0_kind() == OpKind::Register {
                let register = instruction.op0_register().full_register();
                held.extend(places.iter().map(|&place| (register, place)));
            } else {
                uses.takes.extend(places);
            }
            continue;
        };
        // The C library has some of them linked into every program.
        let name = target.name(binary);
        let is_for_others = name.is_some_and(|name| OTHERS.contains(&&*name));
        match target {
            Target::Here(address) if inside.contains(&address) => continue,
            Target::Here(address) => {
                uses.calls.insert(address);
            }
            Target::Elsewhere(name) => {
                if INSTALLERS.contains(&&*name) {
                    uses.installer = Some(name);
                }
            }
            Target::Unknown(_) => {}
        }
        let before = held.drain(..).map(|(_, address)| address);
        if !is_for_others {
            uses.takes.extend(before);
        }
    }
    uses.takes
        .extend(held.into_iter().map(|(_, address)| address));
    uses
}

/// The places in code whose address the instruction takes: itself, or out of what it loads or points to, such as a
/// `struct sigaction` that is there from the start and begins with its handler.
fn taken(binary: &Binary, instruction: &Instruction) -> Vec<u64> {
    let mut places = Vec::new();
    let is_move = instruction.mnemonic() == Mnemonic::Mov;
    for operand in 0..instruction.op_count() {
        match instruction.op_kind(operand) {
            OpKind::Memory => {
                let at = if instruction.is_ip_rel_memory_operand() {
                    instruction.ip_rel_memory_address()
                } else if binary.has_fixed_addresses()
                    && instruction.memory_base() == Register::None
                    && instruction.memory_index() == Register::None
                {
                    instruction.memory_displacement64()
                } else {
                    continue;
                };
                let is_address = instruction.mnemonic() == Mnemonic::Lea;
                if is_address {
                    places.push(at);
                }
                let width = instruction.memory_size().size() as u64;
                // What is stored to says nothing.
                if is_address || operand > 0 {
                    let words = if is_address { 1 } else { width / 8 };
                    places.extend(
                        (0..words).filter_map(|i| binary.initial_pointer(at.wrapping_add(8 * i))),
                    );
                }
            }
            OpKind::Immediate32 | OpKind::Immediate32to64 | OpKind::Immediate64
                if is_move && binary.has_fixed_addresses() =>
            {
                let at = instruction.immediate(operand);
                places.push(at);
                places.extend(binary.initial_pointer(at));
            }
            _ => {}
        }
    }
    places.retain(|&place| binary.is_code(place));
    places
}

//! Every instruction that the handler can reach, found by following control flow from its first instruction.

use std::collections::{BTreeMap, BTreeSet};

use super::elf::{Binary, ElfSymbol, Target};
use super::instruction::{Flow, Instruction};
use crate::allow::Allow;

/// Says how control leaves a function other than by returning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// A call, after which control comes back.
    Call,
    /// A jump, after which control does not come back.
    Jump,
}

/// Holds one instruction that can be reached.
pub struct Step {
    /// The instruction.
    pub instruction: Instruction,
    /// Where control may go next, within the function.
    pub next: Vec<u64>,
    /// Where control goes outside the function.
    pub leaves: Option<(Leaving, Target)>,
}

/// Describes why the bytes cannot be walked.
#[derive(Clone, Copy)]
pub enum Flaw {
    /// The bytes are not an instruction.
    Undecodable,
    /// Control passes the end of the symbol.
    RunsOff,
    /// Two instructions share bytes: a branch leads into the middle of one of them.
    Overlap,
}

/// Holds a function with all instructions that can be reached in it.
pub struct Function {
    /// The function's symbol.
    pub symbol: ElfSymbol,
    /// The function's instructions by address.
    pub steps: BTreeMap<u64, Step>,
    /// The flaws of the function's bytes, each with its address.
    pub flaws: Vec<(u64, Flaw)>,
    /// Whether the function can return.
    pub returns: bool,
}

/// Holds the handler and the functions that it calls, as far as calls are followed.
pub struct Program {
    /// The address of the handler's first instruction.
    pub handler: u64,
    /// The functions by address.
    pub functions: BTreeMap<u64, Function>,
    /// The addresses of calls that lead back into a function that is still running.
    pub recursive: BTreeSet<u64>,
}

/// Walks the handler's code. With `follow`, also walks the functions of the file that it calls, unless they are allowed.
pub fn walk(binary: &Binary, handler: &ElfSymbol, allow: &Allow, follow: bool) -> Program {
    let mut walker = Walker {
        binary,
        allow,
        follow,
        program: Program {
            handler: handler.address,
            functions: BTreeMap::new(),
            recursive: BTreeSet::new(),
        },
        running: Vec::new(),
    };
    walker.function(handler.clone());
    walker.program
}

impl Target {
    /// Returns the name of the called function, if the file has it.
    pub fn name(&self, binary: &Binary) -> Option<String> {
        match self {
            Self::Elsewhere(name) => Some(name.clone()),
            Self::Here(address) => binary
                .function_at(*address)
                .filter(|symbol| symbol.address == *address)
                .map(|symbol| symbol.name.clone()),
            Self::Unknown(_) => None,
        }
    }
}

/// Returns whether the function `name` reports a failed check or a bug, and never returns.
pub fn is_panic(name: &str) -> bool {
    const PARTS: [&str; 12] = [
        "core::panicking::",
        "std::panicking::",
        "alloc::alloc::handle_alloc_error",
        "alloc::raw_vec::handle_error",
        "slice_index_fail",
        "slice_start_index",
        "slice_end_index",
        "unwrap_failed",
        "expect_failed",
        "rust_panic",
        "__stack_chk_fail",
        "__assert_fail",
    ];
    PARTS.iter().any(|part| name.contains(part))
}

fn never_returns(name: &str) -> bool {
    is_panic(name)
        || matches!(
            name,
            "abort" | "exit" | "_exit" | "_Exit" | "_Unwind_Resume"
        )
}

struct Walker<'w, 'a> {
    binary: &'w Binary<'a>,
    allow: &'w Allow,
    follow: bool,
    program: Program,
    running: Vec<u64>,
}

impl Walker<'_, '_> {
    /// Walks one function, and walks each called function before it goes on after the call. Returns whether the function can
    /// return.
    fn function(&mut self, symbol: ElfSymbol) -> bool {
        self.running.push(symbol.address);
        let end = symbol.address + symbol.size;
        let code = self
            .binary
            .code(symbol.address, symbol.size)
            .unwrap_or_default();
        let mut function = Function {
            steps: BTreeMap::new(),
            flaws: Vec::new(),
            returns: false,
            symbol,
        };
        let start = function.symbol.address;
        let mut todo = vec![(start, start)];
        while let Some((from, at)) = todo.pop() {
            if function.steps.contains_key(&at) {
                continue;
            }
            if at >= end {
                function.flaws.push((from, Flaw::RunsOff));
                continue;
            }
            let bytes = code.get((at - start) as usize..).unwrap_or_default();
            let Some(mut instruction) = self.binary.machine.decode(bytes, at) else {
                function.flaws.push((at, Flaw::Undecodable));
                continue;
            };
            if let Some(before) = function.steps.get(&from).map(|step| &step.instruction)
                && before.end == at
            {
                instruction.follow(before);
            }
            let returns = matches!(instruction.flow, Flow::Return(_));
            let step = self.step(instruction, start..end);
            function.returns |= returns || matches!(step.leaves, Some((Leaving::Jump, _)));
            todo.extend(step.next.iter().map(|&next| (at, next)));
            function.steps.insert(at, step);
        }
        let mut reached = 0;
        for (&at, step) in &function.steps {
            if at < reached {
                function.flaws.push((at, Flaw::Overlap));
            }
            reached = step.instruction.end;
        }
        self.running.pop();
        let returns = function.returns;
        self.program.functions.insert(start, function);
        returns
    }

    fn step(&mut self, instruction: Instruction, inside: std::ops::Range<u64>) -> Step {
        let mut next = Vec::new();
        let mut leaves = None;
        let after = instruction.end;
        let flow = instruction.flow;
        if matches!(flow, Flow::Next | Flow::Branch(_)) {
            next.push(after);
        }
        match flow {
            Flow::Branch(target) | Flow::Jump(target) if inside.contains(&target) => {
                next.push(target);
            }
            Flow::Branch(target) | Flow::Jump(target) => {
                leaves = Some((Leaving::Jump, through_stub(self.binary, target)));
            }
            Flow::Call(target) => {
                leaves = Some((Leaving::Call, through_stub(self.binary, target)));
            }
            Flow::JumpThrough(slot) => leaves = Some((Leaving::Jump, pointer(self.binary, slot))),
            Flow::CallThrough(slot) => leaves = Some((Leaving::Call, pointer(self.binary, slot))),
            Flow::Next | Flow::Return(_) | Flow::Stop => {}
        }
        if let Some((leaving, target)) = &leaves {
            let returns = self.go_into(instruction.at, target);
            if *leaving == Leaving::Call && returns {
                next.push(after);
            }
        }
        Step {
            instruction,
            next,
            leaves,
        }
    }

    /// Follows a call if calls are followed, and returns whether control can come back.
    fn go_into(&mut self, from: u64, target: &Target) -> bool {
        let name = target.name(self.binary);
        if let Some(name) = &name {
            if never_returns(name) {
                return false;
            }
            // A name on the list stands for the C library's function, which is in another file. A function of this file may only
            // share the name.
            if !matches!(target, Target::Here(_)) && self.allow.citation(name).is_some() {
                return true;
            }
        }
        let Target::Here(address) = *target else {
            return true;
        };
        if self.running.contains(&address) {
            self.program.recursive.insert(from);
            return true;
        }
        if let Some(known) = self.program.functions.get(&address) {
            return known.returns;
        }
        match self.binary.function_at(address) {
            Some(symbol) if self.follow && symbol.address == address && symbol.size > 0 => {
                let symbol = symbol.clone();
                self.function(symbol)
            }
            _ => true,
        }
    }
}

/// Returns the final target of a direct branch: a stub of the procedure linkage table only jumps through its GOT entry.
fn through_stub(binary: &Binary, target: u64) -> Target {
    let in_plt = binary
        .section_name(target)
        .is_some_and(|name| name.starts_with(".plt"));
    if !in_plt {
        return Target::Here(target);
    }
    let code = binary.code(target, 16).unwrap_or_default();
    let mut at = target;
    // On x86-64 the jump is the first instruction or the second; on other machines its target is computed.
    for _ in 0..2 {
        let bytes = code.get((at - target) as usize..).unwrap_or_default();
        match binary.machine.decode(bytes, at) {
            Some(Instruction {
                flow: Flow::JumpThrough(slot),
                ..
            }) => return pointer(binary, slot),
            Some(instruction) => at = instruction.end,
            None => break,
        }
    }
    Target::Here(target)
}

fn pointer(binary: &Binary, slot: Option<u64>) -> Target {
    match slot {
        Some(slot) => binary.settled_pointer(slot),
        None => Target::Unknown("a computed target".into()),
    }
}

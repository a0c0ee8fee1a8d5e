//! The effects of each instruction on memory and on the stack, from the known register values before it.

use std::collections::BTreeMap;

use super::elf::Binary;
use super::instruction::{Access, AccessKind, Flow, Run, State};
use super::place;
use super::value::{LeafValue, Origin};
use super::walk::{Function, Leaving, Step};

/// Holds the effects of one instruction.
#[derive(Default)]
pub struct Effects {
    /// The accesses to memory, except those of a call or a return to the return address.
    pub accesses: Vec<Access>,
    /// Bytes below the function's return address that are in use or written; `None`: not known.
    pub stack: Option<u64>,
    /// Whether the instruction writes to the stack, extends it, or makes its depth unknown.
    pub takes_stack: bool,
    /// Whether the instruction may return to an address other than the caller's.
    pub returns_astray: bool,
    /// The address in the file that a constant of the instruction forms.
    pub refers: Option<u64>,
}

/// Returns the effects of every instruction of `function`; `is_handler`: the kernel passes its arguments.
pub fn of(binary: &Binary, function: &Function, is_handler: bool) -> BTreeMap<u64, Effects> {
    let before = states(binary, function, is_handler);
    function
        .steps
        .iter()
        .map(|(&at, step)| (at, effects(binary, step, &before[&at])))
        .collect()
}

/// How often paths may meet at one instruction before a register that still changes becomes unknown. The limit ends the analysis of
/// loops.
const MEETINGS: u32 = 16;

fn states(binary: &Binary, function: &Function, is_handler: bool) -> BTreeMap<u64, State> {
    let convention = binary.machine.convention();
    let mut entry = [LeafValue::ANY; 32];
    entry[convention.stack] = LeafValue::at(Origin::Stack, 0);
    if let Some(link) = convention.link {
        entry[link] = LeafValue::at(Origin::Return, 0);
    }
    if let Some((register, symbol)) = convention.global
        && let Some(address) = binary.address_of(symbol)
    {
        entry[register] = LeafValue::at(Origin::Page, address.cast_signed());
    }
    if is_handler {
        for (number, register) in (1..).zip(convention.arguments) {
            entry[register] = LeafValue::at(Origin::Argument(number), 0);
        }
    }
    let start = function.symbol.address;
    let mut known: BTreeMap<u64, (State, u32)> = BTreeMap::from([(start, (entry, 0))]);
    let mut todo = vec![start];
    while let Some(at) = todo.pop() {
        let Some(step) = function.steps.get(&at) else {
            continue;
        };
        let state = run(binary, step, &known[&at].0).after;
        for &next in &step.next {
            let (merged, meetings) = match known.get(&next) {
                None => (state, 0),
                Some((old, meetings)) => {
                    let meet = |i| meet(old[i], state[i], *meetings);
                    (std::array::from_fn(meet), meetings + 1)
                }
            };
            if known.get(&next).is_none_or(|(old, _)| *old != merged) {
                known.insert(next, (merged, meetings));
                todo.push(next);
            }
        }
    }
    known
        .into_iter()
        .map(|(at, (state, _))| (at, state))
        .collect()
}

/// Returns the value of a register where paths meet for the `meetings`th time.
fn meet(old: LeafValue, new: LeafValue, meetings: u32) -> LeafValue {
    let merged = old.or(new);
    if merged != old && meetings >= MEETINGS {
        return LeafValue::ANY;
    }
    merged
}

/// Runs the instruction; a call is run up to its return.
fn run(binary: &Binary, step: &Step, before: &State) -> Run {
    let mut run = step.instruction.run(binary, before);
    for access in &mut run.accesses {
        access.place = place::located(binary, access.place);
    }
    if matches!(step.leaves, Some((Leaving::Call, _))) {
        let convention = binary.machine.convention();
        run.after = *before;
        for &scratch in convention.scratch {
            run.after[scratch] = LeafValue::ANY;
        }
    }
    run
}

fn effects(binary: &Binary, step: &Step, before: &State) -> Effects {
    let Run {
        after,
        accesses,
        refers,
    } = run(binary, step, before);
    let stack = binary.machine.convention().stack;
    let mut effects = Effects {
        refers,
        ..Effects::default()
    };
    let returns = matches!(step.instruction.flow, Flow::Return(_));
    if let Flow::Return(link) = step.instruction.flow {
        let here = LeafValue::at(Origin::Stack, 0);
        let back = LeafValue::at(Origin::Return, 0);
        effects.returns_astray = before[stack] != here || link.is_some_and(|l| before[l] != back);
    }
    effects.stack = depth(after[stack]);
    effects.takes_stack = !returns
        && match (depth(before[stack]), depth(after[stack])) {
            (Some(before), Some(after)) => before < after,
            (Some(_), None) => true,
            (None, _) => false,
        };
    for access in &accesses {
        if access.place.origin == Origin::Stack && access.how != AccessKind::Read {
            effects.takes_stack = true;
            effects.stack = effects
                .stack
                .zip(depth(access.place))
                .map(|(a, b)| a.max(b));
        }
    }
    effects.accesses = accesses;
    effects
}

/// Returns how far below the function's initial stack pointer a pointer into the stack may point, or `None` if that is not known.
fn depth(pointer: LeafValue) -> Option<u64> {
    (pointer.origin == Origin::Stack && pointer.spread < u64::MAX)
        .then(|| pointer.low.min(0).unsigned_abs())
}

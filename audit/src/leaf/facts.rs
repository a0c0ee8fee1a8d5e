//! The measurements, whether or not a rule bounds them.

use std::collections::{BTreeMap, BTreeSet};

use super::Audit;
use super::instruction::AccessKind;
use super::place;
use super::value::Origin;
use super::walk::{Function, Program};

/// Holds the measurements.
pub struct Facts {
    /// Instructions that can be reached.
    pub instructions: usize,
    /// The most instructions that one run executes; `None`: no bound, because there is a loop.
    pub longest: Option<usize>,
    /// Calls, and jumps that leave the function.
    pub calls: usize,
    /// Bytes of stack below the handler's return address; `None`: no bound.
    pub stack: Option<u64>,
    /// Instructions that use floating-point or vector registers.
    pub vector: usize,
    /// Instructions that load and store atomically.
    pub atomic: usize,
    /// The accessed memory: the object, the offset, the bytes, the kind of access and the width.
    pub memory: BTreeSet<(String, i64, String, AccessKind, u32)>,
}

/// Takes all measurements.
pub fn measure(audit: &Audit) -> Facts {
    let mut facts = Facts {
        instructions: 0,
        longest: longest(&audit.program, audit.program.handler, &mut BTreeMap::new()),
        calls: 0,
        stack: Some(0),
        vector: 0,
        atomic: 0,
        memory: BTreeSet::new(),
    };
    for (start, function) in &audit.program.functions {
        facts.instructions += function.steps.len();
        for (at, step) in &function.steps {
            facts.calls += usize::from(step.leaves.is_some());
            facts.vector += usize::from(step.instruction.is_vector);
            let effects = &audit.effects[start][at];
            facts.stack = facts
                .stack
                .zip(audit.depth(function, step))
                .map(|(a, b)| a.max(b));
            facts.atomic +=
                usize::from(effects.accesses.iter().any(|a| a.how == AccessKind::Atomic));
            for access in &effects.accesses {
                if access.place.origin != Origin::Stack {
                    facts.memory.insert((
                        place::origin(audit.binary, access.place),
                        access.place.low,
                        place::range(audit.binary, access.place, access.width),
                        access.how,
                        access.width,
                    ));
                }
            }
        }
    }
    facts
}

/// Returns the length of the longest path from a function's start to its end, including calls that are followed.
fn longest(
    program: &Program,
    start: u64,
    known: &mut BTreeMap<u64, Option<usize>>,
) -> Option<usize> {
    if let Some(&known) = known.get(&start) {
        return known;
    }
    known.insert(start, None);
    let function = &program.functions[&start];
    let mut ways = BTreeMap::new();
    let longest = way(program, function, start, &mut ways, known);
    known.insert(start, longest);
    longest
}

/// Returns the length of the longest path from the instruction at `start`; an instruction met again on a path from itself has none.
/// The walk takes no stack for straight-line code of any length.
fn way(
    program: &Program,
    function: &Function,
    start: u64,
    ways: &mut BTreeMap<u64, Option<usize>>,
    known: &mut BTreeMap<u64, Option<usize>>,
) -> Option<usize> {
    // Instructions that are being measured, each with whether its successors have been visited.
    let mut todo = vec![(start, false)];
    while let Some((at, is_second)) = todo.pop() {
        let Some(step) = function.steps.get(&at) else {
            ways.insert(at, Some(0));
            continue;
        };
        if !is_second {
            if ways.contains_key(&at) {
                continue;
            }
            ways.insert(at, None);
            todo.push((at, true));
            todo.extend(step.next.iter().map(|&next| (next, false)));
            continue;
        }
        let mut rest = Some(0usize);
        for next in &step.next {
            rest = rest
                .zip(ways.get(next).copied().flatten())
                .map(|(a, b)| a.max(b));
        }
        if let Some(callee) = program.callee(step) {
            rest = rest
                .zip(longest(program, callee, known))
                .and_then(|(a, b)| a.checked_add(b));
        }
        ways.insert(at, rest.and_then(|rest| rest.checked_add(1)));
    }
    ways.get(&start).copied().flatten()
}

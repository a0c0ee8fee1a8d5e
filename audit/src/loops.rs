//! Whether a loop that the exploration could not see the end of comes to one.
//!
//! A way within the loop that can be taken only so often is removed: its condition compares something that only moves one way with a
//! bound, or asks for something that ends by itself. What is left of the loop is judged in the same way, until nothing is left.

use iced_x86::{
    ConditionCode, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind,
    Register,
};

use crate::access::ABOVE_FRAME;
use crate::finding::{Finding, Kind, Weight};
use crate::flow::OWN_RETURN;
use crate::frame::Frame;
use crate::hash::{Map, Set};
use crate::rings::rings;
use crate::value::Value;
use crate::waits::is_swap;

/// Says what is known at a branch of the two sides of its comparison: at first, and in all.
#[derive(Clone)]
pub struct Test {
    pub first: Value,
    pub left: Value,
    pub right: Value,
}

/// Describes a register or a word of memory with which instructions compute.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    Register(Register),
    Slot(Register, i64),
}

/// Holds an instruction with the general registers that it writes, by their numbers, and the word of the frame that it touches.
pub struct Line {
    instruction: Instruction,
    written: u16,
    pub slot: Option<Place>,
}

impl Line {
    fn new(
        instruction: Instruction,
        has_frame_pointer: bool,
        factory: &mut InstructionInfoFactory,
    ) -> Self {
        const SCRATCH: u16 = 0b1111_1100_0111;
        let mut written = SCRATCH;
        if !is_call(&instruction) {
            written = 0;
            for used in factory.info(&instruction).used_registers() {
                let writes = matches!(
                    used.access(),
                    OpAccess::Write
                        | OpAccess::ReadWrite
                        | OpAccess::CondWrite
                        | OpAccess::ReadCondWrite
                );
                if writes && used.register().is_gpr() {
                    written |= 1 << used.register().full_register().number();
                }
            }
        }
        Self {
            instruction,
            written,
            slot: slot(&instruction).filter(|slot| match slot {
                Place::Slot(Register::RBP, _) => has_frame_pointer,
                _ => true,
            }),
        }
    }
}

/// Returns whether `rbp` is nothing but a frame pointer in these instructions: elsewhere what it points to may have other names
/// too.
fn has_frame_pointer(code: &[Instruction]) -> bool {
    let mut is_set = false;
    for i in code {
        match i.mnemonic() {
            Mnemonic::Pop | Mnemonic::Leave | Mnemonic::Enter => continue,
            Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push => continue,
            _ if i.op0_kind() != OpKind::Register
                || i.op0_register().full_register() != Register::RBP =>
            {
                continue;
            }
            Mnemonic::Mov
                if i.op_kind(1) == OpKind::Register && i.op1_register() == Register::RSP => {}
            Mnemonic::Lea
                if i.memory_base() == Register::RSP && i.memory_index() == Register::None => {}
            _ => return false,
        }
        is_set = true;
    }
    is_set
}

impl std::ops::Deref for Line {
    type Target = Instruction;

    fn deref(&self) -> &Instruction {
        &self.instruction
    }
}

/// Adds what there is to say of the loops of a function.
pub fn judge(frame: &mut Frame, decoded: &dyn Fn(u64) -> Option<Instruction>) {
    if frame.closed.is_empty() {
        return;
    }
    let code = lines(frame, decoded);
    let mut is_counted = false;
    for ring in rings(&frame.edges) {
        let is_open = |(a, b): &(u64, u64)| ring.contains(a) && ring.contains(b);
        if !frame.closed.iter().any(is_open) {
            continue;
        }
        let mut said = Vec::new();
        prove(frame, &code, &ring, &Set::default(), &mut said);
        // Where a number says how often, it may say so that no round leaves the frame.
        if said.iter().any(|(_, _, why)| *why == AS_OFTEN) || counts(frame, &code, &ring) {
            // Behind it, the number may choose a place, as the end of what was copied.
            let behind = behind(frame, &ring);
            let is_chosen = |at: &u64| code.get(at).is_none_or(|i| !is_named(i));
            let is_left = |f: &Finding| {
                f.why == ABOVE_FRAME
                    && (ring.contains(&f.at) || behind.contains(&f.at) && is_chosen(&f.at))
            };
            is_counted |= weigh_down(frame, is_left);
        }
        for (kind, at, why) in said {
            let weight = match kind {
                Said::Note => Weight::Note,
                Said::Doubt => {
                    frame.doubt(
                        Kind::Loop,
                        at,
                        why,
                        "a counter with a bound that can be seen",
                    );
                    continue;
                }
                Said::Fault => Weight::Fault,
            };
            frame.find(Kind::Loop, weight, at, why);
        }
    }
    let is_fault = |f: &Finding| f.why == ABOVE_FRAME && f.weight == Weight::Fault;
    if is_counted && !frame.findings.iter().any(is_fault) {
        weigh_down(frame, |f| f.why == OWN_RETURN);
    }
}

/// Makes open questions of findings; returns whether there are any.
fn weigh_down(frame: &mut Frame, which: impl Fn(&Finding) -> bool) -> bool {
    let mut is_any = false;
    for finding in frame.findings.iter_mut().filter(|f| which(f)) {
        finding.weight = Weight::Doubt;
        finding.remedy = Some("a counter with a bound that can be seen".into());
        is_any = true;
    }
    is_any
}

/// Returns the instructions to which a loop may lead.
fn behind(frame: &Frame, ring: &Set<u64>) -> Set<u64> {
    let mut behind = Set::default();
    let mut todo: Vec<u64> = ring.iter().copied().collect();
    while let Some(at) = todo.pop() {
        let next = frame.edges.get(&at).into_iter().flatten();
        todo.extend(next.filter(|to| behind.insert(**to)));
    }
    behind
}

/// Returns whether the operand in memory is a place of the frame that does not vary.
fn is_named(i: &Instruction) -> bool {
    matches!(i.memory_base(), Register::RSP | Register::RBP) && i.memory_index() == Register::None
}

/// Returns whether the loop ends where a counter is equal to another register, of which not one number alone is known.
fn counts(frame: &Frame, code: &Map<u64, Line>, ring: &Set<u64>) -> bool {
    let removed = Set::default();
    let graph = Graph::new(frame, code, ring, &removed);
    ring.iter().any(|branch| {
        let is_equality = code.get(branch).is_some_and(|i| {
            use iced_x86::ConditionCode as C;
            i.flow_control() == FlowControl::ConditionalBranch
                && matches!(i.condition_code(), C::e | C::ne)
        });
        let leaves = |branch: &u64| frame.edges[branch].iter().any(|to| !ring.contains(to));
        let compares = |branch: &u64| {
            let setter = graph.flags(*branch).and_then(|setter| code.get(&setter));
            setter.is_some_and(|i| {
                i.mnemonic() == Mnemonic::Cmp
                    && i.op0_kind() == OpKind::Register
                    && i.op1_kind() == OpKind::Register
                    && whole(i, 0).is_some()
            })
        };
        let is_open = |branch: &u64| {
            frame
                .tests
                .get(branch)
                .is_some_and(|test| test.left.exact().is_none() && test.right.exact().is_none())
        };
        is_equality && leaves(branch) && compares(branch) && is_open(branch)
    })
}

fn lines(frame: &Frame, decoded: &dyn Fn(u64) -> Option<Instruction>) -> Map<u64, Line> {
    let all: Vec<Instruction> = frame.edges.keys().filter_map(|&at| decoded(at)).collect();
    let has_frame_pointer = has_frame_pointer(&all);
    let mut factory = InstructionInfoFactory::new();
    all.into_iter()
        .map(|i| (i.ip(), Line::new(i, has_frame_pointer, &mut factory)))
        .collect()
}

/// Returns the function whose result a short function gives at its only end: each way through it asks that one.
pub fn result(frame: &Frame, decoded: &dyn Fn(u64) -> Option<Instruction>) -> Option<String> {
    const SHORT: usize = 40;
    let mut asked = frame.results.iter();
    let (Some((&call, names)), None) = (asked.next(), asked.next()) else {
        return None;
    };
    let name = names.iter().next().filter(|name| !name.is_empty())?;
    if names.len() != 1 || frame.edges.len() > SHORT {
        return None;
    }
    let code = lines(frame, decoded);
    let ends = frame.edges.values().flatten();
    let ends: Set<u64> = ends
        .copied()
        .filter(|at| !frame.edges.contains_key(at))
        .collect();
    let end = ends.iter().copied().next().filter(|_| ends.len() == 1)?;
    let nodes = code.keys().copied().chain([end]).collect();
    let removed = Set::default();
    let graph = Graph::new(frame, &code, &nodes, &removed);
    let is_same = graph.cause(end, Place::Register(Register::RAX)) == Some(call);
    (is_same && graph.passes_between(frame.start, end, &[call])).then(|| name.clone())
}

#[derive(Clone, Copy)]
enum Said {
    Note,
    Doubt,
    Fault,
}

/// Says how often a way of a loop can be taken.
pub enum Taken {
    /// Until a bound that is known.
    Bounded,
    /// Until what it asks for has come to its end.
    Note(&'static str),
    /// Until a bound that is not known.
    Long,
    /// As long as something holds that only others change.
    Waits(&'static str),
    Unknown,
}

const AS_OFTEN: &str = "loops as often as a number says, which is not known";

/// Removes the ways that end, and judges the loops that are left.
fn prove(
    frame: &Frame,
    code: &Map<u64, Line>,
    nodes: &Set<u64>,
    removed: &Set<(u64, u64)>,
    said: &mut Vec<(Said, u64, &'static str)>,
) {
    let graph = Graph::new(frame, code, nodes, removed);
    let at = nodes.iter().copied().min().unwrap_or_default();
    let mut gone = removed.clone();
    let mut waits = None;
    let mut is_long = false;
    let mut branches: Vec<u64> = nodes.iter().copied().collect();
    branches.sort_unstable();
    for branch in branches {
        let Some(i) = code.get(&branch) else { continue };
        if i.flow_control() != FlowControl::ConditionalBranch {
            continue;
        }
        for to in graph.after(branch) {
            let condition = if to == i.near_branch_target() {
                i.condition_code()
            } else {
                crate::comparison::opposite(i.condition_code())
            };
            match graph.taken(branch, condition) {
                Taken::Bounded => {}
                Taken::Note(why) => said.push((Said::Note, branch, why)),
                Taken::Long => is_long = true,
                Taken::Waits(why) => {
                    waits.get_or_insert(why);
                    continue;
                }
                Taken::Unknown => continue,
            }
            gone.insert((branch, to));
        }
    }
    if is_long {
        said.push((Said::Doubt, at, AS_OFTEN));
    }
    if gone.len() == removed.len() {
        let has_exit = nodes.iter().any(|at| {
            let to = frame.edges.get(at).map(Vec::as_slice).unwrap_or_default();
            to.iter().any(|to| !nodes.contains(to))
                || (to.len() < 2
                    && code
                        .get(at)
                        .is_some_and(|i| i.flow_control() == FlowControl::ConditionalBranch))
        });
        said.push(match waits {
            _ if !has_exit && graph.sleeps() => (Said::Doubt, at, "sleeps for ever"),
            _ if !has_exit => (Said::Fault, at, "loops for ever"),
            Some(why) => (Said::Fault, at, why),
            None => (Said::Doubt, at, "loops, and no bound can be seen"),
        });
        return;
    }
    let mut rest: Map<u64, Vec<u64>> = Map::default();
    for &at in nodes {
        for &to in frame.edges.get(&at).into_iter().flatten() {
            if nodes.contains(&to) && !gone.contains(&(at, to)) {
                rest.entry(at).or_default().push(to);
            }
        }
    }
    for ring in rings(&rest) {
        prove(frame, code, &ring, &gone, said);
    }
}

/// Holds one loop, or what is left of one.
pub struct Graph<'a> {
    pub frame: &'a Frame,
    pub code: &'a Map<u64, Line>,
    pub nodes: &'a Set<u64>,
    removed: &'a Set<(u64, u64)>,
    pub before: Map<u64, Vec<u64>>,
    /// Whether the stack pointer moves, so that what lies at an offset from it is not always the same.
    moves_stack: bool,
}

impl<'a> Graph<'a> {
    fn new(
        frame: &'a Frame,
        code: &'a Map<u64, Line>,
        nodes: &'a Set<u64>,
        removed: &'a Set<(u64, u64)>,
    ) -> Self {
        let mut before: Map<u64, Vec<u64>> = Map::default();
        for &at in nodes {
            for &to in frame.edges.get(&at).into_iter().flatten() {
                if nodes.contains(&to) && !removed.contains(&(at, to)) {
                    before.entry(to).or_default().push(at);
                }
            }
        }
        let moves_stack = nodes
            .iter()
            .filter_map(|at| code.get(at))
            .any(|i| !is_call(i) && writes(i, Place::Register(Register::RSP)));
        Self {
            frame,
            code,
            nodes,
            removed,
            before,
            moves_stack,
        }
    }

    pub fn after(&self, at: u64) -> Vec<u64> {
        let all = self.frame.edges.get(&at).into_iter().flatten().copied();
        all.filter(|to| self.nodes.contains(to) && !self.removed.contains(&(at, *to)))
            .collect()
    }

    pub fn instructions(&self) -> impl Iterator<Item = (u64, &Line)> {
        self.nodes
            .iter()
            .filter_map(|at| Some((*at, self.code.get(at)?)))
    }

    /// Returns the instruction whose flags are seen at `at`, if it is always the same.
    pub fn flags(&self, at: u64) -> Option<u64> {
        let mut found = Set::default();
        let mut seen = Set::default();
        let mut todo = self.before.get(&at).cloned().unwrap_or_default();
        while let Some(at) = todo.pop() {
            if !seen.insert(at) {
                continue;
            }
            let i = self.code.get(&at)?;
            if i.rflags_modified() != 0 || is_call(i) {
                found.insert(at);
            } else {
                todo.extend(self.before.get(&at).into_iter().flatten());
            }
        }
        match found.len() {
            1 => found.into_iter().next(),
            _ => None,
        }
    }

    /// Returns the instructions that set `place` as it is seen at `at`, and those between.
    pub fn reaching(&self, at: u64, place: Place) -> (Vec<u64>, Set<u64>) {
        let mut found = Vec::new();
        let mut seen = Set::default();
        let mut between = Set::default();
        let mut todo = self.before.get(&at).cloned().unwrap_or_default();
        while let Some(at) = todo.pop() {
            if !seen.insert(at) {
                continue;
            }
            if self.code.get(&at).is_none_or(|i| writes(i, place)) {
                found.push(at);
            } else {
                between.insert(at);
                todo.extend(self.before.get(&at).into_iter().flatten());
            }
        }
        (found, between)
    }

    pub fn is_usable(&self, place: Place) -> bool {
        let Place::Slot(base, offset) = place else {
            return true;
        };
        // Whose address is taken may be changed by others.
        let is_named = |i: &Line| {
            i.mnemonic() == Mnemonic::Lea
                && i.memory_base() == base
                && i.memory_displacement64().cast_signed() == offset
        };
        !(self.code.values().any(is_named)
            || base == Register::RSP && self.moves_stack
            || self.has_other_name(place))
    }

    /// Returns whether an instruction of the loop may change the word of the frame without naming it so.
    fn has_other_name(&self, place: Place) -> bool {
        let touched = &self.frame.touched;
        let own = self.instructions().filter(|(_, i)| i.slot == Some(place));
        let own = own
            .filter_map(|(at, _)| touched.get(&at).copied())
            .reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
        let Some((lo, hi)) = own else { return false };
        self.instructions().any(|(at, i)| {
            let written = self.frame.written.get(&at);
            written.is_some_and(|(a, b)| *a < hi && lo < *b) && !writes(i, place)
        })
    }

    pub fn changes(&self, place: Place) -> Vec<u64> {
        self.instructions()
            .filter(|(_, i)| writes(i, place))
            .map(|(at, _)| at)
            .collect()
    }

    /// Returns how often the branch can go on under the condition.
    fn taken(&self, branch: u64, condition: ConditionCode) -> Taken {
        let Some(setter) = self.flags(branch) else {
            return Taken::Unknown;
        };
        let i = &self.code[&setter];
        if is_swap(i) {
            return self.swap(setter);
        }
        let bound = match i.mnemonic() {
            Mnemonic::Cmp => i.try_immediate(1).ok().map(u64::cast_signed),
            Mnemonic::Test | Mnemonic::And | Mnemonic::Or => Some(0),
            Mnemonic::Sub if !matches!(condition, ConditionCode::e | ConditionCode::ne) => None,
            _ => Some(0),
        };
        let is_result = !matches!(i.mnemonic(), Mnemonic::Cmp | Mnemonic::Test);
        if let Some(known) = self.counter(branch, setter, condition, is_result) {
            return known;
        }
        if let Some((made, condition)) = self.truth(branch, setter, condition) {
            return self.taken(made, condition);
        }
        if let Some(note) = self.neither(branch, setter, condition, bound) {
            return note;
        }
        // Either side may be what is waited for.
        for side in [0, 1] {
            let cause = match whole(i, side).filter(|_| !is_result) {
                Some(place) => match self.cause(setter, place) {
                    Some(def) => def,
                    None => continue,
                },
                None if side == 0 => setter,
                None => continue,
            };
            // A counter against a limit in memory does not wait for the memory.
            let other = whole(i, 1 - side).filter(|other| whole(i, side) != Some(*other));
            let other_moves = other.is_some_and(|place| !self.changes(place).is_empty());
            match self.asked(branch, cause, condition, bound) {
                Taken::Waits(_) if other_moves => {}
                Taken::Unknown => {}
                known => return known,
            }
        }
        Taken::Unknown
    }
}

pub fn is_call(i: &Instruction) -> bool {
    matches!(
        i.flow_control(),
        FlowControl::Call | FlowControl::IndirectCall
    )
}

/// Returns the operand, if it is a whole register or a word of the frame.
pub fn operand(i: &Line, number: u32) -> Option<Place> {
    if number >= i.op_count() {
        return None;
    }
    match i.op_kind(number) {
        OpKind::Register if i.op_register(number).is_gpr() && i.op_register(number).size() >= 4 => {
            Some(Place::Register(i.op_register(number).full_register()))
        }
        OpKind::Memory if matches!(i.memory_size().size(), 4 | 8) => i.slot,
        _ => None,
    }
}

/// Returns the operand, also where it is a part of a register or of a word of the frame.
pub fn whole(i: &Line, number: u32) -> Option<Place> {
    let is_register = number < i.op_count()
        && i.op_kind(number) == OpKind::Register
        && i.op_register(number).is_gpr();
    if is_register {
        return Some(Place::Register(i.op_register(number).full_register()));
    }
    let is_memory = number < i.op_count() && i.op_kind(number) == OpKind::Memory;
    is_memory.then_some(i.slot).flatten()
}

fn slot(i: &Instruction) -> Option<Place> {
    let base = i.memory_base();
    (matches!(base, Register::RBP | Register::RSP)
        && i.memory_index() == Register::None
        && (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Memory))
    .then(|| Place::Slot(base, i.memory_displacement64().cast_signed()))
}

pub fn writes(i: &Line, place: Place) -> bool {
    match place {
        Place::Register(register) => register.is_gpr() && i.written & 1 << register.number() != 0,
        Place::Slot(..) => {
            // A part of the word counts as well; words are taken to have four bytes.
            let overlaps = match (i.slot, place) {
                (Some(Place::Slot(a, x)), Place::Slot(b, y)) => {
                    let size = i.memory_size().size().max(1) as i64;
                    a == b && x < y + 4 && y < x + size
                }
                _ => false,
            };
            i.op0_kind() == OpKind::Memory
                && overlaps
                && !matches!(
                    i.mnemonic(),
                    Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push
                )
        }
    }
}

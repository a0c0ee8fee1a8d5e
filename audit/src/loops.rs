//! Whether a loop that the exploration could not see the end of comes to one.

use std::collections::{HashMap, HashSet};

use iced_x86::{
    FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};

use crate::explore::Frame;
use crate::finding::{Kind, Weight};

/// What decides whether a loop goes on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// Something that changes with each turn.
    Counter,
    /// What a function or the kernel returned.
    Call,
    /// Whether nothing came between a load and a store.
    Retry,
    /// Memory that the loop itself does not change.
    Memory,
}

/// Something that instructions compute with.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Register(Register),
    Slot(Register, i64),
}

/// Adds what there is to say of the loops of a function.
pub fn judge(frame: &mut Frame, decoded: &dyn Fn(u64) -> Option<Instruction>) {
    if frame.closed.is_empty() {
        return;
    }
    for ring in rings(&frame.edges) {
        if !frame
            .closed
            .iter()
            .any(|(a, b)| ring.contains(a) && ring.contains(b))
        {
            continue;
        }
        one(frame, &ring, decoded);
    }
}

fn one(frame: &mut Frame, ring: &HashSet<u64>, decoded: &dyn Fn(u64) -> Option<Instruction>) {
    let mut pcs: Vec<u64> = ring.iter().copied().collect();
    pcs.sort_unstable();
    let code: HashMap<u64, Instruction> = pcs
        .iter()
        .filter_map(|&at| Some((at, decoded(at)?)))
        .collect();
    let mut before: HashMap<u64, Vec<u64>> = HashMap::new();
    for &at in &pcs {
        for &to in frame.edges.get(&at).into_iter().flatten() {
            if ring.contains(&to) {
                before.entry(to).or_default().push(at);
            }
        }
    }
    let expects = frame.expects.clone();
    let graph = Graph {
        code: &code,
        before: &before,
        expects: &expects,
    };
    let at = pcs[0];
    let exits: Vec<u64> = pcs
        .iter()
        .copied()
        .filter(|at| {
            frame.edges.get(at).is_some_and(|to| {
                to.iter().any(|to| !ring.contains(to)) || (to.len() < 2 && is_branch(&code, *at))
            })
        })
        .collect();
    let calls = code.values().any(is_call);
    if exits.is_empty() {
        if calls {
            frame.doubt(
                Kind::Loop,
                at,
                "loops without an end that can be seen",
                "a way out of the loop",
            );
        } else {
            frame.find(Kind::Loop, Weight::Fault, at, "loops for ever");
        }
        return;
    }
    let mut causes = Vec::new();
    let mut spins = false;
    for exit in exits {
        let Some(setter) = graph.flags(exit) else {
            continue;
        };
        graph.causes(setter, &mut causes, &mut spins);
    }
    causes.sort_unstable();
    match causes.first() {
        _ if spins && causes.first() != Some(&Cause::Counter) => frame.find(
            Kind::Loop,
            Weight::Fault,
            at,
            "waits for a lock, which the interrupted code may hold",
        ),
        Some(Cause::Counter) => {}
        Some(Cause::Call) => frame.find(
            Kind::Loop,
            Weight::Note,
            at,
            "loops until what it calls says otherwise",
        ),
        Some(Cause::Retry) => frame.find(
            Kind::Loop,
            Weight::Note,
            at,
            "tries again until nothing comes between (compare and swap)",
        ),
        Some(Cause::Memory) => frame.find(
            Kind::Loop,
            Weight::Fault,
            at,
            "waits for memory to change, which the interrupted code may have to do",
        ),
        None => frame.doubt(
            Kind::Loop,
            at,
            "loops, and no bound can be seen",
            "a counter",
        ),
    }
}

fn is_branch(code: &HashMap<u64, Instruction>, at: u64) -> bool {
    code.get(&at)
        .is_some_and(|i| i.flow_control() == FlowControl::ConditionalBranch)
}

fn is_call(i: &Instruction) -> bool {
    matches!(
        i.flow_control(),
        FlowControl::Call | FlowControl::IndirectCall
    )
}

struct Graph<'a> {
    code: &'a HashMap<u64, Instruction>,
    before: &'a HashMap<u64, Vec<u64>>,
    expects: &'a HashMap<u64, bool>,
}

impl Graph<'_> {
    /// The instruction whose flags the branch at `at` reads.
    fn flags(&self, at: u64) -> Option<u64> {
        let mut seen = HashSet::new();
        let mut todo = self.before.get(&at).cloned().unwrap_or_default();
        while let Some(at) = todo.pop() {
            if !seen.insert(at) {
                continue;
            }
            let i = self.code.get(&at)?;
            if i.rflags_modified() != 0 || is_call(i) {
                return Some(at);
            }
            todo.extend(self.before.get(&at).into_iter().flatten());
        }
        None
    }

    fn causes(&self, start: u64, causes: &mut Vec<Cause>, spins: &mut bool) {
        let mut edges: HashMap<u64, HashSet<u64>> = HashMap::new();
        let mut todo = vec![start];
        let mut seen = HashSet::from([start]);
        let mut counting = HashSet::new();
        while let Some(at) = todo.pop() {
            let i = &self.code[&at];
            if is_call(i) {
                causes.push(Cause::Call);
                continue;
            }
            let touches_memory = (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Memory)
                && i.mnemonic() != Mnemonic::Lea;
            let own = touches_memory && slot(i).is_some();
            match i.mnemonic() {
                Mnemonic::Cmpxchg | Mnemonic::Cmpxchg8b | Mnemonic::Cmpxchg16b => {
                    causes.push(Cause::Retry);
                    // Always the same value expected: it waits for a lock.
                    *spins |= self.expects.get(&at).copied().unwrap_or(true);
                    continue;
                }
                Mnemonic::Xchg | Mnemonic::Bts | Mnemonic::Btr | Mnemonic::Btc
                    if touches_memory && !own =>
                {
                    causes.push(Cause::Memory);
                    continue;
                }
                _ => {}
            }
            if touches_memory && !own {
                causes.push(Cause::Memory);
            }
            if counts(i) {
                counting.insert(at);
            }
            if i.rflags_read() != 0
                && let Some(def) = self.flags(at)
            {
                edges.entry(at).or_default().insert(def);
                if seen.insert(def) {
                    todo.push(def);
                }
            }
            for place in reads(i) {
                for def in self.reaching(at, place) {
                    edges.entry(at).or_default().insert(def);
                    if seen.insert(def) {
                        todo.push(def);
                    }
                }
            }
        }
        let reaches_itself = |from: u64| {
            let mut seen = HashSet::new();
            let mut todo: Vec<u64> = edges.get(&from).into_iter().flatten().copied().collect();
            while let Some(at) = todo.pop() {
                if at == from {
                    return true;
                }
                if seen.insert(at) {
                    todo.extend(edges.get(&at).into_iter().flatten());
                }
            }
            false
        };
        if counting.iter().any(|at| reaches_itself(*at)) {
            causes.push(Cause::Counter);
        }
    }

    /// The instructions of the loop whose value of `place` may be seen at `at`.
    fn reaching(&self, at: u64, place: Place) -> Vec<u64> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut todo = self.before.get(&at).cloned().unwrap_or_default();
        while let Some(at) = todo.pop() {
            if !seen.insert(at) {
                continue;
            }
            let Some(i) = self.code.get(&at) else {
                continue;
            };
            if writes(i, place) {
                found.push(at);
            } else {
                todo.extend(self.before.get(&at).into_iter().flatten());
            }
        }
        found
    }
}

/// Whether the instruction makes its result from its own old value.
fn counts(i: &Instruction) -> bool {
    use Mnemonic as M;
    match i.mnemonic() {
        M::Add
        | M::Sub
        | M::Inc
        | M::Dec
        | M::Shr
        | M::Sar
        | M::Shl
        | M::Mul
        | M::Imul
        | M::Div
        | M::Idiv
        | M::Xadd
        | M::Adc
        | M::Sbb => true,
        M::Lea => i.memory_displacement64() != 0 || i.memory_index() != Register::None,
        M::And => true,
        _ => false,
    }
}

fn slot(i: &Instruction) -> Option<Place> {
    let base = i.memory_base();
    (matches!(base, Register::RBP | Register::RSP)
        && i.memory_index() == Register::None
        && (0..i.op_count()).any(|n| i.op_kind(n) == OpKind::Memory))
    .then(|| Place::Slot(base, i.memory_displacement64().cast_signed()))
}

fn reads(i: &Instruction) -> Vec<Place> {
    let mut factory = InstructionInfoFactory::new();
    let mut places: Vec<Place> = factory
        .info(i)
        .used_registers()
        .iter()
        .filter(|used| {
            used.register().is_gpr()
                && !matches!(
                    used.access(),
                    OpAccess::Write | OpAccess::CondWrite | OpAccess::NoMemAccess | OpAccess::None
                )
        })
        .map(|used| Place::Register(used.register().full_register()))
        .filter(|place| {
            !matches!(place, Place::Register(Register::RBP | Register::RSP)) || slot(i).is_none()
        })
        .collect();
    if i.mnemonic() != Mnemonic::Lea
        && !(i.mnemonic() == Mnemonic::Mov && i.op0_kind() == OpKind::Memory)
    {
        places.extend(slot(i));
    }
    places
}

fn writes(i: &Instruction, place: Place) -> bool {
    match place {
        Place::Register(register) => {
            if is_call(i) {
                return [
                    Register::RAX,
                    Register::RCX,
                    Register::RDX,
                    Register::RSI,
                    Register::RDI,
                    Register::R8,
                    Register::R9,
                    Register::R10,
                    Register::R11,
                ]
                .contains(&register);
            }
            let mut factory = InstructionInfoFactory::new();
            factory.info(i).used_registers().iter().any(|used| {
                used.register().is_gpr()
                    && used.register().full_register() == register
                    && matches!(
                        used.access(),
                        OpAccess::Write
                            | OpAccess::ReadWrite
                            | OpAccess::CondWrite
                            | OpAccess::ReadCondWrite
                    )
            })
        }
        Place::Slot(..) => {
            i.op0_kind() == OpKind::Memory
                && slot(i) == Some(place)
                && !matches!(
                    i.mnemonic(),
                    Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push
                )
        }
    }
}

/// The sets of instructions that can be reached from each other (Tarjan, without recursion).
fn rings(edges: &HashMap<u64, Vec<u64>>) -> Vec<HashSet<u64>> {
    let mut found = Vec::new();
    let mut number: HashMap<u64, (usize, usize)> = HashMap::new();
    let mut stack = Vec::new();
    let mut on_stack = HashSet::new();
    let mut next = 0;
    let mut starts: Vec<u64> = edges.keys().copied().collect();
    starts.sort_unstable();
    for start in starts {
        if number.contains_key(&start) {
            continue;
        }
        let mut work = vec![(start, 0)];
        while let Some((at, child)) = work.pop() {
            if child == 0 {
                number.insert(at, (next, next));
                next += 1;
                stack.push(at);
                on_stack.insert(at);
            }
            let children = edges.get(&at).map(Vec::as_slice).unwrap_or_default();
            if child > 0 {
                let low = number[&children[child - 1]].1;
                if on_stack.contains(&children[child - 1])
                    && let Some(own) = number.get_mut(&at)
                {
                    own.1 = own.1.min(low);
                }
            }
            let mut child = child;
            let mut down = None;
            while child < children.len() {
                let to = children[child];
                child += 1;
                if !number.contains_key(&to) {
                    down = Some(to);
                    break;
                }
                if on_stack.contains(&to) {
                    let low = number[&to].0;
                    if let Some(own) = number.get_mut(&at) {
                        own.1 = own.1.min(low);
                    }
                }
            }
            if let Some(to) = down {
                work.push((at, child));
                work.push((to, 0));
                continue;
            }
            let (own, low) = number[&at];
            if own == low {
                let mut ring = HashSet::new();
                while let Some(top) = stack.pop() {
                    on_stack.remove(&top);
                    ring.insert(top);
                    if top == at {
                        break;
                    }
                }
                if ring.len() > 1 || edges.get(&at).is_some_and(|to| to.contains(&at)) {
                    found.push(ring);
                }
            }
        }
    }
    found
}
